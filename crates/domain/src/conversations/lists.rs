//! The inbox: conversations by their newest activity, a page at a time. A page costs the same wherever it is: it is read in
//! the order of an index that begins with what is asked for. Where several values are asked for (all statuses, the accounts of
//! a platform), a page of each is read and the best of them are kept.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use sqlx::{Postgres, QueryBuilder};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::{COLUMNS, Conversation, Status, WITH_CONTACT, timeline};
use crate::{
    channels::Platform,
    contacts,
    ids::{ChannelAccountId, ConversationId, UserId},
    problems::Result,
    scope::Scope,
    tenancy::TenantTx,
};

/// Counted up to here.
const COUNT_UP_TO: i64 = 1_000;

/// Whose conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ConversationAssignee)]
pub enum Assignee {
    Nobody,
    User(UserId),
}

/// All given conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = ConversationFilter)]
pub struct Filter {
    pub status: Option<Status>,
    pub platform: Option<Platform>,
    pub account: Option<ChannelAccountId>,
    pub assignee: Option<Assignee>,
    pub is_unread: bool,
    /// The person waits for an answer.
    pub is_awaiting: bool,
    /// Words of messages, or of names of contacts.
    pub q: Option<String>,
}

impl Filter {
    /// As far as it is in scope; `None`: nothing of it is.
    fn within(&self, scope: Scope) -> Option<Cow<'_, Self>> {
        match (scope, self.assignee) {
            (Scope::Workspace, _) => Some(Cow::Borrowed(self)),
            (Scope::AssignedTo(user), Some(asked)) if asked != Assignee::User(user) => None,
            (Scope::AssignedTo(user), _) => {
                Some(Cow::Owned(Self { assignee: Some(Assignee::User(user)), ..self.clone() }))
            }
        }
    }

    fn words(&self) -> Option<&str> {
        self.q.as_deref().map(str::trim).filter(|words| !words.is_empty())
    }
}

/// The last row of the page before.
pub type After = (OffsetDateTime, ConversationId);

/// Newest activity first, after this row.
pub async fn list(tx: &mut TenantTx, filter: &Filter, after: Option<After>, limit: i64) -> Result<Vec<Conversation>> {
    let Some(filter) = filter.within(tx.scope()) else { return Ok(Vec::new()) };
    let narrowed = narrow(tx, &filter).await?;
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from (");
    select(&mut query, &filter, &narrowed, after, limit);
    query.push(") c").push(WITH_CONTACT).push(" order by c.last_activity_at desc, c.id desc limit ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(tx.conn()).await?)
}

/// How many there are, up to a thousand: for the numbers beside filters and views.
pub async fn count(tx: &mut TenantTx, filter: &Filter) -> Result<i64> {
    let Some(filter) = filter.within(tx.scope()) else { return Ok(0) };
    let narrowed = narrow(tx, &filter).await?;
    let mut query = QueryBuilder::new("select count(*) from (select from (");
    select(&mut query, &filter, &narrowed, None, COUNT_UP_TO);
    query.push(") c limit ").push_bind(COUNT_UP_TO).push(") n");
    Ok(query.build_query_scalar().fetch_one(tx.conn()).await?)
}

/// What has to be looked up before the list can be asked for.
struct Narrowed {
    /// `None`: all.
    accounts: Option<Vec<ChannelAccountId>>,
    found: Option<Vec<ConversationId>>,
}

async fn narrow(tx: &mut TenantTx, filter: &Filter) -> Result<Narrowed> {
    let accounts = match (filter.account, filter.platform) {
        (None, None) => None,
        (account, platform) => {
            let mut query = QueryBuilder::new("select id from channel_accounts where true");
            if let Some(account) = account {
                query.push(" and id = ").push_bind(account);
            }
            if let Some(platform) = platform {
                query.push(" and platform = ").push_bind(platform);
            }
            Some(query.build_query_scalar().fetch_all(tx.conn()).await?)
        }
    };
    let found = match filter.words() {
        Some(words) => Some(matching(tx, words).await?),
        None => None,
    };
    Ok(Narrowed { accounts, found })
}

/// Conversations in which the words were said, or with somebody who is called so; the newest of very many.
async fn matching(tx: &mut TenantTx, words: &str) -> Result<Vec<ConversationId>> {
    let messages = timeline::find(tx, words).await?;
    let contacts = contacts::by_name(tx, words).await?;
    let found = sqlx::query_scalar(
        "select conversation_id from messages where id = any($1)
         union select id from conversations where contact_id = any($2)",
    );
    Ok(found.bind(messages).bind(contacts).fetch_all(tx.conn()).await?)
}

/// A page of what is asked for.
fn select(query: &mut QueryBuilder<Postgres>, filter: &Filter, narrowed: &Narrowed, after: Option<After>, limit: i64) {
    match &narrowed.found {
        Some(found) => select_found(query, filter, found, narrowed.accounts.as_deref(), after, limit),
        None => select_in_order(query, filter, narrowed.accounts.as_deref(), after, limit),
    }
}

/// What a search found is little and is read by its keys: in the order of an index nearly all others would be passed over.
fn select_found(
    query: &mut QueryBuilder<Postgres>,
    filter: &Filter,
    found: &[ConversationId],
    accounts: Option<&[ChannelAccountId]>,
    after: Option<After>,
    limit: i64,
) {
    query.push("select c.* from unnest(").push_bind(found.to_vec()).push("::uuid[]) as f (id)");
    query.push(" cross join lateral (select * from conversations k where k.id = f.id limit 1) c where true");
    if let Some(status) = filter.status {
        query.push(" and c.status = ").push_bind(status.name());
    }
    if let Some(accounts) = accounts {
        query.push(" and c.account_id = any(").push_bind(accounts.to_vec()).push(")");
    }
    conditions(query, filter, after);
    query.push(" order by c.last_activity_at desc, c.id desc limit ").push_bind(limit);
}

/// A page of each status and account that is asked for, each in the order of its index.
fn select_in_order(
    query: &mut QueryBuilder<Postgres>,
    filter: &Filter,
    accounts: Option<&[ChannelAccountId]>,
    after: Option<After>,
    limit: i64,
) {
    let statuses: Vec<Status> = filter.status.map_or_else(|| Status::ALL.to_vec(), |status| vec![status]);
    query.push("select page.* from unnest(").push_bind(statuses.iter().map(|status| status.name()).collect::<Vec<_>>());
    query.push("::text[]) as s (status)");
    // Whose conversations they are is the narrower condition: then the account is looked at, not searched by.
    let by_account = accounts.filter(|_| filter.assignee.is_none());
    if let Some(accounts) = by_account {
        query.push(" cross join unnest(").push_bind(accounts.to_vec()).push("::uuid[]) as a (id)");
    }
    query.push(" cross join lateral (select * from conversations c where c.status = s.status");
    match (by_account, accounts) {
        (Some(_), _) => {
            query.push(" and c.account_id = a.id");
        }
        (None, Some(accounts)) => {
            query.push(" and c.account_id = any(").push_bind(accounts.to_vec()).push(")");
        }
        (None, None) => {}
    }
    conditions(query, filter, after);
    query.push(" order by c.last_activity_at desc, c.id desc limit ").push_bind(limit).push(") page");
}

/// What else must hold for a row.
fn conditions(query: &mut QueryBuilder<Postgres>, filter: &Filter, after: Option<After>) {
    match filter.assignee {
        Some(Assignee::Nobody) => {
            query.push(" and c.assignee_id is null");
        }
        Some(Assignee::User(user)) => {
            query.push(" and c.assignee_id = ").push_bind(user);
        }
        None => {}
    }
    if filter.is_unread {
        query.push(" and c.unread_count > 0");
    }
    if filter.is_awaiting {
        query.push(" and c.awaiting_since is not null");
    }
    if let Some((at, id)) = after {
        query.push(" and (c.last_activity_at, c.id) < (").push_bind(at).push(", ").push_bind(id).push(")");
    }
}
