//! Whether a platform still delivers, where it may stop without a word. It is asked about once a day for each account. What
//! it stopped is ordered again, and what was said meanwhile is fetched as for any gap; when it does not let us any more, the
//! account says that it needs somebody. An answer from which nothing follows changes nothing and is asked for again.

use serde::{Deserialize, Serialize};
use socialai_connect::{
    call::CallError,
    remote::Repeat,
    social::{Fading, Hook, Standing, kept::AccountSecrets, refusal::Refusal},
};
use socialai_domain::{
    channels::{
        accounts::{self, Account, State},
        credentials, gaps, subscriptions,
    },
    ids::ChannelAccountId,
    problems::Result,
    queues,
    tenancy::TenantTx,
};
use socialai_queue::jobs::{Queue, Task};
use time::{Duration, OffsetDateTime};

use super::{Connectors, Parts, Speaker, spread};
use crate::{Context, Handled, Trouble, webhooks::sentence};

/// Asks a platform whether it still delivers for an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CheckSubscription {
    pub account: ChannelAccountId,
}

impl Task for CheckSubscription {
    const KIND: &'static str = "channels.check_subscription";
    const QUEUE: Queue = queues::SOCIAL;

    fn key(&self) -> String {
        format!("subscription/{}", self.account)
    }
}

const EVERY: Duration = Duration::DAY;
/// What ends sooner is made again: some checks may fail until then.
const SOON: Duration = Duration::days(3);
const STOPPED: &str = "The platform had stopped delivering what is said to this account.";
const ROLE_LOST: &str = "The person who connected this account may not administer it at the platform any more. An \
                         administrator has to connect it again.";
const LOGGED_OUT: &str = "The platform wants somebody to log in again; connect the account again.";

/// Orders the check of an account when it is time. Accounts that were connected together are not asked about together.
pub async fn look_at(tx: &mut TenantTx, account: &Account, connectors: &Connectors) -> Result<()> {
    if connectors.of(account.platform).and_then(|connector| connector.fading()).is_none() {
        return Ok(());
    }
    let now = tx.now();
    let next = match account.subscription_check_at {
        Some(at) if at > now => return Ok(()),
        Some(_) => {
            tx.enqueue(&CheckSubscription { account: account.id })?;
            EVERY * rand::random_range(1.0_f64..1.1)
        }
        None => EVERY * rand::random_range(0.0_f64..1.0),
    };
    subscriptions::check_at(tx, account.id, now + next).await
}

/// What the platform was found to do.
enum Found {
    Delivers,
    /// It did not, and does again.
    DeliversAgain,
}

pub async fn check(task: CheckSubscription, context: Context, parts: &Parts) -> Handled {
    let mut tx = context.tx().await?;
    let account = accounts::get(&mut tx, task.account).await?;
    if waits_for_somebody(&account) {
        return context.finish(tx).await;
    }
    let Ok(speaker) = parts.speaker_of(&mut tx, account.id).await? else { return context.finish(tx).await };
    let hook = hook(&mut tx, parts, &speaker).await?;
    let now = tx.now();
    let (Some(fading), Some(hook)) = (speaker.connector.fading(), hook) else { return context.finish(tx).await };
    tx.rollback().await?;
    let outcome = mend(parts, &speaker, fading, &hook, now).await;
    let mut tx = context.tx().await?;
    let account = accounts::get(&mut tx, task.account).await?;
    // Who connected the account again meanwhile has asked the platform, too.
    if credentials::are_current(&mut tx, &speaker.kept).await? && !waits_for_somebody(&account) {
        conclude(&mut tx, &account, &speaker, outcome).await?;
    }
    context.finish(tx).await
}

fn waits_for_somebody(account: &Account) -> bool {
    matches!(account.state, State::NeedsYou | State::Disconnected)
}

/// `None`: the app through which the account was connected is not set up any more, which its tokens will tell.
async fn hook(tx: &mut TenantTx, parts: &Parts, speaker: &Speaker<'_>) -> Result<Option<Hook>> {
    let kept = &speaker.kept;
    let Some(of) = parts.app(tx, kept).await? else { return Ok(None) };
    let secrets = kept.secret.as_ref().and_then(|secret| AccountSecrets::read(secret).ok());
    let own_app_of = kept.uses_own_app.then(|| tx.tenant());
    Ok(Some(Hook {
        callback: subscriptions::callback(&parts.public_url, kept.platform, own_app_of),
        app: of.app,
        application_id: of.application_id,
        member: secrets.and_then(|secrets| secrets.member),
    }))
}

/// Asks, and subscribes again where that is needed.
async fn mend(
    parts: &Parts,
    speaker: &Speaker<'_>,
    fading: &dyn Fading,
    hook: &Hook,
    now: OffsetDateTime,
) -> Result<Found, CallError> {
    let ask = || fading.standing(&parts.http, &speaker.credentials, hook);
    let found = match parts.remotes.call(&speaker.remote, Repeat::Safe, ask).await? {
        Some(standing) if lasts(standing, now) => return Ok(Found::Delivers),
        Some(_) => Found::Delivers,
        None => Found::DeliversAgain,
    };
    let subscribe = || speaker.connector.subscribe(&parts.http, &speaker.credentials, hook);
    parts.remotes.call(&speaker.remote, Repeat::Safe, subscribe).await?;
    Ok(found)
}

fn lasts(standing: Standing, now: OffsetDateTime) -> bool {
    standing.ends_at.is_none_or(|end| end - now > SOON)
}

async fn conclude(
    tx: &mut TenantTx,
    account: &Account,
    speaker: &Speaker<'_>,
    outcome: Result<Found, CallError>,
) -> Result<(), Trouble> {
    let error = match outcome {
        Ok(found) => return Ok(delivers(tx, account, &found).await?),
        Err(error) => error,
    };
    match (&error, Refusal::of(&error)) {
        (CallError::Reauth, _) => {
            credentials::rejected(tx, &speaker.kept, LOGGED_OUT).await?;
        }
        // Where it never delivered, the app may not have the right to it, and the account lives by being asked.
        (_, Some(Refusal::Permission)) if !subscriptions::is_refused(account) => {
            credentials::rejected(tx, &speaker.kept, ROLE_LOST).await?;
        }
        // This says nothing of the account.
        (_, Some(Refusal::Outdated)) => {
            tracing::warn!(account = %account.id, %error, "a platform could not be asked whether it delivers");
        }
        (CallError::Refused { .. } | CallError::Blocked(_), _) => {
            subscriptions::refused(tx, account.id, &error.to_string()).await?;
        }
        (CallError::Later { after: Some(pause) }, _) => return Err(Trouble::Pause { after: spread(*pause) }),
        (CallError::Later { after: None } | CallError::Unknown | CallError::Unreadable(_), _) => {
            return Err(Trouble::retry(sentence(&error.to_string())));
        }
    }
    Ok(())
}

async fn delivers(tx: &mut TenantTx, account: &Account, found: &Found) -> Result<()> {
    if matches!(found, Found::DeliversAgain) {
        tracing::info!(account = %account.id, "a platform had stopped delivering and was asked to begin again");
        gaps::open(tx, account.id, account.last_event_at.unwrap_or(account.connected_at), STOPPED).await?;
    }
    subscriptions::stands(tx, account.id).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscription_that_ends_before_some_more_checks_does_not_last() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let ends_in = |days| Standing { ends_at: Some(now + Duration::days(days)) };
        assert!(lasts(ends_in(4), now) && lasts(Standing { ends_at: None }, now));
        assert!(!lasts(ends_in(3), now) && !lasts(ends_in(-1), now));
    }
}
