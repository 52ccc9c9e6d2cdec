//! A client as small as these tests need.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};
use socialai_testkit::lab::note_secret;

pub struct Answer {
    pub status: u16,
    pub body: Value,
}

/// `None` when nobody answers.
pub fn ask(port: u16, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Option<Answer> {
    ask_with(port, method, path, token, body, "")
}

/// The same with further lines of headers.
pub fn ask_with(
    port: u16,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<&Value>,
    headers: &str,
) -> Option<Answer> {
    let (status, body) = exchange(port, method, path, token, body, headers)?;
    Some(Answer { status, body: serde_json::from_str(&body).unwrap_or(Value::Null) })
}

/// A page as it is; empty when nobody answers.
pub fn text(port: u16, path: &str) -> String {
    exchange(port, "GET", path, None, None, "").map(|(_, body)| body).unwrap_or_default()
}

fn exchange(
    port: u16,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<&Value>,
    headers: &str,
) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let body = body.map(Value::to_string).unwrap_or_default();
    let authorization = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n{authorization}{headers}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

/// The access token of somebody whose role needs no second factor.
pub fn log_in(port: u16, email: &str, password: &str) -> Result<String, Value> {
    let credentials = json!({ "email": email, "password": password });
    let answer = ask(port, "POST", "/api/v1/auth/login", None, Some(&credentials)).expect("the server answers");
    let token = answer.body["access_token"].as_str().map(str::to_owned).ok_or(answer.body)?;
    note_secret(&token);
    Ok(token)
}
