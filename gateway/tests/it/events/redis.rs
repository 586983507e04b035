use std::sync::Arc;

use persistence::Store;

use super::redis_server::{Entry, RedisServer};
use super::{ids, store, telling, until, write_trips};
use crate::street::{ask, counted};

const STREAM: &str = "hansom:events";
const LAG: &str = "gateway_events_lag_lines{outlet=\"redis\"}";
const UP: &str = "gateway_events_up{outlet=\"redis\"}";
const DELIVERED: &str = "gateway_events_delivered_total{outlet=\"redis\"}";

/// What a stream must hold: every line, under its number, once.
async fn assert_whole(entries: &[Entry], store: &Arc<dyn Store>) {
    let lines = store.read(0, u32::MAX).await.unwrap();
    let expected: Vec<String> = lines.iter().map(|(line, _)| format!("{line}-0")).collect();
    assert_eq!(entries.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>(), expected);
    for ((_, fields), id) in entries.iter().zip(ids(store).await) {
        assert_eq!((fields[0].as_str(), &fields[1], fields[2].as_str()), ("id", &id, "event"));
        let event: serde_json::Value = serde_json::from_str(&fields[3]).unwrap();
        assert_eq!(event["id"], id);
    }
}

#[tokio::test]
async fn a_stream_has_every_line_in_order_and_a_stop_leaves_none_behind() {
    let (redis, store) = (RedisServer::start(), store());
    write_trips(&store, 400).await;
    let server = telling(&store, &[("redis", &redis.url())]).await;
    until("what was there before is told", async || redis.length(STREAM).await == 800).await;
    let trip = ask(&server, "eve", "1", 0.0).send().await.unwrap();
    assert_eq!(trip.status().as_u16(), 201);
    until("what comes is told", async || redis.length(STREAM).await == 801).await;
    assert_eq!((counted(&server, UP).await, counted(&server, DELIVERED).await), (1.0, 801.0));
    until("nothing lags", async || counted(&server, LAG).await == 0.0).await;
    write_trips(&store, 300).await;
    server.stop().await;
    assert_whole(&redis.entries(STREAM).await, &store).await;
}

#[tokio::test]
async fn a_stream_keeps_about_as_much_as_it_is_told_and_goes_on_where_it_was() {
    let (redis, store) = (RedisServer::start(), store());
    let settings = [("redis", &*redis.url()), ("redis_stream", "city"), ("redis_length_max", "100")];
    write_trips(&store, 500).await;
    let server = telling(&store, &settings).await;
    server.stop().await;
    let kept = redis.entries("city").await;
    assert!((100..=300).contains(&kept.len()), "{}", kept.len());
    assert_eq!(kept.last().unwrap().0, "1000-0");
    // Even a stream without entries knows how far it was.
    let _: u64 = redis.say(&["XTRIM", "city", "MAXLEN", "0"]).await;
    write_trips(&store, 5).await;
    telling(&store, &settings).await.stop().await;
    assert_eq!(redis.entries("city").await.first().unwrap().0, "1001-0");
}

#[tokio::test]
async fn a_redis_that_is_not_there_is_waited_for_and_the_city_goes_on() {
    let (mut redis, store) = (RedisServer::stopped(), store());
    let server = telling(&store, &[("redis", &redis.url())]).await;
    write_trips(&store, 20).await;
    assert_eq!(ask(&server, "eve", "1", 0.0).send().await.unwrap().status().as_u16(), 201);
    until("the lag is seen", async || counted(&server, LAG).await == 41.0).await;
    assert_eq!(counted(&server, UP).await, 0.0);
    redis.run().await;
    until("all is told", async || redis.length(STREAM).await == 41).await;
    assert_whole(&redis.entries(STREAM).await, &store).await;
    until("the gauge knows", async || counted(&server, UP).await == 1.0).await;
    server.stop().await;
}

#[tokio::test]
async fn a_redis_that_was_wiped_is_told_everything_again() {
    let (mut redis, store) = (RedisServer::start(), store());
    let server = telling(&store, &[("redis", &redis.url())]).await;
    write_trips(&store, 10).await;
    until("all is told", async || redis.length(STREAM).await == 20).await;
    // By somebody's hand: the connection stays, and the next line must not begin a stream without the earlier ones.
    let _: String = redis.say(&["FLUSHALL"]).await;
    write_trips(&store, 10).await;
    until("all is told again", async || redis.length(STREAM).await == 40).await;
    assert_whole(&redis.entries(STREAM).await, &store).await;
    // By a crash without a disk.
    redis.signal("KILL");
    write_trips(&store, 10).await;
    redis.run().await;
    until("all is told once more", async || redis.length(STREAM).await == 60).await;
    server.stop().await;
    assert_whole(&redis.entries(STREAM).await, &store).await;
}

#[tokio::test]
async fn a_redis_that_has_lost_its_newest_entries_is_given_them_again() {
    let (redis, store) = (RedisServer::start(), store());
    write_trips(&store, 10).await;
    telling(&store, &[("redis", &redis.url())]).await.stop().await;
    // As after a fail-over to a replica that was behind: fewer entries, and an earlier last id.
    let entries = redis.entries(STREAM).await;
    let _: u64 = redis.say(&["DEL", STREAM]).await;
    for (id, fields) in &entries[..13] {
        let words = ["XADD", STREAM, id, &fields[0], &fields[1], &fields[2], &fields[3]];
        let _: String = redis.say(&words).await;
    }
    telling(&store, &[("redis", &redis.url())]).await.stop().await;
    assert_whole(&redis.entries(STREAM).await, &store).await;
}

#[tokio::test]
async fn of_two_who_tell_the_same_stream_each_line_is_taken_once() {
    let (redis, store) = (RedisServer::start(), store());
    let one = telling(&store, &[("redis", &redis.url())]).await;
    let two = telling(&store, &[("redis", &redis.url())]).await;
    for _ in 0..20 {
        write_trips(&store, 10).await;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    until("all is told", async || redis.length(STREAM).await >= 400).await;
    one.stop().await;
    two.stop().await;
    assert_whole(&redis.entries(STREAM).await, &store).await;
}

#[tokio::test]
async fn the_stream_of_another_journal_is_left_alone() {
    let (redis, store) = (RedisServer::start(), store());
    let theirs = super::store();
    write_trips(&theirs, 30).await;
    telling(&theirs, &[("redis", &redis.url())]).await.stop().await;
    write_trips(&store, 40).await;
    let server = telling(&store, &[("redis", &redis.url())]).await;
    let failed = "gateway_events_failed_total{outlet=\"redis\"}";
    until("it is tried", async || counted(&server, failed).await >= 2.0).await;
    assert_eq!(counted(&server, UP).await, 0.0);
    server.stop().await;
    assert_whole(&redis.entries(STREAM).await, &theirs).await;
    // Neither is a key that is no stream, nor one with ids of Redis's own.
    let _: String = redis.say(&["SET", "text", "1"]).await;
    let own: String = redis.say(&["XADD", "clicks", "*", "id", "1"]).await;
    for key in ["text", "clicks"] {
        let server = telling(&store, &[("redis", &redis.url()), ("redis_stream", key)]).await;
        until("it is tried", async || counted(&server, failed).await >= 1.0).await;
        server.stop().await;
    }
    assert_eq!(redis.say::<String>(&["GET", "text"]).await, "1");
    assert_eq!(redis.entries("clicks").await, [(own, vec!["id".to_owned(), "1".to_owned()])]);
}

#[tokio::test]
async fn a_redis_that_does_not_answer_holds_up_nobody_else() {
    let (redis, store) = (RedisServer::start(), store());
    let server = telling(&store, &[("redis", &redis.url())]).await;
    until("it is up", async || counted(&server, UP).await == 1.0).await;
    redis.signal("STOP");
    for number in 0..20 {
        let asked = ask(&server, &format!("eve-{number}"), "1", 0.0).send().await.unwrap();
        assert_eq!(asked.status().as_u16(), 201);
    }
    until("it is given up", async || counted(&server, UP).await == 0.0).await;
    redis.signal("CONT");
    until("all is told", async || redis.length(STREAM).await == 20).await;
    server.stop().await;
    assert_whole(&redis.entries(STREAM).await, &store).await;
}
