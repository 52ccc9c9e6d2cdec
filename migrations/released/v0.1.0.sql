--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: shared; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA shared;


--
-- Name: system; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA system;


--
-- Name: t_01a1fe7c8c9a70478b8b6080f77ac8da; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA t_01a1fe7c8c9a70478b8b6080f77ac8da;


--
-- Name: enter(uuid, text); Type: FUNCTION; Schema: system; Owner: -
--

CREATE FUNCTION system.enter(tenant uuid, home text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
begin
    perform set_config('app.tenant_id', tenant::text, true),
            set_config('app.scope', '', true),
            set_config('search_path', quote_ident(home) || ', system', true);
    perform pg_advisory_xact_lock_shared(hashtextextended(tenant::text, 7));
    return exists (select from system.residents r where r.tenant_id = tenant and r.home_schema = home and r.open);
end
$$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: _sqlx_migrations; Type: TABLE; Schema: shared; Owner: -
--

CREATE TABLE shared._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);


--
-- Name: api_keys; Type: TABLE; Schema: shared; Owner: -
--

CREATE TABLE shared.api_keys (
    tenant_id uuid DEFAULT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    prefix text NOT NULL,
    secret_hash bytea NOT NULL,
    scopes text[] NOT NULL,
    created_by text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    rotated_to uuid,
    CONSTRAINT api_keys_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);

ALTER TABLE ONLY shared.api_keys FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE api_keys; Type: COMMENT; Schema: shared; Owner: -
--

COMMENT ON TABLE shared.api_keys IS 'Keys of programs that call the API; the secret is kept as a hash only.';


--
-- Name: audit_heads; Type: TABLE; Schema: shared; Owner: -
--

CREATE TABLE shared.audit_heads (
    tenant_id uuid DEFAULT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    streamed_seq bigint DEFAULT 0 NOT NULL
);

ALTER TABLE ONLY shared.audit_heads FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE audit_heads; Type: COMMENT; Schema: shared; Owner: -
--

COMMENT ON TABLE shared.audit_heads IS 'Last link of the chain; locking it orders writers, and a row cut off the end shows against it.';


--
-- Name: audit_log; Type: TABLE; Schema: shared; Owner: -
--

CREATE TABLE shared.audit_log (
    tenant_id uuid DEFAULT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid NOT NULL,
    seq bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    action text NOT NULL,
    entity_kind text NOT NULL,
    entity_id text NOT NULL,
    ip text,
    user_agent text,
    request_id text,
    changes json,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL
);

ALTER TABLE ONLY shared.audit_log FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE audit_log; Type: COMMENT; Schema: shared; Owner: -
--

COMMENT ON TABLE shared.audit_log IS 'Who did what, when and from where. Append-only by grants; each row carries the hash of the one before.';


--
-- Name: idempotency_keys; Type: TABLE; Schema: shared; Owner: -
--

CREATE TABLE shared.idempotency_keys (
    tenant_id uuid DEFAULT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid NOT NULL,
    id uuid NOT NULL,
    caller text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status integer,
    body_sealed bytea,
    created_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY shared.idempotency_keys FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE idempotency_keys; Type: COMMENT; Schema: shared; Owner: -
--

COMMENT ON TABLE shared.idempotency_keys IS 'Answers to requests that carried an Idempotency-Key; written in the transaction of their effect.';


--
-- Name: invitations; Type: TABLE; Schema: shared; Owner: -
--

CREATE TABLE shared.invitations (
    tenant_id uuid DEFAULT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid NOT NULL,
    id uuid NOT NULL,
    email_sealed bytea NOT NULL,
    email_index bytea NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    secret_hash bytea NOT NULL,
    invited_by uuid,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    accepted_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT invitations_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'manager'::text, 'sales_rep'::text, 'agent'::text, 'viewer'::text])))
);

ALTER TABLE ONLY shared.invitations FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE invitations; Type: COMMENT; Schema: shared; Owner: -
--

COMMENT ON TABLE shared.invitations IS 'Open and past invitations to this tenant.';


--
-- Name: sessions; Type: TABLE; Schema: shared; Owner: -
--

CREATE TABLE shared.sessions (
    tenant_id uuid DEFAULT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    generation integer DEFAULT 0 NOT NULL,
    method text NOT NULL,
    has_mfa boolean NOT NULL,
    ip text NOT NULL,
    user_agent text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_reason text,
    CONSTRAINT sessions_method_check CHECK ((method = ANY (ARRAY['password'::text, 'passkey'::text, 'sso'::text, 'invitation'::text])))
);

ALTER TABLE ONLY shared.sessions FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE sessions; Type: COMMENT; Schema: shared; Owner: -
--

COMMENT ON TABLE shared.sessions IS 'Signed-in devices; one row is one family of refresh tokens and generation counts its rotations.';


--
-- Name: settings; Type: TABLE; Schema: shared; Owner: -
--

CREATE TABLE shared.settings (
    tenant_id uuid DEFAULT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid NOT NULL,
    id uuid NOT NULL,
    mfa_roles text[] DEFAULT '{admin}'::text[] NOT NULL,
    session_days integer DEFAULT 30 NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT settings_session_days_check CHECK (((session_days >= 1) AND (session_days <= 90)))
);

ALTER TABLE ONLY shared.settings FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE settings; Type: COMMENT; Schema: shared; Owner: -
--

COMMENT ON TABLE shared.settings IS 'Security policy of the tenant; one row.';


--
-- Name: sso_connections; Type: TABLE; Schema: shared; Owner: -
--

CREATE TABLE shared.sso_connections (
    tenant_id uuid DEFAULT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid NOT NULL,
    id uuid NOT NULL,
    enabled boolean NOT NULL,
    issuer text NOT NULL,
    client_id text NOT NULL,
    client_secret_sealed bytea,
    audience text,
    scopes text[] NOT NULL,
    email_claim text NOT NULL,
    name_claim text NOT NULL,
    role_claim text,
    organization_claim text,
    organization text,
    role_map jsonb NOT NULL,
    default_role text,
    creates_users boolean NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT sso_connections_default_role_check CHECK ((default_role = ANY (ARRAY['manager'::text, 'sales_rep'::text, 'agent'::text, 'viewer'::text])))
);

ALTER TABLE ONLY shared.sso_connections FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE sso_connections; Type: COMMENT; Schema: shared; Owner: -
--

COMMENT ON TABLE shared.sso_connections IS 'OpenID Connect settings; at most one connection a tenant.';


--
-- Name: users; Type: TABLE; Schema: shared; Owner: -
--

CREATE TABLE shared.users (
    tenant_id uuid DEFAULT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid NOT NULL,
    id uuid NOT NULL,
    email_sealed bytea NOT NULL,
    email_index bytea NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    has_mfa boolean DEFAULT false NOT NULL,
    sso_subject text,
    created_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone,
    CONSTRAINT users_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT users_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'manager'::text, 'sales_rep'::text, 'agent'::text, 'viewer'::text]))),
    CONSTRAINT users_status_check CHECK ((status = ANY (ARRAY['active'::text, 'disabled'::text])))
);

ALTER TABLE ONLY shared.users FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE users; Type: COMMENT; Schema: shared; Owner: -
--

COMMENT ON TABLE shared.users IS 'People of this tenant with their role; id is the person''s id.';


--
-- Name: _sqlx_migrations; Type: TABLE; Schema: system; Owner: -
--

CREATE TABLE system._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);


--
-- Name: audit_heads; Type: TABLE; Schema: system; Owner: -
--

CREATE TABLE system.audit_heads (
    singleton boolean DEFAULT true NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    streamed_seq bigint DEFAULT 0 NOT NULL,
    CONSTRAINT audit_heads_singleton_check CHECK (singleton)
);

ALTER TABLE ONLY system.audit_heads FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE audit_heads; Type: COMMENT; Schema: system; Owner: -
--

COMMENT ON TABLE system.audit_heads IS 'Last link of system.audit_log; a row missing at the end shows against it.';


--
-- Name: COLUMN audit_heads.streamed_seq; Type: COMMENT; Schema: system; Owner: -
--

COMMENT ON COLUMN system.audit_heads.streamed_seq IS 'How far the log was sent to the collector of SOCIALAI_AUDIT_STREAM.';


--
-- Name: audit_log; Type: TABLE; Schema: system; Owner: -
--

CREATE TABLE system.audit_log (
    seq bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    action text NOT NULL,
    entity_kind text NOT NULL,
    entity_id text NOT NULL,
    ip text,
    user_agent text,
    request_id text,
    changes json,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL
);

ALTER TABLE ONLY system.audit_log FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE audit_log; Type: COMMENT; Schema: system; Owner: -
--

COMMENT ON TABLE system.audit_log IS 'What happened to people, tenants and keys; append-only and hash-chained like each tenant''s own log.';


--
-- Name: installation; Type: TABLE; Schema: system; Owner: -
--

CREATE TABLE system.installation (
    singleton boolean DEFAULT true NOT NULL,
    id uuid NOT NULL,
    blind_root_sealed bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT installation_singleton_check CHECK (singleton)
);

ALTER TABLE ONLY system.installation FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE installation; Type: COMMENT; Schema: system; Owner: -
--

COMMENT ON TABLE system.installation IS 'One row: identity of this installation and the sealed root of its blind indexes.';


--
-- Name: key_rotations; Type: TABLE; Schema: system; Owner: -
--

CREATE TABLE system.key_rotations (
    id uuid NOT NULL,
    to_version integer NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    done bigint DEFAULT 0 NOT NULL,
    total bigint NOT NULL
);

ALTER TABLE ONLY system.key_rotations FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE key_rotations; Type: COMMENT; Schema: system; Owner: -
--

COMMENT ON TABLE system.key_rotations IS 'Progress of re-encryption after a change of the master key.';


--
-- Name: login_attempts; Type: TABLE; Schema: system; Owner: -
--

CREATE TABLE system.login_attempts (
    bucket bytea NOT NULL,
    failures integer NOT NULL,
    first_at timestamp with time zone NOT NULL,
    blocked_until timestamp with time zone NOT NULL
);

ALTER TABLE ONLY system.login_attempts FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE login_attempts; Type: COMMENT; Schema: system; Owner: -
--

COMMENT ON TABLE system.login_attempts IS 'Failed log-ins by account and origin (keyed hashes, no names), for slowing down and locking.';


--
-- Name: memberships; Type: TABLE; Schema: system; Owner: -
--

CREATE TABLE system.memberships (
    person_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    last_used_at timestamp with time zone
);

ALTER TABLE ONLY system.memberships FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE memberships; Type: COMMENT; Schema: system; Owner: -
--

COMMENT ON TABLE system.memberships IS 'Hint: tenants in which a person may have a user row. The user row in the tenant is the truth.';


--
-- Name: outbox_mails; Type: TABLE; Schema: system; Owner: -
--

CREATE TABLE system.outbox_mails (
    id uuid NOT NULL,
    recipient text NOT NULL,
    subject text NOT NULL,
    body_sealed bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    tenant_id uuid
);

ALTER TABLE ONLY system.outbox_mails FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE outbox_mails; Type: COMMENT; Schema: system; Owner: -
--

COMMENT ON TABLE system.outbox_mails IS 'Mail of an installation that keeps an outbox instead of sending (the demo).';


--
-- Name: COLUMN outbox_mails.tenant_id; Type: COMMENT; Schema: system; Owner: -
--

COMMENT ON COLUMN system.outbox_mails.tenant_id IS 'Whose administrator may read it; null for mail to people of several workspaces.';


--
-- Name: passkeys; Type: TABLE; Schema: system; Owner: -
--

CREATE TABLE system.passkeys (
    id uuid NOT NULL,
    person_id uuid NOT NULL,
    credential_id bytea NOT NULL,
    name text NOT NULL,
    credential jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone,
    CONSTRAINT passkeys_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);

ALTER TABLE ONLY system.passkeys FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE passkeys; Type: COMMENT; Schema: system; Owner: -
--

COMMENT ON TABLE system.passkeys IS 'Public halves of the passkeys that people registered.';


--
-- Name: people; Type: TABLE; Schema: system; Owner: -
--

CREATE TABLE system.people (
    id uuid NOT NULL,
    email_sealed bytea NOT NULL,
    email_index bytea NOT NULL,
    name text NOT NULL,
    password_hash text,
    password_changed_at timestamp with time zone,
    totp_sealed bytea,
    totp_confirmed_at timestamp with time zone,
    totp_last_step bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT people_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

ALTER TABLE ONLY system.people FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE people; Type: COMMENT; Schema: system; Owner: -
--

COMMENT ON TABLE system.people IS 'Everybody who can sign in. What a person may do stands in the users table of each tenant.';


--
-- Name: recovery_codes; Type: TABLE; Schema: system; Owner: -
--

CREATE TABLE system.recovery_codes (
    id uuid NOT NULL,
    person_id uuid NOT NULL,
    code_hash bytea NOT NULL,
    used_at timestamp with time zone
);

ALTER TABLE ONLY system.recovery_codes FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE recovery_codes; Type: COMMENT; Schema: system; Owner: -
--

COMMENT ON TABLE system.recovery_codes IS 'One-time codes for people who lost their second factor; hashes only.';


--
-- Name: residents; Type: TABLE; Schema: system; Owner: -
--

CREATE TABLE system.residents (
    tenant_id uuid NOT NULL,
    home_schema text NOT NULL,
    open boolean DEFAULT true NOT NULL
);

ALTER TABLE ONLY system.residents FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE residents; Type: COMMENT; Schema: system; Owner: -
--

COMMENT ON TABLE system.residents IS 'Which tenants live in this database. The fence that keeps a stale process from writing to a place a tenant has left.';


--
-- Name: signing_keys; Type: TABLE; Schema: system; Owner: -
--

CREATE TABLE system.signing_keys (
    kid text NOT NULL,
    id uuid NOT NULL,
    private_sealed bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    retired_at timestamp with time zone
);

ALTER TABLE ONLY system.signing_keys FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE signing_keys; Type: COMMENT; Schema: system; Owner: -
--

COMMENT ON TABLE system.signing_keys IS 'RS256 keys of access tokens. Retired ones still verify until their last token expired.';


--
-- Name: tenants; Type: TABLE; Schema: system; Owner: -
--

CREATE TABLE system.tenants (
    id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    tier text NOT NULL,
    home_schema text NOT NULL,
    shard text,
    plan text DEFAULT 'standard'::text NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    move jsonb,
    created_at timestamp with time zone NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT tenants_check CHECK (((tier = 'shard'::text) = (shard IS NOT NULL))),
    CONSTRAINT tenants_home_schema_check CHECK ((home_schema ~ '^[a-z][a-z0-9_]*$'::text)),
    CONSTRAINT tenants_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT tenants_plan_check CHECK ((plan = ANY (ARRAY['standard'::text, 'enterprise'::text]))),
    CONSTRAINT tenants_slug_check CHECK (((slug ~ '^[a-z0-9](-?[a-z0-9])*$'::text) AND (length(slug) <= 40))),
    CONSTRAINT tenants_status_check CHECK ((status = ANY (ARRAY['active'::text, 'suspended'::text, 'deleted'::text]))),
    CONSTRAINT tenants_tier_check CHECK ((tier = ANY (ARRAY['shared'::text, 'schema'::text, 'shard'::text])))
);

ALTER TABLE ONLY system.tenants FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE tenants; Type: COMMENT; Schema: system; Owner: -
--

COMMENT ON TABLE system.tenants IS 'Registry: every tenant, its isolation tier and where its rows live.';


--
-- Name: tickets; Type: TABLE; Schema: system; Owner: -
--

CREATE TABLE system.tickets (
    id uuid NOT NULL,
    kind text NOT NULL,
    secret_hash bytea NOT NULL,
    person_id uuid,
    tenant_id uuid,
    data_sealed bytea,
    attempts integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);

ALTER TABLE ONLY system.tickets FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE tickets; Type: COMMENT; Schema: system; Owner: -
--

COMMENT ON TABLE system.tickets IS 'Short-lived single-use secrets: second step of a log-in, password reset, SSO state, passkey challenge.';


--
-- Name: _sqlx_migrations; Type: TABLE; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);


--
-- Name: api_keys; Type: TABLE; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.api_keys (
    tenant_id uuid DEFAULT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    prefix text NOT NULL,
    secret_hash bytea NOT NULL,
    scopes text[] NOT NULL,
    created_by text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    rotated_to uuid,
    CONSTRAINT api_keys_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.api_keys FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE api_keys; Type: COMMENT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

COMMENT ON TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.api_keys IS 'Keys of programs that call the API; the secret is kept as a hash only.';


--
-- Name: audit_heads; Type: TABLE; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.audit_heads (
    tenant_id uuid DEFAULT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    streamed_seq bigint DEFAULT 0 NOT NULL
);

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.audit_heads FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE audit_heads; Type: COMMENT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

COMMENT ON TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.audit_heads IS 'Last link of the chain; locking it orders writers, and a row cut off the end shows against it.';


--
-- Name: audit_log; Type: TABLE; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.audit_log (
    tenant_id uuid DEFAULT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid NOT NULL,
    seq bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    action text NOT NULL,
    entity_kind text NOT NULL,
    entity_id text NOT NULL,
    ip text,
    user_agent text,
    request_id text,
    changes json,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL
);

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.audit_log FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE audit_log; Type: COMMENT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

COMMENT ON TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.audit_log IS 'Who did what, when and from where. Append-only by grants; each row carries the hash of the one before.';


--
-- Name: idempotency_keys; Type: TABLE; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.idempotency_keys (
    tenant_id uuid DEFAULT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid NOT NULL,
    id uuid NOT NULL,
    caller text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status integer,
    body_sealed bytea,
    created_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.idempotency_keys FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE idempotency_keys; Type: COMMENT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

COMMENT ON TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.idempotency_keys IS 'Answers to requests that carried an Idempotency-Key; written in the transaction of their effect.';


--
-- Name: invitations; Type: TABLE; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.invitations (
    tenant_id uuid DEFAULT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid NOT NULL,
    id uuid NOT NULL,
    email_sealed bytea NOT NULL,
    email_index bytea NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    secret_hash bytea NOT NULL,
    invited_by uuid,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    accepted_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT invitations_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'manager'::text, 'sales_rep'::text, 'agent'::text, 'viewer'::text])))
);

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.invitations FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE invitations; Type: COMMENT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

COMMENT ON TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.invitations IS 'Open and past invitations to this tenant.';


--
-- Name: sessions; Type: TABLE; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.sessions (
    tenant_id uuid DEFAULT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    generation integer DEFAULT 0 NOT NULL,
    method text NOT NULL,
    has_mfa boolean NOT NULL,
    ip text NOT NULL,
    user_agent text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_reason text,
    CONSTRAINT sessions_method_check CHECK ((method = ANY (ARRAY['password'::text, 'passkey'::text, 'sso'::text, 'invitation'::text])))
);

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.sessions FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE sessions; Type: COMMENT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

COMMENT ON TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.sessions IS 'Signed-in devices; one row is one family of refresh tokens and generation counts its rotations.';


--
-- Name: settings; Type: TABLE; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.settings (
    tenant_id uuid DEFAULT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid NOT NULL,
    id uuid NOT NULL,
    mfa_roles text[] DEFAULT '{admin}'::text[] NOT NULL,
    session_days integer DEFAULT 30 NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT settings_session_days_check CHECK (((session_days >= 1) AND (session_days <= 90)))
);

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.settings FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE settings; Type: COMMENT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

COMMENT ON TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.settings IS 'Security policy of the tenant; one row.';


--
-- Name: sso_connections; Type: TABLE; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.sso_connections (
    tenant_id uuid DEFAULT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid NOT NULL,
    id uuid NOT NULL,
    enabled boolean NOT NULL,
    issuer text NOT NULL,
    client_id text NOT NULL,
    client_secret_sealed bytea,
    audience text,
    scopes text[] NOT NULL,
    email_claim text NOT NULL,
    name_claim text NOT NULL,
    role_claim text,
    organization_claim text,
    organization text,
    role_map jsonb NOT NULL,
    default_role text,
    creates_users boolean NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT sso_connections_default_role_check CHECK ((default_role = ANY (ARRAY['manager'::text, 'sales_rep'::text, 'agent'::text, 'viewer'::text])))
);

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.sso_connections FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE sso_connections; Type: COMMENT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

COMMENT ON TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.sso_connections IS 'OpenID Connect settings; at most one connection a tenant.';


--
-- Name: users; Type: TABLE; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.users (
    tenant_id uuid DEFAULT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid NOT NULL,
    id uuid NOT NULL,
    email_sealed bytea NOT NULL,
    email_index bytea NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    has_mfa boolean DEFAULT false NOT NULL,
    sso_subject text,
    created_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone,
    CONSTRAINT users_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT users_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'manager'::text, 'sales_rep'::text, 'agent'::text, 'viewer'::text]))),
    CONSTRAINT users_status_check CHECK ((status = ANY (ARRAY['active'::text, 'disabled'::text])))
);

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.users FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE users; Type: COMMENT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

COMMENT ON TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.users IS 'People of this tenant with their role; id is the person''s id.';


--
-- Data for Name: _sqlx_migrations; Type: TABLE DATA; Schema: shared; Owner: -
--

INSERT INTO shared._sqlx_migrations VALUES (1, 'foundation', '2026-11-21 14:22:17.188229+00', true, '\xb56f62c9e7a4b9b7f894112df8292c3ef2936faaa5a3211f23cba69f95d28d4667cb362a2a775895fc9a8d631fb5cf2d', 31761826);


--
-- Data for Name: api_keys; Type: TABLE DATA; Schema: shared; Owner: -
--



--
-- Data for Name: audit_heads; Type: TABLE DATA; Schema: shared; Owner: -
--

INSERT INTO shared.audit_heads VALUES ('01a1fe7c-8c4f-7582-92e3-b0cf9231b5fd', 1, '\x7a7b991194d45a854be6fb78054bc1491de8cae3f57cedffd81c2d75509210f0', 0);


--
-- Data for Name: audit_log; Type: TABLE DATA; Schema: shared; Owner: -
--

INSERT INTO shared.audit_log VALUES ('01a1fe7c-8c4f-7582-92e3-b0cf9231b5fd', 1, '2026-11-21 14:22:17.751883+00', 'system', 'dump', 'user.added', 'user', 'usr_01m7z7s34ce779ge9zz58fm3ge', NULL, NULL, NULL, '{"after":{"email":"a…@acme.test","name":"Ann Archer","role":"admin"},"before":{}}', '\x', '\x7a7b991194d45a854be6fb78054bc1491de8cae3f57cedffd81c2d75509210f0');


--
-- Data for Name: idempotency_keys; Type: TABLE DATA; Schema: shared; Owner: -
--



--
-- Data for Name: invitations; Type: TABLE DATA; Schema: shared; Owner: -
--



--
-- Data for Name: sessions; Type: TABLE DATA; Schema: shared; Owner: -
--



--
-- Data for Name: settings; Type: TABLE DATA; Schema: shared; Owner: -
--



--
-- Data for Name: sso_connections; Type: TABLE DATA; Schema: shared; Owner: -
--



--
-- Data for Name: users; Type: TABLE DATA; Schema: shared; Owner: -
--

INSERT INTO shared.users VALUES ('01a1fe7c-8c4f-7582-92e3-b0cf9231b5fd', '01a1fe7c-8c8c-71ce-9839-3ff950fa0e0e', '\x0100000001b878dfa801daeaeb4ae88e4bcf0266ec6428214c8547db7068e7106b21c041f11a389bd35423672160', '\x6eda23039ae5ab15587eb5cf0c58b4202cf7d3979f3711607d25c3dbf1c25b67', 'Ann Archer', 'admin', 'active', false, NULL, '2026-11-21 14:22:17.74838+00', NULL);


--
-- Data for Name: _sqlx_migrations; Type: TABLE DATA; Schema: system; Owner: -
--

INSERT INTO system._sqlx_migrations VALUES (1, 'foundation', '2026-11-21 14:22:17.141727+00', true, '\xb16ce7adb02690ae5393e6ed85bc7a83007c18d16e1da108d6dd96cc9363140debf278e8b33a70d3b05a881468ad3b81', 39790979);
INSERT INTO system._sqlx_migrations VALUES (2, 'stream audit log', '2026-11-21 14:22:17.182108+00', true, '\x160d2750ba85de0445014f27152da236d7758f24628c8f05e2dfe0c5176bf871da2d6b3afbc7430984e72d04ca9a5ec5', 842763);
INSERT INTO system._sqlx_migrations VALUES (3, 'outbox by workspace', '2026-11-21 14:22:17.183349+00', true, '\xe9d80a3e7b1e9042fcc86aafb721605d8657edfd4ad9f97551948b13f176c48c5bdfcf6bfe53d510a084a8adf6030d61', 740173);


--
-- Data for Name: audit_heads; Type: TABLE DATA; Schema: system; Owner: -
--

INSERT INTO system.audit_heads VALUES (true, 4, '\x3f243ae942bdb4ad3b9dc4c4af1ab8efd05bbb0310e6643bf3fda2e9b40c8767', 0);


--
-- Data for Name: audit_log; Type: TABLE DATA; Schema: system; Owner: -
--

INSERT INTO system.audit_log VALUES (1, '2026-11-21 14:22:17.684767+00', 'operator', 'command line', 'tenant.created', 'tenant', 'ten_01m7z7s32fep195rxgsy933dfx', NULL, NULL, NULL, '{"after":{"name":"acme","plan":"standard","slug":"acme","tier":"shared"},"before":{}}', '\x', '\xda9d72de34a143d5a0d01c32862c48df471ca2dae4b1e19630daa43e3d89ec08');
INSERT INTO system.audit_log VALUES (2, '2026-11-21 14:22:17.743671+00', 'system', 'dump', 'person.created', 'person', 'usr_01m7z7s34ce779ge9zz58fm3ge', NULL, NULL, NULL, '{"after":{"email":"a…@acme.test"},"before":{}}', '\xda9d72de34a143d5a0d01c32862c48df471ca2dae4b1e19630daa43e3d89ec08', '\x25b20e4a7d50a8b9b9e9d9e164ca4f13ed3c07daac6214a510d4410e58fae6c8');
INSERT INTO system.audit_log VALUES (3, '2026-11-21 14:22:17.827896+00', 'operator', 'command line', 'tenant.created', 'tenant', 'ten_01m7z7s34te13rq2v0g3vqnj6t', NULL, NULL, NULL, '{"after":{"name":"globex","plan":"standard","slug":"globex","tier":"schema"},"before":{}}', '\x25b20e4a7d50a8b9b9e9d9e164ca4f13ed3c07daac6214a510d4410e58fae6c8', '\x65261e14c24744680bf55eb6c32bc9706f65d0035c49718cbd6df74d1a4e837e');
INSERT INTO system.audit_log VALUES (4, '2026-11-21 14:22:17.82999+00', 'system', 'dump', 'person.created', 'person', 'usr_01m7z7s374ehv9rm3pqe7m81b3', NULL, NULL, NULL, '{"after":{"email":"g…@globex.test"},"before":{}}', '\x65261e14c24744680bf55eb6c32bc9706f65d0035c49718cbd6df74d1a4e837e', '\x3f243ae942bdb4ad3b9dc4c4af1ab8efd05bbb0310e6643bf3fda2e9b40c8767');


--
-- Data for Name: installation; Type: TABLE DATA; Schema: system; Owner: -
--

INSERT INTO system.installation VALUES (true, '01a1fe7c-8c2e-733a-9b0e-35c4802acfcd', '\x010000000163267f0df9825607fea015102d711854eabe06f82472925655c6336c22c24a992ca24f819c4a84500f9e832e5afa8f01bd09dd2e909d2fbe4ca8c0a7', '2026-11-21 14:22:17.676978+00');


--
-- Data for Name: key_rotations; Type: TABLE DATA; Schema: system; Owner: -
--



--
-- Data for Name: login_attempts; Type: TABLE DATA; Schema: system; Owner: -
--



--
-- Data for Name: memberships; Type: TABLE DATA; Schema: system; Owner: -
--

INSERT INTO system.memberships VALUES ('01a1fe7c-8c8c-71ce-9839-3ff950fa0e0e', '01a1fe7c-8c4f-7582-92e3-b0cf9231b5fd', NULL);
INSERT INTO system.memberships VALUES ('01a1fe7c-8ce4-7476-9c50-76bb8f440563', '01a1fe7c-8c9a-7047-8b8b-6080f77ac8da', NULL);


--
-- Data for Name: outbox_mails; Type: TABLE DATA; Schema: system; Owner: -
--



--
-- Data for Name: passkeys; Type: TABLE DATA; Schema: system; Owner: -
--



--
-- Data for Name: people; Type: TABLE DATA; Schema: system; Owner: -
--

INSERT INTO system.people VALUES ('01a1fe7c-8c8c-71ce-9839-3ff950fa0e0e', '\x01000000010b684903faf5a9e8396c4780447fa0f9088ebc9155bde9266f6899118c29f6c80a46d0e6b7882f5d61', '\x6c75c145af95b09158273b3cfb72d4e15c838fac62ce404dd6356186639b3fae', 'Ann Archer', NULL, NULL, NULL, NULL, 0, '2026-11-21 14:22:17.740157+00');
INSERT INTO system.people VALUES ('01a1fe7c-8ce4-7476-9c50-76bb8f440563', '\x010000000110453bace962a887fe79597a146744ec191e91ae2e5de4343051a72953f5b39aee665f9108ee980bc4c91d', '\xcf0c737eac5cc20581e155d22d87e7863b40d0ada70e8b55e2979b10fa86dbb4', 'Gus Grün', NULL, NULL, NULL, NULL, 0, '2026-11-21 14:22:17.829065+00');


--
-- Data for Name: recovery_codes; Type: TABLE DATA; Schema: system; Owner: -
--



--
-- Data for Name: residents; Type: TABLE DATA; Schema: system; Owner: -
--

INSERT INTO system.residents VALUES ('01a1fe7c-8c4f-7582-92e3-b0cf9231b5fd', 'shared', true);
INSERT INTO system.residents VALUES ('01a1fe7c-8c9a-7047-8b8b-6080f77ac8da', 't_01a1fe7c8c9a70478b8b6080f77ac8da', true);


--
-- Data for Name: signing_keys; Type: TABLE DATA; Schema: system; Owner: -
--



--
-- Data for Name: tenants; Type: TABLE DATA; Schema: system; Owner: -
--

INSERT INTO system.tenants VALUES ('01a1fe7c-8c4f-7582-92e3-b0cf9231b5fd', 'acme', 'acme', 'shared', 'shared', NULL, 'standard', 'active', NULL, '2026-11-21 14:22:17.681244+00', NULL);
INSERT INTO system.tenants VALUES ('01a1fe7c-8c9a-7047-8b8b-6080f77ac8da', 'globex', 'globex', 'schema', 't_01a1fe7c8c9a70478b8b6080f77ac8da', NULL, 'standard', 'active', NULL, '2026-11-21 14:22:17.827518+00', NULL);


--
-- Data for Name: tickets; Type: TABLE DATA; Schema: system; Owner: -
--



--
-- Data for Name: _sqlx_migrations; Type: TABLE DATA; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

INSERT INTO t_01a1fe7c8c9a70478b8b6080f77ac8da._sqlx_migrations VALUES (1, 'foundation', '2026-11-21 14:22:17.793159+00', true, '\xb56f62c9e7a4b9b7f894112df8292c3ef2936faaa5a3211f23cba69f95d28d4667cb362a2a775895fc9a8d631fb5cf2d', 31417410);


--
-- Data for Name: api_keys; Type: TABLE DATA; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--



--
-- Data for Name: audit_heads; Type: TABLE DATA; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

INSERT INTO t_01a1fe7c8c9a70478b8b6080f77ac8da.audit_heads VALUES ('01a1fe7c-8c9a-7047-8b8b-6080f77ac8da', 1, '\x015c38baf4646d301e8aff9d54deb15c61940aa175a6c4d3515a7ed8420ac2c2', 0);


--
-- Data for Name: audit_log; Type: TABLE DATA; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

INSERT INTO t_01a1fe7c8c9a70478b8b6080f77ac8da.audit_log VALUES ('01a1fe7c-8c9a-7047-8b8b-6080f77ac8da', 1, '2026-11-21 14:22:17.833285+00', 'system', 'dump', 'user.added', 'user', 'usr_01m7z7s374ehv9rm3pqe7m81b3', NULL, NULL, NULL, '{"after":{"email":"g…@globex.test","name":"Gus Grün","role":"agent"},"before":{}}', '\x', '\x015c38baf4646d301e8aff9d54deb15c61940aa175a6c4d3515a7ed8420ac2c2');


--
-- Data for Name: idempotency_keys; Type: TABLE DATA; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--



--
-- Data for Name: invitations; Type: TABLE DATA; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--



--
-- Data for Name: sessions; Type: TABLE DATA; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--



--
-- Data for Name: settings; Type: TABLE DATA; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--



--
-- Data for Name: sso_connections; Type: TABLE DATA; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--



--
-- Data for Name: users; Type: TABLE DATA; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

INSERT INTO t_01a1fe7c8c9a70478b8b6080f77ac8da.users VALUES ('01a1fe7c-8c9a-7047-8b8b-6080f77ac8da', '01a1fe7c-8ce4-7476-9c50-76bb8f440563', '\x0100000001be8fcf4cb7b1fd93168f040cf4f4c1cecae14718d067ff3c083ee0bb84af39caf5df7bdd0234897db311ba', '\x2d7ccb18796adbff17222063bbbf361580d59e5a85a1bc0151e514286422d9d8', 'Gus Grün', 'agent', 'active', false, NULL, '2026-11-21 14:22:17.832086+00', NULL);


--
-- Name: _sqlx_migrations _sqlx_migrations_pkey; Type: CONSTRAINT; Schema: shared; Owner: -
--

ALTER TABLE ONLY shared._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);


--
-- Name: api_keys api_keys_pkey; Type: CONSTRAINT; Schema: shared; Owner: -
--

ALTER TABLE ONLY shared.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: api_keys api_keys_tenant_id_prefix_key; Type: CONSTRAINT; Schema: shared; Owner: -
--

ALTER TABLE ONLY shared.api_keys
    ADD CONSTRAINT api_keys_tenant_id_prefix_key UNIQUE (tenant_id, prefix);


--
-- Name: audit_heads audit_heads_pkey; Type: CONSTRAINT; Schema: shared; Owner: -
--

ALTER TABLE ONLY shared.audit_heads
    ADD CONSTRAINT audit_heads_pkey PRIMARY KEY (tenant_id);


--
-- Name: audit_log audit_log_pkey; Type: CONSTRAINT; Schema: shared; Owner: -
--

ALTER TABLE ONLY shared.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (tenant_id, seq);


--
-- Name: idempotency_keys idempotency_keys_pkey; Type: CONSTRAINT; Schema: shared; Owner: -
--

ALTER TABLE ONLY shared.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: idempotency_keys idempotency_keys_tenant_id_caller_key_key; Type: CONSTRAINT; Schema: shared; Owner: -
--

ALTER TABLE ONLY shared.idempotency_keys
    ADD CONSTRAINT idempotency_keys_tenant_id_caller_key_key UNIQUE (tenant_id, caller, key);


--
-- Name: invitations invitations_pkey; Type: CONSTRAINT; Schema: shared; Owner: -
--

ALTER TABLE ONLY shared.invitations
    ADD CONSTRAINT invitations_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: sessions sessions_pkey; Type: CONSTRAINT; Schema: shared; Owner: -
--

ALTER TABLE ONLY shared.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: settings settings_pkey; Type: CONSTRAINT; Schema: shared; Owner: -
--

ALTER TABLE ONLY shared.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: settings settings_tenant_id_key; Type: CONSTRAINT; Schema: shared; Owner: -
--

ALTER TABLE ONLY shared.settings
    ADD CONSTRAINT settings_tenant_id_key UNIQUE (tenant_id);


--
-- Name: sso_connections sso_connections_pkey; Type: CONSTRAINT; Schema: shared; Owner: -
--

ALTER TABLE ONLY shared.sso_connections
    ADD CONSTRAINT sso_connections_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: sso_connections sso_connections_tenant_id_key; Type: CONSTRAINT; Schema: shared; Owner: -
--

ALTER TABLE ONLY shared.sso_connections
    ADD CONSTRAINT sso_connections_tenant_id_key UNIQUE (tenant_id);


--
-- Name: users users_pkey; Type: CONSTRAINT; Schema: shared; Owner: -
--

ALTER TABLE ONLY shared.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: users users_tenant_id_email_index_key; Type: CONSTRAINT; Schema: shared; Owner: -
--

ALTER TABLE ONLY shared.users
    ADD CONSTRAINT users_tenant_id_email_index_key UNIQUE (tenant_id, email_index);


--
-- Name: users users_tenant_id_sso_subject_key; Type: CONSTRAINT; Schema: shared; Owner: -
--

ALTER TABLE ONLY shared.users
    ADD CONSTRAINT users_tenant_id_sso_subject_key UNIQUE (tenant_id, sso_subject);


--
-- Name: _sqlx_migrations _sqlx_migrations_pkey; Type: CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);


--
-- Name: audit_heads audit_heads_pkey; Type: CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.audit_heads
    ADD CONSTRAINT audit_heads_pkey PRIMARY KEY (singleton);


--
-- Name: audit_log audit_log_pkey; Type: CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (seq);


--
-- Name: installation installation_pkey; Type: CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.installation
    ADD CONSTRAINT installation_pkey PRIMARY KEY (singleton);


--
-- Name: key_rotations key_rotations_pkey; Type: CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.key_rotations
    ADD CONSTRAINT key_rotations_pkey PRIMARY KEY (id);


--
-- Name: login_attempts login_attempts_pkey; Type: CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.login_attempts
    ADD CONSTRAINT login_attempts_pkey PRIMARY KEY (bucket);


--
-- Name: memberships memberships_pkey; Type: CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.memberships
    ADD CONSTRAINT memberships_pkey PRIMARY KEY (person_id, tenant_id);


--
-- Name: outbox_mails outbox_mails_pkey; Type: CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.outbox_mails
    ADD CONSTRAINT outbox_mails_pkey PRIMARY KEY (id);


--
-- Name: passkeys passkeys_credential_id_key; Type: CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.passkeys
    ADD CONSTRAINT passkeys_credential_id_key UNIQUE (credential_id);


--
-- Name: passkeys passkeys_pkey; Type: CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.passkeys
    ADD CONSTRAINT passkeys_pkey PRIMARY KEY (id);


--
-- Name: people people_email_index_key; Type: CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.people
    ADD CONSTRAINT people_email_index_key UNIQUE (email_index);


--
-- Name: people people_pkey; Type: CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.people
    ADD CONSTRAINT people_pkey PRIMARY KEY (id);


--
-- Name: recovery_codes recovery_codes_person_id_code_hash_key; Type: CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.recovery_codes
    ADD CONSTRAINT recovery_codes_person_id_code_hash_key UNIQUE (person_id, code_hash);


--
-- Name: recovery_codes recovery_codes_pkey; Type: CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.recovery_codes
    ADD CONSTRAINT recovery_codes_pkey PRIMARY KEY (id);


--
-- Name: residents residents_pkey; Type: CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.residents
    ADD CONSTRAINT residents_pkey PRIMARY KEY (tenant_id);


--
-- Name: signing_keys signing_keys_id_key; Type: CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.signing_keys
    ADD CONSTRAINT signing_keys_id_key UNIQUE (id);


--
-- Name: signing_keys signing_keys_pkey; Type: CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (kid);


--
-- Name: tenants tenants_pkey; Type: CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.tenants
    ADD CONSTRAINT tenants_pkey PRIMARY KEY (id);


--
-- Name: tenants tenants_slug_key; Type: CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.tenants
    ADD CONSTRAINT tenants_slug_key UNIQUE (slug);


--
-- Name: tickets tickets_pkey; Type: CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.tickets
    ADD CONSTRAINT tickets_pkey PRIMARY KEY (id);


--
-- Name: _sqlx_migrations _sqlx_migrations_pkey; Type: CONSTRAINT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);


--
-- Name: api_keys api_keys_pkey; Type: CONSTRAINT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: api_keys api_keys_tenant_id_prefix_key; Type: CONSTRAINT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.api_keys
    ADD CONSTRAINT api_keys_tenant_id_prefix_key UNIQUE (tenant_id, prefix);


--
-- Name: audit_heads audit_heads_pkey; Type: CONSTRAINT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.audit_heads
    ADD CONSTRAINT audit_heads_pkey PRIMARY KEY (tenant_id);


--
-- Name: audit_log audit_log_pkey; Type: CONSTRAINT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (tenant_id, seq);


--
-- Name: idempotency_keys idempotency_keys_pkey; Type: CONSTRAINT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: idempotency_keys idempotency_keys_tenant_id_caller_key_key; Type: CONSTRAINT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.idempotency_keys
    ADD CONSTRAINT idempotency_keys_tenant_id_caller_key_key UNIQUE (tenant_id, caller, key);


--
-- Name: invitations invitations_pkey; Type: CONSTRAINT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.invitations
    ADD CONSTRAINT invitations_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: sessions sessions_pkey; Type: CONSTRAINT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: settings settings_pkey; Type: CONSTRAINT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: settings settings_tenant_id_key; Type: CONSTRAINT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.settings
    ADD CONSTRAINT settings_tenant_id_key UNIQUE (tenant_id);


--
-- Name: sso_connections sso_connections_pkey; Type: CONSTRAINT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.sso_connections
    ADD CONSTRAINT sso_connections_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: sso_connections sso_connections_tenant_id_key; Type: CONSTRAINT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.sso_connections
    ADD CONSTRAINT sso_connections_tenant_id_key UNIQUE (tenant_id);


--
-- Name: users users_pkey; Type: CONSTRAINT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: users users_tenant_id_email_index_key; Type: CONSTRAINT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.users
    ADD CONSTRAINT users_tenant_id_email_index_key UNIQUE (tenant_id, email_index);


--
-- Name: users users_tenant_id_sso_subject_key; Type: CONSTRAINT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.users
    ADD CONSTRAINT users_tenant_id_sso_subject_key UNIQUE (tenant_id, sso_subject);


--
-- Name: api_keys_recent; Type: INDEX; Schema: shared; Owner: -
--

CREATE INDEX api_keys_recent ON shared.api_keys USING btree (tenant_id, created_at, id);


--
-- Name: audit_log_action; Type: INDEX; Schema: shared; Owner: -
--

CREATE INDEX audit_log_action ON shared.audit_log USING btree (tenant_id, action, seq);


--
-- Name: audit_log_actor; Type: INDEX; Schema: shared; Owner: -
--

CREATE INDEX audit_log_actor ON shared.audit_log USING btree (tenant_id, actor_id, seq);


--
-- Name: audit_log_entity; Type: INDEX; Schema: shared; Owner: -
--

CREATE INDEX audit_log_entity ON shared.audit_log USING btree (tenant_id, entity_kind, entity_id, seq);


--
-- Name: audit_log_time; Type: INDEX; Schema: shared; Owner: -
--

CREATE INDEX audit_log_time ON shared.audit_log USING btree (tenant_id, at);


--
-- Name: idempotency_keys_age; Type: INDEX; Schema: shared; Owner: -
--

CREATE INDEX idempotency_keys_age ON shared.idempotency_keys USING btree (tenant_id, created_at);


--
-- Name: invitations_pending; Type: INDEX; Schema: shared; Owner: -
--

CREATE UNIQUE INDEX invitations_pending ON shared.invitations USING btree (tenant_id, email_index) WHERE ((accepted_at IS NULL) AND (revoked_at IS NULL));


--
-- Name: invitations_recent; Type: INDEX; Schema: shared; Owner: -
--

CREATE INDEX invitations_recent ON shared.invitations USING btree (tenant_id, created_at, id);


--
-- Name: sessions_user; Type: INDEX; Schema: shared; Owner: -
--

CREATE INDEX sessions_user ON shared.sessions USING btree (tenant_id, user_id, created_at);


--
-- Name: users_name; Type: INDEX; Schema: shared; Owner: -
--

CREATE INDEX users_name ON shared.users USING btree (tenant_id, lower(name), id);


--
-- Name: login_attempts_age; Type: INDEX; Schema: system; Owner: -
--

CREATE INDEX login_attempts_age ON system.login_attempts USING btree (first_at);


--
-- Name: memberships_tenant; Type: INDEX; Schema: system; Owner: -
--

CREATE INDEX memberships_tenant ON system.memberships USING btree (tenant_id);


--
-- Name: passkeys_person; Type: INDEX; Schema: system; Owner: -
--

CREATE INDEX passkeys_person ON system.passkeys USING btree (person_id);


--
-- Name: tickets_expiry; Type: INDEX; Schema: system; Owner: -
--

CREATE INDEX tickets_expiry ON system.tickets USING btree (expires_at);


--
-- Name: api_keys_recent; Type: INDEX; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE INDEX api_keys_recent ON t_01a1fe7c8c9a70478b8b6080f77ac8da.api_keys USING btree (tenant_id, created_at, id);


--
-- Name: audit_log_action; Type: INDEX; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE INDEX audit_log_action ON t_01a1fe7c8c9a70478b8b6080f77ac8da.audit_log USING btree (tenant_id, action, seq);


--
-- Name: audit_log_actor; Type: INDEX; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE INDEX audit_log_actor ON t_01a1fe7c8c9a70478b8b6080f77ac8da.audit_log USING btree (tenant_id, actor_id, seq);


--
-- Name: audit_log_entity; Type: INDEX; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE INDEX audit_log_entity ON t_01a1fe7c8c9a70478b8b6080f77ac8da.audit_log USING btree (tenant_id, entity_kind, entity_id, seq);


--
-- Name: audit_log_time; Type: INDEX; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE INDEX audit_log_time ON t_01a1fe7c8c9a70478b8b6080f77ac8da.audit_log USING btree (tenant_id, at);


--
-- Name: idempotency_keys_age; Type: INDEX; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE INDEX idempotency_keys_age ON t_01a1fe7c8c9a70478b8b6080f77ac8da.idempotency_keys USING btree (tenant_id, created_at);


--
-- Name: invitations_pending; Type: INDEX; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE UNIQUE INDEX invitations_pending ON t_01a1fe7c8c9a70478b8b6080f77ac8da.invitations USING btree (tenant_id, email_index) WHERE ((accepted_at IS NULL) AND (revoked_at IS NULL));


--
-- Name: invitations_recent; Type: INDEX; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE INDEX invitations_recent ON t_01a1fe7c8c9a70478b8b6080f77ac8da.invitations USING btree (tenant_id, created_at, id);


--
-- Name: sessions_user; Type: INDEX; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE INDEX sessions_user ON t_01a1fe7c8c9a70478b8b6080f77ac8da.sessions USING btree (tenant_id, user_id, created_at);


--
-- Name: users_name; Type: INDEX; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE INDEX users_name ON t_01a1fe7c8c9a70478b8b6080f77ac8da.users USING btree (tenant_id, lower(name), id);


--
-- Name: sessions sessions_tenant_id_user_id_fkey; Type: FK CONSTRAINT; Schema: shared; Owner: -
--

ALTER TABLE ONLY shared.sessions
    ADD CONSTRAINT sessions_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES shared.users(tenant_id, id) ON DELETE CASCADE;


--
-- Name: memberships memberships_person_id_fkey; Type: FK CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.memberships
    ADD CONSTRAINT memberships_person_id_fkey FOREIGN KEY (person_id) REFERENCES system.people(id) ON DELETE CASCADE;


--
-- Name: memberships memberships_tenant_id_fkey; Type: FK CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.memberships
    ADD CONSTRAINT memberships_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES system.tenants(id) ON DELETE CASCADE;


--
-- Name: passkeys passkeys_person_id_fkey; Type: FK CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.passkeys
    ADD CONSTRAINT passkeys_person_id_fkey FOREIGN KEY (person_id) REFERENCES system.people(id) ON DELETE CASCADE;


--
-- Name: recovery_codes recovery_codes_person_id_fkey; Type: FK CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.recovery_codes
    ADD CONSTRAINT recovery_codes_person_id_fkey FOREIGN KEY (person_id) REFERENCES system.people(id) ON DELETE CASCADE;


--
-- Name: tickets tickets_person_id_fkey; Type: FK CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.tickets
    ADD CONSTRAINT tickets_person_id_fkey FOREIGN KEY (person_id) REFERENCES system.people(id) ON DELETE CASCADE;


--
-- Name: tickets tickets_tenant_id_fkey; Type: FK CONSTRAINT; Schema: system; Owner: -
--

ALTER TABLE ONLY system.tickets
    ADD CONSTRAINT tickets_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES system.tenants(id) ON DELETE CASCADE;


--
-- Name: sessions sessions_tenant_id_user_id_fkey; Type: FK CONSTRAINT; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE ONLY t_01a1fe7c8c9a70478b8b6080f77ac8da.sessions
    ADD CONSTRAINT sessions_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES t_01a1fe7c8c9a70478b8b6080f77ac8da.users(tenant_id, id) ON DELETE CASCADE;


--
-- Name: api_keys; Type: ROW SECURITY; Schema: shared; Owner: -
--

ALTER TABLE shared.api_keys ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_heads; Type: ROW SECURITY; Schema: shared; Owner: -
--

ALTER TABLE shared.audit_heads ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_log; Type: ROW SECURITY; Schema: shared; Owner: -
--

ALTER TABLE shared.audit_log ENABLE ROW LEVEL SECURITY;

--
-- Name: idempotency_keys; Type: ROW SECURITY; Schema: shared; Owner: -
--

ALTER TABLE shared.idempotency_keys ENABLE ROW LEVEL SECURITY;

--
-- Name: invitations; Type: ROW SECURITY; Schema: shared; Owner: -
--

ALTER TABLE shared.invitations ENABLE ROW LEVEL SECURITY;

--
-- Name: api_keys own_tenant; Type: POLICY; Schema: shared; Owner: -
--

CREATE POLICY own_tenant ON shared.api_keys TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: audit_heads own_tenant; Type: POLICY; Schema: shared; Owner: -
--

CREATE POLICY own_tenant ON shared.audit_heads TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: audit_log own_tenant; Type: POLICY; Schema: shared; Owner: -
--

CREATE POLICY own_tenant ON shared.audit_log TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: idempotency_keys own_tenant; Type: POLICY; Schema: shared; Owner: -
--

CREATE POLICY own_tenant ON shared.idempotency_keys TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: invitations own_tenant; Type: POLICY; Schema: shared; Owner: -
--

CREATE POLICY own_tenant ON shared.invitations TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: sessions own_tenant; Type: POLICY; Schema: shared; Owner: -
--

CREATE POLICY own_tenant ON shared.sessions TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: settings own_tenant; Type: POLICY; Schema: shared; Owner: -
--

CREATE POLICY own_tenant ON shared.settings TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: sso_connections own_tenant; Type: POLICY; Schema: shared; Owner: -
--

CREATE POLICY own_tenant ON shared.sso_connections TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: users own_tenant; Type: POLICY; Schema: shared; Owner: -
--

CREATE POLICY own_tenant ON shared.users TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: sessions; Type: ROW SECURITY; Schema: shared; Owner: -
--

ALTER TABLE shared.sessions ENABLE ROW LEVEL SECURITY;

--
-- Name: settings; Type: ROW SECURITY; Schema: shared; Owner: -
--

ALTER TABLE shared.settings ENABLE ROW LEVEL SECURITY;

--
-- Name: sso_connections; Type: ROW SECURITY; Schema: shared; Owner: -
--

ALTER TABLE shared.sso_connections ENABLE ROW LEVEL SECURITY;

--
-- Name: users; Type: ROW SECURITY; Schema: shared; Owner: -
--

ALTER TABLE shared.users ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_heads; Type: ROW SECURITY; Schema: system; Owner: -
--

ALTER TABLE system.audit_heads ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_log; Type: ROW SECURITY; Schema: system; Owner: -
--

ALTER TABLE system.audit_log ENABLE ROW LEVEL SECURITY;

--
-- Name: installation; Type: ROW SECURITY; Schema: system; Owner: -
--

ALTER TABLE system.installation ENABLE ROW LEVEL SECURITY;

--
-- Name: key_rotations; Type: ROW SECURITY; Schema: system; Owner: -
--

ALTER TABLE system.key_rotations ENABLE ROW LEVEL SECURITY;

--
-- Name: login_attempts; Type: ROW SECURITY; Schema: system; Owner: -
--

ALTER TABLE system.login_attempts ENABLE ROW LEVEL SECURITY;

--
-- Name: memberships; Type: ROW SECURITY; Schema: system; Owner: -
--

ALTER TABLE system.memberships ENABLE ROW LEVEL SECURITY;

--
-- Name: outbox_mails; Type: ROW SECURITY; Schema: system; Owner: -
--

ALTER TABLE system.outbox_mails ENABLE ROW LEVEL SECURITY;

--
-- Name: residents own_tenant_or_system; Type: POLICY; Schema: system; Owner: -
--

CREATE POLICY own_tenant_or_system ON system.residents TO socialai_app USING (((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid) OR (current_setting('app.scope'::text, true) = 'system'::text)));


--
-- Name: passkeys; Type: ROW SECURITY; Schema: system; Owner: -
--

ALTER TABLE system.passkeys ENABLE ROW LEVEL SECURITY;

--
-- Name: people; Type: ROW SECURITY; Schema: system; Owner: -
--

ALTER TABLE system.people ENABLE ROW LEVEL SECURITY;

--
-- Name: recovery_codes; Type: ROW SECURITY; Schema: system; Owner: -
--

ALTER TABLE system.recovery_codes ENABLE ROW LEVEL SECURITY;

--
-- Name: residents; Type: ROW SECURITY; Schema: system; Owner: -
--

ALTER TABLE system.residents ENABLE ROW LEVEL SECURITY;

--
-- Name: signing_keys; Type: ROW SECURITY; Schema: system; Owner: -
--

ALTER TABLE system.signing_keys ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_heads system_scope; Type: POLICY; Schema: system; Owner: -
--

CREATE POLICY system_scope ON system.audit_heads TO socialai_app USING ((current_setting('app.scope'::text, true) = 'system'::text));


--
-- Name: audit_log system_scope; Type: POLICY; Schema: system; Owner: -
--

CREATE POLICY system_scope ON system.audit_log TO socialai_app USING ((current_setting('app.scope'::text, true) = 'system'::text));


--
-- Name: installation system_scope; Type: POLICY; Schema: system; Owner: -
--

CREATE POLICY system_scope ON system.installation TO socialai_app USING ((current_setting('app.scope'::text, true) = 'system'::text));


--
-- Name: key_rotations system_scope; Type: POLICY; Schema: system; Owner: -
--

CREATE POLICY system_scope ON system.key_rotations TO socialai_app USING ((current_setting('app.scope'::text, true) = 'system'::text));


--
-- Name: login_attempts system_scope; Type: POLICY; Schema: system; Owner: -
--

CREATE POLICY system_scope ON system.login_attempts TO socialai_app USING ((current_setting('app.scope'::text, true) = 'system'::text));


--
-- Name: memberships system_scope; Type: POLICY; Schema: system; Owner: -
--

CREATE POLICY system_scope ON system.memberships TO socialai_app USING ((current_setting('app.scope'::text, true) = 'system'::text));


--
-- Name: outbox_mails system_scope; Type: POLICY; Schema: system; Owner: -
--

CREATE POLICY system_scope ON system.outbox_mails TO socialai_app USING ((current_setting('app.scope'::text, true) = 'system'::text));


--
-- Name: passkeys system_scope; Type: POLICY; Schema: system; Owner: -
--

CREATE POLICY system_scope ON system.passkeys TO socialai_app USING ((current_setting('app.scope'::text, true) = 'system'::text));


--
-- Name: people system_scope; Type: POLICY; Schema: system; Owner: -
--

CREATE POLICY system_scope ON system.people TO socialai_app USING ((current_setting('app.scope'::text, true) = 'system'::text));


--
-- Name: recovery_codes system_scope; Type: POLICY; Schema: system; Owner: -
--

CREATE POLICY system_scope ON system.recovery_codes TO socialai_app USING ((current_setting('app.scope'::text, true) = 'system'::text));


--
-- Name: signing_keys system_scope; Type: POLICY; Schema: system; Owner: -
--

CREATE POLICY system_scope ON system.signing_keys TO socialai_app USING ((current_setting('app.scope'::text, true) = 'system'::text));


--
-- Name: tenants system_scope; Type: POLICY; Schema: system; Owner: -
--

CREATE POLICY system_scope ON system.tenants TO socialai_app USING ((current_setting('app.scope'::text, true) = 'system'::text));


--
-- Name: tickets system_scope; Type: POLICY; Schema: system; Owner: -
--

CREATE POLICY system_scope ON system.tickets TO socialai_app USING ((current_setting('app.scope'::text, true) = 'system'::text));


--
-- Name: tenants; Type: ROW SECURITY; Schema: system; Owner: -
--

ALTER TABLE system.tenants ENABLE ROW LEVEL SECURITY;

--
-- Name: tickets; Type: ROW SECURITY; Schema: system; Owner: -
--

ALTER TABLE system.tickets ENABLE ROW LEVEL SECURITY;

--
-- Name: api_keys; Type: ROW SECURITY; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.api_keys ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_heads; Type: ROW SECURITY; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.audit_heads ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_log; Type: ROW SECURITY; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.audit_log ENABLE ROW LEVEL SECURITY;

--
-- Name: idempotency_keys; Type: ROW SECURITY; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.idempotency_keys ENABLE ROW LEVEL SECURITY;

--
-- Name: invitations; Type: ROW SECURITY; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.invitations ENABLE ROW LEVEL SECURITY;

--
-- Name: api_keys own_tenant; Type: POLICY; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE POLICY own_tenant ON t_01a1fe7c8c9a70478b8b6080f77ac8da.api_keys TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: audit_heads own_tenant; Type: POLICY; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE POLICY own_tenant ON t_01a1fe7c8c9a70478b8b6080f77ac8da.audit_heads TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: audit_log own_tenant; Type: POLICY; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE POLICY own_tenant ON t_01a1fe7c8c9a70478b8b6080f77ac8da.audit_log TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: idempotency_keys own_tenant; Type: POLICY; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE POLICY own_tenant ON t_01a1fe7c8c9a70478b8b6080f77ac8da.idempotency_keys TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: invitations own_tenant; Type: POLICY; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE POLICY own_tenant ON t_01a1fe7c8c9a70478b8b6080f77ac8da.invitations TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: sessions own_tenant; Type: POLICY; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE POLICY own_tenant ON t_01a1fe7c8c9a70478b8b6080f77ac8da.sessions TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: settings own_tenant; Type: POLICY; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE POLICY own_tenant ON t_01a1fe7c8c9a70478b8b6080f77ac8da.settings TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: sso_connections own_tenant; Type: POLICY; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE POLICY own_tenant ON t_01a1fe7c8c9a70478b8b6080f77ac8da.sso_connections TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: users own_tenant; Type: POLICY; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

CREATE POLICY own_tenant ON t_01a1fe7c8c9a70478b8b6080f77ac8da.users TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: sessions; Type: ROW SECURITY; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.sessions ENABLE ROW LEVEL SECURITY;

--
-- Name: settings; Type: ROW SECURITY; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.settings ENABLE ROW LEVEL SECURITY;

--
-- Name: sso_connections; Type: ROW SECURITY; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.sso_connections ENABLE ROW LEVEL SECURITY;

--
-- Name: users; Type: ROW SECURITY; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

ALTER TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.users ENABLE ROW LEVEL SECURITY;

--
-- Name: SCHEMA shared; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA shared TO socialai_app;


--
-- Name: SCHEMA system; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA system TO socialai_app;


--
-- Name: SCHEMA t_01a1fe7c8c9a70478b8b6080f77ac8da; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA t_01a1fe7c8c9a70478b8b6080f77ac8da TO socialai_app;


--
-- Name: FUNCTION enter(tenant uuid, home text); Type: ACL; Schema: system; Owner: -
--

REVOKE ALL ON FUNCTION system.enter(tenant uuid, home text) FROM PUBLIC;
GRANT ALL ON FUNCTION system.enter(tenant uuid, home text) TO socialai_app;


--
-- Name: TABLE _sqlx_migrations; Type: ACL; Schema: shared; Owner: -
--

GRANT SELECT ON TABLE shared._sqlx_migrations TO socialai_app;


--
-- Name: TABLE api_keys; Type: ACL; Schema: shared; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE shared.api_keys TO socialai_app;


--
-- Name: TABLE audit_heads; Type: ACL; Schema: shared; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE shared.audit_heads TO socialai_app;


--
-- Name: TABLE audit_log; Type: ACL; Schema: shared; Owner: -
--

GRANT SELECT,INSERT ON TABLE shared.audit_log TO socialai_app;


--
-- Name: TABLE idempotency_keys; Type: ACL; Schema: shared; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE shared.idempotency_keys TO socialai_app;


--
-- Name: TABLE invitations; Type: ACL; Schema: shared; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE shared.invitations TO socialai_app;


--
-- Name: TABLE sessions; Type: ACL; Schema: shared; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE shared.sessions TO socialai_app;


--
-- Name: TABLE settings; Type: ACL; Schema: shared; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE shared.settings TO socialai_app;


--
-- Name: TABLE sso_connections; Type: ACL; Schema: shared; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE shared.sso_connections TO socialai_app;


--
-- Name: TABLE users; Type: ACL; Schema: shared; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE shared.users TO socialai_app;


--
-- Name: TABLE _sqlx_migrations; Type: ACL; Schema: system; Owner: -
--

GRANT SELECT ON TABLE system._sqlx_migrations TO socialai_app;


--
-- Name: TABLE audit_heads; Type: ACL; Schema: system; Owner: -
--

GRANT SELECT,UPDATE ON TABLE system.audit_heads TO socialai_app;


--
-- Name: TABLE audit_log; Type: ACL; Schema: system; Owner: -
--

GRANT SELECT,INSERT ON TABLE system.audit_log TO socialai_app;


--
-- Name: TABLE installation; Type: ACL; Schema: system; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE system.installation TO socialai_app;


--
-- Name: TABLE key_rotations; Type: ACL; Schema: system; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE system.key_rotations TO socialai_app;


--
-- Name: TABLE login_attempts; Type: ACL; Schema: system; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE system.login_attempts TO socialai_app;


--
-- Name: TABLE memberships; Type: ACL; Schema: system; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE system.memberships TO socialai_app;


--
-- Name: TABLE outbox_mails; Type: ACL; Schema: system; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE system.outbox_mails TO socialai_app;


--
-- Name: TABLE passkeys; Type: ACL; Schema: system; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE system.passkeys TO socialai_app;


--
-- Name: TABLE people; Type: ACL; Schema: system; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE system.people TO socialai_app;


--
-- Name: TABLE recovery_codes; Type: ACL; Schema: system; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE system.recovery_codes TO socialai_app;


--
-- Name: TABLE residents; Type: ACL; Schema: system; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE system.residents TO socialai_app;


--
-- Name: TABLE signing_keys; Type: ACL; Schema: system; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE system.signing_keys TO socialai_app;


--
-- Name: TABLE tenants; Type: ACL; Schema: system; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE system.tenants TO socialai_app;


--
-- Name: TABLE tickets; Type: ACL; Schema: system; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE system.tickets TO socialai_app;


--
-- Name: TABLE _sqlx_migrations; Type: ACL; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

GRANT SELECT ON TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da._sqlx_migrations TO socialai_app;


--
-- Name: TABLE api_keys; Type: ACL; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.api_keys TO socialai_app;


--
-- Name: TABLE audit_heads; Type: ACL; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.audit_heads TO socialai_app;


--
-- Name: TABLE audit_log; Type: ACL; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

GRANT SELECT,INSERT ON TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.audit_log TO socialai_app;


--
-- Name: TABLE idempotency_keys; Type: ACL; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.idempotency_keys TO socialai_app;


--
-- Name: TABLE invitations; Type: ACL; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.invitations TO socialai_app;


--
-- Name: TABLE sessions; Type: ACL; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.sessions TO socialai_app;


--
-- Name: TABLE settings; Type: ACL; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.settings TO socialai_app;


--
-- Name: TABLE sso_connections; Type: ACL; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.sso_connections TO socialai_app;


--
-- Name: TABLE users; Type: ACL; Schema: t_01a1fe7c8c9a70478b8b6080f77ac8da; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE t_01a1fe7c8c9a70478b8b6080f77ac8da.users TO socialai_app;


--
-- PostgreSQL database dump complete
--


