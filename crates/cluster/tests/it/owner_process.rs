//! Another process that owns a cluster, so that tests can kill the owner.
//!
//! The test binary calls itself, because `cargo test --test it` builds no second program: run with
//! a role in its environment, the test named by `DOOR` plays it, reports on standard output and
//! waits to be killed.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use socialai_cluster::{Ephemeral, FolderLock};

use crate::support::{Scratch, psql, start};

const DOOR: &str = "owner_process::killed_owner_leaves_its_lock_free";
const ROLE: &str = "CLUSTER_TEST_ROLE";
const FOLDER: &str = "CLUSTER_TEST_FOLDER";
const MARK: &str = "REPORT ";

pub struct Owner {
    child: Child,
}

impl Owner {
    /// `cluster` starts one and writes a row, `ephemeral` starts a throw-away, `lock` claims a folder.
    pub fn spawn(role: &str, folder: &Path, uid: Option<u32>) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", DOOR, "--nocapture"]);
        command.env(ROLE, role).env(FOLDER, folder).current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        if let Some(uid) = uid {
            command.uid(uid).gid(uid);
        }
        Self { child: command.spawn().unwrap() }
    }

    /// What it reports when it is done and waits.
    pub fn report(&mut self) -> String {
        let lines = BufReader::new(self.child.stdout.as_mut().unwrap()).lines();
        let mut reports = lines.map_while(Result::ok).filter_map(|line| Some(line.split_once(MARK)?.1.to_owned()));
        reports.next().expect("the other process ended without a report")
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.kill();
        }
    }
}

fn report(text: &str) {
    let mut output = std::io::stdout();
    writeln!(output, "{MARK}{text}").unwrap();
    output.flush().unwrap();
}

/// The door through which the other process comes in, and itself a test of what the others rely on.
#[tokio::test]
async fn killed_owner_leaves_its_lock_free() {
    if let Ok(role) = std::env::var(ROLE) {
        return own(&role, Path::new(&std::env::var_os(FOLDER).unwrap())).await;
    }
    let scratch = Scratch::new();
    let mut owner = Owner::spawn("lock", scratch.path(), None);
    assert_eq!(owner.report(), "locked");
    assert!(FolderLock::take(scratch.path()).is_err());
    owner.kill();
    assert!(FolderLock::take(scratch.path()).is_ok());
}

/// What the other process does until it is killed.
async fn own(role: &str, folder: &Path) {
    match role {
        "cluster" => {
            let started = start(folder).await;
            let outcome = match &started {
                Ok(cluster) => {
                    let sql = "create table if not exists kept (n int); insert into kept values (1)";
                    psql(cluster.installation(), &cluster.url("postgres"), sql).unwrap();
                    "started".to_owned()
                }
                Err(error) => error.to_string(),
            };
            report(&outcome);
            std::future::pending::<()>().await;
        }
        "ephemeral" => {
            let cluster = Ephemeral::start().await.unwrap();
            report(&psql(cluster.installation(), &cluster.url("postgres"), "show data_directory").unwrap());
            std::future::pending::<()>().await;
        }
        "lock" => {
            let _lock = FolderLock::take(folder).unwrap();
            report("locked");
            std::future::pending::<()>().await;
        }
        other => panic!("unknown role {other}"),
    }
}
