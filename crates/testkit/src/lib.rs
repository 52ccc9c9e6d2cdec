//! What tests share: a laboratory with a real database, a passkey authenticator in software, a real identity provider, a
//! Redis, a Kafka broker, an S3 server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod authenticator;
pub mod identity_provider;
pub mod kafka;
mod keeper;
pub mod lab;
pub mod redis;
pub mod s3;
