//! Keys and tokens as an identity provider, or somebody who pretends to be one, makes them.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
    RsaPublicKeyComponents,
};
use aws_lc_rs::{hmac, rsa};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

static RSA: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(rsa::KeySize::Rsa2048).unwrap());
static OTHER_RSA: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(rsa::KeySize::Rsa2048).unwrap());
static EC: LazyLock<EcdsaKeyPair> = LazyLock::new(|| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap());

/// Who signs, and how.
#[derive(Clone, Copy)]
pub enum Signer {
    Rs256,
    Ps256,
    Es256,
    /// RS256 with a key that the provider never published.
    Stranger,
    /// HS256 with the provider's public RSA key as the shared secret.
    PublicKeyAsSecret,
    Nobody,
}

pub fn rsa_jwk(kid: &str) -> Value {
    jwk_of(&RSA, kid)
}

pub fn other_rsa_jwk(kid: &str) -> Value {
    jwk_of(&OTHER_RSA, kid)
}

pub fn ec_jwk(kid: &str) -> Value {
    let point = EC.public_key().as_ref();
    json!({"kty": "EC", "use": "sig", "alg": "ES256", "crv": "P-256", "kid": kid, "x": b64(&point[1..33]), "y": b64(&point[33..65])})
}

pub fn token(header: &Value, claims: &Value, signer: Signer) -> String {
    token_from_text(&header.to_string(), &claims.to_string(), signer)
}

/// From raw text, for what a JSON value cannot hold.
pub fn token_from_text(header: &str, claims: &str, signer: Signer) -> String {
    let content = format!("{}.{}", b64(header.as_bytes()), b64(claims.as_bytes()));
    let signature = match signer {
        Signer::Rs256 => rsa_signature(&RSA, &RSA_PKCS1_SHA256, &content),
        Signer::Ps256 => rsa_signature(&RSA, &RSA_PSS_SHA256, &content),
        Signer::Stranger => rsa_signature(&OTHER_RSA, &RSA_PKCS1_SHA256, &content),
        Signer::Es256 => EC.sign(&SystemRandom::new(), content.as_bytes()).unwrap().as_ref().to_vec(),
        Signer::PublicKeyAsSecret => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, RSA.public_key().as_ref());
            hmac::sign(&key, content.as_bytes()).as_ref().to_vec()
        }
        Signer::Nobody => vec![],
    };
    format!("{content}.{}", b64(&signature))
}

pub fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn jwk_of(key: &RsaKeyPair, kid: &str) -> Value {
    let parts = RsaPublicKeyComponents::<Vec<u8>>::from(key.public_key());
    json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": b64(&parts.n), "e": b64(&parts.e)})
}

fn rsa_signature(key: &RsaKeyPair, encoding: &'static dyn RsaEncoding, signed: &str) -> Vec<u8> {
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(encoding, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    signature
}
