//! The one source of time. Rules take the clock, so that tests can turn it.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicI64, Ordering},
};

use time::{Duration, OffsetDateTime};

/// Cheap to clone. `advance` and `stop` concern only this clock and its clones.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_micros: Arc<AtomicI64>,
    stopped_at: Arc<OnceLock<OffsetDateTime>>,
}

impl Clock {
    /// Microseconds are what PostgreSQL keeps; finer digits would not read back as written.
    #[expect(clippy::disallowed_methods, reason = "the home of the clock")]
    pub fn now(&self) -> OffsetDateTime {
        let now = self.stopped_at.get().copied().unwrap_or_else(OffsetDateTime::now_utc);
        let now = now + Duration::microseconds(self.offset_micros.load(Ordering::Relaxed));
        now.replace_nanosecond(now.microsecond() * 1_000).unwrap_or(now)
    }

    /// From now on only `advance` moves the clock: for tests whose outcome must not depend on how busy the machine is.
    #[expect(clippy::disallowed_methods, reason = "the home of the clock")]
    pub fn stop(&self) {
        self.stopped_at.get_or_init(OffsetDateTime::now_utc);
    }

    /// Moves the clock; for tests and rehearsals.
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.whole_microseconds()).unwrap_or(i64::MAX);
        self.offset_micros.fetch_add(micros, Ordering::Relaxed);
    }
}
