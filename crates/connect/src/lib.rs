//! Talks to one remote system at a time and answers in our vocabulary.
//!
//! [`call`] is the only place that sends an HTTP request, [`guard`] decides which addresses it may
//! reach, and [`remote`] stands around every call: circuit breaker, bulkhead, pauses, quick repeats.
//! [`oidc`] logs people in at an identity provider, [`mail`] hands a message to an SMTP server,
//! [`webhook`] brings signed events to the endpoints of tenants, [`pagerduty`] and [`slack`] take alerts,
//! [`social`] speaks with the platforms on which a tenant's customers write, [`objects`] keeps what is too large for the database.
//!
//! Deliberately absent: SQL, jobs and the time of day. A tenant is a number that keeps one's trouble
//! from another's calls. The caller passes the time and the addresses, keeps what must be kept, and
//! decides from [`call::CallError`] what happens next.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

#[cfg(test)]
mod any_json;
pub mod call;
pub mod guard;
pub mod mail;
pub mod objects;
pub mod oidc;
pub mod pagerduty;
pub mod remote;
pub mod slack;
pub mod social;
pub mod standard_webhooks;
pub mod webhook;
