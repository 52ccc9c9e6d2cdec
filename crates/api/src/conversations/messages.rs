//! The messages of a conversation, and answers.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use socialai_domain::{
    channels::gaps::{self, Gap},
    conversations::{
        self,
        replies::{self, Draft},
        sending,
        timeline::{self, Hit, Message},
    },
    ids::{AttachmentId, ConversationId, MessageId},
    problems::{Code, Problem},
};
use utoipa::{IntoParams, ToSchema};

use super::{LONGEST_SEARCH, author};
use crate::{
    caller::{Caller, can},
    http::body::{Body, Id, Query, at_most},
    idempotent::{IdempotencyKey, once},
    page::{Page, Paging},
    problem::Answer,
    state::App,
};

/// Gaps that are told with a page.
const GAPS: i64 = 20;

/// A part of a conversation.
#[derive(Serialize, ToSchema)]
pub struct MessagePage {
    /// The newest first.
    pub items: Vec<Message>,
    /// Give this as `cursor` to get older messages; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// With the first page: times in which messages of the account may be missing, the newest first.
    pub gaps: Vec<Gap>,
}

/// Messages of a conversation, the newest first
///
/// By the platform's time, each with its attachments and reactions; the cursor leads back in time.
#[utoipa::path(get, path = "/conversations/{id}/messages", tag = "Inbox", params(("id" = ConversationId, Path), Paging),
    security(("token" = ["conversations:read"])), responses((status = 200, description = "A page of messages.", body = MessagePage)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<can::ConversationsRead>,
    Id(id): Id<ConversationId>,
    Query(paging): Query<Paging>,
) -> Answer<Json<MessagePage>> {
    let (limit, before) = (paging.limit()?, paging.after()?);
    let mut tx = caller.tx(&app).await?;
    let conversation = conversations::get(&mut tx, id).await?;
    let messages = timeline::timeline(&mut tx, id, before, limit + 1).await?;
    let gaps = match before {
        None => gaps::list(&mut tx, conversation.account_id, None, GAPS).await?,
        Some(_) => Vec::new(),
    };
    tx.rollback().await?;
    let Page { items, next } = Page::cut(messages, limit, |message| (message.provider_at, message.seq));
    Ok(Json(MessagePage { items, next, gaps }))
}

/// An answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "as messages name it")]
pub struct Reply {
    #[serde(default)]
    #[schema(max_length = 100_000)]
    text: String,
    /// Uploaded before, and not sent with anything yet.
    #[serde(default)]
    #[schema(max_items = 30)]
    attachment_ids: Vec<AttachmentId>,
    /// Buttons below the message, where the channel has them.
    #[serde(default)]
    #[schema(max_items = 13)]
    quick_replies: Vec<String>,
    /// The message that is answered; for comments, the newest of the person without it.
    #[serde(default)]
    reply_to: Option<MessageId>,
    /// Answers although somebody else has claimed the conversation.
    #[serde(default)]
    takes_over: bool,
}

impl Reply {
    fn draft(self) -> Draft {
        Draft {
            text: self.text,
            attachments: self.attachment_ids,
            quick_replies: self.quick_replies,
            reply_to: self.reply_to,
            takes_over: self.takes_over,
        }
    }
}

/// Answer in a conversation
///
/// The message is written and on its way when this answers; `state` tells how far it came. Where the channel takes text and
/// attachments only as messages of their own (`text_with_media` of its rules), it is the first of several: the text, then each
/// attachment. What the channel does not allow is refused with `channel_refuses` and the reason, and nothing is changed.
#[utoipa::path(post, path = "/conversations/{id}/reply", tag = "Inbox", request_body = Reply,
    params(("id" = ConversationId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat: the answer is sent once.")),
    security(("token" = ["conversations:write"])), responses((status = 202, description = "On its way.", body = Message)))]
pub async fn reply(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    Id(id): Id<ConversationId>,
    key: IdempotencyKey,
    Body { value: reply, raw }: Body<Reply>,
) -> Answer<Response> {
    let (draft, author) = (reply.draft(), author(&caller));
    once(&app, &caller, key, &raw, StatusCode::ACCEPTED, async |tx| replies::reply(tx, id, &draft, author).await).await
}

/// A message with what came with it.
#[derive(Serialize, ToSchema)]
pub struct MessageOpened {
    pub message: Message,
    /// As it came from the platform; null for what we wrote.
    #[schema(value_type = Option<std::collections::BTreeMap<String, serde_json::Value>>)]
    pub raw: Option<Value>,
}

/// One message, also as the platform told it
#[utoipa::path(get, path = "/messages/{id}", tag = "Inbox", params(("id" = MessageId, Path)),
    security(("token" = ["conversations:read"])), responses((status = 200, description = "The message.", body = MessageOpened)))]
pub async fn get(
    State(app): State<App>,
    caller: Caller<can::ConversationsRead>,
    Id(id): Id<MessageId>,
) -> Answer<Json<MessageOpened>> {
    let mut tx = caller.tx(&app).await?;
    let message = timeline::get(&mut tx, id).await?;
    let raw = timeline::raw(&mut tx, id).await?;
    tx.rollback().await?;
    Ok(Json(MessageOpened { message, raw }))
}

/// Send an answer again that was refused or given up
///
/// Nothing of it has arrived. Whether it may be sent is asked again.
#[utoipa::path(post, path = "/messages/{id}/retry", tag = "Inbox", params(("id" = MessageId, Path),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["conversations:write"])), responses((status = 202, description = "On its way.", body = Message)))]
pub async fn retry(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    Id(id): Id<MessageId>,
    key: IdempotencyKey,
) -> Answer<Response> {
    once(&app, &caller, key, &Bytes::new(), StatusCode::ACCEPTED, async |tx| {
        sending::send_again(tx, id).await?;
        timeline::get(tx, id).await
    })
    .await
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// All of these words; the last may be the beginning of one.
    #[param(min_length = 1, max_length = 200)]
    q: String,
}

/// Search through all messages, those that came last first
#[utoipa::path(get, path = "/messages", tag = "Inbox", params(SearchQuery, Paging), security(("token" = ["conversations:read"])),
    responses((status = 200, description = "A page of messages with their conversations.", body = Page<Hit>)))]
pub async fn search(
    State(app): State<App>,
    caller: Caller<can::ConversationsRead>,
    Query(query): Query<SearchQuery>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Hit>>> {
    at_most(LONGEST_SEARCH, "q", Some(&query.q))?;
    if query.q.trim().is_empty() {
        return Err(Problem::new(Code::MalformedParameter, "`q` has at least one word.").into());
    }
    let (limit, before) = (paging.limit()?, paging.after()?);
    let mut tx = caller.tx(&app).await?;
    let hits = timeline::search(&mut tx, &query.q, before, limit + 1).await?;
    tx.rollback().await?;
    Ok(Json(Page::cut(hits, limit, |hit| hit.message.id)))
}
