-- Channels: connected accounts, the people who write, their conversations with every message.
--
-- Whoever locks several rows locks in this order: contact identity, conversation, message. The row of the identity is the
-- lock for "one open conversation": who receives takes it first.
--
-- Nothing refers to conversations by a foreign key. A move copies referenced tables in place, and the place of the one open
-- conversation may pass from one row to another meanwhile.

create table channel_accounts (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    platform text not null check (platform in ('facebook', 'instagram', 'x', 'linkedin', 'web_chat')),
    external_id text not null,
    name text not null,
    handle text,
    avatar_url text,
    state text not null check (state in ('healthy', 'degraded', 'needs_you', 'disconnected')),
    -- A sentence for people; null while all is well.
    state_reason text,
    state_since timestamptz not null,
    -- Tokens as the connector wants them; null when disconnected, or where there are none.
    credentials_sealed bytea,
    -- Counts what was stored there. Who refreshed writes only over what they began with.
    credentials_version int not null default 0,
    token_expires_at timestamptz,
    -- Null: it cannot be refreshed, or must not be tried.
    refresh_at timestamptz,
    -- Whether the workspace's own app is used, and not the operator's.
    uses_own_app boolean not null,
    scopes text[] not null,
    settings jsonb not null default '{}',
    -- Newest sign of life by webhook or poll, in our time.
    last_event_at timestamptz,
    -- How far polling has read, in the connector's words.
    poll_cursor jsonb,
    polled_at timestamptz,
    -- What the platform last said of its limits.
    quota jsonb,
    quota_at timestamptz,
    connected_by text not null,
    connected_at timestamptz not null,
    disconnected_at timestamptz,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, platform, external_id),
    check ((state = 'disconnected') = (disconnected_at is not null))
) with (fillfactor = 70);
create index channel_accounts_refresh on channel_accounts (tenant_id, refresh_at) where refresh_at is not null;
comment on table channel_accounts is 'Pages, profiles, organisations and widgets that the workspace connected.';

create table channel_apps (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    platform text not null,
    client_id text not null,
    -- Client secret, and what else signs or verifies for this app, as JSON.
    secrets_sealed bytea not null,
    created_by text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, platform)
);
comment on table channel_apps is 'The workspace''s own app at a platform, used instead of the operator''s.';

create table channel_gaps (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    account_id uuid not null,
    -- Between these two moments messages may be missing; the end is null while it lasts.
    from_at timestamptz not null,
    until_at timestamptz,
    reason text not null,
    -- open, closed (what there was to fetch has been fetched) or lost (the platform cannot give it back).
    state text not null check (state in ('open', 'closed', 'lost')),
    recovered int not null default 0,
    opened_at timestamptz not null,
    closed_at timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, account_id) references channel_accounts (tenant_id, id) on delete cascade,
    check ((state = 'open') = (closed_at is null))
);
create unique index channel_gaps_open on channel_gaps (tenant_id, account_id) where state = 'open';
create index channel_gaps_newest on channel_gaps (tenant_id, account_id, from_at desc, id desc);
comment on table channel_gaps is 'Times in which messages of an account may be missing.';

create table contacts (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    -- Empty while nobody knows it.
    name text not null,
    -- A person of the workspace wrote it, so that no platform overwrites it.
    is_name_ours boolean not null default false,
    avatar_url text,
    company text,
    email_sealed bytea,
    email_index bytea,
    phone_sealed bytea,
    phone_index bytea,
    -- Where it went; such a contact is found only there.
    merged_into uuid,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    last_seen_at timestamptz,
    primary key (tenant_id, id),
    check ((email_sealed is null) = (email_index is null) and (phone_sealed is null) = (phone_index is null))
);
create index contacts_newest on contacts (tenant_id, id desc) where merged_into is null;
create index contacts_email on contacts (tenant_id, email_index) where email_index is not null;
create index contacts_phone on contacts (tenant_id, phone_index) where phone_index is not null;
create index contacts_names on contacts using gin (system.lexemes(tenant_id, name)) with (fastupdate = off);
-- No statistics of it: they would be made anew of thousands of texts again and again, and no plan asks for them.
alter index contacts_names alter column 1 set statistics 0;
comment on table contacts is 'People who write to the workspace, whatever they write from.';

create table contact_identities (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    contact_id uuid not null,
    platform text not null,
    -- External id of the account that knows the person by this id, where ids differ from account to account; else empty.
    scope text not null,
    external_id text not null,
    handle text,
    name text,
    avatar_url text,
    created_at timestamptz not null,
    seen_at timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, platform, scope, external_id),
    foreign key (tenant_id, contact_id) references contacts (tenant_id, id)
);
create index contact_identities_contact on contact_identities (tenant_id, contact_id);
create index contact_identities_names on contact_identities using gin (system.lexemes(tenant_id, coalesce(name, '') || ' ' || coalesce(handle, '')))
    with (fastupdate = off);
alter index contact_identities_names alter column 1 set statistics 0;
comment on table contact_identities is 'A person as one platform knows them.';

create table contact_merges (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    winner_id uuid not null,
    loser_id uuid not null,
    -- Identities that came with the loser; what was said through them goes where they go.
    identities uuid[] not null,
    -- Fields that the winner had not and took.
    taken text[] not null,
    merged_by text not null,
    merged_at timestamptz not null,
    undone_by text,
    undone_at timestamptz,
    primary key (tenant_id, id),
    check ((undone_at is null) = (undone_by is null))
);
create index contact_merges_winner on contact_merges (tenant_id, winner_id, merged_at desc);
create unique index contact_merges_loser on contact_merges (tenant_id, loser_id) where undone_at is null;
comment on table contact_merges is 'Which contacts became one, and what it takes to part them again.';

create table conversations (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    account_id uuid not null,
    identity_id uuid not null,
    -- Whose identity it is at present.
    contact_id uuid not null,
    platform text not null,
    surface text not null check (surface in ('message', 'comment')),
    -- The post or root that comments are about; empty for direct messages.
    thread_key text not null,
    status text not null check (status in ('open', 'snoozed', 'closed')),
    assignee_id uuid,
    snoozed_until timestamptz,
    -- Who is answering, and until when that keeps others from it.
    claimed_by uuid,
    claimed_until timestamptz,
    unread_count int not null default 0,
    last_seq bigint not null default 0,
    -- Provider time of the newest message that was there when it was received; lists are ordered by it.
    last_activity_at timestamptz not null,
    -- Provider time of the person's newest message: what opens the messaging window.
    last_inbound_at timestamptz,
    last_outbound_at timestamptz,
    -- Since when the person waits for an answer; null when they do not.
    awaiting_since timestamptz,
    -- Up to where the person's side has the messages and has read them, in the platform's time.
    delivered_until timestamptz,
    read_until timestamptz,
    preview text not null,
    preview_direction text not null check (preview_direction in ('in', 'out')),
    -- The person wrote to us of their own accord (a message, a mention), which some platforms want before we answer.
    was_invited boolean not null default false,
    -- A human spoke: the machine is silent.
    machine_paused boolean not null default false,
    machine_paused_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    closed_at timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, account_id) references channel_accounts (tenant_id, id),
    foreign key (tenant_id, identity_id) references contact_identities (tenant_id, id),
    check ((status = 'closed') = (closed_at is not null) and (status = 'snoozed') = (snoozed_until is not null)),
    check ((claimed_by is null) = (claimed_until is null))
) with (fillfactor = 80);
create unique index conversations_one_open on conversations (tenant_id, account_id, identity_id, surface, thread_key) where status <> 'closed';
create index conversations_of_identity on conversations (tenant_id, identity_id, account_id, surface, thread_key, id desc);
create index conversations_of_contact on conversations (tenant_id, contact_id, last_activity_at desc, id desc);
create index conversations_newest on conversations (tenant_id, status, last_activity_at desc, id desc);
create index conversations_of_account on conversations (tenant_id, account_id, status, last_activity_at desc, id desc);
create index conversations_of_assignee on conversations (tenant_id, assignee_id, status, last_activity_at desc, id desc);
create index conversations_unread on conversations (tenant_id, status, last_activity_at desc, id desc) where unread_count > 0;
create index conversations_awaiting on conversations (tenant_id, awaiting_since) where awaiting_since is not null and status = 'open';
comment on table conversations is 'One person, one account, one place to talk. At most one of them is not closed.';

create table messages (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    conversation_id uuid not null,
    account_id uuid not null,
    -- Order of arrival; shown is the order of provider_at.
    seq bigint not null,
    direction text not null check (direction in ('in', 'out')),
    author_kind text not null check (author_kind in ('contact', 'user', 'machine', 'platform')),
    author_id uuid,
    kind text not null check (kind in ('text', 'comment', 'mention', 'postback', 'attachment', 'unknown')),
    platform_id text,
    reply_to_platform_id text,
    text text not null,
    quick_replies text[] not null default '{}',
    -- What belongs to it beside the text, as the platform said it: the payload of a button, the story that was answered.
    context jsonb,
    provider_at timestamptz not null,
    received_at timestamptz not null,
    edited_at timestamptz,
    unsent_at timestamptz,
    -- Of outgoing ones: how far it came, and since when.
    state text check (state in ('queued', 'sent', 'delivered', 'read', 'refused', 'unknown', 'failed')),
    state_at timestamptz,
    state_reason text,
    attempts int not null default 0,
    effect_id uuid,
    -- Ours, in what is sent: the platform's echo brings it back.
    marker text,
    raw jsonb,
    primary key (tenant_id, id),
    check ((direction = 'out') = (state is not null))
) with (fillfactor = 90);
create unique index messages_platform on messages (tenant_id, account_id, platform_id) where platform_id is not null;
create unique index messages_arrival on messages (tenant_id, conversation_id, seq);
create index messages_timeline on messages (tenant_id, conversation_id, provider_at desc, seq desc);
create unique index messages_marker on messages (tenant_id, marker) where marker is not null;
create index messages_under_way on messages (tenant_id, conversation_id, provider_at) where state in ('queued', 'unknown', 'sent', 'delivered');
-- Without a list of what is pending: every search would read all of it, for the words of all tenants.
create index messages_words on messages using gin (system.lexemes(tenant_id, text)) with (fastupdate = off);
alter index messages_words alter column 1 set statistics 0;
comment on table messages is 'Every message, comment and mention, in and out.';

create table attachments (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    -- Null: uploaded, and not sent with anything yet.
    message_id uuid,
    account_id uuid,
    nth smallint not null,
    kind text not null check (kind in ('image', 'audio', 'video', 'file', 'sticker', 'share', 'location', 'unknown')),
    -- Where the platform has it; such addresses expire.
    remote_url text,
    remote_id text,
    file_name text,
    -- none (there is nothing to fetch), waiting, stored, refused (too large, or not what may be kept) or failed.
    state text not null check (state in ('none', 'waiting', 'stored', 'refused', 'failed')),
    state_reason text,
    object_key text,
    -- Found by looking at the bytes, whatever was said of them.
    content_type text,
    size_bytes bigint,
    sha256 bytea,
    raw jsonb,
    created_by text,
    created_at timestamptz not null,
    stored_at timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, message_id) references messages (tenant_id, id) on delete cascade,
    check ((state = 'stored') = (object_key is not null))
);
create index attachments_message on attachments (tenant_id, message_id, nth);
create index attachments_unsent on attachments (tenant_id, created_at) where message_id is null;
comment on table attachments is 'Pictures, sounds and files that came or went with messages; the bytes are in the object store.';

create table message_reactions (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    message_id uuid not null,
    -- Who reacted, by the platform's id.
    actor text not null,
    emoji text not null,
    at timestamptz not null,
    primary key (tenant_id, message_id, actor),
    foreign key (tenant_id, message_id) references messages (tenant_id, id) on delete cascade
);
comment on table message_reactions is 'What people put at a message; one each.';

create table pending_marks (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    account_id uuid not null,
    platform_id text not null,
    kind text not null check (kind in ('edited', 'unsent', 'reaction', 'delivered', 'read')),
    actor text not null,
    mark jsonb not null,
    provider_at timestamptz not null,
    received_at timestamptz not null,
    primary key (tenant_id, account_id, platform_id, kind, actor)
);
create index pending_marks_age on pending_marks (tenant_id, received_at);
comment on table pending_marks is 'Edits, unsends, reactions and read marks that overtook their message, until it comes.';

create table conversation_notes (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    conversation_id uuid not null,
    author_id uuid,
    author_name text not null,
    body text not null,
    mentions uuid[] not null,
    created_at timestamptz not null,
    edited_at timestamptz,
    primary key (tenant_id, id)
);
create index conversation_notes_conversation on conversation_notes (tenant_id, conversation_id, created_at desc, id desc);
comment on table conversation_notes is 'What colleagues write about a conversation; never sent to anybody outside.';

create table canned_replies (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    shortcut text not null,
    title text not null,
    body text not null,
    -- None: for all of them.
    platforms text[] not null,
    created_by text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id)
);
create unique index canned_replies_shortcut on canned_replies (tenant_id, lower(shortcut));
comment on table canned_replies is 'Answers that are written once and used often.';

create table saved_views (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    -- Null: everybody's.
    owner_id uuid,
    name text not null,
    filter jsonb not null,
    created_by text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id)
);
create index saved_views_owner on saved_views (tenant_id, owner_id);
comment on table saved_views is 'Filters of the inbox that somebody named, for themselves or for everybody.';

do $$
declare
    t text;
begin
    foreach t in array array['channel_accounts', 'channel_apps', 'channel_gaps', 'contacts', 'contact_identities', 'contact_merges',
        'conversations', 'messages', 'attachments', 'message_reactions', 'pending_marks', 'conversation_notes', 'canned_replies', 'saved_views']
    loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format($p$create policy own_tenant on %I to socialai_app
            using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)$p$, t);
        execute format('grant select, insert, update, delete on %I to socialai_app', t);
    end loop;
end
$$;

-- Search by words. An index of words is out of reach behind row-level security: PostgreSQL asks it only after the policy,
-- because `@@` could leak. So each search is a function of the tables' owner, bound to these tables when it is made, which
-- keeps to the tenant itself and answers with ids only; what is read by them passes the policy as everything does. Only
-- the index of words can answer them: the mark of the tenant is in each word. It knows no order, so of a word that is
-- everywhere a search reads only as many rows as it looks at, and the newest messages besides.
create function newest_messages(query tsquery, looks_at int) returns setof uuid
language sql stable security definer set jit = off set enable_seqscan = off set enable_bitmapscan = off
begin atomic
    select m.id from (
        select n.tenant_id, n.id, n.text from messages n
        where n.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid order by n.id desc limit looks_at) m
    where system.lexemes(m.tenant_id, m.text) @@ query;
end;

create function some_messages(query tsquery, looks_at int) returns setof uuid
language sql stable security definer set jit = off set enable_seqscan = off set enable_indexscan = off set max_parallel_workers_per_gather = 0
begin atomic
    with found as materialized (
        select m.tenant_id, m.id from messages m where system.lexemes(m.tenant_id, m.text) @@ query limit looks_at)
    select f.id from found f where f.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid;
end;

create function find_messages(query tsquery, most int) returns setof uuid
language sql stable
begin atomic
    select n from newest_messages(query, 50) n union select s from some_messages(query, most) s order by 1 desc limit most;
end;

create function find_contacts(query tsquery, most int) returns setof uuid
language sql stable security definer set jit = off set enable_seqscan = off set enable_indexscan = off set max_parallel_workers_per_gather = 0
begin atomic
    with named as materialized (
        select c.tenant_id, c.id from contacts c where system.lexemes(c.tenant_id, c.name) @@ query limit most
    ), known as materialized (
        select i.tenant_id, i.contact_id as id from contact_identities i
        where system.lexemes(i.tenant_id, coalesce(i.name, '') || ' ' || coalesce(i.handle, '')) @@ query limit most
    )
    select distinct f.id from (table named union all table known) f
    where f.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid order by f.id desc limit most;
end;

revoke execute on function newest_messages(tsquery, int), some_messages(tsquery, int), find_messages(tsquery, int), find_contacts(tsquery, int)
    from public;
grant execute on function newest_messages(tsquery, int), some_messages(tsquery, int), find_messages(tsquery, int), find_contacts(tsquery, int)
    to socialai_app;
