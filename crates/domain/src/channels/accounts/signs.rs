//! Signs of life of an account: what came, how far polling has read, what the platform says of its limits.

use serde_json::{Map, Value};
use sqlx::{FromRow, types::Json};
use time::{Duration, OffsetDateTime};

use super::State;
use crate::{
    channels::Platform,
    ids::ChannelAccountId,
    problems::{Code, Problem, Result},
    tenancy::TenantTx,
};

/// How fine `last_event_at` is: a busy account's row is not written for every message.
const EVENT_GRAIN: Duration = Duration::seconds(10);
/// The same for `quota` while nothing is scarce.
const QUOTA_GRAIN: Duration = Duration::minutes(1);

/// What receiving needs to know of an account.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Receiving {
    pub id: ChannelAccountId,
    pub platform: Platform,
    pub external_id: String,
    pub state: State,
    pub ignores_comments: bool,
    last_event_at: Option<OffsetDateTime>,
}

impl Receiving {
    /// As [`super::Account::remote`] says.
    pub(crate) fn remote(&self) -> String {
        super::remote(self.platform, &self.external_id)
    }
}

/// The account for which something came; it is written down that something did.
pub(crate) async fn hear(tx: &mut TenantTx, id: ChannelAccountId) -> Result<Receiving> {
    let account: Option<Receiving> = sqlx::query_as(
        "select id, platform, external_id, state, last_event_at,
            coalesce((settings ->> 'ignores_comments')::bool, false) as ignores_comments
         from channel_accounts where id = $1",
    )
    .bind(id)
    .fetch_optional(tx.conn())
    .await?;
    let account = account.ok_or_else(|| Problem::missing("channel account"))?;
    if account.state == State::Disconnected {
        return Err(Problem::of(Code::ChannelNotConnected).into());
    }
    let now = tx.now();
    if account.last_event_at.is_none_or(|at| now - at >= EVENT_GRAIN) {
        note_event(tx, id).await?;
    }
    Ok(account)
}

/// A sign of life: a webhook or a poll that went well, also without a message in it. Nobody waits for this: while somebody
/// else has the row, they write such a time themselves, or it is seconds until the next.
pub async fn note_event(tx: &mut TenantTx, id: ChannelAccountId) -> Result<()> {
    let now = tx.now();
    let noted = sqlx::query(
        "update channel_accounts set last_event_at = $2 where (tenant_id, id) in (
            select tenant_id, id from channel_accounts where id = $1 for no key update skip locked)
         and (last_event_at is null or last_event_at < $2)",
    );
    noted.bind(id).bind(now).execute(tx.conn()).await?;
    Ok(())
}

/// What a platform says of its limits, in its own words.
#[derive(Debug, Clone, PartialEq)]
pub struct Quota {
    /// By what is limited.
    pub told: Map<String, Value>,
    /// Most of it is used up: then each change is worth to be known.
    pub is_scarce: bool,
}

/// What the platform said of its limits. What it said of others stays until they are there again. As with events, nobody
/// waits for this, and while there is enough of everything it is written once a minute at most.
pub async fn note_quota(tx: &mut TenantTx, id: ChannelAccountId, quota: &Quota) -> Result<()> {
    let now = tx.now();
    let noted = sqlx::query(
        "update channel_accounts set quota_at = $3, quota = $2 || coalesce((
            select jsonb_object_agg(key, value) from jsonb_each(quota)
            where not $2 ? key and case when jsonb_typeof(value -> 'reset') = 'number'
                then to_timestamp((value ->> 'reset')::float8) > $3 else true end), '{}')
         where (tenant_id, id) in (
            select tenant_id, id from channel_accounts
            where id = $1 and (quota_at is null or quota_at <= $4 or not quota ?& $6 or $5 and not quota @> $2)
            for no key update skip locked)",
    );
    let (told, kinds) = (Json(&quota.told), quota.told.keys().collect::<Vec<_>>());
    let noted = noted.bind(id).bind(told).bind(now).bind(now - QUOTA_GRAIN).bind(quota.is_scarce).bind(kinds);
    noted.execute(tx.conn()).await?;
    Ok(())
}

/// How far polling had read, in the connector's words; `None` before the first time.
pub async fn poll_cursor(tx: &mut TenantTx, id: ChannelAccountId) -> Result<Option<Value>> {
    let cursor: Option<Option<Value>> = sqlx::query_scalar("select poll_cursor from channel_accounts where id = $1")
        .bind(id)
        .fetch_optional(tx.conn())
        .await?;
    cursor.ok_or_else(|| Problem::missing("channel account").into())
}

/// A poll read so far. In the transaction of what it found, or after it: what is read twice is received once.
pub async fn note_poll(tx: &mut TenantTx, id: ChannelAccountId, cursor: &Value) -> Result<()> {
    let now = tx.now();
    sqlx::query("update channel_accounts set poll_cursor = $2, polled_at = $3 where id = $1")
        .bind(id)
        .bind(cursor)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}
