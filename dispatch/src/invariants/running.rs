//! The promises, checked as things happen: each line of the journal and each word to a person costs a few look-ups.
//!
//! Lives here: [`Running`], which production, simulation and chaos tests may all carry along.
//! Stays out: where journal lines and notices come from; the audit of a whole journal ([`super::audit`]).
//! Touch with care: what is kept of trips that have ended is bounded by [`ENDED_MAX`]; an older one is forgotten, and
//! what is said of it later is not checked against the journal any more.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use geo::Point;

use super::sharing::Hosts;
use super::{Entry, Violation, check_order, commit, replay};
use crate::{
    Availability, DriverId, Epoch, Event, Fare, Generation, Notice, OfferId, Refusal, RequestKey, SessionId, ShardId,
    StageName, Stops, Trip, TripId,
};

/// How many trips that have ended are remembered: an hour of a large city, at some 600 bytes each.
pub const ENDED_MAX: usize = 50_000;

/// A stop, and how often the way had been changed that it is of; none for the present one.
type Halt = (u8, Option<u16>);

/// What has been seen so far, and what must follow from it.
#[derive(Clone, Debug, Default)]
pub struct Running {
    last: BTreeMap<ShardId, (Epoch, u64)>,
    trips: BTreeMap<TripId, Known>,
    ended: VecDeque<TripId>,
    committed: BTreeMap<DriverId, TripId>,
    keys: BTreeMap<RequestKey, TripId>,
    homes: BTreeMap<DriverId, (Generation, ShardId)>,
    screens: BTreeMap<(DriverId, SessionId), Screen>,
    /// Where drivers have said that they halt, if anyone listens to them.
    halts: Option<BTreeMap<TripId, BTreeSet<Halt>>>,
    hosts: Hosts,
}

/// A trip, as the journal gives it.
#[derive(Clone, Debug)]
struct Known {
    trip: Trip,
    /// By version, from 1.
    versions: Vec<Version>,
    /// By how often it was changed: where the ride leads, and what it costs by that way.
    ways: Vec<(Stops, Point, Option<Fare>)>,
}

/// A version of a trip, as far as people are told of it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Version {
    stage: StageName,
    stops_made: u8,
    changes: u16,
}

impl Known {
    fn new(trip: Trip) -> Known {
        Known { trip, versions: Vec::new(), ways: Vec::new() }
    }

    /// The journal has come so far.
    fn goes_on(&mut self, trip: Trip) {
        self.versions.push(Version::of(&trip));
        if self.ways.len() <= usize::from(trip.route.changes) {
            self.ways.push(way(&trip));
        }
        self.trip = trip;
    }

    /// How it stood in this version, if the journal has come so far.
    fn version(&self, version: u32) -> Option<Version> {
        let place = usize::try_from(version).ok()?.checked_sub(1)?;
        self.versions.get(place).copied()
    }

    /// What is wrong with what someone was told of a version, if anything.
    fn contradiction(&self, version: Version, told: &Trip) -> Option<String> {
        let seen = Version::of(told);
        if seen.stage != version.stage {
            return Some(format!("someone was told that it is {}, the journal says {}", seen.stage, version.stage));
        }
        let same_way = seen == version && self.ways.get(usize::from(seen.changes)) == Some(&way(told));
        (!same_way).then(|| "someone was told of another way than the journal's".to_owned())
    }
}

impl Version {
    fn of(trip: &Trip) -> Version {
        Version { stage: trip.stage.name(), stops_made: trip.route.made, changes: trip.route.changes }
    }
}

fn way(trip: &Trip) -> (Stops, Point, Option<Fare>) {
    (trip.order.stops, trip.order.dropoff, trip.order.fare)
}

/// What one session of a driver shows.
#[derive(Clone, Debug, Default)]
struct Screen {
    offer: Option<OfferId>,
    /// The trip after which the offered one would begin.
    after: Option<TripId>,
    /// The trip that was told of last, and in which version.
    trip: Option<(TripId, u32)>,
}

impl Running {
    /// The store has done this. Lines must come in the order in which they were committed.
    /// Checks I1, I4, I14 and, of I16, that no guest is ahead of his host.
    pub fn journaled(&mut self, entry: &Entry) -> Vec<Violation> {
        let mut found = Vec::new();
        check_order(entry, &mut self.last, &mut found);
        let known = self.trips.get(&entry.trip);
        self.hosts.check(entry, known.map(|known| &known.trip), &mut found);
        let before = known.map(|known| known.trip.stage.clone());
        match replay(entry, known.map(|known| &known.trip)) {
            Ok(trip) => {
                found.extend(self.nobody_halts(entry, &trip));
                commit(entry.trip, before.as_ref(), &trip.stage, &mut self.committed, &mut found);
                let stage = trip.stage.name();
                self.trips.entry(entry.trip).or_insert_with(|| Known::new(trip.clone())).goes_on(trip);
                if !stage.is_active() {
                    self.forget_the_oldest(entry.trip);
                }
            }
            Err(what) => found.push(Violation::Illegal { trip: entry.trip, version: entry.version, what }),
        }
        found
    }

    fn forget_the_oldest(&mut self, ended: TripId) {
        self.ended.push_back(ended);
        if self.ended.len() > ENDED_MAX
            && let Some(oldest) = self.ended.pop_front()
        {
            self.trips.remove(&oldest);
            self.hosts.forget(oldest);
            if let Some(halts) = &mut self.halts {
                halts.remove(&oldest);
            }
        }
    }

    /// From now on somebody listens to the drivers: no stop is made at which nobody said to halt.
    pub fn listens_to_drivers(&mut self) {
        self.halts.get_or_insert_default();
    }

    /// A driver's app has said that the car halts at a stop of the way that was changed so often, or of the present one.
    pub fn halts(&mut self, trip: TripId, stop: u8, rerouted: Option<u16>) {
        if let Some(halts) = &mut self.halts {
            halts.entry(trip).or_default().insert((stop, rerouted));
        }
    }

    /// Whether a stop is made where no driver has said to halt.
    fn nobody_halts(&self, entry: &Entry, trip: &Trip) -> Option<Violation> {
        let (Event::StopReached { stop }, Some(halts)) = (&entry.event, &self.halts) else { return None };
        let said = halts.get(&entry.trip);
        let there = |way: Option<u16>| said.is_some_and(|said| said.contains(&(*stop, way)));
        let what = format!("stop {stop} is made, and nobody halts there");
        let nobody = !there(None) && !there(Some(trip.route.changes));
        nobody.then_some(Violation::Illegal { trip: entry.trip, version: entry.version, what })
    }

    /// The row of a trip, as the store holds it now. Checks I14.
    #[must_use]
    pub fn trip_row(&self, row: &Trip) -> Option<Violation> {
        let known = self.trips.get(&row.id)?;
        (known.trip != *row).then(|| Violation::Illegal {
            trip: row.id,
            version: row.version,
            what: "the record is not what the journal gives".to_owned(),
        })
    }

    /// The row of a driver, as the store holds it now. Checks I3 and, that a driver has one home in each generation,
    /// I7.
    pub fn driver_row(
        &mut self,
        driver: &DriverId,
        trip: Option<TripId>,
        generation: Generation,
        home: Option<ShardId>,
    ) -> Vec<Violation> {
        let mut found = Vec::new();
        let trip_rows = self.committed.get(driver).copied();
        if trip != trip_rows {
            found.push(Violation::RowsDisagree { driver: driver.clone(), driver_row: trip, trip_rows });
        }
        if let Some(home) = home {
            let known = self.homes.entry(driver.clone()).or_insert((generation, home));
            if generation < known.0 || (generation == known.0 && home != known.1) {
                let (before, before_home) = *known;
                let driver = driver.clone();
                found.push(Violation::TwoHomes { driver, generation, home, before, before_home });
            }
            *known = (generation, home);
        }
        found
    }

    /// Someone acts for a driver, as at home here in this generation. Checks I7: only the home in the row is effective,
    /// and nobody is ahead of the row.
    #[must_use]
    pub fn acts(&self, driver: &DriverId, generation: Generation, home: ShardId) -> Option<Violation> {
        let (before, before_home) = *self.homes.get(driver)?;
        let wrong = generation > before || (generation == before && home != before_home);
        wrong.then(|| Violation::TwoHomes { driver: driver.clone(), generation, home, before, before_home })
    }

    /// A request was acknowledged under this key. Checks I8.
    pub fn acknowledged(&mut self, key: &RequestKey, trip: TripId) -> Option<Violation> {
        let first = *self.keys.entry(key.clone()).or_insert(trip);
        (first != trip).then(|| Violation::TwoAnswers { key: key.clone(), first, second: trip })
    }

    /// Someone was told that a trip stands so. Checks I2: it is in the journal, with the way of that version.
    #[must_use]
    pub fn told(&self, trip: &Trip) -> Option<Violation> {
        let Some(known) = self.trips.get(&trip.id) else {
            let forgotten = self.ended.len() >= ENDED_MAX;
            let lost = Violation::Lost { trip: trip.id, version: trip.version, journal: 0 };
            return (!forgotten).then_some(lost);
        };
        let version = trip.version;
        let Some(stood) = known.version(version) else {
            return Some(Violation::Lost { trip: trip.id, version, journal: known.trip.version });
        };
        let what = known.contradiction(stood, trip)?;
        Some(Violation::Illegal { trip: trip.id, version, what })
    }

    /// A driver's app was told something over a session. Checks I2 and I5.
    pub fn noticed(&mut self, driver: &DriverId, session: SessionId, notice: &Notice) -> Vec<Violation> {
        let mut found = Vec::new();
        if *notice == Notice::Superseded {
            self.hung_up(driver, session);
            return found;
        }
        let screen = self.screens.entry((driver.clone(), session)).or_default();
        match notice {
            Notice::Offer(offer) => {
                if let Some(first) = screen.offer.filter(|first| *first != offer.id) {
                    found.push(Violation::TwoOffers { driver: driver.clone(), session, first, second: offer.id });
                }
                (screen.offer, screen.after) = (Some(offer.id), offer.after);
            }
            Notice::Withdrawn { offer, .. }
            | Notice::Declined { offer, .. }
            | Notice::Promised { offer, .. }
            | Notice::Refused { why: Refusal::OfferGone { offer }, .. }
                if screen.offer == Some(*offer) =>
            {
                screen.offer = None;
            }
            Notice::Standing { availability, .. } if *availability != Availability::Offered => screen.offer = None,
            Notice::Trip { trip, .. } => {
                // The present trip goes on while the next one is offered.
                if screen.after != Some(trip.id) {
                    screen.offer = None;
                }
                if let Some((known, version)) = screen.trip
                    && known == trip.id
                    && trip.version < version
                {
                    let what = format!("its driver was told of version {version} before");
                    found.push(Violation::Illegal { trip: trip.id, version: trip.version, what });
                }
                screen.trip = Some((trip.id, trip.version));
            }
            _ => {}
        }
        if let Notice::Trip { trip, .. } | Notice::Standing { trip: Some(trip), .. } = notice {
            found.extend(self.told(trip));
        }
        found
    }

    /// A session has ended.
    pub fn hung_up(&mut self, driver: &DriverId, session: SessionId) {
        self.screens.remove(&(driver.clone(), session));
    }

    /// The trips that are not over, and the drivers committed to them.
    #[must_use]
    pub fn active(&self) -> Vec<&Trip> {
        self.trips.values().map(|known| &known.trip).filter(|trip| trip.stage.name().is_active()).collect()
    }
}
