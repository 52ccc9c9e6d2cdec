//! The end of every way in: second factor demanded or not, session opened, tokens handed out.

use axum_extra::extract::cookie::CookieJar;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use socialai_domain::{
    audit::{Actor, ActorKind},
    ids::{TenantId, UserId},
    people::{self, Membership, Person},
    permissions::{Permission, Role},
    problems::{Code, Error, Problem, Result},
    sessions::{self, Method, Opened},
    settings,
    tickets::{self, Purpose},
    users::{self, User, UserStatus},
};
use utoipa::ToSchema;

use super::{access_token, cookies};
use crate::{http::context, state::App};

/// How the client wants its refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// In the answer; for programs.
    #[default]
    Body,
    /// As an `HttpOnly` cookie; for the web app.
    Cookie,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TenantRef {
    pub id: TenantId,
    pub slug: String,
    pub name: String,
}

/// You are in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedIn {
    pub access_token: String,
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds until the access token expires.
    pub expires_in: i64,
    /// With `delivery: body` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// With `delivery: cookie` only: send it as `X-CSRF-Token` to `/auth/refresh` and `/auth/logout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csrf_token: Option<String>,
    pub user: User,
    pub permissions: Vec<String>,
    pub tenant: TenantRef,
    /// Workspaces that this person can switch to.
    pub tenants: Vec<TenantRef>,
    /// Shown once, after an enrolment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recovery_codes: Vec<String>,
}

/// What a log-in leads to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum LogIn {
    SignedIn(Box<SignedIn>),
    /// Send a code with this ticket to `/auth/second-factor`.
    SecondFactorRequired {
        ticket: String,
        methods: Vec<String>,
    },
    /// The role demands a second factor and there is none yet: go on at `/auth/enrol/totp`.
    EnrolmentRequired {
        ticket: String,
        methods: Vec<String>,
    },
}

/// What is known once somebody proved who they are.
#[derive(Debug, Serialize, Deserialize)]
pub struct Pending {
    pub tenant: TenantId,
    pub method: String,
}

/// Picks the workspace: the wanted one, else the one used last. Only those in which the person is an active user count.
pub async fn choose_tenant(
    app: &App,
    actor: &Actor,
    person: UserId,
    wanted: Option<&str>,
) -> Result<(Membership, User, Vec<Membership>)> {
    let mut tx = app.databases().system(actor.clone()).await?;
    let hints = people::memberships(&mut tx, person).await?;
    tx.rollback().await?;
    let mut real = Vec::new();
    for hint in hints {
        if let Some(user) = active_user(app, actor, hint.tenant_id, person).await? {
            real.push((hint, user));
        }
    }
    let position = match wanted {
        None => real.first().map(|_| 0),
        Some(wanted) => real.iter().position(|(hint, _)| hint.slug == wanted || hint.tenant_id.to_string() == wanted),
    };
    let refused = || Problem::new(Code::WrongCredentials, "You are not an active user of a workspace here.");
    let position = position.ok_or_else(refused)?;
    let (chosen, user) = real[position].clone();
    Ok((chosen, user, real.into_iter().map(|(hint, _)| hint).collect()))
}

async fn active_user(app: &App, actor: &Actor, tenant: TenantId, person: UserId) -> Result<Option<User>> {
    let mut tx = match app.databases().tenant(tenant, actor.clone()).await {
        // A workspace that is suspended or on the move is no reason not to get into another.
        Err(error) if error.problem().is_some() => return Ok(None),
        other => other?,
    };
    let user = users::find(&mut tx, person).await?;
    tx.rollback().await?;
    Ok(user.filter(|user| user.status == UserStatus::Active))
}

/// After the first factor: on, or to the second factor, or to its enrolment.
pub async fn after_first_factor(
    app: &App,
    jar: CookieJar,
    actor: &Actor,
    person: &Person,
    wanted: Option<&str>,
    method: Method,
    delivery: Delivery,
) -> Result<(CookieJar, LogIn)> {
    let (chosen, user, _) = choose_tenant(app, actor, person.id, wanted).await?;
    if !person.has_second_factor() && !demands_mfa(app, actor, chosen.tenant_id, user.role).await? {
        let (jar, signed_in) = open(app, jar, actor, person.id, chosen.tenant_id, method, false, delivery).await?;
        return Ok((jar, LogIn::SignedIn(Box::new(signed_in))));
    }
    let mut tx = app.databases().system(actor.clone()).await?;
    let pending = Pending { tenant: chosen.tenant_id, method: method_name(method).to_owned() };
    let ticket =
        tickets::issue(&mut tx, Purpose::SecondFactor, Some(person.id), Some(chosen.tenant_id), &pending).await?;
    tx.commit().await?;
    let ticket = ticket.expose_secret().to_owned();
    if !person.has_second_factor() {
        return Ok((jar, LogIn::EnrolmentRequired { ticket, methods: vec!["totp".to_owned()] }));
    }
    let mut methods = Vec::new();
    if person.has_totp {
        methods.extend(["totp", "recovery_code"].map(str::to_owned));
    }
    if person.passkeys > 0 {
        methods.push("passkey".to_owned());
    }
    Ok((jar, LogIn::SecondFactorRequired { ticket, methods }))
}

async fn demands_mfa(app: &App, actor: &Actor, tenant: TenantId, role: Role) -> Result<bool> {
    let mut tx = app.databases().tenant(tenant, actor.clone()).await?;
    let policy = settings::policy(&mut tx).await?;
    tx.rollback().await?;
    Ok(policy.mfa_roles.contains(&role))
}

/// Opens the session and hands out the tokens.
#[expect(clippy::too_many_arguments, reason = "each is one fact about the log-in; a struct would only rename them")]
pub async fn open(
    app: &App,
    jar: CookieJar,
    actor: &Actor,
    person: UserId,
    tenant: TenantId,
    method: Method,
    has_mfa: bool,
    delivery: Delivery,
) -> Result<(CookieJar, SignedIn)> {
    let actor = actor.known_as(ActorKind::User, person.to_string());
    let mut tx = app.databases().tenant(tenant, actor.clone()).await?;
    let opened = sessions::open(&mut tx, person, method, has_mfa).await?;
    users::seen(&mut tx, person, has_mfa).await?;
    tx.commit().await?;
    if delivery == Delivery::Cookie {
        end_replaced(app, &jar).await;
    }
    hand_out(app, jar, &actor, tenant, opened, delivery).await
}

/// The browser's cookie is about to be overwritten: its session could never be used again, and would stay in the list of
/// the person's devices until it expired.
async fn end_replaced(app: &App, jar: &CookieJar) {
    let Some(token) = cookies::read_refresh(jar) else { return };
    let Some(tenant) = sessions::tenant_of(&token) else { return };
    let end = async {
        let mut tx = app.databases().tenant(tenant, context::visitor()).await?;
        let ended = sessions::end_of_token(&mut tx, &token, "replaced by a new log-in").await?;
        tx.commit().await?;
        Ok::<_, Error>(ended)
    };
    match end.await {
        Ok(ended) => app.forget_sessions(tenant, ended.as_slice()).await,
        // A workspace that is gone or on the move is no reason not to get in here.
        Err(error) => tracing::info!(error = %error, "the session that this log-in replaces could not be ended"),
    }
}

/// Tokens and everything the client shows first, for an opened or refreshed session.
pub async fn hand_out(
    app: &App,
    jar: CookieJar,
    actor: &Actor,
    tenant: TenantId,
    opened: Opened,
    delivery: Delivery,
) -> Result<(CookieJar, SignedIn)> {
    let mut tx = app.databases().tenant(tenant, actor.clone()).await?;
    let user = users::get(&mut tx, opened.user_id).await?;
    let facts = sessions::facts(&mut tx, opened.id).await?;
    tx.rollback().await?;
    // An identity provider speaks for its own workspace only, and not for the person's devices.
    let own = facts.is_some_and(|facts| facts.method.is_own());
    let mut tx = app.databases().system(actor.clone()).await?;
    if own {
        people::used(&mut tx, opened.user_id, tenant).await?;
    }
    let tenants: Vec<_> = people::memberships(&mut tx, opened.user_id)
        .await?
        .into_iter()
        .map(|hint| TenantRef { id: hint.tenant_id, slug: hint.slug, name: hint.name })
        .collect();
    let registered = socialai_domain::tenants::find(&mut tx, &tenant.to_string()).await?;
    tx.commit().await?;
    let now = app.databases().now();
    let access_token = access_token::sign(app, tenant, opened.user_id, opened.id, user.role, now)?;
    let (jar, refresh_token, csrf_token) = match delivery {
        Delivery::Body => (jar, Some(opened.refresh_token.expose_secret().to_owned()), None),
        Delivery::Cookie => {
            let (jar, csrf) = cookies::write_session(app, jar, &opened.refresh_token, opened.expires_at);
            let jar = if own { cookies::remember_device(app, jar, &user.email) } else { jar };
            (jar, None, Some(csrf))
        }
    };
    let signed_in = SignedIn {
        access_token: access_token.expose_secret().to_owned(),
        token_type: "Bearer",
        expires_in: access_token::LIFETIME.whole_seconds(),
        refresh_token,
        csrf_token,
        permissions: permission_names(user.role),
        user,
        tenants: tenants.into_iter().filter(|other| own || other.id == tenant).collect(),
        tenant: TenantRef { id: tenant, slug: registered.slug, name: registered.name },
        recovery_codes: Vec::new(),
    };
    Ok((jar, signed_in))
}

pub fn permission_names(role: Role) -> Vec<String> {
    role.permissions().map(Permission::name).map(str::to_owned).collect()
}

pub fn method_name(method: Method) -> &'static str {
    match method {
        Method::Password => "password",
        Method::Passkey => "passkey",
        Method::Sso => "sso",
        Method::Invitation => "invitation",
    }
}

pub fn method_of(name: &str) -> Method {
    if name == "invitation" { Method::Invitation } else { Method::Password }
}

/// For showing codes once.
pub fn reveal(codes: &[SecretString]) -> Vec<String> {
    codes.iter().map(|code| code.expose_secret().to_owned()).collect()
}
