//! Alerts from the reading to the target: looks at workspaces, and an engine that tells simulated remote systems.

mod failures;
mod rig;
mod rounds;
mod rules;
mod telling;
