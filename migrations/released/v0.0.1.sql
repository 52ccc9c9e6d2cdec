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
-- Name: t_01a1fe351e8f76969abd45853848164e; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA t_01a1fe351e8f76969abd45853848164e;


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
    CONSTRAINT audit_heads_singleton_check CHECK (singleton)
);

ALTER TABLE ONLY system.audit_heads FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE audit_heads; Type: COMMENT; Schema: system; Owner: -
--

COMMENT ON TABLE system.audit_heads IS 'Last link of system.audit_log; a row missing at the end shows against it.';


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
    created_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY system.outbox_mails FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE outbox_mails; Type: COMMENT; Schema: system; Owner: -
--

COMMENT ON TABLE system.outbox_mails IS 'Mail of an installation that keeps an outbox instead of sending (the demo).';


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
-- Name: _sqlx_migrations; Type: TABLE; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE TABLE t_01a1fe351e8f76969abd45853848164e._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);


--
-- Name: api_keys; Type: TABLE; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE TABLE t_01a1fe351e8f76969abd45853848164e.api_keys (
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

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.api_keys FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE api_keys; Type: COMMENT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

COMMENT ON TABLE t_01a1fe351e8f76969abd45853848164e.api_keys IS 'Keys of programs that call the API; the secret is kept as a hash only.';


--
-- Name: audit_heads; Type: TABLE; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE TABLE t_01a1fe351e8f76969abd45853848164e.audit_heads (
    tenant_id uuid DEFAULT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    streamed_seq bigint DEFAULT 0 NOT NULL
);

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.audit_heads FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE audit_heads; Type: COMMENT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

COMMENT ON TABLE t_01a1fe351e8f76969abd45853848164e.audit_heads IS 'Last link of the chain; locking it orders writers, and a row cut off the end shows against it.';


--
-- Name: audit_log; Type: TABLE; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE TABLE t_01a1fe351e8f76969abd45853848164e.audit_log (
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

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.audit_log FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE audit_log; Type: COMMENT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

COMMENT ON TABLE t_01a1fe351e8f76969abd45853848164e.audit_log IS 'Who did what, when and from where. Append-only by grants; each row carries the hash of the one before.';


--
-- Name: idempotency_keys; Type: TABLE; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE TABLE t_01a1fe351e8f76969abd45853848164e.idempotency_keys (
    tenant_id uuid DEFAULT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid NOT NULL,
    id uuid NOT NULL,
    caller text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status integer,
    body_sealed bytea,
    created_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.idempotency_keys FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE idempotency_keys; Type: COMMENT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

COMMENT ON TABLE t_01a1fe351e8f76969abd45853848164e.idempotency_keys IS 'Answers to requests that carried an Idempotency-Key; written in the transaction of their effect.';


--
-- Name: invitations; Type: TABLE; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE TABLE t_01a1fe351e8f76969abd45853848164e.invitations (
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

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.invitations FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE invitations; Type: COMMENT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

COMMENT ON TABLE t_01a1fe351e8f76969abd45853848164e.invitations IS 'Open and past invitations to this tenant.';


--
-- Name: sessions; Type: TABLE; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE TABLE t_01a1fe351e8f76969abd45853848164e.sessions (
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

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.sessions FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE sessions; Type: COMMENT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

COMMENT ON TABLE t_01a1fe351e8f76969abd45853848164e.sessions IS 'Signed-in devices; one row is one family of refresh tokens and generation counts its rotations.';


--
-- Name: settings; Type: TABLE; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE TABLE t_01a1fe351e8f76969abd45853848164e.settings (
    tenant_id uuid DEFAULT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid NOT NULL,
    id uuid NOT NULL,
    mfa_roles text[] DEFAULT '{admin}'::text[] NOT NULL,
    session_days integer DEFAULT 30 NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT settings_session_days_check CHECK (((session_days >= 1) AND (session_days <= 90)))
);

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.settings FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE settings; Type: COMMENT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

COMMENT ON TABLE t_01a1fe351e8f76969abd45853848164e.settings IS 'Security policy of the tenant; one row.';


--
-- Name: sso_connections; Type: TABLE; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE TABLE t_01a1fe351e8f76969abd45853848164e.sso_connections (
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

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.sso_connections FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE sso_connections; Type: COMMENT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

COMMENT ON TABLE t_01a1fe351e8f76969abd45853848164e.sso_connections IS 'OpenID Connect settings; at most one connection a tenant.';


--
-- Name: users; Type: TABLE; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE TABLE t_01a1fe351e8f76969abd45853848164e.users (
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

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.users FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE users; Type: COMMENT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

COMMENT ON TABLE t_01a1fe351e8f76969abd45853848164e.users IS 'People of this tenant with their role; id is the person''s id.';


--
-- Data for Name: _sqlx_migrations; Type: TABLE DATA; Schema: shared; Owner: -
--

INSERT INTO shared._sqlx_migrations VALUES (1, 'foundation', '2026-11-21 13:04:16.128855+00', true, '\xb56f62c9e7a4b9b7f894112df8292c3ef2936faaa5a3211f23cba69f95d28d4667cb362a2a775895fc9a8d631fb5cf2d', 23098296);


--
-- Data for Name: api_keys; Type: TABLE DATA; Schema: shared; Owner: -
--



--
-- Data for Name: audit_heads; Type: TABLE DATA; Schema: shared; Owner: -
--

INSERT INTO shared.audit_heads VALUES ('01a1fe35-1e36-7224-a3e9-fbe416f0ae80', 1, '\x83c1af7a4b25348b0fbb2afd921bac2ef079ea9cc40e0e86b43689eb2343d304', 0);


--
-- Data for Name: audit_log; Type: TABLE DATA; Schema: shared; Owner: -
--

INSERT INTO shared.audit_log VALUES ('01a1fe35-1e36-7224-a3e9-fbe416f0ae80', 1, '2026-11-21 13:04:16.5256+00', 'system', 'dump', 'user.added', 'user', 'usr_01m7z3a7m0evsrbehzg4zw1aar', NULL, NULL, NULL, '{"after":{"email":"a…@acme.test","name":"Ann Archer","role":"admin"},"before":{}}', '\x', '\x83c1af7a4b25348b0fbb2afd921bac2ef079ea9cc40e0e86b43689eb2343d304');


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

INSERT INTO shared.users VALUES ('01a1fe35-1e36-7224-a3e9-fbe416f0ae80', '01a1fe35-1e80-76f3-85ba-3f813fc0a958', '\x0100000001e4807021e99629a8f093a24fa73a8938f53ae364d71a15e8cbb7b0a95f55236a975b7777d6e40f99bf', '\x7ed5d49eddb318ae782eb957c1d78dd35861067cde5ecac67bc3a13799746b5e', 'Ann Archer', 'admin', 'active', false, NULL, '2026-11-21 13:04:16.521891+00', NULL);


--
-- Data for Name: _sqlx_migrations; Type: TABLE DATA; Schema: system; Owner: -
--

INSERT INTO system._sqlx_migrations VALUES (1, 'foundation', '2026-11-21 13:04:16.094245+00', true, '\xb16ce7adb02690ae5393e6ed85bc7a83007c18d16e1da108d6dd96cc9363140debf278e8b33a70d3b05a881468ad3b81', 29711080);


--
-- Data for Name: audit_heads; Type: TABLE DATA; Schema: system; Owner: -
--

INSERT INTO system.audit_heads VALUES (true, 4, '\x4dd7719e18f9265d5bef5a7fdeae69b746caf1d09d40f778e5083fa3fd19fdd0');


--
-- Data for Name: audit_log; Type: TABLE DATA; Schema: system; Owner: -
--

INSERT INTO system.audit_log VALUES (1, '2026-11-21 13:04:16.444174+00', 'operator', 'command line', 'tenant.created', 'tenant', 'ten_01m7z3a7hpe8ja7tfvwgbf1bm0', NULL, NULL, NULL, '{"after":{"name":"acme","plan":"standard","slug":"acme","tier":"shared"},"before":{}}', '\x', '\xfe3cef67a6f64e971f6368f0b1519e6310f24286df55341b6859adf4595ea441');
INSERT INTO system.audit_log VALUES (2, '2026-11-21 13:04:16.516466+00', 'system', 'dump', 'person.created', 'person', 'usr_01m7z3a7m0evsrbehzg4zw1aar', NULL, NULL, NULL, '{"after":{"email":"a…@acme.test"},"before":{}}', '\xfe3cef67a6f64e971f6368f0b1519e6310f24286df55341b6859adf4595ea441', '\xe361267aebb698ed67a4f0d9ded7df9c36f20eefd7b76969006215395b79df2d');
INSERT INTO system.audit_log VALUES (3, '2026-11-21 13:04:16.608664+00', 'operator', 'command line', 'tenant.created', 'tenant', 'ten_01m7z3a7mfetb9nfa5gmw4g5je', NULL, NULL, NULL, '{"after":{"name":"globex","plan":"standard","slug":"globex","tier":"schema"},"before":{}}', '\xe361267aebb698ed67a4f0d9ded7df9c36f20eefd7b76969006215395b79df2d', '\xf0452071644160e6dfea1d7908b39d519d6bf1bef127ed1083d11128d0e78140');
INSERT INTO system.audit_log VALUES (4, '2026-11-21 13:04:16.611897+00', 'system', 'dump', 'person.created', 'person', 'usr_01m7z3a7q2et1agvx6hfb6ytym', NULL, NULL, NULL, '{"after":{"email":"g…@globex.test"},"before":{}}', '\xf0452071644160e6dfea1d7908b39d519d6bf1bef127ed1083d11128d0e78140', '\x4dd7719e18f9265d5bef5a7fdeae69b746caf1d09d40f778e5083fa3fd19fdd0');


--
-- Data for Name: installation; Type: TABLE DATA; Schema: system; Owner: -
--

INSERT INTO system.installation VALUES (true, '01a1fe35-1e0f-70da-af7e-b13f29e68db3', '\x0100000001c3c26cc6d90f80bee2caf25a1e9aa1e4a8fcb2239a417fcc8efb01a05d410079666bf7c3ec42c4a10ebc4758538de709ec1ffa353d9161adca47b7ac', '2026-11-21 13:04:16.435714+00');


--
-- Data for Name: key_rotations; Type: TABLE DATA; Schema: system; Owner: -
--



--
-- Data for Name: login_attempts; Type: TABLE DATA; Schema: system; Owner: -
--



--
-- Data for Name: memberships; Type: TABLE DATA; Schema: system; Owner: -
--

INSERT INTO system.memberships VALUES ('01a1fe35-1e80-76f3-85ba-3f813fc0a958', '01a1fe35-1e36-7224-a3e9-fbe416f0ae80', NULL);
INSERT INTO system.memberships VALUES ('01a1fe35-1ee2-7682-a86f-a68bd66f6bd4', '01a1fe35-1e8f-7696-9abd-45853848164e', NULL);


--
-- Data for Name: outbox_mails; Type: TABLE DATA; Schema: system; Owner: -
--



--
-- Data for Name: passkeys; Type: TABLE DATA; Schema: system; Owner: -
--



--
-- Data for Name: people; Type: TABLE DATA; Schema: system; Owner: -
--

INSERT INTO system.people VALUES ('01a1fe35-1e80-76f3-85ba-3f813fc0a958', '\x010000000118a2bd71572281dd86bcf0ec6ef8814e67bb997cc192ac803196a5d9b2b856636dbdd45acbb8b41956', '\x784257baedec348cbc732af69afc2ad632c4d2c42e19a78138e2b3240e41ff73', 'Ann Archer', NULL, NULL, NULL, NULL, 0, '2026-11-21 13:04:16.512503+00');
INSERT INTO system.people VALUES ('01a1fe35-1ee2-7682-a86f-a68bd66f6bd4', '\x0100000001ade999c5b0db40f9aae4ebba12011cbbf6884f0cce77f6e54c8617766422411fbc281e02c95b8ee39dec64', '\xac653f4069fe37658c771afed7b7e4deafe677763b74a5eff54eb8d6611867a3', 'Gus Grün', NULL, NULL, NULL, NULL, 0, '2026-11-21 13:04:16.610467+00');


--
-- Data for Name: recovery_codes; Type: TABLE DATA; Schema: system; Owner: -
--



--
-- Data for Name: residents; Type: TABLE DATA; Schema: system; Owner: -
--

INSERT INTO system.residents VALUES ('01a1fe35-1e36-7224-a3e9-fbe416f0ae80', 'shared', true);
INSERT INTO system.residents VALUES ('01a1fe35-1e8f-7696-9abd-45853848164e', 't_01a1fe351e8f76969abd45853848164e', true);


--
-- Data for Name: signing_keys; Type: TABLE DATA; Schema: system; Owner: -
--



--
-- Data for Name: tenants; Type: TABLE DATA; Schema: system; Owner: -
--

INSERT INTO system.tenants VALUES ('01a1fe35-1e36-7224-a3e9-fbe416f0ae80', 'acme', 'acme', 'shared', 'shared', NULL, 'standard', 'active', NULL, '2026-11-21 13:04:16.440395+00', NULL);
INSERT INTO system.tenants VALUES ('01a1fe35-1e8f-7696-9abd-45853848164e', 'globex', 'globex', 'schema', 't_01a1fe351e8f76969abd45853848164e', NULL, 'standard', 'active', NULL, '2026-11-21 13:04:16.60817+00', NULL);


--
-- Data for Name: tickets; Type: TABLE DATA; Schema: system; Owner: -
--



--
-- Data for Name: _sqlx_migrations; Type: TABLE DATA; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

INSERT INTO t_01a1fe351e8f76969abd45853848164e._sqlx_migrations VALUES (1, 'foundation', '2026-11-21 13:04:16.57809+00', true, '\xb56f62c9e7a4b9b7f894112df8292c3ef2936faaa5a3211f23cba69f95d28d4667cb362a2a775895fc9a8d631fb5cf2d', 26646431);


--
-- Data for Name: api_keys; Type: TABLE DATA; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--



--
-- Data for Name: audit_heads; Type: TABLE DATA; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

INSERT INTO t_01a1fe351e8f76969abd45853848164e.audit_heads VALUES ('01a1fe35-1e8f-7696-9abd-45853848164e', 1, '\x6c91b04c4c69c5c8e4d2ac28975e88d236b49951a4b1f4dd5e580fa7ef545988', 0);


--
-- Data for Name: audit_log; Type: TABLE DATA; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

INSERT INTO t_01a1fe351e8f76969abd45853848164e.audit_log VALUES ('01a1fe35-1e8f-7696-9abd-45853848164e', 1, '2026-11-21 13:04:16.615775+00', 'system', 'dump', 'user.added', 'user', 'usr_01m7z3a7q2et1agvx6hfb6ytym', NULL, NULL, NULL, '{"after":{"email":"g…@globex.test","name":"Gus Grün","role":"agent"},"before":{}}', '\x', '\x6c91b04c4c69c5c8e4d2ac28975e88d236b49951a4b1f4dd5e580fa7ef545988');


--
-- Data for Name: idempotency_keys; Type: TABLE DATA; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--



--
-- Data for Name: invitations; Type: TABLE DATA; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--



--
-- Data for Name: sessions; Type: TABLE DATA; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--



--
-- Data for Name: settings; Type: TABLE DATA; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--



--
-- Data for Name: sso_connections; Type: TABLE DATA; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--



--
-- Data for Name: users; Type: TABLE DATA; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

INSERT INTO t_01a1fe351e8f76969abd45853848164e.users VALUES ('01a1fe35-1e8f-7696-9abd-45853848164e', '01a1fe35-1ee2-7682-a86f-a68bd66f6bd4', '\x0100000001db2db79bafee522d2db77ec6e245423fe86b24e458af2b1c5a1c27e41a38420aaf2dcc4c7004efd84a3efb', '\x1db101855917a78f7dc22c10d2470e192149a92204c06b4cf63757e15efb6926', 'Gus Grün', 'agent', 'active', false, NULL, '2026-11-21 13:04:16.61424+00', NULL);


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
-- Name: _sqlx_migrations _sqlx_migrations_pkey; Type: CONSTRAINT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);


--
-- Name: api_keys api_keys_pkey; Type: CONSTRAINT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: api_keys api_keys_tenant_id_prefix_key; Type: CONSTRAINT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.api_keys
    ADD CONSTRAINT api_keys_tenant_id_prefix_key UNIQUE (tenant_id, prefix);


--
-- Name: audit_heads audit_heads_pkey; Type: CONSTRAINT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.audit_heads
    ADD CONSTRAINT audit_heads_pkey PRIMARY KEY (tenant_id);


--
-- Name: audit_log audit_log_pkey; Type: CONSTRAINT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (tenant_id, seq);


--
-- Name: idempotency_keys idempotency_keys_pkey; Type: CONSTRAINT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: idempotency_keys idempotency_keys_tenant_id_caller_key_key; Type: CONSTRAINT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.idempotency_keys
    ADD CONSTRAINT idempotency_keys_tenant_id_caller_key_key UNIQUE (tenant_id, caller, key);


--
-- Name: invitations invitations_pkey; Type: CONSTRAINT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.invitations
    ADD CONSTRAINT invitations_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: sessions sessions_pkey; Type: CONSTRAINT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: settings settings_pkey; Type: CONSTRAINT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: settings settings_tenant_id_key; Type: CONSTRAINT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.settings
    ADD CONSTRAINT settings_tenant_id_key UNIQUE (tenant_id);


--
-- Name: sso_connections sso_connections_pkey; Type: CONSTRAINT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.sso_connections
    ADD CONSTRAINT sso_connections_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: sso_connections sso_connections_tenant_id_key; Type: CONSTRAINT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.sso_connections
    ADD CONSTRAINT sso_connections_tenant_id_key UNIQUE (tenant_id);


--
-- Name: users users_pkey; Type: CONSTRAINT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (tenant_id, id);


--
-- Name: users users_tenant_id_email_index_key; Type: CONSTRAINT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.users
    ADD CONSTRAINT users_tenant_id_email_index_key UNIQUE (tenant_id, email_index);


--
-- Name: users users_tenant_id_sso_subject_key; Type: CONSTRAINT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.users
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
-- Name: api_keys_recent; Type: INDEX; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE INDEX api_keys_recent ON t_01a1fe351e8f76969abd45853848164e.api_keys USING btree (tenant_id, created_at, id);


--
-- Name: audit_log_action; Type: INDEX; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE INDEX audit_log_action ON t_01a1fe351e8f76969abd45853848164e.audit_log USING btree (tenant_id, action, seq);


--
-- Name: audit_log_actor; Type: INDEX; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE INDEX audit_log_actor ON t_01a1fe351e8f76969abd45853848164e.audit_log USING btree (tenant_id, actor_id, seq);


--
-- Name: audit_log_entity; Type: INDEX; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE INDEX audit_log_entity ON t_01a1fe351e8f76969abd45853848164e.audit_log USING btree (tenant_id, entity_kind, entity_id, seq);


--
-- Name: audit_log_time; Type: INDEX; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE INDEX audit_log_time ON t_01a1fe351e8f76969abd45853848164e.audit_log USING btree (tenant_id, at);


--
-- Name: idempotency_keys_age; Type: INDEX; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE INDEX idempotency_keys_age ON t_01a1fe351e8f76969abd45853848164e.idempotency_keys USING btree (tenant_id, created_at);


--
-- Name: invitations_pending; Type: INDEX; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE UNIQUE INDEX invitations_pending ON t_01a1fe351e8f76969abd45853848164e.invitations USING btree (tenant_id, email_index) WHERE ((accepted_at IS NULL) AND (revoked_at IS NULL));


--
-- Name: invitations_recent; Type: INDEX; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE INDEX invitations_recent ON t_01a1fe351e8f76969abd45853848164e.invitations USING btree (tenant_id, created_at, id);


--
-- Name: sessions_user; Type: INDEX; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE INDEX sessions_user ON t_01a1fe351e8f76969abd45853848164e.sessions USING btree (tenant_id, user_id, created_at);


--
-- Name: users_name; Type: INDEX; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE INDEX users_name ON t_01a1fe351e8f76969abd45853848164e.users USING btree (tenant_id, lower(name), id);


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
-- Name: sessions sessions_tenant_id_user_id_fkey; Type: FK CONSTRAINT; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE ONLY t_01a1fe351e8f76969abd45853848164e.sessions
    ADD CONSTRAINT sessions_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES t_01a1fe351e8f76969abd45853848164e.users(tenant_id, id) ON DELETE CASCADE;


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
-- Name: api_keys; Type: ROW SECURITY; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE t_01a1fe351e8f76969abd45853848164e.api_keys ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_heads; Type: ROW SECURITY; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE t_01a1fe351e8f76969abd45853848164e.audit_heads ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_log; Type: ROW SECURITY; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE t_01a1fe351e8f76969abd45853848164e.audit_log ENABLE ROW LEVEL SECURITY;

--
-- Name: idempotency_keys; Type: ROW SECURITY; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE t_01a1fe351e8f76969abd45853848164e.idempotency_keys ENABLE ROW LEVEL SECURITY;

--
-- Name: invitations; Type: ROW SECURITY; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE t_01a1fe351e8f76969abd45853848164e.invitations ENABLE ROW LEVEL SECURITY;

--
-- Name: api_keys own_tenant; Type: POLICY; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE POLICY own_tenant ON t_01a1fe351e8f76969abd45853848164e.api_keys TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: audit_heads own_tenant; Type: POLICY; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE POLICY own_tenant ON t_01a1fe351e8f76969abd45853848164e.audit_heads TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: audit_log own_tenant; Type: POLICY; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE POLICY own_tenant ON t_01a1fe351e8f76969abd45853848164e.audit_log TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: idempotency_keys own_tenant; Type: POLICY; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE POLICY own_tenant ON t_01a1fe351e8f76969abd45853848164e.idempotency_keys TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: invitations own_tenant; Type: POLICY; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE POLICY own_tenant ON t_01a1fe351e8f76969abd45853848164e.invitations TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: sessions own_tenant; Type: POLICY; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE POLICY own_tenant ON t_01a1fe351e8f76969abd45853848164e.sessions TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: settings own_tenant; Type: POLICY; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE POLICY own_tenant ON t_01a1fe351e8f76969abd45853848164e.settings TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: sso_connections own_tenant; Type: POLICY; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE POLICY own_tenant ON t_01a1fe351e8f76969abd45853848164e.sso_connections TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: users own_tenant; Type: POLICY; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

CREATE POLICY own_tenant ON t_01a1fe351e8f76969abd45853848164e.users TO socialai_app USING ((tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid));


--
-- Name: sessions; Type: ROW SECURITY; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE t_01a1fe351e8f76969abd45853848164e.sessions ENABLE ROW LEVEL SECURITY;

--
-- Name: settings; Type: ROW SECURITY; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE t_01a1fe351e8f76969abd45853848164e.settings ENABLE ROW LEVEL SECURITY;

--
-- Name: sso_connections; Type: ROW SECURITY; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE t_01a1fe351e8f76969abd45853848164e.sso_connections ENABLE ROW LEVEL SECURITY;

--
-- Name: users; Type: ROW SECURITY; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

ALTER TABLE t_01a1fe351e8f76969abd45853848164e.users ENABLE ROW LEVEL SECURITY;

--
-- Name: SCHEMA shared; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA shared TO socialai_app;


--
-- Name: SCHEMA system; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA system TO socialai_app;


--
-- Name: SCHEMA t_01a1fe351e8f76969abd45853848164e; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA t_01a1fe351e8f76969abd45853848164e TO socialai_app;


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
-- Name: TABLE _sqlx_migrations; Type: ACL; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

GRANT SELECT ON TABLE t_01a1fe351e8f76969abd45853848164e._sqlx_migrations TO socialai_app;


--
-- Name: TABLE api_keys; Type: ACL; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE t_01a1fe351e8f76969abd45853848164e.api_keys TO socialai_app;


--
-- Name: TABLE audit_heads; Type: ACL; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE t_01a1fe351e8f76969abd45853848164e.audit_heads TO socialai_app;


--
-- Name: TABLE audit_log; Type: ACL; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

GRANT SELECT,INSERT ON TABLE t_01a1fe351e8f76969abd45853848164e.audit_log TO socialai_app;


--
-- Name: TABLE idempotency_keys; Type: ACL; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE t_01a1fe351e8f76969abd45853848164e.idempotency_keys TO socialai_app;


--
-- Name: TABLE invitations; Type: ACL; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE t_01a1fe351e8f76969abd45853848164e.invitations TO socialai_app;


--
-- Name: TABLE sessions; Type: ACL; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE t_01a1fe351e8f76969abd45853848164e.sessions TO socialai_app;


--
-- Name: TABLE settings; Type: ACL; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE t_01a1fe351e8f76969abd45853848164e.settings TO socialai_app;


--
-- Name: TABLE sso_connections; Type: ACL; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE t_01a1fe351e8f76969abd45853848164e.sso_connections TO socialai_app;


--
-- Name: TABLE users; Type: ACL; Schema: t_01a1fe351e8f76969abd45853848164e; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE t_01a1fe351e8f76969abd45853848164e.users TO socialai_app;


--
-- PostgreSQL database dump complete
--


