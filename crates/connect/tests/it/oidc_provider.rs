//! Settings, times and a provider whose every answer the test chooses.

use serde_json::{Value, json};
use socialai_connect::call::Http;
use socialai_connect::guard::Reach;
use socialai_connect::oidc::{Identity, Oidc, OidcError, Settings};
use time::OffsetDateTime;
use time::macros::datetime;
use url::Url;

use crate::jwt::{self, Signer};
use crate::remote::{Remote, Reply};

pub const NOW: OffsetDateTime = datetime!(2026-11-21 12:00:00 UTC);
pub const NONCE: &str = "nonce-of-this-attempt";
pub const DISCOVERY: &str = "/.well-known/openid-configuration";
pub const KEYS: &str = "/keys";
pub const TOKEN: &str = "/token";

pub struct Provider {
    pub remote: Remote,
    pub settings: Settings,
    pub oidc: Oidc,
}

impl Provider {
    /// Everything in order: one RSA key with id `k1`, and a token that would be accepted.
    pub async fn start() -> Self {
        let remote = Remote::start().await;
        let settings = settings(&remote.base, Some("client-secret"));
        let provider = Self { remote, settings, oidc: Oidc::new(Http::new(Reach::Anywhere).unwrap()) };
        provider.remote.serve(DISCOVERY, Reply::json(&provider.discovery()));
        provider.publish(&[jwt::rsa_jwk("k1")]);
        provider.issue(&json!({"alg": "RS256", "kid": "k1"}), &provider.claims(), Signer::Rs256);
        provider
    }

    pub fn discovery(&self) -> Value {
        let base = &self.remote.base;
        json!({
            "issuer": base,
            "authorization_endpoint": format!("{base}/authorize?tenant=7"),
            "token_endpoint": format!("{base}{TOKEN}"),
            "jwks_uri": format!("{base}{KEYS}"),
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["plain", "S256"],
            "id_token_signing_alg_values_supported": ["HS256", "RS256"],
        })
    }

    pub fn claims(&self) -> Value {
        let now = NOW.unix_timestamp();
        json!({
            "iss": self.remote.base, "aud": "hub", "sub": "auth0|ann", "nonce": NONCE,
            "iat": now - 5, "exp": now + 300, "auth_time": now - 9, "amr": ["pwd", "mfa"],
            "https://hub.example.com/role": ["manager"],
        })
    }

    /// The claims with one of them changed, or dropped when the value is null.
    pub fn claims_with(&self, name: &str, value: Value) -> Value {
        let mut claims = self.claims();
        let members = claims.as_object_mut().unwrap();
        if value.is_null() {
            members.remove(name)
        } else {
            members.insert(name.into(), value)
        };
        claims
    }

    pub fn publish(&self, keys: &[Value]) {
        self.remote.serve(KEYS, Reply::json(&json!({ "keys": keys })));
    }

    pub fn issue(&self, header: &Value, claims: &Value, signer: Signer) {
        self.issue_token(&jwt::token(header, claims, signer));
    }

    pub fn issue_token(&self, token: &str) {
        let answer = json!({"access_token": "opaque", "token_type": "Bearer", "id_token": token});
        self.remote.serve(TOKEN, Reply::json(&answer));
    }

    pub async fn log_in(&self) -> Result<Identity, OidcError> {
        self.log_in_at(NOW).await
    }

    pub async fn log_in_at(&self, now: OffsetDateTime) -> Result<Identity, OidcError> {
        let verifier = Oidc::pkce().verifier;
        self.oidc.exchange(&self.settings, "the-code", &verifier, NONCE, now).await
    }

    pub fn key_fetches(&self) -> usize {
        self.remote.seen(KEYS).len()
    }
}

pub fn settings(issuer: &str, secret: Option<&str>) -> Settings {
    Settings {
        issuer: issuer.to_owned(),
        client_id: "hub".to_owned(),
        client_secret: secret.map(|secret| secret.to_owned().into()),
        redirect_uri: Url::parse("http://127.0.0.1:9/callback").unwrap(),
        scopes: vec!["profile".into(), "email".into()],
        audience: None,
    }
}
