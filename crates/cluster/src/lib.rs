//! The product's own PostgreSQL: found on the machine, made, started, kept running, stopped.
//!
//! Without `DATABASE_URL` a newcomer has no database server to offer, so we run one in the data
//! folder with the PostgreSQL that the system's package manager installs. It is private (loopback
//! only, a port of its own, a generated password), durable, never runs as root, and survives
//! everything that happens on a developer's machine: Ctrl-C, `kill -9` of us or of it, a first start
//! that was interrupted, a full disk, a folder from another version, two starts on one folder.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `cluster` | the order of a start, the public type |
//! | `installation` | which PostgreSQL programs the machine has |
//! | `account`, `place` | who runs it and where its data can be |
//! | `initialise`, `password` | a new cluster and its superuser |
//! | `settings`, `server` | its settings, one start, why it failed |
//! | `leftover` | what an earlier run left running |
//! | `keeper` | starting it again when it dies, stopping it |
//! | `lock` | one process per data folder |
//! | `ephemeral` | throw-away clusters for tests |
//!
//! Deliberately absent: SQL. This crate runs programs; roles, databases and schemas are made by
//! those who use the address that it gives out. No server is downloaded either.

mod account;
mod cluster;
mod ephemeral;
mod error;
mod initialise;
mod installation;
mod keeper;
mod leftover;
mod lock;
mod password;
mod place;
mod server;
mod settings;

pub use cluster::{Cluster, Options};
pub use ephemeral::Ephemeral;
pub use error::ClusterError;
pub use installation::{Installation, OLDEST_MAJOR};
pub use lock::FolderLock;
