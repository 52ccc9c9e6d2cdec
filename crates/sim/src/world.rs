//! The server: takes connections, hands requests to the scene, and answers, cuts or hangs as it is told.
//!
//! A request is met in a task of its own, so that it takes effect although its sender has gone; only the wait for the
//! answer ends with the connection. A cut is an error of the service: hyper then closes the socket without a word.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::State,
    http::{HeaderValue, Method, Response, StatusCode, header},
};
use futures::{StreamExt, stream};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};
use tower::ServiceExt;

use crate::{
    control,
    courier::Courier,
    effects::{EffectFilter, Visible},
    faults::{Rule, Scripted},
    journal::{Ending, Recording, RecordingFilter, TimedOut},
    page, play,
    scene::{Clock, Delivery, Listed, Scene, half},
    simulator::{Answer, Refused, Request, Simulator},
};

/// More than any of the simulated companies takes.
const MOST_BODY_BYTES: usize = 32 * 1024 * 1024;
const PAUSE_AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(20);

/// Simulators behind one port. Ends when it is dropped; connections are cut then.
pub struct World {
    address: SocketAddr,
    scene: Arc<Scene>,
    _end: DropGuard,
}

impl World {
    /// On a free port of this machine, by its own clock.
    pub async fn start(simulators: Vec<Box<dyn Simulator>>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Self::on(listener, simulators, system_clock())
    }

    pub fn on(listener: TcpListener, simulators: Vec<Box<dyn Simulator>>, clock: Clock) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let names: Vec<_> = simulators.iter().map(|simulator| simulator.name()).collect();
        let scene = Arc::new(Scene::new(simulators, clock, format!("http://{address}")));
        let (end, tasks) = (CancellationToken::new(), TaskTracker::new());
        for name in names {
            let courier = Courier { scene: Arc::clone(&scene), name, tasks: tasks.clone(), end: end.clone() };
            tasks.spawn(courier.run());
        }
        let stage = Stage { scene: Arc::clone(&scene), end: end.clone(), tasks: tasks.clone() };
        tasks.spawn(accept(listener, stage));
        Ok(Self { address, scene, _end: end.drop_guard() })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base address that a connector is given: `http://127.0.0.1:9900/slack`.
    pub fn url(&self, simulator: &str) -> String {
        format!("http://{}/{simulator}", self.address)
    }

    pub fn list(&self) -> Vec<Listed> {
        self.scene.list()
    }

    /// Returns the number by which the rule is removed.
    pub fn add_fault(&self, rule: Rule) -> Result<u64, Refused> {
        self.scene.add_fault(rule)
    }

    /// False when it was used up or removed before.
    pub fn remove_fault(&self, id: u64) -> bool {
        self.scene.script().remove(id)
    }

    pub fn faults(&self) -> Vec<Scripted> {
        self.scene.script().list(None)
    }

    /// Newest first.
    pub fn recordings(&self, filter: &RecordingFilter) -> Vec<Arc<Recording>> {
        self.scene.journal.pages().newest(filter).cloned().collect()
    }

    pub async fn wait_for_recordings(
        &self,
        filter: &RecordingFilter,
        count: u64,
        patience: Duration,
    ) -> Result<u64, TimedOut> {
        self.scene.journal.wait_for_recordings(filter, count, patience).await
    }

    /// All effects of the filter, however many.
    pub fn visible(&self, filter: &EffectFilter) -> Visible {
        self.scene.journal.pages().effects.look(filter, usize::MAX)
    }

    pub async fn wait_for_effects(
        &self,
        filter: &EffectFilter,
        count: u64,
        patience: Duration,
    ) -> Result<u64, TimedOut> {
        self.scene.journal.wait_for_effects(filter, count, patience).await
    }

    pub fn configure(&self, simulator: &str, settings: Value) -> Result<(), Refused> {
        self.scene.configure(simulator, settings)
    }

    /// What a person does there: `say`, `comment`, `edit` … (docs/simulators.md). Returns ids.
    pub async fn act(&self, simulator: &str, verb: &str, given: Value) -> Result<Value, Refused> {
        self.scene.act(simulator, verb, given).await
    }

    pub fn state(&self, simulator: &str) -> Result<Value, Refused> {
        self.scene.state(simulator)
    }

    /// One simulator, or all, as if newly made.
    pub fn reset(&self, simulator: Option<&str>) -> Result<(), Refused> {
        self.scene.reset(simulator)
    }
}

#[expect(clippy::disallowed_methods, reason = "the home of the simulated companies' own time")]
pub fn system_clock() -> Clock {
    Arc::new(OffsetDateTime::now_utc)
}

#[derive(Clone)]
struct Stage {
    scene: Arc<Scene>,
    end: CancellationToken,
    tasks: TaskTracker,
}

/// Marks an answer that must not be sent.
#[derive(Clone, Copy)]
struct Severed;

async fn accept(listener: TcpListener, stage: Stage) {
    let router = Router::new()
        .nest("/_control", control::router(Arc::clone(&stage.scene)))
        .fallback(answer)
        .with_state(stage.clone());
    loop {
        let stream = tokio::select! {
            () = stage.end.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = stream else {
            // No descriptor is free, most likely; soon one is.
            tokio::time::sleep(PAUSE_AFTER_FAILED_ACCEPT).await;
            continue;
        };
        stage.tasks.spawn(converse(stream, router.clone(), stage.end.clone()));
    }
}

/// One connection, until either side ends it.
async fn converse(stream: TcpStream, router: Router, end: CancellationToken) {
    // Without it small answers wait for the next packet; it fails only on a socket that is gone.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let answered = router.clone().oneshot(request.map(Body::new));
        async {
            let Ok(response) = answered.await;
            let is_severed = response.extensions().get::<Severed>().is_some();
            if is_severed { Err(io::Error::from(io::ErrorKind::ConnectionAborted)) } else { Ok(response) }
        }
    });
    let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        () = end.cancelled() => {}
        // An error is a cut, ours or theirs; the recording has it.
        _ = connection => {}
    }
}

/// Everything but the control API.
async fn answer(State(stage): State<Stage>, request: axum::extract::Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    if path == "/" {
        return page::index(&stage.scene);
    }
    let (name, rest) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
    if rest.is_empty() && parts.method == Method::GET {
        return page::simulator(&stage.scene, name);
    }
    let Ok(body) = to_bytes(body, MOST_BODY_BYTES).await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long, or it ended early\n");
    };
    if rest == "play" || rest.starts_with("play/") {
        let asked = play::Asked { rest, query: parts.uri.query(), headers: &parts.headers, body: &body };
        return play::answer(&stage.scene, name, &parts.method, asked).await;
    }
    let (name, path) = (name.to_owned(), format!("/{rest}"));
    let query = parts.uri.query().map(str::to_owned);
    let request = Request { method: parts.method, path, query, headers: parts.headers, body };
    let (scene, end) = (Arc::clone(&stage.scene), stage.end.clone());
    let met = stage.tasks.spawn(async move {
        tokio::select! {
            () = end.cancelled() => None,
            met = scene.meet(&name, request) => Some(met),
        }
    });
    match met.await {
        Ok(Some(Ok(delivery))) => deliver(delivery).await,
        Ok(Some(Err(refused))) => plain(StatusCode::NOT_FOUND, &format!("{refused}\n")),
        // We are ending.
        Ok(None) | Err(_) => severed(),
    }
}

async fn deliver(delivery: Delivery) -> Response<Body> {
    if !delivery.after.is_zero() {
        tokio::time::sleep(delivery.after).await;
    }
    match delivery.ending {
        Ending::Answered => whole(delivery.answer),
        Ending::Truncated => truncated(delivery.answer),
        Ending::Cut => severed(),
        Ending::Hung => std::future::pending().await,
    }
}

fn whole(answer: Answer) -> Response<Body> {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.append(name, value);
        }
    }
    response
}

/// Announces the whole length, sends half of it, and ends with an error, which closes the connection.
fn truncated(mut answer: Answer) -> Response<Body> {
    let announced = answer.body.len().max(1);
    let part = half(&answer.body);
    answer.body = Bytes::new();
    let mut response = whole(answer);
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(announced));
    *response.body_mut() = Body::from_stream(stream::once(async { Ok(part) }).chain(stream::once(async {
        // Gives hyper the moment in which it sends what it has.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    })));
    response
}

fn severed() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Severed);
    response
}

fn plain(status: StatusCode, sentence: &str) -> Response<Body> {
    whole(Answer::text(status, sentence))
}
