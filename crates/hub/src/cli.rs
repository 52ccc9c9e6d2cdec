//! The command line. Its help is meant to be enough: what a command does, what it changes, an example.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};

use crate::commands::{
    api_key, audit, backup, bench, demo, dlq, doctor, effects, keys, migrate, openapi, reference, restore, serve,
    setup_database, simulate, tenant, user,
};

/// One place for the messages that customers send a company.
///
/// The program is everything: server, database administration, and the tools of an operator. Without DATABASE_URL it
/// runs a private PostgreSQL in the data folder; with it, it uses that server. Settings come from environment variables
/// (`socialai doctor` shows them with their values), a few of them also as options.
///
/// Try it:        socialai demo
///
/// Run it:        socialai serve
///
/// Look after it: socialai doctor, socialai backup --to FOLDER
#[derive(Debug, Parser)]
#[command(name = "socialai", version, propagate_version = false, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Args)]
pub struct Global {
    /// Folder of the private PostgreSQL and of generated secrets [default: ./data, or SOCIALAI_DATA_DIR]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Print the result as one JSON document on standard output
    #[arg(long, global = true)]
    pub json: bool,
}

/// Where a server listens.
#[derive(Debug, Args)]
pub struct Listen {
    /// Address and port [default: 127.0.0.1:8080, or SOCIALAI_LISTEN]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Demo(demo::Demo),
    Serve(serve::Serve),
    Doctor(doctor::Doctor),
    Migrate(migrate::Migrate),
    SetupDatabase(setup_database::SetupDatabase),
    #[command(subcommand)]
    Tenant(tenant::Tenant),
    #[command(subcommand)]
    User(user::User),
    #[command(subcommand)]
    ApiKey(api_key::ApiKey),
    #[command(subcommand)]
    Keys(keys::Keys),
    #[command(subcommand)]
    Audit(audit::Audit),
    #[command(subcommand)]
    Dlq(dlq::Dlq),
    #[command(subcommand)]
    Effects(effects::Effects),
    Backup(backup::Backup),
    Restore(restore::Restore),
    #[command(subcommand)]
    Bench(bench::Bench),
    Simulate(simulate::Simulate),
    Openapi(openapi::Openapi),
    Reference(reference::Reference),
}

impl Cli {
    /// Options that stand for settings, by the setting's name.
    pub fn overrides(&self) -> Vec<(&'static str, OsString)> {
        let mut overrides = Vec::new();
        if let Some(folder) = &self.global.data_dir {
            overrides.push(("SOCIALAI_DATA_DIR", folder.into()));
        }
        let listen = match &self.command {
            Command::Demo(demo) => demo.listen.listen,
            Command::Serve(serve) => serve.listen.listen,
            _ => None,
        };
        if let Some(address) = listen {
            overrides.push(("SOCIALAI_LISTEN", address.to_string().into()));
        }
        overrides
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_teaches_with_an_example() {
        fn walk(command: &clap::Command, path: &str) {
            if command.has_subcommands() {
                command
                    .get_subcommands()
                    .filter(|sub| sub.get_name() != "help")
                    .for_each(|sub| walk(sub, &format!("{path} {}", sub.get_name())));
            } else {
                let help = command.clone().render_long_help().to_string();
                assert!(help.contains(&format!("{path} ")) || help.contains(&format!("{path}\n")), "{path}: {help}");
                assert!(command.get_about().is_some(), "{path} has no description");
            }
        }
        walk(&Cli::command(), "socialai");
    }
}
