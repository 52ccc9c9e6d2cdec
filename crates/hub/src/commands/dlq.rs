//! `socialai dlq …`: look at jobs that were given up, try them again, or close them.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use socialai_domain::{
    audit::Actor,
    dead_letters::{self, Filter, Letter, Opened, Pace, State, Which},
    ids::{JobId, TenantId},
    problems::{Code, Error},
};
use socialai_queue::jobs::INSTALLATION;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Outcome, Session};
use crate::{config::Config, console};

/// Look at dead letters (jobs that were given up), replay and discard them
#[derive(Debug, Subcommand)]
pub enum Dlq {
    /// List dead letters, newest first
    #[command(after_help = "Examples:
  socialai dlq list
  socialai dlq list --tenant acme --kind webhooks.deliver --json")]
    List(List),
    /// Show one dead letter with its payload and every attempt
    #[command(after_help = "Example:
  socialai dlq show job_01kagx4f0ve2pbkr7w3m9d5tqz")]
    Show(Show),
    /// Try dead letters again
    ///
    /// A letter is replayed once; somebody else who replays it at the same time gets nothing.
    #[command(after_help = "Examples:
  socialai dlq replay job_01kagx4f0ve2pbkr7w3m9d5tqz
  socialai dlq replay --all --tenant acme --per-second 5")]
    Replay(Replay),
    /// Close dead letters for a reason, which is kept with them and in the audit log
    #[command(after_help = "Example:
  socialai dlq discard --all --kind crm.sync --reason 'the account was closed'")]
    Discard(Discard),
}

#[derive(Debug, Args)]
pub struct Select {
    /// Only of this tenant, by short name or id
    #[arg(long)]
    tenant: Option<String>,
    /// Only of this kind of job
    #[arg(long)]
    kind: Option<String>,
    /// Only of this queue
    #[arg(long)]
    queue: Option<String>,
    /// Only of this key
    #[arg(long)]
    key: Option<String>,
    /// Only those given up for this reason (one word, as listed)
    #[arg(long)]
    because: Option<String>,
    /// Only those given up from this moment on, for example 2026-11-21T09:00:00Z
    #[arg(long, value_parser = moment)]
    from: Option<OffsetDateTime>,
    /// Only those given up before this moment
    #[arg(long, value_parser = moment)]
    until: Option<OffsetDateTime>,
}

fn moment(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| "it is no moment such as 2026-11-21T09:00:00Z".to_owned())
}

fn pace(text: &str) -> Result<Pace, String> {
    let rate = text.parse().ok().and_then(Pace::new);
    rate.ok_or_else(|| "a rate is 0.01 to 1000 jobs a second".to_owned())
}

#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    select: Select,
    #[arg(long, value_enum, default_value = "open")]
    state: Fate,
    /// At most so many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Fate {
    Open,
    Replayed,
    Discarded,
    Any,
}

#[derive(Debug, Args)]
pub struct Show {
    id: JobId,
}

#[derive(Debug, Args)]
#[group(id = "which", required = true, multiple = false, args = ["ids", "all"])]
pub struct Replay {
    ids: Vec<JobId>,
    /// All open ones that fit the other conditions
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    select: Select,
    /// So many jobs a second (0.01 to 1000) in all, not to overrun what has just recovered
    #[arg(long, value_parser = pace, allow_hyphen_values = true)]
    per_second: Option<Pace>,
}

#[derive(Debug, Args)]
#[group(id = "which", required = true, multiple = false, args = ["ids", "all"])]
pub struct Discard {
    ids: Vec<JobId>,
    /// All open ones that fit the other conditions
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    select: Select,
    /// Why nothing is lost by it
    #[arg(long)]
    reason: String,
}

const PAGE: i64 = 500;

impl Dlq {
    pub async fn run(self, config: &Config, json: bool) -> Result<Outcome> {
        let session = Session::open(config).await?;
        let outcome = match self {
            Self::List(order) => list(&session, &order, json).await,
            Self::Show(order) => show(&session, order.id, json).await,
            Self::Replay(order) => {
                let which = chosen(&session, order.ids, &order.select).await?;
                settle(&session, which, &Order::Replay { pace: order.per_second }, json).await
            }
            Self::Discard(order) => {
                let which = chosen(&session, order.ids, &order.select).await?;
                settle(&session, which, &Order::Discard { reason: order.reason }, json).await
            }
        };
        session.close(outcome).await
    }
}

impl Select {
    async fn filter(&self, session: &Session) -> Result<Filter> {
        let tenant = match &self.tenant {
            Some(name) => Some(session.tenant(name).await?.id.0),
            None => None,
        };
        let (kind, queue, reason) = (self.kind.clone(), self.queue.clone(), self.because.clone());
        let (key, from, until) = (self.key.clone(), self.from, self.until);
        Ok(Filter { tenant, kind, queue, reason, key, from, until, state: State::Open })
    }
}

async fn list(session: &Session, order: &List, json: bool) -> Result<Outcome> {
    let state = match order.state {
        Fate::Open => State::Open,
        Fate::Replayed => State::Replayed,
        Fate::Discarded => State::Discarded,
        Fate::Any => State::Any,
    };
    let filter = Filter { state, ..order.select.filter(session).await? };
    let letters = everywhere(session, &filter, usize::try_from(order.limit)?).await?;
    if json {
        console::say_json(&letters)?;
    } else if letters.is_empty() {
        console::say("There are none.");
    } else {
        let heads =
            ["id", "died at", "kind", "key", "attempts", "reason", "state", "error"].map(str::to_owned).to_vec();
        let rows = letters.iter().map(row);
        console::table(&std::iter::once(heads).chain(rows).collect::<Vec<_>>());
    }
    Ok(Outcome::Done)
}

fn row(letter: &Letter) -> Vec<String> {
    let error: String = letter.error.chars().take(80).collect();
    let died_at = letter.died_at.replace_nanosecond(0).unwrap_or(letter.died_at);
    vec![
        letter.id.to_string(),
        died_at.to_string(),
        letter.kind.clone(),
        letter.key.clone(),
        letter.attempts.to_string(),
        letter.reason.clone(),
        letter.state.to_owned(),
        error,
    ]
}

/// From all databases, newest first.
async fn everywhere(session: &Session, filter: &Filter, limit: usize) -> Result<Vec<Letter>> {
    let mut found = Vec::new();
    for shard in databases(session) {
        let mut after = None;
        let mut of_this = 0;
        while of_this < limit {
            let mut tx = session.databases.system_at(shard.as_deref(), Actor::operator()).await?;
            let page = dead_letters::list_all(&mut tx, filter, after, PAGE).await?;
            tx.rollback().await?;
            let Some(last) = page.last() else { break };
            after = Some((last.died_at, last.id.0));
            of_this += page.len();
            found.extend(page);
        }
    }
    found.sort_by_key(|letter| std::cmp::Reverse((letter.died_at, letter.id.0)));
    found.truncate(limit);
    Ok(found)
}

fn databases(session: &Session) -> Vec<Option<String>> {
    std::iter::once(None).chain(session.databases.shard_names().map(|name| Some(name.to_owned()))).collect()
}

async fn find(session: &Session, id: JobId) -> Result<Opened> {
    for shard in databases(session) {
        let mut tx = session.databases.system_at(shard.as_deref(), Actor::operator()).await?;
        let found = dead_letters::get_any(&mut tx, id).await;
        tx.rollback().await?;
        match found {
            Err(Error::Problem(problem)) if problem.code == Code::NotFound => {}
            found => return Ok(found?),
        }
    }
    bail!("there is no dead letter {id}; `socialai dlq list --state any` shows all")
}

async fn show(session: &Session, id: JobId, json: bool) -> Result<Outcome> {
    let Opened { letter, payload, history } = find(session, id).await?;
    if json {
        console::say_json(&Opened { letter, payload, history })?;
        return Ok(Outcome::Done);
    }
    console::say(&format!("{} {} of {}, {}", letter.kind, letter.id, letter.tenant_id, letter.state));
    console::say(&format!(
        "key {}, queue {}, enqueued {}, given up {} ({})",
        letter.key, letter.queue, letter.enqueued_at, letter.died_at, letter.reason
    ));
    for attempt in history.as_array().into_iter().flatten() {
        console::say(&format!(
            "  {}  {}",
            attempt["at"].as_str().unwrap_or_default(),
            attempt["error"].as_str().unwrap_or_default()
        ));
    }
    console::say(&format!("{payload:#}"));
    Ok(Outcome::Done)
}

/// Orders by tenant: each is a transaction of its own, with its own audit entry.
async fn chosen(session: &Session, ids: Vec<JobId>, select: &Select) -> Result<BTreeMap<TenantId, Which>> {
    let mut by_tenant: BTreeMap<TenantId, Vec<JobId>> = BTreeMap::new();
    if !ids.is_empty() {
        for id in ids {
            by_tenant.entry(find(session, id).await?.letter.tenant_id).or_default().push(id);
        }
        return Ok(by_tenant.into_iter().map(|(tenant, ids)| (tenant, Which::These(ids))).collect());
    }
    let filter = select.filter(session).await?;
    for letter in everywhere(session, &filter, 10_000).await? {
        by_tenant.entry(letter.tenant_id).or_default();
    }
    Ok(by_tenant.into_keys().map(|tenant| (tenant, Which::All(filter.clone()))).collect())
}

/// What is to become of dead letters.
enum Order {
    Replay { pace: Option<Pace> },
    Discard { reason: String },
}

/// A pace holds for all workspaces and databases together: what comes later goes behind those that were replayed.
async fn settle(session: &Session, orders: BTreeMap<TenantId, Which>, order: &Order, json: bool) -> Result<Outcome> {
    let mut count = 0;
    for (tenant, which) in orders {
        if tenant.0 == INSTALLATION {
            count += settle_of_installation(session, &which, order, count).await?;
            continue;
        }
        let mut tx = session.databases.tenant(tenant, Actor::operator()).await?;
        count += match order {
            Order::Replay { pace } => dead_letters::replay(&mut tx, which, pace.map(|pace| pace.behind(count))).await?,
            Order::Discard { reason } => dead_letters::discard(&mut tx, which, reason).await?,
        };
        tx.commit().await?;
    }
    let done = match order {
        Order::Replay { .. } => "replayed",
        Order::Discard { .. } => "discarded",
    };
    if json {
        console::say_json(&serde_json::json!({ done: count }))?;
    } else {
        console::say(&format!("{count} {done}"));
    }
    Ok(Outcome::Done)
}

/// Work of the installation is in any of its databases.
async fn settle_of_installation(session: &Session, which: &Which, order: &Order, behind: usize) -> Result<usize> {
    let mut count = 0;
    for shard in databases(session) {
        let mut tx = session.databases.system_at(shard.as_deref(), Actor::operator()).await?;
        count += match order {
            Order::Replay { pace } => {
                let pace = pace.map(|pace| pace.behind(behind + count));
                dead_letters::replay_of_installation(&mut tx, which.clone(), pace).await?
            }
            Order::Discard { reason } => dead_letters::discard_of_installation(&mut tx, which.clone(), reason).await?,
        };
        tx.commit().await?;
    }
    Ok(count)
}
