//! I16, shared rides: a guest's record never says more than his host's has said before.
//!
//! Seats and stops are checked where every step is: a journal that breaks them cannot be replayed ([`crate::Trip::apply`]).

use std::collections::BTreeSet;

use super::{Entry, Violation};
use crate::{Event, GuestStep, Stage, Trip, TripId};

/// What hosts have written about their guests so far: host and guest, each.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    joined: BTreeSet<(TripId, TripId)>,
    picked_up: BTreeSet<(TripId, TripId)>,
    dropped_off: BTreeSet<(TripId, TripId)>,
}

impl Hosts {
    /// Takes in one line; `before` is the trip as it stood before it.
    pub(super) fn check(&mut self, entry: &Entry, before: Option<&Trip>, found: &mut Vec<Violation>) {
        let trip = entry.trip;
        match &entry.event {
            Event::GuestJoined { guest, .. } => drop(self.joined.insert((trip, guest.trip))),
            Event::GuestDid { guest, step: GuestStep::PickedUp } => drop(self.picked_up.insert((trip, *guest))),
            Event::GuestDid { guest, step: GuestStep::DroppedOff } => drop(self.dropped_off.insert((trip, *guest))),
            Event::Shared { host, .. } if !self.joined.contains(&(*host, trip)) => {
                found.push(Violation::AheadOfHost { trip, host: *host, event: entry.event.name() });
            }
            event => {
                let Some(Stage::Shared { host, .. }) = before.map(|before| &before.stage) else { return };
                let said = match event {
                    Event::PickedUp => self.picked_up.contains(&(*host, trip)),
                    Event::DroppedOff => self.dropped_off.contains(&(*host, trip)),
                    _ => true,
                };
                if !said {
                    found.push(Violation::AheadOfHost { trip, host: *host, event: event.name() });
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
