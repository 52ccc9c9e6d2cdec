//! What a remote system answered, and what its status means for the caller.

use std::fmt;
use std::time::Duration;

use reqwest::header::HeaderMap;
use time::OffsetDateTime;

use super::{CallError, Repeat, pace};

/// An answer. Its body is for the caller's parser and is never printed.
pub struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) pause: Option<Duration>,
    pub(super) repeat: Repeat,
    pub(super) body: Vec<u8>,
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
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The first header of this name, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// How long the remote system wants to be left alone now, from `Retry-After` or its rate-limit headers.
    pub fn pause(&self) -> Option<Duration> {
        self.pause
    }

    /// The remote system's own time, from `Date`.
    pub fn sent_at(&self) -> Option<OffsetDateTime> {
        pace::sent_at(&self.headers)
    }

    /// The answer itself when its status is 2xx, otherwise what the status means.
    pub fn success(self) -> Result<Self, CallError> {
        match self.status {
            200..=299 => Ok(self),
            300..=399 => Err(self.refused("it answered with a redirect, which is not followed")),
            401 => Err(CallError::Reauth),
            408 | 425 | 429 | 503 => Err(CallError::Later { after: self.pause }),
            400..=499 => Err(self.refused("the request was not acceptable")),
            // A gateway or a crashed handler answers 5xx also after the work was done.
            _ if self.repeat == Repeat::Never => Err(CallError::Unknown),
            _ => Err(CallError::Later { after: self.pause }),
        }
    }

    fn refused(&self, message: &str) -> CallError {
        CallError::Refused { code: self.status.to_string(), message: message.to_owned() }
    }
}
