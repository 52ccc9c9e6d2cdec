//! The end of a move: what is left is copied while requests wait at the door, and the tenant goes over. The time of this
//! step is the outage.
//!
//! Two databases cannot commit together. So the old door is shut before the registry points to the new place, and the new
//! one opens after that: whatever process dies in between and however stale another one's idea of the place is, nobody
//! writes where the tenant does not live.

use std::time::{Duration, Instant};

use sqlx::{Executor, types::Json};

use super::{
    Move, Progress,
    ends::Ends,
    engine, noted,
    passes::{self, Copied},
};
use crate::{
    audit::Actor,
    problems::{Error, Problem, Result},
    tenancy::{Databases, SystemTx},
};

/// For so long newcomers queue up behind us while we wait for those who are inside.
const PATIENCE: Duration = Duration::from_secs(2);

/// Hands the tenant over and says how long its requests waited. `None`: somebody stayed inside, nothing happened.
pub(super) async fn hand_over(
    databases: &Databases,
    ends: &mut Ends,
    copied: Copied,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Option<Duration>> {
    // Begun before the door is held, since requests that wait there may have all connections of the pool. The row first,
    // then the door: so do requests that change the registry.
    let mut registry = databases.system(Actor::operator()).await?;
    point_to_target(&mut registry, ends).await?;
    let begun = Instant::now();
    if !ends.hold_door(PATIENCE).await? {
        registry.rollback().await?;
        return Ok(None);
    }
    progress(Progress::DoorHeld);
    let outcome = behind_the_door(databases, registry, ends, copied, progress).await;
    ends.let_go().await?;
    outcome?;
    databases.forget_place(ends.tenant).await;
    let outage = begun.elapsed();
    progress(Progress::Left { outage_ms: outage.as_millis() });
    Ok(Some(outage))
}

async fn behind_the_door(
    databases: &Databases,
    mut registry: SystemTx,
    ends: &mut Ends,
    copied: Copied,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<()> {
    let (copied, _) = passes::one(ends, Some(copied), progress).await?;
    if !passes::heads_agree(ends).await? {
        return Err(Error::Fault("the audit chain did not arrive as it left; nothing was switched".to_owned()));
    }
    progress(Progress::LastChangesCopied);
    if !ends.plan.changes_database() {
        sqlx::query("update system.residents set home_schema = $2, open = true where tenant_id = $1")
            .bind(ends.tenant)
            .bind(&ends.plan.schema)
            .execute(registry.conn())
            .await?;
        registry.commit().await?;
        progress(Progress::Switched);
        return Ok(());
    }
    ends.hold_new_door().await?;
    take_engine(ends, Some(copied)).await?;
    progress(Progress::EngineCopied);
    ends.close_door().await?;
    progress(Progress::DoorClosed);
    if let Err(error) = registry.commit().await {
        // It is not known whether it did; only where it did not the old door may open again.
        if noted(databases, ends.tenant).await.is_ok_and(|plan| !plan.switched) {
            ends.open_door().await?;
        }
        return Err(error);
    }
    progress(Progress::Switched);
    ends.target.execute("commit").await?;
    progress(Progress::Arrived);
    move_out(ends).await
}

/// Takes up a handover that died after the registry was switched.
pub(super) async fn take_up(ends: &mut Ends) -> Result<()> {
    if !ends.plan.changes_database() {
        return Ok(());
    }
    if !ends.hold_door(PATIENCE).await? {
        return Err(Problem::field("tenant", "Somebody is inside at the old place; run the move again.").into());
    }
    let outcome = arrive(ends).await;
    ends.let_go().await?;
    outcome
}

async fn arrive(ends: &mut Ends) -> Result<()> {
    ends.hold_new_door().await?;
    if engine::has_settled_in(ends).await? {
        ends.source.execute("begin").await?;
        engine::leave(&mut ends.source, ends.tenant).await?;
        return move_out(ends).await;
    }
    take_engine(ends, None).await?;
    ends.target.execute("commit").await?;
    move_out(ends).await
}

/// Copies what the engine has of the tenant and removes it at the source; both transactions stay open.
async fn take_engine(ends: &mut Ends, copied: Option<Copied>) -> Result<()> {
    ends.source.execute("begin").await?;
    ends.target.execute("begin").await?;
    engine::hold(&mut ends.source, ends.tenant).await?;
    if copied.is_none() {
        engine::erase(&mut ends.target, ends.tenant).await?;
    }
    engine::copy(ends, copied.map(|copied| copied.since)).await?;
    engine::settle_in(ends).await?;
    engine::leave(&mut ends.source, ends.tenant).await
}

async fn move_out(ends: &mut Ends) -> Result<()> {
    engine::move_out(&mut ends.source, ends.tenant).await?;
    ends.source.execute("commit").await?;
    Ok(())
}

async fn point_to_target(registry: &mut SystemTx, ends: &Ends) -> Result<()> {
    let switched = Move { switched: true, ..ends.plan.clone() };
    let done = sqlx::query(
        "update system.tenants set tier = $2, home_schema = $3, shard = $4, move = $5
         where id = $1 and not (move ->> 'switched')::boolean",
    )
    .bind(ends.tenant)
    .bind(ends.plan.tier)
    .bind(&ends.plan.schema)
    .bind(&ends.plan.shard)
    .bind(Json(switched))
    .execute(registry.conn())
    .await?;
    if done.rows_affected() != 1 {
        return Err(Error::Fault("the move was given up meanwhile".to_owned()));
    }
    Ok(())
}
