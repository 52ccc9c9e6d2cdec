//! Facts become jobs: the same as on PostgreSQL, in the order of their keys, each once.

use std::time::Duration;

use serde_json::json;
use socialai_domain::audit::Actor;
use socialai_jobs::{Engine, Handlers};
use socialai_queue::{
    dead_letters,
    facts::{NewFact, Reader},
    jobs::INSTALLATION,
};
use socialai_testkit::lab::Lab;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::rig::{
    COUNTING, Job, Process, Rig, assert_each_once, follow, give_place, jobs, publish, wait_for, wait_for_jobs,
};

const FOR_SUBSCRIBERS: Reader = Reader { name: "for_subscribers", only_subscribed: true, jobs: follow };

/// A story with several tenants, kinds and keys, one fact of the installation, and the jobs that follow from it.
async fn tell(lab: &Lab) -> Vec<Job> {
    let (one, two) = (lab.tenant().await, lab.tenant().await);
    let mut tx = lab.databases.tenant(one.id, Actor::system("test")).await.unwrap();
    tx.subscribe(FOR_SUBSCRIBERS.name, true).await.unwrap();
    tx.trace(Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()));
    tx.publish(NewFact::new("test.pair", 3, "pair", json!({ "n": 100, "text": "Zoë\u{7}" })));
    tx.publish(NewFact::new("test.silent", 1, "silent", json!(null)));
    tx.commit().await.unwrap();
    let mut tx = lab.databases.system(Actor::system("test")).await.unwrap();
    tx.publish(NewFact::new("test.numbered", 1, "upkeep", json!({ "n": 200 })));
    tx.commit().await.unwrap();
    publish(&lab.databases, &one, "test.numbered", 0..20, 4).await;
    publish(&lab.databases, &two, "test.numbered", 0..20, 3).await;
    // For each reader: 20 of each tenant, the pair, and the installation's; for subscribers only those of tenant one.
    let mut jobs = wait_for_jobs(&lab.databases, None, 43 + 22).await;
    for job in &mut jobs {
        // The two stories are told by different tenants, at different times.
        job.tenant_id = match job.tenant_id {
            id if id == one.id.0 => uuid::Uuid::from_u128(1),
            id if id == two.id.0 => uuid::Uuid::from_u128(2),
            id => id,
        };
        let fields = job.payload.as_object_mut().unwrap();
        assert!(fields.remove("fact").is_some() && fields.remove("at").is_some());
    }
    // Each reader keeps the order of a key; how two readers' jobs lie among each other is nobody's promise.
    jobs.sort_by_key(|job| (job.tenant_id, job.key.clone(), job.payload["n"].as_u64()));
    jobs
}

#[tokio::test(flavor = "multi_thread")]
async fn same_facts_give_the_same_jobs_on_both_buses() {
    let readers = vec![COUNTING, FOR_SUBSCRIBERS];
    let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
    let postgres = Lab::own().await;
    let engine = Engine::start(
        &postgres.databases,
        Handlers::default(),
        readers.clone(),
        socialai_jobs::Settings::default(),
        stopping.clone(),
        tasks.clone(),
    );
    wait_for("readers on PostgreSQL", async || (readers_at(&postgres).await == 2).then_some(())).await;
    let on_postgres = tell(&postgres).await;
    stopping.cancel();
    tasks.close();
    tasks.wait().await;
    drop(engine);

    let rig = Rig::new().await;
    let process = rig.carrying(&readers).await;
    let on_kafka = tell(&rig.lab).await;
    process.stop().await;
    assert_eq!(on_kafka, on_postgres);
}

async fn readers_at(lab: &Lab) -> i64 {
    let mut tx = lab.databases.system(Actor::system("test")).await.unwrap();
    let count = sqlx::query_scalar("select count(*) from system.readers").fetch_one(tx.engine()).await.unwrap();
    tx.rollback().await.unwrap();
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_of_a_key_become_jobs_in_their_order() {
    let rig = Rig::new().await;
    let tenant = rig.lab.tenant().await;
    let process = rig.carrying(&[COUNTING]).await;
    for start in (0..600).step_by(50) {
        publish(&rig.lab.databases, &tenant, "test.numbered", start..start + 50, 17).await;
    }
    let jobs = wait_for_jobs(&rig.lab.databases, None, 600).await;
    assert_each_once(&jobs, &tenant, 600, 17);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reader_goes_on_after_a_stop_where_it_was() {
    let rig = Rig::new().await;
    let tenant = rig.lab.tenant().await;
    let process = rig.carrying(&[COUNTING]).await;
    publish(&rig.lab.databases, &tenant, "test.numbered", 0..50, 5).await;
    wait_for_jobs(&rig.lab.databases, None, 50).await;
    process.stop().await;
    publish(&rig.lab.databases, &tenant, "test.numbered", 50..100, 5).await;
    let process = Process::carrying(&rig.lab.databases, &rig.settings, &[COUNTING]);
    let jobs = wait_for_jobs(&rig.lab.databases, None, 100).await;
    assert_each_once(&jobs, &tenant, 100, 5);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn change_from_postgresql_to_kafka_loses_nothing_and_repeats_nothing() {
    let rig = Rig::new().await;
    let tenant = rig.lab.tenant().await;
    let databases = &rig.lab.databases;
    let readers = [COUNTING, Reader { name: "slow", only_subscribed: false, jobs: |_| Vec::new() }];
    // PostgreSQL carried: one reader had come to the end, the other not.
    give_place(databases, None).await;
    let mut tx = databases.system(Actor::system("test")).await.unwrap();
    for reader in &readers {
        socialai_queue::facts::take_place(tx.engine(), reader.name).await.unwrap();
    }
    tx.commit().await.unwrap();
    publish(databases, &tenant, "test.numbered", 0..10, 2).await;
    let mut tx = databases.system(Actor::system("test")).await.unwrap();
    let newest = socialai_queue::facts::newest(tx.engine()).await.unwrap();
    socialai_queue::facts::move_place(tx.engine(), COUNTING.name, newest).await.unwrap();
    tx.commit().await.unwrap();
    publish(databases, &tenant, "test.numbered", 10..30, 2).await;

    let process = rig.carrying(&readers).await;
    publish(databases, &tenant, "test.numbered", 30..40, 2).await;
    let mut found = wait_for_jobs(databases, None, 30).await;
    found.retain(|job| job.payload["n"].as_u64().is_some_and(|n| n < 10));
    assert_eq!(found, [], "what was read on PostgreSQL is not read again");
    assert_eq!(jobs(databases, None).await.len(), 30);
    assert_eq!(readers_at(&rig.lab).await, 1, "only the relay has a place on PostgreSQL");
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn record_that_nobody_can_read_is_kept_and_holds_up_nothing() {
    let rig = Rig::new().await;
    let tenant = rig.lab.tenant().await;
    let process = rig.carrying(&[COUNTING]).await;
    let topic = format!("{}.facts", rig.settings.prefix);
    let poison: [&[u8]; 4] = [b"\xff\x00not text", b"{}", b"{\"envelope\":2,\"body\":1}", b"a\0b"];
    let producer: rdkafka::producer::FutureProducer =
        rdkafka::ClientConfig::new().set("bootstrap.servers", rig.broker.address()).create().unwrap();
    publish(&rig.lab.databases, &tenant, "test.numbered", 0..10, 3).await;
    for partition in 0..3 {
        for value in poison {
            let record = rdkafka::producer::FutureRecord::<(), [u8]>::to(&topic).partition(partition).payload(value);
            producer.send(record, Duration::from_secs(10)).await.unwrap();
        }
    }
    publish(&rig.lab.databases, &tenant, "test.numbered", 10..20, 3).await;

    let jobs = wait_for_jobs(&rig.lab.databases, None, 20).await;
    assert_each_once(&jobs, &tenant, 20, 3);
    let letters = wait_for("12 dead letters", async || {
        let mut tx = rig.lab.databases.system(Actor::system("test")).await.unwrap();
        let filter = dead_letters::Filter { tenant: Some(INSTALLATION), ..dead_letters::Filter::default() };
        let letters = dead_letters::list(tx.engine(), &filter, None, 100).await.unwrap();
        tx.rollback().await.unwrap();
        Some(letters).filter(|letters| letters.len() >= 12)
    })
    .await;
    assert!(letters.iter().all(|letter| letter.reason == "unreadable_fact" && letter.attempts == 1));
    let raw: std::collections::BTreeSet<_> = letters.iter().map(|letter| letter.payload["value"].to_string()).collect();
    assert_eq!(letters.len(), 12);
    assert!(raw.contains(&json!({ "text": "{\"envelope\":2,\"body\":1}" }).to_string()), "{raw:?}");
    assert!(raw.contains(&json!({ "base64": "/wBub3QgdGV4dA==" }).to_string()), "{raw:?}");
    let newer = letters.iter().find(|letter| letter.payload["value"]["text"] == "{\"envelope\":2,\"body\":1}").unwrap();
    assert_eq!(newer.errors[0]["error"], "its envelope has version 2; this program reads up to 1");
    process.stop().await;
}

/// Panics on one number; of another makes a job whose key no lane may have.
const TROUBLED: Reader = Reader {
    name: "troubled",
    only_subscribed: false,
    jobs: |fact| {
        let mut jobs = follow(fact);
        match fact.data["n"].as_i64() {
            Some(3) => panic!("three is too many"),
            Some(5) => jobs[0].key = "x".repeat(201),
            _ => {}
        }
        jobs
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn fact_that_breaks_its_reader_is_kept_and_holds_up_nothing() {
    let rig = Rig::new().await;
    let tenant = rig.lab.tenant().await;
    let process = rig.carrying(&[TROUBLED]).await;
    publish(&rig.lab.databases, &tenant, "test.numbered", 0..8, 1).await;
    let jobs = wait_for_jobs(&rig.lab.databases, None, 6).await;
    assert_eq!(jobs.iter().map(|job| job.payload["n"].as_i64().unwrap()).collect::<Vec<_>>(), [0, 1, 2, 4, 6, 7]);
    let letters = wait_for("both letters", async || {
        let mut tx = rig.lab.databases.system(Actor::system("test")).await.unwrap();
        let letters = dead_letters::list(tx.engine(), &dead_letters::Filter::default(), None, 10).await.unwrap();
        tx.rollback().await.unwrap();
        Some(letters).filter(|letters| letters.len() >= 2)
    })
    .await;
    let mut told: Vec<_> = letters
        .iter()
        .map(|letter| (letter.payload["fact"]["data"]["n"].as_i64().unwrap(), letter.reason.as_str(), letter.tenant_id))
        .collect();
    told.sort_unstable();
    assert_eq!(told, [3, 5].map(|n| (n, "unreadable_fact", tenant.id.0)));
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fact_that_is_too_long_for_a_record_is_kept_and_holds_up_nothing() {
    let mut rig = Rig::new().await;
    rig.settings.record_limit = 20_000;
    let tenant = rig.lab.tenant().await;
    let process = rig.carrying(&[COUNTING]).await;
    let mut tx = rig.lab.databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
    tx.publish(NewFact::new("test.numbered", 1, "key/0", json!({ "n": 0, "text": "x".repeat(30_000) })));
    tx.commit().await.unwrap();
    publish(&rig.lab.databases, &tenant, "test.numbered", 1..3, 1).await;
    let jobs = wait_for_jobs(&rig.lab.databases, None, 2).await;
    assert_eq!(jobs.iter().map(|job| job.payload["n"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2]);
    let mut tx = rig.lab.databases.system(Actor::system("test")).await.unwrap();
    let letters = dead_letters::list(tx.engine(), &dead_letters::Filter::default(), None, 10).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].reason.as_str(), &letters[0].payload["data"]["n"]), ("oversized_fact", &json!(0)));
    process.stop().await;
}
