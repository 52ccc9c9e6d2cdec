//! Contacts: the people who write, whatever they write from. A contact has an identity for each platform that knows them;
//! [`identities`] makes both when somebody writes for the first time, [`merges`] makes two contacts one, and parts them again;
//! [`erasure`] leaves nothing of one.
//!
//! Addresses and numbers are sealed and found only as a whole. Names are what people call themselves at a platform, in the
//! clear, and are searched by the beginnings of their words.

pub mod erasure;
pub mod identities;
pub mod merges;

use serde::Serialize;
use serde_json::json;
use sqlx::{FromRow, QueryBuilder};
use time::OffsetDateTime;
use utoipa::ToSchema;

pub use self::identities::Identity;
use crate::{
    audit::{Entry, mask_email},
    ids::ContactId,
    problems::{Error, Problem, Result},
    scope::Scope,
    tenancy::TenantTx,
    vault::{Column, Sealed},
};

pub(crate) const EMAIL: Column = Column::new("contacts", "email_sealed");
pub(crate) const PHONE: Column = Column::new("contacts", "phone_sealed");

/// Contacts that a search by name finds at most.
const FOUND_AT_MOST: i32 = 200;
/// As many are looked at where most of them are somebody else's.
const LOOKS_AT_FOR_OWN: i32 = 10_000;

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Contact {
    pub id: ContactId,
    /// Empty while nobody knows it.
    pub name: String,
    pub avatar_url: Option<String>,
    pub company: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    /// The contact that this one became a part of.
    pub merged_into: Option<ContactId>,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_seen_at: Option<OffsetDateTime>,
}

#[derive(FromRow)]
struct Row {
    id: ContactId,
    name: String,
    avatar_url: Option<String>,
    company: Option<String>,
    email_sealed: Option<Sealed>,
    phone_sealed: Option<Sealed>,
    merged_into: Option<ContactId>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
    last_seen_at: Option<OffsetDateTime>,
}

const SELECT: &str =
    "select id, name, avatar_url, company, email_sealed, phone_sealed, merged_into, created_at, updated_at,
    last_seen_at from contacts";

fn contact(tx: &TenantTx, row: Row) -> Result<Contact> {
    let id = row.id.0;
    let email = row.email_sealed.map(|sealed| tx.open_text(EMAIL, id, &sealed)).transpose()?;
    let phone = row.phone_sealed.map(|sealed| tx.open_text(PHONE, id, &sealed)).transpose()?;
    let Row { id, name, avatar_url, company, merged_into, created_at, updated_at, last_seen_at, .. } = row;
    Ok(Contact { id, name, avatar_url, company, email, phone, merged_into, created_at, updated_at, last_seen_at })
}

/// Also one that was merged into another, which it names.
pub async fn get(tx: &mut TenantTx, id: ContactId) -> Result<Contact> {
    find(tx, id, "").await
}

async fn lock(tx: &mut TenantTx, id: ContactId) -> Result<Contact> {
    find(tx, id, " for no key update").await
}

async fn find(tx: &mut TenantTx, id: ContactId, lock: &'static str) -> Result<Contact> {
    let mut query = QueryBuilder::new(SELECT);
    query.push(" where id = ").push_bind(id);
    tx.scope().and_contact(&mut query);
    query.push(lock);
    let row: Option<Row> = query.build_query_as().fetch_optional(tx.conn()).await?;
    let row = row.ok_or_else(|| Problem::missing("contact"))?;
    contact(tx, row)
}

/// Newest first, after this one. `search`: beginnings of the words of names and handles, or a whole e-mail address or number.
pub async fn list(
    tx: &mut TenantTx,
    search: Option<&str>,
    after: Option<ContactId>,
    limit: i64,
) -> Result<Vec<Contact>> {
    let mut query = QueryBuilder::new(SELECT);
    query.push(" where merged_into is null");
    tx.scope().and_listed_contact(&mut query, "id");
    if let Some(search) = search.map(str::trim).filter(|search| !search.is_empty()) {
        let named = by_name(tx, search).await?;
        let (email, phone) = (tx.blind_index(EMAIL, &email_key(search)), tx.blind_index(PHONE, &phone_key(search)));
        query.push(" and (id = any(").push_bind(named).push(") or email_index = ").push_bind(email);
        query.push(" or phone_index = ").push_bind(phone).push(")");
    }
    if let Some(after) = after {
        query.push(" and id < ").push_bind(after);
    }
    query.push(" order by id desc limit ").push_bind(limit);
    let rows: Vec<Row> = query.build_query_as().fetch_all(tx.conn()).await?;
    rows.into_iter().map(|row| contact(tx, row)).collect()
}

/// Contacts of which a name or handle has all these words, newest first.
pub(crate) async fn by_name(tx: &mut TenantTx, search: &str) -> Result<Vec<ContactId>> {
    let scope = tx.scope();
    let looks_at = if scope == Scope::Workspace { FOUND_AT_MOST } else { LOOKS_AT_FOR_OWN };
    let mut query = QueryBuilder::new("select found.id from find_contacts(system.search_query(");
    query.push_bind(tx.tenant()).push(", ").push_bind(search.replace('\0', " ")).push("), ").push_bind(looks_at);
    query.push(") as found (id) where true");
    scope.and_listed_contact(&mut query, "found.id");
    query.push(" order by found.id desc limit ").push_bind(FOUND_AT_MOST);
    Ok(query.build_query_scalar().fetch_all(tx.conn()).await?)
}

/// Contacts with this address or number, newest first: who may be the same person.
pub async fn with_address(tx: &mut TenantTx, email_or_phone: &str, limit: i64) -> Result<Vec<Contact>> {
    let (email, phone) =
        (tx.blind_index(EMAIL, &email_key(email_or_phone)), tx.blind_index(PHONE, &phone_key(email_or_phone)));
    let mut query = QueryBuilder::new(SELECT);
    query.push(" where merged_into is null and (email_index = ").push_bind(email);
    query.push(" or phone_index = ").push_bind(phone).push(")");
    tx.scope().and_listed_contact(&mut query, "id");
    query.push(" order by id desc limit ").push_bind(limit);
    let rows: Vec<Row> = query.build_query_as().fetch_all(tx.conn()).await?;
    rows.into_iter().map(|row| contact(tx, row)).collect()
}

/// Fields that stay as they are when they are left out; an empty text removes what is there.
#[derive(Debug, Clone, Default)]
pub struct Change {
    pub name: Option<String>,
    pub company: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
}

pub async fn change(tx: &mut TenantTx, id: ContactId, change: Change) -> Result<Contact> {
    let before = lock(tx, id).await?;
    if before.merged_into.is_some() {
        return Err(Problem::field("id", "This contact became a part of another one; change that.").into());
    }
    let now = tx.now();
    let kept = |new: Option<String>, old: &Option<String>| match new {
        Some(new) => Some(new.trim().to_owned()).filter(|new| !new.is_empty()),
        None => old.clone(),
    };
    let name = change.name.as_deref().map_or(before.name.as_str(), str::trim).to_owned();
    let is_name_ours = change.name.is_some();
    let (company, email, phone) =
        (kept(change.company, &before.company), kept(change.email, &before.email), kept(change.phone, &before.phone));
    check(&name, company.as_deref(), email.as_deref(), phone.as_deref())?;
    sqlx::query(
        "update contacts set name = $2, is_name_ours = is_name_ours or $3, company = $4, updated_at = $5 where id = $1",
    )
    .bind(id)
    .bind(&name)
    .bind(is_name_ours)
    .bind(&company)
    .bind(now)
    .execute(tx.conn())
    .await?;
    set_addresses(tx, id, email.as_deref(), phone.as_deref()).await?;
    let after = get(tx, id).await?;
    tx.record(Entry::new("contact.changed", "contact", id).changed(audited(&before), audited(&after)));
    Ok(after)
}

fn check(name: &str, company: Option<&str>, email: Option<&str>, phone: Option<&str>) -> Result<(), Problem> {
    let is_printable = |text: &str| text.chars().count() <= 200 && !text.chars().any(char::is_control);
    if !is_printable(name) {
        return Err(Problem::field("name", "A contact's name has at most 200 printable characters."));
    }
    if !company.is_none_or(is_printable) {
        return Err(Problem::field("company", "A company's name has at most 200 printable characters."));
    }
    if email.is_some_and(|email| !is_printable(email) || !email.contains('@') || email.contains(' ')) {
        return Err(Problem::field("email", "This is no e-mail address."));
    }
    if phone.is_some_and(|phone| !is_printable(phone) || !(5..=20).contains(&phone_key(phone).len())) {
        return Err(Problem::field("phone", "A telephone number has 5 to 20 digits."));
    }
    Ok(())
}

/// The log cannot be rewritten, so it has no names of people, and of addresses only that they changed.
fn audited(contact: &Contact) -> serde_json::Value {
    let phone =
        contact.phone.as_ref().map(|phone| format!("…{}", phone_key(phone).chars().rev().take(2).collect::<String>()));
    json!({ "has_name": !contact.name.is_empty(), "email": contact.email.as_deref().map(mask_email), "phone": phone })
}

pub(super) async fn set_addresses(
    tx: &mut TenantTx,
    id: ContactId,
    email: Option<&str>,
    phone: Option<&str>,
) -> Result<()> {
    let sealed = |column, text: Option<&str>| text.map(|text| tx.seal(column, id.0, text.as_bytes())).transpose();
    let (email_sealed, phone_sealed) = (sealed(EMAIL, email)?, sealed(PHONE, phone)?);
    let email_index = email.map(|email| tx.blind_index(EMAIL, &email_key(email)));
    let phone_index = phone.map(|phone| tx.blind_index(PHONE, &phone_key(phone)));
    let done = sqlx::query(
        "update contacts set email_sealed = $2, email_index = $3, phone_sealed = $4, phone_index = $5 where id = $1",
    );
    let done = done.bind(id).bind(email_sealed).bind(email_index).bind(phone_sealed).bind(phone_index);
    match done.execute(tx.conn()).await?.rows_affected() {
        1 => Ok(()),
        _ => Err(Error::from(Problem::missing("contact"))),
    }
}

/// What is the same address, however it was written.
fn email_key(text: &str) -> String {
    text.trim().to_lowercase()
}

/// What is the same number, however it was written: its digits.
fn phone_key(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}
