//! Webhook endpoints. Addresses and secrets are judged here, where it is known how far the installation may reach and what a
//! secret looks like; the rules about endpoints are the domain's.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use socialai_connect::{standard_webhooks::Secret, webhook::check_endpoint_url};
use socialai_domain::{
    events,
    ids::WebhookEndpointId,
    problems::Problem,
    webhooks::{
        self,
        deliveries::{Delivery, Replayed},
        endpoints::{self, Change, Endpoint, NewEndpoint},
        sending,
    },
};
use time::Duration;
use utoipa::ToSchema;

use crate::{
    caller::{Caller, can},
    http::body::{Body, Id},
    idempotent::{IdempotencyKey, once},
    page::Page,
    problem::Answer,
    state::App,
};

/// An event that endpoints can have.
#[derive(Serialize, ToSchema)]
pub struct WebhookEvent {
    pub name: &'static str,
    pub version: i16,
    pub summary: &'static str,
    /// What a receiver gets.
    pub example: Value,
}

/// Events to choose from
#[utoipa::path(get, path = "/webhook-events", tag = "Webhooks", security(("token" = ["webhooks:read"])),
    responses((status = 200, description = "The catalogue, by name.", body = Vec<WebhookEvent>)))]
pub async fn events(_: Caller<can::WebhooksRead>) -> Json<Vec<WebhookEvent>> {
    let mut all: Vec<_> = webhooks::chosen("*").map(shown).collect();
    all.sort_unstable_by_key(|event| (event.name, event.version));
    Json(all)
}

fn shown(event: &events::Event) -> WebhookEvent {
    let kind = event.name.split('.').next().unwrap_or_default();
    let data = json!({ "entity": { "kind": kind, "id": "…" } });
    let example = json!({ "type": event.name, "timestamp": "2026-11-21T09:00:00Z", "data": data });
    WebhookEvent { name: event.name, version: event.version, summary: event.summary, example }
}

/// Webhook endpoints, the oldest first
#[utoipa::path(get, path = "/webhook-endpoints", tag = "Webhooks", security(("token" = ["webhooks:read"])),
    responses((status = 200, description = "All of them, without their secrets.", body = Page<Endpoint>)))]
pub async fn list(State(app): State<App>, caller: Caller<can::WebhooksRead>) -> Answer<Json<Page<Endpoint>>> {
    let mut tx = caller.tx(&app).await?;
    let items = endpoints::list(&mut tx).await?;
    tx.rollback().await?;
    // There are at most as many as a page has.
    Ok(Json(Page { items, next: None }))
}

/// One webhook endpoint
#[utoipa::path(get, path = "/webhook-endpoints/{id}", tag = "Webhooks", params(("id" = WebhookEndpointId, Path)),
    security(("token" = ["webhooks:read"])), responses((status = 200, description = "The endpoint, without its secret.", body = Endpoint)))]
pub async fn get(
    State(app): State<App>,
    caller: Caller<can::WebhooksRead>,
    Id(id): Id<WebhookEndpointId>,
) -> Answer<Json<Endpoint>> {
    let mut tx = caller.tx(&app).await?;
    let endpoint = endpoints::get(&mut tx, id).await?;
    tx.rollback().await?;
    Ok(Json(endpoint))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhookEndpoint {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[schema(max_length = 2048, example = "https://example.com/hooks")]
    url: String,
    /// Names of events, groups (`user.*`), or `*`; none that you may not hear of yourself.
    #[schema(min_items = 1, max_items = 100)]
    events: Vec<String>,
    /// Events about the same thing arrive one after the other; while one fails, those behind it wait.
    #[serde(default)]
    is_ordered: bool,
    /// Your own signing secret: `whsec_` and 24 to 64 bytes in base64. Without it one is made.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    secret: Option<SecretString>,
}

#[derive(Serialize, ToSchema)]
pub struct WebhookEndpointMade {
    pub endpoint: Endpoint,
    /// The signing secret. It is shown this once.
    pub secret: String,
}

fn checked_url(app: &App, url: &str) -> Result<String, Problem> {
    let checked = check_endpoint_url(url, app.oidc().reach());
    let checked = checked.map_err(|reason| Problem::field("url", format!("This address cannot be used: {reason}.")))?;
    Ok(checked.to_string())
}

fn checked_secret(own: Option<&SecretString>) -> Result<SecretString, Problem> {
    let Some(own) = own else { return Ok(Secret::generate().to_text()) };
    let checked =
        Secret::parse(own).map_err(|error| Problem::field("secret", format!("This cannot be used: {error}.")))?;
    Ok(checked.to_text())
}

/// Whoever chooses events for an endpoint could read them there.
fn may_choose(caller: &Caller<can::WebhooksManage>, choices: &[String]) -> Result<(), Problem> {
    caller.may_grant(choices.iter().flat_map(|choice| webhooks::chosen(choice)).map(|event| event.heard_with))
}

/// Add a webhook endpoint
#[utoipa::path(post, path = "/webhook-endpoints", tag = "Webhooks", request_body = NewWebhookEndpoint,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["webhooks:manage"])), responses((status = 201, description = "Added.", body = WebhookEndpointMade)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller<can::WebhooksManage>,
    key: IdempotencyKey,
    Body { value: new, raw }: Body<NewWebhookEndpoint>,
) -> Answer<Response> {
    may_choose(&caller, &new.events)?;
    let url = checked_url(&app, &new.url)?;
    let secret = checked_secret(new.secret.as_ref())?;
    let NewWebhookEndpoint { name, events, is_ordered, .. } = new;
    once(&app, &caller, key, &raw, StatusCode::CREATED, async |tx| {
        let new = NewEndpoint { name, url, events, is_ordered, secret: secret.clone() };
        let endpoint = endpoints::create(tx, new).await?;
        Ok(WebhookEndpointMade { endpoint, secret: secret.expose_secret().to_owned() })
    })
    .await
}

/// Fields that are left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookEndpointChange {
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    #[serde(default)]
    #[schema(max_length = 2048)]
    url: Option<String>,
    #[serde(default)]
    #[schema(min_items = 1, max_items = 100)]
    events: Option<Vec<String>>,
    #[serde(default)]
    is_ordered: Option<bool>,
}

/// Change a webhook endpoint
#[utoipa::path(patch, path = "/webhook-endpoints/{id}", tag = "Webhooks", params(("id" = WebhookEndpointId, Path)),
    request_body = WebhookEndpointChange, security(("token" = ["webhooks:manage"])),
    responses((status = 200, description = "Changed.", body = Endpoint)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller<can::WebhooksManage>,
    Id(id): Id<WebhookEndpointId>,
    Body { value: wanted, .. }: Body<WebhookEndpointChange>,
) -> Answer<Json<Endpoint>> {
    let url = wanted.url.as_deref().map(|url| checked_url(&app, url)).transpose()?;
    let change = Change { name: wanted.name, url, events: wanted.events, is_ordered: wanted.is_ordered };
    let mut tx = caller.tx(&app).await?;
    let endpoint = endpoints::change(&mut tx, id, change).await?;
    // Also those that were chosen before: a new address would show them to whoever typed it.
    may_choose(&caller, &endpoint.events)?;
    tx.commit().await?;
    Ok(Json(endpoint))
}

/// Remove a webhook endpoint, with its log
#[utoipa::path(delete, path = "/webhook-endpoints/{id}", tag = "Webhooks", params(("id" = WebhookEndpointId, Path)),
    security(("token" = ["webhooks:manage"])), responses((status = 204, description = "Removed.")))]
pub async fn remove(
    State(app): State<App>,
    caller: Caller<can::WebhooksManage>,
    Id(id): Id<WebhookEndpointId>,
) -> Answer<StatusCode> {
    let mut tx = caller.tx(&app).await?;
    endpoints::remove(&mut tx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretRotation {
    /// How long the secrets before sign along.
    #[serde(default = "one_day")]
    #[schema(minimum = 0, maximum = 720)]
    overlap_hours: i64,
    /// Your own; without it one is made.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    secret: Option<SecretString>,
}

fn one_day() -> i64 {
    24
}

/// Replace the signing secret, with an overlap
///
/// Meanwhile a delivery carries a signature for each of them; a receiver may change over whenever it likes.
#[utoipa::path(post, path = "/webhook-endpoints/{id}/rotate-secret", tag = "Webhooks", request_body = SecretRotation,
    params(("id" = WebhookEndpointId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["webhooks:manage"])), responses((status = 201, description = "The new secret.", body = WebhookEndpointMade)))]
pub async fn rotate_secret(
    State(app): State<App>,
    caller: Caller<can::WebhooksManage>,
    Id(id): Id<WebhookEndpointId>,
    key: IdempotencyKey,
    Body { value: rotation, raw }: Body<SecretRotation>,
) -> Answer<Response> {
    if !(0..=720).contains(&rotation.overlap_hours) {
        return Err(Problem::field("overlap_hours", "The overlap is 0 to 720 hours.").into());
    }
    let secret = checked_secret(rotation.secret.as_ref())?;
    once(&app, &caller, key, &raw, StatusCode::CREATED, async |tx| {
        webhooks::rotate_secret(tx, id, &secret, Duration::hours(rotation.overlap_hours)).await?;
        let endpoint = endpoints::get(tx, id).await?;
        Ok(WebhookEndpointMade { endpoint, secret: secret.expose_secret().to_owned() })
    })
    .await
}

/// Switch a webhook endpoint off
///
/// What is on its way to it is held for seven days; new events are not collected.
#[utoipa::path(post, path = "/webhook-endpoints/{id}/disable", tag = "Webhooks", params(("id" = WebhookEndpointId, Path),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["webhooks:manage"])), responses((status = 200, description = "Switched off.", body = Endpoint)))]
pub async fn disable(
    State(app): State<App>,
    caller: Caller<can::WebhooksManage>,
    Id(id): Id<WebhookEndpointId>,
    key: IdempotencyKey,
) -> Answer<Response> {
    once(&app, &caller, key, &Bytes::new(), StatusCode::OK, async |tx| endpoints::disable(tx, id).await).await
}

/// Switch a webhook endpoint on
///
/// From now on. What it missed can be replayed; `recover` does both.
#[utoipa::path(post, path = "/webhook-endpoints/{id}/enable", tag = "Webhooks", params(("id" = WebhookEndpointId, Path),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["webhooks:manage"])), responses((status = 200, description = "Switched on.", body = Endpoint)))]
pub async fn enable(
    State(app): State<App>,
    caller: Caller<can::WebhooksManage>,
    Id(id): Id<WebhookEndpointId>,
    key: IdempotencyKey,
) -> Answer<Response> {
    once(&app, &caller, key, &Bytes::new(), StatusCode::OK, async |tx| endpoints::enable(tx, id).await).await
}

#[derive(Serialize, ToSchema)]
pub struct WebhookRecovery {
    pub endpoint: Endpoint,
    #[serde(flatten)]
    pub missed: Replayed,
}

/// Switch a webhook endpoint on and send what it missed
///
/// Everything that did not arrive since its failures began, in order and at once: what was held, what waits for a later
/// attempt, what was given up. Also for an endpoint that fails and is not switched off yet.
#[utoipa::path(post, path = "/webhook-endpoints/{id}/recover", tag = "Webhooks", params(("id" = WebhookEndpointId, Path),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["webhooks:manage"])), responses((status = 200, description = "Switched on; how many are on their way.", body = WebhookRecovery)))]
pub async fn recover(
    State(app): State<App>,
    caller: Caller<can::WebhooksManage>,
    Id(id): Id<WebhookEndpointId>,
    key: IdempotencyKey,
) -> Answer<Response> {
    once(&app, &caller, key, &Bytes::new(), StatusCode::OK, async |tx| {
        let (endpoint, missed) = endpoints::recover(tx, id).await?;
        Ok(WebhookRecovery { endpoint, missed })
    })
    .await
}

/// Send a test event to a webhook endpoint
///
/// Whatever it chose, and also while it is switched off. The delivery tells what became of it.
#[utoipa::path(post, path = "/webhook-endpoints/{id}/test", tag = "Webhooks", params(("id" = WebhookEndpointId, Path),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["webhooks:manage"])), responses((status = 202, description = "On its way.", body = Delivery)))]
pub async fn test(
    State(app): State<App>,
    caller: Caller<can::WebhooksManage>,
    Id(id): Id<WebhookEndpointId>,
    key: IdempotencyKey,
) -> Answer<Response> {
    once(&app, &caller, key, &Bytes::new(), StatusCode::ACCEPTED, async |tx| sending::send_test(tx, id).await).await
}
