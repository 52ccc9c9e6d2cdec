//! The web app over HTTP. What holds for a program with and without a built web app is asserted in the state that this
//! one is in; spellings and tags are tried with hand-made files beside the code.

use reqwest::{Method, StatusCode, header};
use serde_json::json;
use socialai_domain::permissions::Role;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::{Answer, Server};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// A client that shows answers as they came.
fn client() -> reqwest::Client {
    reqwest::Client::builder().no_gzip().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

async fn ask(server: &Server, method: Method, path: &str, headers: &[(header::HeaderName, &str)]) -> Answer {
    let mut request = server.client.request(method, format!("http://{}{path}", server.address));
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    server.send(request).await
}

async fn navigate(server: &Server, path: &str) -> Answer {
    ask(server, Method::GET, path, &[(header::ACCEPT, BROWSER)]).await
}

/// The page, or what stands in its place in a program without one.
fn assert_is_page(answer: &Answer, path: &str) {
    let expected = if socialai_web::is_built() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    assert_eq!(answer.status, expected, "{path}: {}", answer.text);
    assert!(answer.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"), "{path}");
    let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{path}: {policy}");
    if socialai_web::is_built() {
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-cache", "{path}");
        assert_eq!(answer.headers[header::ETAG], socialai_web::index().unwrap().etag);
    } else {
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store", "{path}");
        assert!(answer.text.contains("<code>make build</code>"), "{}", answer.text);
    }
}

#[tokio::test]
async fn every_address_of_the_web_app_is_its_page() {
    let server = Server::start().await;
    for path in ["/", "/login", "/settings/users", "/settings/users/", "/no/such/page?x=1", "/%F0%9F%A6%80"] {
        assert_is_page(&navigate(&server, path).await, path);
    }
    // The first page is for everybody, also for `curl`.
    assert_is_page(&ask(&server, Method::GET, "/", &[(header::ACCEPT, "*/*")]).await, "/");
    let vary: Vec<_> = navigate(&server, "/login").await.headers.get_all(header::VARY).iter().cloned().collect();
    assert!(vary.iter().any(|value| value == "accept"), "{vary:?}");
    let head = ask(&server, Method::HEAD, "/login", &[(header::ACCEPT, BROWSER)]).await;
    assert_eq!(head.status, navigate(&server, "/login").await.status);
    assert!(head.text.is_empty());
}

#[tokio::test]
async fn missing_thing_of_a_program_is_a_problem_also_for_browsers() {
    let server = Server::start().await;
    for path in [
        "/api",
        "/api/",
        "/api/v1/nothing",
        "/api/v1/users/x/y",
        "/api/v2/users",
        "/v1/nothing",
        "/API/v1/users",
        "/health/x",
        "/ready/x",
        "/metrics/x",
        "/.well-known/nothing",
        "/webhook/x",
        "/webhooks/nobody",
        "/auth/callback",
        "/assets/gone-1a2b.js",
        "/assets/gone",
        "/favicon.ico",
        "/robots.txt",
        "/index.htm",
        "/settings/x.js.map",
    ] {
        navigate(&server, path).await.is_problem(404, "not_found");
    }
    // A program at an address of the web app.
    for accept in ["application/json", "*/*", "text/html;q=0"] {
        ask(&server, Method::GET, "/login", &[(header::ACCEPT, accept)]).await.is_problem(404, "not_found");
    }
    ask(&server, Method::GET, "/login", &[]).await.is_problem(404, "not_found");
    ask(&server, Method::POST, "/login", &[(header::ACCEPT, BROWSER)]).await.is_problem(404, "not_found");
    ask(&server, Method::POST, "/", &[(header::ACCEPT, BROWSER)]).await.is_problem(405, "method_not_allowed");
    // A problem of the API stays one.
    let users = ask(&server, Method::GET, "/api/v1/users", &[(header::ACCEPT, BROWSER)]).await;
    users.is_problem(401, "missing_credentials");
    assert_eq!(users.headers[header::CONTENT_SECURITY_POLICY], "default-src 'none'; frame-ancestors 'none'");
}

/// Clients of ours would tidy these up before they send them.
#[tokio::test]
async fn climbing_out_leads_nowhere() {
    let server = Server::start().await;
    for path in [
        "/assets/../index.html",
        "/assets/../../Cargo.toml",
        "/assets/..%2f..%2fCargo.toml",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/x/%2e%2e/login",
        "/..",
        "/.",
        "/./login",
        "//evil.test/login",
        "/a//b",
        "/login%00",
        "/login%5C..%5Cx",
        "/%ff",
        "/..\\x",
    ] {
        let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: hub\r\nAccept: text/html\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        assert!(text.starts_with("HTTP/1.1 404") || text.starts_with("HTTP/1.1 400"), "{path}: {text}");
        assert!(!text.contains("<html"), "{path}: {text}");
    }
}

#[tokio::test]
async fn every_file_is_there_in_each_spelling_and_known_by_its_tag() {
    let server = Server::start().await;
    let client = client();
    for file in socialai_web::FILES {
        let path = format!("/{}", file.path);
        for (accept, bytes, encoding) in [
            ("identity", Some(file.identity), None),
            ("gzip", file.gzip, Some("gzip")),
            ("br, gzip", file.brotli, Some("br")),
        ] {
            let Some(bytes) = bytes else { continue };
            let url = format!("http://{}{path}", server.address);
            let response = client.get(url).header(header::ACCEPT_ENCODING, accept).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            let headers = response.headers().clone();
            assert_eq!(headers.get(header::CONTENT_ENCODING).map(|name| name.to_str().unwrap()), encoding, "{path}");
            assert_eq!(headers[header::CONTENT_TYPE], file.content_type);
            assert_eq!(headers[header::VARY], "accept-encoding");
            assert_eq!(
                headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"),
                file.is_hashed,
                "{path}"
            );
            assert_eq!(response.bytes().await.unwrap(), bytes, "{path} as {accept}");
        }
        let known = ask(&server, Method::GET, &path, &[(header::IF_NONE_MATCH, file.etag)]).await;
        assert_eq!((known.status, known.text.as_str()), (StatusCode::NOT_MODIFIED, ""), "{path}");
        let head = ask(&server, Method::HEAD, &path, &[(header::ACCEPT_ENCODING, "identity")]).await;
        assert_eq!(head.headers[header::CONTENT_LENGTH], file.identity.len().to_string(), "{path}");
    }
    let options = ask(&server, Method::GET, "/api/v1/auth/options", &[]).await;
    assert_eq!(options.body["web_build"], socialai_web::BUILD_ID);
}

#[tokio::test]
async fn pages_may_use_passkeys_and_are_in_nobodys_frame() {
    let server = Server::start().await;
    let page = navigate(&server, "/login").await;
    let permissions = page.headers["permissions-policy"].to_str().unwrap();
    for allowed in ["publickey-credentials-get=(self)", "publickey-credentials-create=(self)", "camera=()"] {
        assert!(permissions.contains(allowed), "{permissions}");
    }
    assert_eq!(page.headers[header::X_FRAME_OPTIONS], "DENY");
    assert_eq!(page.headers["cross-origin-opener-policy"], "same-origin");
    assert_eq!(page.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
}

#[tokio::test]
async fn long_answers_are_compressed_but_neither_secrets_nor_event_streams() {
    let server = Server::start().await;
    let (tenant, member) = server.tenant_with(Role::Agent).await;
    let key = server.api_key(&tenant, &["*"]).await;
    let client = client();
    let encoding = |answer: &reqwest::Response| answer.headers().get(header::CONTENT_ENCODING).cloned();
    let get = async |path: &str| {
        let request = client.get(server.url(path)).bearer_auth(&key).header(header::ACCEPT_ENCODING, "gzip, br");
        request.send().await.unwrap()
    };
    let roles = get("/roles").await;
    assert_eq!(encoding(&roles).unwrap(), "gzip");
    assert!(roles.headers().get_all(header::VARY).iter().any(|value| value == "accept-encoding"));
    let plain = server.get_as(&key, "/roles").await;
    assert!(roles.bytes().await.unwrap().len() < plain.text.len());
    assert_eq!(encoding(&get("/tenant").await), None, "short answers gain nothing");
    let stream = get("/events").await;
    assert_eq!(
        (encoding(&stream), &stream.headers()[header::CONTENT_TYPE]),
        (None, &"text/event-stream".parse().unwrap())
    );
    let body = json!({ "email": member.email, "password": member.password, "delivery": "cookie" });
    let log_in = client.post(server.url("/auth/login")).header(header::ACCEPT_ENCODING, "gzip").json(&body);
    let log_in = log_in.send().await.unwrap();
    assert!(log_in.headers().contains_key(header::SET_COOKIE));
    assert_eq!(encoding(&log_in), None);
}
