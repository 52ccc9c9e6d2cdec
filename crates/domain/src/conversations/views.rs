//! Saved views: filters of the inbox that somebody named, for themselves or for everybody.

use serde::Serialize;
use serde_json::json;
use sqlx::{FromRow, QueryBuilder, types::Json};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::lists::Filter;
use crate::{
    audit::Entry,
    ids::{SavedViewId, UserId},
    problems::{Problem, Result},
    tenancy::TenantTx,
};

/// Views that one user sees.
pub const MOST: i64 = 200;

#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
pub struct SavedView {
    pub id: SavedViewId,
    /// Null: everybody's.
    pub owner_id: Option<UserId>,
    pub name: String,
    #[sqlx(json)]
    pub filter: Filter,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

const COLUMNS: &str = "id, owner_id, name, filter, created_at, updated_at";

fn checked<'a>(name: &'a str, filter: &Filter) -> Result<&'a str, Problem> {
    let name = name.trim();
    if !(1..=60).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return Err(Problem::field("name", "A view's name has 1 to 60 printable characters."));
    }
    if filter.q.as_ref().is_some_and(|q| q.chars().count() > 200 || q.contains('\0')) {
        return Err(Problem::field("filter.q", "Search for at most 200 characters."));
    }
    Ok(name)
}

/// Saves a view; `owner` is `None` when it is for everybody.
pub async fn create(tx: &mut TenantTx, owner: Option<UserId>, name: &str, filter: &Filter) -> Result<SavedView> {
    let name = checked(name, filter)?;
    let present: i64 = sqlx::query_scalar("select count(*) from saved_views where owner_id is not distinct from $1")
        .bind(owner)
        .fetch_one(tx.conn())
        .await?;
    if present >= MOST / 2 {
        return Err(Problem::field("name", format!("{} views are the limit; remove one first.", MOST / 2)).into());
    }
    let (id, now, by) = (SavedViewId::fresh(), tx.now(), tx.actor().id.clone());
    sqlx::query(
        "insert into saved_views (id, owner_id, name, filter, created_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6)",
    )
    .bind(id)
    .bind(owner)
    .bind(name)
    .bind(Json(filter))
    .bind(by)
    .bind(now)
    .execute(tx.conn())
    .await?;
    tx.record(
        Entry::new("saved_view.created", "saved_view", id).changed(json!({}), json!({ "shared": owner.is_none() })),
    );
    get(tx, id, owner).await
}

/// Views of this user and everybody's, by name.
pub async fn list(tx: &mut TenantTx, user: Option<UserId>) -> Result<Vec<SavedView>> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from saved_views where owner_id is null or owner_id = ").push_bind(user);
    query.push(" order by lower(name), id limit ").push_bind(MOST);
    Ok(query.build_query_as().fetch_all(tx.conn()).await?)
}

/// One that this user sees: theirs, or everybody's.
pub async fn get(tx: &mut TenantTx, id: SavedViewId, user: Option<UserId>) -> Result<SavedView> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from saved_views where id = ").push_bind(id);
    query.push(" and (owner_id is null or owner_id = ").push_bind(user).push(")");
    let view = query.build_query_as().fetch_optional(tx.conn()).await?;
    view.ok_or_else(|| Problem::missing("saved view").into())
}

pub async fn change(
    tx: &mut TenantTx,
    id: SavedViewId,
    user: Option<UserId>,
    name: &str,
    filter: &Filter,
) -> Result<SavedView> {
    let before = get(tx, id, user).await?;
    let name = checked(name, filter)?;
    let now = tx.now();
    sqlx::query("update saved_views set name = $2, filter = $3, updated_at = $4 where id = $1")
        .bind(id)
        .bind(name)
        .bind(Json(filter))
        .bind(now)
        .execute(tx.conn())
        .await?;
    let after = get(tx, id, user).await?;
    if (&before.name, &before.filter) != (&after.name, &after.filter) {
        tx.record(Entry::new("saved_view.changed", "saved_view", id));
    }
    Ok(after)
}

pub async fn remove(tx: &mut TenantTx, id: SavedViewId, user: Option<UserId>) -> Result<()> {
    get(tx, id, user).await?;
    sqlx::query("delete from saved_views where id = $1").bind(id).execute(tx.conn()).await?;
    tx.record(Entry::new("saved_view.removed", "saved_view", id));
    Ok(())
}
