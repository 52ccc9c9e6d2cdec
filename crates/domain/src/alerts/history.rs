//! The alerts of a workspace: those that are open, those that are over, and what became of their notices.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use sqlx::{FromRow, QueryBuilder};
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

use super::{
    EFFECT, Notice, Severity,
    catalogue::{self, Measure, Unit},
    measures::Reading,
    rules::Setting,
};
use crate::{
    effects::{self, Effect},
    ids::{AlertId, AlertTargetId, EffectId},
    problems::{Problem, Result},
    tenancy::TenantTx,
};

/// Alerts that are over are kept so long.
const KEPT_FOR: Duration = Duration::days(90);
const SWEPT_AT_ONCE: i64 = 1_000;
/// Twenty targets are told twice at most.
const MOST_NOTICES: i64 = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AlertState)]
pub enum State {
    Open,
    Resolved,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Alert {
    pub id: AlertId,
    pub rule: String,
    /// What it is about where a rule watches several things: an endpoint's id, a remote system.
    pub subject: Option<String>,
    /// The subject's name for people.
    pub label: Option<String>,
    pub severity: Severity,
    /// A sentence with the figures.
    pub summary: String,
    pub value: f64,
    pub threshold: f64,
    pub unit: Unit,
    /// When the rule was first seen broken.
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub raised_at: OffsetDateTime,
    /// When the rule was last seen broken.
    #[serde(with = "time::serde::rfc3339")]
    pub last_seen_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub resolved_at: Option<OffsetDateTime>,
    /// Targets that took the news.
    pub targets_told: i64,
    /// Targets of which it is known, or feared, that they did not.
    pub targets_failed: i64,
}

#[derive(FromRow)]
struct Row {
    id: AlertId,
    rule: String,
    subject: String,
    label: Option<String>,
    severity: Severity,
    summary: String,
    value: f64,
    threshold: f64,
    started_at: OffsetDateTime,
    raised_at: OffsetDateTime,
    last_seen_at: OffsetDateTime,
    resolved_at: Option<OffsetDateTime>,
}

#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub state: Option<State>,
    pub rule: Option<String>,
    pub severity: Option<Severity>,
}

/// Where a page ended: whether its last alert was open, when it was raised, and its id.
pub type After = (bool, OffsetDateTime, AlertId);

impl Alert {
    pub fn place(&self) -> After {
        (self.resolved_at.is_none(), self.raised_at, self.id)
    }
}

/// While it is broken, an alert was last seen at the last look.
const SELECT: &str = "select a.id, a.rule, a.subject, a.label, a.severity, a.summary, a.value, a.threshold, a.started_at,
    a.raised_at, a.resolved_at,
    case when a.state = 'open' and a.calm_since is null then greatest(a.last_seen_at, w.looked_at) else a.last_seen_at end
        as last_seen_at
    from alerts a left join alert_watch w on w.tenant_id = a.tenant_id where a.state <> 'watching'";

/// Open ones first, the newest first.
pub async fn list(tx: &mut TenantTx, filter: &Filter, after: Option<After>, limit: i64) -> Result<Vec<Alert>> {
    let mut query = QueryBuilder::new(SELECT);
    if let Some(state) = filter.state {
        query.push(if state == State::Open { " and a.state = 'open'" } else { " and a.state = 'resolved'" });
    }
    if let Some(rule) = &filter.rule {
        query.push(" and a.rule = ").push_bind(rule.clone());
    }
    if let Some(severity) = filter.severity {
        query.push(" and a.severity = ").push_bind(severity);
    }
    if let Some((is_open, raised_at, id)) = after {
        query.push(" and ((a.state = 'open'), a.raised_at, a.id) < (").push_bind(is_open).push(", ");
        query.push_bind(raised_at).push(", ").push_bind(id).push(")");
    }
    query.push(" order by (a.state = 'open') desc, a.raised_at desc, a.id desc limit ").push_bind(limit);
    let rows: Vec<Row> = query.build_query_as().fetch_all(tx.conn()).await?;
    with_reach(tx, rows).await
}

pub async fn get(tx: &mut TenantTx, id: AlertId) -> Result<Alert> {
    find(tx, id).await?.ok_or_else(|| Problem::missing("alert").into())
}

pub(super) async fn find(tx: &mut TenantTx, id: AlertId) -> Result<Option<Alert>> {
    let mut query = QueryBuilder::new(SELECT);
    query.push(" and a.id = ").push_bind(id);
    let rows: Vec<Row> = query.build_query_as().fetch_all(tx.conn()).await?;
    Ok(with_reach(tx, rows).await?.pop())
}

/// Counts how many targets each alert reached.
async fn with_reach(tx: &mut TenantTx, rows: Vec<Row>) -> Result<Vec<Alert>> {
    let ids: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
    let reach: Vec<(String, i64, i64)> = sqlx::query_as(
        "select about_id, count(distinct request->>'target') filter (where state = 'confirmed' and request->>'notice' = 'raised'),
            count(distinct request->>'target') filter (where state = 'failed')
         from effects where about_kind = 'alert' and about_id = any($1) and kind = $2 group by about_id",
    )
    .bind(ids)
    .bind(EFFECT)
    .fetch_all(tx.conn())
    .await?;
    let reach: HashMap<_, _> = reach.into_iter().map(|(id, told, failed)| (id, (told, failed))).collect();
    Ok(rows.into_iter().map(|row| alert(row, &reach)).collect())
}

fn alert(row: Row, reach: &HashMap<String, (i64, i64)>) -> Alert {
    let (targets_told, targets_failed) = reach.get(&row.id.to_string()).copied().unwrap_or_default();
    Alert {
        id: row.id,
        unit: catalogue::find(&row.rule).map_or(Unit::Count, |rule| rule.unit),
        rule: row.rule,
        subject: Some(row.subject).filter(|subject| !subject.is_empty()),
        label: row.label,
        severity: row.severity,
        summary: row.summary,
        value: row.value,
        threshold: row.threshold,
        started_at: row.started_at,
        raised_at: row.raised_at,
        last_seen_at: row.last_seen_at,
        resolved_at: row.resolved_at,
        targets_told,
        targets_failed,
    }
}

/// What became of telling one target.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = AlertNotice)]
pub struct Told {
    pub effect_id: EffectId,
    pub target_id: Option<AlertTargetId>,
    /// As the target was called then.
    pub target_name: String,
    pub kind: Notice,
    pub state: effects::State,
    pub attempts: i32,
    pub failure: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub planned_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub ended_at: Option<OffsetDateTime>,
}

/// The oldest first.
pub async fn notices(tx: &mut TenantTx, id: AlertId) -> Result<Vec<Told>> {
    let filter = effects::Filter {
        kind: Some(EFFECT.to_owned()),
        about_kind: Some("alert".to_owned()),
        about_id: Some(id.to_string()),
        ..effects::Filter::default()
    };
    let mut effects = effects::list(tx, &filter, None, MOST_NOTICES).await?;
    effects.reverse();
    Ok(effects.into_iter().map(told).collect())
}

fn told(effect: Effect) -> Told {
    let text = |name: &str| effect.request[name].as_str().unwrap_or_default();
    Told {
        effect_id: effect.id,
        target_id: text("target").parse().ok(),
        target_name: text("target_name").to_owned(),
        kind: if text("notice") == Notice::Resolved.name() { Notice::Resolved } else { Notice::Raised },
        state: effect.state,
        attempts: effect.attempt,
        failure: effect.failure,
        planned_at: effect.planned_at,
        ended_at: effect.ended_at,
    }
}

/// Removes a batch of what has long been over; zero when nothing is left to do.
pub async fn sweep(tx: &mut TenantTx) -> Result<u64> {
    let before = tx.now() - KEPT_FOR;
    let swept = sqlx::query(
        "delete from alerts where id in (
            select id from alerts where state = 'resolved' and resolved_at < $1 order by resolved_at, id limit $2)",
    );
    Ok(swept.bind(before).bind(SWEPT_AT_ONCE).execute(tx.conn()).await?.rows_affected())
}

/// What people read: one sentence with the figures. It reaches other systems, so it names things and no persons.
pub(super) fn summary(setting: &Setting, reading: &Reading) -> String {
    let (value, limit) = (reading.value, setting.threshold);
    let name = reading.label.as_deref().unwrap_or(&reading.subject);
    let minutes = setting.window_minutes();
    let one = value < 1.5;
    match reading.measure {
        Measure::UrgentDeadLetters if one => "1 urgent job was given up and waits for a decision.".to_owned(),
        Measure::UrgentDeadLetters => format!("{value:.0} urgent jobs were given up and wait for a decision."),
        Measure::DeadLetters if one => "1 job was given up and waits for a decision.".to_owned(),
        Measure::DeadLetters => format!("{value:.0} jobs were given up and wait for a decision."),
        Measure::BacklogAge => {
            format!("A job has waited for {} to be done; {} are fine.", spoken(value), spoken(limit))
        }
        Measure::OpenCircuits => format!("The remote system {name} is not called because it fails."),
        Measure::UnknownEffects if one => {
            "Of 1 act nobody knows whether it took place, for more than 15 minutes.".to_owned()
        }
        Measure::UnknownEffects => {
            format!("Of {value:.0} acts nobody knows whether they took place, for more than 15 minutes.")
        }
        Measure::DisabledEndpoints => {
            format!("The webhook endpoint “{name}” was switched off because it failed or is gone.")
        }
        Measure::BrokenTargets => format!("The alert target “{name}” cannot be reached any more."),
        Measure::BrokenAccounts => {
            format!("The channel account “{name}” does not work until somebody connects it again.")
        }
        Measure::SilentAccounts => {
            format!("The channel account “{name}” is not heard as usual: messages may be missing or late.")
        }
        Measure::ErrorRate => format!(
            "{value:.1} % of the requests of the last {minutes} minutes ended with a 5xx answer; {limit} % are fine."
        ),
        Measure::Latency => format!(
            "95 of 100 requests of the last {minutes} minutes were answered within {value:.0} ms; {limit} ms are fine."
        ),
    }
}

fn spoken(seconds: f64) -> String {
    if seconds < 120.0 {
        format!("{seconds:.0} seconds")
    } else if seconds < 7200.0 {
        format!("{:.0} minutes", seconds / 60.0)
    } else {
        format!("{:.0} hours", seconds / 3600.0)
    }
}
