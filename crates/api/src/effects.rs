//! The effect ledger: what was done to other systems, and how it ended.

use axum::{Json, extract::State as AppState, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use socialai_domain::{
    effects::{
        self, Effect, Filter, State,
        by_hand::{self, Found},
    },
    ids::EffectId,
};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use crate::{
    caller::{Caller, can},
    http::body::{Body, Id, Query, at_most},
    idempotent::{IdempotencyKey, once},
    page::{Page, Paging},
    problem::Answer,
    state::App,
};

/// An act on another system.
#[derive(Debug, Serialize, ToSchema)]
pub struct Act {
    pub id: EffectId,
    #[schema(example = "webhook.delivery")]
    pub kind: String,
    /// The system that is acted upon.
    pub remote: String,
    pub about_kind: String,
    pub about_id: String,
    pub idempotency_key: String,
    pub state: State,
    pub attempts: i32,
    pub request: Value,
    /// What the other system calls it.
    pub remote_ids: Option<Value>,
    /// Why it failed, or why the outcome is not known.
    pub failure: Option<String>,
    pub cost_micros: Option<i64>,
    #[serde(with = "time::serde::rfc3339")]
    pub planned_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub dispatched_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub ended_at: Option<OffsetDateTime>,
    pub latency_ms: Option<i32>,
    /// How often it was asked for without an answer.
    pub settle_tries: i32,
    /// While it is not known what became of it: from when on a person may settle it.
    #[serde(with = "time::serde::rfc3339::option")]
    pub settleable_from: Option<OffsetDateTime>,
    /// Who settled it by hand, and how they know.
    pub settled_by: Option<String>,
    pub settle_reason: Option<String>,
}

impl From<Effect> for Act {
    fn from(effect: Effect) -> Self {
        Self {
            settleable_from: by_hand::settleable_from(&effect),
            id: effect.id,
            kind: effect.kind,
            remote: effect.remote,
            about_kind: effect.about_kind,
            about_id: effect.about_id,
            idempotency_key: effect.idempotency_key,
            state: effect.state,
            attempts: effect.attempt,
            request: effect.request,
            remote_ids: effect.remote_ids,
            failure: effect.failure,
            cost_micros: effect.cost_micros,
            planned_at: effect.planned_at,
            dispatched_at: effect.dispatched_at,
            ended_at: effect.ended_at,
            latency_ms: effect.latency_ms,
            settle_tries: effect.settle_tries,
            settled_by: effect.settled_by,
            settle_reason: effect.settle_reason,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    #[param(inline)]
    state: Option<State>,
    #[param(max_length = 80)]
    kind: Option<String>,
    /// What it is for, such as `conversation`; together with `about_id`.
    #[param(max_length = 80)]
    about_kind: Option<String>,
    #[param(max_length = 100)]
    about_id: Option<String>,
}

/// Acts on other systems, newest first
#[utoipa::path(get, path = "/effects", tag = "Work", params(ListQuery, Paging), security(("token" = ["work:read"])),
    responses((status = 200, description = "A page of the ledger.", body = Page<Act>)))]
pub async fn list(
    AppState(app): AppState<App>,
    caller: Caller<can::WorkRead>,
    Query(query): Query<ListQuery>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Act>>> {
    at_most(80, "kind", query.kind.as_ref())?;
    at_most(80, "about_kind", query.about_kind.as_ref())?;
    at_most(100, "about_id", query.about_id.as_ref())?;
    let (limit, after) = (paging.limit()?, paging.after()?);
    let filter =
        Filter { state: query.state, kind: query.kind, about_kind: query.about_kind, about_id: query.about_id };
    let mut tx = caller.tx(&app).await?;
    let effects = effects::list(&mut tx, &filter, after, limit + 1).await?;
    tx.rollback().await?;
    let page = Page::cut(effects, limit, |effect| (effect.planned_at, effect.id));
    Ok(Json(Page { items: page.items.into_iter().map(Act::from).collect(), next: page.next }))
}

/// One act on another system
#[utoipa::path(get, path = "/effects/{id}", tag = "Work", params(("id" = EffectId, Path)), security(("token" = ["work:read"])),
    responses((status = 200, description = "How it went.", body = Act)))]
pub async fn get(
    AppState(app): AppState<App>,
    caller: Caller<can::WorkRead>,
    Id(id): Id<EffectId>,
) -> Answer<Json<Act>> {
    let mut tx = caller.tx(&app).await?;
    let effect = effects::get(&mut tx, id).await?;
    tx.rollback().await?;
    Ok(Json(effect.into()))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Settle {
    finding: Found,
    /// How it is known; kept with the act and in the audit log.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Say what became of an act that nobody knows the end of
///
/// Possible from `settleable_from` on. It ends the act for good: what was given up is not sent again.
#[utoipa::path(post, path = "/effects/{id}/settle", tag = "Work", request_body = Settle,
    params(("id" = EffectId, Path), ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["work:manage"])), responses((status = 200, description = "It is settled.", body = Act)))]
pub async fn settle(
    AppState(app): AppState<App>,
    caller: Caller<can::WorkManage>,
    Id(id): Id<EffectId>,
    key: IdempotencyKey,
    Body { value, raw }: Body<Settle>,
) -> Answer<Response> {
    once(&app, &caller, key, &raw, StatusCode::OK, async |tx| {
        Ok(Act::from(by_hand::settle(tx, id, value.finding, &value.reason).await?))
    })
    .await
}
