//! Alert rules: the catalogue as it holds in the workspace, and changes of it.

use axum::{Json, extract::State};
use serde::{Deserialize, Deserializer, Serialize};
use socialai_domain::{
    alerts::{
        Severity,
        rules::{self, Audience, Change, Setting},
    },
    ids::AlertTargetId,
};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{
    caller::{Caller, can},
    http::body::{Body, Id},
    problem::Answer,
    state::App,
};

#[derive(Serialize, ToSchema)]
pub struct AlertRules {
    pub items: Vec<Setting>,
    /// Always null: there are few.
    pub next: Option<String>,
    /// When the workspace was looked at last.
    #[serde(with = "time::serde::rfc3339::option")]
    pub looked_at: Option<OffsetDateTime>,
}

/// What is watched
#[utoipa::path(get, path = "/alert-rules", tag = "Alerts", security(("token" = ["alerts:read"])),
    responses((status = 200, description = "All rules, with what was read last.", body = AlertRules)))]
pub async fn list(State(app): State<App>, caller: Caller<can::AlertsRead>) -> Answer<Json<AlertRules>> {
    let mut tx = caller.tx(&app).await?;
    let (items, looked_at) = rules::list(&mut tx).await?;
    tx.rollback().await?;
    Ok(Json(AlertRules { items, next: None, looked_at }))
}

/// Fields that are left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertRuleChange {
    /// A reading above it breaks the rule.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    threshold: Option<f64>,
    /// At most 120 for rules about requests.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1440)]
    for_minutes: Option<i32>,
    #[serde(default)]
    #[schema(inline)]
    severity: Option<Severity>,
    #[serde(default)]
    enabled: Option<bool>,
    /// Who is told; null for all targets.
    #[serde(default, deserialize_with = "audience")]
    #[schema(value_type = Option<Vec<AlertTargetId>>, min_items = 1, max_items = 20)]
    targets: Option<Audience>,
}

/// Null means all, and a field that is left out means no change.
fn audience<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Audience>, D::Error> {
    let these: Option<Vec<AlertTargetId>> = Option::deserialize(deserializer)?;
    Ok(Some(these.map_or(Audience::All, Audience::These)))
}

/// Change an alert rule
#[utoipa::path(patch, path = "/alert-rules/{name}", tag = "Alerts", params(("name" = String, Path, example = "dead_letters.waiting")),
    request_body = AlertRuleChange, security(("token" = ["alerts:manage"])),
    responses((status = 200, description = "Changed.", body = Setting)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller<can::AlertsManage>,
    Id(name): Id<String>,
    Body { value: wanted, .. }: Body<AlertRuleChange>,
) -> Answer<Json<Setting>> {
    let AlertRuleChange { threshold, for_minutes, severity, enabled, targets } = wanted;
    let change = Change { threshold, for_minutes, severity, enabled, targets };
    let mut tx = caller.tx(&app).await?;
    let rule = rules::change(&mut tx, &name, change).await?;
    tx.commit().await?;
    Ok(Json(rule))
}
