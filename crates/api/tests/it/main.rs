//! The API over real HTTP, on a real PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, reason = "tests run their own servers and clients")]

mod alerts;
mod audit_log;
mod bad_input;
mod bad_tokens;
mod checklist;
mod connect_accounts;
mod data_deletion;
mod dead_letters;
mod deliveries;
mod effects;
mod events;
mod hooks;
mod idempotency;
mod inbox;
mod limits;
mod log_in;
mod passkeys;
mod people;
mod routes;
mod server;
mod sessions;
mod single_sign_on;
mod subscriptions;
mod town;
mod web_app;
mod web_chat;
mod webhooks;
