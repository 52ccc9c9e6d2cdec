//! What tests share: a laboratory with a real database.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod lab;
