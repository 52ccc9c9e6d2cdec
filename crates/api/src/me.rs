//! What signed-in people do with their own account.

pub mod factors;
pub mod passkeys;
pub mod profile;
