//! What X means by its errors.
//!
//! Errors come in two forms, problem documents and lists of numbered ones. A success may carry errors beside its data: parts
//! that could not be shown.

use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::super::json;
use super::super::refusal::{Refusal, refused};
use crate::call::{self, Answer, CallError, Quota, SCARCE_PERCENT};

const SHORTEST_PAUSE: Duration = Duration::from_mins(1);
const LONGEST_PAUSE: Duration = Duration::from_hours(24);

/// The outcome of a call that is counted with its like; what is left of them is noted.
pub(super) fn counted(kind: &str, answer: Answer) -> Result<Value, CallError> {
    let mut quota = Quota::default();
    for (budget, span) in [("x-rate-limit", ""), ("x-user-limit-24hour", "_a_day")] {
        let header = |part: &str| answer.header(&format!("{budget}-{part}"))?.trim().parse::<u32>().ok();
        if let (Some(limit), Some(remaining)) = (header("limit"), header("remaining")) {
            let used = 100.0 - 100.0 * f64::from(remaining) / f64::from(limit.max(1));
            quota.is_scarce |= used >= SCARCE_PERCENT;
            let left = json!({ "limit": limit, "remaining": remaining, "reset": header("reset") });
            quota.told.insert(format!("{kind}{span}"), left);
        }
    }
    call::note_quota(quota);
    outcome(answer)
}

pub(super) fn outcome(answer: Answer) -> Result<Value, CallError> {
    let body = json::read(answer.body());
    let status = answer.status();
    if (200..=299).contains(&status) {
        return body.map_err(|_| CallError::Unreadable("it is not a JSON object"));
    }
    let problem = Problem::of(&body.unwrap_or(Value::Null));
    if problem.is_named("usage-capped") || problem.says("credits") || status == 402 {
        return Err(refused(Refusal::OutOfCredits, format_args!("status {status}")));
    }
    match status {
        429 => Err(CallError::Later { after: Some(pause(&answer)) }),
        _ if problem.code == 88 => Err(CallError::Later { after: Some(pause(&answer)) }),
        401 => Err(CallError::Reauth),
        403 => Err(refused(problem.refusal(), format_args!("status 403, error {}", problem.code))),
        408 | 425 | 500..=599 => answer.success().and(Err(CallError::Unknown)),
        404 | 409 => Err(refused(Refusal::Rejected, format_args!("status {status}, error {}", problem.code))),
        _ => Err(refused(problem.refusal_of_400(), format_args!("status {status}, error {}", problem.code))),
    }
}

/// Until the budget that is used up is there again: the one of the last minutes, or the one of the day.
fn pause(answer: &Answer) -> Duration {
    let daily = ["x-user-limit-24hour", "x-app-limit-24hour"].into_iter().filter_map(|budget| {
        let header = |part: &str| answer.header(&format!("{budget}-{part}"))?.trim().parse::<i64>().ok();
        (header("remaining")? <= 0).then(|| header("reset")).flatten()
    });
    let until = |reset: i64| {
        let reset = OffsetDateTime::from_unix_timestamp(reset).ok()?;
        Duration::try_from(reset - answer.sent_at()?).ok()
    };
    let wanted = daily.filter_map(until).chain(answer.pause()).max();
    wanted.unwrap_or(SHORTEST_PAUSE).min(LONGEST_PAUSE)
}

/// An error, as far as something follows from it.
struct Problem {
    kind: String,
    /// Looked at, never repeated.
    words: String,
    code: i64,
}

impl Problem {
    fn of(body: &Value) -> Self {
        let first = json::list(&body["errors"]).first().unwrap_or(&Value::Null);
        let words = [&body["title"], &body["detail"], &body["reason"], &first["message"], &first["detail"]];
        Self {
            kind: body["type"].as_str().unwrap_or_default().to_owned(),
            words: words.into_iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ").to_lowercase(),
            code: first["code"].as_i64().or_else(|| body["code"].as_i64()).unwrap_or_default(),
        }
    }

    fn is_named(&self, name: &str) -> bool {
        self.kind.ends_with(name)
    }

    fn says(&self, words: &str) -> bool {
        self.words.contains(words)
    }

    fn refusal(&self) -> Refusal {
        match self.code {
            187 => Refusal::Duplicate,
            349 | 150 | 151 => Refusal::Recipient,
            326 | 64 | 63 => Refusal::AccountBlocked,
            433 => Refusal::NotMentioned,
            _ if self.says("duplicate") => Refusal::Duplicate,
            _ if self.says("mention") || self.says("summon") => Refusal::NotMentioned,
            _ if self.says("recipient") || self.says("participant") || self.says("dm conversation") => {
                Refusal::Recipient
            }
            _ if self.says("suspended") || self.says("locked") => Refusal::AccountBlocked,
            _ => Refusal::Permission,
        }
    }

    fn refusal_of_400(&self) -> Refusal {
        if self.code == 186 || self.says("too long") { Refusal::TooLong } else { Refusal::Rejected }
    }
}
