//! A visitor's requests. Fields that are not known are ignored here: pages of websites live long, and are not ours to update.

use std::collections::BTreeMap;

use axum::{Json, extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use socialai_domain::{
    ids::{AttachmentId, MessageId},
    problems::Problem,
    signs::{By, Sign},
    web_chat::{
        reading::{self, Page, Shown},
        sessions::{self, NewSession},
        settings::{Field, Theme},
        visiting::{self, NewMessage},
    },
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::visitor::{Guest, Passer, check_size};
use crate::{
    attachments,
    http::body::{Body, Id, Query},
    limits::quotas,
    problem::Answer,
    state::App,
};

/// What the widget looks like and asks for. Never a secret.
#[derive(Serialize, ToSchema)]
pub struct WebChatConfig {
    name: String,
    greeting: Option<String>,
    /// Whether somebody answers now.
    is_online: bool,
    offline_message: Option<String>,
    pre_chat: Option<WebChatQuestions>,
    theme: Theme,
    texts: BTreeMap<String, BTreeMap<String, String>>,
    attachments: WebChatAttachments,
    disclosure: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct WebChatQuestions {
    fields: Vec<Field>,
    consent: Option<socialai_domain::web_chat::settings::Consent>,
}

#[derive(Serialize, ToSchema)]
pub struct WebChatAttachments {
    /// False: files are not taken.
    allowed: bool,
    max_bytes: u32,
    types: Vec<String>,
}

/// Settings of a web chat widget
#[utoipa::path(get, path = "/web-chat/{key}/config", tag = "Web chat", params(("key" = String, Path, description = "The widget's key.")),
    security(()), responses((status = 200, description = "What the widget looks like and asks for.", body = WebChatConfig)))]
pub async fn config(Passer { widget, .. }: Passer) -> Json<WebChatConfig> {
    let settings = &widget.settings;
    let pre_chat = settings.pre_chat.clone();
    Json(WebChatConfig {
        name: widget.name.clone(),
        greeting: settings.greeting.clone(),
        is_online: widget.is_online,
        offline_message: settings.offline_message.clone(),
        pre_chat: pre_chat.map(|asked| WebChatQuestions { fields: asked.fields, consent: asked.consent }),
        theme: settings.theme.clone(),
        texts: settings.texts.clone(),
        attachments: WebChatAttachments { allowed: false, max_bytes: 0, types: Vec::new() },
        disclosure: settings.disclosure.clone(),
    })
}

#[derive(Deserialize, ToSchema)]
pub struct NewWebChatSession {
    #[serde(default)]
    #[schema(max_length = 500)]
    name: Option<String>,
    #[serde(default)]
    #[schema(max_length = 500)]
    email: Option<String>,
    /// Answers to the other fields, by their names.
    #[serde(default)]
    fields: BTreeMap<String, String>,
    /// The visitor was asked and agreed.
    #[serde(default)]
    consent: bool,
    #[serde(default)]
    page_url: Option<String>,
    #[serde(default)]
    language: Option<String>,
    /// Who the visitor is, as the company's own server says.
    #[serde(default)]
    identity: Option<WebChatIdentity>,
}

#[derive(Deserialize, ToSchema)]
pub struct WebChatIdentity {
    /// The company's own id of the person.
    #[schema(min_length = 1, max_length = 200)]
    id: String,
    /// HMAC-SHA-256 of the id under the widget's identity secret, in hexadecimal.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    hash: String,
}

#[derive(Serialize, ToSchema)]
pub struct WebChatSession {
    /// Of this visitor, for the `Authorization` header. It is shown this once.
    token: String,
    visitor_id: String,
}

/// Open a visitor's session
///
/// With the first message. The answers that the widget asks for are checked; nobody becomes a contact yet.
#[utoipa::path(post, path = "/web-chat/{key}/sessions", tag = "Web chat", request_body = NewWebChatSession,
    params(("key" = String, Path, description = "The widget's key.")), security(()),
    responses((status = 201, description = "The session's token.", body = WebChatSession)))]
pub async fn open_session(
    State(app): State<App>,
    passer: Passer,
    Body { value: new, raw }: Body<NewWebChatSession>,
) -> Answer<(StatusCode, Json<WebChatSession>)> {
    check_size(&raw)?;
    passer.limit_address(&app, quotas::CHAT_SESSION).await?;
    passer.limit_widget(&app, quotas::CHAT_SESSIONS).await?;
    let NewWebChatSession { name, email, fields, consent, page_url, language, identity } = new;
    let identity = identity.map(|identity| sessions::Identity { id: identity.id, hash: identity.hash });
    let new = NewSession { name, email, fields, consent, page_url, language, identity };
    let mut tx = passer.tx(&app).await?;
    let (session, token) = sessions::open(&mut tx, &passer.widget, new).await?;
    tx.commit().await?;
    let token = secrecy::ExposeSecret::expose_secret(&token).to_owned();
    Ok((StatusCode::CREATED, Json(WebChatSession { token, visitor_id: session.visitor_id() })))
}

#[derive(Deserialize, ToSchema)]
pub struct NewWebChatMessage {
    /// Made once for what the visitor meant to say; however often it is sent, it is said once.
    client_id: Uuid,
    /// At most 4,000 UTF-16 units.
    #[schema(min_length = 1, max_length = 4000)]
    text: String,
    /// None: files are not taken.
    #[serde(default)]
    #[schema(max_items = 0)]
    attachment_ids: Vec<String>,
    /// The payload of the button that was pressed.
    #[serde(default)]
    #[schema(max_length = 1000)]
    quick_reply: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct WebChatWritten {
    message: Shown,
}

/// Write a message as a visitor
///
/// The same `client_id` again changes nothing and is answered the same.
#[utoipa::path(post, path = "/web-chat/{key}/messages", tag = "Web chat", request_body = NewWebChatMessage,
    params(("key" = String, Path, description = "The widget's key.")), security(("visitor" = [])),
    responses((status = 201, description = "The message, as it was made.", body = WebChatWritten)))]
pub async fn write(
    State(app): State<App>,
    guest: Guest,
    Body { value: new, raw }: Body<NewWebChatMessage>,
) -> Answer<(StatusCode, Json<WebChatWritten>)> {
    check_size(&raw)?;
    guest.limit(&app, quotas::CHAT_MESSAGE).await?;
    guest.at.limit_address(&app, quotas::CHAT_MESSAGE_ADDRESS).await?;
    guest.at.limit_widget(&app, quotas::CHAT_MESSAGES).await?;
    if !new.attachment_ids.is_empty() {
        return Err(Problem::field("attachment_ids", "Files are not taken here.").into());
    }
    let new = NewMessage { client_id: new.client_id, text: new.text, quick_reply: new.quick_reply };
    let (mut tx, session) = guest.enter(&app).await?;
    let message = visiting::write(&mut tx, &guest.at.widget, &session, &new).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(WebChatWritten { message })))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct After {
    /// What was made or changed after this place; without it, the newest messages.
    #[param(max_length = 20)]
    after: Option<String>,
}

/// Messages of a visitor's conversation
///
/// At most 100, the oldest first. A place that is unknown or too old is refused; read without one then.
#[utoipa::path(get, path = "/web-chat/{key}/messages", tag = "Web chat",
    params(("key" = String, Path, description = "The widget's key."), After), security(("visitor" = [])),
    responses((status = 200, description = "Messages, and the place to go on from.", body = Page)))]
pub async fn messages(
    State(app): State<App>,
    guest: Guest,
    Query(After { after }): Query<After>,
) -> Answer<Json<Page>> {
    let widget = &guest.at.widget;
    let (mut tx, session) = guest.enter(&app).await?;
    if let Some(after) = after {
        let after = reading::parse_place(&after, tx.now())?;
        let page = reading::changed(&mut tx, widget, &session, after).await?;
        tx.commit().await?;
        return Ok(Json(page));
    }
    // Who is let in is known before the place is asked for: that is not free.
    tx.commit().await?;
    let place = reading::place(app.databases(), guest.at.tenant).await?;
    let (mut tx, session) = guest.enter(&app).await?;
    let page = reading::newest(&mut tx, widget, &session, place).await?;
    tx.commit().await?;
    Ok(Json(page))
}

/// The bytes of an attachment
///
/// Of a message that the visitor may read; always as a download of unknown type.
#[utoipa::path(get, path = "/web-chat/{key}/attachments/{attachment}", tag = "Web chat",
    params(("key" = String, Path, description = "The widget's key."), ("attachment" = AttachmentId, Path)), security(("visitor" = [])),
    responses((status = 200, description = "The bytes.", body = String, content_type = "application/octet-stream")))]
pub async fn attachment(
    State(app): State<App>,
    guest: Guest,
    Id((_key, id)): Id<(String, AttachmentId)>,
) -> Answer<Response> {
    let (mut tx, session) = guest.enter(&app).await?;
    let attachment = reading::attachment(&mut tx, &session, id).await?;
    tx.commit().await?;
    attachments::download(&app, guest.at.tenant, &attachment).await
}

#[derive(Deserialize, ToSchema)]
pub struct WebChatReadMark {
    /// The visitor has seen this message and all before it.
    #[schema(value_type = MessageId)]
    up_to: String,
}

/// Mark messages as seen by the visitor
#[utoipa::path(post, path = "/web-chat/{key}/read", tag = "Web chat", request_body = WebChatReadMark,
    params(("key" = String, Path, description = "The widget's key.")), security(("visitor" = [])),
    responses((status = 204, description = "Marked.")))]
pub async fn read(
    State(app): State<App>,
    guest: Guest,
    Body { value: mark, .. }: Body<WebChatReadMark>,
) -> Answer<StatusCode> {
    let (mut tx, session) = guest.enter(&app).await?;
    // What is no id is no message.
    let up_to = mark.up_to.parse().map_err(|_| Problem::missing("message"))?;
    visiting::read(&mut tx, &session, up_to).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
pub struct WebChatTyping {
    pub is_typing: bool,
}

/// Say that the visitor is typing
///
/// Holds for eight seconds.
#[utoipa::path(post, path = "/web-chat/{key}/typing", tag = "Web chat", request_body = WebChatTyping,
    params(("key" = String, Path, description = "The widget's key.")), security(("visitor" = [])),
    responses((status = 204, description = "Told to whoever watches.")))]
pub async fn typing(
    State(app): State<App>,
    guest: Guest,
    Body { value: WebChatTyping { is_typing }, .. }: Body<WebChatTyping>,
) -> Answer<StatusCode> {
    let (mut tx, session) = guest.enter(&app).await?;
    let place = visiting::place(&mut tx, &session).await?;
    tx.commit().await?;
    // Before the first message nobody knows that there is somebody.
    if let Some(conversation) = place {
        let sign = Sign { tenant: guest.at.tenant, conversation, by: By::Visitor { is_typing } };
        app.signs().tell(app.databases(), sign).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
