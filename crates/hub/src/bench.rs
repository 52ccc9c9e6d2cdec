//! `socialai bench`: figures that a reader can make again. Each benchmark measures a baseline in the same run, on the same
//! machine, and reports the ratio; none of them is a test that fails by the clock.

pub mod api;
pub mod events;
mod ground;
pub mod inbox;
pub mod ingest;
pub mod load;
pub mod start;
pub mod webhooks;

use serde::Serialize;

/// What every benchmark prints; `details` holds what else it measured.
#[derive(Debug, Serialize)]
pub struct Report {
    pub name: &'static str,
    pub rate_per_s: f64,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    pub baseline: Baseline,
    /// `rate_per_s` over the baseline's.
    pub ratio: f64,
    #[serde(flatten)]
    pub details: serde_json::Value,
}

#[derive(Debug, Serialize)]
pub struct Baseline {
    pub name: &'static str,
    pub rate_per_s: f64,
}

impl Report {
    /// For people; programs read the JSON.
    pub fn describe(&self) -> String {
        format!(
            "{}: {:.1}/s, p50 {:.2} ms, p95 {:.2} ms, p99 {:.2} ms\nbaseline {}: {:.1}/s, ratio {:.3}\n{:#}",
            self.name,
            self.rate_per_s,
            self.p50_ms,
            self.p95_ms,
            self.p99_ms,
            self.baseline.name,
            self.baseline.rate_per_s,
            self.ratio,
            self.details
        )
    }
}
