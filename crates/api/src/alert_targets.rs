//! Alert targets. Addresses and secrets are judged here, where it is known what they look like and how far the installation
//! may reach; the rules about targets are the domain's.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use socialai_connect::{
    mail::Mail, pagerduty::RoutingKey, slack, standard_webhooks::Secret, webhook::check_endpoint_url,
};
use socialai_domain::{
    alerts::{
        Severity,
        targets::{self, Address, Change, Kind, MOST_RECIPIENTS, NewTarget, Region, Target},
    },
    ids::{AlertTargetId, EffectId},
    people,
    problems::{Problem, Result},
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
    let new = checked(&app, new)?;
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

fn checked(app: &App, new: NewAlertTarget) -> Result<NewTarget, Problem> {
    Ok(match new {
        NewAlertTarget::PagerDuty { name, routing_key, region, least_severity, enabled } => {
            check_routing_key(&routing_key)?;
            NewTarget { name, address: Address::PagerDuty { routing_key, region }, least_severity, enabled }
        }
        NewAlertTarget::Slack { name, url, least_severity, enabled } => {
            check_slack_url(app, &url)?;
            NewTarget { name, address: Address::Slack { url }, least_severity, enabled }
        }
        NewAlertTarget::Email { name, recipients, least_severity, enabled } => {
            if matches!(app.mail(), Mail::Off) {
                let sentence =
                    "This installation sends no mail: set SOCIALAI_SMTP_URL, or choose another kind of target.";
                return Err(Problem::field("kind", sentence));
            }
            let address = Address::Email { recipients: checked_recipients(&recipients)? };
            NewTarget { name, address, least_severity, enabled }
        }
        NewAlertTarget::Webhook { name, url, secret, least_severity, enabled } => {
            let (url, secret) = (checked_url(app, &url)?, checked_secret(secret.as_ref())?);
            NewTarget { name, address: Address::Webhook { url, secret }, least_severity, enabled }
        }
    })
}

fn check_routing_key(key: &SecretString) -> Result<(), Problem> {
    let checked = RoutingKey::parse(key);
    checked.map(|_| ()).map_err(|error| Problem::field("routing_key", format!("This cannot be used: {error}.")))
}

fn check_slack_url(app: &App, url: &SecretString) -> Result<(), Problem> {
    let checked = slack::Webhook::parse(url, app.oidc().reach());
    checked.map(|_| ()).map_err(|error| Problem::field("url", format!("This address cannot be used: {error}.")))
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

fn checked_recipients(recipients: &[String]) -> Result<Vec<String>, Problem> {
    if recipients.len() > MOST_RECIPIENTS {
        return Err(Problem::field("recipients", format!("{MOST_RECIPIENTS} recipients are the limit.")));
    }
    let mut checked: Vec<String> = Vec::with_capacity(recipients.len());
    for (place, recipient) in recipients.iter().enumerate() {
        let field = format!("recipients[{place}]");
        let Ok(address) = people::normalize_email(recipient) else {
            return Err(Problem::field(field, "This is not an e-mail address."));
        };
        if checked.contains(&address) {
            return Err(Problem::field(field, "This address is named twice."));
        }
        checked.push(address);
    }
    Ok(checked)
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
        check_address(&app, kind, &mut change)?;
    }
    let target = targets::change(&mut tx, id, change).await?;
    tx.commit().await?;
    Ok(Json(target))
}

fn check_address(app: &App, kind: Kind, change: &mut Change) -> Result<(), Problem> {
    if let Some(key) = &change.routing_key {
        check_routing_key(key)?;
    }
    if let Some(url) = &change.url {
        if kind == Kind::Slack {
            check_slack_url(app, url)?;
        } else {
            change.url = Some(checked_url(app, url.expose_secret())?.into());
        }
    }
    if let Some(recipients) = &change.recipients {
        change.recipients = Some(checked_recipients(recipients)?);
    }
    Ok(())
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
