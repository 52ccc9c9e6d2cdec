//! The rules as they hold in a workspace: the catalogue, and in what the workspace differs from it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use sqlx::FromRow;
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Severity,
    catalogue::{CATALOGUE, Measure, Rule, Unit, find},
    judge::Limit,
    watch,
};
use crate::{
    audit::Entry,
    ids::AlertTargetId,
    problems::{Problem, Result},
    requests,
    tenancy::TenantTx,
};

const HIGHEST_THRESHOLD: f64 = 1_000_000_000.0;
const LONGEST_MINUTES: i32 = 1440;
/// Shares and percentiles of less time say nothing.
const SHORTEST_WINDOW_MINUTES: i32 = 5;

/// What the catalogue says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
#[schema(as = AlertRuleDefaults)]
pub struct Defaults {
    pub threshold: f64,
    pub for_minutes: i32,
    pub severity: Severity,
}

/// A rule as it holds in a workspace.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = AlertRule)]
pub struct Setting {
    #[schema(example = "dead_letters.waiting")]
    pub name: &'static str,
    pub summary: &'static str,
    pub unit: Unit,
    /// A reading above it breaks the rule.
    pub threshold: f64,
    /// For so long before anybody is told. Rules about requests read so many minutes, at least five.
    pub for_minutes: i32,
    pub severity: Severity,
    pub enabled: bool,
    /// Who is told; null for all targets.
    pub targets: Option<Vec<AlertTargetId>>,
    pub defaults: Defaults,
    /// The worst at the last look; null when there was nothing to read.
    pub reading: Option<f64>,
    pub open_alerts: i64,
    #[serde(skip)]
    pub(super) measure: Measure,
}

impl Setting {
    pub(super) fn limit(&self) -> Limit {
        let minutes = if self.measure.has_window() { 0 } else { self.for_minutes };
        Limit { enabled: self.enabled, threshold: self.threshold, duration: Duration::minutes(minutes.into()) }
    }

    pub(super) fn window_minutes(&self) -> i32 {
        self.for_minutes.max(SHORTEST_WINDOW_MINUTES)
    }

    fn audited(&self) -> Value {
        json!({
            "threshold": self.threshold, "for_minutes": self.for_minutes, "severity": self.severity,
            "enabled": self.enabled, "targets": self.targets,
        })
    }
}

#[derive(FromRow)]
struct Row {
    name: String,
    threshold: Option<f64>,
    for_minutes: Option<i32>,
    severity: Option<Severity>,
    enabled: bool,
    targets: Option<Vec<Uuid>>,
}

/// As they hold, without what was read.
pub(super) async fn settings(tx: &mut TenantTx) -> Result<Vec<Setting>> {
    let rows: Vec<Row> =
        sqlx::query_as("select name, threshold, for_minutes, severity, enabled, targets from alert_rules")
            .fetch_all(tx.conn())
            .await?;
    Ok(CATALOGUE.iter().map(|rule| setting(rule, rows.iter().find(|row| row.name == rule.name))).collect())
}

fn setting(rule: &Rule, own: Option<&Row>) -> Setting {
    let &Rule { name, measure, unit, threshold, for_minutes, severity, summary } = rule;
    let targets = own.and_then(|own| own.targets.as_ref());
    Setting {
        name,
        summary,
        unit,
        threshold: own.and_then(|own| own.threshold).unwrap_or(threshold),
        for_minutes: own.and_then(|own| own.for_minutes).unwrap_or(for_minutes),
        severity: own.and_then(|own| own.severity).unwrap_or(severity),
        enabled: own.is_none_or(|own| own.enabled),
        targets: targets.map(|ids| ids.iter().copied().map(AlertTargetId).collect()),
        defaults: Defaults { threshold, for_minutes, severity },
        reading: None,
        open_alerts: 0,
        measure,
    }
}

/// All rules with what was read last, and when that was.
pub async fn list(tx: &mut TenantTx) -> Result<(Vec<Setting>, Option<OffsetDateTime>)> {
    let open: Vec<(String, i64)> =
        sqlx::query_as("select rule, count(*) from alerts where state = 'open' group by rule")
            .fetch_all(tx.conn())
            .await?;
    let open: BTreeMap<_, _> = open.into_iter().collect();
    let last = watch::last(tx).await?;
    let mut settings = settings(tx).await?;
    for setting in &mut settings {
        setting.reading = last.readings.get(setting.name).copied();
        setting.open_alerts = open.get(setting.name).copied().unwrap_or_default();
    }
    Ok((settings, last.looked_at))
}

async fn get(tx: &mut TenantTx, name: &str) -> Result<Setting> {
    let found = list(tx).await?.0.into_iter().find(|setting| setting.name == name);
    found.ok_or_else(|| Problem::missing("alert rule").into())
}

/// Fields that stay as they are when they are left out.
#[derive(Debug, Clone, Default)]
pub struct Change {
    pub threshold: Option<f64>,
    pub for_minutes: Option<i32>,
    pub severity: Option<Severity>,
    pub enabled: Option<bool>,
    pub targets: Option<Audience>,
}

/// Who is told of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Every target, also those that are added later.
    All,
    These(Vec<AlertTargetId>),
}

pub async fn change(tx: &mut TenantTx, name: &str, change: Change) -> Result<Setting> {
    let rule = find(name).ok_or_else(|| Problem::missing("alert rule"))?;
    check(rule, &change)?;
    watch::lock(tx).await?;
    if let Some(Audience::These(targets)) = &change.targets {
        check_targets(tx, targets).await?;
    }
    let before = get(tx, name).await?;
    let threshold = change.threshold.unwrap_or(before.threshold);
    let for_minutes = change.for_minutes.unwrap_or(before.for_minutes);
    let severity = change.severity.unwrap_or(before.severity);
    let targets = match change.targets {
        None => before.targets.clone(),
        Some(Audience::All) => None,
        Some(Audience::These(targets)) => Some(targets),
    };
    #[expect(clippy::float_cmp, reason = "it differs when it was set to something else")]
    let own_threshold = (threshold != rule.threshold).then_some(threshold);
    sqlx::query(
        "insert into alert_rules (name, threshold, for_minutes, severity, enabled, targets)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (tenant_id, name) do update set threshold = excluded.threshold, for_minutes = excluded.for_minutes,
            severity = excluded.severity, enabled = excluded.enabled, targets = excluded.targets",
    )
    .bind(name)
    .bind(own_threshold)
    .bind((for_minutes != rule.for_minutes).then_some(for_minutes))
    .bind((severity != rule.severity).then_some(severity))
    .bind(change.enabled.unwrap_or(before.enabled))
    .bind(targets.map(|ids| ids.into_iter().map(|id| id.0).collect::<Vec<_>>()))
    .execute(tx.conn())
    .await?;
    let after = get(tx, name).await?;
    if after.audited() != before.audited() {
        tx.record(Entry::new("alert_rule.changed", "alert_rule", name).changed(before.audited(), after.audited()));
    }
    Ok(after)
}

fn check(rule: &Rule, change: &Change) -> Result<(), Problem> {
    if change.threshold.is_some_and(|threshold| !(0.0..=HIGHEST_THRESHOLD).contains(&threshold)) {
        return Err(Problem::field("threshold", "A threshold is a number from 0 to 1,000,000,000."));
    }
    let longest = if rule.measure.has_window() { requests::KEPT_MINUTES } else { LONGEST_MINUTES };
    if change.for_minutes.is_some_and(|minutes| !(0..=longest).contains(&minutes)) {
        return Err(Problem::field("for_minutes", format!("The duration of this rule is 0 to {longest} minutes.")));
    }
    Ok(())
}

async fn check_targets(tx: &mut TenantTx, targets: &[AlertTargetId]) -> Result<()> {
    if targets.is_empty() {
        let sentence = "Name at least one target, or null for all of them. To hear nothing, switch the rule off.";
        return Err(Problem::field("targets", sentence).into());
    }
    let known = super::targets::ids(tx).await?;
    for (place, target) in targets.iter().enumerate() {
        let field = format!("targets[{place}]");
        if !known.contains(target) {
            return Err(Problem::field(field, "There is no such alert target in this workspace.").into());
        }
        if targets[..place].contains(target) {
            return Err(Problem::field(field, "This target is named twice.").into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_of_a_rule_is_no_longer_than_requests_are_kept() {
        for rule in CATALOGUE.iter().filter(|rule| rule.measure.has_window()) {
            let change = |minutes| Change { for_minutes: Some(minutes), ..Change::default() };
            assert!(check(rule, &change(120)).is_ok());
            assert_eq!(check(rule, &change(121)).unwrap_err().errors[0].field, "for_minutes");
        }
    }
}
