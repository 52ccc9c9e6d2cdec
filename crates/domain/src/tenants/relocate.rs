//! Moving a tenant to another tier or shard while it works.
//!
//! 1. `begin` notes the target in the registry.
//! 2. `passes` copy: all rows first, then again and again what changed meanwhile, until little is left. The tenant works
//!    at the source as if nothing was going on.
//! 3. `handover`: requests wait at the door (`system.enter`'s lock, exclusively) while the last changes are copied and
//!    compared. Then the tenant lives at the target and the requests go on there. When the database changes, what the
//!    event engine has of the tenant goes along (`engine`).
//! 4. `clean` removes the rows at the source.
//!
//! A process may die anywhere; the same command run again does the right thing. In the handover these commit one after the
//! other, and a death after each of them leaves:
//!
//! | committed last | the tenant | the command run again |
//! | --- | --- | --- |
//! | last changes at the target | works at the source | begins anew; `abort` removes the copy |
//! | old door closed | is refused (`workspace_moving`) | opens the door and begins anew; so does `abort` |
//! | registry switched | is refused | brings the engine's rows, opens the new door |
//! | new door open | works at the target | removes what is left at the source |
//!
//! Between tiers of one database the second to fourth are one transaction. After the switch there is no way back but
//! another move. The engine claims no job of a tenant whose door is closed, so what is left at the source does nothing.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{PgConnection, types::Json};

use self::ends::{Ends, endpoint, fault};
pub use self::progress::Progress;
use super::{Home, Tenant, Tier, find};
use crate::{
    audit::{Actor, Entry},
    database::{self, Endpoint},
    ids::TenantId,
    problems::{Error, Problem, Result},
    tenancy::Databases,
};

mod ends;
pub(super) mod engine;
mod handover;
mod passes;
mod progress;
mod tables;

/// So often the door is tried. In between requests get through and what they changed is copied.
const DOOR_TRIES: u32 = 10;
const DOOR_PAUSE: Duration = Duration::from_secs(1);
/// So often everything is copied again when changed rows cannot be brought over one by one.
const COPY_TRIES: u32 = 3;

/// A move under way, as the registry keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    pub tier: Tier,
    pub schema: String,
    pub shard: Option<String>,
    /// The registry points at the target already; only finishing is left.
    pub switched: bool,
    pub old_schema: String,
    pub old_shard: Option<String>,
}

impl Move {
    fn changes_database(&self) -> bool {
        self.shard != self.old_shard
    }

    fn home(&self) -> Home {
        match (&self.shard, self.tier) {
            (Some(shard), _) => Home::Shard(shard.clone()),
            (None, Tier::Schema) => Home::Schema,
            (None, _) => Home::Shared,
        }
    }
}

/// Notes the move. A move to where the tenant is, to an unknown shard or beside another move is refused.
pub async fn begin(databases: &Databases, endpoints: &[Endpoint], slug: &str, home: &Home) -> Result<(Tenant, Move)> {
    endpoint(endpoints, home.shard())?;
    let mut tx = databases.system(Actor::operator()).await?;
    let tenant = find(&mut tx, slug).await?;
    let running: Option<Json<Move>> = sqlx::query_scalar("select move from system.tenants where id = $1 for update")
        .bind(tenant.id)
        .fetch_one(tx.conn())
        .await?;
    let wanted = Move {
        tier: home.tier(),
        schema: home.schema_for(tenant.id),
        shard: home.shard().map(str::to_owned),
        switched: false,
        old_schema: tenant.home_schema.clone(),
        old_shard: tenant.shard.clone(),
    };
    if let Some(Json(running)) = running {
        let same = running.schema == wanted.schema && running.shard == wanted.shard;
        tx.rollback().await?;
        return if same {
            Ok((tenant, running))
        } else {
            Err(Problem::field("to", "Another move of this tenant is under way; finish it or abort it first.").into())
        };
    }
    if wanted.schema == wanted.old_schema && wanted.shard == wanted.old_shard {
        return Err(Problem::field("to", "The tenant lives there already.").into());
    }
    sqlx::query("update system.tenants set move = $2 where id = $1")
        .bind(tenant.id)
        .bind(Json(&wanted))
        .execute(tx.conn())
        .await?;
    tx.record(Entry::new("tenant.move_started", "tenant", tenant.id).changed(
        json!({ "tier": tenant.tier, "shard": tenant.shard }),
        json!({ "tier": wanted.tier, "shard": wanted.shard }),
    ));
    tx.commit().await?;
    Ok((tenant, wanted))
}

/// Does what is left of the move that was noted.
pub async fn run(
    databases: &Databases,
    endpoints: &[Endpoint],
    tenant: TenantId,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<()> {
    let _alone = alone(endpoints, tenant).await?;
    // Read under the lock: a plan that another process has finished or given up would erase the living tenant.
    let plan = noted(databases, tenant).await?;
    let mut ends = Ends::open(endpoints, tenant, plan).await?;
    let outage_ms = if ends.plan.switched {
        handover::take_up(&mut ends).await?;
        None
    } else {
        // A handover that died may have left it closed.
        ends.open_door().await?;
        let home = ends.plan.home();
        database::prepare_home(endpoint(endpoints, home.shard())?, tenant, &home)
            .await
            .map_err(|error| fault(&error))?;
        Some(travel(databases, endpoints, &mut ends, progress).await?)
    };
    clean(databases, endpoints, &mut ends, outage_ms).await?;
    progress(Progress::Cleaned);
    databases.forget_place(tenant).await;
    Ok(())
}

/// Copies and hands over; how long requests waited, in milliseconds.
async fn travel(
    databases: &Databases,
    endpoints: &[Endpoint],
    ends: &mut Ends,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<u128> {
    for last_try in (0..COPY_TRIES).map(|nth| nth + 1 == COPY_TRIES) {
        match travel_once(databases, endpoints, ends, progress).await {
            Err(error) if collides(&error) && !last_try => {
                ends.let_go().await?;
                progress(Progress::StartingOver);
            }
            outcome => return outcome,
        }
    }
    Err(Error::Fault("no way to copy the tenant was tried".to_owned()))
}

async fn travel_once(
    databases: &Databases,
    endpoints: &[Endpoint],
    ends: &mut Ends,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<u128> {
    erase_target(endpoints, ends).await?;
    let mut copied = passes::copy(ends, progress).await?;
    for _ in 0..DOOR_TRIES {
        if let Some(outage) = handover::hand_over(databases, ends, copied, progress).await? {
            return Ok(outage.as_millis());
        }
        progress(Progress::Waiting);
        tokio::time::sleep(DOOR_PAUSE).await;
        (copied, _) = passes::one(ends, Some(copied), progress).await?;
    }
    Err(Problem::field("tenant", "Its transactions take too long to get in between; run the move again later.").into())
}

/// A unique value or a reference that is right in the end, but not on the way there.
fn collides(error: &Error) -> bool {
    matches!(error, Error::Database(sqlx::Error::Database(error))
        if error.is_unique_violation() || error.is_foreign_key_violation())
}

/// One process at a time moves a tenant; what is returned is the lock.
async fn alone(endpoints: &[Endpoint], tenant: TenantId) -> Result<PgConnection> {
    let control = endpoints.first().ok_or_else(|| Error::Fault("no database is configured".to_owned()))?;
    let lock = database::lock_move(control, tenant).await.map_err(|error| fault(&error))?;
    lock.ok_or_else(|| {
        Problem::field("tenant", "Another process is moving this tenant; stop it or wait for it.").into()
    })
}

/// Waits for a switch that is being committed, also by a process that has died meanwhile.
async fn noted(databases: &Databases, tenant: TenantId) -> Result<Move> {
    let mut tx = databases.system(Actor::system("move")).await?;
    let plan: Option<Json<Move>> = sqlx::query_scalar("select move from system.tenants where id = $1 for update")
        .bind(tenant)
        .fetch_one(tx.conn())
        .await?;
    tx.rollback().await?;
    let Some(Json(plan)) = plan else {
        return Err(Problem::field("tenant", "No move of this tenant is under way.").into());
    };
    Ok(plan)
}

/// Gives up a move that has not switched, and opens the old door.
pub async fn abort(databases: &Databases, endpoints: &[Endpoint], slug: &str) -> Result<()> {
    let mut tx = databases.system(Actor::operator()).await?;
    let tenant = find(&mut tx, slug).await?.id;
    tx.rollback().await?;
    let _alone = alone(endpoints, tenant).await?;
    let plan = noted(databases, tenant).await?;
    if plan.switched {
        let advice = "The tenant lives at the target already; run the move again to finish it.";
        return Err(Problem::field("tenant", advice).into());
    }
    let mut ends = Ends::open(endpoints, tenant, plan).await?;
    ends.open_door().await?;
    erase_target(endpoints, &mut ends).await?;
    note_end(databases, Entry::new("tenant.move_aborted", "tenant", tenant), tenant).await
}

async fn erase_target(endpoints: &[Endpoint], ends: &mut Ends) -> Result<()> {
    if ends.plan.changes_database() {
        engine::move_out(&mut ends.target, ends.tenant).await?;
        engine::erase(&mut ends.target, ends.tenant).await?;
    }
    erase(endpoints, ends.tenant, ends.plan.shard.as_deref(), &ends.plan.schema).await
}

async fn clean(databases: &Databases, endpoints: &[Endpoint], ends: &mut Ends, outage_ms: Option<u128>) -> Result<()> {
    let plan = ends.plan.clone();
    if plan.changes_database() {
        engine::erase(&mut ends.source, ends.tenant).await?;
    }
    erase(endpoints, ends.tenant, plan.old_shard.as_deref(), &plan.old_schema).await?;
    let moved = Entry::new("tenant.moved", "tenant", ends.tenant).changed(
        json!({ "schema": plan.old_schema, "shard": plan.old_shard }),
        json!({ "schema": plan.schema, "shard": plan.shard, "outage_ms": outage_ms }),
    );
    note_end(databases, moved, ends.tenant).await
}

async fn note_end(databases: &Databases, entry: Entry, tenant: TenantId) -> Result<()> {
    let mut tx = databases.system(Actor::operator()).await?;
    sqlx::query("update system.tenants set move = null where id = $1").bind(tenant).execute(tx.conn()).await?;
    tx.record(entry);
    tx.commit().await
}

async fn erase(endpoints: &[Endpoint], tenant: TenantId, shard: Option<&str>, schema: &str) -> Result<()> {
    database::erase_tenant(endpoint(endpoints, shard)?, schema, tenant).await.map_err(|error| fault(&error))
}
