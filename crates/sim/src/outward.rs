//! The other direction: what a simulator says without being asked. It tells its subscribers what happened (notices), and
//! asks them whether they are who they should be (handshakes).
//!
//! A simulator says what there is to tell and how a call that tells it looks. When the call is made, how often, in which
//! company and how wrongly signed is the frame's (`courier`).

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderName, HeaderValue, Method},
};
use serde_json::Value;
use time::OffsetDateTime;
use url::Url;

use crate::simulator::Request;

/// One thing that the subscribers of an app shall know.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The app whose callback hears it.
    pub app: String,
    /// The page, profile or organisation that it is about.
    pub account: String,
    /// `message`, `echo`, `comment` …: by which faults and recordings are picked.
    pub topic: &'static str,
    /// The message or comment that it is about.
    pub subject: String,
    /// Where in a call the item stands, in the platform's own word.
    pub shelf: &'static str,
    pub item: Value,
}

/// With what a call is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Seal {
    #[default]
    Right,
    OldSecret,
    Wrong,
}

/// A request of the simulator to a subscriber.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: Method,
    pub url: Url,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
    /// A longer answer counts as none.
    pub most_bytes: usize,
}

/// What answers to notices and handshakes may have.
const MOST_ANSWER_BYTES: usize = 64 * 1024;

impl Call {
    pub fn get(url: Url) -> Self {
        Self { method: Method::GET, url, headers: Vec::new(), body: Bytes::new(), most_bytes: MOST_ANSWER_BYTES }
    }

    /// Fetches what may be large.
    pub fn fetch(url: Url, most_bytes: usize) -> Self {
        Self { most_bytes, ..Self::get(url) }
    }

    pub fn post_json(url: Url, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { method: Method::POST, headers, body: body.into(), ..Self::get(url) }
    }

    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// As its receiver sees it.
    pub fn as_request(&self) -> Request {
        let pair = |(name, value): &(&'static str, String)| {
            Some((HeaderName::from_static(name), HeaderValue::from_str(value).ok()?))
        };
        Request {
            method: self.method.clone(),
            path: self.url.path().to_owned(),
            query: self.url.query().map(str::to_owned),
            headers: self.headers.iter().filter_map(pair).collect::<HeaderMap>(),
            body: self.body.clone(),
        }
    }
}

/// What came back of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Answer {
        status: u16,
        content_type: String,
        body: Bytes,
    },
    /// Nobody was there, or nobody answered in time.
    Nothing,
}

impl Heard {
    pub fn is_fine(&self) -> bool {
        matches!(self, Self::Answer { status: 200..=299, .. })
    }
}

/// A question to a subscriber, or to whoever has a file; `about` is what the simulator needs to remember until its end.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Under which it is recorded.
    pub topic: &'static str,
    pub call: Call,
    pub about: Value,
}

/// What came of a person's act.
#[derive(Debug, Clone, Default)]
pub struct Acted {
    /// Ids and secrets for whoever asked for it. With `ask`, the answer to that is given instead.
    pub result: Value,
    pub notices: Vec<Notice>,
    pub ask: Option<Ask>,
}

/// When and where an act takes place.
#[derive(Debug, Clone)]
pub struct Here {
    pub now: OffsetDateTime,
    /// The simulator's own address: `http://127.0.0.1:9900/facebook`.
    pub base: String,
}
