//! The workspace's own apps at platforms. Where there is none, the operator's is used, which is configuration and not here.

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::FromRow;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::{APP_SECRETS, Platform};
use crate::{
    audit::Entry,
    ids::ChannelAppId,
    problems::{Code, Problem, Result},
    tenancy::TenantTx,
    vault::Sealed,
};

#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
#[schema(as = ChannelApp)]
pub struct App {
    pub id: ChannelAppId,
    pub platform: Platform,
    pub client_id: String,
    pub created_by: String,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

impl App {
    fn audited(&self) -> Value {
        json!({ "platform": self.platform, "client_id": self.client_id })
    }
}

const COLUMNS: &str = "id, platform, client_id, created_by, created_at, updated_at";

/// Sets the app of a platform, in place of an earlier one. The secrets are as the connector wants them, usually JSON.
pub async fn save(tx: &mut TenantTx, platform: Platform, client_id: &str, secrets: &SecretString) -> Result<App> {
    let client_id = client_id.trim();
    if platform == Platform::WebChat {
        return Err(Problem::field("platform", "Web chat is our own and has no app.").into());
    }
    if !(1..=300).contains(&client_id.len()) || client_id.chars().any(char::is_control) {
        return Err(Problem::field("client_id", "The app's id has 1 to 300 printable characters.").into());
    }
    if secrets.expose_secret().is_empty() {
        return Err(Problem::field("client_secret", "The app's secret is missing.").into());
    }
    let before = find(tx, platform).await?;
    let id = before.as_ref().map_or_else(ChannelAppId::fresh, |app| app.id);
    let sealed = tx.seal(APP_SECRETS, id.0, secrets.expose_secret().as_bytes())?;
    let (now, by) = (tx.now(), tx.actor().id.clone());
    let saved = sqlx::query(
        "insert into channel_apps (id, platform, client_id, secrets_sealed, created_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6)
         on conflict (tenant_id, id) do update set client_id = excluded.client_id, secrets_sealed = excluded.secrets_sealed,
            updated_at = excluded.updated_at",
    );
    saved.bind(id).bind(platform).bind(client_id).bind(sealed).bind(by).bind(now).execute(tx.conn()).await.map_err(
        |error| {
            let twice = || Problem::new(Code::AlreadyDone, "Somebody else has just set this app.");
            crate::problems::Error::on_constraint(error, "channel_apps_tenant_id_platform_key", twice)
        },
    )?;
    let after = get(tx, platform).await?;
    let old = before.as_ref().map_or_else(|| json!({}), App::audited);
    tx.record(Entry::new("channel_app.saved", "channel_app", id).changed(old, after.audited()));
    Ok(after)
}

pub async fn list(tx: &mut TenantTx) -> Result<Vec<App>> {
    let statement = sqlx::AssertSqlSafe(format!("select {COLUMNS} from channel_apps order by platform"));
    Ok(sqlx::query_as(statement).fetch_all(tx.conn()).await?)
}

pub async fn find(tx: &mut TenantTx, platform: Platform) -> Result<Option<App>> {
    let statement = sqlx::AssertSqlSafe(format!("select {COLUMNS} from channel_apps where platform = $1"));
    Ok(sqlx::query_as(statement).bind(platform).fetch_optional(tx.conn()).await?)
}

pub async fn get(tx: &mut TenantTx, platform: Platform) -> Result<App> {
    find(tx, platform).await?.ok_or_else(|| Problem::missing("app of your own for this platform").into())
}

/// An app with its secrets, for calls and for checking signatures.
#[derive(Debug, Clone)]
pub struct Opened {
    pub client_id: String,
    pub secrets: SecretString,
}

/// `None`: the workspace has none, so the operator's is used.
pub async fn open(tx: &mut TenantTx, platform: Platform) -> Result<Option<Opened>> {
    let row: Option<(ChannelAppId, String, Sealed)> =
        sqlx::query_as("select id, client_id, secrets_sealed from channel_apps where platform = $1")
            .bind(platform)
            .fetch_optional(tx.conn())
            .await?;
    let Some((id, client_id, sealed)) = row else { return Ok(None) };
    let secrets = tx.open_text(APP_SECRETS, id.0, &sealed)?.into();
    Ok(Some(Opened { client_id, secrets }))
}

/// Removes the app unless accounts are connected through it.
pub async fn remove(tx: &mut TenantTx, platform: Platform) -> Result<()> {
    let app = get(tx, platform).await?;
    let users: i64 = sqlx::query_scalar(
        "select count(*) from channel_accounts where platform = $1 and uses_own_app and state <> 'disconnected'",
    )
    .bind(platform)
    .fetch_one(tx.conn())
    .await?;
    if users > 0 {
        let sentence = format!("{users} connected accounts use this app; disconnect or reconnect them first.");
        return Err(Problem::field("platform", sentence).into());
    }
    sqlx::query("delete from channel_apps where id = $1").bind(app.id).execute(tx.conn()).await?;
    tx.record(Entry::new("channel_app.removed", "channel_app", app.id).changed(app.audited(), json!({})));
    Ok(())
}
