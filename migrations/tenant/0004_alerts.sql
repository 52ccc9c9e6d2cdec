-- Alerts: whom the workspace wants told, what it watches differently from the default, and what was noticed.
--
-- Whoever changes targets or rules, or looks at the measures, locks the row of alert_watch first: a rule cannot come to name
-- a target that goes at the same moment, and two looks cannot raise the same alert.

create table alert_watch (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    -- Null until the first look.
    looked_at timestamptz,
    -- The worst reading of each rule at the last look, by its name.
    readings jsonb not null default '{}',
    -- The target that every workspace begins with was made once. Whoever removes it does not get it again.
    has_begun boolean not null default false,
    primary key (tenant_id)
);
comment on table alert_watch is 'When the workspace was looked at last, and what the rules read then; one row.';

create table alert_targets (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    name text not null,
    kind text not null check (kind in ('pagerduty', 'slack', 'email', 'webhook')),
    -- What opens it: the integration key, the address of the Slack webhook, the key that signs; and addresses of people.
    secret_sealed bytea not null,
    region text check (region in ('us', 'eu')),
    url text,
    least_severity text not null check (least_severity in ('info', 'warning', 'error', 'critical')),
    enabled boolean not null,
    -- It refused for good, or could not be reached for a day. It gets nothing until it is tested or changed.
    broken_since timestamptz,
    broken_reason text,
    last_sent_at timestamptz,
    created_by text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    check ((kind = 'pagerduty') = (region is not null) and (kind = 'webhook') = (url is not null)),
    check ((broken_since is null) = (broken_reason is null))
);
comment on table alert_targets is 'Where alerts of the workspace go: PagerDuty, Slack, e-mail, a webhook.';

create table alert_rules (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    name text not null,
    -- Null: as in the catalogue.
    threshold double precision,
    for_minutes int,
    severity text check (severity in ('info', 'warning', 'error', 'critical')),
    enabled boolean not null,
    -- Null: all of them.
    targets uuid[],
    primary key (tenant_id, name)
);
comment on table alert_rules is 'In what the workspace''s rules differ from the catalogue.';

create table alerts (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    rule text not null,
    -- What it is about where a rule watches several things (an endpoint, a remote system); else empty.
    subject text not null,
    label text,
    severity text not null check (severity in ('info', 'warning', 'error', 'critical')),
    summary text not null,
    value double precision not null,
    threshold double precision not null,
    state text not null check (state in ('watching', 'open', 'resolved')),
    -- When the rule was first seen broken; watching becomes open when it was so for long enough.
    started_at timestamptz not null,
    raised_at timestamptz,
    last_seen_at timestamptz not null,
    -- Since when the rule is kept again; null while it is broken.
    calm_since timestamptz,
    resolved_at timestamptz,
    primary key (tenant_id, id),
    check ((state = 'watching') = (raised_at is null) and (state = 'resolved') = (resolved_at is not null))
);
create unique index alerts_unresolved on alerts (tenant_id, rule, subject) where state <> 'resolved';
create index alerts_shown on alerts (tenant_id, (state = 'open') desc, raised_at desc, id desc) where state <> 'watching';
create index alerts_resolved on alerts (tenant_id, resolved_at) where state = 'resolved';
comment on table alerts is 'Rules that are or were broken: watched, then open, then resolved.';

do $$
declare
    t text;
begin
    foreach t in array array['alert_watch', 'alert_targets', 'alert_rules', 'alerts']
    loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format($p$create policy own_tenant on %I to socialai_app
            using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)$p$, t);
        execute format('grant select, insert, update, delete on %I to socialai_app', t);
    end loop;
end
$$;
