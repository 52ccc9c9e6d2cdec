//! Somebody's receiver of our outgoing webhooks: `POST /webhook-receiver/{inbox}`, written from the Standard Webhooks
//! specification and sharing no line with what signs them.
//!
//! An inbox exists once it has a secret. What is signed rightly and not stale is accepted; an id that was accepted
//! before is answered alike and counted as a repeat, but is no new effect. An inbox can be told to answer something else
//! (410, 429, 500 …): it then accepts nothing.
//!
//! `{"inboxes": {"orders": {"secret": "whsec_…", "status": 200}}}`

use std::collections::{BTreeMap, HashMap, VecDeque};

use aws_lc_rs::hmac;
use axum::http::{Method, StatusCode};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::simulator::{Answer, Effect, Latest, Refusal, Refused, Request, Simulator, Table};

const MOST_INBOXES: usize = 1_000;
const MOST_IDS: usize = 200_000;
const MOST_DELIVERIES: usize = 1_000;
const TOLERANCE: Duration = Duration::minutes(5);
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
const MOST_NAME: usize = 64;

pub struct WebhookReceiver {
    inboxes: BTreeMap<String, Inbox>,
    deliveries: Latest<Delivery>,
}

struct Inbox {
    key: hmac::Key,
    status: StatusCode,
    /// How often each id was accepted; the oldest ids go first when there are too many.
    accepted: HashMap<String, u64>,
    order: VecDeque<String>,
    repeats: u64,
    refused: u64,
}

struct Delivery {
    at: OffsetDateTime,
    inbox: String,
    id: String,
    kind: String,
    verdict: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    inboxes: BTreeMap<String, InboxSettings>,
}

/// What is left out stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InboxSettings {
    secret: Option<String>,
    status: Option<u16>,
}

impl Default for WebhookReceiver {
    fn default() -> Self {
        Self { inboxes: BTreeMap::new(), deliveries: Latest::new(MOST_DELIVERIES) }
    }
}

impl Simulator for WebhookReceiver {
    fn name(&self) -> &'static str {
        "webhook-receiver"
    }

    fn about(&self) -> &'static str {
        "A receiver of Standard Webhooks (POST /{inbox})"
    }

    fn handle(&mut self, request: &Request, now: OffsetDateTime) -> Answer {
        let segments = request.segments();
        let [name] = *segments else { return refused(StatusCode::NOT_FOUND, "send to /webhook-receiver/{inbox}") };
        let Some(inbox) = self.inboxes.get_mut(name) else {
            return refused(StatusCode::NOT_FOUND, "there is no such inbox; give it a secret first");
        };
        if request.method != Method::POST {
            return refused(StatusCode::METHOD_NOT_ALLOWED, "webhooks are sent with POST");
        }
        let answer = inbox.take(name, request, now);
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        self.deliveries.push(Delivery {
            at: now,
            inbox: name.to_owned(),
            id: request.header("webhook-id").unwrap_or_default().to_owned(),
            kind: body["type"].as_str().unwrap_or_default().to_owned(),
            verdict: format!("{} {}", answer.status.as_u16(), String::from_utf8_lossy(&answer.body)),
        });
        answer
    }

    fn refuse(&self, refusal: Refusal) -> Answer {
        match refusal {
            Refusal::RateLimited => refused(StatusCode::TOO_MANY_REQUESTS, "too many requests"),
            Refusal::ServerError => refused(StatusCode::INTERNAL_SERVER_ERROR, "internal error"),
            Refusal::ExpiredCredentials => refused(StatusCode::UNAUTHORIZED, "the signature is wrong"),
        }
    }

    fn secrets(&self, _: &Request) -> Vec<String> {
        Vec::new()
    }

    fn tables(&self) -> Vec<Table> {
        let inbox = |(name, inbox): (&String, &Inbox)| {
            let status = inbox.status.as_u16();
            vec![json!(name), json!(status), json!(inbox.accepted.len()), json!(inbox.repeats), json!(inbox.refused)]
        };
        let delivery = |delivery: &Delivery| {
            let at = delivery.at.format(&Rfc3339).unwrap_or_default();
            vec![json!(at), json!(delivery.inbox), json!(delivery.id), json!(delivery.kind), json!(delivery.verdict)]
        };
        let inboxes = self.inboxes.iter().map(inbox).collect();
        let deliveries = self.deliveries.newest().map(delivery).collect();
        let inbox_columns = &["inbox", "answers_with", "accepted", "repeats", "refused"];
        let delivery_columns = &["at", "inbox", "webhook_id", "type", "answer"];
        vec![
            Table { name: "inboxes", columns: inbox_columns, rows: inboxes },
            Table { name: "deliveries", columns: delivery_columns, rows: deliveries },
        ]
    }

    fn configure(&mut self, settings: Value) -> Result<(), Refused> {
        let settings: Settings =
            serde_json::from_value(settings).map_err(|error| Refused::Invalid(error.to_string()))?;
        let new = settings.inboxes.keys().filter(|name| !self.inboxes.contains_key(*name)).count();
        if self.inboxes.len() + new > MOST_INBOXES {
            return Err(Refused::Full(format!("there are {MOST_INBOXES} inboxes at most; reset webhook-receiver")));
        }
        let mut changes = Vec::new();
        for (name, inbox) in settings.inboxes {
            check_name(&name)?;
            let key = inbox.secret.as_deref().map(key).transpose()?;
            if key.is_none() && !self.inboxes.contains_key(&name) {
                return Err(Refused::Invalid(format!("the new inbox `{name}` needs a `secret`")));
            }
            changes.push((name, key, inbox.status.map(status).transpose()?));
        }
        for (name, key, status) in changes {
            if let Some(inbox) = self.inboxes.get_mut(&name) {
                inbox.key = key.unwrap_or_else(|| inbox.key.clone());
                inbox.status = status.unwrap_or(inbox.status);
            } else if let Some(key) = key {
                self.inboxes.insert(name, Inbox::new(key, status.unwrap_or(StatusCode::OK)));
            }
        }
        Ok(())
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}

impl Inbox {
    fn new(key: hmac::Key, status: StatusCode) -> Self {
        Self { key, status, accepted: HashMap::new(), order: VecDeque::new(), repeats: 0, refused: 0 }
    }

    fn take(&mut self, name: &str, request: &Request, now: OffsetDateTime) -> Answer {
        let id = match verify(&self.key, request, now) {
            Ok(id) => id,
            Err(sentence) => {
                self.refused += 1;
                return refused(StatusCode::UNAUTHORIZED, sentence);
            }
        };
        if !self.status.is_success() {
            self.refused += 1;
            return refused(self.status, "this inbox was told to answer so");
        }
        let times = self.accepted.entry(id.to_owned()).or_default();
        *times += 1;
        if *times > 1 {
            self.repeats += 1;
            return Answer::json(self.status, &json!({ "accepted": id, "repeat": true }));
        }
        self.order.push_back(id.to_owned());
        if self.order.len() > MOST_IDS
            && let Some(oldest) = self.order.pop_front()
        {
            self.accepted.remove(&oldest);
        }
        Answer::json(self.status, &json!({ "accepted": id, "repeat": false })).with_effect(Effect {
            what: "webhook_accepted",
            place: name.to_owned(),
            id: id.to_owned(),
        })
    }
}

/// The id of a delivery that is signed with the key and not stale.
fn verify<'a>(key: &hmac::Key, request: &'a Request, now: OffsetDateTime) -> Result<&'a str, &'static str> {
    let header = |name| request.header(name).filter(|value| !value.is_empty());
    let id = header("webhook-id").ok_or("webhook-id is missing")?;
    let timestamp = header("webhook-timestamp").ok_or("webhook-timestamp is missing")?;
    let signatures = header("webhook-signature").ok_or("webhook-signature is missing")?;
    let sent_at = timestamp.parse().ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    let age = now - sent_at.ok_or("webhook-timestamp is not a number of seconds")?;
    if age.abs() > TOLERANCE {
        return Err("webhook-timestamp is more than five minutes away");
    }
    let mut signed = format!("{id}.{timestamp}.").into_bytes();
    signed.extend_from_slice(&request.body);
    let is_right = |entry: &str| {
        let tag = entry.strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok());
        tag.is_some_and(|tag| hmac::verify(key, &signed, &tag).is_ok())
    };
    if signatures.split(' ').any(is_right) { Ok(id) } else { Err("no signature fits") }
}

fn check_name(name: &str) -> Result<(), Refused> {
    let is_fine = (1..=MOST_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let sentence = format!("the name of an inbox has 1 to {MOST_NAME} of a-z, A-Z, 0-9, -, _ and .");
    if is_fine { Ok(()) } else { Err(Refused::Invalid(sentence)) }
}

fn key(secret: &str) -> Result<hmac::Key, Refused> {
    let bytes = secret.strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
    match bytes {
        Some(bytes) if SECRET_BYTES.contains(&bytes.len()) => Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes)),
        _ => Err(Refused::Invalid("a secret is whsec_ and the base64 of 24 to 64 bytes".to_owned())),
    }
}

fn status(number: u16) -> Result<StatusCode, Refused> {
    let status = StatusCode::from_u16(number).ok().filter(|_| (200..600).contains(&number));
    status.ok_or_else(|| Refused::Invalid("`status` is between 200 and 599".to_owned()))
}

fn refused(status: StatusCode, sentence: &str) -> Answer {
    Answer::json(status, &json!({ "error": sentence }))
}
