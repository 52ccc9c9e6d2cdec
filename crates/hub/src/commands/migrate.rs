//! `socialai migrate`: bring the databases up to date.

use anyhow::Result;
use clap::Args;
use socialai_domain::database;

use super::Outcome;
use crate::{config::Config, console, storage::Storage};

/// Bring every schema of every database up to date
///
/// One process migrates at a time, others wait. A run that was interrupted goes on where it stopped. `serve` does the
/// same at its start. There is no way back but a restored backup.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  socialai migrate --plan     what would be done
  socialai migrate --check    exit code 1 when something is pending
  socialai migrate            do it")]
pub struct Migrate {
    /// Fail (exit code 1) when migrations are pending; change nothing
    #[arg(long, conflicts_with = "plan")]
    check: bool,
    /// List what would be done; change nothing
    #[arg(long)]
    plan: bool,
}

impl Migrate {
    pub async fn run(self, config: &Config, json: bool) -> Result<Outcome> {
        let mut say = console::progress;
        let storage = if self.check || self.plan {
            Storage::join(config, &mut say).await?
        } else {
            Storage::join_or_make(config, &mut say).await?
        };
        let outcome = self.on(&storage, json).await;
        storage.close().await.and(outcome)
    }

    async fn on(&self, storage: &Storage, json: bool) -> Result<Outcome> {
        let pending = database::plan(&storage.endpoints).await?;
        if json {
            console::say_json(&serde_json::json!({ "pending": pending }))?;
        } else {
            for one in &pending {
                console::say(&format!("{}, schema {}: {}", one.database, one.schema, one.migrations.join(", ")));
            }
        }
        if self.check || self.plan {
            if pending.is_empty() && !json {
                console::say("Everything is up to date.");
            }
            let failed = self.check && !pending.is_empty();
            return Ok(if failed { Outcome::Failed } else { Outcome::Done });
        }
        // Also when nothing is pending: it checks the owner's rights, and another process may be at it.
        database::migrate(&storage.endpoints, &mut |line| console::progress(&line)).await?;
        if !json {
            console::say("Everything is up to date.");
        }
        Ok(Outcome::Done)
    }
}
