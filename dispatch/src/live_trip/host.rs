//! A trip whose car others share: the host's side of the protocol.
//!
//! Lives here: whether one more rider fits in under all promises, guests' steps as the driver reports them, who is told.
//! Stays out: the best order of stops ([`crate::pool`]), what is durable about guests ([`crate::SharedCar`]).
//! Touch with care: nobody is told that he rides along before the record says so. The record is never ahead of the car
//! by more than one guest whose own record does not know it yet; that guest is asked until he says yes or no.

use std::collections::BTreeSet;
use std::time::Duration;

use geo::Point;

use super::guest::COMPARE_EVERY;
use super::{Asker, LiveTrip, Way};
use crate::pool::{Car, Insertion, Leg, Rider, Schedule, Stop, StopTimes, insert};
use crate::{
    CarPosition, CarStop, Deed, DriverInput, Effect, Eta, Event, GUESTS_MOST, Guest, GuestStep, HostSays, Passing,
    Policy, Promise, Refusal, RiderId, RiderLeg, Seeker, ShardId, ShardInput, Sharing, Stage, StopKind, Timestamp,
    Trip, TripId, TripInput,
};

/// A driver who stands at a rider's door goes nowhere else first: that pickup is due within this time.
const AT_THE_DOOR_MS: u64 = 30_000;

/// The car, its riders and the ways between their places, as the planner wants them.
struct Plan {
    car: Car,
    /// Whose trip each of the car's riders is.
    trips: Vec<TripId>,
    /// Milliseconds from each place to each.
    times: Vec<Vec<u64>>,
}

impl LiveTrip {
    /// A rider's trip asks what it would cost to take him along.
    pub(super) fn would_take(&self, now: Timestamp, policy: &Policy, seeker: &Seeker, out: &mut Vec<Effect>) {
        if let Some((insertion, _)) = self.insertion(now, policy, seeker) {
            let input = Sharing::Quoted { host: self.trip.id, added_cost: insertion.added_cost };
            out.push(Effect::ToTrip { to: seeker.trip, input: TripInput::Sharing(input) });
        }
    }

    /// A rider wants to ride along. What was quoted may no longer hold: the car is asked again.
    pub(super) fn join(
        &mut self,
        now: Timestamp,
        policy: &Policy,
        seeker: &Seeker,
        rider: RiderId,
        out: &mut Vec<Effect>,
    ) {
        let known = self.trip.car.guest(seeker.trip).is_some();
        let fits = if known { None } else { self.insertion(now, policy, seeker) };
        let (Some((Insertion { schedule, .. }, plan)), Some(vehicle)) = (fits, self.company.vehicle) else {
            return self.tell_guest(seeker.trip, out);
        };
        let guest = Guest {
            trip: seeker.trip,
            rider,
            pickup: seeker.pickup,
            dropoff: seeker.dropoff,
            seats: seeker.needs.seats(),
            promise: promise(policy, wanted_at(seeker), seeker.pickup, seeker.dropoff, now),
            leg: RiderLeg::Waiting,
            since: now,
        };
        let seats = vehicle.seats().min(policy.pooling.seats);
        let stops = plan.stops(&schedule, seeker.trip);
        let event = Event::GuestJoined { guest: Box::new(guest), seats, stops };
        self.propose(event, now, Asker::Nobody, out);
        if self.pending.is_none() {
            self.tell_guest(seeker.trip, out);
        }
    }

    /// A guest's record says whether he rides along.
    pub(super) fn guest_says(&mut self, now: Timestamp, guest: TripId, with_you: bool, out: &mut Vec<Effect>) {
        let open = self.trip.car.guest(guest).is_some_and(Guest::is_open);
        if with_you {
            self.tell_guest(guest, out);
        } else if open {
            self.propose(Event::GuestDid { guest, step: GuestStep::Left }, now, Asker::Nobody, out);
        }
    }

    /// The driver reports a step of a guest's ride.
    pub(super) fn guest_did(&mut self, now: Timestamp, guest: TripId, deed: Deed, asker: Asker, out: &mut Vec<Effect>) {
        let Asker::Driver { driver, ask, home } = &asker else { return };
        let leg = self.trip.car.guest(guest).map(|guest| guest.leg);
        let Some(leg) = leg.filter(|_| self.trip.stage.driver() == Some(driver)) else {
            return self.answer(&asker, Err(Refusal::NotYourTrip { trip: guest }), out);
        };
        let (step, already) = match deed {
            Deed::Arrived => (GuestStep::Arrived, leg >= RiderLeg::Arrived),
            Deed::PickedUp => (GuestStep::PickedUp, leg >= RiderLeg::Aboard),
            Deed::DroppedOff => (GuestStep::DroppedOff, leg >= RiderLeg::Out),
            Deed::GaveBack(_) if leg >= RiderLeg::Aboard => {
                return self.answer(&asker, Err(self.never("given_back")), out);
            }
            // Nobody halts on the way of a ride that is shared.
            Deed::StopReached { .. } => return self.answer(&asker, Err(self.never("stop_reached")), out),
            Deed::GaveBack(_) => (GuestStep::Left, false),
        };
        if already {
            let input = DriverInput::Progress { trip: self.trip.clone(), ask: Some(*ask) };
            out.push(Effect::ToDriver { to: driver.clone(), home: *home, input });
        } else {
            self.propose(Event::GuestDid { guest, step }, now, asker, out);
        }
    }

    fn never(&self, wanted: &'static str) -> Refusal {
        Refusal::IllegalStep { from: self.trip.stage.name(), wanted }
    }

    /// A step of a trip with guests is durable: those are told for whom it changes anything.
    pub(super) fn host_stepped(&mut self, now: Timestamp, before: &Trip, out: &mut Vec<Effect>) {
        let (was, is) = (&before.car, &self.trip.car);
        let named: BTreeSet<TripId> = was.guests.iter().chain(&is.guests).map(|guest| guest.trip).collect();
        let others_changed = was.open().count() != is.open().count();
        for guest in named {
            let leg = |car: &crate::SharedCar| car.guest(guest).map(|guest| guest.leg);
            if leg(was) != leg(is) || (others_changed && is.guest(guest).is_some_and(Guest::is_open)) {
                self.tell_guest(guest, out);
            }
        }
        if others_changed {
            // The way leads over other stops now: what was seen of it before says nothing.
            self.watch = None;
        }
        self.company.compare_at = is.has_open().then_some(now + COMPARE_EVERY);
        if self.trip.stage.committed_driver().is_none() {
            self.company.vehicle = None;
        }
    }

    /// Tells all guests how they stand.
    pub(super) fn tell_guests(&self, out: &mut Vec<Effect>) {
        self.trip.car.open().for_each(|guest| self.tell_guest(guest.trip, out));
    }

    fn tell_guest(&self, guest: TripId, out: &mut Vec<Effect>) {
        out.push(says_host(&self.trip, guest));
    }

    /// The car has moved: guests are told, and the shard it drives through, while it has room.
    pub(super) fn show_car(&self, car: CarPosition, policy: &Policy, out: &mut Vec<Effect>) {
        for (trip, eta) in self.etas_over_stops(policy) {
            if trip != self.trip.id {
                let input = Sharing::Rides { host: self.trip.id, car, eta: Some(eta) };
                out.push(Effect::ToTrip { to: trip, input: TripInput::Sharing(input) });
            }
        }
        if self.takes_more(policy) {
            let to = ShardId::of(car.point, self.trip.id.home().0.resolution());
            let input = Passing::Here { host: self.trip.id, point: car.point, at: car.at };
            out.push(Effect::ToShard { to, input: ShardInput::Passing(input) });
        }
    }

    fn takes_more(&self, policy: &Policy) -> bool {
        let driven = self.trip.stage.committed_driver().is_some();
        let room = self.trip.car.guests.len() < GUESTS_MOST && self.company.vehicle.is_some();
        let open = self.trip.order.shared && self.trip.order.stops.is_empty();
        policy.pooling.on && open && driven && room
    }

    /// How long until the car is at each rider's next stop, by way of the stops before it. Empty without guests.
    fn etas_over_stops(&self, policy: &Policy) -> Vec<(TripId, Eta)> {
        let Some(car) = self.car else { return Vec::new() };
        let mut found: Vec<(TripId, Eta)> = Vec::new();
        let (mut here, mut time) = (car.point, Duration::ZERO);
        for stop in &self.trip.car.stops {
            let there = self.place(stop);
            let leg = policy.eta(here, there, car.at);
            time += leg.time;
            if !found.iter().any(|(trip, _)| *trip == stop.trip) {
                found.push((stop.trip, Eta { time, ..leg }));
            }
            here = there;
            time += match stop.kind {
                StopKind::Pickup => policy.pooling.boarding,
                StopKind::Dropoff => policy.pooling.alighting,
            };
        }
        found
    }

    /// The way of the trip's own rider, while the car makes other stops, too.
    pub(super) fn way_over_stops(&self, policy: &Policy) -> Option<Way> {
        let car = self.car?;
        let next = self.trip.car.stops.iter().find(|stop| stop.trip == self.trip.id)?;
        let (_, eta) = self.etas_over_stops(policy).into_iter().find(|(trip, _)| *trip == self.trip.id)?;
        Some(Way::straight(car, self.place(next), eta))
    }

    fn place(&self, stop: &CarStop) -> Point {
        let order = &self.trip.order;
        let own = (order.pickup, order.dropoff);
        let (pickup, dropoff) = self.trip.car.guest(stop.trip).map_or(own, |guest| (guest.pickup, guest.dropoff));
        if stop.kind == StopKind::Pickup { pickup } else { dropoff }
    }

    /// The cheapest order of stops with one more rider that keeps every promise.
    fn insertion(&self, now: Timestamp, policy: &Policy, seeker: &Seeker) -> Option<(Insertion, Plan)> {
        let vehicle = self.company.vehicle.filter(|_| self.takes_more(policy))?;
        let known = seeker.trip == self.trip.id || self.trip.car.guest(seeker.trip).is_some();
        let car = self.car.filter(|car| now.since(car.at) <= policy.position_fresh_for)?;
        if known || !seeker.shared || !seeker.needs.fits(vehicle) {
            return None;
        }
        let (plan, rider) = self.plan(now, policy, car.point, vehicle.seats(), seeker);
        let insertion = insert(&plan.car, &rider, &policy.pooling, &plan)?;
        Some((insertion, plan))
    }

    /// The car as it is, and the rider who would ride along.
    fn plan(&self, now: Timestamp, policy: &Policy, here: Point, seats: u8, seeker: &Seeker) -> (Plan, Rider) {
        let order = &self.trip.order;
        let own_leg = match self.trip.stage {
            Stage::EnRoute { .. } => Some(RiderLeg::Waiting),
            Stage::Arrived { .. } => Some(RiderLeg::Arrived),
            Stage::InProgress { .. } => Some(RiderLeg::Aboard),
            _ => None,
        };
        let mut places = vec![here];
        let (mut trips, mut riders) = (Vec::new(), Vec::new());
        let mut add = |trip, seats, leg, since, pickup, dropoff, promise| {
            let at = places.len();
            places.extend([pickup, dropoff]);
            trips.push(trip);
            riders.push(Rider { seats, leg: to_plan(leg, since, promise, at, now) });
        };
        if let Some(leg) = own_leg {
            let promise = promise(
                policy,
                self.trip.requested_at.max(order.pickup_at.unwrap_or_default()),
                order.pickup,
                order.dropoff,
                now,
            );
            add(self.trip.id, order.needs.seats(), leg, self.trip.since, order.pickup, order.dropoff, promise);
        }
        for guest in self.trip.car.open() {
            add(guest.trip, guest.seats, guest.leg, guest.since, guest.pickup, guest.dropoff, guest.promise);
        }
        let wanted = promise(policy, wanted_at(seeker), seeker.pickup, seeker.dropoff, now);
        let seats_wanted = seeker.needs.seats();
        add(seeker.trip, seats_wanted, RiderLeg::Waiting, now, seeker.pickup, seeker.dropoff, wanted);
        let more = riders.pop().unwrap_or(Rider { seats: 0, leg: Leg::Aboard { dropoff: 0, dropoff_by_ms: 0 } });
        trips.pop();
        // One question to the provider of travel times for each place.
        let to_each: Vec<Vec<Eta>> = places.iter().map(|to| policy.etas_to(&places, *to, now)).collect();
        let time = |from: usize, to: &Vec<Eta>| to.get(from).map_or(crate::pool::NO_WAY_MS, |eta| millis(eta.time));
        let times = (0..places.len()).map(|from| to_each.iter().map(|to| time(from, to)).collect()).collect();
        let car = Car { place: 0, at_ms: now.millis(), seats, riders };
        (Plan { car, trips, times }, more)
    }
}

impl StopTimes for Plan {
    fn millis(&self, from: usize, to: usize) -> u64 {
        self.times[from][to]
    }
}

impl Plan {
    /// The order of stops by the riders' trips; the new rider is the last in number.
    fn stops(&self, schedule: &Schedule, more: TripId) -> Vec<CarStop> {
        let trip = |rider: usize| self.trips.get(rider).copied().unwrap_or(more);
        let stop = |visit: &crate::pool::Visit| match visit.stop {
            Stop::Pickup(rider) => CarStop { trip: trip(rider), kind: StopKind::Pickup },
            Stop::Dropoff(rider) => CarStop { trip: trip(rider), kind: StopKind::Dropoff },
        };
        schedule.visits.iter().map(stop).collect()
    }
}

/// What is left of a rider's ride, with his pickup at place `at` and his drop-off at the next.
fn to_plan(leg: RiderLeg, since: Timestamp, promise: Promise, at: usize, now: Timestamp) -> Leg {
    let (pickup, dropoff, ride_max_ms) = (at, at + 1, millis(promise.ride_max));
    let pickup_by_ms = promise.pickup_by.millis();
    match leg {
        RiderLeg::Waiting => Leg::ToCome { pickup, pickup_by_ms, dropoff, ride_max_ms },
        RiderLeg::Arrived => Leg::ToCome { pickup, pickup_by_ms: now.millis() + AT_THE_DOOR_MS, dropoff, ride_max_ms },
        RiderLeg::Aboard | RiderLeg::Out => Leg::Aboard { dropoff, dropoff_by_ms: (since + promise.ride_max).millis() },
    }
}

/// When the rider wanted to go.
fn wanted_at(seeker: &Seeker) -> Timestamp {
    seeker.requested_at.max(seeker.pickup_at.unwrap_or_default())
}

/// What a rider who shares is promised who wants to go at `from`.
fn promise(policy: &Policy, from: Timestamp, pickup: Point, dropoff: Point, now: Timestamp) -> Promise {
    let direct = millis(policy.eta(pickup, dropoff, now).time);
    let ride_max = Duration::from_millis(policy.pooling.longest_ride_ms(direct));
    Promise { pickup_by: from + policy.pooling.wait_max, ride_max }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What a host's record says of a guest.
fn says_host(host: &Trip, guest: TripId) -> Effect {
    let held = host.car.guest(guest);
    let own = !host.own_stops().is_empty();
    let others = host.car.open().filter(|other| other.trip != guest).count() + usize::from(own);
    let says = HostSays {
        host: host.id,
        driver: host.stage.driver().cloned(),
        leg: held.map(|held| held.leg),
        promise: held.map(|held| held.promise),
        with: u8::try_from(others).unwrap_or(u8::MAX),
    };
    Effect::ToTrip { to: guest, input: TripInput::Sharing(Sharing::HostSays(Box::new(says))) }
}

/// What a trip that is not in memory answers about shared rides, by its record: `None` when there never was such a
/// trip. While it is active somebody will wake it, and whoever asks will ask again.
#[must_use]
pub fn answer_from_record(trip: TripId, stored: Option<&Trip>, input: &Sharing) -> Vec<Effect> {
    if stored.is_some_and(|stored| stored.stage.name().is_active()) {
        return Vec::new();
    }
    let nobody = |guest| {
        let says = HostSays { host: trip, driver: None, leg: None, promise: None, with: 0 };
        Effect::ToTrip { to: guest, input: TripInput::Sharing(Sharing::HostSays(Box::new(says))) }
    };
    match input {
        Sharing::Join { seeker, .. } => vec![nobody(seeker.trip)],
        Sharing::GuestSays { guest, with_you: true } => {
            vec![stored.map_or_else(|| nobody(*guest), |stored| says_host(stored, *guest))]
        }
        Sharing::HostSays(says) if says.leg.is_some_and(|leg| leg != RiderLeg::Out) => {
            let input = Sharing::GuestSays { guest: trip, with_you: false };
            vec![Effect::ToTrip { to: says.host, input: TripInput::Sharing(input) }]
        }
        Sharing::Did { guest, by, home, ask, .. } => {
            let input = DriverInput::Refused { ask: *ask, why: Refusal::NotYourTrip { trip: *guest } };
            vec![Effect::ToDriver { to: by.clone(), home: *home, input }]
        }
        _ => Vec::new(),
    }
}
