//! The domain on a real PostgreSQL, through its public functions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod audit;
mod catalogue;
mod channels;
mod contacts;
mod conversations;
mod effects;
mod identity;
mod keys;
mod migrations;
mod purge;
mod relocate;
mod tenancy;
mod users;
mod web_chat;
mod webhooks;
