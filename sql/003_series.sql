-- Why: the readings, one row a channel's day (interval_day) or a meter's day of register reads (register_day), in
-- monthly partitions that a separate connection makes ahead; what was superseded stays in the histories. A home that
-- agreed to daily totals only has rows in daily_total and none in interval_day.
-- Locks: only new objects. Partitions are attached later, each under SHARE UPDATE EXCLUSIVE.

CREATE TABLE interval_day (
    meter_id integer NOT NULL,
    channel  smallint NOT NULL,
    day      date NOT NULL,
    rev      integer NOT NULL,
    batch    bigint NOT NULL,
    data     bytea NOT NULL,
    CONSTRAINT interval_day_pkey PRIMARY KEY (meter_id, channel, day),
    CONSTRAINT interval_day_size CHECK (octet_length(data) BETWEEN 1 AND 4096)
) PARTITION BY RANGE (day);
CREATE INDEX interval_day_by_day ON interval_day USING brin (day);

CREATE TABLE register_day (
    meter_id integer NOT NULL,
    day      date NOT NULL,
    rev      integer NOT NULL,
    batch    bigint NOT NULL,
    data     bytea NOT NULL,
    CONSTRAINT register_day_pkey PRIMARY KEY (meter_id, day),
    CONSTRAINT register_day_size CHECK (octet_length(data) BETWEEN 1 AND 4096)
) PARTITION BY RANGE (day);
CREATE INDEX register_day_by_day ON register_day USING brin (day);

-- Estimates, edits and raised qualities: same key and format, resolved when read. Nothing measured is lost to an edit.
CREATE TABLE interval_overlay_day (
    meter_id integer NOT NULL,
    channel  smallint NOT NULL,
    day      date NOT NULL,
    rev      integer NOT NULL,
    batch    bigint NOT NULL,
    data     bytea NOT NULL,
    method   text NOT NULL,
    author   text NOT NULL,
    reason   text NOT NULL,
    CONSTRAINT interval_overlay_day_pkey PRIMARY KEY (meter_id, channel, day),
    CONSTRAINT interval_overlay_day_size CHECK (octet_length(data) BETWEEN 1 AND 4096)
) PARTITION BY RANGE (day);
CREATE INDEX interval_overlay_day_by_day ON interval_overlay_day USING brin (day);

-- A superseded block: as `batch` wrote it, until `superseded_by` did.
CREATE TABLE interval_history (
    meter_id      integer NOT NULL,
    channel       smallint NOT NULL,
    day           date NOT NULL,
    rev           integer NOT NULL,
    batch         bigint NOT NULL,
    superseded_by bigint NOT NULL,
    data          bytea NOT NULL,
    CONSTRAINT interval_history_pkey PRIMARY KEY (meter_id, channel, day, rev)
);
CREATE TABLE register_history (
    meter_id      integer NOT NULL,
    day           date NOT NULL,
    rev           integer NOT NULL,
    batch         bigint NOT NULL,
    superseded_by bigint NOT NULL,
    data          bytea NOT NULL,
    CONSTRAINT register_history_pkey PRIMARY KEY (meter_id, day, rev)
);
CREATE TABLE overlay_history (
    meter_id      integer NOT NULL,
    channel       smallint NOT NULL,
    day           date NOT NULL,
    rev           integer NOT NULL,
    batch         bigint NOT NULL,
    superseded_by bigint NOT NULL,
    data          bytea NOT NULL,
    method        text NOT NULL,
    author        text NOT NULL,
    reason        text NOT NULL,
    CONSTRAINT overlay_history_pkey PRIMARY KEY (meter_id, channel, day, rev)
);

-- `present`: which slots the figures cover, one bit each, so that a late frame adds only what was missing. The rank of
-- the newest frame in it (authenticated, key_generation, counter) decides between two whole days.
CREATE TABLE daily_total (
    usage_point    text NOT NULL CONSTRAINT daily_total_usage_point_fkey REFERENCES usage_point,
    day            date NOT NULL,
    channel        smallint NOT NULL,
    rev            integer NOT NULL,
    batch          bigint NOT NULL,
    energy_wh      bigint NOT NULL,
    slots          smallint NOT NULL,
    missing        smallint NOT NULL,
    quality        smallint NOT NULL,
    worst          smallint NOT NULL, -- quality of the worst slot there is, whether some are missing or not
    maximum        bigint,
    maximum_at     timestamptz,
    present        bytea NOT NULL,
    authenticated  boolean NOT NULL,
    key_generation integer NOT NULL,
    counter        bigint NOT NULL,
    energy_mj      bigint NOT NULL, -- millijoules: energy_wh before rounding, so that parts of a day add up exactly
    CONSTRAINT daily_total_pkey PRIMARY KEY (usage_point, day, channel),
    CONSTRAINT daily_total_slots CHECK (slots BETWEEN 0 AND 300 AND missing BETWEEN 0 AND slots),
    CONSTRAINT daily_total_present CHECK (octet_length(present) = 40)
) WITH (fillfactor = 80);
CREATE TABLE daily_total_history (
    LIKE daily_total,
    superseded_by bigint NOT NULL,
    CONSTRAINT daily_total_history_pkey PRIMARY KEY (usage_point, day, channel, rev)
);
