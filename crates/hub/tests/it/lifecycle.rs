//! Starting, stopping, dying, starting again.

use std::{io::Write, net::TcpStream, process::Command};

use crate::{
    http::{ask, log_in},
    program::{Folder, Server, postgres_runs, run, spawn, wait_until},
};

#[test]
fn demo_keeps_its_data_through_stop_and_sudden_death() {
    let folder = Folder::new();
    let data = folder.data();
    let first = Server::start("demo", &data, &[], &[]);
    let password = folder.secret("demo.password");
    let told = first.stdout();
    assert!(
        told.contains(&password) && told.contains("admin@globex.test") && told.contains("curl"),
        "{}",
        first.stderr()
    );
    log_in(first.port, "rep@acme.test", &password).unwrap();
    let switch = log_in(first.port, "manager@acme.test", &password).unwrap();
    let me = ask(first.port, "GET", "/api/v1/me", Some(&switch), None).unwrap();
    assert_eq!(me.status, 200, "{}", me.body);

    // One click on the log-in page, as long as nobody else can open it and the password is ours to tell.
    let offered = |port| ask(port, "GET", "/api/v1/auth/options", None, None).unwrap().body["demo"][0].clone();
    assert_eq!(offered(first.port)["password"], password.as_str());

    // A second start on this folder, and one on this port, say who is in the way.
    let pid = format!("process {}", first.pid());
    let path = data.to_str().unwrap();
    run(&["serve", "--data-dir", path, "--listen", "127.0.0.1:0"], &[]).refused(1, &["in use by another", &pid]);
    let other = folder.path().join("other");
    let port = format!("127.0.0.1:{}", first.port);
    run(&["demo", "--data-dir", other.to_str().unwrap(), "--listen", &port], &[])
        .refused(1, &["is in use by socialai", &pid, "--listen"]);
    assert!(!other.exists(), "the port is tried before anything is made");

    let ended = first.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!postgres_runs(&data), "PostgreSQL stops with its server");
    assert!(!data.join("running.json").exists());

    let second = Server::start("demo", &data, &[], &[("SOCIALAI_DEMO_PASSWORD", &password)]);
    log_in(second.port, "rep@acme.test", &password).unwrap();
    assert_eq!(offered(second.port)["email"], "admin@acme.test");
    assert!(offered(second.port)["password"].is_null(), "the operator chose it");
    second.kill();
    let third = Server::start("demo", &data, &[], &[]);
    log_in(third.port, "rep@acme.test", &password).unwrap();

    // Data of a later version is left alone.
    third.sql("insert into system._sqlx_migrations (version, description, installed_on, success, checksum, execution_time) values (9999, 'from the future', now(), true, '\\x', 0)");
    assert_eq!(third.stop().code, Some(0));
    run(&["demo", "--data-dir", path, "--listen", "127.0.0.1:0"], &[]).refused(1, &["newer version", "9999"]);
    assert!(!postgres_runs(&data), "a start that failed leaves nothing behind");
}

#[test]
fn order_to_stop_during_the_start_is_followed() {
    let folder = Folder::new();
    let path = folder.data();
    let mut child = spawn(&["demo", "--data-dir", path.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    wait_until(|| path.join("socialai.lock").exists());
    let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(asked.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(!postgres_runs(&path));
}

#[test]
fn command_that_is_stopped_takes_its_postgresql_along() {
    let folder = Folder::new();
    let path = folder.data();
    let mut child = spawn(&["migrate", "--data-dir", path.to_str().unwrap()]);
    wait_until(|| path.join("running.json").exists());
    let asked = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(asked.success());
    child.wait().unwrap();
    wait_until(|| !postgres_runs(&path));
}

#[test]
fn requests_under_way_may_finish_until_a_second_order_cuts_them() {
    let folder = Folder::new();
    let server = Server::start("demo", &folder.data(), &[], &[]);
    // A request whose body never comes keeps its connection busy.
    let mut waiting = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    let head =
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
    waiting.write_all(head.as_bytes()).unwrap();
    server.signal("-INT");
    wait_until(|| TcpStream::connect(("127.0.0.1", server.port)).is_err());
    assert!(postgres_runs(&folder.data()), "the request may still need it");
    assert_eq!(server.stop().code, Some(0));
    wait_until(|| !postgres_runs(&folder.data()));
}
