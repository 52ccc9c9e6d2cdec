//! What colleagues do with a conversation besides answering.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use bytes::Bytes;
use serde::Deserialize;
use socialai_domain::{
    conversations::{self, Conversation, actions},
    ids::{ConversationId, UserId},
    signs::{By, Doing, Sign},
};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::person;
use crate::{
    caller::{Caller, can},
    http::body::{Body, Id},
    idempotent::{IdempotencyKey, once},
    presence::ConversationPresence,
    problem::Answer,
    state::App,
    web_chat::agents,
};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// Null: nobody.
    #[serde(deserialize_with = "Option::deserialize")]
    assignee_id: Option<UserId>,
}

/// Give a conversation to somebody, or to nobody
#[utoipa::path(post, path = "/conversations/{id}/assign", tag = "Inbox", request_body = Assignment,
    params(("id" = ConversationId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["conversations:write"])), responses((status = 200, description = "As it is now.", body = Conversation)))]
pub async fn assign(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    Id(id): Id<ConversationId>,
    key: IdempotencyKey,
    Body { value: wanted, raw }: Body<Assignment>,
) -> Answer<Response> {
    once(&app, &caller, key, &raw, StatusCode::OK, async |tx| actions::assign(tx, id, wanted.assignee_id).await).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Snooze {
    /// Within the next year.
    #[serde(with = "time::serde::rfc3339")]
    until: OffsetDateTime,
}

/// Put a conversation off
///
/// Until then, or until the person writes.
#[utoipa::path(post, path = "/conversations/{id}/snooze", tag = "Inbox", request_body = Snooze,
    params(("id" = ConversationId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["conversations:write"])), responses((status = 200, description = "As it is now.", body = Conversation)))]
pub async fn snooze(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    Id(id): Id<ConversationId>,
    key: IdempotencyKey,
    Body { value: wanted, raw }: Body<Snooze>,
) -> Answer<Response> {
    once(&app, &caller, key, &raw, StatusCode::OK, async |tx| actions::snooze(tx, id, wanted.until).await).await
}

/// Close a conversation
#[utoipa::path(post, path = "/conversations/{id}/close", tag = "Inbox", params(("id" = ConversationId, Path),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["conversations:write"])), responses((status = 200, description = "As it is now.", body = Conversation)))]
pub async fn close(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    Id(id): Id<ConversationId>,
    key: IdempotencyKey,
) -> Answer<Response> {
    once(&app, &caller, key, &Bytes::new(), StatusCode::OK, async |tx| actions::close(tx, id).await).await
}

/// Open a conversation that is closed or was put off
#[utoipa::path(post, path = "/conversations/{id}/reopen", tag = "Inbox", params(("id" = ConversationId, Path),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["conversations:write"])), responses((status = 200, description = "As it is now.", body = Conversation)))]
pub async fn reopen(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    Id(id): Id<ConversationId>,
    key: IdempotencyKey,
) -> Answer<Response> {
    once(&app, &caller, key, &Bytes::new(), StatusCode::OK, async |tx| actions::reopen(tx, id).await).await
}

/// Mark a conversation as read
#[utoipa::path(post, path = "/conversations/{id}/read", tag = "Inbox", params(("id" = ConversationId, Path)),
    security(("token" = ["conversations:write"])), responses((status = 200, description = "As it is now.", body = Conversation)))]
pub async fn read(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    Id(id): Id<ConversationId>,
) -> Answer<Json<Conversation>> {
    let mut tx = caller.tx(&app).await?;
    let conversation = actions::mark_read(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(conversation))
}

/// Mark a conversation as unread
#[utoipa::path(post, path = "/conversations/{id}/unread", tag = "Inbox", params(("id" = ConversationId, Path)),
    security(("token" = ["conversations:write"])), responses((status = 200, description = "As it is now.", body = Conversation)))]
pub async fn unread(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    Id(id): Id<ConversationId>,
) -> Answer<Json<Conversation>> {
    let mut tx = caller.tx(&app).await?;
    let conversation = actions::mark_unread(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(conversation))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Although somebody else is answering: they will see it.
    #[serde(default)]
    takes_over: bool,
}

/// Say that you are answering
///
/// For a minute; say it again while somebody types. Refused with `conversation_claimed` while somebody else is.
#[utoipa::path(post, path = "/conversations/{id}/claim", tag = "Inbox", params(("id" = ConversationId, Path)),
    request_body = Claim, security(("token" = ["conversations:write"])),
    responses((status = 200, description = "It is yours until `claimed_until`.", body = Conversation)))]
pub async fn claim(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    Id(id): Id<ConversationId>,
    Body { value: wanted, .. }: Body<Claim>,
) -> Answer<Json<Conversation>> {
    let user = person(&caller)?;
    let mut tx = caller.tx(&app).await?;
    let conversation = if wanted.takes_over {
        actions::take_over(&mut tx, id, user).await?
    } else {
        actions::claim(&mut tx, id, user).await?
    };
    tx.commit().await?;
    Ok(Json(conversation))
}

/// Say that you are not answering any more
///
/// Nothing happens to the claim of somebody else.
#[utoipa::path(post, path = "/conversations/{id}/release", tag = "Inbox", params(("id" = ConversationId, Path)),
    security(("token" = ["conversations:write"])), responses((status = 200, description = "As it is now.", body = Conversation)))]
pub async fn release(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    Id(id): Id<ConversationId>,
) -> Answer<Json<Conversation>> {
    let user = person(&caller)?;
    let mut tx = caller.tx(&app).await?;
    let conversation = actions::release(&mut tx, id, user).await?;
    tx.commit().await?;
    Ok(Json(conversation))
}

/// Tell the machine to be silent in a conversation
#[utoipa::path(post, path = "/conversations/{id}/pause-machine", tag = "Inbox", params(("id" = ConversationId, Path)),
    security(("token" = ["conversations:write"])), responses((status = 200, description = "As it is now.", body = Conversation)))]
pub async fn pause_machine(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    Id(id): Id<ConversationId>,
) -> Answer<Json<Conversation>> {
    let mut tx = caller.tx(&app).await?;
    let conversation = actions::pause_machine(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(conversation))
}

/// Let the machine go on after a person spoke
#[utoipa::path(post, path = "/conversations/{id}/resume-machine", tag = "Inbox", params(("id" = ConversationId, Path)),
    security(("token" = ["conversations:write"])), responses((status = 200, description = "As it is now.", body = Conversation)))]
pub async fn resume_machine(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    Id(id): Id<ConversationId>,
) -> Answer<Json<Conversation>> {
    let mut tx = caller.tx(&app).await?;
    let conversation = actions::resume_machine(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(conversation))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Typing {
    doing: Doing,
}

/// Say that you look at a conversation, type in it, or left it
///
/// It is believed for 20 seconds; say it again before. Others hear `presence.changed` in their stream, and a visitor of web
/// chat sees that somebody is typing. Nothing is stored.
#[utoipa::path(post, path = "/conversations/{id}/typing", tag = "Inbox", params(("id" = ConversationId, Path)),
    request_body = Typing, security(("token" = ["conversations:read"])),
    responses((status = 200, description = "Who is there, the caller included.", body = Vec<ConversationPresence>)))]
pub async fn typing(
    State(app): State<App>,
    caller: Caller<can::ConversationsRead>,
    Id(id): Id<ConversationId>,
    Body { value: Typing { doing }, .. }: Body<Typing>,
) -> Answer<Json<Vec<ConversationPresence>>> {
    let user = person(&caller)?;
    let conversation = found(&app, &caller, id).await?;
    agents::tell_visitor(&app, &caller, &conversation, doing == Doing::Typing).await?;
    let there = app.presence().note(caller.tenant, id, user, doing, app.databases().now());
    let sign = Sign { tenant: caller.tenant, conversation: id, by: By::Colleague { user, doing } };
    app.signs().tell(app.databases(), sign).await?;
    Ok(Json(there))
}

/// Who looks at a conversation or types in it
#[utoipa::path(get, path = "/conversations/{id}/presence", tag = "Inbox", params(("id" = ConversationId, Path)),
    security(("token" = ["conversations:read"])), responses((status = 200, description = "Who is there.", body = Vec<ConversationPresence>)))]
pub async fn presence(
    State(app): State<App>,
    caller: Caller<can::ConversationsRead>,
    Id(id): Id<ConversationId>,
) -> Answer<Json<Vec<ConversationPresence>>> {
    found(&app, &caller, id).await?;
    Ok(Json(app.presence().at(caller.tenant, id, app.databases().now())))
}

/// Nobody is at a conversation that is not of this workspace.
async fn found<D>(app: &App, caller: &Caller<D>, id: ConversationId) -> Answer<Conversation> {
    let mut tx = caller.tx(app).await?;
    let conversation = conversations::get(&mut tx, id).await?;
    tx.rollback().await?;
    Ok(conversation)
}
