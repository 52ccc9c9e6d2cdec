//! Records and facts that nobody can read are kept as dead letters of the installation, as they came, and what is behind
//! them goes on. They are for looking at: a replay finds no worker for them.

use base64::{Engine, engine::general_purpose::STANDARD};
use rdkafka::{Message, message::OwnedMessage};
use serde_json::{Value, json};
use socialai_queue::jobs::INSTALLATION;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// A record that is no fact of ours, or of a newer program.
pub const UNREADABLE: &str = "unreadable_fact";
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
        let at = now.format(&time::format_description::well_known::Rfc3339).unwrap_or_default();
        sqlx::query(
            "insert into system.dead_letters (id, tenant_id, queue, key, speed, kind, version, payload, errors, attempts,
                reason, enqueued_at)
             values ($1, $2, 'kafka', left($3, 200), 1, 'kafka.record', 1, $4, $5, 1, $6, $7)",
        )
        .bind(Uuid::now_v7())
        .bind(INSTALLATION)
        .bind(self.key)
        .bind(self.payload)
        .bind(json!([{ "at": at, "seconds": 0, "error": self.error }]))
        .bind(self.reason)
        .bind(self.at)
        .execute(conn)
        .await?;
        Ok(())
    }
}

/// Text as text, anything else as base64. PostgreSQL's JSON has no place for the character zero.
fn readable(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => json!({ "text": text }),
        _ => json!({ "base64": STANDARD.encode(bytes) }),
    }
}
