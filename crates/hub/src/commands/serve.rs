//! `socialai serve`: the server.

use anyhow::Result;
use clap::{Args, ValueEnum};
use socialai_api::DemoPerson;
use socialai_domain::{queues, tenancy::Databases};

use super::Outcome;
use crate::{
    cli::Listen,
    config::Config,
    start::{self, Manner, Voice},
    storage::Storage,
};

/// Run the server until it is told to stop (Ctrl-C, SIGTERM)
///
/// Brings the database up to date first. Without DATABASE_URL a private PostgreSQL is started in the data folder and
/// stopped with the server. /ready answers 200 when everything works. A second Ctrl-C stops at once.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  socialai serve --listen 0.0.0.0:8080
  socialai serve --no-migrate      refuse to start on an old schema
  socialai serve --roles api       only what answers requests
  socialai serve --roles webhooks,scheduler --listen 127.0.0.1:8081
                                   only those jobs; /health, /ready and /metrics are answered all the same")]
pub struct Serve {
    #[command(flatten)]
    pub listen: Listen,
    /// Refuse to start when migrations are pending, instead of making them
    #[arg(long)]
    no_migrate: bool,
    /// The parts that this process runs
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Role::ALL)]
    roles: Vec<Role>,
}

/// One service of the product; each can be a process of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    Api,
    Social,
    Ai,
    Crm,
    Webhooks,
    Analytics,
    Scheduler,
}

impl Role {
    const ALL: [Self; 7] =
        [Self::Api, Self::Social, Self::Ai, Self::Crm, Self::Webhooks, Self::Analytics, Self::Scheduler];

    const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Social => "social",
            Self::Ai => "ai",
            Self::Crm => "crm",
            Self::Webhooks => "webhooks",
            Self::Analytics => "analytics",
            Self::Scheduler => "scheduler",
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Serve {
    pub async fn run(self, config: Config) -> Result<Outcome> {
        let queues: Vec<_> = self.roles.iter().filter_map(|role| queues::find(role.name())).collect();
        let manner = Manner {
            is_demo: false,
            migrates: !self.no_migrate,
            answers: self.roles.contains(&Role::Api),
            queues: &queues,
        };
        start::serve(config, manner, &mut Log).await?;
        tracing::info!("stopped");
        Ok(Outcome::Done)
    }
}

/// A server speaks to its log.
struct Log;

impl Voice for Log {
    fn progress(&mut self, line: &str) {
        tracing::info!("{line}");
    }

    fn ready(&mut self, config: &Config) -> Result<()> {
        tracing::info!(listen = %config.listen, url = %config.public_url()?, "ready");
        Ok(())
    }

    async fn prepare(&mut self, _: &Storage, _: &Databases) -> Result<()> {
        Ok(())
    }

    fn demo_logins(&self) -> Vec<DemoPerson> {
        Vec::new()
    }
}
