//! The event engine's mechanism: jobs, facts, dead letters, schedules, as functions over a connection. It knows no noun of
//! the product and no tenant but an id; `domain` hands it the connection of a transaction, `jobs` runs what it claims.
//!
//! *Jobs* are commands: one owner, strict order per key, retried, given up into the dead letters. *Facts* are what happened:
//! any number of readers, each at its own place. Both are written by the transaction that makes them true.
//!
//! The tables and the functions with the locking in them are in `migrations/system/0004_event_engine.sql`. What holds:
//!
//! * A key (`lane`) is the lock. Who adds to it or finishes in it holds its row until commit, so neither misses the other.
//! * Several lanes are locked in the order of their primary key, by everybody.
//! * A worker has a lane by lease. Finishing a job checks the lease in the transaction of the job's own work: a worker that
//!   lost it cannot commit anything.
//! * A worker beats; when the beat stops, [`jobs::reap`] frees its lanes. No clock but the database's decides that, and a
//!   wrong decision costs a repetition, never a second effect.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod bell;
pub mod dead_letters;
pub mod facts;
pub mod follow;
pub mod jobs;
pub mod retry;
pub mod schedules;
pub mod write;
