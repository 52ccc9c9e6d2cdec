//! The cluster, tried on the real PostgreSQL of the machine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod crashes;
mod ephemeral;
mod lifecycle;
mod lock;
mod owner_process;
mod places;
mod refusals;
mod support;
