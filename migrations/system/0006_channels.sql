-- Channels, as far as they are the installation's: which workspace an account of a platform belongs to, what the platforms
-- delivered before anybody knew for whom, and how texts are searched. Rows are in the control database only.

create table system.channel_routes (
    platform text collate "C" not null,
    -- The platform's own id of the account: opaque, and never a number to us.
    external_id text collate "C" not null,
    tenant_id uuid not null,
    account_id uuid not null,
    created_at timestamptz not null,
    primary key (platform, external_id)
);
create index channel_routes_tenant on system.channel_routes (tenant_id);
comment on table system.channel_routes is 'Whose account of a platform it is: one workspace at a time. Written before the account, removed after it.';

-- Written thousands of times a second, in batches: two indexes, no checks, no trigger. A row is not touched again when all went
-- well, because a second version of it would cost as much as the first; its job says that it waits. Ids rise with the time,
-- so what is old is one end of the primary key.
create table system.inbound (
    id uuid not null,
    platform text not null,
    -- The workspace through whose own app it came; null: the operator's.
    app_tenant uuid,
    received_at timestamptz not null,
    -- Over platform, app and body: a delivery that is repeated is kept once. Batches are inserted in this order, so that
    -- two with the same deliveries wait for each other and not in a circle.
    digest bytea not null,
    body bytea not null,
    headers jsonb not null,
    -- received, unreadable (no connector understands it) or unrouted (of an account that nobody connected).
    state text not null default 'received',
    error text,
    primary key (id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000);
create unique index inbound_digest on system.inbound (digest);
create index inbound_left_over on system.inbound (state, id) where state <> 'received';
comment on table system.inbound is 'What platforms delivered, byte for byte, before it is understood. Kept for a few days, so that it can be read again.';

do $$
declare
    t text;
begin
    foreach t in array array['channel_routes', 'inbound']
    loop
        execute format('alter table system.%I enable row level security', t);
        execute format('alter table system.%I force row level security', t);
        execute format($p$create policy system_scope on system.%I to socialai_app
            using (current_setting('app.scope', true) = 'system')$p$, t);
        execute format('grant select, insert, update, delete on system.%I to socialai_app', t);
    end loop;
end
$$;

-- The words of a text as a search finds them, each behind a mark of its tenant: the index then has a list of rows for each
-- word of each tenant, and the words of others cost a search nothing. Without the mark, a frequent word of a thousand tenants
-- would be read for all of them, and row-level security would throw nearly all of it away.
-- In plpgsql, which keeps the plan for as long as the session: every message that comes is asked for its words.
create function system.lexemes(tenant uuid, content text) returns tsvector
language plpgsql immutable parallel safe cost 1000 as $$
begin
    -- What is there twice is left out by the last step.
    return array_to_tsvector(array(
        select right(tenant::text, 12) || left(l.lexeme, 100)
        from unnest(tsvector_to_array(to_tsvector('pg_catalog.simple'::regconfig, left(content, 20000)))) as l (lexeme)));
end
$$;

-- All words of a search must be there, the last one at least as a beginning. Null when there is no word in it.
create function system.search_query(tenant uuid, content text) returns tsquery
language sql immutable parallel safe as $$
    with words as (
        select right(tenant::text, 12) || left(l.lexeme, 100) as word, max(p) as place, max(max(p)) over () as last
        from unnest(to_tsvector('pg_catalog.simple'::regconfig, left(content, 1000))) as l, unnest(l.positions) as p
        group by l.lexeme
    )
    select string_agg('''' || replace(replace(word, '\', '\\'), '''', '''''') || '''' || case when place = last then ':*' else '' end, ' & ')::tsquery
    from words
$$;
revoke execute on function system.lexemes(uuid, text), system.search_query(uuid, text) from public;
grant execute on function system.lexemes(uuid, text), system.search_query(uuid, text) to socialai_app;
