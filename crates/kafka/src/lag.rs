//! How many records each partition has that its reader has not read, as the metric `kafka_consumer_lag`. Autoscalers read
//! it: it counts from the place in PostgreSQL, which only moves when what follows from a record is written.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rdkafka::Statistics;

pub struct Lag {
    reader: String,
    topic: String,
    places: Mutex<BTreeMap<i32, i64>>,
}

impl Lag {
    pub fn of(reader: &str, topic: &str) -> Self {
        Self { reader: reader.to_owned(), topic: topic.to_owned(), places: Mutex::default() }
    }

    pub fn is_at(&self, partition: i32, next: i64) {
        self.places().insert(partition, next);
    }

    /// The partitions are somebody else's, who tells their lag.
    pub fn forget(&self) {
        for partition in std::mem::take(&mut *self.places()).into_keys() {
            self.set(partition, 0);
        }
    }

    /// Whether the cluster answers and records of ours are being fetched.
    pub fn show(&self, statistics: &Statistics) -> bool {
        let partitions = statistics.topics.get(&self.topic).map(|topic| &topic.partitions);
        let mut is_fetching = false;
        for (partition, next) in &*self.places() {
            let Some(known) = partitions.and_then(|partitions| partitions.get(partition)) else { continue };
            is_fetching |= known.fetch_state == "active";
            // Below zero until the first answer of the partition's broker.
            if known.hi_offset >= 0 {
                self.set(*partition, known.hi_offset.saturating_sub(*next).max(0));
            }
        }
        is_fetching && statistics.brokers.values().any(|broker| broker.nodeid >= 0 && broker.state == "UP")
    }

    fn set(&self, partition: i32, lag: i64) {
        metrics::gauge!("kafka_consumer_lag", "reader" => self.reader.clone(), "partition" => partition.to_string())
            .set(f64::from(u32::try_from(lag).unwrap_or(u32::MAX)));
    }

    /// Nothing in here can leave the map half changed, so a panic elsewhere does not matter.
    fn places(&self) -> MutexGuard<'_, BTreeMap<i32, i64>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
