//! Alerts over the API: rules and targets are set, alerts are read, and what opens a target is never shown.

use reqwest::Method;
use serde_json::{Value, json};
use socialai_connect::guard::Reach;
use socialai_domain::{
    alerts::{
        history::{self, Alert},
        watch,
    },
    audit::Actor,
    tenants::Tenant,
};
use socialai_testkit::lab::secret;

use crate::{dead_letters::dead, server::Server};

const EVERYTHING: &[&str] = &["*"];

/// Looks at a workspace, and gives its alerts.
pub async fn look(server: &Server, tenant: &Tenant) -> Vec<Alert> {
    let databases = &server.lab.databases;
    let seen = watch::of_installation(databases, tenant.id).await.unwrap();
    let mut tx = databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
    watch::look(&mut tx, &seen, false).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
    history::list(&mut tx, &history::Filter::default(), None, 100).await.unwrap()
}

struct Admin {
    server: Server,
    tenant: Tenant,
    key: String,
}

impl Admin {
    async fn at(server: Server) -> Self {
        let tenant = server.lab.tenant().await;
        let key = server.api_key(&tenant, EVERYTHING).await;
        Self { server, tenant, key }
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.server.get_as(&self.key, path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.body
    }

    async fn rule(&self, name: &str) -> Value {
        let rules = self.get("/alert-rules").await;
        rules["items"].as_array().unwrap().iter().find(|rule| rule["name"] == name).unwrap().clone()
    }

    async fn patch(&self, path: &str, change: &Value) -> crate::server::Answer {
        self.server.call_as(&self.key, Method::PATCH, path, change).await
    }

    /// Adds a target and gives its path.
    async fn target(&self, new: &Value) -> String {
        let made = self.server.post_as(&self.key, "/alert-targets", new).await;
        assert_eq!(made.status, 201, "{}", made.text);
        format!("/alert-targets/{}", made.body["target"]["id"].as_str().unwrap())
    }
}

fn email(name: &str) -> Value {
    json!({ "kind": "email", "name": name, "recipients": ["Ann@Example.com"] })
}

fn id_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

#[tokio::test]
async fn rules_begin_with_the_catalogue_and_keep_what_is_changed() {
    let admin = Admin::at(Server::start().await).await;
    let rules = admin.get("/alert-rules").await;
    assert_eq!((rules["items"].as_array().unwrap().len(), &rules["looked_at"]), (11, &Value::Null));
    let path = "/alert-rules/jobs.backlog_age";
    let target = admin.target(&email("Ann")).await;
    let change = json!({ "threshold": 60.5, "severity": "critical", "targets": [id_of(&target)] });
    let changed = admin.patch(path, &change).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let expected = json!({
        "name": "jobs.backlog_age", "summary": "Age of the oldest job that waits to be done.", "unit": "seconds",
        "threshold": 60.5, "for_minutes": 2, "severity": "critical", "enabled": true, "targets": [id_of(&target)],
        "defaults": { "threshold": 300.0, "for_minutes": 2, "severity": "error" }, "reading": null, "open_alerts": 0,
    });
    assert_eq!(changed.body, expected);
    assert_eq!(admin.rule("jobs.backlog_age").await, expected);
    // What is left out stays; null means all targets.
    let off = admin.patch(path, &json!({ "enabled": false })).await.body;
    assert_eq!(
        (&off["enabled"], &off["targets"], &off["threshold"]),
        (&json!(false), &expected["targets"], &json!(60.5))
    );
    assert_eq!(admin.patch(path, &json!({ "targets": null })).await.body["targets"], Value::Null);
    let audited = admin.get("/audit-log?action=alert_rule.changed").await;
    assert_eq!(audited["items"].as_array().unwrap().len(), 3);
    assert_eq!(audited["items"][2]["changes"]["after"]["threshold"], 60.5);
    admin.patch(path, &json!({ "targets": null })).await;
    let again = admin.get("/audit-log?action=alert_rule.changed").await;
    assert_eq!(again["items"].as_array().unwrap().len(), 3, "nothing changed");
}

#[tokio::test]
async fn wrong_values_of_a_rule_are_refused_at_their_field() {
    let admin = Admin::at(Server::start().await).await;
    let path = "/alert-rules/requests.latency_p95";
    let elsewhere = Admin::at(Server::start().await).await;
    let foreign = elsewhere.target(&email("Ann")).await;
    let mine = admin.target(&email("Ann")).await;
    let before = admin.rule("requests.latency_p95").await;
    for (field, change) in [
        ("threshold", json!({ "threshold": -0.1 })),
        ("threshold", json!({ "threshold": 1e9 + 1.0 })),
        ("threshold", json!({ "threshold": 1e300 })),
        ("for_minutes", json!({ "for_minutes": -1 })),
        ("for_minutes", json!({ "for_minutes": 121 })),
        ("severity", json!({ "severity": "fatal" })),
        ("targets", json!({ "targets": [] })),
        ("targets[0]", json!({ "targets": [id_of(&foreign)] })),
        ("targets[1]", json!({ "targets": [id_of(&mine), id_of(&mine)] })),
        ("other", json!({ "other": 1 })),
    ] {
        let refused = admin.patch(path, &change).await;
        refused.is_problem(422, "invalid");
        if field != "other" {
            assert_eq!(refused.body["errors"][0]["field"], field, "{change}: {}", refused.text);
        }
    }
    assert_eq!(admin.rule("requests.latency_p95").await, before);
    admin.patch("/alert-rules/no.such_rule", &json!({ "enabled": false })).await.is_problem(404, "not_found");
    assert_eq!(admin.patch("/alert-rules/circuits.open", &json!({ "for_minutes": 1440 })).await.status, 200);
}

#[tokio::test]
async fn what_opens_a_target_is_never_shown() {
    let admin = Admin::at(Server::start().await).await;
    let (routing_key, token) = (secret(), secret());
    let slack = format!("https://hooks.slack.com/services/T1/B1/{token}");
    let pager = admin
        .target(&json!({ "kind": "pagerduty", "name": "Pager", "routing_key": routing_key, "region": "eu" }))
        .await;
    let channel =
        admin.target(&json!({ "kind": "slack", "name": "#ops", "url": slack, "least_severity": "error" })).await;
    let new = json!({ "kind": "webhook", "name": "Hook", "url": "https://example.com/alerts" });
    let made = admin.server.post_as(&admin.key, "/alert-targets", &new).await;
    let signing = made.body["secret"].as_str().unwrap().to_owned();
    assert!(signing.starts_with("whsec_"));
    let hook = format!("/alert-targets/{}", made.body["target"]["id"].as_str().unwrap());
    admin.target(&email("Ann")).await;
    let end = |secret: &str| secret[secret.len() - 4..].to_owned();
    let shown = admin.get(&pager).await;
    assert_eq!((&shown["kind"], &shown["region"]), (&json!("pagerduty"), &json!("eu")));
    assert_eq!(shown["address"], json!(format!("…{} (eu)", end(&routing_key))));
    assert_eq!(admin.get(&channel).await["address"], json!(format!("hooks.slack.com …{}", end(&token))));
    assert_eq!(admin.get(&hook).await["url"], "https://example.com/alerts");
    let new_key = secret();
    assert_eq!(admin.patch(&pager, &json!({ "routing_key": new_key, "region": "us" })).await.status, 200);
    let mut texts = Vec::new();
    for path in ["/alert-targets", &pager, &channel, &hook, "/audit-log", "/alert-rules", "/effects"] {
        texts.push(admin.get(path).await.to_string());
    }
    let mut owner = admin.server.lab.owner().await;
    let rows: Vec<String> = sqlx::query_scalar("select t::text from shared.alert_targets t where tenant_id = $1")
        .bind(admin.tenant.id)
        .fetch_all(&mut owner)
        .await
        .unwrap();
    assert!(rows.iter().all(|row| !row.contains("ann@example.com")), "addresses of people are sealed, too");
    texts.extend(rows);
    for text in texts {
        for secret in [&routing_key, &token, &signing, &new_key] {
            assert!(!text.contains(secret.as_str()), "{text}");
        }
    }
    let audit = admin.get("/audit-log?action=alert_target.created").await.to_string();
    assert!(!audit.contains("ann@example.com") && audit.contains("a…@example.com"), "{audit}");
}

#[tokio::test]
async fn wrong_targets_are_refused_at_their_field() {
    let admin = Admin::at(Server::reaching(Reach::PublicOnly).await).await;
    let key = "0123456789abcdefghijABCDEFGHIJ12";
    for (field, new) in [
        ("name", json!({ "kind": "pagerduty", "name": " ", "routing_key": key })),
        ("routing_key", json!({ "kind": "pagerduty", "name": "a", "routing_key": "too short" })),
        ("url", json!({ "kind": "slack", "name": "a", "url": "https://example.com/services/T1/B1/x" })),
        ("url", json!({ "kind": "slack", "name": "a", "url": "http://hooks.slack.com/services/T1/B1/x" })),
        ("url", json!({ "kind": "webhook", "name": "a", "url": "https://10.0.0.1/" })),
        ("secret", json!({ "kind": "webhook", "name": "a", "url": "https://example.com/", "secret": "whsec_short" })),
        ("recipients[1]", json!({ "kind": "email", "name": "a", "recipients": ["a@b.test", "nobody"] })),
        ("recipients[1]", json!({ "kind": "email", "name": "a", "recipients": ["a@b.test", "A@b.test"] })),
        ("recipients", json!({ "kind": "email", "name": "a", "recipients": vec!["a@b.test"; 21] })),
    ] {
        let refused = admin.server.post_as(&admin.key, "/alert-targets", &new).await;
        refused.is_problem(422, "invalid");
        assert_eq!(refused.body["errors"][0]["field"], field, "{new}: {}", refused.text);
        assert!(!refused.text.contains("too short"), "a refusal does not repeat a secret");
    }
    for new in [
        json!({ "name": "a" }),
        json!({ "kind": "pigeon", "name": "a" }),
        json!({ "kind": "email", "name": "a", "url": "https://example.com/" }),
        json!({ "kind": "pagerduty", "name": "a", "routing_key": key, "region": "mars" }),
        json!({ "kind": "slack", "name": "a" }),
    ] {
        admin.server.post_as(&admin.key, "/alert-targets", &new).await.is_problem(422, "invalid");
    }
    assert_eq!(admin.get("/alert-targets").await["items"], json!([]));
    let path = admin.target(&email("Ann")).await;
    let before = admin.get(&path).await;
    for (field, change) in [
        ("url", json!({ "url": "https://example.com/" })),
        ("routing_key", json!({ "routing_key": key })),
        ("region", json!({ "region": "eu" })),
        ("recipients[0]", json!({ "recipients": ["nobody"] })),
        ("name", json!({ "name": "x".repeat(101) })),
    ] {
        let refused = admin.patch(&path, &change).await;
        refused.is_problem(422, "invalid");
        assert_eq!(refused.body["errors"][0]["field"], field, "{}", refused.text);
    }
    assert_eq!(admin.get(&path).await, before);
}

#[tokio::test]
async fn mail_that_cannot_be_sent_is_refused_with_the_setting_that_is_missing() {
    let admin = Admin::at(Server::without_mail().await).await;
    let refused = admin.server.post_as(&admin.key, "/alert-targets", &email("Ann")).await;
    refused.is_problem(422, "invalid");
    assert!(refused.text.contains("SOCIALAI_SMTP_URL"), "{}", refused.text);
}

#[tokio::test]
async fn there_are_twenty_targets_at_most_however_fast_they_come() {
    let admin = Admin::at(Server::start().await).await;
    for _ in 0..18 {
        admin.target(&email("Ann")).await;
    }
    let new = email("Ann");
    let rest = (0..5).map(|_| admin.server.post_as(&admin.key, "/alert-targets", &new));
    let rest = futures::future::join_all(rest).await;
    assert_eq!(rest.iter().filter(|answer| answer.status == 201).count(), 2);
}

#[tokio::test]
async fn only_target_of_a_rule_stays_until_the_rule_has_another() {
    let admin = Admin::at(Server::start().await).await;
    let (ann, bea) = (admin.target(&email("Ann")).await, admin.target(&email("Bea")).await);
    for (rule, targets) in [("circuits.open", vec![&ann]), ("effects.unknown", vec![&ann, &bea])] {
        let targets: Vec<_> = targets.into_iter().map(|path| id_of(path)).collect();
        admin.patch(&format!("/alert-rules/{rule}"), &json!({ "targets": targets })).await;
    }
    let refused = admin.server.call_as(&admin.key, Method::DELETE, &ann, &json!({})).await;
    refused.is_problem(409, "alert_target_needed");
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("circuits.open") && !detail.contains("effects.unknown"), "{detail}");
    admin.patch("/alert-rules/circuits.open", &json!({ "targets": null })).await;
    assert_eq!(admin.server.call_as(&admin.key, Method::DELETE, &ann, &json!({})).await.status, 204);
    assert_eq!(admin.rule("effects.unknown").await["targets"], json!([id_of(&bea)]));
    assert_eq!(admin.server.get_as(&admin.key, &ann).await.status, 404);
}

#[tokio::test]
async fn test_of_a_target_is_an_effect_and_is_ordered_once() {
    let admin = Admin::at(Server::start().await).await;
    let path = admin.target(&email("Ann")).await;
    let order = || {
        let request = admin.server.request(Method::POST, &format!("{path}/test")).bearer_auth(&admin.key);
        admin.server.send(request.header("idempotency-key", "one"))
    };
    let (first, second) = (order().await, order().await);
    assert_eq!((first.status.as_u16(), &first.body), (202, &second.body), "{}", first.text);
    let effect = admin.get(&format!("/effects/{}", first.body["effect_id"].as_str().unwrap())).await;
    assert_eq!(
        (&effect["kind"], &effect["state"], &effect["about_id"]),
        (&json!("alert.notice"), &json!("planned"), &json!(id_of(&path)))
    );
    let tested = admin.get("/audit-log?action=alert_target.tested").await;
    assert_eq!(tested["items"].as_array().unwrap().len(), 1);
    assert_eq!(tested["items"][0]["entity_name"], "Ann");
}

#[tokio::test]
async fn alerts_are_listed_with_open_ones_first_and_say_who_was_told() {
    let admin = Admin::at(Server::alone().await).await;
    let (server, tenant) = (&admin.server, &admin.tenant);
    admin.target(&email("Ann")).await;
    dead(server, tenant, "tests.one").await;
    look(server, tenant).await;
    sqlx::query("update system.dead_letters set discarded_at = now(), discard_reason = 'test'")
        .execute(&mut server.lab.owner().await)
        .await
        .unwrap();
    look(server, tenant).await;
    server.lab.clock.advance(time::Duration::minutes(2));
    look(server, tenant).await;
    dead(server, tenant, "tests.two").await;
    look(server, tenant).await;
    sqlx::query("update system.dead_letters set speed = 0").execute(&mut server.lab.owner().await).await.unwrap();
    let rules = |page: &Value| -> Vec<(String, bool)> {
        let alert = |alert: &Value| (alert["rule"].as_str().unwrap().to_owned(), alert["resolved_at"].is_null());
        page["items"].as_array().unwrap().iter().map(alert).collect()
    };
    let expected = |open: bool| ("dead_letters.waiting".to_owned(), open);
    let all = admin.get("/alerts").await;
    assert_eq!(rules(&all), [expected(true), expected(false)]);
    assert_eq!(rules(&admin.get("/alerts?state=open").await), [expected(true)]);
    assert_eq!(rules(&admin.get("/alerts?state=resolved&severity=error").await), [expected(false)]);
    assert_eq!(rules(&admin.get("/alerts?rule=circuits.open").await), []);
    assert_eq!(rules(&admin.get("/alerts?severity=critical").await), []);
    let first = admin.get("/alerts?limit=1").await;
    let next = format!("/alerts?limit=1&cursor={}", first["next"].as_str().unwrap());
    let second = admin.get(&next).await;
    assert_eq!((rules(&first), rules(&second)), (vec![expected(true)], vec![expected(false)]));
    assert!(second["next"].is_null());
    let opened = admin.get(&format!("/alerts/{}", second["items"][0]["id"].as_str().unwrap())).await;
    let notices = opened["notices"].as_array().unwrap();
    let kinds: Vec<_> = notices.iter().map(|notice| notice["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["raised", "resolved"]);
    assert_eq!(
        (&notices[0]["target_name"], &notices[0]["state"], &notices[0]["attempts"]),
        (&json!("Ann"), &json!("planned"), &json!(0))
    );
    assert_eq!(opened["summary"], "1 job was given up and waits for a decision.");
    assert_eq!(admin.rule("dead_letters.waiting").await["open_alerts"], 1);
    for query in ["state=watching", "severity=fatal", "limit=0", "cursor=x"] {
        assert_eq!(server.get_as(&admin.key, &format!("/alerts?{query}")).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn requests_of_a_workspace_are_counted_for_its_rules() {
    let admin = Admin::at(Server::start().await).await;
    for _ in 0..20 {
        admin.get("/alert-rules").await;
    }
    // Refusals are answers, too; somebody without a token belongs to no workspace.
    admin.server.get_as(&admin.key, "/users/usr_00000000000000000000000000").await.is_problem(404, "not_found");
    admin.server.app.write_requests().await.unwrap();
    admin.server.app.write_requests().await.unwrap();
    look(&admin.server, &admin.tenant).await;
    let (errors, latency) = (admin.rule("requests.error_rate").await, admin.rule("requests.latency_p95").await);
    assert_eq!(errors["reading"], 0.0);
    assert!(latency["reading"].as_f64().unwrap() > 0.0);
    let counted: i64 = sqlx::query_scalar("select sum(requests) from system.request_minutes where tenant_id = $1")
        .bind(admin.tenant.id)
        .fetch_one(&mut admin.server.lab.owner().await)
        .await
        .unwrap();
    assert_eq!(counted, 21, "written twice is counted once");
}
