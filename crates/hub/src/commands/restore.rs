//! `socialai restore`: a backup into an installation that is empty.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use secrecy::ExposeSecret;
use socialai_domain::{audit::Actor, database, tenants};
use time::format_description::well_known::Rfc3339;

use super::{CONNECTIONS, Outcome};
use crate::{
    backup::{
        self, MASTER_KEY, Manifest,
        objects::{self, Kept},
    },
    channels,
    config::{Config, MasterKeySource},
    console,
    data_folder::{DataFolder, read_secret, replace},
    storage::Storage,
};

/// Restore a backup into an empty data folder or empty databases
///
/// Nothing is overwritten: what is to be restored into must be empty. Every file is compared with the manifest first, a
/// backup of a newer version is refused, an older one is brought up to date. Attachments and other files go to where this
/// installation keeps them: its data folder, or its bucket. At the end the installation is opened, which proves that the
/// master key fits. Put the key in place before (AES_MASTER_KEY, or <data-dir>/secrets/master.key), unless
/// it is in the backup.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  socialai restore --from /backup/hub-2026-11-21 --data-dir /srv/hub")]
pub struct Restore {
    /// The folder that `socialai backup` made
    #[arg(long, value_name = "FOLDER")]
    from: PathBuf,
}

impl Restore {
    pub async fn run(self, config: &Config, json: bool) -> Result<Outcome> {
        let manifest = Manifest::read(&self.from)?;
        manifest.verify(&self.from)?;
        let known = database::known_migrations();
        ensure!(
            manifest.migrations.0 <= known.0 && manifest.migrations.1 <= known.1,
            "the backup was made by SocialAI Hub {}, which is newer than this program ({}): restore it with that version",
            manifest.version,
            env!("CARGO_PKG_VERSION")
        );
        let folder = DataFolder::at(&config.data_dir);
        if config.database_url.is_none() {
            ensure!(
                std::fs::symlink_metadata(folder.postgres()).is_err(),
                "{} holds an installation already: choose an empty data folder (--data-dir)",
                folder.path().display()
            );
        }
        self.take_key(config, &folder, &manifest)?;
        let storage = Storage::join_or_make(config, &mut console::progress).await?;
        let restored = self.fill(config, &storage, &manifest).await;
        storage.close().await?;
        let tenants = restored.with_context(|| {
            format!(
                "the restore did not finish: remove {} (or empty the databases) and run it again",
                folder.postgres().display()
            )
        })?;
        if json {
            console::say_json(&serde_json::json!({ "restored": manifest, "tenants": tenants }))?;
        } else {
            let as_of = manifest.made_at.format(&Rfc3339)?;
            console::say(&format!("Restored: {tenants} tenants, as of {as_of}. The master key fits."));
        }
        Ok(Outcome::Done)
    }

    /// The key that is in place wins over the one in the backup.
    fn take_key(&self, config: &Config, folder: &DataFolder, manifest: &Manifest) -> Result<()> {
        let MasterKeySource::Kept(path) = &config.master_key else { return Ok(()) };
        if read_secret(path)?.is_some() {
            return Ok(());
        }
        if !manifest.holds(MASTER_KEY) {
            bail!(
                "the backup holds no master key: set AES_MASTER_KEY to the key that its database was made with, or put the key file at {}",
                folder.master_key().display()
            );
        }
        let key = read_secret(&self.from.join(MASTER_KEY))?.context("the master key of the backup is missing")?;
        replace(path, key.expose_secret()).with_context(|| format!("cannot write {}", path.display()))
    }

    async fn fill(&self, config: &Config, storage: &Storage, manifest: &Manifest) -> Result<i64> {
        let programs = storage.programs()?;
        let names = |list: Vec<Option<String>>| {
            let mut list = list;
            list.sort();
            list
        };
        let here = names(storage.endpoints.iter().map(|endpoint| endpoint.shard.clone()).collect());
        let there = names(manifest.databases.iter().map(|database| database.shard.clone()).collect());
        ensure!(
            here == there,
            "the backup has the shards [{}] and this installation [{}]: set SOCIALAI_SHARDS and SOCIALAI_OWNER_SHARDS accordingly",
            there.iter().flatten().cloned().collect::<Vec<_>>().join(", "),
            here.iter().flatten().cloned().collect::<Vec<_>>().join(", ")
        );
        for endpoint in &storage.endpoints {
            let name = endpoint.shard.as_deref().unwrap_or("control");
            ensure!(
                database::inspect(endpoint).await?.is_empty,
                "the {name} database is not empty; nothing was changed"
            );
        }
        self.put_objects(config, manifest).await?;
        // The control database last: until it is there, nothing of a restore that was interrupted can be used.
        for endpoint in storage.endpoints.iter().rev() {
            let Some(dumped) = manifest.databases.iter().find(|one| one.shard == endpoint.shard) else { continue };
            console::progress(&format!("Restoring {}", dumped.file));
            backup::load(&programs, &endpoint.owner, &self.from.join(&dumped.file)).await?;
        }
        database::migrate(&storage.endpoints, &mut |line| console::progress(&line)).await?;
        let databases = storage.open(CONNECTIONS, &mut console::progress).await?;
        let mut tx = databases.system(Actor::operator()).await?;
        let count = tenants::count(&mut tx).await?;
        tx.rollback().await?;
        databases.close().await;
        Ok(count)
    }

    /// Before the databases, so that nothing names what is not there yet.
    async fn put_objects(&self, config: &Config, manifest: &Manifest) -> Result<()> {
        match &manifest.objects {
            Kept::Here { number, .. } => {
                console::progress(&format!("Restoring {number} attachments and other files"));
                objects::put(&self.from, &channels::objects(config)?).await
            }
            Kept::InBucket { bucket } => {
                console::progress(&format!(
                    "Attachments and other files were in the bucket {bucket} and are NOT in the backup: set S3_BUCKET to it, or to a copy of it."
                ));
                Ok(())
            }
            Kept::LeftOut => {
                console::progress(
                    "This backup is of a version that left attachments out: put your copy of `objects/` into the data folder.",
                );
                Ok(())
            }
        }
    }
}
