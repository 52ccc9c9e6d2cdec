//! Webhook endpoints: made, changed, switched on and off. An endpoint that was switched off for its failures still
//! collects: its deliveries are held until somebody recovers it, for [`HELD_FOR`] at most.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::FromRow;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::{HELD_FOR, READER, checked_choices, deliveries, secrets};
use crate::{
    audit::Entry,
    ids::WebhookEndpointId,
    problems::{Code, Problem, Result},
    tenancy::TenantTx,
};

/// Endpoints of one workspace.
pub const MOST: i64 = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum DisabledReason {
    ByHand,
    /// The receiver answered 410 Gone.
    Gone,
    /// Nothing but failures for days.
    Failing,
}

impl DisabledReason {
    const fn name(self) -> &'static str {
        match self {
            Self::ByHand => "by_hand",
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }
}

#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
#[schema(as = WebhookEndpoint)]
pub struct Endpoint {
    pub id: WebhookEndpointId,
    pub name: String,
    pub url: String,
    /// Names of events, groups (`user.*`), or `*`.
    pub events: Vec<String>,
    /// Events about the same thing arrive one after the other; while one fails, those behind it wait.
    pub is_ordered: bool,
    pub enabled: bool,
    #[serde(with = "time::serde::rfc3339::option")]
    pub disabled_at: Option<OffsetDateTime>,
    pub disabled_reason: Option<DisabledReason>,
    /// Since when there were only failures; null after a success.
    #[serde(with = "time::serde::rfc3339::option")]
    pub failing_since: Option<OffsetDateTime>,
    /// Until when secrets before the newest sign along; null when only the newest does.
    #[serde(with = "time::serde::rfc3339::option")]
    pub old_secrets_until: Option<OffsetDateTime>,
    pub created_by: String,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

const SELECT: &str =
    "select id, name, url, events, is_ordered, enabled, disabled_at, disabled_reason, failing_since, created_by,
    created_at, updated_at,
    (select max(s.expires_at) from webhook_secrets s
        where s.tenant_id = e.tenant_id and s.endpoint_id = e.id and s.expires_at > $1) as old_secrets_until
    from webhook_endpoints e";

impl Endpoint {
    /// For the audit log, which can never be rewritten: the host of the address and not all of it, which may be a secret.
    fn audited(&self) -> Value {
        json!({
            "name": self.name, "host": host(&self.url), "events": self.events, "is_ordered": self.is_ordered,
        })
    }
}

/// What names the remote system: the host of an address that was checked when it was stored.
pub fn host(url: &str) -> String {
    let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.unwrap_or_default()
}

/// What an administrator sets. The address has been checked by who knows which addresses may be called.
#[derive(Debug, Clone)]
pub struct NewEndpoint {
    pub name: String,
    pub url: String,
    pub events: Vec<String>,
    pub is_ordered: bool,
    /// Likewise checked or made by who knows its form.
    pub secret: SecretString,
}

/// Fields that stay as they are when they are left out.
#[derive(Debug, Clone, Default)]
pub struct Change {
    pub name: Option<String>,
    pub url: Option<String>,
    pub events: Option<Vec<String>>,
    pub is_ordered: Option<bool>,
}

fn checked_name(name: &str) -> Result<&str, Problem> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(Problem::field("name", "An endpoint's name has 1 to 100 printable characters."));
    }
    Ok(name)
}

pub async fn create(tx: &mut TenantTx, new: NewEndpoint) -> Result<Endpoint> {
    let name = checked_name(&new.name)?;
    checked_choices(&new.events)?;
    // Locks the tenant's row, so that endpoints are counted and made one after the other.
    tx.subscribe(READER, true).await?;
    let present: i64 = sqlx::query_scalar("select count(*) from webhook_endpoints").fetch_one(tx.conn()).await?;
    if present >= MOST {
        return Err(Problem::field("url", format!("{MOST} endpoints are the limit; remove one first.")).into());
    }
    let (id, now, created_by) = (WebhookEndpointId::fresh(), tx.now(), tx.actor().id.clone());
    sqlx::query(
        "insert into webhook_endpoints (id, name, url, events, is_ordered, created_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)",
    )
    .bind(id)
    .bind(name)
    .bind(&new.url)
    .bind(&new.events)
    .bind(new.is_ordered)
    .bind(created_by)
    .bind(now)
    .execute(tx.conn())
    .await?;
    secrets::add(tx, id, &new.secret).await?;
    let endpoint = get(tx, id).await?;
    tx.record(Entry::new("webhook_endpoint.created", "webhook_endpoint", id).changed(json!({}), endpoint.audited()));
    Ok(endpoint)
}

pub async fn get(tx: &mut TenantTx, id: WebhookEndpointId) -> Result<Endpoint> {
    let now = tx.now();
    let endpoint: Option<Endpoint> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{SELECT} where id = $2")))
        .bind(now)
        .bind(id)
        .fetch_optional(tx.conn())
        .await?;
    endpoint.ok_or_else(|| Problem::missing("webhook endpoint").into())
}

/// All of them, the oldest first: there are few.
pub async fn list(tx: &mut TenantTx) -> Result<Vec<Endpoint>> {
    let now = tx.now();
    let statement = sqlx::AssertSqlSafe(format!("{SELECT} order by id"));
    Ok(sqlx::query_as(statement).bind(now).fetch_all(tx.conn()).await?)
}

/// Takes the endpoint for this transaction, before any of its deliveries. Deliveries can still be added meanwhile.
pub(super) async fn lock(tx: &mut TenantTx, id: WebhookEndpointId) -> Result<Endpoint> {
    let found: Option<WebhookEndpointId> =
        sqlx::query_scalar("select id from webhook_endpoints where id = $1 for no key update")
            .bind(id)
            .fetch_optional(tx.conn())
            .await?;
    found.ok_or_else(|| Problem::missing("webhook endpoint"))?;
    get(tx, id).await
}

pub async fn change(tx: &mut TenantTx, id: WebhookEndpointId, change: Change) -> Result<Endpoint> {
    let before = lock(tx, id).await?;
    let name = change.name.as_deref().map(checked_name).transpose()?.unwrap_or(&before.name);
    if let Some(events) = &change.events {
        checked_choices(events)?;
    }
    let now = tx.now();
    sqlx::query(
        "update webhook_endpoints set name = $2, url = $3, events = $4, is_ordered = $5, updated_at = $6 where id = $1",
    )
    .bind(id)
    .bind(name)
    .bind(change.url.as_ref().unwrap_or(&before.url))
    .bind(change.events.as_ref().unwrap_or(&before.events))
    .bind(change.is_ordered.unwrap_or(before.is_ordered))
    .bind(now)
    .execute(tx.conn())
    .await?;
    let after = get(tx, id).await?;
    if after.url != before.url || after.audited() != before.audited() {
        tx.record(
            Entry::new("webhook_endpoint.changed", "webhook_endpoint", id).changed(before.audited(), after.audited()),
        );
    }
    Ok(after)
}

/// With its secrets and its log.
pub async fn remove(tx: &mut TenantTx, id: WebhookEndpointId) -> Result<()> {
    let gone = lock(tx, id).await?;
    sqlx::query("delete from webhook_endpoints where id = $1").bind(id).execute(tx.conn()).await?;
    tx.record(Entry::new("webhook_endpoint.removed", "webhook_endpoint", id).changed(gone.audited(), json!({})));
    follow_subscription(tx).await
}

/// Switched off by hand, an endpoint collects nothing.
pub async fn disable(tx: &mut TenantTx, id: WebhookEndpointId) -> Result<Endpoint> {
    if !lock(tx, id).await?.enabled {
        return Err(Problem::of(Code::AlreadyDone).into());
    }
    switch_off(tx, id, DisabledReason::ByHand).await?;
    follow_subscription(tx).await?;
    get(tx, id).await
}

/// The caller holds the endpoint. Nothing happens to one that is off already.
pub(super) async fn switch_off(tx: &mut TenantTx, id: WebhookEndpointId, reason: DisabledReason) -> Result<()> {
    let now = tx.now();
    let off = sqlx::query(
        "update webhook_endpoints set enabled = false, disabled_at = $2, disabled_reason = $3, updated_at = $2
         where id = $1 and enabled",
    );
    let off = off.bind(id).bind(now).bind(reason).execute(tx.conn()).await?;
    if off.rows_affected() == 1 {
        let after = json!({ "enabled": false, "reason": reason.name() });
        tx.record(
            Entry::new("webhook_endpoint.disabled", "webhook_endpoint", id).changed(json!({ "enabled": true }), after),
        );
    }
    Ok(())
}

/// From now on; what was missed stays where it is.
pub async fn enable(tx: &mut TenantTx, id: WebhookEndpointId) -> Result<Endpoint> {
    if lock(tx, id).await?.enabled {
        return Err(Problem::of(Code::AlreadyDone).into());
    }
    switch_on(tx, id).await?;
    tx.record(
        Entry::new("webhook_endpoint.enabled", "webhook_endpoint", id)
            .changed(json!({ "enabled": false }), json!({ "enabled": true })),
    );
    get(tx, id).await
}

async fn switch_on(tx: &mut TenantTx, id: WebhookEndpointId) -> Result<()> {
    tx.subscribe(READER, true).await?;
    let now = tx.now();
    sqlx::query(
        "update webhook_endpoints set enabled = true, disabled_at = null, disabled_reason = null, failing_since = null,
            epoch = epoch + 1, updated_at = $2
         where id = $1",
    )
    .bind(id)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Switches the endpoint on and sends at once what did not arrive since its failures began: what was held, what waits for a
/// later attempt, what was given up.
pub async fn recover(tx: &mut TenantTx, id: WebhookEndpointId) -> Result<(Endpoint, deliveries::Replayed)> {
    let before = lock(tx, id).await?;
    let since = [before.failing_since, before.disabled_at].into_iter().flatten().min();
    let Some(since) = since else {
        return Err(Problem::new(Code::AlreadyDone, "This endpoint is switched on and does not fail.").into());
    };
    switch_on(tx, id).await?;
    let replayed = deliveries::replay_missed(tx, id, since).await?;
    tx.record(Entry::new("webhook_endpoint.enabled", "webhook_endpoint", id).changed(
        json!({ "enabled": before.enabled, "replayed": 0 }),
        json!({ "enabled": true, "replayed": replayed.replayed }),
    ));
    Ok((get(tx, id).await?, replayed))
}

/// The tenant listens to its events exactly as long as an endpoint collects them.
pub(super) async fn follow_subscription(tx: &mut TenantTx) -> Result<()> {
    // Locks the tenant's row first: whoever else changes an endpoint now is seen by the next statement.
    tx.subscribe(READER, true).await?;
    let since = tx.now() - HELD_FOR;
    let collects: bool = sqlx::query_scalar(
        "select exists (select from webhook_endpoints
            where enabled or (disabled_reason in ('gone', 'failing') and disabled_at > $1))",
    )
    .bind(since)
    .fetch_one(tx.conn())
    .await?;
    if !collects {
        tx.subscribe(READER, false).await?;
    }
    Ok(())
}
