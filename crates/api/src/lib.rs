//! HTTP in, HTTP out. This file is the whole router as one readable list; a handler calls one or two domain functions.
//!
//! Every protected handler takes a `Caller<can::…>`: the extractor authenticates, checks the permission, and counts the
//! request against its limits before the body is read. Public handlers take a `Visitor`. There is no third way in.

mod alert_rules;
mod alert_targets;
mod alerts;
mod api_keys;
mod attachments;
pub mod audit_log;
pub mod auth;
mod caller;
mod canned_replies;
mod channel_accounts;
mod channel_apps;
mod channel_connections;
mod contacts;
mod conversations;
mod dead_letters;
pub mod docs;
mod effects;
mod events;
mod hooks;
mod http;
mod idempotent;
pub mod intake;
mod invitations;
pub mod limits;
mod live;
mod me;
mod page;
pub mod platforms;
mod presence;
mod problem;
mod requests;
mod roles;
mod saved_views;
mod signs;
mod sso;
pub mod state;
mod system;
mod tenant;
mod users;
mod web_app;
mod web_chat;
mod webhook_deliveries;
mod webhook_endpoints;

use std::sync::Arc;

use axum::{Extension, Router, routing::get};
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
        .routes(routes!(tenant::inbox, tenant::set_inbox))
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
        .routes(routes!(effects::settle))
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
        // The inbox
        .routes(routes!(conversations::list))
        .routes(routes!(conversations::counts))
        .routes(routes!(conversations::get))
        .routes(routes!(conversations::policy))
        .routes(routes!(conversations::messages::list))
        .routes(routes!(conversations::messages::reply))
        .routes(routes!(conversations::messages::search))
        .routes(routes!(conversations::messages::get))
        .routes(routes!(conversations::messages::retry))
        .merge(attachments::routes())
        .routes(routes!(conversations::actions::assign))
        .routes(routes!(conversations::actions::snooze))
        .routes(routes!(conversations::actions::close))
        .routes(routes!(conversations::actions::reopen))
        .routes(routes!(conversations::actions::read))
        .routes(routes!(conversations::actions::unread))
        .routes(routes!(conversations::actions::claim))
        .routes(routes!(conversations::actions::release))
        .routes(routes!(conversations::actions::pause_machine))
        .routes(routes!(conversations::actions::resume_machine))
        .routes(routes!(conversations::actions::typing))
        .routes(routes!(conversations::actions::presence))
        .routes(routes!(conversations::notes::list, conversations::notes::write))
        .routes(routes!(conversations::notes::change, conversations::notes::remove))
        .routes(routes!(canned_replies::list, canned_replies::create))
        .routes(routes!(canned_replies::get, canned_replies::change, canned_replies::remove))
        .routes(routes!(canned_replies::expand))
        .routes(routes!(saved_views::list, saved_views::create))
        .routes(routes!(saved_views::get, saved_views::change, saved_views::remove))
        .routes(routes!(contacts::list))
        .routes(routes!(contacts::get, contacts::change))
        .routes(routes!(contacts::conversations))
        .routes(routes!(contacts::merge))
        .routes(routes!(contacts::undo_merge))
        // Channels
        .routes(routes!(channel_apps::platforms))
        .routes(routes!(channel_apps::list))
        .routes(routes!(channel_apps::get, channel_apps::put, channel_apps::remove))
        .routes(routes!(channel_accounts::list))
        .routes(routes!(channel_accounts::get, channel_accounts::change))
        .routes(routes!(channel_accounts::disconnect))
        .routes(routes!(channel_connections::init))
        .routes(routes!(channel_connections::callback))
        .routes(routes!(channel_connections::choice))
        .routes(routes!(channel_connections::connect))
        .merge(hooks::routes())
        // Web chat
        .routes(routes!(web_chat::widgets::create))
        .routes(routes!(web_chat::widgets::get, web_chat::widgets::change))
        .routes(routes!(web_chat::visitors::config))
        .routes(routes!(web_chat::visitors::open_session))
        .routes(routes!(web_chat::visitors::messages, web_chat::visitors::write))
        .routes(routes!(web_chat::visitors::attachment))
        .routes(routes!(web_chat::stream::events))
        .routes(routes!(web_chat::visitors::typing))
        .routes(routes!(web_chat::visitors::read))
        // The installation
        .routes(routes!(system::health))
        .routes(routes!(system::work))
        .routes(routes!(system::outbox))
}

/// What a server answers that only works: whether it lives, whether it is ready, and its metrics.
pub fn probes(app: &App) -> Router {
    http::wrap(probe_routes(), app)
}

fn probe_routes() -> Router<App> {
    Router::new()
        .route("/health", get(system::alive))
        .route("/ready", get(system::ready))
        .route("/metrics", get(system::metrics))
        .method_not_allowed_fallback(problem::unknown_method)
}

/// The router of the whole server.
pub fn router(app: &App) -> Router {
    let (v1, document) = OpenApiRouter::with_openapi(docs::base()).merge(v1()).split_for_parts();
    let document = docs::finish(document);
    let open = Router::new()
        .route("/", get(web_app::index))
        .route("/.well-known/jwks.json", get(auth::session::jwks))
        .route("/api/v1/openapi.json", get(docs::openapi).layer(Extension(docs::Document(Arc::new(document)))))
        .route("/docs/problems", get(docs::problems))
        .route("/widget.js", get(web_chat::files::script))
        .route("/widget/{name}", get(web_chat::files::part))
        .merge(hooks::second_names())
        .merge(docs::swagger())
        .merge(probe_routes());
    let router = Router::new()
        .nest("/api/v1", v1.clone())
        .nest("/v1", v1)
        .merge(open)
        .fallback(web_app::fallback)
        .method_not_allowed_fallback(problem::unknown_method);
    http::wrap(router, app)
}

/// The API description, as committed in `openapi.json`.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let (_, document) = OpenApiRouter::with_openapi(docs::base()).merge(v1()).split_for_parts();
    docs::finish(document)
}
