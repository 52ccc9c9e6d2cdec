//! Handing audit entries on to a collector elsewhere (SIEM), in order and at least once: a bookmark beside the head of
//! each chain says how far it was sent, and moves in the transaction that read what was sent. A process that dies between
//! sending and committing sends the same entries again.
//!
//! One process at a time sends for a chain: it holds an advisory lock, and not the head row, because every change of a
//! tenant waits for the head row and must not wait for a collector.

use sqlx::PgConnection;

use crate::{
    audit::{self, Filter, Row},
    problems::Result,
    tenancy::{SystemTx, TenantTx},
};

/// The next entries that were not sent, oldest first; none as well while another process is sending this chain.
pub async fn next(tx: &mut TenantTx, limit: i64) -> Result<Vec<Row>> {
    let chain = tx.tenant().to_string();
    let Some(sent) = waiting(tx.conn(), &chain).await? else { return Ok(Vec::new()) };
    audit::list_after(tx, &Filter::default(), sent, limit).await
}

/// Moves the bookmark past the entries that were sent.
pub async fn sent(tx: &mut TenantTx, last_seq: i64) -> Result<()> {
    move_bookmark(tx.conn(), last_seq).await
}

/// The same for the installation's own chain.
pub async fn next_of_system(tx: &mut SystemTx, limit: i64) -> Result<Vec<Row>> {
    let Some(sent) = waiting(tx.conn(), audit::INSTALLATION).await? else { return Ok(Vec::new()) };
    audit::list_system_after(tx, sent, limit).await
}

pub async fn sent_of_system(tx: &mut SystemTx, last_seq: i64) -> Result<()> {
    move_bookmark(tx.conn(), last_seq).await
}

/// How far the chain was sent, when there is more to send and nobody else is at it.
async fn waiting(conn: &mut PgConnection, chain: &str) -> Result<Option<i64>> {
    let behind = "select streamed_seq from audit_heads where seq > streamed_seq";
    if sqlx::query_scalar::<_, i64>(behind).fetch_optional(&mut *conn).await?.is_none() {
        return Ok(None);
    }
    let alone: bool = sqlx::query_scalar("select pg_try_advisory_xact_lock(hashtextextended($1, 11))")
        .bind(chain)
        .fetch_one(&mut *conn)
        .await?;
    if !alone {
        return Ok(None);
    }
    // Read again under the lock: another process may have sent them meanwhile.
    Ok(sqlx::query_scalar(behind).fetch_optional(conn).await?)
}

async fn move_bookmark(conn: &mut PgConnection, last_seq: i64) -> Result<()> {
    sqlx::query("update audit_heads set streamed_seq = greatest(streamed_seq, $1)")
        .bind(last_seq)
        .execute(conn)
        .await?;
    Ok(())
}
