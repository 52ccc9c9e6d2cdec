//! Bad requests: each gets the right status and a problem document, and changes nothing.

use reqwest::{Method, header};
use serde_json::json;
use socialai_domain::permissions::Role;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::Server;

#[tokio::test]
async fn unknown_routes_and_wrong_methods_answer_with_problems() {
    let server = Server::start().await;
    for path in ["/nothing", "/users/../secret", "/%ff", "/auth/login/x"] {
        server.send(server.request(Method::GET, path)).await.is_problem(404, "not_found");
    }
    let wrong = server.send(server.request(Method::DELETE, "/auth/login")).await;
    wrong.is_problem(405, "method_not_allowed");
    assert_eq!(wrong.headers[header::ALLOW], "POST");
}

#[tokio::test]
async fn bodies_that_are_no_good_are_refused_by_kind() {
    let server = Server::start().await;
    let post =
        |body: Vec<u8>, kind: &str| server.request(Method::POST, "/auth/login").header("content-type", kind).body(body);
    let good = json!({ "email": "a@b.test", "password": "x" }).to_string();
    let deep = format!("{{\"email\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let cases: Vec<(&str, Vec<u8>, &str, u16, &str)> = vec![
        ("not JSON", b"email=a".to_vec(), "application/json", 400, "malformed_body"),
        ("empty", Vec::new(), "application/json", 400, "malformed_body"),
        ("cut off", good[..10].into(), "application/json", 400, "malformed_body"),
        ("not UTF-8", b"{\"email\":\"\xff\"}".to_vec(), "application/json", 400, "malformed_body"),
        ("too deep", deep.into(), "application/json", 400, "malformed_body"),
        ("NUL", br#"{"email":"a\u0000@b.test","password":"x"}"#.to_vec(), "application/json", 400, "malformed_body"),
        ("form", good.clone().into(), "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        ("wrong charset", good.clone().into(), "application/json; charset=iso-8859-1", 415, "unsupported_media_type"),
        ("wrong type", br#"{"email":5,"password":"x"}"#.to_vec(), "application/json", 422, "invalid"),
        ("list", br#"["a@b.test","x"]"#.to_vec(), "application/json", 422, "invalid"),
        ("missing field", br#"{"email":"a@b.test"}"#.to_vec(), "application/json", 422, "invalid"),
        (
            "unknown field",
            br#"{"email":"a@b.test","password":"x","role":"admin"}"#.to_vec(),
            "application/json",
            422,
            "invalid",
        ),
        ("too large", vec![b' '; 300 * 1024], "application/json", 413, "body_too_large"),
    ];
    for (what, body, kind, status, code) in cases {
        let answer = server.send(post(body, kind)).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (status, code), "{what}: {}", answer.text);
        answer.is_problem(status, code);
    }
    let utf8 = server.send(post(good.into(), "application/json; charset=UTF-8")).await;
    utf8.is_problem(401, "wrong_credentials");
}

#[tokio::test]
async fn bad_parameters_cursors_and_ids_are_refused() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["*"]).await;
    for (path, status, code) in [
        ("/users?limit=0", 400, "malformed_parameter"),
        ("/users?limit=201", 400, "malformed_parameter"),
        ("/users?limit=many", 400, "malformed_parameter"),
        ("/users?role=emperor", 400, "malformed_parameter"),
        ("/users?search=%00", 400, "malformed_parameter"),
        ("/users?cursor=!!!", 400, "invalid_cursor"),
        ("/users?cursor=WyJcdTAwMDAiLCJ1c3JfMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAiXQ", 400, "invalid_cursor"),
        ("/users/usr_zzzz", 404, "not_found"),
        ("/users/key_00000000000000000000000000", 404, "not_found"),
        ("/audit-log?from=yesterday", 400, "malformed_parameter"),
    ] {
        let answer = server.get_as(&key, path).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (status, code), "{path}: {}", answer.text);
    }
    let long = format!("/users?search={}", "a".repeat(9_000));
    server.get_as(&key, &long).await.is_problem(414, "uri_too_long");
}

#[tokio::test]
async fn header_floods_are_refused() {
    let server = Server::start().await;
    let mut many = server.request(Method::GET, "/auth/options");
    for number in 0..85 {
        many = many.header(format!("x-flood-{number}"), "1");
    }
    server.send(many).await.is_problem(431, "headers_too_large");
    let large = server.request(Method::GET, "/auth/options").header("x-large", "a".repeat(17_000));
    server.send(large).await.is_problem(431, "headers_too_large");
}

#[tokio::test]
async fn every_answer_carries_the_security_headers_and_a_request_id() {
    let server = Server::start().await;
    for path in ["/auth/options", "/nothing", "/me"] {
        let answer = server.send(server.request(Method::GET, path)).await;
        for (name, expected) in [
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.headers[name], expected, "{path} {name}");
        }
        assert_eq!(answer.headers["x-request-id"].len(), 32);
    }
    let given = server.request(Method::GET, "/auth/options").header("x-request-id", "trace-12345");
    assert_eq!(server.send(given).await.headers["x-request-id"], "trace-12345");
    let hostile = server.request(Method::GET, "/auth/options").header("x-request-id", "a b<script>");
    assert_ne!(server.send(hostile).await.headers["x-request-id"], "a b<script>");
}

#[tokio::test]
async fn only_configured_origins_get_cors() {
    let server = Server::start().await;
    for (origin, allowed) in [("https://app.example.test", true), ("https://evil.test", false), ("null", false)] {
        let preflight = server
            .request(Method::OPTIONS, "/users")
            .header("origin", origin)
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "authorization");
        let answer = server.send(preflight).await;
        assert_eq!(answer.headers.contains_key("access-control-allow-origin"), allowed, "{origin}");
    }
}

#[tokio::test]
async fn hostile_names_come_back_as_they_went_in() {
    let server = Server::start().await;
    let (_, member) = server.tenant_with(Role::Viewer).await;
    let token = server.log_in(&member).await["access_token"].as_str().unwrap().to_owned();
    for name in ["<script>alert(1)</script>", "'; drop table users; --", "مرحبا بالعالم", "👩‍👩‍👧‍👦 Zoë", "%s%n{{7*7}}"]
    {
        let answer = server.call_as(&token, Method::PATCH, "/me", &json!({ "name": name })).await;
        assert_eq!(answer.body["name"], name, "{}", answer.text);
    }
    for name in ["", "   ", "a\nb", &"x".repeat(201)] {
        server.call_as(&token, Method::PATCH, "/me", &json!({ "name": name })).await.is_problem(422, "invalid");
    }
}

#[tokio::test]
async fn request_that_breaks_off_in_the_middle_of_its_body_changes_nothing() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["*"]).await;
    let mut socket = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST /api/v1/invitations HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{{\"email\":\"a@b.test\""
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
    let list = server.get_as(&key, "/invitations").await;
    assert_eq!(list.body["items"], json!([]));
}
