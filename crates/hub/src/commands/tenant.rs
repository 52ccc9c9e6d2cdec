//! `socialai tenant …`: the companies of this installation.

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use socialai_domain::{
    audit::Actor,
    ids::TenantId,
    tenants::{self, Home, Plan, Status, Tenant as Row, purge, relocate},
};

use super::{Outcome, Session};
use crate::{config::Config, console};

/// Make, list, move, suspend and delete tenants (the companies that share this installation)
#[derive(Debug, Subcommand)]
pub enum Tenant {
    /// Make a tenant
    ///
    /// Its first administrator is made with `socialai user create`.
    #[command(after_help = "Examples:
  socialai tenant create acme --name \"Acme Corporation\"
  socialai tenant create bank --name \"A Bank\" --to schema --plan enterprise
  socialai tenant create europe --name \"Europe Ltd\" --to shard:eu1")]
    Create(Create),
    /// List all tenants
    #[command(after_help = "Example:
  socialai tenant list --json")]
    List,
    /// Show one tenant
    #[command(after_help = "Example:
  socialai tenant show acme")]
    Show {
        /// Short name or id
        tenant: String,
    },
    /// Move a tenant to another tier or shard
    ///
    /// The tenant works on while its rows are copied; only in the last step, mostly well below a second, its requests wait.
    /// A move that was interrupted is finished by running it again, or given up with --abort before it has switched.
    /// Progress goes to standard error, with --json as one JSON object a line.
    #[command(after_help = "Examples:
  socialai tenant move acme --to schema
  socialai tenant move acme --to shard:eu1
  socialai tenant move acme --abort")]
    Move(Move),
    /// Give a tenant more or fewer of the workers
    ///
    /// While several tenants have work waiting, workers take from them in turn: from one with weight 3 three times as much
    /// as from one with weight 1, which all have at first. For a tenant that is alone it changes nothing.
    #[command(after_help = "Example:
  socialai tenant set-weight acme 3")]
    SetWeight {
        /// Short name or id
        tenant: String,
        /// 1 to 100
        #[arg(value_parser = clap::value_parser!(i16).range(1..=100))]
        weight: i16,
    },
    /// Close a tenant for the time being; its people are told so
    #[command(after_help = "Example:
  socialai tenant suspend acme")]
    Suspend {
        /// Short name or id
        tenant: String,
    },
    /// Open a suspended tenant again
    #[command(after_help = "Example:
  socialai tenant activate acme")]
    Activate {
        /// Short name or id
        tenant: String,
    },
    /// Delete a tenant
    ///
    /// Nobody can sign in afterwards and the short name is free again; the rows stay until --purge removes them for good.
    /// A tenant that was deleted before is purged by its id.
    #[command(after_help = "Examples:
  socialai tenant delete acme --confirm acme
  socialai tenant delete acme --confirm acme --purge")]
    Delete(Delete),
}

#[derive(Debug, Args)]
pub struct Create {
    /// Short name: a-z, 0-9 and single hyphens; part of addresses
    slug: String,
    /// Name for people
    #[arg(long)]
    name: String,
    /// Where its rows live: shared, schema or shard:NAME
    #[arg(long, value_name = "HOME", default_value = "shared", value_parser = home)]
    to: Home,
    /// Enterprise tenants have higher limits
    #[arg(long, value_enum, default_value = "standard")]
    plan: PlanName,
}

#[derive(Debug, Args)]
pub struct Move {
    /// Short name or id
    tenant: String,
    /// shared, schema or shard:NAME
    #[arg(long, value_name = "HOME", value_parser = home, required_unless_present = "abort")]
    to: Option<Home>,
    /// Give up a move that has not switched yet
    #[arg(long, conflicts_with = "to")]
    abort: bool,
}

#[derive(Debug, Args)]
pub struct Delete {
    /// Short name, or the id of one that was deleted before
    tenant: String,
    /// The same again, so that nobody deletes by accident
    #[arg(long, value_name = "TENANT")]
    confirm: String,
    /// Remove its rows for good
    #[arg(long)]
    purge: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PlanName {
    Standard,
    Enterprise,
}

fn home(text: &str) -> Result<Home, String> {
    match text {
        "shared" => Ok(Home::Shared),
        "schema" => Ok(Home::Schema),
        _ => match text.strip_prefix("shard:").filter(|name| !name.is_empty()) {
            Some(name) => Ok(Home::Shard(name.to_owned())),
            None => Err("use shared, schema or shard:NAME".to_owned()),
        },
    }
}

impl Tenant {
    pub async fn run(self, config: &Config, json: bool) -> Result<Outcome> {
        let session = Session::open(config).await?;
        let outcome = self.on(&session, json).await;
        session.close(outcome).await
    }

    async fn on(self, session: &Session, json: bool) -> Result<Outcome> {
        match self {
            Self::Create(new) => show(session, &create(session, new).await?, json).await?,
            Self::List => list(session, json).await?,
            Self::Show { tenant } => show(session, &session.tenant(&tenant).await?, json).await?,
            Self::Move(order) => show(session, &relocate_to(session, order, json).await?, json).await?,
            Self::SetWeight { tenant, weight } => set_weight(session, &tenant, weight, json).await?,
            Self::Suspend { tenant } => set_status(session, &tenant, Status::Suspended, json).await?,
            Self::Activate { tenant } => set_status(session, &tenant, Status::Active, json).await?,
            Self::Delete(order) => delete(session, order, json).await?,
        }
        Ok(Outcome::Done)
    }
}

async fn create(session: &Session, new: Create) -> Result<Row> {
    let plan = match new.plan {
        PlanName::Standard => Plan::Standard,
        PlanName::Enterprise => Plan::Enterprise,
    };
    let endpoints = &session.storage.endpoints;
    let id = TenantId::fresh();
    Ok(tenants::provision(&session.databases, endpoints, id, &new.slug, &new.name, &new.to, plan).await?)
}

async fn list(session: &Session, json: bool) -> Result<()> {
    let mut all: Vec<Row> = Vec::new();
    loop {
        let after = all.last().map(|tenant| tenant.slug.clone()).unwrap_or_default();
        let mut tx = session.databases.system(Actor::operator()).await?;
        let page = tenants::list(&mut tx, &after, 500).await?;
        tx.rollback().await?;
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    if json {
        return console::say_json(&all);
    }
    let heads = ["SHORT NAME", "NAME", "TIER", "PLAN", "STATUS", "ID"].map(str::to_owned).to_vec();
    let rows = all.iter().map(|tenant| {
        let id = tenant.id.to_string();
        vec![
            tenant.slug.clone(),
            tenant.name.clone(),
            tier(tenant),
            console::word(&tenant.plan),
            console::word(&tenant.status),
            id,
        ]
    });
    console::table(&std::iter::once(heads).chain(rows).collect::<Vec<_>>());
    Ok(())
}

/// A tenant with what stands where it lives.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    tenant: &'a Row,
    weight: Option<i16>,
}

async fn show(session: &Session, tenant: &Row, json: bool) -> Result<()> {
    let weight = weight(session, tenant).await;
    if json {
        return console::say_json(&Shown { tenant, weight });
    }
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    console::table(&[
        row("short name", tenant.slug.clone()),
        row("name", tenant.name.clone()),
        row("id", tenant.id.to_string()),
        row("tier", tier(tenant)),
        row("schema", tenant.home_schema.clone()),
        row("plan", console::word(&tenant.plan)),
        row("weight", weight.map(|weight| weight.to_string()).unwrap_or_default()),
        row("status", console::word(&tenant.status)),
    ]);
    Ok(())
}

/// Nothing when the database of its shard does not answer: the registry still does.
async fn weight(session: &Session, tenant: &Row) -> Option<i16> {
    let mut tx = session.databases.system_at(tenant.shard.as_deref(), Actor::operator()).await.ok()?;
    let weight = tenants::weight(&mut tx, tenant.id).await.ok()?;
    tx.rollback().await.ok()?;
    weight
}

fn tier(tenant: &Row) -> String {
    match &tenant.shard {
        Some(shard) => format!("shard {shard}"),
        None => console::word(&tenant.tier),
    }
}

async fn relocate_to(session: &Session, order: Move, json: bool) -> Result<Row> {
    let endpoints = &session.storage.endpoints;
    let tenant = session.tenant(&order.tenant).await?;
    let Some(home) = order.to else {
        relocate::abort(&session.databases, endpoints, &tenant.slug).await?;
        return session.tenant(&order.tenant).await;
    };
    let (tenant, _) = relocate::begin(&session.databases, endpoints, &tenant.slug, &home).await?;
    let mut say = |step: relocate::Progress| match serde_json::to_string(&step) {
        Ok(line) if json => console::progress(&line),
        _ => console::progress(&step.to_string()),
    };
    relocate::run(&session.databases, endpoints, tenant.id, &mut say)
        .await
        .context("the move stopped; run it again to finish it, or with --abort to give it up")?;
    session.tenant(&order.tenant).await
}

async fn set_status(session: &Session, name: &str, status: Status, json: bool) -> Result<()> {
    let tenant = session.tenant(name).await?;
    let mut tx = session.databases.system(Actor::operator()).await?;
    tenants::set_status(&mut tx, tenant.id, status).await?;
    tx.commit().await?;
    show(session, &session.tenant(name).await?, json).await
}

async fn set_weight(session: &Session, name: &str, weight: i16, json: bool) -> Result<()> {
    let tenant = session.tenant(name).await?;
    let mut tx = session.databases.tenant(tenant.id, Actor::operator()).await?;
    tenants::set_weight(&mut tx, weight).await?;
    tx.commit().await?;
    show(session, &tenant, json).await
}

async fn delete(session: &Session, order: Delete, json: bool) -> Result<()> {
    ensure!(order.tenant == order.confirm, "--confirm must repeat `{}`; nothing was deleted", order.tenant);
    let gone = order.tenant.parse::<TenantId>().ok();
    let id = match gone {
        Some(id) if purge::is_deleted(&session.databases, id).await? => {
            ensure!(order.purge, "that tenant was deleted before; --purge removes its rows for good");
            id
        }
        _ => {
            let tenant = session.tenant(&order.tenant).await?;
            let mut tx = session.databases.system(Actor::operator()).await?;
            if tenants::place(&mut tx, tenant.id).await?.is_some_and(|place| place.moving) {
                bail!("`{}` is being moved: finish the move or give it up first", tenant.slug);
            }
            tenants::set_status(&mut tx, tenant.id, Status::Deleted).await?;
            tx.commit().await?;
            tenant.id
        }
    };
    if order.purge {
        purge::purge(&session.databases, &session.storage.endpoints, id).await?;
    }
    if json {
        return console::say_json(&serde_json::json!({ "id": id, "deleted": true, "purged": order.purge }));
    }
    console::say(&if order.purge {
        format!("{id} is deleted and its rows are gone. Backups still have them.")
    } else {
        format!("{id} is deleted. Its rows stay until `socialai tenant delete {id} --confirm {id} --purge`.")
    });
    Ok(())
}
