//! `socialai keys …`: new keys for sealed fields and for tokens.

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use socialai_domain::{audit::Actor, rotation, signing, vault::MasterKeys};

use super::{Outcome, Session};
use crate::{
    config::{Config, MasterKeySource},
    console,
    data_folder::{read_secret, replace},
};

/// Rotate the master key and the signing key
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Give all sealed fields a new master key, or tokens a new signing key
    ///
    /// With the key file of the data folder, a new version is added to the file first. With AES_MASTER_KEY, put the new
    /// version in front there yourself and restart the servers before. Then every sealed value is encrypted with the
    /// newest version, in batches, while servers keep running. It may be stopped at any time and run again. Old versions
    /// stay in the file; take them out when the command has found nothing left to do.
    ///
    /// A new signing key (--signing) logs nobody out: the old one is believed for another hour.
    #[command(after_help = "Examples:
  socialai keys rotate
  socialai keys rotate --signing")]
    Rotate(Rotate),
}

#[derive(Debug, Args)]
pub struct Rotate {
    /// Rotate the key that signs access tokens instead of the master key
    #[arg(long)]
    signing: bool,
}

impl Keys {
    pub async fn run(self, config: &Config, json: bool) -> Result<Outcome> {
        let Self::Rotate(rotate) = self;
        let session = Session::open(config).await?;
        let outcome = if rotate.signing {
            signing_key(config, &session, json).await
        } else {
            master_key(config, &session, json).await
        };
        session.close(outcome).await
    }
}

async fn signing_key(config: &Config, session: &Session, json: bool) -> Result<Outcome> {
    if config.jwt_private_key.is_some() {
        bail!("JWT_PRIVATE_KEY is set, so the signing key is yours: replace it there and restart the servers");
    }
    let mut tx = session.databases.system(Actor::operator()).await?;
    let kid = signing::rotate(&mut tx).await?;
    tx.commit().await?;
    if json {
        console::say_json(&serde_json::json!({ "kid": kid }))?;
    } else {
        console::say(&format!("New tokens are signed with {kid} within a minute; nobody is logged out."));
    }
    Ok(Outcome::Done)
}

async fn master_key(config: &Config, session: &Session, json: bool) -> Result<Outcome> {
    let vault = session.databases.vault();
    let waiting = rotation::count_all(&session.databases).await?;
    if waiting == 0 {
        match &config.master_key {
            MasterKeySource::Kept(path) => {
                add_version(path, vault.newest_version() + 1)?;
                vault.renew()?;
                console::progress(&format!("Version {} was added to {}", vault.newest_version(), path.display()));
            }
            given => bail!(
                "everything is sealed with the newest version ({}) of {}: put a new one in front ('2:<new>,1:<old>', made with `openssl rand -base64 32`), restart the servers, and run this again",
                vault.newest_version(),
                given.describe()
            ),
        }
    } else {
        console::progress(&format!("{waiting} values are left for version {}", vault.newest_version()));
    }
    let mut last_percent = -1;
    let mut show = |progress: rotation::Progress| {
        let percent = progress.done * 100 / progress.total.max(1);
        if percent != last_percent {
            last_percent = percent;
            console::progress(&format!("Sealed anew: {} of {} ({percent} %)", progress.done, progress.total));
        }
    };
    let mut done = rotation::reseal_all(&session.databases, &mut show).await?.done;
    // A running server may have sealed with the old version until it noticed the new one.
    let left = rotation::count_all(&session.databases).await?;
    if left > 0 {
        done += rotation::reseal_all(&session.databases, &mut show).await?.done;
    }
    let version = vault.newest_version();
    if json {
        console::say_json(&serde_json::json!({ "version": version, "resealed": done }))?;
    } else {
        console::say(&format!(
            "{done} values are sealed with version {version}. Back up the key, apart from the database."
        ));
    }
    Ok(Outcome::Done)
}

/// The newest version stands first; a reader sees the old file or the new one.
fn add_version(path: &std::path::Path, version: u32) -> Result<()> {
    let old = read_secret(path)?.with_context(|| format!("{} is missing", path.display()))?;
    let text = format!("{}\n{}", MasterKeys::generate(version).expose_secret(), old.expose_secret());
    replace(path, &text).with_context(|| format!("cannot write {}", path.display()))
}
