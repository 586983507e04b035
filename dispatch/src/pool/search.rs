//! The search for the best order of a car's stops: branch and bound, depth first.

use super::{Car, Leg, NO_WAY_MS, RIDERS_MOST, Rider, Schedule, Stop, StopTimes, Visit, seats};
use crate::policy::PoolingPolicy;

/// The car's place in the table of times; then a pickup and a drop-off for each rider.
const CAR: usize = 0;
/// How many places there can be.
const PLACES_MOST: usize = 1 + 2 * RIDERS_MOST;

fn pickup_of(rider: usize) -> usize {
    1 + 2 * rider
}

fn dropoff_of(rider: usize) -> usize {
    2 + 2 * rider
}

/// How a rider stands on a partial order.
#[derive(Clone, Copy, Debug)]
enum Standing {
    ToCome { pickup_by_ms: u64, ride_max_ms: u64 },
    Aboard { dropoff_by_ms: u64 },
    Done,
}

/// Where a partial order has led.
#[derive(Clone, Copy, Debug)]
struct Here {
    place: usize,
    /// When the car leaves it.
    now_ms: u64,
    drive_ms: u64,
    cost: u64,
    /// Below 0 when the policy has come to allow less than are aboard.
    seats_left: i32,
    /// Riders not yet let out.
    left: usize,
}

pub(super) struct Search {
    begin: Here,
    began_ms: u64,
    standing: Vec<Standing>,
    seats: Vec<i32>,
    boarding_ms: u64,
    alighting_ms: u64,
    drive_weight: u64,
    rider_weight: u64,
    steps_left: u32,
    cut_off: bool,
    /// Direct times between the places, and times of the fastest ways over any of them.
    direct_ms: Box<[[u64; PLACES_MOST]; PLACES_MOST]>,
    least_ms: Box<[[u64; PLACES_MOST]; PLACES_MOST]>,
    order: Vec<Visit>,
    best: Option<Schedule>,
}

impl Search {
    /// The car's own riders and, if given, one more. There are at most [`RIDERS_MOST`].
    pub(super) fn new(car: &Car, more: Option<&Rider>, policy: &PoolingPolicy, times: &impl StopTimes) -> Search {
        let riders: Vec<Rider> = car.riders.iter().chain(more).copied().collect();
        let aboard = |rider: &&Rider| matches!(rider.leg, Leg::Aboard { .. });
        let taken: i32 = riders.iter().filter(aboard).map(|rider| i32::from(rider.seats)).sum();
        let seats_left = i32::from(seats(car, policy)) - taken;
        let millis = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(NO_WAY_MS);
        let begin = Here { place: CAR, now_ms: car.at_ms, drive_ms: 0, cost: 0, seats_left, left: riders.len() };
        let (direct_ms, least_ms) = tables(car, &riders, times);
        Search {
            begin,
            began_ms: car.at_ms,
            standing: riders.iter().map(standing).collect(),
            seats: riders.iter().map(|rider| rider.seats.into()).collect(),
            boarding_ms: millis(policy.boarding),
            alighting_ms: millis(policy.alighting),
            drive_weight: policy.drive_weight.into(),
            rider_weight: policy.rider_weight.into(),
            steps_left: policy.search_steps_max,
            cut_off: false,
            direct_ms,
            least_ms,
            order: Vec::with_capacity(2 * riders.len()),
            best: None,
        }
    }

    pub(super) fn best(mut self) -> Option<Schedule> {
        self.walk(self.begin);
        let exact = !self.cut_off;
        self.best.map(|best| Schedule { exact, ..best })
    }

    /// Goes on from here in every order that could still be the best.
    fn walk(&mut self, here: Here) {
        if self.steps_left == 0 {
            self.cut_off = true;
            return;
        }
        self.steps_left -= 1;
        if self.least_cost(here).is_none_or(|cost| self.best.as_ref().is_some_and(|best| best.cost <= cost)) {
            return;
        }
        if here.left == 0 {
            let Here { drive_ms, cost, .. } = here;
            self.best = Some(Schedule { visits: self.order.clone(), drive_ms, cost, exact: true });
            return;
        }
        // Every rider has at most one thing to be done next. The sooner ones first: a good order is found early.
        let mut next = [(0, 0); RIDERS_MOST];
        let mut ways = 0;
        for rider in 0..self.standing.len() {
            if let Some(at_ms) = self.reaches(here, rider) {
                next[ways] = (at_ms, rider);
                ways += 1;
            }
        }
        next[..ways].sort_unstable();
        for &(at_ms, rider) in &next[..ways] {
            let before = self.standing[rider];
            let there = self.visit(here, rider, at_ms);
            self.walk(there);
            self.order.pop();
            self.standing[rider] = before;
        }
    }

    /// When the car is at the rider's next stop, if that may come next: there is one, a way, a seat, and time.
    fn reaches(&self, here: Here, rider: usize) -> Option<u64> {
        let (place, by_ms) = match self.standing[rider] {
            Standing::ToCome { pickup_by_ms, .. } if self.seats[rider] <= here.seats_left => {
                (pickup_of(rider), pickup_by_ms)
            }
            Standing::Aboard { dropoff_by_ms } => (dropoff_of(rider), dropoff_by_ms),
            Standing::ToCome { .. } | Standing::Done => return None,
        };
        let way_ms = self.direct_ms[here.place][place];
        (way_ms < NO_WAY_MS).then(|| here.now_ms.saturating_add(way_ms)).filter(|at_ms| *at_ms <= by_ms)
    }

    /// The rider's next stop is made at this moment.
    fn visit(&mut self, here: Here, rider: usize, at_ms: u64) -> Here {
        let driven_ms = at_ms - here.now_ms;
        let drive_ms = here.drive_ms + driven_ms;
        let cost = here.cost.saturating_add(self.drive_weight.saturating_mul(driven_ms));
        if let Standing::ToCome { ride_max_ms, .. } = self.standing[rider] {
            let now_ms = at_ms.saturating_add(self.boarding_ms);
            self.standing[rider] = Standing::Aboard { dropoff_by_ms: now_ms.saturating_add(ride_max_ms) };
            self.order.push(Visit { stop: Stop::Pickup(rider), at_ms });
            let seats_left = here.seats_left - self.seats[rider];
            return Here { place: pickup_of(rider), now_ms, drive_ms, cost, seats_left, ..here };
        }
        self.standing[rider] = Standing::Done;
        self.order.push(Visit { stop: Stop::Dropoff(rider), at_ms });
        Here {
            place: dropoff_of(rider),
            now_ms: at_ms.saturating_add(self.alighting_ms),
            drive_ms,
            cost: cost.saturating_add(self.rider_weight.saturating_mul(at_ms - self.began_ms)),
            seats_left: here.seats_left + self.seats[rider],
            left: here.left - 1,
        }
    }

    /// What no order that goes on from here can cost less than; `None` when someone is late by all of them.
    fn least_cost(&self, here: Here) -> Option<u64> {
        let (mut rides_ms, mut drive_ms) = (0_u64, 0_u64);
        for (rider, standing) in self.standing.iter().enumerate() {
            let there_ms = match *standing {
                Standing::Done => continue,
                Standing::Aboard { dropoff_by_ms } => {
                    let way_ms = self.least_ms[here.place][dropoff_of(rider)];
                    if here.now_ms.saturating_add(way_ms) > dropoff_by_ms {
                        return None;
                    }
                    way_ms
                }
                Standing::ToCome { pickup_by_ms, ride_max_ms } => {
                    let way_ms = self.least_ms[here.place][pickup_of(rider)];
                    let ride_ms = self.least_ms[pickup_of(rider)][dropoff_of(rider)];
                    if here.now_ms.saturating_add(way_ms) > pickup_by_ms || ride_ms > ride_max_ms {
                        return None;
                    }
                    rides_ms = rides_ms.saturating_add(self.boarding_ms);
                    way_ms + ride_ms
                }
            };
            if there_ms >= NO_WAY_MS {
                return None;
            }
            drive_ms = drive_ms.max(there_ms);
            rides_ms = rides_ms.saturating_add(here.now_ms - self.began_ms).saturating_add(there_ms);
        }
        let drive = self.drive_weight.saturating_mul(drive_ms);
        Some(here.cost.saturating_add(drive).saturating_add(self.rider_weight.saturating_mul(rides_ms)))
    }
}

fn standing(rider: &Rider) -> Standing {
    match rider.leg {
        Leg::ToCome { pickup_by_ms, ride_max_ms, .. } => Standing::ToCome { pickup_by_ms, ride_max_ms },
        Leg::Aboard { dropoff_by_ms, .. } => Standing::Aboard { dropoff_by_ms },
    }
}

type Table = Box<[[u64; PLACES_MOST]; PLACES_MOST]>;

/// The direct times between all places that matter, and the times of the fastest ways over any of them.
fn tables(car: &Car, riders: &[Rider], times: &impl StopTimes) -> (Table, Table) {
    let mut places = vec![(CAR, car.place)];
    for (rider, Rider { leg, .. }) in riders.iter().enumerate() {
        match *leg {
            Leg::ToCome { pickup, dropoff, .. } => {
                places.extend([(pickup_of(rider), pickup), (dropoff_of(rider), dropoff)]);
            }
            Leg::Aboard { dropoff, .. } => places.push((dropoff_of(rider), dropoff)),
        }
    }
    let mut direct = Box::new([[NO_WAY_MS; PLACES_MOST]; PLACES_MOST]);
    for &(from, from_place) in &places {
        for &(to, to_place) in &places {
            if from != to && to != CAR {
                direct[from][to] = times.millis(from_place, to_place).min(NO_WAY_MS);
            }
        }
    }
    let mut least = direct.clone();
    for &(over, _) in &places {
        for &(from, _) in &places {
            for &(to, _) in &places {
                let way = (least[from][over] + least[over][to]).min(NO_WAY_MS);
                if way < least[from][to] {
                    least[from][to] = way;
                }
            }
        }
    }
    (direct, least)
}
