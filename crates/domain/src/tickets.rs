//! Short-lived, single-use secrets that carry a person through several requests: the second step of a log-in, a password
//! reset, a round trip to an identity provider, a passkey challenge.

use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::FromRow;
use time::Duration;
use uuid::Uuid;

use crate::{
    ids::{TenantId, TicketId, UserId},
    problems::{Code, Error, Problem, Result},
    tenancy::SystemTx,
    tokens::{Token, TokenKind},
    vault::{Column, Sealed},
};

pub(crate) const DATA: Column = Column::new("tickets", "data_sealed");
/// After so many wrong answers a ticket is spent.
const MAX_ATTEMPTS: i32 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    SecondFactor,
    PasswordReset,
    SingleSignOn,
    SingleSignOnFinding,
    /// A round trip to a platform whose account is to be connected, and the choice among the accounts found there.
    ChannelLogIn,
    ChannelChoice,
    PasskeySignIn,
    PasskeyRegistration,
    TotpEnrolment,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::SecondFactor => "second_factor",
            Self::PasswordReset => "password_reset",
            Self::SingleSignOn => "single_sign_on",
            Self::SingleSignOnFinding => "single_sign_on_finding",
            Self::ChannelLogIn => "channel_log_in",
            Self::ChannelChoice => "channel_choice",
            Self::PasskeySignIn => "passkey_sign_in",
            Self::PasskeyRegistration => "passkey_registration",
            Self::TotpEnrolment => "totp_enrolment",
        }
    }

    const fn lifetime(self) -> Duration {
        match self {
            Self::PasswordReset => Duration::hours(1),
            Self::ChannelLogIn | Self::ChannelChoice => Duration::minutes(15),
            Self::SecondFactor | Self::SingleSignOn | Self::SingleSignOnFinding | Self::TotpEnrolment => {
                Duration::minutes(10)
            }
            Self::PasskeySignIn | Self::PasskeyRegistration => Duration::minutes(5),
        }
    }
}

/// A valid ticket; it stays usable until [`spend`].
#[derive(Debug)]
pub struct Ticket<T> {
    pub id: TicketId,
    pub person: Option<UserId>,
    pub tenant: Option<TenantId>,
    pub data: T,
}

pub async fn issue<T: Serialize>(
    tx: &mut SystemTx,
    purpose: Purpose,
    person: Option<UserId>,
    tenant: Option<TenantId>,
    data: &T,
) -> Result<SecretString> {
    let token = Token::fresh(TokenKind::Ticket, None, Uuid::now_v7());
    let plain = serde_json::to_vec(data).map_err(|error| Error::Fault(format!("ticket: {error}")))?;
    let sealed = tx.seal(DATA, token.row, &plain)?;
    let now = tx.now();
    sqlx::query(
        "insert into system.tickets (id, kind, secret_hash, person_id, tenant_id, data_sealed, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(token.row)
    .bind(purpose.name())
    .bind(token.hash())
    .bind(person)
    .bind(tenant)
    .bind(sealed)
    .bind(now)
    .bind(now + purpose.lifetime())
    .execute(tx.conn())
    .await?;
    Ok(token.reveal())
}

#[derive(FromRow)]
struct Row {
    secret_hash: Vec<u8>,
    person_id: Option<UserId>,
    tenant_id: Option<TenantId>,
    data_sealed: Sealed,
}

/// Reads a ticket and locks it for this transaction.
pub async fn check<T: DeserializeOwned>(tx: &mut SystemTx, purpose: Purpose, text: &SecretString) -> Result<Ticket<T>> {
    let invalid = || Problem::of(Code::TicketInvalid);
    let token = Token::parse(TokenKind::Ticket, text.expose_secret()).ok_or_else(invalid)?;
    let now = tx.now();
    let row: Option<Row> = sqlx::query_as(
        "select secret_hash, person_id, tenant_id, data_sealed from system.tickets
         where id = $1 and kind = $2 and used_at is null and expires_at > $3 and attempts < $4 for update",
    )
    .bind(token.row)
    .bind(purpose.name())
    .bind(now)
    .bind(MAX_ATTEMPTS)
    .fetch_optional(tx.conn())
    .await?;
    let row = row.filter(|row| token.matches(&row.secret_hash)).ok_or_else(invalid)?;
    let plain = tx.open(DATA, token.row, &row.data_sealed)?;
    let data = serde_json::from_slice(&plain).map_err(|error| Error::Fault(format!("ticket: {error}")))?;
    Ok(Ticket { id: TicketId(token.row), person: row.person_id, tenant: row.tenant_id, data })
}

/// Uses the ticket up.
pub async fn spend(tx: &mut SystemTx, id: TicketId) -> Result<()> {
    let now = tx.now();
    sqlx::query("update system.tickets set used_at = $2 where id = $1").bind(id).bind(now).execute(tx.conn()).await?;
    Ok(())
}

/// Counts a wrong answer against the ticket.
pub async fn count_failure(tx: &mut SystemTx, id: TicketId) -> Result<()> {
    sqlx::query("update system.tickets set attempts = attempts + 1 where id = $1").bind(id).execute(tx.conn()).await?;
    Ok(())
}

/// Makes all open tickets of a person useless, after the password changed or a reset was asked for again.
pub async fn revoke_all(tx: &mut SystemTx, purpose: Purpose, person: UserId) -> Result<()> {
    let now = tx.now();
    sqlx::query("update system.tickets set used_at = $3 where person_id = $1 and kind = $2 and used_at is null")
        .bind(person)
        .bind(purpose.name())
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Removes tickets that expired a day ago.
pub async fn sweep(tx: &mut SystemTx) -> Result<u64> {
    let before = tx.now() - Duration::days(1);
    let done = sqlx::query("delete from system.tickets where expires_at < $1").bind(before).execute(tx.conn()).await?;
    Ok(done.rows_affected())
}
