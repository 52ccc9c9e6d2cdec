//! The receiver of outgoing webhooks, with the specification's own vectors.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;
use socialai_sim::EffectFilter;

use super::client::{Lab, Reply};

const SETTINGS: &str = "/_control/simulators/webhook-receiver/settings";
const BODY: &str = r#"{"type":"lead.hot","timestamp":"2026-11-21T09:00:00Z","data":{}}"#;

fn secret(byte: u8) -> String {
    format!("whsec_{}", STANDARD.encode([byte; 32]))
}

fn signature(byte: u8, id: &str, timestamp: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32]);
    format!("v1,{}", STANDARD.encode(hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes())))
}

async fn inbox(byte: u8) -> Lab {
    let lab = Lab::start().await;
    let reply = lab.put(SETTINGS, &json!({ "inboxes": { "orders": { "secret": secret(byte) } } })).await;
    assert_eq!(reply.status, 204, "{}", reply.text);
    lab
}

async fn send(lab: &Lab, headers: &[(&str, &str)], body: &str) -> Reply {
    let request = lab.client.post(lab.address("/webhook-receiver/orders")).body(body.to_owned());
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    Lab::read(request.send().await.unwrap()).await.unwrap()
}

async fn deliver(lab: &Lab, byte: u8, id: &str) -> Reply {
    let now = lab.now().unix_timestamp();
    let signed = signature(byte, id, now, BODY);
    send(lab, &[("webhook-id", id), ("webhook-timestamp", &now.to_string()), ("webhook-signature", &signed)], BODY)
        .await
}

fn accepted(lab: &Lab) -> u64 {
    lab.world.visible(&EffectFilter::of("webhook-receiver").at("orders").what("webhook_accepted")).total
}

#[tokio::test]
async fn a_repeated_id_is_accepted_again_but_visible_once() {
    let lab = inbox(1).await;
    assert_eq!(deliver(&lab, 1, "msg_1").await.json(), json!({ "accepted": "msg_1", "repeat": false }));
    assert_eq!(deliver(&lab, 1, "msg_1").await.json(), json!({ "accepted": "msg_1", "repeat": true }));
    deliver(&lab, 1, "msg_2").await;
    assert_eq!(accepted(&lab), 2);
    let state = lab.world.state("webhook-receiver").unwrap();
    assert_eq!((&state["inboxes"][0]["accepted"], &state["inboxes"][0]["repeats"]), (&json!(2), &json!(1)));
    assert_eq!(state["deliveries"][0]["type"], "lead.hot");
}

#[tokio::test]
async fn the_specifications_vectors_verify_and_its_forgery_does_not() {
    let lab = Lab::start().await;
    for (secret, id, timestamp, body, signature) in [
        (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330_i64,
            r#"{"test": 2432232314}"#,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
        (
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            1_649_367_553,
            r#"{"email":"test@example.com","username":"test_user"}"#,
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        ),
    ] {
        lab.put(SETTINGS, &json!({ "inboxes": { "orders": { "secret": secret } } })).await;
        lab.move_clock(timestamp - lab.now().unix_timestamp());
        let at = timestamp.to_string();
        let headers = |signature| [("webhook-id", id), ("webhook-timestamp", &at), ("webhook-signature", signature)];
        let forged = signature.replace("E=", "A=").replace("Kkw=", "KkA=");
        assert_eq!(send(&lab, &headers(&forged), body).await.status, 401);
        assert_eq!(send(&lab, &headers(signature), body).await.status, 200);
        // While a secret is changed the sender signs with both; other versions are skipped.
        let several = format!("v1a,unknown {forged} {signature}");
        assert_eq!(send(&lab, &headers(&several), body).await.status, 200);
    }
}

#[tokio::test]
async fn what_is_not_signed_rightly_is_refused_and_seen_by_nobody() {
    let lab = inbox(1).await;
    let now = lab.now().unix_timestamp();
    let (at, right) = (now.to_string(), signature(1, "msg_1", now, BODY));
    let refused = async |headers: &[(&str, &str)], body: &str| {
        let reply = send(&lab, headers, body).await;
        assert_eq!(reply.status, 401, "{headers:?}");
    };
    let (id, timestamp) = (("webhook-id", "msg_1"), ("webhook-timestamp", at.as_str()));
    refused(&[id, timestamp], BODY).await;
    refused(&[id, ("webhook-signature", &right)], BODY).await;
    refused(&[timestamp, ("webhook-signature", &right)], BODY).await;
    refused(&[id, timestamp, ("webhook-signature", &right)], "{}").await;
    refused(&[("webhook-id", "msg_2"), timestamp, ("webhook-signature", &right)], BODY).await;
    refused(&[id, timestamp, ("webhook-signature", &signature(2, "msg_1", now, BODY))], BODY).await;
    refused(&[id, timestamp, ("webhook-signature", &right.replace("v1,", "v2,"))], BODY).await;
    refused(&[id, ("webhook-timestamp", "soon"), ("webhook-signature", &right)], BODY).await;
    refused(&[id, ("webhook-timestamp", "99999999999999999"), ("webhook-signature", &right)], BODY).await;
    assert_eq!(accepted(&lab), 0);
    assert_eq!(send(&lab, &[id, timestamp, ("webhook-signature", &right)], BODY).await.status, 200);
}

#[tokio::test]
async fn stale_and_future_timestamps_are_refused() {
    let lab = inbox(1).await;
    for (seconds, status) in [(-301, 401), (-290, 200), (290, 200), (310, 401)] {
        let at = lab.now().unix_timestamp() + seconds;
        let id = format!("msg_{seconds}");
        let signed = signature(1, &id, at, BODY);
        let headers =
            [("webhook-id", id.as_str()), ("webhook-timestamp", &at.to_string()), ("webhook-signature", &signed)];
        assert_eq!(send(&lab, &headers, BODY).await.status, status, "{seconds}");
    }
}

#[tokio::test]
async fn an_inbox_answers_what_it_was_told_and_then_accepts_nothing() {
    let lab = inbox(1).await;
    for status in [410, 429, 500] {
        lab.put(SETTINGS, &json!({ "inboxes": { "orders": { "status": status } } })).await;
        assert_eq!(deliver(&lab, 1, "msg_1").await.status.as_u16(), status);
        assert_eq!(deliver(&lab, 2, "msg_1").await.status.as_u16(), 401);
    }
    assert_eq!(accepted(&lab), 0);
    lab.put(SETTINGS, &json!({ "inboxes": { "orders": { "status": 204 } } })).await;
    assert_eq!(deliver(&lab, 1, "msg_1").await.status.as_u16(), 204);
    assert_eq!(accepted(&lab), 1);
}

#[tokio::test]
async fn a_changed_secret_keeps_what_was_accepted() {
    let lab = inbox(1).await;
    deliver(&lab, 1, "msg_1").await;
    lab.put(SETTINGS, &json!({ "inboxes": { "orders": { "secret": secret(2) } } })).await;
    assert_eq!(deliver(&lab, 1, "msg_2").await.status, 401);
    assert_eq!(deliver(&lab, 2, "msg_1").await.json()["repeat"], true);
}

#[tokio::test]
async fn inboxes_are_known_by_their_secret_only() {
    let lab = inbox(1).await;
    assert_eq!(lab.post("/webhook-receiver/other", &json!({})).await.status, 404);
    assert_eq!(lab.post("/webhook-receiver/a/b", &json!({})).await.status, 404);
    assert_eq!(lab.get("/webhook-receiver/orders").await.status, 405);
    for settings in [
        json!({ "inboxes": { "new": {} } }),
        json!({ "inboxes": { "new": { "secret": "whsec_c2hvcnQ=" } } }),
        json!({ "inboxes": { "new": { "secret": STANDARD.encode([1; 32]) } } }),
        json!({ "inboxes": { "new": { "secret": "whsec_%%%" } } }),
        json!({ "inboxes": { "n/w": { "secret": secret(1) } } }),
        json!({ "inboxes": { "": { "secret": secret(1) } } }),
        json!({ "inboxes": { "orders": { "status": 99 } } }),
        json!({ "inboxes": { "orders": { "status": 200, "secret": secret(2) }, "new": {} } }),
        json!({ "boxes": {} }),
    ] {
        assert_eq!(lab.put(SETTINGS, &settings).await.status, 422, "{settings}");
    }
    assert_eq!(deliver(&lab, 1, "msg_1").await.status, 200);
    let state = lab.world.state("webhook-receiver").unwrap().to_string();
    assert!(!state.contains("whsec_"), "{state}");
}
