//! Conversations: the inbox, one conversation, and what the channel lets one answer there. What colleagues do with a
//! conversation is in `actions`, its messages and answers in `messages`, what they write about it in `notes`.

pub mod actions;
pub mod messages;
pub mod notes;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use socialai_domain::{
    channel_policy::{self, Rules, Verdict},
    channels::Platform,
    conversations::{
        self, Conversation, Status,
        lists::{self, Assignee, Filter, Sla},
        replies::{self, Author, Draft},
    },
    ids::{ChannelAccountId, ConversationId, UserId},
    problems::{Code, Problem},
    tenancy::TenantTx,
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    caller::{Caller, can},
    http::body::{Id, Query, at_most},
    page::{Page, Paging},
    problem::Answer,
    state::App,
};

/// Longest search.
pub const LONGEST_SEARCH: usize = 200;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    status: Option<Status>,
    platform: Option<Platform>,
    account_id: Option<ChannelAccountId>,
    /// `me`, `none`, or the id of a user.
    #[param(max_length = 40, example = "me")]
    assignee: Option<String>,
    /// `true`: only those with something unread.
    unread: Option<bool>,
    /// `true`: only those whose person waits for an answer.
    awaiting: Option<bool>,
    /// `overdue`: only open ones whose answer is due by now. `due_soon`: only those of whose time the last quarter has begun.
    sla: Option<Sla>,
    /// Words of messages or of names of contacts; the last word may be the beginning of one.
    #[param(max_length = 200)]
    q: Option<String>,
}

impl ListQuery {
    fn filter<D>(self, caller: &Caller<D>) -> Result<Filter, Problem> {
        at_most(LONGEST_SEARCH, "q", self.q.as_ref())?;
        Ok(Filter {
            status: self.status,
            platform: self.platform,
            account: self.account_id,
            assignee: self.assignee.as_deref().map(|who| assignee(who, caller)).transpose()?,
            is_unread: self.unread.unwrap_or_default(),
            is_awaiting: self.awaiting.unwrap_or_default(),
            sla: self.sla,
            q: self.q,
        })
    }
}

fn assignee<D>(who: &str, caller: &Caller<D>) -> Result<Assignee, Problem> {
    let unknown = || Problem::new(Code::MalformedParameter, "`assignee` is `me`, `none`, or the id of a user.");
    match who {
        "none" => Ok(Assignee::Nobody),
        "me" => Ok(Assignee::User(person(caller)?)),
        id => Ok(Assignee::User(id.parse().map_err(|_| unknown())?)),
    }
}

/// The person behind the caller, for what only a person can do.
pub fn person<D>(caller: &Caller<D>) -> Result<UserId, Problem> {
    let program = || Problem::new(Code::Forbidden, "Only a person can do this, not a program with an API key.");
    caller.user_id().ok_or_else(program)
}

/// As whom the caller answers.
fn author<D>(caller: &Caller<D>) -> Author {
    caller.user_id().map_or(Author::Program, Author::Person)
}

/// Conversations, newest activity first
///
/// With `sla` whoever waits the longest comes first.
#[utoipa::path(get, path = "/conversations", tag = "Inbox", params(ListQuery, Paging), security(("token" = ["conversations:read"])),
    responses((status = 200, description = "A page of conversations.", body = Page<Conversation>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<can::ConversationsRead>,
    Query(query): Query<ListQuery>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Conversation>>> {
    let (limit, after) = (paging.limit()?, paging.after()?);
    let filter = query.filter(&caller)?;
    let mut tx = caller.tx(&app).await?;
    let conversations = lists::list(&mut tx, &filter, after, limit + 1).await?;
    tx.rollback().await?;
    Ok(Json(Page::cut(conversations, limit, |conversation| filter.place(conversation))))
}

/// How many conversations there are, each number up to a thousand.
#[derive(Serialize, ToSchema)]
pub struct ConversationCounts {
    pub open: i64,
    /// Open and nobody's.
    pub unassigned: i64,
    /// Open and the caller's; zero for programs.
    pub mine: i64,
    /// Open, with something unread.
    pub unread: i64,
    pub snoozed: i64,
}

/// Numbers beside the inbox's views
///
/// Each is counted up to 1,000, which means "1,000 or more".
#[utoipa::path(get, path = "/conversations/counts", tag = "Inbox", security(("token" = ["conversations:read"])),
    responses((status = 200, description = "The numbers.", body = ConversationCounts)))]
pub async fn counts(
    State(app): State<App>,
    caller: Caller<can::ConversationsRead>,
) -> Answer<Json<ConversationCounts>> {
    let mut tx = caller.tx(&app).await?;
    let open = Filter { status: Some(Status::Open), ..Filter::default() };
    let counts = ConversationCounts {
        open: lists::count(&mut tx, &open).await?,
        unassigned: lists::count(&mut tx, &Filter { assignee: Some(Assignee::Nobody), ..open.clone() }).await?,
        mine: mine(&mut tx, &open, caller.user_id()).await?,
        unread: lists::count(&mut tx, &Filter { is_unread: true, ..open }).await?,
        snoozed: lists::count(&mut tx, &Filter { status: Some(Status::Snoozed), ..Filter::default() }).await?,
    };
    tx.rollback().await?;
    Ok(Json(counts))
}

async fn mine(tx: &mut TenantTx, open: &Filter, user: Option<UserId>) -> socialai_domain::problems::Result<i64> {
    match user {
        Some(user) => lists::count(tx, &Filter { assignee: Some(Assignee::User(user)), ..open.clone() }).await,
        None => Ok(0),
    }
}

/// One conversation
#[utoipa::path(get, path = "/conversations/{id}", tag = "Inbox", params(("id" = ConversationId, Path)),
    security(("token" = ["conversations:read"])), responses((status = 200, description = "The conversation.", body = Conversation)))]
pub async fn get(
    State(app): State<App>,
    caller: Caller<can::ConversationsRead>,
    Id(id): Id<ConversationId>,
) -> Answer<Json<Conversation>> {
    let mut tx = caller.tx(&app).await?;
    let conversation = conversations::get(&mut tx, id).await?;
    tx.rollback().await?;
    Ok(Json(conversation))
}

/// What may be sent in a conversation now.
#[derive(Serialize, ToSchema)]
pub struct ConversationPolicy {
    /// About a short text of the caller: whether it may be sent, why not, until when, and how long it may be.
    pub verdict: Verdict,
    /// What the channel allows: how texts are counted, attachments, quick replies, the messaging window.
    pub rules: Rules,
    /// When the verdict was made, by the server's clock; a countdown begins here.
    #[serde(with = "time::serde::rfc3339")]
    pub at: time::OffsetDateTime,
}

/// What may be sent in a conversation now
///
/// Sending asks again, with the real text and by the clock of that moment.
#[utoipa::path(get, path = "/conversations/{id}/policy", tag = "Inbox", params(("id" = ConversationId, Path)),
    security(("token" = ["conversations:read"])), responses((status = 200, description = "The verdict with its reason.", body = ConversationPolicy)))]
pub async fn policy(
    State(app): State<App>,
    caller: Caller<can::ConversationsRead>,
    Id(id): Id<ConversationId>,
) -> Answer<Json<ConversationPolicy>> {
    let mut tx = caller.tx(&app).await?;
    let conversation = conversations::get(&mut tx, id).await?;
    // An empty draft would be refused for being empty.
    let draft = Draft { text: "…".to_owned(), ..Draft::default() };
    let verdict = replies::check(&mut tx, id, &draft, author(&caller)).await?;
    let at = tx.now();
    tx.rollback().await?;
    let rules = *channel_policy::of(conversation.platform, conversation.surface);
    Ok(Json(ConversationPolicy { verdict, rules, at }))
}
