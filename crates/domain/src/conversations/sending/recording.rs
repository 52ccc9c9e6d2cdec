//! What follows from a call, and from reading back: for the ledger, for the message, and for the job.

use std::time::Duration;

use serde_json::json;
use time::OffsetDateTime;

use super::{
    Deliver, EFFECT, Patience, Place, Sent, Settling,
    states::{arrived, fail, move_to},
};
use crate::{
    audit::Entry,
    channels::accounts,
    conversations::{Conversation, MessageState, get, lock, marks},
    effects::{self, Finding, Outcome},
    ids::{ConversationId, EffectId, MessageId},
    problems::{Code, Problem, Result},
    tenancy::TenantTx,
};

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    Sent {
        /// `None`: the platform told none; then the echo brings it.
        platform_id: Option<String>,
        provider_at: Option<OffsetDateTime>,
    },
    /// The platform said no for good.
    Refused { reason: String },
    /// Surely nothing took place. With a pause that the platform asked for.
    Failed { reason: String, pause: Option<Duration> },
    /// No call was made, or only to hear that it has to wait (an open circuit, a limit, a dead token): that is no attempt.
    NotTried { reason: String, pause: Duration },
    /// The request left and no answer told what became of it.
    Unknown { reason: String },
}

/// What the job does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    Done,
    /// Sends again after the pause.
    Again(Duration),
    /// Comes back to find out what became of it.
    Settle,
}

/// Writes down how a call ended, and what follows from it.
pub async fn record(tx: &mut TenantTx, sent: Sent, ended: &Ended, patience: &Patience) -> Result<After> {
    let Sent { place, dispatched } = sent;
    let told = if let Ended::Sent { platform_id, .. } = ended { platform_id.as_deref() } else { None };
    let conversation = hold(tx, &place, told).await?;
    if is_confirmed(tx, place.effect).await? {
        // The echo was faster. What the call says can only agree.
        if let Ended::Sent { platform_id: Some(id), provider_at } = ended {
            arrived(tx, &conversation, place.message, Some(id), *provider_at).await?;
        }
        return Ok(After::Done);
    }
    let (outcome, pause) = outcome(ended, place.attempts, patience);
    dispatched.record(tx, outcome).await?;
    note(tx, &conversation, &place, ended, pause).await?;
    Ok(match (ended, pause) {
        (Ended::Unknown { .. }, _) => After::Settle,
        (_, Some(pause)) => After::Again(pause),
        (_, None) => After::Done,
    })
}

/// Takes what the platform calls the message before the conversation: whoever receives its echo does so in this order.
async fn hold(tx: &mut TenantTx, place: &Place, platform_id: Option<&str>) -> Result<Conversation> {
    if let Some(platform_id) = platform_id {
        let account = get(tx, place.conversation).await?.account_id;
        marks::hold(tx, account, platform_id).await?;
    }
    lock(tx, place.conversation).await
}

async fn is_confirmed(tx: &mut TenantTx, effect: EffectId) -> Result<bool> {
    let confirmed = sqlx::query_scalar("select state = 'confirmed' from effects where id = $1 for update");
    Ok(confirmed.bind(effect).fetch_one(tx.conn()).await?)
}

/// What the ledger hears, and when it is tried again if it is.
fn outcome(ended: &Ended, attempts: i32, patience: &Patience) -> (Outcome, Option<Duration>) {
    match ended {
        Ended::Sent { platform_id, .. } => {
            (Outcome::Confirmed { remote_ids: json!({ "id": platform_id }), cost_micros: None }, None)
        }
        Ended::Refused { reason } => (Outcome::Refused { reason: reason.clone() }, None),
        Ended::Unknown { reason } => (Outcome::Unknown { reason: reason.clone() }, None),
        Ended::NotTried { reason, pause } => (Outcome::NothingHappened { reason: reason.clone() }, Some(*pause)),
        Ended::Failed { reason, pause } => {
            let tries = i16::try_from(attempts).unwrap_or(i16::MAX).saturating_add(1);
            match patience.retries.pause(tries) {
                Some(own) => {
                    let pause = own.max(pause.unwrap_or_default());
                    (Outcome::NothingHappened { reason: reason.clone() }, Some(pause))
                }
                None => (Outcome::Refused { reason: format!("Given up. {reason}") }, None),
            }
        }
    }
}

async fn note(
    tx: &mut TenantTx,
    conversation: &Conversation,
    place: &Place,
    ended: &Ended,
    pause: Option<Duration>,
) -> Result<()> {
    if !matches!(ended, Ended::NotTried { .. }) {
        sqlx::query("update messages set attempts = attempts + 1 where id = $1")
            .bind(place.message)
            .execute(tx.conn())
            .await?;
    }
    match ended {
        Ended::Sent { platform_id, provider_at } => {
            arrived(tx, conversation, place.message, platform_id.as_deref(), *provider_at).await
        }
        Ended::Refused { reason } => fail(tx, conversation, place.message, MessageState::Refused, reason).await,
        Ended::Failed { reason, .. } if pause.is_none() => {
            fail(tx, conversation, place.message, MessageState::Failed, reason).await
        }
        Ended::Failed { reason, .. } | Ended::NotTried { reason, .. } => {
            move_to(tx, conversation, place.message, MessageState::Queued, Some(reason)).await
        }
        Ended::Unknown { reason } => {
            move_to(tx, conversation, place.message, MessageState::Unknown, Some(reason)).await
        }
    }
}

impl Settling {
    /// Writes down what reading back has shown, in a transaction of its own after the call.
    pub async fn record(self, tx: &mut TenantTx, finding: Finding) -> Result<After> {
        let (message, found, reason) = (self.place.message, id_of(&finding), reason_of(&finding));
        let conversation = hold(tx, &self.place, found.as_deref()).await?;
        if is_confirmed(tx, self.place.effect).await? {
            return Ok(After::Done);
        }
        match self.unsettled.settle(tx, finding).await? {
            effects::State::Confirmed => {
                arrived(tx, &conversation, message, found.as_deref(), None).await?;
                Ok(After::Done)
            }
            effects::State::Planned => {
                move_to(tx, &conversation, message, MessageState::Queued, None).await?;
                Ok(After::Again(Duration::ZERO))
            }
            effects::State::Failed => {
                fail(tx, &conversation, message, MessageState::Failed, &reason).await?;
                Ok(After::Done)
            }
            _ => {
                move_to(tx, &conversation, message, MessageState::Unknown, Some(&reason)).await?;
                Ok(After::Settle)
            }
        }
    }
}

fn id_of(finding: &Finding) -> Option<String> {
    match finding {
        Finding::TookPlace { remote_ids } => remote_ids["id"].as_str().map(str::to_owned),
        _ => None,
    }
}

fn reason_of(finding: &Finding) -> String {
    match finding {
        Finding::StillUnknown { reason } | Finding::GivenUp { reason } => reason.clone(),
        _ => "It is not there yet, and may still be under way.".to_owned(),
    }
}

/// Sends an answer once more that was refused or given up, as a new intention. A person decides it: where nobody will ever know
/// whether the first one arrived, there may be two.
pub async fn send_again(tx: &mut TenantTx, message: MessageId) -> Result<()> {
    let conversation: Option<ConversationId> = sqlx::query_scalar("select conversation_id from messages where id = $1")
        .bind(message)
        .fetch_optional(tx.conn())
        .await?;
    let conversation = lock(tx, conversation.ok_or_else(|| Problem::missing("message"))?).await?;
    let account = accounts::get(tx, conversation.account_id).await?;
    let round: Option<i64> = sqlx::query_scalar(
        "select count(*) from effects where about_kind = 'conversation' and about_id = $2 and request ->> 'message' = $3
         and exists (select from messages where id = $1 and direction = 'out' and state in ('refused', 'failed'))
         having count(*) > 0",
    )
    .bind(message)
    .bind(conversation.id.to_string())
    .bind(message.to_string())
    .fetch_optional(tx.conn())
    .await?;
    let Some(round) = round else {
        let sentence = "Only an answer that was refused or given up can be sent again.";
        return Err(Problem::new(Code::AlreadyDone, sentence).into());
    };
    let plan = effects::Plan {
        kind: EFFECT,
        remote: account.remote(),
        about_kind: "conversation",
        about_id: conversation.id.to_string(),
        idempotency_key: format!("reply/{message}/{round}"),
        request: json!({ "message": message, "account": conversation.account_id, "surface": conversation.surface }),
    };
    let effect = effects::plan(tx, plan).await?;
    sqlx::query("update messages set effect_id = $2, attempts = 0 where id = $1")
        .bind(message)
        .bind(effect)
        .execute(tx.conn())
        .await?;
    move_to(tx, &conversation, message, MessageState::Queued, None).await?;
    tx.enqueue(&Deliver { message, conversation: conversation.id })?;
    let again = json!({ "message": message });
    tx.record(Entry::new("reply.written", "conversation", conversation.id).changed(json!({}), again));
    Ok(())
}
