//! How the code is traded, and where the browser is sent.

use std::collections::HashMap;

use serde_json::json;
use socialai_connect::call::CallError;
use socialai_connect::oidc::{Oidc, OidcError};
use url::{Url, form_urlencoded};

use crate::oidc_provider::{DISCOVERY, NOW, Provider, TOKEN};
use crate::remote::Reply;

fn parameters(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

fn form(body: &str) -> HashMap<String, String> {
    form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}

#[tokio::test]
async fn browser_is_sent_with_everything_the_flow_needs() {
    let mut provider = Provider::start().await;
    provider.settings.scopes = vec!["openid".into(), "email".into()];
    provider.settings.audience = Some("https://api.example.com".into());
    let pkce = Oidc::pkce();
    let url = provider.oidc.authorization_url(&provider.settings, "s&t", "n", &pkce.challenge, NOW).await.unwrap();
    assert_eq!(url.path(), "/authorize");
    let sent = parameters(&url);
    for (name, value) in [
        ("tenant", "7"), // was in the endpoint's own address
        ("response_type", "code"),
        ("client_id", "hub"),
        ("redirect_uri", "http://127.0.0.1:9/callback"),
        ("scope", "openid email"),
        ("state", "s&t"),
        ("nonce", "n"),
        ("code_challenge", &pkce.challenge),
        ("code_challenge_method", "S256"),
        ("audience", "https://api.example.com"),
    ] {
        assert_eq!(sent.get(name).map(String::as_str), Some(value), "{name}");
    }
}

#[tokio::test]
async fn secret_goes_to_the_header_and_then_to_the_body_when_the_provider_wants_it_there() {
    let mut provider = Provider::start().await;
    provider.settings.client_secret = Some("s: %&cret".to_owned().into());
    provider.remote.serve(TOKEN, Reply::json(&json!({"error": "invalid_client"})).with_status(401));
    assert_eq!(provider.log_in().await.unwrap_err(), OidcError::Client);
    let [first, second] = provider.remote.seen(TOKEN).try_into().map_err(|_| "two requests").unwrap();
    // hub:s%3A+%25%26cret
    assert_eq!(first.headers["authorization"], "Basic aHViOnMlM0ErJTI1JTI2Y3JldA==");
    assert!(!form(&first.body).contains_key("client_secret"));
    assert!(!second.headers.contains_key("authorization"));
    assert_eq!(form(&second.body)["client_secret"], "s: %&cret");
    assert_eq!(form(&second.body)["client_id"], "hub");
}

#[tokio::test]
async fn secret_goes_only_where_the_provider_offers_to_take_it() {
    for (method, in_header) in [("client_secret_basic", true), ("client_secret_post", false)] {
        let provider = Provider::start().await;
        let mut document = provider.discovery();
        document["token_endpoint_auth_methods_supported"] = json!([method, "private_key_jwt"]);
        provider.remote.serve(DISCOVERY, Reply::json(&document));
        provider.remote.serve(TOKEN, Reply::json(&json!({"error": "invalid_client"})).with_status(400));
        assert_eq!(provider.log_in().await.unwrap_err(), OidcError::Client);
        let [only] = provider.remote.seen(TOKEN).try_into().map_err(|_| "one request").unwrap();
        assert_eq!(only.headers.contains_key("authorization"), in_header, "{method}");
    }
}

#[tokio::test]
async fn public_client_sends_its_id_and_the_verifier() {
    let mut provider = Provider::start().await;
    provider.settings.client_secret = None;
    provider.log_in().await.unwrap();
    let sent = form(&provider.remote.seen(TOKEN)[0].body);
    assert_eq!(sent["client_id"], "hub");
    assert_eq!(sent["code"], "the-code");
    assert_eq!(sent["grant_type"], "authorization_code");
    assert_eq!(sent["redirect_uri"], "http://127.0.0.1:9/callback");
    assert_eq!(sent["code_verifier"].len(), 43);
    assert!(!sent.contains_key("client_secret"));
}

#[tokio::test]
async fn refusals_are_explained_and_never_repeated_word_by_word() {
    let provider = Provider::start().await;
    let answer = async |status: u16, body: &str| {
        provider.remote.serve(TOKEN, Reply::text(body).with_status(status));
        provider.log_in().await.unwrap_err()
    };
    let body = |code: &str| json!({"error": code, "error_description": "code the-code, s3cret-value"}).to_string();
    // Auth0 answers 403 for a code that was used.
    assert_eq!(answer(403, &body("invalid_grant")).await, OidcError::Code);
    assert_eq!(answer(400, &body("unauthorized_client")).await, OidcError::Refused("unauthorized_client"));
    let unknown = answer(400, &body("s3cret-value")).await;
    assert!(matches!(&unknown, OidcError::Call { cause: CallError::Refused { .. }, .. }));
    assert!(!format!("{unknown} {unknown:?}").contains("s3cret"));
    assert!(answer(429, &body("invalid_grant")).await.is_passing());
    assert!(answer(500, "oops").await.is_passing());
    assert!(matches!(answer(200, "{}").await, OidcError::Malformed { .. }));
    assert!(matches!(answer(200, "{\"id_token\":7}").await, OidcError::Malformed { .. }));
}
