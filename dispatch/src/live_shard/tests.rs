use proptest::prelude::*;

use geo::{Resolution, Search, Tags};

use super::*;
use crate::{Class, Free, Needs, TripInput, Vehicle};
const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// Metres north and east of a corner of New York near which several shards of every resolution meet.
fn street(north: f64, east: f64) -> Point {
    Point::new(40.75 + north / 111_195.0, -73.98 + east / 84_200.0).unwrap()
}

fn driver(number: usize) -> DriverId {
    DriverId::new(&format!("driver-{number}")).unwrap()
}

fn ping(number: usize, point: Point) -> Ping {
    Ping { driver: driver(number), point, measured_at: NOW, heading: None, accuracy: None }
}

fn seeker(number: usize, pickup: Point, resolution: Resolution) -> Seeker {
    let home = ShardId::of(pickup, resolution);
    let trip = TripId::new(NOW, home, number as u64);
    Seeker {
        trip,
        pickup,
        dropoff: pickup,
        needs: Needs::default(),
        shared: false,
        pickup_at: None,
        requested_at: NOW,
        without: BTreeSet::new(),
        wave: 1,
        widened: 100,
        at_once: true,
    }
}

/// A city whose drivers are spread over shards, each shard alone with those at home on its ground.
struct Split {
    resolution: Resolution,
    policy: Policy,
    shards: BTreeMap<ShardId, LiveShard>,
}

impl Split {
    fn new(resolution: Resolution, policy: Policy, drivers: &[Point]) -> Split {
        let mut split = Split { resolution, policy, shards: BTreeMap::new() };
        for (number, point) in drivers.iter().enumerate() {
            let home = ShardId::of(*point, resolution);
            let standing = ShardInput::DriverIs {
                driver: driver(number),
                standing: Standing::Free(Free::new(Vehicle::default(), NOW)),
            };
            split.tell(home, standing);
            split.tell(home, ShardInput::Pings(vec![ping(number, *point)]));
        }
        split
    }

    fn tell(&mut self, shard: ShardId, input: ShardInput) -> Vec<Effect> {
        let policy = &self.policy;
        self.shards.entry(shard).or_insert_with(|| LiveShard::new(shard, policy)).step(NOW, policy, input)
    }

    /// The candidates of a rider, gathered as a round gathers them: own ones, and those of every neighbour asked.
    fn candidates(&mut self, seeker: &Seeker) -> Vec<Candidate> {
        let home = ShardId::of(seeker.pickup, self.resolution);
        self.tell(home, ShardInput::Seek(seeker.clone()));
        let (mut asked, policy) = (Vec::new(), self.policy.clone());
        let here = self.shards.get_mut(&home).unwrap();
        here.open_round(NOW, &policy, &mut asked);
        for effect in asked {
            let Effect::ToShard { to, input: ask @ ShardInput::AskNearby { .. } } = effect else {
                panic!("{effect:?}")
            };
            for told in self.tell(to, ask) {
                let Effect::ToShard { to, input } = told else { panic!("{told:?}") };
                let ShardInput::TellNearby { from, round, candidates } = input else { panic!("{input:?}") };
                assert_eq!(to, home);
                self.shards.get_mut(&home).unwrap().gather(from, round, candidates);
            }
        }
        let here = self.shards.get_mut(&home).unwrap();
        let mut round = here.round.take().unwrap();
        assert!(round.awaiting.is_empty(), "every neighbour answered");
        let choices = here.choices(NOW, &policy, &mut round).remove(0);
        here.waiting.clear();
        choices
    }
}

/// What a rider may choose from, to the last bit of every number.
fn bytes(candidates: impl IntoIterator<Item = (DriverId, f64)>) -> Vec<String> {
    let line = |(driver, metres): (DriverId, f64)| format!("{driver} {:016x}", metres.to_bits());
    candidates.into_iter().map(line).collect()
}

fn places(spread: f64, count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Point>> {
    prop::collection::vec((-spread..spread, -spread..spread).prop_map(|(north, east)| street(north, east)), count)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_city_split_into_shards_answers_like_one_index_byte_for_byte(
        resolution in 5u8..=7, drivers in places(6_000.0, 1..250), pickups in places(5_000.0, 1..6),
        within in 300u32..9_000, most in 1usize..40,
    ) {
        let resolution = Resolution::new(resolution).unwrap();
        let policy = Policy { pickup_within: Meters::whole(within), candidates_max: most, immediate_above: 0.0, ..Policy::default() };
        let mut whole = NearIndex::new();
        let in_whole = |(number, point): (usize, &Point)| whole.insert(driver(number), Tags::NONE, geo::Fix::at(*point, 0));
        let _handles: Vec<Handle> = drivers.iter().enumerate().map(in_whole).collect();
        let mut split = Split::new(resolution, policy.clone(), &drivers);
        for (number, pickup) in pickups.into_iter().enumerate() {
            let search = Search::within(policy.pickup_within);
            let expected = whole.nearest(pickup, most, &search);
            let expected = bytes(expected.iter().map(|near| (near.key().clone(), near.distance().get())));
            let mut found = split.candidates(&seeker(number, pickup, resolution));
            prop_assert!(found.is_sorted_by_key(|candidate| (candidate.pickup_eta.time, candidate.driver.clone())));
            found.sort_by(|a, b| a.distance.get().total_cmp(&b.distance.get()).then_with(|| a.driver.cmp(&b.driver)));
            let homes = found.iter().map(|candidate| candidate.home);
            for (candidate, home) in found.iter().zip(homes) {
                let number: usize = candidate.driver.as_str()["driver-".len()..].parse().unwrap();
                prop_assert_eq!(home, ShardId::of(drivers[number], resolution));
            }
            let found = bytes(found.into_iter().map(|candidate| (candidate.driver, candidate.distance.get())));
            prop_assert_eq!(found, expected);
        }
    }
}

proptest! {
    #[test]
    fn who_is_well_inside_a_shard_never_has_to_move_house(
        lat in -89.0..89.0f64, lon in -180.0..180.0f64, resolution in 3..=7u8, slack in 0.0..2_000.0f64,
        bearing in 0.0..std::f64::consts::TAU, share in 0.0..1.0f64,
    ) {
        let home = Cell::at(Point::new(lat, lon).unwrap(), Resolution::new(resolution).unwrap());
        let policy = Policy { border_slack: Meters::new(slack).unwrap(), ..Policy::default() };
        let centre = home.centre();
        let inside = inside(home, &policy).get();
        let (metres, per_degree) = (inside * share, 111_195.0);
        let (north, east) = (metres * bearing.cos() / per_degree, metres * bearing.sin() / per_degree);
        let there = Point::new(centre.lat() + north, centre.lon() + east / centre.lat().to_radians().cos());
        prop_assume!(there.is_ok());
        let there = there.unwrap();
        prop_assume!(distance(there, centre).get() <= inside);
        // What `Filing::check_border` would find out if it asked.
        let to = Cell::at(there, home.resolution());
        let beyond = distance(there, centre).get() - distance(there, to.centre()).get();
        prop_assert!(to == home || beyond <= 2.0 * slack, "{beyond} m beyond");
        // It is worth asking: nearly all of a shard is inside.
        prop_assert!(inside >= home.reach().get() * 0.5, "{inside} of {}", home.reach().get());
    }
}

/// The drivers that a rider at the corner may choose from.
fn eligible(shard: &LiveShard, now: Timestamp, policy: &Policy) -> Vec<String> {
    let seeker = seeker(1, street(0.0, 0.0), Resolution::SHARD);
    shard.candidates(now, policy, &seeker).iter().map(|candidate| candidate.driver.to_string()).collect()
}

#[test]
fn silence_makes_a_driver_stale_and_a_position_makes_the_driver_fresh() {
    let policy = Policy::default();
    let mut shard = LiveShard::new(ShardId::of(street(0.0, 0.0), Resolution::SHARD), &policy);
    shard.step(
        NOW,
        &policy,
        ShardInput::DriverIs { driver: driver(1), standing: Standing::Free(Free::new(Vehicle::default(), NOW)) },
    );
    shard.step(NOW, &policy, ShardInput::Pings(vec![ping(1, street(100.0, 0.0))]));
    assert_eq!(eligible(&shard, NOW + policy.position_fresh_for, &policy), ["driver-1"]);
    let late = NOW + policy.position_fresh_for + std::time::Duration::from_millis(1);
    assert!(eligible(&shard, late, &policy).is_empty());
    let fresh = Ping { measured_at: late, ..ping(1, street(120.0, 0.0)) };
    shard.step(late, &policy, ShardInput::Pings(vec![fresh]));
    assert_eq!(eligible(&shard, late, &policy), ["driver-1"]);
}

#[test]
fn jumps_are_counted_not_believed_and_cost_the_driver_its_matches_for_a_while() {
    let policy = Policy::default();
    let mut shard = LiveShard::new(ShardId::of(street(0.0, 0.0), Resolution::SHARD), &policy);
    shard.step(
        NOW,
        &policy,
        ShardInput::DriverIs { driver: driver(1), standing: Standing::Free(Free::new(Vehicle::default(), NOW)) },
    );
    let mut now = NOW;
    let mut send = |shard: &mut LiveShard, north: f64| {
        now = now + std::time::Duration::from_secs(4);
        let ping = Ping { measured_at: now, ..ping(1, street(north, 0.0)) };
        shard.step(now, &policy, ShardInput::Pings(vec![ping]));
        eligible(shard, now, &policy).len()
    };
    assert_eq!(send(&mut shard, 0.0), 1);
    // There and back again: each jump costs a quarter, and the third one makes the driver too doubtful to be matched.
    assert_eq!([send(&mut shard, 3_000.0), send(&mut shard, 0.0)], [1, 1]);
    assert_eq!([send(&mut shard, 3_000.0), send(&mut shard, 0.0)], [1, 1]);
    assert_eq!(send(&mut shard, 3_000.0), 0);
    assert_eq!(shard.counts().pings_implausible, 3);
    let honest = (0..10).map(|step| send(&mut shard, f64::from(step))).position(|found| found == 1);
    assert!(honest.is_some_and(|steps| steps > 0), "the driver comes back after some honest positions");
}

#[test]
fn a_rider_is_shown_only_vehicles_that_fit_and_a_change_is_known_at_once() {
    let policy = Policy::default();
    let mut shard = LiveShard::new(ShardId::of(street(0.0, 0.0), Resolution::SHARD), &policy);
    let ramp = Vehicle::new(Class::Economy, 6, true, false).unwrap();
    let is = |number, vehicle| ShardInput::DriverIs {
        driver: driver(number),
        standing: Standing::Free(Free::new(vehicle, NOW)),
    };
    for number in 1..=20 {
        shard.step(NOW, &policy, is(number, if number == 20 { ramp } else { Vehicle::default() }));
        shard.step(NOW, &policy, ShardInput::Pings(vec![ping(number, street(number as f64 * 50.0, 0.0))]));
    }
    let wanted = |needs| Seeker { needs, ..seeker(1, street(0.0, 0.0), Resolution::SHARD) };
    let found = |shard: &LiveShard, needs| {
        let candidates = shard.candidates(NOW, &policy, &wanted(needs));
        candidates.iter().map(|candidate| candidate.driver.to_string()).collect::<Vec<_>>()
    };
    let wheelchair = Needs::new(None, 1, true, false).unwrap();
    let six = Needs::new(None, 6, false, false).unwrap();
    assert_eq!(found(&shard, wheelchair), ["driver-20"], "nineteen are nearer");
    assert_eq!(found(&shard, six), ["driver-20"]);
    assert_eq!(found(&shard, Needs::new(Some(Class::Premium), 1, false, false).unwrap()), [""; 0]);
    shard.step(NOW, &policy, is(20, Vehicle::default()));
    shard.step(NOW, &policy, is(3, ramp));
    assert_eq!(found(&shard, wheelchair), ["driver-3"]);
}

#[test]
fn a_driver_who_would_be_there_too_late_is_no_candidate_and_that_is_remembered() {
    let resolution = Resolution::new(5).unwrap();
    // At 5 m/s with a detour of 1.27, 500 m take 127 s and 900 m take 229 s.
    let places = [street(500.0, 0.0), street(900.0, 0.0)];
    let policy = Policy { wait_max: std::time::Duration::from_secs(200), ..Policy::default() };
    let mut split = Split::new(resolution, policy, &places);
    let seeker = seeker(1, street(0.0, 0.0), resolution);
    let found: Vec<DriverId> = split.candidates(&seeker).into_iter().map(|candidate| candidate.driver).collect();
    assert_eq!(found, [driver(0)]);
    let waited = Seeker { requested_at: NOW - std::time::Duration::from_secs(100), ..seeker };
    let home = ShardId::of(waited.pickup, resolution);
    assert_eq!(split.candidates(&waited).len(), 0, "what the rider has waited counts");
    split.tell(home, ShardInput::Unseek(waited.trip));
}

#[test]
fn a_driver_who_will_be_free_soon_and_be_there_too_late_is_no_candidate_either() {
    let resolution = Resolution::new(5).unwrap();
    let wait_max = |seconds| Policy { wait_max: std::time::Duration::from_secs(seconds), ..Policy::default() };
    let seeker = seeker(1, street(0.0, 0.0), resolution);
    let home = ShardId::of(seeker.pickup, resolution);
    let finishing = |trip, dropoff| Standing::Finishing { trip, dropoff, free: Free::new(Vehicle::default(), NOW) };
    let found = |policy: Policy| {
        let mut split = Split::new(resolution, policy, &[]);
        let standing = finishing(TripId::new(NOW, home, 9), street(300.0, 0.0));
        split.tell(home, ShardInput::DriverIs { driver: driver(0), standing });
        split.tell(home, ShardInput::Pings(vec![ping(0, street(400.0, 0.0))]));
        split.candidates(&seeker).into_iter().map(|candidate| candidate.pickup_eta.time.as_secs()).collect::<Vec<_>>()
    };
    // At 5 m/s with a detour of 1.27, the 100 m to the drop-off take 25 s, and the 300 m from there 76 s.
    assert_eq!(found(wait_max(110)), [101]);
    assert_eq!(found(wait_max(95)), [0; 0]);
}

/// A provider that knows of no way longer than a second.
#[derive(Debug)]
struct Magic;

impl geo::TravelTimes for Magic {
    fn name(&self) -> &'static str {
        "magic"
    }

    fn drive(&self, _: Point, _: Point, _: geo::WeekTime) -> Result<geo::Drive, geo::NoDrive> {
        Ok(geo::Drive { time: std::time::Duration::from_secs(1), distance: Meters::whole(1) })
    }
}

#[test]
fn who_would_have_to_be_faster_than_any_car_is_no_candidate() {
    let resolution = Resolution::new(5).unwrap();
    let straight = Policy::default().travel.straight_line();
    let travel = geo::Travel::by(std::sync::Arc::new(Magic), straight);
    let wait_max = std::time::Duration::from_secs(30);
    let policy = Policy { wait_max, travel, speed_max_mps: 70.0, ..Policy::default() };
    // 30 s at 70 m/s are 2,100 m.
    let mut split = Split::new(resolution, policy, &[street(2_090.0, 0.0), street(-2_110.0, 0.0)]);
    let found = split.candidates(&seeker(1, street(0.0, 0.0), resolution));
    assert_eq!(found.into_iter().map(|candidate| candidate.driver).collect::<Vec<_>>(), [driver(0)]);
}

/// Who is proposed to a rider at the corner, when time passes.
fn proposed(shard: &mut LiveShard, policy: &Policy) -> Option<String> {
    let mut effects = shard.step(NOW, policy, ShardInput::Seek(seeker(1, street(0.0, 0.0), Resolution::SHARD)));
    for _ in 0..5 {
        let matched = |effect: &Effect| match effect {
            Effect::ToTrip { input: TripInput::Matched { proposals, .. }, .. } => Some(proposals[0].driver.to_string()),
            _ => None,
        };
        if let Some(driver) = effects.iter().find_map(matched) {
            return Some(driver);
        }
        let next = shard.deadline()?;
        effects = shard.step(next, policy, ShardInput::TimePassed);
    }
    None
}

#[test]
fn a_car_that_is_worth_more_where_it_is_lets_one_that_is_worth_less_go() {
    let quiet = street(-1_500.0, 0.0);
    let busy = street(1_400.0, 0.0);
    let mut values = crate::Values::new(
        Resolution::new(8).unwrap(),
        crate::Slots::new(240, crate::DayKinds::Alike, 0).unwrap(),
        100,
    );
    let cell = Cell::at(busy, Resolution::new(8).unwrap());
    (0..6).for_each(|slot| assert!(values.set(cell, slot, 600.0)));
    let choose = |future: f64| {
        let weights = crate::Weights { future, ..crate::Weights::PICKUP_ONLY };
        let worth = Some(std::sync::Arc::new(values.clone()));
        let policy = Policy { weights, worth, ..Policy::default() };
        let mut shard = LiveShard::new(ShardId::of(street(0.0, 0.0), Resolution::SHARD), &policy);
        for (number, at) in [(1, busy), (2, quiet)] {
            let standing = Standing::Free(Free::new(Vehicle::default(), NOW));
            shard.step(NOW, &policy, ShardInput::DriverIs { driver: driver(number), standing });
            shard.step(NOW, &policy, ShardInput::Pings(vec![ping(number, at)]));
        }
        proposed(&mut shard, &policy)
    };
    assert_eq!(choose(0.0).as_deref(), Some("driver-1"), "the nearer one");
    assert_eq!(choose(1.0).as_deref(), Some("driver-2"), "25 s farther, and worth ten minutes less where it is");
    assert_eq!(choose(0.01).as_deref(), Some("driver-1"), "six seconds are no reason");
}
