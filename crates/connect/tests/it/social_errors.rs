//! What each platform's errors mean, over real HTTP.

use std::time::Duration;

use serde_json::{Value, json};
use socialai_connect::call::CallError;
use socialai_connect::social::refusal::Refusal;

use crate::remote::Reply;
use crate::social::{PLATFORMS, a_send, at, credentials, hanging_up, http, serving};

/// How a send fails.
async fn failed(platform: &str, reply: Reply) -> CallError {
    let (outgoing, path, _) = a_send(platform);
    let (_remote, connector) = serving(platform, path, reply).await;
    connector.send(&http(), &credentials(platform), &outgoing).await.unwrap_err()
}

/// How a read fails.
async fn unread(platform: &str, reply: Reply) -> CallError {
    let path = match platform {
        "x" => "/2/users/me",
        "linkedin" => "/rest/organizationAcls",
        _ => "/v26.0/me/accounts",
    };
    let (_remote, connector) = serving(platform, path, reply).await;
    connector.accounts(&http(), &credentials(platform).token).await.unwrap_err()
}

fn later(seconds: u64) -> CallError {
    CallError::Later { after: Some(Duration::from_secs(seconds)) }
}

fn meta_error(code: i64, subcode: i64) -> Value {
    let error = json!({ "message": "(#1) token EAAB_s3cret", "type": "OAuthException", "code": code, "error_subcode": subcode });
    json!({ "error": error })
}

#[tokio::test]
async fn codes_of_meta_tell_what_can_be_done() {
    let cases = [
        ((10, 2_018_278), Refusal::OutsideWindow),
        ((100, 2_534_022), Refusal::OutsideWindow),
        ((10, 2_534_022), Refusal::OutsideWindow),
        ((4, 2_018_354), Refusal::TooFrequent),
        ((9, 2_018_352), Refusal::TooFrequent),
        ((10, 1_893_063), Refusal::AccountBlocked),
        ((368, 0), Refusal::AccountBlocked),
        ((10, 0), Refusal::Permission),
        ((200, 0), Refusal::Permission),
        ((299, 0), Refusal::Permission),
        ((3, 0), Refusal::Permission),
        ((100, 2_018_001), Refusal::Recipient),
        ((551, 0), Refusal::Recipient),
        ((200, 1_545_041), Refusal::Recipient),
        ((100, 2_534_014), Refusal::Recipient),
        ((100, 2_534_023), Refusal::Recipient),
        ((100, 33), Refusal::Rejected),
        ((506, 0), Refusal::Duplicate),
        ((12_345, 0), Refusal::Rejected),
    ];
    for platform in ["facebook", "instagram"] {
        for ((code, subcode), refusal) in cases {
            let mut outgoing = a_send(platform).0;
            outgoing.is_human = false;
            let (_remote, connector) =
                serving(platform, a_send(platform).1, Reply::json(&meta_error(code, subcode)).with_status(400)).await;
            let error = connector.send(&http(), &credentials(platform), &outgoing).await.unwrap_err();
            assert_eq!(Refusal::of(&error), Some(refusal), "{code}/{subcode}: {error:?}");
            assert!(!format!("{error:?} {error}").contains("s3cret"));
        }
    }
}

#[tokio::test]
async fn trouble_of_meta_is_waited_for() {
    for status in [400, 403, 500] {
        for (code, subcode) in [(190, 463), (190, 458), (190, 0), (102, 0)] {
            let error = failed("facebook", Reply::json(&meta_error(code, subcode)).with_status(status)).await;
            assert_eq!(error, CallError::Reauth, "{code}");
        }
        for code in [4, 17, 32, 341, 613, 80_001, 80_002, 80_006] {
            let error = failed("facebook", Reply::json(&meta_error(code, 0)).with_status(status)).await;
            assert_eq!(error, later(60), "{code}");
        }
        for code in [1, 2, 1200] {
            let error = failed("facebook", Reply::json(&meta_error(code, 0)).with_status(status)).await;
            assert_eq!(error, CallError::Later { after: None }, "{code}");
        }
    }
    let transient = json!({ "error": { "code": 77, "is_transient": true } });
    assert_eq!(failed("facebook", Reply::json(&transient).with_status(400)).await, CallError::Later { after: None });
    assert_eq!(failed("facebook", Reply::text("<html>").with_status(400)).await, CallError::Later { after: None });
    // Nobody knows whether the message had gone out behind the gateway.
    assert_eq!(failed("facebook", Reply::text("<html>").with_status(502)).await, CallError::Unknown);
    assert_eq!(failed("facebook", Reply::json(&meta_error(12_345, 0)).with_status(500)).await, CallError::Unknown);
    assert_eq!(unread("facebook", Reply::text("<html>").with_status(502)).await, CallError::Later { after: None });
    assert!(matches!(unread("facebook", Reply::text("<html>")).await, CallError::Unreadable(_)));
}

#[tokio::test]
async fn usage_headers_of_meta_say_how_long() {
    let limited = |usage: &str| {
        Reply::json(&meta_error(80_006, 0)).with_status(400).with_header("x-business-use-case-usage", usage)
    };
    let usage = r#"{"7":[{"type":"messenger","call_count":100,"estimated_time_to_regain_access":19},{"type":"ads","call_count":100,"estimated_time_to_regain_access":99}]}"#;
    assert_eq!(failed("facebook", limited(usage)).await, later(19 * 60));
    let below = r#"{"7":[{"type":"messenger","call_count":97,"estimated_time_to_regain_access":0}]}"#;
    assert_eq!(failed("facebook", limited(below)).await, later(60));
    assert_eq!(failed("facebook", limited("nonsense")).await, later(60));
    let app = Reply::json(&meta_error(4, 0)).with_status(400).with_header("x-app-usage", r#"{"call_count":100}"#);
    assert_eq!(failed("facebook", app).await, later(300));
}

#[tokio::test]
async fn errors_of_x_tell_what_can_be_done() {
    let problem = |name: &str, detail: &str| json!({ "title": "t", "detail": detail, "type": format!("https://api.x.com/2/problems/{name}") });
    let legacy = |code: i64, words: &str| json!({ "errors": [{ "code": code, "message": words }] });
    let cases = [
        (403, problem("client-forbidden", "no"), Refusal::Permission),
        (
            403,
            problem("not-authorized-for-resource", "You cannot send messages to this recipient s3cret"),
            Refusal::Recipient,
        ),
        (403, problem("x", "You are not allowed to create a Tweet with duplicate content."), Refusal::Duplicate),
        (
            403,
            problem("x", "Reply to this conversation is not allowed because you have not been mentioned"),
            Refusal::NotMentioned,
        ),
        (403, legacy(349, ""), Refusal::Recipient),
        (403, legacy(187, ""), Refusal::Duplicate),
        (403, legacy(326, ""), Refusal::AccountBlocked),
        (403, problem("usage-capped", "x"), Refusal::OutOfCredits),
        (429, problem("usage-capped", "x"), Refusal::OutOfCredits),
        (402, json!({}), Refusal::OutOfCredits),
        (400, problem("invalid-request", "x"), Refusal::Rejected),
        (404, problem("resource-not-found", "x"), Refusal::Rejected),
        (409, json!({}), Refusal::Rejected),
    ];
    for (status, body, refusal) in cases {
        let error = failed("x", Reply::json(&body).with_status(status)).await;
        assert_eq!(Refusal::of(&error), Some(refusal), "{status} {body}");
        assert!(!format!("{error:?} {error}").contains("s3cret"));
    }
    assert_eq!(failed("x", Reply::json(&json!({})).with_status(401)).await, CallError::Reauth);
    for status in [500, 502, 504] {
        assert_eq!(failed("x", Reply::status(status)).await, CallError::Unknown);
        assert_eq!(unread("x", Reply::status(status)).await, CallError::Later { after: None });
    }
}

#[tokio::test]
async fn limits_of_x_say_when_they_end() {
    const NOON: &str = "Sat, 21 Nov 2026 12:00:00 GMT";
    let noon = 1_795_262_400_i64;
    let limited = |headers: &[(&'static str, String)]| {
        let reply = Reply::status(429).with_header("date", NOON);
        headers.iter().fold(reply, |reply, (name, value)| reply.with_header(name, value))
    };
    let reset = |seconds: i64| (noon + seconds).to_string();
    assert_eq!(failed("x", limited(&[("x-rate-limit-reset", reset(700))])).await, later(700));
    assert_eq!(failed("x", limited(&[])).await, later(60));
    let daily = [("x-user-limit-24hour-remaining", "0".to_owned()), ("x-user-limit-24hour-reset", reset(40_000))];
    assert_eq!(failed("x", limited(&daily)).await, later(40_000));
    let code = json!({ "errors": [{ "code": 88, "message": "Rate limit exceeded" }] });
    assert_eq!(failed("x", Reply::json(&code).with_status(403)).await, later(60));
}

#[tokio::test]
async fn errors_of_linkedin_tell_what_can_be_done() {
    let error = |code: i64, words: &str| json!({ "status": 1, "serviceErrorCode": code, "message": words });
    let cases = [
        (403, error(100, "no"), Refusal::Permission),
        (403, error(100, "Field /content is not allowed"), Refusal::Content),
        (400, error(0, ""), Refusal::Rejected),
        (404, error(0, ""), Refusal::Rejected),
        (422, error(0, ""), Refusal::Rejected),
        (409, error(0, ""), Refusal::Duplicate),
        (426, error(0, ""), Refusal::Outdated),
    ];
    for (status, body, refusal) in cases {
        let error = failed("linkedin", Reply::json(&body).with_status(status)).await;
        assert_eq!(Refusal::of(&error), Some(refusal), "{status} {body}");
    }
    for code in [65_600, 65_601, 65_602] {
        assert_eq!(failed("linkedin", Reply::json(&error(code, "")).with_status(401)).await, CallError::Reauth);
    }
    let throttled = error(101, "Resource creation rate limit exceeded for member");
    assert_eq!(failed("linkedin", Reply::json(&throttled).with_status(429)).await, later(60));
    let quota = Reply::json(&error(101, "day")).with_status(429).with_header("date", "Sat, 21 Nov 2026 22:30:00 GMT");
    assert_eq!(failed("linkedin", quota).await, later(90 * 60));
    assert_eq!(failed("linkedin", Reply::status(500)).await, CallError::Unknown);
    assert_eq!(unread("linkedin", Reply::status(500)).await, CallError::Later { after: None });
}

#[tokio::test]
async fn cut_connection_after_a_send_leaves_its_outcome_unknown() {
    for platform in PLATFORMS {
        for head in [&b""[..], b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"message"] {
            let connector = at(&hanging_up(head).await, platform);
            let (outgoing, ..) = a_send(platform);
            let sent = connector.send(&http(), &credentials(platform), &outgoing).await;
            assert_eq!(sent.unwrap_err(), CallError::Unknown, "{platform}");
            let read = connector.accounts(&http(), &credentials(platform).token).await;
            assert_eq!(read.unwrap_err(), CallError::Later { after: None }, "{platform}");
        }
    }
}

#[tokio::test]
async fn success_that_names_no_message_leaves_its_outcome_unknown() {
    for platform in ["facebook", "instagram", "x"] {
        for body in ["", "{}", "[]", "{\"data\":{}}", "<html>", "{\"message_id\":\"\"}"] {
            assert_eq!(failed(platform, Reply::text(body)).await, CallError::Unknown, "{platform} {body}");
        }
    }
    assert_eq!(failed("linkedin", Reply::text("{}").with_status(201)).await, CallError::Unknown);
}
