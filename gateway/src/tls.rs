//! TLS for the doors: a certificate that can be renewed while the server runs.
//!
//! Lives here: reading certificate and key, looking at the files again, and saying in time that they end.
//! Stays out: connections (see [`crate::doorway`]).
//! Touch with care: a pair that does not fit is never used; the one before it goes on.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use prometheus::{IntCounterVec, IntGauge};
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
use crate::metrics::Metrics;
use ends::ends_at;

mod ends;

/// The most that is read of either file.
const PEM_BYTES_MAX: u64 = 256 * 1_024;

/// Who has no more time than this is to renew a certificate.
pub(crate) const RENEW_WITHIN: Duration = Duration::from_secs(14 * 86_400);

/// How often the log says so.
const SAID_EVERY: Duration = Duration::from_secs(86_400);

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

/// A certificate and its key, as they were read.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    key: Arc<CertifiedKey>,
    /// What tells this pair from another.
    digest: [u8; 32],
    /// When the first certificate of the chain ends, since 1970.
    ends_at: Duration,
}

impl Pair {
    /// Seconds until the first certificate of the chain ends; negative when it has.
    pub(crate) fn ends_in_s(&self) -> i64 {
        let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        seconds(self.ends_at) - seconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }
}

/// The certificate and key in use.
#[derive(Debug)]
pub(crate) struct Certificate {
    files: (PathBuf, PathBuf),
    reload_every: Duration,
    reloads: IntCounterVec,
    ends_in: IntGauge,
    now: RwLock<Pair>,
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner).key))
    }
}

/// Reads both files, if the settings name them.
///
/// # Errors
/// [`TlsError`] says what to correct.
pub(crate) fn open(settings: &TlsSettings, metrics: &Metrics) -> Result<Option<Arc<Certificate>>, TlsError> {
    let (Some(certificate), Some(key)) = (&settings.certificate, &settings.key) else { return Ok(None) };
    let now = RwLock::new(load(certificate, key)?);
    let files = (certificate.clone(), key.clone());
    let (reload_every, reloads) = (settings.reload_every, metrics.certificate_reloads.clone());
    // Only where there is a certificate: an end that is none would be an alarm.
    let ends_in = metrics.certificate_ends_in.with_label_values::<&str>(&[]);
    Ok(Some(Arc::new(Certificate { files, reload_every, reloads, ends_in, now })))
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
        let mut said_at = None;
        certificate.say_when_it_ends(&mut said_at);
        tokio::spawn(async move {
            loop {
                sleep(certificate.reload_every).await;
                if certificate.look() {
                    said_at = None;
                }
                certificate.say_when_it_ends(&mut said_at);
            }
        })
    }

    /// Says how long the certificate is good for; the log hears of it once a day, and only when that is not long.
    fn say_when_it_ends(&self, said_at: &mut Option<Instant>) {
        let ends_in_s = self.now.read().unwrap_or_else(PoisonError::into_inner).ends_in_s();
        self.ends_in.set(ends_in_s);
        let soon = ends_in_s < RENEW_WITHIN.as_secs() as i64;
        if soon && said_at.is_none_or(|said_at| said_at.elapsed() >= SAID_EVERY) {
            *said_at = Some(Instant::now());
            let certificate = self.files.0.display();
            match ends_in_s {
                ..=0 => warn!(%certificate, "the certificate has ended: nobody trusts it any more, renew it"),
                _ => warn!(%certificate, days_left = ends_in_s / 86_400, "the certificate ends soon: renew it"),
            }
        }
    }

    /// Looks at the files. Returns whether another certificate is in use from now on.
    fn look(&self) -> bool {
        let (path, key) = &self.files;
        let known = self.now.read().unwrap_or_else(PoisonError::into_inner).digest;
        match load(path, key) {
            Ok(pair) if pair.digest == known => false,
            Ok(fresh) => {
                *self.now.write().unwrap_or_else(PoisonError::into_inner) = fresh;
                self.reloads.with_label_values(&["loaded"]).inc();
                info!("a new certificate is in use");
                true
            }
            Err(error) => {
                self.reloads.with_label_values(&["failed"]).inc();
                // A renewal writes two files, one after the other: in between they do not fit.
                warn!(%error, "the certificate's files cannot be used; the one before goes on");
                false
            }
        }
    }
}

/// Reads both files.
pub(crate) fn load(path: &Path, key_path: &Path) -> Result<Pair, TlsError> {
    let read = |path: &Path| {
        read_small(path, PEM_BYTES_MAX).map_err(|source| TlsError::File { path: path.to_owned(), source })
    };
    let no = |path: &Path, what| TlsError::Pem { path: path.to_owned(), what };
    let (chain_text, key_text) = (read(path)?, read(key_path)?);
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&chain_text).collect::<Result<_, _>>().map_err(|_| no(path, "certificate"))?;
    let ends: Vec<Duration> =
        chain.iter().map(|one| ends_at(one)).collect::<Result<_, _>>().map_err(|_| no(path, "certificate"))?;
    let ends_at = ends.into_iter().min().ok_or_else(|| no(path, "certificate"))?;
    let key = PrivateKeyDer::from_pem_slice(&key_text).map_err(|_| no(key_path, "private key"))?;
    // Also checks that the two belong together.
    let key = CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(TlsError::Pair)?;
    let digest = Sha256::new().chain_update(&chain_text).chain_update(&key_text).finalize();
    Ok(Pair { key: Arc::new(key), digest: digest.into(), ends_at })
}
