//! Where idle drivers of a shard are sent: what it learns of demand, whom it has told, and when it thinks again.
//!
//! Lives here: [`Roaming`], fed by new requests, and the rounds of suggestions.
//! Stays out: rates ([`Forecast`]), who had better go where ([`suggest`]), whether the driver is shown it (the driver's
//! core) and listens (the driver).
//! Touch with care: a shard speaks only of its own cells, those whose middle lies on its ground, and only to drivers at
//! home here: so no gap is filled by two shards. What happens in a neighbour's cell on this side of the border counts
//! for the own cell beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use geo::{Cell, Meters, Point, Search, distance};

use super::{Filed, LiveShard, OVERHANG};
use crate::track::millis;
use crate::{
    Availability, CarNow, DriverId, DriverInput, Effect, Forecast, Learned, Policy, Seeker, ShardId, Standing,
    Suggested, Timestamp, TripId, suggest,
};

/// So much nearer to where it was sent a car must have come by the end of [`crate::RepositionPolicy::set_off_within`],
/// or be as near as this: beyond what positions between towers are off by.
const ON_THE_WAY: f64 = 100.0;

/// The most drivers that one round may send; the others, those idle for the shortest time, count as cars of where they
/// stand. A flow of a thousand drivers is solved in some tens of milliseconds.
const SENT_MAX: usize = 1_000;

/// A trip is known as counted for an hour at least, and until so many others came: longer than any search lasts.
const COUNTED_FOR: Duration = Duration::from_secs(3_600);
const COUNTED_MAX: usize = 50_000;

/// Demand as one shard knows it, and the drivers it has sent.
#[derive(Debug)]
pub(super) struct Roaming {
    home: ShardId,
    /// `None` under a policy whose numbers were never checked: nobody is sent anywhere.
    forecast: Option<Forecast>,
    /// Where in each cell riders get in: drivers are sent there, for the middle of a cell may be a river.
    hearts: BTreeMap<Cell, Heart>,
    /// The trips that are counted, of this hour and the last.
    counted: [BTreeSet<TripId>; 2],
    counted_since: Timestamp,
    /// Whom this shard has told of late, since their last trip.
    told: BTreeMap<DriverId, Told>,
    /// Who was told that work is expected where they wait.
    near_demand: BTreeSet<DriverId>,
    next_at: Option<Timestamp>,
}

/// The mean of the pickups of a cell, the last hundred or so.
#[derive(Clone, Copy, Debug)]
struct Heart {
    lat: f64,
    lon: f64,
    pickups: u8,
}

impl Heart {
    fn new(pickup: Point) -> Heart {
        Heart { lat: pickup.lat(), lon: pickup.lon(), pickups: 1 }
    }

    fn beats(&mut self, pickup: Point) {
        let (north, east) = (pickup.lat() - self.lat, pickup.lon() - self.lon);
        // Across the antimeridian a mean of longitudes is on the other side of the world.
        if east.abs() < 180.0 {
            self.pickups = (self.pickups + 1).min(100);
            self.lat += north / f64::from(self.pickups);
            self.lon += east / f64::from(self.pickups);
        }
    }
}

/// What a driver was told.
#[derive(Clone, Copy, Debug)]
struct Told {
    at: Timestamp,
    /// The way there; `None` when it is over or the driver did not take it.
    way: Option<Way>,
}

#[derive(Clone, Copy, Debug)]
struct Way {
    to: Point,
    /// How far away it was.
    far: Meters,
    set_off_by: Timestamp,
    until: Timestamp,
}

impl Way {
    /// Whether a car that is at this point now may still come, or is there.
    fn is_taken(&self, now: Timestamp, at: Point) -> bool {
        let far = distance(at, self.to).get();
        now < self.until && (now < self.set_off_by || far <= ON_THE_WAY || far <= self.far.get() - ON_THE_WAY)
    }
}

impl Roaming {
    pub(super) fn new(home: ShardId, policy: &Policy) -> Roaming {
        Roaming {
            home,
            forecast: Forecast::new(&policy.reposition, policy.utc_offset_min).ok(),
            hearts: BTreeMap::new(),
            counted: [BTreeSet::new(), BTreeSet::new()],
            counted_since: Timestamp::default(),
            told: BTreeMap::new(),
            near_demand: BTreeSet::new(),
            next_at: None,
        }
    }

    /// What is known of demand on this shard's ground.
    pub(super) fn forecast(&self) -> Option<&Forecast> {
        self.forecast.as_ref()
    }

    /// What was learned of demand, for the next owner.
    pub(super) fn hand_on(&self, now: Timestamp) -> Learned {
        let mut learned = self.forecast.as_ref().map(|forecast| forecast.hand_on(now)).unwrap_or_default();
        for known in &mut learned.cells {
            known.heart = self.hearts.get(&known.cell).and_then(|heart| Point::new(heart.lat, heart.lon).ok());
        }
        Learned { at: now, ..learned }
    }

    /// Takes up what the last owner had learned.
    pub(super) fn take_up(&mut self, now: Timestamp, learned: &Learned) {
        let Some(forecast) = self.forecast.as_mut().filter(|forecast| forecast.is_empty()) else { return };
        forecast.take_up(now, learned);
        // No more hearts than cells that may be counted.
        for (cell, heart) in learned.cells.iter().filter_map(|known| Some((known.cell, known.heart?))) {
            if self.hearts.len() < forecast.len() {
                self.hearts.insert(cell, Heart::new(heart));
            }
        }
    }

    /// When the next round of suggestions is due.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.next_at
    }

    /// A trip looks for a driver: the first time it does is a request.
    pub(super) fn sought(&mut self, now: Timestamp, seeker: &Seeker) {
        if seeker.wave != 1 || !self.is_new(now, seeker.trip) {
            return;
        }
        let Some(point) = self.own(seeker.pickup) else { return };
        let Some(forecast) = &mut self.forecast else { return };
        forecast.observe(point, now);
        let cell = forecast.cell_at(point);
        // No more hearts than cells that may be counted.
        if let Some(heart) = self.hearts.get_mut(&cell) {
            heart.beats(point);
        } else if self.hearts.len() < forecast.len() {
            self.hearts.insert(cell, Heart::new(point));
        }
    }

    /// Where to wait in a cell.
    fn heart(&self, cell: Cell) -> Point {
        let heart = self.hearts.get(&cell).and_then(|heart| Point::new(heart.lat, heart.lon).ok());
        heart.unwrap_or(cell.centre())
    }

    fn is_new(&mut self, now: Timestamp, trip: TripId) -> bool {
        if now.since(self.counted_since) >= COUNTED_FOR || self.counted[0].len() >= COUNTED_MAX {
            self.counted[1] = std::mem::take(&mut self.counted[0]);
            self.counted_since = now;
        }
        !self.counted[1].contains(&trip) && self.counted[0].insert(trip)
    }

    /// The point itself where the cell around it is an own one, else the middle of the nearest own cell that touches it.
    /// `None` far away from every own cell.
    fn own(&self, point: Point) -> Option<Point> {
        let cell = self.forecast.as_ref()?.cell_at(point);
        let is_own = |cell: &Cell| ShardId::of(cell.centre(), self.home.0.resolution()) == self.home;
        if is_own(&cell) {
            return Some(point);
        }
        let beside = cell.neighbours().into_iter().filter(is_own).map(Cell::centre);
        beside.min_by(|a, b| distance(point, *a).get().total_cmp(&distance(point, *b).get()))
    }

    /// A driver stands so from now on. Whoever is shown an offer is on no errand any more, and whoever drives for a trip
    /// has done with it. Who hangs up may be back in a moment, and still be on the way.
    pub(super) fn stands(&mut self, driver: &DriverId, standing: &Standing) {
        match standing {
            Standing::Taken(Availability::Offered) => {
                if let Some(told) = self.told.get_mut(driver) {
                    told.way = None;
                }
            }
            Standing::Driving(_) | Standing::Finishing { .. } => drop(self.told.remove(driver)),
            Standing::Gone => drop(self.near_demand.remove(driver)),
            Standing::Free(_) | Standing::Taken(_) => {}
        }
    }

    /// Forgets whom it told so long ago that nothing follows from it.
    fn forget(&mut self, now: Timestamp, policy: &Policy) {
        let rests = |told: &Told| now.since(told.at) < policy.reposition.rest;
        self.told.retain(|_, told| rests(told) || told.way.is_some_and(|way| now < way.until));
    }

    /// A free driver, for the round. `None` when it is nowhere near an own cell, where it is nobody's here.
    fn idle_car(&mut self, now: Timestamp, driver: &DriverId, at: Point, since: Timestamp) -> Option<CarNow> {
        let mut told = None;
        if let Some(known) = self.told.get_mut(driver) {
            known.way = known.way.filter(|way| way.is_taken(now, at));
            if let Some(way) = known.way {
                return Some(CarNow::Told { to: way.to });
            }
            told = Some(known.at);
        }
        Some(CarNow::Idle { at: self.own(at)?, since, told })
    }
}

impl LiveShard {
    /// Demand on this shard's ground, as far as it has learned it: since it was claimed by this node.
    #[must_use]
    pub fn forecast(&self) -> Option<&Forecast> {
        self.roaming.forecast()
    }

    /// Thinks of where idle drivers had better wait, if it is time to.
    pub(super) fn roam(&mut self, now: Timestamp, policy: &Policy, out: &mut Vec<Effect>) {
        if self.roaming.next_at.is_some_and(|at| at <= now) {
            self.roaming.next_at = None;
            self.send_idle(now, policy, out);
        }
        // Where nobody is free there is nothing to think of, and nobody is woken for it.
        if self.roaming.next_at.is_none() && policy.reposition.on && self.free() > 0 {
            self.roaming.next_at = Some(now + policy.reposition.every);
        }
    }

    fn send_idle(&mut self, now: Timestamp, policy: &Policy, out: &mut Vec<Effect>) {
        let Some(forecast) = &mut self.roaming.forecast else { return };
        forecast.watch(now);
        self.roaming.forget(now, policy);
        let cars = self.cars(now, policy);
        let drivers: Vec<(DriverId, Point)> = cars.iter().map(|(driver, at, _)| (driver.clone(), *at)).collect();
        let cars: Vec<CarNow> = cars.into_iter().map(|(_, _, car)| car).collect();
        let Some(forecast) = &self.roaming.forecast else { return };
        let numbers = &policy.reposition;
        for suggestion in suggest(&cars, forecast, policy, now) {
            let Some((driver, at)) = drivers.get(suggestion.car) else { continue };
            let (to, set_off_by) = (self.roaming.heart(suggestion.cell), now + numbers.set_off_within);
            let drive = policy.eta(*at, to, now).time;
            let way = Way { to, far: distance(*at, to), set_off_by, until: now + drive + numbers.stay };
            self.roaming.told.insert(driver.clone(), Told { at: now, way: Some(way) });
            self.counts.suggestions += 1;
            let input = DriverInput::Suggest(Suggested {
                id: now.millis(),
                to,
                drive,
                expected: suggestion.why.expected,
                cars: u32::try_from(suggestion.why.supply).unwrap_or(u32::MAX),
                until: set_off_by,
            });
            out.push(Effect::ToDriver { to: driver.clone(), home: self.id, input });
        }
        self.tell_demand(now, policy, &drivers, out);
    }

    /// Tells idle drivers whether work is expected where they wait, when that has changed.
    fn tell_demand(&mut self, now: Timestamp, policy: &Policy, idle: &[(DriverId, Point)], out: &mut Vec<Effect>) {
        let Some(forecast) = &self.roaming.forecast else { return };
        let expected = forecast.all_expected(now, policy.reposition.horizon);
        let busy: BTreeSet<Cell> = expected
            .filter_map(|(cell, requests)| (requests >= policy.cadence.near_demand_above).then_some(cell))
            .collect();
        let known = &mut self.roaming.near_demand;
        for (driver, at) in idle {
            let near = busy.contains(&forecast.cell_at(*at));
            let changed = if near { known.insert(driver.clone()) } else { known.remove(driver) };
            if changed {
                let input = DriverInput::Demand { near };
                out.push(Effect::ToDriver { to: driver.clone(), home: self.id, input });
            }
        }
    }

    /// Every driver who was heard of lately, and is free or about to drop a rider off, by name: where it is, and as what
    /// it counts.
    fn cars(&mut self, now: Timestamp, policy: &Policy) -> Vec<(DriverId, Point, CarNow)> {
        let everywhere = self.reach.get() * OVERHANG + 2.0 * policy.border_slack.get();
        let within = Meters::new(everywhere).unwrap_or(self.reach);
        let fresh = Search::within(within).seen(millis(now), Some(policy.position_fresh_for));
        let mut found: Vec<(DriverId, Point, Timestamp)> = Vec::with_capacity(self.index.len());
        for near in self.index.all(self.centre, &fresh) {
            let Filed { driver, number } = near.key();
            // Who is on the way home goes nowhere else.
            if let Some(Standing::Free(free)) = self.spots.at(*number).map(|spot| spot.standing)
                && free.homeward.is_none()
            {
                found.push((driver.clone(), near.point(), free.since));
            }
        }
        // Those who have waited the longest come first: they may be sent.
        found.sort_by(|a, b| (a.2, &a.0).cmp(&(b.2, &b.0)));
        let roaming = &mut self.roaming;
        let idle = |(place, (driver, at, since)): (usize, (DriverId, Point, Timestamp))| {
            let since = if place < SENT_MAX { since } else { now };
            let car = roaming.idle_car(now, &driver, at, since)?;
            Some((driver, at, car))
        };
        let mut cars: Vec<(DriverId, Point, CarNow)> = found.into_iter().enumerate().filter_map(idle).collect();
        for near in self.soon.all(self.centre, &fresh) {
            let Filed { driver, number } = near.key();
            let soon = self.spots.at(*number).and_then(|spot| spot.soon.as_ref());
            if let (Some(soon), Some(to)) = (soon, self.roaming.own(near.point())) {
                let car = CarNow::Busy { to, free_at: now + soon.busy_for(now) };
                cars.push((driver.clone(), near.point(), car));
            }
        }
        cars.sort_by(|a, b| a.0.cmp(&b.0));
        cars
    }
}

#[cfg(test)]
mod tests;
