//! What can go wrong, each as one sentence that says what is wrong and what to do about it.
//!
//! These sentences reach a person who has just typed `make run` and has never seen this code, so
//! they name the folder, the program and the next step, and never a Rust type.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a cluster could not be found, made, started, stopped or claimed.
#[derive(Debug, Error)]
pub enum ClusterError {
    #[error(
        "PostgreSQL {oldest} or newer is not installed{}: install it with `apt-get install postgresql` (Debian, \
         Ubuntu), `dnf install postgresql-server` (Fedora, RHEL) or `brew install postgresql@17` (macOS) and start \
         again, or set DATABASE_URL to use a server of your own",
        found_only(found)
    )]
    NotInstalled { oldest: u32, found: Vec<u32> },

    #[error(
        "the database in {} was made by PostgreSQL {wanted}, which is not installed{}: install it with `apt-get \
         install postgresql-{wanted}` (Debian, Ubuntu), `dnf install postgresql{wanted}-server` (Fedora, RHEL) or \
         `brew install postgresql@{wanted}` (macOS), or choose another data folder",
        folder.display(),
        found_only(found)
    )]
    MajorMissing { folder: PathBuf, wanted: u32, found: Vec<u32> },

    #[error(
        "the data folder {} is in use by another running socialai{}: stop that one first or choose another data folder",
        folder.display(),
        pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    InUse { folder: PathBuf, pid: Option<u32> },

    #[error(
        "cannot write to {} ({source}): give your user write permission there or choose another data folder",
        path.display()
    )]
    NotWritable { path: PathBuf, source: io::Error },

    #[error(
        "the database folder {} belongs to user id {owner}, not to the user who starts it (user id {us}): start as \
         that user or as root, or choose another data folder",
        folder.display()
    )]
    NotOurs { folder: PathBuf, owner: u32, us: u32 },

    #[error(
        "PostgreSQL must not run as root and would run as user `{user}`, who cannot enter {}: run `chmod o+x` on the \
         folders above it or move the data folder to where that user can reach it",
        folder.display()
    )]
    Unreachable { folder: PathBuf, user: String },

    #[error(
        "PostgreSQL must not run as root and there is neither a user `postgres` nor a user `nobody` to run it as: \
         create one with `useradd --system postgres` or start as an ordinary user"
    )]
    NoServerUser,

    #[error(
        "the disk with {} is full: {free_mb} MB are free and PostgreSQL needs at least {needed_mb} MB, so free some \
         space or choose a data folder on another disk",
        path.display()
    )]
    DiskFull { path: PathBuf, free_mb: u64, needed_mb: u64 },

    #[error(
        "{} holds other files and is not a PostgreSQL database: move them away or choose another data folder",
        folder.display()
    )]
    NotACluster { folder: PathBuf },

    #[error(
        "{} is a link to {}, which is missing: bring that folder back, or remove the link to begin with an empty \
         database",
        folder.display(),
        target.display()
    )]
    TargetMissing { folder: PathBuf, target: PathBuf },

    #[error(
        "the database in {} is damaged ({what}): restore a backup into an empty data folder, or move this folder away \
         to begin with an empty database",
        folder.display()
    )]
    Corrupted { folder: PathBuf, what: String },

    #[error(
        "process {pid} is a PostgreSQL that an earlier run left in {} and it does not stop: end it with `kill -QUIT \
         {pid}` and start again",
        folder.display()
    )]
    LeftoverRuns { folder: PathBuf, pid: u32 },

    #[error("{program} failed while {doing}; mend what it says and start again: {output}")]
    ProgramFailed { program: String, doing: String, output: String },

    #[error("cannot run {} ({source}): check that PostgreSQL is installed whole and may be executed", program.display())]
    CannotRun { program: PathBuf, source: io::Error },

    #[error("no free port was found on 127.0.0.1 ({source}): end programs that hold many connections and start again")]
    NoPort { source: io::Error },

    #[error(
        "PostgreSQL did not start in {}; mend what the last lines of its log say and start again: {log}",
        folder.display()
    )]
    StartFailed { folder: PathBuf, log: String },

    #[error(
        "PostgreSQL in {} was not ready after {seconds} seconds; look into its log in the folder `log` there and start \
         again: {log}",
        folder.display()
    )]
    StartTooSlow { folder: PathBuf, seconds: u64, log: String },

    #[error(
        "PostgreSQL in {} had to be killed because it did not stop; nothing is lost, and the next start repairs it",
        folder.display()
    )]
    StopTooSlow { folder: PathBuf },

    #[error("cannot {doing} {} ({source}): check the disk and the permissions there and start again", path.display())]
    File { doing: &'static str, path: PathBuf, source: io::Error },

    #[error("the task that starts or stops PostgreSQL was ended ({reason}): start again")]
    Interrupted { reason: String },
}

impl ClusterError {
    /// Sorts a file error into the sentence that tells its reader what to do.
    pub(crate) fn file(doing: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::NotWritable { path, source },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { path, free_mb: 0, needed_mb: crate::place::NEEDED_MB }
            }
            _ => Self::File { doing, path, source },
        }
    }
}

fn found_only(found: &[u32]) -> String {
    if found.is_empty() {
        return String::new();
    }
    let list: Vec<String> = found.iter().map(u32::to_string).collect();
    format!(" (only {} was found)", list.join(", "))
}
