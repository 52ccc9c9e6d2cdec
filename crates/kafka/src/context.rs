//! What the client library calls by itself: its log, its errors, and the group's decisions, which it may be told of only
//! from within its own calls.

use std::sync::atomic::{AtomicBool, Ordering};

use rdkafka::{
    ClientContext, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::KafkaError,
    topic_partition_list::TopicPartitionListElem,
    types::RDKafkaRespErr,
};
use tokio::sync::mpsc;

use crate::outage::Outage;

/// What the group decided.
pub enum Change {
    Given(Vec<i32>),
    Taken,
}

/// What the client library calls, from within `recv`.
pub struct Context {
    pub changes: mpsc::UnboundedSender<Change>,
    pub outage: Outage,
    pub is_leaving: AtomicBool,
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.outage.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.outage.error(error, reason);
    }
}

impl ConsumerContext for Context {
    /// Partitions are read only once they are claimed, which waits for the database: not in here.
    fn rebalance(&self, consumer: &BaseConsumer<Self>, code: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let is_given = code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        let change = if is_given && !self.is_leaving.load(Ordering::Relaxed) {
            Change::Given(partitions.elements().iter().map(TopicPartitionListElem::partition).collect())
        } else {
            if let Err(error) = consumer.unassign() {
                self.outage.fails(&error);
            }
            Change::Taken
        };
        // Nobody listens any more when the member is leaving.
        let _ = self.changes.send(change);
    }
}
