//! Deliveries that arrive: to whom, in which order, and what the log tells.

use serde_json::{Value, json};
use socialai_connect::guard::Reach;
use socialai_domain::webhooks::{BODY_LIMIT_BYTES, Patience};
use socialai_sim::When;

use super::rig::{Rig, SERVER_ERROR};
use crate::town::until;

#[tokio::test(flavor = "multi_thread")]
async fn chosen_event_is_delivered_once_signed_and_logged() {
    let rig = Rig::start().await;
    let (endpoint, secret) = rig.endpoint("orders", &["user.*"], json!({})).await;
    rig.happen("api_key.created", "api_key/1").await;
    let event = rig.happen("user.renamed", "user/1").await;
    assert_eq!(rig.accepted("orders", 1).await, [event.as_str()]);
    let log = rig.ended(1).await;
    assert_eq!(
        (&log[0]["state"], &log[0]["attempts"], &log[0]["last_status"]),
        (&json!("delivered"), &json!(1), &json!(200))
    );
    assert_eq!((&log[0]["event_id"], &log[0]["endpoint_id"]), (&json!(event), &json!(endpoint)));
    let opened = rig.opened(&log[0]).await;
    let sent: Value = serde_json::from_str(opened["body"].as_str().unwrap()).unwrap();
    assert_eq!((&sent["type"], &sent["data"]["entity"]["id"]), (&json!("user.renamed"), &json!("user/1")));
    let request = rig.requests("orders")[0].clone();
    assert_eq!(
        opened["body"].as_str().unwrap().as_bytes(),
        &*request.body,
        "the log shows what was sent, to the letter"
    );
    let attempt = &opened["attempts"][0];
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature", "content-type"] {
        assert_eq!(attempt["request_headers"][name], request.headers[name].to_str().unwrap(), "{name}");
    }
    assert_eq!((&attempt["number"], &attempt["status"], &attempt["error"]), (&json!(1), &json!(200), &Value::Null));
    assert!(attempt["response_body"].as_str().unwrap().contains(&event));
    for path in ["/webhook-endpoints", "/webhook-deliveries", "/audit-log", "/effects"] {
        assert!(!rig.get(path).await.to_string().contains(&secret["whsec_".len()..]), "{path} shows a secret");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workspaces_never_meet() {
    let rig = Rig::start().await;
    rig.endpoint("mine", &["*"], json!({})).await;
    let other = rig.server.lab.tenant().await;
    let other_key = rig.server.api_key(&other, &["*"]).await;
    let wanted = json!({ "name": "theirs", "url": rig.url("theirs"), "events": ["*"] });
    let theirs = rig.server.post_as(&other_key, "/webhook-endpoints", &wanted).await;
    rig.receive("theirs", theirs.body["secret"].as_str().unwrap());
    let theirs = rig.happen_to(&other, "user.renamed", "user/1", json!({})).await;
    let mine = rig.happen("user.renamed", "user/1").await;
    rig.arrived("mine", &mine).await;
    rig.arrived("theirs", &theirs).await;
    let was_sent =
        |inbox, event: &str| rig.requests(inbox).iter().any(|request| request.headers["webhook-id"] == event);
    assert!(!was_sent("mine", &theirs) && !was_sent("theirs", &mine));
    let foreign = rig.server.get_as(&other_key, "/webhook-deliveries").await.body;
    assert!(!foreign.to_string().contains(&mine));
}

#[tokio::test(flavor = "multi_thread")]
async fn ordered_endpoint_keeps_the_order_of_each_thing_through_failures() {
    let rig = Rig::with(
        Patience { retries: socialai_queue::retry::Schedule(&[0; 30]), ..Patience::default() },
        Reach::Anywhere,
    )
    .await;
    rig.endpoint("ordered", &["user.*"], json!({ "is_ordered": true })).await;
    rig.fail("ordered", When::Chance { probability: 0.4, seed: 7 }, SERVER_ERROR);
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..8 {
        a.push(rig.happen("user.renamed", "user/a").await);
        b.push(rig.happen("user.renamed", "user/b").await);
    }
    let accepted = rig.accepted("ordered", 16).await;
    assert!(rig.requests("ordered").len() > 16, "some failed");
    for wanted in [a, b] {
        let order: Vec<_> = accepted.iter().filter(|id| wanted.contains(id)).cloned().collect();
        assert_eq!(order, wanted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn event_that_is_too_large_arrives_without_its_data() {
    let rig = Rig::start().await;
    rig.endpoint("small", &["user.renamed"], json!({})).await;
    let data = json!({ "entity": { "kind": "user", "id": "usr_1" }, "text": "x".repeat(BODY_LIMIT_BYTES) });
    rig.happen_to(&rig.tenant, "user.renamed", "user/1", data).await;
    rig.accepted("small", 1).await;
    let sent: Value = serde_json::from_slice(&rig.requests("small")[0].body).unwrap();
    assert_eq!(sent["data"], json!({ "entity": { "kind": "user", "id": "usr_1" }, "truncated": true }));
}

#[tokio::test(flavor = "multi_thread")]
async fn rotated_secrets_sign_together_until_the_overlap_ends() {
    let rig = Rig::start().await;
    let (endpoint, old) = rig.endpoint("rotated", &["user.*"], json!({})).await;
    let path = format!("/webhook-endpoints/{endpoint}/rotate-secret");
    let rotated = rig.post(&path, &json!({ "overlap_hours": 24 })).await;
    assert_eq!(rotated.status, 201, "{}", rotated.text);
    let new = rotated.body["secret"].as_str().unwrap();
    assert!(!rotated.body["endpoint"]["old_secrets_until"].is_null());
    rig.happen("user.renamed", "user/1").await;
    rig.accepted("rotated", 1).await;
    rig.receive("rotated", new);
    rig.happen("user.renamed", "user/1").await;
    rig.accepted("rotated", 2).await;
    assert!(
        rig.requests("rotated").iter().all(|request| request.headers["webhook-signature"]
            .to_str()
            .unwrap()
            .matches("v1,")
            .count()
            == 2)
    );
    rig.ended(2).await;
    rig.server.lab.clock.advance(time::Duration::hours(25));
    rig.receive("rotated", &old);
    rig.happen("user.renamed", "user/1").await;
    let log = rig.ended(3).await;
    assert_eq!(
        (&log[0]["state"], &log[0]["last_status"]),
        (&json!("failed"), &json!(401)),
        "the old secret signs no more"
    );
    assert!(rig.get(&format!("/webhook-endpoints/{endpoint}")).await["old_secrets_until"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn delivery_is_sent_again_under_its_id_but_not_while_it_is_on_its_way() {
    // The second attempt is five seconds away.
    let rig = Rig::with(Patience::default(), Reach::Anywhere).await;
    rig.endpoint("orders", &["user.*"], json!({})).await;
    rig.happen("user.renamed", "user/1").await;
    let event = rig.accepted("orders", 1).await;
    let log = rig.ended(1).await;
    let replay = format!("/webhook-deliveries/{}/replay", log[0]["id"].as_str().unwrap());
    rig.answer("orders", 500);
    let again = rig.post(&replay, &json!({})).await;
    assert_eq!((again.status.as_u16(), &again.body["state"]), (202, &json!("pending")), "{}", again.text);
    until("the attempt is made", || async { rig.log().await[0]["attempts"] == 2 }).await;
    rig.post(&replay, &json!({})).await.is_problem(409, "already_done");
    let log = rig.log().await;
    assert_eq!((&log[0]["state"], &log[0]["attempts"]), (&json!("pending"), &json!(2)));
    assert!(!log[0]["next_attempt_at"].is_null());
    let ids: Vec<_> = rig.requests("orders").iter().map(|request| request.headers["webhook-id"].clone()).collect();
    assert!(ids.iter().all(|id| id == event[0].as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn time_window_is_sent_again_by_what_it_names() {
    let rig = Rig::start().await;
    let (endpoint, _) = rig.endpoint("orders", &["user.*"], json!({})).await;
    rig.answer("orders", 500);
    let mut events = Vec::new();
    for kind in ["user.renamed", "user.added", "user.renamed"] {
        rig.server.lab.clock.advance(time::Duration::hours(1));
        events.push(rig.happen(kind, "user/1").await);
        rig.ended(events.len()).await;
    }
    rig.answer("orders", 200);
    let log = rig.log().await;
    let at = |place: usize| log[place]["created_at"].clone();
    let window = |from: Value, until: &str| json!({ "from": from, "until": until, "endpoint_id": endpoint });
    let far = "2099-01-01T00:00:00Z";
    let mut only = window(at(1), far);
    only["event"] = json!("user.renamed");
    let replayed = rig.post("/webhook-deliveries/replay", &only).await;
    assert_eq!((replayed.status.as_u16(), &replayed.body["replayed"]), (202, &json!(1)), "{}", replayed.text);
    assert_eq!(rig.accepted("orders", 1).await, [events[2].as_str()]);
    rig.ended(3).await;
    let rest = rig.post("/webhook-deliveries/replay", &window(at(2), far)).await;
    assert_eq!((&rest.body["replayed"], &rest.body["next_from"]), (&json!(2), &Value::Null));
    assert_eq!(rig.accepted("orders", 3).await[1..].iter().collect::<std::collections::BTreeSet<_>>().len(), 2);
    rig.ended(3).await;
    let none = rig.post("/webhook-deliveries/replay", &window(at(2), far)).await;
    assert_eq!(none.body["replayed"], 0, "what was delivered is not sent again unasked");
    for (wrong, field) in [
        (json!({ "from": far, "until": far }), "until"),
        (json!({ "from": at(0), "until": far, "states": ["pending"] }), "states"),
        (json!({ "from": at(0), "until": far, "states": [] }), "states"),
        (json!({ "from": at(0) }), "body"),
    ] {
        let refused = rig.post("/webhook-deliveries/replay", &wrong).await;
        refused.is_problem(422, "invalid");
        assert_eq!(refused.body["errors"][0]["field"], field, "{}", refused.text);
    }
    let filtered =
        rig.get(&format!("/webhook-deliveries?event=user.added&state=delivered&endpoint_id={endpoint}&limit=1")).await;
    assert_eq!(filtered["items"][0]["event_id"], events[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn log_is_read_page_by_page() {
    let rig = Rig::start().await;
    rig.endpoint("orders", &["user.*"], json!({})).await;
    for _ in 0..5 {
        rig.happen("user.renamed", "user/1").await;
    }
    rig.ended(5).await;
    let (mut seen, mut path) = (Vec::new(), "/webhook-deliveries?limit=2".to_owned());
    loop {
        let page = rig.get(&path).await;
        seen.extend(page["items"].as_array().unwrap().iter().map(|delivery| delivery["id"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/webhook-deliveries?limit=2&cursor={next}");
    }
    let all: Vec<_> = rig.log().await.iter().map(|delivery| delivery["id"].clone()).collect();
    assert_eq!(seen, all);
    assert_eq!(seen.len(), 5);
}
