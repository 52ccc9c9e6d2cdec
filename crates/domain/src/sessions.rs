//! Sessions: one row is one signed-in device, that is one family of refresh tokens.
//!
//! A refresh token names its tenant, session and generation and carries a keyed tag over them; nothing of it is stored.
//! Each use raises the generation by one. A token with a right tag but an old generation was used before, by its owner or
//! by a thief; since nobody can tell which, the whole session ends.
//!
//! One old token is forgiven: the last one before the present, for [`GRACE`] after it was used. A page that is loaded
//! again while its refresh is on the way never sees the answer and comes with the token it has. It gets the present token
//! once more, which can be made again because it is a tag and not a secret in a table. So a session has one living
//! successor at any time, whoever asks in whatever order.

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sqlx::FromRow;
use subtle::ConstantTimeEq;
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    audit::Entry,
    ids::{SessionId, TenantId, UserId},
    permissions::Role,
    problems::{Code, Problem, Result},
    settings,
    tenancy::TenantTx,
    tokens::{Token, TokenKind},
    users::UserStatus,
    vault::Owner,
};

/// How long the token before the present one still gets the present one. Longer than a page takes to load again, far
/// shorter than an access token lives.
pub const GRACE: Duration = Duration::seconds(30);

/// How somebody proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Method {
    Password,
    Passkey,
    Sso,
    Invitation,
}

impl Method {
    /// Credentials of the person's own, not a tenant's identity provider speaking for them.
    pub fn is_own(self) -> bool {
        self != Self::Sso
    }
}

/// What a request needs to know of its session.
#[derive(Debug, Clone, FromRow)]
pub struct Facts {
    pub user_id: UserId,
    pub name: String,
    pub role: Role,
    pub method: Method,
    pub has_mfa: bool,
    /// The tenant demands a second factor of this role, and this session was opened without one.
    pub mfa_missing: bool,
}

#[derive(Debug, Clone, FromRow, Serialize, ToSchema)]
pub struct Session {
    pub id: SessionId,
    pub user_id: UserId,
    pub method: Method,
    pub has_mfa: bool,
    pub ip: String,
    pub user_agent: String,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub last_used_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
}

/// A session just opened or refreshed.
#[derive(Debug)]
pub struct Opened {
    pub id: SessionId,
    pub user_id: UserId,
    pub refresh_token: SecretString,
    pub expires_at: OffsetDateTime,
}

/// Outcome of a refresh. `Reused` has ended the session and must be committed, too.
#[derive(Debug)]
pub enum Refresh {
    Renewed(Opened),
    Reused,
}

pub async fn open(tx: &mut TenantTx, user: UserId, method: Method, has_mfa: bool) -> Result<Opened> {
    let policy = settings::policy(tx).await?;
    let id = SessionId::fresh();
    let now = tx.now();
    let expires_at = now + Duration::days(i64::from(policy.session_days));
    let ip = tx.actor().ip.clone().unwrap_or_default();
    let user_agent: String = tx.actor().user_agent.clone().unwrap_or_default().chars().take(300).collect();
    sqlx::query(
        "insert into sessions (id, user_id, method, has_mfa, ip, user_agent, created_at, last_used_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7, $8)",
    )
    .bind(id)
    .bind(user)
    .bind(method)
    .bind(has_mfa)
    .bind(ip)
    .bind(user_agent)
    .bind(now)
    .bind(expires_at)
    .execute(tx.conn())
    .await?;
    tx.record(
        Entry::new("session.opened", "session", id)
            .changed(serde_json::json!({}), serde_json::json!({ "user": user, "method": method, "mfa": has_mfa })),
    );
    let refresh_token = refresh_token(tx, id, 0);
    Ok(Opened { id, user_id: user, refresh_token, expires_at })
}

/// The tenant named by a refresh token, to know where to look; proves nothing.
pub fn tenant_of(refresh_token: &SecretString) -> Option<TenantId> {
    let (_, token) = refresh_token.expose_secret().split_once('.')?;
    Token::parse(TokenKind::Refresh, token)?.tenant
}

pub async fn refresh(tx: &mut TenantTx, text: &SecretString) -> Result<Refresh> {
    let (id, generation) = read(tx, text)?;
    let now = tx.now();
    let row: Option<Renewable> = sqlx::query_as(
        "select s.user_id, s.generation, s.last_used_at, s.expires_at, s.revoked_at, u.status
         from sessions s join users u on u.tenant_id = s.tenant_id and u.id = s.user_id
         where s.id = $1 for update of s",
    )
    .bind(id)
    .fetch_optional(tx.conn())
    .await?;
    let row = row.ok_or_else(|| Problem::of(Code::SessionEnded))?;
    if row.revoked_at.is_some() || row.expires_at <= now || row.status == UserStatus::Disabled {
        return Err(Problem::of(Code::SessionEnded).into());
    }
    // Nothing but opening and raising the generation writes `last_used_at`.
    let generation = match judge(generation, row.generation, now - row.last_used_at) {
        Use::First => {
            sqlx::query("update sessions set generation = generation + 1, last_used_at = $2 where id = $1")
                .bind(id)
                .bind(now)
                .execute(tx.conn())
                .await?;
            row.generation + 1
        }
        Use::Repeated => row.generation,
        Use::Reused => {
            revoke(tx, id, "refresh token used twice").await?;
            return Ok(Refresh::Reused);
        }
    };
    let refresh_token = refresh_token(tx, id, generation);
    Ok(Refresh::Renewed(Opened { id, user_id: row.user_id, refresh_token, expires_at: row.expires_at }))
}

#[derive(FromRow)]
struct Renewable {
    user_id: UserId,
    generation: i32,
    last_used_at: OffsetDateTime,
    expires_at: OffsetDateTime,
    revoked_at: Option<OffsetDateTime>,
    status: UserStatus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// The present token: the generation rises.
    First,
    /// The one before, asked with again before its answer can have arrived: nothing changes.
    Repeated,
    Reused,
}

fn judge(presented: i32, present: i32, since_rotation: Duration) -> Use {
    if presented == present {
        Use::First
    } else if presented == present - 1 && since_rotation <= GRACE {
        Use::Repeated
    } else {
        Use::Reused
    }
}

/// Ends the session of a refresh token that its holder is about to lose, whatever its generation. `None` when there is
/// nothing to end.
pub async fn end_of_token(tx: &mut TenantTx, text: &SecretString, reason: &'static str) -> Result<Option<SessionId>> {
    let Ok((id, _)) = read(tx, text) else { return Ok(None) };
    revoke(tx, id, reason).await?;
    Ok(Some(id))
}

/// The session and generation that a genuine token of this tenant names.
fn read(tx: &TenantTx, text: &SecretString) -> Result<(SessionId, i32)> {
    let invalid = || Problem::of(Code::InvalidToken);
    let (generation, token) = text.expose_secret().split_once('.').ok_or_else(invalid)?;
    let generation: i32 = generation.parse().map_err(|_| invalid())?;
    let token = Token::parse(TokenKind::Refresh, token).ok_or_else(invalid)?;
    let id = SessionId(token.row);
    let expected = tag(tx, id, generation);
    if token.tenant == Some(tx.tenant()) && bool::from(expected.ct_eq(&token.secret)) {
        Ok((id, generation))
    } else {
        Err(invalid().into())
    }
}

/// The living session with what its user may do now; `None` when it ended.
pub async fn facts(tx: &mut TenantTx, id: SessionId) -> Result<Option<Facts>> {
    let now = tx.now();
    let facts = sqlx::query_as(
        "select s.user_id, u.name, u.role, s.method, s.has_mfa,
            not s.has_mfa and u.role = any (coalesce((select mfa_roles from settings), '{admin}')) as mfa_missing
         from sessions s join users u on u.tenant_id = s.tenant_id and u.id = s.user_id
         where s.id = $1 and s.revoked_at is null and s.expires_at > $2 and u.status = 'active'",
    )
    .bind(id)
    .bind(now)
    .fetch_optional(tx.conn())
    .await?;
    Ok(facts)
}

/// Living sessions of one user, newest first, at most a hundred.
pub async fn list(tx: &mut TenantTx, user: UserId) -> Result<Vec<Session>> {
    let now = tx.now();
    let sessions = sqlx::query_as(
        "select id, user_id, method, has_mfa, ip, user_agent, created_at, last_used_at, expires_at from sessions
         where user_id = $1 and revoked_at is null and expires_at > $2 order by created_at desc limit 100",
    )
    .bind(user)
    .bind(now)
    .fetch_all(tx.conn())
    .await?;
    Ok(sessions)
}

/// Ends a session of this user; one of somebody else is missing.
pub async fn revoke_own(tx: &mut TenantTx, user: UserId, id: SessionId) -> Result<()> {
    let owner: Option<UserId> = sqlx::query_scalar("select user_id from sessions where id = $1 and revoked_at is null")
        .bind(id)
        .fetch_optional(tx.conn())
        .await?;
    if owner != Some(user) {
        return Err(Problem::missing("session").into());
    }
    revoke(tx, id, "signed out").await
}

pub async fn revoke(tx: &mut TenantTx, id: SessionId, reason: &'static str) -> Result<()> {
    let now = tx.now();
    let owner: Option<UserId> = sqlx::query_scalar(
        "update sessions set revoked_at = $2, revoked_reason = $3 where id = $1 and revoked_at is null returning user_id",
    )
    .bind(id)
    .bind(now)
    .bind(reason)
    .fetch_optional(tx.conn())
    .await?;
    if let Some(owner) = owner {
        tx.record(ended(id, owner, reason));
    }
    Ok(())
}

/// Names the user, too, so that a live stream can tell people of their own sessions.
fn ended(id: SessionId, owner: UserId, reason: &'static str) -> Entry {
    Entry::new("session.ended", "session", id)
        .changed(serde_json::json!({}), serde_json::json!({ "user": owner, "reason": reason }))
}

/// Ends all sessions of a user but the kept one; answers with those that ended.
pub async fn revoke_all(
    tx: &mut TenantTx,
    user: UserId,
    keep: Option<SessionId>,
    reason: &'static str,
) -> Result<Vec<SessionId>> {
    let now = tx.now();
    let revoked: Vec<SessionId> = sqlx::query_scalar(
        "update sessions set revoked_at = $3, revoked_reason = $4
         where user_id = $1 and id is distinct from $2 and revoked_at is null returning id",
    )
    .bind(user)
    .bind(keep)
    .bind(now)
    .bind(reason)
    .fetch_all(tx.conn())
    .await?;
    for id in &revoked {
        tx.record(ended(*id, user, reason));
    }
    Ok(revoked)
}

/// Removes rows of sessions that ended a month ago; the audit log keeps their story.
pub async fn sweep(tx: &mut TenantTx) -> Result<u64> {
    let before = tx.now() - Duration::days(30);
    let done = sqlx::query("delete from sessions where expires_at < $1 or revoked_at < $1")
        .bind(before)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected())
}

/// `<generation>.rt_…`
fn refresh_token(tx: &TenantTx, id: SessionId, generation: i32) -> SecretString {
    let secret = tag(tx, id, generation);
    let token = Token { kind: TokenKind::Refresh, tenant: Some(tx.tenant()), row: id.0, secret };
    format!("{generation}.{}", token.reveal().expose_secret()).into()
}

fn tag(tx: &TenantTx, id: SessionId, generation: i32) -> [u8; 32] {
    let parts: [&[u8]; 2] = [Uuid::as_bytes(&id.0), &generation.to_be_bytes()];
    tx.vault().tag(Owner::Tenant(tx.tenant()), "refresh tokens", &parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        /// Some clients hold tokens of one session, old ones too, and use them in any order and at any pace.
        #[test]
        fn session_has_one_living_successor_whatever_the_interleaving(
            steps in proptest::collection::vec((0usize..6, 0i64..45), 1..60)
        ) {
            let (mut present, mut age, mut held) = (0, Duration::ZERO, vec![0]);
            for (holder, pause) in steps {
                age += Duration::seconds(pause);
                let presented = held[holder % held.len()];
                let handed_out = match judge(presented, present, age) {
                    Use::First => {
                        (present, age) = (present + 1, Duration::ZERO);
                        present
                    }
                    Use::Repeated => {
                        proptest::prop_assert!(age <= GRACE, "the grace is not prolonged by using it");
                        present
                    }
                    // The session is over; nothing is handed out any more.
                    Use::Reused => {
                        proptest::prop_assert!(presented < present - 1 || (presented < present && age > GRACE));
                        return Ok(());
                    }
                };
                held.push(handed_out);
                let newest = held.iter().max().copied();
                proptest::prop_assert_eq!(newest, Some(present), "every token ever handed out but one is of the past");
                proptest::prop_assert_eq!(handed_out, present);
            }
        }
    }
}
