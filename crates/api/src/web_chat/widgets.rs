//! Widgets, for administrators: made with their key and the line for the website, and changed. They are disconnected, and
//! connected again, like every channel account.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use bytes::Bytes;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use socialai_domain::{
    channels::accounts::Account,
    ids::ChannelAccountId,
    problems::Problem,
    web_chat::{
        settings::{self, Settings},
        widgets,
    },
};
use utoipa::ToSchema;

use crate::{
    caller::{Caller, can},
    http::body::{Body, Id},
    idempotent::{IdempotencyKey, once},
    problem::Answer,
    state::App,
};

#[derive(Serialize, ToSchema)]
pub struct WebChatWidget {
    pub id: ChannelAccountId,
    /// The company or team, as visitors read it.
    pub name: String,
    /// Names the widget in pages; no secret.
    pub key: String,
    /// The line for the website.
    pub script: String,
    /// The chat as a page of its own.
    pub page: String,
    pub settings: Settings,
}

fn shown(app: &App, account: &Account) -> WebChatWidget {
    let (key, hub) = (&account.external_id, app.settings().public_url.as_str().trim_end_matches('/'));
    WebChatWidget {
        id: account.id,
        name: account.name.clone(),
        script: format!(r#"<script src="{hub}/widget.js" data-widget="{key}" async></script>"#),
        page: format!("{hub}/widget/{key}"),
        key: key.clone(),
        settings: widgets::settings(account),
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebChatWidget {
    /// The company or team, as visitors read it.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    #[serde(default)]
    settings: Settings,
}

#[derive(Serialize, ToSchema)]
pub struct WebChatWidgetMade {
    #[serde(flatten)]
    pub widget: WebChatWidget,
    /// For your server, to vouch for visitors whom it knows: HMAC-SHA-256 of your id of the person under this. Shown once.
    pub identity_secret: String,
}

/// Refuses settings that there are not, by what was sent.
fn check_names(raw: &Bytes, read: &Settings) -> Result<(), Problem> {
    let sent: Value = serde_json::from_slice(raw).unwrap_or_default();
    settings::check_names(&sent["settings"], read)
}

/// Make a web chat widget
///
/// It works at once: put the line of `script` into the pages of the website.
#[utoipa::path(post, path = "/channel-accounts/web-chat", tag = "Web chat", request_body = NewWebChatWidget,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["channels:manage"])), responses((status = 201, description = "The widget, with the secret for your server.", body = WebChatWidgetMade)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller<can::ChannelsManage>,
    key: IdempotencyKey,
    Body { value: new, raw }: Body<NewWebChatWidget>,
) -> Answer<Response> {
    check_names(&raw, &new.settings)?;
    // Account and route are in two databases, and not in the transaction of the request: a repetition finds them by the key.
    let widget_key = widgets::new_key(key.seed(&caller.key()).as_deref());
    once(&app, &caller, key, &raw, StatusCode::CREATED, async |tx| {
        let settings = widgets::check(tx, new.settings).await?;
        let made =
            widgets::create(app.databases(), caller.tenant, caller.actor.clone(), &widget_key, &new.name).await?;
        let account = widgets::change(tx, made.id, None, Some(settings)).await?;
        let secret = widgets::identity_secret(tx, made.id).await?;
        let identity_secret = secret.expose_secret().to_owned();
        Ok(WebChatWidgetMade { widget: shown(&app, &account), identity_secret })
    })
    .await
}

/// One web chat widget
#[utoipa::path(get, path = "/channel-accounts/{id}/web-chat", tag = "Web chat", params(("id" = ChannelAccountId, Path)),
    security(("token" = ["channels:read"])), responses((status = 200, description = "The widget with its settings.", body = WebChatWidget)))]
pub async fn get(
    State(app): State<App>,
    caller: Caller<can::ChannelsRead>,
    Id(id): Id<ChannelAccountId>,
) -> Answer<Json<WebChatWidget>> {
    let mut tx = caller.tx(&app).await?;
    let account = widgets::account(&mut tx, id).await?;
    tx.rollback().await?;
    Ok(Json(shown(&app, &account)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebChatWidgetChange {
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// All of them: what is left out is as if it had never been set.
    #[serde(default)]
    settings: Option<Settings>,
}

/// Change a web chat widget
///
/// Pages that show it follow within a minute.
#[utoipa::path(patch, path = "/channel-accounts/{id}/web-chat", tag = "Web chat", request_body = WebChatWidgetChange,
    params(("id" = ChannelAccountId, Path)), security(("token" = ["channels:manage"])),
    responses((status = 200, description = "The widget as it is now.", body = WebChatWidget)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller<can::ChannelsManage>,
    Id(id): Id<ChannelAccountId>,
    Body { value: change, raw }: Body<WebChatWidgetChange>,
) -> Answer<Json<WebChatWidget>> {
    if let Some(settings) = &change.settings {
        check_names(&raw, settings)?;
    }
    let mut tx = caller.tx(&app).await?;
    let account = widgets::change(&mut tx, id, change.name, change.settings).await?;
    tx.commit().await?;
    app.web_chat().forget(&account.external_id).await;
    Ok(Json(shown(&app, &account)))
}
