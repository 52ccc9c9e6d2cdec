//! Folders, queries and questions to the system that several tests need.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use socialai_cluster::{Cluster, ClusterError, Installation, Options};

/// A folder that goes away with the test and that the server's account can reach.
pub struct Scratch(tempfile::TempDir);

impl Scratch {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("socialai-test-").tempdir_in("/tmp").unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The data folder in the product's layout.
    pub fn data(&self) -> PathBuf {
        self.path().join("postgres")
    }
}

/// Starts a cluster that need not survive a power cut.
pub async fn start(folder: &Path) -> Result<Cluster, ClusterError> {
    let (cluster, _said) = start_and_listen(folder).await;
    cluster
}

pub async fn start_and_listen(folder: &Path) -> (Result<Cluster, ClusterError>, Vec<String>) {
    let mut said = Vec::new();
    let options = Options { folder: folder.to_path_buf(), durable: false, max_connections: 20 };
    let cluster = Cluster::start(options, &mut |line| said.push(line.to_owned())).await;
    (cluster, said)
}

pub fn psql(installation: &Installation, url: &str, sql: &str) -> Result<String, String> {
    let output = Command::new(installation.program("psql"))
        .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "-v", "ON_ERROR_STOP=1"])
        .args(["-c", sql, url])
        .current_dir("/")
        .output()
        .unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

pub fn query(cluster: &Cluster, sql: &str) -> String {
    psql(cluster.installation(), &cluster.url("postgres"), sql).unwrap()
}

pub fn server_pid(folder: &Path) -> u32 {
    let text = fs::read_to_string(folder.join("postmaster.pid")).unwrap();
    text.lines().next().unwrap().parse().unwrap()
}

/// Alive and not a zombie.
pub fn is_alive(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or("").trim_start().starts_with('Z'))
}

pub fn owner_of_process(pid: u32) -> u32 {
    fs::metadata(format!("/proc/{pid}")).unwrap().uid()
}

pub fn kill(pid: u32) {
    assert!(Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
}

pub fn wait_until(what: &str, mut fact: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_mins(2);
    while !fact() {
        assert!(Instant::now() < until, "gave up waiting until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub fn we_are_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Leftovers of `initdb` beside the data folder.
pub fn workshops(scratch: &Scratch) -> Vec<PathBuf> {
    let entries = fs::read_dir(scratch.path()).unwrap().flatten().map(|entry| entry.path());
    entries.filter(|path| path.file_name().unwrap().to_string_lossy().contains(".init-")).collect()
}
