-- Why: tariffs, contracts and bills. What a bill rests on is numbered: readings by their batch, and what people say
-- (contracts, off-peak hours, tariffs, published gas) by a version that is raised, one change after the other, so that a
-- bill computed again from the same two numbers is the same to the byte, whatever was learned since and however clocks
-- were set. An issued bill is never altered.
-- Locks: ACCESS EXCLUSIVE on contract, conversion_coefficient and usage_point for the length of this transaction, which rewrites none.

CREATE TABLE terms_version (
    one     boolean CONSTRAINT terms_version_pkey PRIMARY KEY DEFAULT true CONSTRAINT terms_version_one CHECK (one),
    version bigint NOT NULL
);
INSERT INTO terms_version (version) VALUES (0);

-- Raises the version and holds its row until the end of the transaction: whoever reads version n sees all that was said up
-- to it.
CREATE FUNCTION releve_next_terms() RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE public.terms_version SET version = version + 1 RETURNING version
$$;
REVOKE EXECUTE ON FUNCTION releve_next_terms() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION releve_next_terms() TO releve_work;

-- As releve_complete_batch says it, for those who need no token.
CREATE FUNCTION releve_decided_batch() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH decided (batch) AS (
        SELECT greatest(s.up_to, (SELECT max(b.watermark) FROM public.batch b WHERE b.batch >= s.up_to))
        FROM public.batch_sum s
    ), later (batch, without_gap) AS (
        SELECT b.batch, d.batch + row_number() OVER (ORDER BY b.batch)
        FROM decided d JOIN public.batch b ON b.batch > d.batch
    )
    SELECT coalesce((SELECT max(l.batch) FROM later l WHERE l.batch = l.without_gap), d.batch) FROM decided d
$$;
REVOKE EXECUTE ON FUNCTION releve_decided_batch() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION releve_decided_batch() TO releve_work;
CREATE OR REPLACE FUNCTION releve_complete_batch() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT d FROM public.releve_decided_batch() d WHERE public.releve_reads_data()
$$;

-- Tariffs, calendars and published days, as documents. A later one of an id supersedes it from `known_from` on.
CREATE TABLE tariff_document (
    id         text NOT NULL,
    known_from bigint NOT NULL,
    kind       text NOT NULL CONSTRAINT tariff_document_kind CHECK (kind IN ('tariff', 'calendar', 'published_days')),
    edition    integer NOT NULL CONSTRAINT tariff_document_edition CHECK (edition > 0),
    content    text NOT NULL CONSTRAINT tariff_document_size CHECK (octet_length(content) BETWEEN 2 AND 4194304),
    origin     text NOT NULL CONSTRAINT tariff_document_origin CHECK (origin IN ('shipped', 'added')),
    added_at   timestamptz NOT NULL DEFAULT now(),
    added_by   text NOT NULL DEFAULT session_user,
    CONSTRAINT tariff_document_pkey PRIMARY KEY (kind, id, known_from)
);

-- Adds a document by somebody with a token. Prices hold for everybody, so it takes an operator who sees everything. 'new', 'same'
-- when it is there already, or the edition that is known when this one is not later.
CREATE FUNCTION releve_add_tariff(document_kind text, document_id text, document_edition integer, document text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    before  public.tariff_document;
    version bigint;
    label   text;
BEGIN
    IF public.releve_role() IS DISTINCT FROM 'operator' OR NOT 'root' = ANY (public.releve_organisations()) THEN
        RAISE EXCEPTION 'tariffs are added by operators of everything' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM FROM public.terms_version FOR UPDATE; -- whoever adds at the same time waits
    SELECT d.* INTO before FROM public.tariff_document d WHERE d.kind = document_kind AND d.id = document_id
    ORDER BY d.known_from DESC LIMIT 1;
    IF before.content = document THEN
        RETURN 'same';
    END IF;
    IF before.edition >= document_edition THEN
        RETURN before.edition::text;
    END IF;
    SELECT i.label INTO label FROM public.releve_identity() i;
    version := public.releve_next_terms();
    INSERT INTO public.tariff_document (id, known_from, kind, edition, content, origin, added_by)
    VALUES (document_id, version, document_kind, document_edition, document, 'added', label);
    INSERT INTO public.audit (who, action, detail)
    VALUES (label, 'add_tariff', document_id || ' edition ' || document_edition);
    RETURN 'new';
END $$;
REVOKE EXECUTE ON FUNCTION releve_add_tariff(text, text, integer, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION releve_add_tariff(text, text, integer, text) TO releve_api;

-- `known_from`, `known_to`: versions; what was there before has been known since the beginning.
ALTER TABLE contract
    ADD COLUMN parameters text NOT NULL DEFAULT '',     -- "fta=BTINFMUDT;user=household_le36", by name
    ADD COLUMN daily_capacity_kwh bigint,
    ADD COLUMN meter_calendar text NOT NULL DEFAULT '', -- that the meter's supplier registers follow; empty: the tariff's
    ADD COLUMN known_from bigint NOT NULL DEFAULT 0,
    ADD COLUMN known_to bigint,
    DROP COLUMN offpeak_windows,
    DROP CONSTRAINT contract_no_overlap,
    ADD CONSTRAINT contract_no_overlap EXCLUDE USING gist (usage_point WITH =, validity WITH &&, int8range(known_from, known_to) WITH &&);

CREATE TABLE offpeak_period (
    id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT offpeak_period_pkey PRIMARY KEY,
    usage_point text NOT NULL CONSTRAINT offpeak_period_usage_point_fkey REFERENCES usage_point,
    windows     text NOT NULL,
    validity    daterange NOT NULL CONSTRAINT offpeak_period_not_empty CHECK (NOT isempty(validity)),
    known_from  bigint NOT NULL,
    known_to    bigint,
    CONSTRAINT offpeak_period_no_overlap EXCLUDE USING gist (usage_point WITH =, validity WITH &&, int8range(known_from, known_to) WITH &&)
);
CREATE INDEX offpeak_period_usage_point ON offpeak_period (usage_point);

-- Gas of some gas days as the network operator published it for bills; `to_day` is not included.
CREATE TABLE published_gas (
    id            bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT published_gas_pkey PRIMARY KEY,
    usage_point   text NOT NULL CONSTRAINT published_gas_usage_point_fkey REFERENCES usage_point,
    from_day      date NOT NULL,
    to_day        date NOT NULL,
    index_from_m3 bigint NOT NULL,
    index_to_m3   bigint NOT NULL,
    kwh_per_m3_e5 bigint NOT NULL,
    energy_kwh    bigint NOT NULL,
    quality       smallint NOT NULL,
    provisional   boolean NOT NULL DEFAULT false,
    known_from    bigint NOT NULL,
    known_to      bigint,
    CONSTRAINT published_gas_days CHECK (from_day < to_day)
);
CREATE INDEX published_gas_usage_point ON published_gas (usage_point, from_day);

ALTER TABLE conversion_coefficient
    ADD COLUMN known_from bigint NOT NULL DEFAULT 0,
    ADD COLUMN known_to bigint;

-- A demo may show a curve of other years: said on every output of the usage point.
ALTER TABLE usage_point ADD COLUMN played text NOT NULL DEFAULT '';

-- The document is what was computed, as text, and `hash` its SHA-256. It is compressed when it is large.
CREATE TABLE bill (
    id            bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT bill_pkey PRIMARY KEY,
    usage_point   text NOT NULL, -- see releve_billed_stays
    from_day      date NOT NULL,
    to_day        date NOT NULL,
    state         text NOT NULL CONSTRAINT bill_state CHECK (state IN ('draft', 'issued', 'cancelled')),
    corrects      bigint CONSTRAINT bill_corrects_fkey REFERENCES bill, -- an issued bill that this one takes the place of
    batch         bigint NOT NULL,
    terms         bigint NOT NULL,
    total_cents   bigint NOT NULL,
    energy_wh     bigint NOT NULL,
    rests         text NOT NULL CONSTRAINT bill_rests CHECK (rests IN ('read', 'estimated', 'mixed')),
    hash          bytea NOT NULL CONSTRAINT bill_hash CHECK (octet_length(hash) = 32),
    document      text NOT NULL,
    made_at       timestamptz NOT NULL DEFAULT now(),
    made_by       text NOT NULL DEFAULT session_user,
    issued_at     timestamptz,
    issued_by     text,
    cancelled_at  timestamptz,
    cancelled_by  text,
    reason        text NOT NULL DEFAULT '',
    run           bigint, -- of many bills at a time
    CONSTRAINT bill_days CHECK (from_day < to_day),
    CONSTRAINT bill_issued_once EXCLUDE USING gist (usage_point WITH =, daterange(from_day, to_day) WITH &&) WHERE (state = 'issued'),
    CONSTRAINT bill_states CHECK ((state = 'draft' AND issued_at IS NULL AND cancelled_at IS NULL)
                                  OR (state = 'issued' AND issued_at IS NOT NULL AND cancelled_at IS NULL)
                                  OR (state = 'cancelled' AND cancelled_at IS NOT NULL))
);
CREATE INDEX bill_usage_point ON bill (usage_point, from_day, id);
CREATE INDEX bill_corrects ON bill (corrects) WHERE corrects IS NOT NULL;
CREATE UNIQUE INDEX bill_of_run ON bill (run, usage_point) WHERE run IS NOT NULL;
DO $$
BEGIN
    ALTER TABLE bill ALTER COLUMN document SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN -- a server built without it compresses as it can
    NULL;
END $$;

-- Many bills at a time: what was asked, and how far it is. Its bills carry its number, so that it can go on where it stopped.
CREATE TABLE bill_run (
    id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT bill_run_pkey PRIMARY KEY,
    from_day    date NOT NULL,
    to_day      date NOT NULL,
    usage_group text NOT NULL DEFAULT '',
    batch       bigint NOT NULL,
    terms       bigint NOT NULL,
    asked_by    text NOT NULL DEFAULT session_user,
    started_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CONSTRAINT bill_run_days CHECK (from_day < to_day)
);
CREATE TABLE bill_run_failure (
    run         bigint NOT NULL CONSTRAINT bill_run_failure_run_fkey REFERENCES bill_run,
    usage_point text NOT NULL CONSTRAINT bill_run_failure_usage_point_fkey REFERENCES usage_point,
    reason      text NOT NULL,
    CONSTRAINT bill_run_failure_pkey PRIMARY KEY (run, usage_point)
);

-- An issued bill stays as it is, and so does a cancelled one; only its state goes on.
CREATE FUNCTION releve_bill_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state <> 'draft' THEN
            RAISE EXCEPTION 'an issued bill stays' USING ERRCODE = 'RL001';
        END IF;
        RETURN OLD;
    END IF;
    IF ROW (NEW.usage_point, NEW.from_day, NEW.to_day, NEW.corrects, NEW.batch, NEW.terms, NEW.total_cents, NEW.energy_wh, NEW.rests,
            NEW.hash, NEW.document, NEW.made_at, NEW.made_by, NEW.run)
       IS DISTINCT FROM
       ROW (OLD.usage_point, OLD.from_day, OLD.to_day, OLD.corrects, OLD.batch, OLD.terms, OLD.total_cents, OLD.energy_wh, OLD.rests,
            OLD.hash, OLD.document, OLD.made_at, OLD.made_by, OLD.run)
       OR OLD.state = 'cancelled' OR (OLD.state = 'issued' AND NEW.state <> 'cancelled') THEN
        RAISE EXCEPTION 'a bill is never altered, only issued or cancelled' USING ERRCODE = 'RL001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bill_stays BEFORE UPDATE OR DELETE ON bill FOR EACH ROW EXECUTE FUNCTION releve_bill_stays();

-- In place of a foreign key, which took a tenth of the time of a month's bills: a row of `bill` is only made of a usage point that
-- was just read, one with bills keeps its number, and no role of the product deletes one.
CREATE FUNCTION releve_billed_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.bill b WHERE b.usage_point = OLD.id) THEN
        RAISE EXCEPTION 'there are bills of usage point %', OLD.id USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER billed_deleted BEFORE DELETE ON usage_point FOR EACH ROW EXECUTE FUNCTION releve_billed_stays();
CREATE TRIGGER billed_renamed BEFORE UPDATE OF id ON usage_point FOR EACH ROW WHEN (NEW.id <> OLD.id) EXECUTE FUNCTION releve_billed_stays();

-- An index as somebody read it off the display: whole kWh, of gas m3. It stands beside the readings and is never one.
CREATE TABLE customer_read (
    id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT customer_read_pkey PRIMARY KEY,
    usage_point text NOT NULL CONSTRAINT customer_read_usage_point_fkey REFERENCES usage_point,
    register    text NOT NULL CONSTRAINT customer_read_register CHECK (register IN ('total', 'supplier_1', 'supplier_2', 'supplier_3', 'supplier_4', 'supplier_5',
                                                                                    'supplier_6', 'supplier_7', 'supplier_8', 'supplier_9', 'supplier_10')),
    read_at     timestamptz NOT NULL,
    value       bigint NOT NULL CONSTRAINT customer_read_value CHECK (value BETWEEN 0 AND 999999999),
    unit        text NOT NULL CONSTRAINT customer_read_unit CHECK (unit IN ('kWh', 'm3')),
    note        text NOT NULL DEFAULT '' CONSTRAINT customer_read_note CHECK (length(note) <= 500),
    token       bigint NOT NULL,
    told_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX customer_read_usage_point ON customer_read (usage_point, id);

-- Daily means outdoors where a group is, in tenths of a degree: why a month of heating costs more than another.
CREATE TABLE temperature_day (
    usage_group text NOT NULL CONSTRAINT temperature_day_usage_group_fkey REFERENCES usage_group ON DELETE CASCADE,
    day         date NOT NULL,
    mean_c_e1   smallint NOT NULL CONSTRAINT temperature_day_mean CHECK (mean_c_e1 BETWEEN -1000 AND 1000),
    CONSTRAINT temperature_day_pkey PRIMARY KEY (usage_group, day)
);

-- ---- rights

GRANT SELECT ON terms_version, tariff_document TO releve_api, releve_collect, releve_work;
GRANT INSERT ON tariff_document TO releve_work;
GRANT SELECT, INSERT, UPDATE ON offpeak_period, published_gas TO releve_work;
GRANT SELECT ON offpeak_period, published_gas, bill TO releve_api;
GRANT SELECT, INSERT, DELETE ON bill TO releve_work;
GRANT SELECT, INSERT, UPDATE, DELETE ON bill_run, bill_run_failure TO releve_work;
GRANT UPDATE (state, issued_at, issued_by, cancelled_at, cancelled_by, reason) ON bill TO releve_work, releve_api;
GRANT INSERT (usage_point, from_day, to_day, state, corrects, batch, terms, total_cents, energy_wh, rests, hash, document, made_by) ON bill TO releve_api;
GRANT SELECT ON overlay_history TO releve_work;
GRANT SELECT, INSERT, UPDATE ON temperature_day TO releve_work;
GRANT SELECT ON temperature_day TO releve_api;

GRANT SELECT, INSERT (usage_point, register, read_at, value, unit, note, token) ON customer_read TO releve_api;
GRANT SELECT, DELETE ON customer_read TO releve_work;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['offpeak_period', 'published_gas', 'customer_read', 'bill', 'bill_run', 'bill_run_failure', 'tariff_document', 'terms_version', 'temperature_day'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY staff ON %I TO releve_collect, releve_work USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;
-- Prices are nobody's secret.
CREATE POLICY api_reads ON tariff_document FOR SELECT TO releve_api USING (true);
CREATE POLICY api_reads ON terms_version FOR SELECT TO releve_api USING (true);
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['offpeak_period', 'published_gas', 'customer_read', 'bill'] LOOP
        EXECUTE format('CREATE POLICY api_reads ON %1$I FOR SELECT TO releve_api USING ((SELECT releve_reads_data()) '
                       'AND EXISTS (SELECT 1 FROM usage_point u WHERE u.id = %1$I.usage_point))', name);
    END LOOP;
END $$;
-- The weather is nobody's secret, but which groups there are is.
CREATE POLICY api_reads ON temperature_day FOR SELECT TO releve_api USING (
    EXISTS (SELECT 1 FROM usage_group_member g WHERE g.usage_group = temperature_day.usage_group));
-- Who runs the service or a town's energy makes and issues bills; a household sees its own.
CREATE POLICY api_writes ON bill FOR INSERT TO releve_api WITH CHECK (
    (SELECT releve_role()) IN ('operator', 'energy_manager')
    AND EXISTS (SELECT 1 FROM usage_point u WHERE u.id = bill.usage_point));
CREATE POLICY api_changes ON bill FOR UPDATE TO releve_api USING (
    (SELECT releve_role()) IN ('operator', 'energy_manager')
    AND EXISTS (SELECT 1 FROM usage_point u WHERE u.id = bill.usage_point));
CREATE POLICY api_writes ON customer_read FOR INSERT TO releve_api WITH CHECK (
    token = (SELECT releve_token()) AND (SELECT releve_reads_data())
    AND EXISTS (SELECT 1 FROM usage_point u WHERE u.id = customer_read.usage_point));
