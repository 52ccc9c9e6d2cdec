//! Facts: what happened. A transaction leaves them in the outbox; [`place`] gives them their order, in which every reader
//! sees them. A reader turns facts into jobs, and moves its place in the same transaction: each fact is read once.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{FromRow, PgConnection};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::jobs::NewJob;

/// A fact that is not in the database yet.
#[derive(Debug, Clone)]
pub struct NewFact {
    pub id: Uuid,
    pub kind: String,
    pub version: i16,
    /// Facts of one key are read in their order on every bus.
    pub key: String,
    pub data: Value,
    pub trace: Option<String>,
}

impl NewFact {
    pub fn new(kind: impl Into<String>, version: i16, key: impl Into<String>, data: Value) -> Self {
        Self { id: Uuid::now_v7(), kind: kind.into(), version, key: key.into(), data, trace: None }
    }
}

/// A fact in its place.
#[derive(Debug, Clone, PartialEq, FromRow, Serialize, Deserialize)]
pub struct Fact {
    /// Rises from one to the next, with gaps.
    pub position: i64,
    pub tenant_id: Uuid,
    pub fact_id: Uuid,
    pub kind: String,
    pub version: i16,
    pub key: String,
    pub data: Value,
    pub trace: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// Somebody who wants to know: which jobs follow from a fact. It must give the same answer each time.
#[derive(Clone, Copy)]
pub struct Reader {
    pub name: &'static str,
    /// Only tenants that subscribed (see [`subscribe`]) are looked at; false means all.
    pub only_subscribed: bool,
    pub jobs: fn(&Fact) -> Vec<NewJob>,
}

/// Leaves facts in the outbox.
pub async fn write(
    conn: &mut PgConnection,
    tenant: Uuid,
    now: OffsetDateTime,
    facts: Vec<NewFact>,
) -> Result<(), sqlx::Error> {
    let n = facts.len();
    let (mut ids, mut kinds, mut versions) = (Vec::with_capacity(n), Vec::with_capacity(n), Vec::with_capacity(n));
    let (mut keys, mut data, mut traces) = (Vec::with_capacity(n), Vec::with_capacity(n), Vec::with_capacity(n));
    for fact in facts {
        ids.push(fact.id);
        kinds.push(fact.kind);
        versions.push(fact.version);
        keys.push(fact.key);
        data.push(fact.data);
        traces.push(fact.trace);
    }
    sqlx::query(
        "insert into system.outbox (tenant_id, fact_id, kind, version, key, data, trace, at)
         select $1, f.id, f.kind, f.version, f.key, f.data, f.trace, $2
         from unnest($3, $4, $5, $6, $7, $8) with ordinality as f (id, kind, version, key, data, trace, nth) order by f.nth",
    )
    .bind(tenant)
    .bind(now)
    .bind(ids)
    .bind(kinds)
    .bind(versions)
    .bind(keys)
    .bind(data)
    .bind(traces)
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives facts of the outbox their place; how many there were. Zero also when another process is at it.
pub async fn place(conn: &mut PgConnection, at_most: i32) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar("select system.place_facts($1)").bind(at_most).fetch_one(conn).await
}

/// Facts after a position that a reader has to read, of all tenants.
pub async fn read(conn: &mut PgConnection, reader: &str, after: i64, at_most: i64) -> Result<Vec<Fact>, sqlx::Error> {
    sqlx::query_as(
        "select position, tenant_id, fact_id, kind, version, key, data, trace, at from system.facts
         where position > $2 and readers is distinct from '{}' and (readers is null or $1 = any(readers))
         order by position limit $3",
    )
    .bind(reader)
    .bind(after)
    .bind(at_most)
    // A plan that was made for few facts and kept would read them all once there are many.
    .persistent(false)
    .fetch_all(conn)
    .await
}

/// Facts of one tenant after a position, each once: what follows again for single readers is left out.
pub async fn read_of(
    conn: &mut PgConnection,
    tenant: Uuid,
    after: i64,
    at_most: i64,
) -> Result<Vec<Fact>, sqlx::Error> {
    sqlx::query_as(
        "select position, tenant_id, fact_id, kind, version, key, data, trace, at
         from system.facts
         where tenant_id = $1 and position > $2 and (readers is null or readers = '{}') order by position limit $3",
    )
    .bind(tenant)
    .bind(after)
    .bind(at_most)
    .fetch_all(conn)
    .await
}

/// Position of the newest fact of this database.
pub async fn newest(conn: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select coalesce(max(position), 0) from system.facts where readers is distinct from '{}'")
        .fetch_one(conn)
        .await
}

/// Takes the reader's place for this transaction. `None`: another process has it. A reader that was never here begins now.
pub async fn take_place(conn: &mut PgConnection, reader: &str) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query(
        "insert into system.readers (name, position) select $1, position from system.fact_head on conflict do nothing",
    )
    .bind(reader)
    .execute(&mut *conn)
    .await?;
    sqlx::query_scalar(
        "select r.position from system.be_brief(), system.readers r where r.name = $1 for update of r skip locked",
    )
    .bind(reader)
    .fetch_optional(conn)
    .await
}

/// The reader has read up to here; commits with what followed.
pub async fn move_place(conn: &mut PgConnection, reader: &str, position: i64) -> Result<(), sqlx::Error> {
    sqlx::query("update system.readers set position = $2 where name = $1")
        .bind(reader)
        .bind(position)
        .execute(conn)
        .await?;
    Ok(())
}

/// How many facts, at most so many, the slowest reader has not read.
pub async fn lag(conn: &mut PgConnection, at_most: i64) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "select count(*) from (select from system.facts
            where position > (select coalesce(min(position), 0) from system.readers) and readers is distinct from '{}'
            limit $1) f",
    )
    .bind(at_most)
    .fetch_one(conn)
    .await
}

/// Says that the tenant has something to do for a reader, or has not any more.
pub async fn subscribe(conn: &mut PgConnection, tenant: Uuid, reader: &str, wants: bool) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update system.residents
         set subscriptions = case when $3 then array_append(array_remove(subscriptions, $2), $2)
                                  else array_remove(subscriptions, $2) end
         where tenant_id = $1",
    )
    .bind(tenant)
    .bind(reader)
    .bind(wants)
    .execute(conn)
    .await?;
    Ok(())
}

/// Those of the tenants that subscribed to the reader.
pub async fn subscribed(conn: &mut PgConnection, reader: &str, tenants: &[Uuid]) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar("select tenant_id from system.residents where tenant_id = any($1) and $2 = any(subscriptions)")
        .bind(tenants)
        .bind(reader)
        .fetch_all(conn)
        .await
}

/// Removes facts that every reader has read and that are older than this; how many.
pub async fn sweep(conn: &mut PgConnection, before: OffsetDateTime) -> Result<u64, sqlx::Error> {
    let swept = sqlx::query(
        "delete from system.facts where (tenant_id, position) in (
            select tenant_id, position from system.facts
            where at < $1 and position <= (select coalesce(min(position), 0) from system.readers)
            order by position limit 10000)",
    );
    Ok(swept.bind(before).execute(conn).await?.rows_affected())
}
