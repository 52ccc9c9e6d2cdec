//! API keys: shown once, stored as a hash, found by a visible prefix. Rotation makes a second key and lets the first one
//! live on for a while, so that programs can change over without a gap.

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sqlx::{FromRow, QueryBuilder};
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

use crate::{
    audit::Entry,
    ids::{ApiKeyId, TenantId},
    permissions::{Permission, expand_scopes},
    problems::{Code, Problem, Result},
    tenancy::TenantTx,
    tokens::{Token, TokenKind, visible_prefix},
};

#[derive(Debug, Clone, FromRow, Serialize, ToSchema)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    /// What may be seen of the key: `sk_…` and eight characters.
    pub prefix: String,
    pub scopes: Vec<String>,
    pub created_by: String,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
    /// To the minute.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_used_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub revoked_at: Option<OffsetDateTime>,
    /// The key that replaces this one.
    pub rotated_to: Option<ApiKeyId>,
}

impl ApiKey {
    /// What its scopes grant. A scope that an older version knew and this one does not grants nothing.
    pub fn permissions(&self) -> Vec<Permission> {
        granted(&self.scopes)
    }
}

fn granted(scopes: &[String]) -> Vec<Permission> {
    let known: Vec<_> = scopes.iter().filter(|scope| expand_scopes(&[scope.as_str()]).is_ok()).collect();
    expand_scopes(&known).unwrap_or_default()
}

const SELECT: &str = "select id, name, prefix, scopes, created_by, created_at, expires_at, last_used_at, revoked_at,
    rotated_to from api_keys";

#[derive(Debug, Clone)]
pub struct NewKey {
    pub name: String,
    pub scopes: Vec<String>,
    pub expires_at: Option<OffsetDateTime>,
}

/// The key and its secret, which is not stored and cannot be shown again.
pub async fn create(tx: &mut TenantTx, new: NewKey) -> Result<(ApiKey, SecretString)> {
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(Problem::field("name", "A key's name has 1 to 100 printable characters.").into());
    }
    if new.scopes.is_empty() {
        return Err(Problem::field("scopes", "A key needs at least one scope.").into());
    }
    expand_scopes(&new.scopes).map_err(|unknown| Problem::field("scopes", unknown.to_string()))?;
    let now = tx.now();
    if new.expires_at.is_some_and(|at| at <= now) {
        return Err(Problem::field("expires_at", "The expiry lies in the past.").into());
    }
    let id = ApiKeyId::fresh();
    let token = Token::fresh(TokenKind::ApiKey, Some(tx.tenant()), id.0);
    let secret = token.reveal();
    let created_by = tx.actor().id.clone();
    sqlx::query(
        "insert into api_keys (id, name, prefix, secret_hash, scopes, created_by, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(id)
    .bind(name)
    .bind(visible_prefix(&secret))
    .bind(token.hash())
    .bind(&new.scopes)
    .bind(created_by)
    .bind(now)
    .bind(new.expires_at)
    .execute(tx.conn())
    .await?;
    tx.record(
        Entry::new("api_key.created", "api_key", id)
            .changed(serde_json::json!({}), serde_json::json!({ "name": name, "scopes": new.scopes })),
    );
    Ok((get(tx, id).await?, secret))
}

pub async fn get(tx: &mut TenantTx, id: ApiKeyId) -> Result<ApiKey> {
    let key: Option<ApiKey> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{SELECT} where id = $1 for update")))
        .bind(id)
        .fetch_optional(tx.conn())
        .await?;
    key.ok_or_else(|| Problem::missing("API key").into())
}

/// Newest first; `prefix` is any part of the visible prefix.
pub async fn list(
    tx: &mut TenantTx,
    prefix: Option<&str>,
    before: Option<ApiKeyId>,
    limit: i64,
) -> Result<Vec<ApiKey>> {
    let mut query = QueryBuilder::new(SELECT);
    query.push(" where true");
    if let Some(prefix) = prefix {
        query.push(" and strpos(prefix, ").push_bind(prefix.to_owned()).push(") > 0");
    }
    if let Some(before) = before {
        query.push(" and id < ").push_bind(before);
    }
    query.push(" order by id desc limit ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(tx.conn()).await?)
}

/// A new key with the same name and scopes; the old one ends after the overlap.
pub async fn rotate(tx: &mut TenantTx, id: ApiKeyId, overlap: Duration) -> Result<(ApiKey, SecretString)> {
    if overlap.is_negative() || overlap > Duration::days(30) {
        return Err(Problem::field("overlap_hours", "The overlap is 0 to 720 hours.").into());
    }
    let old = get(tx, id).await?;
    let now = tx.now();
    if old.revoked_at.is_some() || old.rotated_to.is_some() || old.expires_at.is_some_and(|at| at <= now) {
        return Err(Problem::of(Code::AlreadyDone).into());
    }
    let new = NewKey { name: old.name.clone(), scopes: old.scopes.clone(), expires_at: old.expires_at };
    let (key, secret) = create(tx, new).await?;
    let ends = old.expires_at.map_or(now + overlap, |at| at.min(now + overlap));
    sqlx::query("update api_keys set rotated_to = $2, expires_at = $3 where id = $1")
        .bind(id)
        .bind(key.id)
        .bind(ends)
        .execute(tx.conn())
        .await?;
    tx.record(Entry::new("api_key.rotated", "api_key", id));
    Ok((key, secret))
}

pub async fn revoke(tx: &mut TenantTx, id: ApiKeyId) -> Result<ApiKey> {
    let key = get(tx, id).await?;
    if key.revoked_at.is_some() {
        return Err(Problem::of(Code::AlreadyDone).into());
    }
    let now = tx.now();
    sqlx::query("update api_keys set revoked_at = $2 where id = $1").bind(id).bind(now).execute(tx.conn()).await?;
    tx.record(Entry::new("api_key.revoked", "api_key", id));
    get(tx, id).await
}

/// A key presented by a program, not proved yet.
pub fn parse(text: &SecretString) -> Option<(TenantId, Token)> {
    let token = Token::parse(TokenKind::ApiKey, text.expose_secret())?;
    Some((token.tenant?, token))
}

/// What a valid key may do; `None` for every kind of invalid one.
pub async fn authenticate(tx: &mut TenantTx, token: &Token) -> Result<Option<(ApiKeyId, String, Vec<Permission>)>> {
    type Row = (String, Vec<u8>, Vec<String>, Option<OffsetDateTime>, Option<OffsetDateTime>, Option<OffsetDateTime>);
    let now = tx.now();
    let row: Option<Row> = sqlx::query_as(
        "select name, secret_hash, scopes, expires_at, revoked_at, last_used_at from api_keys where id = $1",
    )
    .bind(token.row)
    .fetch_optional(tx.conn())
    .await?;
    let Some((name, hash, scopes, expires_at, revoked_at, last_used_at)) = row else { return Ok(None) };
    if !token.matches(&hash) || revoked_at.is_some() || expires_at.is_some_and(|at| at <= now) {
        return Ok(None);
    }
    // Once a minute is enough to know whether a key is in use, and does not turn every read into a write.
    if last_used_at.is_none_or(|at| now - at > Duration::minutes(1)) {
        sqlx::query("update api_keys set last_used_at = $2 where id = $1")
            .bind(token.row)
            .bind(now)
            .execute(tx.conn())
            .await?;
    }
    Ok(Some((ApiKeyId(token.row), name, granted(&scopes))))
}
