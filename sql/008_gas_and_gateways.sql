-- Why: gas meters are heard through gateways, and a household's own dongle sends what the meter shows. Radio networks and
-- gateways are registered; what a gateway handed over is answered once, whenever it asks again; a meter has keys by number,
-- commands that wait until it listens, and alarms. A dongle's values are live ones: they stand in tables of their own, so
-- that nothing billed can be made of them. A gas usage point has a conversion coefficient, both as it was true and as it was
-- known.
-- Locks: ACCESS EXCLUSIVE on meter_key, installation and quarantine for a moment (constants as defaults; the index of one
-- exclusion constraint of installation is built again).

-- ---- radio networks and gateways

CREATE TABLE wize_network (
    netid       smallint CONSTRAINT wize_network_pkey PRIMARY KEY CONSTRAINT wize_network_netid CHECK (netid BETWEEN 0 AND 255),
    kmac        bytea NOT NULL, -- wrapped under the master key
    recorded_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE gateway (
    id                 text CONSTRAINT gateway_pkey PRIMARY KEY, -- the common name of its certificate
    organisation       text NOT NULL CONSTRAINT gateway_organisation_fkey REFERENCES organisation,
    label              text NOT NULL DEFAULT '',
    crc_may_be_zero    boolean NOT NULL DEFAULT false,
    disabled_at        timestamptz,
    acknowledged_up_to bigint NOT NULL DEFAULT 0, -- every batch up to this number is acknowledged
    last_batch_at      timestamptz,
    CONSTRAINT gateway_id_form CHECK (id ~ '^[A-Za-z0-9._-]{1,64}$')
);
CREATE INDEX gateway_organisation ON gateway (organisation);

-- What a gateway was answered. A batch that comes again gets the same answer.
CREATE TABLE uplink_batch (
    gateway         text NOT NULL CONSTRAINT uplink_batch_gateway_fkey REFERENCES gateway,
    sequence        bigint NOT NULL CONSTRAINT uplink_batch_sequence CHECK (sequence > 0),
    digest          bigint NOT NULL,
    ack             bytea NOT NULL,
    acknowledged_at timestamptz NOT NULL,
    CONSTRAINT uplink_batch_pkey PRIMARY KEY (gateway, sequence)
);
CREATE INDEX uplink_batch_by_time ON uplink_batch USING brin (acknowledged_at);

-- By whom the last frame of a meter was heard best: a hint for commands, and for whoever plans gateways.
CREATE TABLE meter_reception (
    meter_id    integer CONSTRAINT meter_reception_pkey PRIMARY KEY,
    counter     bigint NOT NULL,
    gateway     text NOT NULL,
    signal_dbm  smallint NOT NULL,
    received_at timestamptz NOT NULL,
    heard_by    smallint NOT NULL -- copies of this frame
) WITH (fillfactor = 70);

-- ---- meters

-- A Wize meter has keys 1 to 15 at a time (KEYSEL; 15 changes the others); a DLMS meter's are of number 0.
ALTER TABLE meter_key ADD COLUMN key_id smallint NOT NULL DEFAULT 0
    CONSTRAINT meter_key_key_id CHECK (key_id BETWEEN 0 AND 15);

-- A dongle hangs where a meter is already.
ALTER TABLE installation ADD COLUMN purpose text NOT NULL DEFAULT 'metering'
    CONSTRAINT installation_purpose CHECK (purpose IN ('metering', 'live'));
ALTER TABLE installation DROP CONSTRAINT installation_one_meter;
ALTER TABLE installation ADD CONSTRAINT installation_one_meter
    EXCLUDE USING gist (usage_point WITH =, purpose WITH =, validity WITH &&);
-- An import asks for both, row after row, of a table that has no statistics yet: the exclusion's index would be slower.
DROP INDEX installation_usage_point;
CREATE INDEX installation_usage_point ON installation (usage_point, purpose);

-- `received_at` may be a gateway's word; how long a message is kept goes by our own clock.
ALTER TABLE quarantine ADD COLUMN protocol text NOT NULL DEFAULT 'dlms', ADD COLUMN gateway text NOT NULL DEFAULT '',
    ADD COLUMN kept_at timestamptz NOT NULL DEFAULT now();

-- What a meter reports about itself. Later issues add states to it.
CREATE TABLE event (
    id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT event_pkey PRIMARY KEY,
    meter_id    integer NOT NULL CONSTRAINT event_meter_fkey REFERENCES meter,
    kind        text NOT NULL,
    at          timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    detail      text NOT NULL,
    batch       bigint NOT NULL,
    CONSTRAINT event_once UNIQUE (meter_id, kind, at)
);
CREATE INDEX event_meter ON event (meter_id, id);
CREATE INDEX event_kind ON event (kind, id);

-- `payload` is the application message, wrapped under the master key: it may hold a key.
CREATE TABLE command (
    id            bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT command_pkey PRIMARY KEY,
    meter_id      integer NOT NULL CONSTRAINT command_meter_fkey REFERENCES meter,
    kind          text NOT NULL CONSTRAINT command_kind
                  CHECK (kind IN ('read_parameters', 'write_parameters', 'write_key', 'set_clock', 'exec_instping')),
    summary       text NOT NULL, -- for people, without secrets
    payload       bytea NOT NULL,
    key_id        smallint NOT NULL CONSTRAINT command_key_id CHECK (key_id BETWEEN 1 AND 15),
    counter       integer NOT NULL CONSTRAINT command_counter CHECK (counter BETWEEN 0 AND 65535),
    state         text NOT NULL DEFAULT 'queued'
                  CONSTRAINT command_state CHECK (state IN ('queued', 'sent', 'done', 'failed', 'expired', 'cancelled')),
    created_at    timestamptz NOT NULL,
    created_by    text NOT NULL DEFAULT session_user,
    expires_at    timestamptz NOT NULL CONSTRAINT command_expiry CHECK (expires_at > created_at),
    sent_at       timestamptz,
    attempts      integer NOT NULL DEFAULT 0,
    finished_at   timestamptz,
    result        text NOT NULL DEFAULT ''
);
CREATE INDEX command_open ON command (meter_id, id) WHERE state IN ('queued', 'sent');
CREATE INDEX command_meter ON command (meter_id, id);

-- ---- live values of a dongle: the last of each label, and sums by half-hour

CREATE TABLE live_value (
    meter_id integer NOT NULL,
    label    text NOT NULL,
    at       timestamptz NOT NULL,
    value    bigint NOT NULL,
    unit     smallint NOT NULL,
    scaler   smallint NOT NULL,
    CONSTRAINT live_value_pkey PRIMARY KEY (meter_id, label)
) WITH (fillfactor = 50);
CREATE TABLE live_half_hour (
    meter_id integer NOT NULL,
    label    text NOT NULL,
    start    timestamptz NOT NULL,
    samples  integer NOT NULL,
    total    bigint NOT NULL, -- sum of the samples
    unit     smallint NOT NULL,
    scaler   smallint NOT NULL,
    CONSTRAINT live_half_hour_pkey PRIMARY KEY (meter_id, label, start)
) WITH (fillfactor = 50);

-- ---- gas

-- kWh per m3 in hundred-thousandths, by gas days. `known`: when we believed it.
CREATE TABLE conversion_coefficient (
    id             bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT conversion_coefficient_pkey PRIMARY KEY,
    usage_point    text NOT NULL CONSTRAINT conversion_coefficient_usage_point_fkey REFERENCES usage_point,
    kwh_per_m3_e5  bigint NOT NULL CONSTRAINT conversion_coefficient_range CHECK (kwh_per_m3_e5 BETWEEN 100000 AND 2000000),
    validity       daterange NOT NULL CONSTRAINT conversion_coefficient_not_empty CHECK (NOT isempty(validity)),
    known          tstzrange NOT NULL DEFAULT tstzrange(now(), NULL),
    recorded_by    text NOT NULL DEFAULT session_user,
    CONSTRAINT conversion_coefficient_no_overlap EXCLUDE USING gist (usage_point WITH =, validity WITH &&, known WITH &&)
);

-- When the last batch up to this number was committed: what was known with it was known then.
CREATE FUNCTION releve_committed_at(asked bigint) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT b.committed_at FROM public.batch b WHERE b.batch <= asked AND public.releve_reads_data()
    ORDER BY b.batch DESC LIMIT 1
$$;
REVOKE EXECUTE ON FUNCTION releve_committed_at(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION releve_committed_at(bigint) TO releve_api;

-- A gas day begins at 06:00, so what was stored for it belongs to whom the meter served in those 24 hours.
CREATE FUNCTION releve_hours_of(day date, zone text, energy text) RETURNS tstzrange
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT tstzrange((day + begins) AT TIME ZONE zone, (day + 1 + begins) AT TIME ZONE zone)
    FROM (SELECT CASE energy WHEN 'gas' THEN time '06:00' ELSE time '00:00' END) AS of_energy (begins)
$$;
DROP POLICY api_reads ON interval_day;
CREATE POLICY api_reads ON interval_day FOR SELECT TO releve_api USING (
    EXISTS (SELECT 1 FROM installation i JOIN usage_point u ON u.id = i.usage_point
            WHERE i.meter_id = interval_day.meter_id AND u.collection = 'half_hour'
              AND i.validity && releve_hours_of(interval_day.day, u.zone, u.energy)));
DROP POLICY api_reads ON register_day;
-- The index with which a meter left at the very end of a day stands under the day that begins then.
CREATE POLICY api_reads ON register_day FOR SELECT TO releve_api USING (
    EXISTS (SELECT 1 FROM installation i JOIN usage_point u ON u.id = i.usage_point
            WHERE i.meter_id = register_day.meter_id
              AND tstzrange(lower(i.validity), upper(i.validity), '[]') && releve_hours_of(register_day.day, u.zone, u.energy)));

-- ---- rights

GRANT SELECT ON wize_network, meter_reception, gateway, uplink_batch, command, event TO releve_collect;
GRANT INSERT, UPDATE ON meter_reception, live_value, live_half_hour TO releve_collect;
GRANT SELECT ON live_value, live_half_hour TO releve_collect; -- ON CONFLICT reads
GRANT DELETE ON live_half_hour, uplink_batch, event TO releve_collect;
GRANT INSERT ON event, uplink_batch TO releve_collect;
GRANT UPDATE (acknowledged_up_to, last_batch_at) ON gateway TO releve_collect;
GRANT UPDATE (state, sent_at, attempts, finished_at, result) ON command TO releve_collect;

GRANT INSERT (netid, kmac), SELECT (netid, recorded_at), UPDATE (kmac, recorded_at) ON wize_network TO releve_work;
GRANT SELECT, INSERT, UPDATE (label, crc_may_be_zero, disabled_at, organisation) ON gateway TO releve_work;
GRANT INSERT, SELECT (id, meter_id, kind, summary, key_id, counter, state, created_at, created_by, expires_at, sent_at,
    attempts, finished_at, result), UPDATE (state, finished_at, result) ON command TO releve_work;
GRANT SELECT, INSERT, UPDATE ON conversion_coefficient TO releve_work;
GRANT SELECT, DELETE ON live_value, live_half_hour TO releve_work;
GRANT SELECT (meter_id, generation, fingerprint, validity, recorded_at, key_id) ON meter_key TO releve_work;

GRANT SELECT ON gateway, meter_reception, event, live_value, live_half_hour, conversion_coefficient TO releve_api;
GRANT SELECT (id, meter_id, kind, summary, key_id, counter, state, created_at, created_by, expires_at, sent_at, attempts,
    finished_at, result) ON command TO releve_api;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['wize_network', 'gateway', 'uplink_batch', 'meter_reception', 'event', 'command',
                                'live_value', 'live_half_hour', 'conversion_coefficient'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY staff ON %I TO releve_collect, releve_work USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;

CREATE POLICY api_reads ON gateway FOR SELECT TO releve_api USING (
    (SELECT releve_role()) IN ('operator', 'energy_manager')
    AND organisation = ANY ((SELECT releve_organisations())::text[]));
CREATE POLICY api_reads ON meter_reception FOR SELECT TO releve_api USING (
    EXISTS (SELECT 1 FROM meter m WHERE m.id = meter_reception.meter_id));
CREATE POLICY api_reads ON event FOR SELECT TO releve_api USING (
    EXISTS (SELECT 1 FROM meter m WHERE m.id = event.meter_id));
CREATE POLICY api_reads ON command FOR SELECT TO releve_api USING (
    (SELECT releve_role()) = 'operator' AND EXISTS (SELECT 1 FROM meter m WHERE m.id = command.meter_id));
CREATE POLICY api_reads ON conversion_coefficient FOR SELECT TO releve_api USING (
    EXISTS (SELECT 1 FROM usage_point u WHERE u.id = conversion_coefficient.usage_point));
-- Live values show as half-hours do: while the choice in force allows them, and to whom the dongle then belongs.
CREATE POLICY api_reads ON live_value FOR SELECT TO releve_api USING (
    EXISTS (SELECT 1 FROM installation i JOIN usage_point u ON u.id = i.usage_point
            WHERE i.meter_id = live_value.meter_id AND u.collection = 'half_hour' AND i.validity @> live_value.at));
CREATE POLICY api_reads ON live_half_hour FOR SELECT TO releve_api USING (
    EXISTS (SELECT 1 FROM installation i JOIN usage_point u ON u.id = i.usage_point
            WHERE i.meter_id = live_half_hour.meter_id AND u.collection = 'half_hour'
              AND i.validity @> tstzrange(live_half_hour.start, live_half_hour.start + interval '30 minutes')));
