//! How to reach Kafka and how our topics are made, as plain data; and what that means in the client library's words.

use std::time::Duration;

use rdkafka::ClientConfig;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

/// Read by the hub from `KAFKA_BROKERS` and `SOCIALAI_KAFKA_*`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `host:port`, separated by commas; some of the cluster's brokers.
    pub brokers: String,
    /// Begins the names of our topics and consumer groups, so that installations can share a cluster.
    pub prefix: String,
    pub security: Security,
    /// Of each topic that we make. More of them let more processes read at once.
    pub partitions: i32,
    /// Copies of each topic that we make.
    pub replication: i32,
    /// A record is acknowledged when so many copies have it.
    pub min_insync_replicas: i32,
    /// Records are kept so long.
    pub retention: Duration,
    /// Records may be so long, in bytes, with their key.
    pub record_limit: usize,
    /// A consumer that is silent for so long loses its partitions to the others.
    pub session_timeout: Duration,
}

/// How the connection is made. Only what librdkafka does without OpenSSL, which this project does not bring in: for a
/// cluster that wants TLS, `docs/kafka.md` has the way.
#[derive(Debug, Clone)]
pub enum Security {
    Plaintext,
    SaslPlain { username: String, password: SecretString },
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            brokers: String::new(),
            prefix: "socialai".to_owned(),
            security: Security::Plaintext,
            partitions: 12,
            replication: 3,
            min_insync_replicas: 2,
            retention: Duration::from_hours(7 * 24),
            record_limit: 1_000_000,
            session_timeout: Duration::from_secs(10),
        }
    }
}

/// Why settings are refused, as a sentence for the operator.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    #[error("the list of Kafka brokers must be host:port, separated by commas; `{0}` is not")]
    Brokers(String),
    #[error("the prefix of Kafka topics must be 1 to 60 letters, digits, dots, dashes or underscores; `{0}` is not")]
    Prefix(String),
    #[error("{0} of Kafka must be from {1} to {2}; it is {3}")]
    Range(&'static str, i128, i128, i128),
    #[error("the Kafka client refused its settings: {0}")]
    Client(String),
}

impl Settings {
    pub fn check(&self) -> Result<(), Refused> {
        for broker in self.brokers.split(',') {
            let parts = broker.trim().rsplit_once(':');
            let is_address = parts.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
            if !is_address || broker.contains("://") {
                return Err(Refused::Brokers(broker.trim().to_owned()));
            }
        }
        let is_named = (1..=60).contains(&self.prefix.len())
            && self.prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
        if !is_named {
            return Err(Refused::Prefix(self.prefix.clone()));
        }
        let within = |what, least: i128, most: i128, value: i128| {
            if (least..=most).contains(&value) { Ok(()) } else { Err(Refused::Range(what, least, most, value)) }
        };
        within("the number of partitions", 1, 1000, self.partitions.into())?;
        within("the replication", 1, 20, self.replication.into())?;
        within("the number of in-sync replicas", 1, self.replication.into(), self.min_insync_replicas.into())?;
        within("the retention in hours", 1, 24 * 3660, i128::from(self.retention.as_secs() / 3600))?;
        within("the record limit", 10_000, 100_000_000, self.record_limit as i128)?;
        within("the session timeout in seconds", 6, 300, i128::from(self.session_timeout.as_secs()))
    }

    pub(crate) fn facts_topic(&self) -> String {
        format!("{}.facts", self.prefix)
    }

    pub(crate) fn ingest_topic(&self) -> String {
        format!("{}.ingest", self.prefix)
    }

    pub(crate) fn group(&self, reader: &str) -> String {
        format!("{}.{reader}", self.prefix)
    }

    /// What every client of ours is told. A cluster that was away is found again within two seconds.
    pub(crate) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", &self.prefix)
            .set("reconnect.backoff.ms", "100")
            .set("reconnect.backoff.max.ms", "2000")
            .set("topic.metadata.refresh.interval.ms", "60000")
            .set("allow.auto.create.topics", "false")
            .set("socket.keepalive.enable", "true")
            .set("message.max.bytes", self.record_limit.saturating_add(10_000).to_string());
        if let Security::SaslPlain { username, password } = &self.security {
            config
                .set("security.protocol", "sasl_plaintext")
                .set("sasl.mechanism", "PLAIN")
                .set("sasl.username", username)
                .set("sasl.password", password.expose_secret());
        }
        config
    }

    /// An acknowledged record is on `min_insync_replicas` disks, and behind those of its key that were sent before it.
    fn sender(&self, timeout: Duration) -> ClientConfig {
        let mut config = self.client();
        config
            .set("acks", "all")
            .set("message.timeout.ms", timeout.as_millis().to_string())
            // A request that was refused would otherwise be made again behind a later one that was not.
            .set("max.in.flight.requests.per.connection", "1")
            // The same as in Kafka's own clients, so that other programs find a key where we do.
            .set("partitioner", "murmur2_random")
            .set("compression.codec", "lz4")
            .set("linger.ms", "1");
        config
    }

    /// For facts: also once, as long as the sender lives, and without gaps. A record that cannot be sent stops all behind
    /// it: a reader that met a later fact first would take the earlier one for a repetition.
    pub(crate) fn relay(&self, timeout: Duration) -> ClientConfig {
        let mut config = self.sender(timeout);
        config.set("enable.idempotence", "true").set("enable.gapless.guarantee", "true");
        config
    }

    /// For deliveries, which are known by their own ids: not idempotent, because such a sender can break for good, and the
    /// way in must open again by itself.
    pub(crate) fn buffer(&self, timeout: Duration) -> ClientConfig {
        self.sender(timeout)
    }

    pub(crate) fn consumer(&self, reader: &str) -> ClientConfig {
        let session = self.session_timeout.as_millis();
        let mut config = self.client();
        config
            .set("group.id", self.group(reader))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // For what was kept shorter than we were away.
            .set("auto.offset.reset", "earliest")
            .set("session.timeout.ms", session.to_string())
            .set("heartbeat.interval.ms", (session / 10).to_string())
            .set("fetch.message.max.bytes", self.record_limit.to_string())
            .set("queued.max.messages.kbytes", "8192");
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given() -> Settings {
        Settings { brokers: "a.test:9092, b.test:9093".to_owned(), ..Settings::default() }
    }

    #[test]
    fn defaults_with_a_list_of_brokers_are_fine() {
        given().check().unwrap();
        given().relay(Duration::from_secs(10)).create_native_config().unwrap();
        given().consumer("alerts").create_native_config().unwrap();
    }

    #[test]
    fn wrong_settings_are_refused_with_the_value_that_is_wrong() {
        for brokers in ["", "a.test", "a.test:port", "a.test:9092,", ":9092", "kafka://a.test:9092"] {
            let refused = Settings { brokers: brokers.to_owned(), ..given() }.check();
            assert!(matches!(refused, Err(Refused::Brokers(_))), "{brokers}");
        }
        for prefix in ["", "with space", "ä", &"x".repeat(61)] {
            let refused = Settings { prefix: prefix.to_owned(), ..given() }.check();
            assert_eq!(refused, Err(Refused::Prefix(prefix.to_owned())));
        }
        let refused = Settings { replication: 1, ..given() }.check().unwrap_err();
        assert_eq!(refused.to_string(), "the number of in-sync replicas of Kafka must be from 1 to 1; it is 2");
        assert!(Settings { partitions: 0, ..given() }.check().is_err());
        assert!(Settings { retention: Duration::ZERO, ..given() }.check().is_err());
        assert!(Settings { record_limit: 5, ..given() }.check().is_err());
        assert!(Settings { session_timeout: Duration::from_secs(1), ..given() }.check().is_err());
    }

    #[test]
    fn password_is_not_shown_with_the_settings() {
        let security = Security::SaslPlain { username: "hub".to_owned(), password: "hidden-word".to_owned().into() };
        let settings = Settings { security, ..given() };
        assert!(!format!("{settings:?}").contains("hidden-word"));
        settings.client().create_native_config().unwrap();
    }
}
