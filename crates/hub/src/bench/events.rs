//! The event engine from end to end: jobs enqueued in transactions, done by handlers that commit one row each, on a
//! PostgreSQL of its own with fsync on; against single-row insert commits of pgbench on the same server.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use serde_json::json;
use socialai_cluster::{Cluster, Options};
use socialai_domain::{
    audit::Actor,
    effects::{self, Plan},
    ids::TenantId,
    tenancy::{Databases, TenantTx},
};
use socialai_jobs::{Context, Engine, Handled, Handlers, Limits, Settings};
use socialai_queue::{
    facts::{Fact, NewFact, Reader},
    jobs::{self, NewJob, Queue, Task},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Baseline, Report,
    ground::{Ground, histogram, lock, pgbench, precise, quantile, rate, until, whole},
};

/// What is measured, and for how long.
#[derive(Debug, Clone)]
pub struct Scope {
    pub time: Duration,
    pub backlog: u32,
    pub flood: u32,
    /// Jobs that go through before the claim is measured once more; none: it is not.
    pub churn: u32,
    /// Brokers of a cluster through which facts are measured, too.
    pub kafka: Option<String>,
}

const BENCH: Queue = Queue("bench");
const TENANTS: usize = 20;
/// Jobs of a tenant share so many keys.
const KEYS: u64 = 2_000;
const FACTS_OF_A_TRANSACTION: u64 = 100;
const FACTS_AHEAD: u64 = 4_000;
const PRODUCERS: u64 = 16;
/// What a large backlog is compared with; as many are drained of both while it is measured.
const SMALL_BACKLOG: u64 = 32_000;

/// Commits one row, in a transaction of its own.
#[derive(Debug, Serialize, Deserialize)]
struct WriteRow {
    number: u64,
}

/// The same as a local job: those of one workspace share a transaction.
#[derive(Debug, Serialize, Deserialize)]
struct WriteRowLocally {
    number: u64,
}

impl Task for WriteRowLocally {
    const KIND: &'static str = "bench.write_row_locally";
    const QUEUE: Queue = Queue("bench_local");

    fn key(&self) -> String {
        format!("key/{}", self.number % KEYS)
    }
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Handler {
    Alone,
    Local,
}

impl Task for WriteRow {
    const KIND: &'static str = "bench.write_row";
    const QUEUE: Queue = BENCH;

    fn key(&self) -> String {
        format!("key/{}", self.number % KEYS)
    }
}

/// What the handlers and the producers tell each other.
#[derive(Default)]
struct Board {
    done: AtomicU64,
    /// Commits whose handler has not begun, by number; only where latency is measured.
    committed: Mutex<BTreeMap<u64, Instant>>,
    waits: Mutex<Vec<Duration>>,
}

pub async fn run(scope: Scope, progress: &mut (dyn FnMut(String) + Send)) -> Result<Report> {
    let folder = tempfile::tempdir().context("a temporary folder for the benchmark's data")?;
    progress("Starting a PostgreSQL of its own (fsync on)".to_owned());
    let options = Options { folder: folder.path().join("postgres"), durable: true, max_connections: 200 };
    let cluster = Cluster::start(options, &mut |_| {}).await?;
    let outcome = measure(&cluster, scope, progress).await;
    cluster.stop().await?;
    outcome
}

/// One engine on its database, with what is needed to load it.
struct Bench {
    databases: Databases,
    tenants: Vec<TenantId>,
    board: Arc<Board>,
    numbers: AtomicU64,
    scope: Scope,
}

async fn measure(cluster: &Cluster, scope: Scope, progress: &mut (dyn FnMut(String) + Send)) -> Result<Report> {
    progress("Baseline: single-row insert commits of pgbench, 32 clients".to_owned());
    let commits = pgbench(cluster, scope.time).await?;
    let bench = Arc::new(Bench::new(cluster, scope.clone()).await?);
    let (engine, stopping) = (TaskTracker::new(), CancellationToken::new());
    let settings = Settings::default();
    let handlers = handlers(bench.board.clone());
    Engine::start(&bench.databases, handlers, vec![READER], settings, stopping.clone(), engine.clone());

    progress(format!("  {commits:.0} commits/s"));
    progress("Warming up".to_owned());
    bench.sustained(Handler::Local, 1, Duration::from_secs(3)).await?;
    progress("Idle: from commit to the handler's start".to_owned());
    let idle = bench.steady(50, scope.time).await?;
    progress(format!("  p50 {:.2} ms, p99 {:.2} ms", quantile(&idle, 0.5), quantile(&idle, 0.99)));
    progress("Jobs enqueued in transactions of one".to_owned());
    let (alone_1, local_1) = bench.both(1, progress).await?;
    progress("Jobs enqueued in transactions of a hundred".to_owned());
    let (alone_100, local_100) = bench.both(100, progress).await?;
    progress("Half load".to_owned());
    let half = bench.steady(whole(local_1 / 2.0), scope.time).await?;
    progress(format!("  p50 {:.2} ms, p99 {:.2} ms", quantile(&half, 0.5), quantile(&half, 0.99)));
    progress("Fairness: one tenant floods, another goes on".to_owned());
    let fairness = Box::pin(bench.fairness()).await?;
    progress(format!(
        "  p95 {:.2} ms alone, {:.2} ms while the flood is written, {:.2} ms while it is done",
        fairness.alone, fairness.written, fairness.drained
    ));
    progress("Facts, from the transaction to a reader".to_owned());
    let facts = bench.facts(scope.time).await?;
    progress(format!("  {facts:.0} facts/s"));
    let churned = match scope.churn {
        0 => None,
        jobs => {
            progress(format!("{jobs} jobs go through"));
            let (rate, idle) = bench.churn(jobs.into()).await?;
            progress(format!("  {rate:.0} local jobs/s after them, idle p50 {:.2} ms", quantile(&idle, 0.5)));
            Some(json!({
                "jobs": jobs, "jobs_per_s": rate, "ratio": rate / local_100,
                "idle_commit_to_start_ms": { "p50": quantile(&idle, 0.5), "p99": quantile(&idle, 0.99) },
            }))
        }
    };
    progress(format!("A backlog of {}", scope.backlog));
    let (few, many) = bench.backlog().await?;
    progress(format!("  {many:.0} jobs/s, {few:.0} with a small one"));
    stopping.cancel();
    engine.close();
    engine.wait().await;
    bench.check().await?;
    let facts_on_kafka = match &bench.scope.kafka {
        None => None,
        Some(brokers) => {
            progress(format!("Facts through Kafka at {brokers}"));
            Some(bench.facts_on_kafka(brokers).await?)
        }
    };
    bench.databases.close().await;

    Ok(Report {
        name: "events",
        rate_per_s: local_100,
        p50_ms: quantile(&idle, 0.5),
        p95_ms: quantile(&idle, 0.95),
        p99_ms: quantile(&idle, 0.99),
        baseline: Baseline { name: "pgbench single-row insert commits, 32 clients", rate_per_s: commits },
        ratio: local_100 / commits,
        details: json!({
            "jobs_per_s": {
                "alone": { "enqueued_in_transactions_of_1": alone_1, "of_100": alone_100 },
                "local": { "enqueued_in_transactions_of_1": local_1, "of_100": local_100 },
            },
            "commit_to_start_ms": {
                "idle": { "p50": quantile(&idle, 0.5), "p99": quantile(&idle, 0.99) },
                "half_load": { "p50": quantile(&half, 0.5), "p99": quantile(&half, 0.99) },
            },
            "fairness_p95_ms": {
                "alone": fairness.alone, "flood_is_written": fairness.written, "flood_is_done": fairness.drained,
                "ratio": fairness.drained / fairness.alone, "flood": scope.flood,
            },
            "after_churn": churned,
            "facts_per_s": { "postgresql": facts, "kafka": facts_on_kafka },
            "drain_jobs_per_s": { "small_backlog": few, "large_backlog": many, "large": scope.backlog, "ratio": many / few },
        }),
    })
}

/// The p95 of one tenant in milliseconds.
struct Fairness {
    alone: f64,
    /// While the flood is written.
    written: f64,
    /// While what is left of it is done.
    drained: f64,
}

/// Facts that the reader was shown.
static FACTS_READ: AtomicU64 = AtomicU64::new(0);

/// A reader that only counts has nothing that follows.
fn count_only(_: &Fact) -> Vec<NewJob> {
    FACTS_READ.fetch_add(1, Ordering::Relaxed);
    Vec::new()
}

const READER: Reader = Reader { name: "bench", only_subscribed: false, jobs: count_only };

fn handlers(board: Arc<Board>) -> Handlers {
    let local = board.clone();
    Handlers::default()
        .with(Limits::default(), move |task: WriteRow, context: Context| write_row(task, context, board.clone()))
        .with_local(Limits::default(), move |tx, task: WriteRowLocally| {
            let board = local.clone();
            Box::pin(async move {
                board.begun(task.number);
                plan(tx, task.number).await?;
                // Counted a moment before the commit; each phase waits until nothing is left in the database.
                board.done.fetch_add(1, Ordering::Relaxed);
                Ok(())
            })
        })
}

async fn write_row(task: WriteRow, context: Context, board: Arc<Board>) -> Handled {
    board.begun(task.number);
    let mut tx = context.tx().await?;
    plan(&mut tx, task.number).await?;
    let done = context.finish(tx).await?;
    board.done.fetch_add(1, Ordering::Relaxed);
    Ok(done)
}

async fn plan(tx: &mut TenantTx, number: u64) -> socialai_domain::problems::Result<()> {
    let row = Plan {
        kind: "bench.row",
        remote: "none".to_owned(),
        about_kind: "bench",
        about_id: "bench".to_owned(),
        idempotency_key: number.to_string(),
        request: json!({}),
    };
    effects::plan(tx, row).await?;
    Ok(())
}

impl Board {
    fn begun(&self, number: u64) {
        let begun = Instant::now();
        let committed = lock(&self.committed).remove(&number);
        if let Some(committed) = committed {
            lock(&self.waits).push(begun.saturating_duration_since(committed));
        }
    }
}

impl Bench {
    async fn new(cluster: &Cluster, scope: Scope) -> Result<Self> {
        let Ground { databases, tenants } = Ground::new(cluster, TENANTS).await?;
        Ok(Self { databases, tenants, board: Arc::default(), numbers: AtomicU64::new(1), scope })
    }

    /// Enqueues so many jobs of one tenant in a transaction; answers the number of the first.
    async fn enqueue(&self, handler: Handler, tenant: TenantId, jobs: u64, timed: bool) -> Result<()> {
        let first = self.numbers.fetch_add(jobs, Ordering::Relaxed);
        let mut tx = self.databases.tenant(tenant, Actor::system("bench")).await?;
        for number in first..first + jobs {
            match handler {
                Handler::Alone => tx.enqueue(&WriteRow { number })?,
                Handler::Local => tx.enqueue(&WriteRowLocally { number })?,
            };
        }
        if timed {
            // Noted before the commit, which the handler may overtake; set right after it.
            lock(&self.board.committed).extend((first..first + jobs).map(|number| (number, Instant::now())));
        }
        tx.commit().await?;
        if timed {
            let now = Instant::now();
            let mut committed = lock(&self.board.committed);
            (first..first + jobs).for_each(|number| {
                committed.entry(number).and_modify(|at| *at = now);
            });
        }
        Ok(())
    }

    fn tenant(&self, number: u64) -> TenantId {
        self.tenants[usize::try_from(number).unwrap_or_default() % TENANTS]
    }

    /// Jobs a second of both handlers.
    async fn both(
        self: &Arc<Self>,
        per_transaction: u64,
        progress: &mut (dyn FnMut(String) + Send),
    ) -> Result<(f64, f64)> {
        let alone = self.sustained(Handler::Alone, per_transaction, self.scope.time).await?;
        progress(format!("  {alone:.0} jobs/s, each in a transaction of its own"));
        let local = self.sustained(Handler::Local, per_transaction, self.scope.time).await?;
        progress(format!("  {local:.0} local jobs/s"));
        Ok((alone, local))
    }

    /// Jobs a second that go through, with producers that never pause but stay within a bound of what is done.
    async fn sustained(self: &Arc<Self>, handler: Handler, per_transaction: u64, time: Duration) -> Result<f64> {
        const AHEAD: u64 = 20_000;
        let (began, before) = (Instant::now(), self.done());
        let enqueued = Arc::new(AtomicU64::new(before));
        let producers = (0..PRODUCERS).map(|producer| {
            let (bench, enqueued) = (self.clone(), enqueued.clone());
            async move {
                let mut turn = producer;
                while began.elapsed() < time {
                    if enqueued.load(Ordering::Relaxed) > bench.done() + AHEAD {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                        continue;
                    }
                    enqueued.fetch_add(per_transaction, Ordering::Relaxed);
                    bench.enqueue(handler, bench.tenant(turn), per_transaction, false).await?;
                    turn += 1;
                }
                Ok::<_, anyhow::Error>(())
            }
        });
        futures::future::try_join_all(producers).await?;
        let all = enqueued.load(Ordering::Relaxed);
        self.until_done(all).await?;
        Ok(rate(all - before, began.elapsed()))
    }

    /// Latencies from commit to start at a steady rate.
    async fn steady(self: &Arc<Self>, per_second: u64, time: Duration) -> Result<Histogram<u64>> {
        lock(&self.board.waits).clear();
        let began = Instant::now();
        let before = self.done();
        let total = per_second * time.as_secs();
        let lanes = PRODUCERS.min(per_second.max(1));
        let producers = (0..lanes).map(|lane| {
            let bench = self.clone();
            async move {
                let mut number = lane;
                while number < total {
                    let due = began + Duration::from_secs_f64(precise(number) / precise(per_second));
                    tokio::time::sleep_until(due.into()).await;
                    bench.enqueue(Handler::Local, bench.tenant(number), 1, true).await?;
                    number += lanes;
                }
                Ok::<_, anyhow::Error>(())
            }
        });
        futures::future::try_join_all(producers).await?;
        self.until_done(before + total).await?;
        histogram(&std::mem::take(&mut *lock(&self.board.waits)))
    }

    /// The p95 of one tenant alone, while another's flood is written, and while what is left of it is done.
    async fn fairness(self: &Arc<Self>) -> Result<Fairness> {
        let began = Instant::now();
        let alone = self.probe(|| began.elapsed() > self.scope.time).await?;
        let (before, flood) = (self.done(), u64::from(self.scope.flood) / 1000 * 1000);
        let flooding = async {
            for _ in 0..flood / 1000 {
                self.enqueue(Handler::Local, self.tenants[0], 1000, false).await?;
            }
            Ok::<_, anyhow::Error>(())
        };
        let is_written = AtomicBool::new(false);
        let (written, flooded) = tokio::join!(
            async {
                let flooded = flooding.await;
                is_written.store(true, Ordering::Relaxed);
                flooded
            },
            self.probe(|| is_written.load(Ordering::Relaxed)),
        );
        written?;
        let drained = self.probe(|| self.done() >= before + flood).await?;
        self.until_done(before + flood).await?;
        let p95 = |waits: &Histogram<u64>| quantile(waits, 0.95);
        Ok(Fairness { alone: p95(&alone), written: p95(&flooded?), drained: p95(&drained) })
    }

    /// Latencies of single jobs of one tenant, until something has happened.
    async fn probe(self: &Arc<Self>, is_over: impl Fn() -> bool) -> Result<Histogram<u64>> {
        lock(&self.board.waits).clear();
        while !is_over() {
            self.enqueue(Handler::Local, self.tenants[1], 1, true).await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        until(|| lock(&self.board.committed).is_empty()).await?;
        histogram(&std::mem::take(&mut *lock(&self.board.waits)))
    }

    /// Facts a second from transactions of a hundred to the reader, with publishers that stay within a bound of what was
    /// read: a slow bus is measured and not filled.
    async fn facts(self: &Arc<Self>, time: Duration) -> Result<f64> {
        let (began, before, mut published) = (Instant::now(), FACTS_READ.load(Ordering::Relaxed), 0);
        let read = || FACTS_READ.load(Ordering::Relaxed) - before;
        while began.elapsed() < time {
            if published > read() + FACTS_AHEAD {
                tokio::time::sleep(Duration::from_millis(1)).await;
                continue;
            }
            let batches = (0..PRODUCERS).map(|producer| self.publish(producer));
            futures::future::try_join_all(batches).await?;
            published += PRODUCERS * FACTS_OF_A_TRANSACTION;
        }
        until(|| read() >= published).await?;
        Ok(rate(published, began.elapsed()))
    }

    async fn publish(&self, turn: u64) -> Result<()> {
        let mut tx = self.databases.tenant(self.tenant(turn), Actor::system("bench")).await?;
        for number in 0..FACTS_OF_A_TRANSACTION {
            tx.publish(NewFact::new("bench.happened", 1, format!("key/{number}"), json!({ "number": number })));
        }
        Ok(tx.commit().await?)
    }

    /// The same with Kafka between the outbox and the reader.
    #[cfg(feature = "kafka")]
    async fn facts_on_kafka(self: &Arc<Self>, brokers: &str) -> Result<f64> {
        use socialai_kafka::{Bus, Settings as Kafka};
        let (tasks, stopping) = (TaskTracker::new(), CancellationToken::new());
        let settings = Settings { carries_facts: false, ..Settings::default() };
        // Nobody works off what is left of the backlog meanwhile.
        let nothing = Handlers::default();
        Engine::start(&self.databases, nothing, Vec::new(), settings, stopping.clone(), tasks.clone());
        let kafka = Kafka {
            brokers: brokers.to_owned(),
            prefix: format!("bench-{}", hex::encode(rand::random::<[u8; 4]>())),
            replication: 1,
            min_insync_replicas: 1,
            ..Kafka::default()
        };
        Bus::new(&self.databases, kafka, stopping.clone(), tasks.clone())?.carry(vec![READER]);
        // The first facts wait for the topic and for the group's partitions.
        let before = FACTS_READ.load(Ordering::Relaxed);
        self.publish(0).await?;
        until(|| FACTS_READ.load(Ordering::Relaxed) >= before + FACTS_OF_A_TRANSACTION).await?;
        let rate = self.facts(self.scope.time).await?;
        stopping.cancel();
        tasks.close();
        tasks.wait().await;
        Ok(rate)
    }

    #[cfg(not(feature = "kafka"))]
    #[expect(clippy::unused_async, reason = "as with Kafka")]
    async fn facts_on_kafka(self: &Arc<Self>, _: &str) -> Result<f64> {
        anyhow::bail!("this program was built without the feature `kafka`")
    }

    /// Jobs a second and latencies from commit to start after so many have gone through.
    async fn churn(self: &Arc<Self>, jobs: u64) -> Result<(f64, Histogram<u64>)> {
        let until = self.done() + jobs;
        while self.done() < until {
            self.sustained(Handler::Local, 100, self.scope.time).await?;
        }
        let rate = self.sustained(Handler::Local, 100, self.scope.time).await?;
        Ok((rate, self.steady(50, self.scope.time).await?))
    }

    /// Jobs a second with a small backlog, and in front of a large one, most of which is left.
    async fn backlog(self: &Arc<Self>) -> Result<(f64, f64)> {
        let few = self.drain(SMALL_BACKLOG).await?;
        self.until_done(self.enqueued()).await?;
        let many = self.drain(u64::from(self.scope.backlog)).await?;
        Ok((few, many))
    }

    /// Fills up faster than is drained, then measures the draining of the first part.
    async fn drain(self: &Arc<Self>, backlog: u64) -> Result<f64> {
        let fill = (0..PRODUCERS).map(|producer| {
            let bench = self.clone();
            async move {
                for turn in 0..backlog / PRODUCERS / 1000 {
                    bench.enqueue(Handler::Local, bench.tenant(producer + turn), 1000, false).await?;
                }
                Ok::<_, anyhow::Error>(())
            }
        });
        futures::future::try_join_all(fill).await?;
        let (began, before) = (Instant::now(), self.done());
        let part = (self.enqueued() - before).min(SMALL_BACKLOG - 2_000);
        self.until_done(before + part).await?;
        Ok(rate(part, began.elapsed()))
    }

    /// Each job waits, or was done and its row is there once.
    async fn check(&self) -> Result<()> {
        let (mut rows, enqueued) = (0, self.enqueued());
        for tenant in &self.tenants {
            let mut tx = self.databases.tenant(*tenant, Actor::system("bench")).await?;
            rows += effects::count(&mut tx).await?;
            tx.rollback().await?;
        }
        let mut tx = self.databases.system(Actor::system("bench")).await?;
        let backlog = jobs::backlog(tx.engine(), i64::MAX).await?;
        tx.rollback().await?;
        let of_ours = |of: &&jobs::Backlog| [WriteRow::QUEUE.0, WriteRowLocally::QUEUE.0].contains(&of.queue.as_str());
        let waiting = u64::try_from(backlog.iter().filter(of_ours).map(|of| of.jobs).sum::<i64>())?;
        anyhow::ensure!(
            rows + waiting == enqueued,
            "{enqueued} jobs were enqueued, {waiting} of them wait, and {rows} rows are there"
        );
        Ok(())
    }

    fn enqueued(&self) -> u64 {
        self.numbers.load(Ordering::Relaxed) - 1
    }

    fn done(&self) -> u64 {
        self.board.done.load(Ordering::Relaxed)
    }

    async fn until_done(&self, number: u64) -> Result<()> {
        until(|| self.done() >= number).await
    }
}
