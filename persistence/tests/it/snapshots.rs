//! Snapshots in a real Redis, which may be away, hang, be wiped, or hold anything.

use std::time::{Duration, Instant};

use dispatch::{DriverId, ShardId};
use geo::{Point, Resolution};
use persistence::{RedisSnapshots, SnapshotError, Snapshots};

use crate::redis::Redis;

fn times_square() -> Point {
    Point::new(40.758, -73.985).unwrap()
}

fn shard() -> ShardId {
    ShardId::of(times_square(), Resolution::SHARD)
}

async fn connection(redis: &Redis) -> ::redis::aio::MultiplexedConnection {
    ::redis::Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap()
}

#[tokio::test]
async fn the_last_snapshot_of_a_shard_comes_back_and_expires() {
    let redis = Redis::start();
    let snapshots = RedisSnapshots::new(&redis.url(), None).unwrap();
    assert_eq!(snapshots.last(shard()).await.unwrap(), None);
    snapshots.keep(vec![(shard(), vec![1, 2, 3])]).await.unwrap();
    snapshots.keep(vec![(shard(), vec![0, 255, 13, 10])]).await.unwrap();
    assert_eq!(snapshots.last(shard()).await.unwrap(), Some(vec![0, 255, 13, 10]));
    let key = format!("hansom:snapshot:{}", shard());
    let lives: i64 = ::redis::cmd("PTTL").arg(key).query_async(&mut connection(&redis).await).await.unwrap();
    assert!((1..=600_000).contains(&lives), "it expires in {lives} ms");
}

#[tokio::test]
async fn redis_that_is_away_is_an_error_and_back_again_it_is_used() {
    let mut redis = Redis::start();
    let snapshots = RedisSnapshots::new(&redis.url(), None).unwrap();
    snapshots.keep(vec![(shard(), vec![1])]).await.unwrap();
    redis.signal("KILL");
    let failed = loop {
        // The connection may take one more command before it is found to be broken.
        if let Err(failed) = snapshots.keep(vec![(shard(), vec![2])]).await {
            break failed;
        }
    };
    assert!(matches!(failed, SnapshotError::Unavailable(_)), "{failed}");
    redis.restart();
    snapshots.keep(vec![(shard(), vec![3])]).await.unwrap();
    assert_eq!(snapshots.last(shard()).await.unwrap(), Some(vec![3]));
}

#[tokio::test]
async fn redis_that_hangs_is_given_up() {
    let redis = Redis::start();
    let snapshots = RedisSnapshots::new(&redis.url(), None).unwrap();
    snapshots.keep(vec![(shard(), vec![1])]).await.unwrap();
    redis.signal("STOP");
    let asked = Instant::now();
    snapshots.last(shard()).await.unwrap_err();
    assert!(asked.elapsed() < Duration::from_secs(30), "it was waited for");
    // And left alone for a while: many who ask do not wait one after the other.
    for _ in 0..50 {
        snapshots.last(shard()).await.unwrap_err();
    }
    assert!(asked.elapsed() < Duration::from_secs(30), "everyone waited for it");
    redis.signal("CONT");
    // It hears the question once more over a new connection.
    while snapshots.last(shard()).await.ok() != Some(Some(vec![1])) {
        assert!(asked.elapsed() < Duration::from_secs(60), "it is not asked again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn others_can_search_for_drivers_and_those_not_heard_of_go() {
    let redis = Redis::start();
    let snapshots = RedisSnapshots::new(&redis.url(), Some("drivers:nyc".to_owned())).unwrap();
    let drivers = ["ann", "bob"].map(|name| (DriverId::new(name).unwrap(), times_square()));
    snapshots.show(drivers.to_vec()).await.unwrap();
    let mut connection = connection(&redis).await;
    let near: Vec<String> = ::redis::cmd("GEOSEARCH")
        .arg("drivers:nyc")
        .arg("FROMLONLAT")
        .arg(-73.985)
        .arg(40.759)
        .arg("BYRADIUS")
        .arg(500)
        .arg("m")
        .query_async(&mut connection)
        .await
        .unwrap();
    assert_eq!(near.len(), 2);
    // As if bob had been heard of for the last time long ago.
    let () = ::redis::cmd("ZADD").arg("drivers:nyc:seen").arg(1).arg("bob").query_async(&mut connection).await.unwrap();
    snapshots.show(Vec::new()).await.unwrap();
    let left: Vec<String> =
        ::redis::cmd("ZRANGE").arg("drivers:nyc").arg(0).arg(-1).query_async(&mut connection).await.unwrap();
    assert_eq!(left, ["ann"]);
}

#[test]
fn an_address_of_something_else_is_refused_without_being_shown() {
    let refused = RedisSnapshots::new("postgres://me:secret@host/", None).unwrap_err().to_string();
    assert!(refused.contains("redis://") && !refused.contains("secret"), "{refused}");
}
