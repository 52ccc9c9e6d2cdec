//! Opens and closes incidents in PagerDuty, by its Events API v2.
//!
//! An incident is known by its key: the same key while it is open is the same incident, so every call may be repeated.
//! What does not fit is shortened rather than refused, as an alert without its details is better than none. The caller
//! chooses the details and leaves personal data out.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use url::Url;

use crate::call::{CallError, Http};

/// Where PagerDuty is, in its two regions.
pub const UNITED_STATES: &str = "https://events.pagerduty.com";
pub const EUROPE: &str = "https://events.eu.pagerduty.com";

const LONGEST_SUMMARY: usize = 1024;
const LONGEST_KEY: usize = 255;
const LARGEST_EVENT_BYTES: usize = 512 * 1024;
const ROUTING_KEY_LETTERS: usize = 32;

/// Says which service of which customer an event is for; whoever knows it can open incidents.
#[derive(Clone)]
pub struct RoutingKey(SecretString);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an integration key of PagerDuty consists of {ROUTING_KEY_LETTERS} letters and digits")]
pub struct RoutingKeyError;

impl RoutingKey {
    pub fn parse(text: &SecretString) -> Result<Self, RoutingKeyError> {
        let key = text.expose_secret();
        let fits = key.len() == ROUTING_KEY_LETTERS && key.bytes().all(|letter| letter.is_ascii_alphanumeric());
        if fits { Ok(Self(text.clone())) } else { Err(RoutingKeyError) }
    }
}

impl fmt::Debug for RoutingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoutingKey")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    Critical,
    Error,
    Warning,
    Info,
}

impl Severity {
    fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// What an incident says.
#[derive(Debug, Clone)]
pub struct Incident {
    pub dedup_key: String,
    pub summary: String,
    /// The machine or installation that noticed.
    pub source: String,
    pub severity: Severity,
    pub at: OffsetDateTime,
    pub component: Option<String>,
    pub group: Option<String>,
    pub class: Option<String>,
    pub details: Map<String, Value>,
    /// Where to look, with the words for it.
    pub links: Vec<(Url, String)>,
}

/// The service, or something that behaves like it.
#[derive(Debug, Clone)]
pub struct PagerDuty {
    http: Http,
    enqueue: Url,
}

impl PagerDuty {
    pub fn new(http: Http, base: &Url) -> Self {
        let mut enqueue = base.clone();
        // An address that has no path is refused by the first call.
        if let Ok(mut path) = enqueue.path_segments_mut() {
            path.pop_if_empty().extend(["v2", "enqueue"]);
        }
        Self { http, enqueue }
    }

    /// Opens the incident, or adds to it while it is open.
    pub async fn trigger(&self, key: &RoutingKey, incident: &Incident) -> Result<(), CallError> {
        check_key(&incident.dedup_key)?;
        let with_details = event(key, incident, &Value::Object(incident.details.clone())).to_string();
        let body = if with_details.len() <= LARGEST_EVENT_BYTES {
            with_details
        } else {
            event(key, incident, &json!({ "left_out": "the details were larger than PagerDuty takes" })).to_string()
        };
        if body.len() > LARGEST_EVENT_BYTES {
            return Err(refused("size", "the incident is larger than PagerDuty takes"));
        }
        self.send(body).await
    }

    /// Closes the incident; without one of this key, nothing happens.
    pub async fn resolve(&self, key: &RoutingKey, dedup_key: &str) -> Result<(), CallError> {
        check_key(dedup_key)?;
        let body = json!({ "routing_key": key.0.expose_secret(), "event_action": "resolve", "dedup_key": dedup_key });
        self.send(body.to_string()).await
    }

    async fn send(&self, body: String) -> Result<(), CallError> {
        let answer = self.http.post_bytes(&self.enqueue, "application/json", body).safe_to_repeat().send().await?;
        if answer.status() == 400 {
            // A wrong integration key is reported among the faults of the event.
            let words = String::from_utf8_lossy(answer.body()).to_ascii_lowercase();
            let about_key = words.contains("routing key") || words.contains("routing_key");
            return Err(if about_key {
                CallError::Reauth
            } else {
                refused("400", "PagerDuty calls the event invalid")
            });
        }
        answer.success().map(|_| ())
    }
}

fn check_key(dedup_key: &str) -> Result<(), CallError> {
    if dedup_key.is_empty() || dedup_key.chars().count() > LONGEST_KEY {
        return Err(refused("dedup_key", "an incident's key has 1 to 255 characters"));
    }
    Ok(())
}

fn event(key: &RoutingKey, incident: &Incident, details: &Value) -> Value {
    let links: Vec<_> = incident.links.iter().map(|(href, text)| json!({ "href": href, "text": text })).collect();
    json!({
        "routing_key": key.0.expose_secret(),
        "event_action": "trigger",
        "dedup_key": incident.dedup_key,
        "payload": {
            "summary": shortened(&incident.summary),
            "source": incident.source,
            "severity": incident.severity.as_str(),
            // Without a time it is the one of arrival.
            "timestamp": incident.at.format(&Rfc3339).ok(),
            "component": incident.component,
            "group": incident.group,
            "class": incident.class,
            "custom_details": details,
        },
        "links": links,
        "client": "SocialAI Hub",
    })
}

fn shortened(summary: &str) -> String {
    if summary.chars().count() <= LONGEST_SUMMARY {
        return summary.to_owned();
    }
    summary.chars().take(LONGEST_SUMMARY - 1).chain(['…']).collect()
}

fn refused(code: &str, message: &str) -> CallError {
    CallError::Refused { code: code.to_owned(), message: message.to_owned() }
}
