//! Who an identity is in the workspace. The provider's subject is the link; an address links only the first time, and only
//! to somebody who is a user of this workspace already or whom it may make one.

use socialai_connect::oidc::Identity;
use socialai_domain::{
    audit::{Actor, ActorKind, Entry},
    ids::{TenantId, UserId},
    people,
    permissions::Role,
    problems::{Code, Problem, Result},
    sso::{self, Admission, Connection},
    tenancy::TenantTx,
    users::{self, User, UserStatus},
};

use crate::state::App;

pub enum Verdict {
    /// A user, linked to the identity in this transaction.
    Known(User),
    /// To be made a user with this role.
    New(Admission, Role),
}

/// Decides; whoever calls it commits, or rolls back when it was only a question.
pub async fn judge(tx: &mut TenantTx, connection: &Connection, identity: &Identity) -> Result<Verdict> {
    let refuse = |detail: &str| Problem::new(Code::SsoFailed, detail);
    let admission = sso::admit(&connection.settings, &identity.claims)?;
    let known = match users::find_by_sso(tx, &identity.issuer, &identity.subject).await? {
        Some(user) => Some(user),
        None => users::find_by_email(tx, &admission.email).await?,
    };
    if let Some(user) = known {
        if user.status == UserStatus::Disabled {
            return Err(refuse("Your account in this workspace is disabled.").into());
        }
        users::link_sso(tx, user.id, &identity.issuer, &identity.subject).await?;
        return Ok(Verdict::Known(user));
    }
    if !connection.settings.creates_users {
        return Err(refuse("You are not a user of this workspace; ask for an invitation.").into());
    }
    let role =
        admission.role.ok_or_else(|| refuse("The identity provider's role for you is not mapped to a role here."))?;
    Ok(Verdict::New(admission, role))
}

/// Finds or makes the user.
pub async fn admit(
    app: &App,
    actor: &Actor,
    tenant: TenantId,
    connection: &Connection,
    identity: &Identity,
) -> Result<UserId> {
    let by = actor.known_as(ActorKind::System, "single sign-on");
    let mut tx = app.databases().tenant(tenant, by.clone()).await?;
    match judge(&mut tx, connection, identity).await? {
        Verdict::Known(user) => {
            tx.commit().await?;
            Ok(user.id)
        }
        Verdict::New(admission, role) => {
            tx.rollback().await?;
            create(app, by, tenant, admission, role, identity).await
        }
    }
}

async fn create(
    app: &App,
    by: Actor,
    tenant: TenantId,
    admission: Admission,
    role: Role,
    identity: &Identity,
) -> Result<UserId> {
    let mut tx = app.databases().system(by.clone()).await?;
    let person = people::find_or_create(&mut tx, &admission.email, &admission.name).await?;
    people::join(&mut tx, person.id, tenant).await?;
    tx.commit().await?;
    let mut tx = app.databases().tenant(tenant, by).await?;
    users::add(&mut tx, person.id, &admission.email, &admission.name, role).await?;
    users::link_sso(&mut tx, person.id, &identity.issuer, &identity.subject).await?;
    tx.record(Entry::new("user.created_by_sso", "user", person.id));
    tx.commit().await?;
    Ok(person.id)
}
