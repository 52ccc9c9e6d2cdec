//! Against real receivers and a real database.

use std::io::Read;

use socialai_domain::{audit::Entry, ids::TenantId};
use socialai_testkit::lab::Lab;
use tokio::{io::AsyncReadExt, net::TcpListener};

use super::*;

async fn happen(lab: &Lab, tenant: TenantId, times: usize) {
    for _ in 0..times {
        let mut tx = lab.databases.tenant(tenant, Actor::system("test")).await.unwrap();
        tx.record(Entry::new("test.happened", "test", "x"));
        tx.commit().await.unwrap();
    }
}

fn stream(lab: &Lab, target: AuditTarget) -> Stream {
    Stream { databases: lab.databases.clone(), target: Target::new(target) }
}

/// Places in the chain, as the collector saw them.
fn seqs(text: &str, chain: &str) -> Vec<i64> {
    text.lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|entry| entry["chain"] == chain)
        .map(|entry| entry["seq"].as_i64().unwrap())
        .collect()
}

#[tokio::test]
async fn file_gets_every_entry_once_and_in_order() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await.id;
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut stream = stream(&lab, AuditTarget::File(file.path().to_path_buf()));
    happen(&lab, tenant, 3).await;
    stream.turn().await.unwrap();
    stream.turn().await.unwrap();
    happen(&lab, tenant, 2).await;
    stream.turn().await.unwrap();
    let text = std::fs::read_to_string(file.path()).unwrap();
    assert_eq!(seqs(&text, &tenant.to_string()), [1, 2, 3, 4, 5]);
    assert!(!seqs(&text, "installation").is_empty(), "the making of the tenant is told as well");
}

#[tokio::test]
async fn death_between_sending_and_noting_repeats_and_loses_nothing() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await.id;
    happen(&lab, tenant, 2).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    {
        // The process dies here: sent, and the transaction is gone.
        let mut tx = lab.databases.tenant(tenant, Actor::system("test")).await.unwrap();
        let rows = audit_stream::next(&mut tx, BATCH).await.unwrap();
        let sent = lines(&tenant.to_string(), &rows).unwrap();
        Target::new(AuditTarget::File(file.path().to_path_buf())).send(&sent).await.unwrap();
        audit_stream::sent(&mut tx, 2).await.unwrap();
    }
    happen(&lab, tenant, 1).await;
    stream(&lab, AuditTarget::File(file.path().to_path_buf())).turn().await.unwrap();
    let mut text = String::new();
    std::fs::File::open(file.path()).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(seqs(&text, &tenant.to_string()), [1, 2, 1, 2, 3]);
}

#[tokio::test]
async fn two_processes_do_not_send_the_same_chain_at_once() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await.id;
    happen(&lab, tenant, 1).await;
    let mut first = lab.databases.tenant(tenant, Actor::system("test")).await.unwrap();
    assert_eq!(audit_stream::next(&mut first, BATCH).await.unwrap().len(), 1);
    let mut second = lab.databases.tenant(tenant, Actor::system("test")).await.unwrap();
    assert!(audit_stream::next(&mut second, BATCH).await.unwrap().is_empty());
    // Meanwhile the tenant's changes go on: nobody waits for the collector.
    happen(&lab, tenant, 1).await;
}

#[tokio::test]
async fn collector_over_tcp_gets_frames_and_a_new_connection_after_it_was_away() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await.id;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut stream = stream(&lab, AuditTarget::SyslogTcp(listener.local_addr().unwrap().to_string()));
    for turn in 1..=2 {
        happen(&lab, tenant, 1).await;
        let (sent, accepted) = tokio::join!(stream.turn(), listener.accept());
        sent.unwrap();
        let mut received = vec![0; 65_536];
        let mut connection = accepted.unwrap().0;
        let mut text = String::new();
        while !text.contains(&format!("\"seq\":{turn},")) || !text.contains(&tenant.to_string()) {
            let count = connection.read(&mut received).await.unwrap();
            assert!(count > 0, "the connection ended too early: {text}");
            text.push_str(&String::from_utf8_lossy(&received[..count]));
        }
        let (length, rest) = text.split_once(' ').unwrap();
        let length: usize = length.parse().unwrap();
        assert!(rest.starts_with("<110>1 ") && rest.as_bytes()[length - 1] == b'}', "{text}");
    }
}

#[tokio::test]
async fn collector_over_udp_gets_one_datagram_an_entry() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await.id;
    happen(&lab, tenant, 2).await;
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    stream(&lab, AuditTarget::SyslogUdp(socket.local_addr().unwrap().to_string())).turn().await.unwrap();
    let mut seen = Vec::new();
    let mut buffer = vec![0; 65_536];
    while seen.len() < 2 {
        let count = socket.recv(&mut buffer).await.unwrap();
        let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
        let (_, json) = text.split_once('\u{feff}').unwrap();
        seen.extend(seqs(json, &tenant.to_string()));
    }
    assert_eq!(seen, [1, 2]);
}

#[tokio::test]
async fn absent_collector_loses_nothing() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await.id;
    happen(&lab, tenant, 1).await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let error = stream(&lab, AuditTarget::SyslogTcp(gone.clone())).turn().await.unwrap_err();
    assert!(error.to_string().contains(&gone), "{error}");
    let file = tempfile::NamedTempFile::new().unwrap();
    stream(&lab, AuditTarget::File(file.path().to_path_buf())).turn().await.unwrap();
    assert_eq!(seqs(&std::fs::read_to_string(file.path()).unwrap(), &tenant.to_string()), [1]);
}
