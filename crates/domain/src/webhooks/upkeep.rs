//! What is old goes: the log, what was held in vain, secrets that do not sign any more.

use super::{HELD_FOR, Patience, endpoints};
use crate::{problems::Result, tenancy::TenantTx};

/// Deliveries that one transaction removes.
const AT_ONCE: i64 = 1_000;

/// One batch of it; zero when nothing is left to do.
pub async fn sweep(tx: &mut TenantTx, patience: &Patience) -> Result<u64> {
    let now = tx.now();
    let given_up = sqlx::query(
        "update webhook_deliveries set state = 'failed', ended_at = $2,
            last_error = 'The endpoint was switched off and did not come back in seven days.'
         where id in (select id from webhook_deliveries where state = 'held' and created_at < $1
            order by created_at, id limit $3 for update)",
    );
    let given_up = given_up.bind(now - HELD_FOR).bind(now).bind(AT_ONCE).execute(tx.conn()).await?;
    let removed = sqlx::query(
        "delete from webhook_deliveries where id in (
            select id from webhook_deliveries where created_at < $1 and state <> 'pending'
            order by created_at, id limit $2 for update)",
    );
    let removed = removed.bind(now - patience.log_kept_for).bind(AT_ONCE).execute(tx.conn()).await?;
    sqlx::query("delete from webhook_secrets where expires_at <= $1").bind(now).execute(tx.conn()).await?;
    let has_endpoints: bool =
        sqlx::query_scalar("select exists (select from webhook_endpoints)").fetch_one(tx.conn()).await?;
    if has_endpoints {
        endpoints::follow_subscription(tx).await?;
    }
    Ok(given_up.rows_affected() + removed.rows_affected())
}
