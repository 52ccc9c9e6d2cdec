//! A remote system that answers what the test tells it to and remembers what it was asked.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use serde_json::Value;
use tokio::sync::Notify;
use url::Url;

#[derive(Clone)]
pub enum Reply {
    Now { status: u16, headers: Vec<(&'static str, String)>, body: Vec<u8> },
    Never,
}

impl Reply {
    pub fn json(body: &Value) -> Self {
        Self::text(&body.to_string())
    }

    pub fn text(body: &str) -> Self {
        Self::Now { status: 200, headers: vec![], body: body.as_bytes().to_vec() }
    }

    pub fn status(status: u16) -> Self {
        Self::Now { status, headers: vec![], body: vec![] }
    }

    pub fn with_status(self, status: u16) -> Self {
        match self {
            Self::Now { headers, body, .. } => Self::Now { status, headers, body },
            Self::Never => Self::Never,
        }
    }

    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Now { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }
}

#[derive(Clone)]
pub struct Seen {
    pub method: Method,
    pub path: String,
    /// As it came, still escaped.
    pub query: String,
    pub headers: HeaderMap,
    pub body: String,
}

#[derive(Default)]
struct Shared {
    /// The last of a path stays.
    replies: Mutex<HashMap<String, VecDeque<Reply>>>,
    seen: Mutex<Vec<Seen>>,
    arrived: Notify,
}

/// Ends with the runtime of its test.
pub struct Remote {
    /// Without a trailing slash.
    pub base: String,
    shared: Arc<Shared>,
}

impl Remote {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::<Shared>::default();
        let app = Router::new().fallback(answer).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { base, shared }
    }

    pub fn url(&self, path: &str) -> Url {
        Url::parse(&format!("{}{path}", self.base)).unwrap()
    }

    pub fn serve(&self, path: &str, reply: Reply) {
        self.serve_in_turn(path, [reply]);
    }

    pub fn serve_in_turn(&self, path: &str, replies: impl Into<VecDeque<Reply>>) {
        self.shared.replies.lock().unwrap().insert(path.to_owned(), replies.into());
    }

    pub fn seen(&self, path: &str) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().iter().filter(|seen| seen.path == path).cloned().collect()
    }

    /// Waits until a request came in.
    pub async fn request_arrived(&self) {
        self.shared.arrived.notified().await;
    }
}

impl Shared {
    fn reply(&self, path: &str) -> Reply {
        let mut replies = self.replies.lock().unwrap();
        let Some(queue) = replies.get_mut(path) else { return Reply::status(404) };
        if queue.len() > 1 { queue.pop_front().unwrap() } else { queue[0].clone() }
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let path = uri.path().to_owned();
    let query = uri.query().unwrap_or_default().to_owned();
    let body = String::from_utf8_lossy(&body).into_owned();
    shared.seen.lock().unwrap().push(Seen { method, path: path.clone(), query, headers, body });
    shared.arrived.notify_one();
    match shared.reply(&path) {
        Reply::Now { status, headers, body } => {
            let response = Response::builder().status(status);
            headers
                .into_iter()
                .fold(response, |response, (name, value)| response.header(name, value))
                .body(body.into())
                .unwrap()
        }
        Reply::Never => std::future::pending().await,
    }
}
