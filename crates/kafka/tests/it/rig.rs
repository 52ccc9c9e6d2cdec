//! What the tests share: tenants that publish numbered facts, a reader that turns each into a job, and a look at the jobs.

use std::{collections::BTreeMap, future::Future, sync::OnceLock, time::Duration};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use rdkafka::{
    ClientConfig,
    consumer::{BaseConsumer, Consumer},
};
use serde_json::{Value, json};
use socialai_domain::{
    audit::Actor,
    tenancy::Databases,
    tenants::{Home, Tenant},
};
use socialai_kafka::{Bus, Settings};
use socialai_queue::{
    bell,
    facts::{self, Fact, NewFact, Reader},
    jobs::{NewJob, Queue, Speed},
};
use socialai_testkit::{kafka::Broker, lab::Lab};
use sqlx::{Executor, PgConnection};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

/// A test that waits longer for something waits for what never comes.
const PATIENCE: Duration = Duration::from_mins(3);

pub const COUNTING: Reader = Reader { name: "counting", only_subscribed: false, jobs: follow };

/// One job for a numbered fact, two for a pair, none for anything else.
pub fn follow(fact: &Fact) -> Vec<NewJob> {
    let job = |key: &str, speed| NewJob {
        id: Uuid::now_v7(),
        queue: Queue("test"),
        kind: "test.job".to_owned(),
        key: key.to_owned(),
        speed,
        version: fact.version,
        payload: json!({ "fact": fact.fact_id, "n": fact.data["n"], "at": fact.at.unix_timestamp_nanos().to_string() }),
        due_at: None,
    };
    match fact.kind.as_str() {
        "test.numbered" => vec![job(&fact.key, Speed::Standard)],
        "test.pair" => vec![job("left", Speed::Fast), job("right", Speed::Standard)],
        _ => Vec::new(),
    }
}

pub fn settings(brokers: &str) -> Settings {
    Settings {
        brokers: brokers.to_owned(),
        prefix: format!("t{}", &Uuid::new_v4().simple().to_string()[..12]),
        partitions: 3,
        replication: 1,
        min_insync_replicas: 1,
        session_timeout: Duration::from_secs(6),
        ..Settings::default()
    }
}

/// A process of the program, as far as Kafka goes.
pub struct Process {
    pub bus: Bus,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Process {
    pub fn start(databases: &Databases, settings: &Settings) -> Self {
        let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
        let bus = Bus::new(databases, settings.clone(), stopping.clone(), tasks.clone()).expect("right settings");
        Self { bus, stopping, tasks }
    }

    pub fn carrying(databases: &Databases, settings: &Settings, readers: &[Reader]) -> Self {
        let process = Self::start(databases, settings);
        process.bus.carry(readers.to_vec());
        process
    }

    pub async fn stop(self) {
        self.stopping.cancel();
        self.tasks.close();
        tokio::time::timeout(PATIENCE, self.tasks.wait()).await.expect("everything ends when told to");
    }
}

/// A broker, a database of the test's own, and names of its own in both.
pub struct Rig {
    pub broker: Broker,
    pub lab: Lab,
    pub settings: Settings,
}

impl Rig {
    pub async fn new() -> Self {
        Self::with_shards(&[]).await
    }

    pub async fn with_shards(shards: &[&str]) -> Self {
        let broker = Broker::start().await;
        let settings = settings(&broker.address());
        Self { broker, lab: Lab::with_shards(shards).await, settings }
    }

    /// A process that carries facts to readers that are known already: what is published from here on reaches them.
    pub async fn carrying(&self, readers: &[Reader]) -> Process {
        let process = Process::carrying(&self.lab.databases, &self.settings, readers);
        self.ready().await;
        process
    }

    /// Until the relays have their places.
    pub async fn ready(&self) {
        let databases = &self.lab.databases;
        let shards: Vec<Option<&str>> = std::iter::once(None).chain(databases.shard_names().map(Some)).collect();
        for shard in shards {
            wait_for("the relay's place", async || relay_place(databases, shard).await.is_some().then_some(())).await;
        }
    }
}

pub async fn relay_place(databases: &Databases, shard: Option<&str>) -> Option<i64> {
    let mut tx = databases.system_at(shard, Actor::system("test")).await.unwrap();
    let place = sqlx::query_scalar("select position from system.readers where name = 'kafka'")
        .fetch_optional(tx.engine())
        .await
        .unwrap();
    tx.rollback().await.unwrap();
    place
}

/// Publishes facts of one kind, numbered, over keys in turn, in one transaction; then they get their place.
pub async fn publish(databases: &Databases, tenant: &Tenant, kind: &str, numbers: std::ops::Range<u32>, keys: u32) {
    let mut tx = databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
    for n in numbers {
        tx.publish(NewFact::new(kind, 1, format!("key/{}", n % keys), json!({ "n": n })));
    }
    tx.commit().await.unwrap();
    let place = databases.place(tenant.id).await.unwrap();
    give_place(databases, place.shard.as_deref()).await;
}

/// The same of a tenant whose door is shut by now.
pub async fn tell(
    databases: &Databases,
    shard: Option<&str>,
    tenant: &Tenant,
    numbers: std::ops::Range<u32>,
    keys: u32,
) {
    let fact = |n| NewFact::new("test.numbered", 1, format!("key/{}", n % keys), json!({ "n": n }));
    let mut tx = databases.system_at(shard, Actor::system("test")).await.unwrap();
    let now = tx.now();
    facts::write(tx.engine(), tenant.id.0, now, numbers.map(fact).collect()).await.unwrap();
    tx.commit().await.unwrap();
    give_place(databases, shard).await;
}

pub async fn give_place(databases: &Databases, shard: Option<&str>) {
    let mut tx = databases.system_at(shard, Actor::system("test")).await.unwrap();
    facts::place(tx.engine(), 10_000).await.unwrap();
    tx.commit().await.unwrap();
    databases.bell(shard).ring(bell::FACTS);
}

#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Job {
    pub tenant_id: Uuid,
    pub key: String,
    pub version: i16,
    pub payload: Value,
    pub trace: Option<String>,
}

/// The jobs of the test in a database, those of a key in their order.
pub async fn jobs(databases: &Databases, shard: Option<&str>) -> Vec<Job> {
    let mut tx = databases.system_at(shard, Actor::system("test")).await.unwrap();
    let jobs = sqlx::query_as(
        "select tenant_id, key, version, payload, trace from system.jobs where queue = 'test' order by tenant_id, key, seq",
    )
    .fetch_all(tx.engine())
    .await
    .unwrap();
    tx.rollback().await.unwrap();
    jobs
}

/// The numbers of a tenant's jobs by key, in their order.
pub fn numbers(jobs: &[Job], tenant: &Tenant) -> BTreeMap<String, Vec<u64>> {
    let mut numbers = BTreeMap::<_, Vec<_>>::new();
    for job in jobs.iter().filter(|job| job.tenant_id == tenant.id.0) {
        numbers.entry(job.key.clone()).or_default().push(job.payload["n"].as_u64().unwrap());
    }
    numbers
}

/// Every number once, and those of a key in their order.
pub fn assert_each_once(jobs: &[Job], tenant: &Tenant, numbers_until: u32, keys: u32) {
    let expected: BTreeMap<_, Vec<_>> = (0..keys)
        .map(|key| (format!("key/{key}"), (0..numbers_until).filter(|n| n % keys == key).map(u64::from).collect()))
        .filter(|(_, numbers): &(String, Vec<u64>)| !numbers.is_empty())
        .collect();
    assert_eq!(numbers(jobs, tenant), expected);
}

pub async fn wait_for_jobs(databases: &Databases, shard: Option<&str>, count: usize) -> Vec<Job> {
    wait_for(&format!("{count} jobs"), async || Some(jobs(databases, shard).await).filter(|jobs| jobs.len() >= count))
        .await
}

/// Looks until there is something to see.
pub async fn wait_for<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> T {
    let waiting = async {
        let mut often = tokio::time::interval(Duration::from_millis(20));
        loop {
            often.tick().await;
            if let Some(seen) = look().await {
                return seen;
            }
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

pub fn shard(name: &str) -> Home {
    Home::Shard(name.to_owned())
}

pub fn metrics() -> &'static PrometheusHandle {
    static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
    METRICS.get_or_init(|| PrometheusBuilder::new().install_recorder().unwrap())
}

/// A reader's sum over the partitions, once all three are told.
pub fn gauge(name: &str, reader: &str) -> Option<u32> {
    let text = metrics().render();
    let lines = text.lines().filter(|line| line.starts_with(name) && line.contains(reader));
    let values: Vec<u32> = lines.filter_map(|line| line.rsplit_once(' ')?.1.parse().ok()).collect();
    (values.len() == 3).then(|| values.iter().sum())
}

/// How many records the topic of facts has.
pub async fn records_of(rig: &Rig) -> i64 {
    let (brokers, topic) = (rig.broker.address(), format!("{}.facts", rig.settings.prefix));
    let count = tokio::task::spawn_blocking(move || {
        let client: BaseConsumer = ClientConfig::new().set("bootstrap.servers", brokers).create().unwrap();
        let ends =
            (0..3).map(|partition| client.fetch_watermarks(&topic, partition, Duration::from_secs(10)).unwrap().1);
        ends.sum()
    });
    count.await.unwrap()
}

/// Lets a database refuse all jobs, until the trigger `refuse` is dropped.
pub async fn refuse_jobs(owner: &mut PgConnection) {
    owner
        .execute(
            "create function system.refuse() returns trigger language plpgsql as $$ begin raise exception 'refused'; end $$;
             create trigger refuse before insert on system.jobs for each row execute function system.refuse()",
        )
        .await
        .unwrap();
}
