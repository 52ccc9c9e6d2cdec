//! HTTP in, HTTP out. This file is the whole router as one readable list; a handler calls one or two domain functions.
//!
//! Every protected handler takes a `Caller<can::…>`: the extractor authenticates, checks the permission, and counts the
//! request against its limits before the body is read. Public handlers take a `Visitor`. There is no third way in.

mod alert_rules;
mod alert_targets;
mod alerts;
mod api_keys;
pub mod audit_log;
pub mod auth;
mod caller;
mod dead_letters;
pub mod docs;
mod effects;
mod events;
mod http;
mod idempotent;
mod invitations;
pub mod limits;
mod live;
mod me;
mod page;
mod problem;
mod requests;
mod roles;
mod sso;
pub mod state;
mod system;
mod tenant;
mod users;
mod web_app;
mod webhook_deliveries;
mod webhook_endpoints;

use axum::{Router, routing::get};
use utoipa_axum::{router::OpenApiRouter, routes};

pub use crate::state::{App, DemoPerson, Settings};
pub use socialai_connect::mail::Mail;

/// Everything under `/api/v1` (and, the same, `/v1`).
fn v1() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        // Signing in
        .routes(routes!(auth::options::options))
        .routes(routes!(auth::login::login))
        .routes(routes!(auth::login::second_factor))
        .routes(routes!(auth::enrol::start_totp))
        .routes(routes!(auth::enrol::confirm_totp))
        .routes(routes!(auth::passkey::start))
        .routes(routes!(auth::passkey::finish))
        .routes(routes!(auth::session::refresh))
        .routes(routes!(auth::session::log_out))
        .routes(routes!(auth::session::log_out_everywhere))
        .routes(routes!(auth::session::switch_tenant))
        .routes(routes!(auth::password::forgot))
        .routes(routes!(auth::password::reset))
        .routes(routes!(auth::invitation::check))
        .routes(routes!(auth::invitation::accept))
        .routes(routes!(auth::single_sign_on::start))
        .routes(routes!(auth::single_sign_on::callback))
        // Oneself
        .routes(routes!(me::profile::get, me::profile::update))
        .routes(routes!(me::profile::change_password))
        .routes(routes!(me::profile::sessions))
        .routes(routes!(me::profile::end_session))
        .routes(routes!(me::factors::factors))
        .routes(routes!(me::factors::start_totp))
        .routes(routes!(me::factors::confirm_totp))
        .routes(routes!(me::factors::remove_totp))
        .routes(routes!(me::factors::new_recovery_codes))
        .routes(routes!(me::passkeys::list))
        .routes(routes!(me::passkeys::start))
        .routes(routes!(me::passkeys::finish))
        .routes(routes!(me::passkeys::remove))
        // The workspace
        .routes(routes!(tenant::get, tenant::rename))
        .routes(routes!(tenant::policy, tenant::set_policy))
        .routes(routes!(tenant::checklist))
        .routes(routes!(roles::list))
        .routes(routes!(users::list))
        .routes(routes!(users::get, users::update, users::remove))
        .routes(routes!(users::sessions, users::end_sessions))
        .routes(routes!(users::reset_password))
        .routes(routes!(users::reset_mfa))
        .routes(routes!(invitations::list, invitations::create))
        .routes(routes!(invitations::renew))
        .routes(routes!(invitations::revoke))
        .routes(routes!(api_keys::list, api_keys::create))
        .routes(routes!(api_keys::get, api_keys::revoke))
        .routes(routes!(api_keys::rotate))
        .routes(routes!(sso::get, sso::put, sso::remove))
        .routes(routes!(sso::test))
        .routes(routes!(sso::begin_test_log_in))
        .routes(routes!(sso::test_log_in_finding))
        .routes(routes!(audit_log::list))
        .routes(routes!(audit_log::actions))
        .routes(routes!(audit_log::export))
        .routes(routes!(audit_log::verify))
        .routes(routes!(audit_log::get))
        .routes(routes!(events::stream))
        // Work
        .routes(routes!(dead_letters::list))
        .routes(routes!(dead_letters::counts))
        .routes(routes!(dead_letters::replay))
        .routes(routes!(dead_letters::discard))
        .routes(routes!(dead_letters::get))
        .routes(routes!(effects::list))
        .routes(routes!(effects::get))
        // Webhooks
        .routes(routes!(webhook_endpoints::events))
        .routes(routes!(webhook_endpoints::list, webhook_endpoints::create))
        .routes(routes!(webhook_endpoints::get, webhook_endpoints::change, webhook_endpoints::remove))
        .routes(routes!(webhook_endpoints::rotate_secret))
        .routes(routes!(webhook_endpoints::enable))
        .routes(routes!(webhook_endpoints::disable))
        .routes(routes!(webhook_endpoints::recover))
        .routes(routes!(webhook_endpoints::test))
        .routes(routes!(webhook_deliveries::list))
        .routes(routes!(webhook_deliveries::replay_window))
        .routes(routes!(webhook_deliveries::get))
        .routes(routes!(webhook_deliveries::replay))
        // Alerts
        .routes(routes!(alert_rules::list))
        .routes(routes!(alert_rules::change))
        .routes(routes!(alert_targets::list, alert_targets::create))
        .routes(routes!(alert_targets::get, alert_targets::change, alert_targets::remove))
        .routes(routes!(alert_targets::test))
        .routes(routes!(alerts::list))
        .routes(routes!(alerts::get))
        // The installation
        .routes(routes!(system::health))
        .routes(routes!(system::work))
        .routes(routes!(system::outbox))
}

/// What a server answers that only works: whether it lives, whether it is ready, and its metrics.
pub fn probes(app: App) -> Router {
    http::wrap(probe_routes(), &app).with_state(app)
}

fn probe_routes() -> Router<App> {
    Router::new()
        .route("/health", get(system::alive))
        .route("/ready", get(system::ready))
        .route("/metrics", get(system::metrics))
        .method_not_allowed_fallback(problem::unknown_method)
}

/// The router of the whole server.
pub fn router(app: App) -> Router {
    let (v1, document) = OpenApiRouter::with_openapi(docs::base()).merge(v1()).split_for_parts();
    let document = docs::finish(document);
    let open = Router::new()
        .route("/", get(web_app::index))
        .route("/.well-known/jwks.json", get(auth::session::jwks))
        .route("/api/v1/openapi.json", get(docs::openapi))
        .route("/docs/problems", get(docs::problems))
        .merge(docs::swagger())
        .merge(probe_routes());
    let router = Router::new()
        .nest("/api/v1", v1.clone())
        .nest("/v1", v1)
        .merge(open)
        .fallback(web_app::fallback)
        .method_not_allowed_fallback(problem::unknown_method)
        .layer(axum::Extension(docs::Document(std::sync::Arc::new(document))));
    http::wrap(router, &app).with_state(app)
}

/// The API description, as committed in `openapi.json`.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let (_, document) = OpenApiRouter::with_openapi(docs::base()).merge(v1()).split_for_parts();
    docs::finish(document)
}
