//! The one layer around every call to a remote system.
//!
//! For each remote system and tenant it keeps a circuit breaker (a system that is down is not asked again and again), a
//! bulkhead (one slow system does not take all workers) and the pause that the system asked for. Within a call it tries
//! again when nothing happened and the call is safe to repeat, after a random pause that doubles, for a limited time; what
//! takes longer is the business of the job that made the call.
//!
//! Nothing is kept for systems in their normal state with no call under way, so memory follows the trouble and not the
//! number of tenants. The state is this process's own: each process finds out by itself, and
//! [`Remotes::states`] with [`Remotes::changes`] lets the caller publish it.

mod breaker;
mod line;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use self::breaker::Ticket;
use self::line::{Line, Refusal};
use crate::call::{self, CallError};
pub use crate::call::{Quota, Repeat};

/// Below this many entries, looking for stale ones is not worth it.
const FIRST_SWEEP: usize = 1024;

/// When calls are held back and how often they are tried again.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Failures in a row that open the circuit.
    pub failures: u32,
    pub open_for: Duration,
    /// Calls that must succeed before the circuit closes again, and no other is let through meanwhile.
    pub trials: u32,
    /// Calls under way at once.
    pub in_flight: usize,
    /// How long a call waits for its place among them.
    pub wait_for: Duration,
    /// Attempts of one call that is safe to repeat.
    pub attempts: u32,
    /// The second attempt comes at most this long after the first; each further one at most twice as long.
    pub first_pause: Duration,
    /// No attempt begins later than this after the call began.
    pub total: Duration,
    /// Trouble that nobody ran into again for so long is forgotten.
    pub forget_after: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            failures: 5,
            open_for: Duration::from_mins(1),
            trials: 3,
            in_flight: 16,
            wait_for: Duration::from_secs(5),
            attempts: 3,
            first_pause: Duration::from_millis(250),
            total: Duration::from_secs(10),
            forget_after: Duration::from_mins(30),
        }
    }
}

/// One remote system as one tenant sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RemoteId {
    pub remote: Cow<'static, str>,
    pub tenant: Uuid,
}

impl RemoteId {
    pub fn new(remote: impl Into<Cow<'static, str>>, tenant: Uuid) -> Self {
        Self { remote: remote.into(), tenant }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Circuit {
    Closed,
    Open,
    HalfOpen,
}

impl Circuit {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// What this process knows about one remote system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    pub id: RemoteId,
    pub circuit: Circuit,
    /// In a row, up to now.
    pub failures: u32,
    pub opened_at: Option<Instant>,
    pub paused_until: Option<Instant>,
    pub in_flight: usize,
    pub waiting: usize,
}

/// All remote systems of this process. Cheap to clone; clones share their state.
#[derive(Clone)]
pub struct Remotes(Arc<Shared>);

struct Shared {
    limits: Limits,
    lines: Mutex<Lines>,
    changes: watch::Sender<u64>,
}

struct Lines {
    by_id: HashMap<RemoteId, Arc<Mutex<Line>>>,
    /// Number of entries at which stale ones are looked for again.
    sweep_at: usize,
}

impl Remotes {
    /// A limit of zero would let nothing through, ever; it counts as one.
    pub fn new(limits: Limits) -> Self {
        let limits = Limits {
            failures: limits.failures.max(1),
            trials: limits.trials.max(1),
            in_flight: limits.in_flight.clamp(1, Semaphore::MAX_PERMITS),
            attempts: limits.attempts.max(1),
            ..limits
        };
        let lines = Lines { by_id: HashMap::new(), sweep_at: FIRST_SWEEP };
        Self(Arc::new(Shared { limits, lines: Mutex::new(lines), changes: watch::Sender::new(0) }))
    }

    /// Makes a call when the remote system may be called, and again as the limits say.
    ///
    /// The error may be any type that has a [`CallError`] inside, which decides what happens. While the circuit is open,
    /// during a pause that the remote system asked for, and when no place becomes free in time, the answer is
    /// [`CallError::Later`] and nothing was sent.
    pub async fn call<T, E, F, Attempt>(&self, id: &RemoteId, repeat: Repeat, mut attempt: F) -> Result<T, E>
    where
        F: FnMut() -> Attempt,
        Attempt: Future<Output = Result<T, E>>,
        E: From<CallError> + AsRef<CallError>,
    {
        let limits = &self.0.limits;
        let caller = Caller::enter(&self.0, id);
        let last_begin = Instant::now() + limits.total;
        let mut pause_at_most = limits.first_pause;
        let mut attempts_left = limits.attempts;
        loop {
            attempts_left -= 1;
            let error = match caller.admit().await {
                Ok(permit) => {
                    let (outcome, noted) = call::listen(attempt()).await;
                    permit.settle(outcome.as_ref().map(|_| ()).map_err(AsRef::as_ref), noted);
                    match outcome {
                        Ok(value) => return Ok(value),
                        Err(error) => error,
                    }
                }
                Err(Refusal::Paused(after)) => E::from(CallError::Later { after: Some(after) }),
                Err(Refusal::StayAway(after)) => return Err(CallError::Later { after: Some(after) }.into()),
            };
            let CallError::Later { after } = error.as_ref() else { return Err(error) };
            let pause = after.unwrap_or_default() + pause_at_most.mul_f64(rand::random());
            let in_time = Instant::now().checked_add(pause).is_some_and(|next| next <= last_begin);
            if repeat == Repeat::Never || attempts_left == 0 || !in_time {
                return Err(error);
            }
            sleep(pause).await;
            pause_at_most *= 2;
        }
    }

    /// As [`call`](Self::call); with what the platform said of its limits meanwhile, if it did.
    pub async fn call_and_quota<T, E, F, Attempt>(
        &self,
        id: &RemoteId,
        repeat: Repeat,
        attempt: F,
    ) -> (Result<T, E>, Option<Quota>)
    where
        F: FnMut() -> Attempt,
        Attempt: Future<Output = Result<T, E>>,
        E: From<CallError> + AsRef<CallError>,
    {
        call::listen_for_quota(self.call(id, repeat, attempt)).await
    }

    /// Every remote system that is not in its normal state or has calls under way. Those that are missing are well.
    pub fn states(&self) -> Vec<State> {
        let now = Instant::now();
        let mut lines = lock(&self.0.lines);
        self.0.sweep(&mut lines, now);
        lines.by_id.iter().map(|(id, line)| lock(line).state(id, now)).collect()
    }

    /// Tells when a circuit opened, closed or tries again. Read [`states`](Self::states) then; the number means nothing.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }
}

impl Shared {
    fn sweep(&self, lines: &mut Lines, now: Instant) {
        let mut circuits_changed = false;
        lines.by_id.retain(|_, line| {
            let line = lock(line);
            let stays = line.callers > 0 || !line.is_idle(now) && now < line.used_at + self.limits.forget_after;
            circuits_changed |= !stays && line.circuit() != Circuit::Closed;
            stays
        });
        lines.sweep_at = FIRST_SWEEP.max(lines.by_id.len() * 2);
        if circuits_changed {
            self.tell();
        }
    }

    fn tell(&self) {
        self.changes.send_modify(|changes| *changes = changes.wrapping_add(1));
    }
}

/// Nothing under these locks panics half-way; were it otherwise, counts that are a little off are better than no calls at
/// all. Where both locks are taken, the one of all lines comes first.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A call on its way through the layer; while it exists, its line is not forgotten.
struct Caller<'a> {
    shared: &'a Shared,
    id: &'a RemoteId,
    line: Arc<Mutex<Line>>,
}

impl<'a> Caller<'a> {
    fn enter(shared: &'a Shared, id: &'a RemoteId) -> Self {
        let now = Instant::now();
        let mut lines = lock(&shared.lines);
        if lines.by_id.len() >= lines.sweep_at {
            shared.sweep(&mut lines, now);
        }
        let new = || Arc::new(Mutex::new(Line::new(&shared.limits, now)));
        let line = lines.by_id.entry(id.clone()).or_insert_with(new).clone();
        lock(&line).enter(now);
        Self { shared, id, line }
    }

    /// Waits for a place; says no at once while there is no hope, and again when hope went meanwhile.
    async fn admit(&self) -> Result<Permit<'_>, Refusal> {
        let limits = &self.shared.limits;
        let places = self.with_line(|line, now| line.refusal(limits, now).map_or(Ok(line.places.clone()), Err))?;
        let Ok(Ok(place)) = timeout(limits.wait_for, places.acquire_owned()).await else {
            return Err(Refusal::StayAway(limits.wait_for));
        };
        let ticket = self.with_line(|line, now| line.admit(limits, now))?;
        Ok(Permit { caller: self, ticket: Some(ticket), _place: place })
    }

    fn with_line<R>(&self, work: impl FnOnce(&mut Line, Instant) -> R) -> R {
        let mut line = lock(&self.line);
        let before = line.circuit();
        let result = work(&mut line, Instant::now());
        if line.circuit() != before {
            self.shared.tell();
        }
        result
    }
}

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        let mut lines = lock(&self.shared.lines);
        let mut line = lock(&self.line);
        line.callers -= 1;
        if line.is_idle(Instant::now()) {
            lines.by_id.remove(self.id);
        }
    }
}

/// One attempt under way. Dropped without an outcome, it says nothing about the remote system.
struct Permit<'a> {
    caller: &'a Caller<'a>,
    ticket: Option<Ticket>,
    _place: OwnedSemaphorePermit,
}

impl Permit<'_> {
    fn settle(mut self, outcome: Result<(), &CallError>, noted: Option<Duration>) {
        self.end(Some(outcome), noted);
    }

    fn end(&mut self, outcome: Option<Result<(), &CallError>>, noted: Option<Duration>) {
        if let Some(ticket) = self.ticket.take() {
            let limits = &self.caller.shared.limits;
            self.caller.with_line(|line, now| line.settle(ticket, outcome, noted, limits, now));
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.end(None, None);
    }
}
