-- Why: what the collector did: numbered transactions, accepted frames as received, frames nothing explains yet, refused
-- frames, and the counters that tell a repeat from a replay.
-- Locks: only new objects.

-- One row a committed transaction of readings. The four arrays name its frames until meter_counter knows them.
CREATE TABLE batch (
    batch           bigint CONSTRAINT batch_pkey PRIMARY KEY,
    writer          integer NOT NULL,
    committed_at    timestamptz NOT NULL DEFAULT now(),
    frames          integer NOT NULL,
    readings        bigint NOT NULL,
    refused         integer NOT NULL,
    watermark       bigint NOT NULL, -- all numbers below it were decided when this one was written
    meter_ids       integer[],
    key_generations smallint[],
    counters        bigint[],
    digests         bigint[]
);
-- Written once, read at a start: not worth compressing.
ALTER TABLE batch ALTER COLUMN meter_ids SET STORAGE EXTERNAL, ALTER COLUMN key_generations SET STORAGE EXTERNAL,
    ALTER COLUMN counters SET STORAGE EXTERNAL, ALTER COLUMN digests SET STORAGE EXTERNAL;
CREATE INDEX batch_by_time ON batch USING brin (committed_at);
CREATE INDEX batch_with_frames ON batch (batch) WHERE meter_ids IS NOT NULL;

-- Sums of the batches below `up_to`, so that a total does not read them all.
CREATE TABLE batch_sum (
    one      boolean CONSTRAINT batch_sum_pkey PRIMARY KEY DEFAULT true CONSTRAINT batch_sum_one CHECK (one),
    up_to    bigint NOT NULL,
    frames   bigint NOT NULL,
    readings bigint NOT NULL
);
INSERT INTO batch_sum (up_to, frames, readings) VALUES (0, 0, 0);

-- Packed frames, still encrypted. `meter_ids` has one entry a frame, in order; an erased frame keeps its place.
CREATE TABLE frame_archive (
    batch      bigint NOT NULL,
    part       integer NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    meter_ids  integer[] NOT NULL,
    data       bytea NOT NULL,
    CONSTRAINT frame_archive_pkey PRIMARY KEY (batch, part)
);
-- Ciphertext does not compress.
ALTER TABLE frame_archive ALTER COLUMN data SET STORAGE EXTERNAL, ALTER COLUMN meter_ids SET STORAGE EXTERNAL;
CREATE INDEX frame_archive_by_time ON frame_archive USING brin (written_at);

CREATE TABLE undecoded (
    id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT undecoded_pkey PRIMARY KEY,
    meter_id    integer NOT NULL CONSTRAINT undecoded_meter_fkey REFERENCES meter,
    generation  smallint NOT NULL,
    counter     bigint NOT NULL,
    digest      bigint NOT NULL,
    received_at timestamptz NOT NULL,
    reason      text NOT NULL,
    batch       bigint, -- where the frame is in the archive; null: its body was not kept
    part        integer,
    position    integer
);
CREATE INDEX undecoded_place ON undecoded (batch, part);
CREATE INDEX undecoded_meter ON undecoded (meter_id);

CREATE TABLE quarantine (
    id              bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT quarantine_pkey PRIMARY KEY,
    reason          text NOT NULL,
    detail          text NOT NULL,
    received_at     timestamptz NOT NULL,
    peer            text NOT NULL,
    system_title    text NOT NULL,
    meter_id        integer CONSTRAINT quarantine_meter_fkey REFERENCES meter,
    counter         bigint,
    digest          bigint NOT NULL,
    frame_bytes     integer NOT NULL,
    frame           bytea, -- null: must not be kept
    retry_requested boolean NOT NULL DEFAULT false,
    CONSTRAINT quarantine_frame_size CHECK (octet_length(frame) <= 262144)
);
CREATE INDEX quarantine_system_title ON quarantine (system_title, id);
CREATE INDEX quarantine_meter ON quarantine (meter_id, received_at);
CREATE INDEX quarantine_reason ON quarantine (reason, id);
CREATE INDEX quarantine_retry ON quarantine (id) WHERE retry_requested;

-- The last frames of each meter (at most 64, equal lengths, greatest counter last), written in bulk now and then.
CREATE TABLE meter_counter (
    meter_id         integer CONSTRAINT meter_counter_pkey PRIMARY KEY
                     CONSTRAINT meter_counter_meter_fkey REFERENCES meter,
    key_generations  smallint[] NOT NULL,
    counters         bigint[] NOT NULL,
    digests          bigint[] NOT NULL,
    last_accepted_at timestamptz
) WITH (fillfactor = 70);
