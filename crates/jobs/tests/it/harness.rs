//! An engine of the test's own, on a database of its own.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use socialai_domain::{
    audit::Actor,
    ids::TenantId,
    tenancy::{Databases, SystemTx, TenantTx},
};
use socialai_jobs::{Context, Engine, Handled, Handlers, Limits, Settings};
use socialai_queue::{
    facts::{NewFact, Reader},
    jobs::{Queue, Task},
    retry::Schedule,
};
use socialai_testkit::lab::Lab;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub const TESTS: Queue = Queue("tests");

/// A job that a test gives meaning to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// Tries again at once, as often as a test may need.
pub const PATIENT: Limits = Limits { retries: Schedule(&[0; 1000]), time: Duration::from_mins(5) };
/// Gives up after the first failure.
pub const IMPATIENT: Limits = Limits { retries: Schedule(&[]), time: Duration::from_mins(5) };

/// Handlers for steps alone.
pub fn doing<F>(limits: Limits, handle: impl Fn(Step, Context) -> F + Send + Sync + 'static) -> Handlers
where
    F: Future<Output = Handled> + Send + 'static,
{
    Handlers::default().with(limits, handle)
}

/// What a step leaves when it is done: a fact, which nothing keeps from being there twice.
pub fn note(tx: &mut TenantTx, step: &Step) {
    tx.publish(NewFact::new("tests.done", 1, step.key.clone(), json!({ "number": step.number })));
}

/// Does a step: its note and its end in one transaction.
pub async fn do_it(step: Step, context: Context) -> Handled {
    let mut tx = context.tx().await?;
    note(&mut tx, &step);
    context.finish(tx).await
}

/// The steps that were done, in their order.
pub async fn done(lab: &Lab) -> Vec<Step> {
    told(lab, "tests.done").await
}

/// The steps that facts of this kind tell of, in their order.
pub async fn told(lab: &Lab, kind: &str) -> Vec<Step> {
    let told =
        sqlx::query_as("select key, (data->>'number')::bigint from system.facts where kind = $1 order by position");
    let rows: Vec<(String, i64)> = told.bind(kind).fetch_all(&mut lab.owner().await).await.unwrap();
    rows.into_iter().map(|(key, number)| Step { key, number }).collect()
}

/// The numbers of one key's steps, as they were done.
pub fn numbers(steps: &[Step], key: &str) -> Vec<i64> {
    steps.iter().filter(|step| step.key == key).map(|step| step.number).collect()
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
        tokio::time::timeout(Duration::from_mins(2), self.tasks.wait()).await.expect("the engine stops");
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

pub async fn tenant_tx(lab: &Lab, tenant: TenantId) -> TenantTx {
    lab.databases.tenant(tenant, Actor::system("test")).await.unwrap()
}

pub async fn system_tx(lab: &Lab) -> SystemTx {
    lab.databases.system(Actor::system("test")).await.unwrap()
}

/// SQL of the owner that changes something, for example the time.
pub async fn tamper(lab: &Lab, statement: &'static str) -> u64 {
    sqlx::query(statement).execute(&mut lab.owner().await).await.unwrap().rows_affected()
}

/// One value, as the owner sees it.
pub async fn ask<T>(lab: &Lab, statement: &'static str) -> T
where
    T: Send + Unpin + sqlx::Type<sqlx::Postgres> + for<'r> sqlx::Decode<'r, sqlx::Postgres>,
{
    sqlx::query_scalar(statement).fetch_one(&mut lab.owner().await).await.unwrap()
}

/// Waits until the question is answered with yes, for as long as a slow machine may take.
pub async fn until<F: Future<Output = bool>>(what: &str, ask: impl Fn() -> F) {
    let waiting = async {
        while !ask().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(3), waiting)
        .await
        .unwrap_or_else(|_| panic!("not within three minutes: {what}"));
}

/// Rows of a table of the engine, seen by the owner.
pub async fn count(lab: &Lab, table: &str) -> i64 {
    let mut owner = lab.owner().await;
    let statement = sqlx::AssertSqlSafe(format!("select count(*) from system.{table}"));
    sqlx::query_scalar(statement).fetch_one(&mut owner).await.unwrap()
}

/// Nothing is left to do: no job, no lane, nothing delayed, no fact without its place.
pub async fn until_idle(lab: &Lab) {
    const IS_IDLE: &str = "select not exists (select from system.jobs) and not exists (select from system.lanes)
        and not exists (select from system.delayed_jobs) and not exists (select from system.outbox)";
    until("all jobs are done", || ask(lab, IS_IDLE)).await;
}
