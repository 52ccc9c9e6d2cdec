//! Two contacts become one, and can be parted again. The loser's row stays and points to the winner; its identities, and what
//! was said through them, move. The journal says what moved and which fields the winner took, so that an undo gives back exactly
//! that, also when more was said meanwhile.

use serde::Serialize;
use serde_json::json;
use sqlx::FromRow;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::{Contact, get, lock, set_addresses};
use crate::{
    audit::Entry,
    ids::{ContactId, ContactIdentityId, ContactMergeId},
    problems::{Code, Problem, Result},
    tenancy::TenantTx,
};

#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
#[schema(as = ContactMerge)]
pub struct Merge {
    pub id: ContactMergeId,
    /// The contact that stayed.
    pub winner_id: ContactId,
    /// The contact that became a part of it.
    pub loser_id: ContactId,
    pub identities: Vec<ContactIdentityId>,
    /// Fields that the winner did not have and took: `name`, `company`, `email`, `phone`, `avatar_url`.
    pub taken: Vec<String>,
    pub merged_by: String,
    #[serde(with = "time::serde::rfc3339")]
    pub merged_at: OffsetDateTime,
    pub undone_by: Option<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub undone_at: Option<OffsetDateTime>,
}

const COLUMNS: &str = "id, winner_id, loser_id, identities, taken, merged_by, merged_at, undone_by, undone_at";

/// Makes the loser a part of the winner.
pub async fn merge(tx: &mut TenantTx, winner: ContactId, loser: ContactId) -> Result<Merge> {
    if winner == loser {
        return Err(Problem::field("loser", "A contact cannot be merged with itself.").into());
    }
    let (to, from) = lock_both(tx, winner, loser).await?;
    for (field, contact) in [("winner", &to), ("loser", &from)] {
        if contact.merged_into.is_some() {
            return Err(Problem::field(field, "This contact became a part of another one already.").into());
        }
    }
    let identities: Vec<ContactIdentityId> =
        sqlx::query_scalar("select id from contact_identities where contact_id = $1 order by id for no key update")
            .bind(loser)
            .fetch_all(tx.conn())
            .await?;
    let taken = take_fields(tx, &to, &from).await?;
    move_identities(tx, &identities, winner).await?;
    let (id, now, by) = (ContactMergeId::fresh(), tx.now(), tx.actor().id.clone());
    sqlx::query("update contacts set merged_into = $2, updated_at = $3 where id = $1")
        .bind(loser)
        .bind(winner)
        .bind(now)
        .execute(tx.conn())
        .await?;
    let statement = format!(
        "insert into contact_merges (id, winner_id, loser_id, identities, taken, merged_by, merged_at)
         values ($1, $2, $3, $4, $5, $6, $7) returning {COLUMNS}"
    );
    let merge = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .bind(winner)
        .bind(loser)
        .bind(&identities)
        .bind(&taken)
        .bind(by)
        .bind(now)
        .fetch_one(tx.conn())
        .await?;
    tx.record(
        Entry::new("contact.merged", "contact", winner).changed(json!({}), json!({ "merge": id, "with": loser })),
    );
    Ok(merge)
}

/// Locks what they are known by, then both in the order of their ids: as who receives does, and as another merge does.
async fn lock_both(tx: &mut TenantTx, one: ContactId, other: ContactId) -> Result<(Contact, Contact)> {
    sqlx::query("select from contact_identities where contact_id in ($1, $2) order by id for no key update")
        .bind(one)
        .bind(other)
        .execute(tx.conn())
        .await?;
    if one < other {
        let first = lock(tx, one).await?;
        Ok((first, lock(tx, other).await?))
    } else {
        let first = lock(tx, other).await?;
        Ok((lock(tx, one).await?, first))
    }
}

/// The winner takes what it has not.
async fn take_fields(tx: &mut TenantTx, to: &Contact, from: &Contact) -> Result<Vec<String>> {
    let mut taken = Vec::new();
    let mut note = |field: &str, has: bool, gives: bool| {
        if !has && gives {
            taken.push(field.to_owned());
        }
        !has && gives
    };
    let takes_name = note("name", !to.name.is_empty(), !from.name.is_empty());
    let takes_company = note("company", to.company.is_some(), from.company.is_some());
    let takes_avatar = note("avatar_url", to.avatar_url.is_some(), from.avatar_url.is_some());
    note("email", to.email.is_some(), from.email.is_some());
    note("phone", to.phone.is_some(), from.phone.is_some());
    let now = tx.now();
    sqlx::query("update contacts set name = $2, company = $3, avatar_url = $4, updated_at = $5 where id = $1")
        .bind(to.id)
        .bind(if takes_name { &from.name } else { &to.name })
        .bind(if takes_company { &from.company } else { &to.company })
        .bind(if takes_avatar { &from.avatar_url } else { &to.avatar_url })
        .bind(now)
        .execute(tx.conn())
        .await?;
    let (email, phone) = (to.email.as_ref().or(from.email.as_ref()), to.phone.as_ref().or(from.phone.as_ref()));
    set_addresses(tx, to.id, email.map(String::as_str), phone.map(String::as_str)).await?;
    Ok(taken)
}

/// What was said through an identity goes with it.
async fn move_identities(tx: &mut TenantTx, identities: &[ContactIdentityId], to: ContactId) -> Result<()> {
    for statement in [
        "update contact_identities set contact_id = $2 where id = any($1)",
        "update conversations set contact_id = $2 where identity_id = any($1)",
    ] {
        sqlx::query(statement).bind(identities).bind(to).execute(tx.conn()).await?;
    }
    Ok(())
}

/// Parts two contacts again. What the winner took and nobody changed since goes back; identities go back with everything that
/// was said through them, before the merge and after.
pub async fn undo(tx: &mut TenantTx, id: ContactMergeId) -> Result<Merge> {
    let statement = format!("select {COLUMNS} from contact_merges where id = $1 for update");
    let merge: Option<Merge> =
        sqlx::query_as(sqlx::AssertSqlSafe(statement)).bind(id).fetch_optional(tx.conn()).await?;
    let merge = merge.ok_or_else(|| Problem::missing("merge"))?;
    if merge.undone_at.is_some() {
        return Err(Problem::new(Code::AlreadyDone, "This merge was undone already.").into());
    }
    let (winner, loser) = lock_both(tx, merge.winner_id, merge.loser_id).await?;
    if winner.merged_into.is_some() {
        return Err(Problem::of(Code::LaterMerge).into());
    }
    give_back(tx, &merge, &winner, &loser).await?;
    move_identities(tx, &merge.identities, loser.id).await?;
    let (now, by) = (tx.now(), tx.actor().id.clone());
    sqlx::query("update contacts set merged_into = null, updated_at = $2 where id = $1")
        .bind(loser.id)
        .bind(now)
        .execute(tx.conn())
        .await?;
    let statement =
        format!("update contact_merges set undone_by = $2, undone_at = $3 where id = $1 returning {COLUMNS}");
    let merge = sqlx::query_as(sqlx::AssertSqlSafe(statement)).bind(id).bind(by).bind(now).fetch_one(tx.conn()).await?;
    let parted = Entry::new("contact.parted", "contact", winner.id);
    tx.record(parted.changed(json!({}), json!({ "merge": id, "from": loser.id })));
    Ok(merge)
}

/// The winner loses what it took, unless it has something else there by now.
async fn give_back(tx: &mut TenantTx, merge: &Merge, winner: &Contact, loser: &Contact) -> Result<()> {
    let took = |field: &str| merge.taken.iter().any(|taken| taken == field);
    let left = |field: &str, mine: &Option<String>, theirs: &Option<String>| {
        mine.clone().filter(|_| !took(field) || mine != theirs)
    };
    let now = tx.now();
    let name = if took("name") && winner.name == loser.name { "" } else { winner.name.as_str() };
    sqlx::query("update contacts set name = $2, company = $3, avatar_url = $4, updated_at = $5 where id = $1")
        .bind(winner.id)
        .bind(name)
        .bind(left("company", &winner.company, &loser.company))
        .bind(left("avatar_url", &winner.avatar_url, &loser.avatar_url))
        .bind(now)
        .execute(tx.conn())
        .await?;
    let (email, phone) = (left("email", &winner.email, &loser.email), left("phone", &winner.phone, &loser.phone));
    set_addresses(tx, winner.id, email.as_deref(), phone.as_deref()).await
}

/// Merges that a contact won, the newest first.
pub async fn of_contact(tx: &mut TenantTx, winner: ContactId, limit: i64) -> Result<Vec<Merge>> {
    let statement =
        format!("select {COLUMNS} from contact_merges where winner_id = $1 order by merged_at desc, id desc limit $2");
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(statement)).bind(winner).bind(limit).fetch_all(tx.conn()).await?)
}

/// The contact as it is found today.
pub async fn present(tx: &mut TenantTx, id: ContactId) -> Result<Contact> {
    let mut contact = get(tx, id).await?;
    // Merges cannot go in a circle: a loser wins nothing any more.
    while let Some(winner) = contact.merged_into {
        contact = get(tx, winner).await?;
    }
    Ok(contact)
}
