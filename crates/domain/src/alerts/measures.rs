//! What the rules read. Every query asks for one workspace, by an index, and counts no further than people read.

use std::collections::BTreeMap;

use sqlx::FromRow;
use time::Duration;

use super::{EFFECT, catalogue::Measure, rules::Setting};
use crate::{
    audit::Actor,
    channels::{Platform, gaps},
    effects::by_hand,
    ids::{AlertTargetId, ChannelAccountId, WebhookEndpointId},
    problems::Result,
    requests::{self, Lately},
    tenancy::{Databases, TenantTx},
    webhooks, work,
};

const COUNT_UP_TO: i64 = 10_000;
/// Lanes of a queue that are looked at for the oldest job; those in front have waited longest.
const LANES: i64 = 1_000;
const UNKNOWN_FOR: Duration = by_hand::CALLS_LAST;
const MOST_SUBJECTS: i64 = 100;

/// What a rule reads about one thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    pub measure: Measure,
    /// Empty where a rule watches one thing only.
    pub subject: String,
    /// The subject's name for people.
    pub label: Option<String>,
    pub value: f64,
}

impl Reading {
    fn of(measure: Measure, value: f64) -> Self {
        Self { measure, subject: String::new(), label: None, value }
    }

    /// Something that is wrong by being there.
    fn about(measure: Measure, subject: String, label: Option<String>) -> Self {
        Self { measure, subject, label, value: 1.0 }
    }
}

/// What stands in the control database, wherever the workspace lives.
#[derive(Debug, Clone, Default)]
pub struct Installation {
    circuits: Vec<String>,
    requests: Lately,
}

pub async fn of_installation(databases: &Databases, tenant: crate::ids::TenantId) -> Result<Installation> {
    let mut tx = databases.system(Actor::system("alerts")).await?;
    let circuits = work::open_circuits(&mut tx, tenant, MOST_SUBJECTS).await?;
    let requests = requests::lately(&mut tx, tenant, requests::KEPT_MINUTES).await?;
    tx.rollback().await?;
    Ok(Installation { circuits, requests })
}

/// All that can be read now. What is missing has nothing to read.
pub(super) async fn read(tx: &mut TenantTx, settings: &[Setting], seen: &Installation) -> Result<Vec<Reading>> {
    let mut readings = Vec::new();
    let counts = counts(tx).await?;
    readings.push(Reading::of(Measure::UrgentDeadLetters, number(counts.urgent)));
    readings.push(Reading::of(Measure::DeadLetters, number(counts.dead)));
    readings.push(Reading::of(Measure::UnknownEffects, number(counts.unknown)));
    readings.push(Reading::of(Measure::BacklogAge, backlog_age(tx).await?));
    for (id, name) in disabled_endpoints(tx).await? {
        readings.push(Reading::about(Measure::DisabledEndpoints, id.to_string(), Some(name)));
    }
    for (id, name) in broken_targets(tx).await? {
        readings.push(Reading::about(Measure::BrokenTargets, id.to_string(), Some(name)));
    }
    for account in troubled_accounts(tx).await? {
        let measure = if account.is_broken { Measure::BrokenAccounts } else { Measure::SilentAccounts };
        let label = format!("{} ({})", account.name, account.platform.title());
        readings.push(Reading::about(measure, account.id.to_string(), Some(label)));
    }
    for remote in &seen.circuits {
        readings.push(Reading::about(Measure::OpenCircuits, remote.clone(), None));
    }
    for setting in settings {
        let Some(window) = seen.requests.window(setting.window_minutes(), tx.now()) else { continue };
        match setting.measure {
            Measure::ErrorRate => readings.push(Reading::of(Measure::ErrorRate, window.error_percent)),
            Measure::Latency => readings.push(Reading::of(Measure::Latency, window.p95_ms)),
            _ => {}
        }
    }
    Ok(readings)
}

/// The worst of each measure, for people who look at the rules.
pub(super) fn worst(settings: &[Setting], readings: &[Reading]) -> BTreeMap<String, f64> {
    let mut worst = BTreeMap::new();
    for setting in settings {
        let values = readings.iter().filter(|reading| reading.measure == setting.measure).map(|reading| reading.value);
        let none = match setting.measure {
            Measure::ErrorRate | Measure::Latency => None,
            _ => Some(0.0),
        };
        if let Some(value) = values.reduce(f64::max).or(none) {
            worst.insert(setting.name.to_owned(), value);
        }
    }
    worst
}

#[derive(FromRow)]
struct Counts {
    urgent: i64,
    dead: i64,
    unknown: i64,
}

/// Deliveries to endpoints and notices are sent again under the same id, so nobody has to decide about those.
const SETTLE_THEMSELVES: [&str; 2] = [EFFECT, webhooks::sending::EFFECT];

async fn counts(tx: &mut TenantTx) -> Result<Counts> {
    let (tenant, unknown_since) = (tx.tenant(), tx.now() - UNKNOWN_FOR);
    let counts = sqlx::query_as(
        "select d.urgent, d.dead, e.unknown
         from (select count(*) filter (where speed = 0) as urgent, count(*) as dead
               from (select speed from system.dead_letters
                     where tenant_id = $1 and replayed_at is null and discarded_at is null and kind not like 'alerts.%'
                     limit $4) d) d
         cross join (select count(*) as unknown
               from (select from effects where state in ('dispatched', 'unknown') and dispatched_at < $2
                     and kind <> all($3) limit $4) e) e",
    )
    .bind(tenant)
    .bind(unknown_since)
    .bind(SETTLE_THEMSELVES.as_slice())
    .bind(COUNT_UP_TO);
    Ok(counts.fetch_one(tx.conn()).await?)
}

/// Of jobs that could be done now and that nobody does. A job that failed and waits for its turn is not late; nor is one
/// that waits by its own patience and has just woken up, as deliveries and notices do.
async fn backlog_age(tx: &mut TenantTx) -> Result<f64> {
    const PATIENT: [&str; 2] = ["webhooks.deliver", "alerts.tell"];
    let (tenant, queues) = (tx.tenant(), crate::queues::ALL.map(|queue| queue.0));
    let seconds = sqlx::query_scalar(
        "select coalesce(greatest(0, extract(epoch from clock_timestamp() - min(j.enqueued_at))), 0)::float8
         from unnest($2::text[]) as q (queue)
         cross join (values (0::smallint), (1::smallint)) as s (speed)
         cross join lateral (
            select l.key from system.lanes l
            where l.queue = q.queue and l.speed = s.speed and l.tenant_id = $1 and l.holder is null and l.wait_until is null
            order by l.place limit $4) l
         cross join lateral (
            select j.enqueued_at, j.kind, j.attempts from system.jobs j
            where j.queue = q.queue and j.tenant_id = $1 and j.key = l.key order by j.seq limit 1) j
         where j.attempts = 0 and j.kind <> all($3)",
    )
    .bind(tenant)
    .bind(queues.as_slice())
    .bind(PATIENT.as_slice())
    .bind(LANES);
    Ok(seconds.fetch_one(tx.conn()).await?)
}

async fn disabled_endpoints(tx: &mut TenantTx) -> Result<Vec<(WebhookEndpointId, String)>> {
    let endpoints = sqlx::query_as(
        "select id, name from webhook_endpoints where disabled_reason in ('failing', 'gone') order by id limit $1",
    );
    Ok(endpoints.bind(MOST_SUBJECTS).fetch_all(tx.conn()).await?)
}

async fn broken_targets(tx: &mut TenantTx) -> Result<Vec<(AlertTargetId, String)>> {
    let targets = sqlx::query_as(
        "select id, name from alert_targets where enabled and broken_since is not null order by id limit $1",
    );
    Ok(targets.bind(MOST_SUBJECTS).fetch_all(tx.conn()).await?)
}

#[derive(FromRow)]
struct Troubled {
    id: ChannelAccountId,
    name: String,
    platform: Platform,
    is_broken: bool,
}

/// Those that need somebody, and those that are not heard as usual: a gap is open, or was given up as lost and nothing has
/// come since, or messages come without webhooks.
async fn troubled_accounts(tx: &mut TenantTx) -> Result<Vec<Troubled>> {
    let accounts = sqlx::query_as(
        "select a.id, a.name, a.platform, a.state = 'needs_you' as is_broken from channel_accounts a
         left join lateral (
            select g.until_at from channel_gaps g where g.account_id = a.id and g.state = 'lost'
            order by g.from_at desc, g.id desc limit 1) lost on true
         where a.state = 'needs_you' or a.state <> 'disconnected' and (
            a.state_reason = $1 or exists (select from channel_gaps g where g.account_id = a.id and g.state = 'open')
            or lost.until_at >= coalesce(a.last_event_at, lost.until_at))
         order by a.id limit $2",
    );
    Ok(accounts.bind(gaps::MISSED).bind(MOST_SUBJECTS).fetch_all(tx.conn()).await?)
}

fn number(count: i64) -> f64 {
    f64::from(i32::try_from(count).unwrap_or(i32::MAX))
}
