//! The simulators as a connector meets them: over real HTTP, with everything that goes wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, reason = "tests are the clients, and keep time themselves")]

mod client;
mod control;
mod faults;
mod journal;
mod page;
mod pagerduty;
mod slack;
mod social;
mod webhook_receiver;
