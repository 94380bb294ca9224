-- Why: who may do what. Tables are granted to the three roles on purpose, by column where it matters; partitions to
-- nobody. What belongs to a usage point is under row-level security: releve_api sees what the token named by the setting
-- `releve.token` (hex SHA-256 of the token's text, set per transaction) allows now, and nothing without one.
-- Locks: ACCESS EXCLUSIVE on the tables of 001 to 004, for the length of this transaction, while they are new.

-- ---- who asks. The functions run as their owner, because releve_api may not read tokens.

CREATE FUNCTION releve_token() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.id FROM public.token t
    WHERE t.hash = encode(sha256(convert_to(current_setting('releve.token', true), 'UTF8')), 'hex')
      AND t.revoked_at IS NULL AND t.expires_at > now()
$$;

CREATE FUNCTION releve_role() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.role FROM public.token t WHERE t.id = public.releve_token()
$$;

-- Organisations of the token with all below them.
CREATE FUNCTION releve_organisations() RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE below (id) AS (
        SELECT s.organisation FROM public.token_organisation s WHERE s.token = public.releve_token()
        UNION
        SELECT o.id FROM public.organisation o JOIN below b ON o.parent = b.id
    )
    SELECT coalesce(array_agg(id), '{}') FROM below
$$;

CREATE FUNCTION releve_usage_points() RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(s.usage_point), '{}') FROM public.token_usage_point s WHERE s.token = public.releve_token()
$$;

-- Auditors see who read what, not what was read.
CREATE FUNCTION releve_reads_data() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(public.releve_role() IN ('operator', 'energy_manager', 'household'), false)
$$;

CREATE FUNCTION releve_identity(OUT id bigint, OUT role text, OUT label text, OUT expires_at timestamptz,
                                OUT organisations text[], OUT usage_points text[]) RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.id, t.role, t.label, t.expires_at,
           coalesce((SELECT array_agg(s.organisation ORDER BY s.organisation) FROM public.token_organisation s WHERE s.token = t.id), '{}'),
           coalesce((SELECT array_agg(s.usage_point ORDER BY s.usage_point) FROM public.token_usage_point s WHERE s.token = t.id), '{}')
    FROM public.token t WHERE t.id = public.releve_token()
$$;

-- Batches that meter_counter does not know yet tell when a meter was last heard. Only of meters the token may see.
CREATE FUNCTION releve_recently_heard(OUT meter_id integer, OUT heard_at timestamptz) RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT heard.meter_id, max(b.committed_at)
    FROM public.batch b CROSS JOIN LATERAL unnest(b.meter_ids) AS heard (meter_id)
    JOIN public.meter m ON m.id = heard.meter_id
    WHERE b.meter_ids IS NOT NULL AND public.releve_reads_data()
      AND (m.organisation = ANY ((SELECT public.releve_organisations())::text[])
           OR EXISTS (SELECT 1 FROM public.installation i WHERE i.meter_id = m.id
                      AND i.usage_point = ANY ((SELECT public.releve_usage_points())::text[])))
    GROUP BY 1
$$;

-- Auditors see refused messages of their meters without seeing the meters.
CREATE FUNCTION releve_meter_in_scope(meter integer) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM public.meter m
                   WHERE m.id = meter AND m.organisation = ANY ((SELECT public.releve_organisations())::text[]))
$$;

REVOKE EXECUTE ON FUNCTION releve_token(), releve_role(), releve_organisations(), releve_usage_points(),
    releve_reads_data(), releve_identity(), releve_recently_heard(), releve_meter_in_scope(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION releve_token(), releve_role(), releve_organisations(), releve_usage_points(),
    releve_reads_data(), releve_identity(), releve_recently_heard(), releve_meter_in_scope(integer) TO releve_api;

-- ---- grants

GRANT SELECT ON organisation, site, usage_point, collection_choice, meter, channel, installation, contract,
    interval_day, register_day, interval_overlay_day, daily_total, audit TO releve_api;
GRANT SELECT, INSERT ON access_log TO releve_api;
GRANT SELECT (id, reason, detail, received_at, peer, system_title, meter_id, counter, frame_bytes, retry_requested)
    ON quarantine TO releve_api;
GRANT SELECT (meter_id, last_accepted_at) ON meter_counter TO releve_api;
GRANT SELECT (batch, committed_at, frames, readings, refused) ON batch TO releve_api;
GRANT SELECT ON batch_sum TO releve_api;

GRANT SELECT ON usage_point, meter, meter_key, channel, installation, choice_version TO releve_collect;
GRANT SELECT, UPDATE ON choice_version TO releve_work;
GRANT SELECT, INSERT, UPDATE ON interval_day, register_day, daily_total, meter_counter, batch_sum TO releve_collect;
GRANT INSERT ON interval_history, register_history, daily_total_history TO releve_collect;
GRANT SELECT, INSERT, UPDATE, DELETE ON batch TO releve_collect;
GRANT SELECT, INSERT, DELETE ON frame_archive, undecoded, quarantine TO releve_collect;

GRANT SELECT, INSERT, UPDATE ON organisation, site, usage_point, collection_choice, meter, channel, installation,
    contract, daily_total TO releve_work;
GRANT INSERT, SELECT (meter_id, generation, fingerprint, validity, recorded_at), UPDATE (validity) ON meter_key TO releve_work;
GRANT INSERT (hash, role, label, expires_at), SELECT (id, role, label, created_at, expires_at, revoked_at),
    UPDATE (revoked_at) ON token TO releve_work;
GRANT SELECT, INSERT ON token_organisation, token_usage_point, audit TO releve_work;
GRANT SELECT ON access_log, batch TO releve_work;
GRANT SELECT, UPDATE ON register_day TO releve_work;
GRANT SELECT, DELETE ON register_history TO releve_work;
GRANT SELECT, DELETE ON interval_day, interval_history, interval_overlay_day, overlay_history, undecoded TO releve_work;
GRANT SELECT, UPDATE ON frame_archive, quarantine TO releve_work;
GRANT DELETE ON quarantine TO releve_work;

-- ---- row-level security. releve_collect and releve_work see all rows of what they are granted.

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'organisation', 'site', 'usage_point', 'collection_choice', 'meter', 'meter_key', 'channel', 'installation',
        'contract', 'token', 'token_organisation', 'token_usage_point', 'access_log', 'audit', 'interval_day',
        'register_day', 'interval_overlay_day', 'interval_history', 'register_history', 'overlay_history', 'daily_total',
        'daily_total_history', 'batch', 'batch_sum', 'frame_archive', 'undecoded', 'quarantine', 'meter_counter', 'choice_version'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY staff ON %I TO releve_collect, releve_work USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;

CREATE POLICY api_reads ON usage_point FOR SELECT TO releve_api USING (
    organisation = ANY ((SELECT releve_organisations())::text[]) OR id = ANY ((SELECT releve_usage_points())::text[]));

CREATE POLICY api_reads ON organisation FOR SELECT TO releve_api USING (
    id = ANY ((SELECT releve_organisations())::text[])
    OR EXISTS (SELECT 1 FROM usage_point u WHERE u.organisation = organisation.id));

CREATE POLICY api_reads ON site FOR SELECT TO releve_api USING (
    organisation = ANY ((SELECT releve_organisations())::text[])
    OR EXISTS (SELECT 1 FROM usage_point u WHERE u.site = site.id));

CREATE POLICY api_reads ON collection_choice FOR SELECT TO releve_api USING (
    EXISTS (SELECT 1 FROM usage_point u WHERE u.id = collection_choice.usage_point));

CREATE POLICY api_reads ON contract FOR SELECT TO releve_api USING (
    (SELECT releve_reads_data()) AND EXISTS (SELECT 1 FROM usage_point u WHERE u.id = contract.usage_point));

CREATE POLICY api_reads ON installation FOR SELECT TO releve_api USING (
    (SELECT releve_reads_data()) AND EXISTS (SELECT 1 FROM usage_point u WHERE u.id = installation.usage_point));

CREATE POLICY api_reads ON meter FOR SELECT TO releve_api USING (
    (SELECT releve_reads_data())
    AND (organisation = ANY ((SELECT releve_organisations())::text[])
         OR EXISTS (SELECT 1 FROM installation i WHERE i.meter_id = meter.id)));

CREATE POLICY api_reads ON channel FOR SELECT TO releve_api USING (
    EXISTS (SELECT 1 FROM meter m WHERE m.id = channel.meter_id));

CREATE POLICY api_reads ON meter_counter FOR SELECT TO releve_api USING (
    EXISTS (SELECT 1 FROM meter m WHERE m.id = meter_counter.meter_id));

-- A series belongs to an installation: its days count for the usage point where the meter then was. Half-hours show only
-- while the choice in force allows them.
CREATE POLICY api_reads ON interval_day FOR SELECT TO releve_api USING (
    EXISTS (SELECT 1 FROM installation i JOIN usage_point u ON u.id = i.usage_point
            WHERE i.meter_id = interval_day.meter_id AND u.collection = 'half_hour'
              AND i.validity && tstzrange(interval_day.day::timestamp AT TIME ZONE u.zone,
                                          (interval_day.day + 1)::timestamp AT TIME ZONE u.zone)));

CREATE POLICY api_reads ON interval_overlay_day FOR SELECT TO releve_api USING (
    EXISTS (SELECT 1 FROM installation i JOIN usage_point u ON u.id = i.usage_point
            WHERE i.meter_id = interval_overlay_day.meter_id AND u.collection = 'half_hour'
              AND i.validity && tstzrange(interval_overlay_day.day::timestamp AT TIME ZONE u.zone,
                                          (interval_overlay_day.day + 1)::timestamp AT TIME ZONE u.zone)));

CREATE POLICY api_reads ON register_day FOR SELECT TO releve_api USING (
    EXISTS (SELECT 1 FROM installation i JOIN usage_point u ON u.id = i.usage_point
            WHERE i.meter_id = register_day.meter_id
              AND i.validity && tstzrange(register_day.day::timestamp AT TIME ZONE u.zone,
                                          (register_day.day + 1)::timestamp AT TIME ZONE u.zone)));

CREATE POLICY api_reads ON daily_total FOR SELECT TO releve_api USING (
    (SELECT releve_reads_data()) AND EXISTS (SELECT 1 FROM usage_point u WHERE u.id = daily_total.usage_point));

CREATE POLICY api_reads ON access_log FOR SELECT TO releve_api USING (
    EXISTS (SELECT 1 FROM usage_point u WHERE u.id = access_log.usage_point));
CREATE POLICY api_writes ON access_log FOR INSERT TO releve_api WITH CHECK (
    token = (SELECT releve_token()) AND role = (SELECT releve_role())
    AND EXISTS (SELECT 1 FROM usage_point u WHERE u.id = access_log.usage_point));

CREATE POLICY api_reads ON audit FOR SELECT TO releve_api USING (
    (SELECT releve_role()) IN ('operator', 'auditor')
    AND (organisation = ANY ((SELECT releve_organisations())::text[])
         OR EXISTS (SELECT 1 FROM usage_point u WHERE u.id = audit.usage_point)));

-- What came from no known meter belongs to the root: only those who see everything see it.
CREATE POLICY api_reads ON quarantine FOR SELECT TO releve_api USING (
    (SELECT releve_role()) IN ('operator', 'auditor')
    AND ('root' = ANY ((SELECT releve_organisations())::text[])
         OR releve_meter_in_scope(meter_id)));

CREATE POLICY api_reads ON batch FOR SELECT TO releve_api USING ((SELECT releve_role()) = 'operator');
CREATE POLICY api_reads ON batch_sum FOR SELECT TO releve_api USING ((SELECT releve_role()) = 'operator');
