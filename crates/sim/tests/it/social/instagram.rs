//! What Instagram does otherwise than Facebook.

use serde_json::json;

use super::receiver::{SECRET, Stage, hmac_of};

#[tokio::test]
async fn bodies_are_spaced_and_echoes_come_as_messages() {
    let stage = Stage::of("instagram").await;
    let said = stage.act("say", json!({ "person": "user123", "text": "é" })).await;
    let got = &stage.told("message", 1).await[0];
    let text = String::from_utf8_lossy(&got.body);
    assert!(text.starts_with("{\"entry\": [{") && text.ends_with("\"object\": \"instagram\"}"), "{text}");
    assert_eq!(got.header("x-hub-signature-256"), format!("sha256={}", hex::encode(hmac_of(SECRET, &got.body))));
    let path = stage.path(&format!("/v26.0/me/messages?access_token={}", stage.text("/token")));
    let sent =
        stage.lab.post(&path, &json!({ "recipient": { "id": said["person"] }, "message": { "text": "Hi" } })).await;
    let echo = stage.told("echo", 1).await[1].json();
    assert_eq!(echo["entry"][0]["messaging"][0]["message"]["mid"], sent.json()["message_id"]);
    stage.act("unsend", json!({ "message": said["id"] })).await;
    let gone = stage.told("unsend", 1).await.last().unwrap().json();
    assert_eq!(gone["entry"][0]["messaging"][0]["message"], json!({ "mid": said["id"], "is_deleted": true }));
}

#[tokio::test]
async fn limits_count_bytes_and_have_numbers_of_their_own() {
    let stage = Stage::of("instagram").await;
    let said = stage.act("say", json!({ "person": "user123", "text": "x" })).await;
    let path = stage.path(&format!("/v26.0/me/messages?access_token={}", stage.text("/token")));
    let send = async |text: String| {
        stage.lab.post(&path, &json!({ "recipient": { "id": said["person"] }, "message": { "text": text } })).await
    };
    assert_eq!(send("é".repeat(500)).await.status, 200);
    assert_eq!(send("é".repeat(501)).await.json()["error"]["code"], 100);
    stage.lab.move_clock(25 * 3_600);
    let late = send("late".to_owned()).await.json();
    assert_eq!((&late["error"]["code"], &late["error"]["error_subcode"]), (&json!(10), &json!(2_534_022)));
}

#[tokio::test]
async fn comments_are_answered_below_them() {
    let stage = Stage::of("instagram").await;
    let comment = stage.act("comment", json!({ "person": "user123", "text": "LINK" })).await;
    let change = stage.told("comment", 1).await[0].json()["entry"][0]["changes"][0].clone();
    assert_eq!((&change["field"], &change["value"]["from"]["username"]), (&json!("comments"), &json!("user123")));
    let path = format!("/v26.0/{}/replies?access_token={}", comment["id"].as_str().unwrap(), stage.text("/token"));
    assert_eq!(stage.lab.post(&stage.path(&path), &json!({ "message": "sent" })).await.status, 200);
    let own = stage.told("own_comment", 1).await[1].json()["entry"][0]["changes"][0].clone();
    assert_eq!((&own["value"]["from"]["id"], &own["value"]["parent_id"]), (&json!(stage.account()), &comment["id"]));
    let accounts = stage.path(&format!("/v26.0/me/accounts?access_token={}", stage.text("/user/token")));
    let page = stage.lab.get(&accounts).await.json()["data"][0].clone();
    assert_eq!(page["instagram_business_account"]["id"], json!(stage.account()));
}
