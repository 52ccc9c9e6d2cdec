//! The event engine from end to end: jobs enqueued in transactions, done by handlers that commit one row each, on a
//! PostgreSQL of its own with fsync on; against single-row insert commits of pgbench on the same server.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
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
    clock::Clock,
    database,
    effects::{self, Plan as EffectPlan},
    ids::TenantId,
    installation,
    tenancy::Databases,
    tenants::{self, Home, Plan},
    vault::MasterKeys,
};
use socialai_jobs::{Context, Engine, Handled, Handlers, Limits, Settings};
use socialai_queue::{
    facts::{Fact, NewFact, Reader},
    jobs::{NewJob, Queue, Task},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Baseline, Report};

/// What is measured, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    pub time: Duration,
    pub backlog: u32,
    pub flood: u32,
}

const BENCH: Queue = Queue("bench");
const TENANTS: usize = 20;
/// Jobs of a tenant share so many keys.
const KEYS: u64 = 2_000;
const PRODUCERS: u64 = 16;
const SLOTS: usize = 24;

/// Commits one row.
#[derive(Debug, Serialize, Deserialize)]
struct WriteRow {
    number: u64,
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
    facts: AtomicU64,
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
    let bench = Arc::new(Bench::new(cluster, scope).await?);
    let (engine, stopping) = (TaskTracker::new(), CancellationToken::new());
    let settings = Settings { slots: SLOTS, ..Settings::default() };
    let readers = vec![Reader { name: "bench", only_subscribed: false, jobs: count_only }];
    let handlers = handlers(bench.board.clone());
    Engine::start(&bench.databases, handlers, readers, settings, stopping.clone(), engine.clone());

    progress("Warming up".to_owned());
    bench.sustained(1, Duration::from_secs(3)).await?;
    progress("Idle: from commit to the handler's start".to_owned());
    let idle = bench.steady(50, scope.time).await?;
    progress("Jobs enqueued in transactions of one".to_owned());
    let singles = bench.sustained(1, scope.time).await?;
    progress("Jobs enqueued in transactions of a hundred".to_owned());
    let hundreds = bench.sustained(100, scope.time).await?;
    progress("Half load".to_owned());
    let half = bench.steady(whole(hundreds / 2.0), scope.time).await?;
    progress("Fairness: one tenant floods, another goes on".to_owned());
    let fairness = bench.fairness().await?;
    progress("Facts, from the transaction to a reader".to_owned());
    let facts = bench.facts(scope.time).await?;
    progress(format!("A backlog of {}", scope.backlog));
    let (few, many) = bench.backlog().await?;
    stopping.cancel();
    engine.close();
    engine.wait().await;
    bench.databases.close().await;

    Ok(Report {
        name: "events",
        rate_per_s: hundreds,
        p50_ms: quantile(&idle, 0.5),
        p95_ms: quantile(&idle, 0.95),
        p99_ms: quantile(&idle, 0.99),
        baseline: Baseline { name: "pgbench single-row insert commits, 32 clients", rate_per_s: commits },
        ratio: hundreds / commits,
        details: json!({
            "jobs_per_s": { "transactions_of_1": singles, "transactions_of_100": hundreds },
            "commit_to_start_ms": {
                "idle": { "p50": quantile(&idle, 0.5), "p99": quantile(&idle, 0.99) },
                "half_load": { "p50": quantile(&half, 0.5), "p99": quantile(&half, 0.99) },
            },
            "fairness_p95_ms": fairness,
            "facts_per_s": { "postgresql": facts },
            "drain_jobs_per_s": { "small_backlog": few, "large_backlog": many, "large": scope.backlog, "ratio": many / few },
        }),
    })
}

/// A reader that only counts has nothing that follows.
fn count_only(fact: &Fact) -> Vec<NewJob> {
    let task = CountFact { last: fact.data["last"].as_bool().unwrap_or_default() };
    if task.last { NewJob::of(&task).into_iter().collect() } else { Vec::new() }
}

/// Follows from the last fact of a run.
#[derive(Debug, Serialize, Deserialize)]
struct CountFact {
    last: bool,
}

impl Task for CountFact {
    const KIND: &'static str = "bench.count_fact";
    const QUEUE: Queue = BENCH;

    fn key(&self) -> String {
        "facts".to_owned()
    }
}

fn handlers(board: Arc<Board>) -> Handlers {
    let facts = board.clone();
    Handlers::default()
        .with(Limits::default(), move |task: WriteRow, context: Context| write_row(task, context, board.clone()))
        .with(Limits::default(), move |_: CountFact, context: Context| {
            let facts = facts.clone();
            async move {
                let handled = context.finish_empty().await;
                facts.facts.fetch_add(1, Ordering::SeqCst);
                handled
            }
        })
}

async fn write_row(task: WriteRow, context: Context, board: Arc<Board>) -> Handled {
    let begun = Instant::now();
    let committed = lock(&board.committed).remove(&task.number);
    if let Some(committed) = committed {
        lock(&board.waits).push(begun.saturating_duration_since(committed));
    }
    let mut tx = context.tx().await?;
    let row = EffectPlan {
        kind: "bench.row",
        remote: "none".to_owned(),
        about_kind: "bench",
        about_id: "bench".to_owned(),
        idempotency_key: task.number.to_string(),
        request: json!({}),
    };
    effects::plan(&mut tx, row).await?;
    let done = context.finish(tx).await?;
    board.done.fetch_add(1, Ordering::Relaxed);
    Ok(done)
}

impl Bench {
    async fn new(cluster: &Cluster, scope: Scope) -> Result<Self> {
        let password = || hex::encode(rand::random::<[u8; 16]>());
        let admin = cluster.url("postgres").parse()?;
        let endpoints = vec![database::set_up(&admin, "bench", &password(), &password()).await?];
        database::migrate(&endpoints, &mut |_| {}).await?;
        let master_keys = MasterKeys::generate(1);
        let masters = Arc::new(move || MasterKeys::parse(secrecy::ExposeSecret::expose_secret(&master_keys)));
        let pool = database::pool(endpoints[0].app.clone(), 40);
        let databases = installation::open(pool, BTreeMap::new(), masters, Clock::default()).await?;
        let mut tenants = Vec::with_capacity(TENANTS);
        for number in 0..TENANTS {
            let (id, slug) = (TenantId::fresh(), format!("bench-{number}"));
            tenants::provision(&databases, &endpoints, id, &slug, &slug, &Home::Shared, Plan::Standard).await?;
            tenants.push(id);
        }
        let board = Arc::new(Board::default());
        Ok(Self { databases, tenants, board, numbers: AtomicU64::new(1), scope })
    }

    /// Enqueues so many jobs of one tenant in a transaction; answers the number of the first.
    async fn enqueue(&self, tenant: TenantId, jobs: u64, timed: bool) -> Result<()> {
        let first = self.numbers.fetch_add(jobs, Ordering::Relaxed);
        let mut tx = self.databases.tenant(tenant, Actor::system("bench")).await?;
        for number in first..first + jobs {
            tx.enqueue(&WriteRow { number })?;
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

    /// Jobs a second that go through, with producers that never pause but stay within a bound of what is done.
    async fn sustained(self: &Arc<Self>, per_transaction: u64, time: Duration) -> Result<f64> {
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
                    bench.enqueue(bench.tenant(turn), per_transaction, false).await?;
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
                    bench.enqueue(bench.tenant(number), 1, true).await?;
                    number += lanes;
                }
                Ok::<_, anyhow::Error>(())
            }
        });
        futures::future::try_join_all(producers).await?;
        self.until_done(before + total).await?;
        histogram(&std::mem::take(&mut *lock(&self.board.waits)))
    }

    /// The p95 of one tenant alone and while another floods.
    async fn fairness(self: &Arc<Self>) -> Result<serde_json::Value> {
        let alone = self.probe(Duration::from_secs(5)).await?;
        let (before, flood) = (self.done(), u64::from(self.scope.flood));
        let flooding = async {
            for _ in 0..flood / 1000 {
                self.enqueue(self.tenants[0], 1000, false).await?;
            }
            Ok::<_, anyhow::Error>(())
        };
        let probing = self.probe(Duration::from_secs(10));
        let (flooded, flooding) = tokio::join!(probing, flooding);
        flooding?;
        let flooded = flooded?;
        let left_while_probing = flood.saturating_sub(self.done() - before);
        self.until_done(before + flood / 1000 * 1000).await?;
        let (alone, flooded) = (quantile(&alone, 0.95), quantile(&flooded, 0.95));
        Ok(
            json!({ "alone": alone, "flooded": flooded, "ratio": flooded / alone, "flood": flood, "flood_left_at_end": left_while_probing }),
        )
    }

    async fn probe(self: &Arc<Self>, time: Duration) -> Result<Histogram<u64>> {
        lock(&self.board.waits).clear();
        let began = Instant::now();
        while began.elapsed() < time {
            self.enqueue(self.tenants[1], 1, true).await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        until(|| lock(&self.board.committed).is_empty()).await?;
        histogram(&std::mem::take(&mut *lock(&self.board.waits)))
    }

    /// Facts a second from transactions of a hundred to the reader's place.
    async fn facts(self: &Arc<Self>, time: Duration) -> Result<f64> {
        let (began, mut published) = (Instant::now(), 0);
        let before = self.board.facts.load(Ordering::SeqCst);
        while began.elapsed() < time {
            let batches = (0..PRODUCERS).map(|producer| self.publish(producer, 100, false));
            futures::future::try_join_all(batches).await?;
            published += PRODUCERS * 100;
        }
        self.publish(0, 1, true).await?;
        until(|| self.board.facts.load(Ordering::SeqCst) > before).await?;
        Ok(rate(published, began.elapsed()))
    }

    async fn publish(&self, turn: u64, facts: u32, last: bool) -> Result<()> {
        let mut tx = self.databases.tenant(self.tenant(turn), Actor::system("bench")).await?;
        for number in 0..facts {
            tx.publish(NewFact::new("bench.happened", 1, format!("key/{number}"), json!({ "last": last })));
        }
        Ok(tx.commit().await?)
    }

    /// Jobs a second with a small backlog, and in front of a large one.
    async fn backlog(self: &Arc<Self>) -> Result<(f64, f64)> {
        let few = self.drain(u64::from(self.scope.backlog / 20)).await?;
        let many = self.drain(u64::from(self.scope.backlog)).await?;
        Ok((few, many))
    }

    /// Fills up faster than is drained, then measures the draining of the first part.
    async fn drain(self: &Arc<Self>, backlog: u64) -> Result<f64> {
        let first = self.done();
        let fill = (0..PRODUCERS).map(|producer| {
            let bench = self.clone();
            async move {
                for turn in 0..backlog / PRODUCERS / 1000 {
                    bench.enqueue(bench.tenant(producer + turn), 1000, false).await?;
                }
                Ok::<_, anyhow::Error>(())
            }
        });
        futures::future::try_join_all(fill).await?;
        let (began, before) = (Instant::now(), self.done());
        let total = backlog / PRODUCERS / 1000 * 1000 * PRODUCERS;
        let part = (first + total - before).min(30_000);
        self.until_done(before + part).await?;
        let measured = rate(part, began.elapsed());
        self.until_done(first + total).await?;
        Ok(measured)
    }

    fn done(&self) -> u64 {
        self.board.done.load(Ordering::Relaxed)
    }

    async fn until_done(&self, number: u64) -> Result<()> {
        until(|| self.done() >= number).await
    }
}

async fn until(is_so: impl Fn() -> bool) -> Result<()> {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(30), waiting).await.context("the engine stands still")
}

/// Single-row insert commits a second.
async fn pgbench(cluster: &Cluster, time: Duration) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("insert.sql");
    std::fs::write(&script, "insert into single (n) values (1);\n")?;
    let bin = &cluster.installation().bin;
    let url = cluster.url("postgres");
    let made = tokio::process::Command::new(bin.join("psql"))
        .args([
            url.as_str(),
            "-q",
            "-c",
            "create table single (id bigint generated always as identity primary key, n int)",
        ])
        .status()
        .await?;
    anyhow::ensure!(made.success(), "psql could not make the table of the baseline");
    let seconds = time.as_secs().to_string();
    let output = tokio::process::Command::new(bin.join("pgbench"))
        .args(["-n", "-c", "32", "-j", "2", "-T", &seconds, "-f"])
        .arg(&script)
        .arg(&url)
        .output()
        .await
        .context("pgbench, which comes with PostgreSQL's server programs, is the baseline")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next()?.parse().ok());
    rate.with_context(|| {
        format!("pgbench said nothing that can be read: {text}{}", String::from_utf8_lossy(&output.stderr))
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn histogram(waits: &[Duration]) -> Result<Histogram<u64>> {
    let mut histogram = Histogram::new(3)?;
    for wait in waits {
        histogram.record(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX))?;
    }
    Ok(histogram)
}

fn quantile(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    precise(histogram.value_at_quantile(quantile)) / 1000.0
}

fn rate(number: u64, time: Duration) -> f64 {
    precise(number) / time.as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
fn precise(number: u64) -> f64 {
    number as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is positive and small")]
fn whole(rate: f64) -> u64 {
    rate as u64
}
