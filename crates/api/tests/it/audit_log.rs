//! The audit log over HTTP.

use serde_json::{Value, json};
use socialai_domain::permissions::Role;

use crate::server::Server;

#[tokio::test]
async fn log_is_read_filtered_exported_and_verified() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["*"]).await;
    for name in ["one", "two", "three"] {
        let made = server.post_as(&key, "/api-keys", &json!({ "name": name, "scopes": ["users:read"] })).await;
        assert_eq!(made.status, 201);
    }
    let page = server.get_as(&key, "/audit-log?action=api_key.created&limit=2").await.body;
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    assert_eq!(page["items"][0]["changes"]["after"]["name"], "three");
    assert_eq!(page["items"][0]["ip"], "127.0.0.1");
    let rest = server
        .get_as(&key, &format!("/audit-log?action=api_key.created&limit=2&cursor={}", page["next"].as_str().unwrap()))
        .await;
    assert_eq!(rest.body["items"].as_array().unwrap().len(), 2);
    assert!(
        server.get_as(&key, "/audit-log?from=2100-01-01T00:00:00Z").await.body["items"].as_array().unwrap().is_empty()
    );

    let jsonl = server.get_as(&key, "/audit-log/export?format=jsonl").await;
    let lines: Vec<serde_json::Value> = jsonl.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line["seq"].as_i64().unwrap()).collect::<Vec<_>>(), (1..=5).collect::<Vec<_>>());
    assert_eq!(lines[4]["action"], "audit_log.exported", "taking the log away is itself an entry");
    let later = server.get_as(&key, "/audit-log/export?format=csv&after_seq=4").await;
    assert!(later.text.starts_with("seq,at,") && later.text.lines().count() == 3, "{}", later.text);

    assert_eq!(server.get_as(&key, "/audit-log/4").await.body, page["items"][0], "one entry is told as in the list");
    for nowhere in ["7", "0", "-1", "x", "99999999999999999999"] {
        assert_eq!(server.get_as(&key, &format!("/audit-log/{nowhere}")).await.status, 404, "{nowhere}");
    }

    let verdict = server.get_as(&key, "/audit-log/verify").await.body;
    assert_eq!((&verdict["broken"], &verdict["verified"]), (&json!(null), &json!(6)));
}

#[tokio::test]
async fn entries_name_their_actor_and_entity_as_they_are_called_now() {
    let server = Server::start().await;
    let (tenant, admin) = server.tenant_with(Role::Admin).await;
    let member = server.lab.member(&tenant, Role::Agent).await;
    let (signed_in, _) = server.log_in_admin(&admin).await;
    let token = signed_in["access_token"].as_str().unwrap();
    server.call_as(token, reqwest::Method::PATCH, "/me", &json!({ "name": "Ada <b>Admin</b>" })).await;
    let user = format!("/users/{}", member.id);
    server.call_as(token, reqwest::Method::PATCH, &user, &json!({ "role": "viewer" })).await;
    let invitation = json!({ "email": "new@acme.test", "name": "Newcomer", "role": "agent" });
    server.post_as(token, "/invitations", &invitation).await;

    let log = server.get_as(token, "/audit-log").await.body;
    let entry = |action: &str| {
        let items = log["items"].as_array().unwrap();
        items.iter().find(|item| item["action"] == action).unwrap_or_else(|| panic!("{action} in {log}")).clone()
    };
    let changed = entry("user.role_changed");
    assert_eq!(changed["actor_name"], "Ada <b>Admin</b>");
    assert_eq!(changed["entity_name"], format!("agent of {}", tenant.slug));
    assert_eq!(entry("invitation.created")["entity_name"], "Newcomer");
    let opened = entry("session.opened");
    assert_eq!(
        (&opened["actor_name"], &opened["entity_name"]),
        (&json!("Ada <b>Admin</b>"), &json!("Ada <b>Admin</b>"))
    );
    let added = entry("user.added");
    assert_eq!(added["actor_name"], Value::Null, "a part of the system has no name");

    server.call_as(token, reqwest::Method::DELETE, &user, &json!({})).await;
    let gone = server.get_as(token, "/audit-log?action=user.role_changed").await.body;
    assert_eq!(gone["items"][0]["entity_name"], Value::Null, "who is gone has no name any more");
}

#[tokio::test]
async fn log_tells_its_actions_and_is_filtered_by_their_beginning() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["*"]).await;
    server.lab.member(&tenant, Role::Viewer).await;
    let made = server.post_as(&key, "/api-keys", &json!({ "name": "one", "scopes": ["users:read"] })).await;
    let path = format!("/api-keys/{}", made.body["api_key"]["id"].as_str().unwrap());
    server.call_as(&key, reqwest::Method::DELETE, &path, &json!({})).await;

    let actions = server.get_as(&key, "/audit-log/actions").await.body;
    assert_eq!(actions, json!(["api_key.created", "api_key.revoked", "user.added"]));
    let count = async |filter: &str| {
        let page = server.get_as(&key, &format!("/audit-log?action={filter}")).await.body;
        page["items"].as_array().unwrap().len()
    };
    assert_eq!(count("api_key.").await, 3);
    assert_eq!(count("user.").await, 1);
    assert_eq!(count("user").await, 0, "without the dot it is a whole action");
    assert_eq!(count("%25.").await, 0, "no pattern language");
}
