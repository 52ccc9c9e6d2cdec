//! What of this server runs on Kafka when it is set: the facts' way to their readers, and the buffer before the database.

use anyhow::Result;
#[cfg(feature = "kafka")]
use futures::FutureExt;
#[cfg(feature = "kafka")]
use socialai_api::intake::Put;
use socialai_api::{App, intake::Buffer};
use socialai_queue::facts::Reader;

use crate::config::Kafka;

/// Who reads in this process.
pub struct Reading {
    pub facts: Vec<Reader>,
    /// Deliveries too.
    pub takes_in: bool,
}

#[cfg(feature = "kafka")]
fn settings(kafka: &Kafka) -> socialai_kafka::Settings {
    use socialai_kafka::{Security, Settings};
    let security = match kafka.credentials.clone() {
        None => Security::Plaintext,
        Some((username, password)) => Security::SaslPlain { username, password },
    };
    Settings {
        brokers: kafka.brokers.clone(),
        prefix: kafka.prefix.clone(),
        security,
        partitions: kafka.partitions,
        replication: kafka.replication,
        min_insync_replicas: (kafka.replication - 1).max(1),
        ..Settings::default()
    }
}

/// Where deliveries go first.
#[cfg(feature = "kafka")]
pub fn buffer(kafka: &Kafka) -> Result<Buffer> {
    let buffer = std::sync::Arc::new(socialai_kafka::Buffer::open(&settings(kafka))?);
    let put: Put = Box::new(move |delivery| {
        let buffer = buffer.clone();
        Box::pin(async move {
            let put = buffer.put(delivery).await;
            if let Err(why) = &put {
                tracing::debug!(%why, "a delivery goes to the database directly");
            }
            put.is_ok()
        })
    });
    let asked = kafka.clone();
    let reach = Box::new(move || {
        let kafka = asked.clone();
        async move { reach(&kafka).await.map_err(|error| error.to_string()) }.boxed()
    });
    Ok(Buffer { name: "kafka", put, reach })
}

/// Whether the cluster answers, and what to do when not.
#[cfg(feature = "kafka")]
pub async fn reach(kafka: &Kafka) -> Result<String> {
    let Kafka { brokers, replication, .. } = kafka;
    let cluster = socialai_kafka::reach(&settings(kafka)).await.map_err(|error| {
        anyhow::anyhow!(
            "{brokers} does not answer ({error}): check KAFKA_BROKERS, the name and password, the network and that Kafka runs"
        )
    })?;
    let (there, missing) = (cluster.brokers, cluster.missing.join(" and "));
    if missing.is_empty() {
        return Ok(format!("{brokers} answers; brokers: {there}"));
    }
    anyhow::ensure!(
        usize::try_from(*replication).is_ok_and(|copies| copies <= there),
        "{missing} cannot be made with {replication} copies; brokers: {there}. Lower SOCIALAI_KAFKA_REPLICATION, or make the topics yourself"
    );
    Ok(format!("{brokers} answers; brokers: {there}; the next start makes {missing}"))
}

#[cfg(feature = "kafka")]
pub fn start(app: &App, kafka: &Kafka, reading: Reading) -> Result<()> {
    let bus = socialai_kafka::Bus::new(app.databases(), settings(kafka), app.stopping().clone(), app.tasks().clone())?;
    bus.carry(reading.facts);
    if reading.takes_in {
        bus.take_in();
    }
    Ok(())
}

#[cfg(not(feature = "kafka"))]
pub fn buffer(_: &Kafka) -> Result<Buffer> {
    anyhow::bail!("KAFKA_BROKERS is set, but this program was built without the feature `kafka`")
}

#[cfg(not(feature = "kafka"))]
pub fn reach(kafka: &Kafka) -> std::future::Ready<Result<String>> {
    std::future::ready(buffer(kafka).map(|_| String::new()))
}

#[cfg(not(feature = "kafka"))]
pub fn start(_: &App, kafka: &Kafka, _: Reading) -> Result<()> {
    buffer(kafka).map(drop)
}
