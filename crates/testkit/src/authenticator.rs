//! A passkey authenticator in software: what a browser and a security key do together.
//!
//! It takes the options that the server hands to `navigator.credentials.create` and `.get`, as JSON,
//! and gives back the JSON that a web page would post. Like a real one it refuses a relying party
//! that does not belong to the page's origin, registers only once per account, verifies its user,
//! counts its signatures, and finds its credentials without being told who signs in.
//! [`Misbehaviour`] makes it a stolen, cloned or phished one.
//!
//! Keys are ES256, the attestation is `none`. What the options ask beyond that is ignored.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const HAS_CREDENTIAL: u8 = 0x40;
const ES256: i64 = -7;

/// What goes wrong from now on, in registrations and sign-ins alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misbehaviour {
    /// The page was another site's: phishing.
    WrongOrigin,
    /// The answer belongs to another attempt: replay.
    WrongChallenge,
    /// The signature was made by another key. A registration has none and succeeds.
    BadSignature,
    /// The counter goes back, as a clone's does. Shows from the second sign-in on.
    CounterRollback,
    /// Nobody entered a PIN or touched a fingerprint reader.
    NoUserVerification,
}

pub struct Authenticator {
    origin: String,
    credentials: Vec<Credential>,
    misbehaviour: Option<Misbehaviour>,
}

struct Credential {
    id: Vec<u8>,
    relying_party: String,
    user_handle: String,
    key: EcdsaKeyPair,
    counter: u32,
}

impl Authenticator {
    /// `origin` is the page's, for example `http://localhost:8080`.
    pub fn new(origin: &str) -> Self {
        Self { origin: origin.trim_end_matches('/').to_owned(), credentials: Vec::new(), misbehaviour: None }
    }

    pub fn misbehave(&mut self, misbehaviour: Misbehaviour) {
        self.misbehaviour = Some(misbehaviour);
    }

    pub fn behave(&mut self) {
        self.misbehaviour = None;
    }

    /// Answers creation options (with or without the `publicKey` around them) with a
    /// `RegisterPublicKeyCredential`, and keeps the new passkey.
    pub fn register(&mut self, creation_options: &Value) -> Value {
        let options = public_key(creation_options);
        let relying_party = text(&options["rp"]["id"]);
        self.assert_page_belongs_to(relying_party);
        let algorithms = options["pubKeyCredParams"].as_array().expect("pubKeyCredParams");
        assert!(algorithms.iter().any(|one| one["alg"] == ES256), "the server does not offer ES256");
        let excluded = ids(&options["excludeCredentials"]);
        assert!(
            !self.credentials.iter().any(|known| excluded.contains(&known.id)),
            "InvalidStateError: this authenticator is already registered for the account"
        );

        let credential = Credential {
            id: rand::random::<[u8; 16]>().to_vec(),
            relying_party: relying_party.to_owned(),
            user_handle: text(&options["user"]["id"]).to_owned(),
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key"),
            counter: 0,
        };
        let client_data = self.client_data("webauthn.create", options);
        let mut data = self.authenticator_data(&credential, HAS_CREDENTIAL);
        data.extend([0; 16]); // AAGUID: no model
        data.extend(u16::try_from(credential.id.len()).expect("a short id").to_be_bytes());
        data.extend(&credential.id);
        data.extend(cose_key(&credential.key));
        let attestation = cbor::map(&[
            (cbor::text("fmt"), cbor::text("none")),
            (cbor::text("attStmt"), cbor::map(&[])),
            (cbor::text("authData"), cbor::bytes(&data)),
        ]);
        let id = b64(&credential.id);
        self.credentials.push(credential);
        json!({
            "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
            "response": {
                "attestationObject": b64(&attestation),
                "clientDataJSON": b64(&client_data),
                "transports": ["internal"],
            },
        })
    }

    /// Answers request options (with or without the `publicKey` around them) with a
    /// `PublicKeyCredential`. Without a list of allowed credentials the newest one of the relying
    /// party signs.
    pub fn sign_in(&mut self, request_options: &Value) -> Value {
        let options = public_key(request_options);
        let relying_party = text(&options["rpId"]);
        self.assert_page_belongs_to(relying_party);
        let allowed = ids(&options["allowCredentials"]);
        let rollback = self.misbehaviour == Some(Misbehaviour::CounterRollback);
        let chosen = self
            .credentials
            .iter_mut()
            .rev()
            .find(|known| known.relying_party == relying_party && (allowed.is_empty() || allowed.contains(&known.id)))
            .expect("NotAllowedError: this authenticator has no passkey that fits");
        chosen.counter = if rollback { chosen.counter.saturating_sub(1) } else { chosen.counter + 1 };
        let id = chosen.id.clone();

        let credential = self.credentials.iter().find(|known| known.id == id).expect("the chosen one");
        let client_data = self.client_data("webauthn.get", options);
        let data = self.authenticator_data(credential, 0);
        let signed = [data.as_slice(), digest(&SHA256, &client_data).as_ref()].concat();
        let stranger = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        let key = if self.misbehaviour == Some(Misbehaviour::BadSignature) { &stranger } else { &credential.key };
        let signature = key.sign(&SystemRandom::new(), &signed).expect("a signature");
        json!({
            "id": b64(&id), "rawId": b64(&id), "type": "public-key", "clientExtensionResults": {},
            "response": {
                "authenticatorData": b64(&data),
                "clientDataJSON": b64(&client_data),
                "signature": b64(signature.as_ref()),
                "userHandle": credential.user_handle,
            },
        })
    }

    /// A browser offers a passkey only to the site that it was made for.
    fn assert_page_belongs_to(&self, relying_party: &str) {
        let host = self.origin.split("://").nth(1).and_then(|rest| rest.split(':').next()).expect("an origin");
        let belongs = host == relying_party || host.ends_with(&format!(".{relying_party}"));
        assert!(belongs, "SecurityError: {relying_party} is not the relying party of {}", self.origin);
    }

    fn client_data(&self, ceremony: &str, options: &Value) -> Vec<u8> {
        let origin = match self.misbehaviour {
            Some(Misbehaviour::WrongOrigin) => "https://evil.example.com",
            _ => self.origin.as_str(),
        };
        let challenge = match self.misbehaviour {
            Some(Misbehaviour::WrongChallenge) => b64(&rand::random::<[u8; 32]>()),
            _ => text(&options["challenge"]).to_owned(),
        };
        let data = json!({"type": ceremony, "challenge": challenge, "origin": origin, "crossOrigin": false});
        data.to_string().into_bytes()
    }

    fn authenticator_data(&self, credential: &Credential, more_flags: u8) -> Vec<u8> {
        let verified = if self.misbehaviour == Some(Misbehaviour::NoUserVerification) { 0 } else { USER_VERIFIED };
        let mut data = digest(&SHA256, credential.relying_party.as_bytes()).as_ref().to_vec();
        data.push(USER_PRESENT | verified | more_flags);
        data.extend(credential.counter.to_be_bytes());
        data
    }
}

fn cose_key(key: &EcdsaKeyPair) -> Vec<u8> {
    let point = key.public_key().as_ref(); // 04, x, y
    cbor::map(&[
        (cbor::integer(1), cbor::integer(2)),     // kty: EC2
        (cbor::integer(3), cbor::integer(ES256)), // alg
        (cbor::integer(-1), cbor::integer(1)),    // crv: P-256
        (cbor::integer(-2), cbor::bytes(&point[1..33])),
        (cbor::integer(-3), cbor::bytes(&point[33..65])),
    ])
}

fn public_key(options: &Value) -> &Value {
    options.get("publicKey").unwrap_or(options)
}

fn ids(descriptors: &Value) -> Vec<Vec<u8>> {
    let descriptors = descriptors.as_array().map(Vec::as_slice).unwrap_or_default();
    descriptors.iter().map(|one| URL_SAFE_NO_PAD.decode(text(&one["id"])).expect("a credential id")).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("options as webauthn-rs writes them")
}

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The few shapes of CBOR that passkeys need. Maps keep the order they are given in.
mod cbor {
    pub fn integer(value: i64) -> Vec<u8> {
        if value < 0 { head(1, value.unsigned_abs() - 1) } else { head(0, value.unsigned_abs()) }
    }

    pub fn bytes(value: &[u8]) -> Vec<u8> {
        [head(2, value.len() as u64), value.to_vec()].concat()
    }

    pub fn text(value: &str) -> Vec<u8> {
        [head(3, value.len() as u64), value.as_bytes().to_vec()].concat()
    }

    pub fn map(entries: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
        let members = entries.iter().flat_map(|(name, value)| [name.as_slice(), value].concat());
        head(5, entries.len() as u64).into_iter().chain(members).collect()
    }

    fn head(major: u8, argument: u64) -> Vec<u8> {
        let major = major << 5;
        match u16::try_from(argument) {
            Ok(small @ 0..=23) => vec![major | small.to_be_bytes()[1]],
            Ok(byte @ 24..=255) => vec![major | 0x18, byte.to_be_bytes()[1]],
            Ok(word) => [&[major | 0x19], word.to_be_bytes().as_slice()].concat(),
            Err(_) => unreachable!("nothing here is longer than 65,535 bytes"),
        }
    }
}
