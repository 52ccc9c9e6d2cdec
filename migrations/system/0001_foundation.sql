-- The `system` schema: what belongs to the installation and not to one tenant.
-- It exists in every database (control database and shards); a shard uses only `residents` and `enter`.
--
-- Every table is closed by row-level security: a transaction sees it only after it declared
-- `app.scope = 'system'`, which tenant transactions never do. Unset means: no rows.

create table system.installation (
    singleton boolean primary key default true check (singleton),
    id uuid not null,
    blind_root_sealed bytea not null,
    created_at timestamptz not null
);
comment on table system.installation is 'One row: identity of this installation and the sealed root of its blind indexes.';

create table system.tenants (
    id uuid primary key,
    slug text not null unique check (slug ~ '^[a-z0-9](-?[a-z0-9])*$' and length(slug) <= 40),
    name text not null check (length(name) between 1 and 200),
    tier text not null check (tier in ('shared', 'schema', 'shard')),
    home_schema text not null check (home_schema ~ '^[a-z][a-z0-9_]*$'),
    shard text,
    plan text not null default 'standard' check (plan in ('standard', 'enterprise')),
    status text not null default 'active' check (status in ('active', 'suspended', 'deleted')),
    move jsonb,
    created_at timestamptz not null,
    deleted_at timestamptz,
    check ((tier = 'shard') = (shard is not null))
);
comment on table system.tenants is 'Registry: every tenant, its isolation tier and where its rows live.';

create table system.residents (
    tenant_id uuid primary key,
    home_schema text not null,
    open boolean not null default true
);
comment on table system.residents is 'Which tenants live in this database. The fence that keeps a stale process from writing to a place a tenant has left.';

create table system.people (
    id uuid primary key,
    email_sealed bytea not null,
    email_index bytea not null unique,
    name text not null check (length(name) between 1 and 200),
    password_hash text,
    password_changed_at timestamptz,
    totp_sealed bytea,
    totp_confirmed_at timestamptz,
    totp_last_step bigint not null default 0,
    created_at timestamptz not null
);
comment on table system.people is 'Everybody who can sign in. What a person may do stands in the users table of each tenant.';

create table system.recovery_codes (
    id uuid primary key,
    person_id uuid not null references system.people on delete cascade,
    code_hash bytea not null,
    used_at timestamptz,
    unique (person_id, code_hash)
);
comment on table system.recovery_codes is 'One-time codes for people who lost their second factor; hashes only.';

create table system.passkeys (
    id uuid primary key,
    person_id uuid not null references system.people on delete cascade,
    credential_id bytea not null unique,
    name text not null check (length(name) between 1 and 100),
    credential jsonb not null,
    created_at timestamptz not null,
    last_used_at timestamptz
);
create index passkeys_person on system.passkeys (person_id);
comment on table system.passkeys is 'Public halves of the passkeys that people registered.';

create table system.memberships (
    person_id uuid not null references system.people on delete cascade,
    tenant_id uuid not null references system.tenants on delete cascade,
    last_used_at timestamptz,
    primary key (person_id, tenant_id)
);
create index memberships_tenant on system.memberships (tenant_id);
comment on table system.memberships is 'Hint: tenants in which a person may have a user row. The user row in the tenant is the truth.';

create table system.tickets (
    id uuid primary key,
    kind text not null,
    secret_hash bytea not null,
    person_id uuid references system.people on delete cascade,
    tenant_id uuid references system.tenants on delete cascade,
    data_sealed bytea,
    attempts int not null default 0,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index tickets_expiry on system.tickets (expires_at);
comment on table system.tickets is 'Short-lived single-use secrets: second step of a log-in, password reset, SSO state, passkey challenge.';

create table system.login_attempts (
    bucket bytea primary key,
    failures int not null,
    first_at timestamptz not null,
    blocked_until timestamptz not null
);
create index login_attempts_age on system.login_attempts (first_at);
comment on table system.login_attempts is 'Failed log-ins by account and origin (keyed hashes, no names), for slowing down and locking.';

create table system.signing_keys (
    kid text primary key,
    id uuid not null unique,
    private_sealed bytea not null,
    created_at timestamptz not null,
    retired_at timestamptz
);
comment on table system.signing_keys is 'RS256 keys of access tokens. Retired ones still verify until their last token expired.';

create table system.key_rotations (
    id uuid primary key,
    to_version int not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    done bigint not null default 0,
    total bigint not null
);
comment on table system.key_rotations is 'Progress of re-encryption after a change of the master key.';

create table system.outbox_mails (
    id uuid primary key,
    recipient text not null,
    subject text not null,
    body_sealed bytea not null,
    created_at timestamptz not null
);
comment on table system.outbox_mails is 'Mail of an installation that keeps an outbox instead of sending (the demo).';

create table system.audit_log (
    seq bigint primary key,
    at timestamptz not null,
    actor_kind text not null,
    actor_id text not null,
    action text not null,
    entity_kind text not null,
    entity_id text not null,
    ip text,
    user_agent text,
    request_id text,
    changes json,
    previous_hash bytea not null,
    hash bytea not null
);
comment on table system.audit_log is 'What happened to people, tenants and keys; append-only and hash-chained like each tenant''s own log.';

create table system.audit_heads (
    singleton boolean primary key default true check (singleton),
    seq bigint not null,
    hash bytea not null
);
insert into system.audit_heads (seq, hash) values (0, '\x');
comment on table system.audit_heads is 'Last link of system.audit_log; a row missing at the end shows against it.';

do $$
declare
    t text;
begin
    foreach t in array array['installation', 'tenants', 'people', 'recovery_codes', 'passkeys', 'memberships', 'tickets',
        'login_attempts', 'signing_keys', 'key_rotations', 'outbox_mails', 'audit_log', 'audit_heads']
    loop
        execute format('alter table system.%I enable row level security', t);
        execute format('alter table system.%I force row level security', t);
        execute format($p$create policy system_scope on system.%I to socialai_app
            using (current_setting('app.scope', true) = 'system')$p$, t);
        execute format('grant select, insert, update, delete on system.%I to socialai_app', t);
    end loop;
end
$$;
revoke update, delete on system.audit_log from socialai_app;
revoke insert, delete on system.audit_heads from socialai_app;

alter table system.residents enable row level security;
alter table system.residents force row level security;
create policy own_tenant_or_system on system.residents to socialai_app
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid
        or current_setting('app.scope', true) = 'system');
grant select, insert, update, delete on system.residents to socialai_app;

-- Opens a tenant's door for one transaction: sets the tenant and the search path, takes a shared lock that a move
-- takes exclusively, and says whether the tenant lives here. All three settings end with the transaction.
create function system.enter(tenant uuid, home text) returns boolean
language plpgsql as $$
begin
    perform set_config('app.tenant_id', tenant::text, true),
            set_config('app.scope', '', true),
            set_config('search_path', quote_ident(home) || ', system', true);
    perform pg_advisory_xact_lock_shared(hashtextextended(tenant::text, 7));
    return exists (select from system.residents r where r.tenant_id = tenant and r.home_schema = home and r.open);
end
$$;
revoke execute on function system.enter(uuid, text) from public;
grant execute on function system.enter(uuid, text) to socialai_app;
