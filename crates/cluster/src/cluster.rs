//! A cluster from the caller's side: start it, take its address, stop it.

use std::path::{Path, PathBuf};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc;

use crate::error::ClusterError;
use crate::initialise;
use crate::installation::Installation;
use crate::keeper::{Keeper, Stop};
use crate::leftover;
use crate::password::{self, SUPERUSER};
use crate::place::{Content, Place};
use crate::server::{Cause, Launch, Started, free_port};
use crate::settings::Settings;

/// Starts that fail for a passing reason (port taken meanwhile, memory still in use) are repeated.
const ATTEMPTS: u32 = 20;
const PAUSE_FOR_MEMORY: std::time::Duration = std::time::Duration::from_millis(500);

/// What a cluster is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder, made on the first start. The superuser's password is kept beside it, in
    /// `<folder>/../secrets/postgres.password` (mode 0600); should that file get lost, the next
    /// start sets a new password.
    pub folder: PathBuf,
    /// Off only for data that may be lost with the power.
    pub durable: bool,
    pub max_connections: u32,
}

impl Options {
    /// A durable cluster for one installation.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), durable: true, max_connections: 100 }
    }
}

/// A running server that is ours. It listens on a port of 127.0.0.1 that is new at every start; if
/// it dies it is started again on the same port.
///
/// Dropped without [`Cluster::stop`], the server is asked to stop but not waited for.
pub struct Cluster {
    installation: Installation,
    folder: PathBuf,
    password: SecretString,
    port: u16,
    keeper: Keeper,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("Cluster");
        shown.field("folder", &self.folder).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Makes the cluster on the first start, recovers it after a crash, and starts it.
    ///
    /// `progress` gets one sentence for each step that a person may wait for. Two processes must not
    /// do this on one folder at a time: hold a [`crate::FolderLock`].
    pub async fn start(options: Options, progress: &mut (dyn FnMut(&str) + Send)) -> Result<Self, ClusterError> {
        let (say, mut said) = mpsc::unbounded_channel::<String>();
        let work = tokio::task::spawn_blocking(move || {
            // The receiver is gone only when the caller gave up waiting; then nobody wants to hear.
            begin(&options, &mut |line| say.send(line.to_owned()).unwrap_or_default())
        });
        while let Some(line) = said.recv().await {
            progress(&line);
        }
        work.await.map_err(|error| ClusterError::Interrupted { reason: error.to_string() })?
    }

    /// The superuser's address of a database, with the password in it: hand it on, never print it.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://{SUPERUSER}:{}@127.0.0.1:{}/{}",
            utf8_percent_encode(self.password.expose_secret(), NON_ALPHANUMERIC),
            self.port,
            utf8_percent_encode(database, NON_ALPHANUMERIC)
        )
    }

    /// The programs that run it; `pg_dump` and `psql` of the same major are among them.
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// The folder that holds the data, links resolved.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends all sessions, writes everything down and waits for the end of the server.
    pub async fn stop(mut self) -> Result<(), ClusterError> {
        self.keeper.ask(Stop::Fast);
        let stopped = tokio::task::spawn_blocking(move || self.keeper.stop(Stop::Fast)).await;
        stopped.map_err(|error| ClusterError::Interrupted { reason: error.to_string() })?
    }

    pub(crate) fn stop_immediately(&mut self) -> Result<(), ClusterError> {
        self.keeper.stop(Stop::Immediate)
    }
}

fn begin(options: &Options, progress: &mut dyn FnMut(&str)) -> Result<Cluster, ClusterError> {
    let place = Place::prepare(&options.folder, progress)?;
    let installation = match place.content {
        Content::Cluster { major } => Installation::find_for_folder(&place.real, major)?,
        Content::Nothing => Installation::find(None)?,
    };
    let password_path = password::path_beside(&place.named);
    let kept = password::read(&password_path)?;
    let password = kept.clone().unwrap_or_else(password::generate);
    if place.content == Content::Nothing {
        progress(&format!("Creating a PostgreSQL {} database in {}", installation.major, place.named.display()));
        password::write(&password_path, &password)?;
        initialise::create(&installation, &place, &password, options.durable)?;
        place.link()?;
    } else {
        leftover::stop(&place.real, progress)?;
        if kept.is_none() {
            progress("The database password was lost and is set anew");
            password::reset(&installation, &place.account, &place.real, &password)?;
            password::write(&password_path, &password)?;
        }
    }
    let settings = Settings { durable: options.durable, max_connections: options.max_connections };
    let launch = Launch { installation, folder: place.real, account: place.account, settings };
    let (port, server) = start_server(&launch, progress)?;
    let Launch { installation, folder, .. } = launch.clone();
    let keeper = Keeper::watch(launch, port, server)?;
    Ok(Cluster { installation, folder, password, port, keeper })
}

fn start_server(launch: &Launch, progress: &mut dyn FnMut(&str)) -> Result<(u16, Started), ClusterError> {
    let mut attempt = 1;
    loop {
        let port = free_port()?;
        progress(&format!("Starting PostgreSQL {} on 127.0.0.1:{port}", launch.installation.major));
        let mut started = launch.spawn(port)?;
        let Err(cause) = launch.wait_ready(&mut started, progress)? else {
            return Ok((port, started));
        };
        let passing = matches!(cause, Cause::PortTaken | Cause::MemoryStillUsed);
        if !passing || attempt == ATTEMPTS {
            return Err(launch.failure(cause, &mut started));
        }
        if cause == Cause::MemoryStillUsed {
            std::thread::sleep(PAUSE_FOR_MEMORY);
        }
        attempt += 1;
    }
}
