//! Dead letters as people see them: of one workspace, or, at the command line, of the installation.

use serde::Serialize;
use serde_json::Value;
use socialai_queue::{
    dead_letters::{self, DeadLetter},
    jobs::INSTALLATION,
};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

pub use socialai_queue::dead_letters::{Filter, Pace, State};

use crate::{
    audit::Entry,
    ids::{JobId, TenantId},
    problems::{Code, Problem, Result},
    tenancy::{SystemTx, TenantTx},
};

/// At most so many are replayed or discarded by one order.
const AT_ONCE: i64 = 10_000;

/// A job that was given up.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Letter {
    pub id: JobId,
    pub tenant_id: TenantId,
    pub queue: String,
    pub kind: String,
    pub key: String,
    pub version: i16,
    /// `open`, `replayed` or `discarded`.
    pub state: &'static str,
    /// One word: `gave_up`, `worker_died`, `unknown_kind`, or what the job said itself.
    pub reason: String,
    /// What the last attempt said.
    pub error: String,
    pub attempts: i16,
    #[serde(with = "time::serde::rfc3339")]
    pub enqueued_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub died_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub settled_at: Option<OffsetDateTime>,
    /// Who replayed or discarded it.
    pub settled_by: Option<String>,
    /// The job that the replay enqueued.
    pub replayed_as: Option<JobId>,
    pub discard_reason: Option<String>,
}

/// The same with everything that is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Opened {
    #[serde(flatten)]
    pub letter: Letter,
    pub payload: Value,
    /// One object per attempt: `at`, `seconds`, `error`.
    #[schema(value_type = Vec<Object>)]
    pub history: Value,
}

/// How many open ones there are of a kind.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Count {
    pub queue: String,
    pub kind: String,
    pub reason: String,
    pub count: i64,
}

/// Which dead letters an order is about.
#[derive(Debug, Clone)]
pub enum Which {
    These(Vec<JobId>),
    All(Filter),
}

pub type After = (OffsetDateTime, Uuid);

pub async fn list(tx: &mut TenantTx, filter: Filter, after: Option<After>, limit: i64) -> Result<Vec<Letter>> {
    let filter = Filter { tenant: Some(tx.tenant().0), ..filter };
    Ok(dead_letters::list(tx.conn(), &filter, after, limit).await?.into_iter().map(letter).collect())
}

/// Of all tenants, or of one.
pub async fn list_all(tx: &mut SystemTx, filter: &Filter, after: Option<After>, limit: i64) -> Result<Vec<Letter>> {
    Ok(dead_letters::list(tx.engine(), filter, after, limit).await?.into_iter().map(letter).collect())
}

pub async fn get(tx: &mut TenantTx, id: JobId) -> Result<Opened> {
    let tenant = tx.tenant().0;
    opened(dead_letters::get(tx.conn(), Some(tenant), id.0).await?)
}

pub async fn get_any(tx: &mut SystemTx, id: JobId) -> Result<Opened> {
    opened(dead_letters::get(tx.engine(), None, id.0).await?)
}

pub async fn counts(tx: &mut TenantTx) -> Result<Vec<Count>> {
    let tenant = tx.tenant().0;
    let counts = dead_letters::counts(tx.conn(), Some(tenant)).await?;
    Ok(counts
        .into_iter()
        .map(|count| Count { queue: count.queue, kind: count.kind, reason: count.reason, count: count.count })
        .collect())
}

/// Enqueues them again, spread over time when a pace is given; how many. Those that somebody else settles at this moment
/// are left to them.
pub async fn replay(tx: &mut TenantTx, which: Which, pace: Option<Pace>) -> Result<usize> {
    let by = tx.actor().id.clone();
    let (filter, ids) = order(tx.tenant().0, which);
    let replayed = dead_letters::replay(tx.conn(), &filter, ids.as_deref(), pace, AT_ONCE, &by).await?;
    ensure_any(ids.as_deref(), &replayed)?;
    let tenant = tx.tenant();
    if let Some(entry) = entry("dead_letters.replayed", tenant, &filter, &replayed, None) {
        tx.record(entry);
    }
    Ok(replayed.len())
}

/// The same with those of the installation itself, in this database. Records that nobody can read never were jobs: who names
/// one is told, and among all they are left out.
pub async fn replay_of_installation(tx: &mut SystemTx, which: Which, pace: Option<Pace>) -> Result<usize> {
    let by = tx.actor().id.clone();
    let (filter, ids) = order(INSTALLATION, which);
    if dead_letters::have_records(tx.engine(), ids.as_deref().unwrap_or_default()).await? {
        let detail = "A record that nobody can read is no job, so it cannot be tried again: look at it and discard it.";
        return Err(Problem::field("ids", detail).into());
    }
    let replayed = dead_letters::replay(tx.engine(), &filter, ids.as_deref(), pace, AT_ONCE, &by).await?;
    if let Some(entry) = entry("dead_letters.replayed", TenantId(INSTALLATION), &filter, &replayed, None) {
        tx.record(entry);
    }
    Ok(replayed.len())
}

/// Closes them for a reason; how many.
pub async fn discard(tx: &mut TenantTx, which: Which, reason: &str) -> Result<usize> {
    let reason = checked(reason)?;
    let by = tx.actor().id.clone();
    let (filter, ids) = order(tx.tenant().0, which);
    let discarded = dead_letters::discard(tx.conn(), &filter, ids.as_deref(), reason, &by).await?;
    ensure_any(ids.as_deref(), &discarded)?;
    let tenant = tx.tenant();
    if let Some(entry) = entry("dead_letters.discarded", tenant, &filter, &discarded, Some(reason)) {
        tx.record(entry);
    }
    Ok(discarded.len())
}

/// The same with those of the installation itself, in this database.
pub async fn discard_of_installation(tx: &mut SystemTx, which: Which, reason: &str) -> Result<usize> {
    let reason = checked(reason)?;
    let by = tx.actor().id.clone();
    let (filter, ids) = order(INSTALLATION, which);
    let discarded = dead_letters::discard(tx.engine(), &filter, ids.as_deref(), reason, &by).await?;
    if let Some(entry) = entry("dead_letters.discarded", TenantId(INSTALLATION), &filter, &discarded, Some(reason)) {
        tx.record(entry);
    }
    Ok(discarded.len())
}

fn checked(reason: &str) -> Result<&str, Problem> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > 500 {
        return Err(Problem::field("reason", "Say why, in 1 to 500 characters."));
    }
    Ok(reason)
}

fn order(tenant: Uuid, which: Which) -> (Filter, Option<Vec<Uuid>>) {
    match which {
        Which::These(ids) => {
            (Filter { tenant: Some(tenant), ..Filter::default() }, Some(ids.into_iter().map(|id| id.0).collect()))
        }
        Which::All(filter) => (Filter { tenant: Some(tenant), ..filter }, None),
    }
}

/// Who names letters expects that something happens to them.
fn ensure_any(ids: Option<&[Uuid]>, settled: &[Uuid]) -> Result<()> {
    if ids.is_some() && settled.is_empty() {
        let detail = "None of these is open: they were replayed or discarded before, or are not of this workspace.";
        return Err(Problem::new(Code::AlreadyDone, detail).into());
    }
    Ok(())
}

/// Nothing is noted of an order that met nothing.
fn entry(
    action: &'static str,
    tenant: TenantId,
    filter: &Filter,
    settled: &[Uuid],
    reason: Option<&str>,
) -> Option<Entry> {
    let first: Vec<_> = settled.iter().take(20).map(|id| JobId(*id)).collect();
    let after = serde_json::json!({
        "count": settled.len(), "first": first, "kind": filter.kind, "queue": filter.queue, "reason": reason,
    });
    (!settled.is_empty()).then(|| Entry::new(action, "dead_letters", tenant).changed(serde_json::json!({}), after))
}

fn opened(found: Option<DeadLetter>) -> Result<Opened> {
    let found = found.ok_or_else(|| Problem::missing("dead letter"))?;
    let (payload, history) = (found.payload.clone(), found.errors.clone());
    Ok(Opened { letter: letter(found), payload, history })
}

fn letter(found: DeadLetter) -> Letter {
    let last = found.errors.as_array().and_then(|errors| errors.last());
    let error = last.and_then(|error| error["error"].as_str()).unwrap_or_default().to_owned();
    let state = match (found.replayed_at, found.discarded_at) {
        (Some(_), _) => "replayed",
        (None, Some(_)) => "discarded",
        (None, None) => "open",
    };
    Letter {
        id: JobId(found.id),
        tenant_id: TenantId(found.tenant_id),
        queue: found.queue,
        kind: found.kind,
        key: found.key,
        version: found.version,
        state,
        reason: found.reason,
        error,
        attempts: found.attempts,
        enqueued_at: found.enqueued_at,
        died_at: found.died_at,
        settled_at: found.replayed_at.or(found.discarded_at),
        settled_by: found.settled_by,
        replayed_as: found.replayed_as.map(JobId),
        discard_reason: found.discard_reason,
    }
}
