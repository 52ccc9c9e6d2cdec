//! Identities: people as platforms know them. The row is the lock for everything that must be there once for a person at an
//! account; whoever receives takes it first.

use serde::{Deserialize, Serialize};
use socialai_queue::{
    facts::NewFact,
    jobs::{Queue, Task},
};
use sqlx::FromRow;
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

use crate::{
    channels::Platform,
    events,
    ids::{ChannelAccountId, ContactId, ContactIdentityId},
    problems::Result,
    queues,
    tenancy::TenantTx,
};

/// How fine `seen_at` is: it is not written for every message.
const SEEN_GRAIN: Duration = Duration::minutes(5);
const LONGEST_NAME: usize = 200;

#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
#[schema(as = ContactIdentity)]
pub struct Identity {
    pub id: ContactIdentityId,
    pub contact_id: ContactId,
    pub platform: Platform,
    /// The account that knows the person by this id, where ids differ from account to account; else empty.
    pub scope: String,
    /// The platform's own id of the person.
    pub external_id: String,
    pub handle: Option<String>,
    pub name: Option<String>,
    pub avatar_url: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub seen_at: OffsetDateTime,
}

/// A person as something that came from a platform names them. What it does not say is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    pub external_id: String,
    pub handle: Option<String>,
    pub name: Option<String>,
    pub avatar_url: Option<String>,
}

/// Where identities of this kind are looked for.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    pub platform: Platform,
    /// External id of the account.
    pub account: &'a str,
}

impl At<'_> {
    fn scope(&self) -> &str {
        if self.platform.has_scoped_people() { self.account } else { "" }
    }
}

impl Identity {
    fn is_nameless(&self) -> bool {
        self.name.is_none() && self.handle.is_none()
    }
}

const COLUMNS: &str = "id, contact_id, platform, scope, external_id, handle, name, avatar_url, created_at, seen_at";

/// Asks the platform what somebody is called who came without a name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LearnProfile {
    pub identity: ContactIdentityId,
    /// The account that they wrote to, which is who asks.
    pub account: ChannelAccountId,
}

impl Task for LearnProfile {
    const KIND: &'static str = "contact.profile";
    const QUEUE: Queue = queues::SOCIAL;

    fn key(&self) -> String {
        format!("profile/{}", self.identity)
    }
}

/// The identity of a person, which is made with a contact when there is none, taken for this transaction. New names and
/// pictures are written down; whoever is new and has no name is asked about through `account`.
pub async fn take(tx: &mut TenantTx, at: At<'_>, account: ChannelAccountId, person: &Person) -> Result<Identity> {
    let person = cleaned(person);
    if let Some(identity) = find(tx, at, &person.external_id).await? {
        return refresh(tx, identity, &person).await;
    }
    // Only the first of those who know a new person makes them; the others find them.
    let key = format!("{}/{}/{}/{}", tx.tenant(), at.platform.name(), at.scope(), person.external_id);
    sqlx::query("select pg_advisory_xact_lock(hashtextextended($1, 11))").bind(key).execute(tx.conn()).await?;
    if let Some(identity) = find(tx, at, &person.external_id).await? {
        return refresh(tx, identity, &person).await;
    }
    let made = create(tx, at, &person).await?;
    if made.is_nameless() && at.platform.tells_profiles() {
        tx.enqueue(&LearnProfile { identity: made.id, account })?;
    }
    Ok(made)
}

async fn find(tx: &mut TenantTx, at: At<'_>, external_id: &str) -> Result<Option<Identity>> {
    let statement = format!(
        "select {COLUMNS} from contact_identities where platform = $1 and scope = $2 and external_id = $3 for no key update"
    );
    let found = sqlx::query_as(sqlx::AssertSqlSafe(statement)).bind(at.platform).bind(at.scope()).bind(external_id);
    Ok(found.fetch_optional(tx.conn()).await?)
}

async fn create(tx: &mut TenantTx, at: At<'_>, person: &Person) -> Result<Identity> {
    let (contact, now) = (ContactId::fresh(), tx.now());
    sqlx::query(
        "insert into contacts (id, name, avatar_url, created_at, updated_at, last_seen_at) values ($1, $2, $3, $4, $4, $4)",
    )
    .bind(contact)
    .bind(person.name.as_deref().or(person.handle.as_deref()).unwrap_or_default())
    .bind(&person.avatar_url)
    .bind(now)
    .execute(tx.conn())
    .await?;
    let statement = format!(
        "insert into contact_identities (id, contact_id, platform, scope, external_id, handle, name, avatar_url, created_at,
            seen_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) returning {COLUMNS}"
    );
    let made = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(ContactIdentityId::fresh())
        .bind(contact)
        .bind(at.platform)
        .bind(at.scope())
        .bind(&person.external_id)
        .bind(&person.handle)
        .bind(&person.name)
        .bind(&person.avatar_url)
        .bind(now);
    Ok(made.fetch_one(tx.conn()).await?)
}

/// Writes down what is new of a person; nothing, mostly.
async fn refresh(tx: &mut TenantTx, identity: Identity, person: &Person) -> Result<Identity> {
    let now = tx.now();
    let is_news = |new: &Option<String>, old: &Option<String>| new.is_some() && new != old;
    let is_new = is_news(&person.handle, &identity.handle)
        || is_news(&person.name, &identity.name)
        || is_news(&person.avatar_url, &identity.avatar_url);
    if !is_new && now - identity.seen_at < SEEN_GRAIN {
        return Ok(identity);
    }
    let statement = format!(
        "update contact_identities set handle = coalesce($2, handle), name = coalesce($3, name),
            avatar_url = coalesce($4, avatar_url), seen_at = $5
         where id = $1 returning {COLUMNS}"
    );
    let identity: Identity = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(identity.id)
        .bind(&person.handle)
        .bind(&person.name)
        .bind(&person.avatar_url)
        .bind(now)
        .fetch_one(tx.conn())
        .await?;
    // A name that somebody here wrote stays.
    sqlx::query(
        "update contacts set last_seen_at = $2,
            name = case when is_name_ours or $3::text is null then name else $3 end,
            avatar_url = coalesce($4, avatar_url)
         where id = $1",
    )
    .bind(identity.contact_id)
    .bind(now)
    .bind(person.name.as_ref().or(person.handle.as_ref()))
    .bind(&person.avatar_url)
    .execute(tx.conn())
    .await?;
    Ok(identity)
}

/// The platform's id of somebody whose name is not known; `None` when it is, or nobody is there any more.
pub async fn nameless(tx: &mut TenantTx, id: ContactIdentityId) -> Result<Option<String>> {
    let found = sqlx::query_scalar(
        "select external_id from contact_identities where id = $1 and name is null and handle is null",
    );
    Ok(found.bind(id).fetch_optional(tx.conn()).await?)
}

/// What a platform says of a person in a separate answer (a profile that was asked for). Nothing when they are not known.
pub async fn describe(tx: &mut TenantTx, at: At<'_>, person: &Person) -> Result<()> {
    let person = cleaned(person);
    let Some(before) = find(tx, at, &person.external_id).await? else { return Ok(()) };
    let after = refresh(tx, before.clone(), &person).await?;
    if (&after.name, &after.handle, &after.avatar_url) != (&before.name, &before.handle, &before.avatar_url) {
        let contact = after.contact_id.to_string();
        let data = events::data("contact", &contact, None);
        tx.publish(NewFact::new("contact.changed", 1, format!("contact/{contact}"), data));
    }
    Ok(())
}

/// Those of a contact, the oldest first.
pub async fn of_contact(tx: &mut TenantTx, contact: ContactId) -> Result<Vec<Identity>> {
    let statement = format!("select {COLUMNS} from contact_identities where contact_id = $1 order by id limit 200");
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(statement)).bind(contact).fetch_all(tx.conn()).await?)
}

/// Names of strangers, as far as they can be kept: no control characters, and not endless.
fn cleaned(person: &Person) -> Person {
    let clean = |text: &Option<String>| {
        let text = text.as_deref()?;
        let text: String = text.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let address = person.avatar_url.clone().filter(|url| url.len() <= 2_000 && !url.chars().any(char::is_control));
    Person {
        external_id: person.external_id.replace('\0', "\u{fffd}"),
        handle: clean(&person.handle),
        name: clean(&person.name),
        avatar_url: address,
    }
}
