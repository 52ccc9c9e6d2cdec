//! Single sign-on settings of a workspace.

use axum::{Json, extract::State, http::StatusCode};
use axum_extra::extract::cookie::CookieJar;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use socialai_domain::{
    ids::UserId,
    problems::{Code, Problem},
    sso::{self, Connection, SsoSettings},
    tenants,
    tickets::{self, Purpose},
};
use utoipa::ToSchema;

use crate::{
    auth::single_sign_on::{provider, redirect_uri, set_out, stored, trial::SsoTestFinding},
    caller::{Caller, can},
    http::body::Body,
    problem::Answer,
    state::App,
};

#[derive(Serialize, ToSchema)]
pub struct SsoConnection {
    pub settings: SsoSettings,
    /// A client secret is stored; it is never shown.
    pub has_client_secret: bool,
    /// Enter this at the identity provider.
    pub redirect_uri: String,
    /// Where people of this workspace start.
    pub start_url: String,
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: time::OffsetDateTime,
}

async fn shown<D>(app: &App, caller: &Caller<D>, connection: Connection) -> Answer<SsoConnection> {
    let mut tx = caller.system_tx(app).await?;
    let tenant = tenants::find(&mut tx, &caller.tenant.to_string()).await?;
    tx.rollback().await?;
    let mut start = app.settings().public_url.clone();
    start.set_path(&format!("/api/v1/auth/sso/{}/start", tenant.slug));
    Ok(SsoConnection {
        has_client_secret: connection.client_secret.is_some(),
        settings: connection.settings,
        redirect_uri: redirect_uri(app).to_string(),
        start_url: start.to_string(),
        updated_at: connection.updated_at,
    })
}

/// Single sign-on settings
#[utoipa::path(get, path = "/sso", tag = "Single sign-on", security(("token" = ["sso:read"])),
    responses((status = 200, description = "The connection.", body = SsoConnection)))]
pub async fn get(State(app): State<App>, caller: Caller<can::SsoRead>) -> Answer<Json<SsoConnection>> {
    let mut tx = caller.tx(&app).await?;
    let connection = sso::get(&mut tx).await?;
    tx.rollback().await?;
    let connection = connection.ok_or_else(|| Problem::missing("single sign-on connection"))?;
    Ok(Json(shown(&app, &caller, connection).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SsoChange {
    settings: SsoSettings,
    /// A new client secret; without it the stored one stays as long as issuer and client do.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 1000)]
    client_secret: Option<SecretString>,
}

/// Set up or change single sign-on
#[utoipa::path(put, path = "/sso", tag = "Single sign-on", request_body = SsoChange, security(("token" = ["sso:manage"])),
    responses((status = 200, description = "Stored.", body = SsoConnection)))]
pub async fn put(
    State(app): State<App>,
    caller: Caller<can::SsoManage>,
    Body { value: change, .. }: Body<SsoChange>,
) -> Answer<Json<SsoConnection>> {
    let mut tx = caller.tx(&app).await?;
    let connection = sso::put(&mut tx, change.settings, change.client_secret).await?;
    tx.commit().await?;
    Ok(Json(shown(&app, &caller, connection).await?))
}

/// Remove single sign-on
#[utoipa::path(delete, path = "/sso", tag = "Single sign-on", security(("token" = ["sso:manage"])),
    responses((status = 204, description = "Removed.")))]
pub async fn remove(State(app): State<App>, caller: Caller<can::SsoManage>) -> Answer<StatusCode> {
    let mut tx = caller.tx(&app).await?;
    sso::remove(&mut tx).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, ToSchema)]
pub struct SsoTest {
    pub works: bool,
    /// What the provider answered, or what is wrong and what to do.
    pub message: String,
}

/// Ask the identity provider whether the stored settings can work
///
/// Client id and secret are proved by a log-in only; see `/sso/test-log-in`.
#[utoipa::path(post, path = "/sso/test", tag = "Single sign-on", security(("token" = ["sso:manage"])),
    responses((status = 200, description = "The finding.", body = SsoTest)))]
pub async fn test(State(app): State<App>, caller: Caller<can::SsoManage>) -> Answer<Json<SsoTest>> {
    let mut tx = caller.tx(&app).await?;
    let connection = sso::get(&mut tx).await?;
    tx.rollback().await?;
    let connection = connection.ok_or_else(|| Problem::missing("single sign-on connection"))?;
    let finding = app.oidc().check(&provider(&app, &connection), app.databases().now()).await;
    Ok(Json(match finding {
        Ok(_) => SsoTest { works: true, message: "The identity provider answered as it should.".to_owned() },
        Err(error) => SsoTest { works: false, message: error.to_string() },
    }))
}

#[derive(Serialize, ToSchema)]
pub struct SsoTestLogIn {
    /// Where to send the browser; the identity provider's own page.
    pub url: String,
}

/// Begin a test log-in
///
/// Goes the whole way through the identity provider with the stored settings, also while they are turned off. It ends at
/// `/settings/sso#test=TICKET` of the web app; nobody is signed in, made a user or changed. The browser that asks is the
/// one that has to come back.
#[utoipa::path(post, path = "/sso/test-log-in", tag = "Single sign-on", security(("token" = ["sso:manage"])),
    responses((status = 200, description = "Where to go.", body = SsoTestLogIn)))]
pub async fn begin_test_log_in(
    State(app): State<App>,
    caller: Caller<can::SsoManage>,
    jar: CookieJar,
) -> Answer<(CookieJar, Json<SsoTestLogIn>)> {
    let by = person(&caller)?;
    let connection = stored(&app, &caller.actor, caller.tenant).await?;
    let connection = connection.ok_or_else(|| Problem::missing("single sign-on connection"))?;
    let page = "/settings/sso".to_owned();
    let (jar, url) = set_out(&app, jar, &caller.actor, caller.tenant, &connection, page, Some(by)).await?;
    Ok((jar, Json(SsoTestLogIn { url: url.to_string() })))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SsoTestTicket {
    #[schema(value_type = String, max_length = 200)]
    ticket: SecretString,
}

/// Read what a test log-in has shown
///
/// For ten minutes, and only for the person who began it.
#[utoipa::path(post, path = "/sso/test-log-in/finding", tag = "Single sign-on", request_body = SsoTestTicket,
    security(("token" = ["sso:manage"])), responses((status = 200, description = "The finding.", body = SsoTestFinding)))]
pub async fn test_log_in_finding(
    State(app): State<App>,
    caller: Caller<can::SsoManage>,
    Body { value: wanted, .. }: Body<SsoTestTicket>,
) -> Answer<Json<SsoTestFinding>> {
    let by = person(&caller)?;
    let mut tx = caller.system_tx(&app).await?;
    let found = tickets::check::<SsoTestFinding>(&mut tx, Purpose::SingleSignOnFinding, &wanted.ticket).await;
    tx.rollback().await?;
    let found = found?;
    if found.person != Some(by) || found.tenant != Some(caller.tenant) {
        return Err(Problem::of(Code::TicketInvalid).into());
    }
    Ok(Json(found.data))
}

/// A test log-in is something that a person does in a browser.
fn person(caller: &Caller<can::SsoManage>) -> Result<UserId, Problem> {
    caller.user_id().ok_or_else(|| Problem::of(Code::OwnCredentialsRequired))
}
