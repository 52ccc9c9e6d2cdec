//! `socialai simulate`, as a developer uses it.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

use crate::{
    http::ask,
    program::{run, wait_until},
};

/// Ends with its test, whatever ends that.
struct Running {
    child: Child,
    told: Value,
}

impl Running {
    fn start(options: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_socialai"))
            .args(["simulate", "--json", "--listen", "127.0.0.1:0"])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = child.stdout.take().unwrap();
        let told = serde_json::Deserializer::from_reader(output).into_iter().next().unwrap().unwrap();
        Self { child, told }
    }

    fn names(&self) -> Vec<&str> {
        self.told["simulators"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect()
    }

    fn port(&self) -> u16 {
        let control = self.told["control"].as_str().unwrap();
        control.strip_suffix("/_control").unwrap().rsplit(':').next().unwrap().parse().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn simulators_run_until_ctrl_c() {
    let mut running = Running::start(&[]);
    let all = ["facebook", "instagram", "linkedin", "pagerduty", "slack", "webhook-receiver", "x"];
    assert_eq!(running.names(), all);
    let message = json!({ "text": "hello" });
    let answer = ask(running.port(), "POST", "/slack/services/T1/B1/token", None, Some(&message)).unwrap();
    assert_eq!(answer.status, 200);
    let state = ask(running.port(), "GET", "/_control/simulators/slack", None, None).unwrap();
    assert_eq!(state.body["messages"][0]["text"], "hello");
    Command::new("kill").args(["-INT", &running.child.id().to_string()]).status().unwrap();
    wait_until(|| running.child.try_wait().unwrap().is_some());
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
}

#[test]
fn only_those_that_are_named_run() {
    let running = Running::start(&["--only", "slack,pagerduty"]);
    assert_eq!(running.names(), ["pagerduty", "slack"]);
    let refused = ask(running.port(), "POST", "/webhook-receiver/orders", None, Some(&json!({}))).unwrap();
    assert_eq!(refused.status, 404);
}

#[test]
fn unknown_simulator_and_taken_port_are_refused() {
    run(&["simulate", "--only", "myspace"], &[]).refused(2, &["possible values", "webhook-receiver"]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    run(&["simulate", "--listen", &address], &[]).refused(1, &["is in use", "--listen"]);
}
