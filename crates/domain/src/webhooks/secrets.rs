//! Keys that sign deliveries. A new one and the old one sign together until the receiver has changed over.

use secrecy::{ExposeSecret, SecretString};
use sqlx::FromRow;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::endpoints;
use crate::{
    audit::Entry,
    ids::WebhookEndpointId,
    problems::{Problem, Result},
    tenancy::TenantTx,
    vault::{Column, Sealed},
};

pub(crate) const SECRET: Column = Column::new("webhook_secrets", "secret_sealed");
/// More would make the signature header long, and is no rotation any more.
const MOST_AT_ONCE: i64 = 5;
const LONGEST_OVERLAP: Duration = Duration::days(30);

/// Adds the key that signs from now on.
pub(super) async fn add(tx: &mut TenantTx, endpoint: WebhookEndpointId, secret: &SecretString) -> Result<()> {
    let (id, now) = (Uuid::now_v7(), tx.now());
    let sealed = tx.seal(SECRET, id, secret.expose_secret().as_bytes())?;
    sqlx::query("insert into webhook_secrets (id, endpoint_id, secret_sealed, created_at) values ($1, $2, $3, $4)")
        .bind(id)
        .bind(endpoint)
        .bind(sealed)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// A new key; the ones before sign along for the overlap.
pub async fn rotate_secret(
    tx: &mut TenantTx,
    id: WebhookEndpointId,
    secret: &SecretString,
    overlap: Duration,
) -> Result<()> {
    if overlap.is_negative() || overlap > LONGEST_OVERLAP {
        return Err(Problem::field("overlap_hours", "The overlap is 0 to 720 hours.").into());
    }
    endpoints::lock(tx, id).await?;
    let now = tx.now();
    sqlx::query("delete from webhook_secrets where endpoint_id = $1 and expires_at <= $2")
        .bind(id)
        .bind(now)
        .execute(tx.conn())
        .await?;
    let present: i64 = sqlx::query_scalar("select count(*) from webhook_secrets where endpoint_id = $1")
        .bind(id)
        .fetch_one(tx.conn())
        .await?;
    if present >= MOST_AT_ONCE && overlap.is_positive() {
        let sentence = "Five secrets sign already. Wait until one of them ends, or use an overlap of 0.";
        return Err(Problem::field("overlap_hours", sentence).into());
    }
    sqlx::query("update webhook_secrets set expires_at = least(expires_at, $2) where endpoint_id = $1")
        .bind(id)
        .bind(now + overlap)
        .execute(tx.conn())
        .await?;
    add(tx, id, secret).await?;
    tx.record(Entry::new("webhook_endpoint.secret_rotated", "webhook_endpoint", id));
    Ok(())
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    secret_sealed: Sealed,
}

/// All that sign at this moment, the newest first.
pub(super) async fn valid(
    tx: &mut TenantTx,
    endpoint: WebhookEndpointId,
    at: OffsetDateTime,
) -> Result<Vec<SecretString>> {
    let rows: Vec<Row> = sqlx::query_as(
        "select id, secret_sealed from webhook_secrets
         where endpoint_id = $1 and (expires_at is null or expires_at > $2) order by created_at desc, id desc",
    )
    .bind(endpoint)
    .bind(at)
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(|row| Ok(tx.open_text(SECRET, row.id, &row.secret_sealed)?.into())).collect()
}
