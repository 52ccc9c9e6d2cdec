//! What an earlier run left behind: a server that still runs, or a pid file that lies.
//!
//! A killed process cannot stop its server, so the next start finds one of these in the folder:
//! - a server that still runs: it is recognised by program and folder, and stopped;
//! - `postmaster.pid` of a server that is gone, whose number the system has since given to another
//!   program: PostgreSQL would refuse to start on it, so the file is removed;
//! - a dead postmaster with children that still hold shared memory: they get time to notice, then
//!   are killed (harmless then, because nobody else writes to the folder).
//!
//! `/proc` tells these apart. Where there is none (macOS), the command line of the pid is asked for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::error::ClusterError;

const PID_FILE: &str = "postmaster.pid";
const POLL: Duration = Duration::from_millis(20);
const FAST_STOP: Duration = Duration::from_mins(1);
const IMMEDIATE_STOP: Duration = Duration::from_secs(10);
const CHILDREN_NOTICE: Duration = Duration::from_secs(3);

/// What `postmaster.pid` says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PidFile {
    pub(crate) pid: u32,
    pub(crate) ready: bool,
}

impl PidFile {
    /// Nothing when there is no such file or it is not (yet) whole.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        let text = fs::read_to_string(folder.join(PID_FILE)).ok()?;
        let mut lines = text.lines();
        // A postmaster writes its pid; a lone backend (`postgres --single`) writes it negated.
        let pid = lines.next()?.trim().trim_start_matches('-').parse().ok()?;
        let ready = lines.nth(6).is_some_and(|status| status.trim() == "ready");
        Some(Self { pid, ready })
    }
}

/// Stops what still runs in the folder and removes a pid file that no server stands behind.
pub(crate) fn stop(folder: &Path, progress: &mut dyn FnMut(&str)) -> Result<(), ClusterError> {
    if let Some(file) = PidFile::read(folder)
        && serves(file.pid, folder)
    {
        progress("Stopping the PostgreSQL that an earlier run left running");
        stop_postmaster(file.pid, folder)?;
    }
    end_children(folder)?;
    let path = folder.join(PID_FILE);
    match fs::remove_file(&path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(ClusterError::file("remove the stale file", &path, source))
        }
        _ => Ok(()),
    }
}

fn stop_postmaster(pid: u32, folder: &Path) -> Result<(), ClusterError> {
    for (signal, patience) in [(Signal::INT, FAST_STOP), (Signal::QUIT, IMMEDIATE_STOP), (Signal::KILL, IMMEDIATE_STOP)]
    {
        if !send(pid, signal) {
            break;
        }
        if ends_within(pid, folder, patience) {
            return Ok(());
        }
    }
    if serves(pid, folder) {
        return Err(ClusterError::LeftoverRuns { folder: folder.to_path_buf(), pid });
    }
    Ok(())
}

fn end_children(folder: &Path) -> Result<(), ClusterError> {
    for pid in servers_in(folder) {
        if !ends_within(pid, folder, CHILDREN_NOTICE) {
            send(pid, Signal::KILL);
            if !ends_within(pid, folder, IMMEDIATE_STOP) {
                return Err(ClusterError::LeftoverRuns { folder: folder.to_path_buf(), pid });
            }
        }
    }
    Ok(())
}

fn ends_within(pid: u32, folder: &Path, patience: Duration) -> bool {
    let until = Instant::now() + patience;
    while serves(pid, folder) {
        if Instant::now() > until {
            return false;
        }
        std::thread::sleep(POLL);
    }
    true
}

/// Sends a signal; false when it could not be delivered.
pub(crate) fn send(pid: u32, signal: Signal) -> bool {
    raw_pid(pid).is_some_and(|pid| kill_process(pid, signal).is_ok())
}

fn raw_pid(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// Whether this pid is a PostgreSQL of this folder.
fn serves(pid: u32, folder: &Path) -> bool {
    if Path::new("/proc/self/exe").exists() {
        return works_in(&Path::new("/proc").join(pid.to_string()), folder);
    }
    let alive = raw_pid(pid).is_some_and(|pid| test_kill_process(pid).is_ok());
    alive
        && command_line(pid).is_some_and(|line| line.contains("postgres") && line.contains(&*folder.to_string_lossy()))
}

fn servers_in(folder: &Path) -> Vec<u32> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let numbered = processes.flatten().filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        Some((pid, entry.path()))
    });
    numbered.filter(|(_, process)| works_in(process, folder)).map(|(pid, _)| pid).collect()
}

/// The server changes to its data folder when it starts, and so do its children.
fn works_in(process: &Path, folder: &Path) -> bool {
    let Ok(working_folder) = fs::read_link(process.join("cwd")) else { return false };
    let Ok(program) = fs::read_link(process.join("exe")) else { return false };
    // After an upgrade of the package the running program is one that was deleted.
    let name = program.file_name().map(|name| name.to_string_lossy().replace(" (deleted)", ""));
    let is_postgres = name.is_some_and(|name| name == "postgres" || name == "postmaster");
    let real: PathBuf = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    is_postgres && working_folder == real
}

fn command_line(pid: u32) -> Option<String> {
    let output = Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()]).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}
