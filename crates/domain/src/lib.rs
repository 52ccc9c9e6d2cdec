//! Nouns, rules and all SQL of SocialAI Hub. Nothing outside this crate reaches a connection: [`tenancy::Databases`] hands
//! out transactions, and the functions of the other modules take them.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod alerts;
pub mod api_keys;
pub mod audit;
pub mod audit_stream;
pub mod checklist;
pub mod clock;
pub mod database;
pub mod dead_letters;
pub mod effects;
pub mod events;
pub mod herald;
pub mod idempotency;
pub mod ids;
pub mod installation;
pub mod invitations;
pub mod mails;
pub mod mfa;
pub mod passkeys;
pub mod passwords;
pub mod people;
pub mod permissions;
pub mod problems;
pub mod queues;
pub mod requests;
pub mod rotation;
pub mod sessions;
pub mod settings;
pub mod signing;
pub mod sso;
pub mod tenancy;
pub mod tenants;
pub mod throttle;
pub mod tickets;
pub mod tokens;
pub mod users;
pub mod vault;
pub mod webhooks;
pub mod work;
