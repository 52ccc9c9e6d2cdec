//! How requests to the API were answered, by workspace and minute. Each process counts for itself and writes its whole count
//! of a minute again and again, so that a write that is repeated changes nothing.

use serde::Serialize;
use serde_json::json;
use sqlx::FromRow;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    audit::Actor,
    ids::TenantId,
    problems::Result,
    tenancy::{Databases, SystemTx},
};

/// Minutes that are kept.
pub const KEPT_MINUTES: i32 = 120;
/// What took at most so many milliseconds is counted together; the last number stands for everything above, too.
pub const LIMITS_MS: [u32; 16] = [5, 10, 25, 50, 100, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000, 10_000, 30_000];
/// Fewer requests say nothing about a share.
const LEAST: i64 = 20;
/// Minutes of all processes that one look reads.
const MOST_ROWS: i64 = 10_000;

/// What one process counted of one workspace in one minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Count {
    pub tenant_id: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    pub minute: OffsetDateTime,
    pub requests: i32,
    pub errors: i32,
    pub slow: [i32; LIMITS_MS.len()],
}

impl Count {
    pub fn new(tenant: TenantId, minute: OffsetDateTime) -> Self {
        Self { tenant_id: tenant.0, minute, requests: 0, errors: 0, slow: [0; LIMITS_MS.len()] }
    }

    pub fn add(&mut self, is_error: bool, took: std::time::Duration) {
        let place = LIMITS_MS.iter().position(|limit| took.as_millis() <= u128::from(*limit));
        self.requests = self.requests.saturating_add(1);
        self.errors = self.errors.saturating_add(i32::from(is_error));
        let slow = &mut self.slow[place.unwrap_or(LIMITS_MS.len() - 1)];
        *slow = slow.saturating_add(1);
    }
}

/// The minute that a moment belongs to.
pub fn minute_of(at: OffsetDateTime) -> OffsetDateTime {
    at - Duration::seconds(at.second().into()) - Duration::nanoseconds(at.nanosecond().into())
}

/// Writes what a process counted up to now, in place of what it wrote before.
pub async fn write(databases: &Databases, process: Uuid, counts: &[Count]) -> Result<()> {
    let mut tx = databases.system(Actor::system("requests")).await?;
    sqlx::query(
        "insert into system.request_minutes (tenant_id, minute, process, requests, errors, slow)
         select c.tenant_id, c.minute, $1, c.requests, c.errors, c.slow
         from jsonb_to_recordset($2) as c (tenant_id uuid, minute timestamptz, requests int, errors int, slow int[])
         order by c.tenant_id, c.minute
         on conflict (tenant_id, minute, process) do update
            set requests = excluded.requests, errors = excluded.errors, slow = excluded.slow",
    )
    .bind(process)
    .bind(json!(counts))
    .execute(tx.conn())
    .await?;
    tx.commit().await
}

/// Removes minutes that nobody asks for any more.
pub async fn sweep(tx: &mut SystemTx) -> Result<()> {
    let before = tx.now() - Duration::minutes(KEPT_MINUTES.into());
    sqlx::query("delete from system.request_minutes where minute < $1").bind(before).execute(tx.conn()).await?;
    Ok(())
}

/// The last minutes of a workspace, as all processes counted them.
#[derive(Debug, Clone, Default)]
pub struct Lately {
    rows: Vec<Row>,
}

#[derive(Debug, Clone, FromRow)]
struct Row {
    minute: OffsetDateTime,
    requests: i32,
    errors: i32,
    slow: Vec<i32>,
}

/// How requests were answered in a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    pub error_percent: f64,
    pub p95_ms: f64,
}

pub async fn lately(tx: &mut SystemTx, tenant: TenantId, minutes: i32) -> Result<Lately> {
    let since = minute_of(tx.now()) - Duration::minutes(minutes.into());
    let rows = sqlx::query_as(
        "select minute, requests, errors, slow from system.request_minutes
         where tenant_id = $1 and minute > $2 order by minute desc limit $3",
    );
    Ok(Lately { rows: rows.bind(tenant).bind(since).bind(MOST_ROWS).fetch_all(tx.conn()).await? })
}

impl Lately {
    /// The last so many minutes; nothing when there were too few requests to say.
    pub fn window(&self, minutes: i32, now: OffsetDateTime) -> Option<Window> {
        let since = minute_of(now) - Duration::minutes(minutes.into());
        let (mut requests, mut errors, mut slow) = (0_i64, 0_i64, [0_i64; LIMITS_MS.len()]);
        for row in self.rows.iter().filter(|row| row.minute > since) {
            requests += i64::from(row.requests);
            errors += i64::from(row.errors);
            for (sum, number) in slow.iter_mut().zip(&row.slow) {
                *sum += i64::from(*number);
            }
        }
        if requests < LEAST {
            return None;
        }
        Some(Window { error_percent: float(errors) * 100.0 / float(requests), p95_ms: percentile(&slow, 0.95) })
    }
}

/// As if those that are counted together were spread evenly between their limits.
fn percentile(slow: &[i64], share: f64) -> f64 {
    let wanted = float(slow.iter().sum()) * share;
    let (mut below, mut lower) = (0.0, 0.0);
    for (number, upper) in slow.iter().zip(LIMITS_MS) {
        let upper = f64::from(upper);
        let number = float(*number);
        if number > 0.0 && below + number >= wanted {
            return lower + (upper - lower) * ((wanted - below) / number).clamp(0.0, 1.0);
        }
        below += number;
        lower = upper;
    }
    lower
}

fn float(number: i64) -> f64 {
    f64::from(i32::try_from(number).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-11-21 12:00:17.5 UTC);

    fn lately(counts: &[Count]) -> Lately {
        let row = |count: &Count| Row {
            minute: count.minute,
            requests: count.requests,
            errors: count.errors,
            slow: count.slow.to_vec(),
        };
        Lately { rows: counts.iter().map(row).collect() }
    }

    fn count(minutes_ago: i64, ok: i32, failed: i32, took_ms: u64) -> Count {
        let mut count = Count::new(TenantId(Uuid::nil()), minute_of(NOON) - Duration::minutes(minutes_ago));
        for number in 0..ok + failed {
            count.add(number < failed, std::time::Duration::from_millis(took_ms));
        }
        count
    }

    #[test]
    fn share_of_errors_is_that_of_all_processes_in_the_window() {
        let lately = lately(&[count(0, 45, 5, 10), count(4, 50, 0, 10), count(5, 0, 500, 10)]);
        assert_eq!(lately.window(5, NOON).map(|window| window.error_percent), Some(5.0));
        assert!(lately.window(6, NOON).unwrap().error_percent > 80.0);
    }

    #[test]
    fn few_requests_say_nothing() {
        assert_eq!(lately(&[count(0, 0, 19, 10)]).window(5, NOON), None);
        assert!(lately(&[count(0, 0, 20, 10)]).window(5, NOON).is_some());
    }

    #[test]
    fn percentile_lies_between_the_limits_of_those_that_are_counted_together() {
        let quick = lately(&[count(0, 100, 0, 40)]).window(5, NOON).unwrap().p95_ms;
        assert!((25.0..=50.0).contains(&quick), "{quick}");
        let mixed = lately(&[count(0, 90, 0, 40), count(1, 10, 0, 1200)]).window(5, NOON).unwrap().p95_ms;
        assert!((1000.0..=1500.0).contains(&mixed), "{mixed}");
        let endless = lately(&[count(0, 30, 0, 1_000_000)]).window(5, NOON).unwrap().p95_ms;
        assert!((10_000.0..=30_000.0).contains(&endless), "{endless}");
    }

    proptest::proptest! {
        #[test]
        fn percentile_rises_with_the_share_and_stays_within_the_limits(
            slow in proptest::collection::vec(0..1000_i64, LIMITS_MS.len()), share in 0.0..1.0_f64,
        ) {
            let (part, most) = (percentile(&slow, share), percentile(&slow, 1.0));
            proptest::prop_assert!(part <= most && (0.0..=30_000.0).contains(&part));
        }
    }
}
