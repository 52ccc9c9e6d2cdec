//! The rounds: which workspaces are looked at, and when. Orders come from a schedule in each database.

use socialai_queue::{
    jobs::{self, NewJob, Task},
    schedules::{self, Missed},
    write::{self, Addressed},
};
use uuid::Uuid;

use super::{LOOK_AT_KEY, LOOK_EVERY_SECONDS, Look, LookAt, SCHEDULE, Severity};
use crate::{
    audit::Actor,
    ids::TenantId,
    problems::{Error, Result},
    queues,
    tenancy::{Databases, SystemTx},
};

/// Workspaces that one transaction orders to be looked at.
const AT_ONCE: usize = 200;

/// Sees to it that a database's workspaces are looked at from now on.
pub async fn schedule(databases: &Databases, shard: Option<&str>) -> Result<()> {
    let job = job(&Look { shard: shard.map(str::to_owned) })?;
    let mut tx = databases.system_at(shard, Actor::system("alerts")).await?;
    schedules::set(tx.engine(), SCHEDULE, jobs::INSTALLATION, &job, LOOK_EVERY_SECONDS, Missed::Skip).await?;
    tx.commit().await
}

fn job<T: Task>(task: &T) -> Result<NewJob> {
    NewJob::of(task).map_err(|error| Error::Fault(format!("a job cannot be written: {error}")))
}

/// The active workspaces, by where they live, in batches.
pub async fn workspaces(databases: &Databases, shard: Option<&str>) -> Result<Vec<Vec<TenantId>>> {
    let mut tx = databases.system(Actor::system("alerts")).await?;
    let active: Vec<TenantId> = sqlx::query_scalar(
        "select id from system.tenants where status = 'active' and shard is not distinct from $1 order by id",
    )
    .bind(shard)
    .fetch_all(tx.conn())
    .await?;
    tx.rollback().await?;
    Ok(active.chunks(AT_ONCE).map(<[_]>::to_vec).collect())
}

/// Orders a look at each of these, unless one waits already. The transaction is at their database. One that is leaving it
/// is looked at where it arrives: like whoever enters, this holds the door, and reads who lives here behind it.
pub async fn order(tx: &mut SystemTx, workspaces: &[TenantId]) -> Result<()> {
    let ids: Vec<Uuid> = workspaces.iter().map(|tenant| tenant.0).collect();
    let held: Vec<Uuid> = sqlx::query_scalar(
        "select id from unnest($1::uuid[]) as t (id) where pg_try_advisory_xact_lock_shared(hashtextextended(id::text, 7))",
    )
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    let due: Vec<Uuid> = sqlx::query_scalar(
        "select r.tenant_id from system.residents r where r.tenant_id = any($1) and r.open and not exists (
            select from system.lanes l where l.queue = $2 and l.tenant_id = r.tenant_id and l.key = $3)",
    )
    .bind(held)
    .bind(queues::SCHEDULER.0)
    .bind(LOOK_AT_KEY)
    .fetch_all(tx.conn())
    .await?;
    let orders = due.into_iter().map(|tenant| Ok(Addressed { tenant, job: job(&LookAt {})?, trace: None }));
    let orders: Result<Vec<_>> = orders.collect();
    Ok(write::all(tx.engine(), orders?).await?)
}

/// How many alerts are open in all workspaces of a database, from info to critical.
pub async fn open_by_severity(databases: &Databases, shard: Option<&str>) -> Result<[i64; Severity::ALL.len()]> {
    let mut tx = databases.system_at(shard, Actor::system("alerts")).await?;
    let (info, warning, error, critical) = sqlx::query_as(
        "select coalesce(sum(open_alerts[1]), 0), coalesce(sum(open_alerts[2]), 0), coalesce(sum(open_alerts[3]), 0),
            coalesce(sum(open_alerts[4]), 0)
         from system.residents where open_alerts is not null",
    )
    .fetch_one(tx.conn())
    .await?;
    tx.rollback().await?;
    Ok([info, warning, error, critical])
}
