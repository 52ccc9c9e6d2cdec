//! Brings a signed event to the endpoint that a tenant named.
//!
//! The address is somebody else's choice, so it is judged twice: by [`check_endpoint_url`] when it is typed, to say at once
//! what is wrong with it, and by [`guard`](crate::guard) for each connection, when the name has become an address. Only the
//! second is security: a name can turn to an address inside at any time, and the connection goes to exactly the address that
//! was checked. Redirects are failures; following them would be a third way in.
//!
//! A message may arrive more than once and is recognised by its id, so every failure may be tried again; how long, and when
//! an endpoint is given up, the caller decides.

use std::time::Duration;

use tokio::time::Instant;
use url::{Host, Url};

use crate::call::{Answer, CallError, Http};
use crate::guard::{self, Blocked, Reach};
use crate::standard_webhooks::Message;

const TIME_LIMIT: Duration = Duration::from_secs(20);
const EXCERPT_BYTES: usize = 4 * 1024;
const LONGEST_URL: usize = 2048;
/// What helps to find a fault and carries no secret of the receiver.
const SHOWN_HEADERS: [&str; 6] = ["content-type", "content-length", "date", "retry-after", "server", "x-request-id"];
const LONGEST_HEADER: usize = 200;
/// Names that lead inside wherever they are resolved.
const INSIDE: [&str; 9] =
    ["localhost", "localdomain", "local", "internal", "intranet", "lan", "home", "corp", "home.arpa"];

/// What the endpoint answered, for whoever looks for a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    /// The beginning of the body, as text that can be shown and stored.
    pub body_excerpt: String,
}

/// The endpoint accepted the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    pub reply: Reply,
    pub latency: Duration,
}

/// Why the endpoint did not accept the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    #[error("no connection to the endpoint could be made")]
    Unreachable,
    #[error("the endpoint gave no complete answer in time; it may have received the message")]
    NoAnswer,
    #[error("the endpoint answered with the status {0}")]
    Status(u16),
    #[error("the endpoint asks for fewer messages (status {status})")]
    SlowDown { status: u16, after: Option<Duration> },
    #[error("the endpoint is gone (status 410) and wants no more messages")]
    Gone,
    #[error("the address cannot be used: {0}")]
    Address(Blocked),
    #[error("the message was held back, as the endpoint does not work or asked for a pause")]
    HeldBack { after: Option<Duration> },
}

/// A message that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Failure {
    pub why: Why,
    pub reply: Option<Reply>,
    pub latency: Duration,
    call: CallError,
}

impl Failure {
    fn new(why: Why, reply: Option<Reply>, latency: Duration) -> Self {
        let call = match &why {
            // Sending it once more does no harm: the receiver knows the id.
            Why::Unreachable | Why::NoAnswer | Why::Status(500..) => CallError::Later { after: None },
            Why::SlowDown { after, .. } | Why::HeldBack { after } => CallError::Later { after: *after },
            Why::Gone => refused(410),
            Why::Status(status) => refused(*status),
            Why::Address(blocked) => CallError::Blocked(*blocked),
        };
        Self { why, reply, latency, call }
    }
}

fn refused(status: u16) -> CallError {
    CallError::Refused { code: status.to_string(), message: "the endpoint did not accept the message".to_owned() }
}

/// For [`Remotes`](crate::remote::Remotes), which decides by it whether the endpoint is well.
impl AsRef<CallError> for Failure {
    fn as_ref(&self) -> &CallError {
        &self.call
    }
}

/// Of a message that never got as far as [`deliver`].
impl From<CallError> for Failure {
    fn from(call: CallError) -> Self {
        let why = match call {
            CallError::Later { after } => Why::HeldBack { after },
            CallError::Blocked(blocked) => Why::Address(blocked),
            _ => Why::NoAnswer,
        };
        Self::new(why, None, Duration::ZERO)
    }
}

/// Sends the message once.
pub async fn deliver(http: &Http, endpoint: &Url, message: &Message) -> Result<Delivered, Failure> {
    let call = http.post_bytes(endpoint, "application/json", message.body().clone());
    let call = message.headers().into_iter().fold(call, |call, (name, value)| call.header(name, value));
    let begun = Instant::now();
    let outcome = call.time_limit(TIME_LIMIT).body_limit_bytes(EXCERPT_BYTES).send_for_status().await;
    let latency = begun.elapsed();
    let answer = outcome.map_err(|error| Failure::new(unanswered(&error), None, latency))?;
    let reply = Reply::of(&answer);
    let why = match answer.status() {
        200..=299 => return Ok(Delivered { reply, latency }),
        410 => Why::Gone,
        status @ (429 | 502..=504) => Why::SlowDown { status, after: answer.pause() },
        status => Why::Status(status),
    };
    Err(Failure::new(why, Some(reply), latency))
}

fn unanswered(error: &CallError) -> Why {
    match error {
        CallError::Blocked(blocked) => Why::Address(*blocked),
        CallError::Later { .. } => Why::Unreachable,
        CallError::Reauth | CallError::Refused { .. } | CallError::Unknown | CallError::Unreadable(_) => Why::NoAnswer,
    }
}

impl Reply {
    fn of(answer: &Answer) -> Self {
        let shown = |name| Some((name, answer.header(name)?.chars().take(LONGEST_HEADER).collect()));
        Self {
            status: answer.status(),
            headers: SHOWN_HEADERS.into_iter().filter_map(shown).collect(),
            // A database's text cannot hold the character zero.
            body_excerpt: String::from_utf8_lossy(answer.body()).replace('\0', "\u{fffd}"),
        }
    }
}

/// Why an address cannot be an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("it is longer than {LONGEST_URL} characters")]
    TooLong,
    #[error("it contains a space, a line break or a backslash")]
    Characters,
    #[error("it is not a complete address, as in https://example.com/hooks")]
    NotAnAddress,
    #[error("it contains a # with something after it, which is never sent to a server")]
    Fragment,
    #[error(transparent)]
    Address(#[from] Blocked),
}

/// What can be said about an endpoint when it is typed. Where its name leads is checked for each connection.
pub fn check_endpoint_url(text: &str, reach: Reach) -> Result<Url, Reason> {
    if text.len() > LONGEST_URL {
        return Err(Reason::TooLong);
    }
    // The parser would silently remove some of these and take a backslash for a slash.
    if text.chars().any(|letter| letter.is_whitespace() || letter.is_control() || letter == '\\') {
        return Err(Reason::Characters);
    }
    let url = Url::parse(text).map_err(|_| Reason::NotAnAddress)?;
    guard::check_url(&url, reach)?;
    if url.fragment().is_some() {
        return Err(Reason::Fragment);
    }
    match url.host() {
        Some(Host::Domain(name)) if reach == Reach::PublicOnly && leads_inside(name) => {
            Err(Reason::Address(Blocked::PrivateNetwork))
        }
        _ => Ok(url),
    }
}

/// A name without a dot is completed by the network that one is in.
fn leads_inside(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let under = |suffix| name.strip_suffix(suffix).is_some_and(|rest: &str| rest.is_empty() || rest.ends_with('.'));
    !name.contains('.') || INSIDE.into_iter().any(under)
}
