//! One connection: TLS if there is any, then HTTP/1 or HTTP/2 as the client chooses.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::Limits;
use super::patience::{Patience, Times, UnderWay, Verdict, Watched};

/// What a connection needs besides its stream.
pub(super) struct Context {
    pub(super) app: Router,
    pub(super) peer: SocketAddr,
    pub(super) limits: Arc<Limits>,
    /// Finish what runs and take no more.
    pub(super) drain: CancellationToken,
    /// End now.
    pub(super) cut: CancellationToken,
}

pub(super) async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, context: Context) {
    let open = metrics::gauge!("http_connections_open");
    open.increment(1.0);
    // Without it a small answer waits for the acknowledgement of the one before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its send delay");
    }
    match tls {
        None => speak_http(stream, context).await,
        Some(acceptor) => {
            if let Some(stream) = shake_hands(stream, &acceptor, &context).await {
                speak_http(stream, context).await;
            }
        }
    }
    open.decrement(1.0);
}

async fn shake_hands(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    context: &Context,
) -> Option<tokio_rustls::server::TlsStream<TcpStream>> {
    let within = context.limits.patience.header;
    let accepted = tokio::select! {
        () = context.drain.cancelled() => return None,
        accepted = tokio::time::timeout(within, acceptor.accept(stream)) => accepted,
    };
    match accepted {
        Ok(Ok(stream)) => return Some(stream),
        Ok(Err(error)) => tracing::debug!(%error, "a client did not agree on TLS"),
        Err(_) => tracing::debug!("a client took too long to agree on TLS"),
    }
    count_cut("tls");
    None
}

async fn speak_http<S>(stream: S, context: Context)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Context { app, peer, limits, drain, cut } = context;
    let times = Times::new();
    let stream = TokioIo::new(Watched::new(stream, Arc::clone(&times)));
    let requests = Arc::clone(&times);
    let service = service_fn(move |request: Request<Incoming>| {
        let under_way = requests.begin(request.version());
        answer(app.clone(), peer, request, under_way)
    });
    let builder = protocols(&limits);
    let mut connection = pin!(builder.serve_connection(stream, service));
    let mut closing = false;
    let reason = loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                }
                return;
            }
            () = cut.cancelled() => break "shutdown",
            () = drain.cancelled(), if !closing => {
                closing = true;
                connection.as_mut().graceful_shutdown();
            }
            verdict = tire_of(&times, &limits.patience, closing) => match verdict {
                Verdict::SlowHeader => break "slow_header",
                Verdict::SlowReader => break "slow_reader",
                Verdict::Rested if closing => break "rested",
                Verdict::Rested | Verdict::Fine => {
                    closing = true;
                    connection.as_mut().graceful_shutdown();
                }
            },
        }
    };
    count_cut(reason);
    tracing::debug!(reason, "a connection was cut");
}

fn protocols(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // `patience` measures it; hyper's own also cuts connections that rest.
        .header_read_timeout(None)
        .max_buf_size(usize::from(limits.header_bytes))
        .max_headers(limits.headers)
        .keep_alive(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::from(limits.header_bytes))
        .max_concurrent_streams(limits.streams)
        // A client that vanished without a word is found out, even while a stream of events is open.
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}

/// Returns once the client has used up our patience. One that is told to leave gets a header's time to do so.
async fn tire_of(times: &Times, patience: &Patience, closing: bool) -> Verdict {
    let look_every = patience.header / 4;
    loop {
        tokio::time::sleep(look_every).await;
        let verdict = times.verdict(patience);
        if verdict != Verdict::Fine {
            if closing && verdict == Verdict::Rested {
                tokio::time::sleep(patience.header).await;
            }
            return verdict;
        }
    }
}

fn count_cut(reason: &'static str) {
    metrics::counter!("http_connections_cut_total", "reason" => reason).increment(1);
}

fn answer(
    app: Router,
    peer: SocketAddr,
    request: Request<Incoming>,
    under_way: UnderWay,
) -> impl Future<Output = Result<Response<Body>, Infallible>> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    async move {
        let response = app.oneshot(request).await?;
        Ok(response.map(|body| Body::new(Answer { body, under_way })))
    }
}

/// A body that keeps its request under way until it was sent, or given up.
struct Answer {
    body: Body,
    under_way: UnderWay,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.under_way.next_part_wanted();
        let poll = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(poll, Poll::Ready(Some(Ok(_)))) {
            self.under_way.part_handed_over();
        }
        poll
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
