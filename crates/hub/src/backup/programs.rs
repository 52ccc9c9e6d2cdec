//! `pg_dump` and `pg_restore`, run as the owner of a database. The password travels in the environment of the program,
//! where only its own user can see it, and never on its command line.

use std::{path::Path, process::Stdio};

use anyhow::{Context, Result, bail};
use percent_encoding::percent_decode_str;
use socialai_cluster::Installation;
use sqlx::{ConnectOptions, postgres::PgConnectOptions};
use tokio::process::Command;

/// Writes all of our schemas into a file.
pub async fn dump(programs: &Installation, owner: &PgConnectOptions, file: &Path) -> Result<()> {
    let mut command = command(programs, "pg_dump", owner)?;
    command.arg("--format=custom").arg("--file").arg(file);
    for schema in ["system", "shared", "t_*"] {
        command.arg("--schema").arg(schema);
    }
    run(command, "pg_dump").await
}

/// Reads such a file into an empty database, all or nothing. Everything then belongs to the owner of this database,
/// whatever the owner of the other one was called.
pub async fn load(programs: &Installation, owner: &PgConnectOptions, file: &Path) -> Result<()> {
    let mut command = command(programs, "pg_restore", owner)?;
    command.args(["--single-transaction", "--exit-on-error", "--no-owner"]).arg(file);
    run(command, "pg_restore").await
}

fn command(programs: &Installation, name: &str, owner: &PgConnectOptions) -> Result<Command> {
    let mut url = owner.to_url_lossy();
    let password = url.password().map(|password| percent_decode_str(password).decode_utf8_lossy().into_owned());
    url.set_password(None).ok().context("the owner's address has no host")?;
    // The driver's own parameter, which PostgreSQL's programs refuse.
    let kept: Vec<_> = url.query_pairs().into_owned().filter(|(name, _)| name != "statement-cache-capacity").collect();
    url.query_pairs_mut().clear().extend_pairs(kept);
    let mut command = Command::new(programs.program(name));
    command.env_remove("PGPASSWORD").env("LC_ALL", "C").stdin(Stdio::null()).kill_on_drop(true);
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    command.arg("--no-password").arg(format!("--dbname={url}"));
    Ok(command)
}

async fn run(mut command: Command, name: &str) -> Result<()> {
    let output = command.output().await.with_context(|| format!("{name} cannot be run"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    bail!("{name} failed: {}", said.trim().lines().take(5).collect::<Vec<_>>().join("; "))
}
