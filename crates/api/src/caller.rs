//! Who calls. `Caller<can::X>` authenticates (access token or API key), checks permission X and the rate limit, all before
//! the body is read. A handler that takes it cannot forget any of them.

use std::{marker::PhantomData, sync::Arc};

use axum::{
    extract::{FromRequestParts, MatchedPath},
    http::{HeaderMap, Method as HttpMethod, header, request::Parts},
};
use secrecy::SecretString;
use socialai_domain::{
    api_keys,
    audit::{Actor, ActorKind},
    ids::{ApiKeyId, SessionId, TenantId, UserId},
    permissions::{Permission, Role},
    problems::{Code, Error, Problem, Result},
    scope::Scope,
    sessions::{Facts, Method},
    tenancy::{SystemTx, TenantTx},
    tenants::Plan,
};

use crate::{
    auth::access_token,
    http::context,
    limits::{Quota, quotas},
    problem::Failure,
    state::App,
};

/// What a route demands.
pub trait Demand: Send + Sync + 'static {
    /// `None`: any signed-in caller.
    const PERMISSION: Option<Permission>;
    /// A person with a session, not a program with a key.
    const PERSON: bool = false;
}

/// One marker for each permission, and two for people acting on themselves.
pub mod can {
    use super::{Demand, Permission};

    macro_rules! markers {
        ($($name:ident)*) => {$(
            pub struct $name;
            impl Demand for $name {
                const PERMISSION: Option<Permission> = Some(Permission::$name);
            }
        )*};
    }

    markers! {
        UsersRead UsersManage ApiKeysRead ApiKeysManage SsoRead SsoManage SettingsRead SettingsManage AuditRead AuditExport
        SystemRead WorkRead WorkManage WebhooksRead WebhooksManage AlertsRead AlertsManage
        ConversationsRead ConversationsWrite ChannelsRead ChannelsManage
    }

    /// Anybody who is signed in, a program included.
    pub struct SignIn;
    impl Demand for SignIn {
        const PERMISSION: Option<Permission> = None;
    }

    /// A signed-in person, for what concerns only themselves.
    pub struct ActForOneself;
    impl Demand for ActForOneself {
        const PERMISSION: Option<Permission> = None;
        const PERSON: bool = true;
    }
}

#[derive(Debug, Clone)]
pub enum Principal {
    User { id: UserId, session: SessionId, facts: Arc<Facts> },
    ApiKey { id: ApiKeyId, name: String },
}

pub struct Caller<D> {
    pub tenant: TenantId,
    pub plan: Plan,
    pub principal: Principal,
    pub permissions: Arc<[Permission]>,
    pub actor: Actor,
    demand: PhantomData<D>,
}

impl<D> Caller<D> {
    pub async fn tx(&self, app: &App) -> Result<TenantTx> {
        Ok(app.databases().tenant(self.tenant, self.actor.clone()).await?.within(self.scope()))
    }

    /// Which conversations are there for this caller. Programs see what their scopes name, of the whole workspace.
    pub fn scope(&self) -> Scope {
        match &self.principal {
            Principal::User { id, facts, .. } => Scope::of(facts.role, *id),
            Principal::ApiKey { .. } => Scope::Workspace,
        }
    }

    /// A transaction over the installation's tables, for what concerns the person behind this caller.
    pub async fn system_tx(&self, app: &App) -> Result<SystemTx> {
        app.databases().system(self.actor.clone()).await
    }

    /// The caller's name in rate limits and idempotency keys.
    pub fn key(&self) -> String {
        format!("{}|{}", self.tenant, self.actor.id)
    }

    /// Nobody hands on a right that they do not have: a program with a narrow key cannot make itself a wide one.
    pub fn may_grant(&self, permissions: impl IntoIterator<Item = Permission>) -> Result<(), Problem> {
        match permissions.into_iter().find(|permission| !self.permissions.contains(permission)) {
            Some(beyond) => Err(Problem::new(
                Code::Forbidden,
                format!("You cannot give `{}`, which you do not have.", beyond.name()),
            )),
            None => Ok(()),
        }
    }

    pub fn user_id(&self) -> Option<UserId> {
        match &self.principal {
            Principal::User { id, .. } => Some(*id),
            Principal::ApiKey { .. } => None,
        }
    }
}

impl Caller<can::ActForOneself> {
    /// The person and their session; the demand lets nobody else in.
    pub fn person(&self) -> Result<(UserId, SessionId, &Facts)> {
        match &self.principal {
            Principal::User { id, session, facts } => Ok((*id, *session, facts)),
            Principal::ApiKey { .. } => Err(Problem::of(Code::OwnCredentialsRequired).into()),
        }
    }

    /// The same for changes of the person's own credentials, which a tenant's identity provider may not make.
    pub fn own_credentials(&self) -> Result<(UserId, SessionId)> {
        let (id, session, facts) = self.person()?;
        if facts.method == Method::Sso {
            Err(Problem::of(Code::OwnCredentialsRequired).into())
        } else {
            Ok((id, session))
        }
    }
}

impl<D: Demand> FromRequestParts<App> for Caller<D> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let visitor = context::visitor();
        let token = bearer(&parts.headers)?;
        let (tenant, principal, permissions) = authenticate(app, &visitor, &token).await?;
        tracing::Span::current().record("tenant_id", tracing::field::display(tenant));
        context::note_tenant(tenant);
        let (kind, id) = match &principal {
            Principal::User { id, .. } => (ActorKind::User, id.to_string()),
            Principal::ApiKey { id, .. } => (ActorKind::ApiKey, id.to_string()),
        };
        let actor = visitor.known_as(kind, id);
        let plan = app.databases().place(tenant).await?.plan;
        let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let caller = Self { tenant, plan, principal, permissions, actor, demand: PhantomData };
        app.limit(&format!("{}|{}", caller.key(), short(route)), quota(&parts.method, route), plan).await?;
        caller.check()?;
        Ok(caller)
    }
}

impl<D: Demand> Caller<D> {
    fn check(&self) -> Result<(), Problem> {
        if let Some(permission) = D::PERMISSION
            && !self.permissions.contains(&permission)
        {
            return Err(Problem::new(Code::Forbidden, format!("This needs the permission `{}`.", permission.name())));
        }
        if D::PERSON && matches!(self.principal, Principal::ApiKey { .. }) {
            return Err(Problem::of(Code::OwnCredentialsRequired));
        }
        Ok(())
    }
}

impl Caller<can::SignIn> {
    /// For streams that outlive their request: the session or key still stands, with the same permissions.
    pub async fn still_allowed(&self, app: &App) -> bool {
        match &self.principal {
            Principal::User { session, facts, .. } => app
                .known_session(self.tenant, *session, &self.actor)
                .await
                .is_ok_and(|now| now.is_some_and(|now| now.role == facts.role && !now.mfa_missing)),
            Principal::ApiKey { id, .. } => app.key_stands(self.tenant, *id, &self.actor).await,
        }
    }
}

/// The same route under `/api/v1` and `/v1` is one route.
fn short(route: &str) -> &str {
    route.strip_prefix("/api").unwrap_or(route)
}

fn quota(method: &HttpMethod, route: &str) -> Quota {
    if route.ends_with("/export") || route.ends_with("/verify") {
        quotas::EXPORT
    } else if *method == HttpMethod::GET {
        quotas::LIST
    } else {
        quotas::CHANGE
    }
}

pub(crate) fn bearer(headers: &HeaderMap) -> Result<SecretString, Problem> {
    let missing = || Problem::of(Code::MissingCredentials);
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or_else(missing)?;
    if values.next().is_some() {
        return Err(Problem::new(Code::InvalidToken, "Two Authorization headers were sent."));
    }
    let text = value.to_str().map_err(|_| Problem::of(Code::InvalidToken))?;
    let (scheme, token) = text.split_once(' ').ok_or_else(missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(missing());
    }
    Ok(token.trim().to_owned().into())
}

type Authenticated = (TenantId, Principal, Arc<[Permission]>);

async fn authenticate(app: &App, visitor: &Actor, token: &SecretString) -> Result<Authenticated> {
    if let Some((tenant, key)) = api_keys::parse(token) {
        return app.known_key(tenant, key, visitor).await?.ok_or_else(|| Problem::of(Code::InvalidToken).into());
    }
    let claims = access_token::verify(app, token)?;
    let facts = app.known_session(claims.tenant, claims.session, visitor).await?;
    let facts = facts.ok_or_else(|| Problem::of(Code::SessionEnded))?;
    if facts.user_id != claims.user {
        return Err(Problem::of(Code::InvalidToken).into());
    }
    if facts.mfa_missing {
        return Err(Error::from(Problem::of(Code::MfaRequired)));
    }
    let permissions = permissions_of(facts.role);
    Ok((claims.tenant, Principal::User { id: claims.user, session: claims.session, facts }, permissions))
}

/// What the role may do now; the token's own list is for other readers of the token.
fn permissions_of(role: Role) -> Arc<[Permission]> {
    role.permissions().collect()
}

/// Somebody at a public route; limited by address.
pub struct Visitor<const GUESSES: bool = false> {
    pub actor: Actor,
}

impl<const GUESSES: bool> FromRequestParts<App> for Visitor<GUESSES> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let actor = context::visitor();
        let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let ip = actor.ip.clone().unwrap_or_default();
        let quota = if GUESSES { quotas::GUESS } else { quotas::VISIT };
        app.limit(&format!("{ip}|{}", short(route)), quota, Plan::Standard).await?;
        Ok(Self { actor })
    }
}
