//! Answers: once, by the channel's rules, and told how far they came.

use serde_json::{Value, json};
use time::Duration;

use super::{Desk, ids_in};

#[tokio::test]
async fn answer_is_written_once_however_often_it_is_sent() {
    let desk = Desk::new().await;
    let id = desk.wrote("Maria", "hello").await;
    let path = format!("/conversations/{id}/reply");
    let body = json!({ "text": "Hi Maria! \u{1f44b} <b>" });
    let first = desk.post_once("k1", &path, &body).await;
    assert_eq!((first.status.as_u16(), &first.body["state"]), (202, &json!("queued")), "{}", first.text);
    let again = desk.post_once("k1", &path, &body).await;
    assert_eq!((&again.body, again.headers["idempotency-replayed"].to_str().unwrap()), (&first.body, "true"));
    desk.post_once("k1", &path, &json!({ "text": "other" })).await.is_problem(409, "idempotency_key_reused");
    let messages = desk.read(&format!("/conversations/{id}/messages")).await;
    assert_eq!(ids_in(&messages).len(), 2);
    assert_eq!(messages["items"][0]["text"], body["text"]);
    let conversation = desk.read(&format!("/conversations/{id}")).await;
    assert_eq!((&conversation["unread_count"], &conversation["awaiting_since"]), (&json!(0), &Value::Null));
    let opened = desk.read(&format!("/messages/{}", first.body["id"].as_str().unwrap())).await;
    assert_eq!((&opened["message"]["author_id"], &opened["raw"]), (&json!(desk.agent.id), &Value::Null));
    let theirs = messages["items"][1]["id"].as_str().unwrap();
    assert_eq!(desk.read(&format!("/messages/{theirs}")).await["raw"], json!({ "as": "it came" }));
    // It is on its way: there is nothing to send again.
    let retry = format!("/messages/{}/retry", first.body["id"].as_str().unwrap());
    desk.post(&retry, &json!({})).await.is_problem(409, "already_done");
}

#[tokio::test]
async fn what_the_channel_forbids_is_refused_with_the_reason_and_changes_nothing() {
    let desk = Desk::new().await;
    let id = desk.wrote("Maria", "hello").await;
    let (path, state) = (format!("/conversations/{id}/reply"), format!("/conversations/{id}"));
    let before = desk.read(&state).await;
    let long = desk.post(&path, &json!({ "text": "x".repeat(2_001) })).await;
    long.is_problem(422, "channel_refuses");
    assert!(long.body["detail"].as_str().unwrap().contains("2001"), "{}", long.text);
    desk.post(&path, &json!({ "text": "  " })).await.is_problem(422, "channel_refuses");
    desk.post(&path, &json!({})).await.is_problem(422, "channel_refuses");
    desk.post(&path, &json!({ "text": "a", "quick_replies": ["x".repeat(21)] })).await.is_problem(422, "invalid");
    let unknown = json!({ "text": "a", "attachment_ids": [socialai_domain::ids::AttachmentId::fresh()] });
    desk.post(&path, &unknown).await.is_problem(422, "invalid");
    let elsewhere = json!({ "text": "a", "reply_to": socialai_domain::ids::MessageId::fresh() });
    desk.post(&path, &elsewhere).await.is_problem(422, "invalid");
    desk.post(&path, &json!({ "text": "a", "to": "b" })).await.is_problem(422, "invalid");
    let key = desk.server.api_key(&desk.tenant, &["channels:*"]).await;
    let gone = format!("/channel-accounts/{}/disconnect", desk.account.id);
    assert_eq!(desk.server.post_as(&key, &gone, &json!({})).await.status, 200);
    desk.post(&path, &json!({ "text": "a" })).await.is_problem(409, "channel_not_connected");
    assert_eq!(desk.read(&state).await, before);
    assert_eq!(ids_in(&desk.read(&format!("{state}/messages")).await).len(), 1);
}

#[tokio::test]
async fn policy_says_until_when_and_afterwards_why_not() {
    // Its own clock moves.
    let desk = Desk::new().await;
    let id = desk.wrote("Maria", "hello").await;
    let path = format!("/conversations/{id}/policy");
    let open = desk.read(&path).await;
    assert_eq!((&open["verdict"]["refused"], &open["rules"]["platform"]), (&Value::Null, &json!("facebook")));
    assert!(open["verdict"]["window_closes_at"].is_string() && open["verdict"]["text_limit"].as_u64().unwrap() > 0);
    assert!(open["rules"]["unit"].is_string() && open["at"].is_string());
    desk.server.lab.clock.advance(Duration::hours(25));
    // The session outlives the window by far less than the clock moved.
    let key = desk.server.api_key(&desk.tenant, &["*"]).await;
    let closed = desk.server.get_as(&key, &path).await.body;
    assert_eq!(closed["verdict"]["refused"]["code"], "window_closed", "{closed}");
    assert!(closed["verdict"]["refused"]["sentence"].as_str().is_some_and(|sentence| sentence.ends_with('.')));
    let refused = desk.server.post_as(&key, &format!("/conversations/{id}/reply"), &json!({ "text": "Hi" })).await;
    refused.is_problem(422, "channel_refuses");
}

#[tokio::test]
async fn timeline_leads_back_in_time_page_by_page() {
    let desk = Desk::new().await;
    let id = desk.wrote("Maria", "m0").await;
    for number in 1..6 {
        desk.wrote("Maria", &format!("m{number}")).await;
    }
    let path = format!("/conversations/{id}/messages");
    let whole = desk.read(&path).await;
    let texts: Vec<_> = whole["items"].as_array().unwrap().iter().map(|it| it["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["m5", "m4", "m3", "m2", "m1", "m0"]);
    assert_eq!(desk.walk(&path, 2).await, ids_in(&whole));
    assert_eq!(whole["gaps"], json!([]));
    let page = desk.read(&format!("{path}?limit=2")).await;
    let later = format!("{path}?limit=2&cursor={}", page["next"].as_str().unwrap());
    let expected = ids_in(&desk.read(&later).await);
    desk.wrote("Maria", "m6").await;
    assert_eq!(ids_in(&desk.read(&later).await), expected, "what comes meanwhile moves nothing");
}

#[tokio::test]
async fn search_finds_messages_with_their_conversations() {
    let desk = Desk::new().await;
    let id = desk.wrote("Maria", "my parcel is late").await;
    desk.wrote("Jonas", "something else").await;
    let found = desk.read("/messages?q=parcel%20lat").await;
    let items = found["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["conversation"]["id"]), (1, &json!(id)));
    assert!(desk.read("/messages?q=%3Cscript%3E%27%22").await["items"].as_array().unwrap().is_empty());
    for bad in ["/messages", "/messages?q=", "/messages?q=%20"] {
        desk.get(bad).await.is_problem(400, "malformed_parameter");
    }
}
