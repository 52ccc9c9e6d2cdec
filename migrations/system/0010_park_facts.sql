-- Over Kafka the facts of many workspaces come in one partition. Those of a workspace whose jobs cannot be written at the
-- moment (it is moving, or its shard is away) wait here, in the control database, and hold up nobody else's.
create table system.parked_facts (
    reader text not null,
    topic text not null,
    topic_partition int not null,
    tenant_id uuid not null,
    -- Below zero: of a topic that was lost since.
    topic_offset bigint not null,
    -- The record's value, as it came.
    value bytea not null,
    primary key (reader, topic, topic_partition, tenant_id, topic_offset)
);
comment on table system.parked_facts is 'Facts that were read from Kafka and wait for their workspace. Nearly always empty.';

alter table system.parked_facts enable row level security;
alter table system.parked_facts force row level security;
create policy system_scope on system.parked_facts to socialai_app
    using (current_setting('app.scope', true) = 'system');
grant select, insert, update, delete on system.parked_facts to socialai_app;

-- Whether a shard took something is known in the shard only; what it may have taken, the control database knows beforehand.
alter table system.topic_offsets add column intended jsonb not null default '{}';
comment on column system.topic_offsets.intended is 'In the control database: for each shard the tenants whose facts are being read there, and up to which offset.';
