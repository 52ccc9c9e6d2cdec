//! X.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use socialai_sim::{EffectFilter, RecordingFilter};

use super::receiver::{REDIRECT, SECRET, Stage, hmac_of};
use crate::client::{Lab, PATIENCE, Reply};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

async fn call(stage: &Stage, method: Method, path: &str, token: &str, body: Option<Value>) -> Response {
    let request = stage.lab.client.request(method, stage.lab.address(&stage.path(path))).bearer_auth(token);
    match body {
        Some(body) => request.json(&body),
        None => request,
    }
    .send()
    .await
    .unwrap()
}

async fn post(stage: &Stage, path: &str, body: Value) -> Reply {
    Lab::read(call(stage, Method::POST, path, &stage.text("/token"), Some(body)).await).await.unwrap()
}

async fn get(stage: &Stage, path: &str) -> Reply {
    Lab::read(call(stage, Method::GET, path, &stage.text("/token"), None).await).await.unwrap()
}

async fn form(stage: &Stage, path: &str, client: &str, secret: &str, fields: &[(&str, &str)]) -> Reply {
    let request = stage.lab.client.post(stage.lab.address(&stage.path(path))).basic_auth(client, Some(secret));
    Lab::read(request.form(fields).send().await.unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_direct_message_arrives_sealed_in_base64() {
    let stage = Stage::of("x").await;
    let said = stage.act("say", json!({ "person": "OtherUser", "text": "hello é!" })).await;
    let got = &stage.told("message", 1).await[0];
    let signature = format!("sha256={}", STANDARD.encode(hmac_of(SECRET, &got.body)));
    assert_eq!(got.header("x-twitter-webhooks-signature"), signature);
    let data = got.json()["data"].clone();
    assert_eq!((&data["event_type"], &data["filter"]["user_id"]), (&json!("dm.received"), &json!(stage.account())));
    let event = &data["payload"]["direct_message_events"][0];
    assert_eq!((&event["id"], &event["message_create"]["sender_id"]), (&said["id"], &said["person"]));
    assert!(data["event_uuid"].is_string() && event["created_timestamp"].is_string());
}

#[tokio::test]
async fn an_answer_is_created_limited_and_told_as_sent() {
    let stage = Stage::of("x").await;
    let person = stage.act("say", json!({ "person": "OtherUser", "text": "hello" })).await["person"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/2/dm_conversations/with/{person}/messages");
    let response = call(&stage, Method::POST, &path, &stage.text("/token"), Some(json!({ "text": "Hi" }))).await;
    assert_eq!(response.headers()["x-rate-limit-remaining"], "14");
    assert_eq!(response.headers()["x-rate-limit-limit"], "15");
    let sent = Lab::read(response).await.unwrap();
    assert_eq!(sent.status, 201);
    assert_eq!(sent.json()["data"]["dm_conversation_id"], format!("{}-{person}", stage.account()));
    let echo = stage.told("echo", 1).await[1].json()["data"].clone();
    assert_eq!(echo["event_type"], "dm.sent");
    assert_eq!(echo["payload"]["direct_message_events"][0]["id"], sent.json()["data"]["dm_event_id"]);
    assert_eq!(post(&stage, &path, json!({ "text": "x".repeat(10_001) })).await.status, 400);
    for _ in 0..13 {
        assert_eq!(post(&stage, &path, json!({ "text": "Hi" })).await.status, 201);
    }
    assert_eq!(post(&stage, &path, json!({ "text": "Hi" })).await.status, 429);
    stage.lab.move_clock(15 * 60);
    assert_eq!(post(&stage, &path, json!({ "text": "Hi" })).await.status, 201);
    let visible = stage.lab.world.visible(&EffectFilter::of("x").what("message_visible"));
    assert_eq!((visible.total, visible.repeated[0].times), (15, 15));
    let read = get(&stage, "/2/dm_events?max_results=10").await.json();
    assert_eq!((read["data"].as_array().unwrap().len(), &read["data"][0]["text"]), (10, &json!("Hi")));
    let next = read["meta"]["next_token"].as_str().unwrap();
    let rest = get(&stage, &format!("/2/dm_events?max_results=10&pagination_token={next}")).await.json();
    assert_eq!(rest["data"].as_array().unwrap().len(), 6);
    assert!(rest["meta"]["next_token"].is_null());
}

#[tokio::test]
async fn only_who_was_called_may_reply_and_nobody_twice_the_same() {
    let stage = Stage::of("x").await;
    let mention =
        stage.act("comment", json!({ "person": "Bob", "text": "@acme_outdoor how?", "is_mention": true })).await;
    let data = stage.told("mention", 1).await[0].json()["data"].clone();
    assert_eq!((&data["event_type"], &data["payload"]["id"]), (&json!("post.mention.create"), &mention["id"]));
    let reply = async |to: &Value, text: &str| {
        post(&stage, "/2/tweets", json!({ "text": text, "reply": { "in_reply_to_tweet_id": to } })).await
    };
    assert_eq!(reply(&mention["id"], "like this").await.status, 201);
    let again = reply(&mention["id"], "like this").await;
    assert_eq!((again.status.as_u16(), again.json()["title"].as_str()), (403, Some("Forbidden")));
    assert!(again.json()["detail"].as_str().unwrap().contains("duplicate content"));
    let uninvited =
        stage.act("comment", json!({ "person": "Bob", "text": "nice weather", "post": "1850000000000000099" })).await;
    let refused = reply(&uninvited["id"], "indeed").await;
    assert_eq!(refused.status, 403);
    assert!(refused.json()["detail"].as_str().unwrap().contains("not been mentioned"), "{}", refused.text);
    assert_eq!(reply(&json!("1"), "x").await.status, 403);
    assert_eq!(post(&stage, "/2/tweets", json!({ "text": "日".repeat(141) })).await.status, 400);
    assert_eq!(post(&stage, "/2/tweets", json!({ "text": "日".repeat(140) })).await.status, 201);
    let mentions = get(&stage, &format!("/2/users/{}/mentions", stage.account())).await.json();
    assert_eq!((mentions["meta"]["result_count"].as_u64(), &mentions["data"][0]["id"]), (Some(1), &mention["id"]));
    let since = mentions["data"][0]["id"].as_str().unwrap();
    let newer = get(&stage, &format!("/2/users/{}/mentions?since_id={since}", stage.account())).await.json();
    assert!(newer.get("data").is_none() && newer["meta"]["result_count"] == 0, "{newer}");
    let own = get(&stage, &format!("/2/users/{}/tweets", stage.account())).await.json();
    let texts: Vec<_> = own["data"].as_array().unwrap().iter().map(|post| post["text"].clone()).collect();
    assert_eq!(texts, [json!("日".repeat(140)), json!("like this")]);
}

#[tokio::test]
async fn refresh_tokens_work_once_and_a_second_use_ends_all() {
    let stage = Stage::of("x").await;
    let (app, secret) = (stage.text("/app/id"), stage.text("/app/client_secret"));
    let refresh = async |token: &str| {
        form(&stage, "/2/oauth2/token", &app, &secret, &[("grant_type", "refresh_token"), ("refresh_token", token)])
            .await
    };
    let old = stage.text("/refresh_token");
    let new = refresh(&old).await.json();
    let me = async |token: &str| call(&stage, Method::GET, "/2/users/me", token, None).await.status().as_u16();
    let access = new["access_token"].as_str().unwrap().to_owned();
    assert_eq!((me(&access).await, new["expires_in"].as_u64()), (200, Some(7_200)));
    assert_ne!(new["refresh_token"], json!(old));
    assert_eq!(refresh(&old).await.json()["error"], "invalid_request");
    assert_eq!((me(&access).await, refresh(new["refresh_token"].as_str().unwrap()).await.status.as_u16()), (401, 400));
}

#[tokio::test]
async fn access_ends_after_two_hours() {
    let stage = Stage::of("x").await;
    stage.lab.move_clock(2 * 3_600 + 1);
    let dead = get(&stage, "/2/users/me").await;
    assert_eq!(
        dead.json(),
        json!({ "title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized" })
    );
}

#[tokio::test]
async fn a_login_proves_the_challenge_within_thirty_seconds() {
    let stage = Stage::of("x").await;
    let (app, secret) = (stage.text("/app/id"), stage.text("/app/client_secret"));
    let code = async |redirect: &str| -> Result<String, u16> {
        let mut url = url::Url::parse(&stage.lab.address("/x/i/oauth2/authorize")).unwrap();
        url.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", app.as_str()),
            ("redirect_uri", redirect),
            ("state", "s"),
            ("scope", "dm.read offline.access"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("decision", "continue"),
        ]);
        let response = stage.lab.client.get(url).send().await.unwrap();
        let Some(to) = response.headers().get("location") else { return Err(response.status().as_u16()) };
        let to = url::Url::parse(to.to_str().unwrap()).unwrap();
        let query: HashMap<_, _> = to.query_pairs().into_owned().collect();
        Ok(query["code"].clone())
    };
    assert_eq!(code("http://evil.example/").await, Err(400));
    let exchange = async |code: &str, verifier: &str| {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", verifier),
        ];
        form(&stage, "/2/oauth2/token", &app, &secret, &fields).await
    };
    let first = code(REDIRECT).await.unwrap();
    assert_eq!(exchange(&first, "wrong").await.status, 400);
    assert_eq!(exchange(&first, VERIFIER).await.status, 400);
    let second = code(REDIRECT).await.unwrap();
    stage.lab.move_clock(31);
    assert_eq!(exchange(&second, VERIFIER).await.status, 400);
    let third = code(REDIRECT).await.unwrap();
    let token = exchange(&third, VERIFIER).await.json();
    assert!(token["refresh_token"].is_string() && token["token_type"] == "bearer", "{token}");
}

#[tokio::test]
async fn webhooks_answer_a_challenge_at_once_and_every_hour() {
    let stage = Stage::of("x").await;
    let app = stage.text("/app/id");
    let bearer = form(&stage, "/oauth2/token", &app, SECRET, &[("grant_type", "client_credentials")]).await.json();
    let bearer = bearer["access_token"].as_str().unwrap().to_owned();
    let add = async |url: &str| {
        let response = call(&stage, Method::POST, "/2/webhooks", &bearer, Some(json!({ "url": url }))).await;
        Lab::read(response).await.unwrap()
    };
    let other = format!("{}/other", stage.receiver.url);
    let made = add(&other).await.json();
    assert_eq!((&made["data"]["url"], &made["data"]["valid"]), (&json!(other), &json!(true)));
    assert_eq!(add(&other).await.json()["title"], "DuplicateUrlFailed");
    assert_eq!(add("nonsense").await.json()["title"], "UrlValidationFailed");
    let asked = RecordingFilter::of("x").outgoing().about("handshake");
    stage.lab.move_clock(3_601);
    stage.lab.world.wait_for_recordings(&asked, 3, PATIENCE).await.unwrap();
    stage.receiver.forget_secrets();
    assert_eq!(add(&format!("{other}2")).await.json()["title"], "CrcValidationFailed");
    assert_eq!(stage.act("handshake", json!({ "webhook": made["data"]["id"] })).await["status"], 400);
    let listed = Lab::read(call(&stage, Method::GET, "/2/webhooks", &bearer, None).await).await.unwrap().json();
    let valid: Vec<_> = listed["data"].as_array().unwrap().iter().map(|it| it["valid"].as_bool().unwrap()).collect();
    assert_eq!(valid, [true, false]);
}

#[tokio::test]
async fn both_shapes_of_events_reach_who_subscribed_to_both() {
    let stage = Stage::of("x").await;
    let webhook = stage.text("/webhook_id");
    let path = format!("/2/account_activity/webhooks/{webhook}/subscriptions/all");
    assert_eq!(post(&stage, &path, json!({})).await.json(), json!({ "data": { "subscribed": true } }));
    stage.act("say", json!({ "person": "OtherUser", "text": "hello" })).await;
    let got = stage.told("message", 2).await;
    assert_eq!(got[0].json()["data"]["event_type"], "dm.received");
    assert_eq!(got[1].json()["for_user_id"], json!(stage.account()));
    assert!(got[1].json()["direct_message_events"][0]["message_create"].is_object());
    let again = json!({ "event_type": "dm.received", "filter": { "user_id": stage.account() }, "webhook_id": webhook });
    assert_eq!(post(&stage, "/2/activity/subscriptions", again.clone()).await.status, 409);
    let listed = get(&stage, "/2/activity/subscriptions").await.json();
    assert_eq!(listed["meta"]["total_subscriptions"], 10);
    let foreign = json!({ "event_type": "dm.received", "filter": { "user_id": "1" }, "webhook_id": webhook });
    assert_eq!(post(&stage, "/2/activity/subscriptions", foreign).await.status, 403);
    stage.act("revoke", json!({})).await;
    let revoked = stage.told("revoke", 1).await.last().unwrap().json();
    assert_eq!((&revoked["data"]["event_type"], &revoked["data"]["filter"]), (&json!("oauth.revoke"), &json!({})));
    assert_eq!(get(&stage, "/2/users/me").await.status, 401);
}
