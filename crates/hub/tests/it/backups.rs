//! A backup is worth what a restore of it shows.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    http::{ask, log_in},
    program::{Folder, Server, postgres_runs, run},
};

/// The head of each chain, as far as it goes.
fn heads(server: &Server) -> Value {
    let report = server.cli(&["audit", "verify", "--all", "--json"]).succeeded().json();
    assert_eq!(report["whole"], true);
    report["chains"].clone()
}

/// Of those in a folder, the first one that is found.
fn one_object(folder: &Path) -> PathBuf {
    let entry = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    if entry.is_dir() { one_object(&entry) } else { entry }
}

fn bucket_is_backed_up_by_its_own_means(server: &Server, folder: &Folder) {
    let to = folder.path().join("with-a-bucket");
    let settings = [("S3_BUCKET", "hub-files"), ("S3_ACCESS_KEY_ID", "id"), ("S3_SECRET_ACCESS_KEY", "unused-secret")];
    let made = server.cli_with(&["backup", "--to", to.to_str().unwrap()], &settings).succeeded();
    assert!(made.stderr.contains("in the bucket hub-files and NOT in the backup"), "{}", made.stderr);
    assert!(!to.join("objects").exists() && !to.join("objects.list").exists());
}

#[test]
fn restored_installation_has_the_same_log_and_the_same_people() {
    let (old, new) = (Folder::new(), Folder::new());
    let server = Server::start("demo", &old.data(), &[], &[]);
    server.cli(&["tenant", "create", "vault", "--name", "Vault", "--to", "schema"]).succeeded();
    let password = old.secret("demo.password");
    let token = log_in(server.port, "agent@acme.test", &password).unwrap();
    let notes = json!("what the customer sent");
    let path = "/api/v1/attachments?file_name=notes.txt";
    let file = ask(server.port, "POST", path, Some(&token), Some(&notes)).unwrap();
    assert_eq!(file.status, 201, "{}", file.body);
    let file = file.body["id"].as_str().unwrap().to_owned();
    let before = heads(&server);
    let backup = old.path().join("backup");
    let to = ["backup", "--to", backup.to_str().unwrap()];
    let made = server.cli(&to).succeeded();
    assert!(made.stderr.contains("master key is NOT in the backup"), "{}", made.stderr);
    server.cli(&to).refused(1, &["is there already"]);
    assert!(!backup.join("secrets").exists());
    bucket_is_backed_up_by_its_own_means(&server, &old);
    assert_eq!(server.stop().code, Some(0));

    let data = new.data();
    let from = ["restore", "--from", backup.to_str().unwrap(), "--data-dir", data.to_str().unwrap()];
    run(&from, &[]).refused(1, &["holds no master key", "master.key"]);
    assert!(!data.join("postgres").exists());
    let key = old.secret("master.key");
    run(&from, &[("AES_MASTER_KEY", &key)]).succeeded();
    assert!(!postgres_runs(&data));
    run(&from, &[("AES_MASTER_KEY", &key)]).refused(1, &["holds an installation already"]);

    // From now on with the key file; people sign in with the passwords that they had.
    fs::write(data.join("secrets").join("master.key"), key).unwrap();
    let server = Server::start("serve", &data, &[], &[]);
    log_in(server.port, "rep@acme.test", &password).unwrap();
    let token = log_in(server.port, "agent@acme.test", &password).unwrap();
    let content = ask(server.port, "GET", &format!("/api/v1/attachments/{file}/content"), Some(&token), None).unwrap();
    assert_eq!((content.status, content.body), (200, notes));
    let after = heads(&server);
    for chain in before.as_array().unwrap() {
        let same = after.as_array().unwrap().iter().find(|other| other["chain"] == chain["chain"]).unwrap();
        if chain["chain"] == "installation" {
            assert!(same["verified"].as_i64() >= chain["verified"].as_i64());
        } else if chain["chain"] != "acme" {
            assert_eq!(same, chain, "the same head");
        }
    }

    // Whatever was done to the backup is noticed before anything is made.
    let elsewhere = new.path().join("elsewhere");
    let from = ["restore", "--from", backup.to_str().unwrap(), "--data-dir", elsewhere.to_str().unwrap()];
    let object = one_object(&backup.join("objects"));
    let content = fs::read(&object).unwrap();
    fs::write(&object, "something else").unwrap();
    run(&from, &[]).refused(1, &["the object", "damaged or was altered"]);
    fs::write(&object, content).unwrap();
    let dump = backup.join("control.dump");
    let mut bytes = fs::read(&dump).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&dump, bytes).unwrap();
    run(&from, &[]).refused(1, &["control.dump", "damaged or was altered"]);
    assert!(!elsewhere.exists());
    let manifest = backup.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let mut later: Value = serde_json::from_str(&text).unwrap();
    later["migrations"] = serde_json::json!([9999, 1]);
    later["files"] = serde_json::json!([]);
    later["databases"] = serde_json::json!([]);
    fs::write(&manifest, later.to_string()).unwrap();
    run(&from, &[]).refused(1, &["newer than this program"]);
}
