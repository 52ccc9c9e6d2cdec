//! Keeps the server running until it is told to stop.
//!
//! A server that dies under us (killed, out of memory) is started again on the same port, so that
//! connection pools recover by themselves. This is a thread and no task of an async runtime: the
//! server of a test run outlives the runtime of the test that happened to start it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::error::ClusterError;
use crate::leftover;
use crate::password::last_lines;
use crate::server::{Launch, Started};

const WATCH_EVERY: Duration = Duration::from_millis(200);
const STOP_POLL: Duration = Duration::from_millis(10);
const PRUNE_EVERY: Duration = Duration::from_mins(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A server that lived this long had started well, and its end is a new event.
const LIVED: Duration = Duration::from_secs(30);

/// How a server is asked to stop, and what follows when it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Ends sessions, writes everything, takes its time.
    Fast,
    /// Drops everything; the next start repairs. For clusters that have no next start.
    Immediate,
}

impl Stop {
    fn steps(self) -> &'static [(Signal, Duration)] {
        const STEPS: [(Signal, Duration); 3] = [
            (Signal::INT, Duration::from_mins(1)),
            (Signal::QUIT, Duration::from_secs(10)),
            (Signal::KILL, Duration::from_secs(10)),
        ];
        match self {
            Self::Fast => &STEPS,
            Self::Immediate => STEPS.get(1..).unwrap_or_default(),
        }
    }
}

/// The thread that watches one server.
pub(crate) struct Keeper {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Result<(), ClusterError>>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    server: Option<Started>,
    stop: Option<Stop>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is two plain values and right after every statement, even one that panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a request to stop, and says whether there is one.
    fn stop_within(&self, patience: Duration) -> Option<Stop> {
        let state = self.lock();
        let waited = self.changed.wait_timeout_while(state, patience, |state| state.stop.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.stop
    }
}

impl Keeper {
    pub(crate) fn watch(launch: Launch, port: u16, server: Started) -> Result<Self, ClusterError> {
        let state = Mutex::new(State { server: Some(server), stop: None });
        let shared = Arc::new(Shared { state, changed: Condvar::new() });
        let (watched, folder) = (Arc::clone(&shared), launch.folder.clone());
        let thread =
            std::thread::Builder::new().name("postgres-keeper".to_owned()).spawn(move || keep(&watched, &launch, port));
        match thread {
            Ok(thread) => Ok(Self { shared, thread: Some(thread) }),
            Err(source) => {
                signal(&mut shared.lock(), Signal::INT);
                Err(ClusterError::file("watch the server of", &folder, source))
            }
        }
    }

    /// Tells the server to stop, here and now: the process may end before the thread that watches it looks again.
    pub(crate) fn ask(&self, how: Stop) {
        let mut state = self.shared.lock();
        if state.stop.is_none() {
            state.stop = Some(how);
            signal(&mut state, Signal::INT);
        }
        self.shared.changed.notify_all();
    }

    /// Stops the server and waits until it is gone.
    pub(crate) fn stop(&mut self, how: Stop) -> Result<(), ClusterError> {
        self.shared.lock().stop = Some(how);
        self.shared.changed.notify_all();
        let Some(thread) = self.thread.take() else { return Ok(()) };
        thread.join().unwrap_or_else(|_| {
            Err(ClusterError::Interrupted { reason: "the thread that watches it failed".to_owned() })
        })
    }
}

impl Drop for Keeper {
    /// Without [`Keeper::stop`] the server is still asked to stop, but not waited for: the process
    /// may be ending, and the server finishes alone.
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.ask(Stop::Fast);
        }
    }
}

fn keep(shared: &Shared, launch: &Launch, port: u16) -> Result<(), ClusterError> {
    let mut born = Instant::now();
    let mut pruned = Instant::now();
    let mut pause = Duration::ZERO;
    loop {
        if let Some(how) = shared.stop_within(WATCH_EVERY) {
            return end(shared, launch, how);
        }
        if pruned.elapsed() > PRUNE_EVERY {
            launch.prune_logs();
            pruned = Instant::now();
        }
        if runs(&mut shared.lock()) {
            continue;
        }
        if let Some(mut ended) = shared.lock().server.take() {
            let log = last_lines(&launch.words(&mut ended), 5);
            tracing::error!(folder = %launch.folder.display(), log, "PostgreSQL ended and is started again");
        }
        pause = if born.elapsed() > LIVED { Duration::ZERO } else { pause };
        if !pause.is_zero() && shared.stop_within(pause).is_some() {
            return Ok(());
        }
        pause = (pause * 2).clamp(WATCH_EVERY, LONGEST_PAUSE);
        born = Instant::now();
        match start_again(launch, port) {
            Ok(started) => shared.lock().server = Some(started),
            Err(error) => tracing::error!(%error, "PostgreSQL could not be started again"),
        }
    }
}

fn start_again(launch: &Launch, port: u16) -> Result<Started, ClusterError> {
    leftover::stop(&launch.folder, &mut |line| tracing::warn!("{line}"))?;
    launch.spawn(port)
}

fn end(shared: &Shared, launch: &Launch, how: Stop) -> Result<(), ClusterError> {
    let folder = launch.folder.clone();
    for &(kind, patience) in how.steps() {
        signal(&mut shared.lock(), kind);
        let until = Instant::now() + patience;
        while runs(&mut shared.lock()) {
            if Instant::now() > until {
                break;
            }
            std::thread::sleep(STOP_POLL);
        }
        if !runs(&mut shared.lock()) {
            let killed = kind == Signal::KILL;
            return if killed { Err(ClusterError::StopTooSlow { folder }) } else { Ok(()) };
        }
    }
    Err(ClusterError::StopTooSlow { folder })
}

/// Whether the server is alive; one whose end cannot be asked for has been reaped, so it is not.
fn runs(state: &mut State) -> bool {
    state.server.as_mut().is_some_and(|server| matches!(server.child.try_wait(), Ok(None)))
}

/// Signals only a child that has not been reaped, so never a stranger with its old number.
fn signal(state: &mut State, kind: Signal) {
    if runs(state)
        && let Some(server) = &state.server
    {
        leftover::send(server.child.id(), kind);
    }
}
