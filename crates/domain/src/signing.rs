//! RS256 keys of access tokens. One key signs; keys that were retired still verify until the last token that they signed
//! has expired, so a rotation logs nobody out. With `JWT_PRIVATE_KEY` the operator brings the key and this table is unused.

use std::collections::BTreeMap;

use aws_lc_rs::{encoding::AsDer, rsa};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header,
    jwk::{Jwk, JwkSet, KeyAlgorithm, PublicKeyUse, ThumbprintHash},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    audit::Entry,
    problems::{Error, Result},
    tenancy::SystemTx,
    vault::{Column, Sealed},
};

pub(crate) const PRIVATE: Column = Column::new("signing_keys", "private_sealed");
/// Access tokens live 15 minutes; an hour covers every clock.
const RETIRED_LIFETIME: Duration = Duration::hours(1);

/// The keys of one moment.
pub struct Keyring {
    current: String,
    signer: EncodingKey,
    verifiers: BTreeMap<String, DecodingKey>,
    public: JwkSet,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({:?})", self.verifiers.keys().collect::<Vec<_>>())
    }
}

impl Keyring {
    /// From the operator's own key (PEM).
    pub fn from_pem(pem: &SecretString) -> Result<Self> {
        Self::of(std::slice::from_ref(pem))
    }

    /// The first key signs, all verify.
    fn of(pems: &[SecretString]) -> Result<Self> {
        let fault = |error: &dyn std::fmt::Display| Error::Fault(format!("signing key: {error}"));
        let mut keys = Vec::new();
        for pem in pems {
            let signer = EncodingKey::from_rsa_pem(pem.expose_secret().as_bytes()).map_err(|error| fault(&error))?;
            let mut jwk = Jwk::from_encoding_key(&signer, Algorithm::RS256).map_err(|error| fault(&error))?;
            let kid = jwk.thumbprint(ThumbprintHash::SHA256).map_err(|error| fault(&error))?;
            jwk.common.key_id = Some(kid.clone());
            jwk.common.public_key_use = Some(PublicKeyUse::Signature);
            jwk.common.key_algorithm = Some(KeyAlgorithm::RS256);
            let verifier = DecodingKey::from_jwk(&jwk).map_err(|error| fault(&error))?;
            keys.push((kid, signer, verifier, jwk));
        }
        let public = JwkSet { keys: keys.iter().map(|(_, _, _, jwk)| jwk.clone()).collect() };
        let mut keys = keys.into_iter();
        let (current, signer, verifier, _) = keys.next().ok_or_else(|| fault(&"there is none"))?;
        let mut verifiers: BTreeMap<_, _> = keys.map(|(kid, _, verifier, _)| (kid, verifier)).collect();
        verifiers.insert(current.clone(), verifier);
        Ok(Self { current, signer, verifiers, public })
    }

    pub fn sign(&self, claims: &impl Serialize) -> Result<String> {
        let header = Header { kid: Some(self.current.clone()), ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, claims, &self.signer).map_err(|error| Error::Fault(format!("signing: {error}")))
    }

    pub fn verifier(&self, kid: &str) -> Option<&DecodingKey> {
        self.verifiers.get(kid)
    }

    /// The public halves, as `/.well-known/jwks.json` shows them.
    pub fn public(&self) -> &JwkSet {
        &self.public
    }

    pub fn current(&self) -> &str {
        &self.current
    }
}

/// Loads the keys, making the first one when there is none.
pub async fn load(tx: &mut SystemTx) -> Result<Keyring> {
    // One process at a time makes the first key.
    sqlx::query("select pg_advisory_xact_lock(4242001)").execute(tx.conn()).await?;
    let mut pems = stored(tx).await?;
    if pems.is_empty() {
        pems.push(make(tx).await?);
    }
    Keyring::of(&pems)
}

/// Retires the signing key and makes the next; answers with its `kid`.
pub async fn rotate(tx: &mut SystemTx) -> Result<String> {
    sqlx::query("select pg_advisory_xact_lock(4242001)").execute(tx.conn()).await?;
    let now = tx.now();
    sqlx::query("update system.signing_keys set retired_at = $1 where retired_at is null")
        .bind(now)
        .execute(tx.conn())
        .await?;
    sqlx::query("delete from system.signing_keys where retired_at < $1")
        .bind(now - RETIRED_LIFETIME)
        .execute(tx.conn())
        .await?;
    let pem = make(tx).await?;
    let keyring = Keyring::from_pem(&pem)?;
    tx.record(Entry::new("signing_key.rotated", "signing_key", keyring.current()));
    Ok(keyring.current.clone())
}

async fn stored(tx: &mut SystemTx) -> Result<Vec<SecretString>> {
    let since = tx.now() - RETIRED_LIFETIME;
    let rows: Vec<(Uuid, Sealed)> = sqlx::query_as(
        "select id, private_sealed from system.signing_keys where retired_at is null or retired_at > $1
         order by retired_at desc nulls first, created_at desc",
    )
    .bind(since)
    .fetch_all(tx.conn())
    .await?;
    rows.iter().map(|(id, sealed)| Ok(tx.open_text(PRIVATE, *id, sealed)?.into())).collect()
}

async fn make(tx: &mut SystemTx) -> Result<SecretString> {
    let made: OffsetDateTime = tx.now();
    let pem = tokio::task::spawn_blocking(generate)
        .await
        .map_err(|error| Error::Fault(format!("making a signing key: {error}")))??;
    let kid = Keyring::from_pem(&pem)?.current;
    let id = Uuid::now_v7();
    let sealed = tx.seal(PRIVATE, id, pem.expose_secret().as_bytes())?;
    sqlx::query("insert into system.signing_keys (kid, id, private_sealed, created_at) values ($1, $2, $3, $4)")
        .bind(kid)
        .bind(id)
        .bind(sealed)
        .bind(made)
        .execute(tx.conn())
        .await?;
    Ok(pem)
}

fn generate() -> Result<SecretString> {
    let fault = |_| Error::Fault("making an RSA key failed".to_owned());
    let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).map_err(fault)?;
    let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'static>>::as_der(&pair).map_err(fault)?;
    let body = STANDARD.encode(der.as_ref());
    let lines: Vec<_> = body.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    Ok(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n")).into())
}
