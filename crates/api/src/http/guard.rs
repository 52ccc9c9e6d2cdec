//! What no request may exceed, and what every answer carries.

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    extract::Request,
    http::{HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use socialai_domain::problems::{Code, Error, Problem};
use tokio::time::Instant;

use crate::{problem::Failure, state::App, web_app::OfWebApp, web_chat::files::OfWidget};

const MAX_HEADERS: usize = 80;
const MAX_HEADER_BYTES: usize = 16 * 1024;
const MAX_URI_BYTES: usize = 8 * 1024;
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Refuses what exceeds the limits, and gives every answer its headers.
pub async fn guarded(app: &App, request: Request, next: Next) -> Response {
    let is_documentation = request.uri().path().starts_with("/docs");
    let mut response = match exceeded(&request) {
        Some(code) => Failure::from(Problem::of(code)).into_response(),
        None => next.run(request).await,
    };
    secure(app, is_documentation, &mut response);
    response
}

fn exceeded(request: &Request) -> Option<Code> {
    let bytes: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if request.headers().len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES {
        return Some(Code::HeadersTooLarge);
    }
    let uri = request.uri();
    let length = uri.path_and_query().map_or(0, |path| path.as_str().len())
        + uri.authority().map_or(0, |authority| authority.as_str().len());
    (length > MAX_URI_BYTES).then_some(Code::UriTooLong)
}

/// When the time of a request is over. Whoever waits for a large body has it begin again.
#[derive(Clone)]
pub struct TimeLimit(Arc<Mutex<Instant>>);

impl TimeLimit {
    fn begin() -> Self {
        Self(Arc::new(Mutex::new(Instant::now() + TIME_LIMIT)))
    }

    pub fn begin_again(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now() + TIME_LIMIT;
    }

    fn end(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn over(&self) {
        while Instant::now() < self.end() {
            tokio::time::sleep_until(self.end()).await;
        }
    }
}

/// Stops a handler that takes too long or panics; its transaction rolls back. A stream has answered by then and goes on.
pub async fn contained(mut request: Request, next: Next) -> Response {
    let limit = TimeLimit::begin();
    request.extensions_mut().insert(limit.clone());
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind();
    tokio::select! {
        answered = answered => answered.unwrap_or_else(panicked),
        () = limit.over() => {
            Failure::from(Problem::of(Code::TimedOut).retry_after(Duration::from_secs(5))).into_response()
        }
    }
}

/// Scripts, styles and data come from here and nowhere else, and nothing inline runs: a hostile name that slipped through
/// as HTML could neither run a script nor send anything away.
const WEB_APP_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// Swagger UI brings styles inside its HTML.
const DOCUMENTATION_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Passkeys and the clipboard are for our own pages; the rest nobody needs.
const PERMISSIONS: &str = "publickey-credentials-get=(self), publickey-credentials-create=(self), clipboard-write=(self), camera=(), microphone=(), geolocation=(), payment=(), usb=()";

#[expect(clippy::needless_pass_by_value, reason = "as `unwrap_or_else` hands it over")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let what = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let what = what.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    Failure(Error::Fault(format!("a handler panicked: {what}"))).into_response()
}

fn secure(app: &App, is_documentation: bool, response: &mut Response) {
    // Everything but the web app and the documentation is data.
    let policy = if response.extensions().get::<OfWebApp>().is_some() {
        WEB_APP_POLICY
    } else if is_documentation {
        DOCUMENTATION_POLICY
    } else {
        "default-src 'none'; frame-ancestors 'none'"
    };
    let part = response.extensions_mut().remove::<OfWidget>();
    let headers = response.headers_mut();
    // These, and those of the request's context: the map grows once.
    headers.reserve(16);
    // What strangers made brings a stricter one.
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::HeaderName::from_static("permissions-policy"), PERMISSIONS),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(part) = part {
        part.write(headers);
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if app.settings().public_url.scheme() == "https" {
        headers
            .insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains"));
    }
}
