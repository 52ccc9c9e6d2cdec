//! Users: the people of one tenant, with their role. The id is the person's id; the address is kept here as well, sealed
//! under the tenant's own key, so that a list needs nothing outside the tenant.

use serde::{Deserialize, Serialize};
use sqlx::{FromRow, QueryBuilder};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{
    audit::{Entry, mask_email},
    ids::UserId,
    permissions::Role,
    problems::{Code, Error, Problem, Result},
    sessions,
    tenancy::TenantTx,
    vault::{Column, Sealed},
};

pub(crate) const EMAIL: Column = Column::new("users", "email_sealed");

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum UserStatus {
    Active,
    Disabled,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub name: String,
    pub role: Role,
    pub status: UserStatus,
    /// A second factor was in place at the last log-in here, or after the last change from here.
    pub has_mfa: bool,
    /// Signs in through the tenant's single sign-on.
    pub uses_sso: bool,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_seen_at: Option<OffsetDateTime>,
}

#[derive(FromRow)]
struct Row {
    id: UserId,
    email_sealed: Sealed,
    name: String,
    role: Role,
    status: UserStatus,
    has_mfa: bool,
    uses_sso: bool,
    created_at: OffsetDateTime,
    last_seen_at: Option<OffsetDateTime>,
}

const SELECT: &str =
    "select id, email_sealed, name, role, status, has_mfa, sso_subject is not null as uses_sso, created_at,
    last_seen_at from users";

fn user(tx: &TenantTx, row: Row) -> Result<User> {
    let email = tx.open_text(EMAIL, row.id.0, &row.email_sealed)?;
    let Row { id, name, role, status, has_mfa, uses_sso, created_at, last_seen_at, .. } = row;
    Ok(User { id, email, name, role, status, has_mfa, uses_sso, created_at, last_seen_at })
}

/// What a list may be narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub role: Option<Role>,
    pub status: Option<UserStatus>,
    /// Part of the name, or a whole e-mail address (addresses are sealed and found only as a whole).
    pub search: Option<String>,
}

/// Ordered by name; `after` is the name and id of the last row of the page before.
pub async fn list(
    tx: &mut TenantTx,
    filter: &Filter,
    after: Option<(String, UserId)>,
    limit: i64,
) -> Result<Vec<User>> {
    let mut query = QueryBuilder::new(SELECT);
    query.push(" where true");
    if let Some(role) = filter.role {
        query.push(" and role = ").push_bind(role);
    }
    if let Some(status) = filter.status {
        query.push(" and status = ").push_bind(status);
    }
    if let Some(search) = &filter.search {
        let index = tx.blind_index(EMAIL, &search.trim().to_lowercase());
        let pattern = format!("%{}%", search.trim().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        query.push(" and (lower(name) like lower(").push_bind(pattern).push(")");
        query.push(" or email_index = ").push_bind(index).push(")");
    }
    if let Some((name, id)) = after {
        // Small letters are always the database's: ours differ for some letters, and a page would repeat or leave out rows.
        query.push(" and (lower(name), id) > (lower(").push_bind(name).push("), ").push_bind(id).push(")");
    }
    query.push(" order by lower(name), id limit ").push_bind(limit);
    let rows: Vec<Row> = query.build_query_as().fetch_all(tx.conn()).await?;
    rows.into_iter().map(|row| user(tx, row)).collect()
}

pub async fn get(tx: &mut TenantTx, id: UserId) -> Result<User> {
    find(tx, id).await?.ok_or_else(|| Problem::missing("user").into())
}

pub async fn find(tx: &mut TenantTx, id: UserId) -> Result<Option<User>> {
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{SELECT} where id = $1")))
        .bind(id)
        .fetch_optional(tx.conn())
        .await?;
    row.map(|row| user(tx, row)).transpose()
}

pub async fn find_by_email(tx: &mut TenantTx, email: &str) -> Result<Option<User>> {
    let index = tx.blind_index(EMAIL, email);
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{SELECT} where email_index = $1")))
        .bind(index)
        .fetch_optional(tx.conn())
        .await?;
    row.map(|row| user(tx, row)).transpose()
}

pub async fn find_by_sso(tx: &mut TenantTx, issuer: &str, subject: &str) -> Result<Option<User>> {
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{SELECT} where sso_subject = $1")))
        .bind(sso_key(issuer, subject))
        .fetch_optional(tx.conn())
        .await?;
    row.map(|row| user(tx, row)).transpose()
}

/// Makes a person a user of this tenant.
pub async fn add(tx: &mut TenantTx, id: UserId, email: &str, name: &str, role: Role) -> Result<User> {
    let sealed = tx.seal(EMAIL, id.0, email.as_bytes())?;
    let index = tx.blind_index(EMAIL, email);
    let now = tx.now();
    let taken = || {
        let mut problem = Problem::field("email", "Somebody with this address is in this workspace already.");
        problem.code = Code::EmailTaken;
        problem
    };
    sqlx::query(
        "insert into users (id, email_sealed, email_index, name, role, created_at) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id)
    .bind(sealed)
    .bind(index)
    .bind(name)
    .bind(role)
    .bind(now)
    .execute(tx.conn())
    .await
    .map_err(|error| match &error {
        sqlx::Error::Database(db) if db.is_unique_violation() => Error::from(taken()),
        _ => error.into(),
    })?;
    tx.record(
        Entry::new("user.added", "user", id).changed(
            serde_json::json!({}),
            serde_json::json!({ "email": mask_email(email), "name": name, "role": role }),
        ),
    );
    get(tx, id).await
}

/// Ties a user to an account at the identity provider. An account at *another* provider may take its place (the tenant
/// changed providers); another account at the same one may not: addresses are given to new people there.
pub async fn link_sso(tx: &mut TenantTx, id: UserId, issuer: &str, subject: &str) -> Result<()> {
    let linked: Option<String> = sqlx::query_scalar("select sso_subject from users where id = $1 for update")
        .bind(id)
        .fetch_one(tx.conn())
        .await?;
    let wanted = sso_key(issuer, subject);
    match linked {
        Some(linked) if linked == wanted => return Ok(()),
        Some(linked) if linked.starts_with(&sso_key(issuer, "")) => {
            let detail = "This address belongs to a user who signs in with another account of the identity provider.";
            return Err(Problem::new(Code::SsoFailed, detail).into());
        }
        _ => {}
    }
    sqlx::query("update users set sso_subject = $2 where id = $1").bind(id).bind(wanted).execute(tx.conn()).await?;
    tx.record(Entry::new("user.sso_linked", "user", id));
    Ok(())
}

fn sso_key(issuer: &str, subject: &str) -> String {
    format!("{issuer}|{subject}")
}

/// Changes the role; the last active administrator stays one.
pub async fn set_role(tx: &mut TenantTx, id: UserId, role: Role) -> Result<User> {
    let before = lock(tx, id).await?;
    if before.role == role {
        return Ok(before);
    }
    if before.role == Role::Admin {
        keep_an_admin(tx, id).await?;
    }
    sqlx::query("update users set role = $2 where id = $1").bind(id).bind(role).execute(tx.conn()).await?;
    tx.record(
        Entry::new("user.role_changed", "user", id)
            .changed(serde_json::json!({ "role": before.role }), serde_json::json!({ "role": role })),
    );
    Ok(User { role, ..before })
}

/// Disabling ends all sessions at once.
pub async fn set_status(tx: &mut TenantTx, id: UserId, status: UserStatus) -> Result<User> {
    let before = lock(tx, id).await?;
    if before.status == status {
        return Ok(before);
    }
    if status == UserStatus::Disabled {
        if before.role == Role::Admin {
            keep_an_admin(tx, id).await?;
        }
        sessions::revoke_all(tx, id, None, "user disabled").await?;
    }
    sqlx::query("update users set status = $2 where id = $1").bind(id).bind(status).execute(tx.conn()).await?;
    tx.record(
        Entry::new("user.status_changed", "user", id)
            .changed(serde_json::json!({ "status": before.status }), serde_json::json!({ "status": status })),
    );
    Ok(User { status, ..before })
}

pub async fn set_name(tx: &mut TenantTx, id: UserId, name: &str) -> Result<User> {
    let before = lock(tx, id).await?;
    sqlx::query("update users set name = $2 where id = $1").bind(id).bind(name).execute(tx.conn()).await?;
    tx.record(
        Entry::new("user.renamed", "user", id)
            .changed(serde_json::json!({ "name": before.name }), serde_json::json!({ "name": name })),
    );
    Ok(User { name: name.to_owned(), ..before })
}

pub async fn remove(tx: &mut TenantTx, id: UserId) -> Result<()> {
    let before = lock(tx, id).await?;
    if before.role == Role::Admin {
        keep_an_admin(tx, id).await?;
    }
    sqlx::query("delete from users where id = $1").bind(id).execute(tx.conn()).await?;
    tx.record(Entry::new("user.removed", "user", id).changed(
        serde_json::json!({ "email": mask_email(&before.email), "name": before.name, "role": before.role }),
        serde_json::json!({}),
    ));
    Ok(())
}

/// Notes a log-in.
pub async fn seen(tx: &mut TenantTx, id: UserId, has_mfa: bool) -> Result<()> {
    let now = tx.now();
    sqlx::query("update users set last_seen_at = $2, has_mfa = $3 where id = $1")
        .bind(id)
        .bind(now)
        .bind(has_mfa)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// What a user did to their own second factors while at work in this tenant. The factors are the person's and their log is
/// the installation's; this tells the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorChange {
    TotpEnrolled,
    TotpRemoved,
    PasskeyAdded,
    PasskeyRemoved,
    RecoveryCodesMade,
}

pub async fn factors_changed(tx: &mut TenantTx, id: UserId, change: FactorChange, has_mfa: bool) -> Result<()> {
    let before = set_has_mfa(tx, id, has_mfa).await?;
    tx.record(Entry::new("user.factors_changed", "user", id).changed(
        serde_json::json!({ "has_mfa": before }),
        serde_json::json!({ "has_mfa": has_mfa, "change": change }),
    ));
    Ok(())
}

/// Somebody else removed all of them.
pub async fn factors_reset(tx: &mut TenantTx, id: UserId) -> Result<()> {
    set_has_mfa(tx, id, false).await?;
    tx.record(Entry::new("user.mfa_reset", "user", id));
    Ok(())
}

/// Answers with what was noted before.
async fn set_has_mfa(tx: &mut TenantTx, id: UserId, has_mfa: bool) -> Result<bool> {
    let before = lock(tx, id).await?.has_mfa;
    sqlx::query("update users set has_mfa = $2 where id = $1").bind(id).bind(has_mfa).execute(tx.conn()).await?;
    Ok(before)
}

async fn lock(tx: &mut TenantTx, id: UserId) -> Result<User> {
    sqlx::query("select from users where id = $1 for update").bind(id).execute(tx.conn()).await?;
    get(tx, id).await
}

/// Locks all active administrators, so that two of them cannot demote each other at the same moment.
async fn keep_an_admin(tx: &mut TenantTx, leaving: UserId) -> Result<()> {
    let admins: Vec<UserId> =
        sqlx::query_scalar("select id from users where role = 'admin' and status = 'active' order by id for update")
            .fetch_all(tx.conn())
            .await?;
    if admins.iter().any(|id| *id != leaving) || !admins.contains(&leaving) {
        Ok(())
    } else {
        Err(Problem::of(Code::LastAdmin).into())
    }
}
