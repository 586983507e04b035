//! I16, shared rides: a guest's record never says more than his host's has said before.
//!
//! Seats and stops are checked where every step is: a journal that breaks them cannot be replayed ([`crate::Trip::apply`]).

use std::collections::{BTreeMap, BTreeSet};

use super::{Entry, Violation};
use crate::{Event, GuestStep, Stage, Trip, TripId};

/// What hosts have written about their guests so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Hosts(BTreeMap<TripId, Said>);

/// Which guests a host has named.
#[derive(Clone, Debug, Default)]
struct Said {
    joined: BTreeSet<TripId>,
    picked_up: BTreeSet<TripId>,
    dropped_off: BTreeSet<TripId>,
}

impl Hosts {
    /// A trip is of the past: what it said of its guests goes with it.
    pub(super) fn forget(&mut self, host: TripId) {
        self.0.remove(&host);
    }

    /// Takes in one line; `before` is the trip as it stood before it.
    pub(super) fn check(&mut self, entry: &Entry, before: Option<&Trip>, found: &mut Vec<Violation>) {
        let trip = entry.trip;
        match &entry.event {
            Event::GuestJoined { guest, .. } => drop(self.0.entry(trip).or_default().joined.insert(guest.trip)),
            Event::GuestDid { guest, step: GuestStep::PickedUp } => {
                self.0.entry(trip).or_default().picked_up.insert(*guest);
            }
            Event::GuestDid { guest, step: GuestStep::DroppedOff } => {
                self.0.entry(trip).or_default().dropped_off.insert(*guest);
            }
            event => {
                let host = match (event, before.map(|before| &before.stage)) {
                    (Event::Shared { host, .. }, _) | (_, Some(Stage::Shared { host, .. })) => *host,
                    _ => return,
                };
                let said = self.0.get(&host);
                let has_said = match event {
                    Event::Shared { .. } => said.is_some_and(|said| said.joined.contains(&trip)),
                    Event::PickedUp => said.is_some_and(|said| said.picked_up.contains(&trip)),
                    Event::DroppedOff => said.is_some_and(|said| said.dropped_off.contains(&trip)),
                    _ => true,
                };
                if !has_said {
                    found.push(Violation::AheadOfHost { trip, host, event: event.name() });
                }
            }
        }
    }
}

/// Checks, once nothing is on its way any more, that every guest and his host say the same of each other.
#[must_use]
pub fn guests_agree(trips: &[Trip]) -> Vec<Violation> {
    let find = |id: TripId| trips.iter().find(|trip| trip.id == id);
    let mut found = Vec::new();
    for trip in trips {
        if let Stage::Shared { host, leg, .. } = &trip.stage {
            let listed = find(*host).and_then(|host| host.car.guest(trip.id)).map(|guest| guest.leg);
            if listed != Some(*leg) {
                found.push(Violation::GuestsDisagree { guest: trip.id, host: *host });
            }
        }
        for guest in trip.car.open() {
            if find(guest.trip).is_none_or(|other| other.stage.host() != Some(trip.id)) {
                found.push(Violation::GuestsDisagree { guest: guest.trip, host: trip.id });
            }
        }
    }
    found
}
