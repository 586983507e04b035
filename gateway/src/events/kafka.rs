//! Events into a topic of Kafka. Only in builds with the feature `kafka`.
//!
//! Lives here: the producer and what it is told to promise.
//! Stays out: reading the journal ([`super::outlet`]), what an event looks like ([`super::envelope`]).
//! Touch with care: the settings of librdkafka below are the order. All in-sync replicas have taken a message before it
//! counts (`acks=all`), the broker refuses a message it has and one that comes before its predecessor
//! (`enable.idempotence`), no message is ever given up while those behind it go on (`message.timeout.ms=0`,
//! `enable.gapless.guarantee`). What is left is at least once: a process that dies before its cursor has moved repeats
//! one batch.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{DeliveryFuture, FutureProducer, FutureRecord};
use tokio::time::timeout;
use tracing::warn;

use super::outlet::{Line, Outlet, PATIENCE, Trouble, take};
use crate::config::EventSettings;

/// How long brokers may take for a batch before the gauge says that they are waited for.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// What no option may change: see above.
const PROMISED: [(&str, &str); 4] = [
    ("acks", "all"),
    ("enable.idempotence", "true"),
    ("enable.gapless.guarantee", "true"),
    ("message.timeout.ms", "0"),
];

/// A topic that takes events.
pub(super) struct Topic {
    outlet: Arc<Outlet>,
    config: ClientConfig,
    topic: String,
}

impl Topic {
    /// Prepares to tell the topic.
    ///
    /// # Errors
    /// What librdkafka says of a setting that it does not take.
    pub(super) fn new(outlet: Arc<Outlet>, settings: &EventSettings) -> Result<Topic, String> {
        let mut config = ClientConfig::new();
        config.set("client.id", "hansom").set("linger.ms", "5").set("compression.type", "lz4");
        let options = settings.kafka_options.as_ref().map(|options| options.address()).unwrap_or_default();
        for (key, value) in options.split(',').filter_map(|pair| pair.split_once('=')) {
            config.set(key.trim(), value.trim());
        }
        config.set("bootstrap.servers", settings.kafka.as_deref().unwrap_or_default());
        for (key, value) in PROMISED {
            config.set(key, value);
        }
        let topic = Topic { outlet, config, topic: settings.kafka_topic.clone() };
        // Librdkafka checks its settings when a producer is made.
        drop(topic.producer().map_err(|error| refused(&error))?);
        Ok(topic)
    }

    fn producer(&self) -> Result<FutureProducer, KafkaError> {
        self.config.create()
    }

    /// Works until the server stops.
    pub(super) async fn run(self) {
        self.outlet.keep_at(|| Box::pin(self.tell())).await;
    }

    /// Tells everything after the cursor with a new producer, until the server stops or the producer is of no use.
    async fn tell(&self) -> Result<(), Trouble> {
        let outlet = &self.outlet;
        let cursor = outlet.insist(|store| store.cursor(&outlet.name)).await?;
        outlet.reached(cursor);
        let producer = self.producer().map_err(outside)?;
        let mut lines = outlet.lines_after(cursor);
        while let Some(batch) = take(&mut lines).await {
            let Some((newest, _)) = batch.last() else { continue };
            self.deliver(&producer, &batch).await?;
            outlet.is_up();
            outlet.counted.delivered.inc_by(batch.len() as u64);
            outlet.reached(*newest);
            outlet.insist(|_| outlet.advance(*newest)).await?;
        }
        Ok(())
    }

    /// Hands a batch over in order and waits until all of it has arrived.
    async fn deliver(&self, producer: &FutureProducer, batch: &[Line]) -> Result<(), Trouble> {
        let mut arriving = Vec::with_capacity(batch.len());
        for line in batch {
            arriving.push(self.send(producer, line).await?);
        }
        for mut arrives in arriving {
            loop {
                match timeout(ANSWERS_WITHIN, &mut arrives).await {
                    Ok(Ok(Ok(_))) => break,
                    Ok(Ok(Err((error, _)))) => return Err(outside(error)),
                    Ok(Err(_)) => return Err(Trouble::Outside("kafka: the producer has ended".to_owned())),
                    Err(_) => self.waits()?,
                }
            }
        }
        Ok(())
    }

    /// Hands one line over; a full queue is waited for.
    async fn send(&self, producer: &FutureProducer, (line, entry): &Line) -> Result<DeliveryFuture, Trouble> {
        let told = self.outlet.telling.tell(*line, entry);
        let key = entry.trip.to_string();
        let kind = Header { key: "content-type", value: Some("application/cloudevents+json; charset=utf-8") };
        let id = Header { key: "id", value: Some(&told.id) };
        let mut record = FutureRecord::to(&self.topic)
            .key(&key)
            .payload(&told.json)
            .headers(OwnedHeaders::new().insert(kind).insert(id));
        for failures in 1.. {
            match producer.send_result(record) {
                Ok(arrives) => return Ok(arrives),
                Err((KafkaError::MessageProduction(rdkafka::types::RDKafkaErrorCode::QueueFull), again)) => {
                    record = again;
                    self.outlet.pause(PATIENCE.wait(failures, &self.outlet.name)).await?;
                }
                Err((error, _)) => return Err(outside(error)),
            }
        }
        Err(Trouble::Stopping)
    }

    /// Notes that brokers take long. They are asked by librdkafka all the time, so nothing has failed.
    fn waits(&self) -> Result<(), Trouble> {
        if self.outlet.counted.up.get() != 0 {
            warn!(outlet = %self.outlet.name, "brokers do not answer");
            self.outlet.counted.up.set(0);
        }
        if self.outlet.draining() { Err(Trouble::Stopping) } else { Ok(()) }
    }
}

/// Which setting is not taken. Never its value, which may be a password.
fn refused(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, _, key, _) => key.clone(),
        other => other.to_string(),
    }
}

fn outside(error: KafkaError) -> Trouble {
    Trouble::Outside(format!("kafka: {error}"))
}
