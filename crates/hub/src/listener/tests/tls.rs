//! Handshakes with a certificate made for the test.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{LONG, REQUEST, Running, app, patient, read_answer, read_to_end};
use crate::listener::TlsFiles;

/// A certificate for `localhost`, its files, and a client that trusts it.
struct TestCertificate {
    folder: tempfile::TempDir,
    certificate: CertificateDer<'static>,
}

impl TestCertificate {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certificate = write_certificate(folder.path());
        Self { folder, certificate }
    }

    fn files(&self) -> TlsFiles {
        TlsFiles { certificate: self.folder.path().join("tls.pem"), key: self.folder.path().join("tls.key") }
    }
}

fn write_certificate(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("tls.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("tls.key"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

async fn shake_hands(
    running: &Running,
    trusted: &CertificateDer<'static>,
    version: &'static SupportedProtocolVersion,
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, running.connect().await).await
}

#[tokio::test]
async fn tls_13_is_spoken_and_tls_12_refused() {
    let certificate = TestCertificate::new();
    let running = Running::start_with(app(), patient(), Some(certificate.files()), LONG).await;
    let mut client = shake_hands(&running, &certificate.certificate, &rustls::version::TLS13).await.unwrap();
    client.write_all(REQUEST.as_bytes()).await.unwrap();
    assert!(read_answer(&mut client).await.starts_with("HTTP/1.1 200"));

    let refused = shake_hands(&running, &certificate.certificate, &rustls::version::TLS12).await;
    let error = refused.expect_err("TLS 1.2 was accepted").to_string();
    assert!(error.contains("ProtocolVersion"), "{error}");
}

#[tokio::test]
async fn client_without_tls_on_a_tls_port_is_cut() {
    let certificate = TestCertificate::new();
    let running = Running::start_with(app(), patient(), Some(certificate.files()), LONG).await;
    let mut client = running.connect().await;
    client.write_all(REQUEST.as_bytes()).await.unwrap();
    assert!(!read_to_end(&mut client).await.contains("HTTP/1.1 200"));
}

#[tokio::test]
async fn renewed_certificate_is_used_after_a_hangup_and_a_broken_one_is_not() {
    let certificate = TestCertificate::new();
    let running = Running::start_with(app(), patient(), Some(certificate.files()), LONG).await;
    let old = certificate.certificate.clone();
    // Once a handshake works the signal's listener is in place, without which SIGHUP would end this process.
    shake_hands(&running, &old, &rustls::version::TLS13).await.unwrap();

    let new = write_certificate(certificate.folder.path());
    hang_up();
    let begun = Instant::now();
    while shake_hands(&running, &new, &rustls::version::TLS13).await.is_err() {
        assert!(begun.elapsed() < LONG, "the new certificate is not used");
    }
    std::fs::write(certificate.files().certificate, "not a certificate").unwrap();
    hang_up();
    for _ in 0..10 {
        shake_hands(&running, &new, &rustls::version::TLS13).await.expect("the good certificate was given up");
    }
}

fn hang_up() {
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::HUP).unwrap();
}

#[tokio::test]
async fn unusable_certificate_files_are_named_at_the_start() {
    let certificate = TestCertificate::new();
    let files = certificate.files();
    std::fs::write(&files.key, "").unwrap();
    let running = Running::start_with(app(), patient(), Some(files.clone()), LONG).await;
    let error = format!("{:#}", running.served.await.unwrap().unwrap_err());
    assert!(error.contains("tls.key holds no private key"), "{error}");

    write_certificate(certificate.folder.path());
    std::fs::write(&files.certificate, "").unwrap();
    let running = Running::start_with(app(), patient(), Some(files), LONG).await;
    let error = format!("{:#}", running.served.await.unwrap().unwrap_err());
    assert!(error.contains("tls.pem holds no certificate"), "{error}");
}
