//! Records that nobody can read, and facts that no record can hold, are kept as dead letters of the installation, as they
//! came, and what is behind them goes on. They are for looking at, and are not replayed.

use std::sync::atomic::{AtomicBool, Ordering};

use base64::{Engine, engine::general_purpose::STANDARD};
use rdkafka::{Message, message::OwnedMessage};
use serde_json::{Value, json};
use socialai_queue::{
    dead_letters::{self, RECORDS, Unreadable},
    follow::UNREADABLE,
    jobs::INSTALLATION,
};
use sqlx::PgConnection;
use time::OffsetDateTime;

/// A fact that is longer than a record may be.
pub const TOO_LONG: &str = "oversized_fact";

pub struct Letter {
    pub reason: &'static str,
    pub key: String,
    pub payload: Value,
    pub error: String,
    /// When it was written, as far as is known.
    pub at: OffsetDateTime,
}

impl Letter {
    pub fn of_record(record: &OwnedMessage, error: &dyn std::fmt::Display, now: OffsetDateTime) -> Self {
        let written = record.timestamp().to_millis().map(|millis| i128::from(millis) * 1_000_000);
        Self {
            reason: UNREADABLE,
            key: format!("{}/{}", record.topic(), record.partition()),
            payload: json!({
                "topic": record.topic(),
                "partition": record.partition(),
                "offset": record.offset(),
                "key": record.key().map(readable),
                "value": record.payload().map(readable),
            }),
            error: error.to_string(),
            at: written.and_then(|nanos| OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()).unwrap_or(now),
        }
    }

    pub async fn keep(self, conn: &mut PgConnection, now: OffsetDateTime) -> Result<(), sqlx::Error> {
        let Self { reason, key, payload, error, at } = self;
        let (tenant, queue, kind) = (INSTALLATION, RECORDS, "kafka.record".to_owned());
        let letter = Unreadable { tenant, queue, kind, version: 1, key, payload, reason, error, trace: None, at };
        dead_letters::keep(conn, now, letter).await
    }
}

/// Tells of those that a reader met. All are counted and only the first is logged: whoever fills a topic with garbage does
/// not fill the log too.
pub struct Tally {
    reader: &'static str,
    has_warned: AtomicBool,
}

impl Tally {
    pub const fn of(reader: &'static str) -> Self {
        Self { reader, has_warned: AtomicBool::new(false) }
    }

    pub fn add(&self, unreadable: usize) {
        if unreadable == 0 {
            return;
        }
        let reader = self.reader;
        metrics::counter!("kafka_unreadable_total", "reader" => reader).increment(unreadable as u64);
        if !self.has_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(reader, "records and facts that nobody can read are kept as dead letters");
        }
    }
}

/// Text as text, anything else as base64. PostgreSQL's JSON has no place for the character zero.
fn readable(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => json!({ "text": text }),
        _ => json!({ "base64": STANDARD.encode(bytes) }),
    }
}
