-- The event engine: jobs (commands with one owner), facts (what happened, with many readers), and what recurs.
-- Everything here names its tenant; a tenant's transaction writes its own rows in the transaction that made them true,
-- the engine reads those of all tenants in system scope.
--
-- Installation-wide work has the tenant 00000000-0000-0000-0000-000000000000.

-- One row per key that has work. It is the lock of the key: whoever adds a job to a key or finishes one holds this row
-- until commit, so that neither can miss the other. Names are ordered by their bytes, as the program orders them, and not
-- by the database's locale: lanes are locked in that order.
create table system.lanes (
    queue text collate "C" not null,
    tenant_id uuid not null,
    -- The only check: PostgreSQL reads and compiles each of them anew for every statement.
    key text collate "C" not null check (length(key) between 1 and 200),
    -- 0 fast, 1 standard
    speed smallint not null,
    -- Turn among the tenant's waiting lanes. From a sequence and not from a clock, which may be set back.
    place bigint not null,
    -- Number of the newest job; jobs of a lane are numbered without gaps.
    last_seq bigint not null,
    -- The first job failed and waits for its next attempt; the lane waits with it.
    wait_until timestamptz,
    holder uuid,
    lease uuid,
    -- Workers that died with this lane in their hands, one after the other.
    crashes smallint not null default 0,
    primary key (queue, tenant_id, key)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
create index lanes_claimable on system.lanes (queue, speed, tenant_id, place) where holder is null and wait_until is null;
create index lanes_waiting on system.lanes (queue, wait_until) where wait_until is not null;
create index lanes_held on system.lanes (holder) where holder is not null;
comment on table system.lanes is 'One row per key with unfinished jobs: the turn, the lease and the lock of the key.';
create sequence system.lane_places cache 50;

create table system.jobs (
    queue text collate "C" not null,
    tenant_id uuid not null,
    key text collate "C" not null,
    seq bigint not null,
    id uuid not null,
    kind text not null,
    version smallint not null,
    payload jsonb not null,
    attempts smallint not null default 0,
    -- One entry per failed attempt: when, how long, what went wrong.
    errors jsonb not null default '[]',
    trace text,
    enqueued_at timestamptz not null default clock_timestamp(),
    primary key (queue, tenant_id, key, seq)
) with (fillfactor = 90, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
-- For the age of the oldest. Without the queue, so that no statement about a lane can take this index for its own.
create index jobs_age on system.jobs (enqueued_at);
comment on table system.jobs is 'Work to be done, in the order of seq within a lane. Finished jobs are deleted.';

create table system.delayed_jobs (
    id uuid primary key,
    tenant_id uuid not null,
    due_at timestamptz not null,
    queue text not null,
    key text not null,
    speed smallint not null check (speed in (0, 1)),
    kind text not null,
    version smallint not null,
    payload jsonb not null,
    trace text
);
create index delayed_jobs_due on system.delayed_jobs (due_at);
create index delayed_jobs_tenant on system.delayed_jobs (tenant_id);
comment on table system.delayed_jobs is 'Jobs that are not yet due. They join their lane when they are, and can be cancelled until then.';

create table system.dead_letters (
    id uuid primary key,
    tenant_id uuid not null,
    queue text not null,
    key text not null,
    speed smallint not null check (speed in (0, 1)),
    kind text not null,
    version smallint not null,
    payload jsonb not null,
    errors jsonb not null,
    attempts smallint not null,
    reason text not null,
    trace text,
    enqueued_at timestamptz not null,
    died_at timestamptz not null default clock_timestamp(),
    -- A replay enqueues the job again under a new id; a discard says why.
    replayed_at timestamptz,
    replayed_as uuid,
    discarded_at timestamptz,
    discard_reason text,
    settled_by text,
    check (replayed_at is null or discarded_at is null)
);
create index dead_letters_open on system.dead_letters (tenant_id, died_at desc, id) where replayed_at is null and discarded_at is null;
create index dead_letters_all on system.dead_letters (tenant_id, died_at desc, id);
comment on table system.dead_letters is 'Jobs that were given up, with every attempt, until somebody replays or discards them.';

create table system.workers (
    id uuid primary key,
    queues text[] not null,
    host text not null,
    version text not null,
    started_at timestamptz not null default clock_timestamp(),
    beat_at timestamptz not null default clock_timestamp()
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
comment on table system.workers is 'Workers that are alive. One whose beat stops loses its lanes to the others.';

create table system.schedules (
    name text primary key,
    tenant_id uuid not null,
    queue text not null,
    kind text not null,
    version smallint not null,
    payload jsonb not null,
    every_seconds int not null check (every_seconds > 0),
    -- skip: one run for any number of missed ones; catch_up: one run for each of them.
    missed text not null check (missed in ('skip', 'catch_up')),
    next_at timestamptz not null,
    last_at timestamptz
);
create index schedules_due on system.schedules (next_at);
create index schedules_tenant on system.schedules (tenant_id);
comment on table system.schedules is 'Work that recurs. Advancing a row and enqueueing its job is one transaction, so two schedulers cannot both do it.';

create table system.outbox (
    id bigint generated always as identity primary key,
    tenant_id uuid not null,
    fact_id uuid not null,
    kind text not null check (length(kind) between 1 and 80),
    version smallint not null,
    key text not null check (length(key) between 1 and 200),
    data jsonb not null,
    trace text,
    at timestamptz not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
comment on table system.outbox is 'Facts as their transactions left them, until they get their place in the order. Nearly always empty.';

create table system.facts (
    position bigint not null,
    tenant_id uuid not null,
    fact_id uuid not null,
    kind text not null,
    version smallint not null,
    key text not null,
    data jsonb not null,
    trace text,
    at timestamptz not null,
    -- Null: for every reader. A fact that came with its tenant from another database is for nobody (an empty list): it was
    -- read there. For readers that had not read it there it follows once more, behind the head.
    readers text[],
    primary key (tenant_id, position)
);
create unique index facts_news on system.facts (position) where readers is distinct from '{}';
create index facts_age on system.facts using brin (at);
comment on table system.facts is 'What happened, in the order in which it became visible. Kept for the time of SOCIALAI_FACTS_RETENTION_DAYS.';

create table system.fact_head (
    singleton boolean primary key default true check (singleton),
    position bigint not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
insert into system.fact_head (position) values (0);
comment on table system.fact_head is 'Position of the newest fact; whoever holds the row gives out positions.';

create table system.readers (
    name text primary key,
    position bigint not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
comment on table system.readers is 'How far each subscriber has read the facts. It moves in the transaction that enqueues what follows from them.';

create table system.topic_offsets (
    reader text not null,
    topic text not null,
    topic_partition int not null,
    next_offset bigint not null,
    -- Newest fact of each database that was seen here: what a restarted relay sends again is recognised.
    seen jsonb not null default '{}',
    -- Who reads the partition at present: a consumer that lost it commits nothing more.
    owner uuid,
    -- In a shard: tenants whose facts were read here up to an offset that the control database does not have yet.
    ahead jsonb not null default '{}',
    primary key (reader, topic, topic_partition)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
comment on table system.topic_offsets is 'How far each subscriber has read each Kafka partition, in the transaction of what follows, so that nothing is done twice.';

create table system.remotes (
    remote text not null,
    tenant_id uuid not null,
    process uuid not null,
    state text not null check (state in ('closed', 'open', 'half_open')),
    failures int not null,
    opened_at timestamptz,
    changed_at timestamptz not null default clock_timestamp(),
    primary key (remote, tenant_id, process)
);
comment on table system.remotes is 'Circuit breakers that left their normal state, as the processes report them; for the system page.';

alter table system.residents add column weight smallint not null default 1 check (weight > 0);
comment on column system.residents.weight is 'Share of the workers when tenants compete.';
alter table system.residents add column subscriptions text[] not null default '{}';
comment on column system.residents.subscriptions is 'Readers of facts for which this tenant has anything to do.';

do $$
declare
    t text;
begin
    foreach t in array array['lanes', 'jobs', 'delayed_jobs', 'dead_letters', 'schedules', 'outbox', 'facts', 'remotes']
    loop
        execute format('alter table system.%I enable row level security', t);
        execute format('alter table system.%I force row level security', t);
        execute format($p$create policy own_tenant_or_system on system.%I to socialai_app
            using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid
                or current_setting('app.scope', true) = 'system')$p$, t);
        execute format('grant select, insert, update, delete on system.%I to socialai_app', t);
    end loop;
    foreach t in array array['workers', 'fact_head', 'readers', 'topic_offsets']
    loop
        execute format('alter table system.%I enable row level security', t);
        execute format('alter table system.%I force row level security', t);
        execute format($p$create policy system_scope on system.%I to socialai_app
            using (current_setting('app.scope', true) = 'system')$p$, t);
        execute format('grant select, insert, update, delete on system.%I to socialai_app', t);
    end loop;
end
$$;
grant usage on sequence system.lane_places to socialai_app;

-- Called by whatever takes a lock that others wait for. A process that is frozen in the middle of a transaction (a machine
-- put to sleep, a network that is gone) would hold up its keys for as long as it is; so the server ends the transaction.
-- To be assigned and not performed: what plpgsql can compute without a query costs a tenth of one.
create function system.be_brief() returns text
language sql as $$
    select set_config('idle_in_transaction_session_timeout', '5s', true)
$$;

-- The door of a tenant's transaction again, computed where it was queried.
create or replace function system.enter(tenant uuid, home text) returns boolean
language plpgsql as $$
declare
    settings text;
begin
    settings := set_config('app.tenant_id', tenant::text, true) || set_config('app.scope', '', true)
        || set_config('search_path', quote_ident(home) || ', system', true);
    settings := pg_advisory_xact_lock_shared(hashtextextended(tenant::text, 7));
    return exists (select from system.residents r where r.tenant_id = tenant and r.home_schema = home and r.open);
end
$$;

-- Adds one job; `enqueue` below says how. False: whoever enqueues rings by itself.
create function system.enqueue_one(of_tenant uuid, of_queue text, of_key text, of_speed smallint, job uuid, of_kind text,
    of_version smallint, of_payload jsonb, of_trace text) returns boolean
language plpgsql as $$
declare
    brief text := system.be_brief();
    newest bigint;
begin
    insert into system.lanes as l (queue, tenant_id, key, speed, place, last_seq)
    values (of_queue, of_tenant, of_key, of_speed, nextval('system.lane_places'), 1)
    on conflict (queue, tenant_id, key) do update set last_seq = l.last_seq + 1, speed = least(l.speed, excluded.speed)
    returning l.last_seq into newest;
    insert into system.jobs (queue, tenant_id, key, seq, id, kind, version, payload, trace)
    values (of_queue, of_tenant, of_key, newest, job, of_kind, of_version, of_payload, of_trace);
    return false;
end
$$;

-- Adds jobs behind those that their keys have. Lanes are locked in the order of their primary key, here and by everybody
-- who locks several, so that two batches cannot wait for each other. `do update` and not `do nothing`: the lane must be
-- locked even when it is there, or a worker that finishes its last job at this moment removes it under our feet.
-- Not compiled: each way to read that a function forbids is charged so much that a server which compiles what is dear would
-- spend half a second on it, every time. It holds for all functions that forbid any.
create function system.enqueue(tenants uuid[], queues text[], keys text[], speeds smallint[], ids uuid[], kinds text[],
    versions smallint[], payloads jsonb[], traces text[]) returns void
language plpgsql set jit = off set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
    brief text := system.be_brief();
begin
    if cardinality(ids) = 1 then
        brief := system.enqueue_one(tenants[1], queues[1], keys[1], speeds[1], ids[1], kinds[1], versions[1], payloads[1], traces[1]);
        return;
    end if;
    with wanted as (
        select * from unnest(tenants, queues, keys, speeds, ids, kinds, versions, payloads, traces)
            with ordinality as w (tenant_id, queue, key, speed, id, kind, version, payload, trace, nth)
    ), numbered as (
        select w.*, row_number() over (partition by queue, tenant_id, key order by nth desc) - 1 as from_end from wanted w
    ), locked as (
        insert into system.lanes as l (queue, tenant_id, key, speed, place, last_seq)
        select queue, tenant_id, key, min(speed), nextval('system.lane_places'), count(*) from wanted
        group by queue, tenant_id, key order by queue collate "C", tenant_id, key collate "C"
        on conflict (queue, tenant_id, key) do update
            set last_seq = l.last_seq + excluded.last_seq, speed = least(l.speed, excluded.speed)
        returning queue, tenant_id, key, last_seq
    )
    insert into system.jobs (queue, tenant_id, key, seq, id, kind, version, payload, trace)
    select n.queue, n.tenant_id, n.key, l.last_seq - n.from_end, n.id, n.kind, n.version, n.payload, n.trace
    from numbered n join locked l using (queue, tenant_id, key);
end
$$;

-- Takes free lanes and returns the first jobs of each: for one speed after the other up to its `rooms`, for all together up
-- to `free`. The tenant that has the least of this worker for its weight comes first. `room` says for tenants that occupy
-- this worker already how many lanes more they may have; `most` is that number for all others. So many lanes of a tenant as
-- are done `together` count as one, so that they come together. Of more tenants than the claim looks at, the next in turn
-- are those after that of `afters`. It is called outside of any transaction, of which it is one.
-- Two statements on purpose: the second sees the jobs as they are after the lanes were locked.
-- The plan must be good whatever the statistics say: these tables are empty at one moment and hold millions at the next. So
-- rows that were found are updated by their place and not by a join, here and wherever several lanes are; and lanes to be
-- claimed are asked for in an order that only their own index has.
create function system.claim(of_queue text, worker uuid, new_lease uuid, speeds smallint[], rooms int[], afters uuid[],
    free int, per_lane int, most int, busy uuid[], room int[], together int, looks_at int)
returns table (tenant_id uuid, key text, speed smallint, seq bigint, id uuid, kind text, version smallint, payload jsonb,
    attempts smallint, trace text, enqueued_at timestamptz, crashes smallint, is_last boolean)
language plpgsql set jit = off set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
    set enable_sort = off set enable_incremental_sort = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    -- A claim that a crash of the server forgets costs nothing: its lease is no longer that of the lane, so that what was
    -- done under it cannot commit. So nobody waits for the disk between a job and its worker.
    brief text := system.be_brief() || set_config('app.scope', 'system', true) || set_config('synchronous_commit', 'off', true);
    of_speed smallint;
    after uuid;
    wanted int;
    got_tenants uuid[];
    got_keys text[];
    got_crashes smallint[];
begin
    for nth in 1..cardinality(speeds) loop
        of_speed := speeds[nth];
        after := afters[nth];
        wanted := least(rooms[nth], free);
        -- Most claims find nothing of one of the two speeds.
        continue when wanted <= 0 or (select l.place from system.lanes l
            where l.queue = of_queue and l.speed = of_speed and l.holder is null and l.wait_until is null
            order by l.tenant_id, l.place limit 1) is null;
        with recursive behind (tenant_id) as (
            (select l.tenant_id from system.lanes l
             where l.queue = of_queue and l.speed = of_speed and l.holder is null and l.wait_until is null
                and l.tenant_id > after
             order by l.tenant_id, l.place limit 1)
            union all
            select (select l.tenant_id from system.lanes l
                    where l.queue = of_queue and l.speed = of_speed and l.holder is null and l.wait_until is null
                        and l.tenant_id > w.tenant_id
                    order by l.tenant_id, l.place limit 1)
            from behind w where w.tenant_id is not null
        ), before (tenant_id) as (
            (select l.tenant_id from system.lanes l
             where l.queue = of_queue and l.speed = of_speed and l.holder is null and l.wait_until is null
                and l.tenant_id <= after
             order by l.tenant_id, l.place limit 1)
            union all
            select (select l.tenant_id from system.lanes l
                    where l.queue = of_queue and l.speed = of_speed and l.holder is null and l.wait_until is null
                        and l.tenant_id > w.tenant_id and l.tenant_id <= after
                    order by l.tenant_id, l.place limit 1)
            from before w where w.tenant_id is not null
        ), tenants as (
            select w.tenant_id, coalesce(r.weight, 1) as weight, coalesce(u.room, most) as room
            from (select tenant_id from behind where tenant_id is not null
                  union all select tenant_id from before where tenant_id is not null limit looks_at) w
            left join system.residents r on r.tenant_id = w.tenant_id
            left join unnest(busy, room) as u (tenant_id, room) on u.tenant_id = w.tenant_id
            -- Work of a tenant that is leaving this database waits until it arrived at the other one.
            where r.open is not false
        ), candidates as (
            select c.tenant_id, c.key, c.place, min(c.place) over (partition by c.tenant_id) as oldest,
                (ceil((most - t.room + row_number() over (partition by c.tenant_id order by c.place))::float8 / together)
                    * together - 0.5) / t.weight as turn
            from tenants t cross join lateral (
                select l.tenant_id, l.key, l.place from system.lanes l
                where l.queue = of_queue and l.speed = of_speed and l.holder is null and l.wait_until is null
                    and l.tenant_id = t.tenant_id
                -- With enough tenants for the whole claim it need not read more than the turn of each.
                order by l.place limit greatest(least(wanted, t.room,
                    case when (select count(*) from tenants) * together >= wanted then together * t.weight end), 0)) c
        ), free as (
            -- Whether the lane is still free is asked of the locked row and not in the search for it, which therefore can
            -- use no index but the primary key. One that changed after this statement began is locked and not found below:
            -- whoever changed it rings.
            select l.ctid
            from (select c.tenant_id, c.key from candidates c order by c.turn, c.oldest, c.place limit wanted) c
            cross join lateral (
                select l.ctid, l.holder, l.wait_until from system.lanes l
                where l.queue = of_queue and l.tenant_id = c.tenant_id and l.key = c.key limit 1 for update skip locked) l
            where l.holder is null and l.wait_until is null
        ), got as (
            update system.lanes l set holder = worker, lease = new_lease
            where l.ctid = any (array(select f.ctid from free f))
            returning l.tenant_id, l.key, l.crashes
        )
        select array_agg(g.tenant_id), array_agg(g.key), array_agg(g.crashes) from got g
        into got_tenants, got_keys, got_crashes;
        continue when got_tenants is null;

        return query
            select j.tenant_id, j.key, of_speed, j.seq, j.id, j.kind, j.version, j.payload, j.attempts, j.trace,
                j.enqueued_at, g.crashes, row_number() over (partition by j.tenant_id, j.key order by j.seq desc) = 1
            from unnest(got_tenants, got_keys, got_crashes) as g (tenant_id, key, crashes)
            cross join lateral (
                select * from system.jobs j
                where j.queue = of_queue and j.tenant_id = g.tenant_id and j.key = g.key order by j.seq limit per_lane) j
            order by j.tenant_id, j.key, j.seq;
        free := free - cardinality(got_tenants);
        if nth < cardinality(speeds) then
            select array_agg(b.tenant_id), array_agg(b.room) from (
                select t.tenant_id, coalesce(max(t.room), most) - (count(*) filter (where t.room is null))::int as room
                from (select g as tenant_id, null::int as room from unnest(got_tenants) g
                      union all select u.tenant_id, u.room from unnest(busy, room) as u (tenant_id, room)) t
                group by t.tenant_id) b
            into busy, room;
        end if;
    end loop;
end
$$;

-- Locks the lane of a job that a worker holds, and answers the number of its newest job. A worker that lost its lease
-- meanwhile (it was too slow, or thought to be dead) fails here, and with it the transaction of its work.
create function system.hold(of_queue text, of_tenant uuid, of_key text, of_lease uuid) returns bigint
language plpgsql as $$
declare
    brief text := system.be_brief();
    newest bigint;
begin
    select l.last_seq into newest from system.lanes l
    where l.queue = of_queue and l.tenant_id = of_tenant and l.key = of_key and l.lease = of_lease for update;
    if not found then
        raise exception 'the lease of this job was lost' using errcode = 'SA001';
    end if;
    return newest;
end
$$;

-- Gives a held lane back: with nothing left it goes, else it queues up again behind the tenant's other lanes; true when
-- it does. Asks the locked lane and not the jobs, which the caller's statement may see as they were before it waited for
-- the lock.
create function system.let_go(of_queue text, of_tenant uuid, of_key text, done bigint, newest bigint) returns boolean
language plpgsql as $$
begin
    if done = newest then
        delete from system.lanes l where l.queue = of_queue and l.tenant_id = of_tenant and l.key = of_key;
        return false;
    end if;
    update system.lanes l set holder = null, lease = null, crashes = 0, place = nextval('system.lane_places')
    where l.queue = of_queue and l.tenant_id = of_tenant and l.key = of_key;
    return true;
end
$$;

-- A job is done. With `release` its lane is given back, without it the worker goes on with the lane's next job. True when
-- the lane can be claimed for more: jobs that were added while it was held rang for nobody.
create function system.finish(of_queue text, of_tenant uuid, of_key text, of_lease uuid, done bigint, release boolean)
returns boolean language plpgsql as $$
declare
    brief text := system.be_brief();
    newest bigint;
begin
    -- Nearly always it is the only job of its lane.
    if release then
        delete from system.lanes l where l.queue = of_queue and l.tenant_id = of_tenant and l.key = of_key
            and l.lease = of_lease and l.last_seq = done;
    end if;
    if not release or not found then
        newest := system.hold(of_queue, of_tenant, of_key, of_lease);
    end if;
    delete from system.jobs j where j.queue = of_queue and j.tenant_id = of_tenant and j.key = of_key and j.seq = done;
    if newest is null then
        return false;
    end if;
    if release then
        return system.let_go(of_queue, of_tenant, of_key, done, newest);
    end if;
    -- Crashes are counted for the first job of a lane, and that is another one now.
    update system.lanes l set crashes = 0
    where l.queue = of_queue and l.tenant_id = of_tenant and l.key = of_key and l.crashes > 0;
    return false;
end
$$;

-- The same for several jobs of one tenant, whose work is one transaction. A lane may be there several times, with its jobs in
-- their order. Lanes are locked in the order of their keys; then all that was read of them is true until the end, and they
-- stay at their places.
create function system.finish_together(of_queue text, of_tenant uuid, keys text[], leases uuid[], done bigint[], release boolean[])
returns boolean language plpgsql set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
    set plan_cache_mode = force_generic_plan as $$
declare
    brief text := system.be_brief();
    held bigint;
    emptied tid[];
    others tid[];
begin
    select count(*), array_agg(l.ctid) filter (where l.last_seq = w.last), array_agg(l.ctid) filter (where l.last_seq > w.last)
    into held, emptied, others
    from (select w.key collate "C" as key, w.lease, max(w.seq) filter (where w.release) as last
          from unnest(keys, leases, done, release) as w (key, lease, seq, release) group by 1, 2 order by 1) w
    cross join lateral (
        select l.ctid, l.lease, l.last_seq from system.lanes l
        where l.queue = of_queue and l.tenant_id = of_tenant and l.key = w.key limit 1 for update) l
    where l.lease = w.lease;
    if held < (select count(distinct w.key) from unnest(keys) as w (key)) then
        raise exception 'the lease of one of these jobs was lost' using errcode = 'SA001';
    end if;
    delete from system.jobs j where j.ctid = any (array(
        select j.ctid from unnest(keys, done) as d (key, seq)
        cross join lateral (
            select j.ctid from system.jobs j
            where j.queue = of_queue and j.tenant_id = of_tenant and j.key = d.key and j.seq = d.seq limit 1) j));
    if emptied is not null then
        delete from system.lanes l where l.ctid = any (emptied);
    end if;
    if others is not null then
        update system.lanes l set holder = null, lease = null, crashes = 0, place = nextval('system.lane_places')
        where l.ctid = any (others);
    end if;
    return others is not null;
end
$$;

-- The job is tried again later, and what is behind it waits. `failure` is null for a pause that is nobody's fault. A job
-- that is gone was done: its commit arrived and the answer to it did not. Then nothing has to wait. No pause is longer than
-- a day.
create function system.postpone(of_queue text, of_tenant uuid, of_key text, of_lease uuid, undone bigint, pause interval, failure jsonb)
returns void language plpgsql as $$
declare
    newest bigint := system.hold(of_queue, of_tenant, of_key, of_lease);
begin
    update system.jobs j
    set attempts = j.attempts + (failure is not null)::int, errors = j.errors || coalesce(failure, '[]')
    where j.queue = of_queue and j.tenant_id = of_tenant and j.key = of_key and j.seq = undone;
    if not found then
        perform system.let_go(of_queue, of_tenant, of_key, undone, newest);
        return;
    end if;
    update system.lanes l set holder = null, lease = null, crashes = 0,
        wait_until = clock_timestamp() + least(pause, interval '1 day')
    where l.queue = of_queue and l.tenant_id = of_tenant and l.key = of_key;
end
$$;

-- Copies a job to the dead letters and deletes it; the lane goes on with the next.
create function system.bury(of_queue text, of_tenant uuid, of_key text, of_lease uuid, dead bigint, why text, failure jsonb)
returns void language plpgsql as $$
declare
    newest bigint := system.hold(of_queue, of_tenant, of_key, of_lease);
begin
    insert into system.dead_letters (id, tenant_id, queue, key, speed, kind, version, payload, errors, attempts, reason, trace, enqueued_at)
    select j.id, j.tenant_id, j.queue, j.key, l.speed, j.kind, j.version, j.payload, j.errors || failure, j.attempts + 1, why, j.trace, j.enqueued_at
    from system.jobs j join system.lanes l on l.queue = j.queue and l.tenant_id = j.tenant_id and l.key = j.key
    where j.queue = of_queue and j.tenant_id = of_tenant and j.key = of_key and j.seq = dead;
    delete from system.jobs j where j.queue = of_queue and j.tenant_id = of_tenant and j.key = of_key and j.seq = dead;
    perform system.let_go(of_queue, of_tenant, of_key, dead, newest);
end
$$;

-- Frees the lanes of workers whose beat stopped, or lies ahead because the clock was set back: one that lives has beaten
-- since. Each time in a row a lane waits longer and not exactly as long as its neighbours in the dead worker's hands, so
-- that these get through while the job that kills its workers is met alone. Whoever claims it then gives it up.
create function system.reap(silence interval) returns int
language plpgsql set jit = off set enable_seqscan = off as $$
declare
    brief text := system.be_brief();
    freed int;
begin
    update system.lanes l set holder = null, lease = null, crashes = l.crashes + 1,
        wait_until = case when l.crashes = 0 then null
            else clock_timestamp() + least(l.crashes, 10) ^ 2 * (0.5 + random()) * interval '1 second' end
    where l.ctid = any (array(
        select l.ctid from system.lanes l
        where l.holder is not null and not exists (
            select from system.workers w
            where w.id = l.holder and w.beat_at > clock_timestamp() - silence and w.beat_at < clock_timestamp() + silence)
        for update of l skip locked));
    get diagnostics freed = row_count;
    delete from system.workers w where w.id in (
        select w.id from system.workers w
            where (w.beat_at <= clock_timestamp() - silence or w.beat_at >= clock_timestamp() + silence)
            and not exists (select from system.lanes l where l.holder = w.id) for update skip locked);
    return freed;
end
$$;

-- Lanes whose pause is over are claimable again; so are those that wait longer than any pause is (see `postpone`): the clock
-- was set back since.
create function system.wake_lanes() returns int
language plpgsql set jit = off set enable_seqscan = off as $$
declare
    brief text := system.be_brief();
    woken int;
begin
    update system.lanes l set wait_until = null
    where l.ctid = any (array(
        select l.ctid from system.lanes l
        where l.wait_until <= clock_timestamp() order by l.wait_until limit 1000 for update skip locked)
        || array(
        select l.ctid from system.lanes l
        where l.wait_until > clock_timestamp() + interval '1 day' limit 1000 for update skip locked));
    get diagnostics woken = row_count;
    return woken;
end
$$;

-- Delayed jobs that are due join their lanes.
create function system.release_due() returns int
language plpgsql set jit = off set enable_seqscan = off as $$
declare
    released int;
begin
    with due as (
        delete from system.delayed_jobs d where d.id in (
            select d.id from system.delayed_jobs d where d.due_at <= clock_timestamp() order by d.due_at limit 500 for update skip locked)
        returning d.*
    ), batch as (
        select array_agg(tenant_id order by due_at, id) as tenants, array_agg(queue order by due_at, id) as queues,
            array_agg(key order by due_at, id) as keys, array_agg(speed order by due_at, id) as speeds,
            array_agg(id order by due_at, id) as ids, array_agg(kind order by due_at, id) as kinds,
            array_agg(version order by due_at, id) as versions, array_agg(payload order by due_at, id) as payloads,
            array_agg(trace order by due_at, id) as traces, count(*) as n
        from due
    )
    select n, system.enqueue(tenants, queues, keys, speeds, ids, kinds, versions, payloads, traces) from batch where n > 0
    into released;
    return coalesce(released, 0);
end
$$;

-- Gives facts their place. One process at a time holds the head; the others find it taken and do nothing. Positions are
-- microseconds where possible, so that they go on rising when a tenant moves to another database.
create function system.place_facts(most int) returns int
language plpgsql set jit = off set enable_seqscan = off as $$
declare
    brief text := system.be_brief();
    head bigint;
    placed int;
begin
    select f.position into head from system.fact_head f for update skip locked;
    if not found then
        return 0;
    end if;
    head := greatest(head, (extract(epoch from clock_timestamp()) * 1000000)::bigint);
    with taken as (
        delete from system.outbox o where o.id in (select o.id from system.outbox o order by o.id limit most) returning o.*
    )
    insert into system.facts (position, tenant_id, fact_id, kind, version, key, data, trace, at)
    select head + row_number() over (order by t.id), t.tenant_id, t.fact_id, t.kind, t.version, t.key, t.data, t.trace, t.at
    from taken t;
    get diagnostics placed = row_count;
    if placed > 0 then
        update system.fact_head set position = head + placed;
    end if;
    return placed;
end
$$;
