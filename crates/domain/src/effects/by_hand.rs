//! Settling by hand: where another system cannot be asked, a person looks there and says what became of an act. Whoever
//! settles ends the act for good; there is deliberately no way to send it again from here.

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

use super::{Effect, Finding, Held, State, Unsettled, get, locked};
use crate::{
    audit::Entry,
    ids::EffectId,
    problems::{Code, Problem, Result},
    tenancy::TenantTx,
};

/// No call of any kind lasts so long, with all its attempts. Before, a worker that is slow and not dead may still write
/// down what became of it.
pub const CALLS_LAST: Duration = Duration::minutes(15);

/// What a person found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// It is there in the other system.
    TookPlace,
    /// It is not there, or nobody will ever know. It is not sent again.
    GivenUp,
}

/// From when on a person may settle it; nothing when there is nothing to settle.
pub fn settleable_from(effect: &Effect) -> Option<OffsetDateTime> {
    let is_unsettled = matches!(effect.state, State::Dispatched | State::Unknown);
    effect.dispatched_at.filter(|_| is_unsettled).map(|at| at + CALLS_LAST)
}

/// Ends an act of which nobody knows whether it took place. The reason is kept with it and in the audit log.
pub async fn settle(tx: &mut TenantTx, id: EffectId, found: Found, reason: &str) -> Result<Effect> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > 500 {
        return Err(Problem::field("reason", "Say how you know, in 1 to 500 characters.").into());
    }
    let effect = locked(tx, id).await?;
    ensure_settleable(&effect, tx.now())?;
    let (before, attempt) = (effect.state, effect.attempt);
    let finding = match found {
        Found::TookPlace => Finding::TookPlace { remote_ids: json!({}) },
        Found::GivenUp => Finding::GivenUp { reason: reason.to_owned() },
    };
    let after = Unsettled(Held { id, attempt, effect }).settle(tx, finding).await?;
    let by = tx.actor().id.clone();
    let said = sqlx::query("update effects set settled_by = $2, settle_reason = $3 where id = $1");
    said.bind(id).bind(by).bind(reason).execute(tx.conn()).await?;
    tx.record(
        Entry::new("effect.settled_by_hand", "effect", id)
            .changed(json!({ "state": before }), json!({ "state": after, "reason": reason })),
    );
    get(tx, id).await
}

fn ensure_settleable(effect: &Effect, now: OffsetDateTime) -> Result<(), Problem> {
    match effect.state {
        State::Confirmed | State::Failed | State::Cancelled => Err(Problem::new(
            Code::AlreadyDone,
            "It is known what became of this act: there is nothing to settle any more.",
        )),
        State::Planned | State::Claimed => {
            Err(Problem::new(Code::TooEarly, "Nothing of this act has left yet, so there is nothing to settle."))
        }
        State::Dispatched | State::Unknown => {
            let wait = settleable_from(effect).map_or(CALLS_LAST, |from| from - now);
            if wait <= Duration::ZERO {
                return Ok(());
            }
            let detail = "It was sent less than 15 minutes ago and may still be under way. Look again after that.";
            Err(Problem::new(Code::TooEarly, detail).retry_after(wait.unsigned_abs()))
        }
    }
}
