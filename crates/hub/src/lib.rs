//! The binary `socialai`, as a library so that tests can reach its parts.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod audit_stream;
pub mod backup;
pub mod bench;
mod channels;
pub mod cli;
pub mod commands;
pub mod config;
pub mod console;
pub mod data_folder;
mod engine;
pub mod kafka;
mod listener;
mod ports;
pub mod start;
pub mod stop;
pub mod storage;
pub mod telemetry;
mod upkeep;
