//! Targets: whom to tell. What opens a target (a key, a secret address, people's addresses) is sealed; what may be shown of
//! it is made when it is read. A target that refused for good is broken and gets nothing until it is tested or changed.

mod address;

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Value, json};
use socialai_queue::facts::NewFact;
use sqlx::FromRow;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{EFFECT, Notice, Severity, Tell, watch};
use crate::{
    audit::Entry,
    effects::{self, Plan},
    events,
    ids::{AlertTargetId, EffectId},
    problems::{Code, Problem, Result},
    tenancy::TenantTx,
    vault::{Column, Sealed},
};

pub use self::address::{Address, Kind, Region};

pub(crate) const SECRET: Column = Column::new("alert_targets", "secret_sealed");
/// Targets of one workspace.
pub const MOST: usize = 20;
pub const MOST_RECIPIENTS: usize = 20;

/// A target without what opens it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = AlertTarget)]
pub struct Target {
    pub id: AlertTargetId,
    pub name: String,
    pub kind: Kind,
    /// What may be shown: the end of a key, a host, addresses.
    pub address: String,
    /// Of PagerDuty.
    pub region: Option<Region>,
    /// Of e-mail; none are all administrators.
    pub recipients: Option<Vec<String>>,
    /// Of a webhook.
    pub url: Option<String>,
    /// Alerts of a lower severity are not told.
    pub least_severity: Severity,
    pub enabled: bool,
    /// Since when it refuses; it gets nothing until it is tested or changed.
    #[serde(with = "time::serde::rfc3339::option")]
    pub broken_since: Option<OffsetDateTime>,
    pub broken_reason: Option<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_sent_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    pub created_by: String,
}

/// A target with what opens it.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    pub target: Target,
    pub address: Address,
}

impl Opened {
    fn audited(&self) -> Value {
        json!({
            "name": self.target.name, "kind": self.target.kind, "address": self.address.audited(),
            "least_severity": self.target.least_severity, "enabled": self.target.enabled,
        })
    }
}

#[derive(FromRow)]
struct Row {
    id: AlertTargetId,
    name: String,
    kind: Kind,
    secret_sealed: Sealed,
    region: Option<Region>,
    url: Option<String>,
    least_severity: Severity,
    enabled: bool,
    broken_since: Option<OffsetDateTime>,
    broken_reason: Option<String>,
    last_sent_at: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
    created_by: String,
}

const SELECT: &str = "select id, name, kind, secret_sealed, region, url, least_severity, enabled, broken_since,
    broken_reason, last_sent_at, created_at, created_by from alert_targets";

fn opened(tx: &TenantTx, row: Row) -> Result<Opened> {
    let text = tx.open_text(SECRET, row.id.0, &row.secret_sealed)?;
    let address = match row.kind {
        Kind::PagerDuty => Address::PagerDuty { routing_key: text.into(), region: row.region.unwrap_or_default() },
        Kind::Slack => Address::Slack { url: text.into() },
        Kind::Email => Address::Email { recipients: text.lines().map(str::to_owned).collect() },
        Kind::Webhook => Address::Webhook { url: row.url.clone().unwrap_or_default(), secret: text.into() },
    };
    let recipients = if let Address::Email { recipients } = &address { Some(recipients.clone()) } else { None };
    let target = Target {
        id: row.id,
        name: row.name,
        kind: row.kind,
        address: address.shown(),
        region: row.region,
        recipients,
        url: row.url,
        least_severity: row.least_severity,
        enabled: row.enabled,
        broken_since: row.broken_since,
        broken_reason: row.broken_reason,
        last_sent_at: row.last_sent_at,
        created_at: row.created_at,
        created_by: row.created_by,
    };
    Ok(Opened { target, address })
}

async fn all(tx: &mut TenantTx) -> Result<Vec<Opened>> {
    let statement = sqlx::AssertSqlSafe(format!("{SELECT} order by id"));
    let rows: Vec<Row> = sqlx::query_as(statement).fetch_all(tx.conn()).await?;
    rows.into_iter().map(|row| opened(tx, row)).collect()
}

/// All of them, the oldest first: there are few.
pub async fn list(tx: &mut TenantTx) -> Result<Vec<Target>> {
    Ok(all(tx).await?.into_iter().map(|opened| opened.target).collect())
}

pub async fn get(tx: &mut TenantTx, id: AlertTargetId) -> Result<Target> {
    let found = find(tx, id).await?.ok_or_else(|| Problem::missing("alert target"))?;
    Ok(found.target)
}

pub(super) async fn find(tx: &mut TenantTx, id: AlertTargetId) -> Result<Option<Opened>> {
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{SELECT} where id = $1")))
        .bind(id)
        .fetch_optional(tx.conn())
        .await?;
    row.map(|row| opened(tx, row)).transpose()
}

pub(super) async fn ids(tx: &mut TenantTx) -> Result<Vec<AlertTargetId>> {
    Ok(sqlx::query_scalar("select id from alert_targets").fetch_all(tx.conn()).await?)
}

/// Those that are told of an alert of this severity now.
pub(super) async fn who_hears(
    tx: &mut TenantTx,
    severity: Severity,
    only: Option<&[AlertTargetId]>,
) -> Result<Vec<(Target, String)>> {
    let mut hear = all(tx).await?;
    hear.retain(|Opened { target, .. }| {
        target.enabled
            && target.broken_since.is_none()
            && target.least_severity <= severity
            && only.is_none_or(|only| only.contains(&target.id))
    });
    Ok(hear.into_iter().map(|Opened { target, address }| (target, address.remote())).collect())
}

/// What an administrator sets.
#[derive(Debug, Clone)]
pub struct NewTarget {
    pub name: String,
    pub address: Address,
    pub least_severity: Severity,
    pub enabled: bool,
}

pub async fn create(tx: &mut TenantTx, new: NewTarget) -> Result<Target> {
    let name = checked_name(&new.name)?;
    watch::lock(tx).await?;
    if ids(tx).await?.len() >= MOST {
        return Err(Problem::field("name", format!("{MOST} targets are the limit; remove one first.")).into());
    }
    let NewTarget { address, least_severity, enabled, .. } = new;
    let (id, now, created_by) = (AlertTargetId::fresh(), tx.now(), tx.actor().id.clone());
    let sealed = tx.seal(SECRET, id.0, address.sealed_text().expose_secret().as_bytes())?;
    sqlx::query(
        "insert into alert_targets (id, name, kind, secret_sealed, region, url, least_severity, enabled, created_by,
            created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
    )
    .bind(id)
    .bind(name)
    .bind(address.kind())
    .bind(sealed)
    .bind(address.region())
    .bind(address.url())
    .bind(least_severity)
    .bind(enabled)
    .bind(created_by)
    .bind(now)
    .execute(tx.conn())
    .await?;
    let made = present(tx, id).await?;
    tx.record(Entry::new("alert_target.created", "alert_target", id).changed(json!({}), made.audited()));
    Ok(made.target)
}

/// What every workspace begins with, so that its administrators hear of trouble without having set anything up.
pub(super) async fn begin(tx: &mut TenantTx) -> Result<()> {
    if ids(tx).await?.len() < MOST {
        let address = Address::Email { recipients: Vec::new() };
        let new =
            NewTarget { name: "Administrators".to_owned(), address, least_severity: Severity::Warning, enabled: true };
        create(tx, new).await?;
    }
    Ok(())
}

async fn present(tx: &mut TenantTx, id: AlertTargetId) -> Result<Opened> {
    find(tx, id).await?.ok_or_else(|| Problem::missing("alert target").into())
}

fn checked_name(name: &str) -> Result<&str, Problem> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(Problem::field("name", "A target's name has 1 to 100 printable characters."));
    }
    Ok(name)
}

/// Fields that stay as they are when they are left out.
#[derive(Debug, Clone, Default)]
pub struct Change {
    pub name: Option<String>,
    pub least_severity: Option<Severity>,
    pub enabled: Option<bool>,
    pub routing_key: Option<SecretString>,
    pub region: Option<Region>,
    /// Of Slack or of a webhook.
    pub url: Option<SecretString>,
    pub recipients: Option<Vec<String>>,
}

impl Change {
    /// The first field that a target of this kind does not have.
    pub fn foreign_to(&self, kind: Kind) -> Option<&'static str> {
        let fields = [
            ("routing_key", self.routing_key.is_some(), kind == Kind::PagerDuty),
            ("region", self.region.is_some(), kind == Kind::PagerDuty),
            ("url", self.url.is_some(), matches!(kind, Kind::Slack | Kind::Webhook)),
            ("recipients", self.recipients.is_some(), kind == Kind::Email),
        ];
        fields.into_iter().find(|(_, is_there, fits)| *is_there && !fits).map(|(name, ..)| name)
    }

    fn address(self, before: &Address) -> Address {
        match before.clone() {
            Address::PagerDuty { routing_key, region } => Address::PagerDuty {
                routing_key: self.routing_key.unwrap_or(routing_key),
                region: self.region.unwrap_or(region),
            },
            Address::Slack { url } => Address::Slack { url: self.url.unwrap_or(url) },
            Address::Email { recipients } => Address::Email { recipients: self.recipients.unwrap_or(recipients) },
            Address::Webhook { url, secret } => {
                let url = self.url.map_or(url, |url| url.expose_secret().to_owned());
                Address::Webhook { url, secret }
            }
        }
    }
}

/// Changed to be reached elsewhere, or switched on again, it is no longer taken for broken.
pub async fn change(tx: &mut TenantTx, id: AlertTargetId, change: Change) -> Result<Target> {
    watch::lock(tx).await?;
    let before = present(tx, id).await?;
    if let Some(field) = change.foreign_to(before.target.kind) {
        return Err(Problem::field(field, "A target of this kind does not have this field.").into());
    }
    let name = change.name.as_deref().map(checked_name).transpose()?.unwrap_or(&before.target.name).to_owned();
    let least_severity = change.least_severity.unwrap_or(before.target.least_severity);
    let enabled = change.enabled.unwrap_or(before.target.enabled);
    let address = change.address(&before.address);
    let has_moved = !address.is_same(&before.address);
    let is_mended = has_moved || enabled && !before.target.enabled;
    let (sealed, now) = (tx.seal(SECRET, id.0, address.sealed_text().expose_secret().as_bytes())?, tx.now());
    sqlx::query(
        "update alert_targets set name = $2, secret_sealed = $3, region = $4, url = $5, least_severity = $6, enabled = $7,
            broken_since = case when $8 then null else broken_since end,
            broken_reason = case when $8 then null else broken_reason end, updated_at = $9
         where id = $1",
    )
    .bind(id)
    .bind(name)
    .bind(sealed)
    .bind(address.region())
    .bind(address.url())
    .bind(least_severity)
    .bind(enabled)
    .bind(is_mended)
    .bind(now)
    .execute(tx.conn())
    .await?;
    let after = present(tx, id).await?;
    if has_moved || after.audited() != before.audited() {
        tx.record(Entry::new("alert_target.changed", "alert_target", id).changed(before.audited(), after.audited()));
    }
    Ok(after.target)
}

/// It also leaves the rules that named it, unless it is the only one of a rule: that would then tell everybody or nobody.
pub async fn remove(tx: &mut TenantTx, id: AlertTargetId) -> Result<()> {
    watch::lock(tx).await?;
    let gone = present(tx, id).await?;
    let alone: Vec<String> = sqlx::query_scalar("select name from alert_rules where targets = array[$1] order by name")
        .bind(id)
        .fetch_all(tx.conn())
        .await?;
    if !alone.is_empty() {
        let sentence = format!("These rules tell nobody else: {}. Give them another target first.", alone.join(", "));
        return Err(Problem::new(Code::AlertTargetNeeded, sentence).into());
    }
    sqlx::query("update alert_rules set targets = array_remove(targets, $1) where $1 = any(targets)")
        .bind(id)
        .execute(tx.conn())
        .await?;
    sqlx::query("delete from alert_targets where id = $1").bind(id).execute(tx.conn()).await?;
    tx.record(Entry::new("alert_target.removed", "alert_target", id).changed(gone.audited(), json!({})));
    Ok(())
}

/// Sends a test, also to a target that is switched off or broken. The effect tells what became of it.
pub async fn test(tx: &mut TenantTx, id: AlertTargetId) -> Result<EffectId> {
    let Opened { target, address } = present(tx, id).await?;
    let plan = Plan {
        kind: EFFECT,
        remote: address.remote(),
        about_kind: "alert_target",
        about_id: id.to_string(),
        idempotency_key: format!("alert_test/{id}/{}", Uuid::now_v7()),
        request: request(id, &target.name, Notice::Test),
    };
    let effect = effects::plan(tx, plan).await?;
    tx.enqueue(&Tell { alert: None, target: id, notice: Notice::Test, effect })?;
    tx.record(Entry::new("alert_target.tested", "alert_target", id));
    Ok(effect)
}

/// What stands in the ledger about a notice.
pub(super) fn request(target: AlertTargetId, name: &str, notice: Notice) -> Value {
    json!({ "target": target, "target_name": name, "notice": notice })
}

/// It took a message.
pub(super) async fn worked(tx: &mut TenantTx, id: AlertTargetId) -> Result<()> {
    let now = tx.now();
    sqlx::query("update alert_targets set last_sent_at = $2, broken_since = null, broken_reason = null where id = $1")
        .bind(id)
        .bind(now)
        .execute(tx.conn())
        .await?;
    announce(tx, id);
    Ok(())
}

/// It refused for good.
pub(super) async fn broke(tx: &mut TenantTx, id: AlertTargetId, reason: &str) -> Result<()> {
    let now = tx.now();
    let broken = "update alert_targets set broken_since = coalesce(broken_since, $2), broken_reason = $3 where id = $1";
    sqlx::query(broken).bind(id).bind(now).bind(reason).execute(tx.conn()).await?;
    announce(tx, id);
    Ok(())
}

/// Its standing is not the administrators' doing, so it is heard of and not audited.
fn announce(tx: &mut TenantTx, id: AlertTargetId) {
    let data = events::data("alert_target", &id.to_string(), None);
    tx.publish(NewFact::new("alert_target.changed", 1, format!("alert_target/{id}"), data));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_of_another_kind_is_noticed() {
        let change = Change { url: Some("https://x".into()), ..Change::default() };
        assert_eq!(change.foreign_to(Kind::Email), Some("url"));
        assert_eq!(change.foreign_to(Kind::Slack), None);
        assert_eq!(Change::default().foreign_to(Kind::PagerDuty), None);
    }
}
