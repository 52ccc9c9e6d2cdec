//! What can be connected here and how, and the workspace's own apps at the platforms.

use axum::{Json, extract::State, http::StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use socialai_connect::social::kept::AppSecrets;
use socialai_domain::{
    channel_policy::{self, Rules},
    channels::{
        Platform, Surface,
        apps::{self, App as OwnApp},
        subscriptions,
    },
    problems::Problem,
};
use utoipa::ToSchema;

use crate::{
    caller::{Caller, can},
    channel_connections::redirect_uri,
    http::body::{Body, Id},
    page::Page,
    problem::Answer,
    state::App,
};

/// A platform, and what is needed to connect accounts of it.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own for whoever reads it")]
pub struct ChannelPlatform {
    pub platform: Platform,
    pub title: &'static str,
    /// By a log-in at the platform. Web chat is our own and has none.
    pub has_login: bool,
    /// Accounts can be connected at once, through the operator's app or the workspace's own.
    pub can_connect: bool,
    /// The operator has set an app.
    pub has_operator_app: bool,
    /// The workspace's own app, which is used in place of the operator's.
    pub own_app: Option<OwnApp>,
    /// What is asked for at the log-in.
    pub scopes: Vec<String>,
    /// Messages are delivered; else they are asked for now and then.
    pub has_webhooks: bool,
    /// To be entered at the platform as the address to come back to.
    pub redirect_uri: Option<String>,
    /// To be entered at the platform as the webhook of the workspace's own app.
    pub own_webhook_url: Option<String>,
    /// What may be sent, on each surface.
    pub rules: Vec<Rules>,
}

/// Platforms whose accounts can be connected, and how
#[utoipa::path(get, path = "/channel-platforms", tag = "Channels", security(("token" = ["channels:read"])),
    responses((status = 200, description = "All of them.", body = Vec<ChannelPlatform>)))]
pub async fn platforms(
    State(app): State<App>,
    caller: Caller<can::ChannelsRead>,
) -> Answer<Json<Vec<ChannelPlatform>>> {
    let mut tx = caller.tx(&app).await?;
    let own = apps::list(&mut tx).await?;
    tx.rollback().await?;
    let described = Platform::ALL.into_iter().map(|platform| {
        let served = app.platforms().get(platform);
        let own_app = own.iter().find(|own| own.platform == platform).cloned();
        let has_operator_app = served.is_some_and(|served| served.operator.app.is_some());
        let has_webhooks = served.is_some_and(|served| served.connector.spec().has_webhooks);
        let own_webhook = || subscriptions::callback(&app.settings().public_url, platform, Some(caller.tenant));
        ChannelPlatform {
            platform,
            title: platform.title(),
            has_login: served.is_some(),
            can_connect: served.is_some() && (has_operator_app || own_app.is_some()) || platform == Platform::WebChat,
            has_operator_app,
            own_app,
            scopes: served.map(|served| served.connector.oauth().scopes().to_vec()).unwrap_or_default(),
            has_webhooks,
            redirect_uri: served.map(|_| redirect_uri(&app, platform).into()),
            own_webhook_url: has_webhooks.then(|| own_webhook().into()),
            rules: Surface::ALL.iter().map(|surface| *channel_policy::of(platform, *surface)).collect(),
        }
    });
    Ok(Json(described.collect()))
}

/// The workspace's own apps, by platform
#[utoipa::path(get, path = "/channel-apps", tag = "Channels", security(("token" = ["channels:read"])),
    responses((status = 200, description = "All of them, without their secrets.", body = Page<OwnApp>)))]
pub async fn list(State(app): State<App>, caller: Caller<can::ChannelsRead>) -> Answer<Json<Page<OwnApp>>> {
    let mut tx = caller.tx(&app).await?;
    let items = apps::list(&mut tx).await?;
    tx.rollback().await?;
    Ok(Json(Page { items, next: None }))
}

/// The workspace's own app at a platform
#[utoipa::path(get, path = "/channel-apps/{platform}", tag = "Channels", params(("platform" = Platform, Path)),
    security(("token" = ["channels:read"])), responses((status = 200, description = "The app, without its secrets.", body = OwnApp)))]
pub async fn get(
    State(app): State<App>,
    caller: Caller<can::ChannelsRead>,
    Id(platform): Id<Platform>,
) -> Answer<Json<OwnApp>> {
    let mut tx = caller.tx(&app).await?;
    let own = apps::get(&mut tx, platform).await?;
    tx.rollback().await?;
    Ok(Json(own))
}

/// An app as the platform's console shows it. Its secrets are kept sealed and never shown again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelAppContent {
    #[schema(min_length = 1, max_length = 300)]
    client_id: String,
    #[schema(value_type = String, min_length = 1, max_length = 500)]
    client_secret: SecretString,
    /// What the platform signs deliveries with, where it is another secret (X: the consumer secret). Several during a
    /// rotation.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 5)]
    signing_secrets: Vec<SecretString>,
    /// What Meta is told to repeat when the webhook is set up. Several during a rotation.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 5)]
    verify_tokens: Vec<SecretString>,
    /// LinkedIn's number of the developer application.
    #[serde(default)]
    #[schema(max_length = 100)]
    application_id: Option<String>,
}

impl ChannelAppContent {
    fn secrets(&self) -> Result<AppSecrets, Problem> {
        let texts = |field: &str, secrets: &[SecretString]| {
            if secrets.len() > 5 {
                return Err(Problem::field(field, "At most five are kept during a rotation."));
            }
            secrets.iter().map(|secret| checked(field, secret)).collect::<Result<Vec<_>, _>>()
        };
        if self.application_id.as_ref().is_some_and(|id| id.is_empty() || id.len() > 100) {
            return Err(Problem::field("application_id", "The number has 1 to 100 characters."));
        }
        Ok(AppSecrets {
            client_secret: checked("client_secret", &self.client_secret)?,
            signing_secrets: texts("signing_secrets", &self.signing_secrets)?,
            verify_tokens: texts("verify_tokens", &self.verify_tokens)?,
            application_id: self.application_id.clone(),
        })
    }
}

/// An empty secret would let everybody in.
fn checked(field: &str, secret: &SecretString) -> Result<String, Problem> {
    let text = secret.expose_secret().trim();
    let fits = (1..=500).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits {
        Ok(text.to_owned())
    } else {
        Err(Problem::field(field, "A secret has 1 to 500 visible ASCII characters."))
    }
}

/// Set the workspace's own app at a platform, in place of an earlier one
#[utoipa::path(put, path = "/channel-apps/{platform}", tag = "Channels", params(("platform" = Platform, Path)),
    request_body = ChannelAppContent, security(("token" = ["channels:manage"])),
    responses((status = 200, description = "Set.", body = OwnApp)))]
pub async fn put(
    State(app): State<App>,
    caller: Caller<can::ChannelsManage>,
    Id(platform): Id<Platform>,
    Body { value: content, .. }: Body<ChannelAppContent>,
) -> Answer<Json<OwnApp>> {
    let secrets = content.secrets()?.write();
    let mut tx = caller.tx(&app).await?;
    let own = apps::save(&mut tx, platform, &content.client_id, &secrets).await?;
    tx.commit().await?;
    app.platforms().forget_own(caller.tenant, platform).await;
    Ok(Json(own))
}

/// Remove the workspace's own app at a platform
///
/// Refused while accounts are connected through it.
#[utoipa::path(delete, path = "/channel-apps/{platform}", tag = "Channels", params(("platform" = Platform, Path)),
    security(("token" = ["channels:manage"])), responses((status = 204, description = "Removed.")))]
pub async fn remove(
    State(app): State<App>,
    caller: Caller<can::ChannelsManage>,
    Id(platform): Id<Platform>,
) -> Answer<StatusCode> {
    let mut tx = caller.tx(&app).await?;
    apps::remove(&mut tx, platform).await?;
    tx.commit().await?;
    app.platforms().forget_own(caller.tenant, platform).await;
    Ok(StatusCode::NO_CONTENT)
}
