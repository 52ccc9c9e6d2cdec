-- Tables of a tenant. This file runs once in schema `shared` (many tenants, parted by row-level security) and once in
-- the schema of each schema-tier tenant; it never names a schema. Inserts never name tenant_id: it comes from the
-- transaction. A policy whose setting is unset compares with null and shows nothing.

create table users (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    email_sealed bytea not null,
    email_index bytea not null,
    name text not null check (length(name) between 1 and 200),
    role text not null check (role in ('admin', 'manager', 'sales_rep', 'agent', 'viewer')),
    status text not null default 'active' check (status in ('active', 'disabled')),
    has_mfa boolean not null default false,
    sso_subject text,
    created_at timestamptz not null,
    last_seen_at timestamptz,
    primary key (tenant_id, id),
    unique (tenant_id, email_index),
    unique (tenant_id, sso_subject)
);
create index users_name on users (tenant_id, lower(name), id);
comment on table users is 'People of this tenant with their role; id is the person''s id.';

create table invitations (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    email_sealed bytea not null,
    email_index bytea not null,
    name text not null,
    role text not null check (role in ('admin', 'manager', 'sales_rep', 'agent', 'viewer')),
    secret_hash bytea not null,
    invited_by uuid,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    accepted_at timestamptz,
    revoked_at timestamptz,
    primary key (tenant_id, id)
);
create unique index invitations_pending on invitations (tenant_id, email_index)
    where accepted_at is null and revoked_at is null;
create index invitations_recent on invitations (tenant_id, created_at, id);
comment on table invitations is 'Open and past invitations to this tenant.';

create table sessions (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    user_id uuid not null,
    generation int not null default 0,
    method text not null check (method in ('password', 'passkey', 'sso', 'invitation')),
    has_mfa boolean not null,
    ip text not null,
    user_agent text not null,
    created_at timestamptz not null,
    last_used_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    revoked_reason text,
    primary key (tenant_id, id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
create index sessions_user on sessions (tenant_id, user_id, created_at);
comment on table sessions is 'Signed-in devices; one row is one family of refresh tokens and generation counts its rotations.';

create table api_keys (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    name text not null check (length(name) between 1 and 100),
    prefix text not null,
    secret_hash bytea not null,
    scopes text[] not null,
    created_by text not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    rotated_to uuid,
    primary key (tenant_id, id),
    unique (tenant_id, prefix)
);
create index api_keys_recent on api_keys (tenant_id, created_at, id);
comment on table api_keys is 'Keys of programs that call the API; the secret is kept as a hash only.';

create table sso_connections (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    enabled boolean not null,
    issuer text not null,
    client_id text not null,
    client_secret_sealed bytea,
    audience text,
    scopes text[] not null,
    email_claim text not null,
    name_claim text not null,
    role_claim text,
    organization_claim text,
    organization text,
    role_map jsonb not null,
    default_role text check (default_role in ('manager', 'sales_rep', 'agent', 'viewer')),
    creates_users boolean not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id)
);
comment on table sso_connections is 'OpenID Connect settings; at most one connection a tenant.';

create table settings (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    mfa_roles text[] not null default '{admin}',
    session_days int not null default 30 check (session_days between 1 and 90),
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id)
);
comment on table settings is 'Security policy of the tenant; one row.';

create table idempotency_keys (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    caller text not null,
    key text not null,
    request_hash bytea not null,
    status int,
    body_sealed bytea,
    created_at timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, caller, key)
);
create index idempotency_keys_age on idempotency_keys (tenant_id, created_at);
comment on table idempotency_keys is 'Answers to requests that carried an Idempotency-Key; written in the transaction of their effect.';

create table audit_log (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    seq bigint not null,
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
    hash bytea not null,
    primary key (tenant_id, seq)
);
create index audit_log_time on audit_log (tenant_id, at);
create index audit_log_action on audit_log (tenant_id, action, seq);
create index audit_log_actor on audit_log (tenant_id, actor_id, seq);
create index audit_log_entity on audit_log (tenant_id, entity_kind, entity_id, seq);
comment on table audit_log is 'Who did what, when and from where. Append-only by grants; each row carries the hash of the one before.';

create table audit_heads (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    seq bigint not null,
    hash bytea not null,
    streamed_seq bigint not null default 0,
    primary key (tenant_id)
);
comment on table audit_heads is 'Last link of the chain; locking it orders writers, and a row cut off the end shows against it.';

do $$
declare
    t text;
begin
    foreach t in array array['users', 'invitations', 'sessions', 'api_keys', 'sso_connections', 'settings',
        'idempotency_keys', 'audit_log', 'audit_heads']
    loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format($p$create policy own_tenant on %I to socialai_app
            using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)$p$, t);
        execute format('grant select, insert, update, delete on %I to socialai_app', t);
    end loop;
end
$$;
revoke update, delete on audit_log from socialai_app;
revoke delete on audit_heads from socialai_app;
