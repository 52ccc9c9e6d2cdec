//! The only place that sends an HTTP request.
//!
//! Every call has a time limit, a cap on the answer's size (measured after decompression), no
//! redirects and no proxy from the environment: a redirect or a proxy would reach addresses that
//! [`guard`](crate::guard) never saw. What went wrong becomes a [`CallError`], which says what the
//! caller can do and never repeats what was sent or received: remote systems like to echo tokens.

use std::fmt;
use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, redirect};
use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use url::Url;

use crate::guard::{self, Blocked, GuardedResolver, Reach};

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const TOTAL_LIMIT: Duration = Duration::from_secs(15);
const BODY_LIMIT_BYTES: usize = 1024 * 1024;
/// A remote system may ask for a pause; beyond this it is not a pause but a fault.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// What a failed call means for the caller. One conversion elsewhere turns it into retry, dead
/// letter, reconnect or settlement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Nothing happened at the remote system; the same call may be made again.
    #[error("the remote system is not available at the moment; try again later")]
    Later { after: Option<Duration> },
    /// Our credentials were not accepted.
    #[error("the remote system did not accept our credentials")]
    Reauth,
    /// The remote system understood and said no; the same call will fail again.
    #[error("the remote system refused the request ({code}): {message}")]
    Refused { code: String, message: String },
    /// The request left and the outcome is not known: it may have taken effect.
    #[error("the request was sent, but whether it took effect is not known")]
    Unknown,
    /// An answer came and could not be understood.
    #[error("the answer of the remote system could not be read: {0}")]
    Unreadable(&'static str),
    /// The address may not be called.
    #[error("the address cannot be used: {0}")]
    Blocked(#[from] Blocked),
}

/// The HTTP client could not be set up on this machine.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not start; install the system's CA certificates (package ca-certificates)")]
pub struct NoHttp(#[source] reqwest::Error);

/// Sends requests within one [`Reach`]. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Http {
    client: Client,
    reach: Reach,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("reach", &self.reach).finish_non_exhaustive()
    }
}

impl Http {
    #[expect(clippy::disallowed_methods, reason = "this is the home of the one HTTP client")]
    pub fn new(reach: Reach) -> Result<Self, NoHttp> {
        let client = Client::builder()
            .dns_resolver(GuardedResolver { reach })
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(CONNECT_LIMIT)
            .timeout(TOTAL_LIMIT)
            .user_agent(concat!("socialai-hub/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(NoHttp)?;
        Ok(Self { client, reach })
    }

    pub fn reach(&self) -> Reach {
        self.reach
    }

    /// A read: it may be repeated freely, so no failure of it is ever [`CallError::Unknown`].
    pub fn get(&self, url: &Url) -> Call {
        self.call(url, Effect::None, Client::get)
    }

    /// A change, sent as an HTML form would send it.
    pub fn post_form(&self, url: &Url, fields: &[(&str, &str)]) -> Call {
        let mut call = self.call(url, Effect::Change, Client::post);
        call.request = call.request.map(|request| request.form(fields));
        call
    }

    fn call(&self, url: &Url, effect: Effect, method: fn(&Client, Url) -> RequestBuilder) -> Call {
        let request = guard::check_url(url, self.reach).map(|()| method(&self.client, url.clone()));
        Call { request, effect, body_limit_bytes: BODY_LIMIT_BYTES }
    }
}

/// Whether the remote system's state changes when the request arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    None,
    Change,
}

/// A request that was not sent yet.
#[must_use = "a call does nothing until it is sent"]
pub struct Call {
    request: Result<RequestBuilder, Blocked>,
    effect: Effect,
    body_limit_bytes: usize,
}

impl Call {
    pub fn basic_auth(mut self, user: &str, password: &SecretString) -> Self {
        self.request = self.request.map(|request| request.basic_auth(user, Some(password.expose_secret())));
        self
    }

    pub fn body_limit_bytes(mut self, limit: usize) -> Self {
        self.body_limit_bytes = limit;
        self
    }

    /// Sends the request and reads the whole answer, whatever its status.
    pub async fn send(self) -> Result<Answer, CallError> {
        let mut response = self.request?.send().await.map_err(|error| from_transport(&error, self.effect))?;
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| from_transport(&error, self.effect))? {
            if body.len() + chunk.len() > self.body_limit_bytes {
                return Err(CallError::Unreadable("it is larger than allowed"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, retry_after, effect: self.effect, body })
    }
}

/// A complete answer. Its body is for the caller's parser and is never printed.
pub struct Answer {
    status: u16,
    retry_after: Option<Duration>,
    effect: Effect,
    body: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Answer {
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The answer itself when its status is 2xx, otherwise what the status means.
    pub fn success(self) -> Result<Self, CallError> {
        match self.status {
            200..=299 => Ok(self),
            300..=399 => Err(self.refused("it answered with a redirect, which is not followed")),
            401 => Err(CallError::Reauth),
            408 | 425 | 429 | 503 => Err(CallError::Later { after: self.retry_after }),
            400..=499 => Err(self.refused("the request was not acceptable")),
            // A gateway or a crashed handler answers 5xx also after the work was done.
            _ if self.effect == Effect::Change => Err(CallError::Unknown),
            _ => Err(CallError::Later { after: self.retry_after }),
        }
    }

    fn refused(&self, message: &str) -> CallError {
        CallError::Refused { code: self.status.to_string(), message: message.to_owned() }
    }
}

/// Sorts a failed request by what may have happened at the other side.
fn from_transport(error: &reqwest::Error, effect: Effect) -> CallError {
    if let Some(blocked) = blocked_in(error) {
        return CallError::Blocked(blocked);
    }
    if error.is_decode() {
        return CallError::Unreadable("its compression is broken");
    }
    let never_left = error.is_connect() || error.is_builder();
    match effect {
        Effect::Change if !never_left => CallError::Unknown,
        _ => CallError::Later { after: None },
    }
}

fn blocked_in(error: &reqwest::Error) -> Option<Blocked> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(blocked) = error.downcast_ref::<Blocked>() {
            return Some(*blocked);
        }
        cause = error.source();
    }
    None
}

/// `Retry-After` in either of its forms. A date is measured against the answer's own `Date`, so
/// that the remote system's clock, right or wrong, is the only one involved.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let wanted = text(RETRY_AFTER)?;
    let pause = if let Ok(seconds) = wanted.parse() {
        Duration::from_secs(seconds)
    } else {
        let until = OffsetDateTime::parse(wanted, &Rfc2822).ok()?;
        let sent = OffsetDateTime::parse(text(DATE)?, &Rfc2822).ok()?;
        Duration::try_from(until - sent).unwrap_or(Duration::ZERO)
    };
    Some(pause.min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn pause(retry_after_text: &'static str, date: Option<&'static str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static(retry_after_text));
        if let Some(date) = date {
            headers.insert(DATE, HeaderValue::from_static(date));
        }
        retry_after(&headers)
    }

    #[test]
    fn pause_is_read_in_both_forms_and_bounded() {
        let date = Some("Sat, 21 Nov 2026 12:00:00 GMT");
        assert_eq!(pause("17", None), Some(Duration::from_secs(17)));
        assert_eq!(pause("999999999", None), Some(LONGEST_PAUSE));
        assert_eq!(pause("Sat, 21 Nov 2026 12:00:30 GMT", date), Some(Duration::from_secs(30)));
        assert_eq!(pause("Sat, 21 Nov 2026 11:00:00 GMT", date), Some(Duration::ZERO));
        assert_eq!(pause("Sat, 21 Nov 2026 12:00:30 GMT", None), None);
        assert_eq!(pause("soon", date), None);
        assert_eq!(pause("-5", date), None);
    }
}
