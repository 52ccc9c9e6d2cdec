//! Raw deliveries: what a platform sent, byte for byte, kept before it is answered. They are written in batches with one job
//! for each batch, in one transaction, and read by that job. A delivery that was understood is not touched again; what no
//! connector could read, and what nobody has an account for, says so and can be read again later.

use serde_json::Value;
use sqlx::FromRow;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    audit::Actor,
    channels::{Ingest, Platform},
    ids::{InboundId, TenantId},
    problems::Result,
    tenancy::{Databases, SystemTx},
    tokens::sha256,
};

/// Deliveries that one transaction removes.
const AT_ONCE: i64 = 5_000;

/// A delivery whose signature was found good.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub platform: Platform,
    /// The workspace through whose own app it came.
    pub app_tenant: Option<TenantId>,
    pub received_at: OffsetDateTime,
    pub body: Vec<u8>,
    /// The few that reading needs. No signatures, no secrets.
    pub headers: Value,
}

impl Delivery {
    /// What makes two deliveries the same one.
    pub fn digest(&self) -> Vec<u8> {
        let app = self.app_tenant.map_or(Uuid::nil(), |tenant| tenant.0);
        let mut bytes = Vec::with_capacity(self.body.len() + 32);
        bytes.extend_from_slice(self.platform.name().as_bytes());
        bytes.extend_from_slice(app.as_bytes());
        bytes.extend_from_slice(&self.body);
        let mut digest = sha256(&bytes);
        // Half of it tells apart whatever will ever be kept, and halves the index.
        digest.truncate(16);
        digest
    }
}

#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Kept {
    pub id: InboundId,
    pub platform: Platform,
    pub app_tenant: Option<TenantId>,
    pub received_at: OffsetDateTime,
    pub body: Vec<u8>,
    pub headers: Value,
    pub error: Option<String>,
}

/// Why a delivery is left over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum LeftOver {
    /// No connector understands it, or a part of it.
    Unreadable,
    /// It is for an account that nobody connected.
    Unrouted,
}

/// Writes deliveries and the job that reads them; answers how many were new. Those that are there already are left out.
pub async fn insert(tx: &mut SystemTx, deliveries: Vec<Delivery>) -> Result<usize> {
    let mut batch = Batch::default();
    for delivery in deliveries {
        batch.digests.push(delivery.digest());
        batch.ids.push(InboundId::fresh());
        batch.platforms.push(delivery.platform.name());
        batch.apps.push(delivery.app_tenant);
        batch.received.push(delivery.received_at);
        batch.bodies.push(delivery.body);
        batch.headers.push(delivery.headers);
    }
    if batch.ids.is_empty() {
        return Ok(0);
    }
    // Sorted by what may collide: two batches with the same deliveries wait for each other and not in a circle.
    let mut fresh: Vec<InboundId> = sqlx::query_scalar(
        "insert into system.inbound (id, platform, app_tenant, received_at, digest, body, headers)
         select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::timestamptz[], $5::bytea[], $6::bytea[], $7::jsonb[])
            as d (id, platform, app_tenant, received_at, digest, body, headers)
         order by digest on conflict (digest) do nothing returning id",
    )
    .bind(batch.ids)
    .bind(batch.platforms)
    .bind(batch.apps)
    .bind(batch.received)
    .bind(batch.digests)
    .bind(batch.bodies)
    .bind(batch.headers)
    .fetch_all(tx.conn())
    .await?;
    let new = fresh.len();
    if new > 0 {
        fresh.sort_unstable();
        tx.enqueue(&Ingest { deliveries: fresh })?;
    }
    Ok(new)
}

/// Deliveries as the columns of `unnest`.
#[derive(Default)]
struct Batch {
    ids: Vec<InboundId>,
    platforms: Vec<&'static str>,
    apps: Vec<Option<TenantId>>,
    received: Vec<OffsetDateTime>,
    digests: Vec<Vec<u8>>,
    bodies: Vec<Vec<u8>>,
    headers: Vec<Value>,
}

/// Those of a job, in the order in which they came. What was removed meanwhile is missing.
pub async fn take(tx: &mut SystemTx, ids: &[InboundId]) -> Result<Vec<Kept>> {
    let kept = sqlx::query_as(
        "select id, platform, app_tenant, received_at, body, headers, error from system.inbound where id = any($1) order by id",
    );
    Ok(kept.bind(ids).fetch_all(tx.conn()).await?)
}

/// Keeps a delivery for later, with the reason.
pub async fn leave_over(tx: &mut SystemTx, id: InboundId, why: LeftOver, error: &str) -> Result<()> {
    let left = sqlx::query("update system.inbound set state = $2, error = left($3, 2000) where id = $1");
    left.bind(id).bind(why).bind(error.replace('\0', " ")).execute(tx.conn()).await?;
    Ok(())
}

/// A delivery that was left over has been read after all.
pub async fn mark_done(tx: &mut SystemTx, ids: &[InboundId]) -> Result<()> {
    let done = sqlx::query(
        "update system.inbound set state = 'received', error = null where id = any($1) and state <> 'received'",
    );
    done.bind(ids).execute(tx.conn()).await?;
    Ok(())
}

/// What is left over, the oldest first, after this one.
pub async fn left_over(tx: &mut SystemTx, why: LeftOver, after: Option<InboundId>, limit: i64) -> Result<Vec<Kept>> {
    let kept = sqlx::query_as(
        "select id, platform, app_tenant, received_at, body, headers, error from system.inbound
         where state = $1 and state <> 'received' and id > $2 order by id limit $3",
    );
    let after = after.map_or(Uuid::nil(), |id| id.0);
    Ok(kept.bind(why).bind(after).bind(limit).fetch_all(tx.conn()).await?)
}

/// Has deliveries read once more, for example by a connector that understands them now. Reading twice changes nothing.
pub fn read_again(tx: &mut SystemTx, ids: Vec<InboundId>) -> Result<()> {
    if !ids.is_empty() {
        tx.enqueue(&Ingest { deliveries: ids })?;
    }
    Ok(())
}

/// Removes one batch of what is older; zero when nothing is left to do.
pub async fn sweep(databases: &Databases, keep_for: Duration) -> Result<u64> {
    let mut tx = databases.system(Actor::system("channels")).await?;
    let oldest = first_id(tx.now() - keep_for);
    let gone = sqlx::query(
        "delete from system.inbound where id in (select id from system.inbound where id < $1 order by id limit $2)",
    );
    let gone = gone.bind(oldest).bind(AT_ONCE).execute(tx.conn()).await?;
    tx.commit().await?;
    Ok(gone.rows_affected())
}

/// Removes those of a page that name this person and came until then; answers where the next page begins.
pub(crate) async fn erase(
    tx: &mut SystemTx,
    platforms: &[Platform],
    person: &str,
    until: OffsetDateTime,
    after: InboundId,
) -> Result<Option<InboundId>> {
    let names: Vec<_> = platforms.iter().map(|platform| platform.name()).collect();
    // Ids are texts in what platforms send.
    let mention = serde_json::Value::from(person).to_string();
    let last = sqlx::query_scalar(
        "with page as materialized (
            select id, platform = any($1) and received_at <= $3 and position($2::bytea in body) > 0 as names_them
            from system.inbound where id > $4 order by id limit $5
         ), gone as (delete from system.inbound where id in (select id from page where names_them))
         select id from page order by id desc limit 1",
    );
    let last = last.bind(names).bind(mention.into_bytes()).bind(until).bind(after).bind(AT_ONCE);
    Ok(last.fetch_optional(tx.conn()).await?)
}

/// The first id that could have been made at that moment.
fn first_id(at: OffsetDateTime) -> Uuid {
    let millis = u64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
    Uuid::from_u128(u128::from(millis & 0xffff_ffff_ffff) << 80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_body_through_another_app_is_another_delivery() {
        let at = time::macros::datetime!(2026-11-21 12:00 UTC);
        let one = Delivery {
            platform: Platform::Facebook,
            app_tenant: None,
            received_at: at,
            body: b"{}".to_vec(),
            headers: Value::Null,
        };
        let later = Delivery { received_at: at + Duration::hours(1), ..one.clone() };
        assert_eq!(one.digest(), later.digest());
        let own_app = Delivery { app_tenant: Some(TenantId::fresh()), ..one.clone() };
        let elsewhere = Delivery { platform: Platform::Instagram, ..one.clone() };
        assert!(one.digest() != own_app.digest() && one.digest() != elsewhere.digest());
    }

    #[test]
    fn ids_of_a_moment_are_not_before_its_first() {
        let before = first_id(crate::clock::Clock::default().now() - Duration::seconds(1));
        let id = InboundId::fresh().0;
        let after = first_id(crate::clock::Clock::default().now() + Duration::seconds(1));
        assert!(before < id && id < after);
    }
}
