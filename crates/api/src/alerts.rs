//! Alerts: what went wrong, and who was told.

use axum::{Json, extract::State as AppState};
use serde::{Deserialize, Serialize};
use socialai_domain::{
    alerts::{
        Severity,
        history::{self, Alert, Filter, State, Told},
    },
    ids::AlertId,
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    caller::{Caller, can},
    http::body::{Id, Query, at_most},
    page::{Page, Paging},
    problem::Answer,
    state::App,
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    #[param(inline)]
    state: Option<State>,
    /// Name of a rule.
    #[param(max_length = 80)]
    rule: Option<String>,
    #[param(inline)]
    severity: Option<Severity>,
}

/// Alerts, those that are open first, then the newest first
#[utoipa::path(get, path = "/alerts", tag = "Alerts", params(ListQuery, Paging), security(("token" = ["alerts:read"])),
    responses((status = 200, description = "A page of alerts.", body = Page<Alert>)))]
pub async fn list(
    AppState(app): AppState<App>,
    caller: Caller<can::AlertsRead>,
    Query(query): Query<ListQuery>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Alert>>> {
    at_most(80, "rule", query.rule.as_ref())?;
    let (limit, after) = (paging.limit()?, paging.after()?);
    let filter = Filter { state: query.state, rule: query.rule, severity: query.severity };
    let mut tx = caller.tx(&app).await?;
    let alerts = history::list(&mut tx, &filter, after, limit + 1).await?;
    tx.rollback().await?;
    Ok(Json(Page::cut(alerts, limit, Alert::place)))
}

/// An alert with what became of telling it.
#[derive(Serialize, ToSchema)]
pub struct OpenedAlert {
    #[serde(flatten)]
    pub alert: Alert,
    /// The oldest first.
    pub notices: Vec<Told>,
}

/// One alert, with who was told
#[utoipa::path(get, path = "/alerts/{id}", tag = "Alerts", params(("id" = AlertId, Path)), security(("token" = ["alerts:read"])),
    responses((status = 200, description = "The alert and its notices.", body = OpenedAlert)))]
pub async fn get(
    AppState(app): AppState<App>,
    caller: Caller<can::AlertsRead>,
    Id(id): Id<AlertId>,
) -> Answer<Json<OpenedAlert>> {
    let mut tx = caller.tx(&app).await?;
    let alert = history::get(&mut tx, id).await?;
    let notices = history::notices(&mut tx, id).await?;
    tx.rollback().await?;
    Ok(Json(OpenedAlert { alert, notices }))
}
