//! The plainest model of a city: sets and maps of what is so, and of what was said that may make it otherwise.
//!
//! Stays out: the city itself, and its people ([`super::Pair`]).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dispatch::{
    DriverAsk, DriverId, Event, Notice, OfferId, Order, Party, Policy, Refusal, Reroute, RiderId, STOPS_MAX, StageName,
    Timestamp, Trip, TripId,
};
use geo::Point;

/// A trip in the model.
#[derive(Clone, Debug)]
pub(super) struct Plain {
    pub(super) stage: StageName,
    pub(super) driver: Option<DriverId>,
    pub(super) since: Timestamp,
    pub(super) way: Way,
    /// By version, from 1.
    pub(super) past: Vec<(StageName, Way)>,
}

/// Where a ride leads.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Way {
    pub(super) made: Vec<Point>,
    pub(super) left: Vec<Point>,
    pub(super) end: Point,
    pub(super) changes: u16,
}

impl Way {
    /// The way of a record, as it says it.
    pub(super) fn of(trip: &Trip) -> Way {
        let (made, left) = (trip.stops_made().collect(), trip.stops_left().collect());
        Way { made, left, end: trip.order.dropoff, changes: trip.route.changes }
    }
}

/// What is so, and what was said that may make it otherwise.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) trips: BTreeMap<TripId, Plain>,
    pub(super) on: BTreeMap<DriverId, TripId>,
    pub(super) wanted: BTreeMap<TripId, (RiderId, Order)>,
    pub(super) called_off: BTreeSet<(TripId, Party)>,
    /// Every offer that was on a screen, and those still there.
    pub(super) seen: BTreeSet<(DriverId, OfferId)>,
    pub(super) open: BTreeMap<DriverId, OfferId>,
    /// The next ride, and how often the way of the present one had been changed when it was promised.
    pub(super) promised: BTreeMap<DriverId, (OfferId, Option<u16>)>,
    pub(super) yes: BTreeSet<(DriverId, OfferId)>,
    /// Who is not to be asked again; a node that died has forgotten it.
    pub(super) no: BTreeSet<(DriverId, TripId)>,
    pub(super) said: BTreeSet<(DriverId, TripId, &'static str)>,
    /// Where riders wanted to go: over these stops to this end.
    pub(super) wished: Vec<(TripId, Vec<Point>, Point)>,
    /// Who said to halt at which stop of which trip, of the way that was changed so often; `None`: of the present one.
    pub(super) halted: BTreeSet<(DriverId, TripId, u8, Option<u16>)>,
    pub(super) working: BTreeSet<DriverId>,
}

impl Model {
    /// Something is in the journal: was it asked for, and is it possible?
    pub(super) fn happened(&mut self, trip: TripId, version: u32, event: &Event, at: Timestamp, policy: &Policy) {
        use StageName::{Arrived, Cancelled, Completed, EnRoute, Expired, InProgress, Searching};
        if let Event::Requested { rider, order } = event {
            // The price is made at the door, whatever it is.
            let wanted = (rider.clone(), Order { fare: None, ..*order });
            assert_eq!(self.wanted.get(&trip), Some(&wanted), "nobody asked for {trip}");
            let way = Way { made: Vec::new(), left: order.stops.iter().collect(), end: order.dropoff, changes: 0 };
            let past = vec![(Searching, way.clone())];
            let plain = Plain { stage: Searching, driver: None, since: at, way, past };
            assert!(self.trips.insert(trip, plain).is_none(), "{trip} was asked for twice");
            return;
        }
        let before = self.trips.get(&trip).expect("a trip begins with its request").clone();
        assert_eq!(before.past.len() as u32 + 1, version, "{trip} skips a step");
        if let Some(way) = self.changed_way(trip, &before, event, policy) {
            let past = before.past.into_iter().chain([(before.stage, way.clone())]).collect();
            self.trips.insert(trip, Plain { way, past, ..before });
            return;
        }
        let lasts = |time: Duration| at.since(before.since) >= time;
        let on = before.driver.clone();
        let did = |what| on.as_ref().is_some_and(|driver| self.said.contains(&(driver.clone(), trip, what)));
        let (stage, driver, asked_for) = match (event, before.stage) {
            (Event::Assigned { driver }, Searching) => {
                let agreed = self.yes.iter().any(|(by, offer)| by == driver && offer.trip == trip);
                assert!(!self.on.contains_key(driver), "I1: {driver} is on {:?}", self.on.get(driver));
                assert!(!self.no.contains(&(driver.clone(), trip)), "{driver} said no to {trip}");
                (EnRoute, Some(driver.clone()), agreed)
            }
            (Event::DriverArrived, EnRoute) => (Arrived, on.clone(), did("arrived")),
            (Event::PickedUp, Arrived) => (InProgress, on.clone(), did("picked up")),
            (Event::DroppedOff, InProgress) => (Completed, None, did("dropped off")),
            (Event::GivenBack { by: Party::Driver, .. }, EnRoute | Arrived) => (Searching, None, did("gave back")),
            // A car that does not come: the trip watches for it, not before its patience ends.
            (Event::GivenBack { by: Party::System, .. }, EnRoute) => (Searching, None, lasts(Duration::from_secs(20))),
            (Event::Cancelled { by: Party::Driver, .. }, Arrived) => (Cancelled, None, did("gave back")),
            (Event::Cancelled { by: Party::Rider, .. }, Searching | EnRoute | Arrived) => {
                (Cancelled, None, self.called_off.contains(&(trip, Party::Rider)))
            }
            (Event::Cancelled { by: Party::System, .. }, stage) if stage.is_active() => {
                let late = match stage {
                    EnRoute => lasts(policy.pickup_lasts),
                    Arrived => lasts(policy.boarding_lasts),
                    InProgress => lasts(policy.ride_lasts),
                    _ => false,
                };
                (Cancelled, None, late || self.called_off.contains(&(trip, Party::System)))
            }
            (Event::Expired, Searching) => (Expired, None, lasts(policy.search_lasts)),
            (event, stage) => panic!("{trip} is {stage} in the model, and the journal says {event:?}"),
        };
        assert!(asked_for, "nobody asked for {event:?} of {trip}");
        if let Some(driver) = &before.driver
            && driver_left(&before, stage)
        {
            self.on.remove(driver);
            if stage == Searching {
                self.no.insert((driver.clone(), trip));
            }
        }
        if let (Searching, Some(driver)) = (before.stage, &driver) {
            self.on.insert(driver.clone(), trip);
        }
        let since = if stage == Searching && before.stage == Searching { before.since } else { at };
        let past = before.past.into_iter().chain([(stage, before.way.clone())]).collect();
        self.trips.insert(trip, Plain { stage, driver, since, past, way: before.way });
    }

    /// A stop is made, or the rider goes elsewhere: was it asked for, and is it possible?
    fn changed_way(&mut self, trip: TripId, before: &Plain, event: &Event, policy: &Policy) -> Option<Way> {
        let mut way = before.way.clone();
        match event {
            Event::StopReached { stop } => {
                assert_eq!(before.stage, StageName::InProgress, "{trip} halts without its rider");
                assert_eq!(usize::from(*stop), way.made.len() + 1, "{trip} passes a stop over");
                let driver = before.driver.clone().expect("somebody drives");
                let said = |way: Option<u16>| self.halted.contains(&(driver.clone(), trip, *stop, way));
                assert!(said(None) || said(Some(way.changes)), "nobody halted at stop {stop} of {trip}: {way:?}");
                way.made.push(way.left.remove(0));
            }
            Event::Rerouted { stops, dropoff, .. } => {
                assert!(before.stage.is_active(), "{trip} is over, and goes elsewhere");
                let left: Vec<Point> = stops.iter().collect();
                let wished = (trip, left.clone(), *dropoff);
                let asked = self.wished.iter().position(|known| *known == wished);
                self.wished.remove(asked.unwrap_or_else(|| panic!("nobody wanted {wished:?}")));
                (way.left, way.end, way.changes) = (left, *dropoff, way.changes + 1);
                assert!(way.changes <= policy.stops.changes_max && way.made.len() + way.left.len() <= STOPS_MAX);
            }
            _ => return None,
        }
        Some(way)
    }

    /// The rest of the way that a rider wants: what is not named stays as it is.
    pub(super) fn wishes(&mut self, trip: TripId, wanted: &Reroute) -> (Vec<Point>, Point) {
        let way = self.trips.get(&trip).map(|plain| plain.way.clone());
        let end = wanted.dropoff.or(way.as_ref().map(|way| way.end)).expect("the end is named, or known");
        let left: Vec<Point> =
            wanted.stops.map(|stops| stops.iter().collect()).or(way.map(|way| way.left)).unwrap_or_default();
        self.wished.push((trip, left.clone(), end));
        (left, end)
    }

    /// A rider is told that the way cannot be changed so.
    pub(super) fn way_refused(&self, trip: TripId, wanted: &Reroute, why: &Refusal) {
        let plain = &self.trips[&trip];
        match why {
            Refusal::Outdated { version } => {
                assert_eq!(*version as usize, plain.past.len(), "{trip}");
                assert!(wanted.seen.is_some_and(|seen| seen != *version), "{wanted:?} names the version it is in");
            }
            Refusal::TooManyChanges { limit } => assert_eq!(*limit, plain.way.changes),
            Refusal::TooManyStops { made } => {
                assert_eq!(*made, plain.way.made.len());
                assert!(wanted.stops.is_some_and(|stops| made + stops.len() > STOPS_MAX));
            }
            Refusal::IllegalStep { from, .. } => assert_eq!(plain.stage, *from),
            Refusal::Busy { .. } => {}
            why => panic!("a rider who changes the way is told {why}"),
        }
    }

    /// Someone is told that a trip stands so.
    pub(super) fn told(&self, trip: &Trip) {
        let known =
            self.trips.get(&trip.id).unwrap_or_else(|| panic!("told of {}, which nobody has asked for", trip.id));
        let stood = known.past.get(trip.version as usize - 1);
        assert_eq!(stood, Some(&(trip.stage.name(), Way::of(trip))), "{} in version {}", trip.id, trip.version);
    }

    /// The app shows nothing any more.
    pub(super) fn forgets_screen(&mut self, driver: &DriverId) {
        self.open.remove(driver);
        self.promised.remove(driver);
    }

    pub(super) fn stage(&self, trip: TripId) -> Option<StageName> {
        self.trips.get(&trip).map(|plain| plain.stage)
    }

    pub(super) fn noticed(&mut self, driver: &DriverId, notice: &Notice, asked: &BTreeMap<u64, Option<TripId>>) {
        match notice {
            Notice::Offer(offer) => {
                let trip = offer.id.trip;
                assert_eq!(
                    self.stage(trip),
                    Some(StageName::Searching),
                    "{driver} is offered a trip that has a driver"
                );
                assert!(self.working.contains(driver), "{driver} does not work");
                assert!(!self.no.contains(&(driver.clone(), trip)), "{driver} has said no to {trip}");
                let present = self.on.get(driver).copied();
                assert_eq!(offer.after, present, "{driver} is free or will be after the present trip");
                assert!(present.is_none_or(|on| self.stage(on) == Some(StageName::InProgress)));
                let last_leg = |on: TripId| self.trips.get(&on).is_some_and(|plain| plain.way.left.is_empty());
                assert!(present.is_none_or(last_leg), "{driver} has a stop ahead");
                let (left, way) = (offer.order.stops.iter().collect::<Vec<_>>(), &self.trips[&trip].way);
                assert_eq!((&left, offer.order.dropoff), (&way.left, way.end), "{driver} is offered another way");
                let before = self.open.insert(driver.clone(), offer.id);
                assert!(before.is_none_or(|before| before == offer.id), "I5: {driver} sees two offers");
                self.seen.insert((driver.clone(), offer.id));
            }
            Notice::Promised { offer, .. } => {
                self.close(driver, *offer);
                let way = self.on.get(driver).map(|on| self.trips[on].way.changes);
                self.promised.entry(driver.clone()).or_insert((*offer, way));
            }
            Notice::Withdrawn { offer, .. } => {
                self.close(driver, *offer);
                self.promised.remove(driver);
            }
            Notice::Declined { offer, .. } => {
                self.close(driver, *offer);
                self.promised.remove(driver);
                self.no.insert((driver.clone(), offer.trip));
            }
            Notice::Trip { trip, .. } => {
                self.told(trip);
                self.is_promised_for(driver, trip);
                if self.open.get(driver).is_some_and(|offer| offer.trip == trip.id) {
                    self.open.remove(driver);
                }
            }
            Notice::Standing { trip, .. } => {
                assert_eq!(
                    trip.as_ref().map(|trip| trip.id),
                    self.on.get(driver).copied(),
                    "{driver} stands otherwise"
                );
            }
            Notice::Refused { ask, why } => self.refused(driver, ask, why, asked),
            Notice::PutOnBreak { .. } => drop(self.working.remove(driver)),
            Notice::AreYouComing { .. } | Notice::TakenBack { .. } => {}
            Notice::Home { .. } | Notice::Superseded | Notice::Suggestion(_) | Notice::Demand { .. } => {}
        }
    }

    /// Whoever is told of another way has let the next ride go that was promised for the time after the old one.
    fn is_promised_for(&mut self, driver: &DriverId, trip: &Trip) {
        let Some((offer, way)) = self.promised.get(driver) else { return };
        if self.on.get(driver) != Some(&trip.id) || offer.trip == trip.id {
            self.promised.remove(driver);
        } else {
            assert_eq!(*way, Some(trip.route.changes), "{driver} goes another way, and keeps {offer}");
        }
    }

    fn close(&mut self, driver: &DriverId, offer: OfferId) {
        if self.open.get(driver) == Some(&offer) {
            self.open.remove(driver);
        }
    }

    fn refused(&mut self, driver: &DriverId, ask: &DriverAsk, why: &Refusal, asked: &BTreeMap<u64, Option<TripId>>) {
        match why {
            Refusal::NotYourTrip { trip } => {
                assert_ne!(self.on.get(driver), Some(trip), "{driver} is on {trip} and is told otherwise");
            }
            Refusal::OfferGone { offer } => {
                let open = self.open.get(driver) == Some(offer);
                assert!(!open || self.stage(offer.trip) != Some(StageName::Searching), "{offer} is open");
                self.close(driver, *offer);
                self.promised.remove(driver);
            }
            Refusal::Outdated { version } => {
                let about = ask.number.and_then(|number| asked.get(&number)).copied().flatten().expect("a stop");
                let plain = &self.trips[&about];
                assert_eq!((self.on.get(driver), *version as usize), (Some(&about), plain.past.len()));
                let other = |(by, of, _, way): &(DriverId, TripId, u8, Option<u16>)| {
                    (by, *of) == (driver, about) && way.is_some_and(|way| way != plain.way.changes)
                };
                assert!(self.halted.iter().any(other), "{driver} names the way as it is");
            }
            Refusal::IllegalStep { from, .. } => {
                let about = ask.number.and_then(|number| asked.get(&number)).copied().flatten();
                assert_eq!(about.and_then(|trip| self.stage(trip)), Some(*from), "{driver} is told of another stage");
            }
            Refusal::TooEarly { .. } | Refusal::Busy { .. } => {}
            Refusal::UnknownTrip { .. } | Refusal::NotOnline | Refusal::SameKey { .. } | Refusal::Capped { .. } => {
                panic!("{driver} is told {why}")
            }
            Refusal::SharedRide { .. } => panic!("{driver} is told {why}"),
            Refusal::TooManyChanges { .. } | Refusal::TooManyStops { .. } => panic!("{driver} is told {why}"),
        }
    }
}

/// Whether the driver of a trip is no longer on it in its next stage.
fn driver_left(before: &Plain, stage: StageName) -> bool {
    before.driver.is_some() && !matches!(stage, StageName::EnRoute | StageName::Arrived | StageName::InProgress)
}
