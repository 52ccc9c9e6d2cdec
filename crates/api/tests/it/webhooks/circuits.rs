//! From a remote system that fails to what people and Prometheus see of it, and back.

use std::time::Duration;

use serde_json::{Value, json};
use socialai_connect::{guard::Reach, remote::Limits};
use socialai_jobs::circuits;
use tokio_util::task::TaskTracker;

use super::rig::{Rig, hasty};
use crate::town::until;

async fn shown(rig: &Rig) -> Vec<Value> {
    rig.get("/system/work").await["circuits"].as_array().unwrap().clone()
}

/// A gauge of the metrics page.
async fn gauge(rig: &Rig, state: &str) -> Option<f64> {
    let url = format!("http://{}/metrics", rig.server.address);
    let page = rig.server.client.get(url).send().await.unwrap().text().await.unwrap();
    let line = format!("socialai_circuits{{state=\"{state}\"}} ");
    page.lines().find_map(|found| found.strip_prefix(&line)).map(|value| value.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn circuit_that_five_failures_open_is_shown_until_it_closes() {
    let limits = Limits { open_for: Duration::from_secs(1), ..Limits::default() };
    let rig = Rig::behind(limits, hasty(), Reach::Anywhere).await;
    circuits::tell(&rig.server.lab.databases, rig.remotes.clone(), &rig.stopping, &TaskTracker::new());
    until("the metrics say that all is well", || async { gauge(&rig, "open").await == Some(0.0) }).await;
    let (endpoint, _) = rig.endpoint("tired", &["user.*"], json!({})).await;
    rig.answer("tired", 500);
    // Each is tried four times, one right after the other.
    for nth in 1..=2 {
        rig.happen("user.renamed", &format!("user/{nth}")).await;
    }
    until("the metrics show an open circuit", || async { gauge(&rig, "open").await == Some(1.0) }).await;
    until("the system page shows it", || async { !shown(&rig).await.is_empty() }).await;
    let circuit = shown(&rig).await.remove(0);
    assert_eq!(circuit["remote"], format!("webhook:127.0.0.1/{endpoint}"));
    assert!(circuit["failures"].as_i64().unwrap() >= 5 && circuit["opened_at"].is_string(), "{circuit}");
    assert!(["open", "half_open"].contains(&circuit["state"].as_str().unwrap()), "{circuit}");

    rig.answer("tired", 200);
    // As many successes as a circuit wants before it trusts again.
    for nth in 3..=5 {
        rig.happen("user.renamed", &format!("user/{nth}")).await;
    }
    until("it has left the system page", || async { shown(&rig).await.is_empty() }).await;
    until("the metrics say that all is well again", || async {
        (gauge(&rig, "open").await, gauge(&rig, "half_open").await) == (Some(0.0), Some(0.0))
    })
    .await;
}
