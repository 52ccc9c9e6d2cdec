//! Deliveries of platforms: believed by their signature, kept before they are answered, whatever is in them.

use std::sync::Arc;

use aws_lc_rs::hmac;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use socialai_api::platforms::{Operator, Platforms};
use socialai_connect::{
    call::Http,
    guard::Reach,
    remote::{Limits, Remotes},
    social::{self, Secrets},
};
use socialai_domain::channels::Platform;
use socialai_testkit::lab::Lab;

use crate::server::{Answer, Server};

const SECRET: &str = "meta_app_secret_EXAMPLE_0001";
const OLD_SECRET: &str = "meta_app_secret_EXAMPLE_0000";

fn platforms() -> Platforms {
    let operator = |platform| match platform {
        // Nothing is shared with LinkedIn yet.
        Platform::LinkedIn => Operator::default(),
        _ => Operator {
            secrets: Secrets { signing: vec![SECRET.into(), OLD_SECRET.into()], verify_tokens: vec!["verify".into()] },
            ..Operator::default()
        },
    };
    let http = Http::new(Reach::Anywhere).unwrap();
    Platforms::new(social::all(|_| social::Setup::default()), operator, http, Remotes::new(Limits::default()))
}

async fn server() -> Server {
    Server::serving(Arc::new(Lab::own().await), platforms(), 1_000).await
}

fn tag(secret: &str, body: &[u8]) -> String {
    hex::encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), body))
}

fn delivery(server: &Server, path: &str, body: &[u8]) -> RequestBuilder {
    server.request(Method::POST, path).body(body.to_vec())
}

fn signed(server: &Server, path: &str, secret: &str, body: &[u8]) -> RequestBuilder {
    delivery(server, path, body).header("x-hub-signature-256", format!("sha256={}", tag(secret, body)))
}

async fn send(server: &Server, path: &str, secret: &str, body: &[u8]) -> Answer {
    server.send(signed(server, path, secret, body)).await
}

/// Bodies that are kept, the oldest first.
async fn kept(server: &Server) -> Vec<Vec<u8>> {
    let mut owner = server.lab.owner().await;
    sqlx::query_scalar("select body from system.inbound order by id").fetch_all(&mut owner).await.unwrap()
}

fn message(id: &str) -> Vec<u8> {
    let message = json!({ "mid": id, "text": "caf\u{e9} \u{1f600}" });
    let item = json!({ "sender": { "id": "7" }, "recipient": { "id": "1" }, "timestamp": 1, "message": message });
    json!({ "object": "page", "entry": [{ "id": "1", "time": 1, "messaging": [item] }] }).to_string().into_bytes()
}

#[tokio::test]
async fn signed_delivery_is_durable_when_it_is_answered_and_once_under_every_address() {
    let server = server().await;
    let body = message("m1");
    for path in [
        "/v1/webhook/facebook",
        "/v1/webhooks/facebook",
        "/api/v1/webhook/facebook",
        "/api/v1/webhooks/facebook",
        "/webhooks/facebook",
    ] {
        let answer = send(&server, path, SECRET, &body).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, "EVENT_RECEIVED"));
        assert_eq!(kept(&server).await, std::slice::from_ref(&body), "{path}");
    }
    // A secret that was replaced is believed as long as it is set.
    assert_eq!(send(&server, "/webhook/facebook", OLD_SECRET, &message("m2")).await.status, 200);
    assert_eq!(kept(&server).await.len(), 2);
}

#[tokio::test]
async fn delivery_without_a_good_signature_is_refused_and_not_kept() {
    let server = server().await;
    let body = message("m1");
    server.send(delivery(&server, "/webhook/facebook", &body)).await.is_problem(401, "signature_wrong");
    send(&server, "/webhook/facebook", "another", &body).await.is_problem(401, "signature_wrong");
    let of_other = tag(SECRET, &message("m2"));
    for signature in ["", "sha256=", "sha256=zz", "sha1=00", &format!("sha256={of_other}"), &tag(SECRET, &body)] {
        let request = delivery(&server, "/webhook/facebook", &body).header("x-hub-signature-256", signature);
        server.send(request).await.is_problem(401, "signature_wrong");
    }
    // With no secret set, nothing can be believed, least of all the empty one.
    let request = delivery(&server, "/webhook/linkedin", &body);
    let request = request.header("x-li-signature", format!("hmacsha256={}", tag("", &body)));
    server.send(request).await.is_problem(401, "signature_wrong");
    server.send(delivery(&server, "/webhook/orkut", &body)).await.is_problem(404, "not_found");
    server.send(delivery(&server, "/webhook/web_chat", &body)).await.is_problem(404, "not_found");
    assert!(kept(&server).await.is_empty());
}

#[tokio::test]
async fn signature_is_looked_at_before_anything_in_the_body() {
    let server = server().await;
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000)).into_bytes();
    let bodies: [&[u8]; 7] = [b"", b"[]", b"null", b"{", b"{}x", b"\xff\xfe", b"\"{}\""];
    for body in bodies {
        send(&server, "/webhook/facebook", "another", body).await.is_problem(401, "signature_wrong");
        send(&server, "/webhook/facebook", SECRET, body).await.is_problem(400, "malformed_body");
    }
    assert!(kept(&server).await.is_empty());
    // Whatever is an object is kept to the letter, and read later.
    let odd: [&[u8]; 5] = [
        b"{}",
        b" {\"entry\":null}\n",
        b"{\"entry\":[{\"a\":1},7,\"\\u0000\"],\"entry\":2}",
        b"{\"a\":123456789012345678901234567890.5e900}",
        &deep,
    ];
    for body in odd {
        assert_eq!(
            send(&server, "/webhook/facebook", SECRET, body).await.status,
            200,
            "{}",
            String::from_utf8_lossy(&body[..body.len().min(60)])
        );
    }
    assert_eq!(kept(&server).await, odd);
}

#[tokio::test]
async fn delivery_may_have_two_mebibytes_and_other_bodies_may_not() {
    let server = server().await;
    let body = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8)).into_bytes();
    let limit = 2 * 1024 * 1024;
    assert_eq!(send(&server, "/webhook/facebook", SECRET, &body(limit)).await.status, 200);
    let large = send(&server, "/webhook/facebook", SECRET, &body(limit + 1)).await;
    large.is_problem(413, "body_too_large");
    let form = server.request(Method::POST, "/webhook/facebook/data-deletion").body(body(300 * 1024));
    server.send(form).await.is_problem(413, "body_too_large");
}

#[tokio::test]
async fn deliveries_that_come_at_once_are_all_kept_once() {
    let server = server().await;
    let bodies: Vec<_> = (0..60).map(|number| message(&format!("m{}", number % 40))).collect();
    let sent = bodies.iter().map(|body| send(&server, "/webhook/facebook", SECRET, body));
    let answers = futures::future::join_all(sent).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(kept(&server).await.len(), 40);
    let mut owner = server.lab.owner().await;
    let ordered: i64 = sqlx::query_scalar(
        "select coalesce(sum(jsonb_array_length(payload -> 'deliveries')), 0)::bigint from system.jobs where kind = 'channels.ingest'",
    )
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!(ordered, 40, "each is read by one job");
}

#[tokio::test]
async fn only_wrong_signatures_slow_a_visitor_down() {
    let server = Server::serving(Arc::new(Lab::own().await), platforms(), 1).await;
    for number in 0..120 {
        let answer = send(&server, "/webhook/facebook", SECRET, &message(&format!("m{number}"))).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let mut refused = None;
    for _ in 0..60 {
        let answer = send(&server, "/webhook/facebook", "another", &message("m")).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.status, 401);
    }
    let refused = refused.expect("guessing is refused in the end");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(send(&server, "/webhook/facebook", SECRET, &message("last")).await.status, 200);
}

#[tokio::test]
async fn handshake_proves_the_address_to_whoever_knows_the_token() {
    let server = server().await;
    let meta =
        |token: &str| format!("/webhook/facebook?hub.mode=subscribe&hub.verify_token={token}&hub.challenge=1158201444");
    let answer = server.send(server.request(Method::GET, &meta("verify"))).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, "1158201444"));
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    server.send(server.request(Method::GET, &meta("guess"))).await.is_problem(403, "forbidden");
    server.send(server.request(Method::GET, "/webhook/facebook")).await.is_problem(403, "forbidden");
    let x = server.send(server.request(Method::GET, "/webhooks/x?crc_token=challenge")).await;
    assert!(x.body["response_token"].as_str().is_some_and(|token| token.starts_with("sha256=")), "{}", x.text);
}

#[tokio::test]
async fn app_of_a_workspace_has_an_address_and_secrets_of_its_own() {
    let server = server().await;
    let (tenant, other) = (server.lab.tenant().await, server.lab.tenant().await);
    let key = server.api_key(&tenant, &["channels:*"]).await;
    let own = json!({ "client_id": "17", "client_secret": "own-secret", "verify_tokens": ["own-verify"] });
    let path = format!("/webhook/facebook/{}", tenant.id);
    let body = message("m1");
    send(&server, &path, "own-secret", &body).await.is_problem(404, "not_found");
    let saved = server.call_as(&key, Method::PUT, "/channel-apps/facebook", &own).await;
    assert_eq!(saved.status, 200, "{}", saved.text);
    assert!(!saved.text.contains("own-secret") && !saved.text.contains("own-verify"));
    assert_eq!(send(&server, &path, "own-secret", &body).await.status, 200);
    // The operator's secret is not one of this app, and the workspace's not one of the operator's.
    send(&server, &path, SECRET, &body).await.is_problem(401, "signature_wrong");
    send(&server, "/webhook/facebook", "own-secret", &body).await.is_problem(401, "signature_wrong");
    let path_of_other = format!("/webhook/facebook/{}", other.id);
    send(&server, &path_of_other, "own-secret", &body).await.is_problem(404, "not_found");
    let nobody = format!("/webhook/facebook/{}", socialai_domain::ids::TenantId::fresh());
    send(&server, &nobody, "own-secret", &body).await.is_problem(404, "not_found");
    send(&server, "/webhook/facebook/zzz", "own-secret", &body).await.is_problem(404, "not_found");
    let asked = format!("{path}?hub.mode=subscribe&hub.verify_token=own-verify&hub.challenge=7");
    assert_eq!(server.send(server.request(Method::GET, &asked)).await.text, "7");
    let mut owner = server.lab.owner().await;
    let app: uuid::Uuid =
        sqlx::query_scalar("select app_tenant from system.inbound").fetch_one(&mut owner).await.unwrap();
    assert_eq!(app, tenant.id.0);
    let removed = server.call_as(&key, Method::DELETE, "/channel-apps/facebook", &json!({})).await;
    assert_eq!(removed.status, 204);
    send(&server, &path, "own-secret", &message("m2")).await.is_problem(404, "not_found");
}

fn deletion(server: &Server, secret: &str, payload: &Value) -> RequestBuilder {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let payload = URL_SAFE_NO_PAD.encode(payload.to_string());
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), payload.as_bytes());
    let signed = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(tag));
    server.request(Method::POST, "/webhook/facebook/data-deletion").form(&[("signed_request", signed)])
}

#[tokio::test]
async fn request_for_deletion_is_written_down_and_has_a_page() {
    let server = server().await;
    let payload = json!({ "algorithm": "HMAC-SHA256", "issued_at": 1_760_000_000, "user_id": "218471" });
    let answer = server.send(deletion(&server, SECRET, &payload)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let code = answer.body["confirmation_code"].as_str().unwrap().to_owned();
    let url = answer.body["url"].as_str().unwrap();
    let path = url.split_once("/v1/").map(|(_, rest)| format!("/v1/{rest}")).unwrap();
    let page = server.send(server.request(Method::GET, &path)).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains(&code) && page.text.contains("received") && !page.text.contains("218471"));
    let mut owner = server.lab.owner().await;
    let asked: Value = sqlx::query_scalar(
        "select changes -> 'after' from system.audit_log where action = 'data_deletion.requested' and entity_id = $1",
    )
    .bind(format!("del_{}", &code[..26]))
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!(asked, json!({ "platform": "facebook" }), "a log cannot be erased, so it does not say whose");
    // Codes that we did not give out are unknown.
    let last = if code.ends_with('0') { "1" } else { "0" };
    for wrong in [format!("{}{last}", &code[..code.len() - 1]), code[..26].to_owned(), "é".repeat(13), "x".to_owned()]
    {
        let path = format!("/webhook/facebook/data-deletion/{wrong}");
        server.send(server.request(Method::GET, &path)).await.is_problem(404, "not_found");
    }
}

#[tokio::test]
async fn request_for_deletion_that_meta_did_not_sign_is_refused() {
    let server = server().await;
    let payload = json!({ "algorithm": "HMAC-SHA256", "user_id": "218471" });
    server.send(deletion(&server, "another", &payload)).await.is_problem(401, "signature_wrong");
    let none = json!({ "algorithm": "none", "user_id": "218471" });
    server.send(deletion(&server, SECRET, &none)).await.is_problem(401, "signature_wrong");
    let empty = server.request(Method::POST, "/webhook/facebook/data-deletion");
    server.send(empty).await.is_problem(400, "malformed_body");
    let mut owner = server.lab.owner().await;
    let logged: i64 =
        sqlx::query_scalar("select count(*) from system.audit_log where action = 'data_deletion.requested'")
            .fetch_one(&mut owner)
            .await
            .unwrap();
    assert_eq!(logged, 0);
}
