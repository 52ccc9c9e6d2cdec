//! Facts that wait for their tenant: it is moving, or its shard is away. They were read from a partition and stand in the
//! control database, where they were put by the transaction that moved the partition's place, so that nobody else waits for
//! them. Whoever has the partition reads them in their order once the tenant can be written for; until none is left, what
//! else comes for the tenant is put behind them.
//!
//! All functions are about one partition, and are called by whoever owns it.

use std::collections::BTreeSet;

use rdkafka::{Timestamp, message::OwnedMessage};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::places::{Ahead, At};

/// Numbers above this are not counted out.
const COUNT_UP_TO: i64 = 100_000;

/// A record, and whose fact it is.
pub struct Parked<'r> {
    pub tenant: Uuid,
    pub offset: i64,
    pub value: &'r [u8],
}

/// Those who have facts waiting, however many these are.
pub async fn tenants(conn: &mut PgConnection, at: &At) -> Result<BTreeSet<Uuid>, sqlx::Error> {
    let tenants: Vec<Uuid> = sqlx::query_scalar(
        "with recursive waiting (tenant_id) as (
            (select p.tenant_id from system.parked_facts p
             where p.reader = $1 and p.topic = $2 and p.topic_partition = $3 order by p.tenant_id limit 1)
            union all
            select (select p.tenant_id from system.parked_facts p
                    where p.reader = $1 and p.topic = $2 and p.topic_partition = $3 and p.tenant_id > w.tenant_id
                    order by p.tenant_id limit 1)
            from waiting w where w.tenant_id is not null)
         select tenant_id from waiting where tenant_id is not null",
    )
    .bind(&at.reader)
    .bind(&at.topic)
    .bind(at.partition)
    .fetch_all(conn)
    .await?;
    Ok(tenants.into_iter().collect())
}

/// What is there already is of a commit whose answer was lost, and whose place will not move a second time.
pub async fn add(conn: &mut PgConnection, at: &At, parked: &[Parked<'_>]) -> Result<(), sqlx::Error> {
    if parked.is_empty() {
        return Ok(());
    }
    let tenants: Vec<_> = parked.iter().map(|one| one.tenant).collect();
    let offsets: Vec<_> = parked.iter().map(|one| one.offset).collect();
    let values: Vec<_> = parked.iter().map(|one| one.value).collect();
    sqlx::query(
        "insert into system.parked_facts (reader, topic, topic_partition, tenant_id, topic_offset, value)
         select $1, $2, $3, p.tenant_id, p.topic_offset, p.value
         from unnest($4::uuid[], $5::bigint[], $6::bytea[]) as p (tenant_id, topic_offset, value)
         on conflict do nothing",
    )
    .bind(&at.reader)
    .bind(&at.topic)
    .bind(at.partition)
    .bind(tenants)
    .bind(offsets)
    .bind(values)
    .execute(conn)
    .await?;
    Ok(())
}

/// The first facts of a tenant, as records; together not much longer than `bytes`.
pub async fn first(
    conn: &mut PgConnection,
    at: &At,
    tenant: Uuid,
    rows: usize,
    bytes: usize,
) -> Result<Vec<OwnedMessage>, sqlx::Error> {
    let found: Vec<(i64, Vec<u8>)> = sqlx::query_as(
        "select topic_offset, value from (
            select topic_offset, value, sum(length(value)) over (order by topic_offset) - length(value) as before
            from (select topic_offset, value from system.parked_facts
                  where reader = $1 and topic = $2 and topic_partition = $3 and tenant_id = $4
                  order by topic_offset limit $5) first) measured
         where before < $6 order by topic_offset",
    )
    .bind(&at.reader)
    .bind(&at.topic)
    .bind(at.partition)
    .bind(tenant)
    .bind(i64::try_from(rows).unwrap_or(i64::MAX))
    .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
    .fetch_all(conn)
    .await?;
    let record = |(offset, value)| {
        OwnedMessage::new(Some(value), None, at.topic.clone(), Timestamp::NotAvailable, at.partition, offset, None)
    };
    Ok(found.into_iter().map(record).collect())
}

/// Those of each tenant below its offset are read.
pub async fn remove(conn: &mut PgConnection, at: &At, read: &Ahead) -> Result<(), sqlx::Error> {
    let (tenants, offsets): (Vec<Uuid>, Vec<i64>) = read.iter().unzip();
    sqlx::query(
        "delete from system.parked_facts p using unnest($4::uuid[], $5::bigint[]) as r (tenant_id, next)
         where p.reader = $1 and p.topic = $2 and p.topic_partition = $3
            and p.tenant_id = r.tenant_id and p.topic_offset < r.next",
    )
    .bind(&at.reader)
    .bind(&at.topic)
    .bind(at.partition)
    .bind(tenants)
    .bind(offsets)
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts what waits before all that will come: the topic counts from its beginning again.
pub async fn lower(conn: &mut PgConnection, at: &At, by: i64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update system.parked_facts set topic_offset = topic_offset - $4
         where reader = $1 and topic = $2 and topic_partition = $3",
    )
    .bind(&at.reader)
    .bind(&at.topic)
    .bind(at.partition)
    .bind(by)
    .execute(conn)
    .await?;
    Ok(())
}

/// How many wait.
pub async fn count(conn: &mut PgConnection, at: &At) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "select count(*) from (select from system.parked_facts
            where reader = $1 and topic = $2 and topic_partition = $3 limit $4) p",
    )
    .bind(&at.reader)
    .bind(&at.topic)
    .bind(at.partition)
    .bind(COUNT_UP_TO)
    .fetch_one(conn)
    .await
}
