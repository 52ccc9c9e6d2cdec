//! Tokens that must not open the door.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};
use socialai_domain::permissions::Role;

use crate::server::Server;

fn decode(part: &str) -> Value {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn encode(value: &Value) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[tokio::test]
async fn forged_foreign_and_stale_access_tokens_are_refused() {
    let server = Server::alone().await;
    let (_, member) = server.tenant_with(Role::Viewer).await;
    let (other_tenant, _) = server.tenant_with(Role::Viewer).await;
    let good = server.log_in(&member).await["access_token"].as_str().unwrap().to_owned();
    assert_eq!(server.get_as(&good, "/me").await.status, 200);

    let parts: Vec<&str> = good.split('.').collect();
    let (header, claims) = (decode(parts[0]), decode(parts[1]));
    let with_claim = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        claims
    };
    let resigned = |claims: &Value| server.app.keyring().sign(claims).unwrap();
    let unsigned = |header: Value, claims: &Value| format!("{}.{}.{}", encode(&header), encode(claims), parts[2]);
    let jwk = serde_json::to_value(server.app.keyring().public()).unwrap()["keys"][0].clone();
    let public_as_secret = {
        let header = Header { kid: header["kid"].as_str().map(str::to_owned), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(jwk.to_string().as_bytes())).unwrap()
    };
    let modulus_as_secret = {
        let header = Header { kid: header["kid"].as_str().map(str::to_owned), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(jwk["n"].as_str().unwrap().as_bytes()))
            .unwrap()
    };
    let with_header = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        header
    };
    let now = claims["iat"].as_i64().unwrap();
    let forged = [
        ("alg none", format!("{}.{}.", encode(&json!({ "alg": "none" })), parts[1])),
        ("alg none, signature kept", unsigned(with_header("alg", json!("none")), &claims)),
        ("HS256 with the public key", public_as_secret),
        ("HS256 with the modulus", modulus_as_secret),
        ("unknown kid", unsigned(with_header("kid", json!("nobody")), &claims)),
        ("no kid", unsigned(json!({ "alg": "RS256", "typ": "JWT" }), &claims)),
        ("jku", unsigned(with_header("jku", json!("https://evil.test/jwks.json")), &claims)),
        ("changed claim", unsigned(header.clone(), &with_claim("roles", json!(["admin"])))),
        ("another issuer", resigned(&with_claim("iss", json!("https://other.example")))),
        ("another audience", resigned(&with_claim("aud", json!("other")))),
        ("not valid yet", resigned(&with_claim("iat", json!(now + 3_600)))),
        ("nbf in the future", resigned(&with_claim("nbf", json!(now + 3_600)))),
        ("another person's session", resigned(&with_claim("sub", json!(socialai_domain::ids::UserId::fresh())))),
        ("truncated", good[..good.len() - 4].to_owned()),
        ("empty", String::new()),
        ("not a token", "x.y.z".to_owned()),
        (
            "an API key of no tenant",
            "sk_00000000000000000000000000_00000000000000000000000000_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                .to_owned(),
        ),
        ("huge", "a".repeat(9_000)),
    ];
    for (what, token) in &forged {
        let answer = server.get_as(token, "/me").await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.text);
    }
    // A token that names another tenant finds no such session there.
    let elsewhere = resigned(&with_claim("tenant_id", json!(other_tenant.id)));
    server.get_as(&elsewhere, "/me").await.is_problem(401, "session_ended");

    let nowhere = resigned(&with_claim("tenant_id", json!(socialai_domain::ids::TenantId::fresh())));
    server.get_as(&nowhere, "/me").await.is_problem(401, "session_ended");

    server.lab.clock.advance(time::Duration::minutes(16));
    server.get_as(&good, "/me").await.is_problem(401, "token_expired");
}

#[tokio::test]
async fn wrong_schemes_and_doubled_headers_are_refused() {
    let server = Server::start().await;
    for value in ["Basic YTpi", "Bearer", "bearer ", "Token x"] {
        let answer = server.send(server.request(Method::GET, "/me").header("authorization", value)).await;
        assert_eq!(answer.status, 401, "{value}");
    }
    let doubled =
        server.request(Method::GET, "/me").header("authorization", "Bearer a").header("authorization", "Bearer b");
    server.send(doubled).await.is_problem(401, "invalid_token");
}

#[tokio::test]
async fn token_signed_before_a_key_rotation_stays_good() {
    let server = Server::alone().await;
    let (_, member) = server.tenant_with(Role::Viewer).await;
    let token = server.log_in(&member).await["access_token"].as_str().unwrap().to_owned();
    let mut tx = server.lab.databases.system(socialai_domain::audit::Actor::system("test")).await.unwrap();
    socialai_domain::signing::rotate(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    server.app.reload_keys().await.unwrap();
    assert_eq!(server.get_as(&token, "/me").await.status, 200);
    let keys = server.send(server.request(Method::GET, "/.well-known/jwks.json")).await;
    assert_eq!(keys.body["keys"].as_array().unwrap().len(), 2);
    assert!(!keys.text.contains("\"d\""), "no private part is shown");
}
