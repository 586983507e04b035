//! Librdkafka's own mock cluster: brokers that speak the real protocol, in this process.

use std::sync::Arc;
use std::time::Duration;

use persistence::Store;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::{assert_in_order_by_trip, first_of_each, ids, store, telling, until, write_trips};
use crate::street::counted;

const TOPIC: &str = "city";
const PARTITIONS: i32 = 4;
const UP: &str = "gateway_events_up{outlet=\"kafka\"}";
const DELIVERED: &str = "gateway_events_delivered_total{outlet=\"kafka\"}";

fn cluster() -> MockCluster<'static, DefaultProducerContext> {
    let cluster = MockCluster::new(3).unwrap();
    cluster.create_topic(TOPIC, PARTITIONS, 3).unwrap();
    cluster
}

/// So many messages of the topic: partition, key and name of the event, each partition in its order.
fn consume(brokers: &str, count: usize) -> Vec<(i32, String, String)> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("group.id", "a test");
    let consumer: BaseConsumer = config.create().unwrap();
    let mut partitions = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        partitions.add_partition_offset(TOPIC, partition, Offset::Beginning).unwrap();
    }
    consumer.assign(&partitions).unwrap();
    let mut found = Vec::new();
    while found.len() < count {
        let message = consumer.poll(Duration::from_secs(20));
        let message = message.unwrap_or_else(|| panic!("{} of {count} messages in time", found.len())).unwrap();
        let event: serde_json::Value = serde_json::from_slice(message.payload().unwrap()).unwrap();
        let headers = message.headers().unwrap();
        assert_eq!(headers.get(0).value.unwrap(), b"application/cloudevents+json; charset=utf-8");
        assert_eq!(headers.get(1).value.unwrap(), event["id"].as_str().unwrap().as_bytes());
        let key = String::from_utf8(message.key().unwrap().to_vec()).unwrap();
        assert_eq!(event["partitionkey"], key);
        found.push((message.partition(), key, event["id"].as_str().unwrap().to_owned()));
    }
    found
}

async fn assert_all_arrived(brokers: String, store: &Arc<dyn Store>, count: usize) {
    let found = tokio::task::spawn_blocking(move || consume(&brokers, count)).await.unwrap();
    let told: Vec<String> = found.iter().map(|(_, _, id)| id.clone()).collect();
    let first = first_of_each(told.iter());
    assert_in_order_by_trip(&first);
    let sorted = |mut ids: Vec<String>| {
        ids.sort_unstable();
        ids
    };
    assert_eq!(sorted(first), sorted(ids(store).await));
    for (partition, key, _) in &found {
        assert!(found.iter().all(|(other, same, _)| same != key || other == partition), "a trip is in one partition");
    }
}

#[tokio::test]
async fn kafka_has_every_line_under_its_trip_and_a_start_goes_on_where_the_last_one_was() {
    let (cluster, store) = (cluster(), store());
    let brokers = cluster.bootstrap_servers();
    let settings = [("kafka", &*brokers), ("kafka_topic", TOPIC)];
    write_trips(&store, 200).await;
    let server = telling(&store, &settings).await;
    until("what was there is told", async || counted(&server, DELIVERED).await == 400.0).await;
    assert_eq!(counted(&server, UP).await, 1.0);
    write_trips(&store, 50).await;
    server.stop().await;
    assert_eq!(store.cursor("kafka").await.unwrap(), 500);
    write_trips(&store, 10).await;
    telling(&store, &settings).await.stop().await;
    assert_all_arrived(brokers, &store, 520).await;
}

#[tokio::test]
async fn kafka_is_told_again_what_its_brokers_did_not_take() {
    let (cluster, store) = (cluster(), store());
    let brokers = cluster.bootstrap_servers();
    let errors = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS; 5];
    cluster.request_errors(RDKafkaApiKey::Produce, &errors);
    let server = telling(&store, &[("kafka", &*brokers), ("kafka_topic", TOPIC)]).await;
    for _ in 0..10 {
        write_trips(&store, 10).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    until("all is told", async || counted(&server, DELIVERED).await == 200.0).await;
    server.stop().await;
    assert_all_arrived(brokers, &store, 200).await;
}

#[tokio::test]
async fn brokers_that_are_not_there_are_waited_for_and_a_stop_does_not_hang() {
    let store = store();
    write_trips(&store, 5).await;
    let server = telling(&store, &[("kafka", "127.0.0.1:1"), ("kafka_topic", TOPIC)]).await;
    until("the lag is seen", async || counted(&server, "gateway_events_lag_lines{outlet=\"kafka\"}").await == 10.0)
        .await;
    assert_eq!(counted(&server, UP).await, 0.0);
    tokio::time::timeout(Duration::from_secs(20), server.stop()).await.expect("a stop in time");
    assert_eq!(store.cursor("kafka").await.unwrap(), 0);
}

#[tokio::test]
async fn an_option_that_librdkafka_does_not_know_stops_the_start() {
    let events = super::events(&[("kafka", "127.0.0.1:1"), ("kafka_options", "sasl.pasword=hunter2")]);
    let given = gateway::Given { store: Some(store()), ..gateway::Given::default() };
    let refused = gateway::serve(gateway::Settings { events, ..crate::street::settings() }, given).await;
    let why = refused.unwrap_err().to_string();
    assert!(why.contains("events.kafka_options") && why.contains("sasl.pasword") && !why.contains("hunter2"), "{why}");
}
