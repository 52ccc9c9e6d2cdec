//! What one simulator is: a name, a state, and a function from a request to an answer.
//!
//! A simulator knows no socket, no fault and no other simulator. It is asked one request at a time, and what it changes
//! while it answers has happened; only afterwards may the frame lose the answer on the way. That order is what makes
//! "cut after the effect" exact, so `handle` is an ordinary function and not an async one.

use std::{collections::VecDeque, time::Duration};

use axum::{
    body::Bytes,
    http::{HeaderMap, Method, StatusCode, header},
};
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    outward::{Acted, Ask, Call, Heard, Here, Notice, Seal},
    play::{Line, Stage},
};

pub trait Simulator: Send {
    /// The first part of its addresses: `/{name}/…`.
    fn name(&self) -> &'static str;

    /// What it stands for, in one sentence.
    fn about(&self) -> &'static str;

    fn handle(&mut self, request: &Request, now: OffsetDateTime) -> Answer;

    /// How the remote company words a refusal that a fault orders. Its status and `Retry-After` are the frame's.
    fn refuse(&self, refusal: Refusal) -> Answer;

    /// What in a request nobody may read in a listing: keys in addresses and bodies. Headers are the frame's.
    fn secrets(&self, request: &Request) -> Vec<String>;

    /// What a person or a test sees of its state.
    fn tables(&self) -> Vec<Table>;

    /// Takes settings of its own; after a refusal nothing has changed.
    fn configure(&mut self, settings: Value) -> Result<(), Refused>;

    /// As if newly made.
    fn reset(&mut self);

    /// Something that a person does there, and not one of our requests. Refused where nobody lives.
    fn act(&mut self, verb: &str, _given: Value, _here: &Here) -> Result<Acted, Refused> {
        Err(Refused::Missing(format!("{} has nobody who could `{verb}`", self.name())))
    }

    /// The calls that tell its subscribers of these. None when nobody listens (any more).
    fn pack(&self, _notices: &[Notice], _seal: Seal, _now: OffsetDateTime) -> Vec<Call> {
        Vec::new()
    }

    /// How long it waits before each further try of a call that was not answered with 2xx.
    fn retries(&self) -> Vec<Duration> {
        Vec::new()
    }

    /// Questions that it asks its subscribers from time to time.
    fn due(&mut self, _now: OffsetDateTime) -> Vec<Ask> {
        Vec::new()
    }

    /// The end of an `Ask`; it is the answer of the request that waited for it, if one did.
    fn heard(&mut self, _about: Value, _heard: Heard, _now: OffsetDateTime) -> Answer {
        self.refuse(Refusal::ServerError)
    }

    /// Who is there, for the page on which a person plays a customer.
    fn stage(&self) -> Option<Stage> {
        None
    }

    /// What one of its people sees of an account, oldest first.
    fn lines(&self, _account: &str, _person: &str) -> Vec<Line> {
        Vec::new()
    }
}

/// A request as the remote company would see it: the path begins behind `/{name}`.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    pub path: String,
    pub query: Option<String>,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    /// `/v2/enqueue` as `["v2", "enqueue"]`, to match on.
    pub fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|part| !part.is_empty()).collect()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// `application/json`, with or without a character set.
    pub fn is_json(&self) -> bool {
        let kind = self.header(header::CONTENT_TYPE.as_str()).unwrap_or_default();
        kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    }
}

/// What a simulator says, and what became visible to people because of the request.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub content_type: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
    pub effects: Vec<Effect>,
    /// What subscribers shall be told because of it.
    pub notices: Vec<Notice>,
    /// A question to a subscriber, on whose end the real answer depends.
    pub ask: Option<Ask>,
}

impl Answer {
    pub fn json(status: StatusCode, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    pub fn text(status: StatusCode, body: impl Into<String>) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body.into())
    }

    /// A page for a browser, on which nothing runs.
    pub fn html(status: StatusCode, body: impl Into<String>) -> Self {
        Self::new(status, "text/html; charset=utf-8", body.into())
            .with_header(header::CONTENT_SECURITY_POLICY.as_str(), "default-src 'none'; style-src 'unsafe-inline'")
            .with_header(header::X_CONTENT_TYPE_OPTIONS.as_str(), "nosniff")
    }

    pub fn redirect(to: impl Into<String>) -> Self {
        Self::text(StatusCode::FOUND, "").with_header(header::LOCATION.as_str(), to)
    }

    pub fn bytes(content_type: &'static str, body: &'static [u8]) -> Self {
        Self { body: Bytes::from_static(body), ..Self::new(StatusCode::OK, content_type, String::new()) }
    }

    /// No answer yet: it comes from `Simulator::heard`.
    pub fn pending(ask: Ask) -> Self {
        Self { ask: Some(ask), ..Self::text(StatusCode::ACCEPTED, "") }
    }

    fn new(status: StatusCode, content_type: &'static str, body: String) -> Self {
        let (headers, effects, notices) = (Vec::new(), Vec::new(), Vec::new());
        Self { status, content_type, headers, body: body.into(), effects, notices, ask: None }
    }

    #[must_use]
    pub fn with_notices(mut self, notices: impl IntoIterator<Item = Notice>) -> Self {
        self.notices.extend(notices);
        self
    }

    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    #[must_use]
    pub fn with_effect(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }
}

/// Something that somebody can see from now on: an incident was opened, a message stands in a channel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Effect {
    /// `incident_opened`, `message_posted`.
    pub what: &'static str,
    /// Where it is seen: an account, a channel, an inbox. Never a secret.
    pub place: String,
    /// By which two of them are known to be the same one.
    pub id: String,
}

/// What a fault says instead of the simulator, in the remote company's own form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    RateLimited,
    ServerError,
    ExpiredCredentials,
}

/// Rows of cells; a cell that is text is shown as it is.
#[derive(Debug, Clone)]
pub struct Table {
    pub name: &'static str,
    pub columns: &'static [&'static str],
    pub rows: Vec<Vec<Value>>,
}

/// Why the frame or a simulator did not do what its control API was asked; a sentence for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    Invalid(String),
    Missing(String),
    Full(String),
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Invalid(sentence) | Self::Missing(sentence) | Self::Full(sentence)) = self;
        f.write_str(sentence)
    }
}

impl std::error::Error for Refused {}

/// The last so many; a simulator runs for weeks in somebody's staging area.
#[derive(Debug, Clone)]
pub struct Latest<T> {
    entries: VecDeque<T>,
    most: usize,
}

impl<T> Latest<T> {
    pub fn new(most: usize) -> Self {
        Self { entries: VecDeque::new(), most }
    }

    /// Returns the one that had to go.
    pub fn push(&mut self, entry: T) -> Option<T> {
        self.entries.push_back(entry);
        if self.entries.len() > self.most { self.entries.pop_front() } else { None }
    }

    /// Newest first.
    pub fn newest(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().rev()
    }
}
