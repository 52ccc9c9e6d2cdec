//! Layers around the router: what holds for every request, whoever sends it.

pub mod body;
pub mod context;
mod guard;

use axum::{Router, extract::DefaultBodyLimit, middleware};
use tower_http::{catch_panic::CatchPanicLayer, cors::CorsLayer};

use crate::state::App;

/// Largest body of an ordinary request.
pub const BODY_LIMIT_BYTES: usize = 256 * 1024;

/// Outermost last: context first sees the request and last sees the answer.
pub fn wrap(router: Router<App>, app: &App) -> Router<App> {
    router
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .layer(middleware::from_fn(guard::time_limit))
        .layer(CatchPanicLayer::custom(guard::panicked))
        .layer(cors(app))
        .layer(middleware::from_fn(guard::size_limits))
        .layer(middleware::from_fn_with_state(app.clone(), guard::security_headers))
        .layer(middleware::from_fn_with_state(app.clone(), context::establish))
}

fn cors(app: &App) -> CorsLayer {
    use axum::http::{HeaderName, Method, header};
    let origins: Vec<_> = app.settings().cors_origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    CorsLayer::new()
        .allow_origin(origins)
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("x-csrf-token"),
            HeaderName::from_static("x-request-id"),
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers([
            HeaderName::from_static("x-request-id"),
            HeaderName::from_static("retry-after"),
            HeaderName::from_static("ratelimit-limit"),
            HeaderName::from_static("ratelimit-remaining"),
            HeaderName::from_static("ratelimit-reset"),
        ])
        .max_age(std::time::Duration::from_mins(10))
}
