//! The test tools themselves, against what they stand in for or speak to.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod authenticator;
