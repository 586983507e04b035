//! Cases with a car for each rider, through the whole protocol: the virtual city's [`World`], with drivers who say yes at
//! once and riders who board at once, as the cases want it.
//!
//! Lives here: what drivers and their phones do, and the policy that such cases have in common.
//! Stays out: everything that is decided; which cases there are (`pm3h`, `thursday`).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;
use std::time::Duration;

use dispatch::{
    Deed, DriverId, DriverInput, Explaining, Forward, Notice, OfferPolicy, Order, Policy, ProgressPolicy,
    RepositionPolicy, RiderId, SessionId, Stage, StageName, Surge, SurgePolicy, Timestamp, TripId, Vehicle, Weights,
};
use geo::{Meters, Point, Resolution, StraightLine, Travel, distance};

use super::pm3h::{PlayCase, Played, WAIT_MAX_MS};
use crate::people::later;
use crate::streets::NodeTimes;
use crate::world::{Delays, FastMap, News, World};

/// Shards of this resolution: one of them holds the island and its hundred cars.
const SHARDS: u8 = 3;
/// Messages and commits take milliseconds; so much earlier the way must end for the rider to be aboard in time.
const MARGIN_MS: u64 = 100;

/// How a case is played.
#[derive(Clone, Debug)]
pub(super) struct Script {
    /// The first moment, on the clock of the city.
    pub(super) begins: Timestamp,
    pub(super) policy: Policy,
    /// So often the phone of a car that stands says where it is. `None`: only where a ride begins or ends.
    pub(super) parked_every: Option<Duration>,
}

/// Production's policy, but for what the cases themselves lay down: how long riders wait, which times are true. `reach` is
/// how far away a car may be that comes in time, `every` the window of matching.
pub(super) fn policy(name: &str, nodes: NodeTimes, reach: Meters, every: Duration) -> Result<Policy, String> {
    let wait_max = Duration::from_millis(WAIT_MAX_MS - MARGIN_MS);
    // Behind the table, for points without a node: there are none.
    let straight = StraightLine::new(1.4, 5.0).map_err(|why| why.to_string())?;
    let policy = Policy {
        version: name.to_owned(),
        immediate_above: 0.0,
        weights: Weights { refusal: 0.0, position_age: 0.0, idle: 0.0, waiting: 0.0, ..Weights::default() },
        match_every: every,
        pickup_within: reach,
        wait_max,
        candidates_max: 100,
        // A promise for after a ride rests on an estimate of its end; here nobody may be late, so none is made.
        forward: Forward { within: Duration::ZERO, ..Forward::default() },
        offers: OfferPolicy { waves: vec![1], radius: reach, per_hour_max: 0, ..OfferPolicy::default() },
        // Cars of the case always come.
        progress: ProgressPolicy { on: false, ..ProgressPolicy::default() },
        search_lasts: Duration::from_millis(WAIT_MAX_MS),
        position_fresh_for: Duration::from_secs(3_600),
        travel: Travel::by(Arc::new(nodes), straight),
        // Of the case's streets none is faster, nor does the rounding of times make one so.
        speed_max_mps: 25.0,
        // Nobody is sent anywhere without a rider, and prices do not change who asks.
        reposition: RepositionPolicy { on: false, ..RepositionPolicy::default() },
        surge: SurgePolicy { max: Surge::NONE.get(), ..SurgePolicy::default() },
        // Nobody asks why.
        explain: Explaining { decisions_max: 0, ..Explaining::default() },
        ..Policy::default()
    };
    policy.check().map_err(|why| why.to_string())?;
    Ok(policy)
}

/// The farthest that any car can be away, by air, and still come before the rider is lost: no candidate is left out by
/// looking no farther. Known once the streets are: it has nothing to do with who asks when.
pub(super) fn reach(case: &PlayCase) -> Meters {
    let points = case.streets.points();
    let in_time = |from: usize, to: usize| case.table.millis(from, to).is_some_and(|way_ms| way_ms <= WAIT_MAX_MS);
    let farthest = |from: usize| {
        let near = (0..points.len()).filter(|&to| in_time(from, to));
        near.map(|to| distance(points[from], points[to]).get()).fold(0.0, f64::max)
    };
    let farthest = (0..points.len()).map(farthest).fold(0.0, f64::max);
    Meters::whole(farthest.ceil() as u32)
}

/// Where a driver is going, and what the app says there.
#[derive(Clone, Copy, Debug)]
struct Leg {
    to: usize,
    there_ms: u64,
    trip: TripId,
    deed: Deed,
}

#[derive(Debug)]
struct Seat {
    id: DriverId,
    session: SessionId,
    node: usize,
    leg: Option<Leg>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Ask(usize),
    There(usize),
    Parked(usize),
}

struct Play<'a> {
    case: &'a PlayCase,
    script: &'a Script,
    nodes: NodeTimes,
    world: World,
    seats: Vec<Seat>,
    seat_of: FastMap<DriverId, usize>,
    turns: BinaryHeap<Reverse<(u64, Turn)>>,
    said: u64,
    waits_ms: BTreeMap<TripId, u64>,
    empty_ms: u64,
}

/// Plays the case. Answers what came of it, and how many promises of `dispatch::invariants` were broken.
pub(super) fn play(
    case: &PlayCase,
    nodes: &NodeTimes,
    script: &Script,
    tick: &mut dyn FnMut(u64),
) -> Result<(Played, usize), String> {
    let resolution = Resolution::new(SHARDS).map_err(|why| why.to_string())?;
    let world = World::new(script.begins, script.policy.clone(), resolution, Delays::default()).stages_only();
    let mut play = Play {
        case,
        script,
        nodes: nodes.clone(),
        world,
        seats: Vec::new(),
        seat_of: FastMap::default(),
        turns: BinaryHeap::new(),
        said: 0,
        waits_ms: BTreeMap::new(),
        empty_ms: 0,
    };
    for (number, &node) in case.starts.iter().enumerate() {
        play.seat(number, node)?;
    }
    play.next_asks(0);
    play.run(tick)?;
    let waits: Vec<u64> = play.waits_ms.values().copied().collect();
    let served = waits.iter().filter(|&&wait_ms| wait_ms <= WAIT_MAX_MS).count();
    let played = Played {
        wanted: case.wanted.len(),
        served,
        wait_mean_s: waits.iter().sum::<u64>() as f64 / 1_000.0 / waits.len().max(1) as f64,
        wait_max_s: waits.iter().max().map_or(0.0, |&most| most as f64 / 1_000.0),
        promises_broken: waits.len() - served,
        empty_s: play.empty_ms as f64 / 1_000.0,
    };
    Ok((played, play.world.audit().len()))
}

impl Play<'_> {
    fn now_ms(&self) -> u64 {
        ms(self.world.now().since(self.script.begins))
    }

    fn point(&self, node: usize) -> Point {
        self.case.streets.points()[node]
    }

    fn seat(&mut self, number: usize, node: usize) -> Result<(), String> {
        let id = DriverId::new(&format!("driver-{number}")).map_err(|why| why.to_string())?;
        let session = self.world.connect(&id, self.point(node));
        self.said += 1;
        let ask = World::ask(session, self.said);
        self.world.says(&id, DriverInput::GoOnline { ask, last: None, vehicle: Vehicle::default(), homeward: None });
        self.world.ping(&id, self.point(node), None);
        self.seat_of.insert(id.clone(), number);
        self.seats.push(Seat { id, session, node, leg: None });
        if let Some(every) = self.script.parked_every {
            // Phones speak one after another, not all at once.
            self.turns.push(Reverse((ms(every) * number as u64 / self.case.starts.len() as u64, Turn::Parked(number))));
        }
        Ok(())
    }

    fn run(&mut self, tick: &mut dyn FnMut(u64)) -> Result<(), String> {
        let last_ms = self.case.wanted.last().map_or(0, |last| last.at_ms) + 2 * WAIT_MAX_MS;
        loop {
            while let Some(news) = self.world.hear() {
                self.hear(news)?;
            }
            let next_ms = match self.turns.peek() {
                Some(Reverse((at_ms, _))) => *at_ms,
                None if self.seats.iter().any(|seat| seat.leg.is_some()) || self.now_ms() < last_ms => {
                    self.now_ms() + 1_000
                }
                None => return Ok(()),
            };
            self.world.advance(later(self.script.begins, next_ms));
            if self.now_ms() < next_ms {
                continue; // somebody heard something
            }
            if let Some(Reverse((_, turn))) = self.turns.pop() {
                tick(next_ms);
                match turn {
                    Turn::Ask(number) => self.ask(number)?,
                    Turn::There(seat) => self.there(seat),
                    Turn::Parked(seat) => self.parked(seat, next_ms),
                }
            }
        }
    }

    /// Plans the next request: one at a time, so that what is planned stays small.
    fn next_asks(&mut self, number: usize) {
        if let Some(wanted) = self.case.wanted.get(number) {
            self.turns.push(Reverse((wanted.at_ms, Turn::Ask(number))));
        }
    }

    /// The phone of a car that stands says that it still does, as long as there is anything to come.
    fn parked(&mut self, seat: usize, at_ms: u64) {
        let Some(every) = self.script.parked_every else { return };
        if self.seats[seat].leg.is_none() {
            self.ping(seat);
        }
        if at_ms < self.case.wanted.last().map_or(0, |last| last.at_ms) {
            self.turns.push(Reverse((at_ms + ms(every), Turn::Parked(seat))));
        }
    }

    fn ask(&mut self, number: usize) -> Result<(), String> {
        self.next_asks(number + 1);
        let wanted = self.case.wanted[number];
        let rider = RiderId::new(&format!("rider-{number}")).map_err(|why| why.to_string())?;
        let (pickup, dropoff) = (self.point(wanted.from), self.point(wanted.to));
        self.world.request(rider, Order::new(pickup, dropoff), format!("request-{number}"), number as u64);
        Ok(())
    }

    /// The driver is where the leg leads, and says so.
    fn there(&mut self, seat: usize) {
        let now_ms = self.now_ms();
        let Some(leg) = self.seats[seat].leg.filter(|leg| leg.there_ms <= now_ms) else { return };
        self.seats[seat].leg = None;
        self.seats[seat].node = leg.to;
        self.ping(seat);
        self.does(seat, leg.trip, leg.deed);
    }

    fn does(&mut self, seat: usize, trip: TripId, deed: Deed) {
        self.said += 1;
        let Seat { id, session, .. } = &self.seats[seat];
        let (id, ask) = (id.clone(), World::ask(*session, self.said));
        self.world.says(&id, DriverInput::Does { trip, deed, ask });
    }

    /// The phone says where the car is: at a node. Under way nothing hangs on it, so nothing is said.
    fn ping(&mut self, seat: usize) {
        let Seat { id, node, .. } = &self.seats[seat];
        let (id, point) = (id.clone(), self.point(*node));
        self.world.ping(&id, point, None);
    }

    fn hear(&mut self, news: News) -> Result<(), String> {
        let News::Driver { driver, notice, .. } = news else { return Ok(()) };
        let Some(&seat) = self.seat_of.get(&driver) else { return Ok(()) };
        match notice {
            Notice::Offer(offer) => {
                self.said += 1;
                let ask = World::ask(self.seats[seat].session, self.said);
                self.world.says(&driver, DriverInput::Answer { offer: offer.id, yes: true, ask });
            }
            Notice::Trip { trip, .. } => {
                let waited_ms = ms(self.world.now().since(trip.requested_at));
                match (&trip.stage, trip.stage.name()) {
                    (Stage::EnRoute { .. }, _) => self.drive(seat, trip.id, trip.order.pickup, Deed::Arrived)?,
                    (Stage::Arrived { .. }, _) => self.does(seat, trip.id, Deed::PickedUp),
                    (Stage::InProgress { .. }, _) => {
                        self.waits_ms.insert(trip.id, waited_ms);
                        self.drive(seat, trip.id, trip.order.dropoff, Deed::DroppedOff)?;
                    }
                    (_, StageName::Completed) => {}
                    (_, ended) => return Err(format!("a trip of the case ended {ended:?} with a driver on it")),
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn drive(&mut self, seat: usize, trip: TripId, to: Point, deed: Deed) -> Result<(), String> {
        let now_ms = self.now_ms();
        let to = self.nodes.node_at(to).ok_or("a place of the case is no node")?;
        let from = self.seats[seat].node;
        let way_ms = self.case.table.millis(from, to).ok_or("no way between two nodes of the case")?;
        let there_ms = now_ms + way_ms;
        if deed == Deed::Arrived {
            self.empty_ms += way_ms;
        }
        self.seats[seat].leg = Some(Leg { to, there_ms, trip, deed });
        self.turns.push(Reverse((there_ms, Turn::There(seat))));
        Ok(())
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
