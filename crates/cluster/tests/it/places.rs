//! Folders that the server's account cannot reach, that we may not write, that have no room.
//!
//! Most of these need root to arrange and are skipped, with a message, for an ordinary user.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use socialai_cluster::ClusterError;

use crate::owner_process::Owner;
use crate::support::{Scratch, owner_of_process, query, server_pid, start, start_and_listen, we_are_root};

/// An ordinary account that surely exists.
const NOBODY: u32 = 65534;

/// Says in the test's output why nothing was tried.
fn skipped_without_root() -> bool {
    if !we_are_root() {
        eprintln!("skipped: only root can arrange this");
    }
    !we_are_root()
}

#[tokio::test]
async fn folder_out_of_the_servers_reach_becomes_a_link() {
    if skipped_without_root() {
        return;
    }
    let scratch = Scratch::new();
    let closed = scratch.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let folder = closed.join("data/postgres");

    let (cluster, said) = start_and_listen(&folder).await;
    let cluster = cluster.unwrap();
    let target = RemovedAtEnd(fs::read_link(&folder).unwrap());
    assert!(target.0.starts_with("/var/lib/socialai"), "{:?}", target.0);
    assert!(said.iter().any(|line| line.contains(&*target.0.to_string_lossy())), "{said:?}");
    query(&cluster, "create table kept (n int)");
    cluster.stop().await.unwrap();

    let cluster = start(&folder).await.unwrap();
    assert_eq!(query(&cluster, "select count(*) from kept"), "0");
    cluster.stop().await.unwrap();

    // The link went away with its folder: a new installation must not show the old one's data.
    fs::remove_file(&folder).unwrap();
    let (cluster, said) = start_and_listen(&folder).await;
    let cluster = cluster.unwrap();
    let _aside = RemovedAtEnd(target.0.with_extension("old-1"));
    assert!(said.iter().any(|line| line.contains("was kept as")), "{said:?}");
    assert_eq!(query(&cluster, "select count(*) from pg_class where relname = 'kept'"), "0");
    cluster.stop().await.unwrap();

    fs::remove_dir_all(&target.0).unwrap();
    let error = start(&folder).await.unwrap_err();
    assert!(matches!(error, ClusterError::TargetMissing { .. }), "{error:?}");
}

struct RemovedAtEnd(PathBuf);

impl Drop for RemovedAtEnd {
    fn drop(&mut self) {
        let _gone_already = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn ordinary_user_runs_the_server_as_themselves() {
    if skipped_without_root() {
        return;
    }
    let scratch = Scratch::new();
    let home = scratch.path().join("home");
    fs::create_dir(&home).unwrap();
    chown(&home, Some(NOBODY), Some(NOBODY)).unwrap();
    let mut owner = Owner::spawn("cluster", &home.join("postgres"), Some(NOBODY));
    assert_eq!(owner.report(), "started");
    let pid = server_pid(&home.join("postgres"));
    assert_eq!(owner_of_process(pid), NOBODY);
    owner.kill();
    // Kindly, so that it gives back its shared memory.
    assert!(Command::new("kill").args(["-QUIT", &pid.to_string()]).status().unwrap().success());
    crate::support::wait_until("the server is gone", || !crate::support::is_alive(pid));
}

#[tokio::test]
async fn root_opens_a_users_folder_as_that_user() {
    if skipped_without_root() {
        return;
    }
    let scratch = Scratch::new();
    start(&scratch.data()).await.unwrap().stop().await.unwrap();
    give_all(&scratch.data(), NOBODY);
    let cluster = start(&scratch.data()).await.unwrap();
    assert_eq!(owner_of_process(server_pid(&scratch.data())), NOBODY);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn folder_restored_by_root_is_given_to_the_servers_account() {
    if skipped_without_root() {
        return;
    }
    let scratch = Scratch::new();
    start(&scratch.data()).await.unwrap().stop().await.unwrap();
    give_all(&scratch.data(), 0);
    fs::set_permissions(scratch.data(), fs::Permissions::from_mode(0o755)).unwrap();
    let cluster = start(&scratch.data()).await.unwrap();
    assert_ne!(owner_of_process(server_pid(&scratch.data())), 0);
    cluster.stop().await.unwrap();
}

#[test]
fn folder_we_may_not_write_is_named() {
    if skipped_without_root() {
        return;
    }
    let scratch = Scratch::new();
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut owner = Owner::spawn("cluster", &scratch.path().join("new/postgres"), Some(NOBODY));
    let sentence = owner.report();
    assert!(sentence.contains("cannot write to") && sentence.contains("another data folder"), "{sentence}");
}

#[tokio::test]
async fn folder_of_another_user_is_refused() {
    if skipped_without_root() {
        return;
    }
    let scratch = Scratch::new();
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o777)).unwrap();
    start(&scratch.data()).await.unwrap().stop().await.unwrap();
    let mut owner = Owner::spawn("cluster", &scratch.data(), Some(NOBODY));
    let sentence = owner.report();
    assert!(sentence.contains("belongs to user id"), "{sentence}");
}

#[tokio::test]
async fn lost_password_is_set_anew() {
    let scratch = Scratch::new();
    let cluster = start(&scratch.data()).await.unwrap();
    let before = cluster.url("postgres");
    cluster.stop().await.unwrap();
    fs::remove_dir_all(scratch.path().join("secrets")).unwrap();
    let (cluster, said) = start_and_listen(&scratch.data()).await;
    let cluster = cluster.unwrap();
    assert_eq!(query(&cluster, "select 1"), "1");
    let password = |url: &str| url.split(['@', ':']).nth(2).unwrap().to_owned();
    assert_ne!(password(&cluster.url("postgres")), password(&before));
    assert!(said.iter().any(|line| line.contains("set anew")), "{said:?}");
    cluster.stop().await.unwrap();
}

/// Runs itself again in a mount namespace of its own, so that the small disk ends with that process.
#[tokio::test]
async fn full_disk_is_reported_before_anything_is_written() {
    const DISK: &str = "CLUSTER_TEST_SMALL_DISK";
    if let Some(disk) = std::env::var_os(DISK) {
        return start_on_a_small_disk(Path::new(&disk)).await;
    }
    if skipped_without_root() {
        return;
    }
    let scratch = Scratch::new();
    let script = "mount -t tmpfs -o size=50m tmpfs \"$1\" && exec \"$2\" --exact \"$3\"";
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", script, "sh"])
        .args([scratch.path(), &std::env::current_exe().unwrap()])
        .arg("places::full_disk_is_reported_before_anything_is_written")
        .env(DISK, scratch.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "{said}");
}

async fn start_on_a_small_disk(disk: &Path) {
    let error = start(&disk.join("postgres")).await.unwrap_err();
    assert!(matches!(error, ClusterError::DiskFull { .. }), "{error:?}");
    assert!(error.to_string().contains("needs at least 200 MB"), "{error}");
    assert!(fs::read_dir(disk).unwrap().next().is_none());
}

fn give_all(folder: &Path, uid: u32) {
    let owner = format!("{uid}:{uid}");
    assert!(Command::new("chown").arg("-R").arg(owner).arg(folder).status().unwrap().success());
}
