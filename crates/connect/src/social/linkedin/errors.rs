//! What LinkedIn means by its errors.
//!
//! There is no `Retry-After`. The daily quota comes back at midnight UTC; a second throttle, on comments of one member,
//! counts by the minute.

use std::time::Duration;

use serde_json::Value;
use time::Time;

use super::super::json;
use super::super::refusal::{Refusal, refused};
use crate::call::{Answer, CallError};

const THROTTLE: Duration = Duration::from_mins(1);
const UNTIL_ASKED_AGAIN: Duration = Duration::from_hours(1);

/// The answer when it is a success.
pub(super) fn check(answer: Answer) -> Result<Answer, CallError> {
    let status = answer.status();
    if (200..=299).contains(&status) {
        return Ok(answer);
    }
    let body = json::read(answer.body()).unwrap_or(Value::Null);
    let code = body["serviceErrorCode"].as_i64().unwrap_or_default();
    let no = |refusal| refused(refusal, format_args!("status {status}, error {code}"));
    Err(match status {
        401 => CallError::Reauth,
        _ if matches!(code, 65_600..=65_602) => CallError::Reauth,
        403 if is_about_content(&body) => no(Refusal::Content),
        403 => no(Refusal::Permission),
        409 => no(Refusal::Duplicate),
        426 => no(Refusal::Outdated),
        429 if is_throttle(&body) => CallError::Later { after: Some(answer.pause().unwrap_or(THROTTLE).max(THROTTLE)) },
        429 => CallError::Later { after: Some(until_midnight(&answer)) },
        408 | 425 | 500..=599 => return answer.success(),
        _ => no(Refusal::Rejected),
    })
}

/// The body of a success.
pub(super) fn body(answer: Answer) -> Result<Value, CallError> {
    json::read(check(answer)?.body()).map_err(|_| CallError::Unreadable("it is not a JSON object"))
}

fn words(body: &Value) -> String {
    body["message"].as_str().unwrap_or_default().to_lowercase()
}

fn is_about_content(body: &Value) -> bool {
    words(body).contains("/content")
}

fn is_throttle(body: &Value) -> bool {
    words(body).contains("creation rate")
}

/// By LinkedIn's clock. Without its time, asking every hour does little harm.
fn until_midnight(answer: &Answer) -> Duration {
    let left = answer.sent_at().map(|now| {
        let passed = now.to_offset(time::UtcOffset::UTC).time() - Time::MIDNIGHT;
        time::Duration::DAY - passed
    });
    left.and_then(|left| Duration::try_from(left).ok()).unwrap_or(UNTIL_ASKED_AGAIN)
}
