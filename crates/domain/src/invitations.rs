//! Invitations: a link that makes its holder a user. The secret in the link is stored as a hash; asking again makes a new
//! link and the old one stops working.

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sqlx::FromRow;
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

use crate::{
    audit::{Entry, mask_email},
    ids::{InvitationId, TenantId, UserId},
    permissions::Role,
    problems::{Code, Error, Problem, Result},
    tenancy::TenantTx,
    tokens::{Token, TokenKind},
    users,
    vault::{Column, Sealed},
};

pub(crate) const EMAIL: Column = Column::new("invitations", "email_sealed");
const LIFETIME: Duration = Duration::days(7);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvitationState {
    Pending,
    Accepted,
    Revoked,
    Expired,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Invitation {
    pub id: InvitationId,
    pub email: String,
    pub name: String,
    pub role: Role,
    pub state: InvitationState,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
}

#[derive(FromRow)]
struct Row {
    id: InvitationId,
    email_sealed: Sealed,
    name: String,
    role: Role,
    secret_hash: Vec<u8>,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
    accepted_at: Option<OffsetDateTime>,
    revoked_at: Option<OffsetDateTime>,
}

const SELECT: &str = "select id, email_sealed, name, role, secret_hash, created_at, expires_at, accepted_at, revoked_at from invitations";

fn invitation(tx: &TenantTx, row: &Row) -> Result<Invitation> {
    let state = match (row.accepted_at, row.revoked_at) {
        (Some(_), _) => InvitationState::Accepted,
        (None, Some(_)) => InvitationState::Revoked,
        _ if row.expires_at <= tx.now() => InvitationState::Expired,
        _ => InvitationState::Pending,
    };
    Ok(Invitation {
        id: row.id,
        email: tx.open_text(EMAIL, row.id.0, &row.email_sealed)?,
        name: row.name.clone(),
        role: row.role,
        state,
        created_at: row.created_at,
        expires_at: row.expires_at,
    })
}

/// The invitation and the secret for its link.
pub async fn create(
    tx: &mut TenantTx,
    email: &str,
    name: &str,
    role: Role,
    by: Option<UserId>,
) -> Result<(Invitation, SecretString)> {
    let taken = |message: &str| {
        let mut problem = Problem::field("email", message);
        problem.code = Code::EmailTaken;
        problem
    };
    if users::find_by_email(tx, email).await?.is_some() {
        return Err(taken("Somebody with this address is in this workspace already.").into());
    }
    let id = InvitationId::fresh();
    let token = Token::fresh(TokenKind::Invitation, Some(tx.tenant()), id.0);
    let now = tx.now();
    let sealed = tx.seal(EMAIL, id.0, email.as_bytes())?;
    let index = tx.blind_index(EMAIL, email);
    sqlx::query(
        "insert into invitations (id, email_sealed, email_index, name, role, secret_hash, invited_by, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(id)
    .bind(sealed)
    .bind(index)
    .bind(name)
    .bind(role)
    .bind(token.hash())
    .bind(by)
    .bind(now)
    .bind(now + LIFETIME)
    .execute(tx.conn())
    .await
    .map_err(|error| {
        Error::on_constraint(error, "invitations_pending", || taken("This address has an open invitation already."))
    })?;
    tx.record(
        Entry::new("invitation.created", "invitation", id)
            .changed(serde_json::json!({}), serde_json::json!({ "email": mask_email(email), "role": role })),
    );
    Ok((get(tx, id).await?, token.reveal()))
}

pub async fn get(tx: &mut TenantTx, id: InvitationId) -> Result<Invitation> {
    let row = row(tx, id).await?.ok_or_else(|| Problem::missing("invitation"))?;
    invitation(tx, &row)
}

/// Newest first; `before` is the id of the last row of the page before.
pub async fn list(tx: &mut TenantTx, before: Option<InvitationId>, limit: i64) -> Result<Vec<Invitation>> {
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "{SELECT} where $1::uuid is null or id < $1 order by id desc limit $2"
    )))
    .bind(before)
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    rows.iter().map(|row| invitation(tx, row)).collect()
}

/// A new link with a new week; the old one stops working.
pub async fn renew(tx: &mut TenantTx, id: InvitationId) -> Result<(Invitation, SecretString)> {
    let row = row(tx, id).await?.ok_or_else(|| Problem::missing("invitation"))?;
    if row.accepted_at.is_some() || row.revoked_at.is_some() {
        return Err(Problem::of(Code::AlreadyDone).into());
    }
    let token = Token::fresh(TokenKind::Invitation, Some(tx.tenant()), id.0);
    let expires_at = tx.now() + LIFETIME;
    sqlx::query("update invitations set secret_hash = $2, expires_at = $3 where id = $1")
        .bind(id)
        .bind(token.hash())
        .bind(expires_at)
        .execute(tx.conn())
        .await?;
    tx.record(Entry::new("invitation.renewed", "invitation", id));
    Ok((get(tx, id).await?, token.reveal()))
}

pub async fn revoke(tx: &mut TenantTx, id: InvitationId) -> Result<()> {
    let now = tx.now();
    let row = row(tx, id).await?.ok_or_else(|| Problem::missing("invitation"))?;
    if row.accepted_at.is_some() || row.revoked_at.is_some() {
        return Err(Problem::of(Code::AlreadyDone).into());
    }
    sqlx::query("update invitations set revoked_at = $2 where id = $1").bind(id).bind(now).execute(tx.conn()).await?;
    tx.record(Entry::new("invitation.revoked", "invitation", id));
    Ok(())
}

/// The tenant named by an invitation link, to know where to look; proves nothing.
pub fn tenant_of(secret: &SecretString) -> Option<TenantId> {
    Token::parse(TokenKind::Invitation, secret.expose_secret())?.tenant
}

/// The open invitation that a link belongs to.
pub async fn check(tx: &mut TenantTx, secret: &SecretString) -> Result<Invitation> {
    let invalid = || Problem::of(Code::TicketInvalid);
    let token = Token::parse(TokenKind::Invitation, secret.expose_secret()).ok_or_else(invalid)?;
    let row =
        row(tx, InvitationId(token.row)).await?.filter(|row| token.matches(&row.secret_hash)).ok_or_else(invalid)?;
    let invitation = invitation(tx, &row)?;
    if invitation.state == InvitationState::Pending { Ok(invitation) } else { Err(invalid().into()) }
}

/// Uses the invitation up; the caller adds the user in the same transaction.
pub async fn accept(tx: &mut TenantTx, id: InvitationId) -> Result<()> {
    let now = tx.now();
    let done = sqlx::query(
        "update invitations set accepted_at = $2 where id = $1 and accepted_at is null and revoked_at is null",
    )
    .bind(id)
    .bind(now)
    .execute(tx.conn())
    .await?;
    if done.rows_affected() == 0 {
        return Err(Problem::of(Code::TicketInvalid).into());
    }
    tx.record(Entry::new("invitation.accepted", "invitation", id));
    Ok(())
}

async fn row(tx: &mut TenantTx, id: InvitationId) -> Result<Option<Row>> {
    let row = sqlx::query_as(sqlx::AssertSqlSafe(format!("{SELECT} where id = $1 for update")))
        .bind(id)
        .fetch_optional(tx.conn())
        .await?;
    Ok(row)
}
