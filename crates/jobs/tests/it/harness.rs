//! An engine of the test's own, on a database of its own.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use socialai_domain::{audit::Actor, ids::TenantId, tenancy::Databases};
use socialai_jobs::{Engine, Handlers, Settings};
use socialai_queue::{
    facts::Reader,
    jobs::{Queue, Task},
};
use socialai_testkit::lab::Lab;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub const TESTS: Queue = Queue("tests");

/// A job that a test gives meaning to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Step {
    pub key: String,
    pub number: i64,
}

impl Task for Step {
    const KIND: &'static str = "tests.step";
    const QUEUE: Queue = TESTS;

    fn key(&self) -> String {
        self.key.clone()
    }
}

pub fn step(key: impl Into<String>, number: i64) -> Step {
    Step { key: key.into(), number }
}

/// An engine that stops in order when it is told to, and at once when the test ends.
pub struct Running {
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Running {
    pub fn start(databases: &Databases, handlers: Handlers, readers: Vec<Reader>) -> Self {
        Self::with(databases, handlers, readers, Settings { slots: 8, ..Settings::default() })
    }

    pub fn with(databases: &Databases, handlers: Handlers, readers: Vec<Reader>, settings: Settings) -> Self {
        let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
        Engine::start(databases, handlers, readers, settings, stopping.clone(), tasks.clone());
        Self { stopping, tasks }
    }

    pub async fn stop(self) {
        self.stopping.cancel();
        self.tasks.close();
        tokio::time::timeout(Duration::from_secs(30), self.tasks.wait()).await.expect("the engine stops");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

/// Enqueues steps in one transaction.
pub async fn enqueue(lab: &Lab, tenant: TenantId, steps: &[Step]) {
    let mut tx = lab.databases.tenant(tenant, Actor::system("test")).await.unwrap();
    for step in steps {
        tx.enqueue(step).unwrap();
    }
    tx.commit().await.unwrap();
}

/// Waits until the question is answered with yes, for as long as a slow machine may take.
pub async fn until<F: Future<Output = bool>>(what: &str, ask: impl Fn() -> F) {
    let waiting = async {
        while !ask().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting)
        .await
        .unwrap_or_else(|_| panic!("not within a minute: {what}"));
}

/// Rows of a table of the engine, seen by the owner.
pub async fn count(lab: &Lab, table: &str) -> i64 {
    let mut owner = lab.owner().await;
    let statement = sqlx::AssertSqlSafe(format!("select count(*) from system.{table}"));
    sqlx::query_scalar(statement).fetch_one(&mut owner).await.unwrap()
}

/// Nothing is left to do: no job, no lane, nothing delayed.
pub async fn until_idle(lab: &Lab) {
    until("all jobs are done", || async {
        count(lab, "jobs").await == 0 && count(lab, "lanes").await == 0 && count(lab, "delayed_jobs").await == 0
    })
    .await;
}
