//! The bus on a real broker and a real PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod buffer;
mod crashes;
mod facts;
mod faults;
mod groups;
mod homes;
mod rig;
mod topics;
