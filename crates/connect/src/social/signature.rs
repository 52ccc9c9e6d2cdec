//! Whether a delivery comes from the platform, told from its signature.
//!
//! Signatures are checked over the bytes that arrived, in constant time, and against each secret, so that secrets can be
//! changed without losing deliveries. An empty secret signs nothing: anybody could use it.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{self, HMAC_SHA256, Key, Tag};
use secrecy::{ExposeSecret, SecretString};

/// What an installation shares with a platform. During a rotation there are several of each, the current one first.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    /// What deliveries are signed with: the app secret of Meta, the consumer secret of X, the client secret of LinkedIn.
    pub signing: Vec<SecretString>,
    /// What Meta repeats when a webhook is set up.
    pub verify_tokens: Vec<SecretString>,
}

/// Why a delivery is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("no secret is set, so that no signature can be checked")]
    NoSecret,
    #[error("the request is not signed")]
    NotSigned,
    #[error("the signature is not the one of this content")]
    WrongSignature,
    #[error("what was signed is too old")]
    Expired,
}

impl Secrets {
    pub(super) fn current(&self) -> Option<&SecretString> {
        usable(&self.signing).next()
    }

    pub(super) fn has_verify_token(&self, token: &str) -> bool {
        let is_equal = |secret: &SecretString| {
            verify_slices_are_equal(secret.expose_secret().as_bytes(), token.as_bytes()).is_ok()
        };
        // Each is looked at, so that the time does not tell which one fits.
        usable(&self.verify_tokens).filter(|secret| is_equal(secret)).count() > 0
    }
}

fn usable(secrets: &[SecretString]) -> impl Iterator<Item = &SecretString> {
    secrets.iter().filter(|secret| !secret.expose_secret().is_empty())
}

pub(super) fn sign(secret: &SecretString, content: &[u8]) -> Tag {
    hmac::sign(&Key::new(HMAC_SHA256, secret.expose_secret().as_bytes()), content)
}

/// Checks `signature` (already decoded; `None` where it could not be) over `content`.
pub(super) fn check(secrets: &[SecretString], content: &[u8], signature: Option<Vec<u8>>) -> Result<(), Denied> {
    if usable(secrets).next().is_none() {
        return Err(Denied::NoSecret);
    }
    let signature = signature.ok_or(Denied::WrongSignature)?;
    let key = |secret: &SecretString| Key::new(HMAC_SHA256, secret.expose_secret().as_bytes());
    let fits = usable(secrets).filter(|secret| hmac::verify(&key(secret), content, &signature).is_ok()).count();
    if fits > 0 { Ok(()) } else { Err(Denied::WrongSignature) }
}

/// Whether a platform's challenge may be signed. The answer to a challenge is made with the secret that also signs
/// deliveries: whoever may have any text signed can forge any delivery. No delivery is free of braces, and these signs are.
pub(super) fn is_harmless(challenge: &str) -> bool {
    let is_plain = |letter: u8| letter.is_ascii_alphanumeric() || b"-_.~=+/".contains(&letter);
    (1..=256).contains(&challenge.len()) && challenge.bytes().all(is_plain)
}
