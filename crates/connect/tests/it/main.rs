//! The crate against real sockets: a real identity provider, a hostile one, a mail server, systems that break on cue.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, reason = "tests run their own servers and browsers")]

mod alerts;
mod call;
mod circuit;
mod jwt;
mod mail;
mod objects;
mod oidc_hostile;
mod oidc_keys;
mod oidc_provider;
mod oidc_real;
mod oidc_token_endpoint;
mod remote;
mod social;
mod social_errors;
mod social_linkedin;
mod social_meta;
mod social_oauth;
mod social_parse;
mod social_signatures;
mod social_x;
mod transport;
mod webhook;
