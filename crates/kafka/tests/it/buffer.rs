//! The ingestion buffer: what is put in is in the database once, whatever dies meanwhile, and nobody waits for a cluster
//! that is away.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig,
    producer::{FutureProducer, FutureRecord},
};
use serde_json::json;
use socialai_domain::{
    audit::Actor,
    channels::{Ingest, Platform, inbound::Delivery},
    ids::InboundId,
    tenancy::Databases,
};
use socialai_kafka::{Buffer, PutError};
use socialai_queue::dead_letters;
use sqlx::{Executor, types::Json};

use crate::rig::{Process, Rig, wait_for};

fn delivery(databases: &Databases, text: &str) -> Delivery {
    Delivery {
        platform: Platform::Facebook,
        app_tenant: None,
        received_at: databases.now(),
        body: text.as_bytes().to_vec(),
        headers: json!({}),
    }
}

/// A process that takes in, once the topic is there. It has one delivery by then.
async fn taking_in(rig: &Rig) -> (Process, Buffer) {
    let process = Process::start(&rig.lab.databases, &rig.settings);
    process.bus.take_in();
    let buffer = Buffer::open(&rig.settings).unwrap();
    let first = delivery(&rig.lab.databases, "first");
    wait_for("the topic", async || buffer.put(&first).await.ok()).await;
    (process, buffer)
}

/// What is in the database: how often each body is there, and is read by a job.
async fn kept(databases: &Databases) -> BTreeMap<String, (usize, usize)> {
    let mut tx = databases.system(Actor::system("test")).await.unwrap();
    let rows: Vec<(InboundId, Vec<u8>)> =
        sqlx::query_as("select id, body from system.inbound").fetch_all(tx.engine()).await.unwrap();
    let jobs: Vec<Json<Ingest>> =
        sqlx::query_scalar("select payload from system.jobs where queue = 'social' and kind = 'channels.ingest'")
            .fetch_all(tx.engine())
            .await
            .unwrap();
    tx.rollback().await.unwrap();
    let mut kept = BTreeMap::<_, (usize, usize)>::new();
    for (id, body) in rows {
        let (times, reads) = kept.entry(String::from_utf8(body).unwrap()).or_default();
        *times += 1;
        *reads += jobs.iter().flat_map(|job| &job.deliveries).filter(|read| **read == id).count();
    }
    kept
}

async fn wait_for_kept(databases: &Databases, count: usize) -> BTreeMap<String, (usize, usize)> {
    wait_for("deliveries", async || Some(kept(databases).await).filter(|kept| kept.len() >= count)).await
}

fn assert_each_once(kept: &BTreeMap<String, (usize, usize)>, texts: impl Iterator<Item = String>) {
    let expected: BTreeMap<_, _> = texts.chain(["first".to_owned()]).map(|text| (text, (1, 1))).collect();
    assert_eq!(*kept, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_in_is_in_the_database_once_also_after_a_restart_and_a_repetition() {
    let rig = Rig::new().await;
    let databases = &rig.lab.databases;
    let (process, buffer) = taking_in(&rig).await;
    for n in 0..60 {
        buffer.put(&delivery(databases, &n.to_string())).await.unwrap();
    }
    wait_for_kept(databases, 61).await;
    process.stop().await;
    for n in 40..80 {
        buffer.put(&delivery(databases, &n.to_string())).await.unwrap();
    }
    let process = Process::start(databases, &rig.settings);
    process.bus.take_in();
    let kept = wait_for_kept(databases, 81).await;
    process.stop().await;
    assert_each_once(&kept, (0..80).map(|n| n.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn batch_that_the_database_refuses_comes_again() {
    let rig = Rig::new().await;
    let databases = &rig.lab.databases;
    let (process, buffer) = taking_in(&rig).await;
    wait_for_kept(databases, 1).await;
    let mut owner = rig.lab.owner().await;
    // In the middle of the transaction: the rows are written by then, and their job is not.
    owner
        .execute(
            "create sequence system.refusals;
             create function system.refuse() returns trigger language plpgsql security definer as
                $$ begin perform nextval('system.refusals'); raise exception 'refused'; end $$;
             create trigger refuse before insert on system.jobs for each row execute function system.refuse()",
        )
        .await
        .unwrap();
    for n in 0..10 {
        buffer.put(&delivery(databases, &n.to_string())).await.unwrap();
    }
    wait_for("some refusals", async || {
        let mut owner = rig.lab.owner().await;
        let refusals: i64 =
            sqlx::query_scalar("select last_value from system.refusals").fetch_one(&mut owner).await.unwrap();
        (refusals > 5).then_some(())
    })
    .await;
    assert_eq!(kept(databases).await.len(), 1, "nothing is there by half");
    owner.execute("drop trigger refuse on system.jobs").await.unwrap();
    let kept = wait_for_kept(databases, 11).await;
    process.stop().await;
    assert_each_once(&kept, (0..10).map(|n| n.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_broker_that_is_away_and_it_is_used_again_afterwards() {
    let mut rig = Rig::new().await;
    let databases = rig.lab.databases.clone();
    let (process, buffer) = taking_in(&rig).await;
    rig.broker.kill();
    let began = Instant::now();
    let refused = buffer.put(&delivery(&databases, "meanwhile")).await;
    assert!(matches!(refused, Err(PutError::NotAcknowledged(_))), "{refused:?}");
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    let refused = buffer.put(&delivery(&databases, "at once")).await;
    assert!(matches!(refused, Err(PutError::Away)), "{refused:?}");
    rig.broker.start_again().await;
    let after = delivery(&databases, "after");
    wait_for("the broker", async || buffer.put(&after).await.ok()).await;
    let kept = wait_for("what was acknowledged", async || {
        Some(kept(&databases).await).filter(|kept| kept.contains_key("first") && kept.contains_key("after"))
    })
    .await;
    assert!(kept.values().all(|times| *times == (1, 1)), "{kept:?}");
    assert!(!kept.contains_key("at once"));
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delivery_that_is_too_long_is_refused_with_the_limit() {
    let mut rig = Rig::new().await;
    rig.settings.record_limit = 20_000;
    let buffer = Buffer::open(&rig.settings).unwrap();
    let refused = buffer.put(&delivery(&rig.lab.databases, &"x".repeat(20_000))).await;
    assert!(matches!(refused, Err(PutError::TooLong(length, 20_000)) if length > 20_000), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn record_of_somebody_else_is_kept_as_a_dead_letter_and_holds_up_nothing() {
    let mut rig = Rig::new().await;
    rig.settings.partitions = 1;
    let databases = &rig.lab.databases;
    let (process, buffer) = taking_in(&rig).await;
    let sender: FutureProducer = ClientConfig::new().set("bootstrap.servers", rig.broker.address()).create().unwrap();
    let topic = format!("{}.ingest", rig.settings.prefix);
    sender.send(FutureRecord::<str, _>::to(&topic).payload("garbage"), Duration::from_secs(20)).await.unwrap();
    buffer.put(&delivery(databases, "behind it")).await.unwrap();
    let kept = wait_for_kept(databases, 2).await;
    assert_each_once(&kept, ["behind it".to_owned()].into_iter());
    let mut tx = databases.system(Actor::system("test")).await.unwrap();
    let letters = dead_letters::list(tx.engine(), &dead_letters::Filter::default(), None, 10).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(
        (letters[0].reason.as_str(), &letters[0].payload["value"]["text"]),
        ("unreadable_fact", &json!("garbage"))
    );
    process.stop().await;
}
