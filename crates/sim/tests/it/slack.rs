//! Slack's incoming webhooks, by their contract.

use serde_json::{Value, json};
use socialai_sim::EffectFilter;

use super::client::Lab;

const HOOK: &str = "/slack/services/T1/B1/token";
const SETTINGS: &str = "/_control/simulators/slack/settings";

#[tokio::test]
async fn a_message_is_answered_with_a_plain_word() {
    let lab = Lab::start().await;
    let reply = lab.post(HOOK, &json!({ "text": "hello" })).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, "ok"));
    assert!(reply.content_type.starts_with("text/plain"), "{}", reply.content_type);
    let blocks = json!([
        { "type": "header", "text": { "type": "plain_text", "text": "Dead letters" } },
        { "type": "section", "text": { "type": "mrkdwn", "text": "*DLQ* 3 events" } },
        { "type": "section", "fields": [{ "type": "mrkdwn", "text": "a field" }] },
        { "type": "divider" },
    ]);
    lab.post(HOOK, &json!({ "text": "fallback", "blocks": blocks })).await;
    let state = lab.world.state("slack").unwrap();
    assert_eq!(state["messages"][0]["text"], "fallback\nDead letters\n*DLQ* 3 events\na field");
    assert_eq!(state["messages"][1]["webhook"], "T1/B1");
}

#[tokio::test]
async fn the_same_message_sent_twice_is_seen_twice() {
    let lab = Lab::start().await;
    for text in ["alert 1", "alert 2", "alert 1"] {
        lab.say(text).await.unwrap();
    }
    let visible = lab.world.visible(&EffectFilter::of("slack").what("message_posted").at("T1/B1"));
    assert_eq!((visible.total, visible.distinct, visible.repeated.len()), (3, 2, 1));
    assert_eq!(visible.repeated[0].times, 2);
}

#[tokio::test]
async fn wrong_messages_are_refused_with_slacks_words() {
    let lab = Lab::start().await;
    let section = |length| json!({ "type": "section", "text": { "type": "mrkdwn", "text": "x".repeat(length) } });
    for (body, word) in [
        (json!([]), "invalid_payload"),
        (json!({ "text": 7 }), "invalid_payload"),
        (json!({ "text": "x".repeat(40_001) }), "invalid_payload"),
        (json!({}), "no_text"),
        (json!({ "text": "" }), "no_text"),
        (json!({ "text": "x", "attachments": vec![json!({}); 101] }), "too_many_attachments"),
        (json!({ "text": "x", "blocks": {} }), "invalid_blocks"),
        (json!({ "text": "x", "blocks": [{}] }), "invalid_blocks"),
        (json!({ "text": "x", "blocks": [{ "type": "section" }] }), "invalid_blocks"),
        (json!({ "text": "x", "blocks": [section(3_001)] }), "invalid_blocks"),
        (json!({ "text": "x", "blocks": vec![json!({ "type": "divider" }); 51] }), "invalid_blocks"),
    ] {
        let reply = lab.post(HOOK, &body).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (400, word));
    }
    let broken = lab.client.post(lab.address(HOOK)).header("content-type", "application/json").body("{").send().await;
    assert_eq!(Lab::read(broken.unwrap()).await.unwrap().text, "invalid_payload");
    for path in ["/slack/services/T1/B1", "/slack/services/X1/B1/token", "/slack/services/T1/X/token", "/slack/api"] {
        let reply = lab.post(path, &json!({ "text": "x" })).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (404, "no_service"));
    }
    assert_eq!(lab.get(HOOK).await.status, 405);
    assert_eq!(lab.world.visible(&EffectFilter::default()).total, 0);
}

#[tokio::test]
async fn longest_allowed_texts_are_taken() {
    let lab = Lab::start().await;
    let section = json!({ "type": "section", "text": { "type": "mrkdwn", "text": "x".repeat(3_000) } });
    let longest = json!({ "text": "é".repeat(40_000), "blocks": vec![section; 50] });
    assert_eq!(lab.post(HOOK, &longest).await.text, "ok");
}

#[tokio::test]
async fn a_broken_webhook_answers_with_its_word_and_status() {
    let lab = Lab::start().await;
    for (word, status) in
        [("channel_is_archived", 410), ("action_prohibited", 403), ("no_service", 404), ("invalid_token", 403)]
    {
        let settings = json!({ "webhooks": { "T1/B1": { "fails_with": word } } });
        assert_eq!(lab.put(SETTINGS, &settings).await.status, 204);
        let reply = lab.post(HOOK, &json!({ "text": "x" })).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (status, word));
    }
    assert_eq!(lab.post("/slack/services/T1/B2/token", &json!({ "text": "x" })).await.text, "ok");
}

#[tokio::test]
async fn another_token_than_the_webhooks_is_refused() {
    let lab = Lab::start().await;
    lab.put(SETTINGS, &json!({ "webhooks": { "T1/B1": { "token": "right" } } })).await;
    let reply = lab.post("/slack/services/T1/B1/wrong", &json!({ "text": "x" })).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (403, "invalid_token"));
    assert_eq!(lab.post("/slack/services/T1/B1/right", &json!({ "text": "x" })).await.text, "ok");
}

#[tokio::test]
async fn more_than_one_message_a_second_is_too_many_where_that_is_set() {
    let lab = Lab::start().await;
    lab.put(SETTINGS, &json!({ "one_message_a_second": true })).await;
    // The world's time stands between the two only by what they take; a slow machine is set back.
    assert_eq!(lab.say("first").await.unwrap().text, "ok");
    lab.move_clock(-1);
    let second = lab.say("second").await.unwrap();
    assert_eq!((second.status.as_u16(), second.retry_after.as_deref()), (429, Some("1")));
    assert_eq!(lab.post("/slack/services/T1/B2/token", &json!({ "text": "x" })).await.text, "ok");
    lab.move_clock(2);
    assert_eq!(lab.say("second").await.unwrap().text, "ok");
}

#[tokio::test]
async fn a_message_that_calls_everybody_is_marked() {
    let lab = Lab::start().await;
    lab.say("&lt;!channel&gt; escaped").await.unwrap();
    lab.say("<!channel> not escaped").await.unwrap();
    let state = lab.world.state("slack").unwrap();
    let marks: Vec<_> = state["messages"].as_array().unwrap().iter().map(|row| &row["calls_everybody"]).collect();
    assert_eq!(marks, [&Value::Bool(true), &Value::Bool(false)]);
}

#[tokio::test]
async fn wrong_settings_change_nothing() {
    let lab = Lab::start().await;
    for settings in [
        json!({ "webhooks": { "T1/B1": { "fails_with": "sadness" } } }),
        json!({ "webhooks": { "T1/B1": { "fails_with": "no_service" }, "here": {} } }),
        json!({ "webhooks": { "T1/B1": { "colour": 1 } } }),
        json!({ "speed": 1 }),
    ] {
        assert_eq!(lab.put(SETTINGS, &settings).await.status, 422, "{settings}");
    }
    assert_eq!(lab.say("still fine").await.unwrap().text, "ok");
}
