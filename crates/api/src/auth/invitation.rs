//! Accepting an invitation.

use axum::{Json, extract::State};
use axum_extra::extract::cookie::CookieJar;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use socialai_connect::mail::Mail;
use socialai_domain::{
    audit::ActorKind,
    ids::TenantId,
    invitations, passwords, people,
    permissions::Role,
    problems::{Code, Problem, Result},
    sessions::Method,
    throttle::{self, Origin},
    users,
};
use utoipa::ToSchema;

use super::signed_in::{Delivery, LogIn, after_first_factor};
use crate::{caller::Visitor, http::body::Body, problem::Answer, state::App};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationSecret {
    /// From the link.
    #[schema(value_type = String, max_length = 200)]
    invitation: SecretString,
}

#[derive(Serialize, ToSchema)]
pub struct InvitationFacts {
    pub email: String,
    pub name: String,
    pub role: Role,
    pub tenant_name: String,
    /// Short name, for signing in to this workspace rather than the one used last.
    pub tenant_slug: String,
    /// The person has an account already and confirms with its password.
    pub has_account: bool,
}

/// Look at an invitation
#[utoipa::path(post, path = "/auth/invitation/check", tag = "Signing in", request_body = InvitationSecret, security(()),
    responses((status = 200, description = "What the invitation is for.", body = InvitationFacts)))]
pub async fn check(
    State(app): State<App>,
    visitor: Visitor<true>,
    Body { value: request, .. }: Body<InvitationSecret>,
) -> Answer<Json<InvitationFacts>> {
    let tenant = tenant_of(&app, &request.invitation).await?;
    let mut tx = app.databases().tenant(tenant, visitor.actor.clone()).await?;
    let invitation = invitations::check(&mut tx, &request.invitation).await?;
    tx.rollback().await?;
    let mut tx = app.databases().system(visitor.actor).await?;
    let person = people::find_by_email(&mut tx, &invitation.email).await?;
    let registered = socialai_domain::tenants::find(&mut tx, &tenant.to_string()).await?;
    tx.rollback().await?;
    Ok(Json(InvitationFacts {
        email: invitation.email,
        name: invitation.name,
        role: invitation.role,
        tenant_name: registered.name,
        tenant_slug: registered.slug,
        has_account: person.is_some_and(|person| person.password_hash.is_some()),
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptInvitation {
    #[schema(value_type = String, max_length = 200)]
    invitation: SecretString,
    /// How the person wants to be called; the inviter's spelling otherwise.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// A new password, or the present one of an account that exists.
    #[schema(value_type = String, format = Password, max_length = 1024)]
    password: SecretString,
    #[serde(default)]
    delivery: Delivery,
}

/// Accept an invitation
#[utoipa::path(post, path = "/auth/invitation/accept", tag = "Signing in", request_body = AcceptInvitation, security(()),
    responses((status = 200, description = "In, or on to the second factor.", body = LogIn)))]
pub async fn accept(
    State(app): State<App>,
    visitor: Visitor<true>,
    jar: CookieJar,
    Body { value: request, .. }: Body<AcceptInvitation>,
) -> Answer<(CookieJar, Json<LogIn>)> {
    let tenant = tenant_of(&app, &request.invitation).await?;
    let mut tx = app.databases().tenant(tenant, visitor.actor.clone()).await?;
    let invitation = invitations::check(&mut tx, &request.invitation).await?;
    tx.rollback().await?;
    let name = people::check_name(request.name.as_deref().unwrap_or(&invitation.name))?;

    // The person first: should the process die in between, the invitation is still open and can be accepted again.
    let mut tx = app.databases().system(visitor.actor.clone()).await?;
    let mut person = people::find_or_create(&mut tx, &invitation.email, &name).await?;
    match person.password_hash.take() {
        // Without mail the inviting administrator sees the link; it must not open an account that works elsewhere.
        None if !matches!(app.mail(), Mail::Smtp(_)) && people::works_elsewhere(&mut tx, person.id, tenant).await? => {
            return Err(Problem::of(Code::OwnCredentialsRequired).into());
        }
        None => people::set_password(&mut tx, person.id, request.password).await?,
        Some(stored) => {
            let ip = visitor.actor.ip.clone().unwrap_or_default();
            let attempt = throttle::attempt(&mut tx, &invitation.email, &Origin { ip: &ip, device: None }).await?;
            if !passwords::verify(request.password, Some(stored)).await? {
                tx.commit().await?;
                return Err(Problem::of(Code::WrongCredentials).into());
            }
            throttle::succeeded(&mut tx, &attempt).await?;
        }
    }
    people::join(&mut tx, person.id, tenant).await?;
    tx.commit().await?;

    let actor = visitor.actor.known_as(ActorKind::User, person.id.to_string());
    let mut tx = app.databases().tenant(tenant, actor.clone()).await?;
    invitations::accept(&mut tx, invitation.id).await?;
    users::add(&mut tx, person.id, &invitation.email, &name, invitation.role).await?;
    tx.commit().await?;
    let wanted = tenant.to_string();
    let (jar, outcome) =
        after_first_factor(&app, jar, &actor, &person, Some(&wanted), Method::Invitation, request.delivery).await?;
    Ok((jar, Json(outcome)))
}

async fn tenant_of(app: &App, invitation: &SecretString) -> Result<TenantId> {
    let invalid = || Problem::of(Code::TicketInvalid);
    let tenant = invitations::tenant_of(invitation).ok_or_else(invalid)?;
    match app.databases().place(tenant).await {
        Err(error) if error.problem().is_some() => Err(invalid().into()),
        Err(error) => Err(error),
        Ok(_) => Ok(tenant),
    }
}
