//! How many records each partition has that its reader has not read, as the metric `kafka_consumer_lag`. Autoscalers read
//! it: it counts from the place in PostgreSQL, which only moves when what follows from a record is written, or when it was
//! parked. What is parked is `kafka_parked_facts`; more processes would not help it.

pub struct Lag {
    reader: String,
}

impl Lag {
    pub fn of(reader: &str) -> Self {
        Self { reader: reader.to_owned() }
    }

    pub fn show(&self, partition: i32, lag: i64) {
        self.set("kafka_consumer_lag", partition, lag);
    }

    pub fn show_parked(&self, partition: i32, count: i64) {
        self.set("kafka_parked_facts", partition, count);
    }

    fn set(&self, name: &'static str, partition: i32, number: i64) {
        metrics::gauge!(name, "reader" => self.reader.clone(), "partition" => partition.to_string())
            .set(f64::from(u32::try_from(number.max(0)).unwrap_or(u32::MAX)));
    }

    /// The partitions are somebody else's, who tells their lag.
    pub fn forget(&self, partitions: impl Iterator<Item = i32>) {
        for partition in partitions {
            self.show(partition, 0);
            self.show_parked(partition, 0);
        }
    }
}
