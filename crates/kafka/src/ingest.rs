//! The buffer before the database: deliveries of platforms are put into a topic, durable when acknowledged, and taken out
//! in batches by a consumer group, into the table where they would have gone without it. A burst then never waits for the
//! database.
//!
//! A batch is written in the transaction that moves the place of its reader, so it is written once. What was put in twice
//! (the platform repeated it, or its acknowledgement was lost) is recognised there as everywhere (`inbound`).

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rdkafka::{
    Message,
    error::KafkaError,
    message::{Header, Headers, OwnedHeaders, OwnedMessage},
    producer::{FutureProducer, FutureRecord},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use socialai_domain::{
    audit::Actor,
    channels::{
        Platform,
        inbound::{self, Delivery},
    },
    ids::TenantId,
    tenancy::Databases,
};
use thiserror::Error;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::time::Instant;

use crate::{
    consumer::Work,
    outage::{Outage, PAUSE},
    places::Claim,
    settings::{Refused, Settings},
    trouble::Trouble,
    unreadable::{Letter, Tally},
};

/// Whoever delivers something waits no longer for its acknowledgement: it then goes another way, in time for the platform.
const PATIENCE: Duration = Duration::from_secs(2);
/// Header of a record that says what its bytes are.
const ABOUT: &str = "delivery";
const VERSION: u16 = 1;

/// The way in. One a process.
pub struct Buffer {
    topic: String,
    record_limit: usize,
    outage: Outage,
    sender: FutureProducer<Outage>,
    /// While Kafka is away nobody waits for it, but one now and then who tries.
    closed_until: Mutex<Option<Instant>>,
}

/// Why it has to go another way.
#[derive(Debug, Error)]
pub enum PutError {
    #[error("it has {0} bytes and may have {1}")]
    TooLong(usize, usize),
    /// It may be there all the same; keeping it elsewhere is right.
    #[error("Kafka did not acknowledge it: {0}")]
    NotAcknowledged(KafkaError),
    #[error("Kafka was away a moment ago")]
    Away,
}

impl Buffer {
    /// Refuses wrong settings; does not ask whether anybody answers. The topic is made by the [`Bus`](crate::Bus).
    pub fn open(settings: &Settings) -> Result<Self, Refused> {
        settings.check()?;
        let outage = Outage::of("putting deliveries into Kafka");
        let sender = settings.buffer(PATIENCE).create_with_context(outage.clone());
        let sender = sender.map_err(|error| Refused::Client(error.to_string()))?;
        let (topic, record_limit) = (settings.ingest_topic(), settings.record_limit);
        Ok(Self { topic, record_limit, outage, sender, closed_until: Mutex::default() })
    }

    /// Returns when it is durable.
    pub async fn put(&self, delivery: &Delivery) -> Result<(), PutError> {
        let about = About::of(delivery).to_string();
        let key = delivery.digest();
        let length = key.len() + delivery.body.len() + ABOUT.len() + about.len();
        if length > self.record_limit {
            return Err(PutError::TooLong(length, self.record_limit));
        }
        self.enter()?;
        let headers = OwnedHeaders::new_with_capacity(1).insert(Header { key: ABOUT, value: Some(&about) });
        // A delivery that comes twice is in one partition, and no two batches write it at the same time.
        let record = FutureRecord::to(&self.topic).key(&key).payload(&delivery.body).headers(headers);
        match self.sender.send(record, PATIENCE).await {
            Ok(_) => {
                self.close_for(None);
                self.outage.works();
                metrics::counter!("kafka_produced_total", "topic" => "ingest").increment(1);
                Ok(())
            }
            Err((error, _)) => {
                self.close_for(Some(PAUSE));
                self.outage.fails(&error);
                Err(PutError::NotAcknowledged(error))
            }
        }
    }

    fn enter(&self) -> Result<(), PutError> {
        let mut closed_until = self.closed_until.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(until) = *closed_until else { return Ok(()) };
        let now = Instant::now();
        if now < until {
            return Err(PutError::Away);
        }
        // This one tries. Should it be dropped on its way, the next one does.
        *closed_until = Some(now + PATIENCE);
        Ok(())
    }

    fn close_for(&self, pause: Option<Duration>) {
        let until = pause.map(|pause| Instant::now() + pause);
        *self.closed_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

/// What is known of a delivery besides its bytes.
#[derive(Serialize, Deserialize)]
struct About {
    version: u16,
    platform: Platform,
    app_tenant: Option<TenantId>,
    #[serde(with = "time::serde::rfc3339")]
    received_at: OffsetDateTime,
    headers: Value,
}

impl About {
    fn of(delivery: &Delivery) -> Value {
        let Delivery { platform, app_tenant, received_at, headers, body: _ } = delivery;
        serde_json::json!({
            "version": VERSION,
            "platform": platform,
            "app_tenant": app_tenant,
            "received_at": received_at.format(&Rfc3339).ok(),
            "headers": headers,
        })
    }
}

#[derive(Debug, Error)]
enum NotOurs {
    #[error("the record does not say what it is (header `{ABOUT}`)")]
    Silent,
    #[error("what the record says of itself cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("this program does not know version {0} of deliveries")]
    Version(u16),
    #[error("the headers of the delivery hold the character zero")]
    Zero,
}

fn delivery_of(record: &OwnedMessage) -> Result<Delivery, NotOurs> {
    let mut headers = record.headers().into_iter().flat_map(Headers::iter);
    let about = headers.find_map(|header| header.value.filter(|_| header.key == ABOUT)).ok_or(NotOurs::Silent)?;
    let About { version, platform, app_tenant, received_at, headers } = serde_json::from_slice(about)?;
    if version != VERSION {
        return Err(NotOurs::Version(version));
    }
    // PostgreSQL's JSON has no place for it, and one such delivery would hold up all behind it.
    if headers.to_string().contains("\\u0000") {
        return Err(NotOurs::Zero);
    }
    let body = record.payload().unwrap_or_default().to_vec();
    Ok(Delivery { platform, app_tenant, received_at, body, headers })
}

/// Takes deliveries out and writes them where jobs read them.
pub(crate) struct Intake {
    databases: Databases,
    unreadable: Tally,
}

impl Intake {
    pub const NAME: &'static str = "ingest";

    pub fn new(databases: Databases) -> Self {
        Self { databases, unreadable: Tally::of(Self::NAME) }
    }
}

impl Work for Intake {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    async fn read(&self, claim: &mut Claim, records: &[OwnedMessage]) -> Result<(), Trouble> {
        let Some(last) = records.last().filter(|last| last.offset() >= claim.next) else { return Ok(()) };
        let next = last.offset() + 1;
        let (mut deliveries, mut letters) = (Vec::with_capacity(records.len()), Vec::new());
        for record in records.iter().filter(|record| record.offset() >= claim.next) {
            match delivery_of(record) {
                Ok(delivery) => deliveries.push(delivery),
                Err(error) => letters.push(Letter::of_record(record, &error, self.databases.now())),
            }
        }
        let (taken, unreadable) = (deliveries.len(), letters.len());
        let mut tx = self.databases.system(Actor::system("intake")).await?;
        let new = inbound::insert(&mut tx, deliveries).await?;
        for letter in letters {
            letter.keep(tx.engine(), self.databases.now()).await?;
        }
        claim.advance(tx.engine(), next, &claim.seen).await?;
        tx.commit().await?;
        claim.next = next;
        metrics::counter!("socialai_deliveries_total", "outcome" => "new").increment(new as u64);
        metrics::counter!("socialai_deliveries_total", "outcome" => "repeated").increment((taken - new) as u64);
        self.unreadable.add(unreadable);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::Timestamp;
    use serde_json::json;

    use super::*;

    fn record(about: Option<&str>) -> OwnedMessage {
        let headers = about.map(|about| OwnedHeaders::new().insert(Header { key: ABOUT, value: Some(about) }));
        OwnedMessage::new(Some(b"{}".to_vec()), None, "t".to_owned(), Timestamp::NotAvailable, 0, 7, headers)
    }

    #[test]
    fn delivery_comes_out_as_it_was_put_in() {
        let delivery = Delivery {
            platform: Platform::LinkedIn,
            app_tenant: Some(TenantId::fresh()),
            received_at: time::macros::datetime!(2026-11-21 12:00:00.123456789 UTC),
            body: b"{}".to_vec(),
            headers: json!({ "one": "\u{e9}" }),
        };
        let out = delivery_of(&record(Some(&About::of(&delivery).to_string()))).unwrap();
        assert_eq!(
            (out.platform, out.app_tenant, out.received_at),
            (delivery.platform, delivery.app_tenant, delivery.received_at)
        );
        assert_eq!((out.body, out.headers), (delivery.body, delivery.headers));
    }

    #[test]
    fn records_of_somebody_else_are_no_deliveries() {
        let about = |version: u16, headers: &str| {
            format!(
                r#"{{"version":{version},"platform":"x","app_tenant":null,"received_at":"2026-11-21T12:00:00Z","headers":{headers}}}"#
            )
        };
        assert!(delivery_of(&record(Some(&about(1, "{}")))).is_ok());
        assert!(matches!(delivery_of(&record(None)), Err(NotOurs::Silent)));
        assert!(matches!(delivery_of(&record(Some("{}"))), Err(NotOurs::Unreadable(_))));
        assert!(matches!(delivery_of(&record(Some(&about(2, "{}")))), Err(NotOurs::Version(2))));
        assert!(matches!(delivery_of(&record(Some(&about(1, r#"{"a":"\u0000"}"#)))), Err(NotOurs::Zero)));
    }
}
