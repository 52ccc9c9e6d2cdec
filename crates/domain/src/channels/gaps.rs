//! Times in which messages of an account may be missing. A gap is opened when an account falls silent or breaks, when it is
//! connected again, and when nobody of us was there; it is closed when what there was to fetch has been fetched. Where the
//! platform cannot give it back it stays visible as lost.

use serde::{Deserialize, Serialize};
use serde_json::json;
use socialai_queue::facts::NewFact;
use sqlx::{FromRow, QueryBuilder};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{
    events,
    ids::{ChannelAccountId, ChannelGapId},
    problems::Result,
    tenancy::TenantTx,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = ChannelGapState)]
pub enum State {
    Open,
    /// What there was to fetch has been fetched.
    Closed,
    /// The platform cannot give it back.
    Lost,
}

#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
#[schema(as = ChannelGap)]
pub struct Gap {
    pub id: ChannelGapId,
    pub account_id: ChannelAccountId,
    #[serde(with = "time::serde::rfc3339")]
    pub from_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub until_at: Option<OffsetDateTime>,
    pub reason: String,
    pub state: State,
    /// Messages that were fetched for it.
    pub recovered: i32,
    #[serde(with = "time::serde::rfc3339")]
    pub opened_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub closed_at: Option<OffsetDateTime>,
}

/// The reason of a gap of which the webhooks are innocent: the account was not connected, or did not work.
pub const CUT_OFF: &str = "The account was cut off until somebody connected it again.";
/// The same of one in which we were not there ourselves.
pub const NOBODY_THERE: &str = "The server was not running, so nothing could be delivered to it.";
/// The state of an account of which messages were found that no webhook had brought.
pub const MISSED: &str = "Webhooks of this account do not arrive; messages are fetched, and come a little later.";

impl Gap {
    /// Messages that came in this time say something of the webhooks, which did not bring them.
    pub fn blames_webhooks(&self) -> bool {
        ![CUT_OFF, NOBODY_THERE].contains(&self.reason.as_str())
    }
}

const COLUMNS: &str = "id, account_id, from_at, until_at, reason, state, recovered, opened_at, closed_at";

/// From then on messages may be missing. An account has one open gap: a second one begins where the first did. What was
/// read for that one is read again, as it may have been read before the second began.
pub async fn open(tx: &mut TenantTx, account: ChannelAccountId, from: OffsetDateTime, reason: &str) -> Result<Gap> {
    let (id, now) = (ChannelGapId::fresh(), tx.now());
    let opened: ChannelGapId = sqlx::query_scalar(
        "insert into channel_gaps (id, account_id, from_at, reason, state, opened_at) values ($1, $2, $3, $4, 'open', $5)
         on conflict (tenant_id, account_id) where state = 'open'
         do update set from_at = least(channel_gaps.from_at, excluded.from_at) returning id",
    )
    .bind(id)
    .bind(account)
    .bind(from)
    .bind(reason)
    .bind(now)
    .fetch_one(tx.conn())
    .await?;
    if opened == id {
        let gap = get(tx, id).await?;
        announce(tx, "channel_gap.opened", &gap);
        return Ok(gap);
    }
    let again = "update channel_accounts set poll_cursor = null where id = $1";
    sqlx::query(again).bind(account).execute(tx.conn()).await?;
    get(tx, opened).await
}

/// It lasted until then, and so many messages were fetched for it, or none could be ([`State::Lost`]). `None`: there is no
/// open gap.
pub async fn close(
    tx: &mut TenantTx,
    account: ChannelAccountId,
    until: OffsetDateTime,
    recovered: i32,
    end: State,
) -> Result<Option<Gap>> {
    let end = if end == State::Open { State::Closed } else { end };
    let now = tx.now();
    let closed: Option<ChannelGapId> = sqlx::query_scalar(
        "update channel_gaps set state = $2, until_at = greatest($3, from_at), recovered = recovered + $4, closed_at = $5
         where account_id = $1 and state = 'open' returning id",
    )
    .bind(account)
    .bind(end)
    .bind(until)
    .bind(recovered)
    .bind(now)
    .fetch_optional(tx.conn())
    .await?;
    let Some(id) = closed else { return Ok(None) };
    let gap = get(tx, id).await?;
    announce(tx, "channel_gap.closed", &gap);
    Ok(Some(gap))
}

/// The gap of an account that is open.
pub async fn current(tx: &mut TenantTx, account: ChannelAccountId) -> Result<Option<Gap>> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from channel_gaps where state = 'open' and account_id = ").push_bind(account);
    Ok(query.build_query_as().fetch_optional(tx.conn()).await?)
}

/// Notes that the accounts of the workspace are looked at now, and answers when they were the last time.
pub async fn look(tx: &mut TenantTx) -> Result<Option<OffsetDateTime>> {
    let now = tx.now();
    let before = sqlx::query_scalar(
        "with before as (select looked_at from channel_watch)
         insert into channel_watch (looked_at) values ($1)
         on conflict (tenant_id) do update set looked_at = excluded.looked_at returning (select looked_at from before)",
    );
    Ok(before.bind(now).fetch_one(tx.conn()).await?)
}

async fn get(tx: &mut TenantTx, id: ChannelGapId) -> Result<Gap> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from channel_gaps where id = ").push_bind(id);
    Ok(query.build_query_as().fetch_one(tx.conn()).await?)
}

/// Newest first, after the one with this time and id.
pub async fn list(
    tx: &mut TenantTx,
    account: ChannelAccountId,
    after: Option<(OffsetDateTime, ChannelGapId)>,
    limit: i64,
) -> Result<Vec<Gap>> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from channel_gaps where account_id = ").push_bind(account);
    if let Some((at, id)) = after {
        query.push(" and (from_at, id) < (").push_bind(at).push(", ").push_bind(id).push(")");
    }
    query.push(" order by from_at desc, id desc limit ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(tx.conn()).await?)
}

fn announce(tx: &mut TenantTx, event: &'static str, gap: &Gap) {
    let mut data = events::data("channel_gap", &gap.id.to_string(), None);
    data["gap"] = json!(gap);
    tx.publish(NewFact::new(event, 1, format!("channel_account/{}", gap.account_id), data));
}
