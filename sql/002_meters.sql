-- Why: the meters, their keys (wrapped, readable by the collector alone), where each was installed when, and the
-- contracts of usage points, which keep both what was true and what was known.
-- Locks: only new objects.

CREATE TABLE meter (
    id           integer GENERATED ALWAYS AS IDENTITY CONSTRAINT meter_pkey PRIMARY KEY,
    address      text NOT NULL CONSTRAINT meter_address_key UNIQUE, -- system title, 16 hex digits; Wize address
    serial       text NOT NULL DEFAULT '',
    protocol     text NOT NULL,
    model        text NOT NULL,
    policy       text NOT NULL,
    replay       text NOT NULL,
    organisation text NOT NULL CONSTRAINT meter_organisation_fkey REFERENCES organisation,
    concentrator text NOT NULL DEFAULT '',
    feeder       text NOT NULL DEFAULT '',
    area         text NOT NULL DEFAULT '',
    CONSTRAINT meter_address_form CHECK (address ~ '^[0-9a-f]{8,32}$')
);
CREATE INDEX meter_organisation ON meter (organisation);

-- `fingerprint` depends on the keys and the master key: an import sees whether a key changed without reading it.
CREATE TABLE meter_key (
    meter_id       integer NOT NULL CONSTRAINT meter_key_meter_fkey REFERENCES meter,
    generation     smallint NOT NULL,
    encryption     bytea NOT NULL,
    authentication bytea NOT NULL,
    fingerprint    bytea NOT NULL,
    validity       tstzrange NOT NULL,
    recorded_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT meter_key_pkey PRIMARY KEY (meter_id, generation),
    CONSTRAINT meter_key_generation CHECK (generation > 0)
);

-- Only what a meter says differently from its model.
CREATE TABLE channel (
    meter_id     integer NOT NULL CONSTRAINT channel_meter_fkey REFERENCES meter,
    channel      smallint NOT NULL,
    reading_type text NOT NULL,
    unit         smallint NOT NULL,
    scaler       smallint NOT NULL,
    step_s       integer NOT NULL CONSTRAINT channel_step CHECK (step_s >= 0), -- 0: a register
    digits       smallint NOT NULL DEFAULT 0,
    day_start_s  integer NOT NULL DEFAULT 0,
    CONSTRAINT channel_pkey PRIMARY KEY (meter_id, channel)
);

CREATE TABLE installation (
    id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT installation_pkey PRIMARY KEY,
    meter_id    integer NOT NULL CONSTRAINT installation_meter_fkey REFERENCES meter,
    usage_point text NOT NULL CONSTRAINT installation_usage_point_fkey REFERENCES usage_point,
    validity    tstzrange NOT NULL CONSTRAINT installation_not_empty CHECK (NOT isempty(validity)),
    recorded_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT installation_one_place EXCLUDE USING gist (meter_id WITH =, validity WITH &&),
    CONSTRAINT installation_one_meter EXCLUDE USING gist (usage_point WITH =, validity WITH &&)
);
-- Asked for every batch: whose half-hours may be kept now.
CREATE INDEX installation_open ON installation (meter_id) INCLUDE (usage_point) WHERE upper_inf(validity);
CREATE INDEX installation_meter ON installation (meter_id);
CREATE INDEX installation_usage_point ON installation (usage_point);

-- `validity`: when it holds; `known`: when we believed so. A correction closes `known` and adds a row.
CREATE TABLE contract (
    id                bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT contract_pkey PRIMARY KEY,
    usage_point       text NOT NULL CONSTRAINT contract_usage_point_fkey REFERENCES usage_point,
    tariff            text NOT NULL,
    tariff_option     text NOT NULL DEFAULT '',
    subscribed_powers integer[] NOT NULL DEFAULT '{}', -- VA, one per class
    offpeak_windows   text NOT NULL DEFAULT '',
    validity          tstzrange NOT NULL,
    known             tstzrange NOT NULL DEFAULT tstzrange(now(), NULL),
    CONSTRAINT contract_no_overlap EXCLUDE USING gist (usage_point WITH =, validity WITH &&, known WITH &&)
);
