//! The inbox: conversations by their newest activity, a page at a time. A page costs the same wherever it is: it is read in
//! the order of an index that begins with what is asked for. Where several values are asked for (all statuses, the accounts of
//! a platform), a page of each is read and the best of them are kept. What is due is listed by who waits the longest, in the
//! order of the index of those that wait.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use sqlx::{Postgres, QueryBuilder};
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

use super::{COLUMNS, Conversation, Status, WITH_CONTACT, timeline};
use crate::{
    channels::Platform,
    contacts,
    ids::{ChannelAccountId, ConversationId, UserId},
    problems::Result,
    scope::Scope,
    settings,
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

/// How a wait for an answer stands to the workspace's first response target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ConversationSla)]
pub enum Sla {
    /// The answer is due by now.
    Overdue,
    /// It is not yet, but the last quarter of the time has begun.
    DueSoon,
}

impl Sla {
    /// Who waits so: after the one moment, if there is one, and up to the other.
    fn waits_since(self, target: Duration, now: OffsetDateTime) -> (Option<OffsetDateTime>, OffsetDateTime) {
        let is_due = now - target;
        match self {
            Self::Overdue => (None, is_due),
            Self::DueSoon => (Some(is_due), is_due + target / 4),
        }
    }
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
    /// The answer is overdue, or due soon; of open conversations only.
    pub sla: Option<Sla>,
    /// Words of messages, or of names of contacts.
    pub q: Option<String>,
}

impl Filter {
    /// As far as it is in scope; `None`: nothing of it is, or nothing can be so.
    fn within(&self, scope: Scope) -> Option<Cow<'_, Self>> {
        if self.sla.is_some() && self.status.is_some_and(|status| status != Status::Open) {
            return None;
        }
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

    /// In which order its list is.
    fn order(&self) -> &'static str {
        match self.sla {
            Some(_) => " order by c.awaiting_since, c.id limit ",
            None => " order by c.last_activity_at desc, c.id desc limit ",
        }
    }

    /// Where a row stands in its list.
    pub fn place(&self, row: &Conversation) -> Place {
        let at = row.awaiting_since.filter(|_| self.sla.is_some());
        (at.unwrap_or(row.last_activity_at), row.id)
    }
}

/// Of a row in a list.
pub type Place = (OffsetDateTime, ConversationId);

/// Newest activity first, or what is due by the length of the wait, after the last row of the page before.
pub async fn list(tx: &mut TenantTx, filter: &Filter, after: Option<Place>, limit: i64) -> Result<Vec<Conversation>> {
    let Some(filter) = filter.within(tx.scope()) else { return Ok(Vec::new()) };
    let narrowed = narrow(tx, &filter).await?;
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from (");
    select(&mut query, &filter, &narrowed, after, limit);
    query.push(") c").push(WITH_CONTACT).push(filter.order()).push_bind(limit);
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
    /// Of those whose answer is due: after the one moment, and up to the other.
    waits_since: Option<(Option<OffsetDateTime>, OffsetDateTime)>,
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
    let waits_since = match filter.sla {
        Some(sla) => {
            let minutes = settings::inbox(tx).await?.first_response_minutes;
            Some(sla.waits_since(Duration::minutes(minutes.into()), tx.now()))
        }
        None => None,
    };
    Ok(Narrowed { accounts, found, waits_since })
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
fn select(query: &mut QueryBuilder<Postgres>, filter: &Filter, narrowed: &Narrowed, after: Option<Place>, limit: i64) {
    match (&narrowed.found, narrowed.waits_since) {
        (Some(found), _) => {
            // What a search found is little and is read by its keys: in the order of an index nearly all others would be
            // passed over.
            query.push("select c.* from unnest(").push_bind(found.clone()).push("::uuid[]) as f (id)");
            query.push(" cross join lateral (select * from conversations k where k.id = f.id limit 1) c where true");
            select_as_filtered(query, filter, narrowed, after, limit);
        }
        (None, Some(_)) => {
            query.push("select c.* from conversations c where true");
            select_as_filtered(query, filter, narrowed, after, limit);
        }
        (None, None) => select_in_order(query, filter, narrowed, after, limit),
    }
}

fn select_as_filtered(
    query: &mut QueryBuilder<Postgres>,
    filter: &Filter,
    narrowed: &Narrowed,
    after: Option<Place>,
    limit: i64,
) {
    if let Some(status) = filter.status {
        query.push(" and c.status = ").push_bind(status.name());
    }
    if let Some(accounts) = &narrowed.accounts {
        query.push(" and c.account_id = any(").push_bind(accounts.clone()).push(")");
    }
    conditions(query, filter, narrowed, after);
    query.push(filter.order()).push_bind(limit);
}

/// A page of each status and account that is asked for, each in the order of its index.
fn select_in_order(
    query: &mut QueryBuilder<Postgres>,
    filter: &Filter,
    narrowed: &Narrowed,
    after: Option<Place>,
    limit: i64,
) {
    let statuses: Vec<Status> = filter.status.map_or_else(|| Status::ALL.to_vec(), |status| vec![status]);
    query.push("select page.* from unnest(").push_bind(statuses.iter().map(|status| status.name()).collect::<Vec<_>>());
    query.push("::text[]) as s (status)");
    let accounts = narrowed.accounts.as_deref();
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
    conditions(query, filter, narrowed, after);
    query.push(filter.order()).push_bind(limit).push(") page");
}

/// What else must hold for a row.
fn conditions(query: &mut QueryBuilder<Postgres>, filter: &Filter, narrowed: &Narrowed, after: Option<Place>) {
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
    if let Some((since, until)) = narrowed.waits_since {
        // Written out, as the index of those that wait has it.
        query.push(" and c.status = 'open' and c.awaiting_since is not null and c.awaiting_since <= ").push_bind(until);
        if let Some(since) = since {
            query.push(" and c.awaiting_since > ").push_bind(since);
        }
    }
    if let Some((at, id)) = after {
        query.push(match filter.sla {
            Some(_) => " and (c.awaiting_since, c.id) > (",
            None => " and (c.last_activity_at, c.id) < (",
        });
        query.push_bind(at).push(", ").push_bind(id).push(")");
    }
}
