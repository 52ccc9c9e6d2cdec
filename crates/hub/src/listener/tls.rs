//! The server's certificate: read from PEM files, and read again on SIGHUP, so that a renewed
//! certificate needs no restart. TLS 1.3 only; older versions are refused by the handshake.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_rustls::TlsAcceptor;

/// Where the certificate chain and its private key are, both as PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl TlsFiles {
    /// Whether they can be read and belong together; nothing is kept.
    pub fn check(&self) -> Result<()> {
        acceptor(self).map(drop)
    }
}

/// The certificate in use.
pub(super) struct Certificate {
    files: TlsFiles,
    acceptor: TlsAcceptor,
    hangup: Signal,
}

impl Certificate {
    pub(super) fn load(files: TlsFiles) -> Result<Self> {
        let acceptor = acceptor(&files)?;
        let hangup = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
        Ok(Self { files, acceptor, hangup })
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }

    /// A certificate that cannot be read leaves the present one in use: a slip in a renewal must not end the service.
    fn reload(&mut self) {
        match acceptor(&self.files) {
            Ok(acceptor) => {
                self.acceptor = acceptor;
                tracing::info!(certificate = %self.files.certificate.display(), "the TLS certificate was read again");
            }
            Err(error) => tracing::error!("the TLS certificate was not changed: {error:#}"),
        }
    }
}

/// Waits for a SIGHUP and reads the certificate again; without a certificate it waits for ever.
pub(super) async fn reload_wanted(certificate: Option<&mut Certificate>) {
    let Some(certificate) = certificate else { return std::future::pending().await };
    if certificate.hangup.recv().await.is_none() {
        return std::future::pending().await;
    }
    certificate.reload();
}

fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor> {
    let chain = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .with_context(|| format!("{} holds no private key in PEM form that can be read", files.key.display()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .context("TLS 1.3 is not available")?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .with_context(|| {
            format!(
                "the key in {} does not fit the certificate in {}",
                files.key.display(),
                files.certificate.display()
            )
        })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let unreadable = || format!("{} holds no certificate in PEM form that can be read", path.display());
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).with_context(unreadable)?.collect();
    let chain = chain.with_context(unreadable)?;
    ensure!(!chain.is_empty(), unreadable());
    Ok(chain)
}
