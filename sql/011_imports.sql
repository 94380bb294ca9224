-- Why: files of readings that a network operator gave. Whoever reads a file leaves its days here, in parts; the one process that
-- numbers what is known carries them out and takes each part away in the transaction that brings its readings, so that an
-- interruption neither loses nor doubles any. What a file says is kept under a meter of its own at the usage point, for the times
-- in which no meter of ours hangs there. Taking readings out of the database by command leaves its trace in the access list.
-- Locks: ACCESS EXCLUSIVE on usage_point for a moment (a trigger); else new objects.

CREATE TABLE import (
    id            bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT import_pkey PRIMARY KEY,
    file_name     text NOT NULL CONSTRAINT import_file_name CHECK (length(file_name) <= 255),
    sha256        bytea NOT NULL CONSTRAINT import_digest CHECK (octet_length(sha256) = 32),
    options       text NOT NULL DEFAULT '', -- that change what the file means
    format        text NOT NULL,
    flow          text NOT NULL DEFAULT '', -- a numbered flow, and what of it is numbered together
    series        text NOT NULL DEFAULT '',
    number        bigint,
    usage_points  text[] NOT NULL,
    state         text NOT NULL DEFAULT 'staged' CONSTRAINT import_state CHECK (state IN ('staged', 'running', 'done', 'failed')),
    asked_by      text NOT NULL DEFAULT session_user,
    token         bigint,
    asked_at      timestamptz NOT NULL DEFAULT now(),
    finished_at   timestamptz,
    whole         boolean NOT NULL, -- nothing of it was refused that may be taken another time
    proven        boolean NOT NULL DEFAULT true, -- false: by a household, whose values are seen and never billed
    problems      bigint NOT NULL DEFAULT 0, -- of the file's lines, and of usage points
    problem_lines text NOT NULL DEFAULT '' CONSTRAINT import_problem_lines CHECK (octet_length(problem_lines) <= 65536), -- the first ones
    empty_values  bigint NOT NULL DEFAULT 0, -- holes that the operator shows
    refused       bigint NOT NULL DEFAULT 0, -- values
    imported      bigint NOT NULL DEFAULT 0, -- new, or another value than before
    unchanged     bigint NOT NULL DEFAULT 0,
    own_meter     bigint NOT NULL DEFAULT 0, -- of times that a meter of ours reports
    parts         integer NOT NULL DEFAULT 0,
    parts_done    integer NOT NULL DEFAULT 0,
    parts_refused integer NOT NULL DEFAULT 0,
    first_batch   bigint,
    last_batch    bigint,
    detail        text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX import_once ON import (sha256, options) WHERE whole;
CREATE INDEX import_flow ON import (flow, series, number) WHERE number IS NOT NULL;
CREATE INDEX import_open ON import (id) WHERE state IN ('staged', 'running');
CREATE INDEX import_of_token ON import (token) WHERE state IN ('staged', 'running');

CREATE TABLE import_part (
    import      bigint NOT NULL CONSTRAINT import_part_import_fkey REFERENCES import,
    part        integer NOT NULL,
    usage_point text NOT NULL CONSTRAINT import_part_usage_point_fkey REFERENCES usage_point,
    kind        text NOT NULL CONSTRAINT import_part_kind CHECK (kind IN ('intervals', 'registers', 'gas')),
    serial      text NOT NULL DEFAULT '',
    starts      timestamptz NOT NULL, -- of its first value
    ends        timestamptz NOT NULL, -- of its last value
    amount      integer NOT NULL CONSTRAINT import_part_amount CHECK (amount > 0), -- values
    content     bytea NOT NULL CONSTRAINT import_part_size CHECK (octet_length(content) BETWEEN 1 AND 1048576),
    CONSTRAINT import_part_pkey PRIMARY KEY (import, part),
    CONSTRAINT import_part_order CHECK (starts <= ends)
);
CREATE INDEX import_part_usage_point ON import_part (usage_point);

CREATE TRIGGER import_told AFTER INSERT ON import FOR EACH STATEMENT EXECUTE FUNCTION releve_tell_correction();

-- Of a home that chose daily totals nothing waits, and the same file may be read again once it chooses otherwise.
CREATE FUNCTION releve_forget_staged() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.import t SET whole = false,
        refused = t.refused + gone.amount, parts_refused = t.parts_refused + gone.parts,
        detail = left(t.detail || CASE WHEN gone.parts > 0 THEN NEW.id || ': only daily totals are kept of it' || chr(10) ELSE '' END, 4000)
    FROM (SELECT i.id, coalesce(sum(p.amount), 0) AS amount, count(p.part)::integer AS parts FROM public.import i
          LEFT JOIN public.import_part p ON p.import = i.id AND p.usage_point = NEW.id AND p.kind <> 'gas'
          WHERE NEW.id = ANY (i.usage_points) GROUP BY i.id) AS gone
    WHERE t.id = gone.id;
    DELETE FROM public.import_part p WHERE p.usage_point = NEW.id AND p.kind <> 'gas';
    RETURN NULL;
END $$;
CREATE TRIGGER usage_point_forgets_staged AFTER UPDATE OF collection ON usage_point
    FOR EACH ROW WHEN (NEW.collection = 'daily' AND OLD.collection <> 'daily') EXECUTE FUNCTION releve_forget_staged();

-- Under which address a usage point's imported readings stand: no meter's title begins with a zero octet or 0e, 0f.
CREATE FUNCTION releve_import_address(point text, energy text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN point LIKE 'GI%' THEN '0e47490000' || substr(point, 3) WHEN energy = 'gas' THEN '0f' || point ELSE '00' || point END
$$;

-- The meter of imported readings, installed wherever from `first` to `last` no other is; an installation of its own reaches from
-- the earliest value up to the next meter. Gives all its installations.
CREATE FUNCTION releve_place_import(point text, seen_serial text, first timestamptz, last timestamptz,
                                    OUT meter integer, OUT place text, OUT made_by text, OUT since timestamptz,
                                    OUT until timestamptz) RETURNS SETOF record
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home  public.usage_point;
    own   integer;
    free  tstzmultirange;
    span  tstzrange;
    had   public.installation;
    begun timestamptz;
BEGIN
    SELECT u.* INTO home FROM public.usage_point u WHERE u.id = point FOR NO KEY UPDATE;
    SELECT tstzmultirange(tstzrange(NULL, NULL)) - coalesce(range_agg(i.validity), '{}') INTO free
    FROM public.installation i JOIN public.meter m ON m.id = i.meter_id
    WHERE i.usage_point = point AND i.purpose = 'metering' AND m.protocol <> 'import';
    IF free && tstzrange(first, last, '[]') THEN
        INSERT INTO public.meter (address, serial, protocol, model, policy, replay, organisation)
        SELECT public.releve_import_address(point, home.energy), seen_serial, 'import',
               CASE home.energy WHEN 'gas' THEN 'imported-gas' ELSE 'imported' END, 'none', 'none', home.organisation
        WHERE home.id IS NOT NULL
        ON CONFLICT (address) DO NOTHING;
    END IF;
    SELECT m.id INTO own FROM public.meter m
    WHERE m.address = public.releve_import_address(point, home.energy) AND m.protocol = 'import';
    IF own IS NULL THEN
        RETURN; -- all of that time is another meter's
    END IF;
    UPDATE public.meter m SET serial = seen_serial WHERE m.id = own AND seen_serial NOT IN ('', m.serial);
    FOR span IN SELECT f FROM unnest(free) AS f WHERE f && tstzrange(first, last, '[]') LOOP
        begun := greatest(lower(span), first); -- without a lower bound: first
        SELECT i.* INTO had FROM public.installation i WHERE i.meter_id = own AND i.validity && span ORDER BY i.validity LIMIT 1;
        IF had.id IS NULL THEN
            INSERT INTO public.installation (meter_id, usage_point, validity) VALUES (own, point, tstzrange(begun, upper(span)));
        ELSIF begun < lower(had.validity) THEN
            UPDATE public.installation i SET validity = tstzrange(begun, upper(i.validity)) WHERE i.id = had.id;
        END IF;
    END LOOP;
    RETURN QUERY SELECT own, m.address, m.model, lower(i.validity), upper(i.validity)
    FROM public.installation i JOIN public.meter m ON m.id = i.meter_id WHERE i.meter_id = own ORDER BY 4;
END $$;

-- 'new', 'changed' (supersedes what was said of these days), 'same', or the period that it overlaps.
CREATE FUNCTION releve_publish_gas(point text, first_day date, end_day date, index_first bigint, index_end bigint, coefficient bigint,
                                   energy bigint, how smallint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    before  public.published_gas;
    version bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('releve terms', 0)); -- before any usage point, as all who change terms
    PERFORM FROM public.usage_point u WHERE u.id = point FOR NO KEY UPDATE;
    SELECT g.* INTO before FROM public.published_gas g
    WHERE g.usage_point = point AND g.known_to IS NULL AND g.from_day < end_day AND g.to_day > first_day
      AND NOT (g.from_day = first_day AND g.to_day = end_day)
    ORDER BY g.from_day LIMIT 1;
    IF FOUND THEN
        RETURN before.from_day || ' to ' || before.to_day;
    END IF;
    SELECT g.* INTO before FROM public.published_gas g
    WHERE g.usage_point = point AND g.known_to IS NULL AND g.from_day = first_day AND g.to_day = end_day;
    IF FOUND AND ROW (before.index_from_m3, before.index_to_m3, before.kwh_per_m3_e5, before.energy_kwh, before.quality, before.provisional)
                 = ROW (index_first, index_end, coefficient, energy, how, false) THEN
        RETURN 'same';
    END IF;
    version := public.releve_next_terms();
    UPDATE public.published_gas g SET known_to = version WHERE g.id = before.id;
    INSERT INTO public.published_gas (usage_point, from_day, to_day, index_from_m3, index_to_m3, kwh_per_m3_e5, energy_kwh, quality,
                                      known_from)
    VALUES (point, first_day, end_day, index_first, index_end, coefficient, energy, how, version);
    RETURN CASE WHEN before.id IS NULL THEN 'new' ELSE 'changed' END;
END $$;

-- Whether the token sent that file, and it may hold such a part. Its usage points were looked at when it was written: not again for
-- each part.
CREATE FUNCTION releve_may_stage(of_import bigint, point text, part_kind text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM public.import i WHERE i.id = of_import AND i.state = 'staged' AND i.token = public.releve_token()
                   AND point = ANY (i.usage_points) AND (i.proven OR part_kind <> 'gas'))
$$;
REVOKE EXECUTE ON FUNCTION releve_may_stage(bigint, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION releve_may_stage(bigint, text, text) TO releve_api;

-- ---- rights

REVOKE EXECUTE ON FUNCTION releve_forget_staged(), releve_place_import(text, text, timestamptz, timestamptz),
    releve_publish_gas(text, date, date, bigint, bigint, bigint, bigint, smallint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION releve_place_import(text, text, timestamptz, timestamptz),
    releve_publish_gas(text, date, date, bigint, bigint, bigint, bigint, smallint) TO releve_collect;

GRANT SELECT, UPDATE ON import TO releve_collect;
GRANT SELECT, DELETE ON import_part TO releve_collect;
GRANT SELECT, INSERT ON import, import_part TO releve_work;
GRANT SELECT ON import TO releve_api;
GRANT INSERT (file_name, sha256, options, format, flow, series, number, usage_points, state, asked_by, token, finished_at, whole,
              proven, problems, problem_lines, empty_values, refused, parts) ON import TO releve_api;
GRANT INSERT ON import_part TO releve_api;
GRANT DELETE ON installation TO releve_work;
GRANT INSERT (token, role, who, usage_point, what, day_from, day_to) ON access_log TO releve_work;

ALTER TABLE import ENABLE ROW LEVEL SECURITY;
ALTER TABLE import_part ENABLE ROW LEVEL SECURITY;
CREATE POLICY staff ON import TO releve_collect, releve_work USING (true) WITH CHECK (true);
CREATE POLICY staff ON import_part TO releve_collect, releve_work USING (true) WITH CHECK (true);

-- A file of usage points that the token does not see altogether is nobody's but the operator's who sees them all. Of one of which
-- something was refused, the problems name usage points that are not known: they are for who sent it.
CREATE POLICY api_reads ON import FOR SELECT TO releve_api USING (
    (SELECT releve_reads_data()) AND usage_points <> '{}'
    AND (whole OR token = (SELECT releve_token()) OR 'root' = ANY ((SELECT releve_organisations())::text[]))
    AND NOT EXISTS (SELECT 1 FROM unnest(import.usage_points) AS named (id)
                    WHERE NOT EXISTS (SELECT 1 FROM usage_point u WHERE u.id = named.id)));
-- What a household says is kept as not proven: nothing is billed of it, nor is anything told to bills.
CREATE POLICY api_writes ON import FOR INSERT TO releve_api WITH CHECK (
    token = (SELECT releve_token())
    AND ((SELECT releve_role()) IN ('operator', 'energy_manager') OR ((SELECT releve_role()) = 'household' AND NOT proven))
    AND state IN ('staged', 'done') AND usage_points <> '{}'
    AND NOT EXISTS (SELECT 1 FROM unnest(import.usage_points) AS named (id)
                    WHERE NOT EXISTS (SELECT 1 FROM usage_point u WHERE u.id = named.id)));
CREATE POLICY api_writes ON import_part FOR INSERT TO releve_api WITH CHECK (
    releve_may_stage(import_part.import, import_part.usage_point, import_part.kind)
    AND EXISTS (SELECT 1 FROM usage_point u WHERE u.id = import_part.usage_point
                AND (u.collection = 'half_hour' OR import_part.kind <> 'intervals')));
