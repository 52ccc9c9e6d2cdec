-- What alerts read of the installation: how requests were answered, and how many alerts are open.

create table system.request_minutes (
    tenant_id uuid not null,
    minute timestamptz not null,
    -- Each process counts for itself and writes its whole count of the minute again, so that writing twice is writing once.
    process uuid not null,
    requests int not null,
    -- Those that ended with a 5xx answer.
    errors int not null,
    -- How many took how long; the limits are in the program.
    slow int[] not null,
    primary key (tenant_id, minute, process)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
create index request_minutes_age on system.request_minutes (minute);
comment on table system.request_minutes is 'Requests to the API by workspace and minute, as each process counted them; removed after two hours.';

alter table system.request_minutes enable row level security;
alter table system.request_minutes force row level security;
create policy system_scope on system.request_minutes to socialai_app
    using (current_setting('app.scope', true) = 'system');
grant select, insert, update, delete on system.request_minutes to socialai_app;

alter table system.residents add column open_alerts int[];
comment on column system.residents.open_alerts is 'Open alerts of the tenant by severity, from info to critical; null without any. For the metrics.';
