//! The operating-system account that PostgreSQL's programs run as.
//!
//! PostgreSQL refuses to run as root, and rightly so. Started by root we therefore hand its programs
//! to an ordinary user; started by anyone else they run as that user.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::ClusterError;

/// Accounts tried in this order when we are root.
const SERVER_USERS: [&str; 2] = ["postgres", "nobody"];

/// What of our environment PostgreSQL may see: how to find programs and libraries, never our secrets.
const PASSED_ON: [&str; 4] = ["PATH", "LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "TMPDIR"];

/// Who runs the server, and whether that means changing user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Set when we are root and become this user for each program.
    pub(crate) switches: bool,
}

impl Account {
    /// Ourselves, or when we are root the owner of an existing cluster, else `postgres`, else `nobody`.
    ///
    /// The owner comes first so that one `sudo` does not lock a user out of the data made without it.
    pub(crate) fn choose(existing_cluster: Option<&Path>) -> Result<Self, ClusterError> {
        let uid = rustix::process::geteuid().as_raw();
        if uid != 0 {
            let gid = rustix::process::getegid().as_raw();
            return Ok(Self { name: format!("user id {uid}"), uid, gid, switches: false });
        }
        if let Some(metadata) = existing_cluster.and_then(|folder| folder.metadata().ok())
            && metadata.uid() != 0
        {
            let (uid, gid) = (metadata.uid(), metadata.gid());
            return Ok(Self { name: format!("user id {uid}"), uid, gid, switches: true });
        }
        SERVER_USERS.into_iter().find_map(Self::named).ok_or(ClusterError::NoServerUser)
    }

    /// Asks `id`, because accounts may live in a directory server and not in `/etc/passwd`.
    fn named(name: &str) -> Option<Self> {
        let number = |flag: &str| -> Option<u32> {
            let output = Command::new("id").args([flag, name]).stderr(Stdio::null()).output().ok()?;
            String::from_utf8_lossy(&output.stdout).trim().parse().ok()
        };
        let (uid, gid) = (number("-u")?, number("-g")?);
        (uid != 0).then(|| Self { name: name.to_owned(), uid, gid, switches: true })
    }

    /// A command that runs as this account, apart from our terminal and without our environment.
    ///
    /// `LC_ALL` is set because the server on macOS refuses to start without a locale, and because
    /// `start.rs` reads a few of its messages, which are English in this locale.
    pub(crate) fn command(&self, program: &Path, working_folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("LC_ALL", "C").current_dir(working_folder).stdin(Stdio::null());
        for name in PASSED_ON {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        // A process group of its own: Ctrl-C in our terminal reaches us and not the server, which
        // would otherwise be gone before we have finished the requests that are under way.
        command.process_group(0);
        if self.switches {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Whether this account can reach a folder, asked of the system by going there, because mode
    /// bits alone know nothing of access lists and mounts.
    pub(crate) fn can_enter(&self, folder: &Path) -> bool {
        let shell = Path::new("/bin/sh");
        let status = self
            .command(shell, Path::new("/"))
            .args(["-c", "cd -- \"$1\"", "sh"])
            .arg(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    }

    /// Gives a file or folder to this account, and a folder with all that is in it.
    ///
    /// Links are given away themselves and never followed.
    pub(crate) fn give(&self, path: &Path) -> io::Result<()> {
        if !self.switches {
            return Ok(());
        }
        std::os::unix::fs::lchown(path, Some(self.uid), Some(self.gid))?;
        if path.symlink_metadata()?.is_dir() {
            for entry in std::fs::read_dir(path)? {
                self.give(&entry?.path())?;
            }
        }
        Ok(())
    }
}
