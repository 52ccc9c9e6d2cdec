//! Outbound webhooks: events of the workspace, delivered to its own systems after the Standard Webhooks specification.
//!
//! ```text
//! fact ──reader──► job fan_out ──► one delivery for each endpoint that chose the event ──► job deliver ──► attempts
//! ```
//!
//! * [`endpoints`]: where to, which events, switched on or off, and the keys that sign (`secrets`).
//! * [`deliveries`]: the log, and sending again.
//! * [`sending`]: what the jobs do: fan out, begin an attempt, write down how it ended.
//! * [`upkeep`]: what is old goes.
//!
//! A delivery is an effect in the ledger. Receivers drop a `webhook-id` that they know, so an attempt of which nobody knows
//! how it ended is settled by that and made again under the same id. The retry schedule is the delivery's own and not the
//! job's: a job that gave up would be a dead letter beside a log that says the same, and could be replayed twice.
//!
//! What happens to deliveries is never delivered itself ([`is_delivered`]): an endpoint that fails would feed itself.

pub mod deliveries;
pub mod endpoints;
mod secrets;
pub mod sending;
pub mod upkeep;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use socialai_queue::{
    jobs::{Queue, Task},
    retry::Schedule,
};
use time::{Duration, OffsetDateTime};

use crate::{
    events,
    ids::{EventId, WebhookDeliveryId},
    problems::Problem,
};

pub(crate) use self::secrets::SECRET;
pub use self::secrets::rotate_secret;

/// Name of the reader of facts.
pub const READER: &str = "webhooks";
pub const QUEUE: Queue = Queue("webhooks");
/// The event that an administrator sends to see whether an endpoint works.
pub const TEST_EVENT: &str = "webhook.test";
/// Larger events are sent without their data.
pub const BODY_LIMIT_BYTES: usize = 256 * 1024;
/// How long deliveries to an endpoint that was switched off for its failures wait for its recovery.
pub const HELD_FOR: Duration = Duration::days(7);

/// How much an endpoint is put up with, and how long its log is kept.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    pub retries: Schedule,
    /// An endpoint that gave nothing but failures for so long is switched off.
    pub failing_for: Duration,
    pub log_kept_for: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        // Over a day, so that an endpoint that fails from one morning to the next misses nothing.
        const RETRIES: Schedule = Schedule(&[5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600]);
        Self { retries: RETRIES, failing_for: Duration::days(3), log_kept_for: Duration::days(30) }
    }
}

/// An event on its way to whoever chose it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FanOut {
    pub event_id: EventId,
    pub event: String,
    pub key: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    pub data: Value,
}

impl Task for FanOut {
    const KIND: &'static str = "webhooks.fan_out";
    const QUEUE: Queue = QUEUE;

    fn key(&self) -> String {
        self.key.clone()
    }
}

/// One sending of a delivery: all attempts until it ends.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Deliver {
    pub delivery: WebhookDeliveryId,
    pub round: i32,
    /// Deliveries of the same lane go one after the other.
    pub lane: String,
}

impl Task for Deliver {
    const KIND: &'static str = "webhooks.deliver";
    const QUEUE: Queue = QUEUE;

    fn key(&self) -> String {
        self.lane.clone()
    }
}

/// Whether endpoints can have an event: it is in the catalogue for them, and not about a delivery.
pub fn is_delivered(event: &str, data: &Value) -> bool {
    let about_a_delivery = match event {
        "effect.unknown" | "effect.settled" => data["effect"]["kind"] == sending::EFFECT,
        "job.died" => data["job"]["queue"] == QUEUE.0,
        _ => false,
    };
    !about_a_delivery && events::find(event).is_some_and(|event| event.is_public)
}

/// The events that a choice stands for: `*`, a group (`user.*`) or a name.
pub fn chosen(choice: &str) -> impl Iterator<Item = &'static events::Event> {
    events::CATALOGUE.iter().filter(move |event| event.is_public && choices_for(event.name).any(|it| it == choice))
}

/// The ways to choose an event.
fn choices_for(event: &str) -> impl Iterator<Item = String> {
    let group = event.split_once('.').map(|(group, _)| format!("{group}.*"));
    std::iter::once("*".to_owned()).chain(group).chain(std::iter::once(event.to_owned()))
}

fn checked_choices(choices: &[String]) -> Result<(), Problem> {
    if !(1..=100).contains(&choices.len()) {
        return Err(Problem::field("events", "Choose 1 to 100 events; `*` stands for all."));
    }
    for (place, choice) in choices.iter().enumerate() {
        if chosen(choice).next().is_none() {
            let sentence = format!("There is no event `{choice}`: use one of /webhook-events, `group.*`, or `*`.");
            return Err(Problem::field(format!("events[{place}]"), sentence));
        }
    }
    Ok(())
}

/// What is sent. An event that is too large goes without its data: the receiver learns what it is about and asks.
fn body(event: &str, at: OffsetDateTime, data: &Value) -> String {
    let whole = written(event, at, data);
    if whole.len() <= BODY_LIMIT_BYTES {
        return whole;
    }
    let brief = written(event, at, &json!({ "entity": data["entity"], "truncated": true }));
    if brief.len() <= BODY_LIMIT_BYTES { brief } else { written(event, at, &json!({ "truncated": true })) }
}

fn written(event: &str, at: OffsetDateTime, data: &Value) -> String {
    #[derive(Serialize)]
    struct Payload<'a> {
        r#type: &'a str,
        #[serde(with = "time::serde::rfc3339")]
        timestamp: OffsetDateTime,
        data: &'a Value,
    }
    // Texts, a time and JSON can always be written.
    serde_json::to_string(&Payload { r#type: event, timestamp: at, data }).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: OffsetDateTime = time::macros::datetime!(2026-11-21 12:00 UTC);

    #[test]
    fn choices_are_all_a_group_or_a_name() {
        let names = |choice: &str| chosen(choice).map(|event| event.name).collect::<Vec<_>>();
        assert!(names("*").len() > 20 && names("user.*").len() > 5);
        assert_eq!(names("user.renamed"), ["user.renamed"]);
        for nothing in ["", "user", "user.", "user.*.*", "*.renamed", "webhook_delivery.changed", "webhook_delivery.*"]
        {
            assert_eq!(names(nothing), Vec::<&str>::new(), "{nothing}");
        }
    }

    #[test]
    fn what_becomes_of_deliveries_is_not_delivered() {
        let of = |kind: &str| json!({ "effect": { "kind": kind }, "job": { "queue": "webhooks" } });
        assert!(!is_delivered("effect.unknown", &of("webhook.delivery")));
        assert!(is_delivered("effect.unknown", &of("crm.write")));
        assert!(!is_delivered("job.died", &of("")));
        assert!(is_delivered("job.died", &json!({ "job": { "queue": "mail" } })));
        assert!(!is_delivered("webhook_delivery.changed", &json!({})));
        assert!(!is_delivered("no.such_event", &json!({})));
    }

    #[test]
    fn body_is_type_timestamp_and_data() {
        let body = body("user.renamed", NOON, &json!({ "entity": { "id": "usr_1" } }));
        assert_eq!(
            body,
            r#"{"type":"user.renamed","timestamp":"2026-11-21T12:00:00Z","data":{"entity":{"id":"usr_1"}}}"#
        );
    }

    #[test]
    fn event_that_is_too_large_says_what_it_is_about() {
        let text = "x".repeat(BODY_LIMIT_BYTES);
        let brief = body("user.renamed", NOON, &json!({ "entity": { "id": "usr_1" }, "changes": text }));
        assert!(brief.contains(r#""data":{"entity":{"id":"usr_1"},"truncated":true}"#), "{brief}");
        let least = body("user.renamed", NOON, &json!({ "entity": { "id": text } }));
        assert!(least.ends_with(r#""data":{"truncated":true}}"#), "{least}");
    }
}
