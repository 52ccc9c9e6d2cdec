//! Makes our topics where they are missing. Topics that are there are left alone: they belong to the cluster's operator.

use std::time::Duration;

use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::Client,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    metadata::Metadata,
    types::RDKafkaRespErr,
};

use crate::{outage::Outage, settings::Settings};

const PATIENCE: Duration = Duration::from_secs(5);
/// A person waits.
const BRIEFLY: Duration = Duration::from_secs(3);

/// Waits until both topics are there.
pub async fn ensure(settings: &Settings) {
    let outage = Outage::of("Kafka (making topics)");
    for topic in [settings.facts_topic(), settings.ingest_topic()] {
        while let Err(error) = make(settings, &topic, &outage).await {
            outage.fails(&error);
            tokio::time::sleep(crate::outage::PAUSE).await;
        }
        outage.works();
    }
}

async fn make(settings: &Settings, topic: &str, outage: &Outage) -> Result<(), String> {
    let admin: AdminClient<Outage> =
        settings.client().create_with_context(outage.clone()).map_err(|error| error.to_string())?;
    let asked = topic.to_owned();
    let known = tokio::task::spawn_blocking(move || (is_there(admin.inner(), &asked), admin)).await;
    let (known, admin) = known.map_err(|stopped| stopped.to_string())?;
    if known.map_err(|error| error.to_string())? {
        return Ok(());
    }
    let (in_sync, retention) = (settings.min_insync_replicas.to_string(), settings.retention.as_millis().to_string());
    let limit = settings.record_limit.saturating_add(10_000).to_string();
    let new = NewTopic::new(topic, settings.partitions, TopicReplication::Fixed(settings.replication))
        .set("cleanup.policy", "delete")
        .set("compression.type", "producer")
        .set("max.message.bytes", &limit)
        .set("min.insync.replicas", &in_sync)
        .set("retention.ms", &retention);
    let options = AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE));
    let results = admin.create_topics([&new], &options).await.map_err(|error| error.to_string())?;
    match results.into_iter().next() {
        // Another process was quicker.
        None | Some(Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(()),
        Some(Err((_, code))) => Err(format!(
            "topic {topic} with {} partitions and {} replicas cannot be made: {code}",
            settings.partitions, settings.replication
        )),
    }
}

fn is_there(client: &Client<Outage>, topic: &str) -> Result<bool, KafkaError> {
    Ok(has(&client.fetch_metadata(Some(topic), PATIENCE)?, topic))
}

fn has(metadata: &Metadata, topic: &str) -> bool {
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    found.is_some_and(|found| found.error().is_none() && !found.partitions().is_empty())
}

/// What a cluster says that answers.
#[derive(Debug)]
pub struct Cluster {
    pub brokers: usize,
    /// Those of our topics that are not there yet.
    pub missing: Vec<String>,
}

/// Asks the cluster, for whoever looks after it.
pub async fn reach(settings: &Settings) -> Result<Cluster, String> {
    let (config, topics) = (settings.client(), [settings.facts_topic(), settings.ingest_topic()]);
    let asked = tokio::task::spawn_blocking(move || {
        let client: BaseConsumer = config.create()?;
        let mut cluster = Cluster { brokers: 0, missing: Vec::new() };
        for topic in topics {
            let metadata = client.fetch_metadata(Some(&topic), BRIEFLY)?;
            cluster.brokers = metadata.brokers().len();
            cluster.missing.extend((!has(&metadata, &topic)).then_some(topic));
        }
        Ok(cluster)
    });
    asked.await.map_err(|stopped| stopped.to_string())?.map_err(|error: KafkaError| error.to_string())
}

/// The next offset of each partition of a topic.
pub async fn ends(settings: &Settings, topic: &str) -> Result<Vec<(i32, i64)>, String> {
    let (config, topic) = (settings.client(), topic.to_owned());
    let asked = tokio::task::spawn_blocking(move || {
        let client: BaseConsumer = config.create()?;
        let metadata = client.fetch_metadata(Some(&topic), PATIENCE)?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let Some(found) = found.filter(|found| found.error().is_none()) else {
            return Err(KafkaError::MetadataFetch(RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART.into()));
        };
        found
            .partitions()
            .iter()
            .map(|partition| Ok((partition.id(), client.fetch_watermarks(&topic, partition.id(), PATIENCE)?.1)))
            .collect()
    });
    asked.await.map_err(|stopped| stopped.to_string())?.map_err(|error: KafkaError| error.to_string())
}
