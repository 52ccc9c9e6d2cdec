//! Starts the server program and waits until it answers, or says why it does not.
//!
//! `postgres` is run directly and not through `pg_ctl`: as our child its end is seen at once, and
//! what it says before its log file exists is not lost. Every setting that safety rests on stands on
//! the command line, where no edited configuration file in the folder can undo it.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::account::Account;
use crate::error::ClusterError;
use crate::installation::Installation;
use crate::leftover::{self, PidFile};
use crate::password::last_lines;
use crate::place::NEEDED_MB;
use crate::settings::{self, Settings};

const POLL: Duration = Duration::from_millis(15);
/// Repairing a large database after a crash takes minutes; only a server that hangs takes longer.
const READY_WITHIN: Duration = Duration::from_mins(10);
const SAY_SO_EVERY: Duration = Duration::from_secs(5);
const KEPT_LOGS: usize = 5;
const SHOWN_LINES: usize = 8;

/// All that is needed to start the server of one folder, again and again.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    pub(crate) installation: Installation,
    pub(crate) folder: PathBuf,
    pub(crate) account: Account,
    pub(crate) settings: Settings,
}

/// A server that was started, with what it said before it had a log.
pub(crate) struct Started {
    pub(crate) child: Child,
    first_words: File,
    /// The newest log file before this start and its length: what stands before is another run's.
    log_before: Option<(PathBuf, u64)>,
    since: Instant,
}

/// Why a start failed, as far as that decides what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    PortTaken,
    /// Children of a server that was killed have not all noticed yet.
    MemoryStillUsed,
    DiskFull,
    Damaged,
    Other,
}

impl Launch {
    pub(crate) fn spawn(&self, port: u16) -> Result<Started, ClusterError> {
        self.prune_logs();
        let program = self.installation.program("postgres");
        let cannot = |source| ClusterError::CannotRun { program: program.clone(), source };
        let first_words = tempfile::tempfile().map_err(cannot)?;
        let log_before =
            self.logs().pop().map(|log| (log.clone(), log.metadata().map_or(0, |metadata| metadata.len())));
        let child = self
            .account
            .command(&program, &self.folder)
            .arg("-D")
            .arg(&self.folder)
            .args(settings::arguments(&self.settings, port))
            .stdout(Stdio::null())
            .stderr(first_words.try_clone().map_err(cannot)?)
            .spawn()
            .map_err(cannot)?;
        Ok(Started { child, first_words, log_before, since: Instant::now() })
    }

    /// Waits until the server takes connections; gives back why not when it ended instead.
    pub(crate) fn wait_ready(
        &self,
        started: &mut Started,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Result<(), Cause>, ClusterError> {
        let mut say_next = SAY_SO_EVERY;
        loop {
            let ended = started.child.try_wait();
            if ended.map_err(|source| ClusterError::file("watch the server of", &self.folder, source))?.is_some() {
                return Ok(Err(diagnose(&self.words(started))));
            }
            if PidFile::read(&self.folder).is_some_and(|file| file.ready && file.pid == started.child.id()) {
                return Ok(Ok(()));
            }
            let waited = started.since.elapsed();
            if waited > READY_WITHIN {
                let (folder, log) = (self.folder.clone(), last_lines(&self.words(started), SHOWN_LINES));
                self.abandon(started);
                return Err(ClusterError::StartTooSlow { folder, seconds: READY_WITHIN.as_secs(), log });
            }
            if waited > say_next {
                progress(&format!("PostgreSQL is still starting after {} s (repairing itself?)", waited.as_secs()));
                say_next += SAY_SO_EVERY;
            }
            std::thread::sleep(POLL);
        }
    }

    /// Ends a server that hangs in its start, so that it does not hold the folder.
    fn abandon(&self, started: &mut Started) {
        leftover::send(started.child.id(), Signal::QUIT);
        if let Err(error) = started.child.wait() {
            tracing::warn!(folder = %self.folder.display(), %error, "a hanging PostgreSQL could not be ended");
        }
    }

    pub(crate) fn failure(&self, cause: Cause, started: &mut Started) -> ClusterError {
        let folder = self.folder.clone();
        let log = last_lines(&self.words(started), SHOWN_LINES);
        match cause {
            Cause::DiskFull => ClusterError::DiskFull { path: folder, free_mb: 0, needed_mb: NEEDED_MB },
            Cause::Damaged => ClusterError::Corrupted { folder, what: format!("PostgreSQL says:{log}\n") },
            Cause::PortTaken | Cause::MemoryStillUsed | Cause::Other => ClusterError::StartFailed { folder, log },
        }
    }

    /// What the server said since this start: on its way up, then in its log file.
    pub(crate) fn words(&self, started: &mut Started) -> String {
        let mut words = Vec::new();
        let read = started.first_words.seek(SeekFrom::Start(0));
        if let Err(error) = read.and_then(|_| started.first_words.read_to_end(&mut words)) {
            tracing::debug!(%error, "what the server said first could not be read");
        }
        let mut words = String::from_utf8_lossy(&words).into_owned();
        if let Some(log) = self.logs().last() {
            let from = match &started.log_before {
                Some((before, length)) if before == log => *length,
                Some((before, _)) if before > log => return words,
                _ => 0,
            };
            words.push_str(&end_of(log, from).unwrap_or_default());
        }
        words
    }

    /// The server's log files, oldest first; their names are their times.
    fn logs(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.folder.join(settings::LOG_FOLDER)) else { return Vec::new() };
        let files = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
        let ours = files.filter(|entry| entry.file_name().to_string_lossy().starts_with(settings::LOG_PREFIX));
        let mut paths: Vec<PathBuf> = ours.map(|entry| entry.path()).collect();
        paths.sort();
        paths
    }

    /// PostgreSQL begins a new log file at a size, but never removes one.
    pub(crate) fn prune_logs(&self) {
        let logs = self.logs();
        for path in logs.iter().take(logs.len().saturating_sub(KEPT_LOGS)) {
            if let Err(error) = fs::remove_file(path) {
                tracing::warn!(path = %path.display(), %error, "an old PostgreSQL log could not be removed");
            }
        }
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> Result<u16, ClusterError> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    bound.map(|address| address.port()).map_err(|source| ClusterError::NoPort { source })
}

fn end_of(log: &Path, from: u64) -> io::Result<String> {
    const ENOUGH: u64 = 16 * 1024;
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(ENOUGH).max(from)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads the server's own words, English because the cluster's locale is.
fn diagnose(words: &str) -> Cause {
    const DAMAGE: [&str; 9] = [
        "could not locate a valid checkpoint record",
        "incorrect checksum in control file",
        "database files are incompatible with server",
        "pg_control",
        "pg_filenode.map",
        "is not a database cluster directory",
        "does not contain valid data",
        "invalid checkpoint record",
        "missing or erroneous pg_hba",
    ];
    if words.contains("No space left on device") {
        Cause::DiskFull
    } else if words.contains("Address already in use") {
        Cause::PortTaken
    } else if words.contains("pre-existing shared memory block") {
        Cause::MemoryStillUsed
    } else if words.lines().any(|line| is_fatal(line) && DAMAGE.iter().any(|damage| line.contains(damage))) {
        Cause::Damaged
    } else {
        Cause::Other
    }
}

fn is_fatal(line: &str) -> bool {
    line.contains("FATAL:") || line.contains("PANIC:") || line.starts_with("postgres: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_read_from_the_servers_words() {
        let taken = "LOG:  could not bind IPv4 address \"127.0.0.1\": Address already in use";
        assert_eq!(diagnose(taken), Cause::PortTaken);
        let used = "FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use";
        assert_eq!(diagnose(used), Cause::MemoryStillUsed);
        assert_eq!(diagnose("PANIC:  could not locate a valid checkpoint record"), Cause::Damaged);
        assert_eq!(diagnose("PANIC:  could not write to file: No space left on device"), Cause::DiskFull);
        assert_eq!(diagnose("FATAL:  unrecognized configuration parameter"), Cause::Other);
    }

    #[test]
    fn a_warning_about_a_file_is_not_taken_for_damage() {
        assert_eq!(diagnose("LOG:  wrote pg_control\nFATAL:  out of memory"), Cause::Other);
    }
}
