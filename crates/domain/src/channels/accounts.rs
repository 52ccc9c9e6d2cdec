//! Channel accounts: connected, changed, judged and disconnected. A disconnected account keeps its conversations; connecting
//! it again goes on with the same one.

mod signs;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::{FromRow, QueryBuilder};
use time::OffsetDateTime;
use utoipa::ToSchema;

pub use self::signs::{Quota, note_event, note_poll, note_quota, poll_cursor};
pub(crate) use self::signs::{Receiving, hear};
use super::{Platform, apps, credentials, gaps, routes};
use crate::{
    audit::{Actor, Entry},
    ids::{ChannelAccountId, TenantId},
    problems::{Problem, Result},
    tenancy::{Databases, TenantTx},
};

/// Accounts of one workspace.
pub const MOST: i64 = 500;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = ChannelAccountState)]
pub enum State {
    Healthy,
    /// It works, but not as it should: late, limited, by polling only.
    Degraded,
    /// It does not work until somebody connects it again, or does something at the platform.
    NeedsYou,
    Disconnected,
}

#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
#[schema(as = ChannelAccount)]
pub struct Account {
    pub id: ChannelAccountId,
    pub platform: Platform,
    /// The platform's own id.
    pub external_id: String,
    pub name: String,
    pub handle: Option<String>,
    pub avatar_url: Option<String>,
    pub state: State,
    /// A sentence that says why; null while all is well.
    pub state_reason: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub state_since: OffsetDateTime,
    /// When the platform wants a new log-in or refresh; null when never.
    #[serde(with = "time::serde::rfc3339::option")]
    pub token_expires_at: Option<OffsetDateTime>,
    /// When it will be refreshed by itself; null when that cannot be.
    #[serde(with = "time::serde::rfc3339::option")]
    pub refresh_at: Option<OffsetDateTime>,
    /// Whether it goes through the workspace's own app and not the operator's.
    pub uses_own_app: bool,
    pub scopes: Vec<String>,
    #[sqlx(json)]
    pub settings: Settings,
    /// When something last came from there.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_event_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub polled_at: Option<OffsetDateTime>,
    /// What the platform last said of its limits, in its own words.
    #[schema(value_type = Option<std::collections::BTreeMap<String, serde_json::Value>>)]
    pub quota: Option<Value>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub quota_at: Option<OffsetDateTime>,
    pub connected_by: String,
    #[serde(with = "time::serde::rfc3339")]
    pub connected_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub disconnected_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
    /// When the platform is asked whether it still delivers; only for whoever asks.
    #[serde(skip)]
    pub subscription_check_at: Option<OffsetDateTime>,
}

const SELECT: &str = "select id, platform, external_id, name, handle, avatar_url, state, state_reason, state_since,
    token_expires_at, refresh_at, uses_own_app, scopes, settings, last_event_at, polled_at, quota, quota_at, connected_by,
    connected_at, disconnected_at, updated_at, subscription_check_at from channel_accounts";

impl Account {
    fn audited(&self) -> Value {
        json!({ "name": self.name, "state": self.state, "settings": self.settings, "uses_own_app": self.uses_own_app })
    }

    /// What circuit breakers and the effect ledger call the remote system: one account does not stop another one.
    pub fn remote(&self) -> String {
        remote(self.platform, &self.external_id)
    }
}

/// As [`Account::remote`] says.
pub fn remote(platform: Platform, external_id: &str) -> String {
    format!("{}:{external_id}", platform.name()).chars().take(200).collect()
}

/// What an administrator decides for an account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = ChannelAccountSettings)]
pub struct Settings {
    /// Most characters of an answer; null: the default of the channel. The platform's own limit holds in any case.
    pub text_limit: Option<u32>,
    /// Public comments and mentions are not received; only direct messages are.
    pub ignores_comments: bool,
    /// The platform granted the right to answer by hand after the messaging window (Meta's Human Agent).
    pub has_human_agent: bool,
    /// Asked for messages every so many seconds; null: the default of the channel.
    pub poll_every_seconds: Option<u32>,
    /// How the web chat widget looks and speaks; free for its page.
    #[schema(value_type = Option<std::collections::BTreeMap<String, serde_json::Value>>)]
    pub widget: Option<Value>,
}

impl Settings {
    fn check(&self) -> Result<(), Problem> {
        if self.text_limit.is_some_and(|limit| !(1..=100_000).contains(&limit)) {
            return Err(Problem::field("settings.text_limit", "The limit is 1 to 100,000 characters."));
        }
        if self.poll_every_seconds.is_some_and(|seconds| !(10..=86_400).contains(&seconds)) {
            return Err(Problem::field("settings.poll_every_seconds", "Poll every 10 to 86,400 seconds."));
        }
        if self.widget.as_ref().is_some_and(|widget| !widget.is_object()) {
            return Err(Problem::field("settings.widget", "The widget's settings are an object: {…}."));
        }
        if self.widget.as_ref().is_some_and(|widget| widget.to_string().len() > 32_768) {
            return Err(Problem::field("settings.widget", "The widget's settings are larger than 32 KiB."));
        }
        Ok(())
    }
}

/// What somebody picked after the log-in at the platform.
#[derive(Debug, Clone)]
pub struct NewAccount {
    pub platform: Platform,
    pub external_id: String,
    pub name: String,
    pub handle: Option<String>,
    pub avatar_url: Option<String>,
    /// As the connector wants them, usually JSON; `None` where there are none (web chat).
    pub credentials: Option<SecretString>,
    pub token_expires_at: Option<OffsetDateTime>,
    pub refresh_at: Option<OffsetDateTime>,
    pub uses_own_app: bool,
    pub scopes: Vec<String>,
}

fn checked(new: &NewAccount) -> Result<(), Problem> {
    if !(1..=300).contains(&new.external_id.len()) || new.external_id.chars().any(char::is_control) {
        return Err(Problem::field("external_id", "The platform's id of the account is missing or longer than 300."));
    }
    checked_name(&new.name)?;
    if new.platform != Platform::WebChat && new.credentials.is_none() {
        return Err(Problem::field("credentials", "The platform gave no token for this account."));
    }
    Ok(())
}

fn checked_name(name: &str) -> Result<&str, Problem> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err(Problem::field("name", "An account's name has 1 to 200 printable characters."));
    }
    Ok(name)
}

/// Connects an account for the first time or again. Two transactions: the route, then the account.
pub async fn connect(databases: &Databases, tenant: TenantId, actor: Actor, new: &NewAccount) -> Result<Account> {
    checked(new)?;
    let mut tx = databases.tenant(tenant, actor.clone()).await?;
    let earlier = find(&mut tx, new.platform, &new.external_id).await?;
    tx.rollback().await?;
    let wanted = earlier.map_or_else(ChannelAccountId::fresh, |account| account.id);
    let id = routes::claim(databases, actor.clone(), tenant, new.platform, &new.external_id, wanted).await?;
    let mut tx = databases.tenant(tenant, actor).await?;
    let account = write(&mut tx, id, new).await?;
    tx.commit().await?;
    Ok(account)
}

async fn write(tx: &mut TenantTx, id: ChannelAccountId, new: &NewAccount) -> Result<Account> {
    // One workspace's accounts are counted and made one after the other.
    sqlx::query("select pg_advisory_xact_lock(hashtextextended($1::text || 'channel_accounts', 7))")
        .bind(tx.tenant())
        .execute(tx.conn())
        .await?;
    if new.uses_own_app {
        apps::get(tx, new.platform).await?;
    }
    let earlier: Option<Account> = one(tx, |query| {
        query.push(" where id = ").push_bind(id).push(" for no key update");
    })
    .await?;
    let present: i64 = sqlx::query_scalar("select count(*) from channel_accounts where state <> 'disconnected'")
        .fetch_one(tx.conn())
        .await?;
    if earlier.is_none() && present >= MOST {
        return Err(
            Problem::field("external_id", format!("{MOST} accounts are the limit; disconnect one first.")).into()
        );
    }
    let (now, by) = (tx.now(), tx.actor().id.clone());
    sqlx::query(
        "insert into channel_accounts (id, platform, external_id, name, handle, avatar_url, state, state_since, uses_own_app,
            scopes, connected_by, connected_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, 'healthy', $9, $7, $8, $10, $9, $9)
         on conflict (tenant_id, id) do update set name = excluded.name, handle = excluded.handle,
            avatar_url = excluded.avatar_url, state = 'healthy', state_reason = null, state_since = excluded.state_since,
            uses_own_app = excluded.uses_own_app, scopes = excluded.scopes, connected_by = excluded.connected_by,
            connected_at = excluded.connected_at, disconnected_at = null, updated_at = excluded.updated_at",
    )
    .bind(id)
    .bind(new.platform)
    .bind(&new.external_id)
    .bind(checked_name(&new.name)?)
    .bind(&new.handle)
    .bind(&new.avatar_url)
    .bind(new.uses_own_app)
    .bind(&new.scopes)
    .bind(now)
    .bind(by)
    .execute(tx.conn())
    .await?;
    credentials::replace(tx, id, new.credentials.as_ref(), new.token_expires_at, new.refresh_at).await?;
    if let Some(since) = earlier.as_ref().and_then(cut_off_since) {
        gaps::open(tx, id, since, gaps::CUT_OFF).await?;
    }
    let account = get(tx, id).await?;
    let before = earlier.as_ref().map_or_else(|| json!({}), Account::audited);
    tx.record(Entry::new("channel_account.connected", "channel_account", id).changed(before, account.audited()));
    Ok(account)
}

/// From then on messages may be missing of an account that is connected again. Webhooks of one that does not work may come
/// all the same, but not all that is said there comes by webhook.
fn cut_off_since(earlier: &Account) -> Option<OffsetDateTime> {
    let is_cut_off = matches!(earlier.state, State::NeedsYou | State::Disconnected);
    let heard_at = earlier.last_event_at.unwrap_or(earlier.connected_at);
    // Web chat is our own: there is nobody to ask.
    (is_cut_off && earlier.platform != Platform::WebChat).then(|| heard_at.min(earlier.state_since))
}

pub async fn get(tx: &mut TenantTx, id: ChannelAccountId) -> Result<Account> {
    let account = one(tx, |query| {
        query.push(" where id = ").push_bind(id);
    });
    account.await?.ok_or_else(|| Problem::missing("channel account").into())
}

pub async fn find(tx: &mut TenantTx, platform: Platform, external_id: &str) -> Result<Option<Account>> {
    one(tx, |query| {
        query.push(" where platform = ").push_bind(platform);
        query.push(" and external_id = ").push_bind(external_id.to_owned());
    })
    .await
}

async fn one(tx: &mut TenantTx, which: impl FnOnce(&mut QueryBuilder<sqlx::Postgres>)) -> Result<Option<Account>> {
    let mut query = QueryBuilder::new(SELECT);
    which(&mut query);
    Ok(query.build_query_as().fetch_optional(tx.conn()).await?)
}

/// All of them, by platform and name: there are few.
pub async fn list(tx: &mut TenantTx) -> Result<Vec<Account>> {
    let mut query = QueryBuilder::new(SELECT);
    query.push(" order by platform, lower(name), id");
    Ok(query.build_query_as().fetch_all(tx.conn()).await?)
}

/// Takes the account for this transaction.
pub async fn lock(tx: &mut TenantTx, id: ChannelAccountId) -> Result<Account> {
    let account = one(tx, |query| {
        query.push(" where id = ").push_bind(id).push(" for no key update");
    });
    account.await?.ok_or_else(|| Problem::missing("channel account").into())
}

/// Fields that stay as they are when they are left out.
#[derive(Debug, Clone, Default)]
pub struct Change {
    pub name: Option<String>,
    pub settings: Option<Settings>,
}

pub async fn change(tx: &mut TenantTx, id: ChannelAccountId, change: Change) -> Result<Account> {
    let before = lock(tx, id).await?;
    let name = change.name.as_deref().map(checked_name).transpose()?.unwrap_or(&before.name);
    let settings = change.settings.as_ref().unwrap_or(&before.settings);
    settings.check()?;
    let now = tx.now();
    sqlx::query("update channel_accounts set name = $2, settings = $3, updated_at = $4 where id = $1")
        .bind(id)
        .bind(name)
        .bind(sqlx::types::Json(settings))
        .bind(now)
        .execute(tx.conn())
        .await?;
    let after = get(tx, id).await?;
    if after.audited() != before.audited() {
        tx.record(
            Entry::new("channel_account.changed", "channel_account", id).changed(before.audited(), after.audited()),
        );
    }
    Ok(after)
}

/// Says how an account is, with a sentence for people unless all is well. A disconnected one stays so. True when it is in
/// another state now.
pub async fn set_state(tx: &mut TenantTx, id: ChannelAccountId, state: State, reason: Option<&str>) -> Result<bool> {
    let before = lock(tx, id).await?;
    let reason = reason.filter(|_| state != State::Healthy);
    let is_same = before.state == state && before.state_reason.as_deref() == reason;
    if is_same || before.state == State::Disconnected || state == State::Disconnected {
        return Ok(false);
    }
    let now = tx.now();
    sqlx::query(
        "update channel_accounts set state = $2, state_reason = $3,
            state_since = case when state = $2 then state_since else $4 end, updated_at = $4
         where id = $1",
    )
    .bind(id)
    .bind(state)
    .bind(reason)
    .bind(now)
    .execute(tx.conn())
    .await?;
    if before.state == state {
        return Ok(false);
    }
    tx.record(Entry::new("channel_account.state_changed", "channel_account", id).changed(
        json!({ "state": before.state, "reason": before.state_reason }),
        json!({ "state": state, "reason": reason }),
    ));
    Ok(true)
}

/// Ends the connection: the tokens go, the conversations stay. Two transactions: the account, then the route.
pub async fn disconnect(
    databases: &Databases,
    tenant: TenantId,
    actor: Actor,
    id: ChannelAccountId,
) -> Result<Account> {
    let mut tx = databases.tenant(tenant, actor.clone()).await?;
    let before = lock(&mut tx, id).await?;
    if before.state != State::Disconnected {
        end(&mut tx, &before).await?;
    }
    let after = get(&mut tx, id).await?;
    tx.commit().await?;
    // Also when it was disconnected before: that may have ended between the two.
    routes::release(databases, actor, tenant, before.platform, &before.external_id).await?;
    Ok(after)
}

async fn end(tx: &mut TenantTx, account: &Account) -> Result<()> {
    let now = tx.now();
    sqlx::query(
        "update channel_accounts set state = 'disconnected', state_reason = null, state_since = $2, disconnected_at = $2,
            credentials_sealed = null, credentials_version = credentials_version + 1, token_expires_at = null,
            refresh_at = null, updated_at = $2
         where id = $1",
    )
    .bind(account.id)
    .bind(now)
    .execute(tx.conn())
    .await?;
    tx.record(
        Entry::new("channel_account.disconnected", "channel_account", account.id)
            .changed(json!({ "state": account.state }), json!({ "state": State::Disconnected })),
    );
    Ok(())
}
