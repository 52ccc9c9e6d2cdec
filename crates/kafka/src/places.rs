//! How far each reader has read each partition. It stands in PostgreSQL, where it moves in the transaction of what
//! followed; what Kafka is told of it is for people and their tools.
//!
//! The row in the control database is the truth: everything below its `next_offset` was read, or waits (`parked`), and
//! `seen` is the newest position of each source among it. It moves only from where its owner believes it to be, so that a
//! commit whose answer was lost is not made again.
//!
//! A batch whose jobs belong into several databases cannot commit in all of them at once. The control database first notes
//! what is about to be read in which shard (`intended`). Then come the shards: each writes down in its own row, with its
//! jobs, for which tenants it is ahead and up to which offset. The place in the control database goes last. If that fails,
//! or the process dies, the batch is read again, and a fact is left out when some shard is ahead with its tenant. That it
//! looks at all of them, and not only at the one where the tenant lives now, is what keeps this right when the tenant has
//! moved meanwhile. What a shard that is away was going to read is in doubt until it is back: those facts wait.
//!
//! A partition is claimed by writing one's own name (`owner`) into the rows of all databases, the control database first.
//! That waits for a commit that is on its way, and from then on whoever had the partition before commits nothing more. A
//! shard is taken by the claim that is still in the control database afterwards; it may have been taken from another by one
//! that is not, which the other learns from a commit that fails, and claims again.

use std::collections::{BTreeMap, BTreeSet};

use socialai_domain::{audit::Actor, problems::Result, tenancy::Databases};
use socialai_queue::jobs::INSTALLATION;
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use crate::{envelope::Source, parked, trouble::Trouble};

/// Offsets by tenant: what is below them was read.
pub type Ahead = BTreeMap<Uuid, i64>;

/// A partition in this process's hands, as its rows say.
#[derive(Debug)]
pub struct Claim {
    pub at: At,
    owner: Uuid,
    /// The next offset to read.
    pub next: i64,
    /// Newest position of each source.
    pub seen: BTreeMap<String, i64>,
    /// Tenants that have facts waiting, and where among them the next look begins.
    pub parked: BTreeSet<Uuid>,
    pub looked_at: Option<Uuid>,
    /// Shards whose rows are ours, and how far they are ahead.
    ahead: BTreeMap<String, Ahead>,
    /// Shards whose rows are not ours yet, or nobody knows.
    pub away: BTreeSet<String>,
    /// What shards may be ahead with.
    intended: BTreeMap<String, Ahead>,
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
    intended: Json<BTreeMap<String, Ahead>>,
}

/// Takes the partition from whoever has it, but for the shards.
pub async fn claim(databases: &Databases, at: At) -> Result<Claim> {
    let owner = Uuid::new_v4();
    let row = own(databases, None, &at, owner).await?;
    let mut tx = databases.system_at(None, Actor::system("kafka")).await?;
    let parked = parked::tenants(tx.engine(), &at).await?;
    tx.rollback().await?;
    Ok(Claim {
        at,
        owner,
        next: row.next_offset,
        seen: row.seen.0,
        parked,
        looked_at: None,
        ahead: BTreeMap::new(),
        away: BTreeSet::new(),
        intended: row.intended.0,
    })
}

async fn own(databases: &Databases, shard: Option<&str>, at: &At, owner: Uuid) -> Result<Row> {
    let mut tx = databases.system_at(shard, Actor::system("kafka")).await?;
    let row = sqlx::query_as(
        "insert into system.topic_offsets (reader, topic, topic_partition, next_offset, owner) values ($1, $2, $3, 0, $4)
         on conflict (reader, topic, topic_partition) do update set owner = excluded.owner
         returning next_offset, seen, ahead, intended",
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

/// Everything of a source up to here was read by the reader elsewhere. Whoever reads already claims again, and knows it then.
pub async fn skip(conn: &mut PgConnection, reader: &str, topic: &str, source: &str, position: i64) -> Result<()> {
    sqlx::query(
        "update system.topic_offsets
         set seen = seen || jsonb_build_object($3::text, greatest($4, coalesce((seen ->> $3)::bigint, $4))), owner = null
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

/// How many facts of the partition wait.
pub async fn parked(databases: &Databases, claim: &Claim) -> Result<i64> {
    if claim.parked.is_empty() {
        return Ok(0);
    }
    let mut tx = databases.system_at(None, Actor::system("kafka")).await?;
    let count = parked::count(tx.engine(), &claim.at).await?;
    tx.rollback().await?;
    Ok(count)
}

/// The installation's facts are told by each database for itself; a tenant lives in one after the other.
fn may_have(shard: &str, tenant: Uuid, source: &Source) -> bool {
    tenant != INSTALLATION || source.0.as_deref() == Some(shard)
}

impl Claim {
    /// Makes a shard's row ours too, and says how far the shard is ahead.
    pub async fn take(&self, databases: &Databases, shard: &str) -> Result<Ahead, Trouble> {
        let mut ahead = own(databases, Some(shard), &self.at, self.owner).await?.ahead.0;
        let mut tx = databases.system_at(None, Actor::system("kafka")).await?;
        let owner: Option<Uuid> = sqlx::query_scalar(
            "select owner from system.topic_offsets where reader = $1 and topic = $2 and topic_partition = $3",
        )
        .bind(&self.at.reader)
        .bind(&self.at.topic)
        .bind(self.at.partition)
        .fetch_one(tx.engine())
        .await?;
        tx.rollback().await?;
        if owner != Some(self.owner) {
            return Err(Trouble::Lost);
        }
        // What else stands there is long read.
        let most = |tenant: &Uuid| self.intended.get(shard).and_then(|intended| intended.get(tenant)).copied();
        ahead.retain(|tenant, next| most(tenant).is_some_and(|most| *next <= most));
        Ok(ahead)
    }

    pub fn has(&self, shard: &str) -> bool {
        self.ahead.contains_key(shard)
    }

    /// The shard is this far ahead; what is known is committed.
    pub fn is_ahead_now(&mut self, shard: &str, ahead: Ahead) {
        self.away.remove(shard);
        self.ahead.insert(shard.to_owned(), ahead);
    }

    /// It is not known any more what the shard has.
    pub fn let_go(&mut self, shard: &str) {
        self.ahead.remove(shard);
        self.away.insert(shard.to_owned());
    }

    /// True when a shard has read this fact although the control database does not know yet.
    pub fn is_ahead(&self, tenant: Uuid, source: &Source, offset: i64) -> bool {
        let has_read = |ahead: &Ahead| ahead.get(&tenant).is_some_and(|next| offset < *next);
        self.ahead.iter().any(|(shard, ahead)| may_have(shard, tenant, source) && has_read(ahead))
    }

    /// True when a shard may have read this fact that cannot be asked.
    pub fn is_in_doubt(&self, tenant: Uuid, source: &Source, offset: i64) -> bool {
        let may_have_read = |shard: &String| {
            let next = self.intended.get(shard).and_then(|intended| intended.get(&tenant));
            next.is_some_and(|next| offset < *next)
        };
        self.away.iter().any(|shard| may_have(shard, tenant, source) && may_have_read(shard))
    }

    /// Whether this may still be asked about facts of a tenant below an offset.
    fn is_open(&self, tenant: &Uuid, next: i64) -> bool {
        next > self.next || self.parked.contains(tenant)
    }

    /// In the control database, before the shards write: they are going to read so far. The caller keeps what is returned
    /// with [`Self::intends_now`] once it is committed.
    pub async fn intend(
        &self,
        conn: &mut PgConnection,
        reached: &BTreeMap<String, Ahead>,
    ) -> Result<BTreeMap<String, Ahead>, Trouble> {
        let mut intended = self.intended.clone();
        for known in intended.values_mut() {
            known.retain(|tenant, next| self.is_open(tenant, *next));
        }
        for (shard, reached) in reached {
            let known = intended.entry(shard.clone()).or_default();
            for (tenant, next) in reached {
                let most = known.entry(*tenant).or_insert(*next);
                *most = (*most).max(*next);
            }
        }
        intended.retain(|_, known| !known.is_empty());
        let written = sqlx::query(
            "update system.topic_offsets set intended = $5
             where reader = $1 and topic = $2 and topic_partition = $3 and owner = $4",
        );
        hit(conn, self.own_row(written).bind(Json(&intended))).await?;
        Ok(intended)
    }

    pub fn intends_now(&mut self, intended: BTreeMap<String, Ahead>) {
        self.intended = intended;
    }

    /// True when the control database knows of all this already.
    pub fn has_intended(&self, reached: &BTreeMap<String, Ahead>) -> bool {
        reached.iter().all(|(shard, reached)| {
            let known = self.intended.get(shard);
            reached
                .iter()
                .all(|(tenant, next)| known.and_then(|known| known.get(tenant)).is_some_and(|most| next <= most))
        })
    }

    /// In a shard's transaction: the facts of these tenants are read up to here. The caller keeps what is returned with
    /// [`Self::is_ahead_now`] once the transaction is committed.
    pub async fn run_ahead(&self, conn: &mut PgConnection, shard: &str, reached: &Ahead) -> Result<Ahead, Trouble> {
        let mut ahead = self.ahead.get(shard).cloned().unwrap_or_default();
        ahead.retain(|tenant, next| self.is_open(tenant, *next));
        ahead.extend(reached);
        let written = sqlx::query(
            "update system.topic_offsets set ahead = $5
             where reader = $1 and topic = $2 and topic_partition = $3 and owner = $4",
        );
        hit(conn, self.own_row(written).bind(Json(&ahead))).await?;
        Ok(ahead)
    }

    /// In the control database's transaction: everything below `next` is read, or waits.
    pub async fn advance(
        &self,
        conn: &mut PgConnection,
        next: i64,
        seen: &BTreeMap<String, i64>,
    ) -> Result<(), Trouble> {
        let written = sqlx::query(
            "update system.topic_offsets set next_offset = $6, seen = $7
             where reader = $1 and topic = $2 and topic_partition = $3 and owner = $4 and next_offset = $5",
        );
        hit(conn, self.own_row(written).bind(self.next).bind(next).bind(Json(seen))).await
    }

    fn own_row<'q>(&'q self, statement: Statement<'q>) -> Statement<'q> {
        statement.bind(&self.at.reader).bind(&self.at.topic).bind(self.at.partition).bind(self.owner)
    }

    /// The topic was made anew and counts from its beginning: what a shard was ahead with was of the old one. What waits
    /// goes before the new. The place moves last, so that all of it is done again after a crash.
    pub async fn rewind(&mut self, databases: &Databases, next: i64) -> Result<(), Trouble> {
        if let Some(shard) = self.away.first() {
            return Err(Trouble::Away(shard.clone()));
        }
        let mut tx = databases.system_at(None, Actor::system("kafka")).await?;
        for ahead in self.ahead.values() {
            // The installation's facts are told by several databases, and one says nothing about those of the others.
            let read = ahead.iter().filter(|(tenant, _)| **tenant != INSTALLATION);
            parked::remove(tx.engine(), &self.at, &read.map(|(tenant, next)| (*tenant, *next)).collect()).await?;
        }
        tx.commit().await?;
        for shard in self.ahead.keys() {
            let mut tx = databases.system_at(Some(shard), Actor::system("kafka")).await?;
            let forgotten = sqlx::query(
                "update system.topic_offsets set ahead = '{}'
                 where reader = $1 and topic = $2 and topic_partition = $3 and owner = $4",
            );
            hit(tx.engine(), self.own_row(forgotten)).await?;
            tx.commit().await?;
        }
        let mut tx = databases.system_at(None, Actor::system("kafka")).await?;
        parked::lower(tx.engine(), &self.at, self.next).await?;
        let moved = sqlx::query(
            "update system.topic_offsets set next_offset = $5, intended = '{}'
             where reader = $1 and topic = $2 and topic_partition = $3 and owner = $4",
        );
        hit(tx.engine(), self.own_row(moved).bind(next)).await?;
        tx.commit().await?;
        self.ahead.values_mut().for_each(Ahead::clear);
        self.intended.clear();
        self.next = next;
        Ok(())
    }
}

type Statement<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

async fn hit(conn: &mut PgConnection, statement: Statement<'_>) -> Result<(), Trouble> {
    let done = statement.execute(conn).await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Trouble::Lost) }
}

#[cfg(test)]
mod tests {
    use socialai_testkit::lab::Lab;

    use super::*;

    fn at() -> At {
        At { reader: "counting".to_owned(), topic: "test.facts".to_owned(), partition: 0 }
    }

    /// A claim with all shards.
    async fn claim(lab: &Lab) -> Result<Claim, Trouble> {
        let mut claim = super::claim(&lab.databases, at()).await?;
        for shard in lab.databases.shard_names() {
            let ahead = claim.take(&lab.databases, shard).await?;
            claim.is_ahead_now(shard, ahead);
        }
        Ok(claim)
    }

    async fn advance(lab: &Lab, claim: &Claim, next: i64) -> Result<(), Trouble> {
        let mut tx = lab.databases.system(Actor::system("test")).await.unwrap();
        claim.advance(tx.engine(), next, &BTreeMap::new()).await?;
        Ok(tx.commit().await?)
    }

    async fn run_ahead(lab: &Lab, claim: &Claim, tenant: Uuid, next: i64) -> Result<(), Trouble> {
        let mut tx = lab.databases.system_at(Some("east"), Actor::system("test")).await.unwrap();
        claim.run_ahead(tx.engine(), "east", &Ahead::from([(tenant, next)])).await?;
        Ok(tx.commit().await?)
    }

    async fn intend(lab: &Lab, claim: &mut Claim, tenant: Uuid, next: i64) {
        let mut tx = lab.databases.system(Actor::system("test")).await.unwrap();
        let reached = BTreeMap::from([("east".to_owned(), Ahead::from([(tenant, next)]))]);
        let intended = claim.intend(tx.engine(), &reached).await.unwrap();
        tx.commit().await.unwrap();
        claim.intends_now(intended);
        assert!(claim.has_intended(&reached));
    }

    #[tokio::test]
    async fn claim_takes_the_partition_from_whoever_had_it_in_every_database() {
        let lab = Lab::with_shards(&["east"]).await;
        let first = claim(&lab).await.unwrap();
        advance(&lab, &first, 10).await.unwrap();
        let second = claim(&lab).await.unwrap();
        assert_eq!(second.next, 10);
        assert!(matches!(advance(&lab, &first, 20).await, Err(Trouble::Lost)));
        assert!(matches!(run_ahead(&lab, &first, Uuid::nil(), 20).await, Err(Trouble::Lost)));
        advance(&lab, &second, 20).await.unwrap();
    }

    #[tokio::test]
    async fn claim_waits_for_a_commit_that_is_on_its_way() {
        let lab = Lab::own().await;
        let first = claim(&lab).await.unwrap();
        let mut tx = lab.databases.system(Actor::system("test")).await.unwrap();
        first.advance(tx.engine(), 10, &BTreeMap::new()).await.unwrap();
        let (second, ()) = tokio::join!(claim(&lab), async { tx.commit().await.unwrap() });
        assert_eq!(second.unwrap().next, 10);
    }

    #[tokio::test]
    async fn of_many_claims_at_once_one_holds() {
        let lab = Lab::with_shards(&["east"]).await;
        for _ in 0..10 {
            let claims = futures::future::join_all((0..6).map(|_| claim(&lab))).await;
            let mut holding = Vec::new();
            for claim in claims.into_iter().flatten() {
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
        let control = Source(None);
        let mut first = claim(&lab).await.unwrap();
        intend(&lab, &mut first, tenant, 30).await;
        run_ahead(&lab, &first, tenant, 30).await.unwrap();
        let second = claim(&lab).await.unwrap();
        assert!(second.is_ahead(tenant, &control, 29));
        assert!(!second.is_ahead(tenant, &control, 30) && !second.is_ahead(other, &control, 29));
    }

    #[tokio::test]
    async fn shard_that_is_away_leaves_in_doubt_what_it_was_going_to_read_and_nothing_else() {
        let lab = Lab::with_shards(&["east", "west"]).await;
        let (tenant, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let control = Source(None);
        let mut first = claim(&lab).await.unwrap();
        intend(&lab, &mut first, tenant, 30).await;
        let mut second = claim(&lab).await.unwrap();
        assert!(!second.is_in_doubt(tenant, &control, 29), "east says that it has nothing");
        second.let_go("west");
        assert!(!second.is_in_doubt(tenant, &control, 29));
        second.let_go("east");
        assert!(second.is_in_doubt(tenant, &control, 29));
        assert!(!second.is_in_doubt(tenant, &control, 30) && !second.is_in_doubt(other, &control, 29));
    }

    #[tokio::test]
    async fn commit_whose_answer_was_lost_is_not_made_again() {
        let lab = Lab::own().await;
        let claim = claim(&lab).await.unwrap();
        advance(&lab, &claim, 10).await.unwrap();
        assert!(matches!(advance(&lab, &claim, 10).await, Err(Trouble::Lost)));
    }
}
