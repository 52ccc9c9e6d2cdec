//! The effect ledger: the only way to act on the outside world. Each act is a row that says how far it went, so that a
//! process may die at any line and the next one knows what it may do:
//!
//! ```text
//! planned ──► claimed ──► dispatched ──► confirmed
//!    ▲           │             ├───────► failed
//!    │           │             └───────► unknown ──► (settle) ──► confirmed, failed or planned
//!    └───────────┴── nothing left ─────────┘
//! ```
//!
//! The types allow no other order. The remote system may be called only by who holds a [`Dispatched`]; that comes only from
//! a [`Claimed`], and its making is committed before the call. Whoever finds an effect that was dispatched and never ended
//! gets an [`Unsettled`], from which no way leads to a call but through a [`Finding`]: what reading back has shown, or what
//! a person has found out ([`by_hand`]).
//!
//! ```compile_fail
//! # use socialai_domain::{effects::Unsettled, tenancy::TenantTx};
//! async fn retry_blindly(unsettled: Unsettled, tx: TenantTx) {
//!     unsettled.dispatch(tx).await; // there is no such function
//! }
//! ```

pub mod by_hand;

use serde::Serialize;
use serde_json::Value;
use socialai_queue::facts::NewFact;
use sqlx::{FromRow, QueryBuilder};
use time::{Duration, OffsetDateTime};

use crate::{
    events,
    ids::EffectId,
    problems::{Error, Problem, Result},
    tenancy::TenantTx,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type, utoipa::ToSchema, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum State {
    Planned,
    Claimed,
    Dispatched,
    Confirmed,
    Failed,
    Unknown,
    Cancelled,
}

/// An act that is intended.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What kind of act, for example `webhook.delivery`.
    pub kind: &'static str,
    /// The remote system, as its circuit breaker is called.
    pub remote: String,
    pub about_kind: &'static str,
    pub about_id: String,
    /// The same intention always has the same key; planning it twice is planning it once.
    pub idempotency_key: String,
    /// What will be asked for. No secrets: they are read when it is sent.
    pub request: Value,
}

/// A row of the ledger.
#[derive(Debug, Clone, PartialEq, FromRow, Serialize)]
pub struct Effect {
    pub id: EffectId,
    pub kind: String,
    pub remote: String,
    pub about_kind: String,
    pub about_id: String,
    pub idempotency_key: String,
    pub state: State,
    #[serde(rename = "attempts")]
    pub attempt: i32,
    pub request: Value,
    pub remote_ids: Option<Value>,
    pub failure: Option<String>,
    pub cost_micros: Option<i64>,
    #[serde(with = "time::serde::rfc3339")]
    pub planned_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub dispatched_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub ended_at: Option<OffsetDateTime>,
    pub latency_ms: Option<i32>,
    pub settle_tries: i32,
    /// Who said by hand what became of it, and how they know.
    pub settled_by: Option<String>,
    pub settle_reason: Option<String>,
}

/// What may be done with an effect now.
#[derive(Debug)]
pub enum Standing {
    /// Nothing has left yet.
    Ready(Claimed),
    /// It was sent once, and whether it took place is not known.
    Unsettled(Unsettled),
    /// Confirmed, failed or cancelled; nothing is left to do.
    Ended(Box<Effect>),
}

/// The right to send an effect, once.
#[derive(Debug)]
pub struct Claimed(Held);

/// An effect that is on record as sent; now it may be.
#[derive(Debug)]
pub struct Dispatched(Held);

/// An effect of which nobody knows whether it took place.
#[derive(Debug)]
pub struct Unsettled(Held);

#[derive(Debug)]
struct Held {
    id: EffectId,
    attempt: i32,
    effect: Effect,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Confirmed {
        remote_ids: Value,
        cost_micros: Option<i64>,
    },
    /// Surely nothing took place; it may be sent again.
    NothingHappened {
        reason: String,
    },
    /// The remote system said no for good.
    Refused {
        reason: String,
    },
    /// The request left and no answer told what became of it.
    Unknown {
        reason: String,
    },
}

/// What reading back has shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    TookPlace {
        remote_ids: Value,
    },
    /// Searched for and not there. Whoever sent it may be slow and not dead, so absence counts only when the calls of this
    /// kind are surely over so long after the dispatch; before, it is still unknown.
    DidNotTakePlace {
        calls_last: Duration,
    },
    /// The remote system drops a second request with the same key, so that sending again cannot double it.
    KeyIsHonoured,
    StillUnknown {
        reason: String,
    },
    /// Nobody will ever know; a person decided so.
    GivenUp {
        reason: String,
    },
}

/// Puts an intention on record. Planned before under the same key: that one.
pub async fn plan(tx: &mut TenantTx, plan: Plan) -> Result<EffectId> {
    let (id, now) = (EffectId::fresh(), tx.now());
    let planned: Option<EffectId> = sqlx::query_scalar(
        "insert into effects (id, kind, remote, about_kind, about_id, idempotency_key, state, request, planned_at)
         values ($1, $2, $3, $4, $5, $6, 'planned', $7, $8)
         on conflict (tenant_id, idempotency_key) do nothing returning id",
    )
    .bind(id)
    .bind(plan.kind)
    .bind(plan.remote)
    .bind(plan.about_kind)
    .bind(plan.about_id)
    .bind(&plan.idempotency_key)
    .bind(plan.request)
    .bind(now)
    .fetch_optional(tx.conn())
    .await?;
    if let Some(planned) = planned {
        return Ok(planned);
    }
    let earlier = sqlx::query_scalar("select id from effects where idempotency_key = $1").bind(plan.idempotency_key);
    Ok(earlier.fetch_one(tx.conn()).await?)
}

/// Takes an effect for the work of this transaction and says what may be done with it.
pub async fn take(tx: &mut TenantTx, id: EffectId) -> Result<Standing> {
    let effect = locked(tx, id).await?;
    let held = |attempt| Held { id, attempt, effect: effect.clone() };
    match effect.state {
        State::Confirmed | State::Failed | State::Cancelled => Ok(Standing::Ended(Box::new(effect))),
        State::Dispatched | State::Unknown => Ok(Standing::Unsettled(Unsettled(held(effect.attempt)))),
        State::Planned | State::Claimed => {
            let attempt = effect.attempt + 1;
            sqlx::query("update effects set state = 'claimed', attempt = $2 where id = $1")
                .bind(id)
                .bind(attempt)
                .execute(tx.conn())
                .await?;
            Ok(Standing::Ready(Claimed(held(attempt))))
        }
    }
}

async fn locked(tx: &mut TenantTx, id: EffectId) -> Result<Effect> {
    let mut query = select();
    query.push(" and id = ").push_bind(id).push(" for update");
    let effect = query.build_query_as().fetch_optional(tx.conn()).await?;
    effect.ok_or_else(|| Problem::missing("effect").into())
}

impl Claimed {
    pub fn effect(&self) -> &Effect {
        &self.0.effect
    }

    /// Records that it is being sent, and commits. From here on a crash leaves it unsettled.
    pub async fn dispatch(self, mut tx: TenantTx) -> Result<Dispatched> {
        let now = tx.now();
        let noted = sqlx::query(
            "update effects set state = 'dispatched', dispatched_at = $3, failure = null
             where id = $1 and attempt = $2 and state = 'claimed'",
        );
        let noted = noted.bind(self.0.id).bind(self.0.attempt).bind(now).execute(tx.conn()).await?;
        if noted.rows_affected() != 1 {
            return Err(Error::LeaseLost);
        }
        tx.commit().await?;
        Ok(Dispatched(self.0))
    }

    /// Gives up the intention before anything has left.
    pub async fn cancel(self, tx: &mut TenantTx, reason: &str) -> Result<()> {
        end(tx, &self.0, State::Cancelled, None, Some(reason), None).await
    }
}

impl Dispatched {
    pub fn effect(&self) -> &Effect {
        &self.0.effect
    }

    pub fn idempotency_key(&self) -> &str {
        &self.0.effect.idempotency_key
    }

    /// Writes down how the call ended.
    pub async fn record(self, tx: &mut TenantTx, outcome: Outcome) -> Result<()> {
        match outcome {
            Outcome::Confirmed { remote_ids, cost_micros } => {
                end(tx, &self.0, State::Confirmed, Some(remote_ids), None, cost_micros).await
            }
            Outcome::Refused { reason } => end(tx, &self.0, State::Failed, None, Some(&reason), None).await,
            Outcome::NothingHappened { reason } => back_to_plan(tx, &self.0, Some(&reason)).await,
            Outcome::Unknown { reason } => {
                let unknown = "update effects set state = 'unknown', failure = $3 where id = $1 and attempt = $2 and state = 'dispatched'";
                let done =
                    sqlx::query(unknown).bind(self.0.id).bind(self.0.attempt).bind(reason).execute(tx.conn()).await?;
                mine(done.rows_affected())?;
                announce(tx, "effect.unknown", &self.0, State::Unknown);
                Ok(())
            }
        }
    }
}

impl Unsettled {
    pub fn effect(&self) -> &Effect {
        &self.0.effect
    }

    /// Writes down what was found out; answers what the effect is now.
    pub async fn settle(self, tx: &mut TenantTx, finding: Finding) -> Result<State> {
        let state = match finding {
            Finding::TookPlace { remote_ids } => {
                end(tx, &self.0, State::Confirmed, Some(remote_ids), None, None).await?;
                State::Confirmed
            }
            Finding::GivenUp { reason } => {
                end(tx, &self.0, State::Failed, None, Some(&reason), None).await?;
                State::Failed
            }
            Finding::DidNotTakePlace { calls_last } if self.may_be_under_way(tx.now(), calls_last) => {
                return self.stay_unknown(tx, "It is not there yet, and may still be under way.").await;
            }
            Finding::StillUnknown { reason } => return self.stay_unknown(tx, &reason).await,
            Finding::DidNotTakePlace { .. } | Finding::KeyIsHonoured => {
                back_to_plan(tx, &self.0, None).await?;
                State::Planned
            }
        };
        announce(tx, "effect.settled", &self.0, state);
        Ok(state)
    }

    fn may_be_under_way(&self, now: OffsetDateTime, calls_last: Duration) -> bool {
        self.0.effect.dispatched_at.is_none_or(|at| now - at < calls_last)
    }

    async fn stay_unknown(self, tx: &mut TenantTx, reason: &str) -> Result<State> {
        let still = "update effects set state = 'unknown', failure = $3, settle_tries = settle_tries + 1
             where id = $1 and attempt = $2 and state in ('dispatched', 'unknown')";
        let done = sqlx::query(still).bind(self.0.id).bind(self.0.attempt).bind(reason).execute(tx.conn()).await?;
        mine(done.rows_affected())?;
        if self.0.effect.state != State::Unknown {
            announce(tx, "effect.unknown", &self.0, State::Unknown);
        }
        Ok(State::Unknown)
    }
}

async fn end(
    tx: &mut TenantTx,
    held: &Held,
    state: State,
    remote_ids: Option<Value>,
    failure: Option<&str>,
    cost_micros: Option<i64>,
) -> Result<()> {
    let now = tx.now();
    let done = sqlx::query(
        "update effects set state = $3, remote_ids = $4, failure = $5, cost_micros = $6, ended_at = $7,
            latency_ms = least(2147483647, extract(epoch from $7 - dispatched_at) * 1000)::int
         where id = $1 and attempt = $2 and state in ('claimed', 'dispatched', 'unknown')",
    )
    .bind(held.id)
    .bind(held.attempt)
    .bind(state)
    .bind(remote_ids)
    .bind(failure)
    .bind(cost_micros)
    .bind(now)
    .execute(tx.conn())
    .await?;
    mine(done.rows_affected())
}

async fn back_to_plan(tx: &mut TenantTx, held: &Held, failure: Option<&str>) -> Result<()> {
    let back = "update effects set state = 'planned', failure = $3 where id = $1 and attempt = $2 and state in ('dispatched', 'unknown')";
    let done = sqlx::query(back).bind(held.id).bind(held.attempt).bind(failure).execute(tx.conn()).await?;
    mine(done.rows_affected())
}

/// Somebody else has taken the effect meanwhile: what this one knows is old.
fn mine(rows: u64) -> Result<()> {
    if rows == 1 { Ok(()) } else { Err(Error::LeaseLost) }
}

fn announce(tx: &mut TenantTx, event: &'static str, held: &Held, state: State) {
    let mut data = events::data("effect", &held.id.to_string(), None);
    data["effect"] = serde_json::json!({
        "kind": held.effect.kind, "remote": held.effect.remote, "state": state,
        "about": { "kind": held.effect.about_kind, "id": held.effect.about_id },
    });
    tx.publish(NewFact::new(event, 1, format!("{}/{}", held.effect.about_kind, held.effect.about_id), data));
}

/// All given conditions must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub state: Option<State>,
    pub kind: Option<String>,
    pub about_kind: Option<String>,
    pub about_id: Option<String>,
}

/// Newest first, after the one with this time and id.
pub async fn list(
    tx: &mut TenantTx,
    filter: &Filter,
    after: Option<(OffsetDateTime, EffectId)>,
    limit: i64,
) -> Result<Vec<Effect>> {
    let mut query = select();
    if let Some(state) = filter.state {
        query.push(" and state = ").push_bind(state);
    }
    for (column, value) in [("kind", &filter.kind), ("about_kind", &filter.about_kind), ("about_id", &filter.about_id)]
    {
        if let Some(value) = value {
            query.push(" and ").push(column).push(" = ").push_bind(value.clone());
        }
    }
    if let Some((at, id)) = after {
        query.push(" and (planned_at, id) < (").push_bind(at).push(", ").push_bind(id).push(")");
    }
    query.push(" order by planned_at desc, id desc limit ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(tx.conn()).await?)
}

/// How many there are. Reads them all: for checks.
pub async fn count(tx: &mut TenantTx) -> Result<u64> {
    let count: i64 = sqlx::query_scalar("select count(*) from effects").fetch_one(tx.conn()).await?;
    Ok(u64::try_from(count).unwrap_or_default())
}

pub async fn get(tx: &mut TenantTx, id: EffectId) -> Result<Effect> {
    let mut query = select();
    query.push(" and id = ").push_bind(id);
    let effect = query.build_query_as().fetch_optional(tx.conn()).await?;
    effect.ok_or_else(|| Problem::missing("effect").into())
}

fn select() -> QueryBuilder<sqlx::Postgres> {
    QueryBuilder::new(
        "select id, kind, remote, about_kind, about_id, idempotency_key, state, attempt, request, remote_ids, failure,
            cost_micros, planned_at, dispatched_at, ended_at, latency_ms, settle_tries, settled_by, settle_reason
         from effects where true",
    )
}
