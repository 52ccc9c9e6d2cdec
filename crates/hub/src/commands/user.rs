//! `socialai user …`: people, from the command line. For the first administrator, and for those who locked themselves
//! out. Passwords come from standard input or are generated; they are never arguments, which every process could read.

use std::io::Read;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use secrecy::{ExposeSecret, SecretString};
use socialai_domain::{
    audit::{Actor, Entry},
    mfa,
    people::{self, Person},
    permissions, sessions,
    users::{self, Filter},
};

use super::{Outcome, Session};
use crate::{config::Config, console, data_folder::random_secret};

/// Make people users of a tenant, change roles, reset passwords and second factors
#[derive(Debug, Subcommand)]
pub enum User {
    /// Make somebody a user of a tenant
    ///
    /// A person who is new gets a password: the one on standard input, or a generated one, which is printed once. A person
    /// who has a password already keeps it.
    #[command(after_help = "Examples:
  socialai user create ann@acme.test --tenant acme --role admin --name \"Ann Archer\"
  pass show hub/ann | socialai user create ann@acme.test --tenant acme --role admin --password-stdin")]
    Create(Create),
    /// List the users of a tenant
    #[command(after_help = "Example:
  socialai user list --tenant acme")]
    List {
        /// Short name or id of the tenant
        #[arg(long)]
        tenant: String,
    },
    /// Change somebody's role in a tenant
    #[command(after_help = "Example:
  socialai user set-role ann@acme.test manager --tenant acme")]
    SetRole {
        /// E-mail address
        email: String,
        /// The new role
        #[arg(value_enum)]
        role: RoleName,
        /// Short name or id of the tenant
        #[arg(long)]
        tenant: String,
    },
    /// Give somebody a new password and end their sessions
    #[command(after_help = "Examples:
  socialai user reset-password ann@acme.test
  pass show hub/ann | socialai user reset-password ann@acme.test --password-stdin")]
    ResetPassword {
        /// E-mail address
        email: String,
        #[command(flatten)]
        password: PasswordInput,
    },
    /// Remove all second factors of somebody who lost them, and end their sessions
    ///
    /// Make sure first who is asking. A role that needs a second factor has to set up a new one at the next log-in.
    #[command(after_help = "Example:
  socialai user reset-mfa ann@acme.test")]
    ResetMfa {
        /// E-mail address
        email: String,
    },
}

#[derive(Debug, Args)]
pub struct Create {
    /// E-mail address
    email: String,
    /// Short name or id of the tenant
    #[arg(long)]
    tenant: String,
    /// What the person may do there
    #[arg(long, value_enum)]
    role: RoleName,
    /// Name for other people to see [default: the first part of the address]
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    password: PasswordInput,
}

#[derive(Debug, Args)]
pub struct PasswordInput {
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum RoleName {
    Admin,
    Manager,
    SalesRep,
    Agent,
    Viewer,
}

impl From<RoleName> for permissions::Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Admin => Self::Admin,
            RoleName::Manager => Self::Manager,
            RoleName::SalesRep => Self::SalesRep,
            RoleName::Agent => Self::Agent,
            RoleName::Viewer => Self::Viewer,
        }
    }
}

impl PasswordInput {
    fn read(&self) -> Result<Option<SecretString>> {
        if !self.password_stdin {
            return Ok(None);
        }
        let mut text = String::new();
        // More than the longest password, so that a wrong file is not swallowed whole.
        std::io::stdin().take(10_000).read_to_string(&mut text).context("standard input cannot be read")?;
        let line = text.lines().next().unwrap_or_default();
        if line.is_empty() {
            bail!("standard input holds no password in its first line");
        }
        Ok(Some(line.to_owned().into()))
    }
}

impl User {
    pub async fn run(self, config: &Config, json: bool) -> Result<Outcome> {
        let session = Session::open(config).await?;
        let outcome = self.on(&session, json).await;
        session.close(outcome).await
    }

    async fn on(self, session: &Session, json: bool) -> Result<Outcome> {
        match self {
            Self::Create(new) => create(session, new, json).await?,
            Self::List { tenant } => list(session, &tenant, json).await?,
            Self::SetRole { email, role, tenant } => set_role(session, &email, role, &tenant, json).await?,
            Self::ResetPassword { email, password } => reset_password(session, &email, &password, json).await?,
            Self::ResetMfa { email } => reset_mfa(session, &email, json).await?,
        }
        Ok(Outcome::Done)
    }
}

async fn create(session: &Session, new: Create, json: bool) -> Result<()> {
    let email = people::normalize_email(&new.email)?;
    let tenant = session.tenant(&new.tenant).await?;
    let name = new.name.unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
    let name = people::check_name(&name)?;
    let given = new.password.read()?;
    let mut tx = session.databases.system(Actor::operator()).await?;
    let person = people::find_or_create(&mut tx, &email, &name).await?;
    if given.is_some() && person.password_hash.is_some() {
        bail!("{email} has a password already, which is kept: run it without --password-stdin, or use reset-password");
    }
    let generated = (given.is_none() && person.password_hash.is_none()).then(random_secret);
    if let Some(password) = given.or_else(|| generated.clone()) {
        people::set_password(&mut tx, person.id, password).await?;
    }
    people::join(&mut tx, person.id, tenant.id).await?;
    tx.commit().await?;
    let mut tx = session.databases.tenant(tenant.id, Actor::operator()).await?;
    let user = users::add(&mut tx, person.id, &email, &person.name, new.role.into()).await?;
    tx.commit().await?;
    if json {
        let password = generated.as_ref().map(ExposeSecret::expose_secret);
        return console::say_json(&serde_json::json!({ "user": user, "tenant": tenant.slug, "password": password }));
    }
    console::say(&format!("{email} is {} in {}.", user.role.name(), tenant.slug));
    if let Some(password) = generated {
        console::say(&format!("Password, shown once: {}", password.expose_secret()));
    }
    Ok(())
}

async fn list(session: &Session, tenant: &str, json: bool) -> Result<()> {
    let tenant = session.tenant(tenant).await?;
    let mut all: Vec<users::User> = Vec::new();
    let mut tx = session.databases.tenant(tenant.id, Actor::operator()).await?;
    loop {
        let after = all.last().map(|user| (user.name.clone(), user.id));
        let page = users::list(&mut tx, &Filter::default(), after, 500).await?;
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    tx.rollback().await?;
    if json {
        return console::say_json(&all);
    }
    let heads = ["E-MAIL", "NAME", "ROLE", "STATUS", "ID"].map(str::to_owned).to_vec();
    let rows = all.iter().map(|user| {
        let status = if user.status == users::UserStatus::Active { "active" } else { "disabled" };
        vec![user.email.clone(), user.name.clone(), user.role.name().to_owned(), status.to_owned(), user.id.to_string()]
    });
    console::table(&std::iter::once(heads).chain(rows).collect::<Vec<_>>());
    Ok(())
}

async fn set_role(session: &Session, email: &str, role: RoleName, tenant: &str, json: bool) -> Result<()> {
    let email = people::normalize_email(email)?;
    let tenant = session.tenant(tenant).await?;
    let mut tx = session.databases.tenant(tenant.id, Actor::operator()).await?;
    let found = users::find_by_email(&mut tx, &email).await?;
    let user = found.with_context(|| format!("{email} is not a user of {}", tenant.slug))?;
    let user = users::set_role(&mut tx, user.id, role.into()).await?;
    tx.commit().await?;
    if json {
        return console::say_json(&user);
    }
    console::say(&format!("{email} is {} in {}.", user.role.name(), tenant.slug));
    Ok(())
}

async fn reset_password(session: &Session, email: &str, password: &PasswordInput, json: bool) -> Result<()> {
    let given = password.read()?;
    let generated = given.is_none().then(random_secret);
    let Some(password) = given.or_else(|| generated.clone()) else { return Ok(()) };
    let mut tx = session.databases.system(Actor::operator()).await?;
    let person = find(&mut tx, email).await?;
    people::set_password(&mut tx, person.id, password).await?;
    tx.commit().await?;
    end_sessions(session, &person, Reset::Password).await?;
    if json {
        let password = generated.as_ref().map(ExposeSecret::expose_secret);
        return console::say_json(&serde_json::json!({ "email": person.email, "password": password }));
    }
    console::say(&format!("{} has a new password, and all sessions have ended.", person.email));
    if let Some(password) = generated {
        console::say(&format!("Password, shown once: {}", password.expose_secret()));
    }
    Ok(())
}

async fn reset_mfa(session: &Session, email: &str, json: bool) -> Result<()> {
    let mut tx = session.databases.system(Actor::operator()).await?;
    let person = find(&mut tx, email).await?;
    mfa::reset(&mut tx, person.id).await?;
    tx.commit().await?;
    end_sessions(session, &person, Reset::Factors).await?;
    if json {
        return console::say_json(&serde_json::json!({ "email": person.email }));
    }
    console::say(&format!("{} has no second factor any more, and all sessions have ended.", person.email));
    Ok(())
}

async fn find(tx: &mut socialai_domain::tenancy::SystemTx, email: &str) -> Result<Person> {
    let email = people::normalize_email(email)?;
    people::find_by_email(tx, &email).await?.with_context(|| format!("nobody here has the address {email}"))
}

#[derive(Clone, Copy)]
enum Reset {
    Password,
    Factors,
}

/// In every tenant in which the person works; each tenant's log tells its part.
async fn end_sessions(session: &Session, person: &Person, reset: Reset) -> Result<()> {
    let reason = match reset {
        Reset::Password => "password reset by the operator",
        Reset::Factors => "second factors reset",
    };
    let mut tx = session.databases.system(Actor::operator()).await?;
    let memberships = people::memberships(&mut tx, person.id).await?;
    tx.rollback().await?;
    for membership in memberships {
        let mut tx = session.databases.tenant(membership.tenant_id, Actor::operator()).await?;
        if users::find(&mut tx, person.id).await?.is_some() {
            sessions::revoke_all(&mut tx, person.id, None, reason).await?;
            match reset {
                Reset::Password => tx.record(Entry::new("user.password_reset", "user", person.id)),
                Reset::Factors => users::factors_reset(&mut tx, person.id).await?,
            }
        }
        tx.commit().await?;
    }
    Ok(())
}
