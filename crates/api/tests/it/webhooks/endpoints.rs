//! Managing endpoints: what is refused, what is remembered, what ends.

use reqwest::Method;
use serde_json::json;
use socialai_connect::guard::Reach;

use super::rig::Rig;
use crate::server::Server;

#[tokio::test]
async fn addresses_that_lead_inside_are_refused_in_every_spelling() {
    let server = Server::reaching(Reach::PublicOnly).await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["*"]).await;
    for url in [
        "http://example.com/hooks",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://0x7f.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest",
        "https://localhost/",
        "https://user:password@example.com/",
        "https://example.com/#part",
        "ftp://example.com/",
        "example.com",
        "",
    ] {
        let wanted = json!({ "name": "inside", "url": url, "events": ["*"] });
        let refused = server.post_as(&key, "/webhook-endpoints", &wanted).await;
        refused.is_problem(422, "invalid");
        assert_eq!(refused.body["errors"][0]["field"], "url", "{url}: {}", refused.text);
        assert!(refused.body["errors"][0]["message"].as_str().unwrap().starts_with("This address cannot be used: "));
    }
    let fine = json!({ "name": "outside", "url": "https://example.com/hooks?key=1", "events": ["*"] });
    let made = server.post_as(&key, "/webhook-endpoints", &fine).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = format!("/webhook-endpoints/{}", made.body["endpoint"]["id"].as_str().unwrap());
    let moved = server.call_as(&key, Method::PATCH, &path, &json!({ "url": "https://10.0.0.1/" })).await;
    moved.is_problem(422, "invalid");
    let list = server.get_as(&key, "/webhook-endpoints").await;
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(list.body["items"][0]["url"], "https://example.com/hooks?key=1");
    let audited = server.get_as(&key, "/audit-log?action=webhook_endpoint.created").await;
    assert!(!audited.text.contains("key=1"), "the log that is never rewritten has only the host: {}", audited.text);
}

#[tokio::test]
async fn wrong_values_are_refused_at_their_field() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["*"]).await;
    let wrong = [
        ("name", json!({ "name": " " })),
        ("events", json!({ "events": [] })),
        ("events[1]", json!({ "events": ["user.renamed", "user.flew"] })),
        ("events[0]", json!({ "events": ["webhook_delivery.changed"] })),
        ("secret", json!({ "secret": "whsec_short" })),
        ("secret", json!({ "secret": "not a secret at all, not at all" })),
        ("body", json!({ "unknown": 1 })),
    ];
    for (field, change) in wrong {
        let mut wanted = json!({ "name": "a", "url": "https://example.com/", "events": ["*"] });
        wanted.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let refused = server.post_as(&key, "/webhook-endpoints", &wanted).await;
        refused.is_problem(422, "invalid");
        if field != "body" {
            assert_eq!(refused.body["errors"][0]["field"], field, "{}", refused.text);
        }
        assert!(!refused.text.contains("not a secret at all"), "a refusal does not repeat a secret");
    }
    let own = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let wanted = json!({ "name": "a", "url": "https://example.com/", "events": ["*"], "secret": own });
    let made = server.post_as(&key, "/webhook-endpoints", &wanted).await;
    assert_eq!(made.body["secret"], own);
    let path = format!("/webhook-endpoints/{}/rotate-secret", made.body["endpoint"]["id"].as_str().unwrap());
    server.post_as(&key, &path, &json!({ "overlap_hours": 721 })).await.is_problem(422, "invalid");
    server.post_as(&key, &path, &json!({ "secret": "whsec_" })).await.is_problem(422, "invalid");
}

#[tokio::test]
async fn nobody_chooses_or_reads_events_that_they_may_not_hear() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let narrow = server.api_key(&tenant, &["webhooks:*", "users:read"]).await;
    let wanted = |events: &[&str]| json!({ "name": "a", "url": "https://example.com/", "events": events });
    for events in [&["*"][..], &["user.password_reset"], &["user.*"]] {
        server.post_as(&narrow, "/webhook-endpoints", &wanted(events)).await.is_problem(403, "forbidden");
    }
    assert_eq!(server.post_as(&narrow, "/webhook-endpoints", &wanted(&["user.renamed"])).await.status, 201);
    let wide = server.api_key(&tenant, &["*"]).await;
    let all = server.post_as(&wide, "/webhook-endpoints", &wanted(&["*"])).await;
    let path = format!("/webhook-endpoints/{}", all.body["endpoint"]["id"].as_str().unwrap());
    let mine = json!({ "url": "https://elsewhere.example/" });
    server.call_as(&narrow, Method::PATCH, &path, &mine).await.is_problem(403, "forbidden");
    assert_eq!(server.get_as(&wide, &path).await.body["url"], "https://example.com/");
}

#[tokio::test]
async fn there_are_fifty_endpoints_at_most_however_fast_they_come() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["*"]).await;
    let wanted = json!({ "name": "a", "url": "https://example.com/", "events": ["*"] });
    for _ in 0..48 {
        assert_eq!(server.post_as(&key, "/webhook-endpoints", &wanted).await.status, 201);
    }
    let rest = futures::future::join_all((0..5).map(|_| server.post_as(&key, "/webhook-endpoints", &wanted))).await;
    assert_eq!(rest.iter().filter(|answer| answer.status == 201).count(), 2);
}

#[tokio::test]
async fn catalogue_names_what_can_be_chosen() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["webhooks:read"]).await;
    let events = server.get_as(&key, "/webhook-events").await.body;
    let events = events.as_array().unwrap();
    let renamed = events.iter().find(|event| event["name"] == "user.renamed").unwrap();
    assert_eq!((&renamed["version"], &renamed["example"]["type"]), (&json!(1), &json!("user.renamed")));
    assert!(events.iter().all(|event| event["name"] != "webhook_delivery.changed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn test_reaches_one_endpoint_even_if_it_is_switched_off() {
    let rig = Rig::start().await;
    let (endpoint, _) = rig.endpoint("tested", &["user.*"], json!({})).await;
    rig.endpoint("other", &["webhook.*", "user.*"], json!({})).await;
    let path = format!("/webhook-endpoints/{endpoint}");
    let off = rig.post(&format!("{path}/disable"), &json!({})).await;
    assert_eq!((off.status.as_u16(), &off.body["disabled_reason"]), (200, &json!("by_hand")));
    rig.post(&format!("{path}/disable"), &json!({})).await.is_problem(409, "already_done");
    let test = rig.post(&format!("{path}/test"), &json!({})).await;
    assert_eq!((test.status.as_u16(), &test.body["event"]), (202, &json!("webhook.test")), "{}", test.text);
    rig.arrived("tested", test.body["event_id"].as_str().unwrap()).await;
    let event = rig.happen("user.renamed", "user/1").await;
    assert_eq!(rig.accepted("other", 1).await, [event], "nobody else is tested");
    let log = rig.ended(2).await;
    let of_tested = log.iter().filter(|delivery| delivery["endpoint_id"] == endpoint.as_str()).count();
    assert_eq!(of_tested, 1, "switched off by hand, it collects nothing");
    assert_eq!(rig.post(&format!("{path}/enable"), &json!({})).await.body["enabled"], true);
    let event = rig.happen("user.renamed", "user/1").await;
    rig.arrived("tested", &event).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn removed_endpoint_leaves_nothing_behind() {
    let rig = Rig::start().await;
    let (endpoint, _) = rig.endpoint("removed", &["user.*"], json!({})).await;
    let subscribed = "system.residents where 'webhooks' = any(subscriptions)";
    assert_eq!(rig.count(subscribed).await, 1);
    rig.happen("user.renamed", "user/1").await;
    rig.ended(1).await;
    let path = format!("/webhook-endpoints/{endpoint}");
    assert_eq!(rig.call(Method::DELETE, &path, &json!({})).await.status, 204);
    rig.call(Method::GET, &path, &json!({})).await.is_problem(404, "not_found");
    for table in ["webhook_endpoints", "webhook_secrets", "webhook_deliveries", "webhook_attempts"] {
        assert_eq!(rig.count(&format!("shared.{table}")).await, 0, "{table}");
    }
    assert_eq!(rig.count(subscribed).await, 0, "nothing is to be read for this workspace any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn body_is_hidden_from_who_may_not_hear_of_the_event() {
    let rig = Rig::start().await;
    rig.endpoint("orders", &["user.password_reset"], json!({})).await;
    rig.happen("user.password_reset", "user/1").await;
    let log = rig.ended(1).await;
    let path = format!("/webhook-deliveries/{}", log[0]["id"].as_str().unwrap());
    let reader = rig.server.api_key(&rig.tenant, &["webhooks:read"]).await;
    let seen = rig.server.get_as(&reader, &path).await.body;
    assert!(seen["body"].is_null() && seen["attempts"][0]["status"] == 200, "{seen}");
    assert!(rig.get(&path).await["body"].is_string());
}
