//! Real sockets, hostile clients. Limits are shortened so that nobody waits.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::HeaderMap;
use axum::routing::get;
use futures::StreamExt;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::patience::Patience;
use super::{Limits, TlsFiles, serve_within};

mod tls;

const LONG: Duration = Duration::from_secs(30);
const REQUEST: &str = "GET / HTTP/1.1\r\nhost: test\r\n\r\n";

struct Running {
    address: SocketAddr,
    shutdown: CancellationToken,
    served: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    async fn start(app: Router, limits: Limits) -> Self {
        Self::start_with(app, limits, None, LONG).await
    }

    async fn start_with(app: Router, limits: Limits, tls: Option<TlsFiles>, drain: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let served = TaskTracker::new().spawn(serve_within(listener, app, tls, shutdown.clone(), drain, limits));
        Self { address, shutdown, served }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

fn limits(patience: Patience) -> Limits {
    Limits { patience, ..Limits::default() }
}

fn patient() -> Limits {
    limits(Patience { header: LONG, rest: LONG, answer: LONG })
}

fn app() -> Router {
    Router::new()
        .route("/", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }))
        .route("/headers", get(|headers: HeaderMap| async move { headers.len().to_string() }))
}

/// Reads one answer with a content-length, and leaves the connection open.
async fn read_answer(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut answer = String::new();
    loop {
        let mut bytes = [0; 4096];
        let count = stream.read(&mut bytes).await.unwrap();
        assert!(count > 0, "the connection ended after {answer:?}");
        answer.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        if let Some((head, body)) = answer.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if body.len() >= length.parse().unwrap() {
                return answer;
            }
        }
    }
}

/// Reads until the server closes; a reset is an end as well.
async fn read_to_end(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut bytes = Vec::new();
    let _reset_or_closed = tokio::time::timeout(LONG, stream.read_to_end(&mut bytes)).await.expect("not closed");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn handlers_learn_the_clients_address() {
    let running = Running::start(app(), patient()).await;
    let mut client = running.connect().await;
    client.write_all(REQUEST.as_bytes()).await.unwrap();
    let answer = read_answer(&mut client).await;
    assert!(answer.ends_with(&client.local_addr().unwrap().to_string()), "{answer}");
}

#[tokio::test]
async fn client_that_sends_its_header_slowly_is_cut() {
    let patience = Patience { header: Duration::from_millis(300), rest: LONG, answer: LONG };
    let running = Running::start(app(), limits(patience)).await;
    let mut client = running.connect().await;
    let begun = Instant::now();
    client.write_all(b"GET / HTTP/1.1\r\nhost: te").await.unwrap();
    assert_eq!(read_to_end(&mut client).await, "");
    assert!(begun.elapsed() < LONG / 2);
}

#[tokio::test]
async fn client_that_says_nothing_is_cut() {
    let patience = Patience { header: Duration::from_millis(300), rest: LONG, answer: LONG };
    let running = Running::start(app(), limits(patience)).await;
    assert_eq!(read_to_end(&mut running.connect().await).await, "");
}

#[tokio::test]
async fn slow_second_header_on_a_kept_connection_is_cut() {
    let patience = Patience { header: Duration::from_millis(300), rest: LONG, answer: LONG };
    let running = Running::start(app(), limits(patience)).await;
    let mut client = running.connect().await;
    client.write_all(REQUEST.as_bytes()).await.unwrap();
    read_answer(&mut client).await;
    client.write_all(b"GET /").await.unwrap();
    assert_eq!(read_to_end(&mut client).await, "");
}

#[tokio::test]
async fn kept_connection_may_rest_longer_than_a_header_may_take() {
    let header = Duration::from_millis(100);
    let running = Running::start(app(), limits(Patience { header, rest: LONG, answer: LONG })).await;
    let mut client = running.connect().await;
    client.write_all(REQUEST.as_bytes()).await.unwrap();
    read_answer(&mut client).await;
    tokio::time::sleep(header * 5).await;
    client.write_all(REQUEST.as_bytes()).await.unwrap();
    assert!(read_answer(&mut client).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn connection_that_rests_too_long_is_closed() {
    let patience = Patience { header: Duration::from_millis(200), rest: Duration::from_millis(400), answer: LONG };
    let running = Running::start(app(), limits(patience)).await;
    let mut client = running.connect().await;
    client.write_all(REQUEST.as_bytes()).await.unwrap();
    read_answer(&mut client).await;
    assert_eq!(read_to_end(&mut client).await, "");
}

#[tokio::test]
async fn handler_that_takes_its_time_is_not_disturbed() {
    let patience = Patience {
        header: Duration::from_millis(50),
        rest: Duration::from_millis(50),
        answer: Duration::from_millis(50),
    };
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(600)).await;
        "done"
    };
    let running = Running::start(Router::new().route("/", get(slow)), limits(patience)).await;
    let mut client = running.connect().await;
    client.write_all(REQUEST.as_bytes()).await.unwrap();
    assert!(read_answer(&mut client).await.ends_with("done"));
}

/// Gives out as much as is taken, and tells when nobody wants more.
fn endless(given_up: &Arc<Notify>) -> Router {
    struct TellOnDrop(Arc<Notify>);
    impl Drop for TellOnDrop {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let given_up = Arc::clone(given_up);
    Router::new().route(
        "/",
        get(move || {
            let tell = TellOnDrop(Arc::clone(&given_up));
            let parts = futures::stream::repeat_with(move || {
                let _held = &tell;
                Ok::<_, std::io::Error>(vec![b'x'; 64 * 1024])
            });
            async move { Body::from_stream(parts.boxed()) }
        }),
    )
}

#[tokio::test]
async fn client_that_never_reads_its_answer_is_cut() {
    let patience = Patience { header: Duration::from_millis(200), rest: LONG, answer: Duration::from_millis(300) };
    let given_up = Arc::new(Notify::new());
    let running = Running::start(endless(&given_up), limits(patience)).await;
    let mut client = running.connect().await;
    client.write_all(REQUEST.as_bytes()).await.unwrap();
    tokio::time::timeout(LONG, given_up.notified()).await.expect("the answer is still offered");
}

#[tokio::test]
async fn http2_client_that_opens_no_window_is_cut() {
    let patience = Patience { header: Duration::from_millis(200), rest: LONG, answer: Duration::from_millis(300) };
    let given_up = Arc::new(Notify::new());
    let running = Running::start(endless(&given_up), limits(patience)).await;
    let stream = hyper_util::rt::TokioIo::new(running.connect().await);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake::<_, _, Body>(executor, stream).await.unwrap();
    TaskTracker::new().spawn(connection);
    let request = hyper::Request::get("http://test/").body(Body::empty()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    tokio::time::timeout(LONG, given_up.notified()).await.expect("the answer is still offered");
    drop(response);
}

#[tokio::test]
async fn request_under_way_finishes_during_shutdown_and_new_connections_are_refused() {
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (enter, left) = (Arc::clone(&entered), Arc::clone(&leave));
    let handler = move || async move {
        enter.notify_one();
        left.notified().await;
        "finished"
    };
    let running = Running::start(Router::new().route("/", get(handler)), patient()).await;
    let mut client = running.connect().await;
    client.write_all(REQUEST.as_bytes()).await.unwrap();
    entered.notified().await;
    running.shutdown.cancel();
    // Closing the port is the accept loop's next step; until then the system may still queue a connection.
    let begun = Instant::now();
    while TcpStream::connect(running.address).await.is_ok() {
        assert!(begun.elapsed() < LONG, "new connections are still taken");
        tokio::task::yield_now().await;
    }
    assert!(!running.served.is_finished());
    leave.notify_one();
    let answer = read_to_end(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("finished"), "{answer}");
    tokio::time::timeout(LONG, running.served).await.expect("still serving").unwrap().unwrap();
}

#[tokio::test]
async fn request_that_outlasts_the_drain_time_is_cut() {
    let never = || std::future::pending::<&str>();
    let app = Router::new().route("/", get(never));
    let running = Running::start_with(app, patient(), None, Duration::from_millis(200)).await;
    let mut client = running.connect().await;
    client.write_all(REQUEST.as_bytes()).await.unwrap();
    // The header is in the socket before the server is told to stop; either way the connection has to end.
    running.shutdown.cancel();
    assert_eq!(read_to_end(&mut client).await, "");
    tokio::time::timeout(LONG, running.served).await.expect("still serving").unwrap().unwrap();
}

#[tokio::test]
async fn resting_connection_does_not_hold_up_a_shutdown() {
    let running = Running::start(app(), patient()).await;
    let mut client = running.connect().await;
    client.write_all(REQUEST.as_bytes()).await.unwrap();
    read_answer(&mut client).await;
    running.shutdown.cancel();
    tokio::time::timeout(LONG / 2, running.served).await.expect("still serving").unwrap().unwrap();
}

#[tokio::test]
async fn connections_above_the_limit_wait_for_a_place() {
    let running = Running::start(app(), Limits { connections: 1, ..patient() }).await;
    let mut first = running.connect().await;
    first.write_all(REQUEST.as_bytes()).await.unwrap();
    read_answer(&mut first).await;
    let mut second = running.connect().await;
    second.write_all(REQUEST.as_bytes()).await.unwrap();
    let waited = tokio::time::timeout(Duration::from_millis(300), second.readable()).await;
    assert!(waited.is_err(), "the second connection was served beside the first");
    drop(first);
    assert!(read_answer(&mut second).await.starts_with("HTTP/1.1 200"));
}

fn request_with_headers(count: usize, value: &str) -> String {
    let headers: Vec<String> = (0..count).map(|number| format!("x-{number}: {value}\r\n")).collect();
    format!("GET /headers HTTP/1.1\r\nhost: test\r\n{}\r\n", headers.concat())
}

#[tokio::test]
async fn flood_of_headers_is_answered_and_the_server_lives() {
    let running = Running::start(app(), patient()).await;
    let many = request_with_headers(5_000, "x");
    let large = request_with_headers(150, &"x".repeat(2_000));
    for flood in [many, large] {
        let mut client = running.connect().await;
        // The server may answer and close while we are still sending.
        let _sent_or_cut = client.write_all(flood.as_bytes()).await;
        let answer = read_to_end(&mut client).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    let mut client = running.connect().await;
    client.write_all(request_with_headers(201, "x").as_bytes()).await.unwrap();
    assert!(read_to_end(&mut client).await.starts_with("HTTP/1.1 431"));
    let mut client = running.connect().await;
    client.write_all(REQUEST.as_bytes()).await.unwrap();
    assert!(read_answer(&mut client).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn headers_that_the_router_wants_to_refuse_itself_reach_it() {
    let running = Running::start(app(), patient()).await;
    let mut client = running.connect().await;
    client.write_all(request_with_headers(150, &"x".repeat(200)).as_bytes()).await.unwrap();
    assert!(read_answer(&mut client).await.ends_with("151"));
}

/// Runs itself again as the server, because descriptors are counted by process.
#[tokio::test]
async fn server_without_free_descriptors_recovers_when_some_are_given_back() {
    const DESCRIPTORS: usize = 40;
    const ROLE: &str = "LISTENER_TEST_DESCRIPTORS";
    if let Ok(descriptors) = std::env::var(ROLE) {
        return serve_with_few_descriptors(descriptors.parse().unwrap()).await;
    }
    let mut server = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "listener::tests::server_without_free_descriptors_recovers_when_some_are_given_back"])
        .arg("--nocapture")
        .env(ROLE, DESCRIPTORS.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = tokio::io::BufReader::new(server.stdout.take().unwrap()).lines();
    let address = loop {
        let line = lines.next_line().await.unwrap().expect("the server process ended");
        if let Some((_, address)) = line.split_once("ADDRESS ") {
            break address.to_owned();
        }
    };
    let mut held = Vec::new();
    for _ in 0..DESCRIPTORS {
        held.push(TcpStream::connect(&address).await.unwrap());
    }
    let mut client = TcpStream::connect(&address).await.unwrap();
    client.write_all(REQUEST.as_bytes()).await.unwrap();
    let waited = tokio::time::timeout(Duration::from_millis(300), client.readable()).await;
    assert!(waited.is_err(), "the server did not run out of descriptors");
    drop(held);
    let answer = tokio::time::timeout(LONG, read_answer(&mut client)).await.expect("no answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

async fn serve_with_few_descriptors(descriptors: u64) {
    let few = Some(descriptors);
    let limit = rustix::process::Rlimit { current: few, maximum: few };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, limit).unwrap();
    let running = Running::start(app(), patient()).await;
    println!("ADDRESS {}", running.address);
    running.served.await.unwrap().unwrap();
}
