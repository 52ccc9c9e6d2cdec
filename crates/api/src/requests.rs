//! Counts the requests of each workspace, minute by minute, for the alert rules about them. What was counted is written every
//! few seconds, and forgotten when its minute is over.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use socialai_domain::{
    ids::TenantId,
    problems::Result,
    requests::{self, Count},
    tenancy::Databases,
};
use time::OffsetDateTime;
use uuid::Uuid;

/// Counts that are kept at once; more workspaces than that in a minute are not counted.
const MOST: usize = 20_000;

pub struct Requests {
    process: Uuid,
    counts: Mutex<BTreeMap<(OffsetDateTime, TenantId), Count>>,
}

impl Default for Requests {
    fn default() -> Self {
        Self { process: Uuid::new_v4(), counts: Mutex::default() }
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requests").field("process", &self.process).finish_non_exhaustive()
    }
}

impl Requests {
    pub fn count(&self, tenant: TenantId, now: OffsetDateTime, status: u16, took: Duration) {
        let minute = requests::minute_of(now);
        let mut counts = self.lock();
        let is_full = counts.len() >= MOST;
        let count = match counts.get_mut(&(minute, tenant)) {
            Some(count) => count,
            None if is_full => return,
            None => counts.entry((minute, tenant)).or_insert_with(|| Count::new(tenant, minute)),
        };
        count.add(status >= 500, took);
    }

    /// What could not be written stays until it can, or is too old to be asked for.
    pub async fn write(&self, databases: &Databases) -> Result<()> {
        let now = databases.now();
        let oldest = now - time::Duration::minutes(requests::KEPT_MINUTES.into());
        let counts: Vec<_> = {
            let mut counts = self.lock();
            counts.retain(|(minute, _), _| *minute >= oldest);
            counts.values().copied().collect()
        };
        if counts.is_empty() {
            return Ok(());
        }
        requests::write(databases, self.process, &counts).await?;
        // A request may still be on its way to the count of the minute that has just ended.
        let living = requests::minute_of(now) - time::Duration::MINUTE;
        self.lock().retain(|(minute, _), _| *minute >= living);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(OffsetDateTime, TenantId), Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
