//! Own profile, password and sessions.

use axum::{Json, extract::State, http::StatusCode};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use socialai_domain::{
    ids::SessionId,
    passwords, people,
    problems::{Code, Problem},
    sessions::{self, Method, Session},
    throttle::{self, Origin},
    users::{self, User},
};
use utoipa::ToSchema;

use crate::{
    auth::{session::end_everywhere, signed_in::permission_names},
    caller::{Caller, can},
    http::body::{Body, Id},
    problem::Answer,
    state::App,
};

#[derive(Serialize, ToSchema)]
pub struct Me {
    pub user: User,
    pub permissions: Vec<String>,
    pub session: SessionId,
    pub method: Method,
    pub has_mfa: bool,
    /// Workspaces that can be switched to.
    pub tenants: Vec<crate::auth::signed_in::TenantRef>,
}

/// Who am I?
#[utoipa::path(get, path = "/me", tag = "Oneself", security(("token" = [])),
    responses((status = 200, description = "The signed-in person.", body = Me)))]
pub async fn get(State(app): State<App>, caller: Caller<can::ActForOneself>) -> Answer<Json<Me>> {
    let (person, session, facts) = caller.person()?;
    let mut tx = caller.tx(&app).await?;
    let user = users::get(&mut tx, person).await?;
    tx.rollback().await?;
    let mut tx = caller.system_tx(&app).await?;
    let memberships = people::memberships(&mut tx, person).await?;
    tx.rollback().await?;
    let tenants = memberships
        .into_iter()
        .filter(|hint| facts.method.is_own() || hint.tenant_id == caller.tenant)
        .map(|hint| crate::auth::signed_in::TenantRef { id: hint.tenant_id, slug: hint.slug, name: hint.name })
        .collect();
    let permissions = permission_names(user.role);
    Ok(Json(Me { user, permissions, session, method: facts.method, has_mfa: facts.has_mfa, tenants }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileChange {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

/// Change my name in this workspace
#[utoipa::path(patch, path = "/me", tag = "Oneself", request_body = ProfileChange, security(("token" = [])),
    responses((status = 200, description = "Changed.", body = User)))]
pub async fn update(
    State(app): State<App>,
    caller: Caller<can::ActForOneself>,
    Body { value: change, .. }: Body<ProfileChange>,
) -> Answer<Json<User>> {
    let (person, ..) = caller.person()?;
    let name = people::check_name(&change.name)?;
    let mut tx = caller.tx(&app).await?;
    let user = users::set_name(&mut tx, person, &name).await?;
    tx.commit().await?;
    Ok(Json(user))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    #[schema(value_type = String, format = Password, max_length = 1024)]
    current: SecretString,
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 1024)]
    new: SecretString,
}

/// Change my password
///
/// Ends all my other sessions, in every workspace.
#[utoipa::path(post, path = "/me/password", tag = "Oneself", request_body = PasswordChange, security(("token" = [])),
    responses((status = 204, description = "Changed.")))]
pub async fn change_password(
    State(app): State<App>,
    caller: Caller<can::ActForOneself>,
    Body { value: change, .. }: Body<PasswordChange>,
) -> Answer<StatusCode> {
    let (person, session) = caller.own_credentials()?;
    let ip = caller.actor.ip.clone().unwrap_or_default();
    let mut tx = caller.system_tx(&app).await?;
    let stored = people::get(&mut tx, person).await?.password_hash;
    let attempt =
        throttle::attempt(&mut tx, &format!("password of {person}"), &Origin { ip: &ip, device: None }).await?;
    tx.commit().await?;
    if !passwords::verify(change.current, stored).await? {
        return Err(Problem::new(Code::WrongCredentials, "The present password is wrong.").into());
    }
    let mut tx = caller.system_tx(&app).await?;
    throttle::succeeded(&mut tx, &attempt).await?;
    people::set_password(&mut tx, person, change.new).await?;
    tx.commit().await?;
    end_everywhere(&app, &caller.actor, person, Some(session), "password changed").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// My sessions in this workspace
#[utoipa::path(get, path = "/me/sessions", tag = "Oneself", security(("token" = [])),
    responses((status = 200, description = "Living sessions, newest first.", body = Vec<Session>)))]
pub async fn sessions(State(app): State<App>, caller: Caller<can::ActForOneself>) -> Answer<Json<Vec<Session>>> {
    let (person, ..) = caller.person()?;
    let mut tx = caller.tx(&app).await?;
    let sessions = sessions::list(&mut tx, person).await?;
    tx.rollback().await?;
    Ok(Json(sessions))
}

/// End one of my sessions
#[utoipa::path(delete, path = "/me/sessions/{id}", tag = "Oneself", params(("id" = SessionId, Path)), security(("token" = [])),
    responses((status = 204, description = "Ended.")))]
pub async fn end_session(
    State(app): State<App>,
    caller: Caller<can::ActForOneself>,
    Id(id): Id<SessionId>,
) -> Answer<StatusCode> {
    let (person, ..) = caller.person()?;
    let mut tx = caller.tx(&app).await?;
    sessions::revoke_own(&mut tx, person, id).await?;
    tx.commit().await?;
    app.forget_sessions(caller.tenant, &[id]).await;
    Ok(StatusCode::NO_CONTENT)
}
