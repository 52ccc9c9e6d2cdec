-- Outbound webhooks: endpoints of the workspace's own systems, and every delivery to them with every attempt.
--
-- Whoever locks an endpoint and its deliveries locks the endpoint first.

create table webhook_endpoints (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    name text not null,
    url text not null,
    -- Exact names, groups (`user.*`) or everything (`*`).
    events text[] not null,
    -- Deliveries about the same thing go one after the other, also while the first of them fails.
    is_ordered boolean not null,
    -- Part of the key of ordered deliveries: after a recovery they do not wait behind an attempt that is hours away.
    epoch int not null default 0,
    enabled boolean not null default true,
    disabled_at timestamptz,
    disabled_reason text check (disabled_reason in ('by_hand', 'gone', 'failing')),
    -- Since when there were only failures; null after a success.
    failing_since timestamptz,
    created_by text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    check (enabled = (disabled_at is null) and enabled = (disabled_reason is null))
);
comment on table webhook_endpoints is 'Where the workspace wants its events delivered.';

create table webhook_secrets (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    endpoint_id uuid not null,
    secret_sealed bytea not null,
    created_at timestamptz not null,
    -- Null for the newest; the others sign along until then.
    expires_at timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, endpoint_id) references webhook_endpoints (tenant_id, id) on delete cascade
);
create index webhook_secrets_endpoint on webhook_secrets (tenant_id, endpoint_id);
comment on table webhook_secrets is 'Keys that sign what is delivered to an endpoint; several while they are being rotated.';

create table webhook_deliveries (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    endpoint_id uuid not null,
    event_id uuid not null,
    event text not null,
    -- Key of the event: what an ordered endpoint keeps the order of.
    key text not null,
    -- Exactly what is sent, each time.
    body text not null,
    state text not null check (state in ('pending', 'delivered', 'failed', 'held')),
    -- Counts sendings: the first, and one for each replay. A job of an earlier one has nothing to do any more.
    round int not null default 1,
    attempts int not null default 0,
    -- Attempts of this round, which the retry schedule counts.
    attempts_of_round int not null default 0,
    next_attempt_at timestamptz,
    last_status int,
    last_error text,
    created_at timestamptz not null,
    ended_at timestamptz,
    primary key (tenant_id, id),
    unique (tenant_id, endpoint_id, event_id),
    foreign key (tenant_id, endpoint_id) references webhook_endpoints (tenant_id, id) on delete cascade
);
create index webhook_deliveries_newest on webhook_deliveries (tenant_id, created_at desc, id desc);
create index webhook_deliveries_endpoint on webhook_deliveries (tenant_id, endpoint_id, created_at desc, id desc);
create index webhook_deliveries_undelivered on webhook_deliveries (tenant_id, state, created_at desc, id desc)
    where state <> 'delivered';
comment on table webhook_deliveries is 'One event on its way to one endpoint. Removed after the time of SOCIALAI_WEBHOOK_LOG_DAYS.';

create table webhook_attempts (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    delivery_id uuid not null,
    number int not null,
    at timestamptz not null,
    url text not null,
    request_headers jsonb not null,
    status int,
    response_headers jsonb,
    response_body text,
    latency_ms int not null,
    error text,
    primary key (tenant_id, delivery_id, number),
    foreign key (tenant_id, delivery_id) references webhook_deliveries (tenant_id, id) on delete cascade
);
comment on table webhook_attempts is 'Every request of a delivery and what was answered.';

do $$
declare
    t text;
begin
    foreach t in array array['webhook_endpoints', 'webhook_secrets', 'webhook_deliveries', 'webhook_attempts']
    loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format($p$create policy own_tenant on %I to socialai_app
            using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)$p$, t);
        execute format('grant select, insert, update, delete on %I to socialai_app', t);
    end loop;
end
$$;
