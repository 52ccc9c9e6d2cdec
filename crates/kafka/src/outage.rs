//! Says once that something is away and once that it is back, however often it fails in between.

use std::{
    fmt::Display,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rdkafka::{
    ClientContext,
    config::RDKafkaLogLevel,
    error::{KafkaError, RDKafkaErrorCode},
};

/// Whoever failed tries again after so long.
pub const PAUSE: Duration = Duration::from_millis(500);

/// Clones tell of the same outage.
#[derive(Debug, Clone)]
pub struct Outage(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    what: String,
    is_down: AtomicBool,
}

impl Outage {
    pub fn of(what: impl Into<String>) -> Self {
        Self(Arc::new(Inner { what: what.into(), is_down: AtomicBool::new(false) }))
    }

    pub fn fails(&self, error: &dyn Display) {
        if self.0.is_down.swap(true, Ordering::Relaxed) {
            tracing::debug!(%error, "{} still fails", self.0.what);
        } else {
            tracing::warn!(%error, "{} fails; it is tried again until it works", self.0.what);
        }
    }

    pub fn works(&self) {
        if self.0.is_down.swap(false, Ordering::Relaxed) {
            tracing::info!("{} works again", self.0.what);
        }
    }
}

/// What the client library says by itself goes the same way.
impl ClientContext for Outage {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(facility, "{}: {message}", self.0.what);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // One broker of several, or a connection that was closed for being idle: the library looks for another.
        let is_passing = error.rdkafka_error_code() == Some(RDKafkaErrorCode::BrokerTransportFailure);
        if is_passing {
            tracing::debug!(%error, reason, "{}: a connection was lost", self.0.what);
        } else {
            self.fails(&format_args!("{error}: {reason}"));
        }
    }
}
