//! Which keys may verify, when they are fetched, and what happens while they cannot be.

use serde_json::{Value, json};
use socialai_connect::oidc::{OidcError, Part, TokenError};
use time::Duration;

use crate::jwt::{self, Signer, b64};
use crate::oidc_provider::{DISCOVERY, KEYS, NOW, Provider};
use crate::remote::Reply;

fn with(mut key: Value, name: &str, value: Value) -> Value {
    key[name] = value;
    key
}

fn small_rsa() -> Value {
    with(jwt::rsa_jwk("k1"), "n", json!(b64(&[0xc5; 128])))
}

async fn refusal(provider: &Provider) -> TokenError {
    match provider.log_in().await {
        Err(OidcError::Token(why)) => why,
        other => panic!("expected a refused token, got {other:?}"),
    }
}

#[tokio::test]
async fn keys_that_must_not_verify_do_not() {
    for key in [
        with(jwt::rsa_jwk("k1"), "use", json!("enc")),
        with(jwt::rsa_jwk("k1"), "key_ops", json!(["encrypt"])),
        with(jwt::rsa_jwk("k1"), "alg", json!("RS1")),
        with(jwt::rsa_jwk("k1"), "alg", json!("ES256")),
        with(jwt::rsa_jwk("k1"), "e", json!("AQ")),
        with(jwt::rsa_jwk("k1"), "kty", json!("oct")),
        small_rsa(),
        // 2048 bits long, but the leading ones are zero.
        with(jwt::rsa_jwk("k1"), "n", json!(b64(&[vec![0; 128], vec![0xc5; 128]].concat()))),
        with(jwt::ec_jwk("k1"), "crv", json!("P-384")),
        with(jwt::ec_jwk("k1"), "x", json!("AAAA")),
    ] {
        let provider = Provider::start().await;
        provider.publish(&[key.clone(), jwt::other_rsa_jwk("k2")]);
        assert_eq!(refusal(&provider).await, TokenError::UnusableKey, "{key}");
    }
}

#[tokio::test]
async fn key_set_without_any_signing_key_is_a_fault_of_the_provider() {
    let provider = Provider::start().await;
    for body in [json!({"keys": [small_rsa()]}), json!({"keys": []}), json!({"keys": "none"}), json!({})] {
        provider.remote.serve(KEYS, Reply::json(&body));
        let error = provider.oidc.check(&provider.settings, NOW).await.unwrap_err();
        assert!(matches!(error, OidcError::Malformed { part: Part::Keys, .. }), "{body}");
    }
    let twice = json!({"keys": [jwt::rsa_jwk("k1")]}).to_string().replace("\"kty\"", "\"kty\":\"oct\",\"kty\"");
    provider.remote.serve(KEYS, Reply::text(&twice));
    assert!(matches!(provider.oidc.check(&provider.settings, NOW).await, Err(OidcError::Malformed { .. })));
}

#[tokio::test]
async fn key_id_may_be_missing_only_when_there_is_one_key() {
    let provider = Provider::start().await;
    provider.issue(&json!({"alg": "RS256"}), &provider.claims(), Signer::Rs256);
    let encryption = with(jwt::other_rsa_jwk("enc"), "use", json!("enc"));
    provider.publish(&[jwt::rsa_jwk("k1"), encryption]);
    provider.log_in().await.unwrap();

    let provider = Provider::start().await;
    provider.issue(&json!({"alg": "RS256"}), &provider.claims(), Signer::Rs256);
    provider.publish(&[jwt::rsa_jwk("k1"), jwt::other_rsa_jwk("k2")]);
    assert_eq!(refusal(&provider).await, TokenError::NoKeyId);
}

#[tokio::test]
async fn flood_of_invented_key_ids_causes_one_fetch_a_minute() {
    let provider = Provider::start().await;
    provider.log_in().await.unwrap();
    assert_eq!(provider.key_fetches(), 1);
    for (second, expected_fetches) in [(1, 1), (59, 1), (60, 2), (61, 2), (119, 2), (120, 3)] {
        for attempt in 0..5 {
            let kid = format!("invented-{second}-{attempt}");
            provider.issue(&json!({"alg": "RS256", "kid": kid}), &provider.claims(), Signer::Rs256);
            let outcome = provider.log_in_at(NOW + Duration::seconds(second)).await;
            assert_eq!(outcome.unwrap_err(), OidcError::Token(TokenError::UnknownKey));
        }
        assert_eq!(provider.key_fetches(), expected_fetches, "after {second} s");
    }
}

#[tokio::test]
async fn log_ins_at_the_same_time_share_one_fetch() {
    let provider = Provider::start().await;
    let (one, two, three) = tokio::join!(provider.log_in(), provider.log_in(), provider.log_in());
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    assert_eq!(provider.key_fetches(), 1);
    assert_eq!(provider.remote.seen(DISCOVERY).len(), 1);
}

#[tokio::test]
async fn new_key_is_found_and_a_withdrawn_one_is_dropped() {
    let provider = Provider::start().await;
    provider.log_in().await.unwrap();
    provider.publish(&[jwt::ec_jwk("next")]);
    provider.issue(&json!({"alg": "ES256", "kid": "next"}), &provider.claims(), Signer::Es256);
    provider.log_in_at(NOW + Duration::minutes(2)).await.unwrap();
    provider.issue(&json!({"alg": "RS256", "kid": "k1"}), &provider.claims(), Signer::Rs256);
    let withdrawn = provider.log_in_at(NOW + Duration::minutes(2)).await.unwrap_err();
    assert_eq!(withdrawn, OidcError::Token(TokenError::UnknownKey));
}

#[tokio::test]
async fn known_keys_survive_an_outage_for_a_day() {
    let provider = Provider::start().await;
    let log_in_after = async |age: Duration| {
        let now = NOW + age;
        let mut claims = provider.claims_with("exp", json!((now + Duration::minutes(5)).unix_timestamp()));
        claims["iat"] = json!(now.unix_timestamp());
        provider.issue(&json!({"alg": "RS256", "kid": "k1"}), &claims, Signer::Rs256);
        provider.log_in_at(now).await
    };
    log_in_after(Duration::ZERO).await.unwrap();
    provider.remote.serve(KEYS, Reply::status(503));
    provider.remote.serve(DISCOVERY, Reply::text("<html>maintenance</html>"));
    for age in [Duration::minutes(9), Duration::minutes(11), Duration::hours(23)] {
        log_in_after(age).await.unwrap();
    }
    // The outage is probed once a minute, not with every log-in.
    let fetches = provider.key_fetches();
    log_in_after(Duration::hours(23) + Duration::seconds(30)).await.unwrap();
    assert_eq!(provider.key_fetches(), fetches);
    assert!(log_in_after(Duration::hours(24)).await.is_err());
}

#[tokio::test]
async fn failing_provider_is_not_asked_again_by_everyone_at_once() {
    let provider = Provider::start().await;
    provider.remote.serve(DISCOVERY, Reply::status(503));
    for _ in 0..5 {
        assert!(provider.log_in().await.unwrap_err().is_passing());
    }
    assert_eq!(provider.remote.seen(DISCOVERY).len(), 1);
    provider.remote.serve(DISCOVERY, Reply::json(&provider.discovery()));
    provider.log_in_at(NOW + Duration::seconds(5)).await.unwrap();
}
