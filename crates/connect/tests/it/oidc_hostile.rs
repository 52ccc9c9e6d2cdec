//! What a provider, or somebody between it and us, must not get away with.

use std::time::Duration;

use serde_json::{Value, json};
use socialai_connect::call::{CallError, Http};
use socialai_connect::guard::{Blocked, Reach};
use socialai_connect::oidc::{Oidc, OidcError, Part, TokenError};

use crate::jwt::{self, Signer};
use crate::oidc_provider::{DISCOVERY, NONCE, NOW, Provider, settings};
use crate::remote::Reply;

fn rs256() -> Value {
    json!({"alg": "RS256", "kid": "k1", "typ": "JWT"})
}

async fn refusal(provider: &Provider) -> TokenError {
    match provider.log_in().await {
        Err(OidcError::Token(why)) => why,
        other => panic!("expected a refused token, got {other:?}"),
    }
}

#[tokio::test]
async fn honest_tokens_of_every_allowed_algorithm_are_accepted() {
    let provider = Provider::start().await;
    let mut any_rsa = jwt::rsa_jwk("any");
    any_rsa.as_object_mut().unwrap().remove("alg");
    provider.publish(&[jwt::rsa_jwk("k1"), jwt::ec_jwk("e1"), any_rsa]);
    for (alg, kid, signer) in
        [("RS256", "k1", Signer::Rs256), ("PS256", "any", Signer::Ps256), ("ES256", "e1", Signer::Es256)]
    {
        provider.issue(&json!({"alg": alg, "kid": kid}), &provider.claims(), signer);
        let identity = provider.log_in().await.unwrap();
        assert_eq!(identity.subject, "auth0|ann", "{alg}");
        assert_eq!(identity.amr, ["pwd", "mfa"]);
        assert_eq!(identity.authenticated_at, Some(NOW.unix_timestamp() - 9));
        assert_eq!(identity.issuer, provider.remote.base);
    }
}

#[tokio::test]
async fn unsigned_and_wrongly_signed_tokens_are_refused() {
    let provider = Provider::start().await;
    let claims = provider.claims();
    for (header, signer, why) in [
        (json!({"alg": "none", "kid": "k1"}), Signer::Nobody, TokenError::Algorithm),
        (json!({"alg": "None", "kid": "k1"}), Signer::Nobody, TokenError::Algorithm),
        (json!({"kid": "k1"}), Signer::Rs256, TokenError::Algorithm),
        (json!({"alg": "HS256", "kid": "k1"}), Signer::PublicKeyAsSecret, TokenError::Algorithm),
        (json!({"alg": "RS512", "kid": "k1"}), Signer::Rs256, TokenError::Algorithm),
        (rs256(), Signer::Nobody, TokenError::Signature),
        (rs256(), Signer::Stranger, TokenError::Signature),
        (rs256(), Signer::PublicKeyAsSecret, TokenError::Signature),
        // The key says RS256, so it verifies nothing else, and an RSA key no ES256.
        (json!({"alg": "PS256", "kid": "k1"}), Signer::Ps256, TokenError::UnusableKey),
        (json!({"alg": "ES256", "kid": "k1"}), Signer::Es256, TokenError::UnusableKey),
    ] {
        provider.issue(&header, &claims, signer);
        assert_eq!(refusal(&provider).await, why, "{header}");
    }
    // Somebody else's claims under a good signature.
    let good = jwt::token(&rs256(), &claims, Signer::Rs256);
    let evil = jwt::token(&rs256(), &provider.claims_with("sub", json!("auth0|boss")), Signer::Nobody);
    let payload = |token: &str| token.split('.').nth(1).unwrap().to_owned();
    provider.issue_token(&good.replace(&payload(&good), &payload(&evil)));
    assert_eq!(refusal(&provider).await, TokenError::Signature);
}

#[tokio::test]
async fn header_that_brings_its_own_key_or_extension_is_refused_and_nothing_is_fetched() {
    let provider = Provider::start().await;
    for (name, value) in [
        ("jku", json!(format!("{}/evil", provider.remote.base))),
        ("x5u", json!(format!("{}/evil", provider.remote.base))),
        ("jwk", jwt::other_rsa_jwk("k1")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
    ] {
        let mut header = rs256();
        header[name] = value;
        provider.issue(&header, &provider.claims(), Signer::Rs256);
        assert_eq!(refusal(&provider).await, TokenError::Header, "{name}");
    }
    assert!(provider.remote.seen("/evil").is_empty());
}

#[tokio::test]
async fn tokens_of_another_kind_are_refused() {
    let provider = Provider::start().await;
    for kind in [json!("at+jwt"), json!("application/at+JWT"), json!("logout+jwt"), json!(7)] {
        provider.issue(&json!({"alg": "RS256", "kid": "k1", "typ": kind}), &provider.claims(), Signer::Rs256);
        assert_eq!(refusal(&provider).await, TokenError::Kind, "{kind}");
    }
}

#[tokio::test]
async fn claims_that_do_not_belong_to_this_log_in_are_refused() {
    let provider = Provider::start().await;
    let now = NOW.unix_timestamp();
    let base = provider.remote.base.clone();
    for (name, value, why) in [
        ("iss", json!(format!("{base}/")), TokenError::Issuer),
        ("iss", json!("https://evil.example.com"), TokenError::Issuer),
        ("iss", Value::Null, TokenError::Issuer),
        ("aud", json!("another-app"), TokenError::Audience),
        ("aud", json!(["another-app"]), TokenError::Audience),
        ("aud", json!("hub "), TokenError::Audience),
        ("aud", Value::Null, TokenError::Audience),
        ("aud", json!(["hub", "another-app"]), TokenError::AuthorizedParty),
        ("azp", json!("another-app"), TokenError::AuthorizedParty),
        ("azp", json!(["hub"]), TokenError::AuthorizedParty),
        ("nonce", json!("of-another-attempt"), TokenError::Nonce),
        ("nonce", json!(""), TokenError::Nonce),
        ("nonce", Value::Null, TokenError::Nonce),
        ("sub", Value::Null, TokenError::Subject),
        ("sub", json!(""), TokenError::Subject),
        ("sub", json!("x".repeat(256)), TokenError::Subject),
        ("exp", Value::Null, TokenError::NoTimes),
        ("exp", json!((now + 300).to_string()), TokenError::NoTimes),
        ("exp", json!(now - 60), TokenError::Expired),
        ("exp", json!(-1), TokenError::Expired),
        ("iat", Value::Null, TokenError::NoTimes),
        ("iat", json!(now + 61), TokenError::NotYetValid),
        ("nbf", json!(now + 61), TokenError::NotYetValid),
        ("nbf", json!("soon"), TokenError::NoTimes),
    ] {
        let claims = provider.claims_with(name, value.clone());
        provider.issue(&rs256(), &claims, Signer::Rs256);
        assert_eq!(refusal(&provider).await, why, "{name} = {value}");
    }
}

#[tokio::test]
async fn clocks_may_differ_by_a_minute_and_an_audience_may_be_a_list() {
    let provider = Provider::start().await;
    let now = NOW.unix_timestamp();
    let mut two_audiences = provider.claims_with("aud", json!(["another-app", "hub"]));
    two_audiences["azp"] = json!("hub");
    for claims in [
        two_audiences,
        provider.claims_with("aud", json!(["hub"])),
        provider.claims_with("exp", json!(now - 59)),
        provider.claims_with("exp", json!(1e18)),
        provider.claims_with("iat", json!(now + 60)),
        provider.claims_with("nbf", json!(now + 60)),
    ] {
        provider.issue(&rs256(), &claims, Signer::Rs256);
        provider.log_in().await.unwrap();
    }
}

#[tokio::test]
async fn names_that_appear_twice_are_refused() {
    let provider = Provider::start().await;
    let claims = provider.claims().to_string();
    let twice = claims.replacen('{', r#"{"sub":"auth0|boss","#, 1);
    provider.issue_token(&jwt::token_from_text(&rs256().to_string(), &twice, Signer::Rs256));
    assert_eq!(refusal(&provider).await, TokenError::DuplicateName);
    let header = r#"{"alg":"none","alg":"RS256","kid":"k1"}"#;
    provider.issue_token(&jwt::token_from_text(header, &claims, Signer::Rs256));
    assert_eq!(refusal(&provider).await, TokenError::DuplicateName);
}

#[tokio::test]
async fn misshapen_tokens_are_refused() {
    let provider = Provider::start().await;
    let good = jwt::token(&rs256(), &provider.claims(), Signer::Rs256);
    for (token, why) in [
        ("x".repeat(40_000), TokenError::TooLarge),
        (String::new(), TokenError::Malformed),
        ("only.two".to_owned(), TokenError::Malformed),
        (format!("{good}.a.b"), TokenError::Malformed),
        (format!("{good}="), TokenError::Malformed),
        (format!(" {good}"), TokenError::Malformed),
        (jwt::token_from_text("[]", "{}", Signer::Rs256), TokenError::Malformed),
        (jwt::token_from_text(&rs256().to_string(), "7", Signer::Rs256), TokenError::Malformed),
        (jwt::token(&json!({"alg": "RS256", "kid": 1}), &provider.claims(), Signer::Rs256), TokenError::Malformed),
    ] {
        provider.issue_token(&token);
        assert_eq!(refusal(&provider).await, why, "{}", token.chars().take(60).collect::<String>());
    }
}

#[tokio::test]
async fn hostile_descriptions_are_refused() {
    let provider = Provider::start().await;
    let describe = async |body: Reply| {
        provider.remote.serve(DISCOVERY, body);
        provider.oidc.check(&provider.settings, NOW).await.unwrap_err()
    };
    let with = |name: &str, value: Value| {
        let mut document = provider.discovery();
        document[name] = value;
        Reply::json(&document)
    };
    let slash = format!("{}/", provider.remote.base);
    assert_eq!(describe(with("issuer", json!(slash))).await, OidcError::OtherIssuer { found: slash.clone() });
    assert!(
        matches!(describe(with("issuer", json!("x".repeat(9_000)))).await, OidcError::OtherIssuer { found } if found.len() == 200)
    );
    assert!(matches!(describe(with("response_types_supported", json!(["token"]))).await, OidcError::Unsupported(_)));
    assert!(matches!(
        describe(with("code_challenge_methods_supported", json!(["plain"]))).await,
        OidcError::Unsupported(_)
    ));
    let symmetric = with("id_token_signing_alg_values_supported", json!(["HS256", "none"]));
    assert!(matches!(describe(symmetric).await, OidcError::Unsupported(_)));
    assert!(matches!(
        describe(with("jwks_uri", json!("file:///etc/passwd"))).await,
        OidcError::Endpoint { field: "jwks_uri", .. }
    ));
    assert!(matches!(describe(with("token_endpoint", json!(7))).await, OidcError::Malformed { .. }));
    let twice = provider.discovery().to_string().replacen('{', "{\"jwks_uri\":\"http://127.0.0.1:9/\",", 1);
    assert!(matches!(describe(Reply::text(&twice)).await, OidcError::Malformed { .. }));
    assert!(matches!(describe(Reply::text("<html>")).await, OidcError::Malformed { .. }));

    let unreadable =
        |error| matches!(error, OidcError::Call { part: Part::Discovery, cause: CallError::Unreadable(_) });
    let giant = provider.discovery().to_string() + &" ".repeat(300_000);
    assert!(unreadable(describe(Reply::text(&giant)).await));
    let redirect = Reply::status(302).with_header("location", "/elsewhere");
    let refused = describe(redirect).await;
    assert!(matches!(&refused, OidcError::Call { cause: CallError::Refused { .. }, .. }), "{refused}");
    assert!(!refused.is_passing());
    assert!(provider.remote.seen("/elsewhere").is_empty());
    assert!(describe(Reply::status(502)).await.is_passing());
}

#[tokio::test]
async fn slow_description_is_given_up() {
    let provider = Provider::start().await;
    provider.remote.serve(DISCOVERY, Reply::Never);
    let give_up = async {
        provider.remote.request_arrived().await;
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(16)).await;
    };
    let (outcome, ()) = tokio::join!(provider.oidc.check(&provider.settings, NOW), give_up);
    assert!(outcome.unwrap_err().is_passing());
}

#[tokio::test]
async fn unusable_issuer_addresses_are_explained() {
    let oidc = Oidc::new(Http::new(Reach::PublicOnly).unwrap());
    let check = async |issuer: &str| oidc.check(&settings(issuer, None), NOW).await.unwrap_err();
    assert_eq!(check("id.example.com").await, OidcError::IssuerAddress);
    assert_eq!(check("https://id.example.com/?tenant=7").await, OidcError::IssuerAddress);
    let blocked = |why| OidcError::Call { part: Part::Discovery, cause: CallError::Blocked(why) };
    assert_eq!(check("http://id.example.com").await, blocked(Blocked::PlainHttp));
    assert_eq!(check("https://169.254.169.254/latest").await, blocked(Blocked::PrivateNetwork));
    assert_eq!(check("https://localhost/").await, blocked(Blocked::PrivateNetwork));
    assert_eq!(check("https://user:s3cret@id.example.com").await, blocked(Blocked::Credentials));
}

#[tokio::test]
async fn errors_never_repeat_the_token() {
    let provider = Provider::start().await;
    provider.issue(&rs256(), &provider.claims_with("nonce", json!("other")), Signer::Rs256);
    let error = provider.log_in().await.unwrap_err();
    let printed = format!("{error} {error:?}");
    assert!(!printed.contains("eyJ") && !printed.contains("ann") && !printed.contains(NONCE), "{printed}");
}
