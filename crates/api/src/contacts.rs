//! Contacts: the people who write, whatever they write from.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use socialai_domain::{
    contacts::{
        self, Change, Contact, Identity, identities,
        merges::{self, Merge},
    },
    conversations::{Conversation, timeline},
    ids::{ContactId, ContactMergeId},
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    caller::{Caller, can},
    conversations::LONGEST_SEARCH,
    http::body::{Body, Id, Query, at_most},
    idempotent::{IdempotencyKey, once},
    page::{Page, Paging},
    problem::Answer,
    state::App,
};

/// Conversations and merges that are told with a contact.
const SHOWN: i64 = 50;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Beginnings of the words of names and handles, or a whole e-mail address or telephone number.
    #[param(max_length = 200)]
    q: Option<String>,
}

/// Contacts, newest first
#[utoipa::path(get, path = "/contacts", tag = "Contacts", params(ListQuery, Paging), security(("token" = ["conversations:read"])),
    responses((status = 200, description = "A page of contacts.", body = Page<Contact>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<can::ConversationsRead>,
    Query(query): Query<ListQuery>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Contact>>> {
    at_most(LONGEST_SEARCH, "q", query.q.as_ref())?;
    let (limit, after) = (paging.limit()?, paging.after()?);
    let mut tx = caller.tx(&app).await?;
    let contacts = contacts::list(&mut tx, query.q.as_deref(), after, limit + 1).await?;
    tx.rollback().await?;
    Ok(Json(Page::cut(contacts, limit, |contact| contact.id)))
}

/// A contact with all that is known of them.
#[derive(Serialize, ToSchema)]
pub struct ContactOpened {
    pub contact: Contact,
    /// As the platforms know them, the oldest first.
    pub identities: Vec<Identity>,
    /// Through all channels, newest activity first; at most 50.
    pub conversations: Vec<Conversation>,
    /// Contacts that became a part of this one, the newest first; at most 50.
    pub merges: Vec<Merge>,
}

/// One contact, with identities and conversations across channels
#[utoipa::path(get, path = "/contacts/{id}", tag = "Contacts", params(("id" = ContactId, Path)),
    security(("token" = ["conversations:read"])), responses((status = 200, description = "The contact.", body = ContactOpened)))]
pub async fn get(
    State(app): State<App>,
    caller: Caller<can::ConversationsRead>,
    Id(id): Id<ContactId>,
) -> Answer<Json<ContactOpened>> {
    let mut tx = caller.tx(&app).await?;
    let contact = contacts::get(&mut tx, id).await?;
    let identities = identities::of_contact(&mut tx, id).await?;
    let conversations = timeline::of_contact(&mut tx, id, None, SHOWN).await?;
    let merges = merges::of_contact(&mut tx, id, SHOWN).await?;
    tx.rollback().await?;
    Ok(Json(ContactOpened { contact, identities, conversations, merges }))
}

/// Conversations of a contact, newest activity first
#[utoipa::path(get, path = "/contacts/{id}/conversations", tag = "Contacts", params(("id" = ContactId, Path), Paging),
    security(("token" = ["conversations:read"])), responses((status = 200, description = "A page of conversations.", body = Page<Conversation>)))]
pub async fn conversations(
    State(app): State<App>,
    caller: Caller<can::ConversationsRead>,
    Id(id): Id<ContactId>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Conversation>>> {
    let (limit, after) = (paging.limit()?, paging.after()?);
    let mut tx = caller.tx(&app).await?;
    contacts::get(&mut tx, id).await?;
    let conversations = timeline::of_contact(&mut tx, id, after, limit + 1).await?;
    tx.rollback().await?;
    Ok(Json(Page::cut(conversations, limit, |conversation| (conversation.last_activity_at, conversation.id))))
}

/// Fields that are left out stay as they are; an empty text removes what is there.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactChange {
    #[serde(default)]
    #[schema(max_length = 200)]
    name: Option<String>,
    #[serde(default)]
    #[schema(max_length = 200)]
    company: Option<String>,
    #[serde(default)]
    #[schema(max_length = 200)]
    email: Option<String>,
    #[serde(default)]
    #[schema(max_length = 200)]
    phone: Option<String>,
}

/// Change a contact
#[utoipa::path(patch, path = "/contacts/{id}", tag = "Contacts", params(("id" = ContactId, Path)), request_body = ContactChange,
    security(("token" = ["conversations:write"])), responses((status = 200, description = "Changed.", body = Contact)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    Id(id): Id<ContactId>,
    Body { value: wanted, .. }: Body<ContactChange>,
) -> Answer<Json<Contact>> {
    let ContactChange { name, company, email, phone } = wanted;
    let mut tx = caller.tx(&app).await?;
    let contact = contacts::change(&mut tx, id, Change { name, company, email, phone }).await?;
    tx.commit().await?;
    Ok(Json(contact))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactMerging {
    /// The contact that becomes a part of the one in the address.
    with: ContactId,
}

/// Make another contact a part of this one
///
/// What was said through the other one moves; the answer's id undoes it.
#[utoipa::path(post, path = "/contacts/{id}/merge", tag = "Contacts", request_body = ContactMerging,
    params(("id" = ContactId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["conversations:write"])), responses((status = 201, description = "Merged.", body = Merge)))]
pub async fn merge(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    Id(id): Id<ContactId>,
    key: IdempotencyKey,
    Body { value: wanted, raw }: Body<ContactMerging>,
) -> Answer<Response> {
    once(&app, &caller, key, &raw, StatusCode::CREATED, async |tx| merges::merge(tx, id, wanted.with).await).await
}

/// Undo a merge
///
/// Each gets back what it had, with everything that was said meanwhile.
#[utoipa::path(post, path = "/contact-merges/{id}/undo", tag = "Contacts", params(("id" = ContactMergeId, Path),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["conversations:write"])), responses((status = 200, description = "Undone.", body = Merge)))]
pub async fn undo_merge(
    State(app): State<App>,
    caller: Caller<can::ConversationsWrite>,
    Id(id): Id<ContactMergeId>,
    key: IdempotencyKey,
) -> Answer<Response> {
    once(&app, &caller, key, &Bytes::new(), StatusCode::OK, async |tx| merges::undo(tx, id).await).await
}
