//! Signing in, in all its ways. Each ends in [`signed_in::open`], which opens the session in the tenant and hands out the
//! tokens as the client wants them.

pub mod access_token;
pub mod cookies;
pub mod enrol;
pub mod invitation;
pub mod links;
pub mod login;
pub mod options;
pub mod passkey;
pub mod password;
pub mod session;
pub mod signed_in;
pub mod single_sign_on;
