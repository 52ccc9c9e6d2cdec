//! Channels against the simulated platforms over real HTTP: what people write there arrives, and what is answered is there,
//! once.

mod answers;
mod asking;
mod deliveries;
mod faults;
mod files;
mod gaps;
mod names;
mod outgoing_files;
mod rig;
mod tokens;
