//! What all outlets share: a name, how far they are, what they count, and how they read the journal and wait.
//!
//! Touch with care: [`Outlet::pause`] is the only way to wait after a failure. It says no when the server stops: then an
//! outlet ends where it is, and its cursor says where to go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dispatch::Epoch;
use dispatch::invariants::Entry;
use persistence::{BoxFuture, Store, StoreError};
use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use super::backoff::Backoff;
use super::envelope::Telling;

/// How many lines are read at once, and how many wait to be taken.
const LINES_AT_ONCE: usize = 256;

/// How often the journal is asked for more when there was none.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How an outlet waits for a store, or for whoever it tells of events.
pub(super) const PATIENCE: Backoff = Backoff { first: Duration::from_millis(100), max: Duration::from_secs(10) };

/// The lag is counted no further: a number so large says enough.
const LAG_COUNTED_MAX: u32 = 100_000;

/// A line of the journal and its number.
pub(super) type Line = (u64, Entry);

/// Why an outlet cannot go on now.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The store does not answer, or a line in it cannot be read.
    #[error("the journal cannot be read")]
    Store(#[from] StoreError),
    /// Whoever is told does not take it.
    #[error("{0}")]
    Outside(String),
    /// The server stops, or another process tells events.
    #[error("stopping")]
    Stopping,
}

/// What the outlets of a server count, by their names.
#[derive(Clone, Debug)]
pub(super) struct EventMetrics {
    lag: IntGaugeVec,
    up: IntGaugeVec,
    delivered: IntCounterVec,
    failed: IntCounterVec,
    dead: IntCounterVec,
}

impl EventMetrics {
    /// Registers everything.
    ///
    /// # Errors
    /// When the registry already holds a metric of one of these names.
    pub(super) fn register(registry: &Registry) -> Result<EventMetrics, prometheus::Error> {
        let gauges = |name: &str, help: &str| {
            let made = IntGaugeVec::new(Opts::new(name, help), &["outlet"])?;
            registry.register(Box::new(made.clone())).map(|()| made)
        };
        let counters = |name: &str, help: &str| {
            let made = IntCounterVec::new(Opts::new(name, help), &["outlet"])?;
            registry.register(Box::new(made.clone())).map(|()| made)
        };
        Ok(EventMetrics {
            lag: gauges("gateway_events_lag_lines", "Lines of the journal an outlet has not taken, at most 100000")?,
            up: gauges("gateway_events_up", "1 while an outlet takes events, 0 while it is waited for")?,
            delivered: counters("gateway_events_delivered_total", "Events that an outlet took")?,
            failed: counters("gateway_events_failed_total", "Attempts that failed, by outlet")?,
            dead: counters("gateway_events_dead_total", "Events given up as dead letters, by outlet")?,
        })
    }
}

/// What is counted of one outlet.
#[derive(Debug)]
pub(super) struct Counted {
    lag: IntGauge,
    pub(super) up: IntGauge,
    pub(super) delivered: IntCounter,
    pub(super) failed: IntCounter,
    pub(super) dead: IntCounter,
}

/// Somebody who is told of every line of the journal.
#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) name: String,
    pub(super) store: Arc<dyn Store>,
    /// The right under which it is told.
    held: Epoch,
    pub(super) telling: Telling,
    pub(super) counted: Counted,
    /// The last line that was taken, as far as it is known here.
    reached: AtomicU64,
    draining: watch::Receiver<bool>,
}

impl Outlet {
    pub(super) fn new(
        name: &str,
        store: Arc<dyn Store>,
        held: Epoch,
        telling: Telling,
        metrics: &EventMetrics,
        draining: watch::Receiver<bool>,
    ) -> Arc<Outlet> {
        let counted = Counted {
            lag: metrics.lag.with_label_values(&[name]),
            up: metrics.up.with_label_values(&[name]),
            delivered: metrics.delivered.with_label_values(&[name]),
            failed: metrics.failed.with_label_values(&[name]),
            dead: metrics.dead.with_label_values(&[name]),
        };
        let reached = AtomicU64::new(0);
        Arc::new(Outlet { name: name.to_owned(), store, held, telling, counted, reached, draining })
    }

    /// Moves the cursor in the store.
    ///
    /// # Errors
    /// [`StoreError::NotHeld`] when another process tells it by now.
    pub(super) fn advance(&self, line: u64) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.store.advance(&self.name, line, self.held)
    }

    /// It is not told any more, here.
    pub(super) fn is_over(&self) {
        self.counted.up.set(0);
        self.counted.lag.set(0);
    }

    /// Notes how far it is, for the gauge.
    pub(super) fn reached(&self, line: u64) {
        self.reached.store(line, Ordering::Relaxed);
    }

    /// Whether the server stops: what is there is still told, but nothing is waited for.
    pub(super) fn draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Ends when the server begins to stop.
    pub(super) async fn drains(&self) {
        let mut draining = self.draining.clone();
        // Without a sender the server is gone, too.
        let _ = draining.wait_for(|draining| *draining).await;
    }

    /// Waits after a failure.
    ///
    /// # Errors
    /// [`Trouble::Stopping`] when the server stops meanwhile: then there is no next time.
    pub(super) async fn pause(&self, pause: Duration) -> Result<(), Trouble> {
        match timeout(pause, self.drains()).await {
            Err(_) => Ok(()),
            Ok(()) => Err(Trouble::Stopping),
        }
    }

    /// Asks again until the store answers.
    ///
    /// # Errors
    /// [`Trouble::Stopping`] when the server stops before it does, or another process tells events.
    pub(super) async fn insist<'s, T>(
        &'s self,
        ask: impl Fn(&'s dyn Store) -> BoxFuture<'s, Result<T, StoreError>>,
    ) -> Result<T, Trouble> {
        for failures in 1.. {
            match ask(&*self.store).await {
                Ok(answer) => return Ok(answer),
                Err(StoreError::NotHeld) => return Err(Trouble::Stopping),
                Err(error) => {
                    if failures == 1 {
                        warn!(outlet = %self.name, error = &error as &dyn std::error::Error, "the store does not answer");
                    }
                    self.pause(PATIENCE.wait(failures, &self.name)).await?;
                }
            }
        }
        Err(Trouble::Stopping)
    }

    /// Works until the server stops: after a failure it waits and begins again.
    pub(super) async fn keep_at<'s>(&'s self, tell: impl Fn() -> BoxFuture<'s, Result<(), Trouble>>) {
        let mut failures = 0;
        loop {
            let before = self.counted.delivered.get();
            match tell().await {
                Ok(()) | Err(Trouble::Stopping) => return,
                Err(trouble) => {
                    let went_well = self.counted.delivered.get() > before;
                    failures = if went_well { 1 } else { failures + 1 };
                    if self.failed(failures, &trouble).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Tells the log of a failure, when it is the first, and waits before the next attempt.
    async fn failed(&self, failures: u32, trouble: &Trouble) -> Result<(), Trouble> {
        self.counted.failed.inc();
        self.counted.up.set(0);
        if failures == 1 {
            warn!(outlet = %self.name, error = trouble as &dyn std::error::Error, "an outlet takes no events now");
        }
        self.pause(PATIENCE.wait(failures, &self.name)).await
    }

    /// Notes that events are taken.
    pub(super) fn is_up(&self) {
        if self.counted.up.get() == 0 {
            info!(outlet = %self.name, "an outlet takes events");
            self.counted.up.set(1);
        }
    }

    /// Every line after this one, as they come. Ends when the server stops and all lines were handed over, or when
    /// nobody listens.
    pub(super) fn lines_after(self: &Arc<Outlet>, line: u64) -> mpsc::Receiver<Line> {
        let (lines, taken) = mpsc::channel(LINES_AT_ONCE);
        tokio::spawn(feed(Arc::clone(self), line, lines));
        taken
    }

    /// Counts the lines it has not taken.
    pub(super) async fn count_lag(&self) {
        // A store that does not answer is somebody else's gauge.
        if let Ok(lag) = self.store.behind(self.reached.load(Ordering::Relaxed), LAG_COUNTED_MAX).await {
            self.counted.lag.set(i64::try_from(lag).unwrap_or(i64::MAX));
        }
    }
}

/// The next lines, at least one; `None` at the end.
pub(super) async fn take(lines: &mut mpsc::Receiver<Line>) -> Option<Vec<Line>> {
    let mut batch = Vec::with_capacity(LINES_AT_ONCE);
    (lines.recv_many(&mut batch, LINES_AT_ONCE).await > 0).then_some(batch)
}

/// Reads the journal for an outlet. A line that cannot be read is waited for: to pass over it would lose it.
async fn feed(outlet: Arc<Outlet>, mut after: u64, lines: mpsc::Sender<Line>) {
    loop {
        // Before the question: what is committed until the server begins to stop is still found by the last one.
        let last = outlet.draining();
        let Ok(found) = outlet.insist(|store| store.read(after, LINES_AT_ONCE as u32)).await else { return };
        if found.is_empty() {
            // A line may be hidden for a moment, while an older transaction of whomever is open in that database.
            if last && outlet.insist(|store| store.behind(after, 1)).await.is_ok_and(|lines| lines == 0) {
                return;
            }
            tokio::select! {
                () = sleep(LOOK_EVERY) => {}
                () = lines.closed() => return,
            }
        }
        for (line, entry) in found {
            after = line;
            if lines.send((line, entry)).await.is_err() {
                return;
            }
        }
    }
}
