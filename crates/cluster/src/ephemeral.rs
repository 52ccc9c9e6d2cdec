//! A throw-away cluster for tests, which disappears with its owner, whatever ends that.
//!
//! A destructor does not run for a static or after `kill -9`. So the folder has a watchman: a small
//! shell that reads from a pipe which only the owner holds open. When the owner is gone the pipe
//! closes, and the watchman kills the server and removes the folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::account::Account;
use crate::cluster::{Cluster, Options};
use crate::error::ClusterError;
use crate::installation::Installation;

/// Repeats, because a server on its way up or down still creates files.
const WATCHMAN: &str = r#"
cat >/dev/null
rounds=0
while [ -e "$1" ] && [ "$rounds" -lt 100 ]; do
    pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
    if [ -n "$pid" ] && { [ ! -d /proc/self ] || [ "$(readlink "/proc/$pid/cwd")" = "$1/data" ]; }; then
        kill -QUIT "$pid" 2>/dev/null
    fi
    rm -rf "$1" 2>/dev/null
    rounds=$((rounds + 1))
    [ -e "$1" ] && sleep 0.1
done
"#;

/// A cluster in a temporary folder, quick and forgetful. Dropping it waits until it is gone.
#[derive(Debug)]
pub struct Ephemeral {
    // In this order: the server stops before the watchman takes its folder away.
    cluster: Cluster,
    _watchman: Watchman,
}

impl Ephemeral {
    /// Makes and starts a cluster that nobody else uses.
    pub async fn start() -> Result<Self, ClusterError> {
        let folder = temporary_folder()?;
        let watchman = Watchman::set(&folder)?;
        let options = Options { folder: folder.join("data"), durable: false, max_connections: 200 };
        let cluster = Cluster::start(options, &mut |line| tracing::debug!("{line}")).await?;
        Ok(Self { cluster, _watchman: watchman })
    }

    /// The superuser's address of a database.
    pub fn url(&self, database: &str) -> String {
        self.cluster.url(database)
    }

    /// The programs that run it.
    pub fn installation(&self) -> &Installation {
        self.cluster.installation()
    }
}

impl Drop for Ephemeral {
    fn drop(&mut self) {
        if let Err(error) = self.cluster.stop_immediately() {
            tracing::warn!(%error, "a throw-away PostgreSQL did not stop by itself");
        }
    }
}

#[derive(Debug)]
struct Watchman {
    shell: Child,
}

impl Watchman {
    fn set(folder: &Path) -> Result<Self, ClusterError> {
        let program = PathBuf::from("/bin/sh");
        let shell = Command::new(&program)
            .args(["-c", WATCHMAN, "sh"])
            .arg(folder)
            // Ctrl-C must not end it before its work.
            .process_group(0)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|source| ClusterError::CannotRun { program, source })?;
        Ok(Self { shell })
    }
}

impl Drop for Watchman {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        if let Err(error) = self.shell.wait() {
            tracing::warn!(%error, "the watchman of a throw-away PostgreSQL was lost");
        }
    }
}

/// A new folder below a temporary one that the server's account can reach.
fn temporary_folder() -> Result<PathBuf, ClusterError> {
    let account = Account::choose(None)?;
    let homes = [std::env::temp_dir(), PathBuf::from("/tmp"), PathBuf::from("/var/tmp")];
    let [first, ..] = &homes;
    let home = homes.iter().find(|home| account.can_enter(home)).unwrap_or(first);
    let cannot = |source| ClusterError::file("create a temporary folder in", home, source);
    let made = tempfile::Builder::new().prefix("socialai-cluster-").tempdir_in(home).map_err(cannot)?;
    // Given up last: until here a failure removes the folder again.
    fs::set_permissions(made.path(), fs::Permissions::from_mode(0o711)).map_err(cannot)?;
    let real = made.path().canonicalize().map_err(cannot)?;
    let _now_the_watchmans = made.keep();
    Ok(real)
}
