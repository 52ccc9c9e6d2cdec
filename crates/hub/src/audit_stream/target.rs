//! Where the entries go, and how they look there.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::{
    fs::OpenOptions,
    io::AsyncWriteExt,
    net::{TcpStream, UdpSocket},
    time::timeout,
};

use crate::config::AuditTarget;

/// Longer than a healthy collector needs, shorter than a database lets a transaction idle.
const PATIENCE: Duration = Duration::from_secs(10);
/// Facility 13 (log audit), severity 6 (informational).
const PRIORITY: u8 = 13 * 8 + 6;
/// What one UDP datagram can carry.
const DATAGRAM_BYTES: usize = 65_000;

pub(super) struct Target {
    to: AuditTarget,
    /// Kept between batches.
    tcp: Option<TcpStream>,
}

impl Target {
    pub(super) fn new(to: AuditTarget) -> Self {
        Self { to, tcp: None }
    }

    /// Returns once the other side's system has all of it.
    pub(super) async fn send(&mut self, lines: &[(OffsetDateTime, String)]) -> Result<()> {
        let to = self.to.clone();
        let sending = async {
            match &to {
                AuditTarget::File(path) => append(path, lines).await,
                AuditTarget::SyslogUdp(address) => datagrams(address, lines).await,
                AuditTarget::SyslogTcp(address) => self.frames(address, lines).await,
            }
        };
        let Ok(outcome) = timeout(PATIENCE, sending).await else {
            self.tcp = None;
            bail!("the collector of SOCIALAI_AUDIT_STREAM did not take them within {} s", PATIENCE.as_secs())
        };
        outcome
    }

    async fn frames(&mut self, address: &str, lines: &[(OffsetDateTime, String)]) -> Result<()> {
        let mut bytes = Vec::new();
        for (at, line) in lines {
            let record = record(*at, line)?;
            bytes.extend_from_slice(format!("{} {record}", record.len()).as_bytes());
        }
        let unreachable = || format!("the collector at {address} does not answer");
        let mut stream = match self.tcp.take().filter(is_open) {
            Some(stream) => stream,
            None => TcpStream::connect(address).await.with_context(unreachable)?,
        };
        stream.write_all(&bytes).await.with_context(unreachable)?;
        stream.flush().await.with_context(unreachable)?;
        self.tcp = Some(stream);
        Ok(())
    }
}

/// False once the collector closed its side: a write into such a connection seems to succeed and is lost.
fn is_open(stream: &TcpStream) -> bool {
    let mut byte = [0];
    matches!(stream.try_read(&mut byte), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}

async fn append(path: &std::path::Path, lines: &[(OffsetDateTime, String)]) -> Result<()> {
    let cannot = || format!("cannot write to {}", path.display());
    let mut text = String::new();
    for (_, line) in lines {
        text.push_str(line);
        text.push('\n');
    }
    // Opened for each batch, so that a rotated file is let go.
    let mut options = OpenOptions::new();
    options.create(true).append(true).mode(0o600);
    let mut file = options.open(path).await.with_context(cannot)?;
    file.write_all(text.as_bytes()).await.with_context(cannot)?;
    file.sync_data().await.with_context(cannot)
}

async fn datagrams(address: &str, lines: &[(OffsetDateTime, String)]) -> Result<()> {
    let unreachable = || format!("nothing can be sent to {address}");
    let peer = tokio::net::lookup_host(address).await.with_context(unreachable)?.next().with_context(unreachable)?;
    let from = if peer.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(from).await.with_context(unreachable)?;
    socket.connect(peer).await.with_context(unreachable)?;
    for (at, line) in lines {
        let mut record = record(*at, line)?.into_bytes();
        record.truncate(DATAGRAM_BYTES);
        socket.send(&record).await.with_context(unreachable)?;
    }
    Ok(())
}

/// RFC 5424: `<priority>1 time host app process id data message`. The byte order mark says that the message is UTF-8.
fn record(at: OffsetDateTime, json: &str) -> Result<String> {
    let host = rustix::system::uname().nodename().to_string_lossy().replace(|c: char| !c.is_ascii_graphic(), "-");
    let host = if host.is_empty() { "-".to_owned() } else { host };
    let (at, process) = (at.format(&Rfc3339)?, std::process::id());
    Ok(format!("<{PRIORITY}>1 {at} {host} socialai {process} audit - \u{feff}{json}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_is_rfc_5424() {
        let at = OffsetDateTime::UNIX_EPOCH;
        let record = record(at, "{\"seq\":1}").unwrap();
        let fields: Vec<_> = record.splitn(8, ' ').collect();
        assert_eq!(fields[0], "<110>1");
        assert_eq!(fields[1], "1970-01-01T00:00:00Z");
        assert_eq!((fields[3], fields[5], fields[6]), ("socialai", "audit", "-"));
        assert_eq!(fields[7], "\u{feff}{\"seq\":1}");
    }
}
