//! The provider's signing keys.
//!
//! A key set is read leniently (providers publish keys of all kinds in one list) and used strictly:
//! a key that is for encryption, too short or of an algorithm outside the allow list is remembered
//! only by its id, so that a token signed with it gets a true explanation.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use serde_json::{Map, Value};
use url::Url;

use super::discovery::read_object;
use super::error::{OidcError, Part, TokenError};
use super::id_token::Header;
use crate::call::{Answer, Http};

const LIMIT_BYTES: usize = 256 * 1024;
/// A verifier tries each key that fits; a provider has two or three.
const MOST_KEYS: usize = 100;
const SHORTEST_RSA_BITS: usize = 2048;
const LONGEST_RSA_BITS: usize = 8192;

/// The allow list. Nothing symmetric: a published key must never verify what anybody can sign.
pub(super) fn algorithm(name: &str) -> Option<Algorithm> {
    match name {
        "RS256" => Some(Algorithm::RS256),
        "PS256" => Some(Algorithm::PS256),
        "ES256" => Some(Algorithm::ES256),
        _ => None,
    }
}

#[derive(Clone)]
pub(super) struct KeySet {
    usable: Vec<Key>,
    /// Ids of published keys that must not verify anything.
    unusable: Vec<String>,
}

#[derive(Clone)]
struct Key {
    id: Option<String>,
    /// When the key names an algorithm, it is for that one only.
    algorithm: Option<Algorithm>,
    material: DecodingKey,
}

pub(super) async fn fetch(http: &Http, jwks_uri: &Url) -> Result<KeySet, OidcError> {
    let answer = http.get(jwks_uri).body_limit_bytes(LIMIT_BYTES).send().await;
    let answer = answer.and_then(Answer::success).map_err(|cause| OidcError::Call { part: Part::Keys, cause })?;
    KeySet::parse(answer.body())
}

impl KeySet {
    fn parse(body: &[u8]) -> Result<Self, OidcError> {
        let malformed = |problem| OidcError::Malformed { part: Part::Keys, problem };
        let document = read_object(body, Part::Keys)?;
        let Some(Value::Array(entries)) = document.get("keys") else {
            return Err(malformed("it has no list of keys"));
        };
        let mut set = Self { usable: Vec::new(), unusable: Vec::new() };
        for entry in entries.iter().take(MOST_KEYS).filter_map(Value::as_object) {
            let id = text(entry, "kid").map(str::to_owned);
            match signing_key(entry) {
                Some((algorithm, material)) => set.usable.push(Key { id, algorithm, material }),
                None => set.unusable.extend(id),
            }
        }
        if set.usable.is_empty() {
            return Err(malformed("it has no key that could verify an ID token"));
        }
        Ok(set)
    }

    /// The keys that may have signed a token with this header.
    pub(super) fn fitting(&self, header: &Header) -> Result<Vec<DecodingKey>, TokenError> {
        let named: Vec<&Key> = match &header.key_id {
            Some(id) => self.usable.iter().filter(|key| key.id.as_ref() == Some(id)).collect(),
            // A provider with a single key need not name it.
            None if self.usable.len() == 1 => self.usable.iter().collect(),
            None => return Err(TokenError::NoKeyId),
        };
        if named.is_empty() {
            let published = header.key_id.as_ref().is_some_and(|id| self.unusable.contains(id));
            return Err(if published { TokenError::UnusableKey } else { TokenError::UnknownKey });
        }
        let fitting: Vec<_> = named
            .into_iter()
            .filter(|key| key.material.family() == header.algorithm.family())
            .filter(|key| key.algorithm.is_none_or(|only| only == header.algorithm))
            .map(|key| key.material.clone())
            .collect();
        if fitting.is_empty() { Err(TokenError::UnusableKey) } else { Ok(fitting) }
    }
}

fn signing_key(entry: &Map<String, Value>) -> Option<(Option<Algorithm>, DecodingKey)> {
    if entry.get("use").is_some_and(|usage| usage != "sig") {
        return None;
    }
    if let Some(operations) = entry.get("key_ops") {
        operations.as_array()?.iter().find(|operation| *operation == "verify")?;
    }
    let only = match entry.get("alg") {
        None => None,
        Some(name) => Some(algorithm(name.as_str()?)?),
    };
    let key = match text(entry, "kty")? {
        "RSA" => rsa(entry)?,
        "EC" => p256(entry)?,
        _ => return None,
    };
    if only.is_some_and(|only| only.family() != key.family()) {
        return None;
    }
    Some((only, key))
}

fn rsa(entry: &Map<String, Value>) -> Option<DecodingKey> {
    let (modulus, exponent) = (number(entry, "n")?, number(entry, "e")?);
    let bits = modulus.len() * 8 - usize::try_from(modulus.first()?.leading_zeros()).ok()?;
    let odd = exponent.last()? & 1 == 1;
    let is_one = exponent == [1];
    if !(SHORTEST_RSA_BITS..=LONGEST_RSA_BITS).contains(&bits) || !odd || is_one {
        return None;
    }
    Some(DecodingKey::from_rsa_raw_components(&modulus, &exponent))
}

fn p256(entry: &Map<String, Value>) -> Option<DecodingKey> {
    if text(entry, "crv")? != "P-256" {
        return None;
    }
    let (x, y) = (text(entry, "x")?, text(entry, "y")?);
    if [x, y].iter().any(|part| URL_SAFE_NO_PAD.decode(part).map_or(true, |bytes| bytes.len() != 32)) {
        return None;
    }
    let key = DecodingKey::from_ec_components(x, y).ok()?;
    (key.family() == AlgorithmFamily::Ec).then_some(key)
}

/// A big-endian number without its leading zero bytes; some providers send one.
fn number(entry: &Map<String, Value>, name: &str) -> Option<Vec<u8>> {
    let mut bytes = URL_SAFE_NO_PAD.decode(text(entry, name)?.trim_end_matches('=')).ok()?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.drain(..zeros);
    Some(bytes)
}

fn text<'a>(entry: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    entry.get(name).and_then(Value::as_str)
}
