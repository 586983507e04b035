//! After the storm: nothing goes wrong any more, and everybody must find home (I9, I15).
//!
//! Lives here: a plain run to the end, from a state in which nothing was on its way.
//! Stays out: the storm.

use std::time::Duration;

use dispatch::Policy;
use dispatch::invariants::{Violation, audit};

use super::city::{City, Shown};
use super::events::{self, Happening};
use super::{Bounds, places};

/// So many steps are enough for a few people to get where they want.
const STEPS_MOST: usize = 3_000;
/// So long is enough, too: a search lasts five minutes, memory is compared with the rows every minute, and a car that is
/// not heard of is given up in two. The longer time-outs, for boarding and for rides, are not to be needed.
const WITHIN: Duration = Duration::from_secs(600);

/// What is wrong when nothing more happens.
pub(super) fn afterwards(city: &City, policy: &Policy) -> Vec<Violation> {
    let mut city = city.clone();
    city.calm = true;
    let latest = city.offices.values().map(|office| office.now).max();
    let ends = latest.unwrap_or(places::START) + WITHIN;
    overruled_owners_hear_of_it(&mut city);
    for app in city.apps.values_mut() {
        // What was not answered is said again.
        app.offer = app.offer.map(|(offer, _)| (offer, false));
        app.trip = app.trip.map(|shown| Shown { said: false, ..shown });
    }
    // What people have said since time last passed: who is told to come back does so a moment later.
    let mut said = Vec::new();
    for _ in 0..STEPS_MOST {
        // As much as they like of what is no fault.
        city.left = Bounds { proposals: 9, connects: 9, deeds: 9, alarms: 9, ..Bounds::default() };
        if is_over(&city) {
            let (journal, trips) = (city.store.journal_now(), city.store.all_trips_now());
            city.broken.extend(audit(&journal, &trips, &city.store.all_drivers_now()));
            return city.broken;
        }
        let late = city.offices.values().any(|office| office.now > ends);
        let Some(next) = next(&mut city, policy, &said).filter(|_| !late) else { break };
        match &next {
            Happening::Rings { .. } => said.clear(),
            Happening::SaysYes { .. } | Happening::Reports(_) => said.push(next.clone()),
            _ => {}
        }
        events::happens(&mut city, policy, next);
    }
    city.broken.extend(stranded(&city));
    city.broken
}

/// An owner that was overruled finds out when it writes; here, before it does any more harm.
fn overruled_owners_hear_of_it(city: &mut City) {
    let overruled: Vec<_> =
        city.offices.keys().filter(|(shard, epoch)| city.owners.get(shard) != Some(epoch)).copied().collect();
    overruled.into_iter().for_each(|owner| city.step_down(owner));
}

fn is_over(city: &City) -> bool {
    let ended = city.store.all_trips_now().iter().all(|trip| !trip.stage.name().is_active());
    ended && city.is_still() && city.apps.keys().all(|driver| is_free(city, driver))
}

/// Connected and free, in the home that the row names, and the row agrees.
fn is_free(city: &City, driver: &dispatch::DriverId) -> bool {
    let Some(row) = city.store.driver_now(driver) else { return false };
    let Some((session, at)) = city.apps.get(driver).and_then(|app| app.line) else { return false };
    let live = city.offices.get(&at).and_then(|office| office.drivers.get(driver));
    row.trip.is_none()
        && row.home == Some(at.0)
        && live.is_some_and(|live| {
            live.generation() == row.generation
                && live.session() == Some(session)
                && live.availability() == dispatch::Availability::Available
        })
}

/// What a city without faults does next: what is on its way first, then what people do, then time.
fn next(city: &mut City, policy: &Policy, said: &[Happening]) -> Option<Happening> {
    let all = events::possible(city, policy);
    // In the calm a shard knows who is free.
    let eager = |happening: &&Happening| match happening {
        Happening::Rings { .. } => false,
        Happening::Proposed { drivers, .. } => drivers.iter().all(|driver| is_free(city, driver)),
        other => !said.contains(other),
    };
    if let Some(first) = all.iter().find(eager) {
        return Some(first.clone());
    }
    let rings = |happening: &Happening| match happening {
        Happening::Rings { at, who } => city.deadline(policy, *at, who).map(|due| (due, *at, who.clone())),
        _ => None,
    };
    let (due, at, who) = all.iter().filter_map(rings).min()?;
    let owners: Vec<_> = city.offices.keys().copied().collect();
    for owner in owners {
        if let Some(office) = city.office(owner) {
            office.now = office.now.max(due);
        }
    }
    Some(Happening::Rings { at, who })
}

fn stranded(city: &City) -> Vec<Violation> {
    let trips = city.store.all_trips_now();
    let endless = trips.iter().filter(|trip| trip.stage.name().is_active());
    let mut found: Vec<Violation> =
        endless.map(|trip| Violation::Endless { trip: trip.id, stage: trip.stage.name() }).collect();
    for (driver, app) in city.apps.iter().filter(|(driver, _)| !is_free(city, driver)) {
        let live = app.line.and_then(|(_, at)| city.offices.get(&at)?.drivers.get(driver).cloned());
        let what = format!("{:?}, row {:?}", live.map(|live| live.availability()), city.store.driver_now(driver));
        found.push(Violation::Stranded { driver: driver.clone(), what });
    }
    found
}
