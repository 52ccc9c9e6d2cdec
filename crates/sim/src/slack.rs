//! Slack's incoming webhooks: `POST /services/T…/B…/…`, with answers that are words and not JSON.
//!
//! There is no idempotency: whoever posts twice is read twice, so the effect's id is a digest of the whole body, and a
//! blind repeat shows as the same id seen two times. Any address of the right form is taken. The settings give one
//! webhook a token of its own, let it fail, or hold all to Slack's pace:
//!
//! `{"one_message_a_second": true, "webhooks": {"T1/B1": {"token": "xyz", "fails_with": "channel_is_archived"}}}`

use std::collections::HashMap;

use aws_lc_rs::digest;
use axum::http::{Method, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::simulator::{Answer, Effect, Latest, Refusal, Refused, Request, Simulator, Table};

const MOST_MESSAGES: usize = 1_000;
const MOST_WEBHOOKS: usize = 10_000;
const MOST_TEXT: usize = 40_000;
const MOST_BLOCK_TEXT: usize = 3_000;
const MOST_BLOCKS: usize = 50;
const MOST_ATTACHMENTS: usize = 100;
const PACE: Duration = Duration::seconds(1);
/// Forms that call everybody in a channel; whoever passes on a stranger's text unescaped sends them.
const SHOUTS: [&str; 4] = ["<!channel", "<!here", "<!everyone", "<!subteam"];

/// How a webhook can be broken for good, with Slack's status.
const FAILURES: [(&str, StatusCode); 9] = [
    ("action_prohibited", StatusCode::FORBIDDEN),
    ("posting_to_general_channel_denied", StatusCode::FORBIDDEN),
    ("invalid_token", StatusCode::FORBIDDEN),
    ("channel_not_found", StatusCode::NOT_FOUND),
    ("user_not_found", StatusCode::NOT_FOUND),
    ("no_service", StatusCode::NOT_FOUND),
    ("channel_is_archived", StatusCode::GONE),
    ("invalid_payload", StatusCode::BAD_REQUEST),
    ("rollup_error", StatusCode::INTERNAL_SERVER_ERROR),
];

pub struct Slack {
    webhooks: HashMap<String, Webhook>,
    messages: Latest<Message>,
    one_message_a_second: bool,
}

#[derive(Default)]
struct Webhook {
    token: Option<String>,
    fails_with: Option<(&'static str, StatusCode)>,
    last_message_at: Option<OffsetDateTime>,
}

struct Message {
    at: OffsetDateTime,
    webhook: String,
    text: String,
    shouts: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    one_message_a_second: Option<bool>,
    #[serde(default)]
    webhooks: HashMap<String, WebhookSettings>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookSettings {
    token: Option<String>,
    fails_with: Option<String>,
}

impl Default for Slack {
    fn default() -> Self {
        Self { webhooks: HashMap::new(), messages: Latest::new(MOST_MESSAGES), one_message_a_second: false }
    }
}

impl Simulator for Slack {
    fn name(&self) -> &'static str {
        "slack"
    }

    fn about(&self) -> &'static str {
        "Slack incoming webhooks (POST /services/T…/B…/…)"
    }

    fn handle(&mut self, request: &Request, now: OffsetDateTime) -> Answer {
        let segments = request.segments();
        let ["services", team, service, token] = *segments else {
            return Answer::text(StatusCode::NOT_FOUND, "no_service");
        };
        if !team.starts_with('T') || !service.starts_with('B') {
            return Answer::text(StatusCode::NOT_FOUND, "no_service");
        }
        if request.method != Method::POST {
            return Answer::text(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed");
        }
        self.post(format!("{team}/{service}"), token, request, now)
    }

    fn refuse(&self, refusal: Refusal) -> Answer {
        match refusal {
            Refusal::RateLimited => Answer::text(StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
            Refusal::ServerError => Answer::text(StatusCode::INTERNAL_SERVER_ERROR, "rollup_error"),
            Refusal::ExpiredCredentials => Answer::text(StatusCode::FORBIDDEN, "invalid_token"),
        }
    }

    fn secrets(&self, request: &Request) -> Vec<String> {
        let segments = request.segments();
        segments.get(3..).unwrap_or_default().iter().map(|part| (*part).to_owned()).collect()
    }

    fn tables(&self) -> Vec<Table> {
        let row = |message: &Message| {
            let at = message.at.format(&Rfc3339).unwrap_or_default();
            vec![json!(at), json!(message.webhook), json!(message.text), json!(message.shouts)]
        };
        let columns = &["at", "webhook", "text", "calls_everybody"];
        vec![Table { name: "messages", columns, rows: self.messages.newest().map(row).collect() }]
    }

    fn configure(&mut self, settings: Value) -> Result<(), Refused> {
        let settings: Settings =
            serde_json::from_value(settings).map_err(|error| Refused::Invalid(error.to_string()))?;
        let mut changed = Vec::new();
        for (name, webhook) in settings.webhooks {
            if !name.split_once('/').is_some_and(|(team, service)| team.starts_with('T') && service.starts_with('B')) {
                return Err(Refused::Invalid(format!("a webhook is named as in its address, `T…/B…`, not `{name}`")));
            }
            let fails_with = webhook.fails_with.as_deref().map(failure).transpose()?;
            changed.push((name, Webhook { token: webhook.token, fails_with, last_message_at: None }));
        }
        self.require_room(changed.iter().map(|(name, _)| name))?;
        self.webhooks.extend(changed);
        self.one_message_a_second = settings.one_message_a_second.unwrap_or(self.one_message_a_second);
        Ok(())
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}

impl Slack {
    fn post(&mut self, name: String, token: &str, request: &Request, now: OffsetDateTime) -> Answer {
        if let Some(webhook) = self.webhooks.get(&name) {
            if let Some((failure, status)) = webhook.fails_with {
                return Answer::text(status, failure);
            }
            if webhook.token.as_deref().is_some_and(|right| right != token) {
                return Answer::text(StatusCode::FORBIDDEN, "invalid_token");
            }
            if self.one_message_a_second && webhook.last_message_at.is_some_and(|last| now - last < PACE) {
                return self.refuse(Refusal::RateLimited).with_header(header::RETRY_AFTER.as_str(), "1");
            }
        }
        let text = match read(request) {
            Ok(text) => text,
            Err(failure) => return Answer::text(StatusCode::BAD_REQUEST, failure),
        };
        if self.require_room([&name]).is_ok() {
            self.webhooks.entry(name.clone()).or_default().last_message_at = Some(now);
        }
        let shouts = SHOUTS.iter().any(|shout| text.contains(shout));
        self.messages.push(Message { at: now, webhook: name.clone(), text, shouts });
        let digest = digest::digest(&digest::SHA256, &request.body);
        let id = hex::encode(&digest.as_ref()[..16]);
        Answer::text(StatusCode::OK, "ok").with_effect(Effect { what: "message_posted", place: name, id })
    }

    fn require_room<'a>(&self, names: impl IntoIterator<Item = &'a String>) -> Result<(), Refused> {
        let new = names.into_iter().filter(|name| !self.webhooks.contains_key(*name)).count();
        let is_room = self.webhooks.len() + new <= MOST_WEBHOOKS;
        if is_room { Ok(()) } else { Err(Refused::Full(format!("there are {MOST_WEBHOOKS} webhooks; reset slack"))) }
    }
}

fn failure(name: &str) -> Result<(&'static str, StatusCode), Refused> {
    let found = FAILURES.iter().find(|(known, _)| *known == name);
    found.copied().ok_or_else(|| {
        let names: Vec<_> = FAILURES.iter().map(|(name, _)| *name).collect();
        Refused::Invalid(format!("`fails_with` is one of {}", names.join(", ")))
    })
}

/// The text that people see, or Slack's word for what is wrong.
fn read(request: &Request) -> Result<String, &'static str> {
    let message: Value = serde_json::from_slice(&request.body).map_err(|_| "invalid_payload")?;
    if !request.is_json() || !message.is_object() {
        return Err("invalid_payload");
    }
    let list = |name: &str| match message.get(name) {
        None | Some(Value::Null) => Ok(&[][..]),
        Some(Value::Array(entries)) => Ok(&entries[..]),
        Some(_) => Err("invalid_payload"),
    };
    let text = match message.get("text") {
        None | Some(Value::Null) => "",
        Some(Value::String(text)) => text,
        Some(_) => return Err("invalid_payload"),
    };
    let (blocks, attachments) = (list("blocks").map_err(|_| "invalid_blocks")?, list("attachments")?);
    if attachments.len() > MOST_ATTACHMENTS {
        return Err("too_many_attachments");
    }
    if blocks.len() > MOST_BLOCKS || !blocks.iter().all(is_block) {
        return Err("invalid_blocks");
    }
    if text.chars().count() > MOST_TEXT {
        return Err("invalid_payload");
    }
    if text.is_empty() && blocks.is_empty() && attachments.is_empty() {
        return Err("no_text");
    }
    let parts = blocks.iter().flat_map(texts);
    Ok(std::iter::once(text).chain(parts).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n"))
}

/// What people read of a block.
fn texts(block: &Value) -> impl Iterator<Item = &str> {
    let lists = ["fields", "elements"].into_iter().filter_map(|name| block[name].as_array()).flatten();
    block.get("text").into_iter().chain(lists).filter_map(|text| text["text"].as_str())
}

/// It says what it is, and its texts are texts of a length that Slack takes.
fn is_block(block: &Value) -> bool {
    let is_text = |text: &Value| {
        matches!(text["type"].as_str(), Some("plain_text" | "mrkdwn"))
            && text["text"].as_str().is_some_and(|text| (1..=MOST_BLOCK_TEXT).contains(&text.chars().count()))
    };
    let has_text = block.get("text").is_some_and(is_text);
    let fields = block
        .get("fields")
        .map(|fields| fields.as_array().is_some_and(|fields| !fields.is_empty() && fields.iter().all(is_text)));
    match block["type"].as_str() {
        Some("section") => fields != Some(false) && (has_text || (fields == Some(true) && block.get("text").is_none())),
        Some("header") => has_text && block["text"]["type"] == "plain_text",
        Some("context" | "actions") => block["elements"].as_array().is_some_and(|elements| !elements.is_empty()),
        Some("divider" | "image" | "rich_text" | "markdown" | "video" | "input" | "file") => true,
        _ => false,
    }
}
