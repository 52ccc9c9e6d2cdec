-- The heartbeat of whoever looks after channel accounts: between two looks that are far apart nobody was there to receive
-- anything.
create table channel_watch (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    looked_at timestamptz not null,
    primary key (tenant_id)
) with (fillfactor = 50);
comment on table channel_watch is 'When the workspace''s channel accounts were looked at last; one row.';

alter table channel_watch enable row level security;
alter table channel_watch force row level security;
create policy own_tenant on channel_watch to socialai_app
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update, delete on channel_watch to socialai_app;
