//! TLS for the doors: a certificate that can be renewed while the server runs.
//!
//! Lives here: reading certificate and key, and looking at the files again.
//! Stays out: connections (see [`crate::doorway`]).
//! Touch with care: a pair that does not fit is never used; the one before it goes on.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use prometheus::IntCounterVec;
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ServerConfig};
use tracing::{info, warn};

use crate::config::TlsSettings;
use crate::files::read_small;

/// The most that is read of either file.
const PEM_BYTES_MAX: u64 = 256 * 1_024;

/// Why there is no TLS. Never holds the key.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read. Check the path and its rights.
    #[error("{} cannot be read", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file holds no PEM of this kind.
    #[error("{} holds no {what} in PEM", path.display())]
    Pem {
        /// Which file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// Certificate and key cannot be used together.
    #[error("certificate and key cannot be used")]
    Pair(#[source] rustls::Error),
}

/// The certificate and key in use.
#[derive(Debug)]
pub(crate) struct Certificate {
    files: (PathBuf, PathBuf),
    reload_every: Duration,
    reloads: IntCounterVec,
    now: RwLock<(Arc<CertifiedKey>, [u8; 32])>,
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner).0))
    }
}

/// Reads both files, if the settings name them.
///
/// # Errors
/// [`TlsError`] says what to correct.
pub(crate) fn open(settings: &TlsSettings, reloads: &IntCounterVec) -> Result<Option<Arc<Certificate>>, TlsError> {
    let (Some(certificate), Some(key)) = (&settings.certificate, &settings.key) else { return Ok(None) };
    let now = RwLock::new(load(certificate, key)?);
    let files = (certificate.clone(), key.clone());
    let (reload_every, reloads) = (settings.reload_every, reloads.clone());
    Ok(Some(Arc::new(Certificate { files, reload_every, reloads, now })))
}

impl Certificate {
    /// Speaks HTTP/1.1 over TLS 1.2 and 1.3 with the certificate that is in use at the time.
    pub(crate) fn acceptor(self: &Arc<Certificate>) -> Result<TlsAcceptor, TlsError> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(TlsError::Pair)?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::clone(self) as _);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Looks at the files every now and then, for as long as the server runs.
    pub(crate) fn keep_fresh(self: &Arc<Certificate>) -> JoinHandle<()> {
        let certificate = Arc::clone(self);
        tokio::spawn(async move {
            loop {
                sleep(certificate.reload_every).await;
                certificate.look();
            }
        })
    }

    fn look(&self) {
        let (path, key) = &self.files;
        let known = self.now.read().unwrap_or_else(PoisonError::into_inner).1;
        match load(path, key) {
            Ok((_, digest)) if digest == known => {}
            Ok(fresh) => {
                *self.now.write().unwrap_or_else(PoisonError::into_inner) = fresh;
                self.reloads.with_label_values(&["loaded"]).inc();
                info!("a new certificate is in use");
            }
            Err(error) => {
                self.reloads.with_label_values(&["failed"]).inc();
                // A renewal writes two files, one after the other: in between they do not fit.
                warn!(%error, "the certificate's files cannot be used; the one before goes on");
            }
        }
    }
}

/// Reads both files, and what tells this pair from another.
pub(crate) fn load(path: &Path, key_path: &Path) -> Result<(Arc<CertifiedKey>, [u8; 32]), TlsError> {
    let read = |path: &Path| {
        read_small(path, PEM_BYTES_MAX).map_err(|source| TlsError::File { path: path.to_owned(), source })
    };
    let no = |path: &Path, what| TlsError::Pem { path: path.to_owned(), what };
    let (chain_text, key_text) = (read(path)?, read(key_path)?);
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&chain_text).collect::<Result<_, _>>().map_err(|_| no(path, "certificate"))?;
    if chain.is_empty() {
        return Err(no(path, "certificate"));
    }
    let key = PrivateKeyDer::from_pem_slice(&key_text).map_err(|_| no(key_path, "private key"))?;
    // Also checks that the two belong together.
    let pair = CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(TlsError::Pair)?;
    let digest = Sha256::new().chain_update(&chain_text).chain_update(&key_text).finalize();
    Ok((Arc::new(pair), digest.into()))
}
