//! The whole log-in against a real OpenID Connect provider: discovery, the provider's own log-in
//! and consent pages, the code, the token, the claims.

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, redirect};
use secrecy::SecretString;
use serde_json::Value;
use socialai_connect::call::Http;
use socialai_connect::guard::Reach;
use socialai_connect::oidc::{Oidc, OidcError, Pkce, Settings, TokenError, claim_strings};
use time::OffsetDateTime;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;
use url::Url;

use crate::oidc_provider::settings;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tools/oidc-provider");
const CLAIMS: &str =
    r#"{"alice": {"https://hub.example.com/role": ["manager", "agent"], "https://hub.example.com/org_id": "acme"}}"#;
const ROLE: &str = "https://hub.example.com/role";

/// Ends when the test does: its standard input closes then.
struct RealProvider {
    issuer: String,
    _process: Child,
    /// Held open: a provider that cannot print dies.
    _output: Lines<BufReader<ChildStdout>>,
}

impl RealProvider {
    async fn start(arguments: &[&str]) -> Self {
        assert!(
            Path::new(FOLDER).join("node_modules/oidc-provider").exists(),
            "the OpenID Connect provider is not installed; run make tools"
        );
        let redirect = settings("", None).redirect_uri;
        let mut process = Command::new("node")
            .arg("server.mjs")
            .args(["--redirect", redirect.as_str()])
            .args(arguments)
            .current_dir(FOLDER)
            .env("OIDC_CLAIMS", CLAIMS)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("node is needed; run make tools");
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let line =
            timeout(Duration::from_secs(30), output.next_line()).await.expect("the provider starts in time").unwrap();
        let started: Value = serde_json::from_str(&line.expect("the provider starts")).unwrap();
        Self { issuer: started["issuer"].as_str().unwrap().to_owned(), _process: process, _output: output }
    }
}

/// As much of a browser as the provider's pages need: cookies, redirects and forms.
struct Browser {
    client: Client,
    cookies: HashMap<String, String>,
}

impl Browser {
    fn new() -> Self {
        let client =
            Client::builder().timeout(Duration::from_secs(20)).redirect(redirect::Policy::none()).build().unwrap();
        Self { client, cookies: HashMap::new() }
    }

    /// Opens a page, fills in the forms, and returns the address that the provider sends us back to.
    async fn log_in(&mut self, start: Url, login: &str, back: &Url) -> Url {
        let mut address = start;
        let mut form: Option<Vec<(&str, &str)>> = None;
        for _ in 0..12 {
            let request = match &form {
                None => self.client.get(address.clone()),
                Some(fields) => self.client.post(address.clone()).form(fields),
            };
            let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let response = request.header(COOKIE, cookies.join("; ")).send().await.unwrap();
            for cookie in response.headers().get_all(SET_COOKIE) {
                let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            if let Some(location) = response.headers().get(LOCATION) {
                address = address.join(location.to_str().unwrap()).unwrap();
                form = None;
                if address.as_str().starts_with(back.as_str()) {
                    return address;
                }
                continue;
            }
            let page = response.text().await.unwrap();
            let action = between(&page, "action=\"", "\"").unwrap_or_else(|| panic!("a form was expected:\n{page}"));
            address = address.join(action).unwrap();
            form = Some(if page.contains("value=\"login\"") {
                vec![("prompt", "login"), ("login", login), ("password", "any")]
            } else {
                vec![("prompt", "consent")]
            });
        }
        panic!("the log-in does not end; last address {address}");
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = &text[text.find(before)? + before.len()..];
    rest.get(..rest.find(after)?)
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
        let back = Browser::new().log_in(url, "alice", &settings.redirect_uri).await;
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
        assert_eq!(claim_strings(&identity.claims, "https://hub.example.com/org_id"), ["acme"]);
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
    let provider = RealProvider::start(&[]).await;
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
        let provider = RealProvider::start(&["--client-auth", method, "--signing", signing]).await;
        let attempt = Attempt::begin(&provider, secret).await;
        assert_eq!(attempt.finish().await.as_deref(), Ok("alice"), "{method} {signing}");
    }
}

#[tokio::test]
async fn stolen_code_is_worth_nothing_without_the_verifier() {
    let provider = RealProvider::start(&[]).await;
    let attempt = Attempt::begin(&provider, Some("test-client-secret")).await;
    let other = Oidc::pkce().verifier;
    assert_eq!(attempt.exchange(&other, &attempt.nonce).await, Err(OidcError::Code));
}

#[tokio::test]
async fn token_of_another_attempt_is_refused() {
    let provider = RealProvider::start(&[]).await;
    let attempt = Attempt::begin(&provider, Some("test-client-secret")).await;
    let nonce = Oidc::random_token();
    assert_eq!(attempt.exchange(&attempt.pkce.verifier, &nonce).await, Err(OidcError::Token(TokenError::Nonce)));
}

#[tokio::test]
async fn wrong_secret_is_told_apart_from_a_wrong_code() {
    let provider = RealProvider::start(&[]).await;
    let attempt = Attempt::begin(&provider, Some("wrong-secret")).await;
    assert_eq!(attempt.finish().await, Err(OidcError::Client));
}

#[tokio::test]
async fn settings_can_be_tested_before_anyone_logs_in() {
    let provider = RealProvider::start(&[]).await;
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
