//! The whole log-in against a real OpenID Connect provider: discovery, the provider's own log-in
//! and consent pages, the code, the token, the claims.

use std::collections::HashMap;

use secrecy::SecretString;
use serde_json::json;
use socialai_connect::call::Http;
use socialai_connect::guard::Reach;
use socialai_connect::oidc::{Oidc, OidcError, Pkce, Settings, TokenError, claim_strings};
use socialai_testkit::identity_provider::{Browser, RealProvider};
use time::OffsetDateTime;

use crate::oidc_provider::settings;

const ROLE: &str = "https://hub.example.com/role";
const ORGANISATION: &str = "https://hub.example.com/org_id";

async fn provider(arguments: &[&str]) -> RealProvider {
    let claims = json!({ "alice": { ROLE: ["manager", "agent"], ORGANISATION: "acme" } });
    RealProvider::start(&settings("", None).redirect_uri, &claims, arguments).await
}

/// A log-in up to the code that the browser brings back.
struct Attempt {
    oidc: Oidc,
    settings: Settings,
    pkce: Pkce,
    nonce: String,
    code: String,
    now: OffsetDateTime,
}

impl Attempt {
    async fn begin(provider: &RealProvider, secret: Option<&str>) -> Self {
        let oidc = Oidc::new(Http::new(Reach::Anywhere).unwrap());
        let settings = settings(&provider.issuer, secret);
        let (pkce, state, nonce) = (Oidc::pkce(), Oidc::random_token(), Oidc::random_token());
        let now = OffsetDateTime::now_utc();
        let url = oidc.authorization_url(&settings, &state, &nonce, &pkce.challenge, now).await.unwrap();
        let back = Browser::default().log_in(url, "alice", &settings.redirect_uri).await;
        let answer: HashMap<_, _> = back.query_pairs().into_owned().collect();
        assert_eq!(answer.get("state"), Some(&state));
        assert_eq!(answer.get("iss"), Some(&provider.issuer));
        let code = answer.get("code").unwrap_or_else(|| panic!("no code in {back}")).clone();
        Self { oidc, settings, pkce, nonce, code, now }
    }

    async fn exchange(&self, verifier: &SecretString, nonce: &str) -> Result<String, OidcError> {
        let identity = self.oidc.exchange(&self.settings, &self.code, verifier, nonce, self.now).await?;
        assert_eq!(identity.issuer, self.settings.issuer);
        assert_eq!(claim_strings(&identity.claims, ROLE), ["manager", "agent"]);
        assert_eq!(claim_strings(&identity.claims, ORGANISATION), ["acme"]);
        assert_eq!(claim_strings(&identity.claims, "email"), ["alice@example.com"]);
        let authenticated_at = identity.authenticated_at.unwrap();
        assert!((authenticated_at - self.now.unix_timestamp()).abs() < 60);
        Ok(identity.subject)
    }

    async fn finish(&self) -> Result<String, OidcError> {
        self.exchange(&self.pkce.verifier, &self.nonce).await
    }
}

#[tokio::test]
async fn person_logs_in_and_the_code_works_once() {
    let provider = provider(&[]).await;
    let attempt = Attempt::begin(&provider, Some("test-client-secret")).await;
    assert_eq!(attempt.finish().await.as_deref(), Ok("alice"));
    assert_eq!(attempt.finish().await, Err(OidcError::Code));
}

#[tokio::test]
async fn every_way_to_identify_the_client_and_every_algorithm_works() {
    for (method, signing, secret) in [
        ("client_secret_basic", "PS256", Some("test-client-secret")),
        ("client_secret_post", "ES256", Some("test-client-secret")),
        ("none", "RS256", None),
    ] {
        let provider = provider(&["--client-auth", method, "--signing", signing]).await;
        let attempt = Attempt::begin(&provider, secret).await;
        assert_eq!(attempt.finish().await.as_deref(), Ok("alice"), "{method} {signing}");
    }
}

#[tokio::test]
async fn stolen_code_is_worth_nothing_without_the_verifier() {
    let provider = provider(&[]).await;
    let attempt = Attempt::begin(&provider, Some("test-client-secret")).await;
    let other = Oidc::pkce().verifier;
    assert_eq!(attempt.exchange(&other, &attempt.nonce).await, Err(OidcError::Code));
}

#[tokio::test]
async fn token_of_another_attempt_is_refused() {
    let provider = provider(&[]).await;
    let attempt = Attempt::begin(&provider, Some("test-client-secret")).await;
    let nonce = Oidc::random_token();
    assert_eq!(attempt.exchange(&attempt.pkce.verifier, &nonce).await, Err(OidcError::Token(TokenError::Nonce)));
}

#[tokio::test]
async fn wrong_secret_is_told_apart_from_a_wrong_code() {
    let provider = provider(&[]).await;
    let attempt = Attempt::begin(&provider, Some("wrong-secret")).await;
    assert_eq!(attempt.finish().await, Err(OidcError::Client));
}

#[tokio::test]
async fn settings_can_be_tested_before_anyone_logs_in() {
    let provider = provider(&[]).await;
    let oidc = Oidc::new(Http::new(Reach::Anywhere).unwrap());
    let now = OffsetDateTime::now_utc();
    let discovery = oidc.check(&settings(&provider.issuer, None), now).await.unwrap();
    assert_eq!(discovery.token_endpoint.as_str(), format!("{}/token", provider.issuer));
    let slash = format!("{}/", provider.issuer);
    assert_eq!(
        oidc.check(&settings(&slash, None), now).await,
        Err(OidcError::OtherIssuer { found: provider.issuer.clone() })
    );
}
