//! The worker of one queue at one database: claims free lanes for its free slots, and does the jobs of each lane one after
//! the other. How much of each tenant and speed it may have is in `hands`.

use std::{
    any::Any,
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
    hands::{Hands, Taken, index},
};

/// A ring that was lost costs so long.
const LOOK: Duration = Duration::from_secs(1);
/// A claim costs about as much as a job. While most slots are busy it waits so long for more of them to become free.
const COMPANY: Duration = Duration::from_millis(2);
/// Jobs of one lane that are taken together, so that a lane with many is not claimed for each.
const JOBS_PER_LANE: i32 = 10;
/// A job that this program does not know comes from a newer one, which may be starting elsewhere.
const UNKNOWN_KIND_PAUSE: Duration = Duration::from_mins(1);
/// So many workers one after the other died with a job before they had done it: it is given up.
const CRASHES: i16 = 5;

/// Claims and works until the engine stops and the last job has ended.
pub async fn run(place: Place, queue: Queue, mut name: watch::Receiver<Option<Uuid>>) {
    let (freed, mut frees) = mpsc::unbounded_channel();
    let mut rung = place.engine.own.bell(place.shard()).listen(queue.0);
    let mut hands = Hands::new(place.engine.settings.slots);
    let mut claims = Claims::default();
    while !place.engine.stopping.is_cancelled() {
        while let Ok(lane) = frees.try_recv() {
            hands.free(lane);
        }
        let worker = *name.borrow_and_update();
        let taking = match claims.claim(&place, queue, worker, &mut hands).await {
            Ok(taking) => taking,
            Err(error) => {
                tracing::warn!(queue = queue.0, database = place.label(), %error, "jobs could not be claimed; it is tried again");
                Taking::default()
            }
        };
        for (taken, lane) in taking.lanes {
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

/// Until there may be something to claim: somebody rang, a slot became free for which work waits, or for a second.
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
    let mut is_due = false;
    loop {
        let waits_for_company = is_due;
        tokio::select! {
            () = place.engine.stopping.cancelled() => return,
            _ = name.changed() => return,
            () = &mut look => return,
            _ = rung.changed(), if !is_due => is_due = true,
            Some(lane) = frees.recv(), if !hands.are_empty() => {
                hands.free(lane);
                is_due |= has_more;
            }
        }
        if is_due && hands.are_half_empty() {
            return;
        }
        if is_due && !waits_for_company {
            look.as_mut().reset((Instant::now() + COMPANY).into());
        }
    }
}

/// What a claim brought.
#[derive(Default)]
struct Taking {
    lanes: Vec<(Taken, Vec<Claimed>)>,
    /// There may be more that there was no room for.
    has_more: bool,
}

/// What is remembered from one claim to the next.
#[derive(Default)]
struct Claims {
    /// The last tenant that had its turn, by speed.
    after: [Uuid; 2],
    /// The answer to a claim was lost: lanes may be held in our name that we do not know of.
    are_in_doubt: bool,
}

impl Claims {
    async fn claim(&mut self, place: &Place, queue: Queue, worker: Option<Uuid>, hands: &mut Hands) -> Result<Taking> {
        let Some(worker) = worker.filter(|_| !hands.are_full()) else {
            return Ok(Taking { lanes: Vec::new(), has_more: true });
        };
        if self.are_in_doubt {
            let mut tx = place.engine.own.system_at(place.shard(), Actor::system("worker")).await?;
            jobs::give_back_unknown(tx.engine(), worker, queue, hands.leases()).await?;
            tx.commit().await?;
            self.are_in_doubt = false;
        }
        let mut taking = Taking::default();
        let claimed = self.claim_both(place, queue, worker, hands, &mut taking).await;
        if claimed.is_err() {
            self.are_in_doubt = true;
            taking.lanes.iter().for_each(|(taken, _)| hands.free(*taken));
        }
        claimed?;
        taking.has_more |= hands.are_full_for_somebody();
        Ok(taking)
    }

    async fn claim_both(
        &mut self,
        place: &Place,
        queue: Queue,
        worker: Uuid,
        hands: &mut Hands,
        taking: &mut Taking,
    ) -> Result<()> {
        let mut tx = place.engine.own.system_at(place.shard(), Actor::system("worker")).await?;
        for speed in Speed::BOTH {
            let (room, after) = (hands.room(speed), &mut self.after[index(speed)]);
            if room == 0 {
                taking.has_more = true;
                continue;
            }
            let wanted = Wanted {
                queue,
                speed,
                worker,
                lanes: i32::try_from(room).unwrap_or(i32::MAX),
                jobs_per_lane: JOBS_PER_LANE,
                lanes_per_tenant: i32::try_from(hands.share()).unwrap_or(i32::MAX),
                busy: hands.busy(),
                after: *after,
            };
            let lanes = by_lane(jobs::claim(tx.engine(), &wanted).await?);
            taking.has_more |= lanes.len() >= room;
            for (taken, lane) in lanes {
                *after = lane.last().map_or(*after, |job| job.lease.tenant);
                hands.take(taken);
                taking.lanes.push((taken, lane));
            }
        }
        tx.commit().await
    }
}

/// Jobs of one lane follow each other; the last of a lane is the one that releases it.
fn by_lane(jobs: Vec<Claimed>) -> Vec<(Taken, Vec<Claimed>)> {
    let mut lanes = Vec::new();
    let mut lane = Vec::new();
    for job in jobs {
        let whole = job.lease.releases.then(|| Taken::of(&job));
        lane.push(job);
        lanes.extend(whole.map(|taken| (taken, std::mem::take(&mut lane))));
    }
    lanes
}

/// Does the jobs of a lane until one is not done.
async fn work(place: &Place, lane: Vec<Claimed>) {
    for (nth, job) in lane.into_iter().enumerate() {
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
        let handled = if nth == 0 && job.crashes >= CRASHES {
            Err(Trouble::fail(
                "worker_died",
                format!("{CRASHES} workers one after the other died while they had this job"),
            ))
        } else {
            attempt(place, handler, job).await
        };
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
    // The handler is called inside, because it may panic before it gives its future.
    let run = AssertUnwindSafe(async { (handler.run)(job.payload, context).await }).catch_unwind();
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
