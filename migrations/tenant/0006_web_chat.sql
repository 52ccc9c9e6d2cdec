-- Web chat: sessions of visitors. A widget is a channel account (`platform` web_chat, its key the external id), a visitor a
-- contact identity in the widget's scope; both are in the tables of channels. A session is all that is there before somebody
-- writes, so that nobody becomes a contact by looking at a page.

create table web_chat_sessions (
    tenant_id uuid not null default nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid not null,
    account_id uuid not null,
    -- External id of the visitor's identity. Several sessions have the same one when the company vouches for who it is.
    visitor text not null,
    token_hash bytea not null,
    -- What the visitor told of themselves, until the first message carries it to where it belongs.
    profile_sealed bytea,
    -- What the visitor agreed to, in its words, and when.
    consent jsonb,
    created_at timestamptz not null,
    seen_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, account_id) references channel_accounts (tenant_id, id) on delete cascade
);
create index web_chat_sessions_expiry on web_chat_sessions (tenant_id, expires_at);
create index web_chat_sessions_account on web_chat_sessions (tenant_id, account_id);
comment on table web_chat_sessions is 'Browsers in which visitors of websites chat; who holds the token is the visitor.';

alter table web_chat_sessions enable row level security;
alter table web_chat_sessions force row level security;
create policy own_tenant on web_chat_sessions to socialai_app
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select, insert, update, delete on web_chat_sessions to socialai_app;
