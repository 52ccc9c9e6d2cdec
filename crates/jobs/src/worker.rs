//! The worker of one queue at one database: takes lanes for its free slots (`claims`) and does the jobs of each lane one
//! after the other, or several together (`together`). How much of each tenant and speed it may have is in `hands`.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use futures::FutureExt;
use serde_json::json;
use socialai_domain::{
    audit::Actor,
    events,
    ids::{JobId, TenantId},
    problems::{Error, Result},
    trace,
};
use socialai_queue::{
    facts::{self, NewFact},
    follow,
    jobs::{self, Claimed, Lease, Queue},
};
use time::OffsetDateTime;
use tokio::sync::{mpsc, watch};
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    Place,
    claims::{Claims, Manner, Of, Taking},
    context::{Context, Handled, Trouble},
    handlers::Handler,
    hands::{Hands, Taken},
    together::{self, Group},
};

/// A ring that was lost costs so long.
const LOOK: Duration = Duration::from_secs(1);
/// While most slots are busy a claim waits so long for more of them to become free.
const COMPANY: Duration = Duration::from_millis(2);
/// Transactions of local jobs are so many times fewer than other jobs at once.
const SLOTS_OF_A_LOCAL_ONE: usize = 6;
/// A job that this program does not know was enqueued by a newer one, whose workers may be starting elsewhere. It is left to
/// them; after a day no update is under way any more, and it is given up.
const UNKNOWN_KIND_PAUSE: Duration = Duration::from_mins(1);
const UNKNOWN_KIND_WAITS: Duration = Duration::from_hours(24);
/// So many workers one after the other died with a job before they had done it: it is given up.
const CRASHES: i16 = 5;

/// Claims and works until the engine stops and the last job has ended.
pub async fn run(place: Place, queue: Queue, mut name: watch::Receiver<Option<Uuid>>) {
    let (freed, mut frees) = mpsc::unbounded_channel();
    let mut rung = place.engine.own.bell(place.shard()).listen(queue.0);
    let slots = place.engine.settings.slots;
    let (mut hands, mut claims) = if place.engine.handlers.are_local(queue) {
        // They wait for nothing but the database, which gains nothing from more of them at once. One transaction of each
        // tenant, so that a flood of one keeps less than a machine busy. And few wait in hand: those that wait in the database
        // come together.
        let at_once = slots.div_ceil(SLOTS_OF_A_LOCAL_ONE);
        (Hands::new(2 * at_once, at_once, 1), Claims::new(Manner::TOGETHER))
    } else {
        (Hands::new(slots, slots, slots), Claims::new(Manner::ALONE))
    };
    let (mut waiting, mut of) = (Waiting::default(), Of::Everybody);
    while !place.engine.stopping.is_cancelled() {
        while let Ok(taken) = frees.try_recv() {
            hands.free(taken);
        }
        let worker = *name.borrow_and_update();
        let taking = match claims.claim(&place, queue, worker, of, &mut hands).await {
            Ok(taking) => taking,
            Err(error) => {
                tracing::warn!(queue = queue.0, database = place.label(), %error, "jobs could not be claimed; it is tried again");
                Taking::default()
            }
        };
        if of == Of::Everybody {
            waiting.has_more = taking.has_more;
        }
        for Group { taken, lanes } in taking.groups {
            let (place, turn, freed) = (place.clone(), hands.turn(&taken), freed.clone());
            place.engine.tasks.clone().spawn(async move {
                let _turn = turn.take().await;
                if !together::work(&place, &lanes).await {
                    for lane in lanes {
                        work(&place, lane).await;
                    }
                }
                // The loop may have ended; then nobody counts any more.
                let _ = freed.send(taken);
            });
        }
        of = waiting.wait(&place, &claims, &mut name, &mut rung, &mut frees, &mut hands).await;
    }
    drop(freed);
    while frees.recv().await.is_some() {}
}

/// What a worker knows of work that it has not claimed.
#[derive(Default)]
struct Waiting {
    /// The last claim left some for which there was no room.
    has_more: bool,
    /// Somebody rang since newcomers were asked for.
    rung_since: bool,
    /// When there has been enough time for company, since there is something to claim.
    company_at: Option<Instant>,
}

impl Waiting {
    /// Until there may be something to claim, and of whom: somebody rang, a slot became free for which work waits, or
    /// nothing happened for a second.
    async fn wait(
        &mut self,
        place: &Place,
        claims: &Claims,
        name: &mut watch::Receiver<Option<Uuid>>,
        rung: &mut watch::Receiver<()>,
        frees: &mut mpsc::UnboundedReceiver<Taken>,
        hands: &mut Hands,
    ) -> Of {
        let look = Instant::now() + LOOK;
        loop {
            let (of, at) = self.next_claim(claims, hands).unwrap_or((Of::Everybody, look));
            tokio::select! {
                () = place.engine.stopping.cancelled() => return Of::Everybody,
                _ = name.changed() => return Of::Everybody,
                _ = rung.changed(), if !self.rung_since || self.company_at.is_none() => {
                    self.rung_since = true;
                    self.company_at.get_or_insert(Instant::now() + COMPANY);
                }
                Some(taken) = frees.recv(), if !hands.are_empty() => {
                    hands.free(taken);
                    if self.has_more {
                        self.company_at.get_or_insert(Instant::now() + COMPANY);
                    }
                }
                () = tokio::time::sleep_until(at.into()) => {
                    self.rung_since = false;
                    if of == Of::Everybody {
                        self.company_at = None;
                    }
                    return of;
                }
            }
        }
    }

    /// Which claim comes next, and when, as far as is known now. A worker that has much in hand asks for newcomers at
    /// once: whoever rang may be one, and is not to wait for the company of those that flood it.
    fn next_claim(&self, claims: &Claims, hands: &Hands) -> Option<(Of, Instant)> {
        if hands.are_full() {
            return None;
        }
        let everybody = self.company_at.map(|company| {
            let not_before = claims.not_before(Of::Everybody);
            (Of::Everybody, if hands.are_half_empty() { not_before } else { company.max(not_before) })
        });
        let may_be_newcomers = self.rung_since && !hands.are_empty();
        let newcomers = may_be_newcomers.then(|| (Of::Newcomers, claims.not_before(Of::Newcomers)));
        everybody.into_iter().chain(newcomers).min_by_key(|(_, at)| *at)
    }
}

/// Does the jobs of a lane until one is not done.
async fn work(place: &Place, lane: Vec<Claimed>) {
    for (nth, job) in lane.into_iter().enumerate() {
        // What is not begun yet is given back when the worker leaves.
        if place.engine.stopping.is_cancelled() {
            return;
        }
        let (lease, failed) = (job.lease.clone(), job.failed);
        let (id, kind, trace) = (JobId(job.id), job.kind.clone(), job.trace.clone());
        let counted = Counted::begin(place.engine.own.now(), &job);
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
        counted.end(
            took,
            match &handled {
                Ok(_) => "done",
                Err(Trouble::Retry { .. }) => "retry",
                Err(Trouble::Fail { .. }) => "fail",
                Err(Trouble::Settle { .. }) => "settle",
                Err(Trouble::Pause { .. }) => "pause",
                Err(Trouble::LeaseLost) => "lease_lost",
            },
        );
        if let Err(trouble) = handled {
            let limits = handler.map(|handler| handler.limits);
            let ending = Ending { lease, id, kind, trace, failed, took, limits };
            end_until_written(place, &ending, trouble).await;
            return;
        }
    }
}

/// The figures of one job.
pub(crate) struct Counted([(&'static str, String); 2]);

impl Counted {
    pub fn begin(now: OffsetDateTime, job: &Claimed) -> Self {
        let labels = [("queue", job.lease.queue.0.to_owned()), ("kind", job.kind.clone())];
        let waited = now - job.enqueued_at;
        metrics::histogram!("socialai_job_wait_seconds", &labels).record(waited.as_seconds_f64().max(0.0));
        Self(labels)
    }

    pub fn end(self, took: Duration, outcome: &'static str) {
        let Self(labels) = self;
        metrics::histogram!("socialai_job_seconds", &labels).record(took.as_secs_f64());
        let [queue, kind] = labels;
        metrics::counter!("socialai_jobs_total", &[queue, kind, ("outcome", outcome.to_owned())]).increment(1);
    }
}

async fn attempt(place: &Place, handler: Option<&Handler>, job: Claimed) -> Handled {
    let Some(handler) = handler.filter(|handler| handler.version >= job.version) else {
        return Err(unknown(&job, place.engine.own.now()));
    };
    // It tells what it does in the trace of what it follows from.
    let span = trace::span(job.trace.as_deref(), || {
        let (id, tenant_id) = (JobId(job.id), TenantId(job.lease.tenant));
        tracing::info_span!("job", otel.kind = "consumer", otel.name = job.kind, job = %id, %tenant_id)
    });
    let context = Context {
        databases: place.engine.databases.clone(),
        lease: job.lease,
        actor: Actor::system("jobs"),
        job: JobId(job.id),
        failed: job.failed,
        trace: span.in_scope(trace::current).or(job.trace),
    };
    // The handler is called inside, because it may panic before it gives its future.
    let run = AssertUnwindSafe(async { (handler.run)(job.payload, context).await }.instrument(span)).catch_unwind();
    match tokio::time::timeout(handler.limits.time, run).await {
        Ok(Ok(handled)) => handled,
        Ok(Err(panic)) => Err(Trouble::retry(format!("the job panicked: {}", follow::words_of(&*panic)))),
        Err(_) => Err(Trouble::retry(format!("the job took longer than {} seconds", handler.limits.time.as_secs()))),
    }
}

fn unknown(job: &Claimed, now: OffsetDateTime) -> Trouble {
    let (id, kind, version) = (JobId(job.id), &job.kind, job.version);
    if now - job.enqueued_at < UNKNOWN_KIND_WAITS {
        tracing::info!(job = %id, kind, version, "this program does not know this kind of job; it waits for a newer one");
        return Trouble::Pause { after: UNKNOWN_KIND_PAUSE };
    }
    Trouble::fail("unknown_kind", format!("no worker knew {kind} in version {version} within a day"))
}

/// A job that was not done, and what is known of it.
struct Ending {
    lease: Lease,
    id: JobId,
    kind: String,
    trace: Option<String>,
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
    let fact = NewFact { trace: ending.trace.clone(), ..fact };
    facts::write(tx.engine(), ending.lease.tenant, now, vec![fact]).await?;
    Ok(())
}
