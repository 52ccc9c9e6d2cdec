//! What cannot be started, and the sentence that says so.

use std::fs;
use std::fs::OpenOptions;
use std::io::Write;

use socialai_cluster::{ClusterError, Installation};

use crate::support::{Scratch, start};

#[tokio::test]
async fn folder_of_a_newer_postgresql_names_the_package_to_install() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.data().join("global")).unwrap();
    fs::write(scratch.data().join("PG_VERSION"), "99\n").unwrap();
    fs::write(scratch.data().join("global/pg_control"), "x").unwrap();
    let error = start(&scratch.data()).await.unwrap_err();
    assert!(matches!(error, ClusterError::MajorMissing { wanted: 99, .. }), "{error:?}");
    let sentence = error.to_string();
    assert!(sentence.contains("was made by PostgreSQL 99"), "{sentence}");
    assert!(sentence.contains("postgresql-99"), "{sentence}");
}

#[test]
fn installation_of_an_unknown_major_is_not_found() {
    assert!(matches!(Installation::find(Some(99)), Err(ClusterError::NotInstalled { .. })));
}

#[tokio::test]
async fn folder_with_other_files_is_left_alone() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.data()).unwrap();
    fs::write(scratch.data().join("holiday.jpg"), "x").unwrap();
    let error = start(&scratch.data()).await.unwrap_err();
    assert!(matches!(error, ClusterError::NotACluster { .. }), "{error:?}");
    assert!(scratch.data().join("holiday.jpg").exists());
}

#[tokio::test]
async fn file_in_place_of_the_folder_is_left_alone() {
    let scratch = Scratch::new();
    fs::write(scratch.data(), "x").unwrap();
    let error = start(&scratch.data()).await.unwrap_err();
    assert!(matches!(error, ClusterError::NotACluster { .. }), "{error:?}");
}

#[tokio::test]
async fn cluster_without_its_control_file_is_called_damaged() {
    let scratch = Scratch::new();
    start(&scratch.data()).await.unwrap().stop().await.unwrap();
    fs::remove_file(scratch.data().join("global/pg_control")).unwrap();
    let sentence = start(&scratch.data()).await.unwrap_err().to_string();
    assert!(sentence.contains("is damaged"), "{sentence}");
    assert!(sentence.contains("restore a backup"), "{sentence}");
}

#[tokio::test]
async fn cluster_with_a_scrambled_control_file_is_called_damaged_with_the_servers_words() {
    let scratch = Scratch::new();
    start(&scratch.data()).await.unwrap().stop().await.unwrap();
    fs::write(scratch.data().join("global/pg_control"), vec![0xAB; 8192]).unwrap();
    let error = start(&scratch.data()).await.unwrap_err();
    assert!(matches!(error, ClusterError::Corrupted { .. }), "{error:?}");
    assert!(error.to_string().contains("PostgreSQL says:"), "{error}");
}

#[tokio::test]
async fn unreadable_version_file_is_called_damaged() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.data().join("global")).unwrap();
    fs::write(scratch.data().join("global/pg_control"), "x").unwrap();
    for content in [&b"fifteen"[..], &[0xFF, 0xFE, 0x00], b""] {
        fs::write(scratch.data().join("PG_VERSION"), content).unwrap();
        let error = start(&scratch.data()).await.unwrap_err();
        assert!(matches!(error, ClusterError::Corrupted { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn failed_start_shows_the_last_lines_of_the_log() {
    let scratch = Scratch::new();
    start(&scratch.data()).await.unwrap().stop().await.unwrap();
    let mut file = OpenOptions::new().append(true).open(scratch.data().join("postgresql.conf")).unwrap();
    writeln!(file, "no_such_setting = 1").unwrap();
    let error = start(&scratch.data()).await.unwrap_err();
    assert!(matches!(error, ClusterError::StartFailed { .. }), "{error:?}");
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[tokio::test]
async fn failure_after_the_log_began_shows_the_log() {
    let scratch = Scratch::new();
    start(&scratch.data()).await.unwrap().stop().await.unwrap();
    let mut file = OpenOptions::new().append(true).open(scratch.data().join("postgresql.conf")).unwrap();
    writeln!(file, "hba_file = '/nonexistent/pg_hba.conf'").unwrap();
    let error = start(&scratch.data()).await.unwrap_err();
    assert!(error.to_string().contains("pg_hba.conf"), "{error}");
}
