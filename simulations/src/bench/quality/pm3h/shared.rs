//! The case with cars that are shared: the pooling core of `dispatch` in a plain loop, from one round to the next.
//!
//! Lives here: cars that drive the tours they are given, node by node, and the rounds.
//! Stays out: who rides with whom, which [`dispatch::pool::plan_pool`] decides.

use dispatch::PoolingPolicy;
use dispatch::pool::{Batch, Car, Leg, NO_WAY_MS, Rider, Stop, StopTimes, Visit, Wish, plan_pool};

use super::case::{PlayCase, WAIT_MAX_MS, Wanted};
use crate::streets::{TimeTable, Ways};

/// How the case is played.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) seats: u8,
    pub(crate) every_ms: u64,
    /// Whether riders who wait may be given to another car.
    pub(crate) reassign: bool,
    pub(crate) policy: PoolingPolicy,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Played {
    pub(crate) wanted: usize,
    pub(crate) served: usize,
    pub(crate) wait_mean_s: f64,
    pub(crate) wait_max_s: f64,
    /// Riders who were let out later than they were promised. Must be 0.
    pub(crate) promises_broken: usize,
    /// Time driven with nobody aboard, by all cars, in seconds.
    pub(crate) empty_s: f64,
}

impl Played {
    pub(crate) fn served_percent(&self) -> f64 {
        100.0 * self.served as f64 / self.wanted.max(1) as f64
    }
}

impl StopTimes for TimeTable {
    fn millis(&self, from: usize, to: usize) -> u64 {
        TimeTable::millis(self, from, to).unwrap_or(NO_WAY_MS)
    }
}

/// A rider of a car.
#[derive(Clone, Copy, Debug)]
struct Guest {
    wanted: usize,
    rider: Rider,
}

/// A car on its tour. The numbers of its stops are places in `guests`.
#[derive(Clone, Debug)]
struct Cab {
    /// The last node it was at or could have turned at, and when.
    node: usize,
    at_ms: u64,
    guests: Vec<Guest>,
    tour: Vec<Visit>,
}

pub(crate) fn play(case: &PlayCase, rules: &Rules, tick: &mut dyn FnMut(u64)) -> Played {
    let cab = |&node: &usize| Cab { node, at_ms: 0, guests: Vec::new(), tour: Vec::new() };
    let mut game = Game {
        case,
        rules,
        ways: Ways::new(&case.streets),
        to_it: case.table.turned_round(),
        cabs: case.starts.iter().map(cab).collect(),
        waiting: Vec::new(),
        books: Books::default(),
    };
    let end_ms = case.wanted.last().map_or(0, |last| last.at_ms) + WAIT_MAX_MS;
    let (mut now_ms, mut next) = (0, 0);
    while now_ms <= end_ms {
        while case.wanted.get(next).is_some_and(|wanted| wanted.at_ms <= now_ms) {
            game.waiting.push(next);
            next += 1;
        }
        game.drive_until(now_ms);
        game.round(now_ms);
        tick(now_ms);
        now_ms += rules.every_ms;
    }
    game.drive_until(u64::MAX);
    game.books.played(case)
}

struct Game<'a> {
    case: &'a PlayCase,
    rules: &'a Rules,
    ways: Ways,
    to_it: TimeTable,
    cabs: Vec<Cab>,
    waiting: Vec<usize>,
    books: Books,
}

#[derive(Default)]
struct Books {
    waits_ms: Vec<u64>,
    promises_broken: usize,
    empty_ms: u64,
}

impl Books {
    fn played(&self, case: &PlayCase) -> Played {
        let served = self.waits_ms.len();
        Played {
            wanted: case.wanted.len(),
            served,
            wait_mean_s: self.waits_ms.iter().sum::<u64>() as f64 / 1_000.0 / served.max(1) as f64,
            wait_max_s: self.waits_ms.iter().max().map_or(0.0, |&most| most as f64 / 1_000.0),
            promises_broken: self.promises_broken,
            empty_s: self.empty_ms as f64 / 1_000.0,
        }
    }
}

impl Game<'_> {
    fn wanted(&self, number: usize) -> Wanted {
        self.case.wanted[number]
    }

    /// Cars do what their tours say, and are at the next node where they can turn.
    fn drive_until(&mut self, now_ms: u64) {
        for place in 0..self.cabs.len() {
            while let Some(&visit) = self.cabs[place].tour.first().filter(|visit| visit.at_ms <= now_ms) {
                self.visit(place, visit);
            }
            let cab = &mut self.cabs[place];
            if cab.at_ms >= now_ms {
                continue;
            }
            let Some(next) = cab.tour.first() else {
                cab.at_ms = now_ms;
                continue;
            };
            let to = stop_node(&cab.guests, next.stop);
            let from_ms = cab.at_ms;
            (cab.node, cab.at_ms) = self.ways.turn(&self.to_it, (cab.node, cab.at_ms), to, now_ms);
            if !cab.guests.iter().any(|guest| matches!(guest.rider.leg, Leg::Aboard { .. })) {
                self.books.empty_ms += cab.at_ms - from_ms;
            }
        }
    }

    fn visit(&mut self, place: usize, visit: Visit) {
        let cab = &mut self.cabs[place];
        let empty = !cab.guests.iter().any(|guest| matches!(guest.rider.leg, Leg::Aboard { .. }));
        if empty {
            self.books.empty_ms += visit.at_ms - cab.at_ms.min(visit.at_ms);
        }
        cab.node = stop_node(&cab.guests, visit.stop);
        cab.at_ms = visit.at_ms;
        cab.tour.remove(0);
        match visit.stop {
            Stop::Pickup(number) => {
                let guest = &mut cab.guests[number];
                if let Leg::ToCome { dropoff, ride_max_ms, pickup_by_ms, .. } = guest.rider.leg {
                    let waited_ms = visit.at_ms - self.case.wanted[guest.wanted].at_ms;
                    self.books.waits_ms.push(waited_ms);
                    self.books.promises_broken += usize::from(visit.at_ms > pickup_by_ms);
                    guest.rider.leg = Leg::Aboard { dropoff, dropoff_by_ms: visit.at_ms + ride_max_ms };
                }
            }
            Stop::Dropoff(number) => {
                let guest = cab.guests.remove(number);
                if let Leg::Aboard { dropoff_by_ms, .. } = guest.rider.leg {
                    self.books.promises_broken += usize::from(visit.at_ms > dropoff_by_ms);
                }
                // Those behind move up by one.
                for visit in &mut cab.tour {
                    let (Stop::Pickup(other) | Stop::Dropoff(other)) = &mut visit.stop;
                    *other -= usize::from(*other > number);
                }
            }
        }
    }

    /// One round: who waits, and who may be moved, is given to cars.
    fn round(&mut self, now_ms: u64) {
        let case = self.case;
        self.waiting.retain(|&number| now_ms <= case.wanted[number].at_ms + WAIT_MAX_MS);
        let mut batch = Batch::default();
        let mut wishes = Vec::new();
        let mut kept = Vec::new();
        for (place, cab) in self.cabs.iter().enumerate() {
            let moves = |guest: &Guest| self.rules.reassign && matches!(guest.rider.leg, Leg::ToCome { .. });
            let (moved, stay): (Vec<Guest>, Vec<Guest>) = cab.guests.iter().partition(|guest| moves(guest));
            let riders = stay.iter().map(|guest| guest.rider).collect();
            batch.cars.push(Car { place: cab.node, at_ms: cab.at_ms, seats: self.rules.seats, riders });
            kept.push(stay);
            wishes.extend(moved.into_iter().map(|guest| (guest, Some(place))));
        }
        for &number in &self.waiting {
            let Wanted { at_ms, from, to } = self.wanted(number);
            let rider = self.rules.policy.promise(at_ms, 1, from, to, &case.table);
            wishes.push((Guest { wanted: number, rider }, None));
        }
        for (guest, held_by) in &wishes {
            let candidates = self.in_time(guest.rider);
            batch.wishes.push(Wish { rider: guest.rider, held_by: *held_by, candidates });
        }
        let pooled = plan_pool(&batch, &self.rules.policy, &case.table);
        for ((cab, stay), tour) in self.cabs.iter_mut().zip(kept).zip(pooled.tours) {
            let Some(tour) = tour else { continue };
            cab.guests = stay;
            cab.guests.extend(tour.wishes.iter().map(|&wish| wishes[wish].0));
            cab.tour = tour.schedule.visits;
        }
        for (wish, car) in pooled.car_of.iter().enumerate() {
            if car.is_some() {
                self.waiting.retain(|&number| number != wishes[wish].0.wanted);
            }
        }
    }

    /// The cars that could be at the pickup in time if they had nothing else to do.
    fn in_time(&self, rider: Rider) -> Vec<usize> {
        let Leg::ToCome { pickup, pickup_by_ms, .. } = rider.leg else { return Vec::new() };
        let there = |cab: &Cab| cab.at_ms.saturating_add(StopTimes::millis(&self.case.table, cab.node, pickup));
        (0..self.cabs.len()).filter(|&place| there(&self.cabs[place]) <= pickup_by_ms).collect()
    }
}

fn stop_node(guests: &[Guest], stop: Stop) -> usize {
    let (Stop::Pickup(number) | Stop::Dropoff(number)) = stop;
    match (stop, guests[number].rider.leg) {
        (Stop::Pickup(_), Leg::ToCome { pickup, .. }) => pickup,
        (_, Leg::ToCome { dropoff, .. } | Leg::Aboard { dropoff, .. }) => dropoff,
    }
}
