//! Dead letters: jobs that were given up, to be looked at, replayed or discarded.

use axum::{Json, extract::State as AppState, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use socialai_domain::{
    dead_letters::{self, Count, Filter, Letter, Opened, Pace, State, Which},
    ids::JobId,
    problems::{Problem, Result},
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    caller::{Caller, can},
    http::body::{Body, Id, Query, at_most},
    idempotent::{IdempotencyKey, once},
    page::{Page, Paging, moment},
    problem::Answer,
    state::App,
};

/// Letters that one order may name.
const IDS_AT_ONCE: usize = 1_000;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LetterState {
    #[default]
    Open,
    Replayed,
    Discarded,
    Any,
}

impl From<LetterState> for State {
    fn from(state: LetterState) -> Self {
        match state {
            LetterState::Open => Self::Open,
            LetterState::Replayed => Self::Replayed,
            LetterState::Discarded => Self::Discarded,
            LetterState::Any => Self::Any,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Without it those that are open.
    #[serde(default)]
    #[param(inline)]
    state: LetterState,
    #[param(max_length = 40)]
    queue: Option<String>,
    #[param(max_length = 80)]
    kind: Option<String>,
    #[param(max_length = 80)]
    reason: Option<String>,
    #[param(max_length = 200)]
    key: Option<String>,
    /// RFC 3339; given up from this moment on.
    #[param(format = DateTime)]
    from: Option<String>,
    /// RFC 3339; given up before this moment.
    #[param(format = DateTime)]
    until: Option<String>,
}

impl ListQuery {
    fn filter(self) -> Result<Filter, Problem> {
        let Self { state, queue, kind, reason, key, from, until } = self;
        Ok(Filter { state: state.into(), ..Selection { ids: None, queue, kind, reason, key, from, until }.filter()? })
    }
}

/// Dead letters, newest first
#[utoipa::path(get, path = "/dead-letters", tag = "Work", params(ListQuery, Paging), security(("token" = ["work:read"])),
    responses((status = 200, description = "A page of dead letters, without their payloads.", body = Page<Letter>)))]
pub async fn list(
    AppState(app): AppState<App>,
    caller: Caller<can::WorkRead>,
    Query(query): Query<ListQuery>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Letter>>> {
    let (limit, after, filter) = (paging.limit()?, paging.after()?, query.filter()?);
    let mut tx = caller.tx(&app).await?;
    let letters = dead_letters::list(&mut tx, filter, after, limit + 1).await?;
    tx.rollback().await?;
    Ok(Json(Page::cut(letters, limit, |letter| (letter.died_at, letter.id.0))))
}

/// How many open dead letters there are of each kind
#[utoipa::path(get, path = "/dead-letters/counts", tag = "Work", security(("token" = ["work:read"])),
    responses((status = 200, description = "By queue, kind and reason.", body = Vec<Count>)))]
pub async fn counts(AppState(app): AppState<App>, caller: Caller<can::WorkRead>) -> Answer<Json<Vec<Count>>> {
    let mut tx = caller.tx(&app).await?;
    let counts = dead_letters::counts(&mut tx).await?;
    tx.rollback().await?;
    Ok(Json(counts))
}

/// One dead letter, with its payload and every attempt
#[utoipa::path(get, path = "/dead-letters/{id}", tag = "Work", params(("id" = JobId, Path)), security(("token" = ["work:read"])),
    responses((status = 200, description = "All that is known of it.", body = Opened)))]
pub async fn get(
    AppState(app): AppState<App>,
    caller: Caller<can::WorkRead>,
    Id(id): Id<JobId>,
) -> Answer<Json<Opened>> {
    let mut tx = caller.tx(&app).await?;
    let letter = dead_letters::get(&mut tx, id).await?;
    tx.rollback().await?;
    Ok(Json(letter))
}

/// These letters, or all open ones that fit the other fields.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    #[schema(min_items = 1, max_items = 1000)]
    ids: Option<Vec<JobId>>,
    #[schema(max_length = 40)]
    queue: Option<String>,
    #[schema(max_length = 80)]
    kind: Option<String>,
    #[schema(max_length = 80)]
    reason: Option<String>,
    #[schema(max_length = 200)]
    key: Option<String>,
    /// RFC 3339; given up from this moment on.
    #[schema(format = DateTime)]
    from: Option<String>,
    /// RFC 3339; given up before this moment.
    #[schema(format = DateTime)]
    until: Option<String>,
}

impl Selection {
    fn filter(self) -> Result<Filter, Problem> {
        let Self { ids: _, queue, kind, reason, key, from, until } = self;
        let words = [(40, "queue", &queue), (80, "kind", &kind), (80, "reason", &reason), (200, "key", &key)];
        for (most, name, value) in words {
            at_most(most, name, value.as_ref())?;
        }
        let (from, until) = (moment("from", from.as_deref())?, moment("until", until.as_deref())?);
        Ok(Filter { queue, kind, reason, key, from, until, ..Filter::default() })
    }

    fn which(mut self) -> Result<Which, Problem> {
        let Some(ids) = self.ids.take() else { return Ok(Which::All(self.filter()?)) };
        let Self { ids: _, queue, kind, reason, key, from, until } = self;
        if [queue, kind, reason, key, from, until].iter().any(Option::is_some) {
            return Err(Problem::field("select.ids", "Name the letters, or say which by the other fields; not both."));
        }
        if !(1..=IDS_AT_ONCE).contains(&ids.len()) {
            return Err(Problem::field("select.ids", format!("Name 1 to {IDS_AT_ONCE} letters.")));
        }
        Ok(Which::These(ids))
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    #[serde(default)]
    select: Selection,
    /// So many jobs a second, not to overrun what has just recovered; without it all at once.
    #[schema(minimum = 0.01, maximum = 1000.0)]
    per_second: Option<f64>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Discard {
    #[serde(default)]
    select: Selection,
    /// Why nothing is lost by it; kept with the letters and in the audit log.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Settled {
    /// How many letters this concerned; at most 10,000 by one order.
    pub count: usize,
}

/// Try dead letters again
#[utoipa::path(post, path = "/dead-letters/replay", tag = "Work", request_body = Replay,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["work:manage"])), responses((status = 200, description = "They are enqueued.", body = Settled)))]
pub async fn replay(
    AppState(app): AppState<App>,
    caller: Caller<can::WorkManage>,
    key: IdempotencyKey,
    Body { value, raw }: Body<Replay>,
) -> Answer<Response> {
    let wrong = || Problem::field("per_second", "A rate is 0.01 to 1,000 jobs a second.");
    let pace = value.per_second.map(|rate| Pace::new(rate).ok_or_else(wrong)).transpose()?;
    let which = value.select.which()?;
    once(&app, &caller, key, &raw, StatusCode::OK, async |tx| {
        Ok(Settled { count: dead_letters::replay(tx, which, pace).await? })
    })
    .await
}

/// Discard dead letters
#[utoipa::path(post, path = "/dead-letters/discard", tag = "Work", request_body = Discard,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["work:manage"])), responses((status = 200, description = "They are closed.", body = Settled)))]
pub async fn discard(
    AppState(app): AppState<App>,
    caller: Caller<can::WorkManage>,
    key: IdempotencyKey,
    Body { value, raw }: Body<Discard>,
) -> Answer<Response> {
    let which = value.select.which()?;
    once(&app, &caller, key, &raw, StatusCode::OK, async |tx| {
        Ok(Settled { count: dead_letters::discard(tx, which, &value.reason).await? })
    })
    .await
}
