//! Local jobs of one workspace in one transaction: what a transaction costs, they share. It is tried once; when any of them
//! does not go well, nothing was done, and each has its own transaction, with its own outcome.

use std::{panic::AssertUnwindSafe, time::Instant};

use futures::FutureExt;
use socialai_domain::{audit::Actor, ids::TenantId};
use socialai_queue::jobs::Claimed;

use crate::{Handlers, Place, context::Trouble, hands::Taken, worker::Counted};

/// So many jobs share a transaction at most: others wait for it to end.
pub const MOST: usize = 48;

/// Lanes that are worked on together and need one slot.
pub struct Group {
    pub taken: Taken,
    pub lanes: Vec<Vec<Claimed>>,
}

/// Lanes of one workspace and speed with nothing but local jobs are done together, all others each on its own.
pub fn groups(handlers: &Handlers, lanes: Vec<Vec<Claimed>>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::with_capacity(lanes.len());
    // Lanes of a workspace follow each other.
    for lane in lanes {
        let Some(taken) = lane.first().map(Taken::of) else { continue };
        let joins = |group: &&mut Group| {
            let jobs: usize = group.lanes.iter().map(Vec::len).sum();
            group.taken == taken
                && jobs + lane.len() <= MOST
                && are_local(handlers, &lane)
                && group.lanes.first().is_some_and(|first| are_local(handlers, first))
        };
        match groups.last_mut().filter(joins) {
            Some(group) => group.lanes.push(lane),
            None => groups.push(Group { taken, lanes: vec![lane] }),
        }
    }
    groups
}

/// Whether all jobs of a lane may be done inside a transaction of others. One that took workers along is done alone.
fn are_local(handlers: &Handlers, lane: &[Claimed]) -> bool {
    lane.iter().all(|job| {
        let handler = handlers.find(&job.kind).filter(|handler| handler.version >= job.version);
        job.crashes == 0 && handler.is_some_and(|handler| handler.inside.is_some())
    })
}

/// Does the jobs of all these lanes of a group, or none of them.
pub async fn work(place: &Place, lanes: &[Vec<Claimed>]) -> bool {
    let are_several = lanes.iter().map(Vec::len).sum::<usize>() > 1;
    let are_local = lanes.iter().all(|lane| are_local(&place.engine.handlers, lane));
    if !are_several || !are_local || place.engine.stopping.is_cancelled() {
        return false;
    }
    let jobs = || lanes.iter().flatten();
    let limits = jobs().filter_map(|job| place.engine.handlers.find(&job.kind)).map(|handler| handler.limits.time);
    let (now, began) = (place.engine.own.now(), Instant::now());
    let done = AssertUnwindSafe(inside_one(place, lanes)).catch_unwind();
    let done = tokio::time::timeout(limits.min().unwrap_or_default(), done).await;
    if !matches!(done, Ok(Ok(Ok(())))) {
        return false;
    }
    // Each has its share of the time.
    let took = began.elapsed() / u32::try_from(jobs().count()).unwrap_or(u32::MAX).max(1);
    for job in jobs() {
        Counted::begin(now, job).end(took, "done");
    }
    true
}

async fn inside_one(place: &Place, lanes: &[Vec<Claimed>]) -> Result<(), Trouble> {
    let Some(tenant) = lanes.iter().flatten().map(|job| TenantId(job.lease.tenant)).next() else { return Ok(()) };
    let mut tx = place.engine.databases.tenant(tenant, Actor::system("jobs")).await?;
    for job in lanes.iter().flatten() {
        let inside = place.engine.handlers.find(&job.kind).and_then(|handler| handler.inside.as_ref());
        let inside = inside.ok_or_else(|| Trouble::retry("a job that is not local"))?;
        tx.trace(job.trace.clone());
        inside(&job.payload, &mut tx).await?;
        tx.finishes(job.lease.clone());
    }
    Ok(tx.commit().await?)
}
