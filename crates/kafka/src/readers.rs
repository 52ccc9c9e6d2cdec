//! A reader of facts at Kafka: the same function from facts to jobs as on PostgreSQL. Jobs land in the database where
//! their tenant lives, in the transaction that moves the reader's place there.

use std::collections::{BTreeMap, BTreeSet};

use rdkafka::{Message, message::OwnedMessage};
use socialai_domain::{audit::Actor, ids::TenantId, problems::Code, tenancy::Databases};
use socialai_queue::{
    facts::{self, Reader},
    follow::{self, Followed, Written},
    jobs::INSTALLATION,
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    consumer::Work,
    envelope::{self, Source, Told},
    places::Claim,
    trouble::Trouble,
    unreadable::{Letter, Tally},
};

pub struct FactWork {
    reader: Reader,
    databases: Databases,
    unreadable: Tally,
}

/// A batch, taken apart by where its jobs belong.
struct Batch {
    /// The offset behind it.
    next: i64,
    seen: BTreeMap<String, i64>,
    letters: Vec<Letter>,
    by_database: BTreeMap<Option<String>, Vec<Followed>>,
}

/// Where a tenant lives.
enum Home {
    In(Option<String>),
    /// It was deleted, and nobody wants its jobs.
    Gone,
}

impl Work for FactWork {
    fn name(&self) -> &str {
        self.reader.name
    }

    async fn read(&self, claim: &mut Claim, records: &[OwnedMessage]) -> Result<(), Trouble> {
        let Some(last) = records.last().filter(|last| last.offset() >= claim.next) else { return Ok(()) };
        let mut batch = Batch {
            next: last.offset() + 1,
            seen: claim.seen.clone(),
            letters: Vec::new(),
            by_database: BTreeMap::new(),
        };
        for record in records.iter().filter(|record| record.offset() >= claim.next) {
            match envelope::decode(record.payload()) {
                Ok(told) => self.sort(claim, &mut batch, record.offset(), told).await?,
                Err(error) => batch.letters.push(Letter::of_record(record, &error, self.databases.now())),
            }
        }
        let outcome = self.write(claim, &mut batch).await;
        if let Err(Trouble::Moving) = outcome {
            // The next try looks where they live now.
            for follows in batch.by_database.values().flatten() {
                self.databases.forget_place(TenantId(follows.fact.tenant_id)).await;
            }
        }
        outcome
    }
}

impl FactWork {
    pub fn new(reader: Reader, databases: Databases) -> Self {
        Self { unreadable: Tally::of(reader.name), reader, databases }
    }

    /// Adds what follows from a fact, unless it was read before or nothing does.
    async fn sort(&self, claim: &Claim, batch: &mut Batch, offset: i64, told: Told) -> Result<(), Trouble> {
        let Told { source, fact } = told;
        let newest = batch.seen.entry(source.name()).or_insert(i64::MIN);
        if fact.position <= *newest {
            return Ok(());
        }
        *newest = fact.position;
        if claim.is_ahead(fact.tenant_id, offset) {
            return Ok(());
        }
        let tenant = fact.tenant_id;
        let followed = Followed::of(&self.reader, fact);
        if followed.is_nothing() {
            return Ok(());
        }
        if let Home::In(database) = self.home(source, tenant).await? {
            batch.by_database.entry(database).or_default().push(followed);
        }
        Ok(())
    }

    async fn home(&self, source: Source, tenant: Uuid) -> Result<Home, Trouble> {
        if tenant == INSTALLATION {
            return Ok(Home::In(source.0));
        }
        match self.databases.place(TenantId(tenant)).await {
            Ok(place) => Ok(Home::In(place.shard.clone())),
            Err(error) if error.problem().is_some_and(|problem| problem.code == Code::NotFound) => Ok(Home::Gone),
            Err(error) => Err(error.into()),
        }
    }

    /// The shards first, the control database last: see `places`.
    async fn write(&self, claim: &mut Claim, batch: &mut Batch) -> Result<(), Trouble> {
        for (shard, follows) in &batch.by_database {
            let Some(shard) = shard else { continue };
            let mut tx = self.databases.system_at(Some(shard), Actor::system("kafka")).await?;
            let written = self.enqueue(tx.engine(), follows).await?;
            let tenants = tenants(follows);
            let ahead = claim.run_ahead(tx.engine(), shard, &tenants, batch.next).await?;
            tx.commit().await?;
            claim.is_ahead_now(shard, ahead);
            self.unreadable.add(written.unreadable);
            self.ring(Some(shard), written.queues);
        }
        let mut tx = self.databases.system_at(None, Actor::system("kafka")).await?;
        let follows = batch.by_database.get(&None).map(Vec::as_slice).unwrap_or_default();
        let written = self.enqueue(tx.engine(), follows).await?;
        let unreadable = batch.letters.len() + written.unreadable;
        for letter in batch.letters.drain(..) {
            letter.keep(tx.engine(), self.databases.now()).await?;
        }
        claim.advance(tx.engine(), batch.next, &batch.seen).await?;
        tx.commit().await?;
        (claim.next, claim.seen) = (batch.next, std::mem::take(&mut batch.seen));
        self.unreadable.add(unreadable);
        self.ring(None, written.queues);
        Ok(())
    }

    /// Writes the jobs of those tenants that want them.
    async fn enqueue(&self, conn: &mut PgConnection, followed: &[Followed]) -> Result<Written, Trouble> {
        if followed.is_empty() {
            return Ok(Written::default());
        }
        let tenants = tenants(followed);
        stay(conn, &tenants).await?;
        let wanting: Option<BTreeSet<_>> = if self.reader.only_subscribed {
            Some(facts::subscribed(conn, self.reader.name, &tenants).await?.into_iter().collect())
        } else {
            None
        };
        let wanted = |one: &&Followed| wanting.as_ref().is_none_or(|who| who.contains(&one.fact.tenant_id));
        let wanted: Vec<_> = followed.iter().filter(wanted).collect();
        Ok(follow::write(conn, self.reader.name, self.databases.now(), &wanted).await?)
    }

    fn ring(&self, shard: Option<&str>, queues: BTreeSet<&'static str>) {
        let bell = self.databases.bell(shard);
        for queue in queues {
            bell.ring(queue);
        }
    }
}

fn tenants(followed: &[Followed]) -> Vec<Uuid> {
    followed.iter().map(|followed| followed.fact.tenant_id).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Keeps these tenants in this database until the transaction ends, as `system.enter` does for one: whoever moves a tenant
/// waits. Fails when one has left already.
async fn stay(conn: &mut PgConnection, tenants: &[Uuid]) -> Result<(), Trouble> {
    let tenants: Vec<_> = tenants.iter().copied().filter(|tenant| *tenant != INSTALLATION).collect();
    sqlx::query("select pg_advisory_xact_lock_shared(hashtextextended(tenant::text, 7)) from unnest($1) as tenant")
        .bind(&tenants)
        .execute(&mut *conn)
        .await?;
    let here: i64 = sqlx::query_scalar("select count(*) from system.residents where tenant_id = any($1) and open")
        .bind(&tenants)
        .fetch_one(conn)
        .await?;
    if usize::try_from(here).is_ok_and(|here| here == tenants.len()) { Ok(()) } else { Err(Trouble::Moving) }
}
