//! How topics are made, as the cluster tells it.

use std::{collections::BTreeMap, time::Duration};

use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication},
    client::DefaultClientContext,
};
use socialai_kafka::{Settings, reach};

use crate::rig::{Process, Rig};

const PATIENCE: Duration = Duration::from_secs(10);

fn admin(settings: &Settings) -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", &settings.brokers).create().unwrap()
}

/// How many partitions a topic has, and copies of each.
async fn shape(settings: &Settings, topic: &str) -> (usize, usize) {
    let (admin, topic) = (admin(settings), topic.to_owned());
    let asked = tokio::task::spawn_blocking(move || {
        let metadata = admin.inner().fetch_metadata(Some(&topic), PATIENCE).unwrap();
        let partitions = metadata.topics()[0].partitions();
        (partitions.len(), partitions[0].replicas().len())
    });
    asked.await.unwrap()
}

async fn settings_of(settings: &Settings, topic: &str) -> BTreeMap<String, Option<String>> {
    let admin = admin(settings);
    let asked = admin.describe_configs(&[ResourceSpecifier::Topic(topic)], &AdminOptions::new()).await.unwrap();
    let found = asked.into_iter().next().unwrap().unwrap();
    found.entries.into_iter().map(|entry| (entry.name, entry.value)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_made_as_they_are_set_and_left_as_they_are() {
    let mut rig = Rig::new().await;
    rig.settings.partitions = 5;
    rig.settings.replication = 3;
    rig.settings.min_insync_replicas = 2;
    rig.settings.retention = Duration::from_hours(48);
    rig.settings.record_limit = 50_000;
    let [facts, ingest] = ["facts", "ingest"].map(|topic| format!("{}.{topic}", rig.settings.prefix));
    let there = NewTopic::new(&ingest, 2, TopicReplication::Fixed(1));
    admin(&rig.settings).create_topics([&there], &AdminOptions::new()).await.unwrap()[0].clone().unwrap();
    let process = Process::carrying(&rig.lab.databases, &rig.settings, &[]);
    rig.ready().await;
    assert_eq!(shape(&rig.settings, &facts).await, (5, 3));
    assert_eq!(shape(&rig.settings, &ingest).await, (2, 1));
    let made = settings_of(&rig.settings, &facts).await;
    let expected = [
        ("cleanup.policy", "delete"),
        ("compression.type", "producer"),
        ("max.message.bytes", "60000"),
        ("min.insync.replicas", "2"),
        ("retention.ms", "172800000"),
    ];
    for (name, value) in expected {
        assert_eq!(made.get(name).and_then(Option::as_deref), Some(value), "{name} of {made:?}");
    }
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_says_whether_it_answers_and_what_is_missing() {
    let mut rig = Rig::new().await;
    let [facts, ingest] = ["facts", "ingest"].map(|topic| format!("{}.{topic}", rig.settings.prefix));
    let cluster = reach(&rig.settings).await.unwrap();
    assert_eq!((cluster.brokers, cluster.missing), (1, vec![facts, ingest]));
    let process = Process::carrying(&rig.lab.databases, &rig.settings, &[]);
    rig.ready().await;
    assert_eq!(reach(&rig.settings).await.unwrap().missing, Vec::<String>::new());
    process.stop().await;
    rig.broker.kill();
    reach(&rig.settings).await.unwrap_err();
}
