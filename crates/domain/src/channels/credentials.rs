//! Tokens of accounts. Whoever refreshes begins with a version and writes only over that one, so that of two refreshers one
//! wins, and somebody who connects the account again meanwhile wins over both. An empty answer never overwrites a token.

use secrecy::{ExposeSecret, SecretString};
use socialai_queue::jobs::NewJob;
use sqlx::FromRow;
use time::OffsetDateTime;

use super::{
    CREDENTIALS, Platform, Refresh,
    accounts::{self, State},
};
use crate::{
    ids::ChannelAccountId,
    problems::{Code, Error, Problem, Result},
    tenancy::TenantTx,
    vault::Sealed,
};

/// What calls in the name of an account need.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub account: ChannelAccountId,
    pub platform: Platform,
    pub external_id: String,
    /// As the connector wrote them; `None` where there are none (web chat).
    pub secret: Option<SecretString>,
    pub version: i32,
    pub expires_at: Option<OffsetDateTime>,
    pub uses_own_app: bool,
}

#[derive(FromRow)]
struct Row {
    platform: Platform,
    external_id: String,
    state: State,
    credentials_sealed: Option<Sealed>,
    credentials_version: i32,
    token_expires_at: Option<OffsetDateTime>,
    uses_own_app: bool,
}

/// Opens the tokens of an account that is not disconnected.
pub async fn open(tx: &mut TenantTx, id: ChannelAccountId) -> Result<Credentials> {
    let row: Option<Row> = sqlx::query_as(
        "select platform, external_id, state, credentials_sealed, credentials_version, token_expires_at, uses_own_app
         from channel_accounts where id = $1",
    )
    .bind(id)
    .fetch_optional(tx.conn())
    .await?;
    let row = row.ok_or_else(|| Problem::missing("channel account"))?;
    if row.state == State::Disconnected {
        return Err(Problem::of(Code::ChannelNotConnected).into());
    }
    let secret = row.credentials_sealed.map(|sealed| tx.open_text(CREDENTIALS, id.0, &sealed)).transpose()?;
    Ok(Credentials {
        account: id,
        platform: row.platform,
        external_id: row.external_id,
        secret: secret.map(Into::into),
        version: row.credentials_version,
        expires_at: row.token_expires_at,
        uses_own_app: row.uses_own_app,
    })
}

/// Somebody logged in at the platform: these count, whatever was there.
pub(super) async fn replace(
    tx: &mut TenantTx,
    id: ChannelAccountId,
    secret: Option<&SecretString>,
    expires_at: Option<OffsetDateTime>,
    refresh_at: Option<OffsetDateTime>,
) -> Result<()> {
    let sealed = secret.map(|secret| tx.seal(CREDENTIALS, id.0, secret.expose_secret().as_bytes())).transpose()?;
    sqlx::query(
        "update channel_accounts set credentials_sealed = $2, credentials_version = credentials_version + 1,
            token_expires_at = $3, refresh_at = $4
         where id = $1",
    )
    .bind(id)
    .bind(sealed)
    .bind(expires_at)
    .bind(refresh_at)
    .execute(tx.conn())
    .await?;
    order_refresh(tx, id, refresh_at)
}

/// New tokens in place of those of this version. False when others are there by now: then these are worth nothing.
pub async fn refreshed(
    tx: &mut TenantTx,
    before: &Credentials,
    secret: &SecretString,
    expires_at: Option<OffsetDateTime>,
    refresh_at: Option<OffsetDateTime>,
) -> Result<bool> {
    if secret.expose_secret().trim().is_empty() {
        return Err(Error::Fault(format!("{}: an empty answer was taken for new tokens", before.account)));
    }
    let (id, now) = (before.account, tx.now());
    let sealed = tx.seal(CREDENTIALS, id.0, secret.expose_secret().as_bytes())?;
    let done = sqlx::query(
        "update channel_accounts set credentials_sealed = $3, credentials_version = credentials_version + 1,
            token_expires_at = $4, refresh_at = $5, updated_at = $6
         where id = $1 and credentials_version = $2 and state <> 'disconnected'",
    )
    .bind(id)
    .bind(before.version)
    .bind(sealed)
    .bind(expires_at)
    .bind(refresh_at)
    .bind(now)
    .execute(tx.conn())
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    order_refresh(tx, id, refresh_at)?;
    Ok(true)
}

/// A refresh did not work out and is tried again at that moment; `None`: it is not. True unless there are other tokens by now.
pub async fn refresh_later(
    tx: &mut TenantTx,
    before: &Credentials,
    refresh_at: Option<OffsetDateTime>,
) -> Result<bool> {
    let done = sqlx::query(
        "update channel_accounts set refresh_at = $3 where id = $1 and credentials_version = $2 and state <> 'disconnected'",
    );
    let done = done.bind(before.account).bind(before.version).bind(refresh_at).execute(tx.conn()).await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    order_refresh(tx, before.account, refresh_at)?;
    Ok(true)
}

/// The platform does not accept these tokens any more: the account needs somebody. Nothing happens when there are other tokens
/// by now. True when the account was in another state before.
pub async fn rejected(tx: &mut TenantTx, before: &Credentials, reason: &str) -> Result<bool> {
    if !refresh_later(tx, before, None).await? {
        return Ok(false);
    }
    accounts::set_state(tx, before.account, State::NeedsYou, Some(reason)).await
}

/// Whether the time of these tokens is over and they are to be renewed. That the platform does not accept them is no news then.
pub async fn wait_for_renewal(tx: &mut TenantTx, tokens: &Credentials) -> Result<bool> {
    let now = tx.now();
    let waiting = sqlx::query_scalar(
        "select exists (select from channel_accounts
         where id = $1 and credentials_version = $2 and token_expires_at <= $3 and refresh_at is not null)",
    );
    Ok(waiting.bind(tokens.account).bind(tokens.version).bind(now).fetch_one(tx.conn()).await?)
}

/// Whether these are still the tokens of the account.
pub async fn are_current(tx: &mut TenantTx, tokens: &Credentials) -> Result<bool> {
    let current = sqlx::query_scalar(
        "select exists (select from channel_accounts
         where id = $1 and credentials_version = $2 and state <> 'disconnected')",
    );
    Ok(current.bind(tokens.account).bind(tokens.version).fetch_one(tx.conn()).await?)
}

fn order_refresh(tx: &mut TenantTx, account: ChannelAccountId, at: Option<OffsetDateTime>) -> Result<()> {
    if let Some(at) = at {
        let job = NewJob::of(&Refresh { account })
            .map_err(|error| Error::Fault(format!("a job cannot be written: {error}")))?;
        tx.enqueue_job(job.due_at(at));
    }
    Ok(())
}

/// Whether it is time: a job that was ordered for earlier tokens comes too early for these.
pub async fn is_due(tx: &mut TenantTx, id: ChannelAccountId) -> Result<bool> {
    let now = tx.now();
    let due = sqlx::query_scalar(
        "select exists (select from channel_accounts where id = $1 and refresh_at <= $2 and state <> 'disconnected')",
    );
    Ok(due.bind(id).bind(now).fetch_one(tx.conn()).await?)
}

/// Accounts that should have been refreshed, the longest overdue first: for whoever looks whether orders were lost.
pub async fn due(tx: &mut TenantTx, limit: i64) -> Result<Vec<ChannelAccountId>> {
    let now = tx.now();
    let due = sqlx::query_scalar(
        "select id from channel_accounts where refresh_at <= $1 and state <> 'disconnected' order by refresh_at limit $2",
    );
    Ok(due.bind(now).bind(limit).fetch_all(tx.conn()).await?)
}
