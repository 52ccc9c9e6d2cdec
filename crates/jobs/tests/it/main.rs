//! The event engine on a real PostgreSQL: through the transactions that enqueue and the handlers that are called.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod alerts;
mod backlog;
mod channels;
mod claims;
mod cuts;
mod dead_letters;
mod delays;
mod facts;
mod fairness;
mod harness;
mod jobs;
mod killed;
mod process;
mod races;
mod retries;
mod takeover;
mod together;
