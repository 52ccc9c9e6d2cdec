//! The audit log over HTTP.

use serde_json::json;

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

    let verdict = server.get_as(&key, "/audit-log/verify").await.body;
    assert_eq!((&verdict["broken"], &verdict["verified"]), (&json!(null), &json!(6)));
}
