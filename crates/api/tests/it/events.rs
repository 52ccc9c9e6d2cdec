//! Live updates: resumable, filtered by permission, ended with the session.

use std::time::Duration;

use futures::StreamExt;
use reqwest::Method;
use serde_json::json;
use socialai_domain::permissions::Role;

use crate::server::Server;

/// Reads events until one matches or the deadline passes; answers with the text read.
async fn read_until(response: reqwest::Response, wanted: &str) -> String {
    let mut text = String::new();
    let mut chunks = response.bytes_stream();
    let read = async {
        while let Some(chunk) = chunks.next().await {
            text.push_str(&String::from_utf8_lossy(&chunk.unwrap()));
            if text.contains(wanted) {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(20), read).await;
    text
}

#[tokio::test]
async fn changes_arrive_and_a_client_that_comes_back_misses_nothing() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["*"]).await;
    let stream = server.request(Method::GET, "/events").bearer_auth(&key).send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    server.post_as(&key, "/invitations", &json!({ "email": "a@new.test", "name": "A", "role": "agent" })).await;
    let text = read_until(stream, "invitation.created").await;
    assert!(text.contains("event: ready") && text.contains("event: invitation.created"), "{text}");
    assert!(!text.contains("a@new.test"), "no details travel");
    // Away meanwhile:
    server.post_as(&key, "/invitations", &json!({ "email": "b@new.test", "name": "B", "role": "agent" })).await;
    let last = text.rsplit("id: ").next().unwrap().split_whitespace().next().unwrap().to_owned();
    let back =
        server.request(Method::GET, "/events").bearer_auth(&key).header("last-event-id", last).send().await.unwrap();
    let text = read_until(back, "invitation.created").await;
    assert!(text.contains("event: invitation.created"), "{text}");
    let bad = server.request(Method::GET, "/events").bearer_auth(&key).header("last-event-id", "x");
    server.send(bad).await.is_problem(400, "malformed_parameter");
}

#[tokio::test]
async fn viewer_hears_of_users_but_not_of_keys_and_not_after_logging_out() {
    let server = Server::start().await;
    let (tenant, member) = server.tenant_with(Role::Viewer).await;
    let key = server.api_key(&tenant, &["*"]).await;
    let token = server.log_in(&member).await["access_token"].as_str().unwrap().to_owned();
    let stream = server.request(Method::GET, "/events").bearer_auth(&token).send().await.unwrap();
    server.post_as(&key, "/api-keys", &json!({ "name": "hidden", "scopes": ["users:read"] })).await;
    let other = server.lab.member(&tenant, Role::Agent).await;
    let text = read_until(stream, &other.id.to_string()).await;
    assert!(text.contains("event: user.added") && !text.contains("api_key.created"), "{text}");
    let stream = server.request(Method::GET, "/events").bearer_auth(&token).send().await.unwrap();
    server.post_as(&token, "/auth/logout", &json!({})).await;
    server.lab.member(&tenant, Role::Agent).await;
    let text = read_until(stream, "never").await;
    assert!(!text.contains("user.added"), "{text}");
}
