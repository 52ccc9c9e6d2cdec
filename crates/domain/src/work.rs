//! How the event engine is doing, for people: what waits, who works on it, and which remote systems are left alone because
//! they do not work.

use serde::Serialize;
use socialai_queue::{dead_letters, facts, jobs};
use sqlx::FromRow;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    audit::Actor,
    ids::TenantId,
    problems::Result,
    tenancy::{Databases, SystemTx},
};

/// What waits in a queue, of all workspaces of the database.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Waiting {
    pub queue: String,
    /// Counted up to 10,000.
    pub jobs: i64,
    /// Keys whose first job failed and is tried again later.
    pub retrying: i64,
    pub oldest_seconds: f64,
}

/// A process that does jobs.
#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
pub struct Worker {
    pub host: String,
    pub version: String,
    pub queues: Vec<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    pub silent_seconds: f64,
}

/// A remote system that this workspace's calls are kept from, or tried out on.
#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
pub struct Circuit {
    pub remote: String,
    /// `open` or `half_open`.
    pub state: String,
    pub failures: i32,
    #[serde(with = "time::serde::rfc3339::option")]
    pub opened_at: Option<OffsetDateTime>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Overview {
    pub queues: Vec<Waiting>,
    pub workers: Vec<Worker>,
    /// Domain events that the slowest reader has not read; counted up to 10,000.
    pub facts_lag: i64,
    /// Open dead letters of the installation itself, for its operator (`socialai dlq list`); counted up to 10,000.
    pub installation_dead_letters: i64,
    pub circuits: Vec<Circuit>,
}

const COUNT_UP_TO: i64 = 10_000;
/// A process reports again within this time, or is gone.
const REPORTS_COUNT_FOR_SECONDS: f64 = 120.0;

/// Of the database where the tenant lives, and of the tenant's own remotes.
pub async fn overview(databases: &Databases, tenant: TenantId) -> Result<Overview> {
    let place = databases.place(tenant).await?;
    let mut tx = databases.system_at(place.shard.as_deref(), Actor::system("health")).await?;
    let waiting = jobs::backlog(tx.engine(), COUNT_UP_TO).await?;
    let facts_lag = facts::lag(tx.engine(), COUNT_UP_TO).await?;
    let mut installation_dead_letters = dead_letters::of_installation(tx.engine(), COUNT_UP_TO).await?;
    let workers = sqlx::query_as(
        "select host, version, queues, started_at,
            greatest(0, extract(epoch from clock_timestamp() - beat_at))::float8 as silent_seconds
         from system.workers order by host, started_at limit 200",
    )
    .fetch_all(tx.conn())
    .await?;
    tx.rollback().await?;
    let mut tx = databases.system(Actor::system("health")).await?;
    let circuits = sqlx::query_as(
        "select remote, max(state) as state, max(failures) as failures, min(opened_at) as opened_at
         from system.remotes
         where tenant_id = $1 and state <> 'closed' and changed_at > clock_timestamp() - make_interval(secs => $2)
         group by remote order by remote limit 200",
    )
    .bind(tenant)
    .bind(REPORTS_COUNT_FOR_SECONDS)
    .fetch_all(tx.conn())
    .await?;
    if place.shard.is_some() {
        installation_dead_letters += dead_letters::of_installation(tx.engine(), COUNT_UP_TO).await?;
    }
    tx.rollback().await?;
    let queues = waiting.into_iter().map(|found| Waiting {
        queue: found.queue,
        jobs: found.jobs,
        retrying: found.retrying,
        oldest_seconds: found.oldest_seconds,
    });
    Ok(Overview { queues: queues.collect(), workers, facts_lag, installation_dead_letters, circuits })
}

/// Remote systems that a workspace's calls are kept from, by their names.
pub(crate) async fn open_circuits(tx: &mut SystemTx, tenant: TenantId, at_most: i64) -> Result<Vec<String>> {
    let remotes = sqlx::query_scalar(
        "select distinct remote from system.remotes
         where tenant_id = $1 and state <> 'closed' and changed_at > clock_timestamp() - make_interval(secs => $2)
         order by remote limit $3",
    );
    Ok(remotes.bind(tenant).bind(REPORTS_COUNT_FOR_SECONDS).bind(at_most).fetch_all(tx.conn()).await?)
}

/// The state of one circuit breaker in one process.
#[derive(Debug, Clone)]
pub struct CircuitReport {
    pub remote: String,
    pub tenant: Uuid,
    pub state: &'static str,
    pub failures: i32,
    pub opened_at: Option<OffsetDateTime>,
}

/// Replaces what a process reported before. Reports of processes that are gone are removed on the way.
pub async fn report_circuits(databases: &Databases, process: Uuid, circuits: &[CircuitReport]) -> Result<()> {
    let mut tx = databases.system(Actor::system("health")).await?;
    sqlx::query(
        "delete from system.remotes where process = $1 or changed_at < clock_timestamp() - make_interval(secs => $2)",
    )
    .bind(process)
    .bind(REPORTS_COUNT_FOR_SECONDS)
    .execute(tx.conn())
    .await?;
    for circuit in circuits {
        sqlx::query(
            "insert into system.remotes (remote, tenant_id, process, state, failures, opened_at) values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(&circuit.remote)
        .bind(circuit.tenant)
        .bind(process)
        .bind(circuit.state)
        .bind(circuit.failures)
        .bind(circuit.opened_at)
        .execute(tx.conn())
        .await?;
    }
    tx.commit().await
}
