//! What the log-in page may offer.

use axum::{Json, extract::State};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use socialai_domain::{audit::Actor, sso, tenants};
use utoipa::{IntoParams, ToSchema};

use crate::{
    caller::Visitor,
    http::body::{Query, at_most},
    problem::Answer,
    state::{App, DemoPerson},
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OptionsQuery {
    /// Short name of a workspace, to learn whether it has single sign-on.
    #[param(max_length = 64)]
    tenant: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct DemoLogin {
    pub email: String,
    pub role: String,
    pub tenant: String,
    /// With it the log-in takes one click; missing when the operator chose the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

impl From<DemoPerson> for DemoLogin {
    fn from(DemoPerson { email, role, tenant, password }: DemoPerson) -> Self {
        Self { email, role, tenant, password: password.map(|password| password.expose_secret().to_owned()) }
    }
}

#[derive(Serialize, ToSchema)]
pub struct LogInOptions {
    pub password: bool,
    pub passkey: bool,
    /// The named workspace offers single sign-on at `/auth/sso/{tenant}/start`.
    pub sso: bool,
    /// Accounts of the demo; empty elsewhere.
    pub demo: Vec<DemoLogin>,
    pub version: &'static str,
    /// Names the web app that this server hands out; a page that was built as another one is out of date.
    pub web_build: &'static str,
}

/// Ways to log in
#[utoipa::path(get, path = "/auth/options", tag = "Signing in", params(OptionsQuery), security(()),
    responses((status = 200, description = "What can be offered.", body = LogInOptions)))]
pub async fn options(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<OptionsQuery>,
) -> Answer<Json<LogInOptions>> {
    at_most(64, "tenant", query.tenant.as_ref())?;
    let sso = match query.tenant {
        Some(slug) => offers_sso(&app, visitor.actor, &slug).await?,
        None => false,
    };
    let demo = app.settings().demo_logins.iter().cloned().map(DemoLogin::from).collect();
    let version = app.settings().version;
    Ok(Json(LogInOptions { password: true, passkey: true, sso, demo, version, web_build: socialai_web::BUILD_ID }))
}

/// Unknown workspaces have none.
async fn offers_sso(app: &App, actor: Actor, slug: &str) -> socialai_domain::problems::Result<bool> {
    let mut tx = app.databases().system(actor.clone()).await?;
    let tenant = tenants::find(&mut tx, slug).await;
    tx.rollback().await?;
    let Ok(tenant) = tenant else { return Ok(false) };
    let mut tx = match app.databases().tenant(tenant.id, actor).await {
        Err(error) if error.problem().is_some() => return Ok(false),
        other => other?,
    };
    let connection = sso::get(&mut tx).await?;
    tx.rollback().await?;
    Ok(connection.is_some_and(|connection| connection.settings.enabled))
}
