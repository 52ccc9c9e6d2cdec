//! `socialai audit …`: prove that the audit log is whole, and take it away.

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use socialai_api::audit_log::{CSV_HEAD, csv_line};
use socialai_domain::{
    audit::{self, Actor, Entry, Filter, Verdict},
    tenants::{Status, Tenant},
};

use super::{Outcome, Session};
use crate::{config::Config, console, upkeep};

/// Verify and export the audit log
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Check that no entry was altered, removed or added behind our back
    ///
    /// Reads each chain from its first entry to its head and names the first entry that does not fit (exit code 1). Keep
    /// the printed head elsewhere: with it a rewrite of the whole chain shows, too.
    #[command(after_help = "Examples:
  socialai audit verify --all
  socialai audit verify --tenant acme")]
    Verify(Verify),
    /// Print the audit log of a tenant, oldest entry first
    ///
    /// That somebody took the log away is itself an entry.
    #[command(after_help = "Examples:
  socialai audit export --tenant acme > audit.jsonl
  socialai audit export --tenant acme --format csv > audit.csv")]
    Export(Export),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Verify {
    /// The log of one tenant, by short name or id
    #[arg(long)]
    tenant: Option<String>,
    /// The logs of the installation and of all tenants
    #[arg(long)]
    all: bool,
    /// The installation's own log
    #[arg(long)]
    installation: bool,
}

#[derive(Debug, Args)]
pub struct Export {
    /// Short name or id of the tenant
    #[arg(long)]
    tenant: String,
    /// One JSON object a line, or a table for spreadsheets
    #[arg(long, value_enum, default_value = "jsonl")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Jsonl,
    Csv,
}

const PAGE: i64 = 500;

#[derive(serde::Serialize)]
struct Finding {
    chain: String,
    #[serde(flatten)]
    verdict: Verdict,
}

impl Audit {
    pub async fn run(self, config: &Config, json: bool) -> Result<Outcome> {
        let session = Session::open(config).await?;
        let outcome = match self {
            Self::Verify(which) => verify(&session, &which, json).await,
            Self::Export(order) => export(&session, &order).await,
        };
        session.close(outcome).await
    }
}

async fn verify(session: &Session, which: &Verify, json: bool) -> Result<Outcome> {
    let mut findings = Vec::new();
    if which.all || which.installation {
        let mut tx = session.databases.system(Actor::operator()).await?;
        findings.push(Finding { chain: "installation".to_owned(), verdict: audit::verify_system(&mut tx).await? });
        tx.rollback().await?;
    }
    if let Some(name) = &which.tenant {
        findings.push(of_tenant(session, &session.tenant(name).await?).await?);
    }
    if which.all {
        let mut after = String::new();
        while let Some((page, last)) = upkeep::page(&session.databases, &after).await? {
            for tenant in page {
                if tenant.status == Status::Suspended {
                    console::progress(&format!("{} is suspended and cannot be read; activate it first", tenant.slug));
                    continue;
                }
                findings.push(of_tenant(session, &tenant).await?);
            }
            after = last;
        }
    }
    let whole = findings.iter().all(|finding| finding.verdict.broken.is_none());
    if json {
        console::say_json(&serde_json::json!({ "whole": whole, "chains": findings }))?;
    } else {
        findings.iter().for_each(tell);
    }
    Ok(if whole { Outcome::Done } else { Outcome::Failed })
}

async fn of_tenant(session: &Session, tenant: &Tenant) -> Result<Finding> {
    let mut tx = session.databases.tenant(tenant.id, Actor::operator()).await?;
    let verdict = audit::verify(&mut tx).await?;
    tx.rollback().await?;
    Ok(Finding { chain: tenant.slug.clone(), verdict })
}

fn tell(finding: &Finding) {
    let Finding { chain, verdict } = finding;
    match &verdict.broken {
        None => console::say(&format!("{chain}: {} entries, whole; head {}", verdict.verified, verdict.head)),
        Some(broken) => console::say(&format!("{chain}: BROKEN at entry {}: {}", broken.seq, broken.reason)),
    }
}

async fn export(session: &Session, order: &Export) -> Result<Outcome> {
    let tenant = session.tenant(&order.tenant).await?;
    let mut tx = session.databases.tenant(tenant.id, Actor::operator()).await?;
    tx.record(Entry::new("audit_log.exported", "tenant", tenant.id));
    tx.commit().await?;
    if order.format == Format::Csv {
        console::say(CSV_HEAD.trim_end());
    }
    let mut after = 0;
    loop {
        let mut tx = session.databases.tenant(tenant.id, Actor::operator()).await?;
        let rows = audit::list_after(&mut tx, &Filter::default(), after, PAGE).await?;
        tx.rollback().await?;
        let Some(last) = rows.last() else { return Ok(Outcome::Done) };
        after = last.seq;
        for row in &rows {
            console::say(&match order.format {
                Format::Jsonl => serde_json::to_string(row)?,
                Format::Csv => csv_line(row),
            });
        }
    }
}
