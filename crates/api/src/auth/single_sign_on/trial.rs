//! What a test log-in finds: the claims that the provider sent, and what a real log-in would have made of them. Nobody is
//! signed in, made a user or linked, so an administrator can test in the browser that their own session lives in.
//!
//! The finding waits under a ticket that only the administrator who began can read, for ten minutes.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use socialai_connect::oidc::Identity;
use socialai_domain::{
    audit::{Actor, ActorKind, Entry},
    ids::{TenantId, UserId},
    permissions::Role,
    problems::{Error, Result},
    settings,
    sso::{self, Connection},
    tenancy::TenantTx,
    tickets::{self, Purpose},
};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::{
    admission::{Verdict, judge},
    proves_second_factor,
};
use crate::state::App;

/// What a test log-in has shown.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SsoTestFinding {
    /// The person would have been signed in.
    pub works: bool,
    /// What would have happened, or what is wrong.
    pub message: String,
    /// As the claims say; null when the provider sent none that can be used.
    pub email: Option<String>,
    pub name: Option<String>,
    /// The role here that the person has or would get.
    pub role: Option<Role>,
    /// The person is a user of this workspace already; their role is the one given here, whatever the claims say.
    pub is_user: bool,
    /// The provider says that there were several factors (`amr` contains `mfa`).
    pub proves_second_factor: bool,
    /// All that the provider said of the person.
    #[schema(value_type = Object)]
    pub claims: Map<String, Value>,
    #[serde(with = "time::serde::rfc3339")]
    pub tested_at: OffsetDateTime,
}

/// Such a session is opened, and then every request is refused.
const NO_SECOND_FACTOR: &str = "The security policy asks this role for a second factor, and the identity provider did not \
    say that there was one: its `amr` claim lacks `mfa`.";

impl SsoTestFinding {
    fn failed(message: String, tested_at: OffsetDateTime) -> Self {
        Self {
            works: false,
            message,
            email: None,
            name: None,
            role: None,
            is_user: false,
            proves_second_factor: false,
            claims: Map::new(),
            tested_at,
        }
    }
}

/// Writes down what was found; answers with the ticket to read it by.
pub async fn conclude(
    app: &App,
    actor: &Actor,
    tenant: TenantId,
    by: UserId,
    connection: &Connection,
    identity: Result<Identity>,
) -> Result<SecretString> {
    let now = app.databases().now();
    let actor = actor.known_as(ActorKind::User, by.to_string());
    let finding = match identity {
        Ok(identity) => {
            let mut tx = app.databases().tenant(tenant, actor.clone()).await?;
            let finding = examine(&mut tx, connection, &identity, now).await;
            tx.rollback().await?;
            finding?
        }
        Err(error) => SsoTestFinding::failed(refusal(error)?, now),
    };
    let mut tx = app.databases().tenant(tenant, actor.clone()).await?;
    let outcome = serde_json::json!({ "works": finding.works });
    tx.record(Entry::new("sso.log_in_tested", "tenant", tenant).changed(serde_json::json!({}), outcome));
    tx.commit().await?;
    let mut tx = app.databases().system(actor).await?;
    let ticket = tickets::issue(&mut tx, Purpose::SingleSignOnFinding, Some(by), Some(tenant), &finding).await?;
    tx.commit().await?;
    Ok(ticket)
}

/// What a log-in would make of the identity.
async fn examine(
    tx: &mut TenantTx,
    connection: &Connection,
    identity: &Identity,
    now: OffsetDateTime,
) -> Result<SsoTestFinding> {
    let mut finding = SsoTestFinding {
        claims: identity.claims.clone(),
        proves_second_factor: proves_second_factor(&identity.amr),
        ..SsoTestFinding::failed(String::new(), now)
    };
    if let Ok(admission) = sso::admit(&connection.settings, &identity.claims) {
        (finding.email, finding.name, finding.role) = (Some(admission.email), Some(admission.name), admission.role);
    }
    let (role, message) = match judge(tx, connection, identity).await {
        Ok(Verdict::Known(user)) => {
            finding.is_user = true;
            (user.role, "This person is a user of this workspace and would be signed in.")
        }
        Ok(Verdict::New(_, role)) => (role, "This person would be made a user of this workspace and signed in."),
        Err(error) => {
            finding.message = refusal(error)?;
            return Ok(finding);
        }
    };
    finding.role = Some(role);
    let wants_mfa = settings::policy(tx).await?.mfa_roles.contains(&role);
    finding.works = !wants_mfa || finding.proves_second_factor;
    let message = if finding.works { message } else { NO_SECOND_FACTOR };
    Ok(SsoTestFinding { message: message.to_owned(), ..finding })
}

/// The words of a refusal; a fault stays one.
fn refusal(error: Error) -> Result<String> {
    match error {
        Error::Problem(problem) => Ok(problem.detail),
        fault => Err(fault),
    }
}
