//! What must happen somewhere in an exploration: one that never gets there proves nothing.
//!
//! Stays out: what must hold everywhere ([`super::promises`]).

use stateright::Property;

use dispatch::{DriverInput, Effect, Refusal, StageName, WriteError};

use super::city::{App, City, Letter, Owner, Paper, Who};
use super::{Explored, places};

/// What must happen somewhere: an exploration that never gets there proves nothing.
pub(super) fn landmarks() -> [Property<Explored>; 12] {
    fn outcome(city: &City, wanted: fn(&WriteError) -> bool) -> bool {
        let tells = |paper: &Paper| matches!(paper, Paper::Told { outcome: Err(why), .. } if wanted(why));
        city.desk.iter().any(|paper| tells(paper))
    }
    [
        Property::sometimes(COMMITTED, |_, city: &City| city.apps.values().any(|app| app.trip.is_some())),
        Property::sometimes(COMPLETED, |_, city: &City| {
            city.store.all_trips_now().iter().any(|trip| trip.stage.name() == StageName::Completed)
        }),
        Property::sometimes(FENCED, |_, city| outcome(city, |why| *why == WriteError::Fenced)),
        Property::sometimes(TAKEN, |_, city| outcome(city, |why| *why == WriteError::DriverTaken)),
        Property::sometimes(SAME_KEY, |_, city| outcome(city, |why| matches!(why, WriteError::SameKey(_)))),
        Property::sometimes(TWO_OWNERS, |_, city: &City| {
            city.owners.keys().any(|shard| city.owners_of(*shard).count() > 1)
        }),
        Property::sometimes(RESOLVED, |explored: &Explored, city: &City| {
            explored.bounds.unknown > city.left.unknown
                && city.cores().any(|(at, who)| is_told_by_the_next(city, at, &who))
        }),
        Property::sometimes(MOVED, |_, city: &City| {
            let lives = |app: &App| app.line.is_some_and(|(_, (home, _))| home == places::there());
            city.apps.values().any(lives)
        }),
        Property::sometimes(REROUTED, |explored: &Explored, city: &City| {
            explored.bounds.reroutes > city.left.reroutes
                && city.store.all_trips_now().iter().any(|trip| trip.route.changes > 0)
        }),
        Property::sometimes(HALTED, |explored: &Explored, city: &City| {
            explored.halts && city.store.all_trips_now().iter().any(|trip| trip.route.made > 0)
        }),
        Property::sometimes(OUTDATED, |_, city: &City| {
            city.letters.iter().any(|letter| is_refused_as_outdated(letter))
        }),
        Property::sometimes(PROMISED, |_, city: &City| city.apps.values().any(|app| app.promised.is_some())),
    ]
}

pub(super) const COMMITTED: &str = "a driver sees that the trip is won";
pub(super) const COMPLETED: &str = "a trip completes";
pub(super) const FENCED: &str = "an owner is overruled and hears of it";
pub(super) const TAKEN: &str = "a trip loses a driver to another trip in the store";
pub(super) const SAME_KEY: &str = "a repeated request is recognised";
pub(super) const TWO_OWNERS: &str = "two believe that they own a shard";
pub(super) const RESOLVED: &str = "a write of unknown outcome was done, and its driver hears of it from the next owner";
pub(super) const MOVED: &str = "a driver lives in the other shard";
pub(super) const REROUTED: &str = "a rider goes another way than was asked for";
pub(super) const HALTED: &str = "a stop is made";
pub(super) const OUTDATED: &str = "a driver halts at a stop of a way that is no more, and is told so";
pub(super) const PROMISED: &str = "a driver promises the next ride";

/// A trip was won under an earlier owner, and the app of its driver shows it.
fn is_told_by_the_next(city: &City, (_, epoch): Owner, who: &Who) -> bool {
    let Who::Trip(trip) = who else { return false };
    let shown = city.apps.values().any(|app| app.trip.is_some_and(|shown| shown.trip == *trip));
    shown
        && city.store.journal_now().iter().any(|entry| entry.trip == *trip && entry.version == 2 && entry.epoch < epoch)
}

/// A driver is told that a stop is of another way than the present one.
fn is_refused_as_outdated(letter: &Letter) -> bool {
    let Letter::Core(Effect::ToDriver { input: DriverInput::Refused { why, .. }, .. }) = letter else { return false };
    matches!(why, Refusal::Outdated { .. })
}
