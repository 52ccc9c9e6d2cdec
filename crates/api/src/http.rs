//! Layers around the router: what holds for every request, whoever sends it.

pub mod body;
pub mod context;
mod guard;
pub mod upload;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{Extensions, HeaderMap, StatusCode, Version, header},
    middleware,
};
use tower::{ServiceBuilder, util::MapRequestLayer};
use tower_http::{
    CompressionLevel,
    compression::{
        CompressionLayer, DefaultPredicate,
        predicate::{Predicate, SizeAbove},
    },
    cors::CorsLayer,
};

use crate::{state::App, web_app::OfWebApp};

/// Largest body of an ordinary request.
pub const BODY_LIMIT_BYTES: usize = 256 * 1024;

/// Outermost last: context first sees the request and last sees the answer. They stand around the whole router, which costs
/// a reference to copy; around each route, every request would copy all of them as often as there are layers.
pub fn wrap(router: Router<App>, app: &App) -> Router {
    let router = router.layer(MapRequestLayer::new(context::note_route)).with_state(app.clone());
    let layers = ServiceBuilder::new()
        .layer(middleware::from_fn_with_state(app.clone(), context::establish))
        .layer(compression())
        .layer(cors(app))
        .layer(middleware::from_fn(guard::contained))
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES));
    Router::new().fallback_service(layers.service(router))
}

/// Answers made on the spot, from about a kilobyte; event streams stay as they are, or events would wait in the compressor.
/// The web app was compressed when it was built. An answer that sets cookies holds secrets, and its length must not tell
/// about them.
fn compression() -> CompressionLayer<impl Predicate> {
    let wanted = |_: StatusCode, _: Version, headers: &HeaderMap, extensions: &Extensions| {
        extensions.get::<OfWebApp>().is_none() && !headers.contains_key(header::SET_COOKIE)
    };
    CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(DefaultPredicate::new().and(SizeAbove::new(860)).and(wanted))
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
