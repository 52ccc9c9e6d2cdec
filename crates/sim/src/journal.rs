//! What was asked and what was answered, the last hundred thousand of it, and a way to wait for more without asking
//! again and again.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    body::Bytes,
    http::{HeaderMap, Method},
};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::sync::watch;

use crate::{
    effects::{Counts, EffectFilter},
    faults::{Matching, Met},
    simulator::Effect,
};

const MOST_RECORDINGS: usize = 100_000;
const MOST_BYTES: usize = 128 * 1024 * 1024;
/// What a listing shows of a body.
const SHOWN_CHARACTERS: usize = 16 * 1024;
const SECRET: &str = "[secret]";
/// Parts of the names of headers whose values open doors.
const SECRET_HEADERS: [&str; 6] = ["authorization", "cookie", "api-key", "token", "secret", "signature"];

/// One request and how it ended. Its fields hold everything; written as JSON, secrets are masked.
#[derive(Debug, Clone)]
pub struct Recording {
    /// Counted over all simulators, from 1.
    pub number: u64,
    pub simulator: &'static str,
    pub at: OffsetDateTime,
    pub direction: Direction,
    /// What a delivery told; `handshake` when the simulator only asked who is there.
    pub topic: Option<&'static str>,
    pub method: Method,
    /// Behind the simulator's name; behind the host where the simulator is who asks.
    pub path: String,
    pub query: Option<String>,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub faults: Vec<Met>,
    /// Whether the simulator was asked; if not, the request changed nothing.
    pub was_handled: bool,
    pub effects: Vec<Effect>,
    pub ending: Ending,
    /// What the one who asked got of it.
    pub answer: Option<Sent>,
    pub secrets: Vec<String>,
}

/// Who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// We, the simulator.
    In,
    /// The simulator, us.
    Out,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    Answered,
    Truncated,
    Cut,
    Hung,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub status: u16,
    pub content_type: String,
    pub body: Bytes,
}

impl Recording {
    fn size(&self) -> usize {
        self.path.len() + self.body.len() + self.answer.as_ref().map_or(0, |answer| answer.body.len())
    }

    fn masked(&self, text: &str) -> String {
        let secrets = self.secrets.iter().filter(|secret| !secret.is_empty());
        secrets.fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), SECRET))
    }

    /// A body as text, without secrets, and not all of a long one.
    pub fn shown(&self, body: &Bytes) -> String {
        self.masked(&String::from_utf8_lossy(body)).chars().take(SHOWN_CHARACTERS).collect()
    }

    /// Path and query, without secrets.
    pub fn shown_path(&self) -> String {
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        self.masked(&format!("{}{query}", self.path))
    }

    fn shown_headers(&self) -> Vec<(String, String)> {
        let shown = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
            let name = name.as_str();
            let is_secret = SECRET_HEADERS.iter().any(|part| name.contains(part));
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.to_owned(), if is_secret { SECRET.to_owned() } else { self.masked(&value) })
        };
        self.headers.iter().map(shown).collect()
    }
}

impl Serialize for Recording {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Recording", 14)?;
        fields.serialize_field("number", &self.number)?;
        fields.serialize_field("simulator", self.simulator)?;
        fields.serialize_field("at", &self.at.format(&Rfc3339).unwrap_or_default())?;
        fields.serialize_field("direction", &self.direction)?;
        fields.serialize_field("topic", &self.topic)?;
        fields.serialize_field("method", self.method.as_str())?;
        fields.serialize_field("path", &self.shown_path())?;
        fields.serialize_field("headers", &self.shown_headers())?;
        fields.serialize_field("body", &self.shown(&self.body))?;
        fields.serialize_field("faults", &self.faults)?;
        fields.serialize_field("was_handled", &self.was_handled)?;
        fields.serialize_field("effects", &self.effects)?;
        fields.serialize_field("ending", &self.ending)?;
        let answer = self.answer.as_ref().map(|sent| {
            serde_json::json!({
                "status": sent.status, "content_type": sent.content_type, "body": self.shown(&sent.body),
            })
        });
        fields.serialize_field("answer", &answer)?;
        fields.end()
    }
}

/// Which recordings. Nothing means all.
#[derive(Debug, Clone, Default)]
pub struct RecordingFilter {
    pub simulator: Option<String>,
    pub matching: Matching,
    pub direction: Option<Direction>,
    /// Only those with a higher number.
    pub after: u64,
}

impl RecordingFilter {
    pub fn of(simulator: &str) -> Self {
        Self { simulator: Some(simulator.to_owned()), ..Self::default() }
    }

    #[must_use]
    pub fn on(mut self, method: &str, path_prefix: &str) -> Self {
        self.matching.method = Some(method.to_owned());
        self.matching.path_prefix = Some(path_prefix.to_owned());
        self
    }

    /// Only what the simulator sent.
    #[must_use]
    pub fn outgoing(mut self) -> Self {
        self.direction = Some(Direction::Out);
        self
    }

    /// Only deliveries that told this.
    #[must_use]
    pub fn about(mut self, topic: &str) -> Self {
        self.matching.topic = Some(topic.to_owned());
        self
    }

    #[must_use]
    pub fn after(mut self, number: u64) -> Self {
        self.after = number;
        self
    }

    fn accepts(&self, recording: &Recording) -> bool {
        recording.number > self.after
            && self.simulator.as_deref().is_none_or(|name| name == recording.simulator)
            && self.direction.is_none_or(|direction| direction == recording.direction)
            && self.matching.accepts(&recording.method, &recording.path, recording.topic)
    }
}

/// Nothing came in the time that was given for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimedOut {
    /// How many there are.
    pub found: u64,
}

impl std::fmt::Display for TimedOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "not so many came in time; there are {}", self.found)
    }
}

impl std::error::Error for TimedOut {}

pub struct Journal {
    pages: Mutex<Pages>,
    /// Counts what was written, for those that wait.
    written: watch::Sender<u64>,
}

#[derive(Default)]
pub struct Pages {
    recordings: VecDeque<Arc<Recording>>,
    bytes: usize,
    last_number: u64,
    pub effects: Counts,
}

impl Default for Journal {
    fn default() -> Self {
        Self { pages: Mutex::default(), written: watch::Sender::new(0) }
    }
}

impl Journal {
    pub fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn write(&self, recording: Recording) {
        self.pages().append(recording);
        self.written.send_modify(|count| *count += 1);
    }

    /// Waits until so many effects became visible.
    pub async fn wait_for_effects(
        &self,
        filter: &EffectFilter,
        count: u64,
        patience: Duration,
    ) -> Result<u64, TimedOut> {
        self.wait(count, patience, |pages| pages.effects.total(filter)).await
    }

    /// Waits until so many requests were recorded.
    pub async fn wait_for_recordings(
        &self,
        filter: &RecordingFilter,
        count: u64,
        patience: Duration,
    ) -> Result<u64, TimedOut> {
        // Only what is new is looked at again.
        let (mut found, mut filter) = (0, filter.clone());
        self.wait(count, patience, move |pages| {
            found += pages.newest(&filter).count() as u64;
            filter.after = filter.after.max(pages.last_number);
            found
        })
        .await
    }

    async fn wait(&self, count: u64, patience: Duration, mut look: impl FnMut(&Pages) -> u64) -> Result<u64, TimedOut> {
        let mut written = self.written.subscribe();
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            written.mark_unchanged();
            let found = look(&self.pages());
            if found >= count {
                return Ok(found);
            }
            if !matches!(tokio::time::timeout_at(deadline, written.changed()).await, Ok(Ok(()))) {
                return Err(TimedOut { found });
            }
        }
    }
}

impl Pages {
    fn append(&mut self, mut recording: Recording) {
        self.last_number += 1;
        recording.number = self.last_number;
        for effect in &recording.effects {
            self.effects.add(recording.simulator, effect.clone());
        }
        self.bytes += recording.size();
        self.recordings.push_back(Arc::new(recording));
        while self.recordings.len() > MOST_RECORDINGS || (self.bytes > MOST_BYTES && self.recordings.len() > 1) {
            let Some(oldest) = self.recordings.pop_front() else { break };
            self.bytes -= oldest.size();
        }
    }

    /// Newest first. Ends where the filter's `after` begins, without looking further back.
    pub fn newest<'a>(&'a self, filter: &'a RecordingFilter) -> impl Iterator<Item = &'a Arc<Recording>> {
        let new = self.recordings.iter().rev().take_while(|recording| recording.number > filter.after);
        new.filter(|recording| filter.accepts(recording))
    }

    /// Forgets those of one simulator, or all. Numbers go on.
    pub fn clear(&mut self, simulator: Option<&str>) {
        self.recordings.retain(|recording| simulator.is_some_and(|name| name != recording.simulator));
        self.bytes = self.recordings.iter().map(|recording| recording.size()).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(body: Bytes) -> Recording {
        Recording {
            number: 0,
            simulator: "a",
            at: OffsetDateTime::UNIX_EPOCH,
            direction: Direction::In,
            topic: None,
            method: Method::POST,
            path: "/x".to_owned(),
            query: None,
            headers: HeaderMap::new(),
            body,
            faults: Vec::new(),
            was_handled: true,
            effects: Vec::new(),
            ending: Ending::Answered,
            answer: None,
            secrets: Vec::new(),
        }
    }

    #[test]
    fn only_the_latest_are_kept() {
        let mut pages = Pages::default();
        for _ in 0..=MOST_RECORDINGS {
            pages.append(recording(Bytes::new()));
        }
        let filter = RecordingFilter::default();
        let numbers: Vec<_> = pages.newest(&filter).map(|recording| recording.number).collect();
        assert_eq!((numbers.len(), numbers.last()), (MOST_RECORDINGS, Some(&2)));
    }

    #[test]
    fn long_bodies_displace_old_recordings_sooner() {
        let mut pages = Pages::default();
        let body = Bytes::from(vec![b'x'; MOST_BYTES / 2]);
        for _ in 0..5 {
            pages.append(recording(body.clone()));
        }
        assert_eq!(pages.newest(&RecordingFilter::default()).count(), 1);
        pages.clear(None);
        assert_eq!(pages.bytes, 0);
    }

    #[test]
    fn a_listing_shows_the_beginning_of_a_long_body() {
        let long = recording(Bytes::from("é".repeat(SHOWN_CHARACTERS + 1)));
        let shown = serde_json::to_value(&long).unwrap();
        assert_eq!(shown["body"].as_str().unwrap().chars().count(), SHOWN_CHARACTERS);
    }
}
