//! The only way to the data. [`Databases`] owns every pool and hands out two kinds of transaction:
//!
//! * [`TenantTx`] sees the rows of one tenant, wherever that tenant lives: in the shared schema, in a schema of its own,
//!   or in another database (shard). The SQL that runs inside is the same for all three.
//! * [`SystemTx`] sees the `system` schema: registry, people, keys. It never sees a tenant's tables.
//!
//! Both collect audit entries, jobs and facts, and write them with the commit; then they ring the bell of those who wait
//! for jobs.
//!
//! A process may hold a stale idea of where a tenant lives. `system.enter` in the database says whether the tenant is
//! (still) here and takes a lock that a move waits for; on "no" the idea is dropped and read again once.

mod open;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use socialai_queue::{
    bell::{self, Bell},
    facts::{self, NewFact},
    jobs::{self, Claimed, Lease, NewJob, Wanted},
    write::{self, Addressed},
};
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

use self::open::Open;
use crate::{
    audit::{self, Actor, Entry},
    channels,
    clock::Clock,
    events,
    ids::{JobId, TenantId},
    problems::{Code, Error, Problem, Result},
    scope::Scope,
    tenants::{Plan, Status},
    trace,
    vault::{Column, Owner, Sealed, Vault},
};

/// Where a tenant lives and what every request needs to know of it.
#[derive(Debug, Clone)]
pub struct Place {
    pub tenant: TenantId,
    pub slug: String,
    pub plan: Plan,
    pub status: Status,
    pub home_schema: String,
    pub shard: Option<String>,
    /// True while a move has closed the door.
    pub moving: bool,
}

/// Cheap to clone; one a process.
#[derive(Clone, Debug)]
pub struct Databases(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    control: PgPool,
    shards: BTreeMap<String, PgPool>,
    vault: Arc<Vault>,
    clock: Clock,
    places: moka::future::Cache<TenantId, Arc<Place>>,
    routes: Arc<channels::routes::Known>,
    control_bell: Bell,
    shard_bells: BTreeMap<String, Bell>,
}

/// How long a process may believe what it read of the registry. Places are safe beyond that (the fence), a suspension
/// takes effect within it.
const PLACE_TTL: Duration = Duration::from_secs(5);

impl Databases {
    pub fn new(control: PgPool, shards: BTreeMap<String, PgPool>, vault: Vault, clock: Clock) -> Self {
        let places = moka::future::Cache::builder().max_capacity(100_000).time_to_live(PLACE_TTL).build();
        let shard_bells = shards.keys().map(|name| (name.clone(), Bell::default())).collect();
        Self(Arc::new(Inner {
            control,
            shards,
            vault: Arc::new(vault),
            clock,
            places,
            routes: Arc::default(),
            control_bell: Bell::default(),
            shard_bells,
        }))
    }

    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub fn now(&self) -> OffsetDateTime {
        self.0.clock.now()
    }

    pub(crate) fn routes(&self) -> &channels::routes::Known {
        &self.0.routes
    }

    pub fn shard_names(&self) -> impl Iterator<Item = &str> {
        self.0.shards.keys().map(String::as_str)
    }

    /// The bell of a database; `None` is the control database.
    pub fn bell(&self, shard: Option<&str>) -> Bell {
        let bell = shard.map_or(Some(&self.0.control_bell), |name| self.0.shard_bells.get(name));
        bell.cloned().unwrap_or_default()
    }

    /// The same databases through connections of their own, which work that fills the others cannot take.
    #[must_use]
    pub fn apart(&self, connections: u32) -> Self {
        let inner = &self.0;
        let apart = |pool: &PgPool| crate::database::pool(pool.connect_options().as_ref().clone(), connections);
        Self(Arc::new(Inner {
            control: apart(&inner.control),
            shards: inner.shards.iter().map(|(name, pool)| (name.clone(), apart(pool))).collect(),
            vault: inner.vault.clone(),
            clock: inner.clock.clone(),
            places: inner.places.clone(),
            routes: inner.routes.clone(),
            control_bell: inner.control_bell.clone(),
            shard_bells: inner.shard_bells.clone(),
        }))
    }

    /// Connections in use and open, of all pools.
    pub fn connections(&self) -> (u32, u32) {
        std::iter::once(&self.0.control).chain(self.0.shards.values()).fold((0, 0), |(busy, open), pool| {
            let size = pool.size();
            (busy + size.saturating_sub(u32::try_from(pool.num_idle()).unwrap_or(size)), open + size)
        })
    }

    pub async fn close(&self) {
        self.0.control.close().await;
        for pool in self.0.shards.values() {
            pool.close().await;
        }
    }

    /// Opens a transaction in which only this tenant's rows exist.
    pub async fn tenant(&self, tenant: TenantId, actor: Actor) -> Result<TenantTx> {
        if self.place(tenant).await?.status == Status::Suspended {
            return Err(Problem::of(Code::WorkspaceSuspended).into());
        }
        self.tenant_for_upkeep(tenant, actor).await
    }

    /// The same for work of the installation itself, which a suspension does not stop: re-encryption.
    pub(crate) async fn tenant_for_upkeep(&self, tenant: TenantId, actor: Actor) -> Result<TenantTx> {
        for first_try in [true, false] {
            let place = self.place(tenant).await?;
            if let Some(tx) = self.enter(&place, actor.clone()).await? {
                return Ok(tx);
            }
            self.0.places.invalidate(&tenant).await;
            if !first_try {
                break;
            }
        }
        Err(Problem::of(Code::WorkspaceMoving).retry_after(Duration::from_secs(5)).into())
    }

    /// Opens a transaction over the installation's own tables.
    pub async fn system(&self, actor: Actor) -> Result<SystemTx> {
        self.system_at(None, actor).await
    }

    /// The same in the database of a shard (`None` is the control database).
    pub async fn system_at(&self, shard: Option<&str>, actor: Actor) -> Result<SystemTx> {
        const BEGIN: &str =
            "BEGIN; SET LOCAL app.scope = 'system'; SET LOCAL app.tenant_id = ''; SET LOCAL search_path = system";
        let (tx, _) = Open::begin(self.pool(shard)?, BEGIN).await?;
        let work = Work::in_database(shard.map(str::to_owned));
        Ok(SystemTx { tx, databases: self.clone(), actor, journal: Vec::new(), work })
    }

    /// Takes free lanes in one message to the database of a shard, which is a transaction of its own.
    pub async fn claim(&self, shard: Option<&str>, wanted: &Wanted) -> Result<Vec<Claimed>> {
        let mut conn = self.pool(shard)?.acquire().await?;
        Ok(jobs::claim(&mut conn, wanted).await?)
    }

    /// Where the tenant lives, from the cache or the registry. Deleted and unknown tenants are missing.
    pub async fn place(&self, tenant: TenantId) -> Result<Arc<Place>> {
        if let Some(place) = self.0.places.get(&tenant).await {
            return Ok(place);
        }
        let mut tx = self.system(Actor::system("registry")).await?;
        let place = crate::tenants::place(&mut tx, tenant).await?;
        tx.rollback().await?;
        let place = Arc::new(place.ok_or_else(|| Problem::missing("workspace"))?);
        self.0.places.insert(tenant, place.clone()).await;
        Ok(place)
    }

    /// Forgets what was known of a tenant, after this process changed it.
    pub async fn forget_place(&self, tenant: TenantId) {
        self.0.places.invalidate(&tenant).await;
    }

    /// Answers when the database does; `None` is the control database.
    pub async fn ping(&self, shard: Option<&str>) -> Result<()> {
        let mut tx = self.system_at(shard, Actor::system("health")).await?;
        sqlx::query("select 1").execute(tx.conn()).await?;
        tx.rollback().await
    }

    pub(crate) fn pool(&self, shard: Option<&str>) -> Result<&PgPool> {
        match shard {
            None => Ok(&self.0.control),
            Some(name) => self
                .0
                .shards
                .get(name)
                .ok_or_else(|| Error::Fault(format!("shard `{name}` is not configured: add it to SOCIALAI_SHARDS"))),
        }
    }

    async fn enter(&self, place: &Place, actor: Actor) -> Result<Option<TenantTx>> {
        let home = write::literal(&place.home_schema);
        let begin = format!("BEGIN; SELECT system.enter('{}', {home})", place.tenant.0);
        let (tx, here) = Open::begin(self.pool(place.shard.as_deref())?, &begin).await?;
        if !here {
            tx.rollback().await?;
            return Ok(None);
        }
        let work = Work::in_database(place.shard.clone());
        let (tenant, databases, scope) = (place.tenant, self.clone(), Scope::Workspace);
        Ok(Some(TenantTx { tx, tenant, databases, actor, scope, journal: Vec::new(), work }))
    }
}

/// One tenant's rows, until commit. Dropping it rolls back.
pub struct TenantTx {
    tx: Open,
    tenant: TenantId,
    databases: Databases,
    actor: Actor,
    scope: Scope,
    journal: Vec<Entry>,
    work: Work,
}

/// The installation's own tables, until commit. Dropping it rolls back.
pub struct SystemTx {
    tx: Open,
    databases: Databases,
    actor: Actor,
    journal: Vec<Entry>,
    work: Work,
}

/// What else commits with a transaction: jobs that follow from it, facts that it makes true, the jobs whose work it is.
struct Work {
    shard: Option<String>,
    jobs: Vec<Addressed>,
    facts: Vec<NewFact>,
    done: Vec<Lease>,
    trace: Option<String>,
}

impl Work {
    fn in_database(shard: Option<String>) -> Self {
        Self { shard, jobs: Vec::new(), facts: Vec::new(), done: Vec::new(), trace: trace::current() }
    }

    /// What it writes as statements that share a message with the COMMIT, when that is little; else the work is still there.
    fn in_the_last_message(&mut self) -> Option<String> {
        const FEW: usize = 4;
        let is_little = self.facts.is_empty() && (1..=FEW).contains(&(self.jobs.len() + self.done.len()));
        if !is_little || self.jobs.iter().any(|addressed| addressed.job.due_at.is_some()) {
            return None;
        }
        Some(write::as_text(std::mem::take(&mut self.jobs), std::mem::take(&mut self.done)))
    }

    /// Whom to wake after the commit, but for those who wait for the lanes that are given back.
    fn rings(&self) -> Vec<&'static str> {
        let due = self.jobs.iter().map(|addressed| &addressed.job).filter(|job| job.due_at.is_none());
        let mut rings: Vec<_> = due.map(|job| job.queue.0).collect();
        rings.extend((!self.facts.is_empty()).then_some(bell::OUTBOX));
        rings
    }

    /// Writes it all; true when a lane was given back in which there is more to do. Lanes are locked before the head of the
    /// audit chain, always.
    async fn write(&mut self, conn: &mut PgConnection, tenant: Uuid, now: OffsetDateTime) -> Result<bool> {
        let (jobs, done) = (std::mem::take(&mut self.jobs), std::mem::take(&mut self.done));
        let facts = std::mem::take(&mut self.facts);
        let is_claimable = write::jobs_and_ends(&mut *conn, jobs, done).await.map_err(Error::of_lease)?;
        if !facts.is_empty() {
            facts::write(conn, tenant, now, facts).await?;
        }
        Ok(is_claimable)
    }
}

impl TenantTx {
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// From here on only these conversations are there, and what belongs to them.
    #[must_use]
    pub fn within(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }

    pub(crate) fn scope(&self) -> Scope {
        self.scope
    }

    fn owner(&self) -> Owner {
        Owner::Tenant(self.tenant)
    }

    fn engine_tenant(&self) -> Uuid {
        self.tenant.0
    }

    /// This transaction is the work of a job, or of several of one queue: they commit together, or none does when a lease
    /// was lost.
    pub fn finishes(&mut self, lease: Lease) {
        self.work.done.push(lease);
    }

    /// Takes back a job that is not yet due. False when it was due already, or cancelled before.
    pub async fn cancel(&mut self, job: JobId) -> Result<bool> {
        let written = self.work.jobs.iter().position(|added| added.job.id == job.0 && added.job.due_at.is_some());
        if let Some(nth) = written {
            self.work.jobs.remove(nth);
            return Ok(true);
        }
        let tenant = self.tenant.0;
        Ok(jobs::cancel(self.conn(), tenant, job.0).await?)
    }

    /// Says that this tenant has something to do for a reader of facts, or has not any more.
    pub async fn subscribe(&mut self, reader: &str, wants: bool) -> Result<()> {
        let tenant = self.tenant.0;
        Ok(facts::subscribe(self.conn(), tenant, reader, wants).await?)
    }

    /// Writes journal, jobs and facts, and commits.
    pub async fn commit(mut self) -> Result<()> {
        let journal = std::mem::take(&mut self.journal);
        let trace = self.work.trace.clone();
        let facts = journal.iter().map(|entry| NewFact { trace: trace.clone(), ..events::of_entry(entry) });
        self.work.facts.extend(facts);
        let rings = self.work.rings();
        let lane = self.work.done.first().map(|lease| lease.queue.0);
        let at_the_end = if journal.is_empty() { self.work.in_the_last_message() } else { None };
        let is_claimable = if let Some(statements) = at_the_end {
            self.tx.commit_after(&statements).await.map_err(Error::of_lease)?
        } else {
            let (tenant, now) = (self.tenant.0, self.now());
            let is_claimable = self.work.write(&mut self.tx, tenant, now).await?;
            audit::append_tenant(&mut self, journal).await?;
            self.tx.commit().await?;
            is_claimable
        };
        ring(&self.databases, self.work.shard.as_deref(), rings.into_iter().chain(lane.filter(|_| is_claimable)));
        Ok(())
    }
}

impl SystemTx {
    #[expect(clippy::unused_self, reason = "the same door as TenantTx, whose owner differs")]
    fn owner(&self) -> Owner {
        Owner::Installation
    }

    #[expect(clippy::unused_self, reason = "as above")]
    fn engine_tenant(&self) -> Uuid {
        jobs::INSTALLATION
    }

    /// For the functions of `socialai_queue`, which serve all tenants.
    pub fn engine(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// This transaction is the work of a job of the installation.
    pub fn finishes(&mut self, lease: Lease) {
        self.work.done.push(lease);
    }

    /// Writes journal and jobs, and commits.
    pub async fn commit(mut self) -> Result<()> {
        let journal = std::mem::take(&mut self.journal);
        let (rings, lane) = (self.work.rings(), self.work.done.first().map(|lease| lease.queue.0));
        let now = self.now();
        let is_claimable = self.work.write(&mut self.tx, jobs::INSTALLATION, now).await?;
        audit::append_system(&mut self, journal).await?;
        self.tx.commit().await?;
        ring(&self.databases, self.work.shard.as_deref(), rings.into_iter().chain(lane.filter(|_| is_claimable)));
        Ok(())
    }
}

fn ring(databases: &Databases, shard: Option<&str>, topics: impl Iterator<Item = &'static str>) {
    let topics: BTreeSet<_> = topics.collect();
    if !topics.is_empty() {
        let bell = databases.bell(shard);
        for topic in topics {
            bell.ring(topic);
        }
    }
}

/// What both kinds of transaction offer to the rest of this crate.
macro_rules! transaction {
    ($name:ident) => {
        impl $name {
            pub fn now(&self) -> OffsetDateTime {
                self.databases.now()
            }

            pub fn actor(&self) -> &Actor {
                &self.actor
            }

            /// Adds an audit entry; it is written in this transaction, just before the commit.
            pub fn record(&mut self, entry: Entry) {
                self.journal.push(entry);
            }

            /// Adds a job that follows from this transaction; it is written just before the commit.
            pub fn enqueue<T: jobs::Task>(&mut self, task: &T) -> Result<Uuid> {
                let job =
                    NewJob::of(task).map_err(|error| Error::Fault(format!("a job cannot be written: {error}")))?;
                Ok(self.enqueue_job(job))
            }

            /// The same for a job with a due time, or of a kind that only its reader knows.
            pub fn enqueue_job(&mut self, job: NewJob) -> Uuid {
                let (id, tenant, trace) = (job.id, self.engine_tenant(), self.work.trace.clone());
                self.work.jobs.push(Addressed { tenant, job, trace });
                id
            }

            /// What this transaction makes true, for whoever wants to know; `events` has the catalogue.
            pub fn publish(&mut self, fact: NewFact) {
                let trace = self.work.trace.clone();
                self.work.facts.push(NewFact { trace, ..fact });
            }

            /// The trace that jobs and facts from now on belong to (W3C `traceparent`).
            pub fn trace(&mut self, trace: Option<String>) {
                self.work.trace = trace;
            }

            /// Ends a transaction that only read.
            pub async fn rollback(self) -> Result<()> {
                Ok(self.tx.rollback().await?)
            }

            pub(crate) fn conn(&mut self) -> &mut PgConnection {
                &mut self.tx
            }

            pub(crate) fn vault(&self) -> &Vault {
                self.databases.vault()
            }

            pub(crate) fn seal(&self, column: Column, row: Uuid, plain: &[u8]) -> Result<Sealed> {
                Ok(self.vault().seal(self.owner(), column, row, plain)?)
            }

            pub(crate) fn open(&self, column: Column, row: Uuid, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>> {
                Ok(self.vault().open(self.owner(), column, row, sealed)?)
            }

            pub(crate) fn open_text(&self, column: Column, row: Uuid, sealed: &Sealed) -> Result<String> {
                Ok(self.vault().open_text(self.owner(), column, row, sealed)?)
            }

            pub(crate) fn blind_index(&self, column: Column, normalized: &str) -> Vec<u8> {
                self.vault().blind_index(self.owner(), column, normalized)
            }
        }
    };
}

transaction!(TenantTx);
transaction!(SystemTx);
