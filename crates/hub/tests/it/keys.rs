//! Rotating keys under a running server.

use socialai_testkit::lab::note_secret;

use crate::{
    http::log_in,
    program::{Folder, Server, spawn, wait_until},
};

/// Values sealed with another version than this one.
fn left_behind(server: &Server, version: u32) -> String {
    server.sql(&format!(
        "select count(*) from (select email_sealed as v from system.people union all select email_sealed from shared.users
         union all select blind_root_sealed from system.installation union all select private_sealed from system.signing_keys) s
         where get_byte(v, 4) <> {version}"
    ))
}

#[test]
fn master_key_rotates_under_a_server_and_goes_on_after_it_was_killed() {
    let folder = Folder::new();
    let data = folder.data();
    let server = Server::start("demo", &data, &[], &[]);
    let password = folder.secret("demo.password");
    folder.secrets().iter().for_each(|secret| note_secret(secret));

    // Killed as soon as the new version is in the file: some values are sealed anew or none, whatever the moment.
    let mut rotating = spawn(&["keys", "rotate", "--data-dir", data.to_str().unwrap()]);
    wait_until(|| folder.secret("master.key").starts_with("2:"));
    rotating.kill().unwrap();
    rotating.wait().unwrap();
    log_in(server.port, "rep@acme.test", &password).unwrap();

    let again = server.cli(&["keys", "rotate", "--json"]).succeeded();
    let version = u32::try_from(again.json()["version"].as_u64().unwrap()).unwrap();
    assert!(version >= 2, "{}", again.stderr);
    assert_eq!(left_behind(&server, version), "0");
    log_in(server.port, "rep@acme.test", &password).unwrap();
    folder.secrets().iter().for_each(|secret| note_secret(secret));

    let signing = server.cli(&["keys", "rotate", "--signing", "--json"]).succeeded();
    assert!(signing.json()["kid"].is_string());
    log_in(server.port, "agent@acme.test", &password).unwrap();

    let ended = server.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for secret in folder.secrets().iter().filter(|secret| **secret != password) {
        assert!(
            !ended.stdout.contains(secret.as_str()) && !ended.stderr.contains(secret.as_str()),
            "a secret was printed"
        );
    }
    // A new process opens all of it with the file as it is now.
    let server = Server::start("demo", &data, &[], &[]);
    log_in(server.port, "rep@acme.test", &password).unwrap();
}
