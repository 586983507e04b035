//! What may happen next in a very small city: everything that is on its way, in any order, and as many faults as are left.
//!
//! Lives here: [`Happening`], which of them are possible ([`possible`]), and what each does ([`happens`]).
//! Stays out: what follows from a word to a core ([`super::shell`]).
//! Touch with care: no time-out and no order is trusted here. A letter may overtake any other, an alarm may ring at any
//! moment (the clock of that owner then jumps), a shard may be claimed while its owner lives.

use std::sync::Arc;

use dispatch::{
    AskId, DriverId, DriverInput, Effect, Order, Policy, Proposal, RequestKey, RiderId, Seeker, ShardId, ShardInput,
    StageName, Stops, Trip, TripId, TripInput, WriteError,
};
use persistence::Done;

use super::city::{App, City, Letter, Owner, Paper, Who};
use super::{Mistake, people, places};

/// One step of the city.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Happening {
    /// A letter arrives with one of the shard's owners; `again`: a copy of it is still on its way.
    Arrives { letter: usize, at: Owner, again: bool },
    /// A letter is lost.
    Lost { letter: usize },
    /// The shard proposes these drivers to a trip that seeks: any of them, whatever a plan would say.
    Proposed { letter: usize, at: Owner, drivers: Vec<DriverId> },
    /// The store does a write, or reads a row.
    Done { paper: usize },
    /// What the store did reaches whoever asked.
    Told { paper: usize },
    /// Whoever asked is told that nobody knows, whether or not it was done.
    Unknown { paper: usize },
    /// The store takes no write now.
    Busy { paper: usize },
    /// A row cannot be read now.
    Unreadable { paper: usize },
    /// The earliest deadline of a core is over.
    Rings { at: Owner, who: Who },
    /// A shard without an owner finds one.
    Claimed(ShardId),
    /// A shard with an owner finds another; the first lives on and does not know.
    Usurped(ShardId),
    /// An owner dies.
    Dies(Owner),
    /// The row of a trip that is to be rebuilt is read.
    Rebuilt(Owner, TripId),
    /// A driver says yes to the offer that is shown; `again`: once more.
    SaysYes { driver: DriverId, again: bool },
    /// A driver says no.
    SaysNo(DriverId),
    /// A driver reports the next step of the trip.
    Reports(DriverId),
    /// A driver gives the trip back.
    GivesBack(DriverId),
    /// The connection of an app breaks; the city hears of it by letter.
    HangsUp(DriverId),
    /// An app connects to this owner of its home and wants work.
    Connects { driver: DriverId, at: Owner },
    /// A driver drives onto the ground of the other shard.
    Crosses(DriverId),
    /// The rider calls the trip off.
    CallsOff { trip: TripId, at: Owner },
    /// A rider asks for a ride, always with the same idempotency key.
    Requests { at: Owner },
    /// A rider changes the way: to the other of two.
    Reroutes { trip: TripId, at: Owner },
}

/// The question of a request under the one [`key`].
pub(super) const KEYED: AskId = AskId(100);

/// The one idempotency key.
pub(super) fn key() -> RequestKey {
    RequestKey { rider: rider(), key: "once".to_owned() }
}

pub(super) fn rider() -> RiderId {
    RiderId::new("eve").unwrap()
}

/// The order every rider gives.
pub(super) fn order(city: &City) -> Order {
    let stops = Stops::new(city.halts.then(places::stop)).unwrap();
    Order { stops, ..Order::new(places::pickup(), places::dropoff()) }
}

/// Everything that may happen next, in a fixed order.
pub(super) fn possible(city: &City, policy: &Policy) -> Vec<Happening> {
    let mut all = Vec::new();
    letters(city, &mut all);
    papers(city, &mut all);
    owners(city, policy, &mut all);
    for (driver, app) in &city.apps {
        drivers(city, driver, app, &mut all);
    }
    riders(city, &mut all);
    all
}

fn letters(city: &City, all: &mut Vec<Happening>) {
    for (letter, sealed) in city.letters.iter().enumerate() {
        if letter > 0 && city.letters[letter - 1] == *sealed && !city.calm {
            continue; // the same letter twice: it does not matter which of them arrives
        }
        let Some(home) = sealed.home() else { continue };
        for at in city.owners_of(home) {
            if let Letter::Core(Effect::ToShard { input: ShardInput::Seek(seeker), .. }) = &***sealed {
                if city.left.proposals > 0 {
                    all.extend(proposals(city, seeker).map(|drivers| Happening::Proposed { letter, at, drivers }));
                }
                continue;
            }
            all.push(Happening::Arrives { letter, at, again: false });
            // A driver is handed from one mailbox to another: it cannot come twice.
            if city.left.doubled > 0 && matches!(***sealed, Letter::Core(_)) {
                all.push(Happening::Arrives { letter, at, again: true });
            }
        }
        if city.left.lost > 0 {
            all.push(Happening::Lost { letter });
        }
    }
}

/// Each driver alone, and all of them for a wave of several.
fn proposals<'a>(city: &'a City, seeker: &'a Seeker) -> impl Iterator<Item = Vec<DriverId>> + 'a {
    let wanted: Vec<DriverId> = city.apps.keys().filter(|driver| !seeker.without.contains(*driver)).cloned().collect();
    let together = (city.left.wave_of_all && wanted.len() > 1).then(|| wanted.clone());
    wanted.into_iter().map(|driver| vec![driver]).chain(together)
}

fn papers(city: &City, all: &mut Vec<Happening>) {
    for (paper, sealed) in city.desk.iter().enumerate() {
        match &***sealed {
            Paper::Write { to, .. } => {
                all.push(Happening::Done { paper });
                if to.is_some() {
                    all.extend((city.left.busy > 0).then_some(Happening::Busy { paper }));
                    all.extend((city.left.unknown > 0).then_some(Happening::Unknown { paper }));
                }
            }
            Paper::Told { .. } => {
                all.push(Happening::Told { paper });
                all.extend((city.left.unknown > 0).then_some(Happening::Unknown { paper }));
            }
            Paper::Read { .. } => {
                all.push(Happening::Done { paper });
                all.extend((city.left.unreadable > 0).then_some(Happening::Unreadable { paper }));
            }
            Paper::Row { .. } | Paper::Woken { .. } => all.push(Happening::Told { paper }),
        }
    }
}

fn owners(city: &City, policy: &Policy, all: &mut Vec<Happening>) {
    for &shard in city.owners.keys() {
        match city.owners_of(shard).next() {
            None => all.push(Happening::Claimed(shard)),
            Some(_) if city.left.usurped > 0 => all.push(Happening::Usurped(shard)),
            Some(_) => {}
        }
    }
    for (owner, office) in &city.offices {
        all.extend((city.left.deaths > 0).then_some(Happening::Dies(*owner)));
        all.extend(office.rebuilding.iter().map(|trip| Happening::Rebuilt(*owner, *trip)));
    }
    if city.left.alarms > 0 {
        let due = |(at, who): &(Owner, Who)| city.deadline(policy, *at, who).is_some();
        all.extend(city.cores().filter(due).map(|(at, who)| Happening::Rings { at, who }));
    }
}

fn drivers(city: &City, driver: &DriverId, app: &App, all: &mut Vec<Happening>) {
    let driver = || driver.clone();
    if app.line.is_none() {
        if city.left.connects > 0 {
            let row = city.store.driver_now(&driver());
            let home = row.and_then(|row| row.home.filter(|home| *home == app.place || row.trip.is_some()));
            let owners = city.owners_of(home.unwrap_or(app.place));
            all.extend(owners.map(|at| Happening::Connects { driver: driver(), at }));
        }
        return;
    }
    match app.offer {
        Some((_, false)) => {
            all.push(Happening::SaysYes { driver: driver(), again: false });
            all.extend((city.left.noes > 0).then(|| Happening::SaysNo(driver())));
        }
        Some((_, true)) if city.left.doubled > 0 => all.push(Happening::SaysYes { driver: driver(), again: true }),
        _ => {}
    }
    if let Some(shown) = app.trip.filter(|shown| !shown.said) {
        all.extend((city.left.deeds > 0).then(|| Happening::Reports(driver())));
        let may = city.left.given_back > 0 && shown.stage == StageName::EnRoute;
        all.extend(may.then(|| Happening::GivesBack(driver())));
    }
    all.extend((city.left.cut > 0).then(|| Happening::HangsUp(driver())));
    let idle = app.offer.is_none() && app.trip.is_none() && app.works;
    all.extend((city.left.moves > 0 && idle).then(|| Happening::Crosses(driver())));
}

fn riders(city: &City, all: &mut Vec<Happening>) {
    if city.left.called_off > 0 {
        for trip in city.store.all_trips_now().iter().filter(|trip| trip.stage.name().is_active()) {
            all.extend(city.owners_of(trip.id.home()).map(|at| Happening::CallsOff { trip: trip.id, at }));
        }
    }
    if city.left.reroutes > 0 {
        // A rider whose app shows nothing yet has nothing to change.
        for (trip, _) in city.riders.iter().filter(|(_, seen)| seen.version > 0) {
            all.extend(city.owners_of(trip.home()).map(|at| Happening::Reroutes { trip: *trip, at }));
        }
    }
    if city.left.requests > 0 {
        all.extend(city.owners_of(places::here()).map(|at| Happening::Requests { at }));
    }
}

/// The city after it.
pub(super) fn happens(city: &mut City, policy: &Policy, happening: Happening) {
    match happening {
        Happening::Arrives { letter, at, again } => {
            let sealed = if again { Arc::clone(&city.letters[letter]) } else { city.letters.remove(letter) };
            city.left.doubled -= u8::from(again);
            arrives(city, policy, at, (**sealed).clone());
        }
        Happening::Lost { letter } => {
            city.left.lost -= 1;
            let lost = city.letters.remove(letter);
            if let Letter::Install(live, ..) = &**lost {
                let line = city.apps.get(live.id()).and_then(|app| app.line);
                if live.session().is_some() && line.map(|(session, _)| session) == live.session() {
                    city.hung_up(live.id());
                }
            }
        }
        Happening::Proposed { letter, at, drivers } => {
            city.left.proposals = city.left.proposals.saturating_sub(1);
            let sealed = city.letters.remove(letter);
            if let Letter::Core(Effect::ToShard { input: ShardInput::Seek(seeker), .. }) = &**sealed {
                let proposals = drivers.iter().map(|driver| proposal(city, driver)).collect();
                city.step_trip(policy, at, seeker.trip, TripInput::Matched { proposals, widened: 0 });
            }
        }
        Happening::Done { paper } => done(city, paper),
        Happening::Told { paper } => told(city, policy, paper),
        Happening::Unknown { paper } => unknown(city, policy, paper),
        Happening::Busy { paper } => {
            city.left.busy -= 1;
            if let Paper::Write { to: Some(to), .. } = (**city.desk.remove(paper)).clone() {
                city.tell_outcome(policy, to, Err(WriteError::Busy));
            }
        }
        Happening::Unreadable { paper } => {
            city.left.unreadable -= 1;
            if let Paper::Read { number, to: (at, Who::Driver(driver)) } = (**city.desk.remove(paper)).clone() {
                city.step_driver(policy, at, &driver, DriverInput::Row { number, row: Err(()) });
            }
        }
        Happening::Rings { at, who } => {
            city.left.alarms = city.left.alarms.saturating_sub(1);
            rings(city, policy, at, &who);
        }
        Happening::Claimed(shard) => city.claim(shard, places::START),
        Happening::Usurped(shard) => {
            city.left.usurped -= 1;
            city.claim(shard, places::START);
        }
        Happening::Dies(owner) => {
            city.left.deaths -= 1;
            city.step_down(owner);
        }
        Happening::Rebuilt(owner, trip) => city.rebuild(owner, trip),
        other => people::does(city, policy, other),
    }
}

pub(super) fn rings(city: &mut City, policy: &Policy, at: Owner, who: &Who) {
    let Some(deadline) = city.deadline(policy, at, who) else { return };
    if let Some(office) = city.office(at) {
        office.now = deadline;
    }
    match who {
        Who::Trip(trip) => city.step_trip(policy, at, *trip, TripInput::TimePassed),
        Who::Driver(driver) => city.step_driver(policy, at, driver, DriverInput::TimePassed),
    }
}

fn arrives(city: &mut City, policy: &Policy, at: Owner, letter: Letter) {
    match letter {
        Letter::Core(Effect::ToTrip { to, input }) => city.step_trip(policy, at, to, input),
        Letter::Core(Effect::ToDriver { to, input, .. }) => city.step_driver(policy, at, &to, input),
        Letter::Core(_) => {}
        Letter::Install(live, _, generation) => city.moves_in(at, *live, generation),
    }
}

fn proposal(city: &City, driver: &DriverId) -> Proposal {
    // The shard that knows a driver is the one the driver works in; who is not there is known from the row.
    let works_in = city.apps.get(driver).and_then(|app| app.line).map(|(_, (home, _))| home);
    let row = || city.store.driver_now(driver).and_then(|row| row.home);
    let home = works_in.or_else(row).unwrap_or_else(places::here);
    let minute = std::time::Duration::from_secs(60);
    Proposal { driver: driver.clone(), home, pickup_eta: minute, busy_for: std::time::Duration::ZERO }
}

fn done(city: &mut City, paper: usize) {
    match (**city.desk.remove(paper)).clone() {
        Paper::Write { guarded, to } => {
            let outcome = city.execute(*guarded);
            if let Some(to) = to {
                city.lay(Paper::Told { outcome, to });
            }
        }
        Paper::Read { number, to } => {
            let Who::Driver(driver) = &to.1 else { return };
            let row = city.store.driver_now(driver).and_then(|row| row.trip);
            let row = row.filter(|_| city.mistake != Some(Mistake::BlindRow));
            let row = row.map(|row| if city.mistake == Some(Mistake::FirstWay) { as_asked(row) } else { row });
            city.lay(Paper::Row { number, row: Box::new(row), to });
        }
        Paper::Told { .. } | Paper::Row { .. } | Paper::Woken { .. } => {}
    }
}

/// A trip without what its rider has changed.
fn as_asked(trip: Trip) -> Trip {
    Trip { order: trip.requested_order(), ..trip }
}

fn told(city: &mut City, policy: &Policy, paper: usize) {
    match (**city.desk.remove(paper)).clone() {
        Paper::Told { outcome, to } => city.tell_outcome(policy, to, outcome),
        Paper::Row { number, row, to: (at, Who::Driver(driver)) } => {
            city.step_driver(policy, at, &driver, DriverInput::Row { number, row: Ok(*row) });
        }
        Paper::Woken { row, input, driver, at } => match (*row).as_ref().map(|row| (row, row.home)) {
            Some((row, Some(home))) if home == at.0 => {
                city.wake(at, row);
                city.step_driver(policy, at, &driver, *input);
            }
            Some((_, Some(home))) => {
                city.post(Letter::Core(Effect::ToDriver { to: driver, home, input: *input }));
            }
            _ => {}
        },
        Paper::Row { .. } | Paper::Write { .. } | Paper::Read { .. } => {}
    }
}

fn unknown(city: &mut City, policy: &Policy, paper: usize) {
    city.left.unknown -= 1;
    let to = match (**city.desk.remove(paper)).clone() {
        Paper::Write { guarded, to: Some(to) } => {
            city.lay(Paper::Write { guarded, to: None });
            to
        }
        Paper::Told { to, .. } => to,
        _ => return,
    };
    let hopeful = city.mistake == Some(Mistake::HopefulWrite) && matches!(to.1, Who::Trip(_));
    let outcome = if hopeful { Ok(Done::Journaled { seq: 0 }) } else { Err(WriteError::Unknown) };
    city.tell_outcome(policy, to, outcome);
}
