//! The buffer before the database: what arrives from outside is put into a topic, durable when acknowledged, and taken out
//! by a consumer group in batches. A burst then never waits for the database.
//!
//! Taking out is at least once. The place moves after the handler did its work, and whoever does it twice after a crash
//! recognises a delivery by its own id.

use std::time::Duration;

use rdkafka::{
    Message,
    error::KafkaError,
    message::{Header, Headers, OwnedHeaders, OwnedMessage},
    producer::{FutureProducer, FutureRecord},
};
use socialai_domain::{audit::Actor, tenancy::Databases};
use thiserror::Error;

use crate::{
    consumer::Work,
    outage::Outage,
    places::Claim,
    settings::{Refused, Settings},
    trouble::Trouble,
};

/// Whoever delivers something waits no longer for its acknowledgement, and is told to come again.
const PATIENCE: Duration = Duration::from_secs(5);

/// The way in. One a process.
pub struct Buffer {
    settings: Settings,
    outage: Outage,
    sender: FutureProducer<Outage>,
}

#[derive(Debug, Error)]
pub enum PutError {
    #[error("it has {0} bytes and may have {1}")]
    TooLong(usize, usize),
    /// It may be there all the same; putting it again is right.
    #[error("Kafka did not acknowledge it: {0}")]
    NotAcknowledged(KafkaError),
}

impl Buffer {
    pub(crate) fn open(settings: &Settings) -> Result<Self, Refused> {
        let outage = Outage::of("putting deliveries into Kafka");
        let sender = settings.buffer(PATIENCE).create_with_context(outage.clone());
        let sender = sender.map_err(|error| Refused::Client(error.to_string()))?;
        Ok(Self { settings: settings.clone(), outage, sender })
    }

    /// Returns when it is durable. What has the same key is taken out in the order in which it was acknowledged.
    pub async fn put(&self, key: &str, bytes: &[u8], headers: &[(&str, &[u8])]) -> Result<(), PutError> {
        let length =
            key.len() + bytes.len() + headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        if length > self.settings.record_limit {
            return Err(PutError::TooLong(length, self.settings.record_limit));
        }
        let topic = self.settings.ingest_topic();
        let headers = headers.iter().fold(OwnedHeaders::new_with_capacity(headers.len()), |headers, (key, value)| {
            headers.insert(Header { key, value: Some(*value) })
        });
        let record = FutureRecord::to(&topic).key(key).payload(bytes).headers(headers);
        match self.sender.send(record, PATIENCE).await {
            Ok(_) => {
                self.outage.works();
                metrics::counter!("kafka_produced_total", "topic" => "ingest").increment(1);
                Ok(())
            }
            Err((error, _)) => {
                self.outage.fails(&error);
                Err(PutError::NotAcknowledged(error))
            }
        }
    }
}

/// What was put in, as it was put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    pub key: Vec<u8>,
    pub bytes: Vec<u8>,
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Raw {
    fn of(record: &OwnedMessage) -> Self {
        let headers = record.headers().into_iter().flat_map(Headers::iter);
        Self {
            key: record.key().unwrap_or_default().to_vec(),
            bytes: record.payload().unwrap_or_default().to_vec(),
            headers: headers.map(|header| (header.key.to_owned(), header.value.unwrap_or_default().to_vec())).collect(),
        }
    }
}

/// Hands what was put in to a function.
pub(crate) struct Intake<F> {
    pub handler: F,
    pub databases: Databases,
}

impl<F, Fut> Work for Intake<F>
where
    F: Fn(Vec<Raw>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = anyhow::Result<()>> + Send,
{
    fn name(&self) -> &'static str {
        "ingest"
    }

    async fn read(&self, claim: &mut Claim, records: &[OwnedMessage]) -> Result<(), Trouble> {
        let Some(last) = records.last().filter(|last| last.offset() >= claim.next) else { return Ok(()) };
        let next = last.offset() + 1;
        let batch = records.iter().filter(|record| record.offset() >= claim.next).map(Raw::of).collect();
        (self.handler)(batch).await.map_err(Trouble::Handler)?;
        let mut tx = self.databases.system_at(None, Actor::system("kafka")).await?;
        claim.advance(tx.engine(), next, &claim.seen).await?;
        tx.commit().await?;
        claim.next = next;
        Ok(())
    }
}
