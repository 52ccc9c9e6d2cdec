//! Signatures of webhooks, to the Standard Webhooks specification.
//!
//! Signed are id, time and body: `{id}.{seconds}.{body}` by HMAC-SHA256. A receiver that checks the time, and remembers ids
//! for as long as it accepts the time, cannot be fooled by a copy. During a rotation a message carries one signature per
//! secret, so that a receiver may change over whenever it likes.
//!
//! Deliberately absent: the specification's asymmetric signatures (`v1a`). A receiver skips what it does not know.

use std::fmt;

use aws_lc_rs::hmac::{self, HMAC_SHA256, Key};
use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use time::{Duration, OffsetDateTime};

pub const ID: &str = "webhook-id";
pub const TIMESTAMP: &str = "webhook-timestamp";
pub const SIGNATURE: &str = "webhook-signature";

const PREFIX: &str = "whsec_";
const VERSION: &str = "v1,";
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
const NEW_KEY_BYTES: usize = 32;
const TOLERANCE: Duration = Duration::minutes(5);

/// Libraries differ in whether they write the padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The key that an endpoint and we share. Never printed, and wiped from memory.
#[derive(Clone)]
pub struct Secret(SecretSlice<u8>);

/// Why a text is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    #[error("a signing secret begins with whsec_")]
    Prefix,
    #[error("after whsec_ a signing secret continues in base64 (letters, digits, + and /)")]
    Base64,
    #[error("a signing secret holds 24 to 64 bytes, which is 32 to 88 characters after whsec_")]
    Length,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// A new one.
    pub fn generate() -> Self {
        let key: Zeroizing<[u8; NEW_KEY_BYTES]> = Zeroizing::new(rand::random());
        Self(key.to_vec().into())
    }

    pub fn parse(text: &SecretString) -> Result<Self, SecretError> {
        let encoded = text.expose_secret().strip_prefix(PREFIX).ok_or(SecretError::Prefix)?;
        let key = Zeroizing::new(BASE64.decode(encoded).map_err(|_| SecretError::Base64)?);
        if !KEY_BYTES.contains(&key.len()) {
            return Err(SecretError::Length);
        }
        Ok(Self(key.to_vec().into()))
    }

    /// As it is shown to whoever sets up the endpoint, and kept under encryption.
    pub fn to_text(&self) -> SecretString {
        let encoded = Zeroizing::new(STANDARD.encode(self.0.expose_secret()));
        format!("{PREFIX}{}", encoded.as_str()).into()
    }

    fn key(&self) -> Key {
        Key::new(HMAC_SHA256, self.0.expose_secret())
    }
}

/// The id would change the meaning of the text that is signed, or fits into no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message's id consists of visible ASCII characters other than the dot")]
pub struct IdError;

/// A message as it is sent, and sent again: the same id each time, and the time and signatures of the attempt.
#[derive(Debug, Clone)]
pub struct Message {
    id: String,
    timestamp: String,
    signatures: String,
    body: Bytes,
}

impl Message {
    /// Signed with each of the secrets, in their order.
    pub fn sign(secrets: &[Secret], id: &str, at: OffsetDateTime, body: Bytes) -> Result<Self, IdError> {
        // With a dot in the id, the end of the id and the beginning of the body could be shifted against each other.
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'.') {
            return Err(IdError);
        }
        let timestamp = at.unix_timestamp().to_string();
        let text = signed_text(id, &timestamp, &body);
        let signature = |secret: &Secret| format!("{VERSION}{}", STANDARD.encode(hmac::sign(&secret.key(), &text)));
        let signatures = secrets.iter().map(signature).collect::<Vec<_>>().join(" ");
        Ok(Self { id: id.to_owned(), timestamp, signatures, body })
    }

    pub fn headers(&self) -> [(&'static str, &str); 3] {
        [(ID, &self.id), (TIMESTAMP, &self.timestamp), (SIGNATURE, &self.signatures)]
    }

    pub fn body(&self) -> &Bytes {
        &self.body
    }
}

/// Why a message is not to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    #[error("the message is not signed: the header {0} is missing")]
    Missing(&'static str),
    #[error("the header webhook-timestamp is not a number of seconds")]
    Timestamp,
    #[error("the message is more than five minutes old")]
    TooOld,
    #[error("the message's time is more than five minutes ahead")]
    TooNew,
    #[error("none of the signatures belongs to this message and secret")]
    NoMatch,
}

/// Checks a message that carries these headers. Any signature that fits any of the secrets is enough.
pub fn verify<'a>(
    secrets: &[Secret],
    header: impl Fn(&'static str) -> Option<&'a str>,
    body: &[u8],
    now: OffsetDateTime,
) -> Result<(), VerifyError> {
    let wanted = |name| header(name).filter(|value| !value.is_empty()).ok_or(VerifyError::Missing(name));
    let (id, timestamp, signatures) = (wanted(ID)?, wanted(TIMESTAMP)?, wanted(SIGNATURE)?);
    check_time(timestamp, now)?;
    let text = signed_text(id, timestamp, body);
    let keys: Vec<Key> = secrets.iter().map(Secret::key).collect();
    let fits = signatures
        .split(' ')
        .filter_map(|entry| entry.strip_prefix(VERSION))
        .filter_map(|encoded| BASE64.decode(encoded).ok())
        // Compares in constant time.
        .any(|signature| keys.iter().any(|key| hmac::verify(key, &text, &signature).is_ok()));
    if fits { Ok(()) } else { Err(VerifyError::NoMatch) }
}

fn check_time(timestamp: &str, now: OffsetDateTime) -> Result<(), VerifyError> {
    if !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(VerifyError::Timestamp);
    }
    let seconds: i64 = timestamp.parse().map_err(|_| VerifyError::Timestamp)?;
    let sent = OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| VerifyError::Timestamp)?;
    match now - sent {
        age if age > TOLERANCE => Err(VerifyError::TooOld),
        age if age < -TOLERANCE => Err(VerifyError::TooNew),
        _ => Ok(()),
    }
}

fn signed_text(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Secret, id, seconds, body and signature, as the specification and its libraries publish them.
    const VECTORS: [[&str; 5]; 2] = [
        [
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            r#"{"test": 2432232314}"#,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ],
        [
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            "1649367553",
            r#"{"email":"test@example.com","username":"test_user"}"#,
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        ],
    ];

    fn secret(text: &str) -> Secret {
        Secret::parse(&text.to_owned().into()).unwrap()
    }

    fn signature(secrets: &[Secret], id: &str, seconds: &str, body: &[u8]) -> Result<String, IdError> {
        Message::sign(secrets, id, at(seconds), body.to_vec().into()).map(|message| message.signatures)
    }

    fn at(seconds: &str) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(seconds.parse().unwrap()).unwrap()
    }

    fn check(
        secrets: &[Secret],
        id: &str,
        seconds: &str,
        body: &str,
        signature: &str,
        now: OffsetDateTime,
    ) -> Result<(), VerifyError> {
        let header = |name| match name {
            ID => Some(id),
            TIMESTAMP => Some(seconds),
            _ => Some(signature),
        };
        verify(secrets, header, body.as_bytes(), now)
    }

    #[test]
    fn published_vectors_hold() {
        for [key, id, seconds, body, published] in VECTORS {
            let secrets = [secret(key)];
            assert_eq!(signature(&secrets, id, seconds, body.as_bytes()).unwrap(), published);
            assert_eq!(check(&secrets, id, seconds, body, published, at(seconds)), Ok(()));
        }
    }

    #[test]
    fn signature_with_one_other_letter_is_rejected() {
        let [key, id, seconds, body, signature] = VECTORS[0];
        let wrong = signature.replace("OE=", "OA=");
        assert_ne!(wrong, signature);
        assert_eq!(check(&[secret(key)], id, seconds, body, &wrong, at(seconds)), Err(VerifyError::NoMatch));
    }

    #[test]
    fn any_signature_that_fits_is_enough_and_unknown_versions_are_skipped() {
        let [key, id, seconds, body, signature] = VECTORS[0];
        let among = format!("v1a,{} v1,AAAA v2,x  {signature} v1,", &signature[3..]);
        assert_eq!(check(&[secret(key)], id, seconds, body, &among, at(seconds)), Ok(()));
        for wrong in
            [format!("v1a,{}", &signature[3..]), signature[3..].to_owned(), signature.to_uppercase(), "v1,".into()]
        {
            assert_eq!(
                check(&[secret(key)], id, seconds, body, &wrong, at(seconds)),
                Err(VerifyError::NoMatch),
                "{wrong}"
            );
        }
        assert_eq!(check(&[], id, seconds, body, signature, at(seconds)), Err(VerifyError::NoMatch));
    }

    #[test]
    fn during_a_rotation_either_secret_verifies() {
        let [old, new] = [secret(VECTORS[0][0]), secret(VECTORS[1][0])];
        let signatures = signature(&[new.clone(), old.clone()], "msg_1", "1614265330", b"{}").unwrap();
        assert_eq!(signatures.split(' ').count(), 2);
        for receiver in [new, old] {
            assert_eq!(check(&[receiver], "msg_1", "1614265330", "{}", &signatures, at("1614265330")), Ok(()));
        }
    }

    #[test]
    fn time_is_checked_within_five_minutes() {
        let [key, id, seconds, body, signature] = VECTORS[0];
        let outcome =
            |offset| check(&[secret(key)], id, seconds, body, signature, at(seconds) + Duration::seconds(offset));
        assert_eq!([outcome(300), outcome(301)], [Ok(()), Err(VerifyError::TooOld)]);
        assert_eq!([outcome(-300), outcome(-301)], [Ok(()), Err(VerifyError::TooNew)]);
        for wrong in [
            "soon",
            "-1614265330",
            "+1614265330",
            " 1614265330",
            "1614265330.5",
            "99999999999999999999",
            "9999999999999",
        ] {
            let outcome = check(&[secret(key)], id, wrong, body, signature, at(seconds));
            assert_eq!(outcome, Err(VerifyError::Timestamp), "{wrong}");
        }
    }

    #[test]
    fn missing_header_is_named() {
        for missing in [ID, TIMESTAMP, SIGNATURE] {
            for value in [None, Some("")] {
                let header = |name| if name == missing { value } else { Some("1614265330") };
                let outcome = verify(&[secret(VECTORS[0][0])], header, b"", at("1614265330"));
                assert_eq!(outcome, Err(VerifyError::Missing(missing)));
            }
        }
    }

    #[test]
    fn text_that_is_no_secret_is_refused_with_a_reason() {
        let error = |text: &str| Secret::parse(&text.to_owned().into()).unwrap_err();
        assert_eq!(error("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), SecretError::Prefix);
        assert_eq!(error("WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), SecretError::Prefix);
        assert_eq!(error("whsec_with-url-safe_letters_in_it"), SecretError::Base64);
        assert_eq!(error("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"), SecretError::Base64);
        for length in [0, 1, 23, 65, 1000] {
            assert_eq!(error(&format!("whsec_{}", STANDARD.encode(vec![7; length]))), SecretError::Length, "{length}");
        }
        for length in [24, 25, 26, 63, 64] {
            let padded = STANDARD.encode(vec![7; length]);
            let bare = secret(&format!("whsec_{}", padded.trim_end_matches('=')));
            assert_eq!(bare.to_text().expose_secret(), format!("whsec_{padded}"), "padding is optional");
        }
    }

    #[test]
    fn secret_is_never_printed() {
        let secret = secret(VECTORS[0][0]);
        assert_eq!(format!("{secret:?} {:?}", secret.to_text()).find("MfKQ"), None);
    }

    #[test]
    fn id_that_would_shift_the_signed_text_is_refused() {
        for id in ["", "msg.1", "msg 1", "msg\n1", "müsli"] {
            assert_eq!(signature(&[], id, "1", b""), Err(IdError), "{id:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_signed_verifies_and_nothing_else(
            id in "[a-zA-Z0-9_]{1,40}", body in prop::collection::vec(any::<u8>(), 0..200),
            changed in any::<prop::sample::Index>(), bit in 0..8_u8,
        ) {
            let secrets = [Secret::generate()];
            let now = at("1614265330");
            let message = Message::sign(&secrets, &id, now, body.clone().into()).unwrap();
            let headers = message.headers();
            let header = |name| headers.iter().find(|header| header.0 == name).map(|header| header.1);
            prop_assert_eq!(verify(&secrets, header, &body, now), Ok(()));
            prop_assert_eq!(verify(&[Secret::generate()], header, &body, now), Err(VerifyError::NoMatch));
            let read_back = secret(secrets[0].to_text().expose_secret());
            prop_assert_eq!(read_back.0.expose_secret(), secrets[0].0.expose_secret());
            let mut other = body.clone();
            if other.is_empty() { other.push(0) } else { let at = changed.index(other.len()); other[at] ^= 1 << bit; }
            prop_assert_eq!(verify(&secrets, header, &other, now), Err(VerifyError::NoMatch));
        }

        #[test]
        fn no_header_breaks_the_check(id in "\\PC{0,20}", seconds in "\\PC{0,20}", signature in "\\PC{0,60}") {
            let header = |name| Some(match name { ID => id.as_str(), TIMESTAMP => seconds.as_str(), _ => signature.as_str() });
            prop_assert!(verify(&[secret(VECTORS[0][0])], header, b"", at("1614265330")).is_err());
        }
    }
}
