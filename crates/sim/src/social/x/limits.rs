//! How many calls there are within fifteen minutes, and refusals as problem documents.

use axum::http::StatusCode;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::X;
use crate::simulator::Answer;

const PERIOD: Duration = Duration::minutes(15);
const DAILY_MESSAGES: u64 = 1_440;
/// Calls within a period by what they do; what is not named has the last.
const LIMITS: [(&str, u64); 7] = [
    ("message", 15),
    ("post", 100),
    ("events", 15),
    ("mentions", 300),
    ("webhooks", 450),
    ("subscriptions", 500),
    ("", 900),
];

/// What the headers of an answer say.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    most: u64,
    remaining: u64,
    reset: OffsetDateTime,
}

impl Limit {
    pub fn on(&self, answer: Answer) -> Answer {
        answer
            .with_header("x-rate-limit-limit", self.most.to_string())
            .with_header("x-rate-limit-remaining", self.remaining.to_string())
            .with_header("x-rate-limit-reset", self.reset.unix_timestamp().to_string())
    }
}

impl X {
    /// Counts a call of somebody, and refuses one too many.
    pub fn count(&mut self, who: &str, what: &'static str, now: OffsetDateTime) -> Result<(), Problem> {
        let begun = beginning(now, PERIOD);
        let granted = LIMITS.iter().find(|(name, _)| *name == what).map_or(900, |(_, most)| *most);
        let is_send = matches!(what, "message" | "post");
        let most = if is_send { self.network.sends } else { self.network.calls }.unwrap_or(granted);
        let count = self.meter.count((who.to_owned(), what), begun);
        self.limit = Some(Limit { most, remaining: most.saturating_sub(count), reset: begun + PERIOD });
        let is_day_over = what == "message"
            && self.network.sends.is_none()
            && self.daily.count(who.to_owned(), beginning(now, Duration::DAY)) > DAILY_MESSAGES;
        if count > most || is_day_over { Err(Problem::too_many()) } else { Ok(()) }
    }
}

fn beginning(now: OffsetDateTime, period: Duration) -> OffsetDateTime {
    let seconds = now.unix_timestamp() - now.unix_timestamp().rem_euclid(period.whole_seconds());
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(now)
}

#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    body: Value,
}

impl Problem {
    /// `kind` is the end of the problem's address.
    pub fn new(status: StatusCode, kind: &str, title: &str, detail: &str) -> Self {
        let kind =
            if kind.is_empty() { "about:blank".to_owned() } else { format!("https://api.x.com/2/problems/{kind}") };
        Self { status, body: json!({ "title": title, "detail": detail, "type": kind, "status": status.as_u16() }) }
    }

    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "", "Unauthorized", "Unauthorized")
    }

    pub fn forbidden(detail: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "", "Forbidden", detail)
    }

    pub fn too_many() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "", "Too Many Requests", "Too Many Requests")
    }

    pub fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "", "Service Unavailable", "Service Unavailable")
    }

    pub fn invalid(parameter: &str, message: &str) -> Self {
        let detail = "One or more parameters to your request was invalid.";
        let mut problem = Self::new(StatusCode::BAD_REQUEST, "invalid-request", "Invalid Request", detail);
        problem.body["errors"] = json!([{ "parameters": { parameter: [] }, "message": message }]);
        problem
    }

    pub fn not_found(what: &str, id: &str) -> Self {
        let detail = format!("Could not find {what} with id: [{id}].");
        Self::new(StatusCode::NOT_FOUND, "resource-not-found", "Not Found Error", &detail)
    }

    pub fn into_answer(self) -> Answer {
        Answer::json(self.status, &self.body)
    }
}
