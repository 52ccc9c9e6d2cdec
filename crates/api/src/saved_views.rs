//! Saved views: filters of the inbox under a name, of one person or for everybody.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use socialai_domain::{
    conversations::{
        lists::Filter,
        views::{self, SavedView},
    },
    ids::SavedViewId,
};
use utoipa::ToSchema;

use crate::{
    caller::{Caller, can},
    conversations::person,
    http::body::{Body, Id},
    idempotent::{IdempotencyKey, once},
    page::Page,
    problem::Answer,
    state::App,
};

/// Views of the caller and everybody's, by name
#[utoipa::path(get, path = "/saved-views", tag = "Inbox", security(("token" = ["conversations:read"])),
    responses((status = 200, description = "All of them.", body = Page<SavedView>)))]
pub async fn list(State(app): State<App>, caller: Caller<can::ConversationsRead>) -> Answer<Json<Page<SavedView>>> {
    let mut tx = caller.tx(&app).await?;
    let items = views::list(&mut tx, caller.user_id()).await?;
    tx.rollback().await?;
    // There are at most as many as a page has.
    Ok(Json(Page { items, next: None }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSavedView {
    #[schema(min_length = 1, max_length = 60)]
    name: String,
    filter: Filter,
    /// For everybody, not only for the caller.
    #[serde(default)]
    is_shared: bool,
}

/// Save a view
#[utoipa::path(post, path = "/saved-views", tag = "Inbox", request_body = NewSavedView,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["conversations:write"])), responses((status = 201, description = "Saved.", body = SavedView)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    key: IdempotencyKey,
    Body { value: new, raw }: Body<NewSavedView>,
) -> Answer<Response> {
    let owner = if new.is_shared { None } else { Some(person(&caller)?) };
    once(&app, &caller, key, &raw, StatusCode::CREATED, async |tx| {
        views::create(tx, owner, &new.name, &new.filter).await
    })
    .await
}

/// One saved view
#[utoipa::path(get, path = "/saved-views/{id}", tag = "Inbox", params(("id" = SavedViewId, Path)),
    security(("token" = ["conversations:read"])), responses((status = 200, description = "The view.", body = SavedView)))]
pub async fn get(
    State(app): State<App>,
    caller: Caller<can::ConversationsRead>,
    Id(id): Id<SavedViewId>,
) -> Answer<Json<SavedView>> {
    let mut tx = caller.tx(&app).await?;
    let view = views::get(&mut tx, id, caller.user_id()).await?;
    tx.rollback().await?;
    Ok(Json(view))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SavedViewChange {
    #[schema(min_length = 1, max_length = 60)]
    name: String,
    filter: Filter,
}

/// Replace what a saved view is
#[utoipa::path(put, path = "/saved-views/{id}", tag = "Inbox", params(("id" = SavedViewId, Path)), request_body = SavedViewChange,
    security(("token" = ["conversations:write"])), responses((status = 200, description = "Changed.", body = SavedView)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    Id(id): Id<SavedViewId>,
    Body { value: wanted, .. }: Body<SavedViewChange>,
) -> Answer<Json<SavedView>> {
    let mut tx = caller.tx(&app).await?;
    let view = views::change(&mut tx, id, caller.user_id(), &wanted.name, &wanted.filter).await?;
    tx.commit().await?;
    Ok(Json(view))
}

/// Remove a saved view
#[utoipa::path(delete, path = "/saved-views/{id}", tag = "Inbox", params(("id" = SavedViewId, Path)),
    security(("token" = ["conversations:write"])), responses((status = 204, description = "Removed.")))]
pub async fn remove(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    Id(id): Id<SavedViewId>,
) -> Answer<StatusCode> {
    let mut tx = caller.tx(&app).await?;
    views::remove(&mut tx, id, caller.user_id()).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
