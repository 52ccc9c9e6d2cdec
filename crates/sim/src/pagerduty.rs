//! PagerDuty's Events API v2: `POST /v2/enqueue`.
//!
//! A key that is open is one incident, however often it is triggered; that is the remote's idempotency, and why a repeat
//! of an event whose answer got lost is safe. Any routing key of the right form is taken: there is nothing to set up.
//! Absent: change events, PagerDuty's REST API, its merging of alerts.

use std::collections::{BTreeMap, HashMap};

use aws_lc_rs::digest;
use axum::http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::simulator::{Answer, Effect, Refusal, Refused, Request, Simulator, Table};

const MOST_INCIDENTS: usize = 10_000;
const MOST_BODY_BYTES: usize = 512 * 1024;
const ROUTING_KEY_LENGTH: usize = 32;
const MOST_DEDUP_KEY: usize = 255;
const MOST_SUMMARY: usize = 1_024;
const SEVERITIES: [&str; 4] = ["critical", "error", "warning", "info"];
const ACTIONS: [&str; 3] = ["trigger", "acknowledge", "resolve"];

#[derive(Default)]
pub struct PagerDuty {
    incidents: BTreeMap<u64, Incident>,
    /// Open ones by service and key.
    open: HashMap<(String, String), u64>,
    last_number: u64,
}

struct Incident {
    service: String,
    dedup_key: String,
    status: Status,
    summary: String,
    severity: String,
    source: String,
    /// How many events it has swallowed.
    triggers: u64,
    opened_at: OffsetDateTime,
    changed_at: OffsetDateTime,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Triggered,
    Acknowledged,
    Resolved,
}

impl Status {
    const fn name(self) -> &'static str {
        match self {
            Self::Triggered => "triggered",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }
}

/// An event whose form is right.
struct Event<'a> {
    service: String,
    action: &'a str,
    dedup_key: String,
    payload: Option<&'a Map<String, Value>>,
}

impl Simulator for PagerDuty {
    fn name(&self) -> &'static str {
        "pagerduty"
    }

    fn about(&self) -> &'static str {
        "PagerDuty Events API v2 (POST /v2/enqueue)"
    }

    fn handle(&mut self, request: &Request, now: OffsetDateTime) -> Answer {
        match (&request.method, &*request.segments()) {
            (&Method::POST, ["v2", "enqueue"]) => self.enqueue(request, now),
            (_, ["v2", "enqueue"]) => Answer::json(StatusCode::METHOD_NOT_ALLOWED, &json!({})),
            _ => Answer::json(StatusCode::NOT_FOUND, &json!({ "status": "not found" })),
        }
    }

    fn refuse(&self, refusal: Refusal) -> Answer {
        match refusal {
            Refusal::RateLimited => {
                let body = json!({ "status": "throttle exceeded", "message": "Requests for this service are arriving too quickly.  Please retry later." });
                Answer::json(StatusCode::TOO_MANY_REQUESTS, &body)
            }
            Refusal::ServerError => {
                let body = json!({ "status": "error", "message": "Internal Server Error" });
                Answer::json(StatusCode::INTERNAL_SERVER_ERROR, &body)
            }
            Refusal::ExpiredCredentials => invalid(&["Invalid routing key"]),
        }
    }

    fn secrets(&self, request: &Request) -> Vec<String> {
        let key = serde_json::from_slice::<Value>(&request.body).ok().and_then(|event| {
            let key = event.get("routing_key")?.as_str()?;
            Some(key.to_owned())
        });
        key.into_iter().collect()
    }

    fn tables(&self) -> Vec<Table> {
        let time = |at: OffsetDateTime| at.format(&Rfc3339).unwrap_or_default();
        let row = |(number, incident): (&u64, &Incident)| {
            vec![
                json!(number),
                json!(incident.status.name()),
                json!(incident.severity),
                json!(incident.summary),
                json!(incident.dedup_key),
                json!(incident.triggers),
                json!(incident.source),
                json!(incident.service),
                json!(time(incident.opened_at)),
                json!(time(incident.changed_at)),
            ]
        };
        let columns = &[
            "number",
            "status",
            "severity",
            "summary",
            "dedup_key",
            "triggers",
            "source",
            "service",
            "opened_at",
            "changed_at",
        ];
        vec![Table { name: "incidents", columns, rows: self.incidents.iter().rev().map(row).collect() }]
    }

    fn configure(&mut self, _: Value) -> Result<(), Refused> {
        Err(Refused::Invalid("pagerduty has no settings".to_owned()))
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}

impl PagerDuty {
    fn enqueue(&mut self, request: &Request, now: OffsetDateTime) -> Answer {
        if request.body.len() > MOST_BODY_BYTES {
            let body = json!({ "status": "invalid event", "message": "Event is larger than 512 KB" });
            return Answer::json(StatusCode::PAYLOAD_TOO_LARGE, &body);
        }
        if !request.is_json() {
            return invalid(&["Content-Type must be application/json"]);
        }
        let Ok(Value::Object(fields)) = serde_json::from_slice(&request.body) else {
            return invalid(&["JSON is invalid"]);
        };
        let event = match Event::read(&fields) {
            Ok(event) => event,
            Err(errors) => return invalid(&errors),
        };
        let effect = match event.action {
            "trigger" => self.trigger(&event, now),
            "acknowledge" => self.change(&event, Status::Acknowledged, now),
            _ => self.change(&event, Status::Resolved, now),
        };
        let body = json!({ "status": "success", "message": "Event processed", "dedup_key": event.dedup_key });
        let mut answer = Answer::json(StatusCode::ACCEPTED, &body);
        answer.effects.extend(effect.map(|what| Effect { what, place: event.service, id: event.dedup_key }));
        answer
    }

    /// Opens an incident, unless the key is open already.
    fn trigger(&mut self, event: &Event<'_>, now: OffsetDateTime) -> Option<&'static str> {
        let key = (event.service.clone(), event.dedup_key.clone());
        if let Some(incident) = self.open.get(&key).and_then(|number| self.incidents.get_mut(number)) {
            incident.triggers += 1;
            incident.changed_at = now;
            return None;
        }
        let field = |name: &str| event.payload.map(|payload| text(payload, name).to_owned()).unwrap_or_default();
        self.last_number += 1;
        self.open.insert(key, self.last_number);
        let incident = Incident {
            service: event.service.clone(),
            dedup_key: event.dedup_key.clone(),
            status: Status::Triggered,
            summary: field("summary"),
            severity: field("severity"),
            source: field("source"),
            triggers: 1,
            opened_at: now,
            changed_at: now,
        };
        self.incidents.insert(self.last_number, incident);
        if self.incidents.len() > MOST_INCIDENTS
            && let Some((number, gone)) = self.incidents.pop_first()
            && self.open.get(&(gone.service.clone(), gone.dedup_key.clone())) == Some(&number)
        {
            self.open.remove(&(gone.service, gone.dedup_key));
        }
        Some("incident_opened")
    }

    /// An event for a key that is not open is accepted and does nothing, as PagerDuty does.
    fn change(&mut self, event: &Event<'_>, to: Status, now: OffsetDateTime) -> Option<&'static str> {
        let key = (event.service.clone(), event.dedup_key.clone());
        let incident = self.open.get(&key).and_then(|number| self.incidents.get_mut(number))?;
        if incident.status == to {
            return None;
        }
        incident.status = to;
        incident.changed_at = now;
        if to == Status::Acknowledged {
            return Some("incident_acknowledged");
        }
        self.open.remove(&key);
        Some("incident_resolved")
    }
}

impl<'a> Event<'a> {
    fn read(fields: &'a Map<String, Value>) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        let routing_key = text(fields, "routing_key");
        if routing_key.chars().count() != ROUTING_KEY_LENGTH {
            errors.push("Length of 'routing_key' is incorrect (should be 32 characters)".to_owned());
        } else if !routing_key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            errors.push("Invalid routing key".to_owned());
        }
        let action = text(fields, "event_action");
        if action.is_empty() {
            errors.push("'event_action' is missing or blank".to_owned());
        } else if !ACTIONS.contains(&action) {
            errors.push(format!("'event_action' is invalid (must be one of the following: {})", ACTIONS.join(", ")));
        }
        let dedup_key = text(fields, "dedup_key");
        if dedup_key.chars().count() > MOST_DEDUP_KEY {
            errors.push("'dedup_key' is too long (should be at most 255 characters)".to_owned());
        }
        if dedup_key.is_empty() && ACTIONS[1..].contains(&action) {
            errors.push(format!("'dedup_key' is missing or blank (required to {action})"));
        }
        if fields.get("dedup_key").is_some_and(|key| !key.is_string() && !key.is_null()) {
            errors.push("'dedup_key' must be a string".to_owned());
        }
        let payload = fields.get("payload").and_then(Value::as_object);
        if action == "trigger" {
            check_payload(payload, &mut errors);
        }
        check_list(fields, "links", "href", &mut errors);
        check_list(fields, "images", "src", &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let dedup_key =
            if dedup_key.is_empty() { uuid::Uuid::new_v4().simple().to_string() } else { dedup_key.to_owned() };
        Ok(Self { service: service(routing_key), action, dedup_key, payload })
    }
}

fn check_payload(payload: Option<&Map<String, Value>>, errors: &mut Vec<String>) {
    let Some(payload) = payload else {
        errors.push("'payload' is missing or blank".to_owned());
        return;
    };
    for name in ["summary", "source", "severity"] {
        if text(payload, name).trim().is_empty() {
            errors.push(format!("'payload.{name}' is missing or blank"));
        }
    }
    if text(payload, "summary").chars().count() > MOST_SUMMARY {
        errors.push("'payload.summary' is too long (should be at most 1024 characters)".to_owned());
    }
    let severity = text(payload, "severity");
    if !severity.is_empty() && !SEVERITIES.contains(&severity) {
        errors.push(format!("'payload.severity' is invalid (must be one of the following: {})", SEVERITIES.join(", ")));
    }
    let timestamp = payload.get("timestamp").filter(|value| !value.is_null());
    if timestamp.is_some_and(|value| !value.as_str().is_some_and(is_time)) {
        errors.push("'payload.timestamp' is invalid (should be ISO 8601)".to_owned());
    }
    if payload.get("custom_details").is_some_and(|details| !details.is_object() && !details.is_null()) {
        errors.push("'payload.custom_details' is invalid (should be an object)".to_owned());
    }
}

/// A list of objects of which each has an address.
fn check_list(fields: &Map<String, Value>, name: &str, address: &str, errors: &mut Vec<String>) {
    let Some(list) = fields.get(name).filter(|value| !value.is_null()) else { return };
    let is_entry = |entry: &Value| entry.get(address).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    if !list.as_array().is_some_and(|entries| entries.iter().all(is_entry)) {
        errors.push(format!("'{name}' is invalid (each needs '{address}')"));
    }
}

/// With `Z`, `+00:00`, or as PagerDuty's own examples write it, `+0000`.
fn is_time(text: &str) -> bool {
    let with_colon = match text.len().checked_sub(2) {
        Some(end) if text.is_char_boundary(end) => format!("{}:{}", &text[..end], &text[end..]),
        _ => return false,
    };
    OffsetDateTime::parse(text, &Rfc3339).is_ok() || OffsetDateTime::parse(&with_colon, &Rfc3339).is_ok()
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A name for who holds the key, that does not tell it.
fn service(routing_key: &str) -> String {
    let digest = digest::digest(&digest::SHA256, routing_key.as_bytes());
    format!("service-{}", hex::encode(&digest.as_ref()[..4]))
}

fn invalid<T: serde::Serialize>(errors: &[T]) -> Answer {
    let body = json!({ "status": "invalid event", "message": "Event object is invalid", "errors": errors });
    Answer::json(StatusCode::BAD_REQUEST, &body)
}
