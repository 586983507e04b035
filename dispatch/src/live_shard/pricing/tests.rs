use std::time::Duration;

use geo::Resolution;

use super::*;
use crate::{
    Availability, Class, Currency, DriverId, Effect, Free, Needs, Ping, RepositionPolicy, ShardId, ShardInput,
    SurgePolicy, TripInput, Vehicle,
};

const NOON: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn north(metres: f64) -> Point {
    Point::new(40.75 + metres / 111_195.0, -73.98).unwrap()
}

fn home() -> ShardId {
    ShardId::of(north(0.0), Resolution::SHARD)
}

fn order() -> Order {
    Order::new(north(0.0), north(4_000.0))
}

fn seek(trip: u64, pickup_at: Option<Timestamp>) -> ShardInput {
    ShardInput::Seek(Seeker {
        trip: TripId::new(NOON, home(), trip),
        pickup: north(0.0),
        dropoff: north(4_000.0),
        needs: Needs::default(),
        pickup_at,
        requested_at: NOON,
        shared: false,
        without: BTreeSet::new(),
        wave: 1,
        widened: 0,
        at_once: true,
    })
}

fn online(shard: &mut LiveShard, now: Timestamp, policy: &Policy, name: &str, metres: f64) {
    let driver = DriverId::new(name).unwrap();
    let standing = Standing::Free(Free::new(Vehicle::default(), now));
    shard.step(now, policy, ShardInput::DriverIs { driver: driver.clone(), standing });
    ping(shard, now, policy, &driver, metres);
}

fn ping(shard: &mut LiveShard, now: Timestamp, policy: &Policy, driver: &DriverId, metres: f64) -> Vec<Effect> {
    let ping = Ping { driver: driver.clone(), point: north(metres), measured_at: now, heading: None, accuracy: None };
    shard.step(now, policy, ShardInput::Pings(vec![ping]))
}

#[test]
fn where_riders_outnumber_drivers_rides_cost_more_until_a_minute_later() {
    let policy = Policy::default();
    let mut shard = LiveShard::new(home(), &policy);
    assert_eq!(shard.deadline(), None, "nobody is here, nobody is woken");
    let calm = shard.priced(NOON, &policy, order()).fare.unwrap();
    assert_eq!((calm.surge(), calm.currency()), (Surge::NONE, &Currency::default()));
    (0..12).for_each(|trip| drop(shard.step(NOON, &policy, seek(trip, None))));
    let minute = NOON + policy.surge.every;
    assert!(shard.deadline().is_some_and(|at| at <= minute));
    shard.step(minute, &policy, ShardInput::TimePassed);
    let surge = shard.surge_at(&policy, north(0.0));
    assert_eq!(surge.get(), policy.surge.max, "twelve riders, nobody there");
    assert_eq!(shard.surging().values().sum::<i64>(), 1);
    let dear = shard.priced(minute, &policy, order()).fare.unwrap();
    assert!(dear.surge() == surge && dear.minor() > 2 * calm.minor(), "{dear:?}");

    let later = Order { pickup_at: Some(minute + Duration::from_secs(3_600)), ..order() };
    assert_eq!(shard.priced(minute, &policy, later).fare.unwrap().surge(), Surge::NONE, "nobody knows yet");
    let quoted = Order { fare: Some(calm), ..order() };
    assert_eq!(shard.priced(minute, &policy, quoted), quoted, "what was promised is kept");
    let off = Policy { surge: SurgePolicy { max: 100, ..SurgePolicy::default() }, ..policy };
    assert_eq!(shard.surge_at(&off, north(0.0)), Surge::NONE);
}

#[test]
fn an_estimate_names_the_soonest_car_that_fits() {
    let policy = Policy::default();
    let mut shard = LiveShard::new(home(), &policy);
    assert_eq!(shard.estimate(NOON, &policy, &order()).pickup_eta, None);
    online(&mut shard, NOON, &policy, "ann", 1_000.0);
    online(&mut shard, NOON, &policy, "bob", 500.0);
    let estimate = shard.estimate(NOON, &policy, &order());
    let eta = policy.eta(north(500.0), north(0.0), NOON);
    assert!(estimate.pickup_eta.unwrap().time.abs_diff(eta.time) < Duration::from_millis(100), "{estimate:?}");
    assert_eq!(estimate.ride, policy.drive(north(0.0), north(4_000.0), NOON));
    let large = Order { needs: Needs::new(Some(Class::Xl), 6, false, false).unwrap(), ..order() };
    assert_eq!(shard.estimate(NOON, &policy, &large).pickup_eta, None);
    let later = Order { pickup_at: Some(NOON + Duration::from_secs(3_600)), ..order() };
    assert_eq!(shard.estimate(NOON, &policy, &later).pickup_eta, None, "who is near then, nobody knows");
    let standing = Standing::Taken(Availability::OnBreak);
    shard.step(NOON, &policy, ShardInput::DriverIs { driver: DriverId::new("bob").unwrap(), standing });
    assert!(shard.estimate(NOON, &policy, &order()).pickup_eta.unwrap().time > eta.time, "ann is left");
}

// ---- rides for later that would be served too early ---------------------------------------------------------------

/// Steps a shard through its own deadlines, with a car that stands still and pings, until somebody is matched.
fn matched_at(shard: &mut LiveShard, policy: &Policy, metres: f64, until: Timestamp) -> (Option<Timestamp>, u32) {
    let ann = DriverId::new("ann").unwrap();
    let (mut now, mut looks) = (NOON, 0);
    while now < until {
        now = shard.deadline().unwrap_or(until).max(now + Duration::from_millis(1)).min(until);
        // A moment before: what is due is settled before a position is taken in, and must not be on an old one.
        let mut effects = ping(shard, Timestamp::from_millis(now.millis() - 1), policy, &ann, metres);
        looks += 1;
        effects.extend(shard.step(now, policy, ShardInput::TimePassed));
        let is_match = |effect: &Effect| matches!(effect, Effect::ToTrip { input: TripInput::Matched { .. }, .. });
        if effects.iter().any(is_match) {
            return (Some(now), looks);
        }
    }
    (None, looks)
}

/// No price changes and nobody is sent elsewhere: a shard wakes up for its riders alone.
fn undisturbed() -> Policy {
    let surge = SurgePolicy { max: 100, ..SurgePolicy::default() };
    let reposition = RepositionPolicy { on: false, ..RepositionPolicy::default() };
    Policy { surge, reposition, ..Policy::default() }
}

#[test]
fn a_ride_for_later_is_matched_when_the_soonest_car_will_be_a_little_early() {
    for metres in [300.0, 2_500.0] {
        let policy = undisturbed();
        let mut shard = LiveShard::new(home(), &policy);
        online(&mut shard, NOON, &policy, "ann", metres);
        let wished = NOON + Duration::from_secs(1_800);
        shard.step(NOON, &policy, seek(1, Some(wished)));
        assert_eq!(shard.waiting(), 0, "every car would be too early");
        let (at, looks) = matched_at(&mut shard, &policy, metres, wished);
        let ideal = wished - policy.booking.early_max - policy.eta(north(metres), north(0.0), NOON).time;
        let late = at.unwrap().since(ideal);
        assert!(at.unwrap() >= ideal && late <= policy.match_every * 3, "{metres} m: {late:?} late");
        assert!(looks < 60, "{looks} looks");
    }
}

#[test]
fn without_a_car_of_its_own_a_shard_asks_around_at_once() {
    let policy = Policy::default();
    let mut shard = LiveShard::new(home(), &policy);
    shard.step(NOON, &policy, seek(1, Some(NOON + Duration::from_secs(1_800))));
    assert_eq!(shard.waiting(), 1);
}

#[test]
fn who_is_held_back_leaves_with_the_trip() {
    let policy = undisturbed();
    let mut shard = LiveShard::new(home(), &policy);
    online(&mut shard, NOON, &policy, "ann", 300.0);
    let wished = NOON + Duration::from_secs(1_800);
    // Told twice, as letters may be, and once more after a driver was lost.
    (0..3).for_each(|_| drop(shard.step(NOON, &policy, seek(1, Some(wished)))));
    assert!(shard.deadline().is_some());
    shard.step(NOON, &policy, ShardInput::Unseek(TripId::new(NOON, home(), 1)));
    assert_eq!(shard.deadline(), None);
}
