//! PagerDuty and Slack, spoken to over real HTTP.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use socialai_connect::call::{CallError, Http};
use socialai_connect::guard::{Blocked, Reach};
use socialai_connect::pagerduty::{Incident, PagerDuty, RoutingKey, Severity};
use socialai_connect::slack::{self, Block, Markup, Post, Webhook, WebhookError};
use socialai_connect::webhook::Reason;
use time::macros::datetime;
use url::Url;

use crate::remote::{Remote, Reply};

const KEY: &str = "0123456789abcdefghijABCDEFGHIJ12";
const LATER: CallError = CallError::Later { after: None };

fn anywhere() -> Http {
    Http::new(Reach::Anywhere).unwrap()
}

fn refused_as(outcome: Result<(), CallError>) -> String {
    match outcome {
        Err(CallError::Refused { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

/// Answers each call with the reply, and tells what arrived last.
async fn answered<T>(path: &str, reply: Reply, call: impl AsyncFn(Url) -> T) -> (T, Value) {
    let remote = Remote::start().await;
    remote.serve(path, reply);
    let outcome = call(remote.url("")).await;
    let seen = remote.seen(path).pop().map_or(Value::Null, |seen| serde_json::from_str(&seen.body).unwrap());
    (outcome, seen)
}

fn routing_key() -> RoutingKey {
    RoutingKey::parse(&KEY.into()).unwrap()
}

fn incident() -> Incident {
    Incident {
        dedup_key: "dead-letters:acme".to_owned(),
        summary: "3 dead letters".to_owned(),
        source: "hub-1".to_owned(),
        severity: Severity::Error,
        at: datetime!(2026-11-21 09:00 UTC),
        component: Some("crm".to_owned()),
        group: None,
        class: None,
        details: json!({ "count": 3 }).as_object().unwrap().clone(),
        links: vec![(Url::parse("https://hub.example.com/runbook").unwrap(), "Runbook".to_owned())],
    }
}

async fn trigger(incident: &Incident, reply: Reply) -> (Result<(), CallError>, Value) {
    answered("/v2/enqueue", reply, async |base| {
        PagerDuty::new(anywhere(), &base).trigger(&routing_key(), incident).await
    })
    .await
}

#[tokio::test]
async fn incident_is_opened_and_closed_by_its_key() {
    let accepted = Reply::json(&json!({ "status": "success", "dedup_key": "dead-letters:acme" })).with_status(202);
    let (outcome, seen) = trigger(&incident(), accepted.clone()).await;
    assert_eq!(outcome, Ok(()));
    assert_eq!(
        (&seen["routing_key"], &seen["event_action"], &seen["dedup_key"]),
        (&json!(KEY), &json!("trigger"), &json!("dead-letters:acme"))
    );
    let payload = &seen["payload"];
    assert_eq!(payload["severity"], "error");
    assert_eq!(payload["timestamp"], "2026-11-21T09:00:00Z");
    assert_eq!(payload["custom_details"], json!({ "count": 3 }));
    assert_eq!(seen["links"], json!([{ "href": "https://hub.example.com/runbook", "text": "Runbook" }]));
    let resolve = async |base| PagerDuty::new(anywhere(), &base).resolve(&routing_key(), "dead-letters:acme").await;
    let (outcome, seen) = answered("/v2/enqueue", accepted, resolve).await;
    assert_eq!(outcome, Ok(()));
    assert_eq!(seen, json!({ "routing_key": KEY, "event_action": "resolve", "dedup_key": "dead-letters:acme" }));
}

#[tokio::test]
async fn base_address_may_have_a_path_of_its_own() {
    for suffix in ["/pagerduty", "/pagerduty/"] {
        let (outcome, _) = answered("/pagerduty/v2/enqueue", Reply::status(202), async |base| {
            let base = Url::parse(&format!("{}{suffix}", base.as_str().trim_end_matches('/'))).unwrap();
            PagerDuty::new(anywhere(), &base).trigger(&routing_key(), &incident()).await
        })
        .await;
        assert_eq!(outcome, Ok(()), "{suffix}");
    }
}

#[tokio::test]
async fn incident_that_is_too_large_loses_its_details_and_not_itself() {
    let mut large = incident();
    large.summary = "ä".repeat(2_000);
    large.details.insert("log".to_owned(), "x".repeat(600 * 1024).into());
    let (outcome, seen) = trigger(&large, Reply::status(202)).await;
    assert_eq!(outcome, Ok(()));
    assert_eq!(seen["payload"]["summary"].as_str().unwrap().chars().count(), 1024);
    assert!(seen["payload"]["custom_details"]["left_out"].is_string());
    large.source = "x".repeat(600 * 1024);
    let (outcome, seen) = trigger(&large, Reply::status(202)).await;
    assert_eq!((refused_as(outcome).as_str(), seen), ("size", Value::Null));
    for key in [String::new(), "x".repeat(256)] {
        let (outcome, seen) = trigger(&Incident { dedup_key: key, ..incident() }, Reply::status(202)).await;
        assert_eq!((refused_as(outcome).as_str(), seen), ("dedup_key", Value::Null));
    }
}

#[tokio::test]
async fn answers_of_pagerduty_are_sorted_by_what_to_do() {
    let invalid = |error: &str| Reply::json(&json!({ "status": "invalid event", "errors": [error] })).with_status(400);
    let outcome = async |reply| trigger(&incident(), reply).await.0;
    assert_eq!(outcome(invalid("Invalid routing key")).await, Err(CallError::Reauth));
    assert_eq!(
        outcome(invalid("Length of 'routing_key' is incorrect (should be 32 characters)")).await,
        Err(CallError::Reauth)
    );
    assert_eq!(refused_as(outcome(invalid("'severity' is invalid")).await), "400");
    let slow_down = CallError::Later { after: Some(Duration::from_secs(5)) };
    assert_eq!(outcome(Reply::status(429).with_header("retry-after", "5")).await, Err(slow_down));
    for status in [500, 502, 503] {
        assert_eq!(outcome(Reply::status(status)).await, Err(LATER), "the key makes a repetition harmless");
    }
    assert_eq!(refused_as(outcome(Reply::status(413)).await), "413");
}

#[test]
fn routing_key_in_the_wrong_form_is_refused_and_none_is_printed() {
    for text in
        ["", "too-short", &format!("{KEY}x"), "0123456789abcdefghijABCDEFGHIJ1-", "0123456789abcdefghijABCDEFGHIJ1\n"]
    {
        assert!(RoutingKey::parse(&text.into()).is_err(), "{text:?}");
    }
    assert!(!format!("{:?}", routing_key()).contains("0123"));
}

async fn post(post: &Post, reply: Reply) -> (Result<(), CallError>, Value) {
    answered("/services/T0/B0/x", reply, async |base| {
        let address = SecretString::from(base.join("services/T0/B0/x").unwrap().to_string());
        slack::post(&anywhere(), &Webhook::parse(&address, Reach::Anywhere).unwrap(), post).await
    })
    .await
}

fn of_blocks(blocks: Vec<Block>) -> Post {
    Post { summary: "3 dead letters".to_owned(), blocks }
}

#[tokio::test]
async fn words_of_strangers_cannot_mark_up_a_post() {
    let evil = "<!channel> & <https://evil.example|click> *x*";
    let link = Url::parse("https://hub.example.com/?a=1&b=2|3").unwrap();
    let markup = Markup::default().bold("two\n*stars*").text(" ").text(evil).link(&link, "<here>");
    let message = Post {
        summary: evil.to_owned(),
        blocks: vec![Block::Heading(evil.to_owned()), Block::Text(markup.clone()), Block::Note(markup)],
    };
    let (outcome, seen) = post(&message, Reply::text("ok")).await;
    assert_eq!(outcome, Ok(()));
    let harmless = "&lt;!channel&gt; &amp; &lt;https://evil.example|click&gt; *x*";
    let marked = format!("*two  stars* {harmless}<https://hub.example.com/?a=1&amp;b=2%7C3|&lt;here&gt;>");
    let expected = json!({ "text": harmless, "blocks": [
        { "type": "header", "text": { "type": "plain_text", "text": harmless } },
        { "type": "section", "text": { "type": "mrkdwn", "text": marked } },
        { "type": "context", "elements": [{ "type": "mrkdwn", "text": marked }] },
    ] });
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn post_that_is_too_long_is_shortened_between_letters() {
    let long = "&".repeat(50_000);
    let link = Url::parse("https://hub.example.com/").unwrap();
    let full = Markup::default().text(&long).bold("no room").link(&link, "no room");
    let bold = Markup::default().bold(&long);
    let late = Markup::default().text(&"x".repeat(2_990)).link(&link, "no room").text("nor for this");
    let mut blocks = vec![Block::Heading(long.clone()), Block::Text(full), Block::Text(bold), Block::Text(late)];
    blocks.extend((0..100).map(|_| Block::Text(Markup::default().text("more"))));
    let (outcome, seen) = post(&Post { summary: long, blocks }, Reply::text("ok")).await;
    assert_eq!(outcome, Ok(()));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    assert_eq!(seen["blocks"].as_array().unwrap().len(), 50);
    for (shown, most) in [
        (text(&seen["text"]), 40_000),
        (text(&seen["blocks"][0]["text"]["text"]), 150),
        (text(&seen["blocks"][1]["text"]["text"]), 3_000),
        (text(&seen["blocks"][2]["text"]["text"]), 3_000),
    ] {
        assert!(shown.chars().count() <= most && shown.chars().count() > most - 6, "{most}");
        assert!(shown.trim_matches('*').ends_with("&amp;…"), "{most}");
    }
    assert_eq!(text(&seen["blocks"][3]["text"]["text"]), format!("{}…", "x".repeat(2_990)));
}

#[tokio::test]
async fn empty_parts_are_left_out() {
    let empty =
        vec![Block::Heading(" ".into()), Block::Text(Markup::default().bold("**")), Block::Note(Markup::default())];
    let (outcome, seen) = post(&of_blocks(empty), Reply::text("ok\n")).await;
    assert_eq!((outcome, seen), (Ok(()), json!({ "text": "3 dead letters" })));
}

#[tokio::test]
async fn answers_of_slack_are_sorted_by_what_to_do() {
    let outcome = async |status, body: &str| post(&of_blocks(vec![]), Reply::text(body).with_status(status)).await.0;
    for (status, word) in [
        (400, "invalid_payload"),
        (400, "no_text"),
        (400, "too_many_attachments"),
        (400, "invalid_blocks"),
        (403, "action_prohibited"),
        (403, "posting_to_general_channel_denied"),
        (403, "channel_is_archived"),
        (403, "invalid_token"),
        (404, "channel_not_found"),
        (404, "no_service"),
        (410, "no_service"),
        (404, "user_not_found"),
        (410, "channel_is_archived"),
    ] {
        assert_eq!(refused_as(outcome(status, word).await), word, "{status}");
    }
    assert_eq!(refused_as(outcome(404, "<html>s3cret</html>").await), "404");
    assert_eq!(refused_as(outcome(302, "").await), "302");
    assert_eq!(outcome(500, "rollup_error").await, Err(LATER));
    assert_eq!(outcome(503, "").await, Err(LATER));
    assert_eq!(outcome(500, "").await, Err(CallError::Unknown), "Slack would not recognise a repetition");
    assert!(matches!(outcome(200, "<html>a login page</html>").await, Err(CallError::Unreadable(_))));
    let slow_down = Reply::text("rate_limited").with_status(429).with_header("retry-after", "1");
    let after = Some(Duration::from_secs(1));
    assert_eq!(post(&of_blocks(vec![]), slow_down).await.0, Err(CallError::Later { after }));
}

#[test]
fn address_that_is_no_webhook_of_slack_is_refused_and_none_is_printed() {
    let parse = |text: &str, reach| Webhook::parse(&text.into(), reach);
    let public = |text: &str| parse(text, Reach::PublicOnly).map(|_| ());
    assert_eq!(public("https://hooks.slack.com/services/T0/B0/x"), Ok(()));
    for text in ["https://slack.com/services/T0/B0/x", "https://hooks.slack.com.evil.example/x", "https://example.com/"]
    {
        assert_eq!(public(text), Err(WebhookError::NotSlack), "{text}");
    }
    assert_eq!(
        public("http://hooks.slack.com/services/x"),
        Err(WebhookError::Address(Reason::Address(Blocked::PlainHttp)))
    );
    assert_eq!(public("T0/B0/x"), Err(WebhookError::Address(Reason::NotAnAddress)));
    let simulated = parse("http://127.0.0.1:9900/slack/services/T0/B0/s3cret", Reach::Anywhere).unwrap();
    assert!(!format!("{simulated:?}").contains("s3cret"));
}
