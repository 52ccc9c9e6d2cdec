//! One trace from a request through its job to what that made true.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::{OriginalUri, State},
};
use serde_json::json;
use socialai_testkit::lab::note_secret;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::{
    http::{ask, ask_with},
    own_server::{prepared, sql},
    program::{Folder, Server, wait_until},
};

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<(String, Bytes)>>>);

impl Heard {
    fn at(&self, path: &str) -> Vec<Bytes> {
        let heard = self.0.lock().unwrap();
        heard.iter().filter(|(at, _)| at == path).map(|(_, body)| body.clone()).collect()
    }
}

/// A collector of traces and receiver of webhooks that takes everything, with its address.
async fn listener() -> (String, Heard, AbortOnDropHandle<()>) {
    async fn hear(State(heard): State<Heard>, OriginalUri(uri): OriginalUri, body: Bytes) {
        heard.0.lock().unwrap().push((uri.path().to_owned(), body));
    }
    let heard = Heard::default();
    let app = Router::new().fallback(hear).with_state(heard.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let serving = TaskTracker::new().spawn(async move { axum::serve(listener, app).await.unwrap() });
    (address, heard, AbortOnDropHandle::new(serving))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_its_job_and_what_that_made_true_are_of_one_trace() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const CALLER: &str = "00f067aa0ba902b7";
    let (address, heard, _listening) = listener().await;
    let (database, app, owner) = prepared();
    let settings = [
        ("DATABASE_URL", app.as_str()),
        ("SOCIALAI_OWNER_DATABASE_URL", &owner),
        ("SOCIALAI_ALLOW_PRIVATE_NETWORKS", "true"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &address),
    ];
    let folder = Folder::new();
    let server = Server::start("serve", &folder.data(), &[], &settings);
    server.cli_with(&["tenant", "create", "acme", "--name", "Acme"], &settings).succeeded();
    let create = ["api-key", "create", "--tenant", "acme", "--scope", "*", "--json"];
    let key = server.cli_with(&create, &settings).succeeded().json()["key"].as_str().unwrap().to_owned();
    note_secret(&key);
    let endpoint = json!({ "name": "Orders", "url": format!("{address}/hook"), "events": ["user.renamed"] });
    let made = ask(server.port, "POST", "/api/v1/webhook-endpoints", Some(&key), Some(&endpoint)).unwrap();
    assert_eq!(made.status, 201, "{}", made.body);
    note_secret(made.body["secret"].as_str().unwrap());

    let test = format!("/api/v1/webhook-endpoints/{}/test", made.body["endpoint"]["id"].as_str().unwrap());
    let header = format!("traceparent: 00-{TRACE}-{CALLER}-01\r\n");
    let asked = ask_with(server.port, "POST", &test, Some(&key), Some(&json!({})), &header).unwrap();
    assert!((200..300).contains(&asked.status), "{}", asked.body);
    let traces = || sql(&database, "select trace from system.facts where kind = 'webhook_delivery.changed'");
    wait_until(|| !traces().is_empty());
    let (trace, span) = traces().strip_prefix("00-").and_then(|rest| rest.split_once('-')).map(owned).unwrap();
    assert_eq!(trace, TRACE);
    assert!(!span.starts_with(CALLER), "the job has a span of its own: {span}");
    assert_eq!(heard.at("/hook").len(), 1);

    assert_eq!(server.stop().code, Some(0));
    let bytes = u128::from_str_radix(TRACE, 16).unwrap().to_be_bytes();
    let is_in = |part: &[u8]| heard.at("/v1/traces").iter().any(|body| body.windows(part.len()).any(|at| at == part));
    assert!(is_in(&bytes) && is_in(b"webhooks.deliver"), "the collector was told of the job");
}

fn owned((trace, rest): (&str, &str)) -> (String, String) {
    (trace.to_owned(), rest.to_owned())
}
