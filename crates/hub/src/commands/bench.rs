//! `socialai bench`: measure this machine.

use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::Outcome;
use crate::{
    bench::{
        Report,
        api::{self, Scope},
        events, inbox, ingest, start, webhooks,
    },
    console,
};

/// Measure this machine, against a baseline in the same run
///
/// Each benchmark makes what it needs in a temporary folder and removes it. Nothing else should run meanwhile.
#[derive(Debug, Subcommand)]
pub enum Bench {
    Api(ApiBench),
    Events(EventsBench),
    Inbox(InboxBench),
    Ingest(IngestBench),
    Start(StartBench),
    Webhooks(WebhooksBench),
}

/// Authenticated reads with many tenants, against a bare handler
///
/// Prints the highest rate of both, and the latencies of both at a steady rate, counted from when each request was due.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  socialai bench api --json")]
pub struct ApiBench {
    /// How many tenants
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    tenants: u32,
    /// How many of them have a schema of their own
    #[arg(long, default_value_t = 50)]
    schema_tenants: u32,
    /// Requests a second at which latencies are taken
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// Seconds of each phase
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
}

/// Jobs and facts from the transaction to the handler, against single-row commits of pgbench
///
/// Prints jobs a second end to end, the time from commit to the handler's start when idle and at half load, fairness
/// between tenants, and what a large backlog costs.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  socialai bench events --json")]
pub struct EventsBench {
    /// Seconds of each phase
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Jobs of the large backlog
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(20_000..=10_000_000))]
    backlog: u32,
    /// Jobs with which one tenant floods
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    flood: u32,
    /// Jobs that go through before throughput and latency are measured once more, as in days of work (0: not at all)
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100_000_000))]
    churn: u32,
    /// Also carry facts through the Kafka cluster with these brokers (host:port, …)
    #[arg(long)]
    kafka_brokers: Option<String>,
}

/// The inbox over the API with millions of messages, against the same before they were there
///
/// Prints the rate of first pages, and latencies at a steady rate of first pages, pages far down, conversations and searches.
/// A fifth of the messages is in one workspace. Ten million need 12 GB in the temporary folder, and some minutes.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  socialai bench inbox --json")]
pub struct InboxBench {
    /// How many workspaces
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    tenants: u32,
    /// How many messages
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(100_000..=100_000_000))]
    messages: u64,
    /// Requests a second at which latencies are taken
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// Seconds of each phase
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
}

/// Deliveries of platforms over HTTP until they are durable, against single-row commits of pgbench
///
/// Signed as Facebook, Instagram, X and LinkedIn sign, one in twenty a repetition. Prints deliveries a second, latencies at
/// half of that, and how fast they come into their conversations; counts that each is there once.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  socialai bench ingest --json")]
pub struct IngestBench {
    /// How many workspaces, each with an account
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(4..=100_000))]
    tenants: u32,
    /// How many deliveries are made as fast as they go
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(10_000..=2_000_000))]
    deliveries: u32,
    /// Seconds of the other phases
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
}

/// From the start of `serve` to its first 200, against PostgreSQL's own start
///
/// Also tells the idle memory and the size of the program.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  socialai bench start --json")]
pub struct StartBench {
    /// How many starts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
}

/// Webhook deliveries from the event to the receiver's answer, against bare requests
///
/// Prints deliveries a second, and the time from the commit of an event to its arrival when nothing else is going on. Each
/// delivery is signed, in the effect ledger and in the log.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  socialai bench webhooks --json")]
pub struct WebhooksBench {
    /// How many events are delivered
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1_000..=1_000_000))]
    deliveries: u64,
}

impl Bench {
    pub async fn run(self, json: bool) -> Result<Outcome> {
        let mut say = |line: String| console::progress(&line);
        let report: Report = match self {
            Self::Api(bench) => {
                let scope = Scope {
                    tenants: usize::try_from(bench.tenants)?,
                    schema_tenants: usize::try_from(bench.schema_tenants.min(bench.tenants))?,
                    rate: bench.rate,
                    time: Duration::from_secs(bench.seconds),
                };
                api::run(scope, &mut say).await?
            }
            Self::Events(bench) => {
                let scope = events::Scope {
                    time: Duration::from_secs(bench.seconds),
                    backlog: bench.backlog,
                    flood: bench.flood,
                    churn: bench.churn,
                    kafka: bench.kafka_brokers,
                };
                events::run(scope, &mut say).await?
            }
            Self::Inbox(bench) => {
                let scope = inbox::Scope {
                    tenants: usize::try_from(bench.tenants)?,
                    messages: bench.messages,
                    rate: bench.rate,
                    time: Duration::from_secs(bench.seconds),
                };
                inbox::run(scope, &mut say).await?
            }
            Self::Ingest(bench) => {
                let scope = ingest::Scope {
                    tenants: usize::try_from(bench.tenants)?,
                    deliveries: usize::try_from(bench.deliveries)?,
                    time: Duration::from_secs(bench.seconds),
                };
                ingest::run(scope, &mut say).await?
            }
            Self::Start(bench) => start::run(bench.rounds, &mut say).await?,
            Self::Webhooks(bench) => webhooks::run(bench.deliveries, &mut say).await?,
        };
        if json {
            console::say_json(&report)?;
        } else {
            console::say(&report.describe());
        }
        Ok(Outcome::Done)
    }
}
