//! Buckets on Redis, for several processes. The script runs the same rule as [`super::decide`], by Redis's own clock. When
//! Redis does not answer, requests pass on the process's own buckets: limits protect, they must not take the API down. Nor
//! may they slow it: while Redis is away one request a second asks for it, and the others do not wait.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use redis::{Script, aio::ConnectionManager};

use super::{InProcess, Quota, Verdict};

const GCRA: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local limit = tonumber(ARGV[1])
local interval = math.max(math.floor(60000000 / limit), 1)
local window = interval * limit
local empty_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local next_at = empty_at + interval
local allowed = next_at <= now + window
local ahead = empty_at - now
if allowed then
    ahead = next_at - now
    redis.call('SET', KEYS[1], string.format('%.0f', next_at), 'PX', math.ceil(window / 1000) + 1000)
end
local wait = 0
if not allowed then wait = next_at - now - window end
return {allowed and 1 or 0, math.floor((window - math.min(ahead, window)) / interval), math.ceil(ahead / 1000000), wait}
";

/// How long Redis is left alone after it did not answer.
const REST: Duration = Duration::from_secs(1);

pub struct OnRedis {
    connection: ConnectionManager,
    script: Script,
    meanwhile: InProcess,
    /// When somebody may ask again; `None` while Redis answers.
    rests_until: Mutex<Option<Instant>>,
}

impl std::fmt::Debug for OnRedis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnRedis")
    }
}

impl OnRedis {
    pub fn new(connection: ConnectionManager) -> Self {
        Self { connection, script: Script::new(GCRA), meanwhile: InProcess::default(), rests_until: Mutex::default() }
    }

    pub async fn take(&self, key: &str, quota: Quota) -> Verdict {
        if !self.may_ask() {
            return self.meanwhile.take(key, quota);
        }
        let mut connection = self.connection.clone();
        let asked: redis::RedisResult<(u8, u32, u64, u64)> =
            self.script.key(format!("socialai:limit:{key}")).arg(quota.per_minute).invoke_async(&mut connection).await;
        self.rest(asked.is_err().then_some(REST));
        match asked {
            Ok((allowed, remaining, reset_seconds, wait)) => Verdict {
                allowed: allowed == 1,
                limit: quota.per_minute,
                remaining,
                reset_seconds,
                retry_after: Duration::from_micros(wait),
            },
            Err(error) => {
                tracing::warn!(error = %error, "Redis does not answer; rate limits are kept in this process meanwhile");
                self.meanwhile.take(key, quota)
            }
        }
    }

    pub async fn ping(&self) -> bool {
        let mut connection = self.connection.clone();
        let works = redis::cmd("PING").query_async::<String>(&mut connection).await.is_ok();
        self.rest((!works).then_some(REST));
        works
    }

    /// True while Redis answers; after a rest, for the first who asks.
    fn may_ask(&self) -> bool {
        let mut rests_until = self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match *rests_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                *rests_until = Some(now + REST);
                true
            }
        }
    }

    fn rest(&self, duration: Option<Duration>) {
        let until = duration.map(|duration| Instant::now() + duration);
        *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}
