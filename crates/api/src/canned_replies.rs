//! Canned replies: texts that are written often, with variables.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use socialai_domain::{
    channels::Platform,
    conversations::canned::{self, CannedReply, Content},
    ids::{CannedReplyId, ConversationId},
    tenants, users,
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    caller::{Caller, can},
    http::body::{Body, Id, Query},
    idempotent::{IdempotencyKey, once},
    page::{Page, Paging},
    problem::Answer,
    state::App,
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Those for this platform and those for all.
    platform: Option<Platform>,
}

/// Canned replies, by shortcut
#[utoipa::path(get, path = "/canned-replies", tag = "Inbox", params(ListQuery, Paging), security(("token" = ["conversations:read"])),
    responses((status = 200, description = "A page of canned replies.", body = Page<CannedReply>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<can::ConversationsRead>,
    Query(query): Query<ListQuery>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<CannedReply>>> {
    let (limit, after) = (paging.limit()?, paging.after::<String>()?);
    let mut tx = caller.tx(&app).await?;
    let replies = canned::list(&mut tx, query.platform, after.as_deref(), limit + 1).await?;
    tx.rollback().await?;
    Ok(Json(Page::cut(replies, limit, |reply| reply.shortcut.clone())))
}

/// What a canned reply says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CannedReplyContent {
    /// Typed behind `/` to find it: letters, digits, hyphens and underscores.
    #[schema(min_length = 1, max_length = 40, example = "hello")]
    shortcut: String,
    #[schema(min_length = 1, max_length = 100)]
    title: String,
    /// Variables: `contact.name`, `contact.first_name`, `agent.name`, `agent.first_name`, `workspace.name`.
    #[schema(
        min_length = 1,
        max_length = 5000,
        example = "Hello {{contact.first_name|there}}, thank you for writing!"
    )]
    body: String,
    /// Empty: for all of them.
    #[serde(default)]
    #[schema(max_items = 10)]
    platforms: Vec<Platform>,
}

impl From<CannedReplyContent> for Content {
    fn from(content: CannedReplyContent) -> Self {
        let CannedReplyContent { shortcut, title, body, platforms } = content;
        Self { shortcut, title, body, platforms }
    }
}

/// Add a canned reply
#[utoipa::path(post, path = "/canned-replies", tag = "Inbox", request_body = CannedReplyContent,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["conversations:write"])), responses((status = 201, description = "Added.", body = CannedReply)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    key: IdempotencyKey,
    Body { value: content, raw }: Body<CannedReplyContent>,
) -> Answer<Response> {
    let content = Content::from(content);
    once(&app, &caller, key, &raw, StatusCode::CREATED, async |tx| canned::create(tx, &content).await).await
}

/// One canned reply
#[utoipa::path(get, path = "/canned-replies/{id}", tag = "Inbox", params(("id" = CannedReplyId, Path)),
    security(("token" = ["conversations:read"])), responses((status = 200, description = "The canned reply.", body = CannedReply)))]
pub async fn get(
    State(app): State<App>,
    caller: Caller<can::ConversationsRead>,
    Id(id): Id<CannedReplyId>,
) -> Answer<Json<CannedReply>> {
    let mut tx = caller.tx(&app).await?;
    let reply = canned::get(&mut tx, id).await?;
    tx.rollback().await?;
    Ok(Json(reply))
}

/// Replace what a canned reply says
#[utoipa::path(put, path = "/canned-replies/{id}", tag = "Inbox", params(("id" = CannedReplyId, Path)), request_body = CannedReplyContent,
    security(("token" = ["conversations:write"])), responses((status = 200, description = "Changed.", body = CannedReply)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    Id(id): Id<CannedReplyId>,
    Body { value: content, .. }: Body<CannedReplyContent>,
) -> Answer<Json<CannedReply>> {
    let mut tx = caller.tx(&app).await?;
    let reply = canned::change(&mut tx, id, &content.into()).await?;
    tx.commit().await?;
    Ok(Json(reply))
}

/// Remove a canned reply
#[utoipa::path(delete, path = "/canned-replies/{id}", tag = "Inbox", params(("id" = CannedReplyId, Path)),
    security(("token" = ["conversations:write"])), responses((status = 204, description = "Removed.")))]
pub async fn remove(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    Id(id): Id<CannedReplyId>,
) -> Answer<StatusCode> {
    let mut tx = caller.tx(&app).await?;
    canned::remove(&mut tx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CannedReplyUse {
    conversation_id: ConversationId,
}

/// A canned reply with its variables filled in.
#[derive(Serialize, ToSchema)]
pub struct CannedReplyFilled {
    pub text: String,
}

/// Fill a canned reply in for a conversation
///
/// Nothing is sent. What a contact is called is never looked at for more variables.
#[utoipa::path(post, path = "/canned-replies/{id}/expand", tag = "Inbox", params(("id" = CannedReplyId, Path)),
    request_body = CannedReplyUse, security(("token" = ["conversations:read"])),
    responses((status = 200, description = "The text.", body = CannedReplyFilled)))]
pub async fn expand(
    State(app): State<App>,
    caller: Caller<can::ConversationsRead>,
    Id(id): Id<CannedReplyId>,
    Body { value: wanted, .. }: Body<CannedReplyUse>,
) -> Answer<Json<CannedReplyFilled>> {
    let mut system = caller.system_tx(&app).await?;
    let workspace = tenants::find(&mut system, &caller.tenant.to_string()).await?;
    system.rollback().await?;
    let mut tx = caller.tx(&app).await?;
    let agent = match caller.user_id() {
        Some(user) => users::get(&mut tx, user).await?.name,
        None => String::new(),
    };
    let text = canned::fill(&mut tx, id, wanted.conversation_id, &agent, &workspace.name).await?;
    tx.rollback().await?;
    Ok(Json(CannedReplyFilled { text }))
}
