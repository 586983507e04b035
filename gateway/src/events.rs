//! Events out: every line of the journal is told to whoever asked for it, in order, at least once.
//!
//! Lives here: which outlets there are, their start and their end. Each reads the journal by itself, so one that is slow
//! or gone holds up no other, and nothing here is on the way of a ride.
//! Stays out: what is in the journal, and dead letters' rows (`persistence`).
//! Touch with care: an outlet's cursor moves after a delivery and never before it; `EVENTS.md` is what receivers rely on.

mod backoff;
mod envelope;
mod http;
#[cfg(feature = "kafka")]
mod kafka;
mod outlet;
mod redis;
mod signature;
mod webhook;
mod window;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use actors::Clock;
use persistence::Store;
use prometheus::Registry;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tracing::warn;

use self::envelope::Telling;
use self::http::Client;
use self::outlet::{EventMetrics, Outlet};
use self::redis::RedisStream;
use self::webhook::{Manner, Receiver};
use crate::config::EventSettings;

/// How long outlets may take for what is still to be told when the server stops. The next start tells the rest.
const DRAINS_WITHIN: Duration = Duration::from_secs(5);

/// How often the lag is counted.
const LAG_COUNTED_EVERY: Duration = Duration::from_secs(1);

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
    outlets: JoinSet<()>,
    counting: JoinHandle<()>,
}

impl Events {
    /// Starts every outlet that the settings name.
    ///
    /// # Errors
    /// [`EventsError`] says what to correct.
    pub(crate) fn start(
        settings: &EventSettings,
        store: &Arc<dyn Store>,
        clock: Clock,
        registry: &Registry,
    ) -> Result<Events, EventsError> {
        let metrics = EventMetrics::register(registry).map_err(EventsError::Metrics)?;
        let telling = Telling { source: settings.source.clone(), places: settings.places };
        let (draining, drains) = watch::channel(false);
        let mut all = Vec::new();
        let mut outlet = |name: &str| {
            let outlet = Outlet::new(name, Arc::clone(store), telling.clone(), &metrics, drains.clone());
            all.push(Arc::clone(&outlet));
            outlet
        };
        let client = Client::new(settings.webhooks.iter().map(|webhook| webhook.url.address()));
        let client = client.map_err(EventsError::Roots)?;
        let mut outlets = JoinSet::new();
        #[cfg(feature = "kafka")]
        if settings.kafka.is_some() {
            outlets.spawn(kafka::Topic::new(outlet("kafka"), settings).map_err(EventsError::Kafka)?.run());
        }
        if let Some(address) = &settings.redis {
            outlets.spawn(RedisStream::new(outlet("redis"), address, settings).map_err(EventsError::Redis)?.run());
        }
        for webhook in &settings.webhooks {
            let outlet = outlet(&webhook.name);
            outlets.spawn(Receiver::new(outlet, webhook, Manner::of(settings), client.clone(), clock).run());
        }
        Ok(Events { draining, outlets, counting: tokio::spawn(count(all)) })
    }

    /// Tells what is still to be told, as long as it is taken at once, and stops. Call it when nothing more is written.
    pub(crate) async fn stop(mut self) {
        self.draining.send_replace(true);
        let ended = async { while self.outlets.join_next().await.is_some() {} };
        if timeout(DRAINS_WITHIN, ended).await.is_err() {
            warn!("some events were not told; the next start does it");
        }
        self.counting.abort();
        self.outlets.shutdown().await;
    }
}

/// Counts how far each outlet is behind, for as long as the server runs.
async fn count(outlets: Vec<Arc<Outlet>>) {
    while !outlets.is_empty() {
        for outlet in &outlets {
            outlet.count_lag().await;
        }
        sleep(LAG_COUNTED_EVERY).await;
    }
}
