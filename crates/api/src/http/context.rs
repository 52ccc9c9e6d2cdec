//! The context of a request: its id, where it comes from, and what its limits said. Kept in a task-local, so that a
//! problem document can name the request without every function passing it along.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Instant,
};

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use socialai_domain::{
    audit::{Actor, ActorKind},
    ids::TenantId,
};
use tracing::Instrument;
use uuid::Uuid;

use super::guard::guarded;
use crate::{limits::Verdict, state::App};

#[derive(Debug)]
pub struct Context {
    pub request_id: String,
    pub ip: String,
    pub user_agent: Option<String>,
    route: OnceLock<MatchedPath>,
    limit: Mutex<Option<Verdict>>,
    tenant: OnceLock<TenantId>,
}

tokio::task_local! {
    static CURRENT: Arc<Context>;
}

pub fn request_id() -> String {
    CURRENT.try_with(|context| context.request_id.clone()).unwrap_or_default()
}

/// Somebody not known yet, at this address.
pub fn visitor() -> Actor {
    CURRENT
        .try_with(|context| Actor {
            ip: Some(context.ip.clone()),
            user_agent: context.user_agent.clone(),
            request_id: Some(context.request_id.clone()),
            ..Actor::of(ActorKind::Anonymous, "")
        })
        .unwrap_or_else(|_| Actor::of(ActorKind::Anonymous, ""))
}

/// Notes what the rate limit said, for the answer's headers.
pub fn note_limit(verdict: Verdict) {
    let _ = CURRENT.try_with(|context| {
        *context.limit.lock().unwrap_or_else(PoisonError::into_inner) = Some(verdict);
    });
}

/// Notes which route the request has found.
pub fn note_route(request: Request) -> Request {
    if let Some(path) = request.extensions().get::<MatchedPath>() {
        tracing::Span::current().record("route", path.as_str());
        let _ = CURRENT.try_with(|context| context.route.set(path.clone()));
    }
    request
}

/// Notes whose request it is, for counting it.
pub fn note_tenant(tenant: TenantId) {
    let _ = CURRENT.try_with(|context| context.tenant.set(tenant));
}

pub async fn establish(State(app): State<App>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let context = Arc::new(Context {
        request_id: given_id(headers).unwrap_or_else(|| Uuid::now_v7().simple().to_string()),
        ip: client_ip(&request, app.settings().trusted_proxies),
        user_agent: text(headers, &header::USER_AGENT).map(|agent| agent.chars().take(300).collect()),
        route: OnceLock::new(),
        limit: Mutex::new(None),
        tenant: OnceLock::new(),
    });
    let method = request.method().clone();
    // At the highest level, so that a line of any level carries the request's id.
    let span = tracing::error_span!(
        "request",
        otel.kind = "server",
        method = %method,
        route = tracing::field::Empty,
        request_id = %context.request_id,
        tenant_id = tracing::field::Empty,
        status = tracing::field::Empty,
    );
    crate::state::continue_trace(&span, headers);
    let began = Instant::now();
    let mut response = CURRENT.scope(context.clone(), guarded(&app, request, next)).instrument(span.clone()).await;
    let status = response.status().as_u16();
    span.record("status", status);
    let elapsed = began.elapsed();
    span.in_scope(|| tracing::debug!(milliseconds = elapsed.as_secs_f64() * 1e3, "answered"));
    let route = context.route.get().map_or("unmatched", MatchedPath::as_str);
    let labels = [("method", method.to_string()), ("route", route.to_owned()), ("status", status.to_string())];
    metrics::counter!("socialai_http_requests_total", &labels).increment(1);
    metrics::histogram!("socialai_http_request_seconds", &labels[..2]).record(elapsed);
    if let Some(tenant) = context.tenant.get() {
        app.requests().count(*tenant, app.databases().now(), status, elapsed);
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&context.request_id) {
        headers.insert("x-request-id", value);
    }
    if let Some(limit) = *context.limit.lock().unwrap_or_else(PoisonError::into_inner) {
        headers.insert("ratelimit-limit", HeaderValue::from(limit.limit));
        headers.insert("ratelimit-remaining", HeaderValue::from(limit.remaining));
        headers.insert("ratelimit-reset", HeaderValue::from(limit.reset_seconds));
    }
    response
}

/// An id that a proxy or client gave, when it is harmless.
fn given_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("x-request-id")?.to_str().ok()?;
    let fits =
        (8..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    fits.then(|| id.to_owned())
}

fn text(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// The peer, or behind `proxies` trusted proxies the address that the outermost of them saw.
fn client_ip(request: &Request, proxies: usize) -> String {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let forwarded = || -> Option<IpAddr> {
        let all: Vec<_> =
            request.headers().get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
        let all = all.join(",");
        all.split(',').map(str::trim).rev().nth(proxies.checked_sub(1)?)?.parse().ok()
    };
    let ip = if proxies == 0 { peer } else { forwarded().or(peer) };
    ip.map_or_else(|| "unknown".to_owned(), |ip| ip.to_canonical().to_string())
}
