//! How many records each partition has that its reader has not read, as the metric `kafka_consumer_lag`. Autoscalers read
//! it: it counts from the place in PostgreSQL, which only moves when what follows from a record is written.

pub struct Lag {
    reader: String,
}

impl Lag {
    pub fn of(reader: &str) -> Self {
        Self { reader: reader.to_owned() }
    }

    pub fn show(&self, partition: i32, lag: i64) {
        metrics::gauge!("kafka_consumer_lag", "reader" => self.reader.clone(), "partition" => partition.to_string())
            .set(f64::from(u32::try_from(lag.max(0)).unwrap_or(u32::MAX)));
    }

    /// The partitions are somebody else's, who tells their lag.
    pub fn forget(&self, partitions: impl Iterator<Item = i32>) {
        for partition in partitions {
            self.show(partition, 0);
        }
    }
}
