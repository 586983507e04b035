//! Who tells events: of all processes on one store, one.
//!
//! Lives here: which outlets there are; taking the right to tell, keeping it, and losing it.
//! Stays out: how an outlet is told; who has the right (the store says).
//! Touch with care: whoever cannot be sure any more that it has the right stops before another may have it. That is for
//! quiet: two who tell at once would only repeat each other, because a cursor moves for one of them alone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actors::Clock;
use dispatch::Epoch;
use persistence::{BoxFuture, DEAD_AFTER, Store};
use prometheus::{IntGauge, Registry};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{error, info, warn};

use super::EventsError;
use super::envelope::Telling;
use super::outlet::{EventMetrics, Outlet};
use super::redis::RedisStream;
use super::webhook::{Manner, Receiver};
use crate::config::EventSettings;
use crate::http::Client;

/// How often the store is asked who tells events.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// How long it may take for the answer. Together with the time between two questions less than
/// [`persistence::DEAD_AFTER`].
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// How often the lag is counted.
const LAG_COUNTED_EVERY: Duration = Duration::from_secs(1);

/// An outlet, and what it does as long as it is let.
type Work = (Arc<Outlet>, BoxFuture<'static, ()>);

/// What starts the outlets and stops them.
pub(super) struct Office {
    settings: EventSettings,
    store: Arc<dyn Store>,
    clock: Clock,
    client: Client,
    metrics: EventMetrics,
    tells: IntGauge,
    drains: watch::Receiver<bool>,
}

impl Office {
    pub(super) fn new(
        settings: &EventSettings,
        store: &Arc<dyn Store>,
        clock: Clock,
        registry: &Registry,
        drains: watch::Receiver<bool>,
    ) -> Result<Office, EventsError> {
        let metrics = EventMetrics::register(registry).map_err(EventsError::Metrics)?;
        let tells = IntGauge::new("gateway_events_teller", "1 while this process tells events, 0 while another does")
            .and_then(|tells| registry.register(Box::new(tells.clone())).map(|()| tells))
            .map_err(EventsError::Metrics)?;
        let client = Client::new(settings.webhooks.iter().map(|webhook| webhook.url.address()));
        let client = client.map_err(EventsError::Roots)?;
        let (settings, store) = (settings.clone(), Arc::clone(store));
        Ok(Office { settings, store, clock, client, metrics, tells, drains })
    }

    /// Everyone whom the settings name, to be told under the right of this epoch. Nothing happens before it is polled.
    pub(super) fn outlets(&self, held: Epoch) -> Result<Vec<Work>, EventsError> {
        let settings = &self.settings;
        let telling = Telling { source: settings.source.clone(), places: settings.places };
        let outlet = |name: &str| {
            Outlet::new(name, Arc::clone(&self.store), held, telling.clone(), &self.metrics, self.drains.clone())
        };
        let mut all: Vec<Work> = Vec::new();
        #[cfg(feature = "kafka")]
        if settings.kafka.is_some() {
            let outlet = outlet("kafka");
            let topic = super::kafka::Topic::new(Arc::clone(&outlet), settings).map_err(EventsError::Kafka)?;
            all.push((outlet, Box::pin(topic.run())));
        }
        if let Some(address) = &settings.redis {
            let outlet = outlet("redis");
            let stream = RedisStream::new(Arc::clone(&outlet), address, settings).map_err(EventsError::Redis)?;
            all.push((outlet, Box::pin(stream.run())));
        }
        for webhook in &settings.webhooks {
            let outlet = outlet(&webhook.name);
            let (manner, client) = (Manner::of(settings), self.client.clone());
            let receiver = Receiver::new(Arc::clone(&outlet), webhook, manner, client, self.clock);
            all.push((outlet, Box::pin(receiver.run())));
        }
        Ok(all)
    }

    /// Tells events whenever it has the right to, until the server stops.
    pub(super) async fn work(mut self) {
        while !*self.drains.borrow() {
            if let Some(held) = self.asks().await {
                info!(epoch = held.0, "this process tells events");
                self.tell(held).await;
                self.tells.set(0);
            }
            // An error is a sender that is gone, and with it the server.
            let _ = timeout(ASK_EVERY, self.drains.wait_for(|drains| *drains)).await;
        }
    }

    /// Asks for the right. A store that does not answer gives none.
    async fn asks(&self) -> Option<Epoch> {
        let store = Arc::clone(&self.store);
        // In a task of its own: a question that is given up must not be dropped half-way.
        let asked = tokio::spawn(async move { store.hold_events().await });
        timeout(ANSWERS_WITHIN, asked).await.ok()?.ok()?.ok()?
    }

    /// Tells all outlets under this right, until the server stops, or the right is lost or in doubt.
    async fn tell(&self, held: Epoch) {
        let works = match self.outlets(held) {
            Ok(works) => works,
            Err(wrong) => return error!(error = &wrong as &dyn std::error::Error, "events cannot be told"),
        };
        let (all, works): (Vec<Arc<Outlet>>, Vec<_>) = works.into_iter().unzip();
        for outlet in &all {
            // Before it is said that this one tells: until then the gauge is of nobody's.
            outlet.count_lag().await;
        }
        self.tells.set(1);
        let mut working: JoinSet<()> = works.into_iter().collect();
        working.spawn(count(all.clone()));
        let mut sure = Instant::now();
        // The one that counts does not end.
        while working.len() > 1 {
            tokio::select! {
                _ = working.join_next() => continue,
                () = sleep(ASK_EVERY) => {}
            }
            let asked = Instant::now();
            match self.asks().await {
                Some(still) if still == held => sure = asked,
                Some(_) => break,
                None if sure.elapsed() > DEAD_AFTER - ASK_EVERY => break,
                None => {}
            }
        }
        if !*self.drains.borrow() {
            warn!(epoch = held.0, "this process tells events no more");
        }
        working.shutdown().await;
        all.iter().for_each(|outlet| outlet.is_over());
    }
}

/// Counts how far each outlet is behind, for as long as it is told.
async fn count(outlets: Vec<Arc<Outlet>>) {
    loop {
        for outlet in &outlets {
            outlet.count_lag().await;
        }
        sleep(LAG_COUNTED_EVERY).await;
    }
}
