//! Health of the installation, for load balancers, for Prometheus, and for people.

use std::{net::SocketAddr, time::Duration};

use axum::{
    Json,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use socialai_connect::mail::Mail;
use socialai_domain::{
    database,
    mails::{self, KeptMail},
    problems::{Code, Problem},
    work::{self, Overview},
};
use utoipa::ToSchema;

use crate::{
    caller::{Caller, can},
    problem::{Answer, Failure},
    state::App,
};

/// A page waits for this answer.
const OBJECTS_WITHIN: Duration = Duration::from_secs(3);

/// One thing that the installation depends on.
#[derive(Debug, Serialize, ToSchema)]
pub struct Part {
    #[schema(example = "database")]
    pub name: String,
    pub works: bool,
    /// What is wrong and what to do, or how it is.
    pub detail: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    pub ready: bool,
    pub version: &'static str,
    pub parts: Vec<Part>,
}

/// The process runs.
pub async fn alive() -> &'static str {
    "ok"
}

/// Every part works; 503 names the one that does not.
pub async fn ready(State(app): State<App>) -> Response {
    let health = check(&app).await;
    let status = if health.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health)).into_response()
}

/// Health of every part
#[utoipa::path(get, path = "/system/health", tag = "System", security(("token" = ["system:read"])),
    responses((status = 200, description = "Each part and what to do.", body = Health)))]
pub async fn health(State(app): State<App>, _: Caller<can::SystemRead>) -> Answer<Json<Health>> {
    let mut health = check(&app).await;
    // No part of `/ready`: what needs these waits for them, and everything else works without.
    health.parts.extend(objects(&app).await);
    health.parts.extend(buffer(&app).await);
    Ok(Json(health))
}

async fn buffer(app: &App) -> Option<Part> {
    let buffer = app.intake().buffer()?;
    let (works, detail) = match (buffer.reach)().await {
        Ok(detail) => (true, detail),
        Err(detail) => (false, format!("Events wait, and deliveries go to the database directly: {detail}")),
    };
    Some(part(buffer.name, works, detail))
}

async fn objects(app: &App) -> Option<Part> {
    let reached = tokio::time::timeout(OBJECTS_WITHIN, app.objects().reach()).await;
    let (works, detail) = match reached {
        Ok(None) => return None,
        Ok(Some(Ok(()))) => (true, "The bucket answers.".to_owned()),
        Ok(Some(Err(error))) => (false, format!("Attachments wait: {error}. `socialai doctor` says what to do.")),
        Err(_) => (false, "The bucket does not answer, so attachments wait: check that it can be reached.".to_owned()),
    };
    Some(part("objects", works, detail))
}

/// How the event engine is doing
///
/// What waits, who works, and which remote systems are left alone because they do not work.
#[utoipa::path(get, path = "/system/work", tag = "System", security(("token" = ["system:read"])),
    responses((status = 200, description = "Of the database of this workspace.", body = Overview)))]
pub async fn work(State(app): State<App>, caller: Caller<can::SystemRead>) -> Answer<Json<Overview>> {
    Ok(Json(work::overview(app.databases(), caller.tenant).await?))
}

async fn check(app: &App) -> Health {
    let mut parts = Vec::new();
    if app.stopping().is_cancelled() {
        parts.push(part("process", false, "It is shutting down.".to_owned()));
    }
    let shards: Vec<String> = app.databases().shard_names().map(str::to_owned).collect();
    let databases = std::iter::once(None).chain(shards.iter().map(|name| Some(name.as_str())));
    for shard in databases {
        let name = shard.map_or_else(|| "database".to_owned(), |shard| format!("shard {shard}"));
        parts.push(match app.databases().ping(shard).await {
            Ok(()) => match database::is_current(app.databases(), shard).await {
                Ok(true) => part(&name, true, "It answers, and its schema is up to date.".to_owned()),
                Ok(false) => part(&name, false, "Its schema is not this version's: run `socialai migrate`.".to_owned()),
                Err(error) => part(&name, false, format!("Its schema could not be read: {error}.")),
            },
            Err(_) => {
                part(&name, false, "It does not answer: check that PostgreSQL runs and can be reached.".to_owned())
            }
        });
    }
    if let Some(works) = app.limiter().is_healthy().await {
        let detail =
            if works { "It answers." } else { "It does not answer; limits are kept in each process meanwhile." };
        parts.push(part("redis", works, detail.to_owned()));
    }
    Health { ready: parts.iter().all(|part| part.works), version: app.settings().version, parts }
}

fn part(name: &str, works: bool, detail: String) -> Part {
    Part { name: name.to_owned(), works, detail }
}

/// Prometheus: to this machine, or with the token.
pub async fn metrics(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let by_token = app.settings().metrics_token.as_ref().is_some_and(|token| {
        use subtle::ConstantTimeEq;
        shown
            .and_then(|shown| shown.strip_prefix("Bearer "))
            .is_some_and(|shown| shown.as_bytes().ct_eq(token.as_bytes()).into())
    });
    // A proxy on this machine makes everybody look local; then only the token counts.
    let local = peer.ip().to_canonical().is_loopback() && app.settings().trusted_proxies == 0;
    if !by_token && !local {
        return Failure::from(Problem::new(
            Code::Forbidden,
            "Metrics are for this machine or for SOCIALAI_METRICS_TOKEN.",
        ))
        .into_response();
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], app.render_metrics()).into_response()
}

/// Mail that the demo kept instead of sending it
#[utoipa::path(get, path = "/system/outbox", tag = "System", security(("token" = ["users:manage"])),
    responses((status = 200, description = "The newest hundred.", body = Vec<KeptMail>)))]
pub async fn outbox(State(app): State<App>, caller: Caller<can::UsersManage>) -> Answer<Json<Vec<KeptMail>>> {
    if !matches!(app.mail(), Mail::Outbox) {
        return Err(Problem::new(Code::NotFound, "Only the demo keeps an outbox.").into());
    }
    let mut tx = caller.system_tx(&app).await?;
    let mails = mails::list(&mut tx, caller.tenant).await?;
    tx.rollback().await?;
    Ok(Json(mails))
}
