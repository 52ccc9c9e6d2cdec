//! What a tenant decided: its security policy, and when answers are due. A tenant that never changed anything has no row;
//! the defaults then hold.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    audit::Entry,
    permissions::Role,
    problems::{Problem, Result},
    tenancy::TenantTx,
};

/// In minutes: a week.
const LONGEST_FIRST_RESPONSE: i32 = 10_080;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Roles that must have a second factor; `admin` is always among them.
    #[schema(max_items = 5)]
    pub mfa_roles: Vec<Role>,
    /// Days until a session ends for good.
    #[schema(minimum = 1, maximum = 90)]
    pub session_days: i32,
}

/// When answers are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InboxSettings {
    /// Within how many minutes somebody who writes should have an answer.
    #[schema(minimum = 1, maximum = 10_080)]
    pub first_response_minutes: i32,
}

impl Default for Policy {
    fn default() -> Self {
        Self { mfa_roles: vec![Role::Admin], session_days: 30 }
    }
}

#[derive(FromRow)]
struct Row {
    mfa_roles: Vec<String>,
    session_days: i32,
}

pub async fn policy(tx: &mut TenantTx) -> Result<Policy> {
    let row: Option<Row> =
        sqlx::query_as("select mfa_roles, session_days from settings").fetch_optional(tx.conn()).await?;
    Ok(row.map_or_else(Policy::default, |row| Policy {
        mfa_roles: row.mfa_roles.iter().filter_map(|name| Role::from_name(name)).collect(),
        session_days: row.session_days,
    }))
}

pub async fn set_policy(tx: &mut TenantTx, mut wanted: Policy) -> Result<Policy> {
    if !(1..=90).contains(&wanted.session_days) {
        return Err(Problem::field("session_days", "A session lasts 1 to 90 days.").into());
    }
    if !wanted.mfa_roles.contains(&Role::Admin) {
        return Err(Problem::field("mfa_roles", "Administrators always need a second factor.").into());
    }
    if wanted.mfa_roles.len() > Role::ALL.len() {
        return Err(Problem::field("mfa_roles", "Name each role once.").into());
    }
    wanted.mfa_roles.sort_unstable();
    wanted.mfa_roles.dedup();
    let before = policy(tx).await?;
    let names: Vec<_> = wanted.mfa_roles.iter().map(|role| role.name()).collect();
    let now = tx.now();
    sqlx::query(
        "insert into settings (id, mfa_roles, session_days, updated_at) values ($1, $2, $3, $4)
         on conflict (tenant_id) do update set mfa_roles = excluded.mfa_roles, session_days = excluded.session_days,
            updated_at = excluded.updated_at",
    )
    .bind(Uuid::now_v7())
    .bind(names)
    .bind(wanted.session_days)
    .bind(now)
    .execute(tx.conn())
    .await?;
    record_change(tx, &before, &wanted);
    Ok(wanted)
}

pub async fn inbox(tx: &mut TenantTx) -> Result<InboxSettings> {
    let minutes = sqlx::query_scalar("select first_response_minutes()").fetch_one(tx.conn()).await?;
    Ok(InboxSettings { first_response_minutes: minutes })
}

pub async fn set_inbox(tx: &mut TenantTx, wanted: InboxSettings) -> Result<InboxSettings> {
    if !(1..=LONGEST_FIRST_RESPONSE).contains(&wanted.first_response_minutes) {
        let sentence = format!("An answer is due within 1 to {LONGEST_FIRST_RESPONSE} minutes, which is a week.");
        return Err(Problem::field("first_response_minutes", sentence).into());
    }
    let before = inbox(tx).await?;
    let now = tx.now();
    sqlx::query(
        "insert into settings (id, first_response_minutes, updated_at) values ($1, $2, $3)
         on conflict (tenant_id) do update set first_response_minutes = excluded.first_response_minutes,
            updated_at = excluded.updated_at",
    )
    .bind(Uuid::now_v7())
    .bind(wanted.first_response_minutes)
    .bind(now)
    .execute(tx.conn())
    .await?;
    record_change(tx, &before, &wanted);
    Ok(wanted)
}

fn record_change<T: Serialize>(tx: &mut TenantTx, before: &T, after: &T) {
    let changed = Entry::new("settings.changed", "tenant", tx.tenant());
    tx.record(changed.changed(serde_json::json!(before), serde_json::json!(after)));
}
