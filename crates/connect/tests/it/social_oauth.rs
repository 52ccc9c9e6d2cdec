//! Connecting an account and keeping it connected, over real HTTP.

use std::time::Duration;

use serde_json::json;
use socialai_connect::call::CallError;
use socialai_connect::social::oauth::Pkce;
use socialai_connect::social::refusal::Refusal;
use url::Url;

use crate::remote::{Remote, Reply};
use crate::social::{PLATFORMS, app, at, connector, hanging_up, http, tokens};

fn callback() -> Url {
    Url::parse("https://hub.example.com/v1/connect/callback").unwrap()
}

fn token_path(platform: &str) -> String {
    let path = match platform {
        "x" => "2/oauth2/token",
        "linkedin" => "oauth/v2/accessToken",
        _ => "v26.0/oauth/access_token",
    };
    format!("/{platform}/{path}")
}

#[test]
fn browser_is_sent_with_state_and_proof_key_where_there_is_one() {
    let pkce = Pkce::of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into());
    for platform in PLATFORMS {
        let connector = connector(platform);
        let url = connector.oauth().authorize_url(&app(), &callback(), "state-1", Some(&pkce));
        let value =
            |wanted: &str| url.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
        assert_eq!(value("state").as_deref(), Some("state-1"));
        assert_eq!(value("redirect_uri").as_deref(), Some(callback().as_str()));
        assert_eq!(value("code_challenge").is_some(), platform == "x");
        assert_eq!(connector.oauth().has_pkce(), platform == "x");
        assert!(!url.as_str().contains("s3cret"));
        let scopes = value("scope").unwrap();
        assert_eq!(scopes.contains(','), ["facebook", "instagram"].contains(&platform));
    }
    let url = connector("facebook").oauth().authorize_url(&app(), &callback(), "s", None);
    assert!(url.as_str().starts_with("https://www.facebook.com/v26.0/dialog/oauth?"));
    let url = connector("x").oauth().authorize_url(&app(), &callback(), "s", Some(&pkce));
    assert!(url.as_str().starts_with("https://x.com/i/oauth2/authorize?"));
    assert!(
        url.as_str().contains("code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256")
    );
    let url = connector("linkedin").oauth().authorize_url(&app(), &callback(), "s", None);
    assert!(url.as_str().starts_with("https://www.linkedin.com/oauth/v2/authorization?"));
}

#[tokio::test]
async fn code_is_traded_as_each_platform_wants_it() {
    for platform in PLATFORMS {
        let remote = Remote::start().await;
        let answer = |token: &str| {
            Reply::json(&json!({ "access_token": token, "token_type": "bearer", "expires_in": 7200, "scope": "a,b c" }))
        };
        remote.serve_in_turn(&token_path(platform), [answer("short"), answer("long")]);
        let connector = at(&remote.url("/"), platform);
        let verifier = "verifier-1".into();
        let tokens =
            connector.oauth().exchange(&http(), &app(), &"code-1".into(), &callback(), Some(&verifier)).await.unwrap();
        assert_eq!(tokens.access_lives, Some(Duration::from_hours(2)));
        assert_eq!(tokens.scopes.unwrap(), ["a", "b", "c"]);
        let seen = remote.seen(&token_path(platform));
        let first = format!("{}{}", seen[0].query, seen[0].body);
        assert!(
            first.contains("code=code-1") && first.contains("redirect_uri=https%3A%2F%2Fhub.example.com"),
            "{first}"
        );
        let is_meta = ["facebook", "instagram"].contains(&platform);
        assert_eq!(first.contains("grant_type=authorization_code"), !is_meta);
        assert_eq!(first.contains("code_verifier=verifier-1"), platform == "x");
        assert_eq!(first.contains("client_secret=s3cret"), platform != "x");
        assert_eq!(seen[0].headers.contains_key("authorization"), platform == "x");
        if is_meta {
            assert!(seen[1].query.contains("grant_type=fb_exchange_token&fb_exchange_token=short"));
            assert_eq!(tokens.access.expose(), "long");
        } else {
            assert_eq!((seen.len(), tokens.access.expose()), (1, "short"));
        }
    }
}

#[tokio::test]
async fn refresh_keeps_what_the_answer_leaves_open() {
    for platform in PLATFORMS {
        let remote = Remote::start().await;
        remote.serve(&token_path(platform), Reply::json(&json!({ "access_token": "new" })));
        let renewed =
            at(&remote.url("/"), platform).refresh(&http(), &app(), &tokens("old", Some("keep"))).await.unwrap();
        assert_eq!(renewed.access.expose(), "new");
        assert_eq!(renewed.refresh.unwrap().expose(), "keep", "{platform}");
        assert_eq!(renewed.scopes.unwrap(), ["old"]);
    }
    let remote = Remote::start().await;
    remote.serve(&token_path("x"), Reply::json(&json!({ "access_token": "new", "refresh_token": "next" })));
    let renewed = at(&remote.url("/"), "x").refresh(&http(), &app(), &tokens("old", Some("used"))).await.unwrap();
    assert_eq!(renewed.refresh.unwrap().expose(), "next");
    assert!(remote.seen(&token_path("x"))[0].body.contains("refresh_token=used"));
}

#[tokio::test]
async fn empty_refresh_never_yields_a_token() {
    for platform in PLATFORMS {
        let remote = Remote::start().await;
        for body in [
            "",
            "{}",
            "{\"access_token\":\"\"}",
            "{\"access_token\":null}",
            "{\"access_token\":7}",
            "{\"access_token\":\"a b\"}",
            "[]",
        ] {
            remote.serve(&token_path(platform), Reply::text(body));
            let outcome = at(&remote.url("/"), platform).refresh(&http(), &app(), &tokens("old", Some("r"))).await;
            assert!(matches!(outcome, Err(CallError::Unreadable(_))), "{platform} {body}");
        }
    }
}

#[tokio::test]
async fn refused_refresh_asks_for_a_person() {
    for platform in PLATFORMS {
        let remote = Remote::start().await;
        let refresh = async |reply: Reply| {
            remote.serve(&token_path(platform), reply);
            at(&remote.url("/"), platform).refresh(&http(), &app(), &tokens("old", Some("r"))).await.unwrap_err()
        };
        assert_eq!(
            refresh(Reply::json(&json!({ "error": "invalid_grant" })).with_status(400)).await,
            CallError::Reauth
        );
        assert_eq!(
            refresh(Reply::json(&json!({ "error": "invalid_request" })).with_status(400)).await,
            CallError::Reauth
        );
        let wrong_app = refresh(Reply::json(&json!({ "error": "invalid_client" })).with_status(401)).await;
        assert_eq!(Refusal::of(&wrong_app), Some(Refusal::Permission));
        let slow = refresh(Reply::json(&json!({})).with_status(429)).await;
        assert!(matches!(slow, CallError::Later { .. }), "{platform}");
    }
    let expired = json!({ "error": { "code": 190, "error_subcode": 463 } });
    let remote = Remote::start().await;
    remote.serve(&token_path("facebook"), Reply::json(&expired).with_status(400));
    let outcome = at(&remote.url("/"), "facebook").refresh(&http(), &app(), &tokens("old", None)).await;
    assert_eq!(outcome.unwrap_err(), CallError::Reauth);
    for platform in ["x", "linkedin"] {
        let outcome = connector(platform).refresh(&http(), &app(), &tokens("old", None)).await;
        assert_eq!(outcome.unwrap_err(), CallError::Reauth, "without a refresh token");
    }
}

#[tokio::test]
async fn cut_refresh_is_unknown_only_where_tokens_work_once() {
    for (platform, expected) in [
        ("x", CallError::Unknown),
        ("linkedin", CallError::Later { after: None }),
        ("facebook", CallError::Later { after: None }),
    ] {
        let connector = at(&hanging_up(b"").await, platform);
        let outcome = connector.refresh(&http(), &app(), &tokens("old", Some("r"))).await;
        assert_eq!(outcome.unwrap_err(), expected, "{platform}");
    }
}

#[tokio::test]
async fn refused_code_is_no_dead_account() {
    for platform in PLATFORMS {
        let remote = Remote::start().await;
        remote.serve(&token_path(platform), Reply::json(&json!({ "error": "invalid_grant" })).with_status(400));
        let connector = at(&remote.url("/"), platform);
        let outcome = connector.oauth().exchange(&http(), &app(), &"c".into(), &callback(), None).await;
        assert_eq!(Refusal::of(&outcome.unwrap_err()), Some(Refusal::Rejected));
    }
}
