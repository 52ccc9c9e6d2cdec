//! The workspace itself: its name, its security policy, and when answers are due in its inbox.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use socialai_domain::{
    checklist,
    ids::TenantId,
    people,
    settings::{self, InboxSettings, Policy},
    tenants::{self, Plan, Tier},
};
use utoipa::ToSchema;

use crate::{
    caller::{Caller, can},
    http::body::Body,
    problem::Answer,
    state::App,
};

#[derive(Serialize, ToSchema)]
pub struct Workspace {
    pub id: TenantId,
    pub slug: String,
    pub name: String,
    pub tier: Tier,
    pub plan: Plan,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: time::OffsetDateTime,
}

impl From<tenants::Tenant> for Workspace {
    fn from(tenant: tenants::Tenant) -> Self {
        let tenants::Tenant { id, slug, name, tier, plan, created_at, .. } = tenant;
        Self { id, slug, name, tier, plan, created_at }
    }
}

/// This workspace
#[utoipa::path(get, path = "/tenant", tag = "Workspace", security(("token" = ["settings:read"])),
    responses((status = 200, description = "Its name and plan.", body = Workspace)))]
pub async fn get(State(app): State<App>, caller: Caller<can::SettingsRead>) -> Answer<Json<Workspace>> {
    let mut tx = caller.system_tx(&app).await?;
    let tenant = tenants::find(&mut tx, &caller.tenant.to_string()).await?;
    tx.rollback().await?;
    Ok(Json(tenant.into()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceChange {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

/// Rename this workspace
#[utoipa::path(patch, path = "/tenant", tag = "Workspace", request_body = WorkspaceChange,
    security(("token" = ["settings:manage"])), responses((status = 200, description = "Renamed.", body = Workspace)))]
pub async fn rename(
    State(app): State<App>,
    caller: Caller<can::SettingsManage>,
    Body { value: change, .. }: Body<WorkspaceChange>,
) -> Answer<Json<Workspace>> {
    let name = people::check_name(&change.name)?;
    let mut tx = caller.system_tx(&app).await?;
    let entry = tenants::rename(&mut tx, caller.tenant, &name).await?;
    let tenant = tenants::find(&mut tx, &caller.tenant.to_string()).await?;
    // Opened before the commit, so that a tenant that cannot be told is not renamed.
    let mut own = caller.tx(&app).await?;
    own.record(entry);
    tx.commit().await?;
    own.commit().await?;
    Ok(Json(tenant.into()))
}

/// Security policy
#[utoipa::path(get, path = "/tenant/policy", tag = "Workspace", security(("token" = ["settings:read"])),
    responses((status = 200, description = "The policy in force.", body = Policy)))]
pub async fn policy(State(app): State<App>, caller: Caller<can::SettingsRead>) -> Answer<Json<Policy>> {
    let mut tx = caller.tx(&app).await?;
    let policy = settings::policy(&mut tx).await?;
    tx.rollback().await?;
    Ok(Json(policy))
}

/// Change the security policy
///
/// Takes effect at once: a session without a second factor, of a role that now needs one, may only sign in again.
#[utoipa::path(put, path = "/tenant/policy", tag = "Workspace", request_body = Policy,
    security(("token" = ["settings:manage"])), responses((status = 200, description = "Changed.", body = Policy)))]
pub async fn set_policy(
    State(app): State<App>,
    caller: Caller<can::SettingsManage>,
    Body { value: wanted, .. }: Body<Policy>,
) -> Answer<Json<Policy>> {
    let mut tx = caller.tx(&app).await?;
    let policy = settings::set_policy(&mut tx, wanted).await?;
    tx.commit().await?;
    app.forget_all_sessions();
    Ok(Json(policy))
}

/// When answers are due
#[utoipa::path(get, path = "/tenant/inbox", tag = "Workspace", security(("token" = ["settings:read"])),
    responses((status = 200, description = "The target in force.", body = InboxSettings)))]
pub async fn inbox(State(app): State<App>, caller: Caller<can::SettingsRead>) -> Answer<Json<InboxSettings>> {
    let mut tx = caller.tx(&app).await?;
    let inbox = settings::inbox(&mut tx).await?;
    tx.rollback().await?;
    Ok(Json(inbox))
}

/// Change when answers are due
///
/// Holds at once, also for those who wait already.
#[utoipa::path(put, path = "/tenant/inbox", tag = "Workspace", request_body = InboxSettings,
    security(("token" = ["settings:manage"])), responses((status = 200, description = "Changed.", body = InboxSettings)))]
pub async fn set_inbox(
    State(app): State<App>,
    caller: Caller<can::SettingsManage>,
    Body { value: wanted, .. }: Body<InboxSettings>,
) -> Answer<Json<InboxSettings>> {
    let mut tx = caller.tx(&app).await?;
    let inbox = settings::set_inbox(&mut tx, wanted).await?;
    tx.commit().await?;
    Ok(Json(inbox))
}

#[derive(Serialize, ToSchema)]
pub struct Checklist {
    /// In the order in which they are best done.
    pub items: Vec<checklist::Item>,
}

/// First steps
///
/// Only those that the caller can take. A client that does not know a step's name leaves it out.
#[utoipa::path(get, path = "/tenant/checklist", tag = "Workspace", security(("token" = [])),
    responses((status = 200, description = "What to do first, and what of it is done.", body = Checklist)))]
pub async fn checklist(State(app): State<App>, caller: Caller<can::ActForOneself>) -> Answer<Json<Checklist>> {
    let (person, _, facts) = caller.person()?;
    let mut tx = caller.tx(&app).await?;
    let items = checklist::list(&mut tx, person, facts.method.is_own(), &caller.permissions).await?;
    tx.rollback().await?;
    Ok(Json(Checklist { items }))
}
