//! Idempotency keys. The claim on a key is the first write of the transaction that makes the effect, and the answer is
//! stored in the same transaction: whatever line the process dies on, either both are there or neither is. A second
//! request with the same key waits on the row, then gets the stored answer.

use sqlx::FromRow;
use time::Duration;
use uuid::Uuid;

use crate::{
    problems::{Code, Problem, Result},
    tenancy::TenantTx,
    vault::{Column, Sealed},
};

pub(crate) const BODY: Column = Column::new("idempotency_keys", "body_sealed");
const LIFETIME: Duration = Duration::hours(24);

/// An answer as it was given the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

pub enum Claim {
    /// The key is ours: make the effect, then [`remember`].
    New(Uuid),
    /// It was done before.
    Done(Answer),
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    request_hash: Vec<u8>,
    status: Option<i32>,
    body_sealed: Option<Sealed>,
}

/// Claims `key` for `caller`; `request_hash` covers method, path and body.
pub async fn claim(tx: &mut TenantTx, caller: &str, key: &str, request_hash: &[u8]) -> Result<Claim> {
    let now = tx.now();
    sqlx::query("delete from idempotency_keys where caller = $1 and key = $2 and created_at < $3")
        .bind(caller)
        .bind(key)
        .bind(now - LIFETIME)
        .execute(tx.conn())
        .await?;
    let id = Uuid::now_v7();
    let claimed = sqlx::query(
        "insert into idempotency_keys (id, caller, key, request_hash, created_at) values ($1, $2, $3, $4, $5)
         on conflict (tenant_id, caller, key) do nothing",
    )
    .bind(id)
    .bind(caller)
    .bind(key)
    .bind(request_hash)
    .bind(now)
    .execute(tx.conn())
    .await?;
    if claimed.rows_affected() == 1 {
        return Ok(Claim::New(id));
    }
    // Only what is older than its life is removed, and the one that is there was waited for.
    let done = find(tx, caller, key, request_hash).await?;
    done.map(Claim::Done).ok_or_else(|| Problem::of(Code::IdempotencyKeyReused).into())
}

/// What was answered to this request before; for what has to be done before the transaction of the effect.
pub async fn find(tx: &mut TenantTx, caller: &str, key: &str, request_hash: &[u8]) -> Result<Option<Answer>> {
    let since = tx.now() - LIFETIME;
    let row: Option<Row> = sqlx::query_as(
        "select id, request_hash, status, body_sealed from idempotency_keys
         where caller = $1 and key = $2 and created_at >= $3",
    )
    .bind(caller)
    .bind(key)
    .bind(since)
    .fetch_optional(tx.conn())
    .await?;
    let Some(row) = row else { return Ok(None) };
    if row.request_hash != request_hash {
        return Err(Problem::of(Code::IdempotencyKeyReused).into());
    }
    let (Some(status), Some(sealed)) = (row.status, row.body_sealed) else {
        return Err(Problem::of(Code::IdempotencyKeyReused).into());
    };
    let body = tx.open(BODY, row.id, &sealed)?.to_vec();
    Ok(Some(Answer { status: u16::try_from(status).unwrap_or(200), body }))
}

pub async fn remember(tx: &mut TenantTx, id: Uuid, answer: &Answer) -> Result<()> {
    let sealed = tx.seal(BODY, id, &answer.body)?;
    sqlx::query("update idempotency_keys set status = $2, body_sealed = $3 where id = $1")
        .bind(id)
        .bind(i32::from(answer.status))
        .bind(sealed)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Empties remembered answers that name one of these ids. Their keys stay, so that nothing is done twice.
pub(crate) async fn forget(tx: &mut TenantTx, ids: &[String]) -> Result<()> {
    let mut after = Uuid::nil();
    loop {
        let page: Vec<(Uuid, Sealed)> = sqlx::query_as(
            "select id, body_sealed from idempotency_keys where body_sealed is not null and id > $1 order by id limit 500",
        )
        .bind(after)
        .fetch_all(tx.conn())
        .await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = *last;
        for (id, sealed) in page {
            let body = tx.open(BODY, id, &sealed)?;
            let body = String::from_utf8_lossy(&body);
            if ids.iter().any(|wanted| body.contains(wanted)) {
                let emptied = tx.seal(BODY, id, b"{}")?;
                let done = sqlx::query("update idempotency_keys set body_sealed = $2 where id = $1");
                done.bind(id).bind(emptied).execute(tx.conn()).await?;
            }
        }
    }
}

/// Removes keys older than a day.
pub async fn sweep(tx: &mut TenantTx) -> Result<u64> {
    let before = tx.now() - LIFETIME;
    let done =
        sqlx::query("delete from idempotency_keys where created_at < $1").bind(before).execute(tx.conn()).await?;
    Ok(done.rows_affected())
}
