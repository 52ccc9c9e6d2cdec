//! The two places of a move, with connections of the owner role: it alone may delete audit rows, and a connection outside
//! of the pools is there also while all of a pool's wait at the tenant's door.

use std::time::Duration;

use sqlx::{Executor, PgConnection};

use super::{Move, tables::Between};
use crate::{
    database::{self, DatabaseError, Endpoint},
    ids::TenantId,
    problems::{Error, Problem, Result},
};

pub(super) struct Ends {
    pub(super) tenant: TenantId,
    pub(super) plan: Move,
    /// Reads, and in the end takes away what the engine has of the tenant.
    pub(super) source: PgConnection,
    pub(super) target: PgConnection,
    /// In the source's database: holds the lock that `system.enter` takes.
    door: PgConnection,
}

/// SQLSTATE of a lock that was waited for too long.
const LOCK_NOT_AVAILABLE: &str = "55P03";

impl Ends {
    pub(super) async fn open(endpoints: &[Endpoint], tenant: TenantId, plan: Move) -> Result<Self> {
        let from = endpoint(endpoints, plan.old_shard.as_deref())?;
        let to = endpoint(endpoints, plan.shard.as_deref())?;
        let (source, door, target) = (connect(from).await?, connect(from).await?, connect(to).await?);
        let mut ends = Self { tenant, plan, source, target, door };
        // What an earlier attempt that died has still under way at the target ends before this one begins.
        wait_at_most(&mut ends.target, Duration::from_secs(30)).await?;
        sqlx::query("select pg_advisory_lock(hashtextextended($1::text, 17))")
            .bind(tenant.0)
            .execute(&mut ends.target)
            .await?;
        Ok(ends)
    }

    pub(super) fn between(&mut self) -> Between<'_> {
        Between { source: &mut self.source, target: &mut self.target, tenant: self.tenant }
    }

    /// Waits until nobody is inside and lets newcomers wait. False: somebody stayed for too long.
    pub(super) async fn hold_door(&mut self, patience: Duration) -> Result<bool> {
        wait_at_most(&mut self.door, patience).await?;
        let locked = lock(&mut self.door, self.tenant).await;
        match locked {
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(LOCK_NOT_AVAILABLE) => Ok(false),
            locked => Ok(locked.map(|()| true)?),
        }
    }

    /// The same at the target, where nobody lives yet: whoever comes waits until everything is there.
    pub(super) async fn hold_new_door(&mut self) -> Result<()> {
        Ok(lock(&mut self.target, self.tenant).await?)
    }

    /// Shuts the door at the source for whoever has not heard of the switch.
    pub(super) async fn close_door(&mut self) -> Result<()> {
        self.set_door(false).await
    }

    pub(super) async fn open_door(&mut self) -> Result<()> {
        self.set_door(true).await
    }

    async fn set_door(&mut self, open: bool) -> Result<()> {
        sqlx::query("update system.residents set open = $3 where tenant_id = $1 and home_schema = $2 and open <> $3")
            .bind(self.tenant)
            .bind(&self.plan.old_schema)
            .bind(open)
            .execute(&mut self.door)
            .await?;
        Ok(())
    }

    /// Undoes what is not committed and lets everybody go on, whatever happened before.
    pub(super) async fn let_go(&mut self) -> Result<()> {
        for conn in [&mut self.source, &mut self.target] {
            conn.execute("rollback").await?;
        }
        for conn in [&mut self.target, &mut self.door] {
            // A lock that is not held is a warning.
            sqlx::query("select pg_advisory_unlock(hashtextextended($1::text, 7))")
                .bind(self.tenant.0)
                .execute(conn)
                .await?;
        }
        Ok(())
    }
}

async fn lock(conn: &mut PgConnection, tenant: TenantId) -> sqlx::Result<()> {
    let lock = sqlx::query("select pg_advisory_lock(hashtextextended($1::text, 7))").bind(tenant.0);
    lock.execute(conn).await.map(drop)
}

async fn wait_at_most(conn: &mut PgConnection, patience: Duration) -> Result<()> {
    sqlx::query("select set_config('lock_timeout', $1, false)")
        .bind(format!("{}ms", patience.as_millis()))
        .execute(conn)
        .await?;
    Ok(())
}

async fn connect(endpoint: &Endpoint) -> Result<PgConnection> {
    let label = endpoint.shard.as_deref().unwrap_or("control database");
    database::connect(&endpoint.owner, label).await.map_err(|error| fault(&error))
}

/// The database of a shard; `None` is the control database.
pub(super) fn endpoint<'a>(endpoints: &'a [Endpoint], shard: Option<&str>) -> Result<&'a Endpoint> {
    let known = endpoints.iter().find(|endpoint| endpoint.shard.as_deref() == shard);
    known.ok_or_else(|| {
        let name = shard.unwrap_or_default();
        let advice = "add it to SOCIALAI_SHARDS and SOCIALAI_OWNER_SHARDS";
        Problem::field("to", format!("There is no shard `{name}`: {advice}.")).into()
    })
}

pub(super) fn fault(error: &DatabaseError) -> Error {
    Error::Fault(error.to_string())
}
