//! Receivers that fail: what is tried again, when an endpoint is switched off, and how it recovers.

use std::time::Duration;

use serde_json::{Value, json};
use socialai_connect::{guard::Reach, remote::Limits};
use socialai_domain::webhooks::Patience;
use socialai_queue::retry::Schedule;
use socialai_sim::{Fault, Moment, When};

use super::rig::{Rig, SERVER_ERROR, hasty};
use crate::town::until;

#[tokio::test(flavor = "multi_thread")]
async fn failed_attempt_is_made_again_under_the_same_id() {
    let rig = Rig::start().await;
    rig.endpoint("shaky", &["user.*"], json!({})).await;
    rig.fail("shaky", When::Next(2), SERVER_ERROR);
    let event = rig.happen("user.renamed", "user/1").await;
    rig.accepted("shaky", 1).await;
    let log = rig.ended(1).await;
    let opened = rig.opened(&log[0]).await;
    let attempts: Vec<_> =
        opened["attempts"].as_array().unwrap().iter().map(|a| (a["number"].clone(), a["status"].clone())).collect();
    assert_eq!(attempts, [(json!(1), json!(500)), (json!(2), json!(500)), (json!(3), json!(200))]);
    assert_eq!(opened["attempts"][0]["error"], "The endpoint answered with the status 500.");
    assert!(rig.requests("shaky").iter().all(|request| request.headers["webhook-id"] == event.as_str()));
    assert!(rig.get("/webhook-endpoints").await["items"][0]["failing_since"].is_null(), "a success ends the failing");
}

#[tokio::test(flavor = "multi_thread")]
async fn attempt_that_nobody_knows_the_end_of_is_seen_once() {
    let rig = Rig::start().await;
    // Hears of what becomes of effects, but not of those of deliveries: it would feed itself.
    rig.endpoint("cut", &["user.*", "effect.*"], json!({})).await;
    rig.fail("cut", When::Next(1), Fault::Cut { moment: Moment::AfterEffect });
    let event = rig.happen("user.renamed", "user/1").await;
    let log = rig.ended(1).await;
    assert_eq!((&log[0]["state"], &log[0]["attempts"]), (&json!("delivered"), &json!(2)));
    assert_eq!(rig.accepted("cut", 1).await, [event.as_str()]);
    assert_eq!(rig.world.state("webhook-receiver").unwrap()["inboxes"][0]["repeats"], 1);
    let opened = rig.opened(&log[0]).await;
    assert!(opened["attempts"][0]["error"].as_str().unwrap().contains("may have received"), "{opened}");
    let effect = &rig.get("/effects").await["items"][0];
    assert_eq!((&effect["kind"], &effect["state"]), (&json!("webhook.delivery"), &json!("confirmed")));
}

#[tokio::test(flavor = "multi_thread")]
async fn last_failure_ends_the_delivery_and_makes_no_dead_letter() {
    let rig = Rig::start().await;
    rig.endpoint("down", &["user.*"], json!({})).await;
    rig.answer("down", 500);
    rig.happen("user.renamed", "user/1").await;
    let log = rig.ended(1).await;
    assert_eq!((&log[0]["state"], &log[0]["attempts"]), (&json!("failed"), &json!(4)));
    assert_eq!(rig.count("system.dead_letters").await, 0);
    rig.answer("down", 200);
    let replay = format!("/webhook-deliveries/{}/replay", log[0]["id"].as_str().unwrap());
    assert_eq!(rig.post(&replay, &json!({})).await.status, 202);
    let log = rig.ended(1).await;
    assert_eq!((&log[0]["state"], &log[0]["attempts"]), (&json!("delivered"), &json!(5)));
    assert_eq!(
        rig.opened(&log[0]).await["attempts"].as_array().unwrap().len(),
        5,
        "the attempts before stay in the log"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn receiver_that_asks_for_a_pause_gets_it() {
    let rig = Rig::start().await;
    rig.endpoint("busy", &["user.*"], json!({})).await;
    rig.fail("busy", When::Next(1), Fault::RateLimited { retry_after_seconds: 2 });
    rig.happen("user.renamed", "user/1").await;
    rig.accepted("busy", 1).await;
    let requests = rig.requests("busy");
    assert!(
        requests[1].at - requests[0].at >= time::Duration::milliseconds(1_900),
        "{:?}",
        requests[1].at - requests[0].at
    );
    let log = rig.ended(1).await;
    assert_eq!(rig.opened(&log[0]).await["attempts"][0]["status"], 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoint_that_is_gone_is_switched_off_and_can_come_back() {
    let rig = Rig::start().await;
    let (endpoint, _) = rig.endpoint("gone", &["user.*"], json!({})).await;
    rig.answer("gone", 410);
    let first = rig.happen("user.renamed", "user/1").await;
    assert_eq!(rig.ended(1).await[0]["attempts"], 1, "410 is final");
    let path = format!("/webhook-endpoints/{endpoint}");
    let off = rig.get(&path).await;
    assert_eq!((&off["enabled"], &off["disabled_reason"]), (&json!(false), &json!("gone")));
    let second = rig.happen("user.renamed", "user/1").await;
    assert_eq!(rig.ended(2).await[0]["state"], "held");
    let held = rig.log().await[0]["id"].as_str().unwrap().to_owned();
    rig.post(&format!("/webhook-deliveries/{held}/replay"), &json!({})).await.is_problem(422, "invalid");
    rig.answer("gone", 200);
    let back = rig.post(&format!("{path}/recover"), &json!({})).await;
    assert_eq!(
        (back.status.as_u16(), &back.body["replayed"], &back.body["endpoint"]["enabled"]),
        (200, &json!(2), &json!(true)),
        "{}",
        back.text
    );
    let mut accepted = rig.accepted("gone", 2).await;
    accepted.sort();
    let mut wanted = [first, second];
    wanted.sort();
    assert_eq!(accepted, wanted);
    rig.post(&format!("{path}/recover"), &json!({})).await.is_problem(409, "already_done");
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoint_that_fails_for_days_is_switched_off_and_recovers_in_order() {
    let rig = Rig::start().await;
    let (endpoint, _) = rig.endpoint("failing", &["user.*"], json!({ "is_ordered": true })).await;
    rig.answer("failing", 503);
    let path = format!("/webhook-endpoints/{endpoint}");
    let mut events = vec![rig.happen("user.renamed", "user/1").await];
    rig.ended(1).await;
    let failing = rig.get(&path).await;
    assert!(failing["enabled"] == true && !failing["failing_since"].is_null(), "{failing}");
    rig.server.lab.clock.advance(time::Duration::days(3));
    events.push(rig.happen("user.renamed", "user/1").await);
    rig.ended(2).await;
    let off = rig.get(&path).await;
    assert_eq!((&off["enabled"], &off["disabled_reason"]), (&json!(false), &json!("failing")));
    let entries = rig.get("/audit-log?action=webhook_endpoint.disabled").await;
    assert_eq!(entries["items"][0]["actor_kind"], "system");
    for _ in 0..3 {
        events.push(rig.happen("user.renamed", "user/1").await);
    }
    let log = rig.ended(5).await;
    assert_eq!(log.iter().filter(|delivery| delivery["state"] == "held").count(), 3);
    rig.answer("failing", 200);
    let back = rig.post(&format!("{path}/recover"), &json!({})).await;
    assert_eq!(back.body["replayed"], 5, "{}", back.text);
    assert_eq!(rig.accepted("failing", 5).await, events);
}

#[tokio::test(flavor = "multi_thread")]
async fn recovery_does_not_wait_for_attempts_that_are_hours_away() {
    let patience = Patience { retries: Schedule(&[36_000]), ..Patience::default() };
    let rig = Rig::with(patience, Reach::Anywhere).await;
    let (endpoint, _) = rig.endpoint("asleep", &["user.*"], json!({ "is_ordered": true })).await;
    rig.answer("asleep", 500);
    let events = [rig.happen("user.renamed", "user/1").await, rig.happen("user.renamed", "user/1").await];
    until("the first has failed", || async { rig.log().await.iter().any(|delivery| delivery["attempts"] == 1) }).await;
    until("the second waits", || async { rig.log().await.len() == 2 }).await;
    rig.answer("asleep", 200);
    let back = rig.post(&format!("/webhook-endpoints/{endpoint}/recover"), &json!({})).await;
    assert_eq!(back.body["replayed"], 2, "{}", back.text);
    assert_eq!(rig.accepted("asleep", 2).await, events);
}

#[tokio::test(flavor = "multi_thread")]
async fn address_inside_is_not_called_even_if_it_was_stored() {
    let rig = Rig::with(hasty(), Reach::PublicOnly).await;
    rig.endpoint("inside", &["user.*"], json!({})).await;
    rig.happen("user.renamed", "user/1").await;
    let log = rig.ended(1).await;
    assert_eq!((&log[0]["state"], &log[0]["last_status"]), (&json!("failed"), &Value::Null));
    assert!(log[0]["last_error"].as_str().unwrap().starts_with("The address cannot be used"), "{}", log[0]);
    assert!(rig.requests("inside").is_empty(), "nobody came");
}

#[tokio::test(flavor = "multi_thread")]
async fn open_circuit_holds_deliveries_back_and_costs_them_no_attempt() {
    let limits = Limits { failures: 1, open_for: Duration::from_millis(500), ..Limits::default() };
    let rig = Rig::behind(limits, hasty(), Reach::Anywhere).await;
    rig.endpoint("tired", &["user.*"], json!({})).await;
    rig.fail("tired", When::Next(2), SERVER_ERROR);
    rig.happen("user.renamed", "user/1").await;
    let log = rig.ended(1).await;
    assert_eq!((&log[0]["state"], &log[0]["attempts"]), (&json!("delivered"), &json!(3)));
    let requests = rig.requests("tired");
    assert_eq!(requests.len(), 3);
    assert!(requests[1].at - requests[0].at >= limits.open_for, "nothing was sent while the circuit was open");
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoint_that_fails_holds_up_no_other_at_its_host() {
    let limits = Limits { failures: 1, open_for: Duration::from_hours(1), ..Limits::default() };
    let rig = Rig::behind(limits, hasty(), Reach::Anywhere).await;
    for inbox in ["tired", "lively"] {
        rig.endpoint(inbox, &["user.*"], json!({})).await;
    }
    rig.answer("tired", 500);
    let first = rig.happen("user.renamed", "user/1").await;
    until("the circuit of one is open", || async { !rig.requests("tired").is_empty() }).await;
    let second = rig.happen("user.renamed", "user/2").await;
    let accepted = rig.accepted("lively", 2).await;
    assert!(accepted.contains(&first) && accepted.contains(&second), "{accepted:?}");
    assert_eq!(rig.requests("tired").len(), 1, "it is left alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn redirect_is_a_failure_and_is_not_followed() {
    let rig = Rig::start().await;
    rig.endpoint("moved", &["user.*"], json!({})).await;
    rig.answer("moved", 307);
    rig.happen("user.renamed", "user/1").await;
    let log = rig.ended(1).await;
    assert_eq!((&log[0]["state"], &log[0]["last_status"]), (&json!("failed"), &json!(307)));
}
