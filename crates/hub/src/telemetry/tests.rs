//! Lines as a collector reads them, spans as a collector receives them.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

use super::{LogFormat, TelemetryConfig, TelemetryGuard, build};

const SECRET: &str = "postgres://app:hunter2hunter2@db/x";

/// A standard error that can be read.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Paper {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn config(format: LogFormat) -> TelemetryConfig {
    TelemetryConfig { filter: "info".to_owned(), format, otlp_endpoint: None }
}

/// What is written while `work` runs under a subscriber of its own.
fn written(config: &TelemetryConfig, to_terminal: bool, work: impl FnOnce()) -> (Paper, TelemetryGuard) {
    let paper = Paper::default();
    let (subscriber, guard) = build(config, paper.clone(), to_terminal).unwrap();
    tracing::subscriber::with_default(subscriber, work);
    (paper, guard)
}

#[test]
fn json_line_has_the_fields_of_all_its_spans_and_its_own() {
    let (paper, _guard) = written(&config(LogFormat::Json), false, || {
        let request = tracing::info_span!("request", request_id = "r1", tenant_id = tracing::field::Empty);
        let _in_request = request.enter();
        request.record("tenant_id", "t1");
        let _in_work = tracing::info_span!("work", lead = 7).entered();
        tracing::info!(count = 3, ratio = 0.5, done = true, who = ?"x", r#type = "a", "saved {} leads", 3);
    });
    let lines = paper.lines();
    let line = &lines[0];
    assert_eq!(lines.len(), 1);
    assert_eq!(line["message"], "saved 3 leads");
    assert_eq!(line["level"], "INFO");
    assert_eq!((&line["request_id"], &line["tenant_id"]), (&Value::from("r1"), &Value::from("t1")));
    assert_eq!((&line["lead"], &line["count"]), (&Value::from(7), &Value::from(3)));
    assert_eq!((&line["ratio"], &line["done"]), (&Value::from(0.5), &Value::from(true)));
    assert_eq!((&line["who"], &line["type"]), (&Value::from("\"x\""), &Value::from("a")));
    assert!(line["target"].as_str().unwrap().starts_with("socialai_hub::telemetry"));
    assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn field_cannot_pose_as_level_or_time() {
    let (paper, _guard) = written(&config(LogFormat::Json), false, || {
        tracing::warn!(level = "none", timestamp = "never", "real");
    });
    let line = &paper.lines()[0];
    assert_eq!((&line["level"], &line["message"]), (&Value::from("WARN"), &Value::from("real")));
    assert_ne!(line["timestamp"], "never");
}

#[test]
fn line_break_in_a_field_does_not_begin_a_new_line() {
    let (paper, _guard) = written(&config(LogFormat::Json), false, || {
        tracing::info!(agent = "a\n{\"level\":\"ERROR\"}", "seen");
    });
    assert_eq!(paper.lines().len(), 1);
}

#[test]
fn secrets_are_masked_in_every_format() {
    for (format, to_terminal) in [(LogFormat::Json, false), (LogFormat::Text, false), (LogFormat::Text, true)] {
        let (paper, _guard) = written(&config(format), to_terminal, || {
            let _span = tracing::info_span!("connect", url = SECRET, debug = ?SECRET).entered();
            tracing::info!(url = SECRET, "cannot reach {SECRET}");
        });
        let text = paper.text();
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.matches("[redacted]").count() >= 3, "{text}");
    }
}

#[test]
fn suitable_format_is_text_on_a_terminal_and_json_elsewhere() {
    let say = || tracing::info!("hello");
    assert!(written(&config(LogFormat::Suitable), true, say).0.text().contains("\x1b["));
    assert_eq!(written(&config(LogFormat::Suitable), false, say).0.lines()[0]["message"], "hello");
    let plain = written(&config(LogFormat::Text), false, say).0.text();
    assert!(plain.contains("hello") && !plain.contains("\x1b[") && !plain.starts_with('{'), "{plain}");
}

#[test]
fn filter_decides_what_is_written_and_a_wrong_one_is_explained() {
    let mut quiet = config(LogFormat::Json);
    quiet.filter = "warn".to_owned();
    let (paper, _guard) = written(&quiet, false, || tracing::info!("not wanted"));
    assert_eq!(paper.text(), "");
    quiet.filter = "no=such=filter".to_owned();
    let refused = build(&quiet, Paper::default(), false).map(|_| ()).unwrap_err();
    assert!(refused.to_string().contains("should look like `info`"), "{refused}");
}

/// A request's content type and body.
type Batch = (String, Vec<u8>);

#[derive(Clone, Default)]
struct Received(Arc<Mutex<Vec<Batch>>>);

/// A collector on a port of its own, with what it received.
async fn collector() -> (String, Received) {
    async fn receive(State(received): State<Received>, headers: HeaderMap, body: Bytes) {
        let kind = headers["content-type"].to_str().unwrap().to_owned();
        received.0.lock().unwrap().push((kind, body.to_vec()));
    }
    let received = Received::default();
    let app = Router::new().route("/v1/traces", post(receive)).with_state(received.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio_util::task::TaskTracker::new().spawn(async move { axum::serve(listener, app).await });
    (address, received)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_reach_the_collector_when_the_guard_is_dropped() {
    let (address, received) = collector().await;
    let mut config = config(LogFormat::Json);
    config.otlp_endpoint = Some(address);
    let (_paper, guard) = written(&config, false, || {
        let _span = tracing::info_span!("receive_message", tenant_id = "t1", url = SECRET).entered();
        tracing::info!(url = SECRET, "stored");
    });
    drop(guard);
    let received = received.0.lock().unwrap();
    assert_eq!(received.len(), 1, "one batch was expected");
    let (kind, body) = &received[0];
    assert_eq!(kind, "application/x-protobuf");
    let body = String::from_utf8_lossy(body);
    for part in ["socialai", "receive_message", "tenant_id", "stored", "[redacted]"] {
        assert!(body.contains(part), "{part} is missing");
    }
    assert!(!body.contains("hunter2"));
}

#[tokio::test]
async fn absent_collector_does_not_stop_the_program_from_ending() {
    // A port that was free a moment ago refuses connections.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut config = config(LogFormat::Json);
    config.otlp_endpoint = Some(format!("http://{free}"));
    let begun = std::time::Instant::now();
    let (_paper, guard) = written(&config, false, || {
        let _span = tracing::info_span!("lost").entered();
    });
    drop(guard);
    assert!(begun.elapsed() < std::time::Duration::from_secs(20));
}
