-- Requests of platforms to delete what is known of a person. The person's id is there until it is done, and in no log: what
-- is logged cannot be erased. Rows are in the control database only.
create table system.data_deletions (
    id uuid not null,
    platform text not null,
    external_id text,
    requested_at timestamptz not null,
    done_at timestamptz,
    primary key (id),
    check ((done_at is null) = (external_id is not null))
);
comment on table system.data_deletions is 'Requests of platforms to delete what is known of a person, and when that was done.';

alter table system.data_deletions enable row level security;
alter table system.data_deletions force row level security;
create policy system_scope on system.data_deletions to socialai_app
    using (current_setting('app.scope', true) = 'system');
grant select, insert, update on system.data_deletions to socialai_app;
