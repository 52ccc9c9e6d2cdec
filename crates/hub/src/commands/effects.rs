//! `socialai effects …`: what was done to other systems, and settling what nobody knows the end of.

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use socialai_domain::{
    audit::Actor,
    effects::{
        self, Effect, Filter, State,
        by_hand::{self, Found},
    },
    ids::EffectId,
    tenancy::TenantTx,
};
use time::OffsetDateTime;

use super::{Outcome, Session};
use crate::{config::Config, console};

/// Look at acts on other systems, and settle those of which nobody knows whether they took place
#[derive(Debug, Subcommand)]
pub enum Effects {
    /// List acts on other systems, newest first
    #[command(after_help = "Examples:
  socialai effects list --tenant acme --state unknown
  socialai effects list --tenant acme --kind webhook.delivery --json")]
    List(List),
    /// Show one act with what was asked for and what came of it
    #[command(after_help = "Example:
  socialai effects show --tenant acme eff_01kagx4f0ve2pbkr7w3m9d5tqz")]
    Show(Show),
    /// Say what became of an act of which nobody knows whether it took place
    ///
    /// Look in the other system first. An act can be settled 15 minutes after it was sent, once and for good: what is given
    /// up is not sent again. The reason is kept with it and in the audit log.
    #[command(after_help = "Examples:
  socialai effects settle --tenant acme eff_01kagx4f0ve2pbkr7w3m9d5tqz --finding took-place --reason 'it is on the page'
  socialai effects settle --tenant acme eff_01kagx4f0ve2pbkr7w3m9d5tqz --finding given-up --reason 'no such lead there'")]
    Settle(Settle),
}

#[derive(Debug, Args)]
pub struct List {
    /// Of this tenant, by short name or id
    #[arg(long)]
    tenant: String,
    /// Only those that are so far
    #[arg(long, value_enum)]
    state: Option<How>,
    /// Only of this kind of act
    #[arg(long)]
    kind: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

#[derive(Debug, Args)]
pub struct Show {
    /// As `effects list` tells it
    id: EffectId,
    /// Of this tenant, by short name or id
    #[arg(long)]
    tenant: String,
}

#[derive(Debug, Args)]
pub struct Settle {
    /// As `effects list` tells it
    id: EffectId,
    /// Of this tenant, by short name or id
    #[arg(long)]
    tenant: String,
    /// What was found out
    #[arg(long, value_enum)]
    finding: Finding,
    /// How it is known
    #[arg(long)]
    reason: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum How {
    Planned,
    Claimed,
    Dispatched,
    Confirmed,
    Failed,
    Unknown,
    Cancelled,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Finding {
    /// It is there in the other system
    TookPlace,
    /// It is not there, or nobody will ever know
    GivenUp,
}

impl Effects {
    pub async fn run(self, config: &Config, json: bool) -> Result<Outcome> {
        let session = Session::open(config).await?;
        let outcome = match self {
            Self::List(order) => list(&session, order, json).await,
            Self::Show(order) => show(&session, &order, json).await,
            Self::Settle(order) => settle(&session, &order, json).await,
        };
        session.close(outcome).await
    }
}

async fn inside(session: &Session, tenant: &str) -> Result<TenantTx> {
    let tenant = session.tenant(tenant).await?;
    Ok(session.databases.tenant(tenant.id, Actor::operator()).await?)
}

async fn list(session: &Session, order: List, json: bool) -> Result<Outcome> {
    let state = order.state.map(|how| match how {
        How::Planned => State::Planned,
        How::Claimed => State::Claimed,
        How::Dispatched => State::Dispatched,
        How::Confirmed => State::Confirmed,
        How::Failed => State::Failed,
        How::Unknown => State::Unknown,
        How::Cancelled => State::Cancelled,
    });
    let filter = Filter { state, kind: order.kind, ..Filter::default() };
    let mut tx = inside(session, &order.tenant).await?;
    let effects = effects::list(&mut tx, &filter, None, order.limit.into()).await?;
    tx.rollback().await?;
    if json {
        console::say_json(&effects)?;
    } else if effects.is_empty() {
        console::say("There are none.");
    } else {
        let heads = ["id", "planned at", "kind", "system", "for", "state", "failure"].map(str::to_owned).to_vec();
        console::table(&std::iter::once(heads).chain(effects.iter().map(row)).collect::<Vec<_>>());
    }
    Ok(Outcome::Done)
}

fn row(effect: &Effect) -> Vec<String> {
    vec![
        effect.id.to_string(),
        seconds(effect.planned_at),
        effect.kind.clone(),
        effect.remote.clone(),
        format!("{} {}", effect.about_kind, effect.about_id),
        console::word(&effect.state),
        effect.failure.iter().flat_map(|text| text.chars()).take(80).collect(),
    ]
}

fn seconds(at: OffsetDateTime) -> String {
    at.replace_nanosecond(0).unwrap_or(at).to_string()
}

async fn show(session: &Session, order: &Show, json: bool) -> Result<Outcome> {
    let mut tx = inside(session, &order.tenant).await?;
    let effect = effects::get(&mut tx, order.id).await?;
    tx.rollback().await?;
    tell(&effect, json)
}

async fn settle(session: &Session, order: &Settle, json: bool) -> Result<Outcome> {
    let found = match order.finding {
        Finding::TookPlace => Found::TookPlace,
        Finding::GivenUp => Found::GivenUp,
    };
    let mut tx = inside(session, &order.tenant).await?;
    let effect = by_hand::settle(&mut tx, order.id, found, &order.reason).await?;
    tx.commit().await?;
    tell(&effect, json)
}

fn tell(effect: &Effect, json: bool) -> Result<Outcome> {
    if json {
        console::say_json(effect)?;
        return Ok(Outcome::Done);
    }
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let moment = |at: Option<OffsetDateTime>| at.map(seconds).unwrap_or_default();
    console::table(&[
        row("id", effect.id.to_string()),
        row("kind", effect.kind.clone()),
        row("system", effect.remote.clone()),
        row("for", format!("{} {}", effect.about_kind, effect.about_id)),
        row("state", console::word(&effect.state)),
        row("attempts", effect.attempt.to_string()),
        row("planned at", seconds(effect.planned_at)),
        row("sent at", moment(effect.dispatched_at)),
        row("ended at", moment(effect.ended_at)),
        row("sent under", effect.idempotency_key.clone()),
        row("failure", effect.failure.clone().unwrap_or_default()),
        row("settled by", effect.settled_by.clone().unwrap_or_default()),
        row("reason", effect.settle_reason.clone().unwrap_or_default()),
        row("asked for", effect.request.to_string()),
        row("answer", effect.remote_ids.as_ref().map(ToString::to_string).unwrap_or_default()),
    ]);
    Ok(Outcome::Done)
}
