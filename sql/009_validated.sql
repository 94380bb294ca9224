-- Why: readings one can bill on. A meter whose days changed is due for checks; what failed a rule, what is missing and what was
-- estimated or corrected is kept with its reason, and says with which batch it was known. Totals of days are kept a month a row.
-- Usage points form groups. Long jobs are rows, so that they go on after a restart.
-- Locks: ROW EXCLUSIVE on daily_total and its history while the numbers of two qualities change (one pass over each, only rows
-- with gaps are written); else new objects, and ACCESS EXCLUSIVE on the overlay's tables for a moment.

-- "Incomplete" and "missing" are 9 and 10 now: 4 to 8 are the qualities of estimates and corrections.
UPDATE daily_total SET quality = CASE quality WHEN 4 THEN 9 WHEN 5 THEN 10 ELSE quality END,
                       worst = CASE worst WHEN 4 THEN 9 WHEN 5 THEN 10 ELSE worst END
WHERE quality IN (4, 5) OR worst IN (4, 5);
UPDATE daily_total_history SET quality = CASE quality WHEN 4 THEN 9 WHEN 5 THEN 10 ELSE quality END,
                               worst = CASE worst WHEN 4 THEN 9 WHEN 5 THEN 10 ELSE worst END
WHERE quality IN (4, 5) OR worst IN (4, 5);

-- ---- long jobs. `cursor`: the last meter that is done.

CREATE TABLE job (
    id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT job_pkey PRIMARY KEY,
    kind        text NOT NULL CONSTRAINT job_kind CHECK (kind IN ('validate', 'estimate', 'ledger')),
    usage_group text, -- its members only; null: all meters
    state       text NOT NULL DEFAULT 'queued'
                CONSTRAINT job_state CHECK (state IN ('queued', 'running', 'stopped', 'done', 'failed')),
    total       bigint NOT NULL DEFAULT 0, -- meters, once it has begun
    done        bigint NOT NULL DEFAULT 0,
    cursor      integer NOT NULL DEFAULT 0,
    asked_by    text NOT NULL DEFAULT session_user,
    asked_at    timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    detail      text NOT NULL DEFAULT ''
);
CREATE INDEX job_open ON job (id) WHERE state IN ('queued', 'running', 'stopped');

-- ---- checks

-- Days of a meter that no rule has looked at since they changed. No foreign key: a row comes with the readings, thousands a second.
CREATE TABLE check_due (
    meter_id integer CONSTRAINT check_due_pkey PRIMARY KEY,
    day_from date NOT NULL,
    day_to   date NOT NULL, -- included
    batch    bigint NOT NULL, -- the last that made it so
    job      bigint, -- asked for by this job only: until then the days count as checked
    estimate boolean NOT NULL DEFAULT false, -- gaps that are old enough are filled
    at_once  boolean NOT NULL DEFAULT false, -- so are the others
    ledger   boolean NOT NULL DEFAULT false, -- what does not add up is told
    CONSTRAINT check_due_days CHECK (day_from <= day_to)
) WITH (fillfactor = 70);

-- What was there before there were rules.
INSERT INTO check_due (meter_id, day_from, day_to, batch)
SELECT i.meter_id, min(coalesce((lower(i.validity) AT TIME ZONE 'Europe/Paris')::date, '1970-01-01')) - 1,
       greatest(current_date, min((lower(i.validity) AT TIME ZONE 'Europe/Paris')::date)) + 1, 0
FROM installation i WHERE i.purpose = 'metering' GROUP BY 1;

-- Asked for of each meter that is looked at: the exclusion's index is slower.
CREATE INDEX contract_usage_point ON contract (usage_point);

-- One row a run of slots that a rule does not keep. As it was known from `batch` on, until `cleared`.
CREATE TABLE validation_failure (
    id         bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT validation_failure_pkey PRIMARY KEY,
    meter_id   integer NOT NULL,
    channel    smallint NOT NULL,
    day        date NOT NULL,
    rule       text NOT NULL,
    severity   text NOT NULL CONSTRAINT validation_failure_severity CHECK (severity IN ('note', 'doubt')),
    first_slot smallint NOT NULL,
    last_slot  smallint NOT NULL, -- included
    value      bigint NOT NULL,
    limits     bigint[] NOT NULL,
    detail     bigint[] NOT NULL,
    batch      bigint NOT NULL,
    cleared    bigint
);
CREATE INDEX validation_failure_day ON validation_failure (meter_id, channel, day);
CREATE INDEX validation_failure_open ON validation_failure (id) WHERE cleared IS NULL;

-- Slots that came more than once: with one value, and with different ones. One bit a slot.
CREATE TABLE day_repeat (
    meter_id integer NOT NULL,
    channel  smallint NOT NULL,
    day      date NOT NULL,
    same     bit(320) NOT NULL,
    other    bit(320) NOT NULL,
    CONSTRAINT day_repeat_pkey PRIMARY KEY (meter_id, channel, day)
);

-- Rules of a group, that differ from the shipped ones: text of a rule file.
CREATE TABLE group_rules (
    usage_group text CONSTRAINT group_rules_pkey PRIMARY KEY,
    rules       text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    recorded_by text NOT NULL DEFAULT session_user
);

-- ---- gaps: half-hours that did not come although later ones did, or that a silent meter owes

CREATE TABLE gap (
    id           bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT gap_pkey PRIMARY KEY,
    meter_id     integer NOT NULL,
    channel      smallint NOT NULL,
    starts       timestamptz NOT NULL,
    ends         timestamptz NOT NULL,
    found_at     timestamptz NOT NULL,
    batch        bigint NOT NULL,
    looks        integer NOT NULL DEFAULT 0, -- how often we looked whether it came
    next_look_at timestamptz,                -- null: nobody looks any more
    estimated    boolean NOT NULL DEFAULT false,
    closed       bigint,                     -- the batch with which all of it was there
    CONSTRAINT gap_order CHECK (starts < ends)
);
CREATE INDEX gap_of_meter ON gap (meter_id, channel) WHERE closed IS NULL;
CREATE INDEX gap_closed ON gap (closed) WHERE closed IS NOT NULL;
CREATE INDEX gap_next ON gap (next_look_at) WHERE closed IS NULL AND next_look_at IS NOT NULL;

-- How far an estimate was from what came later.
CREATE TABLE estimate_error (
    meter_id  integer NOT NULL,
    channel   smallint NOT NULL,
    day       date NOT NULL,
    method    text NOT NULL,
    slots     smallint NOT NULL,
    estimated bigint NOT NULL, -- sums of these slots, in the channel's unit and scaler
    measured  bigint NOT NULL,
    absolute  bigint NOT NULL, -- sum of the distances
    batch     bigint NOT NULL,
    CONSTRAINT estimate_error_pkey PRIMARY KEY (meter_id, channel, day, batch)
);

-- ---- corrections: asked for by a person, carried out by the collector, so that one process numbers what is known

CREATE TABLE correction (
    id       bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT correction_pkey PRIMARY KEY,
    meter_id integer NOT NULL,
    channel  smallint NOT NULL,
    day      date NOT NULL,
    action   text NOT NULL CONSTRAINT correction_action CHECK (action IN ('set', 'accept', 'undo')),
    slots    smallint[] NOT NULL CONSTRAINT correction_slots CHECK (cardinality(slots) BETWEEN 1 AND 288),
    amounts  bigint[] NOT NULL DEFAULT '{}', -- of `set`: one a slot, in the channel's unit and scaler
    reason   text NOT NULL CONSTRAINT correction_reason CHECK (length(reason) BETWEEN 3 AND 500),
    author   text NOT NULL,
    token    bigint,
    asked_at timestamptz NOT NULL DEFAULT now(),
    state    text NOT NULL DEFAULT 'waiting' CONSTRAINT correction_state CHECK (state IN ('waiting', 'done', 'refused')),
    batch    bigint,
    detail   text NOT NULL DEFAULT '',
    CONSTRAINT correction_amounts CHECK (cardinality(amounts) = CASE action WHEN 'set' THEN cardinality(slots) ELSE 0 END)
);
CREATE INDEX correction_waiting ON correction (meter_id) WHERE state = 'waiting';
CREATE INDEX correction_day ON correction (meter_id, channel, day);

CREATE FUNCTION releve_tell_correction() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('releve_devices', 'check:');
    RETURN NULL;
END $$;
CREATE TRIGGER correction_told AFTER INSERT ON correction FOR EACH STATEMENT EXECUTE FUNCTION releve_tell_correction();
CREATE TRIGGER job_told AFTER INSERT OR UPDATE OF state ON job FOR EACH STATEMENT EXECUTE FUNCTION releve_tell_correction();

-- ---- silence: a meter was not heard for far longer than is usual for it

ALTER TABLE meter_counter ADD COLUMN usual_gap_s integer; -- between two messages; null: not known yet
CREATE TABLE silence (
    meter_id   integer NOT NULL,
    since      timestamptz NOT NULL, -- last heard
    noticed_at timestamptz NOT NULL,
    ended_at   timestamptz,          -- heard again
    CONSTRAINT silence_pkey PRIMARY KEY (meter_id, since)
);
CREATE INDEX silence_open ON silence (meter_id) WHERE ended_at IS NULL;
CREATE INDEX silence_by_time ON silence (since);

-- ---- totals of days by month. `through`: later days of the month are in interval_day only, as is what is due for checks.

CREATE TABLE interval_month (
    meter_id integer NOT NULL,
    channel  smallint NOT NULL,
    month    date NOT NULL CONSTRAINT interval_month_first CHECK (extract(day FROM month) = 1),
    through  date NOT NULL,
    batch    bigint NOT NULL,
    data     bytea NOT NULL,
    CONSTRAINT interval_month_pkey PRIMARY KEY (meter_id, channel, month)
) WITH (fillfactor = 80);

-- ---- groups of usage points, overlapping as they like

CREATE TABLE usage_group (
    id           text CONSTRAINT usage_group_pkey PRIMARY KEY CONSTRAINT usage_group_form CHECK (id ~ '^[A-Za-z0-9._-]{1,64}$'),
    organisation text NOT NULL CONSTRAINT usage_group_organisation_fkey REFERENCES organisation,
    label        text NOT NULL DEFAULT ''
);
CREATE INDEX usage_group_organisation ON usage_group (organisation);
CREATE TABLE usage_group_member (
    usage_group text NOT NULL CONSTRAINT usage_group_member_group_fkey REFERENCES usage_group ON DELETE CASCADE,
    usage_point text NOT NULL CONSTRAINT usage_group_member_usage_point_fkey REFERENCES usage_point,
    validity    daterange NOT NULL CONSTRAINT usage_group_member_not_empty CHECK (NOT isempty(validity)),
    CONSTRAINT usage_group_member_once EXCLUDE USING gist (usage_group WITH =, usage_point WITH =, validity WITH &&)
);
CREATE INDEX usage_group_member_point ON usage_group_member (usage_point);

-- ---- what people did about an event or a failure

CREATE INDEX event_by_time ON event USING brin (received_at);

CREATE TABLE handling (
    id      bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT handling_pkey PRIMARY KEY,
    event   bigint CONSTRAINT handling_event_fkey REFERENCES event ON DELETE CASCADE,
    failure bigint CONSTRAINT handling_failure_fkey REFERENCES validation_failure ON DELETE CASCADE,
    step    text NOT NULL CONSTRAINT handling_step CHECK (step IN ('taken', 'noted', 'closed', 'reopened')),
    note    text NOT NULL DEFAULT '' CONSTRAINT handling_note CHECK (length(note) <= 500),
    who     text NOT NULL,
    token   bigint,
    at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT handling_subject CHECK (num_nonnulls(event, failure) = 1),
    CONSTRAINT handling_says CHECK (step <> 'noted' OR note <> '')
);
CREATE INDEX handling_of_event ON handling (event, id) WHERE event IS NOT NULL;
CREATE INDEX handling_of_failure ON handling (failure, id) WHERE failure IS NOT NULL;

-- ---- checks that add up

CREATE TABLE ledger_breach (
    id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT ledger_breach_pkey PRIMARY KEY,
    kind        text NOT NULL CONSTRAINT ledger_breach_kind CHECK (kind IN ('index', 'stored_total', 'group')),
    meter_id    integer,
    usage_group text,
    channel     smallint NOT NULL,
    day         date NOT NULL,
    expected    bigint NOT NULL, -- Wh or dm3
    found       bigint NOT NULL,
    found_at    timestamptz NOT NULL,
    cleared_at  timestamptz,
    CONSTRAINT ledger_breach_subject CHECK (num_nonnulls(meter_id, usage_group) = 1)
);
CREATE INDEX ledger_breach_meter ON ledger_breach (meter_id, channel, day) WHERE cleared_at IS NULL;
CREATE INDEX ledger_breach_group ON ledger_breach (usage_group, channel, day) WHERE cleared_at IS NULL;

-- ---- rights

GRANT SELECT, INSERT, UPDATE, DELETE ON check_due, interval_overlay_day, interval_month, day_repeat TO releve_collect;
GRANT SELECT, INSERT, UPDATE ON validation_failure, gap, ledger_breach, silence TO releve_collect;
GRANT DELETE ON silence TO releve_collect;
GRANT SELECT, INSERT ON overlay_history, estimate_error TO releve_collect;
GRANT SELECT, UPDATE ON correction, job TO releve_collect;
GRANT SELECT ON group_rules, usage_group, usage_group_member, contract TO releve_collect;

GRANT SELECT, INSERT, UPDATE, DELETE ON check_due, group_rules, usage_group_member TO releve_work;
GRANT SELECT, INSERT, UPDATE ON usage_group, correction, job TO releve_work;
GRANT SELECT, DELETE ON validation_failure, gap, estimate_error, interval_month, day_repeat, ledger_breach TO releve_work;
GRANT DELETE ON correction, usage_group TO releve_work;
GRANT INSERT ON gap TO releve_work; -- one that reaches over the border of an installation is cut
GRANT SELECT, INSERT ON handling TO releve_work;
GRANT SELECT ON event TO releve_work;

GRANT SELECT ON check_due, validation_failure, gap, estimate_error, correction, interval_month, overlay_history, usage_group,
    usage_group_member, handling, ledger_breach, job, silence TO releve_api;
GRANT SELECT (usual_gap_s) ON meter_counter TO releve_api;
GRANT INSERT (meter_id, channel, day, action, slots, amounts, reason, author, token) ON correction TO releve_api;
GRANT INSERT (event, failure, step, note, who, token) ON handling TO releve_api;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['job', 'check_due', 'validation_failure', 'day_repeat', 'group_rules', 'gap', 'estimate_error',
                                'correction', 'interval_month', 'usage_group', 'usage_group_member', 'handling',
                                'ledger_breach', 'silence'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY staff ON %I TO releve_collect, releve_work USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;

-- ---- who sees it: what tells of half-hours, whoever sees those half-hours. Tables of a civil day see it as interval_day does.

CREATE POLICY api_reads ON silence FOR SELECT TO releve_api USING (
    EXISTS (SELECT 1 FROM meter m WHERE m.id = silence.meter_id));
CREATE POLICY api_reads ON check_due FOR SELECT TO releve_api USING (
    EXISTS (SELECT 1 FROM meter m WHERE m.id = check_due.meter_id));
DROP POLICY api_reads ON interval_overlay_day;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['interval_overlay_day', 'overlay_history', 'validation_failure', 'estimate_error', 'correction'] LOOP
        EXECUTE format('CREATE POLICY api_reads ON %1$I FOR SELECT TO releve_api USING ('
                       'EXISTS (SELECT 1 FROM installation i JOIN usage_point u ON u.id = i.usage_point '
                       'WHERE i.meter_id = %1$I.meter_id AND u.collection = ''half_hour'' '
                       'AND i.validity && releve_hours_of(%1$I.day, u.zone, u.energy)))', name);
    END LOOP;
END $$;
CREATE POLICY api_reads ON gap FOR SELECT TO releve_api USING (
    EXISTS (SELECT 1 FROM installation i JOIN usage_point u ON u.id = i.usage_point
            WHERE i.meter_id = gap.meter_id AND u.collection = 'half_hour'
              AND i.validity && tstzrange(gap.starts, gap.ends)));
CREATE POLICY api_writes ON correction FOR INSERT TO releve_api WITH CHECK (
    token = (SELECT releve_token()) AND (SELECT releve_role()) = 'operator'
    AND EXISTS (SELECT 1 FROM installation i JOIN usage_point u ON u.id = i.usage_point
                WHERE i.meter_id = correction.meter_id AND u.collection = 'half_hour'
                  AND i.validity && releve_hours_of(correction.day, u.zone, u.energy)));

-- A month may hold days of two homes. Whoever does not see all installations of it sums the half-hours that are theirs.
CREATE FUNCTION releve_whole_month(meter integer, month date) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT public.releve_reads_data() AND NOT EXISTS (
        SELECT 1 FROM public.installation i JOIN public.usage_point u ON u.id = i.usage_point
        WHERE i.meter_id = meter
          AND i.validity && tstzrange((month - 1)::timestamp AT TIME ZONE u.zone, (month + interval '1 month 1 day') AT TIME ZONE u.zone)
          AND NOT (u.collection = 'half_hour'
                   AND (u.organisation = ANY ((SELECT public.releve_organisations())::text[])
                        OR u.id = ANY ((SELECT public.releve_usage_points())::text[]))))
$$;
REVOKE EXECUTE ON FUNCTION releve_whole_month(integer, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION releve_whole_month(integer, date) TO releve_api;
CREATE POLICY api_reads ON interval_month FOR SELECT TO releve_api USING (
    EXISTS (SELECT 1 FROM installation i WHERE i.meter_id = interval_month.meter_id)
    AND releve_whole_month(interval_month.meter_id, interval_month.month));

CREATE POLICY api_reads ON usage_group FOR SELECT TO releve_api USING (
    (SELECT releve_role()) IN ('operator', 'energy_manager') AND organisation = ANY ((SELECT releve_organisations())::text[]));
CREATE POLICY api_reads ON usage_group_member FOR SELECT TO releve_api USING (
    EXISTS (SELECT 1 FROM usage_group g WHERE g.id = usage_group_member.usage_group)
    AND EXISTS (SELECT 1 FROM usage_point u WHERE u.id = usage_group_member.usage_point));

CREATE POLICY api_reads ON handling FOR SELECT TO releve_api USING (
    (SELECT releve_role()) IN ('operator', 'auditor')
    AND (EXISTS (SELECT 1 FROM event e WHERE e.id = handling.event)
         OR EXISTS (SELECT 1 FROM validation_failure f WHERE f.id = handling.failure)));
CREATE POLICY api_writes ON handling FOR INSERT TO releve_api WITH CHECK (
    token = (SELECT releve_token()) AND (SELECT releve_role()) = 'operator'
    AND (EXISTS (SELECT 1 FROM event e WHERE e.id = handling.event)
         OR EXISTS (SELECT 1 FROM validation_failure f WHERE f.id = handling.failure)));

CREATE POLICY api_reads ON ledger_breach FOR SELECT TO releve_api USING (
    (SELECT releve_role()) IN ('operator', 'energy_manager')
    AND (EXISTS (SELECT 1 FROM meter m WHERE m.id = ledger_breach.meter_id)
         OR EXISTS (SELECT 1 FROM usage_group g WHERE g.id = ledger_breach.usage_group)));
CREATE POLICY api_reads ON job FOR SELECT TO releve_api USING ((SELECT releve_role()) = 'operator');
