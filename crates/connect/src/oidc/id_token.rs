//! Whether an ID token is believed.
//!
//! In three steps, so that no step can be skipped: [`Unverified::parse`] reads the header and
//! nothing else, [`Unverified::verify`] hands out the claims only after the signature fits, and
//! [`identity`] checks what the claims say against the log-in that was begun.

use aws_lc_rs::constant_time;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::error::TokenError;
use super::strict_json::{self, Fault};
use super::{Identity, claim_strings, keys};

/// Tokens with hundreds of group names reach 10 kB.
const LIMIT_BYTES: usize = 32 * 1024;
const SUBJECT_LIMIT_CHARS: usize = 255;
/// How far the provider's clock may be from ours.
const LEEWAY_SECONDS: f64 = 60.0;

#[derive(Debug)]
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
}

/// A token of which nothing is believed yet.
pub(super) struct Unverified<'a> {
    pub(super) header: Header,
    signed: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
}

pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: OffsetDateTime,
}

impl<'a> Unverified<'a> {
    pub(super) fn parse(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > LIMIT_BYTES {
            return Err(TokenError::TooLarge);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        Ok(Self { header: read_header(&decode(header)?)?, signed, payload, signature: decode(signature)? })
    }

    pub(super) fn verify(&self, keys: &[DecodingKey]) -> Result<Map<String, Value>, TokenError> {
        let fits = |key| {
            (DEFAULT_PROVIDER.verifier_factory)(&self.header.algorithm, key)
                .is_ok_and(|verifier| verifier.verify(self.signed.as_bytes(), &self.signature).is_ok())
        };
        if !keys.iter().any(fits) {
            return Err(TokenError::Signature);
        }
        read_object(&decode(self.payload)?)
    }
}

pub(super) fn identity(claims: Map<String, Value>, expected: &Expected<'_>) -> Result<Identity, TokenError> {
    if claims.get("iss").and_then(Value::as_str) != Some(expected.issuer) {
        return Err(TokenError::Issuer);
    }
    check_audience(&claims, expected.client_id)?;
    check_times(&claims, expected.now)?;
    let nonce = claims.get("nonce").and_then(Value::as_str).unwrap_or_default();
    if expected.nonce.is_empty()
        || constant_time::verify_slices_are_equal(nonce.as_bytes(), expected.nonce.as_bytes()).is_err()
    {
        return Err(TokenError::Nonce);
    }
    let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
    if subject.is_empty() || subject.chars().count() > SUBJECT_LIMIT_CHARS {
        return Err(TokenError::Subject);
    }
    Ok(Identity {
        issuer: expected.issuer.to_owned(),
        subject: subject.to_owned(),
        amr: claim_strings(&claims, "amr"),
        authenticated_at: claims.get("auth_time").and_then(Value::as_i64),
        claims,
    })
}

fn read_header(text: &[u8]) -> Result<Header, TokenError> {
    let header = read_object(text)?;
    // A token that says where its key is would be signed by whoever wrote it.
    if ["jku", "x5u", "jwk", "crit"].iter().any(|name| header.contains_key(*name)) {
        return Err(TokenError::Header);
    }
    let algorithm = header.get("alg").and_then(Value::as_str).and_then(keys::algorithm).ok_or(TokenError::Algorithm)?;
    // "at+jwt", "logout+jwt": the same keys sign tokens that are no proof of a log-in.
    if let Some(kind) = header.get("typ")
        && kind.as_str().is_none_or(|kind| kind.to_ascii_lowercase().ends_with("+jwt"))
    {
        return Err(TokenError::Kind);
    }
    let key_id = match header.get("kid") {
        None => None,
        Some(Value::String(id)) => Some(id.clone()),
        Some(_) => return Err(TokenError::Malformed),
    };
    Ok(Header { algorithm, key_id })
}

fn check_audience(claims: &Map<String, Value>, client_id: &str) -> Result<(), TokenError> {
    let audiences = claim_strings(claims, "aud");
    if !audiences.iter().any(|audience| audience == client_id) {
        return Err(TokenError::Audience);
    }
    match claims.get("azp") {
        Some(party) if party != client_id => Err(TokenError::AuthorizedParty),
        None if audiences.len() > 1 => Err(TokenError::AuthorizedParty),
        _ => Ok(()),
    }
}

fn check_times(claims: &Map<String, Value>, now: OffsetDateTime) -> Result<(), TokenError> {
    let (Some(expires), Some(issued)) = (seconds(claims, "exp"), seconds(claims, "iat")) else {
        return Err(TokenError::NoTimes);
    };
    let now = (now - OffsetDateTime::UNIX_EPOCH).as_seconds_f64();
    if now >= expires + LEEWAY_SECONDS {
        return Err(TokenError::Expired);
    }
    let begins = if claims.contains_key("nbf") { seconds(claims, "nbf").ok_or(TokenError::NoTimes)? } else { issued };
    if issued.max(begins) > now + LEEWAY_SECONDS {
        return Err(TokenError::NotYetValid);
    }
    Ok(())
}

/// Seconds since 1970; the standard allows fractions.
fn seconds(claims: &Map<String, Value>, name: &str) -> Option<f64> {
    claims.get(name).and_then(Value::as_f64).filter(|value| value.is_finite())
}

fn read_object(text: &[u8]) -> Result<Map<String, Value>, TokenError> {
    strict_json::object(text).map_err(|fault| match fault {
        Fault::DuplicateName => TokenError::DuplicateName,
        Fault::NotJson => TokenError::Malformed,
    })
}

fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)
}
