//! Snapshots end to end: a real server, a real Redis, a crash. What they soften, and that nothing depends on them.

use dispatch::{DriverId, Epoch, Generation, Hint, Learned, Memory, Ping, ShardId, Timestamp, Wish};
use gateway::Role;
use geo::{Point, Resolution};
use persistence::Snapshot;
use serde_json::{Value, json};

use crate::redis_server::Redis;
use crate::restarting::{Phone, request};
use crate::server::Process;

/// The sum of a family's metrics whose labels contain `of`, as /metrics tells it.
async fn metric(server: &Process, name: &str, of: &str) -> f64 {
    let text = reqwest::get(format!("{}/metrics", server.url())).await.unwrap().text().await.unwrap();
    let counted = |line: &&str| line.starts_with(name) && line.contains(of);
    text.lines().filter(counted).filter_map(|line| line.split_whitespace().last()?.parse::<f64>().ok()).sum()
}

async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    for _ in 0..1_000 {
        if so().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("it never comes that {what}");
}

async fn ann_at_work(server: &Process) -> Phone {
    let mut ann = Phone::dial(server, "/v1/driver", &server.token(Role::Driver, "ann")).await;
    ann.goes_online().await;
    ann
}

/// The first thing the server says to ann's phone.
async fn comes_back(server: &Process) -> (Phone, Value) {
    let mut ann = Phone::dial(server, "/v1/driver", &server.token(Role::Driver, "ann")).await;
    let standing = ann.hear(|frame| frame["type"] == "standing").await;
    (ann, standing)
}

async fn kept(server: &Process) -> f64 {
    metric(server, "actors_snapshots_total", "kept").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_goes_on_working_after_a_crash_without_saying_so_again() {
    let (folder, redis) = (tempfile::tempdir().unwrap(), Redis::start());
    let mut server = Process::start_with(folder.path(), &[("HANSOM_REDIS", &redis.url())]);
    let _ann = ann_at_work(&server).await;
    until("a snapshot is kept", async || kept(&server).await >= 1.0).await;
    server.kill();
    server.start_again();
    let (mut ann, standing) = comes_back(&server).await;
    assert_eq!(standing["availability"], "available", "{standing}");
    assert_eq!(metric(&server, "actors_snapshots_total", "used").await, 1.0);
    // She has not said where she is, either.
    let (_, asked) = request(&server, &server.token(Role::Rider, "eve"), "one").await;
    let offer = ann.hear(|frame| frame["type"] == "offer").await;
    assert_eq!(offer["trip"], asked["id"]);
    // On a trip, too, her car is known: she drives on afterwards.
    ann.say(json!({"type": "accept", "id": 2, "offer": offer["offer"]})).await;
    ann.hear_trip("en_route").await;
    let before = kept(&server).await;
    let still_here = json!({"type": "ping", "seq": 1, "lat": 40.751, "lon": -73.98});
    until("the trip is in a snapshot", async || {
        ann.say(still_here.clone()).await;
        kept(&server).await > before + 1.0
    })
    .await;
    server.kill();
    server.start_again();
    let (_, standing) = comes_back(&server).await;
    assert_eq!((&standing["trip"]["id"], &standing["last_trip"]), (&asked["id"], &json!(false)), "{standing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_a_recovery_is_colder_and_nothing_else() {
    let (folder, mut redis) = (tempfile::tempdir().unwrap(), Redis::start());
    let mut server = Process::start_with(folder.path(), &[("HANSOM_REDIS", &redis.url())]);
    let mut ann = ann_at_work(&server).await;
    until("a snapshot is kept", async || kept(&server).await >= 1.0).await;
    assert_eq!(metric(&server, "actors_snapshots_healthy", "").await, 1.0);
    redis.signal("STOP");
    until("the gauge says so", async || metric(&server, "actors_snapshots_healthy", "").await == 0.0).await;
    let (_, asked) = request(&server, &server.token(Role::Rider, "eve"), "one").await;
    let offer = ann.hear(|frame| frame["type"] == "offer").await;
    ann.say(json!({"type": "accept", "id": 2, "offer": offer["offer"]})).await;
    ann.hear_trip("en_route").await;
    // Hanging, it does not hold a start up either.
    server.kill();
    server.start_again();
    let (_, standing) = comes_back(&server).await;
    assert_eq!(standing["trip"]["id"], asked["id"], "{standing}");
    assert_eq!(standing["last_trip"], true, "nobody knows what she drives: {standing}");
    // Killed, and back again with nothing in it.
    redis.signal("KILL");
    redis.restart();
    until("it is used again", async || metric(&server, "actors_snapshots_healthy", "").await == 1.0).await;
}

fn here() -> Point {
    Point::new(40.751, -73.98).unwrap()
}

fn shard() -> ShardId {
    ShardId::of(here(), Resolution::SHARD)
}

fn now() -> Timestamp {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(now.as_millis() as u64)
}

/// A snapshot in which ann, who has rested since her last ride, is at work.
fn forged(shard: ShardId, epoch: u64, taken_at: Timestamp) -> Vec<u8> {
    let vehicle = Some(dispatch::Vehicle::default());
    let memory = Memory { generation: Generation(1), wish: Wish::Work, vehicle, acceptance: 1_000 };
    let driver = DriverId::new("ann").unwrap();
    let last = Ping { driver, point: here(), measured_at: taken_at, heading: None, accuracy: None };
    let hints = vec![Hint { memory, last, seen_at: taken_at }];
    Snapshot { shard, epoch: Epoch(epoch), taken_at, hints, learned: Learned::default() }.to_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_is_torn_old_foreign_or_of_the_future_is_not_believed() {
    let (folder, redis) = (tempfile::tempdir().unwrap(), Redis::start());
    let mut server = Process::start_with(folder.path(), &[("HANSOM_REDIS", &redis.url())]);
    drop(ann_at_work(&server).await);
    let elsewhere = ShardId::of(Point::new(48.85, 2.35).unwrap(), Resolution::SHARD);
    let minutes_ago = now() - std::time::Duration::from_secs(180);
    let mut torn = forged(shard(), 1, now());
    torn.truncate(50);
    let mut future = forged(shard(), 1, now());
    future[4] = 99;
    let cases = [
        ("torn", torn),
        ("old", forged(shard(), 1, minutes_ago)),
        ("foreign", forged(elsewhere, 1, now())),
        ("foreign", b"what somebody else keeps under this key".to_vec()),
        ("version", future),
        ("later_owner", forged(shard(), 1_000, now())),
        ("future", forged(shard(), 1, now() + std::time::Duration::from_secs(3_600))),
    ];
    let mut connection = redis::Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    for (outcome, blob) in cases {
        server.kill();
        let key = format!("hansom:snapshot:{}", shard());
        let () = redis::cmd("SET").arg(key).arg(blob).query_async(&mut connection).await.unwrap();
        server.start_again();
        let (_, standing) = comes_back(&server).await;
        assert_eq!(standing["availability"], "offline", "{outcome}: {standing}");
        assert_eq!(metric(&server, "actors_snapshots_total", outcome).await, 1.0, "{outcome}");
    }
    // The same, sound: that it was not believed before was not for want of a reader.
    server.kill();
    let key = format!("hansom:snapshot:{}", shard());
    let () = redis::cmd("SET").arg(key).arg(forged(shard(), 1, now())).query_async(&mut connection).await.unwrap();
    server.start_again();
    assert_eq!(comes_back(&server).await.1["availability"], "available");
}
