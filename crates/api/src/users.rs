//! Managing the people of a workspace.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use socialai_domain::{
    ids::UserId,
    mfa, people,
    permissions::Role,
    problems::{Code, Problem, Result},
    sessions::{self, Session},
    users::{self, Filter, User, UserStatus},
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    auth::links::{self, LinkDelivery},
    caller::{Caller, can},
    http::body::{Body, Id, Query, at_most},
    page::{Page, Paging},
    problem::Answer,
    state::App,
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    role: Option<Role>,
    status: Option<UserStatus>,
    /// Part of the name, or a whole e-mail address.
    #[param(max_length = 254)]
    search: Option<String>,
}

/// Users of this workspace, by name
#[utoipa::path(get, path = "/users", tag = "Users", params(ListQuery, Paging), security(("token" = ["users:read"])),
    responses((status = 200, description = "A page of users.", body = Page<User>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<can::UsersRead>,
    Query(query): Query<ListQuery>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<User>>> {
    at_most(254, "search", query.search.as_ref())?;
    let limit = paging.limit()?;
    let after: Option<(String, UserId)> = paging.after()?;
    let filter =
        Filter { role: query.role, status: query.status, search: query.search.filter(|text| !text.trim().is_empty()) };
    let mut tx = caller.tx(&app).await?;
    let users = users::list(&mut tx, &filter, after, limit + 1).await?;
    tx.rollback().await?;
    Ok(Json(Page::cut(users, limit, |user| (user.name.clone(), user.id))))
}

/// One user
#[utoipa::path(get, path = "/users/{id}", tag = "Users", params(("id" = UserId, Path)), security(("token" = ["users:read"])),
    responses((status = 200, description = "The user.", body = User)))]
pub async fn get(State(app): State<App>, caller: Caller<can::UsersRead>, Id(id): Id<UserId>) -> Answer<Json<User>> {
    let mut tx = caller.tx(&app).await?;
    let user = users::get(&mut tx, id).await?;
    tx.rollback().await?;
    Ok(Json(user))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    #[serde(default)]
    role: Option<Role>,
    #[serde(default)]
    status: Option<UserStatus>,
}

/// Change a user's role, or disable and enable them
#[utoipa::path(patch, path = "/users/{id}", tag = "Users", params(("id" = UserId, Path)), request_body = UserChange,
    security(("token" = ["users:manage"])), responses((status = 200, description = "Changed.", body = User)))]
pub async fn update(
    State(app): State<App>,
    caller: Caller<can::UsersManage>,
    Id(id): Id<UserId>,
    Body { value: change, .. }: Body<UserChange>,
) -> Answer<Json<User>> {
    let mut tx = caller.tx(&app).await?;
    let mut user = users::get(&mut tx, id).await?;
    if let Some(role) = change.role {
        caller.may_grant(role.permissions())?;
        user = users::set_role(&mut tx, id, role).await?;
    }
    if let Some(status) = change.status {
        user = users::set_status(&mut tx, id, status).await?;
    }
    tx.commit().await?;
    app.forget_all_sessions();
    Ok(Json(user))
}

/// Remove a user from this workspace
#[utoipa::path(delete, path = "/users/{id}", tag = "Users", params(("id" = UserId, Path)), security(("token" = ["users:manage"])),
    responses((status = 204, description = "Removed; their sessions here have ended.")))]
pub async fn remove(
    State(app): State<App>,
    caller: Caller<can::UsersManage>,
    Id(id): Id<UserId>,
) -> Answer<StatusCode> {
    let mut tx = caller.tx(&app).await?;
    users::remove(&mut tx, id).await?;
    tx.commit().await?;
    app.forget_all_sessions();
    let mut tx = caller.system_tx(&app).await?;
    people::leave(&mut tx, id, caller.tenant).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A user's sessions in this workspace
#[utoipa::path(get, path = "/users/{id}/sessions", tag = "Users", params(("id" = UserId, Path)),
    security(("token" = ["users:manage"])), responses((status = 200, description = "Living sessions.", body = Vec<Session>)))]
pub async fn sessions(
    State(app): State<App>,
    caller: Caller<can::UsersManage>,
    Id(id): Id<UserId>,
) -> Answer<Json<Vec<Session>>> {
    let mut tx = caller.tx(&app).await?;
    users::get(&mut tx, id).await?;
    let sessions = sessions::list(&mut tx, id).await?;
    tx.rollback().await?;
    Ok(Json(sessions))
}

/// End all of a user's sessions in this workspace
#[utoipa::path(delete, path = "/users/{id}/sessions", tag = "Users", params(("id" = UserId, Path)),
    security(("token" = ["users:manage"])), responses((status = 204, description = "Ended.")))]
pub async fn end_sessions(
    State(app): State<App>,
    caller: Caller<can::UsersManage>,
    Id(id): Id<UserId>,
) -> Answer<StatusCode> {
    let mut tx = caller.tx(&app).await?;
    users::get(&mut tx, id).await?;
    let ended = sessions::revoke_all(&mut tx, id, None, "ended by an administrator").await?;
    tx.commit().await?;
    app.forget_sessions(caller.tenant, &ended).await;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, ToSchema)]
pub struct ResetLink {
    pub delivery: LinkDelivery,
    /// The link itself, only when it could not be sent and the person works in no other workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// Send a user a password-reset link
#[utoipa::path(post, path = "/users/{id}/password-reset", tag = "Users", params(("id" = UserId, Path)),
    security(("token" = ["users:manage"])), responses((status = 200, description = "What became of the link.", body = ResetLink)))]
pub async fn reset_password(
    State(app): State<App>,
    caller: Caller<can::UsersManage>,
    Id(id): Id<UserId>,
) -> Answer<Json<ResetLink>> {
    let mut tx = caller.tx(&app).await?;
    let user = users::get(&mut tx, id).await?;
    tx.record(socialai_domain::audit::Entry::new("user.password_reset_sent", "user", id));
    tx.commit().await?;
    // An account is the person's own: showing its link to one workspace's administrator would open the others.
    let shown = only_here(&app, &caller, id).await?;
    let sent = links::send_password_reset(&app, caller.actor.clone(), &user.email).await?;
    let (delivery, link) = sent.ok_or_else(|| Problem::missing("user"))?;
    Ok(Json(ResetLink { delivery, link: (shown && delivery == LinkDelivery::Shown).then_some(link) }))
}

/// Remove all second factors of a user who lost them
///
/// Only for people who work in no other workspace; the operator can help the others.
#[utoipa::path(delete, path = "/users/{id}/factors", tag = "Users", params(("id" = UserId, Path)),
    security(("token" = ["users:manage"])), responses((status = 204, description = "Removed; all sessions have ended.")))]
pub async fn reset_mfa(
    State(app): State<App>,
    caller: Caller<can::UsersManage>,
    Id(id): Id<UserId>,
) -> Answer<StatusCode> {
    let alone = only_here(&app, &caller, id).await?;
    let mut tx = caller.tx(&app).await?;
    users::get(&mut tx, id).await?;
    if !alone {
        return Err(
            Problem::new(Code::Forbidden, "This person works in other workspaces, too; ask the operator.").into()
        );
    }
    let ended = sessions::revoke_all(&mut tx, id, None, "second factors reset").await?;
    users::factors_reset(&mut tx, id).await?;
    tx.commit().await?;
    app.forget_sessions(caller.tenant, &ended).await;
    let mut tx = caller.system_tx(&app).await?;
    mfa::reset(&mut tx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn only_here<D>(app: &App, caller: &Caller<D>, person: UserId) -> Result<bool> {
    let mut tx = caller.system_tx(app).await?;
    let elsewhere = people::works_elsewhere(&mut tx, person, caller.tenant).await?;
    tx.rollback().await?;
    Ok(!elsewhere)
}
