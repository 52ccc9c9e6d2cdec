//! Log-in at an OpenID Connect provider: authorization code with PKCE, and nothing else.
//!
//! The caller keeps `state`, `nonce` and the PKCE verifier with the browser's log-in attempt, sends
//! the browser to [`Oidc::authorization_url`], and trades the code that comes back for an
//! [`Identity`] with [`Oidc::exchange`]. Only the ID token says who somebody is; access and refresh
//! tokens of the provider are dropped unread.
//!
//! [`discovery`] reads the provider's description, [`keys`] its signing keys, [`id_token`] decides
//! whether a token is believed, [`cache`] what is kept and when it is fetched again.
//!
//! Deliberately absent: the implicit and hybrid flows (tokens in URLs), encrypted ID tokens, the
//! user-info endpoint, HS256 (the client secret is no signing key), log-out at the provider.

mod cache;
mod discovery;
mod error;
mod id_token;
mod keys;
mod strict_json;
mod token_endpoint;

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use moka::future::Cache;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use url::Url;

use self::cache::Issuer;
pub use self::discovery::Discovery;
pub use self::error::{OidcError, Part, TokenError};
use crate::call::Http;
use crate::guard::Reach;

/// More issuers than any installation has; a bound so that typed-in issuers cannot fill the memory.
const MOST_ISSUERS: u64 = 10_000;

/// One provider as an administrator configured it.
#[derive(Clone)]
pub struct Settings {
    /// Compared character by character, a trailing slash included: Auth0's ends with one.
    pub issuer: String,
    pub client_id: String,
    /// Absent for a public client.
    pub client_secret: Option<SecretString>,
    pub redirect_uri: Url,
    /// `openid` is added when it is missing.
    pub scopes: Vec<String>,
    /// Auth0 wants it when its access token is for an API; other providers ignore it.
    pub audience: Option<String>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// A proof key: the verifier stays here, its challenge goes with the browser.
#[derive(Debug, Clone)]
pub struct Pkce {
    pub verifier: SecretString,
    pub challenge: String,
}

impl Pkce {
    pub fn of(verifier: SecretString) -> Self {
        let hash = digest::digest(&digest::SHA256, verifier.expose_secret().as_bytes());
        Self { verifier, challenge: URL_SAFE_NO_PAD.encode(hash) }
    }
}

/// Who logged in, as far as the provider's signed word goes.
#[derive(Clone)]
pub struct Identity {
    pub issuer: String,
    /// Unique within the issuer and never reassigned; an e-mail address is neither.
    pub subject: String,
    pub claims: Map<String, Value>,
    /// How the person proved who they are; contains `mfa` after a second factor.
    pub amr: Vec<String>,
    /// Seconds since 1970, when the provider tells.
    pub authenticated_at: Option<i64>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Claims are personal data.
        f.debug_struct("Identity").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// The client. Cheap to clone; clones share what they know of the issuers.
#[derive(Clone)]
pub struct Oidc {
    http: Http,
    issuers: Cache<String, Arc<Issuer>>,
}

impl Oidc {
    pub fn new(http: Http) -> Self {
        Self { http, issuers: Cache::new(MOST_ISSUERS) }
    }

    /// How far requests may go.
    pub fn reach(&self) -> Reach {
        self.http.reach()
    }

    pub fn pkce() -> Pkce {
        Pkce::of(Self::random_token().into())
    }

    /// 256 random bits, for `state` and `nonce`.
    pub fn random_token() -> String {
        URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
    }

    /// Where to send the browser.
    pub async fn authorization_url(
        &self,
        settings: &Settings,
        state: &str,
        nonce: &str,
        challenge: &str,
        now: OffsetDateTime,
    ) -> Result<Url, OidcError> {
        let discovery = self.issuer(settings).await.discovery(&self.http, &settings.issuer, now).await?;
        let mut url = discovery.authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &settings.client_id)
            .append_pair("redirect_uri", settings.redirect_uri.as_str())
            .append_pair("scope", &scope(&settings.scopes))
            .append_pair("state", state)
            .append_pair("nonce", nonce)
            .append_pair("code_challenge", challenge)
            .append_pair("code_challenge_method", "S256");
        if let Some(audience) = &settings.audience {
            url.query_pairs_mut().append_pair("audience", audience);
        }
        Ok(url)
    }

    /// Trades the code for an identity. A code works once; after any error the person logs in again.
    pub async fn exchange(
        &self,
        settings: &Settings,
        code: &str,
        verifier: &SecretString,
        nonce: &str,
        now: OffsetDateTime,
    ) -> Result<Identity, OidcError> {
        let issuer = self.issuer(settings).await;
        let discovery = issuer.discovery(&self.http, &settings.issuer, now).await?;
        let token = token_endpoint::redeem(&self.http, &discovery, settings, code, verifier).await?;
        let token = id_token::Unverified::parse(token.expose_secret())?;
        let keys = issuer.keys_for(&self.http, &discovery, &token.header, now).await?;
        let claims = token.verify(&keys)?;
        let expected = id_token::Expected { issuer: &settings.issuer, client_id: &settings.client_id, nonce, now };
        Ok(id_token::identity(claims, &expected)?)
    }

    /// Asks the provider afresh whether these settings can work, for a "test these settings" button.
    /// Says nothing about the client id and secret: only a log-in proves those.
    pub async fn check(&self, settings: &Settings, now: OffsetDateTime) -> Result<Discovery, OidcError> {
        let discovery = self.issuer(settings).await.refresh(&self.http, &settings.issuer, now).await?;
        Ok(discovery.as_ref().clone())
    }

    async fn issuer(&self, settings: &Settings) -> Arc<Issuer> {
        self.issuers.get_with_by_ref(&settings.issuer, async { Arc::new(Issuer::default()) }).await
    }
}

/// The values of a claim that may be a string or an array of strings, looked up by its exact name;
/// Auth0's custom claims are named by URLs.
pub fn claim_strings(claims: &Map<String, Value>, name: &str) -> Vec<String> {
    match claims.get(name) {
        Some(Value::String(value)) => vec![value.clone()],
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn scope(scopes: &[String]) -> String {
    let mut wanted = vec!["openid"];
    wanted.extend(scopes.iter().map(String::as_str).filter(|scope| *scope != "openid"));
    wanted.join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn claim_may_be_a_string_or_an_array_and_is_named_exactly() {
        let Value::Object(claims) = json!({
            "https://hub.example.com/role": ["manager", 7, "agent"],
            "https://hub.example.com/org_id": "acme",
            "role": {"not": "strings"},
        }) else {
            unreachable!()
        };
        assert_eq!(claim_strings(&claims, "https://hub.example.com/role"), ["manager", "agent"]);
        assert_eq!(claim_strings(&claims, "https://hub.example.com/org_id"), ["acme"]);
        assert!(claim_strings(&claims, "role").is_empty());
        assert!(claim_strings(&claims, "org_id").is_empty());
    }

    #[test]
    fn proof_key_matches_its_challenge_and_is_never_the_same() {
        let (one, other) = (Oidc::pkce(), Oidc::pkce());
        let hash = digest::digest(&digest::SHA256, one.verifier.expose_secret().as_bytes());
        assert_eq!(URL_SAFE_NO_PAD.decode(&one.challenge).unwrap(), hash.as_ref());
        assert_ne!(one.challenge, other.challenge);
    }

    #[test]
    fn nothing_secret_is_printed() {
        let settings = Settings {
            issuer: "https://id.example.com/".into(),
            client_id: "hub".into(),
            client_secret: Some("s3cret-value".to_owned().into()),
            redirect_uri: Url::parse("https://hub.example.com/callback").unwrap(),
            scopes: vec![],
            audience: None,
        };
        let pkce = Oidc::pkce();
        let printed = format!("{settings:?} {pkce:?}");
        assert!(!printed.contains("s3cret-value") && !printed.contains(pkce.verifier.expose_secret()));
    }
}
