//! A set of public keys that changes while the server runs.
//!
//! Lives here: reading the set, every now and then and when a token names a key that is not in it.
//! Stays out: what a key may check (see [`super::public`]).
//! Touch with care: what is asked for by tokens that nobody has checked yet is limited: one reading for an unknown key
//! every [`ASKED_AGAIN_AFTER`], however many tokens name one. Keys outlive a source that is away, but not for ever.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::http::Request;
use axum::http::header::{ACCEPT, USER_AGENT};
use http_body_util::{BodyExt, Full, Limited};
use prometheus::{IntCounterVec, IntGauge};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};

use super::public::{KeyRing, PublicKey, read_jwks};
use crate::config::{JwksFrom, TokenSettings};
use crate::files::read_small;
use crate::http::{Bytes, Client};

/// How soon a set is read once more because tokens name unknown keys.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// The most that is read of a set. A key has about 500 bytes.
const SET_BYTES_MAX: usize = 128 * 1_024;

/// How long the source may take to answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// Why a set of keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A file cannot be read. Check the path and its rights.
    #[error("the keys in {} cannot be read", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What was read holds no key that can be used.
    #[error(
        "{from} holds no usable public key: allowed are RSA of 2048 to 4096 bits, P-256 and Ed25519, for signatures"
    )]
    Useless {
        /// What was read.
        from: String,
    },
    /// The address did not answer with a set in time.
    #[error("the keys at {url} cannot be fetched: {reason}")]
    Fetch {
        /// Which address.
        url: String,
        /// Why not.
        reason: String,
    },
}

/// What is counted of a set.
#[derive(Clone, Debug)]
pub(crate) struct JwksMetrics {
    /// Readings, by result.
    pub(crate) read: IntCounterVec,
    /// How many keys are taken.
    pub(crate) keys: IntGauge,
}

/// A set of keys, and where it comes from.
pub(crate) struct Jwks {
    from: JwksFrom,
    client: Option<Client>,
    ring: KeyRing,
    refresh: Duration,
    keep: Duration,
    metrics: JwksMetrics,
    /// When the set was last read well.
    read_at: std::sync::Mutex<Option<Instant>>,
    /// When the set was last read because of an unknown key. Held while it is read, so that one reading serves all.
    asked: Mutex<Option<Instant>>,
}

impl fmt::Debug for Jwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwks").field("from", &self.from).field("ring", &self.ring).finish_non_exhaustive()
    }
}

impl Jwks {
    /// Reads the set for the first time, if the settings name one. An address that does not answer yet is asked again.
    ///
    /// # Errors
    /// [`KeysError`] when it is a file without keys, or the machine trusts nobody.
    pub(crate) async fn open(settings: &TokenSettings, metrics: JwksMetrics) -> Result<Option<Arc<Jwks>>, KeysError> {
        let Some(from) = settings.jwks.clone() else { return Ok(None) };
        let client = match &from {
            JwksFrom::File(_) => None,
            JwksFrom::Url(url) => Some(client(url)?),
        };
        let (ring, refresh, keep) = (KeyRing::default(), settings.jwks_refresh, settings.jwks_keep);
        let (read_at, asked) = (std::sync::Mutex::default(), Mutex::default());
        let jwks = Jwks { from, client, ring, refresh, keep, metrics, read_at, asked };
        match (jwks.read().await, &jwks.from) {
            (Err(error), JwksFrom::File(_)) => return Err(error),
            (Err(error), JwksFrom::Url(_)) => warn!(%error, "no token can be checked until the keys are there"),
            (Ok(()), _) => {}
        }
        Ok(Some(Arc::new(jwks)))
    }

    /// The keys as they are.
    pub(crate) fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// Reads the set anew if it does not hold this key, and waits for it.
    pub(crate) async fn meet(&self, id: Option<&str>) {
        if self.ring.has(id) {
            return;
        }
        let mut asked = self.asked.lock().await;
        let is_too_soon = asked.is_some_and(|asked| asked.elapsed() < ASKED_AGAIN_AFTER);
        if is_too_soon || self.ring.has(id) {
            return;
        }
        *asked = Some(Instant::now());
        if let Err(error) = self.read().await {
            warn!(%error, "a token names an unknown key, and the keys cannot be read anew");
        }
    }

    /// Reads the set every now and then, for as long as the server runs.
    pub(crate) fn keep_fresh(self: &Arc<Jwks>) -> JoinHandle<()> {
        let jwks = Arc::clone(self);
        tokio::spawn(async move {
            loop {
                // Who has no keys cannot wait for them.
                let pause = if jwks.ring.is_empty() { jwks.refresh.min(ASKED_AGAIN_AFTER) } else { jwks.refresh };
                sleep(pause).await;
                match jwks.read().await {
                    Ok(()) => {}
                    Err(error) if jwks.are_too_old() => {
                        warn!(%error, "the keys are too old: no token can be checked until they are there again");
                        jwks.take(Vec::new());
                    }
                    Err(error) => warn!(%error, "the keys cannot be read anew; those that are known hold"),
                }
            }
        })
    }

    /// Reads the set, and takes it in the place of what was known if it holds any key.
    async fn read(&self) -> Result<(), KeysError> {
        let read = match (&self.from, &self.client) {
            (JwksFrom::Url(url), Some(client)) => fetch(client, url).await,
            (JwksFrom::Url(url), None) => Err(KeysError::Fetch { url: url.clone(), reason: "no client".to_owned() }),
            (JwksFrom::File(path), _) => read_file(path),
        };
        let read =
            read.and_then(|bytes| read_jwks(&bytes).ok_or_else(|| KeysError::Useless { from: self.from.to_string() }));
        self.metrics.read.with_label_values(&[if read.is_ok() { "read" } else { "failed" }]).inc();
        self.take(read?);
        *self.read_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        Ok(())
    }

    fn are_too_old(&self) -> bool {
        self.read_at.lock().unwrap_or_else(PoisonError::into_inner).is_none_or(|at| at.elapsed() >= self.keep)
    }

    fn take(&self, keys: Vec<PublicKey>) {
        let before = usize::try_from(self.metrics.keys.get()).unwrap_or_default();
        if before != keys.len() {
            info!(before, now = keys.len(), "public keys for tokens");
        }
        self.metrics.keys.set(i64::try_from(keys.len()).unwrap_or(i64::MAX));
        self.ring.replace(keys);
    }
}

fn client(url: &str) -> Result<Client, KeysError> {
    let without_roots = |error: io::Error| KeysError::Fetch { url: url.to_owned(), reason: error.to_string() };
    Client::new([url].into_iter()).map_err(without_roots)
}

fn read_file(path: &Path) -> Result<Bytes, KeysError> {
    let bytes = read_small(path, SET_BYTES_MAX as u64);
    bytes.map(Bytes::from).map_err(|source| KeysError::File { path: path.to_owned(), source })
}

async fn fetch(client: &Client, url: &str) -> Result<Bytes, KeysError> {
    let wrong = |reason: String| KeysError::Fetch { url: url.to_owned(), reason };
    let agent = concat!("hansom/", env!("CARGO_PKG_VERSION"));
    let request = Request::get(url).header(ACCEPT, "application/json").header(USER_AGENT, agent);
    let request = request.body(Full::new(Bytes::new())).map_err(|error| wrong(error.to_string()))?;
    let answered = timeout(ANSWERS_WITHIN, async {
        let response = client.send(request).await.map_err(|error| wrong(crate::problem::chain(&error)))?;
        if !response.status().is_success() {
            return Err(wrong(format!("it answered {}", response.status())));
        }
        let body = Limited::new(response.into_body(), SET_BYTES_MAX).collect().await;
        Ok(body.map_err(|_| wrong(format!("it broke off, or has more than {SET_BYTES_MAX} bytes")))?.to_bytes())
    });
    answered.await.unwrap_or_else(|_| Err(wrong(format!("no answer within {} s", ANSWERS_WITHIN.as_secs()))))
}

/// Whether the set of these settings can be had, for `hansom doctor`: how many keys it holds.
///
/// # Errors
/// [`KeysError`] says why not.
pub(crate) async fn probe(from: &JwksFrom) -> Result<usize, KeysError> {
    let bytes = match from {
        JwksFrom::Url(url) => fetch(&client(url)?, url).await?,
        JwksFrom::File(path) => read_file(path)?,
    };
    read_jwks(&bytes).map(|keys| keys.len()).ok_or_else(|| KeysError::Useless { from: from.to_string() })
}
