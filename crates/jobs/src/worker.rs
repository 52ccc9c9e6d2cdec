//! The worker of one queue at one database: claims free lanes for its free slots, and does the jobs of each lane one after
//! the other.
//!
//! Nobody starves: a quarter of the slots is out of reach for each speed and for each tenant, so that neither a flood of
//! one tenant nor one of urgent jobs has them all; claims take from the tenants in turn.

use std::{
    any::Any,
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use futures::FutureExt;
use serde_json::json;
use socialai_domain::{
    audit::Actor,
    events,
    ids::JobId,
    problems::{Error, Result},
};
use socialai_queue::{
    facts::{self, NewFact},
    jobs::{self, Claimed, Lease, Queue, Speed, Wanted},
};
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use crate::{
    Place,
    context::{Context, Handled, Trouble},
    handlers::Handler,
};

/// A ring that was lost costs so long.
const LOOK: Duration = Duration::from_secs(1);
/// Jobs of one lane that are taken together, so that a lane with many is not claimed for each.
const JOBS_PER_LANE: i32 = 10;
/// A job that this program does not know comes from a newer one, which may be starting elsewhere.
const UNKNOWN_KIND_PAUSE: Duration = Duration::from_mins(1);

/// Claims and works until the engine stops and the last job has ended.
pub async fn run(place: Place, queue: Queue, mut name: watch::Receiver<Option<Uuid>>) {
    let (freed, mut frees) = mpsc::unbounded_channel();
    let mut rung = place.engine.own.bell(place.shard()).listen(queue.0);
    let mut hands = Hands::new(place.engine.settings.slots);
    let mut after = Uuid::nil();
    while !place.engine.stopping.is_cancelled() {
        while let Ok(lane) = frees.try_recv() {
            hands.free(lane);
        }
        let worker = *name.borrow_and_update();
        let taking = match claim(&place, queue, worker, &hands, &mut after).await {
            Ok(taking) => taking,
            Err(error) => {
                tracing::warn!(queue = queue.0, database = place.label(), %error, "jobs could not be claimed; it is tried again");
                Taking::default()
            }
        };
        for lane in by_lane(taking.jobs) {
            let taken = hands.take(&lane);
            let (place, freed) = (place.clone(), freed.clone());
            place.engine.tasks.clone().spawn(async move {
                work(&place, lane).await;
                // The loop may have ended; then nobody counts any more.
                let _ = freed.send(taken);
            });
        }
        wait(&place, taking.has_more, &mut name, &mut rung, &mut frees, &mut hands).await;
    }
    drop(freed);
    while frees.recv().await.is_some() {}
}

/// Until there may be something to claim: work waits and a slot became free, somebody rang, or for a second.
async fn wait(
    place: &Place,
    has_more: bool,
    name: &mut watch::Receiver<Option<Uuid>>,
    rung: &mut watch::Receiver<()>,
    frees: &mut mpsc::UnboundedReceiver<Taken>,
    hands: &mut Hands,
) {
    let look = tokio::time::sleep(LOOK);
    tokio::pin!(look);
    loop {
        tokio::select! {
            () = place.engine.stopping.cancelled() => return,
            _ = name.changed() => return,
            _ = rung.changed() => return,
            () = &mut look => return,
            Some(lane) = frees.recv(), if hands.held() > 0 => {
                hands.free(lane);
                if has_more {
                    return;
                }
            }
        }
    }
}

/// Lanes in hand, by speed and tenant.
struct Hands {
    slots: usize,
    by_speed: [usize; 2],
    by_tenant: BTreeMap<Uuid, usize>,
}

/// One lane in hand.
#[derive(Debug, Clone, Copy)]
struct Taken {
    tenant: Uuid,
    speed: Speed,
}

impl Hands {
    fn new(slots: usize) -> Self {
        Self { slots: slots.max(1), by_speed: [0; 2], by_tenant: BTreeMap::new() }
    }

    /// As much as one tenant, or jobs of one speed, may have.
    fn share(&self) -> usize {
        self.slots - self.slots / 4
    }

    fn held(&self) -> usize {
        self.by_speed.iter().sum()
    }

    fn are_full(&self) -> bool {
        self.held() >= self.slots
    }

    fn room(&self, speed: Speed, taken_now: usize) -> usize {
        let free = self.slots.saturating_sub(self.held() + taken_now);
        free.min(self.share().saturating_sub(self.by_speed[index(speed)]))
    }

    fn busy(&self) -> Vec<(Uuid, i32)> {
        let room = |held: &usize| i32::try_from(self.share().saturating_sub(*held)).unwrap_or(0);
        self.by_tenant.iter().map(|(tenant, held)| (*tenant, room(held))).collect()
    }

    fn take(&mut self, lane: &[Claimed]) -> Taken {
        let taken = lane.first().map_or(Taken { tenant: Uuid::nil(), speed: Speed::Standard }, |job| Taken {
            tenant: job.lease.tenant,
            speed: job.speed,
        });
        self.by_speed[index(taken.speed)] += 1;
        *self.by_tenant.entry(taken.tenant).or_default() += 1;
        taken
    }

    fn free(&mut self, lane: Taken) {
        self.by_speed[index(lane.speed)] = self.by_speed[index(lane.speed)].saturating_sub(1);
        if let Some(held) = self.by_tenant.get_mut(&lane.tenant) {
            *held -= 1;
            if *held == 0 {
                self.by_tenant.remove(&lane.tenant);
            }
        }
    }
}

const fn index(speed: Speed) -> usize {
    match speed {
        Speed::Fast => 0,
        Speed::Standard => 1,
    }
}

#[derive(Default)]
struct Taking {
    jobs: Vec<Claimed>,
    /// As many lanes came as there was room for.
    has_more: bool,
}

async fn claim(place: &Place, queue: Queue, worker: Option<Uuid>, hands: &Hands, after: &mut Uuid) -> Result<Taking> {
    let has_more = hands.are_full();
    let Some(worker) = worker.filter(|_| !has_more) else { return Ok(Taking { jobs: Vec::new(), has_more }) };
    let mut taking = Taking::default();
    let mut tx = place.engine.own.system_at(place.shard(), Actor::system("worker")).await?;
    for speed in Speed::BOTH {
        let room = hands.room(speed, taking.lanes());
        let before = taking.lanes();
        // From the tenant after the last one to the end, then from the beginning.
        let begins = if after.is_nil() { vec![Uuid::nil()] } else { vec![*after, Uuid::nil()] };
        for begin in begins {
            let left = room - (taking.lanes() - before);
            if left > 0 {
                let wanted = Wanted {
                    queue,
                    speed,
                    worker,
                    lanes: i32::try_from(left).unwrap_or(i32::MAX),
                    jobs_per_lane: JOBS_PER_LANE,
                    lanes_per_tenant: i32::try_from(hands.share()).unwrap_or(i32::MAX),
                    busy: hands.busy(),
                    after: begin,
                };
                taking.jobs.extend(jobs::claim(tx.engine(), &wanted).await?);
            }
        }
        taking.has_more |= taking.lanes() - before >= room;
    }
    tx.commit().await?;
    *after = taking.jobs.last().map_or(Uuid::nil(), |job| job.lease.tenant);
    Ok(taking)
}

impl Taking {
    fn lanes(&self) -> usize {
        self.jobs.iter().filter(|job| job.lease.releases).count()
    }
}

/// Jobs of one lane follow each other; the last of a lane is the one that releases it.
fn by_lane(jobs: Vec<Claimed>) -> Vec<Vec<Claimed>> {
    let mut lanes = vec![Vec::new()];
    for job in jobs {
        let is_last = job.lease.releases;
        if let Some(lane) = lanes.last_mut() {
            lane.push(job);
        }
        if is_last {
            lanes.push(Vec::new());
        }
    }
    lanes.pop();
    lanes
}

/// Does the jobs of a lane until one is not done.
async fn work(place: &Place, lane: Vec<Claimed>) {
    for job in lane {
        // What is not begun yet is given back when the worker leaves.
        if place.engine.stopping.is_cancelled() {
            return;
        }
        let (lease, failed) = (job.lease.clone(), job.failed);
        let (id, kind) = (JobId(job.id), job.kind.clone());
        let labels = [("queue", lease.queue.0.to_owned()), ("kind", kind.clone())];
        let waited = place.engine.own.now() - job.enqueued_at;
        metrics::histogram!("socialai_job_wait_seconds", &labels).record(waited.as_seconds_f64().max(0.0));
        let began = Instant::now();
        let handler = place.engine.handlers.find(&kind);
        let handled = attempt(place, handler, job).await;
        let took = began.elapsed();
        metrics::histogram!("socialai_job_seconds", &labels).record(took.as_secs_f64());
        let outcome = match &handled {
            Ok(_) => "done",
            Err(Trouble::Retry { .. }) => "retry",
            Err(Trouble::Fail { .. }) => "fail",
            Err(Trouble::Settle { .. }) => "settle",
            Err(Trouble::Pause { .. }) => "pause",
            Err(Trouble::LeaseLost) => "lease_lost",
        };
        let counted = [("queue", lease.queue.0.to_owned()), ("kind", kind.clone()), ("outcome", outcome.to_owned())];
        metrics::counter!("socialai_jobs_total", &counted).increment(1);
        if let Err(trouble) = handled {
            let ending = Ending { lease, id, kind, failed, took, limits: handler.map(|handler| handler.limits) };
            end_until_written(place, &ending, trouble).await;
            return;
        }
    }
}

async fn attempt(place: &Place, handler: Option<&Handler>, job: Claimed) -> Handled {
    let Some(handler) = handler.filter(|handler| handler.version >= job.version) else {
        let error = format!("this version does not know {} in version {}", job.kind, job.version);
        return Err(Trouble::Retry { after: Some(UNKNOWN_KIND_PAUSE), error });
    };
    let context = Context {
        databases: place.engine.databases.clone(),
        lease: job.lease,
        actor: Actor::system("jobs"),
        job: JobId(job.id),
        failed: job.failed,
        trace: job.trace,
    };
    let run = AssertUnwindSafe((handler.run)(job.payload, context)).catch_unwind();
    match tokio::time::timeout(handler.limits.time, run).await {
        Ok(Ok(handled)) => handled,
        Ok(Err(panic)) => Err(Trouble::retry(format!("the job panicked: {}", words_of(&*panic)))),
        Err(_) => Err(Trouble::retry(format!("the job took longer than {} seconds", handler.limits.time.as_secs()))),
    }
}

fn words_of(panic: &(dyn Any + Send)) -> &str {
    let words = panic.downcast_ref::<&str>().copied();
    words.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
}

/// A job that was not done, and what is known of it.
struct Ending {
    lease: Lease,
    id: JobId,
    kind: String,
    failed: i16,
    took: Duration,
    limits: Option<crate::Limits>,
}

/// The lane is ours until this is written: a worker that beats is not relieved of it.
async fn end_until_written(place: &Place, ending: &Ending, trouble: Trouble) {
    loop {
        match end(place, ending, &trouble).await {
            Ok(()) => return,
            Err(Error::LeaseLost) => {
                tracing::info!(job = %ending.id, kind = ending.kind, "another worker has this job by now");
                return;
            }
            Err(error) => {
                tracing::warn!(job = %ending.id, %error, "the end of a job could not be written; it is tried again");
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn end(place: &Place, ending: &Ending, trouble: &Trouble) -> Result<()> {
    let mut tx = place.engine.own.system_at(place.shard(), Actor::system("worker")).await?;
    let failure = |error: &str| json!({ "at": place.engine.own.now().format(&time::format_description::well_known::Rfc3339).unwrap_or_default(), "seconds": ending.took.as_secs_f64(), "error": error });
    let conn = tx.engine();
    match trouble {
        Trouble::LeaseLost => return Err(Error::LeaseLost),
        Trouble::Pause { after } | Trouble::Settle { after } => {
            jobs::postpone(conn, &ending.lease, *after, None).await.map_err(Error::of_lease)?;
        }
        Trouble::Fail { reason, error } => bury(&mut tx, ending, reason, failure(error)).await?,
        Trouble::Retry { after, error } => {
            let retries = ending.limits.unwrap_or_default().retries;
            match retries.pause(ending.failed.saturating_add(1)) {
                Some(pause) => {
                    let pause = after.unwrap_or(pause);
                    jobs::postpone(conn, &ending.lease, pause, Some(failure(error))).await.map_err(Error::of_lease)?;
                }
                None => bury(&mut tx, ending, "gave_up", failure(error)).await?,
            }
        }
    }
    tx.commit().await?;
    // The lane may have more work, for this worker or another.
    place.engine.own.bell(place.shard()).ring(ending.lease.queue.0);
    Ok(())
}

async fn bury(
    tx: &mut socialai_domain::tenancy::SystemTx,
    ending: &Ending,
    reason: &str,
    failure: serde_json::Value,
) -> Result<()> {
    tracing::warn!(job = %ending.id, kind = ending.kind, reason, "a job was given up");
    let error = failure["error"].as_str().unwrap_or_default().to_owned();
    jobs::bury(tx.engine(), &ending.lease, reason, failure).await.map_err(Error::of_lease)?;
    let mut data = events::data("job", &ending.id.to_string(), None);
    data["job"] = json!({ "kind": ending.kind, "queue": ending.lease.queue.0, "reason": reason, "error": error });
    let now = tx.now();
    let fact = NewFact::new("job.died", 1, format!("job/{}", ending.id), data);
    facts::write(tx.engine(), ending.lease.tenant, now, vec![fact], None).await?;
    Ok(())
}
