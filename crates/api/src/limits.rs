//! Rate limits (GCRA): one rule, kept in process or on Redis, where all processes share it. Both compute the same: a
//! bucket remembers the time at which it would be empty again; a request moves it on by one interval and is refused when
//! that would go further ahead than the burst allows.

mod open;
mod process;
mod shared;

use std::time::Duration;

pub use open::{OpenStreams, Place};
pub use process::InProcess;
pub use shared::OnRedis;
use socialai_domain::{
    problems::{Code, Problem},
    tenants::Plan,
};

/// How much of one thing may be done in a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    pub name: &'static str,
    pub per_minute: u32,
}

/// The limits of this API. Tenants on the enterprise plan have five times as much.
pub mod quotas {
    use super::Quota;

    pub const LIST: Quota = Quota { name: "read", per_minute: 100 };
    pub const CHANGE: Quota = Quota { name: "change", per_minute: 60 };
    pub const EXPORT: Quota = Quota { name: "export", per_minute: 10 };
    /// API keys that this process has not seen lately, by address: guesses cost the database.
    pub const UNKNOWN_KEY: Quota = Quota { name: "unknown_key", per_minute: 600 };
    /// Public routes, by address.
    pub const VISIT: Quota = Quota { name: "visit", per_minute: 60 };
    /// Log-in and everything else at which somebody could guess, by address.
    pub const GUESS: Quota = Quota { name: "guess", per_minute: 30 };
    /// Web chat: all requests, by address. Many visitors may share one.
    pub const CHAT_ADDRESS: Quota = Quota { name: "chat_address", per_minute: 600 };
    /// New sessions of visitors, by address and by widget.
    pub const CHAT_SESSION: Quota = Quota { name: "chat_session", per_minute: 20 };
    pub const CHAT_SESSIONS: Quota = Quota { name: "chat_sessions", per_minute: 600 };
    /// What a visitor asks for, by session.
    pub const CHAT_VISITOR: Quota = Quota { name: "chat_visitor", per_minute: 200 };
    /// Messages of visitors, by session, by address and by widget.
    pub const CHAT_MESSAGE: Quota = Quota { name: "chat_message", per_minute: 30 };
    pub const CHAT_MESSAGE_ADDRESS: Quota = Quota { name: "chat_message_address", per_minute: 120 };
    pub const CHAT_MESSAGES: Quota = Quota { name: "chat_messages", per_minute: 3_000 };
}

/// Enterprise tenants' factor.
const ENTERPRISE: u32 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    pub allowed: bool,
    pub limit: u32,
    pub remaining: u32,
    /// Seconds until the whole quota is there again.
    pub reset_seconds: u64,
    /// How long to wait when refused.
    pub retry_after: Duration,
}

impl Verdict {
    /// The refusal, unless the request may pass.
    pub fn into_result(self) -> Result<(), Problem> {
        if self.allowed {
            return Ok(());
        }
        Err(Problem::new(Code::RateLimited, format!("The limit is {} in a minute.", self.limit))
            .retry_after(self.retry_after))
    }
}

/// Where buckets are kept.
#[derive(Debug)]
pub enum Store {
    InProcess(InProcess),
    OnRedis(OnRedis),
}

#[derive(Debug)]
pub struct Limiter {
    store: Store,
    factor: u32,
}

impl Limiter {
    /// `factor` multiplies every quota (load tests, generous installations).
    pub fn new(store: Store, factor: u32) -> Self {
        Self { store, factor: factor.max(1) }
    }

    /// Counts one request against a bucket.
    pub async fn check(&self, bucket: &str, quota: Quota, plan: Plan) -> Verdict {
        let times = if plan == Plan::Enterprise { ENTERPRISE } else { 1 };
        let quota = Quota { per_minute: quota.per_minute.saturating_mul(times).saturating_mul(self.factor), ..quota };
        let key = format!("{}|{bucket}", quota.name);
        let verdict = match &self.store {
            Store::InProcess(store) => store.take(&key, quota),
            Store::OnRedis(store) => store.take(&key, quota).await,
        };
        if !verdict.allowed {
            metrics::counter!("socialai_rate_limited_total", "limit" => quota.name).increment(1);
        }
        verdict
    }

    /// True when the store answers (always, in process).
    pub async fn is_healthy(&self) -> Option<bool> {
        match &self.store {
            Store::InProcess(_) => None,
            Store::OnRedis(store) => Some(store.ping().await),
        }
    }
}

/// The rule itself: times in microseconds; `empty_at` is the bucket's memory.
pub(crate) fn decide(now: u64, empty_at: Option<u64>, quota: Quota) -> (Option<u64>, Verdict) {
    let interval = (60_000_000 / u64::from(quota.per_minute)).max(1);
    let window = interval * u64::from(quota.per_minute);
    let empty_at = empty_at.unwrap_or(now).max(now);
    let next = empty_at + interval;
    let allowed = next <= now + window;
    let ahead = if allowed { next - now } else { empty_at - now };
    let verdict = Verdict {
        allowed,
        limit: quota.per_minute,
        remaining: u32::try_from((window - ahead.min(window)) / interval).unwrap_or(u32::MAX),
        reset_seconds: ahead.div_ceil(1_000_000),
        retry_after: Duration::from_micros(if allowed { 0 } else { next - (now + window) }),
    };
    (allowed.then_some(next), verdict)
}
