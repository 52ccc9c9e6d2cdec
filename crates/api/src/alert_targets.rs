//! Alert targets. Addresses and secrets are judged here, where it is known what they look like and how far the installation
//! may reach; the rules about targets are the domain's.

mod check;

use axum::{Json, extract::State, http::StatusCode, response::Response};
use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use socialai_domain::{
    alerts::{
        Severity,
        targets::{self, Address, Change, Region, Target},
    },
    ids::{AlertTargetId, EffectId},
};
use utoipa::ToSchema;

use crate::{
    caller::{Caller, can},
    http::body::{Body, Id},
    idempotent::{IdempotencyKey, once},
    page::Page,
    problem::Answer,
    state::App,
};

/// Alert targets, the oldest first
#[utoipa::path(get, path = "/alert-targets", tag = "Alerts", security(("token" = ["alerts:read"])),
    responses((status = 200, description = "All of them, without what opens them.", body = Page<Target>)))]
pub async fn list(State(app): State<App>, caller: Caller<can::AlertsRead>) -> Answer<Json<Page<Target>>> {
    let mut tx = caller.tx(&app).await?;
    let items = targets::list(&mut tx).await?;
    tx.rollback().await?;
    // There are at most as many as a page has.
    Ok(Json(Page { items, next: None }))
}

/// One alert target
#[utoipa::path(get, path = "/alert-targets/{id}", tag = "Alerts", params(("id" = AlertTargetId, Path)),
    security(("token" = ["alerts:read"])), responses((status = 200, description = "The target, without what opens it.", body = Target)))]
pub async fn get(
    State(app): State<App>,
    caller: Caller<can::AlertsRead>,
    Id(id): Id<AlertTargetId>,
) -> Answer<Json<Target>> {
    let mut tx = caller.tx(&app).await?;
    let target = targets::get(&mut tx, id).await?;
    tx.rollback().await?;
    Ok(Json(target))
}

#[derive(Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum NewAlertTarget {
    #[serde(rename = "pagerduty")]
    PagerDuty {
        #[schema(min_length = 1, max_length = 100)]
        name: String,
        /// Integration key of a service: 32 letters and digits.
        #[schema(value_type = String, min_length = 32, max_length = 32)]
        routing_key: SecretString,
        #[serde(default)]
        region: Region,
        #[serde(default = "warning")]
        least_severity: Severity,
        #[serde(default = "yes")]
        enabled: bool,
    },
    Slack {
        #[schema(min_length = 1, max_length = 100)]
        name: String,
        /// Address of an incoming webhook.
        #[schema(value_type = String, max_length = 2048, example = "https://hooks.slack.com/services/…")]
        url: SecretString,
        #[serde(default = "warning")]
        least_severity: Severity,
        #[serde(default = "yes")]
        enabled: bool,
    },
    Email {
        #[schema(min_length = 1, max_length = 100)]
        name: String,
        /// Empty: all administrators of the workspace.
        #[serde(default)]
        #[schema(max_items = 20)]
        recipients: Vec<String>,
        #[serde(default = "warning")]
        least_severity: Severity,
        #[serde(default = "yes")]
        enabled: bool,
    },
    Webhook {
        #[schema(min_length = 1, max_length = 100)]
        name: String,
        #[schema(max_length = 2048, example = "https://example.com/alerts")]
        url: String,
        /// Your own signing secret: `whsec_` and 24 to 64 bytes in base64. Without it one is made.
        #[serde(default)]
        #[schema(value_type = Option<String>, max_length = 100)]
        secret: Option<SecretString>,
        #[serde(default = "warning")]
        least_severity: Severity,
        #[serde(default = "yes")]
        enabled: bool,
    },
}

fn warning() -> Severity {
    Severity::Warning
}

fn yes() -> bool {
    true
}

#[derive(Serialize, ToSchema)]
pub struct AlertTargetMade {
    pub target: Target,
    /// Of a webhook: the signing secret. It is shown this once.
    pub secret: Option<String>,
}

/// Add an alert target
#[utoipa::path(post, path = "/alert-targets", tag = "Alerts", request_body = NewAlertTarget,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["alerts:manage"])), responses((status = 201, description = "Added.", body = AlertTargetMade)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller<can::AlertsManage>,
    key: IdempotencyKey,
    Body { value: new, raw }: Body<NewAlertTarget>,
) -> Answer<Response> {
    let new = check::checked(&app, new)?;
    once(&app, &caller, key, &raw, StatusCode::CREATED, async |tx| {
        let secret = match &new.address {
            Address::Webhook { secret, .. } => Some(secret.expose_secret().to_owned()),
            _ => None,
        };
        let target = targets::create(tx, new.clone()).await?;
        Ok(AlertTargetMade { target, secret })
    })
    .await
}

/// Fields that are left out stay as they are. Those that a target of this kind does not have are refused.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertTargetChange {
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    #[serde(default)]
    #[schema(inline)]
    least_severity: Option<Severity>,
    #[serde(default)]
    enabled: Option<bool>,
    /// Of PagerDuty.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 32, max_length = 32)]
    routing_key: Option<SecretString>,
    /// Of PagerDuty.
    #[serde(default)]
    #[schema(inline)]
    region: Option<Region>,
    /// Of Slack or of a webhook.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2048)]
    url: Option<SecretString>,
    /// Of e-mail.
    #[serde(default)]
    #[schema(max_items = 20)]
    recipients: Option<Vec<String>>,
}

/// Change an alert target
#[utoipa::path(patch, path = "/alert-targets/{id}", tag = "Alerts", params(("id" = AlertTargetId, Path)),
    request_body = AlertTargetChange, security(("token" = ["alerts:manage"])),
    responses((status = 200, description = "Changed.", body = Target)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller<can::AlertsManage>,
    Id(id): Id<AlertTargetId>,
    Body { value: wanted, .. }: Body<AlertTargetChange>,
) -> Answer<Json<Target>> {
    let AlertTargetChange { name, least_severity, enabled, routing_key, region, url, recipients } = wanted;
    let mut change = Change { name, least_severity, enabled, routing_key, region, url, recipients };
    let mut tx = caller.tx(&app).await?;
    let kind = targets::get(&mut tx, id).await?.kind;
    // What the kind does not have is refused by the domain, in words about that.
    if change.foreign_to(kind).is_none() {
        check::check_address(&app, kind, &mut change)?;
    }
    let target = targets::change(&mut tx, id, change).await?;
    tx.commit().await?;
    Ok(Json(target))
}

/// Remove an alert target
///
/// It leaves the rules that name it. One that is the only target of a rule stays until the rule has another.
#[utoipa::path(delete, path = "/alert-targets/{id}", tag = "Alerts", params(("id" = AlertTargetId, Path)),
    security(("token" = ["alerts:manage"])), responses((status = 204, description = "Removed.")))]
pub async fn remove(
    State(app): State<App>,
    caller: Caller<can::AlertsManage>,
    Id(id): Id<AlertTargetId>,
) -> Answer<StatusCode> {
    let mut tx = caller.tx(&app).await?;
    targets::remove(&mut tx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, ToSchema)]
pub struct AlertTargetTest {
    /// `GET /effects/{id}` tells what became of it.
    pub effect_id: EffectId,
}

/// Send a test to an alert target
///
/// PagerDuty gets an incident that is resolved right after, the others one message that says that it is a test. Also while
/// the target is switched off or broken; when it works, it is not broken any more.
#[utoipa::path(post, path = "/alert-targets/{id}/test", tag = "Alerts", params(("id" = AlertTargetId, Path),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["alerts:manage"])), responses((status = 202, description = "On its way.", body = AlertTargetTest)))]
pub async fn test(
    State(app): State<App>,
    caller: Caller<can::AlertsManage>,
    Id(id): Id<AlertTargetId>,
    key: IdempotencyKey,
) -> Answer<Response> {
    once(&app, &caller, key, &Bytes::new(), StatusCode::ACCEPTED, async |tx| {
        Ok(AlertTargetTest { effect_id: targets::test(tx, id).await? })
    })
    .await
}
