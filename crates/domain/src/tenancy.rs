//! The only way to the data. [`Databases`] owns every pool and hands out two kinds of transaction:
//!
//! * [`TenantTx`] sees the rows of one tenant, wherever that tenant lives: in the shared schema, in a schema of its own,
//!   or in another database (shard). The SQL that runs inside is the same for all three.
//! * [`SystemTx`] sees the `system` schema: registry, people, keys. It never sees a tenant's tables.
//!
//! Both collect audit entries and write them with the commit. Beginning runs in a spawned task because `begin()` of
//! sqlx 0.9.0 leaves an open transaction in the pool when its future is dropped.
//!
//! A process may hold a stale idea of where a tenant lives. `system.enter` in the database says whether the tenant is
//! (still) here and takes a lock that a move waits for; on "no" the idea is dropped and read again once.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, Transaction};
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    audit::{self, Actor, Entry},
    clock::Clock,
    ids::TenantId,
    problems::{Code, Error, Problem, Result},
    tenants::{Plan, Status},
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
    vault: Vault,
    clock: Clock,
    places: moka::future::Cache<TenantId, Arc<Place>>,
}

/// How long a process may believe what it read of the registry. Places are safe beyond that (the fence), a suspension
/// takes effect within it.
const PLACE_TTL: Duration = Duration::from_secs(5);

impl Databases {
    pub fn new(control: PgPool, shards: BTreeMap<String, PgPool>, vault: Vault, clock: Clock) -> Self {
        let places = moka::future::Cache::builder().max_capacity(100_000).time_to_live(PLACE_TTL).build();
        Self(Arc::new(Inner { control, shards, vault, clock, places }))
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

    pub fn shard_names(&self) -> impl Iterator<Item = &str> {
        self.0.shards.keys().map(String::as_str)
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
        self.system_in(&self.0.control.clone(), actor).await
    }

    /// The same in the database of a shard (`None` is the control database).
    pub async fn system_at(&self, shard: Option<&str>, actor: Actor) -> Result<SystemTx> {
        self.system_in(&self.pool(shard)?.clone(), actor).await
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
        let mut tx = begin(self.pool(place.shard.as_deref())?.clone(), "BEGIN").await?;
        let here: bool = sqlx::query_scalar("select system.enter($1, $2)")
            .bind(place.tenant.0)
            .bind(&place.home_schema)
            .fetch_one(&mut *tx)
            .await?;
        if !here {
            tx.rollback().await?;
            return Ok(None);
        }
        Ok(Some(TenantTx { tx, tenant: place.tenant, databases: self.clone(), actor, journal: Vec::new() }))
    }

    async fn system_in(&self, pool: &PgPool, actor: Actor) -> Result<SystemTx> {
        const BEGIN: &str =
            "BEGIN; SET LOCAL app.scope = 'system'; SET LOCAL app.tenant_id = ''; SET LOCAL search_path = system";
        let tx = begin(pool.clone(), BEGIN).await?;
        Ok(SystemTx { tx, databases: self.clone(), actor, journal: Vec::new() })
    }
}

#[expect(clippy::disallowed_methods, reason = "the home of transactions")]
async fn begin(pool: PgPool, statement: &'static str) -> Result<Transaction<'static, Postgres>> {
    let begun = tokio::spawn(async move { pool.begin_with(AssertSqlSafe(statement)).await }).await;
    match begun {
        Ok(result) => Ok(result?),
        Err(stopped) => Err(Error::Fault(format!("beginning a transaction was stopped: {stopped}"))),
    }
}

/// One tenant's rows, until commit. Dropping it rolls back.
pub struct TenantTx {
    tx: Transaction<'static, Postgres>,
    tenant: TenantId,
    databases: Databases,
    actor: Actor,
    journal: Vec<Entry>,
}

/// The installation's own tables, until commit. Dropping it rolls back.
pub struct SystemTx {
    tx: Transaction<'static, Postgres>,
    databases: Databases,
    actor: Actor,
    journal: Vec<Entry>,
}

impl TenantTx {
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    fn owner(&self) -> Owner {
        Owner::Tenant(self.tenant)
    }

    /// Writes the journal and commits.
    pub async fn commit(mut self) -> Result<()> {
        let journal = std::mem::take(&mut self.journal);
        audit::append_tenant(&mut self, journal).await?;
        Ok(self.tx.commit().await?)
    }
}

impl SystemTx {
    #[expect(clippy::unused_self, reason = "the same door as TenantTx, whose owner differs")]
    fn owner(&self) -> Owner {
        Owner::Installation
    }

    /// Writes the journal and commits.
    pub async fn commit(mut self) -> Result<()> {
        let journal = std::mem::take(&mut self.journal);
        audit::append_system(&mut self, journal).await?;
        Ok(self.tx.commit().await?)
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
