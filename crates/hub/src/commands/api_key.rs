//! `socialai api-key …`: keys for programs.

use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use socialai_domain::{
    api_keys::{self, NewKey},
    audit::Actor,
    ids::ApiKeyId,
};
use time::Duration;

use super::{Outcome, Session};
use crate::{config::Config, console};

/// Make, list and revoke the keys with which programs call the API
#[derive(Debug, Subcommand)]
pub enum ApiKey {
    /// Make a key; it is shown once
    ///
    /// A scope is a permission such as users:read, or users:*, *:read, * for all.
    #[command(after_help = "Examples:
  socialai api-key create --tenant acme --scope users:read --scope audit:read
  socialai api-key create --tenant acme --scope '*' --name migration --expires-days 7 --json")]
    Create(Create),
    /// List the keys of a tenant, without their secrets
    #[command(after_help = "Example:
  socialai api-key list --tenant acme")]
    List {
        /// Short name or id of the tenant
        #[arg(long)]
        tenant: String,
    },
    /// End a key
    #[command(after_help = "Example:
  socialai api-key revoke key_01kagx4f0ve2pbkr7w3m9d5tqz --tenant acme")]
    Revoke {
        /// Id of the key, as the list shows it
        id: String,
        /// Short name or id of the tenant
        #[arg(long)]
        tenant: String,
    },
}

#[derive(Debug, Args)]
pub struct Create {
    /// Short name or id of the tenant
    #[arg(long)]
    tenant: String,
    /// What the key may do; may be repeated
    #[arg(long = "scope", value_name = "SCOPE", required = true, num_args = 1..)]
    scopes: Vec<String>,
    /// Name for people
    #[arg(long, default_value = "command line")]
    name: String,
    /// Days until it ends by itself
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..=3650))]
    expires_days: Option<i64>,
}

impl ApiKey {
    pub async fn run(self, config: &Config, json: bool) -> Result<Outcome> {
        let session = Session::open(config).await?;
        let outcome = self.on(&session, json).await;
        session.close(outcome).await
    }

    async fn on(self, session: &Session, json: bool) -> Result<Outcome> {
        match self {
            Self::Create(new) => create(session, new, json).await?,
            Self::List { tenant } => list(session, &tenant, json).await?,
            Self::Revoke { id, tenant } => revoke(session, &id, &tenant, json).await?,
        }
        Ok(Outcome::Done)
    }
}

async fn create(session: &Session, new: Create, json: bool) -> Result<()> {
    let tenant = session.tenant(&new.tenant).await?;
    let expires_at = new.expires_days.map(|days| session.databases.now() + Duration::days(days));
    let mut tx = session.databases.tenant(tenant.id, Actor::operator()).await?;
    let (key, secret) = api_keys::create(&mut tx, NewKey { name: new.name, scopes: new.scopes, expires_at }).await?;
    tx.commit().await?;
    if json {
        let mut shown = serde_json::to_value(&key)?;
        let fields = shown.as_object_mut().context("a key is an object")?;
        fields.insert("key".to_owned(), secret.expose_secret().into());
        fields.insert("tenant".to_owned(), tenant.slug.into());
        return console::say_json(&shown);
    }
    console::progress(&format!("{} of {}, for {}. Shown once:", key.id, tenant.slug, key.scopes.join(", ")));
    console::say(secret.expose_secret());
    Ok(())
}

async fn list(session: &Session, tenant: &str, json: bool) -> Result<()> {
    let tenant = session.tenant(tenant).await?;
    let mut all: Vec<api_keys::ApiKey> = Vec::new();
    let mut tx = session.databases.tenant(tenant.id, Actor::operator()).await?;
    loop {
        let page = api_keys::list(&mut tx, None, all.last().map(|key| key.id), 500).await?;
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    tx.rollback().await?;
    if json {
        return console::say_json(&all);
    }
    let now = session.databases.now();
    let heads = ["ID", "NAME", "BEGINS WITH", "SCOPES", "STATE"].map(str::to_owned).to_vec();
    let rows = all.iter().map(|key| {
        let state = match (key.revoked_at, key.expires_at) {
            (Some(_), _) => "revoked".to_owned(),
            (None, Some(at)) if at <= now => "expired".to_owned(),
            (None, Some(at)) => format!("until {}", at.date()),
            (None, None) => "valid".to_owned(),
        };
        vec![key.id.to_string(), key.name.clone(), key.prefix.clone(), key.scopes.join(" "), state]
    });
    console::table(&std::iter::once(heads).chain(rows).collect::<Vec<_>>());
    Ok(())
}

async fn revoke(session: &Session, id: &str, tenant: &str, json: bool) -> Result<()> {
    let id: ApiKeyId = id.parse().map_err(|error| anyhow!("`{id}` is {error}"))?;
    let tenant = session.tenant(tenant).await?;
    let mut tx = session.databases.tenant(tenant.id, Actor::operator()).await?;
    let key = api_keys::revoke(&mut tx, id).await?;
    tx.commit().await?;
    if json {
        return console::say_json(&key);
    }
    console::say(&format!("{id} is revoked. A running server may believe it for five more seconds."));
    Ok(())
}
