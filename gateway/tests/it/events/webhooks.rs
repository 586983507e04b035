use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use persistence::Store;

use super::receiver::{Receiver, Reply};
use super::{SIGNED_WITH, assert_in_order_by_trip, first_of_each, ids, store, telling, until, write_trips};
use crate::street::counted;

const DELIVERED: &str = "gateway_events_delivered_total{outlet=\"billing\"}";
const FAILED: &str = "gateway_events_failed_total{outlet=\"billing\"}";
const DEAD: &str = "gateway_events_dead_total{outlet=\"billing\"}";
const LAG: &str = "gateway_events_lag_lines{outlet=\"billing\"}";

/// Settings for a receiver that is tried again soon.
fn quick(to: &str) -> Vec<(&'static str, &str)> {
    vec![
        ("webhooks", to),
        ("webhook_secret", SIGNED_WITH),
        ("webhook_retry_first", "0.01"),
        ("webhook_retry_max", "0.05"),
        ("webhook_timeout", "0.2"),
    ]
}

fn named(receiver: &Receiver) -> String {
    format!("billing={}", receiver.url)
}

async fn assert_all_arrived(receiver: &Receiver, store: &Arc<dyn Store>) {
    let first = first_of_each(receiver.taken().iter());
    assert_in_order_by_trip(&first);
    let sorted = |ids: Vec<String>| ids.into_iter().collect::<BTreeSet<String>>();
    assert_eq!(sorted(first), sorted(ids(store).await));
}

#[tokio::test]
async fn every_line_arrives_signed_and_a_stop_leaves_none_behind() {
    let (receiver, store) = (Receiver::willing().await, store());
    let to = named(&receiver);
    write_trips(&store, 100).await;
    let server = telling(&store, &quick(&to)).await;
    until("what was there before arrives", async || receiver.taken_count() == 200).await;
    until("nothing lags", async || counted(&server, LAG).await == 0.0).await;
    assert_eq!((counted(&server, DELIVERED).await, counted(&server, FAILED).await), (200.0, 0.0));
    write_trips(&store, 50).await;
    server.stop().await;
    assert_eq!(receiver.taken_count(), 300, "each once");
    assert_all_arrived(&receiver, &store).await;
    assert!(receiver.seen().iter().all(|seen| seen.attempt == 1));
    let spans: BTreeSet<String> = receiver.seen().into_iter().map(|seen| seen.span).collect();
    assert_eq!(spans.len(), 300, "each is a span of its own");
    // The next start goes on where this one was.
    assert_eq!(store.cursor("billing").await.unwrap(), 300);
    telling(&store, &quick(&to)).await.stop().await;
    assert_eq!(receiver.taken_count(), 300);
}

#[tokio::test]
async fn with_one_in_flight_the_whole_journal_is_in_order() {
    let receiver = Receiver::start(|seen| Reply::Status(if seen.attempt < 2 { 503 } else { 200 })).await;
    let (store, to) = (store(), named(&receiver));
    write_trips(&store, 20).await;
    let settings = [quick(&to), vec![("webhook_in_flight", "1")]].concat();
    let server = telling(&store, &settings).await;
    until("all has arrived", async || receiver.taken_count() == 40).await;
    server.stop().await;
    assert_eq!(receiver.taken(), ids(&store).await);
}

#[tokio::test]
async fn what_fails_hangs_or_is_cut_is_tried_again() {
    let receiver = Receiver::start(|seen| match (seen.attempt, seen.id.bytes().map(u64::from).sum::<u64>() % 5) {
        (1, 0) => Reply::Status(500),
        (1, 1) => Reply::Hang,
        (1 | 2, 2) => Reply::Cut,
        (1, 3) => Reply::With(429, "Retry-After: 1".to_owned()),
        // To follow it would be to tell somebody whom nobody has named.
        (1, 4) => Reply::With(307, "Location: http://127.0.0.1:1/elsewhere".to_owned()),
        _ => Reply::Status(200),
    })
    .await;
    let (store, to) = (store(), named(&receiver));
    write_trips(&store, 30).await;
    let server = telling(&store, &quick(&to)).await;
    until("all has arrived", async || receiver.taken_count() >= 60).await;
    assert!(counted(&server, FAILED).await >= 60.0);
    assert_eq!(counted(&server, DEAD).await, 0.0);
    server.stop().await;
    assert_all_arrived(&receiver, &store).await;
    assert_eq!(store.dead_letters(None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_never_taken_is_a_dead_letter_and_the_next_goes_on() {
    let (store, well) = (store(), Arc::new(AtomicBool::new(false)));
    write_trips(&store, 10).await;
    let all = ids(&store).await;
    let (poison, healed) = (all[3].clone(), Arc::clone(&well));
    let bad = poison.clone();
    let receiver = Receiver::start(move |seen| match seen.id == bad && !healed.load(Ordering::SeqCst) {
        true => Reply::Status(500),
        false => Reply::Status(200),
    })
    .await;
    let to = named(&receiver);
    let settings = [quick(&to), vec![("webhook_attempts", "3")]].concat();
    let server = telling(&store, &settings).await;
    until("all others have arrived", async || receiver.taken_count() == 19).await;
    let tries: Vec<_> = receiver.seen().into_iter().filter(|seen| seen.id == poison).collect();
    assert_eq!(tries.iter().map(|seen| seen.attempt).collect::<Vec<_>>(), [1, 2, 3]);
    let spans: BTreeSet<&str> = tries.iter().map(|seen| seen.span.as_str()).collect();
    assert_eq!(spans.len(), 3, "each try is another span");
    until("it is counted", async || counted(&server, DEAD).await == 1.0).await;
    until("nothing lags", async || counted(&server, LAG).await == 0.0).await;
    let dead = store.dead_letters(None, 10).await.unwrap();
    assert_eq!((dead.len(), dead[0].id.to_string(), &dead[0].event), (1, "billing/4".to_owned(), &poison));
    assert_eq!(
        (dead[0].attempts, dead[0].reason.as_str(), dead[0].due),
        (3, "answered 500 Internal Server Error", false)
    );

    // Tried again in vain it stays; tried again when all is well it arrives.
    store.redeliver(None).await.unwrap();
    until("it was tried", async || store.dead_letters(None, 1).await.unwrap()[0].attempts == 4).await;
    assert!(!store.dead_letters(None, 1).await.unwrap()[0].due);
    well.store(true, Ordering::SeqCst);
    store.redeliver(Some(dead[0].id.clone())).await.unwrap();
    until("it has arrived", async || receiver.taken().contains(&poison)).await;
    until("it is forgotten", async || store.dead_letters(None, 1).await.unwrap().is_empty()).await;
    server.stop().await;
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_asked_seldom_and_loses_nothing() {
    let back = Arc::new(AtomicBool::new(false));
    let there = Arc::clone(&back);
    let receiver = Receiver::start(move |_| Reply::Status(if there.load(Ordering::SeqCst) { 200 } else { 410 })).await;
    let (store, to) = (store(), named(&receiver));
    write_trips(&store, 30).await;
    let settings = [quick(&to), vec![("webhook_attempts", "2"), ("webhook_in_flight", "4")]].concat();
    let server = telling(&store, &settings).await;
    until("it was asked more often than an event is tried", async || counted(&server, FAILED).await > 12.0).await;
    let tried: BTreeSet<String> = receiver.seen().into_iter().map(|seen| seen.id).collect();
    assert_eq!(tried.len(), 4, "no more than are in flight");
    assert_eq!((counted(&server, DEAD).await, store.cursor("billing").await.unwrap()), (0.0, 0));
    back.store(true, Ordering::SeqCst);
    until("all has arrived", async || receiver.taken_count() == 60).await;
    server.stop().await;
    assert_all_arrived(&receiver, &store).await;
}

#[tokio::test]
async fn a_receiver_that_hangs_holds_up_no_other_and_not_the_end() {
    let (well, ill) = (Receiver::willing().await, Receiver::start(|_| Reply::Hang).await);
    let (store, to) = (store(), format!("billing={}, app={}", well.url, ill.url));
    write_trips(&store, 40).await;
    let settings = [quick(&to), vec![("webhook_timeout", "60")]].concat();
    let server = telling(&store, &settings).await;
    until("one has all", async || well.taken_count() == 80).await;
    until("the other lags", async || counted(&server, "gateway_events_lag_lines{outlet=\"app\"}").await == 80.0).await;
    tokio::time::timeout(Duration::from_secs(15), server.stop()).await.expect("a stop does not wait for it");
    assert_eq!((store.cursor("billing").await.unwrap(), store.cursor("app").await.unwrap()), (80, 0));
}

#[tokio::test]
async fn no_more_are_in_flight_than_allowed_and_those_of_a_trip_never_together() {
    let inside: Arc<std::sync::Mutex<BTreeMap<String, u32>>> = Arc::default();
    let most = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let (counting, peak) = (Arc::clone(&inside), Arc::clone(&most));
    let receiver = Receiver::start(move |seen| {
        let (trip, _) = seen.id.rsplit_once('.').unwrap();
        let mut inside = counting.lock().unwrap();
        *inside.entry(trip.to_owned()).or_default() += 1;
        assert_eq!(inside[trip], 1, "two of a trip at once");
        peak.fetch_max(inside.len(), Ordering::SeqCst);
        drop(inside);
        std::thread::sleep(Duration::from_millis(2));
        counting.lock().unwrap().remove(trip);
        Reply::Status(200)
    })
    .await;
    let (store, to) = (store(), named(&receiver));
    for _ in 0..20 {
        write_trips(&store, 3).await;
    }
    let settings = [quick(&to), vec![("webhook_in_flight", "4"), ("webhook_timeout", "5")]].concat();
    let server = telling(&store, &settings).await;
    until("all has arrived", async || receiver.taken_count() == 120).await;
    server.stop().await;
    assert_all_arrived(&receiver, &store).await;
    assert!(most.load(Ordering::SeqCst) <= 4);
}
