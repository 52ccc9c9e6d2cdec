//! The real program, on real folders, ports and signals: what an operator and a newcomer see.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, reason = "tests watch the clock while they wait for another process")]

mod backups;
mod beside_a_server;
mod dlq;
mod effects;
mod http;
mod kafka;
mod keys;
mod lifecycle;
mod objects;
mod own_server;
mod program;
mod settings;
mod simulate;
mod traces;
