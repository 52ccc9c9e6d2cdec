//! Idempotency keys over HTTP.

use reqwest::Method;
use serde_json::json;

use crate::server::Server;

#[tokio::test]
async fn repeated_request_answers_the_same_and_does_nothing_again() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["*"]).await;
    let send = |idempotency_key: &str, name: &str| {
        let request =
            server.request(Method::POST, "/api-keys").bearer_auth(&key).header("idempotency-key", idempotency_key);
        server.send(request.json(&json!({ "name": name, "scopes": ["users:read"] })))
    };
    let first = send("order-1", "a").await;
    let second = send("order-1", "a").await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (201, 201));
    assert_eq!(first.text, second.text);
    assert_eq!(second.headers["idempotency-replayed"], "true");
    send("order-1", "b").await.is_problem(409, "idempotency_key_reused");
    assert_ne!(send("order-2", "a").await.body["api_key"]["id"], first.body["api_key"]["id"]);
    let bad = server
        .request(Method::POST, "/api-keys")
        .bearer_auth(&key)
        .header("idempotency-key", "with space")
        .json(&json!({}));
    server.send(bad).await.is_problem(400, "malformed_parameter");
}

#[tokio::test]
async fn requests_sent_at_the_same_moment_make_one_effect() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["*"]).await;
    let requests = (0..6).map(|_| {
        let request = server.request(Method::POST, "/api-keys").bearer_auth(&key).header("idempotency-key", "same");
        server.send(request.json(&json!({ "name": "one", "scopes": ["users:read"] })))
    });
    let answers = futures::future::join_all(requests).await;
    assert!(answers.iter().all(|answer| answer.status == 201 && answer.text == answers[0].text));
    let list = server.get_as(&key, "/api-keys").await;
    let made = list.body["items"].as_array().unwrap().iter().filter(|key| key["name"] == "one").count();
    assert_eq!(made, 1);
}

#[tokio::test]
async fn refused_request_leaves_its_key_free() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["*"]).await;
    let send = |name: &str| {
        let request = server.request(Method::POST, "/api-keys").bearer_auth(&key).header("idempotency-key", "retry");
        server.send(request.json(&json!({ "name": name, "scopes": ["users:read"] })))
    };
    send("").await.is_problem(422, "invalid");
    assert_eq!(send("good").await.status, 201);
}
