//! `socialai backup`: every database of the installation into a folder, and the objects that are kept in one.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use socialai_connect::objects::Objects;
use socialai_domain::{clock::Clock, database};

use super::Outcome;
use crate::{
    backup::{
        self, Dumped, MASTER_KEY, Manifest, Unfinished,
        objects::{self, Kept},
    },
    channels,
    config::Config,
    console,
    data_folder::replace,
    storage::Storage,
};

/// Back up every database and all attachments into a folder, while servers keep running
///
/// Each database is dumped as of one moment; shards one after the other, then attachments and other files of the data
/// folder. Those in a bucket are NOT in it: back the bucket up by its own means. The folder appears when it is complete. The
/// master key is NOT in it: without the key nobody can read the sealed fields of a restored database. Keep the key
/// elsewhere, or put it in with --with-keys and guard the folder as you guard the key.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  socialai backup --to /backup/hub-2026-11-21
  socialai backup --to /backup/hub --with-keys")]
pub struct Backup {
    /// The folder to make
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// Put the master key in as well
    #[arg(long)]
    with_keys: bool,
}

impl Backup {
    pub async fn run(self, config: &Config, json: bool) -> Result<Outcome> {
        let storage = Storage::join(config, &mut console::progress).await?;
        let made = self.make(config, &storage).await;
        storage.close().await?;
        let manifest = made?;
        if json {
            console::say_json(&manifest)?;
        } else {
            console::say(&format!("{} holds {} bytes.", self.to.display(), manifest.bytes()));
        }
        if let Kept::InBucket { bucket } = &manifest.objects {
            console::progress(&format!(
                "Attachments and other files are in the bucket {bucket} and NOT in the backup: back it up by its own means, after the databases."
            ));
        }
        console::progress(if self.with_keys {
            "The master key is in the backup: whoever holds the folder can read everything."
        } else {
            "The master key is NOT in the backup: keep it elsewhere, nothing sealed can be read without it."
        });
        Ok(Outcome::Done)
    }

    async fn make(&self, config: &Config, storage: &Storage) -> Result<Manifest> {
        let programs = storage.programs()?;
        let unfinished = Unfinished::begin(&self.to)?;
        let made_at = Clock::default().now();
        let (mut databases, mut migrations) = (Vec::new(), (0, 0));
        for endpoint in &storage.endpoints {
            let inspection = database::inspect(endpoint).await?;
            if endpoint.shard.is_none() {
                migrations = inspection.migrations;
            }
            let file = match &endpoint.shard {
                None => "control.dump".to_owned(),
                Some(name) => format!("shard-{name}.dump"),
            };
            console::progress(&format!("Dumping {file}"));
            backup::dump(&programs, &endpoint.owner, &unfinished.path().join(&file)).await?;
            databases.push(Dumped { shard: endpoint.shard.clone(), file, postgres: inspection.server_version });
        }
        let mut others = Vec::new();
        let objects = keep_objects(config, unfinished.path())?;
        if matches!(objects, Kept::Here { .. }) {
            others.push(objects::LIST);
        }
        if self.with_keys {
            put_key(config, unfinished.path())?;
            others.push(MASTER_KEY);
        }
        let manifest = Manifest::describe(unfinished.path(), made_at, migrations, databases, &others, objects)?;
        unfinished.finish(&manifest)?;
        Ok(manifest)
    }
}

/// After the databases, so that whatever they name is there.
fn keep_objects(config: &Config, backup: &Path) -> Result<Kept> {
    match channels::objects(config)? {
        Objects::Folder(folder) => {
            console::progress("Copying attachments and other files");
            objects::copy(&folder, backup)
        }
        Objects::Bucket(_) => {
            let bucket = config.bucket.as_ref().map(|settings| settings.bucket.clone()).unwrap_or_default();
            Ok(Kept::InBucket { bucket })
        }
    }
}

fn put_key(config: &Config, folder: &Path) -> Result<()> {
    let path = folder.join(MASTER_KEY);
    let text = config.master_key.text().context("the master key cannot be read")?;
    replace(&path, secrecy::ExposeSecret::expose_secret(&text))
        .with_context(|| format!("cannot write {}", path.display()))
}
