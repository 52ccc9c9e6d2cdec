//! A life without accidents: first start, queries, stop, next start.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use socialai_cluster::{Cluster, Installation, Options};

use crate::support::{
    Scratch, is_alive, owner_of_process, psql, query, server_pid, start, start_and_listen, we_are_root, workshops,
};

#[tokio::test]
async fn first_start_makes_a_private_database_that_answers() {
    let scratch = Scratch::new();
    let (cluster, said) = start_and_listen(&scratch.data()).await;
    let cluster = cluster.unwrap();
    assert_eq!(query(&cluster, "select 6 * 7"), "42");
    assert_eq!(query(&cluster, "show listen_addresses"), "127.0.0.1");
    assert_eq!(query(&cluster, "show unix_socket_directories"), "");
    assert_eq!(query(&cluster, "show data_checksums"), "on");
    assert_eq!(query(&cluster, "show server_encoding"), "UTF8");
    assert_eq!(query(&cluster, "show timezone"), "UTC");
    assert_eq!(query(&cluster, "show idle_in_transaction_session_timeout"), "1min");
    assert_eq!(query(&cluster, "show jit"), "off");
    assert_eq!(query(&cluster, "select count(*) from pg_hba_file_rules where auth_method <> 'scram-sha-256'"), "0");
    assert_eq!(query(&cluster, "select 'Ä' = upper('ä')"), "t");
    assert!(said.iter().any(|line| line.starts_with("Creating a PostgreSQL")), "{said:?}");
    assert!(said.iter().any(|line| line.starts_with("Starting PostgreSQL")), "{said:?}");
    assert_eq!(workshops(&scratch), Vec::<std::path::PathBuf>::new());
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn password_is_needed_kept_privately_and_on_no_command_line() {
    let scratch = Scratch::new();
    let cluster = start(&scratch.data()).await.unwrap();
    let kept = scratch.path().join("secrets/postgres.password");
    let password = fs::read_to_string(&kept).unwrap().trim().to_owned();
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(kept.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(cluster.url("postgres").contains(&password));

    let wrong = cluster.url("postgres").replace(&password, "wrong");
    let refused = psql(cluster.installation(), &wrong, "select 1").unwrap_err();
    assert!(refused.contains("password authentication failed"), "{refused}");

    let pid = server_pid(&scratch.data());
    let command_line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap();
    assert!(!command_line.contains(&password));
    assert!(!format!("{cluster:?}").contains(&password));
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn durable_cluster_syncs_its_writes() {
    let scratch = Scratch::new();
    let cluster = Cluster::start(Options::new(scratch.data()), &mut |_| {}).await.unwrap();
    assert_eq!(query(&cluster, "show fsync"), "on");
    assert_eq!(query(&cluster, "show full_page_writes"), "on");
    assert_eq!(query(&cluster, "show synchronous_commit"), "on");
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn data_survives_a_stop_and_a_start() {
    let scratch = Scratch::new();
    let cluster = start(&scratch.data()).await.unwrap();
    query(&cluster, "create table kept (n int); insert into kept values (7)");
    let pid = server_pid(&scratch.data());
    cluster.stop().await.unwrap();
    assert!(!is_alive(pid));
    assert!(!scratch.data().join("postmaster.pid").exists());

    let (cluster, said) = start_and_listen(&scratch.data()).await;
    let cluster = cluster.unwrap();
    assert_eq!(query(&cluster, "select n from kept"), "7");
    assert!(!said.iter().any(|line| line.starts_with("Creating")), "{said:?}");
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn names_of_databases_are_encoded_in_the_address() {
    let scratch = Scratch::new();
    let cluster = start(&scratch.data()).await.unwrap();
    query(&cluster, "create database \"a b/c?d\"");
    let answer = psql(cluster.installation(), &cluster.url("a b/c?d"), "select current_database()");
    assert_eq!(answer.unwrap(), "a b/c?d");
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn server_never_runs_as_root_and_leads_its_own_process_group() {
    let scratch = Scratch::new();
    let cluster = start(&scratch.data()).await.unwrap();
    let pid = server_pid(&scratch.data());
    let ours = fs::read_to_string("/proc/self/stat").unwrap();
    assert_eq!(process_group(pid), pid.to_string());
    assert_ne!(Some(process_group(pid).as_str()), ours.rsplit(')').next().unwrap().split_whitespace().nth(2));
    if we_are_root() {
        assert_ne!(owner_of_process(pid), 0);
    }
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn server_does_not_see_our_environment() {
    let scratch = Scratch::new();
    let cluster = start(&scratch.data()).await.unwrap();
    let pid = server_pid(&scratch.data());
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap();
    // Cargo gives this variable to every test; the server would inherit secrets the same way.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    assert!(!String::from_utf8_lossy(&environment).contains("CARGO_MANIFEST_DIR"));
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn dropped_cluster_stops_by_itself() {
    let scratch = Scratch::new();
    let cluster = start(&scratch.data()).await.unwrap();
    let pid = server_pid(&scratch.data());
    drop(cluster);
    crate::support::wait_until("the server of a dropped cluster is gone", || !is_alive(pid));
}

#[test]
fn installation_has_the_programs_that_are_used() {
    let installation = Installation::find(None).unwrap();
    assert!(installation.major >= socialai_cluster::OLDEST_MAJOR);
    for program in ["postgres", "initdb", "psql", "pg_dump", "pg_restore"] {
        assert!(installation.program(program).is_file(), "{program}");
    }
}

/// The third field after the name in parentheses.
fn process_group(pid: u32) -> String {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit(')').next().unwrap().split_whitespace().nth(2).unwrap().to_owned()
}
