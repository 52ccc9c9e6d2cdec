//! Tokens are renewed before they end. The lane of the account lets one refresher in at a time, and what it brings is written
//! only over the tokens that it began with. An answer without tokens is an error and overwrites nothing. What cannot be
//! renewed in time is said before the tokens end, while somebody can still do something.

use std::time::Duration;

use secrecy::SecretString;
use socialai_connect::{
    call::CallError,
    remote::{RemoteId, Repeat},
    social::{
        self, Connector,
        kept::AccountSecrets,
        oauth::{Token, Tokens},
    },
};
use socialai_domain::{
    channels::{
        Refresh,
        accounts::{self, State},
        credentials::{self, Credentials},
    },
    problems::Result,
    tenancy::TenantTx,
};
use time::OffsetDateTime;

use super::{OfApp, Parts};
use crate::{Context, Handled, webhooks::sentence};

/// Somebody should know when tokens end within this time and could not be renewed.
const SOON: time::Duration = time::Duration::hours(1);
const SHORTEST_PAUSE: Duration = Duration::from_mins(1);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// Tokens that live long are renewed so long before their end.
const AHEAD: Duration = Duration::from_hours(7 * 24);
/// Begins what the state says while renewing does not work, and ends with it.
const CANNOT: &str = "The access could not be renewed and ends soon.";

pub async fn refresh(task: Refresh, context: Context, parts: &Parts) -> Handled {
    let mut tx = context.tx().await?;
    if !credentials::is_due(&mut tx, task.account).await? {
        return context.finish(tx).await;
    }
    let before = credentials::open(&mut tx, task.account).await?;
    let app = parts.app(&mut tx, &before).await?;
    let kept = before.secret.as_ref().and_then(|secret| AccountSecrets::read(secret).ok());
    let renewable = kept.as_ref().and_then(AccountSecrets::renewable);
    let (Some(connector), Some(kept), Some(tokens)) = (parts.connectors.of(before.platform), kept, renewable) else {
        let reason = "The account has no tokens that can be used; connect it again.";
        credentials::rejected(&mut tx, &before, reason).await?;
        return context.finish(tx).await;
    };
    let Some(OfApp { app, .. }) = app else {
        let reason = "The app through which this account was connected is not set up any more.";
        credentials::rejected(&mut tx, &before, reason).await?;
        return context.finish(tx).await;
    };
    tx.rollback().await?;
    let remote = RemoteId::new(format!("{}:log-in", before.platform.name()), context.tenant().0);
    let call = || connector.refresh(&parts.http, &app, &tokens);
    let outcome = parts.remotes.call(&remote, Repeat::Never, call).await;
    let outcome = match outcome {
        Ok(new) => own_token(parts, connector, &remote, &kept, &before, &new).await.map(|own| (new, own)),
        Err(error) => Err(error),
    };
    let mut tx = context.tx().await?;
    match outcome {
        Ok((new, own)) => save(&mut tx, &before, &kept.renewed(&new, own.as_ref()).write(), &new).await?,
        Err(error) => failed(&mut tx, &before, &error).await?,
    }
    context.finish(tx).await
}

/// The account's own token, where it is another one than the person's.
async fn own_token(
    parts: &Parts,
    connector: &dyn Connector,
    remote: &RemoteId,
    kept: &AccountSecrets,
    before: &Credentials,
    new: &Tokens,
) -> Result<Option<Token>, CallError> {
    if kept.user.is_none() {
        return Ok(None);
    }
    let call = || connector.accounts(&parts.http, &new.access);
    let accounts = parts.remotes.call(remote, Repeat::Safe, call).await?;
    let is_it = |account: &social::Account| account.party.external_id == before.external_id;
    let own = accounts.into_iter().find(is_it).and_then(|account| account.token);
    // The person lost the account, or the right to speak for it.
    own.map(Some).ok_or(CallError::Reauth)
}

async fn save(tx: &mut TenantTx, before: &Credentials, secret: &SecretString, new: &Tokens) -> Result<()> {
    let now = tx.now();
    let expires_at = new.access_lives.map(|lives| now + lives);
    if !credentials::refreshed(tx, before, secret, expires_at, next(now, new.access_lives)).await? {
        // Somebody connected the account again meanwhile: those tokens count.
        return Ok(());
    }
    let account = accounts::get(tx, before.account).await?;
    if account.state_reason.is_some_and(|reason| reason.starts_with(CANNOT)) {
        accounts::set_state(tx, before.account, State::Healthy, None).await?;
    }
    Ok(())
}

/// Two thirds of their life, or a week before their end, whichever is later.
fn next(now: OffsetDateTime, lives: Option<Duration>) -> Option<OffsetDateTime> {
    let lives = lives?;
    let wait = (lives * 2 / 3).max(lives.saturating_sub(AHEAD));
    Some(now + wait.mul_f64(rand::random_range(0.9..=1.0)))
}

async fn failed(tx: &mut TenantTx, before: &Credentials, error: &CallError) -> Result<()> {
    if *error == CallError::Reauth {
        let reason = "The platform wants somebody to log in again; connect the account again.";
        credentials::rejected(tx, before, reason).await?;
        return Ok(());
    }
    let (now, reason) = (tx.now(), sentence(&error.to_string()));
    let asked = if let CallError::Later { after } = error { *after } else { None };
    let left = before.expires_at.map(|end| end - now);
    // The nearer the end, the more often; the platform's own wish comes first.
    let own = left.and_then(|left| Duration::try_from(left / 10).ok()).unwrap_or(LONGEST_PAUSE);
    let pause = own.clamp(SHORTEST_PAUSE, LONGEST_PAUSE).max(asked.unwrap_or_default());
    if !credentials::refresh_later(tx, before, Some(now + pause)).await? {
        return Ok(());
    }
    tracing::warn!(account = %before.account, reason, "tokens could not be renewed; it is tried again");
    if left.is_some_and(|left| left < SOON) {
        let reason = format!("{CANNOT} {reason} Connect the account again if this stays so.");
        accounts::set_state(tx, before.account, State::NeedsYou, Some(&reason)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_renewed_well_before_their_end() {
        let now = OffsetDateTime::UNIX_EPOCH;
        for hours in [1, 2, 24, 60 * 24, 365 * 24] {
            let lives = Duration::from_hours(hours);
            let wait = Duration::try_from(next(now, Some(lives)).unwrap() - now).unwrap();
            assert!(wait >= lives / 2 && wait + (lives / 3).min(AHEAD) <= lives, "{hours} hours: {wait:?}");
        }
        assert_eq!(next(now, None), None, "what does not end is not renewed");
    }
}
