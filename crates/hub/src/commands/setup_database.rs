//! `socialai setup-database`: the one step on somebody's own server that needs a superuser.

use std::str::FromStr;

use anyhow::{Context, Result};
use clap::Args;
use secrecy::ExposeSecret;
use serde::Serialize;
use socialai_domain::database;
use sqlx::postgres::PgConnectOptions;
use url::Url;

use super::Outcome;
use crate::{console, data_folder::random_secret};

/// Prepare your own PostgreSQL server: two roles and a database
///
/// Makes the owner role (migrates, has BYPASSRLS), the application role (owns nothing, held by row-level security) and
/// the database, with generated passwords, and prints the settings to use. Repeating it sets new passwords. With
/// --print-sql nothing is touched and the SQL is printed, for a superuser to run in psql.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  socialai setup-database --admin-url postgres://postgres:…@db:5432/postgres --database socialai
  socialai setup-database --database socialai --print-sql")]
pub struct SetupDatabase {
    /// Address of the server as a superuser; also from the file named by --admin-url-file
    #[arg(long, value_name = "URL", required_unless_present_any = ["print_sql", "admin_url_file"])]
    admin_url: Option<String>,
    /// File with that address, so that its password is not seen in the list of processes
    #[arg(long, value_name = "FILE", conflicts_with = "admin_url")]
    admin_url_file: Option<std::path::PathBuf>,
    /// Name of the database to make
    #[arg(long, value_name = "NAME", default_value = "socialai", value_parser = database_name)]
    database: String,
    /// Print the SQL instead of running it
    #[arg(long)]
    print_sql: bool,
}

/// What to set afterwards.
#[derive(Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
struct Addresses {
    database_url: String,
    socialai_owner_database_url: String,
}

fn database_name(text: &str) -> Result<String, String> {
    let fits = (1..=40).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if fits { Ok(text.to_owned()) } else { Err("use 1 to 40 of a-z, 0-9 and _, a letter first".to_owned()) }
}

impl SetupDatabase {
    pub async fn run(self, json: bool) -> Result<Outcome> {
        let (owner, app) = (random_secret(), random_secret());
        if self.print_sql {
            for statement in database::setup_sql(&self.database, owner.expose_secret(), app.expose_secret()) {
                console::say(&format!("{statement};"));
            }
            for statement in database::create_database_sql(&self.database) {
                console::say(&format!("{statement};"));
            }
            return Ok(Outcome::Done);
        }
        let admin = self.admin_url()?;
        let options = PgConnectOptions::from_str(&admin).context("--admin-url is not a PostgreSQL address")?;
        database::set_up(&options, &self.database, owner.expose_secret(), app.expose_secret()).await?;
        let (owner_role, app_role) = database::role_names(&self.database);
        let addresses = Addresses {
            database_url: address(&admin, &self.database, &app_role, app.expose_secret())?,
            socialai_owner_database_url: address(&admin, &self.database, &owner_role, owner.expose_secret())?,
        };
        if json {
            console::say_json(&addresses)?;
        } else {
            console::progress("The database is ready. Keep these two settings; they are shown once:");
            console::say(&format!("DATABASE_URL='{}'", addresses.database_url));
            console::say(&format!("SOCIALAI_OWNER_DATABASE_URL='{}'", addresses.socialai_owner_database_url));
        }
        Ok(Outcome::Done)
    }

    fn admin_url(&self) -> Result<String> {
        if let Some(url) = &self.admin_url {
            return Ok(url.clone());
        }
        let path = self.admin_url_file.as_ref().context("--admin-url is missing")?;
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(text.trim().to_owned())
    }
}

/// The administrator's address with another database, user and password; options such as `sslmode` stay.
fn address(admin: &str, database: &str, role: &str, password: &str) -> Result<String> {
    let wrong = "--admin-url is not a PostgreSQL address";
    let mut url = Url::parse(admin).context(wrong)?;
    url.set_path(database);
    url.set_username(role).ok().context(wrong)?;
    url.set_password(Some(password)).ok().context(wrong)?;
    Ok(url.into())
}
