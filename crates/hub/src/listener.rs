//! Accepts connections and hands their requests to the router.
//!
//! `axum::serve` would do for friends. This loop also survives those who are not: clients that send
//! a header letter by letter, never read their answer or just sit there; more connections than we
//! have descriptors; floods of headers. The router above it answers what is a request, however bad;
//! here ends what never becomes one.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `connection` | one connection from its first byte to its last |
//! | `patience` | how long each part of it may take |
//! | `tls` | certificates; TLS 1.3 and nothing older |
//!
//! On shutdown the port closes at once (a proxy sees it and turns elsewhere), requests under way
//! may finish, and after the drain time what is left is cut.

mod connection;
mod patience;
#[cfg(test)]
mod tests;
mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::patience::Patience;
use self::tls::Certificate;

pub use self::tls::TlsFiles;

/// What one connection may have. The router is stricter (431 above 100 headers or 16 KiB) and says so in a problem
/// document; these are the walls behind it.
#[derive(Debug, Clone)]
struct Limits {
    connections: usize,
    header_bytes: u16,
    headers: usize,
    streams: u32,
    patience: Patience,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 4_096, header_bytes: u16::MAX, headers: 200, streams: 200, patience: Patience::default() }
    }
}

/// Serves until `shutdown` is cancelled, then lets running requests finish for at most `drain`.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    tls: Option<TlsFiles>,
    shutdown: CancellationToken,
    drain: Duration,
) -> Result<()> {
    serve_within(listener, app, tls, shutdown, drain, Limits::default()).await
}

async fn serve_within(
    listener: TcpListener,
    app: Router,
    tls: Option<TlsFiles>,
    shutdown: CancellationToken,
    drain: Duration,
    limits: Limits,
) -> Result<()> {
    let mut certificate = tls.map(Certificate::load).transpose()?;
    let places = Arc::new(Semaphore::new(limits.connections));
    let limits = Arc::new(limits);
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();

    while let Some((stream, peer, place)) = next(&listener, &places, &mut certificate, &shutdown).await {
        let connection = connection::Context {
            app: app.clone(),
            peer,
            limits: Arc::clone(&limits),
            drain: shutdown.clone(),
            cut: cut.clone(),
        };
        let tls = certificate.as_ref().map(Certificate::acceptor);
        connections.spawn(async move {
            connection::serve(stream, tls, connection).await;
            drop(place);
        });
    }

    drop(listener);
    connections.close();
    if tokio::time::timeout(drain, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "connections were cut because draining took too long");
        cut.cancel();
        connections.wait().await;
    }
    Ok(())
}

/// The next connection, with its place among those allowed; nothing once we shut down.
///
/// The place comes first: at the limit, clients wait in the system's queue and not in our memory.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    certificate: &mut Option<Certificate>,
    shutdown: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = tokio::select! {
        () = shutdown.cancelled() => return None,
        place = Arc::clone(places).acquire_owned() => place.ok()?,
    };
    let mut pause = Pause::default();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return None,
            () = tls::reload_wanted(certificate.as_mut()) => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => return Some((stream, peer, place)),
            Err(error) if is_the_clients_fault(&error) => {}
            Err(error) => {
                tracing::error!(%error, "a connection could not be accepted; trying again soon");
                tokio::select! {
                    () = shutdown.cancelled() => return None,
                    () = tokio::time::sleep(pause.next()) => {}
                }
            }
        }
    }
}

/// The client went away before it was accepted; the listener is well.
fn is_the_clients_fault(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Grows while accepting fails (no descriptors left, most likely): trying at once would only burn the processor that
/// has to finish the requests which hold them.
#[derive(Debug)]
struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(Duration::from_millis(25))
    }
}

impl Pause {
    fn next(&mut self) -> Duration {
        self.0 = (self.0 * 2).min(Duration::from_secs(1));
        self.0
    }
}
