//! A reader of facts at Kafka: the same function from facts to jobs as on PostgreSQL. Jobs land in the database where
//! their tenant lives, in the transaction that moves the reader's place there.
//!
//! A partition has the facts of many tenants, and none of them waits for another. Whoever cannot be written for at the
//! moment has its facts parked (`parked`), and from then on all that come behind them; they are read in rounds, in their
//! order, some tenants after the other. What cannot be written to the control database stops the partition, since the place
//! is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use rdkafka::{Message, message::OwnedMessage};
use socialai_domain::{audit::Actor, ids::TenantId, problems::Code, tenancy::Databases, tenants};
use socialai_queue::{
    facts::{self, Reader},
    follow::{self, Followed, Written},
    jobs::INSTALLATION,
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    consumer::{MOST_BYTES, MOST_RECORDS, Work},
    envelope::{self, Told},
    parked::{self, Parked},
    places::{Ahead, Claim},
    shards::Shards,
    trouble::Trouble,
    unreadable::{Letter, Tally},
};

/// Tenants with parked facts that one round looks at.
const TENANTS_AT_ONCE: usize = 50;

pub struct FactWork {
    reader: Reader,
    databases: Databases,
    shards: Shards,
    unreadable: Tally,
}

/// A batch, taken apart by where its jobs belong.
#[derive(Default)]
struct Batch<'r> {
    /// Where its tenants live; asked once, so that all of a tenant goes one way.
    homes: BTreeMap<Uuid, Home>,
    letters: Vec<Letter>,
    by_database: BTreeMap<Option<String>, Vec<Due<'r>>>,
    waiting: Vec<Parked<'r>>,
    /// Whose facts wait from somewhere in this batch on.
    held: BTreeSet<Uuid>,
}

/// A fact to be written.
struct Due<'r> {
    record: &'r OwnedMessage,
    followed: Followed,
}

/// Parked facts, and the tenants of whom these are all.
#[derive(Default)]
struct Page {
    records: Vec<(Uuid, OwnedMessage)>,
    whole: BTreeSet<Uuid>,
}

/// Where a tenant lives.
#[derive(Clone)]
enum Home {
    In(Option<String>),
    /// It was deleted, and nobody wants its jobs.
    Gone,
}

impl<'r> Batch<'r> {
    fn hold(&mut self, tenant: Uuid, record: &'r OwnedMessage) {
        self.held.insert(tenant);
        self.waiting.push(Parked { tenant, offset: record.offset(), value: record.payload().unwrap_or_default() });
    }

    /// What is due in a database, without those whose earlier facts wait.
    fn take(&mut self, database: Option<&str>) -> Vec<Due<'r>> {
        let due = self.by_database.remove(&database.map(str::to_owned)).unwrap_or_default();
        let (held, due) = due.into_iter().partition(|due| self.held.contains(&due.tenant()));
        self.hold_all(held);
        due
    }

    fn hold_all(&mut self, due: Vec<Due<'r>>) {
        for due in due {
            self.hold(due.tenant(), due.record);
        }
    }
}

impl Due<'_> {
    fn tenant(&self) -> Uuid {
        self.followed.fact.tenant_id
    }
}

impl Work for FactWork {
    fn name(&self) -> &str {
        self.reader.name
    }

    async fn begin(&self, claim: &mut Claim) -> Result<(), Trouble> {
        claim.away = self.databases.shard_names().map(str::to_owned).collect();
        self.take_shards(claim).await
    }

    async fn read(&self, claim: &mut Claim, records: &[OwnedMessage]) -> Result<(), Trouble> {
        let Some(last) = records.last().filter(|last| last.offset() >= claim.next) else { return Ok(()) };
        let (next, mut seen) = (last.offset() + 1, claim.seen.clone());
        let mut batch = Batch::default();
        for record in records.iter().filter(|record| record.offset() >= claim.next) {
            match envelope::decode(record.payload()) {
                Ok(told) => {
                    let newest = seen.entry(told.source.name()).or_insert(i64::MIN);
                    // What a relay sent twice.
                    if told.fact.position > *newest {
                        *newest = told.fact.position;
                        self.sort(claim, &claim.parked, &mut batch, record, told).await?;
                    }
                }
                Err(error) => batch.letters.push(Letter::of_record(record, &error, self.databases.now())),
            }
        }
        self.write_in_shards(claim, &mut batch).await?;
        let mut tx = self.databases.system_at(None, Actor::system("kafka")).await?;
        let written = self.write_in_control(tx.engine(), &mut batch).await?;
        parked::add(tx.engine(), &claim.at, &batch.waiting).await?;
        claim.advance(tx.engine(), next, &seen).await?;
        tx.commit().await?;
        claim.parked.extend(&batch.held);
        (claim.next, claim.seen) = (next, seen);
        self.tell(None, written);
        for tenant in batch.held {
            // The next look is at where they live now.
            self.databases.forget_place(TenantId(tenant)).await;
        }
        Ok(())
    }

    async fn catch_up(&self, claim: &mut Claim) -> Result<bool, Trouble> {
        self.take_shards(claim).await?;
        if claim.parked.is_empty() {
            return Ok(false);
        }
        let tenants = self.reachable(claim).await?;
        let page = self.first_parked(claim, &tenants).await?;
        let mut batch = Batch { homes: tenants.into_iter().collect(), ..Batch::default() };
        let (mut read, nobody) = (Ahead::new(), BTreeSet::new());
        for (tenant, record) in &page.records {
            read.insert(*tenant, record.offset() + 1);
            match envelope::decode(record.payload()) {
                Ok(told) => self.sort(claim, &nobody, &mut batch, record, told).await?,
                // Parked by a newer program.
                Err(_) if batch.held.contains(tenant) => batch.hold(*tenant, record),
                Err(error) => batch.letters.push(Letter::of_record(record, &error, self.databases.now())),
            }
        }
        self.write_in_shards(claim, &mut batch).await?;
        let mut tx = self.databases.system_at(None, Actor::system("kafka")).await?;
        let written = self.write_in_control(tx.engine(), &mut batch).await?;
        for Parked { tenant, offset, .. } in &batch.waiting {
            read.entry(*tenant).and_modify(|next| *next = (*next).min(*offset));
        }
        parked::remove(tx.engine(), &claim.at, &read).await?;
        claim.advance(tx.engine(), claim.next, &claim.seen).await?;
        tx.commit().await?;
        claim.parked.retain(|tenant| !page.whole.contains(tenant) || batch.held.contains(tenant));
        self.tell(None, written);
        Ok(batch.waiting.len() < page.records.len())
    }
}

impl FactWork {
    pub fn new(reader: Reader, databases: Databases) -> Self {
        Self { unreadable: Tally::of(reader.name), shards: Shards::of(reader.name), reader, databases }
    }

    /// Runs beside the reading. Never ends.
    pub async fn watch_shards(&self) {
        self.shards.watch(&self.databases).await;
    }

    async fn take_shards(&self, claim: &mut Claim) -> Result<(), Trouble> {
        let away: Vec<_> = claim.away.iter().filter(|shard| !self.shards.is_away(shard)).cloned().collect();
        for shard in away {
            if let Some(ahead) = self.shards.within(&shard, claim.take(&self.databases, &shard)).await? {
                claim.is_ahead_now(&shard, ahead);
            }
        }
        Ok(())
    }

    /// Adds what follows from a fact, unless it was read before or nothing does.
    async fn sort<'r>(
        &self,
        claim: &Claim,
        parked: &BTreeSet<Uuid>,
        batch: &mut Batch<'r>,
        record: &'r OwnedMessage,
        told: Told,
    ) -> Result<(), Trouble> {
        let Told { source, fact } = told;
        let (tenant, offset) = (fact.tenant_id, record.offset());
        if claim.is_ahead(tenant, &source, offset) {
            return Ok(());
        }
        let followed = Followed::of(&self.reader, fact);
        if followed.is_nothing() {
            return Ok(());
        }
        if parked.contains(&tenant) || batch.held.contains(&tenant) || claim.is_in_doubt(tenant, &source, offset) {
            batch.hold(tenant, record);
            return Ok(());
        }
        let home = if tenant == INSTALLATION { Home::In(source.0) } else { self.home(batch, tenant).await? };
        match home {
            Home::In(Some(shard)) if !claim.has(&shard) => {
                if !claim.away.contains(&shard) {
                    self.shards.fails(&shard, &"it is not configured: add it to SOCIALAI_SHARDS");
                }
                batch.hold(tenant, record);
            }
            Home::In(database) => batch.by_database.entry(database).or_default().push(Due { record, followed }),
            Home::Gone => {}
        }
        Ok(())
    }

    async fn home(&self, batch: &mut Batch<'_>, tenant: Uuid) -> Result<Home, Trouble> {
        if let Some(known) = batch.homes.get(&tenant) {
            return Ok(known.clone());
        }
        let home = match self.databases.place(TenantId(tenant)).await {
            Ok(place) => Home::In(place.shard.clone()),
            Err(error) if error.problem().is_some_and(|problem| problem.code == Code::NotFound) => Home::Gone,
            Err(error) => return Err(error.into()),
        };
        batch.homes.insert(tenant, home.clone());
        Ok(home)
    }

    /// What a shard does not take waits.
    async fn write_in_shards(&self, claim: &mut Claim, batch: &mut Batch<'_>) -> Result<(), Trouble> {
        let in_shards = batch.by_database.iter().filter_map(|(shard, due)| Some((shard.clone()?, reached(due))));
        let reached: BTreeMap<_, _> = in_shards.collect();
        if !claim.has_intended(&reached) {
            let mut tx = self.databases.system_at(None, Actor::system("kafka")).await?;
            let intended = claim.intend(tx.engine(), &reached).await?;
            tx.commit().await?;
            claim.intends_now(intended);
        }
        for shard in reached.into_keys() {
            let due = batch.take(Some(&shard));
            let done = self.shards.within(&shard, self.write_in_shard(claim, &shard, &due)).await?;
            let Some((here, ahead, written)) = done else {
                claim.let_go(&shard);
                batch.hold_all(due);
                continue;
            };
            claim.is_ahead_now(&shard, ahead);
            batch.hold_all(due.into_iter().filter(|due| !here.contains(&due.tenant())).collect());
            self.tell(Some(&shard), written);
        }
        Ok(())
    }

    /// Who of them was there, and how far the shard is ahead now.
    async fn write_in_shard(
        &self,
        claim: &Claim,
        shard: &str,
        due: &[Due<'_>],
    ) -> Result<(BTreeSet<Uuid>, Ahead, Written), Trouble> {
        let mut tx = self.databases.system_at(Some(shard), Actor::system("kafka")).await?;
        let here = stay(tx.engine(), &tenants_of(due)).await?;
        let due: Vec<_> = due.iter().filter(|due| here.contains(&due.tenant())).collect();
        let written = self.enqueue(tx.engine(), &due).await?;
        let ahead = claim.run_ahead(tx.engine(), shard, &reached(due)).await?;
        tx.commit().await?;
        Ok((here, ahead, written))
    }

    /// What cannot be written here waits.
    async fn write_in_control(&self, conn: &mut PgConnection, batch: &mut Batch<'_>) -> Result<Written, Trouble> {
        let due = batch.take(None);
        let here = stay(conn, &tenants_of(&due)).await?;
        let (due, left): (Vec<_>, _) = due.into_iter().partition(|due| here.contains(&due.tenant()));
        batch.hold_all(left);
        let mut written = self.enqueue(conn, &due.iter().collect::<Vec<_>>()).await?;
        written.unreadable += batch.letters.len();
        for letter in batch.letters.drain(..) {
            letter.keep(conn, self.databases.now()).await?;
        }
        Ok(written)
    }

    /// Writes the jobs of those tenants that want them.
    async fn enqueue(&self, conn: &mut PgConnection, due: &[&Due<'_>]) -> Result<Written, Trouble> {
        if due.is_empty() {
            return Ok(Written::default());
        }
        let wanting: Option<BTreeSet<_>> = if self.reader.only_subscribed {
            let tenants = tenants_of(due.iter().copied());
            Some(facts::subscribed(conn, self.reader.name, &tenants).await?.into_iter().collect())
        } else {
            None
        };
        let wanted = due.iter().filter(|due| wanting.as_ref().is_none_or(|who| who.contains(&due.tenant())));
        let wanted: Vec<_> = wanted.map(|due| &due.followed).collect();
        Ok(follow::write(conn, self.reader.name, self.databases.now(), &wanted).await?)
    }

    /// The next ones of those who have parked facts, but for those for whom nothing can be written now, and where they live.
    async fn reachable(&self, claim: &mut Claim) -> Result<Vec<(Uuid, Home)>, Trouble> {
        let after = claim.looked_at.map_or(Bound::Unbounded, Bound::Excluded);
        let behind = claim.parked.range((after, Bound::Unbounded));
        let before = claim.parked.iter().take_while(|tenant| claim.looked_at.is_some_and(|last| **tenant <= last));
        let asked: Vec<_> = behind.chain(before).take(TENANTS_AT_ONCE).copied().collect();
        claim.looked_at = asked.last().copied();
        let mut tx = self.databases.system_at(None, Actor::system("kafka")).await?;
        let living = tenants::databases_of(&mut tx, &asked).await?;
        let mut open = BTreeSet::new();
        let mut by_shard = BTreeMap::<_, Vec<_>>::new();
        for (tenant, database) in &living {
            by_shard.entry(database.as_deref()).or_default().push(*tenant);
        }
        if let Some(here) = by_shard.remove(&None) {
            open.extend(with_open_door(tx.engine(), &here).await?);
        }
        tx.rollback().await?;
        for (shard, tenants) in by_shard {
            let Some(shard) = shard.filter(|shard| claim.has(shard)) else { continue };
            let asking = async {
                let mut tx = self.databases.system_at(Some(shard), Actor::system("kafka")).await?;
                let open = with_open_door(tx.engine(), &tenants).await?;
                tx.rollback().await?;
                Ok(open)
            };
            match self.shards.within(shard, asking).await? {
                Some(there) => open.extend(there),
                None => claim.let_go(shard),
            }
        }
        let home = |tenant: Uuid| match living.get(&tenant) {
            Some(database) => open.contains(&tenant).then(|| Home::In(database.clone())),
            None => Some(Home::Gone),
        };
        Ok(asked.into_iter().filter_map(|tenant| Some((tenant, home(tenant)?))).collect())
    }

    /// The first parked facts of these tenants, up to a batch.
    async fn first_parked(&self, claim: &mut Claim, tenants: &[(Uuid, Home)]) -> Result<Page, Trouble> {
        let (mut page, mut bytes) = (Page::default(), 0);
        let mut tx = self.databases.system_at(None, Actor::system("kafka")).await?;
        for (tenant, _) in tenants {
            let (rows, room) = (MOST_RECORDS - page.records.len(), MOST_BYTES - bytes);
            let found = parked::first(tx.engine(), &claim.at, *tenant, rows, room).await?;
            let length: usize = found.iter().map(|record| record.payload().map_or(0, <[u8]>::len)).sum();
            let is_full = found.len() == rows || length >= room;
            page.records.extend(found.into_iter().map(|record| (*tenant, record)));
            if is_full {
                // The others have their turn first.
                claim.looked_at = Some(*tenant);
                break;
            }
            page.whole.insert(*tenant);
            bytes += length;
        }
        tx.rollback().await?;
        Ok(page)
    }

    fn tell(&self, shard: Option<&str>, written: Written) {
        self.unreadable.add(written.unreadable);
        self.ring(shard, written.queues);
    }

    fn ring(&self, shard: Option<&str>, queues: BTreeSet<&'static str>) {
        let bell = self.databases.bell(shard);
        for queue in queues {
            bell.ring(queue);
        }
    }
}

fn tenants_of<'d, 'r: 'd>(due: impl IntoIterator<Item = &'d Due<'r>>) -> Vec<Uuid> {
    due.into_iter().map(Due::tenant).collect::<BTreeSet<_>>().into_iter().collect()
}

/// How far these facts go, of each tenant.
fn reached<'d, 'r: 'd>(due: impl IntoIterator<Item = &'d Due<'r>>) -> Ahead {
    due.into_iter().map(|due| (due.tenant(), due.record.offset() + 1)).collect()
}

/// Keeps these tenants in this database until the transaction ends, as `system.enter` does for one: whoever moves a tenant
/// waits. Those are left out who have left already, or are being moved at this moment: nobody here waits for them.
async fn stay(conn: &mut PgConnection, tenants: &[Uuid]) -> Result<BTreeSet<Uuid>, Trouble> {
    let (installation, tenants): (Vec<_>, Vec<_>) = tenants.iter().partition(|tenant| **tenant == INSTALLATION);
    let held: Vec<Uuid> = sqlx::query_scalar(
        "select tenant from unnest($1::uuid[]) as tenant
         where pg_try_advisory_xact_lock_shared(hashtextextended(tenant::text, 7))",
    )
    .bind(tenants)
    .fetch_all(&mut *conn)
    .await?;
    Ok(with_open_door(conn, &held).await?.into_iter().chain(installation).collect())
}

/// Those of the tenants who live in this database, with their door open.
async fn with_open_door(conn: &mut PgConnection, tenants: &[Uuid]) -> Result<Vec<Uuid>, Trouble> {
    let open = sqlx::query_scalar("select tenant_id from system.residents where tenant_id = any($1) and open");
    Ok(open.bind(tenants).fetch_all(conn).await?)
}
