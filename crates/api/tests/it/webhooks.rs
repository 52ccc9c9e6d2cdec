//! Outbound webhooks from end to end: through the API, with a running engine, to a simulated receiver that verifies what
//! it gets by itself.

mod circuits;
mod deliveries;
mod documented;
mod endpoints;
mod failures;
mod rig;
