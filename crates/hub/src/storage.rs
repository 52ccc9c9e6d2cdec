//! From settings to open databases, whoever runs them.
//!
//! | settings | databases |
//! | --- | --- |
//! | none | a private PostgreSQL in the data folder, started here or found running |
//! | `DATABASE_URL` and the owner's | those two doors |
//! | `DATABASE_URL` alone | that role is the owner; the application role is made beside it |
//!
//! A server claims the data folder for itself. A command joins the server that runs there, or starts PostgreSQL for as
//! long as it works. The superuser of the private PostgreSQL is used for nothing but making roles and the database.

use std::{collections::BTreeMap, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use secrecy::{ExposeSecret, SecretString};
use socialai_cluster::{Cluster, ClusterError, FolderLock, Installation, Options};
use socialai_domain::{
    clock::Clock,
    database::{self, DatabaseError, Endpoint},
    installation,
    tenancy::Databases,
    vault::MasterKeys,
};
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::{
    config::{Config, MasterKeySource},
    data_folder::{DataFolder, Holder, Running, random_secret},
};

/// Name of the database and, with an ending, of its roles in the private PostgreSQL.
const DATABASE: &str = "socialai";
/// How long a command waits for another process on the same folder to get ready or to end.
const PATIENCE: Duration = Duration::from_mins(1);

/// Hears what a person may be waiting for.
pub type Say<'a> = &'a mut (dyn FnMut(&str) + Send);

/// The databases of an installation, reachable as long as this value lives.
#[derive(Debug)]
pub struct Storage {
    /// Control database first, then shards by name.
    pub endpoints: Vec<Endpoint>,
    pub folder: DataFolder,
    ours: Option<Ours>,
    keys: MasterKeySource,
}

/// A private PostgreSQL that this process started.
#[derive(Debug)]
struct Ours {
    // Dropped in this order: the server is asked to stop before the folder is given free.
    cluster: Cluster,
    _lock: FolderLock,
}

impl Storage {
    /// For a server: nobody else may run on the data folder.
    pub async fn claim(config: &Config, say: Say<'_>) -> Result<Self> {
        Self::reach(config, Holder::Server, say).await
    }

    /// For a command: beside a server or alone. An installation must be there already.
    pub async fn join(config: &Config, say: Say<'_>) -> Result<Self> {
        let folder = DataFolder::at(&config.data_dir);
        if config.database_url.is_none() && std::fs::symlink_metadata(folder.postgres()).is_err() {
            bail!(
                "there is no installation in {}: start one with `socialai demo` or `socialai serve`, or name its folder with --data-dir",
                folder.path().display()
            );
        }
        Self::join_or_make(config, say).await
    }

    /// The same, making the databases when there are none.
    pub async fn join_or_make(config: &Config, say: Say<'_>) -> Result<Self> {
        Self::reach(config, Holder::Command, say).await
    }

    async fn reach(config: &Config, holder: Holder, say: Say<'_>) -> Result<Self> {
        let folder = DataFolder::at(&config.data_dir);
        let keys = config.master_key.clone();
        let (control, ours) = if let Some(url) = &config.database_url {
            let owner = config.owner_database_url.as_ref();
            (doors(url, owner, None, &folder, &keys, say).await?, None)
        } else {
            private(&folder, holder, say).await?
        };
        let mut endpoints = vec![control];
        for (name, urls) in &config.shards {
            endpoints.push(doors(&urls.app, urls.owner.as_ref(), Some(name), &folder, &keys, say).await?);
        }
        Ok(Self { endpoints, folder, ours, keys })
    }

    /// Refuses to go on with a schema of another time.
    pub async fn require_current(&self) -> Result<()> {
        let pending = database::plan(&self.endpoints).await?;
        if pending.is_empty() {
            return Ok(());
        }
        let count: usize = pending.iter().map(|one| one.migrations.len()).sum();
        bail!("{count} migrations are to be made first: run `socialai migrate` (`--plan` shows them)")
    }

    /// Opens the installation, with a master key that is made on the first start.
    pub async fn open(&self, max_connections: u32, say: Say<'_>) -> Result<Databases> {
        for endpoint in &self.endpoints {
            if let Some(fault) = database::role_fault(endpoint).await? {
                bail!("{fault}: run the set-up step (`socialai setup-database --help`) and use the role that it makes");
            }
        }
        let fresh = ensure_keys(&self.folder, &self.keys, say)?;
        let pool = |endpoint: &Endpoint| database::pool(endpoint.app.clone(), max_connections);
        let control = pool(self.endpoints.first().context("no database is configured")?);
        let shards: BTreeMap<_, _> = self
            .endpoints
            .iter()
            .filter_map(|endpoint| endpoint.shard.clone().map(|name| (name, pool(endpoint))))
            .collect();
        let source = self.keys.clone();
        let opened = installation::open(control, shards, Arc::new(move || source.read()), Clock::default()).await;
        if opened.is_err() && fresh {
            // A key that opened nothing must not be taken for the right one later.
            let _ = std::fs::remove_file(self.folder.master_key());
        }
        opened.map_err(|error| anyhow::anyhow!("{error}"))
    }

    /// The PostgreSQL programs that fit the databases.
    pub fn programs(&self) -> Result<Installation> {
        match &self.ours {
            Some(ours) => Ok(ours.cluster.installation().clone()),
            None => Ok(Installation::find(None)?),
        }
    }

    /// Stops PostgreSQL when it was started here.
    pub async fn close(self) -> Result<()> {
        let Some(Ours { cluster, _lock }) = self.ours else { return Ok(()) };
        self.folder.remove_note();
        Ok(cluster.stop().await?)
    }
}

/// The private PostgreSQL: our own start, or the one of a server on the same folder.
async fn private(folder: &DataFolder, holder: Holder, say: Say<'_>) -> Result<(Endpoint, Option<Ours>)> {
    let until = tokio::time::Instant::now() + PATIENCE;
    let mut told = false;
    loop {
        let busy = match FolderLock::take(folder.path()) {
            Ok(lock) => return start(folder, holder, lock, say).await.map(|(control, ours)| (control, Some(ours))),
            Err(busy @ ClusterError::InUse { .. }) => busy,
            Err(other) => return Err(other.into()),
        };
        // A command in the folder ends by itself, and a server may still be starting.
        let note = folder.read_note().filter(|note| is_alive(note.pid));
        match note {
            Some(note) if note.holder == Holder::Server && holder == Holder::Command => {
                return Ok((local(folder, note.postgres_port)?, None));
            }
            Some(note) if note.holder == Holder::Server => return Err(busy.into()),
            None if holder == Holder::Server => return Err(busy.into()),
            _ if tokio::time::Instant::now() > until => return Err(busy.into()),
            _ => {}
        }
        if !told {
            say("Waiting for another socialai on this data folder");
            told = true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Signal 0 asks without disturbing.
fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| !matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH)))
}

async fn start(folder: &DataFolder, holder: Holder, lock: FolderLock, say: Say<'_>) -> Result<(Endpoint, Ours)> {
    folder.remove_note();
    let cluster = Cluster::start(Options::new(folder.postgres()), say).await?;
    let prepared = prepare(folder, holder, &cluster).await;
    match prepared {
        Ok(control) => Ok((control, Ours { cluster, _lock: lock })),
        Err(error) => {
            if let Err(second) = cluster.stop().await {
                tracing::warn!(error = %second, "PostgreSQL did not stop after a start that failed");
            }
            Err(error)
        }
    }
}

async fn prepare(folder: &DataFolder, holder: Holder, cluster: &Cluster) -> Result<Endpoint> {
    let admin = PgConnectOptions::from_str(&cluster.url("postgres"))?.ssl_mode(PgSslMode::Disable);
    let (owner, app) = passwords(folder)?;
    database::set_up(&admin, DATABASE, owner.expose_secret(), app.expose_secret()).await?;
    let port = admin.get_port();
    folder.write_note(&Running { pid: std::process::id(), holder, postgres_port: port })?;
    local(folder, port)
}

fn passwords(folder: &DataFolder) -> Result<(SecretString, SecretString)> {
    Ok((folder.keep("owner.password", random_secret)?.0, folder.keep("application.password", random_secret)?.0))
}

/// The doors of the private database on a port of this machine.
fn local(folder: &DataFolder, port: u16) -> Result<Endpoint> {
    let (owner_password, app_password) = passwords(folder)?;
    let (owner, app) = database::role_names(DATABASE);
    let door = |role: &str, password: &SecretString| {
        PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(port)
            .ssl_mode(PgSslMode::Disable)
            .database(DATABASE)
            .username(role)
            .password(password.expose_secret())
    };
    Ok(Endpoint { shard: None, owner: door(&owner, &owner_password), app: door(&app, &app_password) })
}

/// The doors of a database that somebody else runs.
async fn doors(
    app: &SecretString,
    owner: Option<&SecretString>,
    shard: Option<&str>,
    folder: &DataFolder,
    keys: &MasterKeySource,
    say: Say<'_>,
) -> Result<Endpoint> {
    let app_options = PgConnectOptions::from_str(app.expose_secret())?;
    let shard = shard.map(str::to_owned);
    if let Some(owner) = owner {
        let owner = PgConnectOptions::from_str(owner.expose_secret())?;
        return Ok(Endpoint { shard, owner, app: app_options });
    }
    ensure_keys(folder, keys, say)?;
    let password = keys.read()?.derive_password("application role");
    let adopted = database::adopt(&app_options, password.expose_secret()).await;
    let endpoint = adopted.map_err(|error| match error {
        DatabaseError::Privilege { .. } => anyhow::Error::new(error).context(
            "only one address of the database is set; set the owner's as well (SOCIALAI_OWNER_DATABASE_URL, for shards SOCIALAI_OWNER_SHARDS)",
        ),
        other => other.into(),
    })?;
    Ok(Endpoint { shard, ..endpoint })
}

/// Makes the key file when that is where the key is to be; true when it is new.
pub fn ensure_keys(folder: &DataFolder, keys: &MasterKeySource, say: Say<'_>) -> Result<bool> {
    let MasterKeySource::Kept(path) = keys else { return Ok(false) };
    let name: PathBuf = path.file_name().map(PathBuf::from).unwrap_or_default();
    let (_, fresh) = folder.keep(&name.to_string_lossy(), || MasterKeys::generate(1))?;
    if fresh {
        say(&format!(
            "A master key was made in {}: keep a copy of it elsewhere, nobody can read sealed fields without it",
            path.display()
        ));
    }
    keys.read().with_context(|| format!("{} cannot be used", path.display()))?;
    Ok(fresh)
}
