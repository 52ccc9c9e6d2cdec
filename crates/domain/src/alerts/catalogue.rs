//! The rules that there are, with what each reads and its defaults.

use serde::Serialize;
use utoipa::ToSchema;

use super::Severity;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AlertUnit)]
pub enum Unit {
    Count,
    Seconds,
    Percent,
    Milliseconds,
}

/// What a rule reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Measure {
    UrgentDeadLetters,
    DeadLetters,
    BacklogAge,
    OpenCircuits,
    UnknownEffects,
    DisabledEndpoints,
    BrokenTargets,
    BrokenAccounts,
    SilentAccounts,
    ErrorRate,
    Latency,
}

impl Measure {
    /// Read over the rule's minutes, instead of at this moment and then for so long.
    pub const fn has_window(self) -> bool {
        matches!(self, Self::ErrorRate | Self::Latency)
    }
}

#[derive(Debug)]
pub struct Rule {
    pub name: &'static str,
    pub measure: Measure,
    pub unit: Unit,
    pub threshold: f64,
    pub for_minutes: i32,
    pub severity: Severity,
    pub summary: &'static str,
}

macro_rules! rules {
    ($($name:literal, $measure:ident, $unit:ident, $threshold:literal, $minutes:literal, $severity:ident, $summary:literal;)*) => {
        pub const CATALOGUE: &[Rule] = &[$(Rule {
            name: $name, measure: Measure::$measure, unit: Unit::$unit, threshold: $threshold, for_minutes: $minutes,
            severity: Severity::$severity, summary: $summary,
        }),*];
    };
}

rules! {
    "dead_letters.urgent", UrgentDeadLetters, Count, 0.0, 0, Critical, "Jobs of the fast lane that were given up and wait for a decision.";
    "dead_letters.waiting", DeadLetters, Count, 0.0, 0, Error, "Jobs that were given up and wait for a decision.";
    "jobs.backlog_age", BacklogAge, Seconds, 300.0, 2, Error, "Age of the oldest job that waits to be done.";
    "circuits.open", OpenCircuits, Count, 0.0, 5, Warning, "A remote system is not called because it fails. One alert for each of them.";
    "effects.unknown", UnknownEffects, Count, 0.0, 0, Error, "Acts of which nobody knows whether they took place, for longer than 15 minutes.";
    "webhook_endpoints.disabled", DisabledEndpoints, Count, 0.0, 0, Warning, "A webhook endpoint was switched off because it failed or is gone. One alert for each of them.";
    "alert_targets.broken", BrokenTargets, Count, 0.0, 0, Warning, "An alert target cannot be reached any more. One alert for each of them, told to the others.";
    "channel_accounts.broken", BrokenAccounts, Count, 0.0, 0, Error, "A channel account does not work until somebody connects it again. One alert for each of them.";
    "channel_accounts.silent", SilentAccounts, Count, 0.0, 2, Warning, "A channel account is not heard as usual, so messages may be missing or late. One alert for each of them.";
    "requests.error_rate", ErrorRate, Percent, 1.0, 5, Error, "Share of requests to the API that end with a 5xx answer, of at least 20.";
    "requests.latency_p95", Latency, Milliseconds, 1000.0, 5, Warning, "95 of 100 requests are answered within this time, of at least 20.";
}

pub fn find(name: &str) -> Option<&'static Rule> {
    CATALOGUE.iter().find(|rule| rule.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_is_there_once_and_explains_itself() {
        let mut names: Vec<_> = CATALOGUE.iter().map(|rule| rule.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CATALOGUE.len());
        for rule in CATALOGUE {
            assert!(rule.summary.ends_with('.') && rule.threshold >= 0.0, "{}", rule.name);
        }
    }
}
