//! Jobs: what they are, and every statement about them. The statements that lock are functions in the database.

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sqlx::{FromRow, PgConnection, postgres::types::PgInterval};
use time::OffsetDateTime;
use uuid::Uuid;

/// SQLSTATE of a statement whose job belongs to another worker by now.
pub const LEASE_LOST: &str = "SA001";

/// Work of the installation and not of one tenant.
pub const INSTALLATION: Uuid = Uuid::nil();

/// Which workers take a job: one queue per role of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Queue(pub &'static str);

/// Which of the two lanes: urgent work overtakes the rest, also for jobs of its key that were there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Speed {
    Fast,
    Standard,
}

impl Speed {
    pub const BOTH: [Self; 2] = [Self::Fast, Self::Standard];

    pub(crate) const fn number(self) -> i16 {
        match self {
            Self::Fast => 0,
            Self::Standard => 1,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Standard => "standard",
        }
    }
}

/// The payload of one kind of job. Fields may be added with a default; anything else needs a new version, whose handler
/// reads the old one too: during a deploy both are about.
pub trait Task: Serialize + DeserializeOwned + Send + 'static {
    const KIND: &'static str;
    const QUEUE: Queue;
    const VERSION: i16 = 1;
    const SPEED: Speed = Speed::Standard;

    /// Jobs of the same key are done one after the other, in the order in which they were committed.
    fn key(&self) -> String;
}

/// A job that is not in the database yet.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub id: Uuid,
    pub queue: Queue,
    pub kind: String,
    pub key: String,
    pub speed: Speed,
    pub version: i16,
    pub payload: Value,
    /// Not before this moment. Until then the job can be cancelled and holds up nothing.
    pub due_at: Option<OffsetDateTime>,
}

impl NewJob {
    /// Fails when the task cannot be written as JSON.
    pub fn of<T: Task>(task: &T) -> Result<Self, serde_json::Error> {
        Ok(Self {
            id: Uuid::now_v7(),
            queue: T::QUEUE,
            kind: T::KIND.to_owned(),
            key: task.key(),
            speed: T::SPEED,
            version: T::VERSION,
            payload: serde_json::to_value(task)?,
            due_at: None,
        })
    }

    #[must_use]
    pub fn fast(self) -> Self {
        Self { speed: Speed::Fast, ..self }
    }

    #[must_use]
    pub fn due_at(self, at: OffsetDateTime) -> Self {
        Self { due_at: Some(at), ..self }
    }
}

/// A job in a worker's hands, and the proof that it is.
#[derive(Debug, Clone)]
pub struct Lease {
    pub queue: Queue,
    pub tenant: Uuid,
    pub key: String,
    pub seq: i64,
    pub token: Uuid,
    /// Finishing this job gives the lane back; false when the worker goes on with the next job of the lane.
    pub releases: bool,
}

#[derive(Debug, Clone)]
pub struct Claimed {
    pub lease: Lease,
    pub id: Uuid,
    pub kind: String,
    pub version: i16,
    pub payload: Value,
    /// Attempts that failed before this one.
    pub failed: i16,
    pub speed: Speed,
    pub trace: Option<String>,
    pub enqueued_at: OffsetDateTime,
    /// Workers that died one after the other with this lane in hand, before they had done its first job.
    pub crashes: i16,
}

/// Takes back a job that is not yet due. False when it was due already, or cancelled before.
pub async fn cancel(conn: &mut PgConnection, tenant: Uuid, job: Uuid) -> Result<bool, sqlx::Error> {
    let gone = sqlx::query("delete from system.delayed_jobs where id = $1 and tenant_id = $2");
    Ok(gone.bind(job).bind(tenant).execute(conn).await?.rows_affected() == 1)
}

/// What a worker asks for.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub queue: Queue,
    pub worker: Uuid,
    /// Lanes of all speeds together.
    pub lanes: i32,
    pub by_speed: Vec<OfSpeed>,
    pub jobs_per_lane: i32,
    /// Lanes that one tenant may have of this worker.
    pub lanes_per_tenant: i32,
    /// Tenants that have some already, and how many more they may have.
    pub busy: Vec<(Uuid, i32)>,
    /// So many lanes of one tenant should come together.
    pub together: i32,
    /// Of more tenants with work some come next time.
    pub tenants: i32,
}

#[derive(Debug, Clone, Copy)]
pub struct OfSpeed {
    pub speed: Speed,
    pub lanes: i32,
    /// Of many tenants look at those after this one first.
    pub after: Uuid,
}

#[derive(FromRow)]
struct Row {
    tenant_id: Uuid,
    key: String,
    speed: i16,
    seq: i64,
    id: Uuid,
    kind: String,
    version: i16,
    payload: Value,
    attempts: i16,
    trace: Option<String>,
    enqueued_at: OffsetDateTime,
    crashes: i16,
    is_last: bool,
}

/// Takes free lanes for a worker, those of the first speed first; jobs of one lane follow each other in their order. It is a
/// transaction of its own.
pub async fn claim(conn: &mut PgConnection, wanted: &Wanted) -> Result<Vec<Claimed>, sqlx::Error> {
    let token = Uuid::new_v4();
    let (busy, room): (Vec<Uuid>, Vec<i32>) = wanted.busy.iter().copied().unzip();
    let rows: Vec<Row> =
        sqlx::query_as("select * from system.claim($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)")
            .bind(wanted.queue.0)
            .bind(wanted.worker)
            .bind(token)
            .bind(wanted.by_speed.iter().map(|of| of.speed.number()).collect::<Vec<_>>())
            .bind(wanted.by_speed.iter().map(|of| of.lanes).collect::<Vec<_>>())
            .bind(wanted.by_speed.iter().map(|of| of.after).collect::<Vec<_>>())
            .bind(wanted.lanes)
            .bind(wanted.jobs_per_lane)
            .bind(wanted.lanes_per_tenant)
            .bind(busy)
            .bind(room)
            .bind(wanted.together)
            .bind(wanted.tenants)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|row| claimed(wanted.queue, token, row)).collect())
}

fn claimed(queue: Queue, token: Uuid, row: Row) -> Claimed {
    let Row { tenant_id: tenant, key, seq, is_last: releases, .. } = row;
    Claimed {
        lease: Lease { queue, tenant, key, seq, token, releases },
        id: row.id,
        kind: row.kind,
        version: row.version,
        payload: row.payload,
        failed: row.attempts,
        speed: if row.speed == 0 { Speed::Fast } else { Speed::Standard },
        trace: row.trace,
        enqueued_at: row.enqueued_at,
        crashes: row.crashes,
    }
}

/// Gives the lane back and tries the job again after a pause. Without a failure the attempt does not count.
pub async fn postpone(
    conn: &mut PgConnection,
    lease: &Lease,
    pause: Duration,
    failure: Option<Value>,
) -> Result<(), sqlx::Error> {
    sqlx::query("select system.postpone($1, $2, $3, $4, $5, $6, $7)")
        .bind(lease.queue.0)
        .bind(lease.tenant)
        .bind(&lease.key)
        .bind(lease.token)
        .bind(lease.seq)
        .bind(interval(pause))
        .bind(failure)
        .execute(conn)
        .await?;
    Ok(())
}

/// Moves the job to the dead letters; its lane goes on.
pub async fn bury(conn: &mut PgConnection, lease: &Lease, reason: &str, failure: Value) -> Result<(), sqlx::Error> {
    sqlx::query("select system.bury($1, $2, $3, $4, $5, $6, $7)")
        .bind(lease.queue.0)
        .bind(lease.tenant)
        .bind(&lease.key)
        .bind(lease.token)
        .bind(lease.seq)
        .bind(reason)
        .bind(failure)
        .execute(conn)
        .await?;
    Ok(())
}

/// A worker begins.
pub async fn register(
    conn: &mut PgConnection,
    worker: Uuid,
    queues: &[Queue],
    host: &str,
    version: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query("insert into system.workers (id, queues, host, version) values ($1, $2, $3, $4)")
        .bind(worker)
        .bind(queues.iter().map(|queue| queue.0).collect::<Vec<_>>())
        .bind(host)
        .bind(version)
        .execute(conn)
        .await?;
    Ok(())
}

/// A worker lives. False: the others think that it is dead and have its lanes; it has to begin anew.
pub async fn beat(conn: &mut PgConnection, worker: Uuid) -> Result<bool, sqlx::Error> {
    let beaten = sqlx::query("update system.workers set beat_at = clock_timestamp() where id = $1").bind(worker);
    Ok(beaten.execute(conn).await?.rows_affected() == 1)
}

/// A worker ends in order. What it still holds is free at once.
pub async fn leave(conn: &mut PgConnection, worker: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update system.lanes l set holder = null, lease = null from (
            select queue, tenant_id, key from system.lanes where holder = $1 order by queue, tenant_id, key for update) held
         where l.queue = held.queue and l.tenant_id = held.tenant_id and l.key = held.key",
    )
    .bind(worker)
    .execute(&mut *conn)
    .await?;
    sqlx::query("delete from system.workers where id = $1").bind(worker).execute(conn).await?;
    Ok(())
}

/// Gives back what the worker has of a queue, but for the leases that it knows of: a claim whose answer was lost took lanes
/// that nobody works on. How many there were.
pub async fn give_back_unknown(
    conn: &mut PgConnection,
    worker: Uuid,
    queue: Queue,
    known: &[Uuid],
) -> Result<u64, sqlx::Error> {
    let given = sqlx::query(
        "update system.lanes l set holder = null, lease = null from (
            select queue, tenant_id, key from system.lanes
            where holder = $1 and queue = $2 and lease <> all($3) order by queue, tenant_id, key for update) unknown
         where l.queue = unknown.queue and l.tenant_id = unknown.tenant_id and l.key = unknown.key",
    );
    Ok(given.bind(worker).bind(queue.0).bind(known).execute(conn).await?.rows_affected())
}

/// Frees the lanes of workers that have been silent for so long; how many there were.
pub async fn reap(conn: &mut PgConnection, silence: Duration) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar("select system.reap($1)").bind(interval(silence)).fetch_one(conn).await
}

/// Ends pauses that are over; how many there were.
pub async fn wake_lanes(conn: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar("select system.wake_lanes()").fetch_one(conn).await
}

/// Lets delayed jobs that are due join their lanes; how many there were.
pub async fn release_due(conn: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar("select system.release_due()").fetch_one(conn).await
}

/// What waits in a queue.
#[derive(Debug, Clone, PartialEq, FromRow, Serialize)]
pub struct Backlog {
    pub queue: String,
    pub jobs: i64,
    /// Lanes whose first job failed and waits.
    pub retrying: i64,
    pub oldest_seconds: f64,
}

/// Counts at most so many jobs of each queue: the number is for people and autoscalers. The oldest of a queue with more is
/// looked for among as many of the oldest of all queues.
pub async fn backlog(conn: &mut PgConnection, at_most: i64) -> Result<Vec<Backlog>, sqlx::Error> {
    sqlx::query_as(
        "with recursive queues (queue) as (
            (select queue from system.lanes order by queue limit 1)
            union all
            select (select l.queue from system.lanes l where l.queue > q.queue order by l.queue limit 1)
            from queues q where q.queue is not null)
         select q.queue, j.jobs, w.retrying,
            coalesce(extract(epoch from clock_timestamp() - least(j.oldest, o.oldest)), 0)::float8 as oldest_seconds
         from queues q
         cross join lateral (
            select count(*) as jobs, min(enqueued_at) as oldest
            from (select enqueued_at from system.jobs j where j.queue = q.queue limit $1) j) j
         left join lateral (
            select a.enqueued_at as oldest
            from (select queue, enqueued_at from system.jobs order by enqueued_at limit $1) a
            where j.jobs = $1 and a.queue = q.queue order by a.enqueued_at limit 1) o on true
         cross join lateral (
            select count(*) as retrying
            from (select from system.lanes l where l.queue = q.queue and l.wait_until is not null limit $1) w) w
         where q.queue is not null",
    )
    .bind(at_most)
    .fetch_all(conn)
    .await
}

fn interval(duration: Duration) -> PgInterval {
    PgInterval { months: 0, days: 0, microseconds: i64::try_from(duration.as_micros()).unwrap_or(i64::MAX) }
}
