//! Events out: every line of the journal is told to whoever asked for it, in order, at least once.
//!
//! Lives here: what may be wrong with the settings, the start and the end. Which outlets there are, and whether this is the
//! process that tells them anything, is the [`office`]'s. Each outlet reads the journal by itself, so one that is slow or
//! gone holds up no other, and nothing here is on the way of a ride.
//! Stays out: what is in the journal, and dead letters' rows (`persistence`).
//! Touch with care: an outlet's cursor moves after a delivery and never before it; `EVENTS.md` is what receivers rely on.

mod backoff;
mod envelope;
#[cfg(feature = "kafka")]
mod kafka;
mod office;
mod outlet;
mod redis;
mod signature;
mod webhook;
mod window;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use actors::Clock;
use dispatch::Epoch;
use persistence::Store;
use prometheus::Registry;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::warn;

use self::office::Office;
use crate::config::EventSettings;

/// How long outlets may take for what is still to be told when the server stops. The next start tells the rest.
const DRAINS_WITHIN: Duration = Duration::from_secs(5);

/// Why events cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    /// The registry holds these metrics already.
    #[error("metrics cannot be registered")]
    Metrics(#[source] prometheus::Error),
    /// There are no root certificates to check `https` with. Install them, such as Debian's `ca-certificates`.
    #[error("events.webhooks has an https address, and this machine has no root certificates")]
    Roots(#[source] io::Error),
    /// The address of Redis is none after all.
    #[error("events.redis is no address of Redis")]
    Redis(#[source] ::redis::RedisError),
    /// librdkafka does not take a setting.
    #[error("librdkafka does not take {0}: see events.kafka_options")]
    Kafka(String),
}

/// The outlets of a running server.
#[derive(Debug)]
pub(crate) struct Events {
    draining: watch::Sender<bool>,
    office: JoinHandle<()>,
}

impl Events {
    /// Starts every outlet that the settings name, as soon as this is the process that tells events.
    ///
    /// # Errors
    /// [`EventsError`] says what to correct.
    pub(crate) fn start(
        settings: &EventSettings,
        store: &Arc<dyn Store>,
        clock: Clock,
        registry: &Registry,
    ) -> Result<Events, EventsError> {
        let (draining, drains) = watch::channel(false);
        let office = Office::new(settings, store, clock, registry, drains)?;
        // Nobody is told yet: what only an outlet itself can check is checked.
        let idle = office.outlets(Epoch(0))?.is_empty();
        let work = async move {
            if !idle {
                office.work().await;
            }
        };
        Ok(Events { draining, office: tokio::spawn(work) })
    }

    /// Tells what is still to be told, as long as it is taken at once, and stops. Call it when nothing more is written.
    pub(crate) async fn stop(mut self) {
        self.draining.send_replace(true);
        if timeout(DRAINS_WITHIN, &mut self.office).await.is_err() {
            warn!("some events were not told; the next start does it");
            self.office.abort();
            let _ = self.office.await;
        }
    }
}
