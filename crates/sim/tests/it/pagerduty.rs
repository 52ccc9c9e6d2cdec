//! PagerDuty's Events API v2, by its contract.

use reqwest::Method;
use serde_json::{Value, json};
use socialai_sim::EffectFilter;

use super::client::{Lab, Reply};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const ENQUEUE: &str = "/pagerduty/v2/enqueue";

fn event(action: &str, dedup_key: &str) -> Value {
    let payload = json!({
        "summary": "Five dead letters", "source": "hub-1", "severity": "critical",
        "timestamp": "2026-11-21T09:00:00.000+0000", "component": "crm", "custom_details": { "count": 5 },
    });
    let mut event = json!({ "routing_key": KEY, "event_action": action, "dedup_key": dedup_key });
    if action == "trigger" {
        event["payload"] = payload;
    }
    event
}

fn incidents(lab: &Lab) -> Vec<(String, u64)> {
    let state = lab.world.state("pagerduty").unwrap();
    let incident = |row: &Value| (row["status"].as_str().unwrap().to_owned(), row["triggers"].as_u64().unwrap());
    state["incidents"].as_array().unwrap().iter().map(incident).collect()
}

#[track_caller]
fn invalid(reply: &Reply, words: &str) {
    assert_eq!(reply.status, 400, "{}", reply.text);
    let body = reply.json();
    assert_eq!((&body["status"], &body["message"]), (&json!("invalid event"), &json!("Event object is invalid")));
    assert!(body["errors"].to_string().contains(words), "{words}: {}", reply.text);
}

#[tokio::test]
async fn an_open_key_is_one_incident_until_it_is_resolved() {
    let lab = Lab::start().await;
    let reply = lab.post(ENQUEUE, &event("trigger", "dlq")).await;
    assert_eq!(reply.status, 202);
    assert_eq!(reply.json(), json!({ "status": "success", "message": "Event processed", "dedup_key": "dlq" }));
    lab.post(ENQUEUE, &event("trigger", "dlq")).await;
    assert_eq!(incidents(&lab), [("triggered".to_owned(), 2)]);

    lab.post(ENQUEUE, &event("acknowledge", "dlq")).await;
    lab.post(ENQUEUE, &event("trigger", "dlq")).await;
    assert_eq!(incidents(&lab), [("acknowledged".to_owned(), 3)]);

    lab.post(ENQUEUE, &event("resolve", "dlq")).await;
    lab.post(ENQUEUE, &event("resolve", "dlq")).await;
    assert_eq!(incidents(&lab), [("resolved".to_owned(), 3)]);

    lab.post(ENQUEUE, &event("trigger", "dlq")).await;
    assert_eq!(incidents(&lab), [("triggered".to_owned(), 1), ("resolved".to_owned(), 3)]);
    let opened = lab.world.visible(&EffectFilter::of("pagerduty").what("incident_opened").id("dlq"));
    assert_eq!(opened.total, 2);
    assert_eq!(lab.world.visible(&EffectFilter::of("pagerduty").what("incident_resolved")).total, 1);
}

#[tokio::test]
async fn events_for_what_is_not_open_are_taken_and_do_nothing() {
    let lab = Lab::start().await;
    for action in ["acknowledge", "resolve"] {
        assert_eq!(lab.post(ENQUEUE, &event(action, "never seen")).await.status, 202);
    }
    assert_eq!(incidents(&lab), []);
    assert_eq!(lab.world.visible(&EffectFilter::default()).total, 0);
}

#[tokio::test]
async fn a_missing_key_is_made_up_and_told() {
    let lab = Lab::start().await;
    let mut anonymous = event("trigger", "");
    anonymous.as_object_mut().unwrap().remove("dedup_key");
    let made = lab.post(ENQUEUE, &anonymous).await.json()["dedup_key"].as_str().unwrap().to_owned();
    assert_eq!(made.len(), 32);
    lab.post(ENQUEUE, &event("resolve", &made)).await;
    assert_eq!(incidents(&lab), [("resolved".to_owned(), 1)]);
}

#[tokio::test]
async fn another_routing_key_is_another_service() {
    let lab = Lab::start().await;
    let mut other = event("trigger", "dlq");
    other["routing_key"] = json!("f".repeat(32));
    lab.post(ENQUEUE, &event("trigger", "dlq")).await;
    lab.post(ENQUEUE, &other).await;
    assert_eq!(incidents(&lab).len(), 2);
    assert_eq!(lab.world.visible(&EffectFilter::default()).repeated, []);
}

#[tokio::test]
async fn wrong_events_are_refused_with_all_that_is_wrong() {
    let lab = Lab::start().await;
    let with = |pointer: &str, value: Value| {
        let mut event = event("trigger", "dlq");
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        event.pointer_mut(parent).unwrap()[name] = value;
        event
    };
    for (event, words) in [
        (with("/routing_key", json!("short")), "routing_key"),
        (with("/routing_key", json!("!".repeat(32))), "Invalid routing key"),
        (with("/event_action", json!("shout")), "'event_action' is invalid"),
        (with("/event_action", json!(null)), "'event_action' is missing"),
        (with("/dedup_key", json!("x".repeat(256))), "'dedup_key' is too long"),
        (with("/dedup_key", json!(7)), "'dedup_key' must be a string"),
        (with("/payload", json!(null)), "'payload' is missing"),
        (with("/payload/summary", json!(" ")), "'payload.summary' is missing"),
        (with("/payload/summary", json!("x".repeat(1_025))), "'payload.summary' is too long"),
        (with("/payload/source", json!(null)), "'payload.source' is missing"),
        (with("/payload/severity", json!("bad")), "'payload.severity' is invalid"),
        (with("/payload/timestamp", json!("yesterday")), "'payload.timestamp' is invalid"),
        (with("/payload/timestamp", json!("2026-11-21T09:00:00é")), "'payload.timestamp' is invalid"),
        (with("/payload/custom_details", json!("text")), "custom_details"),
        (with("/links", json!([{ "text": "Runbook" }])), "'links' is invalid"),
        (with("/images", json!("x")), "'images' is invalid"),
        (event("resolve", ""), "'dedup_key' is missing"),
        (json!([]), "JSON is invalid"),
    ] {
        invalid(&lab.post(ENQUEUE, &event).await, words);
    }
    let both = json!({ "event_action": "trigger" });
    assert_eq!(lab.post(ENQUEUE, &both).await.json()["errors"].as_array().unwrap().len(), 2);
    assert_eq!(incidents(&lab), []);
}

#[tokio::test]
async fn what_is_no_event_at_all_is_refused() {
    let lab = Lab::start().await;
    let send = async |kind: &str, body: String| {
        let request = lab.client.post(lab.address(ENQUEUE)).header("content-type", kind).body(body);
        Lab::read(request.send().await.unwrap()).await.unwrap()
    };
    invalid(&send("application/json", "{".to_owned()).await, "JSON is invalid");
    invalid(&send("text/plain", event("trigger", "dlq").to_string()).await, "Content-Type");
    let mut big = event("trigger", "dlq");
    big["payload"]["custom_details"] = json!({ "log": "x".repeat(512 * 1024) });
    assert_eq!(send("application/json", big.to_string()).await.status, 413);
    assert_eq!(send("application/json; charset=utf-8", event("trigger", "dlq").to_string()).await.status, 202);
    assert_eq!(lab.get(ENQUEUE).await.status, 405);
    assert_eq!(lab.ask(Method::POST, "/pagerduty/v3/enqueue").await.status, 404);
}
