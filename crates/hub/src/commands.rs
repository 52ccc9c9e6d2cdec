//! The commands, one file each, and what they share: reading the settings, reaching the databases, and ending well.
//!
//! Exit codes: 0 done, 1 a check failed or something was refused, 2 wrong usage or a wrong setting.

pub mod api_key;
pub mod audit;
pub mod backup;
pub mod bench;
pub mod demo;
pub mod dlq;
pub mod doctor;
pub mod effects;
pub mod keys;
pub mod migrate;
pub mod openapi;
pub mod reference;
pub mod restore;
pub mod serve;
pub mod setup_database;
pub mod simulate;
pub mod tenant;
pub mod user;

use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use socialai_domain::{
    audit::Actor,
    problems::{Code, Error, Problem},
    tenancy::Databases,
    tenants::{self, Tenant},
};

use crate::{
    cli::{Cli, Command},
    config::{Config, ConfigError, Environment},
    console,
    stop::Stop,
    storage::Storage,
    telemetry,
};

/// A command has little to do at once.
const CONNECTIONS: u32 = 4;

/// How a command ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// What was checked is not as it should be; the command has said what.
    Failed,
}

pub async fn run(cli: Cli, environment: &Environment) -> Result<Outcome> {
    // These describe or measure the program, whatever is set.
    match cli.command {
        Command::Openapi(ref openapi) => return openapi.run(),
        Command::Reference(ref reference) => return reference.run(),
        Command::Bench(bench) => return bench.run(cli.global.json).await,
        Command::Simulate(simulate) => return simulate.run(cli.global.json).await,
        _ => {}
    }
    let config = Config::read(environment, &cli.overrides())?;
    let level = if matches!(cli.command, Command::Serve(_)) { "info" } else { "warn" };
    // Lives until the command is over: it sends the last traces.
    let _telemetry = telemetry::init(&config.telemetry(level)).map_err(|error| ConfigError(format!("{error:#}")))?;
    for name in &config.unknown {
        console::progress(&format!("socialai: {name} is set but is not a setting; is it misspelt?"));
    }
    let json = cli.global.json;
    match cli.command {
        // A server has its own way to stop.
        Command::Demo(demo) => demo.run(config).await,
        Command::Serve(serve) => serve.run(config).await,
        command => {
            let stop = Stop::listen()?;
            tokio::select! {
                outcome = administer(command, &config, json) => outcome,
                // Dropping the work rolls back what it had begun and asks a PostgreSQL that it started to stop.
                () = stop.in_order().cancelled() => Err(anyhow!("stopped before it was done")),
            }
        }
    }
}

async fn administer(command: Command, config: &Config, json: bool) -> Result<Outcome> {
    match command {
        Command::Doctor(doctor) => doctor.run(config, json).await,
        Command::Migrate(migrate) => migrate.run(config, json).await,
        Command::SetupDatabase(setup) => setup.run(json).await,
        Command::Tenant(tenant) => tenant.run(config, json).await,
        Command::User(user) => user.run(config, json).await,
        Command::ApiKey(api_key) => api_key.run(config, json).await,
        Command::Keys(keys) => keys.run(config, json).await,
        Command::Audit(audit) => audit.run(config, json).await,
        Command::Dlq(dlq) => dlq.run(config, json).await,
        Command::Effects(effects) => effects.run(config, json).await,
        Command::Backup(backup) => backup.run(config, json).await,
        Command::Restore(restore) => restore.run(config, json).await,
        Command::Openapi(_)
        | Command::Reference(_)
        | Command::Bench(_)
        | Command::Simulate(_)
        | Command::Demo(_)
        | Command::Serve(_) => Ok(Outcome::Done),
    }
}

/// Says why a command failed, as one sentence with its causes.
pub fn exit_code(outcome: Result<Outcome>) -> ExitCode {
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Failed) => ExitCode::from(1),
        Err(error) => {
            console::complain(&sentence(&error));
            ExitCode::from(if error.is::<ConfigError>() { 2 } else { 1 })
        }
    }
}

/// The causes one after the other; a cause that the one before repeats is left out.
fn sentence(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let part = match cause.downcast_ref::<Error>() {
            Some(Error::Problem(problem)) => explain(problem),
            _ => cause.to_string(),
        };
        if text.contains(&part) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&part);
    }
    text
}

fn explain(problem: &Problem) -> String {
    let fields: Vec<_> = problem.errors.iter().map(|error| error.message.as_str()).collect();
    match (fields.is_empty(), problem.code) {
        (false, Code::WeakPassword) => format!("{} {}", fields.join(" "), problem.code.advice()),
        (false, _) => fields.join(" "),
        (true, _) => problem.detail.clone(),
    }
}

/// Databases for the time of one command.
struct Session {
    storage: Storage,
    databases: Databases,
}

impl Session {
    async fn open(config: &Config) -> Result<Self> {
        let storage = Storage::join(config, &mut |line| console::progress(line)).await?;
        match Self::on(&storage).await {
            Ok(databases) => Ok(Self { storage, databases }),
            Err(error) => {
                storage.close().await?;
                Err(error)
            }
        }
    }

    async fn on(storage: &Storage) -> Result<Databases> {
        storage.require_current().await?;
        storage.open(CONNECTIONS, &mut |line| console::progress(line)).await
    }

    /// Gives everything back, also after a failure.
    async fn close<T>(self, outcome: Result<T>) -> Result<T> {
        self.databases.close().await;
        let closed = self.storage.close().await;
        let value = outcome?;
        closed.context("the work is done, but PostgreSQL did not stop")?;
        Ok(value)
    }

    /// The tenant of that short name or id.
    async fn tenant(&self, name: &str) -> Result<Tenant> {
        let mut tx = self.databases.system(Actor::operator()).await?;
        let found = tenants::find(&mut tx, name).await;
        tx.rollback().await?;
        found.map_err(|error| match &error {
            Error::Problem(problem) if problem.code == Code::NotFound => {
                anyhow!("there is no tenant `{name}`; `socialai tenant list` shows all")
            }
            _ => error.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_once_and_problems_in_words() {
        let problem = Error::Problem(Problem::field("name", "A name has 1 to 200 characters."));
        let error = anyhow::Error::new(problem).context("nothing was made");
        assert_eq!(sentence(&error), "nothing was made: A name has 1 to 200 characters.");
        let twice = anyhow::anyhow!("port is taken").context("cannot listen: port is taken");
        assert_eq!(sentence(&twice), "cannot listen: port is taken");
    }
}
