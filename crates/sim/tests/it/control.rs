//! The control API: what scripts do, and what it refuses.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::Lab;

#[tokio::test]
async fn simulators_are_listed_with_their_paths() {
    let lab = Lab::start().await;
    let list = lab.get("/_control/simulators").await.json();
    let names: Vec<_> = list["simulators"].as_array().unwrap().iter().map(|it| it["path"].as_str().unwrap()).collect();
    assert_eq!(names, ["/facebook", "/instagram", "/linkedin", "/pagerduty", "/slack", "/webhook-receiver", "/x"]);
    assert_eq!(lab.get("/_control/simulators/slack").await.json(), json!({ "messages": [] }));
    lab.get("/_control/simulators/myspace").await.refused(404, "there is no simulator `myspace`");
}

#[tokio::test]
async fn a_fault_is_added_listed_and_removed() {
    let lab = Lab::start().await;
    let fault = json!({
        "simulator": "slack", "matching": { "method": "POST", "path_prefix": "/services/" },
        "when": { "next": 2 }, "fault": { "kind": "rate_limited", "retry_after_seconds": 3 },
    });
    let added = lab.post("/_control/faults", &fault).await;
    assert_eq!((added.status.as_u16(), added.json()), (201, json!({ "id": 1 })));
    assert_eq!(lab.say("x").await.unwrap().status, 429);
    let mut listed = fault.clone();
    listed["id"] = json!(1);
    listed["applied"] = json!(1);
    assert_eq!(lab.get("/_control/faults?simulator=slack").await.json(), json!({ "faults": [listed] }));
    assert_eq!(lab.get("/_control/faults?simulator=pagerduty").await.json(), json!({ "faults": [] }));
    assert_eq!(lab.ask(Method::DELETE, "/_control/faults/1").await.status, 204);
    lab.ask(Method::DELETE, "/_control/faults/1").await.refused(404, "there is no fault 1");
    lab.ask(Method::DELETE, "/_control/faults/first").await.refused(404, "there is no fault first");
    assert_eq!(lab.say("x").await.unwrap().status, 200);

    lab.post("/_control/faults", &fault).await;
    assert_eq!(lab.ask(Method::DELETE, "/_control/faults?simulator=pagerduty").await.status, 204);
    assert_eq!(lab.world.faults().len(), 1);
    assert_eq!(lab.ask(Method::DELETE, "/_control/faults").await.status, 204);
    assert_eq!(lab.world.faults().len(), 0);
}

#[tokio::test]
async fn every_kind_of_fault_can_be_written() {
    let lab = Lab::start().await;
    for fault in [
        json!({ "kind": "latency", "milliseconds": 5, "moment": "before_effect" }),
        json!({ "kind": "slower", "times": 2 }),
        json!({ "kind": "rate_limited", "retry_after_seconds": 0 }),
        json!({ "kind": "expired_credentials" }),
        json!({ "kind": "server_error", "status": 502, "moment": "after_effect" }),
        json!({ "kind": "garbage", "moment": "after_effect" }),
        json!({ "kind": "wrong_content_type" }),
        json!({ "kind": "truncated_body" }),
        json!({ "kind": "hang", "moment": "before_effect" }),
        json!({ "kind": "cut", "moment": "after_effect" }),
    ] {
        let when = json!({ "chance": { "probability": 0.5, "seed": 7 } });
        let rule = json!({ "simulator": "slack", "fault": fault, "when": when });
        let reply = lab.post("/_control/faults", &rule).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
    }
    assert_eq!(lab.world.faults().len(), 10);
}

#[tokio::test]
async fn wrong_faults_are_refused_with_a_reason() {
    let lab = Lab::start().await;
    let rule = |fault: Value, when: Value| json!({ "simulator": "slack", "fault": fault, "when": when });
    let cut = || json!({ "kind": "cut", "moment": "after_effect" });
    for (body, status, words) in [
        (rule(json!({ "kind": "cut" }), json!("always")), 400, "moment"),
        (rule(json!({ "kind": "melt" }), json!("always")), 400, "melt"),
        (rule(json!({ "kind": "cut", "moment": "later" }), json!("always")), 400, "later"),
        (rule(cut(), json!({ "next": -1 })), 400, "-1"),
        (rule(cut(), json!({ "next": 0 })), 422, "`next`"),
        (rule(cut(), json!({ "chance": { "probability": 2.0, "seed": 1 } })), 422, "`probability`"),
        (rule(json!({ "kind": "server_error", "status": 200, "moment": "after_effect" }), json!("always")), 422, "500"),
        (json!({ "simulator": "slack" }), 400, "fault"),
        (json!({ "simulator": "slack", "fault": cut(), "path": "/x" }), 400, "path"),
        (json!({ "simulator": "slack", "fault": cut(), "matching": { "path_prefix": "x" } }), 422, "begins with /"),
        (json!({ "simulator": "myspace", "fault": cut() }), 404, "myspace"),
        (json!([]), 400, "cannot be read"),
    ] {
        lab.post("/_control/faults", &body).await.refused(status, words);
    }
    assert_eq!(lab.world.faults().len(), 0);
}

#[tokio::test]
async fn bodies_that_are_no_json_are_refused() {
    let lab = Lab::start().await;
    let send = async |kind: &str, body: String| {
        let request = lab.client.post(lab.address("/_control/faults")).header("content-type", kind).body(body);
        Lab::read(request.send().await.unwrap()).await.unwrap()
    };
    send("application/json", "{".to_owned()).await.refused(400, "line 1");
    send("text/plain", "{}".to_owned()).await.refused(415, "Content-Type");
    send("application/json", " ".repeat(300 * 1024)).await.refused(413, "length limit");
    let settings = lab.client.put(lab.address("/_control/simulators/slack/settings"));
    let deep = settings.header("content-type", "application/json").body("[".repeat(10_000)).send().await.unwrap();
    Lab::read(deep).await.unwrap().refused(400, "recursion");
}

#[tokio::test]
async fn unknown_addresses_methods_and_parameters_are_refused() {
    let lab = Lab::start().await;
    lab.get("/_control/nothing").await.refused(404, "no such address");
    lab.ask(Method::PATCH, "/_control/faults").await.refused(405, "method");
    lab.get("/_control/recordings?colour=red").await.refused(400, "colour");
    lab.get("/_control/recordings?limit=many").await.refused(400, "limit");
    lab.get("/_control/recordings?limit=0").await.refused(422, "`limit`");
    lab.get("/_control/recordings?limit=1001").await.refused(422, "`limit`");
    lab.get("/_control/recordings?count=1").await.refused(422, "wait");
    lab.get("/_control/recordings?simulator=myspace").await.refused(404, "myspace");
    lab.get("/_control/effects?simulator=myspace").await.refused(404, "myspace");
    lab.get("/_control/effects/wait").await.refused(422, "`count`");
    lab.get("/_control/effects/wait?count=1&timeout_seconds=301").await.refused(422, "300");
    lab.get("/_control/effects/wait?count=1&limit=5").await.refused(422, "`limit`");
    lab.get("/_control/recordings/wait?count=-1").await.refused(400, "count");
    lab.ask(Method::POST, "/_control/reset?simulator=myspace").await.refused(404, "myspace");
    lab.put("/_control/simulators/pagerduty/settings", &json!({})).await.refused(422, "no settings");
    assert_eq!(lab.post("/myspace/messages", &json!({})).await.status, 404);
}

#[tokio::test]
async fn recordings_are_shown_without_secrets() {
    let lab = Lab::start().await;
    let url = lab.address("/slack/services/T1/B1/a-secret-token");
    let request = lab.client.post(url).bearer_auth("a-secret-bearer").header("cookie", "a-secret-cookie");
    request.json(&json!({ "text": "hello" })).send().await.unwrap();
    let key = "0123456789abcdef0123456789abcdef";
    let event = json!({ "routing_key": key, "event_action": "resolve", "dedup_key": "dlq" });
    lab.post("/pagerduty/v2/enqueue", &event).await;

    let shown = lab.get("/_control/recordings").await;
    let listed = shown.json();
    let [event, message] = &**listed["recordings"].as_array().unwrap() else { panic!("{}", shown.text) };
    assert!(!shown.text.contains("a-secret") && !shown.text.contains(key), "{}", shown.text);
    assert_eq!(message["path"], "/services/T1/B1/[secret]");
    assert_eq!(message["body"], r#"{"text":"hello"}"#);
    assert_eq!(message["answer"]["body"], "ok");
    assert_eq!((&message["was_handled"], &message["ending"]), (&json!(true), &json!("answered")));
    assert!(event["body"].as_str().unwrap().contains(r#""routing_key":"[secret]""#), "{event}");
    for page in ["/slack/", "/pagerduty/"] {
        let page = lab.get(page).await.text;
        assert!(!page.contains("a-secret") && !page.contains(key), "{page}");
    }
}

#[tokio::test]
async fn recordings_are_filtered_limited_and_cleared() {
    let lab = Lab::start().await;
    for text in ["1", "2", "3"] {
        lab.say(text).await.unwrap();
    }
    let numbers = async |query: &str| -> Vec<u64> {
        let listed = lab.get(&format!("/_control/recordings?{query}")).await.json();
        listed["recordings"].as_array().unwrap().iter().map(|it| it["number"].as_u64().unwrap()).collect()
    };
    assert_eq!(numbers("limit=2").await, [3, 2]);
    assert_eq!(numbers("simulator=slack&method=POST&path_prefix=/services/T1&after=1").await, [3, 2]);
    assert_eq!(numbers("simulator=pagerduty").await, [0_u64; 0]);
    assert_eq!(lab.ask(Method::DELETE, "/_control/recordings").await.status, 204);
    assert_eq!(numbers("").await, [0_u64; 0]);
    lab.say("4").await.unwrap();
    assert_eq!(numbers("").await, [4]);
}

#[tokio::test]
async fn effects_are_counted_and_waited_for() {
    let lab = Lab::start().await;
    let (waited, (), recorded) = tokio::join!(
        lab.get("/_control/effects/wait?simulator=slack&what=message_posted&place=T1/B1&count=2"),
        async {
            lab.say("same").await.unwrap();
            lab.say("same").await.unwrap();
        },
        lab.get("/_control/recordings/wait?simulator=slack&count=2&timeout_seconds=20"),
    );
    assert_eq!((waited.json(), recorded.json()), (json!({ "found": 2 }), json!({ "found": 2 })));
    let effects = lab.get("/_control/effects?simulator=slack").await.json();
    assert_eq!((&effects["total"], &effects["distinct"]), (&json!(2), &json!(1)));
    assert_eq!(effects["repeated"][0]["times"], 2);
    assert_eq!(effects["effects"][0]["what"], "message_posted");
    let late = lab.get("/_control/effects/wait?simulator=slack&count=3&timeout_seconds=0").await;
    late.refused(504, "there are 2");
    assert_eq!(lab.ask(Method::POST, "/_control/reset").await.status, 204);
    assert_eq!(lab.get("/_control/effects").await.json()["total"], 0);
}

#[tokio::test]
async fn faults_never_meet_the_control_api() {
    let lab = Lab::start().await;
    for name in ["slack", "pagerduty", "webhook-receiver"] {
        let rule = json!({ "simulator": name, "fault": { "kind": "cut", "moment": "before_effect" } });
        lab.post("/_control/faults", &rule).await;
    }
    assert_eq!(lab.get("/_control/simulators").await.status, 200);
    assert_eq!(lab.get("/slack/").await.status, 200);
    assert!(lab.say("x").await.is_err());
}
