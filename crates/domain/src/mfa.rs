//! Second factors that are codes: an authenticator app (TOTP, RFC 6238) and recovery codes. A used time step or recovery
//! code is never accepted again.

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use totp_rs::{Algorithm, Builder, Secret, Totp};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    audit::Entry,
    ids::UserId,
    people,
    problems::{Code, Error, Problem, Result},
    tenancy::SystemTx,
    tickets::{self, Purpose},
    tokens::sha256,
    vault::{Column, Sealed},
};

pub(crate) const TOTP: Column = Column::new("people", "totp_sealed");
const RECOVERY_CODES: usize = 10;

/// What an authenticator app needs; shown once.
#[derive(Debug, Clone)]
pub struct Enrolment {
    pub ticket: SecretString,
    pub secret: SecretString,
    pub url: SecretString,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Factors {
    /// An authenticator app is set up.
    pub totp: bool,
    pub passkeys: i64,
    /// Unused recovery codes.
    pub recovery_codes: i64,
}

pub async fn factors(tx: &mut SystemTx, person: UserId) -> Result<Factors> {
    let (totp, passkeys, recovery_codes) = sqlx::query_as(
        "select totp_confirmed_at is not null,
            (select count(*) from system.passkeys where person_id = p.id),
            (select count(*) from system.recovery_codes where person_id = p.id and used_at is null)
         from system.people p where id = $1",
    )
    .bind(person)
    .fetch_one(tx.conn())
    .await?;
    Ok(Factors { totp, passkeys, recovery_codes })
}

/// Makes a secret for an authenticator app. Nothing changes until [`confirm_totp`].
pub async fn start_totp(tx: &mut SystemTx, id: UserId, issuer: &str) -> Result<Enrolment> {
    let person = people::get(tx, id).await?;
    let secret = hex::encode(rand::random::<[u8; 20]>());
    let ticket = tickets::issue(tx, Purpose::TotpEnrolment, Some(id), None, &secret).await?;
    let totp = totp(&secret, &person.email, issuer)?;
    let url = totp.to_url().map_err(|error| Error::Fault(format!("totp: {error}")))?;
    Ok(Enrolment { ticket, secret: totp.secret().to_base32().into(), url: url.into() })
}

/// The first right code turns the factor on; the answer is a fresh set of recovery codes.
pub async fn confirm_totp(
    tx: &mut SystemTx,
    id: UserId,
    ticket: &SecretString,
    code: &str,
) -> Result<Vec<SecretString>> {
    let ticket = tickets::check::<String>(tx, Purpose::TotpEnrolment, ticket).await?;
    if ticket.person != Some(id) {
        return Err(Problem::of(Code::TicketInvalid).into());
    }
    let secret = ticket.data;
    let step = check_step(&totp(&secret, "account", "SocialAI Hub")?, code, tx.now().unix_timestamp())
        .ok_or_else(|| Problem::of(Code::WrongCode))?;
    tickets::spend(tx, ticket.id).await?;
    let sealed = tx.seal(TOTP, id.0, secret.as_bytes())?;
    let now = tx.now();
    sqlx::query("update system.people set totp_sealed = $2, totp_confirmed_at = $3, totp_last_step = $4 where id = $1")
        .bind(id)
        .bind(sealed)
        .bind(now)
        .bind(step)
        .execute(tx.conn())
        .await?;
    tx.record(Entry::new("person.totp_enrolled", "person", id));
    new_recovery_codes(tx, id).await
}

/// Accepts the current code of the app or an unused recovery code, once.
pub async fn use_code(tx: &mut SystemTx, id: UserId, code: &str) -> Result<bool> {
    let code = code.trim();
    if code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()) {
        use_totp(tx, id, code).await
    } else {
        use_recovery_code(tx, id, code).await
    }
}

async fn use_totp(tx: &mut SystemTx, id: UserId, code: &str) -> Result<bool> {
    let sealed: Option<Sealed> = sqlx::query_scalar(
        "select totp_sealed from system.people where id = $1 and totp_confirmed_at is not null for update",
    )
    .bind(id)
    .fetch_optional(tx.conn())
    .await?;
    let Some(sealed) = sealed else { return Ok(false) };
    let secret = tx.open_text(TOTP, id.0, &sealed)?;
    let Some(step) = check_step(&totp(&secret, "account", "SocialAI Hub")?, code, tx.now().unix_timestamp()) else {
        return Ok(false);
    };
    let fresh = sqlx::query("update system.people set totp_last_step = $2 where id = $1 and totp_last_step < $2")
        .bind(id)
        .bind(step)
        .execute(tx.conn())
        .await?;
    Ok(fresh.rows_affected() == 1)
}

async fn use_recovery_code(tx: &mut SystemTx, id: UserId, code: &str) -> Result<bool> {
    let now = tx.now();
    let used = sqlx::query(
        "update system.recovery_codes set used_at = $3 where person_id = $1 and code_hash = $2 and used_at is null",
    )
    .bind(id)
    .bind(recovery_hash(id, code))
    .bind(now)
    .execute(tx.conn())
    .await?;
    if used.rows_affected() == 1 {
        tx.record(Entry::new("person.recovery_code_used", "person", id));
    }
    Ok(used.rows_affected() == 1)
}

/// Replaces all recovery codes.
pub async fn new_recovery_codes(tx: &mut SystemTx, id: UserId) -> Result<Vec<SecretString>> {
    sqlx::query("delete from system.recovery_codes where person_id = $1").bind(id).execute(tx.conn()).await?;
    let codes: Vec<SecretString> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
    let hashes: Vec<_> = codes.iter().map(|code| recovery_hash(id, code.expose_secret())).collect();
    let ids: Vec<_> = codes.iter().map(|_| Uuid::now_v7()).collect();
    sqlx::query(
        "insert into system.recovery_codes (id, person_id, code_hash)
         select id, $1, hash from unnest($2::uuid[], $3::bytea[]) as new (id, hash)",
    )
    .bind(id)
    .bind(ids)
    .bind(hashes)
    .execute(tx.conn())
    .await?;
    tx.record(Entry::new("person.recovery_codes_made", "person", id));
    Ok(codes)
}

pub async fn remove_totp(tx: &mut SystemTx, id: UserId) -> Result<()> {
    sqlx::query(
        "update system.people set totp_sealed = null, totp_confirmed_at = null, totp_last_step = 0 where id = $1",
    )
    .bind(id)
    .execute(tx.conn())
    .await?;
    tx.record(Entry::new("person.totp_removed", "person", id));
    Ok(())
}

/// Removes every second factor of a person who lost them all.
pub async fn reset(tx: &mut SystemTx, id: UserId) -> Result<()> {
    remove_totp(tx, id).await?;
    for statement in
        ["delete from system.passkeys where person_id = $1", "delete from system.recovery_codes where person_id = $1"]
    {
        sqlx::query(statement).bind(id).execute(tx.conn()).await?;
    }
    tx.record(Entry::new("person.mfa_reset", "person", id));
    Ok(())
}

fn totp(hex_secret: &str, account: &str, issuer: &str) -> Result<Totp> {
    let fault = |error: &dyn std::fmt::Display| Error::Fault(format!("totp: {error}"));
    let bytes = hex::decode(hex_secret).map_err(|error| fault(&error))?;
    // A colon parts issuer and account in the URL and may stand in neither.
    let clean = |text: &str| text.replace(':', " ");
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(30)
        .with_secret(Secret::from(bytes))
        .with_account_name(clean(account))
        .with_issuer(Some(clean(issuer)))
        .build()
        .map_err(|error| fault(&error))
}

/// The time step in which the code is right, one step of clock skew allowed on either side.
fn check_step(totp: &Totp, code: &str, unix_seconds: i64) -> Option<i64> {
    let now = u64::try_from(unix_seconds).ok()?;
    i64::try_from(totp.check(code, now)?).ok()
}

/// 50 random bits in two groups that are easy to read aloud: `7f3kd-m2qrt`.
fn recovery_code() -> SecretString {
    const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
    let bits: u64 = rand::random();
    let letters: String = (0..10)
        .map(|place| char::from(ALPHABET[usize::try_from((bits >> (place * 5)) & 31).unwrap_or_default()]))
        .collect();
    format!("{}-{}", &letters[..5], &letters[5..]).into()
}

fn recovery_hash(id: UserId, code: &str) -> Vec<u8> {
    let plain: String = code.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    sha256(format!("{id}|{plain}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_right_in_its_step_and_the_neighbours_only() {
        let totp = totp(&"ab".repeat(20), "ann@acme.test", "Hub").unwrap();
        let code = totp.generate(1_000_000_020).to_string();
        let step = 1_000_000_020 / 30;
        for (at, expected) in [(0, Some(step)), (30, Some(step)), (-30, Some(step)), (90, None), (-90, None)] {
            assert_eq!(check_step(&totp, &code, 1_000_000_020 + at), expected, "{at}");
        }
        assert_eq!(check_step(&totp, "000000", 1_000_000_020).is_some(), code == "000000");
    }

    #[test]
    fn recovery_codes_read_back_however_they_are_typed() {
        let id = UserId::fresh();
        let code = recovery_code();
        let typed = code.expose_secret().to_uppercase().replace('-', " ");
        assert_eq!(recovery_hash(id, code.expose_secret()), recovery_hash(id, &typed));
        assert_ne!(recovery_hash(UserId::fresh(), code.expose_secret()), recovery_hash(id, &typed));
    }
}
