//! What the jobs do to tell a target. Each function is one transaction's part: begin, and write down how it ended. The
//! message itself is sent between the two, by who holds a [`Sent`].

use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;

use super::{
    Notice, Patience, Tell,
    history::{self, Alert},
    targets::{self, Address},
};
use crate::{
    effects::{self, Claimed, Dispatched, Effect, Finding, Outcome, Standing},
    ids::{AlertTargetId, EffectId},
    permissions::Role,
    problems::{Error, Result},
    tenancy::TenantTx,
    users::{self, UserStatus},
};

/// What is said of a message that may have arrived, at a target that cannot be asked and would not notice a second one.
pub const NOBODY_KNOWS: &str =
    "The message was sent and no answer came: it may have arrived. It is not sent again, as it could arrive twice.";
/// Who waits for the outcome of a test does not wait for a day.
const TEST_GIVES_UP_AFTER: Duration = Duration::from_mins(5);
const MOST_ADMINISTRATORS: i64 = 50;

/// What a job has to do.
#[derive(Debug)]
pub enum Next {
    /// The notice has ended, or is not to be sent any more.
    Nothing,
    Send(Box<Sending>),
}

/// A message that may be sent once it is on record as dispatched.
#[derive(Debug)]
pub struct Sending {
    pub effect: EffectId,
    pub address: Address,
    pub target_name: String,
    pub notice: Notice,
    /// `None`: a test.
    pub alert: Option<Alert>,
    /// Whom an e-mail goes to.
    pub recipients: Vec<String>,
    place: Place,
    claimed: Claimed,
}

/// A message that is on record as sent, and now may be.
#[derive(Debug)]
pub struct Sent {
    place: Place,
    dispatched: Dispatched,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    target: AlertTargetId,
    notice: Notice,
    honours_keys: bool,
    planned_at: OffsetDateTime,
}

/// Looks what is left to do for a notice, and takes it.
pub async fn begin(tx: &mut TenantTx, task: &Tell) -> Result<Next> {
    let target = targets::find(tx, task.target).await?;
    let honours_keys = target.as_ref().is_some_and(|target| target.address.honours_keys());
    let Some(claimed) = take(tx, task.effect, honours_keys).await? else { return Ok(Next::Nothing) };
    let Some(target) = target else { return cancel(tx, claimed, "The target was removed.").await };
    if task.notice != Notice::Test {
        if !target.target.enabled {
            return cancel(tx, claimed, "The target is switched off.").await;
        }
        if target.target.broken_since.is_some() {
            return cancel(tx, claimed, "The target is broken: test it, or change it.").await;
        }
    }
    let mut alert = None;
    if let Some(id) = task.alert {
        let Some(found) = history::find(tx, id).await? else {
            return cancel(tx, claimed, "The alert is no more.").await;
        };
        if task.notice == Notice::Resolved && !has_heard(tx, task).await? {
            return cancel(tx, claimed, "The target never heard of the alert.").await;
        }
        alert = Some(found);
    }
    let recipients = match &target.address {
        Address::Email { recipients } if recipients.is_empty() => administrators(tx).await?,
        Address::Email { recipients } => recipients.clone(),
        _ => Vec::new(),
    };
    let planned_at = claimed.effect().planned_at;
    let place = Place { target: task.target, notice: task.notice, honours_keys, planned_at };
    Ok(Next::Send(Box::new(Sending {
        effect: task.effect,
        address: target.address,
        target_name: target.target.name,
        notice: task.notice,
        alert,
        recipients,
        place,
        claimed,
    })))
}

/// A message that was sent, and nobody knows with what end, goes again where that does no harm, and nowhere else.
async fn take(tx: &mut TenantTx, effect: EffectId, honours_keys: bool) -> Result<Option<Claimed>> {
    match effects::take(tx, effect).await? {
        Standing::Ready(claimed) => Ok(Some(claimed)),
        Standing::Ended(_) => Ok(None),
        Standing::Unsettled(unsettled) if honours_keys => {
            unsettled.settle(tx, Finding::KeyIsHonoured).await?;
            match effects::take(tx, effect).await? {
                Standing::Ready(claimed) => Ok(Some(claimed)),
                Standing::Ended(_) | Standing::Unsettled(_) => Err(Error::LeaseLost),
            }
        }
        Standing::Unsettled(unsettled) => {
            unsettled.settle(tx, Finding::GivenUp { reason: NOBODY_KNOWS.to_owned() }).await?;
            Ok(None)
        }
    }
}

async fn cancel(tx: &mut TenantTx, claimed: Claimed, reason: &str) -> Result<Next> {
    claimed.cancel(tx, reason).await?;
    Ok(Next::Nothing)
}

/// Whether the target was told of the alert, as far as anybody knows.
async fn has_heard(tx: &mut TenantTx, task: &Tell) -> Result<bool> {
    let Some(alert) = task.alert else { return Ok(false) };
    let key = format!("alert/{alert}/{}/{}", task.target, Notice::Raised.name());
    let heard = sqlx::query_scalar(
        "select exists (select from effects where idempotency_key = $1 and (state = 'confirmed' or failure = $2))",
    );
    Ok(heard.bind(key).bind(NOBODY_KNOWS).fetch_one(tx.conn()).await?)
}

async fn administrators(tx: &mut TenantTx) -> Result<Vec<String>> {
    let filter = users::Filter { role: Some(Role::Admin), status: Some(UserStatus::Active), search: None };
    let users = users::list(tx, &filter, None, MOST_ADMINISTRATORS).await?;
    Ok(users.into_iter().map(|user| user.email).collect())
}

impl Sending {
    pub fn effect(&self) -> &Effect {
        self.claimed.effect()
    }

    /// Records that it is being sent, and commits.
    pub async fn dispatch(self, tx: TenantTx) -> Result<Sent> {
        Ok(Sent { place: self.place, dispatched: self.claimed.dispatch(tx).await? })
    }
}

/// How sending ended. Reasons are sentences for people.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    Told {
        remote_ids: Value,
    },
    /// Surely nothing arrived, and it may work later.
    Later {
        pause: Option<Duration>,
        reason: String,
    },
    /// The target will not take this and nothing else.
    Refused {
        reason: String,
    },
    /// There is nobody whom the message could go to; that is not the target's fault.
    NobodyThere {
        reason: String,
    },
    /// It left and no answer told what became of it.
    Unknown {
        reason: String,
    },
}

/// What the job does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    Done,
    Again(Duration),
}

/// Writes down how it ended, and what follows for the target.
pub async fn record(tx: &mut TenantTx, sent: Sent, ended: Ended, patience: &Patience) -> Result<After> {
    let Sent { place, dispatched } = sent;
    let waited = Duration::try_from(tx.now() - place.planned_at).unwrap_or_default();
    match ended {
        Ended::Told { remote_ids } => {
            dispatched.record(tx, Outcome::Confirmed { remote_ids, cost_micros: None }).await?;
            targets::worked(tx, place.target).await?;
        }
        Ended::Refused { reason } => {
            targets::broke(tx, place.target, &reason).await?;
            dispatched.record(tx, Outcome::Refused { reason }).await?;
        }
        Ended::NobodyThere { reason } => dispatched.record(tx, Outcome::Refused { reason }).await?,
        Ended::Unknown { reason } if !place.honours_keys => {
            let effect = dispatched.effect().id;
            dispatched.record(tx, Outcome::Unknown { reason }).await?;
            take(tx, effect, false).await?;
        }
        Ended::Later { reason, .. } | Ended::Unknown { reason } if waited >= gives_up_after(place.notice, patience) => {
            let reason = format!("Given up. {reason}");
            if place.notice != Notice::Test {
                targets::broke(tx, place.target, &reason).await?;
            }
            dispatched.record(tx, Outcome::Refused { reason }).await?;
        }
        Ended::Later { pause, reason } => {
            dispatched.record(tx, Outcome::NothingHappened { reason }).await?;
            return Ok(After::Again(pause.unwrap_or_default().max(own_pause(waited, patience))));
        }
        Ended::Unknown { reason } => {
            dispatched.record(tx, Outcome::Unknown { reason }).await?;
            return Ok(After::Again(own_pause(waited, patience)));
        }
    }
    Ok(After::Done)
}

fn gives_up_after(notice: Notice, patience: &Patience) -> Duration {
    if notice == Notice::Test { patience.gives_up_after.min(TEST_GIVES_UP_AFTER) } else { patience.gives_up_after }
}

/// Spread a little, so that what failed together does not come back together.
fn own_pause(waited: Duration, patience: &Patience) -> Duration {
    (waited / 2).clamp(patience.shortest, patience.longest).mul_f64(rand::random_range(0.9..=1.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_with_the_time_that_a_notice_waits() {
        let patience = Patience::default();
        let pause = |seconds| own_pause(Duration::from_secs(seconds), &patience).as_secs_f64();
        assert!((9.0..=11.0).contains(&pause(0)));
        assert!((270.0..=330.0).contains(&pause(600)));
        assert!((3240.0..=3960.0).contains(&pause(80_000)));
    }
}
