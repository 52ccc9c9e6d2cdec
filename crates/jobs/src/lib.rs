//! Everything that runs without a request: what takes jobs and does them, and, one file each, the jobs themselves.
//!
//! [`Engine::start`] runs, for each database of the installation:
//!
//! * a worker per queue (`worker`): claims lanes, does their jobs, writes down how each ended;
//! * one beat for all of them (`pulse`), by which the others see that this process lives;
//! * a caretaker (`caretaker`): ends pauses, lets delayed jobs go, runs schedules, frees the lanes of the dead;
//! * the sequencer and the readers of facts (`bus`), unless Kafka carries the facts;
//! * the two ends of the bell between processes.
//!
//! Any number of processes may do this on the same databases.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod alerts;
mod bus;
mod caretaker;
pub mod channels;
pub mod circuits;
mod claims;
pub mod context;
pub mod facts;
pub mod handlers;
mod hands;
mod pulse;
mod together;
pub mod webhooks;
mod worker;

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt;
use socialai_domain::{
    herald,
    problems::{Error, Result},
    tenancy::Databases,
};
use socialai_queue::{facts::Reader, follow, jobs::Queue};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

pub use self::{
    context::{Context, Done, Handled, Trouble},
    handlers::{Handlers, Limits},
};

/// How an engine is run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Lanes that each queue may have in hand at once, for each database.
    pub slots: usize,
    /// Of which machine, and by which version, for people who look.
    pub host: String,
    pub version: String,
    /// A worker says so often that it lives …
    pub beat: Duration,
    /// … and is taken for dead after so long without.
    pub silence: Duration,
    /// Facts are kept so long.
    pub facts_retention: Duration,
    /// Whether PostgreSQL carries the facts to their readers; false when Kafka does.
    pub carries_facts: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            slots: 16,
            host: String::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            beat: Duration::from_secs(1),
            silence: Duration::from_secs(5),
            facts_retention: Duration::from_hours(30 * 24),
            carries_facts: true,
        }
    }
}

/// What runs. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Parts>);

pub(crate) struct Parts {
    /// For the jobs.
    databases: Databases,
    /// For claiming, beating and tidying, which jobs that use up all connections must not stop.
    own: Databases,
    handlers: Handlers,
    readers: Vec<Reader>,
    settings: Settings,
    process: Uuid,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

/// Two claim, one beats, one tidies, one listens.
const OWN_CONNECTIONS: u32 = 5;

impl Engine {
    /// Runs until `stopping`; `tasks` ends when the last job did.
    pub fn start(
        databases: &Databases,
        handlers: Handlers,
        readers: Vec<Reader>,
        settings: Settings,
        stopping: CancellationToken,
        tasks: TaskTracker,
    ) -> Self {
        let own = databases.apart(OWN_CONNECTIONS);
        let process = Uuid::new_v4();
        let parts = Parts { databases: databases.clone(), own, handlers, readers, settings, process, stopping, tasks };
        let engine = Self(Arc::new(parts));
        engine.start_in(None);
        let shards: Vec<_> = databases.shard_names().map(str::to_owned).collect();
        for shard in shards {
            engine.start_in(Some(shard));
        }
        engine
    }

    fn start_in(&self, shard: Option<String>) {
        let place = Place { engine: self.0.clone(), shard };
        pulse::start(&place);
        place.keep("tidying up", |place| async move { caretaker::run(&place).await });
        place.keep("placing facts", |place| async move { bus::place(&place).await });
        if place.engine.settings.carries_facts {
            for reader in place.engine.readers.clone() {
                place.keep(reader.name, move |place| async move { bus::read(&place, reader).await });
            }
        }
        place.keep("telling other processes", |place| async move {
            herald::tell(&place.engine.own, place.shard(), place.engine.process).await
        });
        place.keep("hearing other processes", |place| async move {
            herald::hear(&place.engine.own, place.shard(), place.engine.process).await
        });
    }

    /// The queues that this process works on.
    pub fn queues(&self) -> &[Queue] {
        self.0.handlers.queues()
    }
}

/// An engine at one database.
#[derive(Clone)]
pub(crate) struct Place {
    engine: Arc<Parts>,
    shard: Option<String>,
}

impl Place {
    fn shard(&self) -> Option<&str> {
        self.shard.as_deref()
    }

    fn label(&self) -> &str {
        self.shard().unwrap_or("control database")
    }

    /// Runs a part until the engine stops, again whenever it fails.
    fn keep<F>(&self, what: &'static str, run: impl Fn(Self) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<()>> + Send,
    {
        let place = self.clone();
        let stopping = self.engine.stopping.clone();
        self.engine.tasks.spawn(async move {
            stopping.run_until_cancelled(run_again(place, what, run)).await;
        });
    }
}

/// Says once that a part fails and once that it works again, however long it takes.
async fn run_again<F>(place: Place, what: &'static str, run: impl Fn(Place) -> F)
where
    F: Future<Output = Result<()>>,
{
    let mut is_failing = false;
    loop {
        let began = tokio::time::Instant::now();
        // The part is called inside, because it may panic before it gives its future.
        let outcome = AssertUnwindSafe(async { run(place.clone()).await }).catch_unwind().await;
        let outcome =
            outcome.unwrap_or_else(|panic| Err(Error::Fault(format!("it panicked: {}", follow::words_of(&*panic)))));
        if began.elapsed() > Duration::from_secs(10) {
            is_failing = false;
        }
        match outcome {
            Ok(()) => tracing::debug!(database = place.label(), "{what} begins again"),
            Err(error) if !is_failing => {
                is_failing = true;
                tracing::warn!(database = place.label(), %error, "{what} failed; it is tried again every second");
            }
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
