//! Everything that `kill -9` can leave behind.

use std::fs;
use std::process::{Command, Stdio};

use crate::owner_process::Owner;
use crate::support::{
    Scratch, is_alive, kill, psql, query, server_pid, start, start_and_listen, wait_until, workshops,
};

#[tokio::test]
async fn killed_server_comes_back_on_the_same_port_with_its_data() {
    let scratch = Scratch::new();
    let cluster = start(&scratch.data()).await.unwrap();
    query(&cluster, "create table kept (n int); insert into kept values (7)");
    query(&cluster, "checkpoint");
    kill(server_pid(&scratch.data()));
    let url = cluster.url("postgres");
    wait_until("the server answers again", || {
        psql(cluster.installation(), &url, "select n from kept").is_ok_and(|answer| answer == "7")
    });
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn server_killed_twice_comes_back_twice() {
    let scratch = Scratch::new();
    let cluster = start(&scratch.data()).await.unwrap();
    let url = cluster.url("postgres");
    for _ in 0..2 {
        let pid = server_pid(&scratch.data());
        kill(pid);
        wait_until("the server is another one and answers", || {
            fs::read_to_string(scratch.data().join("postmaster.pid"))
                .is_ok_and(|text| !text.starts_with(&pid.to_string()))
                && psql(cluster.installation(), &url, "select 1").is_ok()
        });
    }
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn server_of_a_killed_owner_is_stopped_and_started_again() {
    let scratch = Scratch::new();
    let mut owner = Owner::spawn("cluster", &scratch.data(), None);
    assert_eq!(owner.report(), "started");
    let orphan = server_pid(&scratch.data());
    owner.kill();
    assert!(is_alive(orphan), "the server must outlive its owner for this test to mean anything");

    let (cluster, said) = start_and_listen(&scratch.data()).await;
    let cluster = cluster.unwrap();
    assert!(!is_alive(orphan));
    assert_ne!(server_pid(&scratch.data()), orphan);
    assert!(said.iter().any(|line| line.contains("earlier run left running")), "{said:?}");
    assert_eq!(query(&cluster, "select n from kept"), "1");
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn owner_and_server_killed_together_leave_a_folder_that_starts() {
    let scratch = Scratch::new();
    let mut owner = Owner::spawn("cluster", &scratch.data(), None);
    assert_eq!(owner.report(), "started");
    let pid = server_pid(&scratch.data());
    owner.kill();
    kill(pid);
    wait_until("the server is gone", || !is_alive(pid));
    assert!(scratch.data().join("postmaster.pid").exists());

    let cluster = start(&scratch.data()).await.unwrap();
    assert_eq!(query(&cluster, "select count(*) >= 0 from pg_class"), "t");
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn pid_file_naming_another_program_is_removed_and_that_program_lives() {
    let scratch = Scratch::new();
    start(&scratch.data()).await.unwrap().stop().await.unwrap();
    let mut stranger = Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().unwrap();
    let pid_file = scratch.data().join("postmaster.pid");
    fs::write(
        &pid_file,
        format!("{}\n{}\n1\n5432\n\n127.0.0.1\n1 2\nready   \n", stranger.id(), scratch.data().display()),
    )
    .unwrap();

    let cluster = start(&scratch.data()).await.unwrap();
    assert_eq!(query(&cluster, "select 1"), "1");
    assert!(is_alive(stranger.id()));
    assert_ne!(server_pid(&scratch.data()), stranger.id());
    cluster.stop().await.unwrap();
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[tokio::test]
async fn first_start_killed_half_way_is_repeated() {
    let scratch = Scratch::new();
    let mut owner = Owner::spawn("cluster", &scratch.data(), None);
    // `base` appears early in initdb, long before the cluster is whole.
    wait_until("initdb is at work", || workshops(&scratch).iter().any(|folder| folder.join("data/base").exists()));
    owner.kill();
    assert!(!scratch.data().exists(), "an unfinished cluster must not be in place");
    assert!(!workshops(&scratch).is_empty());

    let cluster = start(&scratch.data()).await.unwrap();
    assert_eq!(query(&cluster, "select 1"), "1");
    cluster.stop().await.unwrap();
    // The killed owner's initdb may have written on while the second start cleaned up; the third finds it ended.
    let cluster = start(&scratch.data()).await.unwrap();
    cluster.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_initdb_is_reported_and_the_next_start_works() {
    let scratch = Scratch::new();
    let folder = scratch.data();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { start(&folder).await.map(|_| ()) });
    wait_until("initdb is at work", || initdb_of(&scratch).is_some());
    kill(initdb_of(&scratch).unwrap());
    let error = tasks.join_next().await.unwrap().unwrap().unwrap_err().to_string();
    assert!(error.contains("initdb failed while creating the database"), "{error}");

    let cluster = start(&scratch.data()).await.unwrap();
    assert_eq!(query(&cluster, "select 1"), "1");
    assert!(workshops(&scratch).is_empty());
    cluster.stop().await.unwrap();
}

/// The `initdb` that works for this scratch folder and no other test's.
fn initdb_of(scratch: &Scratch) -> Option<u32> {
    let mine = scratch.path().to_string_lossy().into_owned();
    fs::read_dir("/proc").unwrap().flatten().find_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let program = fs::read_link(entry.path().join("exe")).ok()?;
        let command_line = fs::read_to_string(entry.path().join("cmdline")).ok()?;
        (program.ends_with("initdb") && command_line.contains(&mine)).then_some(pid)
    })
}
