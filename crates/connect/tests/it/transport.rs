//! Where a request breaks decides what its caller is told: every break, made by a server that speaks raw TCP.

use std::io;
use std::time::Duration;

use socialai_connect::call::{Answer, CallError, Http};
use socialai_connect::guard::Reach;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

const LATER: CallError = CallError::Later { after: None };

struct Wire {
    listener: TcpListener,
}

impl Wire {
    async fn bind() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    fn url(&self, scheme: &str) -> Url {
        Url::parse(&format!("{scheme}://{}/x", self.listener.local_addr().unwrap())).unwrap()
    }

    /// The first connection on which something was said; what came is read up to the end of a small request.
    async fn request(&self) -> (TcpStream, Vec<u8>) {
        let (mut stream, _) = self.listener.accept().await.unwrap();
        let mut seen = vec![0; 16 * 1024];
        let mut length = 0;
        while length == 0 || !seen[..length].ends_with(b"end") && seen[0] == b'P' {
            length += stream.read(&mut seen[length..]).await.unwrap();
        }
        seen.truncate(length);
        (stream, seen)
    }
}

fn reset(stream: TcpStream) -> io::Result<()> {
    stream.set_zero_linger()?;
    drop(stream);
    Ok(())
}

fn anywhere() -> Http {
    Http::new(Reach::Anywhere).unwrap()
}

/// What a change, and what a read, is told when the server does this with the connection.
async fn told(break_it: impl AsyncFn(TcpStream)) -> (Result<Answer, CallError>, Result<Answer, CallError>) {
    let wire = Wire::bind().await;
    let (http, url) = (anywhere(), wire.url("http"));
    let serve = async || break_it(wire.request().await.0).await;
    let (change, ()) = tokio::join!(http.post_bytes(&url, "text/plain", "begin-end").send(), serve());
    let (read, ()) = tokio::join!(http.get(&url).send(), serve());
    (change, read)
}

/// Lets a time limit pass without waiting for it.
async fn pass(limit: Duration) {
    tokio::time::pause();
    tokio::time::advance(limit).await;
    tokio::time::resume();
}

#[tokio::test]
async fn connection_cut_after_the_request_leaves_its_outcome_unknown() {
    let (change, read) = told(async |stream| reset(stream).unwrap()).await;
    assert_eq!((change.unwrap_err(), read.unwrap_err()), (CallError::Unknown, LATER));
    let (change, read) = told(async |stream| drop(stream)).await;
    assert_eq!((change.unwrap_err(), read.unwrap_err()), (CallError::Unknown, LATER));
}

#[tokio::test]
async fn connection_cut_in_the_answer_leaves_the_outcome_unknown() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly the beginning";
    let gzip = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\ncontent-encoding: gzip\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\xff";
    for answer in [&b"HTTP/1.1 200 O"[..], head, gzip] {
        let (change, read) = told(async |mut stream| stream.write_all(answer).await.unwrap()).await;
        assert_eq!((change.unwrap_err(), read.unwrap_err()), (CallError::Unknown, LATER));
    }
}

#[tokio::test]
async fn broken_compression_is_not_a_broken_connection() {
    for body in ["no gzip", "\x1f\u{8}"] {
        let answer =
            format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let (change, read) = told(async |mut stream| stream.write_all(answer.as_bytes()).await.unwrap()).await;
        let unreadable = CallError::Unreadable("its compression is broken");
        assert_eq!((change.unwrap_err(), read.unwrap_err()), (unreadable.clone(), unreadable));
    }
}

#[tokio::test]
async fn answer_that_stops_in_the_middle_ends_with_the_time_limit() {
    let wire = Wire::bind().await;
    let url = wire.url("http");
    let stop = async || {
        let (mut stream, _) = wire.request().await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly").await.unwrap();
        pass(Duration::from_secs(4)).await;
        stream
    };
    let http = anywhere();
    let change = http.post_bytes(&url, "text/plain", "begin-end").time_limit(Duration::from_secs(3)).send();
    let (outcome, _) = tokio::join!(change, stop());
    assert_eq!(outcome.unwrap_err(), CallError::Unknown);
}

#[tokio::test]
async fn no_http_in_the_answer_leaves_the_outcome_unknown() {
    let (change, read) =
        told(async |mut stream| stream.write_all(b"220 smtp.example.com ready\r\n").await.unwrap()).await;
    assert_eq!((change.unwrap_err(), read.unwrap_err()), (CallError::Unknown, LATER));
}

#[tokio::test]
async fn nothing_leaves_without_a_connection() {
    let url = Wire::bind().await.url("http");
    let change = anywhere().post_bytes(&url, "text/plain", "begin-end").send().await;
    assert_eq!(change.unwrap_err(), LATER, "nobody listens");
    let nowhere = Url::parse("http://no-such-name.invalid/").unwrap();
    let change = anywhere().post_bytes(&nowhere, "text/plain", "begin-end").send().await;
    assert_eq!(change.unwrap_err(), LATER, "the name does not exist");
}

#[tokio::test]
async fn nothing_leaves_without_tls() {
    let wire = Wire::bind().await;
    let url = wire.url("https");
    let http = anywhere();
    let change = || http.post_bytes(&url, "text/plain", "begin-end").send();
    let plain = async {
        let (mut stream, _) = wire.request().await;
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    };
    let (outcome, ()) = tokio::join!(change(), plain);
    assert_eq!(outcome.unwrap_err(), LATER, "the server speaks no TLS");
    let cut = async { reset(wire.request().await.0).unwrap() };
    let (outcome, ()) = tokio::join!(change(), cut);
    assert_eq!(outcome.unwrap_err(), LATER, "cut during the handshake");
    let silent = async {
        let held = wire.request().await;
        pass(Duration::from_secs(6)).await;
        held
    };
    let (outcome, _) = tokio::join!(change(), silent);
    assert_eq!(outcome.unwrap_err(), LATER, "silent during the handshake");
}

/// The call's own limit is over before that for connecting, so only the body tells that nothing left.
#[tokio::test]
async fn time_limit_before_the_request_left_says_so() {
    let wire = Wire::bind().await;
    let url = wire.url("https");
    let http = anywhere();
    let silent = async {
        let held = wire.request().await;
        pass(Duration::from_secs(3)).await;
        held
    };
    let change = http.post_bytes(&url, "text/plain", "begin-end").time_limit(Duration::from_secs(2)).send();
    let (outcome, _) = tokio::join!(change, silent);
    assert_eq!(outcome.unwrap_err(), LATER);
}

#[tokio::test]
async fn time_limit_after_the_request_left_leaves_its_outcome_unknown() {
    let wire = Wire::bind().await;
    let url = wire.url("http");
    let http = anywhere();
    let silent = async || {
        let held = wire.request().await;
        pass(Duration::from_secs(3)).await;
        held
    };
    let change = || http.post_bytes(&url, "text/plain", "begin-end").time_limit(Duration::from_secs(2));
    let (outcome, _) = tokio::join!(change().send(), silent());
    assert_eq!(outcome.unwrap_err(), CallError::Unknown);
    let (outcome, _) = tokio::join!(change().safe_to_repeat().send(), silent());
    assert_eq!(outcome.unwrap_err(), LATER, "the remote system would recognise it");
    let empty = http.post_bytes(&url, "text/plain", "").time_limit(Duration::from_secs(2));
    let silent = async {
        let (mut stream, _) = wire.listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
        pass(Duration::from_secs(3)).await;
        stream
    };
    let (outcome, _) = tokio::join!(empty.send(), silent);
    assert_eq!(outcome.unwrap_err(), CallError::Unknown, "also without a body");
}

#[tokio::test]
async fn request_arrives_as_it_was_built() {
    let wire = Wire::bind().await;
    let url = wire.url("http");
    let http = anywhere();
    let call = http.post_json(&url, &serde_json::json!({"n": "end"})).header("x-one", "1").send();
    let serve = async {
        let (mut stream, _) = wire.listener.accept().await.unwrap();
        let mut seen = vec![0; 4096];
        let mut length = 0;
        while !seen[..length].ends_with(b"}") {
            length += stream.read(&mut seen[length..]).await.unwrap();
        }
        stream
            .write_all(b"HTTP/1.1 302 Found\r\nlocation: /y\r\nx-two: 2\r\ncontent-length: 2\r\n\r\nok")
            .await
            .unwrap();
        String::from_utf8_lossy(&seen[..length]).into_owned()
    };
    let (answer, seen) = tokio::join!(call, serve);
    let answer = answer.unwrap();
    assert_eq!((answer.status(), answer.header("x-two"), answer.body()), (302, Some("2"), &b"ok"[..]));
    assert!(seen.starts_with("POST /x HTTP/1.1\r\n") && seen.ends_with("\r\n\r\n{\"n\":\"end\"}"), "{seen}");
    for header in ["content-type: application/json\r\n", "content-length: 11\r\n", "x-one: 1\r\n"] {
        assert!(seen.contains(header), "{header} in {seen}");
    }
    let forbidden = http.post_bytes(&url, "text/plain", "end").header("x-one", "1\r\nx-two: 2").send().await;
    assert!(matches!(forbidden, Err(CallError::Refused { code, .. }) if code == "header"));
}

#[tokio::test]
async fn status_is_enough_where_the_rest_of_the_answer_is_of_no_interest() {
    let wire = Wire::bind().await;
    let url = wire.url("http");
    let http = anywhere();
    let call = || http.post_bytes(&url, "text/plain", "begin-end").body_limit_bytes(4).send_for_status();
    let long = async {
        let (mut stream, _) = wire.request().await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n12345678").await.unwrap();
        stream
    };
    let (answer, _) = tokio::join!(call(), long);
    assert_eq!(answer.unwrap().body(), b"1234");
    let cut = async {
        let (mut stream, _) = wire.request().await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n12").await.unwrap();
    };
    let (answer, ()) = tokio::join!(call(), cut);
    let answer = answer.unwrap();
    assert_eq!((answer.status(), answer.body()), (200, &b"12"[..]));
}
