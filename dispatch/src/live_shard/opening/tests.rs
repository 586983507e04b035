use geo::{Point, Resolution};

use super::*;
use crate::{
    Effect, Free, Generation, Memory, Needs, Policy, Seeker, ShardId, ShardInput, TripId, TripInput, Vehicle, Wish,
};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn here() -> Point {
    Point::new(40.75, -73.98).unwrap()
}

fn driver(number: usize) -> DriverId {
    DriverId::new(&format!("driver-{number}")).unwrap()
}

fn after(millis: u64) -> Timestamp {
    NOW + Duration::from_millis(millis)
}

/// A shard with ten drivers who were here a moment ago, and a rider who waits.
fn shard(policy: &Policy) -> LiveShard {
    let home = ShardId::of(here(), Resolution::SHARD);
    let mut shard = LiveShard::new(home, policy);
    shard.expect(NOW, (0..10).map(driver).collect());
    let seeker = Seeker {
        trip: TripId::new(NOW, home, 1),
        pickup: here(),
        dropoff: here(),
        needs: Needs::default(),
        shared: false,
        pickup_at: None,
        requested_at: NOW,
        without: BTreeSet::new(),
        wave: 1,
        widened: 0,
        at_once: true,
    };
    shard.step(NOW, policy, ShardInput::Seek(seeker));
    shard
}

fn comes_back(shard: &mut LiveShard, now: Timestamp, policy: &Policy, number: usize) -> Vec<Effect> {
    let standing = Standing::Free(Free::new(Vehicle::default(), now));
    let mut told = shard.step(now, policy, ShardInput::DriverIs { driver: driver(number), standing });
    let ping = Ping { driver: driver(number), point: here(), measured_at: now, heading: None, accuracy: None };
    told.extend(shard.step(now, policy, ShardInput::Pings(vec![ping])));
    told
}

/// A city of one shard: no neighbour is asked, so a round is over when it begins.
fn lonely() -> Policy {
    let (pickup_within, match_every) = (geo::Meters::whole(1), Duration::from_millis(50));
    Policy { pickup_within, match_every, neighbours_within: Duration::ZERO, ..Policy::default() }
}

fn is_matched(effects: &[Effect]) -> bool {
    let matched = |effect: &Effect| matches!(effect, Effect::ToTrip { input: TripInput::Matched { .. }, .. });
    effects.iter().any(matched)
}

#[test]
fn matching_waits_until_nine_of_ten_are_back() {
    let policy = lonely();
    let mut shard = shard(&policy);
    for number in 0..8 {
        assert!(!is_matched(&comes_back(&mut shard, after(100), &policy, number)));
        assert!(!is_matched(&shard.step(after(200), &policy, ShardInput::TimePassed)));
        assert!(shard.is_opening());
    }
    assert!(is_matched(&comes_back(&mut shard, after(300), &policy, 8)));
    assert!(!shard.is_opening());
}

#[test]
fn matching_opens_by_time_although_nobody_comes_back() {
    let policy = lonely();
    let mut shard = shard(&policy);
    let due = shard.deadline().expect("it looks at the clock by itself");
    assert!(due <= after(1_500), "it opens in time");
    comes_back(&mut shard, after(1_000), &policy, 3);
    assert!(!is_matched(&shard.step(after(1_499), &policy, ShardInput::TimePassed)));
    assert!(is_matched(&shard.step(after(1_500), &policy, ShardInput::TimePassed)));
}

#[test]
fn who_was_seen_is_written_down_with_what_no_row_holds() {
    let policy = lonely();
    let mut shard = LiveShard::new(ShardId::of(here(), Resolution::SHARD), &policy);
    for number in [2, 1] {
        comes_back(&mut shard, NOW, &policy, number);
    }
    assert_eq!(shard.hints(), [], "of whom the shard has heard nothing but positions there is nothing to tell");
    let memory =
        Memory { generation: Generation(4), wish: Wish::Work, vehicle: Some(Vehicle::default()), acceptance: 700 };
    for number in [2, 1] {
        shard.step(NOW, &policy, ShardInput::Remember { driver: driver(number), memory });
    }
    let hints = shard.hints();
    let told: Vec<_> = hints.iter().map(|hint| (hint.driver().clone(), hint.memory, hint.seen_at)).collect();
    assert_eq!(told, [(driver(1), memory, NOW), (driver(2), memory, NOW)]);
    shard.step(NOW, &policy, ShardInput::DriverIs { driver: driver(1), standing: Standing::Gone });
    assert_eq!(shard.hints().len(), 1);
}

#[test]
fn what_a_shard_has_learned_of_its_ground_is_known_to_its_next_owner() {
    let policy = lonely();
    let mut shard = LiveShard::new(ShardId::of(here(), Resolution::SHARD), &policy);
    assert_eq!(shard.learned(NOW).cells, []);
    let learned = crate::Learned {
        at: NOW,
        days: vec![1.0; shard.learned(NOW).days.len()],
        recent_watched: 1.0,
        cells: vec![crate::LearnedCell {
            cell: geo::Cell::at(here(), Resolution::new(policy.reposition.resolution.get()).unwrap()),
            usual: Vec::new(),
            recent: 9.0,
            heart: Some(here()),
        }],
        prices: Vec::new(),
    };
    shard.take_up(NOW, &policy, &learned);
    assert_eq!(shard.learned(NOW), learned);
}
