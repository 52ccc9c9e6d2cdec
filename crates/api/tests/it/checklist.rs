//! First steps: each caller sees their own, ticked by what is true.

use reqwest::Method;
use serde_json::{Value, json};
use socialai_domain::permissions::Role;

use crate::server::Server;

async fn checklist(server: &Server, token: &str) -> Vec<(String, bool)> {
    let answer = server.get_as(token, "/tenant/checklist").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let items = answer.body["items"].as_array().unwrap().clone();
    items.iter().map(|item| (item["id"].as_str().unwrap().to_owned(), item["done"].as_bool().unwrap())).collect()
}

fn token(signed_in: &Value) -> String {
    signed_in["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn administrator_sees_steps_tick_themselves() {
    let server = Server::start().await;
    let (_, admin) = server.tenant_with(Role::Admin).await;
    let token = token(&server.log_in_admin(&admin).await.0);
    let mut expected = [
        ("second_factor".to_owned(), true),
        ("colleague_invited".to_owned(), false),
        ("api_key_made".to_owned(), false),
        ("single_sign_on".to_owned(), false),
    ];
    assert_eq!(checklist(&server, &token).await, expected);

    let invited = json!({ "email": "colleague@acme.test", "name": "C", "role": "agent" });
    assert_eq!(server.post_as(&token, "/invitations", &invited).await.status, 201);
    expected[1].1 = true;
    assert_eq!(checklist(&server, &token).await, expected);

    let key = json!({ "name": "first", "scopes": ["users:read"] });
    assert_eq!(server.post_as(&token, "/api-keys", &key).await.status, 201);
    expected[2].1 = true;
    assert_eq!(checklist(&server, &token).await, expected);

    for enabled in [false, true] {
        let settings = json!({ "enabled": enabled, "issuer": "https://id.example.test", "client_id": "hub",
            "creates_users": false, "role_map": {} });
        let put = server.call_as(&token, Method::PUT, "/sso", &json!({ "settings": settings })).await;
        assert_eq!(put.status, 200, "{}", put.text);
        expected[3].1 = enabled;
        assert_eq!(checklist(&server, &token).await, expected);
    }
}

#[tokio::test]
async fn colleague_counts_however_they_came() {
    let server = Server::start().await;
    let (tenant, admin) = server.tenant_with(Role::Admin).await;
    server.lab.member(&tenant, Role::Agent).await;
    let token = token(&server.log_in_admin(&admin).await.0);
    assert!(checklist(&server, &token).await.contains(&("colleague_invited".to_owned(), true)));
}

#[tokio::test]
async fn steps_of_others_are_not_shown() {
    let server = Server::start().await;
    for role in [Role::Manager, Role::Viewer] {
        let (_, member) = server.tenant_with(role).await;
        let token = token(&server.log_in(&member).await);
        assert_eq!(checklist(&server, &token).await, [("second_factor".to_owned(), false)], "{role:?}");
    }
}

#[tokio::test]
async fn neighbours_things_tick_nothing_here() {
    let server = Server::start().await;
    let (theirs, _) = server.tenant_with(Role::Admin).await;
    server.api_key(&theirs, &["*"]).await;
    server.lab.member(&theirs, Role::Agent).await;
    let (_, admin) = server.tenant_with(Role::Admin).await;
    let token = token(&server.log_in_admin(&admin).await.0);
    let done: Vec<_> = checklist(&server, &token).await.into_iter().filter(|(_, done)| *done).collect();
    assert_eq!(done, [("second_factor".to_owned(), true)]);
}
