//! What must be so when the storm is over, and what may not be so for long while it lasts.
//!
//! Stays out: the promises that are checked after every step ([`crate::world::Witness`]).

use std::cmp::Reverse;
use std::time::Duration;

use dispatch::invariants::Violation;
use dispatch::{Availability, Timestamp};

use super::Town;
use crate::faults::person::Person;

/// How long a driver may be free in memory and committed in the row: a reservation that runs out, a slow store twice, and
/// the minute after which memory is compared with the row.
const DOUBT_MAX: Duration = Duration::from_secs(200);

impl Town {
    /// Checks I9 while the storm lasts: whoever is committed in the row hears of it in time.
    pub(super) fn doubt(&mut self, now: Timestamp, place: usize) {
        let id = &self.people[place].id;
        let free = matches!(self.world.standing(id), Some((Availability::Available, _, None)));
        let row = self.world.store().driver_now(id).and_then(|row| row.trip).map(|trip| trip.id);
        let Some(trip) = row.filter(|_| free) else {
            self.doubts.remove(&place);
            return;
        };
        let (known, since) = *self.doubts.entry(place).or_insert((trip, now));
        if known != trip {
            self.doubts.insert(place, (trip, now));
        } else if now.since(since) > DOUBT_MAX
            && let Some(witness) = self.world.witness_mut()
        {
            let what = format!("is free in memory, the row says trip {trip} since {} s", now.since(since).as_secs());
            witness.break_promise(Violation::Stranded { driver: id.clone(), what });
        }
    }

    /// The last fault is over. Checks I9 and I15, and the whole journal once more.
    pub(super) fn calm(&mut self) -> bool {
        self.storm = false;
        self.world.set_faults(None);
        let until = self.world.now() + self.temper.calm;
        let park_at = until - self.temper.parked;
        while self.world.now() < until {
            self.parked = self.world.now() >= park_at;
            let next = self.turns.peek().map_or(until, |Reverse((at, _, _))| (*at).min(until));
            if !self.pass(next) {
                return false;
            }
        }
        let mut found = self.world.audit();
        for trip in self.world.store().all_trips_now() {
            if trip.stage.name().is_active() {
                found.push(Violation::Endless { trip: trip.id, stage: trip.stage.name() });
            }
        }
        found.extend(self.stranded());
        if let Some(witness) = self.world.witness_mut() {
            found.into_iter().for_each(|violation| witness.break_promise(violation));
        }
        self.is_well()
    }

    /// Everyone is on line and free, in memory, in the row, and in the eyes of the shard.
    fn stranded(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut wrong =
            |person: &Person, what: String| found.push(Violation::Stranded { driver: person.id.clone(), what });
        for person in &self.people {
            let row = self.world.store().driver_now(&person.id);
            match self.world.standing(&person.id) {
                None => wrong(person, format!("session {:?} has no driver behind it", person.session)),
                Some((Availability::Available, session, None))
                    if session == person.session && row.is_some_and(|row| row.trip.is_none()) => {}
                Some(standing) => wrong(person, format!("stands as {standing:?}, the app is {:?}", person.session)),
            }
        }
        for person in &self.people {
            if found.is_empty() && !self.world.is_matched(&person.id) {
                let what = "is free, and the shard does not match it".to_owned();
                found.push(Violation::Stranded { driver: person.id.clone(), what });
            }
        }
        found
    }
}
