//! What drivers and riders do with their apps.
//!
//! Stays out: when they do it ([`super::events`]).

use dispatch::{
    AskId, CancelReason, Deed, DriverAsk, DriverId, DriverInput, Effect, Event, GiveBackReason, LiveTrip, Party, Ping,
    Policy, Reroute, SessionId, StageName, Stops, Trip, TripId, TripInput, Vehicle,
};
use persistence::DriverRow;

use super::city::{App, City, Letter, Owner, Seen, Shown, Who};
use super::events::{Happening, KEYED, key, order, rider};
use super::{Mistake, places};

/// Somebody, or somebody's app, does something.
pub(super) fn does(city: &mut City, policy: &Policy, happening: Happening) {
    match happening {
        Happening::SaysYes { driver, again } => {
            city.left.doubled -= u8::from(again);
            let Some(App { line: Some((session, at)), offer: Some((offer, said)), .. }) = city.apps.get_mut(&driver)
            else {
                return;
            };
            *said = true;
            let (at, input) = (*at, DriverInput::Answer { offer: *offer, yes: true, ask: ask(*session) });
            city.step_driver(policy, at, &driver, input);
        }
        Happening::SaysNo(driver) => {
            city.left.noes -= 1;
            let Some(App { line: Some((session, at)), offer: Some((offer, _)), .. }) = city.apps.get(&driver).cloned()
            else {
                return;
            };
            city.step_driver(policy, at, &driver, DriverInput::Answer { offer, yes: false, ask: ask(session) });
        }
        Happening::Reports(driver) => {
            city.left.deeds = city.left.deeds.saturating_sub(1);
            reports(city, policy, &driver, None);
        }
        Happening::GivesBack(driver) => {
            city.left.given_back -= 1;
            reports(city, policy, &driver, Some(Deed::GaveBack(GiveBackReason::Other)));
        }
        Happening::HangsUp(driver) => {
            city.left.cut -= 1;
            let Some((session, (home, _))) = city.apps.get(&driver).and_then(|app| app.line) else { return };
            city.hung_up(&driver);
            let input = DriverInput::Disconnected { session };
            city.post(Letter::Core(Effect::ToDriver { to: driver, home, input }));
        }
        Happening::Connects { driver, at } => {
            city.left.connects = city.left.connects.saturating_sub(1);
            connects(city, policy, &driver, at);
        }
        Happening::Crosses(driver) => {
            city.left.moves -= 1;
            let Some(app) = city.apps.get_mut(&driver) else { return };
            let Some((_, at)) = app.line else { return };
            let to = places::other(at.0);
            app.place = to;
            let last = Ping {
                driver: driver.clone(),
                point: places::pickup(),
                measured_at: places::START,
                heading: None,
                accuracy: None,
            };
            city.step_driver(policy, at, &driver, DriverInput::Crossed { to, last });
        }
        Happening::CallsOff { trip, at } => {
            city.left.called_off -= 1;
            let input = TripInput::Cancel { by: Party::Rider, reason: CancelReason::Other, ask: AskId(1) };
            city.step_trip(policy, at, trip, input);
        }
        Happening::Requests { at } => {
            city.left.requests -= 1;
            let trip = TripId::new(places::START, at.0, 10 + u64::from(city.left.requests));
            requests(city, at, trip, true);
        }
        Happening::Reroutes { trip, at } => {
            city.left.reroutes -= 1;
            let Some(seen) = city.riders.get(&trip) else { return };
            let (version, elsewhere) = (seen.version, !seen.elsewhere);
            let named = city.mistake != Some(Mistake::SeenForgotten);
            let wanted = Reroute { seen: named.then_some(version), ..way(city.halts, elsewhere) };
            city.step_trip(policy, at, trip, TripInput::Reroute { wanted, ask: rerouting(version, elsewhere) });
        }
        _ => {}
    }
}

/// One of the two ways that a ride may lead.
fn way(halts: bool, elsewhere: bool) -> Reroute {
    let (stop, dropoff) = match elsewhere {
        true => (places::other_stop(), places::elsewhere()),
        false => (places::stop(), places::dropoff()),
    };
    match halts {
        true => Reroute { stops: Some(Stops::new([stop]).unwrap()), ..Reroute::default() },
        false => Reroute { dropoff: Some(dropoff), ..Reroute::default() },
    }
}

/// What a rider's app shows of a trip.
pub(super) fn seen(trip: &Trip) -> Seen {
    let elsewhere = trip.stops_left().next() == Some(places::other_stop()) || trip.order.dropoff == places::elsewhere();
    Seen { version: trip.version, elsewhere }
}

/// The first question of a rider about the way.
const REROUTINGS: u64 = 1_000;

/// The question of a rider who saw this version and wants to go there: its number says it all.
fn rerouting(version: u32, elsewhere: bool) -> AskId {
    AskId(REROUTINGS + 2 * u64::from(version) + u64::from(elsewhere))
}

/// What a rider wants to have seen who asked this, if it is about the way.
pub(super) fn wished(ask: AskId) -> Option<Seen> {
    let said = ask.0.checked_sub(REROUTINGS)?;
    Some(Seen { version: u32::try_from(said / 2).ok()?, elsewhere: said % 2 == 1 })
}

/// A rider asks for a ride, under the one key or under none.
pub(super) fn requests(city: &mut City, at: Owner, trip: TripId, keyed: bool) {
    let event = Event::Requested { rider: rider(), order: order(city) };
    let ask = if keyed { KEYED } else { AskId(0) };
    let begun = LiveTrip::requested(trip, at.1, event, places::START, keyed.then(key), None, ask);
    let (live, effects) = begun.unwrap();
    city.put_trip(at, live);
    city.perform(at, &Who::Trip(trip), effects);
}

fn ask(session: SessionId) -> DriverAsk {
    DriverAsk { session, number: None }
}

fn reports(city: &mut City, policy: &Policy, driver: &DriverId, deed: Option<Deed>) {
    let Some(app) = city.apps.get_mut(driver) else { return };
    let (Some((session, at)), Some(shown)) = (app.line, app.trip.as_mut()) else { return };
    shown.said = true;
    let Shown { trip, stage, stop, rerouted, .. } = *shown;
    let next = match (stage, stop) {
        (StageName::EnRoute, _) => Deed::Arrived,
        (StageName::Arrived, _) => Deed::PickedUp,
        (_, Some(stop)) => {
            let named = city.mistake != Some(Mistake::NamelessStop);
            Deed::StopReached { stop, rerouted: named.then_some(rerouted) }
        }
        (_, None) => Deed::DroppedOff,
    };
    let deed = deed.unwrap_or(next);
    if let Deed::StopReached { stop, .. } = deed {
        city.with_promises(|promises| {
            promises.halts(trip, stop, Some(rerouted));
            Vec::new()
        });
    }
    city.step_driver(policy, at, driver, DriverInput::Does { trip, deed, ask: ask(session) });
}

/// As an app's door does it: a session, the old home told, the new one settled, then work.
pub(super) fn connects(city: &mut City, policy: &Policy, driver: &DriverId, at: Owner) {
    let place = city.apps.get(driver).map_or(at.0, |app| app.place);
    let store = (**city.store).clone();
    let row = store.open_session_now(driver.clone());
    let session = row.session;
    if let Some(old) = row.home.filter(|old| *old != place && row.trip.is_none()) {
        // That home must not go on offering a driver who moves under it.
        let owner = city.owners_of(old).next_back();
        if let Some(owner) = owner {
            attach(city, policy, owner, &row, session);
            city.step_driver(policy, owner, driver, DriverInput::Disconnected { session });
        }
    }
    let row = if row.trip.is_none() { store.settle_now(driver.clone(), place) } else { row };
    city.store = city.seal(store);
    let home = row.home.unwrap_or(place);
    let trip = row.trip.as_ref().map(|trip| trip.id);
    city.with_promises(|promises| promises.driver_row(&row.id, trip, row.generation, row.home));
    if let Some(app) = city.apps.get_mut(driver) {
        *app = App { line: Some((session, at)), ..App::new(place) };
    }
    attach(city, policy, at, &DriverRow { home: Some(home), ..row }, session);
    let vehicle = Vehicle::default();
    let input = DriverInput::GoOnline { ask: ask(session), last: None, vehicle, homeward: None };
    city.step_driver(policy, at, driver, input);
}

fn attach(city: &mut City, policy: &Policy, at: Owner, row: &DriverRow, session: SessionId) {
    city.wake(at, row);
    city.step_driver(policy, at, &row.id, DriverInput::Connected { session, generation: row.generation });
}
