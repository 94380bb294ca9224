-- Why: a question "as of" an instant gets the same answer whenever it is asked. Readings are known by the number of
-- their batch; which number an instant stands for is found once, when it is first asked for, and written down, because
-- a clock may step and a batch may commit late. To show what was superseded since, releve_api reads the histories
-- under the same row-level security as the tables they belong to.
-- Locks: a new table; ACCESS EXCLUSIVE on three histories for the length of this transaction, which reads no rows.

-- What was known at these instants are the batches up to `batch`. One row a number, so there are never more than
-- batches; greater numbers stand for later instants.
CREATE TABLE known_at (
    batch    bigint CONSTRAINT known_at_pkey PRIMARY KEY,
    instants tstzrange NOT NULL,
    CONSTRAINT known_at_bounds CHECK (NOT isempty(instants) AND NOT lower_inf(instants) AND NOT upper_inf(instants)),
    CONSTRAINT known_at_one_number EXCLUDE USING gist (instants WITH &&)
);
ALTER TABLE known_at ENABLE ROW LEVEL SECURITY;

-- The highest number up to which each batch is committed or never will be. A batch's watermark says so of those before
-- it; what follows without a gap is committed, for it is there.
CREATE FUNCTION releve_complete_batch() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH decided (batch) AS (
        SELECT greatest(s.up_to, (SELECT max(b.watermark) FROM public.batch b WHERE b.batch >= s.up_to))
        FROM public.batch_sum s
    ), later (batch, without_gap) AS (
        SELECT b.batch, d.batch + row_number() OVER (ORDER BY b.batch)
        FROM decided d JOIN public.batch b ON b.batch > d.batch
    )
    SELECT coalesce((SELECT max(l.batch) FROM later l WHERE l.batch = l.without_gap), d.batch) FROM decided d
    WHERE public.releve_reads_data()
$$;

-- What the clock says: the last batch that began by then, less those that the next one saw still open. The window of a
-- day goes by the index of instants; OFFSET 0 keeps the planner from walking down the key instead.
CREATE FUNCTION releve_batch_by_clock(asked timestamptz) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH last (batch) AS (
        SELECT coalesce(
            (SELECT max(w.batch) FROM (SELECT b.batch FROM public.batch b
                                       WHERE b.committed_at <= asked AND b.committed_at > asked - interval '1 day'
                                       OFFSET 0) w),
            (SELECT max(b.batch) FROM public.batch b WHERE b.committed_at <= asked), 0)
    )
    SELECT least(l.batch, (SELECT b.watermark FROM public.batch b WHERE b.batch > l.batch ORDER BY b.batch LIMIT 1))
    FROM last l
$$;

-- The number that stands for `asked`; null for an instant later than `clock` that nobody has asked for before.
CREATE FUNCTION releve_known_at(asked timestamptz, clock timestamptz) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    number bigint;
    below  bigint;
    above  bigint;
BEGIN
    IF NOT public.releve_reads_data() THEN
        RETURN NULL;
    END IF;
    SELECT k.batch INTO number FROM public.known_at k WHERE k.instants @> asked;
    IF FOUND OR asked > clock THEN
        RETURN number;
    END IF;
    PERFORM pg_advisory_xact_lock(7232654312345683); -- who waited here looks again
    SELECT k.batch INTO number FROM public.known_at k WHERE k.instants @> asked;
    IF FOUND THEN
        RETURN number;
    END IF;
    -- A later instant never knows less, however clocks went.
    SELECT max(k.batch) INTO below FROM public.known_at k WHERE k.instants << tstzrange(asked, asked, '[]');
    SELECT min(k.batch) INTO above FROM public.known_at k WHERE k.instants >> tstzrange(asked, asked, '[]');
    number := greatest(below, least(above, public.releve_complete_batch(), public.releve_batch_by_clock(asked)));
    INSERT INTO public.known_at AS k (batch, instants) VALUES (number, tstzrange(asked, asked, '[]'))
    ON CONFLICT (batch) DO UPDATE SET instants = range_merge(k.instants, excluded.instants);
    RETURN number;
END $$;

REVOKE EXECUTE ON FUNCTION releve_complete_batch(), releve_batch_by_clock(timestamptz),
    releve_known_at(timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION releve_complete_batch(), releve_known_at(timestamptz, timestamptz) TO releve_api;

-- ---- what was superseded, for those who may see what superseded it

GRANT SELECT ON interval_history, register_history, daily_total_history TO releve_api;

CREATE POLICY api_reads ON interval_history FOR SELECT TO releve_api USING (
    EXISTS (SELECT 1 FROM interval_day now WHERE now.meter_id = interval_history.meter_id
            AND now.channel = interval_history.channel AND now.day = interval_history.day));
CREATE POLICY api_reads ON register_history FOR SELECT TO releve_api USING (
    EXISTS (SELECT 1 FROM register_day now WHERE now.meter_id = register_history.meter_id AND now.day = register_history.day));
CREATE POLICY api_reads ON daily_total_history FOR SELECT TO releve_api USING (
    EXISTS (SELECT 1 FROM daily_total now WHERE now.usage_point = daily_total_history.usage_point
            AND now.day = daily_total_history.day AND now.channel = daily_total_history.channel));
