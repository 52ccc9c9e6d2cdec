//! What tests share: a laboratory with a real database, a passkey authenticator in software.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod authenticator;
pub mod lab;
