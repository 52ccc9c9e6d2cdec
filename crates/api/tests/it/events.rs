//! Live updates: resumable, filtered by permission, ended with the session.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use socialai_domain::permissions::Role;
use socialai_testkit::lab::Lab;

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

/// The same, with the stream to go on with.
pub(crate) async fn heard(mut response: reqwest::Response, wanted: &str) -> (String, reqwest::Response) {
    let mut text = String::new();
    let read = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            text.push_str(&String::from_utf8_lossy(&chunk));
            if text.contains(wanted) && text.ends_with("\n\n") {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(20), read).await;
    (text, response)
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
    let ready: Value = serde_json::from_str(text.split("data: ").nth(1).unwrap().lines().next().unwrap()).unwrap();
    let options = server.send(server.request(Method::GET, "/auth/options")).await.body;
    assert_eq!((&ready["version"], &ready["build"]), (&options["version"], &options["web_build"]));
    let now = ready["now"].as_str().unwrap();
    let rfc3339 = &time::format_description::well_known::Rfc3339;
    let skew = server.lab.clock.now() - time::OffsetDateTime::parse(now, rfc3339).unwrap();
    assert!(skew.abs() < time::Duration::minutes(1), "{now}");
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

/// The event of each invitation that a stream told of, as its place among them.
fn invitations_in(text: &str, invitations: &[String]) -> Vec<usize> {
    let told = text.split("\n\n").filter(|event| event.contains("event: invitation.created"));
    told.filter_map(|event| invitations.iter().position(|id| event.contains(id))).collect()
}

#[tokio::test]
async fn stream_goes_on_at_another_process() {
    let lab = Lab::own().await;
    let other = lab.again().await;
    let (a, b) = (Server::with(Arc::new(lab), 1_000).await, Server::with(Arc::new(other), 1_000).await);
    let tenant = a.lab.tenant().await;
    let key = a.api_key(&tenant, &["*"]).await;
    let invite = async |name: &str| {
        let body = json!({ "email": format!("{name}@new.test"), "name": name, "role": "agent" });
        let answer = a.post_as(&key, "/invitations", &body).await;
        answer.body["invitation"]["id"].as_str().unwrap_or_else(|| panic!("{}", answer.text)).to_owned()
    };
    let listen = async |server: &Server, last: Option<&str>| {
        let request = server.request(Method::GET, "/events").bearer_auth(&key);
        let request = last.into_iter().fold(request, |request, last| request.header("last-event-id", last));
        request.send().await.unwrap()
    };
    let (at_a, at_b) = (listen(&a, None).await, listen(&b, None).await);
    let mut invitations = vec![invite("a").await];
    let (text, same) = (read_until(at_a, &invitations[0]).await, read_until(at_b, &invitations[0]).await);
    assert_eq!(invitations_in(&same, &invitations), [0], "what was changed through one is heard at the other: {same}");
    let before = invitations_in(&text, &invitations);
    // The stream broke off; more happens until the client comes to the other process, and after that.
    invitations.extend([invite("b").await, invite("c").await]);
    let last = text.rsplit("id: ").next().unwrap().split_whitespace().next().unwrap();
    let back = listen(&b, Some(last)).await;
    invitations.push(invite("d").await);
    let text = read_until(back, &invitations[3]).await;
    assert_eq!([before, invitations_in(&text, &invitations)].concat(), [0, 1, 2, 3], "{text}");
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

#[tokio::test]
async fn everybody_hears_of_their_own_sessions_and_factors_and_of_nobody_elses() {
    let server = Server::start().await;
    let (tenant, member) = server.tenant_with(Role::Viewer).await;
    let colleague = server.lab.member(&tenant, Role::Viewer).await;
    let token = server.log_in(&member).await["access_token"].as_str().unwrap().to_owned();
    let stream = server.request(Method::GET, "/events").bearer_auth(&token).send().await.unwrap();
    // The colleague comes and goes; then the person comes on a second device, sets up an app there, and goes.
    let theirs = server.log_in(&colleague).await["access_token"].as_str().unwrap().to_owned();
    let session = server.get_as(&theirs, "/me").await.body["session"].as_str().unwrap().to_owned();
    server.post_as(&theirs, "/auth/logout", &json!({})).await;
    let second = server.log_in(&member).await["access_token"].as_str().unwrap().to_owned();
    let start = server.post_as(&second, "/me/totp/start", &json!({})).await.body;
    let app = totp_rs::Totp::from_url(start["url"].as_str().unwrap()).unwrap();
    let confirm = json!({ "enrolment": start["enrolment"], "code": server.code(&app) });
    assert_eq!(server.post_as(&second, "/me/totp/confirm", &confirm).await.status, 200);
    let checklist = server.get_as(&second, "/tenant/checklist").await.body;
    assert_eq!(checklist["items"], json!([{ "id": "second_factor", "done": true }]), "the step ticks itself");
    assert_eq!(server.post_as(&second, "/auth/logout", &json!({})).await.status, 204);
    let text = read_until(stream, "event: session.ended").await;
    let heard: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(heard, ["ready", "session.opened", "user.factors_changed", "session.ended"], "{text}");
    assert!(!text.contains(&session), "{text}");
}

#[tokio::test]
async fn each_kind_of_news_needs_the_permission_to_read_the_thing() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let all = server.api_key(&tenant, &["*"]).await;
    let expectations: [(&str, &[&str]); 5] = [
        ("settings:read", &["tenant.renamed", "settings.changed"]),
        ("sso:read", &["sso.changed"]),
        ("api_keys:read", &["api_key.created"]),
        ("users:manage", &["session.opened", "invitation.created"]),
        (
            "audit:read",
            &[
                "tenant.renamed",
                "settings.changed",
                "sso.changed",
                "user.added",
                "session.opened",
                "api_key.created",
                "invitation.created",
            ],
        ),
    ];
    let mut keys = Vec::new();
    for (scope, _) in expectations {
        keys.push(server.api_key(&tenant, &[scope]).await);
    }
    let mut streams = Vec::new();
    for key in &keys {
        streams.push(server.request(Method::GET, "/events").bearer_auth(key).send().await.unwrap());
    }
    let change = async |method: Method, path: &str, body: Value| {
        let answer = server.call_as(&all, method, path, &body).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text);
    };
    change(Method::PATCH, "/tenant", json!({ "name": "New name" })).await;
    change(Method::PUT, "/tenant/policy", json!({ "mfa_roles": ["admin", "manager"], "session_days": 7 })).await;
    let settings = json!({ "enabled": false, "issuer": "https://id.example.test", "client_id": "hub",
        "creates_users": false, "role_map": {} });
    change(Method::PUT, "/sso", json!({ "settings": settings })).await;
    let member = server.lab.member(&tenant, Role::Viewer).await;
    server.log_in(&member).await;
    change(Method::POST, "/api-keys", json!({ "name": "another", "scopes": ["users:read"] })).await;
    change(Method::POST, "/invitations", json!({ "email": "n@new.test", "name": "N", "role": "agent" })).await;
    for ((scope, expected), stream) in expectations.iter().zip(streams) {
        let text = read_until(stream, &format!("event: {}", expected.last().unwrap())).await;
        let heard: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
        assert_eq!(heard[1..], **expected, "{scope}: {text}");
    }
}
