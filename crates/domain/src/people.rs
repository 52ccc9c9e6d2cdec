//! People: who can sign in, with which address and password, and in which tenants to look for them. What a person may do
//! stands in the tenant (`users`); a membership here is only a hint where to look.

use secrecy::SecretString;
use sqlx::FromRow;
use time::OffsetDateTime;

use crate::{
    audit::{Entry, mask_email},
    ids::{TenantId, UserId},
    passwords,
    problems::{Problem, Result},
    tenancy::SystemTx,
    tickets::{self, Purpose},
    vault::{Column, Sealed},
};

pub(crate) const EMAIL: Column = Column::new("people", "email_sealed");

#[derive(Debug, Clone)]
pub struct Person {
    pub id: UserId,
    pub email: String,
    pub name: String,
    pub password_hash: Option<String>,
    pub has_totp: bool,
    pub passkeys: i64,
}

impl Person {
    pub fn has_second_factor(&self) -> bool {
        self.has_totp || self.passkeys > 0
    }
}

/// The one spelling of an address, or a field problem.
pub fn normalize_email(email: &str) -> Result<String> {
    let email = email.trim().to_lowercase();
    let (name, domain) = email.rsplit_once('@').unwrap_or_default();
    let plain =
        |text: &str| !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '@');
    let labels = domain.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    });
    let fits = email.len() <= 254
        && name.len() <= 64
        && plain(name)
        && domain.contains('.')
        && labels
        && !name.contains(['<', '>', '"', ',', ';', ':', '(', ')', '[', ']', '\\']);
    if fits { Ok(email) } else { Err(Problem::field("email", "This is not an e-mail address.").into()) }
}

/// Trims a display name and refuses what no screen should have to show.
pub fn check_name(name: &str) -> Result<String> {
    let name = name.trim();
    let length = name.chars().count();
    if (1..=200).contains(&length) && !name.chars().any(char::is_control) {
        Ok(name.to_owned())
    } else {
        Err(Problem::field("name", "A name has 1 to 200 printable characters.").into())
    }
}

#[derive(FromRow)]
struct Row {
    id: UserId,
    email_sealed: Sealed,
    name: String,
    password_hash: Option<String>,
    has_totp: bool,
    passkeys: i64,
}

const SELECT: &str = "select id, email_sealed, name, password_hash, totp_confirmed_at is not null as has_totp,
    (select count(*) from system.passkeys k where k.person_id = p.id) as passkeys from system.people p";

fn person(tx: &SystemTx, row: Row) -> Result<Person> {
    let email = tx.open_text(EMAIL, row.id.0, &row.email_sealed)?;
    let Row { id, name, password_hash, has_totp, passkeys, .. } = row;
    Ok(Person { id, email, name, password_hash, has_totp, passkeys })
}

/// `email` in its normalized spelling.
pub async fn find_by_email(tx: &mut SystemTx, email: &str) -> Result<Option<Person>> {
    let index = tx.blind_index(EMAIL, email);
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{SELECT} where email_index = $1")))
        .bind(index)
        .fetch_optional(tx.conn())
        .await?;
    row.map(|row| person(tx, row)).transpose()
}

pub async fn get(tx: &mut SystemTx, id: UserId) -> Result<Person> {
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{SELECT} where id = $1 for update of p")))
        .bind(id)
        .fetch_optional(tx.conn())
        .await?;
    let row = row.ok_or_else(|| Problem::missing("person"))?;
    person(tx, row)
}

/// The person with this address, made when there is none yet.
pub async fn find_or_create(tx: &mut SystemTx, email: &str, name: &str) -> Result<Person> {
    let id = UserId::fresh();
    let sealed = tx.seal(EMAIL, id.0, email.as_bytes())?;
    let index = tx.blind_index(EMAIL, email);
    let now = tx.now();
    let made = sqlx::query(
        "insert into system.people (id, email_sealed, email_index, name, created_at) values ($1, $2, $3, $4, $5)
         on conflict (email_index) do nothing",
    )
    .bind(id)
    .bind(sealed)
    .bind(index)
    .bind(name)
    .bind(now)
    .execute(tx.conn())
    .await?;
    if made.rows_affected() == 1 {
        tx.record(
            Entry::new("person.created", "person", id)
                .changed(serde_json::json!({}), serde_json::json!({ "email": mask_email(email) })),
        );
    }
    find_by_email(tx, email).await?.ok_or_else(|| Problem::missing("person").into())
}

pub async fn set_name(tx: &mut SystemTx, id: UserId, name: &str) -> Result<()> {
    sqlx::query("update system.people set name = $2 where id = $1").bind(id).bind(name).execute(tx.conn()).await?;
    Ok(())
}

/// Checks, hashes and stores a new password; open links and half-done log-ins stop working.
pub async fn set_password(tx: &mut SystemTx, id: UserId, password: SecretString) -> Result<()> {
    let person = get(tx, id).await?;
    passwords::check_strength(&password, &person.email)?;
    let hash = passwords::hash(password).await?;
    let now = tx.now();
    sqlx::query("update system.people set password_hash = $2, password_changed_at = $3 where id = $1")
        .bind(id)
        .bind(hash)
        .bind(now)
        .execute(tx.conn())
        .await?;
    // Whoever began something with the old password does not get to finish it.
    for purpose in [Purpose::PasswordReset, Purpose::SecondFactor, Purpose::TotpEnrolment, Purpose::PasskeyRegistration]
    {
        tickets::revoke_all(tx, purpose, id).await?;
    }
    tx.record(Entry::new("person.password_changed", "person", id));
    Ok(())
}

/// A tenant in which a person may have a user row.
#[derive(Debug, Clone, FromRow)]
pub struct Membership {
    pub tenant_id: TenantId,
    pub slug: String,
    pub name: String,
    pub last_used_at: Option<OffsetDateTime>,
}

/// Most recently used first. Bounded: nobody works in more than a hundred companies.
pub async fn memberships(tx: &mut SystemTx, id: UserId) -> Result<Vec<Membership>> {
    let memberships = sqlx::query_as(
        "select t.id as tenant_id, t.slug, t.name, m.last_used_at
         from system.memberships m join system.tenants t on t.id = m.tenant_id
         where m.person_id = $1 and t.status = 'active'
         order by m.last_used_at desc nulls last, t.slug limit 100",
    )
    .bind(id)
    .fetch_all(tx.conn())
    .await?;
    Ok(memberships)
}

/// The person belongs to another workspace as well, also to one that is suspended now.
pub async fn works_elsewhere(tx: &mut SystemTx, id: UserId, here: TenantId) -> Result<bool> {
    let elsewhere = sqlx::query_scalar(
        "select exists (select from system.memberships m join system.tenants t on t.id = m.tenant_id
            where m.person_id = $1 and m.tenant_id <> $2 and t.status <> 'deleted')",
    )
    .bind(id)
    .bind(here)
    .fetch_one(tx.conn())
    .await?;
    Ok(elsewhere)
}

pub async fn join(tx: &mut SystemTx, id: UserId, tenant: TenantId) -> Result<()> {
    sqlx::query("insert into system.memberships (person_id, tenant_id) values ($1, $2) on conflict do nothing")
        .bind(id)
        .bind(tenant)
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub async fn leave(tx: &mut SystemTx, id: UserId, tenant: TenantId) -> Result<()> {
    sqlx::query("delete from system.memberships where person_id = $1 and tenant_id = $2")
        .bind(id)
        .bind(tenant)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Remembers which tenant the person used last.
pub async fn used(tx: &mut SystemTx, id: UserId, tenant: TenantId) -> Result<()> {
    let now = tx.now();
    sqlx::query("update system.memberships set last_used_at = $3 where person_id = $1 and tenant_id = $2")
        .bind(id)
        .bind(tenant)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_normalized_or_refused() {
        assert_eq!(normalize_email(" Ann@Acme.Test ").unwrap(), "ann@acme.test");
        assert_eq!(normalize_email("jürgen@müller.example").unwrap(), "jürgen@müller.example");
        for bad in
            ["", "a", "a@", "@b.c", "a@b", "a b@c.d", "a@b..c", "a@-b.c", "a@b.c\r\nBcc: x@y.z", "a@@b.c", "<a@b.c>"]
        {
            assert!(normalize_email(bad).is_err(), "{bad:?}");
        }
    }
}
