use std::time::Duration;

use geo::Resolution;

use super::*;
use crate::{Free, Needs, Ping, RepositionPolicy, ShardInput, SurgePolicy, TripId, Vehicle};

const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A shard, its clock, and the phones of its drivers, which send every ten seconds.
struct Street {
    policy: Policy,
    shard: LiveShard,
    now: Timestamp,
    phones: BTreeMap<DriverId, Point>,
    trips: u64,
    /// Who was told that work is expected where they wait, or no longer.
    demand: Vec<(String, bool)>,
}

/// Metres north and east of the middle of the shard.
fn place(north: f64, east: f64) -> Point {
    let middle = shard().0.centre();
    Point::new(middle.lat() + north / 111_195.0, middle.lon() + east / 84_200.0).unwrap()
}

fn shard() -> ShardId {
    ShardId::of(Point::new(40.75, -73.98).unwrap(), Resolution::SHARD)
}

fn driver(name: &str) -> DriverId {
    DriverId::new(name).unwrap()
}

impl Street {
    fn new(reposition: RepositionPolicy) -> Street {
        let surge = SurgePolicy { max: 100, ..SurgePolicy::default() };
        let policy = Policy { reposition, surge, ..Policy::default() };
        let shard = LiveShard::new(shard(), &policy);
        Street { policy, shard, now: START, phones: BTreeMap::new(), trips: 0, demand: Vec::new() }
    }

    fn tell(&mut self, input: ShardInput) -> Vec<(DriverId, Suggested)> {
        let told = self.shard.step(self.now, &self.policy, input);
        let suggestion = |effect| match effect {
            Effect::ToDriver { to, home, input: DriverInput::Suggest(suggested) } => {
                assert_eq!(home, shard());
                Some((to, suggested))
            }
            Effect::ToDriver { to, input: DriverInput::Demand { near }, .. } => {
                self.demand.push((to.to_string(), near));
                None
            }
            _ => None,
        };
        told.into_iter().filter_map(suggestion).collect()
    }

    fn stands(&mut self, name: &str, standing: Standing) {
        self.tell(ShardInput::DriverIs { driver: driver(name), standing });
    }

    fn online(&mut self, name: &str, at: Point) {
        self.stands(name, Standing::Free(Free::new(Vehicle::default(), self.now)));
        self.phones.insert(driver(name), at);
    }

    fn moves(&mut self, name: &str, to: Point) {
        self.phones.insert(driver(name), to);
    }

    /// A rider asks there, once or in so many waves, and finds nobody near enough or calls off.
    fn request(&mut self, pickup: Point, waves: u32) {
        self.trips += 1;
        let trip = TripId::new(self.now, shard(), self.trips);
        for wave in 1..=waves {
            for at_once in [true, false] {
                let (needs, without) = (Needs::default(), BTreeSet::new());
                let requested_at = self.now;
                let (dropoff, widened) = (pickup, 0);
                let (pickup_at, shared) = (None, false);
                let seeker = Seeker {
                    trip,
                    pickup,
                    dropoff,
                    needs,
                    requested_at,
                    pickup_at,
                    shared,
                    without,
                    wave,
                    widened,
                    at_once,
                };
                self.tell(ShardInput::Seek(seeker));
                self.tell(ShardInput::Unseek(trip));
            }
        }
    }

    /// Time passes, phones send, and alarms ring when they should. What was suggested, and when, in seconds.
    fn passes(&mut self, time: Duration) -> Vec<(u64, String, Suggested)> {
        let (until, mut told) = (self.now + time, Vec::new());
        while self.now < until {
            let next = START + seconds((self.now.since(START).as_secs() / 10 + 1) * 10);
            let alarm = self.shard.deadline().map_or(next, |at| at.max(self.now));
            self.now = alarm.min(next).min(until);
            let mut heard = self.tell(ShardInput::TimePassed);
            if self.now == next {
                let (measured_at, heading, accuracy) = (self.now, None, None);
                let ping = |(driver, point): (&DriverId, &Point)| Ping {
                    driver: driver.clone(),
                    point: *point,
                    measured_at,
                    heading,
                    accuracy,
                };
                let pings = self.phones.iter().map(ping).collect();
                heard.extend(self.tell(ShardInput::Pings(pings)));
            }
            let since = self.now.since(START).as_secs();
            told.extend(heard.into_iter().map(|(driver, suggested)| (since, driver.to_string(), suggested)));
        }
        told
    }
}

fn names(told: &[(u64, String, Suggested)]) -> Vec<(u64, &str)> {
    told.iter().map(|(at, name, _)| (*at, name.as_str())).collect()
}

/// A gap two kilometres from where ann and bob wait, for one car and hardly a second: some three requests an hour.
fn with_a_gap(reposition: RepositionPolicy) -> Street {
    let mut street = Street::new(reposition);
    for _ in 0..8 {
        street.passes(seconds(1_200));
        street.request(place(2_000.0, 0.0), 3);
    }
    street
}

/// A car is worth ten minutes of driving where a trip is sure.
fn for_one_car() -> RepositionPolicy {
    RepositionPolicy { trip_worth: seconds(1_500), drive_max: seconds(1_200), ..RepositionPolicy::default() }
}

#[test]
fn an_idle_driver_is_told_of_a_gap_when_the_round_is_due() {
    let mut street = with_a_gap(for_one_car());
    let before = street.now.since(START).as_secs();
    street.online("ann", place(0.0, 0.0));
    let told = street.passes(seconds(400));
    let every = street.policy.reposition.every.as_secs();
    assert_eq!(names(&told), [(before + 10 + every, "ann")], "the clock runs from the first position on");
    let suggested = told[0].2;
    assert!(distance(suggested.to, place(2_000.0, 0.0)).get() < 600.0, "{suggested:?}");
    assert!(suggested.expected > 0.3 && suggested.cars == 0, "{suggested:?}");
    assert!(suggested.drive > seconds(300), "{suggested:?}");
    assert_eq!(street.shard.counts().suggestions, 1);
}

#[test]
fn a_driver_on_the_way_is_the_only_one_who_is_sent_to_a_gap() {
    let mut street = with_a_gap(for_one_car());
    street.online("ann", place(0.0, 0.0));
    street.online("bob", place(-100.0, 0.0));
    let told = street.passes(seconds(200));
    assert_eq!(names(&told).iter().map(|(_, name)| *name).collect::<Vec<_>>(), ["ann"], "the nearer one");
    let (start, to) = (street.now, told[0].2.to);
    for step in 1..=20 {
        street.moves("ann", place(f64::from(step) * 100.0, 0.0));
        assert_eq!(names(&street.passes(seconds(20))), [], "{:?} after she was told", street.now.since(start));
    }
    street.moves("ann", to);
    assert_eq!(names(&street.passes(seconds(600))), [], "she is there");
}

#[test]
fn a_gap_whose_driver_does_not_set_off_is_open_for_another() {
    let mut street = with_a_gap(for_one_car());
    street.online("ann", place(0.0, 0.0));
    street.online("bob", place(-100.0, 0.0));
    let every = street.policy.reposition.every.as_secs();
    let told = street.passes(seconds(2 * every + 20));
    let heard = names(&told);
    assert_eq!(heard.iter().map(|(_, name)| *name).collect::<Vec<_>>(), ["ann", "bob"]);
    assert_eq!(heard[1].0 - heard[0].0, every, "one round later");
    assert_eq!(told[0].2.until, START + seconds(heard[0].0) + street.policy.reposition.set_off_within);
}

#[test]
fn an_offer_ends_an_errand_and_a_trip_the_rest_after_it() {
    let mut street = with_a_gap(for_one_car());
    street.online("ann", place(0.0, 0.0));
    assert_eq!(street.passes(seconds(200)).len(), 1);
    street.moves("ann", place(500.0, 0.0));
    street.passes(seconds(10));
    let trip = TripId::new(street.now, shard(), 99);
    for standing in [Standing::Taken(Availability::Offered), Standing::Driving(trip)] {
        street.stands("ann", standing);
    }
    street.online("ann", place(500.0, 0.0));
    assert_eq!(names(&street.passes(seconds(600))).len(), 1, "after a trip she may be sent at once");
    street.stands("ann", Standing::Taken(Availability::Offered));
    let since = street.now;
    street.stands("ann", Standing::Free(Free::new(Vehicle::default(), START)));
    let told = street.passes(street.policy.reposition.rest + seconds(200));
    assert!(
        told.iter().all(|(at, ..)| START + seconds(*at) >= since + seconds(100)),
        "she said no to an offer: {told:?}"
    );
}

#[test]
fn nobody_is_told_anything_when_it_is_off_but_demand_is_learned() {
    let mut street = with_a_gap(RepositionPolicy { on: false, ..for_one_car() });
    street.online("ann", place(0.0, 0.0));
    assert_eq!(names(&street.passes(seconds(3_600))), []);
    assert_eq!(street.shard.roaming.deadline(), None);
    let forecast = street.shard.forecast().unwrap();
    assert!(forecast.rate(forecast.cell_at(place(2_000.0, 0.0)), street.now) > 0.5);
}

#[test]
fn a_trip_is_one_request_however_often_it_asks() {
    let mut street = Street::new(RepositionPolicy { neighbours_share: 0.0, ..RepositionPolicy::default() });
    let rate = |street: &Street| {
        let forecast = street.shard.forecast().unwrap();
        forecast.rate(forecast.cell_at(place(0.0, 0.0)), street.now)
    };
    street.request(place(0.0, 0.0), 1);
    let once = rate(&street);
    let mut again = Street::new(street.policy.reposition.clone());
    again.request(place(0.0, 0.0), 5);
    assert_eq!(rate(&again), once);
    again.request(place(0.0, 0.0), 1);
    assert!(rate(&again) > once);
}

#[test]
fn the_shards_on_both_sides_of_a_border_never_speak_of_the_same_cell() {
    let policy = Policy::default();
    let here = shard();
    let (mut cells, mut taken) = (BTreeSet::new(), 0);
    for home in here.0.disk(1) {
        let roaming = Roaming::new(ShardId(home), &policy);
        let forecast = roaming.forecast().unwrap();
        for cell in home.centre_cells(&policy) {
            let Some(own) = roaming.own(cell.centre()) else { continue };
            let spoken = forecast.cell_at(own);
            assert_eq!(ShardId::of(spoken.centre(), Resolution::SHARD), ShardId(home));
            if spoken == cell {
                assert!(cells.insert(cell), "{cell} is an own cell of two shards");
                taken += 1;
            }
        }
    }
    assert!(taken > 2_000, "seven shards of some 343 cells: {taken}");
}

/// The cells in and around a shard.
trait CentreCells {
    fn centre_cells(&self, policy: &Policy) -> BTreeSet<Cell>;
}

impl CentreCells for Cell {
    fn centre_cells(&self, policy: &Policy) -> BTreeSet<Cell> {
        Cell::at(self.centre(), policy.reposition.resolution).disk(16).into_iter().collect()
    }
}

#[test]
fn a_request_in_a_neighbours_cell_counts_for_the_own_cell_beside_it() {
    let policy = Policy::default();
    let home = shard();
    let mut roaming = Roaming::new(home, &policy);
    let on_the_edge = (0..720).filter_map(|step| {
        let angle = f64::from(step).to_radians() / 2.0;
        (80..130).map(|far| place(angle.cos() * f64::from(far) * 100.0, angle.sin() * f64::from(far) * 100.0)).find(
            |at| {
                let cell = roaming.forecast().unwrap().cell_at(*at);
                ShardId::of(*at, Resolution::SHARD) == home && ShardId::of(cell.centre(), Resolution::SHARD) != home
            },
        )
    });
    let points: Vec<Point> = on_the_edge.collect();
    assert!(points.len() > 100, "{}", points.len());
    for (number, pickup) in points.iter().enumerate() {
        let beside = roaming.own(*pickup).expect("it is on this shard's ground");
        assert!(distance(beside, *pickup).get() < 1_600.0);
        let seeker = Seeker {
            trip: TripId::new(START, home, number as u64),
            pickup: *pickup,
            dropoff: *pickup,
            needs: Needs::default(),
            requested_at: START,
            pickup_at: None,
            shared: false,
            without: BTreeSet::new(),
            wave: 1,
            widened: 0,
            at_once: true,
        };
        roaming.sought(START, &seeker);
    }
    let own = |(cell, _): (Cell, f64)| ShardId::of(cell.centre(), Resolution::SHARD) == home;
    assert!(roaming.forecast().unwrap().all_expected(START, seconds(900)).all(own));
}

#[test]
fn whoever_waits_where_work_is_expected_is_told_so_once_and_when_that_is_over() {
    let mut street = Street::new(RepositionPolicy::default());
    street.online("ann", place(0.0, 0.0));
    street.online("bob", place(3_000.0, 0.0));
    (0..20).for_each(|_| street.request(place(0.0, 0.0), 1));
    street.passes(seconds(400));
    assert_eq!(street.demand, [("ann".to_owned(), true)]);
    street.moves("ann", place(3_000.0, 0.0));
    street.passes(seconds(400));
    assert_eq!(street.demand, [("ann".to_owned(), true), ("ann".to_owned(), false)]);
}
