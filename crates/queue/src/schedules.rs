//! Work that recurs. A row is advanced in the transaction that enqueues its job, so any number of schedulers may run.

use serde_json::Value;
use sqlx::{FromRow, PgConnection};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    jobs::{NewJob, Queue, Speed},
    write::{self, Addressed},
};

/// What happens to runs that were due while nobody was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// One run stands for all of them.
    Skip,
    /// Each is made up for, one after the other.
    CatchUp,
}

impl Missed {
    const fn name(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::CatchUp => "catch_up",
        }
    }
}

/// Adds or changes what recurs under this name. A schedule that is there keeps its next time unless the interval changed.
pub async fn set(
    conn: &mut PgConnection,
    name: &str,
    tenant: Uuid,
    job: &NewJob,
    every_seconds: i32,
    missed: Missed,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into system.schedules as s (name, tenant_id, queue, kind, version, payload, every_seconds, missed, next_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp() + make_interval(secs => $7))
         on conflict (name) do update set queue = excluded.queue, kind = excluded.kind, version = excluded.version,
            payload = excluded.payload, every_seconds = excluded.every_seconds, missed = excluded.missed,
            next_at = case when s.every_seconds = excluded.every_seconds then s.next_at else excluded.next_at end",
    )
    .bind(name)
    .bind(tenant)
    .bind(job.queue.0)
    .bind(&job.kind)
    .bind(job.version)
    .bind(&job.payload)
    .bind(every_seconds)
    .bind(missed.name())
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn remove(conn: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from system.schedules where name = $1").bind(name).execute(conn).await?;
    Ok(())
}

#[derive(FromRow)]
struct Due {
    name: String,
    tenant_id: Uuid,
    queue: String,
    kind: String,
    version: i16,
    payload: Value,
}

/// Enqueues what is due, at most so many; the names. `queues` are those that this program knows. The job's key is the
/// schedule's name: a run waits for the one before it. A next run that lies further ahead than the interval is due too: the
/// clock was set back since.
pub async fn run_due(conn: &mut PgConnection, queues: &[Queue], at_most: i64) -> Result<Vec<String>, sqlx::Error> {
    let due: Vec<Due> = sqlx::query_as(
        "update system.schedules s
         set last_at = clock_timestamp(),
             next_at = case
                when s.next_at > clock_timestamp() then clock_timestamp() + make_interval(secs => s.every_seconds)
                when s.missed = 'catch_up' then s.next_at + make_interval(secs => s.every_seconds)
                else s.next_at + make_interval(secs => s.every_seconds * (1 + floor(greatest(0,
                    extract(epoch from clock_timestamp() - s.next_at)) / s.every_seconds))) end
         where s.name in (select name from system.schedules
            where (next_at <= clock_timestamp() or next_at > clock_timestamp() + make_interval(secs => every_seconds))
                and queue = any($2)
            order by next_at limit $1 for update skip locked)
         returning s.name, s.tenant_id, s.queue, s.kind, s.version, s.payload",
    )
    .bind(at_most)
    .bind(queues.iter().map(|queue| queue.0).collect::<Vec<_>>())
    .fetch_all(&mut *conn)
    .await?;
    let mut names = Vec::with_capacity(due.len());
    let mut runs = Vec::with_capacity(due.len());
    for row in due {
        let Some(queue) = queues.iter().copied().find(|queue| queue.0 == row.queue) else { continue };
        let job = NewJob {
            id: Uuid::now_v7(),
            queue,
            kind: row.kind,
            key: format!("schedule/{}", row.name),
            speed: Speed::Standard,
            version: row.version,
            payload: row.payload,
            due_at: None,
        };
        runs.push(Addressed { tenant: row.tenant_id, job, trace: None });
        names.push(row.name);
    }
    write::all(conn, runs).await?;
    Ok(names)
}

/// When something recurs next.
pub async fn next(conn: &mut PgConnection, name: &str) -> Result<Option<OffsetDateTime>, sqlx::Error> {
    sqlx::query_scalar("select next_at from system.schedules where name = $1").bind(name).fetch_optional(conn).await
}
