//! Throw-away clusters leave nothing behind.

use std::path::{Path, PathBuf};

use socialai_cluster::Ephemeral;

use crate::owner_process::Owner;
use crate::support::{is_alive, psql, server_pid, wait_until};

#[tokio::test]
async fn throw_away_cluster_is_gone_after_its_drop() {
    let cluster = Ephemeral::start().await.unwrap();
    let ask = |sql| psql(cluster.installation(), &cluster.url("postgres"), sql).unwrap();
    assert_eq!(ask("show fsync"), "off");
    assert_eq!(ask("show synchronous_commit"), "off");
    let data = PathBuf::from(ask("show data_directory"));
    let pid = server_pid(&data);
    drop(cluster);
    assert!(!is_alive(pid));
    assert!(!data.parent().unwrap().exists());
}

#[test]
fn throw_away_cluster_is_gone_after_its_owner_was_killed() {
    let mut owner = Owner::spawn("ephemeral", Path::new("/"), None);
    let data = PathBuf::from(owner.report());
    let pid = server_pid(&data);
    assert!(is_alive(pid));
    owner.kill();
    wait_until("the server is gone", || !is_alive(pid));
    wait_until("the folder is gone", || !data.parent().unwrap().exists());
}

#[test]
fn throw_away_cluster_outlives_the_runtime_that_started_it() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let cluster = runtime().block_on(Ephemeral::start()).unwrap();
    let answer = psql(cluster.installation(), &cluster.url("postgres"), "select 1");
    assert_eq!(answer.unwrap(), "1");
}
