//! Notes: what colleagues write about a conversation, for each other.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use socialai_domain::{
    conversations::{
        self,
        notes::{self, Note},
    },
    ids::{ConversationId, NoteId, UserId},
};
use utoipa::ToSchema;

use super::person;
use crate::{
    caller::{Caller, can},
    http::body::{Body, Id, Query},
    idempotent::{IdempotencyKey, once},
    page::{Page, Paging},
    problem::Answer,
    state::App,
};

/// Notes about a conversation, the newest first
#[utoipa::path(get, path = "/conversations/{id}/notes", tag = "Inbox", params(("id" = ConversationId, Path), Paging),
    security(("token" = ["conversations:read"])), responses((status = 200, description = "A page of notes.", body = Page<Note>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<can::ConversationsRead>,
    Id(id): Id<ConversationId>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Note>>> {
    let (limit, after) = (paging.limit()?, paging.after()?);
    let mut tx = caller.tx(&app).await?;
    conversations::get(&mut tx, id).await?;
    let notes = notes::list(&mut tx, id, after, limit + 1).await?;
    tx.rollback().await?;
    Ok(Json(Page::cut(notes, limit, |note| (note.created_at, note.id))))
}

/// What a note says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteContent {
    #[schema(min_length = 1, max_length = 10_000)]
    body: String,
    /// Users who are meant to see it.
    #[serde(default)]
    #[schema(max_items = 20)]
    mentions: Vec<UserId>,
}

/// Write a note about a conversation
///
/// It never leaves the workspace.
#[utoipa::path(post, path = "/conversations/{id}/notes", tag = "Inbox", request_body = NoteContent,
    params(("id" = ConversationId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["conversations:write"])), responses((status = 201, description = "Written.", body = Note)))]
pub async fn write(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    Id(id): Id<ConversationId>,
    key: IdempotencyKey,
    Body { value: note, raw }: Body<NoteContent>,
) -> Answer<Response> {
    let author = caller.user_id();
    once(&app, &caller, key, &raw, StatusCode::CREATED, async |tx| {
        notes::write(tx, id, author, &note.body, &note.mentions).await
    })
    .await
}

/// Change a note of yours
#[utoipa::path(patch, path = "/notes/{id}", tag = "Inbox", params(("id" = NoteId, Path)), request_body = NoteContent,
    security(("token" = ["conversations:write"])), responses((status = 200, description = "Changed.", body = Note)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    Id(id): Id<NoteId>,
    Body { value: note, .. }: Body<NoteContent>,
) -> Answer<Json<Note>> {
    let mut tx = caller.tx(&app).await?;
    let note = notes::change(&mut tx, id, person(&caller)?, &note.body, &note.mentions).await?;
    tx.commit().await?;
    Ok(Json(note))
}

/// Remove a note of yours
#[utoipa::path(delete, path = "/notes/{id}", tag = "Inbox", params(("id" = NoteId, Path)),
    security(("token" = ["conversations:write"])), responses((status = 204, description = "Removed.")))]
pub async fn remove(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    Id(id): Id<NoteId>,
) -> Answer<StatusCode> {
    let mut tx = caller.tx(&app).await?;
    notes::remove(&mut tx, id, person(&caller)?).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
