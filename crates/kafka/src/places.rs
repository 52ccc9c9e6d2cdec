//! How far each reader has read each partition. It stands in PostgreSQL, where it moves in the transaction of what
//! followed; what Kafka is told of it is for people and their tools.
//!
//! The row in the control database is the truth: everything below its `next_offset` was read, and `seen` is the newest
//! position of each source among it. A batch whose jobs belong into several databases cannot commit in all of them at
//! once. The shards go first, and each writes down in its own row, with its jobs, for which tenants it is ahead and up to
//! which offset; the control database goes last. If that fails, or the process dies, the batch is read again, and a fact is
//! left out when some database is ahead with its tenant. That it looks at all databases, and not only at the one where the
//! tenant lives now, is what keeps this right when the tenant has moved meanwhile.
//!
//! A partition is claimed by writing one's own name (`owner`) into the rows of all databases. That waits for a commit that
//! is on its way, and from then on whoever had the partition before commits nothing more. Two that claim at once both
//! begin in the control database; who was first finds the other's name there afterwards and gives up. It may have taken a
//! shard from the other by then, who learns that from a commit that fails, and claims again.

use std::collections::BTreeMap;

use socialai_domain::{audit::Actor, problems::Result, tenancy::Databases};
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use crate::trouble::Trouble;

/// Offsets by tenant.
type Ahead = BTreeMap<Uuid, i64>;

/// A partition in this process's hands, as its rows say.
#[derive(Debug)]
pub struct Claim {
    pub at: At,
    owner: Uuid,
    /// The next offset to read.
    pub next: i64,
    /// Newest position of each source.
    pub seen: BTreeMap<String, i64>,
    ahead: BTreeMap<String, Ahead>,
}

/// Whose place, and where.
#[derive(Debug, Clone)]
pub struct At {
    pub reader: String,
    pub topic: String,
    pub partition: i32,
}

#[derive(FromRow)]
struct Row {
    next_offset: i64,
    seen: Json<BTreeMap<String, i64>>,
    ahead: Json<Ahead>,
}

/// Takes the partition from whoever has it. `None`: somebody else took it at the same time.
pub async fn claim(databases: &Databases, at: At) -> Result<Option<Claim>> {
    let owner = Uuid::new_v4();
    let control = own(databases, None, &at, owner).await?;
    let mut ahead = BTreeMap::new();
    for shard in databases.shard_names() {
        let row = own(databases, Some(shard), &at, owner).await?;
        ahead.insert(shard.to_owned(), row.ahead.0);
    }
    let mut tx = databases.system_at(None, Actor::system("kafka")).await?;
    let owned: Option<Uuid> = sqlx::query_scalar(
        "select owner from system.topic_offsets where reader = $1 and topic = $2 and topic_partition = $3",
    )
    .bind(&at.reader)
    .bind(&at.topic)
    .bind(at.partition)
    .fetch_one(tx.engine())
    .await?;
    tx.rollback().await?;
    let claim = Claim { at, owner, next: control.next_offset, seen: control.seen.0, ahead };
    Ok((owned == Some(owner)).then_some(claim))
}

async fn own(databases: &Databases, shard: Option<&str>, at: &At, owner: Uuid) -> Result<Row> {
    let mut tx = databases.system_at(shard, Actor::system("kafka")).await?;
    let row = sqlx::query_as(
        "insert into system.topic_offsets (reader, topic, topic_partition, next_offset, owner) values ($1, $2, $3, 0, $4)
         on conflict (reader, topic, topic_partition) do update set owner = excluded.owner
         returning next_offset, seen, ahead",
    )
    .bind(&at.reader)
    .bind(&at.topic)
    .bind(at.partition)
    .bind(owner)
    .fetch_one(tx.engine())
    .await?;
    tx.commit().await?;
    Ok(row)
}

/// Lets a reader that was never here begin at these offsets.
pub async fn begin(conn: &mut PgConnection, reader: &str, topic: &str, starts: &[(i32, i64)]) -> Result<()> {
    let (partitions, offsets): (Vec<i32>, Vec<i64>) = starts.iter().copied().unzip();
    sqlx::query(
        "insert into system.topic_offsets (reader, topic, topic_partition, next_offset)
         select $1, $2, s.topic_partition, s.next_offset from unnest($3, $4) as s (topic_partition, next_offset)
         on conflict do nothing",
    )
    .bind(reader)
    .bind(topic)
    .bind(partitions)
    .bind(offsets)
    .execute(conn)
    .await?;
    Ok(())
}

/// Everything of a source up to here was read by the reader elsewhere.
pub async fn skip(conn: &mut PgConnection, reader: &str, topic: &str, source: &str, position: i64) -> Result<()> {
    sqlx::query(
        "update system.topic_offsets
         set seen = seen || jsonb_build_object($3::text, greatest($4, coalesce((seen ->> $3)::bigint, $4)))
         where reader = $1 and topic = $2",
    )
    .bind(reader)
    .bind(topic)
    .bind(source)
    .bind(position)
    .execute(conn)
    .await?;
    Ok(())
}

impl Claim {
    /// True when a database has read this tenant's fact although the control database does not know yet.
    pub fn is_ahead(&self, tenant: Uuid, offset: i64) -> bool {
        self.ahead.values().any(|ahead| ahead.get(&tenant).is_some_and(|next| offset < *next))
    }

    /// In a shard's transaction: the facts of these tenants are read up to `next`. The caller keeps what is returned with
    /// [`Self::is_ahead_now`] once the transaction is committed.
    pub async fn run_ahead(
        &self,
        conn: &mut PgConnection,
        shard: &str,
        tenants: &[Uuid],
        next: i64,
    ) -> Result<Ahead, Trouble> {
        let mut ahead = self.ahead.get(shard).cloned().unwrap_or_default();
        // What the control database has by now need not be kept.
        ahead.retain(|_, offset| *offset > self.next);
        ahead.extend(tenants.iter().map(|tenant| (*tenant, next)));
        let written = sqlx::query(
            "update system.topic_offsets set next_offset = $5, ahead = $6
             where reader = $1 and topic = $2 and topic_partition = $3 and owner = $4",
        );
        self.write(conn, written, next, Json(&ahead)).await?;
        Ok(ahead)
    }

    pub fn is_ahead_now(&mut self, shard: &str, ahead: Ahead) {
        self.ahead.insert(shard.to_owned(), ahead);
    }

    /// In the control database's transaction: everything below `next` is read.
    pub async fn advance(
        &self,
        conn: &mut PgConnection,
        next: i64,
        seen: &BTreeMap<String, i64>,
    ) -> Result<(), Trouble> {
        let written = sqlx::query(
            "update system.topic_offsets set next_offset = $5, seen = $6
             where reader = $1 and topic = $2 and topic_partition = $3 and owner = $4",
        );
        self.write(conn, written, next, Json(seen)).await
    }

    async fn write<'q, V>(
        &'q self,
        conn: &mut PgConnection,
        statement: sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>,
        next: i64,
        value: Json<&'q V>,
    ) -> Result<(), Trouble>
    where
        V: serde::Serialize + Sync,
    {
        let done = statement
            .bind(&self.at.reader)
            .bind(&self.at.topic)
            .bind(self.at.partition)
            .bind(self.owner)
            .bind(next)
            .bind(value)
            .execute(conn)
            .await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(Trouble::Lost) }
    }

    /// The topic was made anew and counts from the beginning: what a shard was ahead with was of the old one.
    pub async fn rewind(&mut self, databases: &Databases, next: i64) -> Result<(), Trouble> {
        for shard in databases.shard_names() {
            let mut tx = databases.system_at(Some(shard), Actor::system("kafka")).await?;
            let forgotten = sqlx::query(
                "update system.topic_offsets set next_offset = $5, ahead = $6
                 where reader = $1 and topic = $2 and topic_partition = $3 and owner = $4",
            );
            self.write(tx.engine(), forgotten, next, Json(&Ahead::new())).await?;
            tx.commit().await?;
        }
        self.ahead.clear();
        self.next = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use socialai_testkit::lab::Lab;

    use super::*;

    fn at() -> At {
        At { reader: "counting".to_owned(), topic: "test.facts".to_owned(), partition: 0 }
    }

    async fn advance(lab: &Lab, claim: &Claim, next: i64) -> Result<(), Trouble> {
        let mut tx = lab.databases.system(Actor::system("test")).await.unwrap();
        claim.advance(tx.engine(), next, &BTreeMap::new()).await?;
        Ok(tx.commit().await?)
    }

    async fn run_ahead(lab: &Lab, claim: &Claim, tenant: Uuid, next: i64) -> Result<(), Trouble> {
        let mut tx = lab.databases.system_at(Some("east"), Actor::system("test")).await.unwrap();
        claim.run_ahead(tx.engine(), "east", &[tenant], next).await?;
        Ok(tx.commit().await?)
    }

    #[tokio::test]
    async fn claim_takes_the_partition_from_whoever_had_it_in_every_database() {
        let lab = Lab::with_shards(&["east"]).await;
        let first = claim(&lab.databases, at()).await.unwrap().unwrap();
        advance(&lab, &first, 10).await.unwrap();
        let second = claim(&lab.databases, at()).await.unwrap().unwrap();
        assert_eq!(second.next, 10);
        assert!(matches!(advance(&lab, &first, 20).await, Err(Trouble::Lost)));
        assert!(matches!(run_ahead(&lab, &first, Uuid::nil(), 20).await, Err(Trouble::Lost)));
        advance(&lab, &second, 20).await.unwrap();
    }

    #[tokio::test]
    async fn claim_waits_for_a_commit_that_is_on_its_way() {
        let lab = Lab::own().await;
        let first = claim(&lab.databases, at()).await.unwrap().unwrap();
        let mut tx = lab.databases.system(Actor::system("test")).await.unwrap();
        first.advance(tx.engine(), 10, &BTreeMap::new()).await.unwrap();
        let (second, ()) = tokio::join!(claim(&lab.databases, at()), async { tx.commit().await.unwrap() });
        assert_eq!(second.unwrap().unwrap().next, 10);
    }

    #[tokio::test]
    async fn of_many_claims_at_once_one_holds() {
        let lab = Lab::with_shards(&["east"]).await;
        for _ in 0..10 {
            let claims = futures::future::join_all((0..6).map(|_| claim(&lab.databases, at()))).await;
            let mut holding = Vec::new();
            for claim in claims.into_iter().filter_map(Result::unwrap) {
                let here = advance(&lab, &claim, 1).await.is_ok();
                let there = run_ahead(&lab, &claim, Uuid::nil(), 1).await.is_ok();
                assert!(here || !there, "nobody commits in a shard who has not the control database");
                holding.extend(here.then_some(claim));
            }
            assert_eq!(holding.len(), 1);
        }
    }

    #[tokio::test]
    async fn shard_that_is_ahead_with_a_tenant_is_known_to_the_next_claim() {
        let lab = Lab::with_shards(&["east", "west"]).await;
        let (tenant, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let first = claim(&lab.databases, at()).await.unwrap().unwrap();
        run_ahead(&lab, &first, tenant, 30).await.unwrap();
        let second = claim(&lab.databases, at()).await.unwrap().unwrap();
        assert!(second.is_ahead(tenant, 29));
        assert!(!second.is_ahead(tenant, 30) && !second.is_ahead(other, 29));
    }
}
