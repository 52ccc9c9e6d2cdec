-- The effect ledger: every act on the outside world, from the intention to the proof.

create table effects (
    id uuid not null,
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    kind text not null check (length(kind) between 1 and 80),
    -- The system that is acted upon, as circuit breakers name it.
    remote text not null check (length(remote) between 1 and 200),
    -- What the effect is for: a conversation, a lead, an endpoint.
    about_kind text not null,
    about_id text not null,
    -- Sent with the request where the remote system understands it, searched for where it does not.
    idempotency_key text not null,
    state text not null check (state in ('planned', 'claimed', 'dispatched', 'confirmed', 'failed', 'unknown', 'cancelled')),
    -- Which attempt this is; a claim that is no longer the newest cannot write.
    attempt int not null default 0,
    request jsonb not null,
    remote_ids jsonb,
    failure text,
    cost_micros bigint,
    planned_at timestamptz not null,
    dispatched_at timestamptz,
    ended_at timestamptz,
    latency_ms int,
    settle_tries int not null default 0,
    -- Who said by hand what became of it, and how they know.
    settled_by text,
    settle_reason text,
    primary key (tenant_id, id),
    unique (tenant_id, idempotency_key)
);
create index effects_about on effects (tenant_id, about_kind, about_id, planned_at desc, id);
create index effects_unsettled on effects (tenant_id, planned_at desc, id) where state in ('dispatched', 'unknown');
create index effects_newest on effects (tenant_id, planned_at desc, id);
comment on table effects is 'Every act on the outside world: planned, claimed, dispatched, then confirmed, failed or unknown until settled.';

alter table effects enable row level security;
alter table effects force row level security;
create policy own_tenant on effects to socialai_app
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update on effects to socialai_app;
