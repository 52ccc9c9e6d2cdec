//! The binary `socialai`, as a library so that tests can reach its parts.

pub mod listener;
pub mod telemetry;
