//! A load generator that costs little itself: keep-alive HTTP/1.1 over plain sockets, requests prepared beforehand.
//!
//! *Closed loop* finds the highest rate; *open loop* sends at a fixed rate and counts each latency from the moment at which
//! the request was due, so that a stall of the server is seen in every request that it delayed.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use hdrhistogram::Histogram;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

/// Latencies in microseconds and how long it all took.
#[derive(Debug)]
pub struct Measured {
    pub latencies: Histogram<u64>,
    pub elapsed: Duration,
    /// Answers other than 200.
    pub refused: u64,
}

impl Measured {
    fn new() -> Result<Self> {
        Ok(Self { latencies: Histogram::new(3)?, elapsed: Duration::ZERO, refused: 0 })
    }

    pub fn rate_per_s(&self) -> f64 {
        let count = u32::try_from(self.latencies.len()).unwrap_or(u32::MAX);
        f64::from(count) / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }

    pub fn quantile_ms(&self, quantile: f64) -> f64 {
        let micros = u32::try_from(self.latencies.value_at_quantile(quantile)).unwrap_or(u32::MAX);
        f64::from(micros) / 1_000.0
    }

    fn add(&mut self, other: &Self) -> Result<()> {
        self.latencies.add(&other.latencies)?;
        self.refused += other.refused;
        Ok(())
    }
}

/// The bytes of a GET request.
pub fn get(path: &str, bearer: &str) -> Vec<u8> {
    let authorization = if bearer.is_empty() { String::new() } else { format!("authorization: Bearer {bearer}\r\n") };
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{authorization}\r\n").into_bytes()
}

/// The body of one answer, which must be a 200.
pub async fn fetch(address: SocketAddr, request: &[u8]) -> Result<Vec<u8>> {
    let mut connection = Connection::open(address).await?;
    let status = connection.exchange(request).await?;
    anyhow::ensure!(status == 200, "the answer was {status}: {}", String::from_utf8_lossy(&connection.buffer));
    let end = connection.buffer.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or_default();
    Ok(connection.buffer.split_off(end + 4))
}

/// Connections that are there before anything is measured, as those of a busy platform are.
async fn open(address: SocketAddr, connections: usize) -> Result<Vec<Connection>> {
    futures::future::try_join_all((0..connections).map(|_| Connection::open(address))).await
}

/// As fast as `connections` go, each waiting for its answer.
pub async fn closed_loop(
    address: SocketAddr,
    requests: Arc<[Vec<u8>]>,
    connections: usize,
    time: Duration,
) -> Result<Measured> {
    let connections = open(address, connections).await?;
    let began = Instant::now();
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for mut connection in connections {
        let (requests, next) = (requests.clone(), next.clone());
        tasks.spawn(async move {
            let mut measured = Measured::new()?;
            while began.elapsed() < time {
                let request = &requests[next.fetch_add(1, Ordering::Relaxed) % requests.len()];
                let sent = Instant::now();
                let status = connection.exchange(request).await?;
                measured.latencies.record(micros(sent.elapsed()))?;
                measured.refused += u64::from(status != 200);
            }
            Ok(measured)
        });
    }
    collect(tasks, began).await
}

/// Each request once, as fast as `connections` go.
pub async fn each_once(address: SocketAddr, requests: Arc<[Vec<u8>]>, connections: usize) -> Result<Measured> {
    let connections = open(address, connections).await?;
    let began = Instant::now();
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for mut connection in connections {
        let (requests, next) = (requests.clone(), next.clone());
        tasks.spawn(async move {
            let mut measured = Measured::new()?;
            while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                let sent = Instant::now();
                let status = connection.exchange(request).await?;
                measured.latencies.record(micros(sent.elapsed()))?;
                measured.refused += u64::from(status != 200);
            }
            Ok(measured)
        });
    }
    collect(tasks, began).await
}

/// `rate` requests a second, due at even distances, over `connections` that are served in turn.
pub async fn open_loop(
    address: SocketAddr,
    requests: Arc<[Vec<u8>]>,
    connections: usize,
    rate: u32,
    time: Duration,
) -> Result<Measured> {
    let total = usize::try_from(u64::from(rate) * time.as_secs())?;
    let connections = open(address, connections).await?;
    let began = Instant::now();
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for mut connection in connections {
        let (requests, next) = (requests.clone(), next.clone());
        tasks.spawn(async move {
            let mut measured = Measured::new()?;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= total {
                    return Ok(measured);
                }
                let due = began + Duration::from_secs(1) / rate * u32::try_from(number)?;
                tokio::time::sleep_until(due.into()).await;
                let status = connection.exchange(&requests[number % requests.len()]).await?;
                measured.latencies.record(micros(due.elapsed()))?;
                measured.refused += u64::from(status != 200);
            }
        });
    }
    collect(tasks, began).await
}

async fn collect(mut tasks: JoinSet<Result<Measured>>, began: Instant) -> Result<Measured> {
    let mut all = Measured::new()?;
    while let Some(done) = tasks.join_next().await {
        all.add(&done??)?;
    }
    all.elapsed = began.elapsed();
    Ok(all)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).max(1)
}

struct Connection {
    socket: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Result<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        Ok(Self { socket, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Sends a request, reads the whole answer, and returns its status.
    async fn exchange(&mut self, request: &[u8]) -> Result<u16> {
        self.socket.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.socket.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection");
            }
            if let Some((status, length)) = head(&self.buffer)? {
                while self.buffer.len() < length {
                    if self.socket.read_buf(&mut self.buffer).await? == 0 {
                        bail!("the server closed the connection in the middle of an answer");
                    }
                }
                return Ok(status);
            }
        }
    }
}

/// Status and full length of an answer, once its head is complete.
fn head(buffer: &[u8]) -> Result<Option<(u16, usize)>> {
    let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&buffer[..end]).context("the answer's head is not text")?;
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).context("the answer has no status")?;
    let length = text
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length:").and_then(|rest| rest.trim().parse::<usize>().ok())
        })
        .context("the answer has no length")?;
    Ok(Some((status, end + 4 + length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_of_any_length_are_kept() {
        let mut measured = Measured::new().unwrap();
        measured.latencies.record(micros(Duration::from_secs(7))).unwrap();
        assert!((measured.quantile_ms(0.5) - 7_000.0).abs() < 10.0);
    }

    #[test]
    fn head_is_read_once_it_is_complete() {
        assert_eq!(head(b"HTTP/1.1 200 OK\r\nContent-Le").unwrap(), None);
        assert_eq!(head(b"HTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\n").unwrap(), Some((404, 41)));
        assert!(head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
