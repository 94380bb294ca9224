-- Why: who owns what, who may see it, and what each person agreed to. The database roles exist from the start, so that
-- every later table is granted to somebody on purpose: releve_collect writes readings, releve_api reads under row-level
-- security, releve_work administers. They have no password and cannot log in; the embedded cluster lets them.
-- Locks: only new objects; creating roles locks nothing that is in use.

CREATE EXTENSION IF NOT EXISTS btree_gist;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['releve_collect', 'releve_api', 'releve_work'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', name);
        END IF;
        -- The login of an external database works as one of them through SET ROLE.
        EXECUTE format('GRANT %I TO CURRENT_USER', name);
        EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', name);
    END LOOP;
END $$;

CREATE TABLE organisation (
    id     text CONSTRAINT organisation_pkey PRIMARY KEY,
    name   text NOT NULL,
    parent text CONSTRAINT organisation_parent_fkey REFERENCES organisation,
    CONSTRAINT organisation_id_form CHECK (id ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    CONSTRAINT organisation_not_own_parent CHECK (parent <> id)
);
CREATE INDEX organisation_parent ON organisation (parent);
CREATE UNIQUE INDEX organisation_one_root ON organisation ((parent IS NULL)) WHERE parent IS NULL;
INSERT INTO organisation (id, name) VALUES ('root', 'Relevé');

CREATE TABLE site (
    id           bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT site_pkey PRIMARY KEY,
    organisation text NOT NULL CONSTRAINT site_organisation_fkey REFERENCES organisation,
    name         text NOT NULL,
    kind         text NOT NULL CONSTRAINT site_kind CHECK (kind IN ('building', 'lighting', 'dwelling', 'other')),
    address      text,
    latitude     numeric(8, 6),
    longitude    numeric(9, 6),
    surface_m2   integer,
    tags         text[] NOT NULL DEFAULT '{}',
    CONSTRAINT site_with_organisation UNIQUE (id, organisation)
);

-- `organisation` stands here as well as in `site`, kept equal by the foreign key: a usage point may have no site, and
-- row-level security of sites looks at usage points, which therefore must not look at sites.
CREATE TABLE usage_point (
    id           text CONSTRAINT usage_point_pkey PRIMARY KEY,
    energy       text NOT NULL CONSTRAINT usage_point_energy CHECK (energy IN ('electricity', 'gas')),
    zone         text NOT NULL DEFAULT 'Europe/Paris',
    collection   text NOT NULL DEFAULT 'daily' CONSTRAINT usage_point_collection CHECK (collection IN ('daily', 'half_hour')),
    organisation text NOT NULL CONSTRAINT usage_point_organisation_fkey REFERENCES organisation,
    site         bigint,
    CONSTRAINT usage_point_id_form CHECK (id ~ '^([0-9]{14}|GI[0-9]{6})$'),
    CONSTRAINT usage_point_site_fkey FOREIGN KEY (site, organisation) REFERENCES site (id, organisation) ON UPDATE CASCADE
);
CREATE INDEX usage_point_organisation ON usage_point (organisation, id);
CREATE INDEX usage_point_site ON usage_point (site);

-- What the occupant chose, with its proof. usage_point.collection repeats the choice in force.
CREATE TABLE collection_choice (
    id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT collection_choice_pkey PRIMARY KEY,
    usage_point text NOT NULL CONSTRAINT collection_choice_usage_point_fkey REFERENCES usage_point,
    collection  text NOT NULL CONSTRAINT collection_choice_kind CHECK (collection IN ('daily', 'half_hour')),
    validity    tstzrange NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    recorded_by text NOT NULL DEFAULT session_user,
    how         text NOT NULL,
    proof       text NOT NULL,
    CONSTRAINT collection_choice_no_overlap EXCLUDE USING gist (usage_point WITH =, validity WITH &&)
);

-- A token's text is shown once. The API presents SHA-256 of it, and this table holds SHA-256 of that.
CREATE TABLE token (
    id         bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT token_pkey PRIMARY KEY,
    hash       text NOT NULL CONSTRAINT token_hash_key UNIQUE,
    role       text NOT NULL CONSTRAINT token_role CHECK (role IN ('operator', 'energy_manager', 'household', 'auditor')),
    label      text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT token_hash_form CHECK (hash ~ '^[0-9a-f]{64}$')
);
CREATE TABLE token_organisation (
    token        bigint CONSTRAINT token_organisation_token_fkey REFERENCES token,
    organisation text CONSTRAINT token_organisation_organisation_fkey REFERENCES organisation,
    CONSTRAINT token_organisation_pkey PRIMARY KEY (token, organisation)
);
CREATE TABLE token_usage_point (
    token       bigint CONSTRAINT token_usage_point_token_fkey REFERENCES token,
    usage_point text CONSTRAINT token_usage_point_usage_point_fkey REFERENCES usage_point,
    CONSTRAINT token_usage_point_pkey PRIMARY KEY (token, usage_point)
);

-- Who read a person's data. The person may read it.
CREATE TABLE access_log (
    id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT access_log_pkey PRIMARY KEY,
    at          timestamptz NOT NULL DEFAULT now(),
    token       bigint NOT NULL,
    role        text NOT NULL,
    who         text NOT NULL,
    usage_point text NOT NULL CONSTRAINT access_log_usage_point_fkey REFERENCES usage_point,
    what        text NOT NULL,
    day_from    date,
    day_to      date
);
CREATE INDEX access_log_usage_point ON access_log (usage_point, id);

-- What administrators changed.
CREATE TABLE audit (
    id           bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT audit_pkey PRIMARY KEY,
    at           timestamptz NOT NULL DEFAULT now(),
    who          text NOT NULL DEFAULT session_user,
    action       text NOT NULL,
    organisation text CONSTRAINT audit_organisation_fkey REFERENCES organisation,
    usage_point  text CONSTRAINT audit_usage_point_fkey REFERENCES usage_point,
    detail       text NOT NULL DEFAULT ''
);
CREATE INDEX audit_usage_point ON audit (usage_point, id);

-- Raised with every change of what a meter's readings may be kept as, in the same transaction: a writer whose meters are of
-- this version need not ask for each of them.
CREATE TABLE choice_version (
    one     boolean CONSTRAINT choice_version_pkey PRIMARY KEY DEFAULT true CONSTRAINT choice_version_one CHECK (one),
    version bigint NOT NULL
);
INSERT INTO choice_version (version) VALUES (0);
