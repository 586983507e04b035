//! What a store keeps of riders who share a car.

use std::sync::Arc;
use std::time::Duration;

use dispatch::{
    CarStop, DriverChange, Event, Guest, GuestStep, Order, Party, Promise, RiderLeg, Stage, StageName, StopKind, Trip,
    TripWrite, Write, WriteError,
};
use persistence::{Guarded, Store};

use crate::street::{Owner, assert_sound, assigned, but, called_off, corner, driver, rider, settled, shard, trip_id};

/// A request of someone who would share.
async fn would_share(owner: &Owner, number: u64) -> Trip {
    let order = Order { shared: true, ..Order::new(corner(0), corner(1)) };
    let id = trip_id(owner.fence.shard, 1_000_000 + number);
    let event = Event::Requested { rider: rider(&format!("rider-{number}")), order };
    let at = id.requested_at();
    let after = Trip::begin(id, &event, at).unwrap();
    let write = TripWrite { event, at, after: after.clone(), driver: DriverChange::None, key: None, caps: None };
    owner.write(Guarded { fence: owner.fence, write: Write::Trip(write) }).await.unwrap();
    after
}

/// By which this trip joins the car of that one, first in and first out.
pub(crate) fn joins(guest: &Trip, host: &Trip) -> Event {
    let promise = Promise { pickup_by: host.since + Duration::from_secs(300), ride_max: Duration::from_millis(1_234) };
    let joining = Guest {
        trip: guest.id,
        rider: guest.rider.clone(),
        pickup: guest.order.pickup,
        dropoff: guest.order.dropoff,
        seats: 1,
        promise,
        leg: RiderLeg::Waiting,
        since: host.since,
    };
    let own = [StopKind::Pickup, StopKind::Dropoff].map(|kind| CarStop { trip: guest.id, kind });
    Event::GuestJoined { guest: Box::new(joining), seats: 4, stops: [own.to_vec(), host.stops()].concat() }
}

fn shares(host: &Trip) -> Event {
    Event::Shared { host: host.id, driver: host.stage.driver().unwrap().clone() }
}

fn did(guest: &Trip, step: GuestStep) -> Event {
    Event::GuestDid { guest: guest.id, step }
}

/// A car with a host on the way and one guest.
async fn shared_car(owner: &Owner) -> (Trip, Trip) {
    let (host, guest) = (would_share(owner, 1).await, would_share(owner, 2).await);
    let host = owner.stepped(&host, assigned("ann")).await;
    let host = owner.stepped(&host, joins(&guest, &host)).await;
    let guest = owner.stepped(&guest, shares(&host)).await;
    (host, guest)
}

pub(crate) async fn a_shared_car_comes_back_as_it_was_written(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(0)).await;
    let owner = Owner::of(&store, shard(0)).await;
    let (mut host, mut guest) = shared_car(&owner).await;
    let both = |host: &Trip, guest: &Trip| (Some(host.clone()), Some(guest.clone()));
    for (of_host, of_guest) in [
        (did(&guest, GuestStep::Arrived), Event::DriverArrived),
        (did(&guest, GuestStep::PickedUp), Event::PickedUp),
        (did(&guest, GuestStep::DroppedOff), Event::DroppedOff),
    ] {
        host = owner.stepped(&host, of_host).await;
        guest = owner.stepped(&guest, of_guest).await;
        let stored = (store.trip(host.id).await.unwrap(), store.trip(guest.id).await.unwrap());
        assert_eq!(stored, both(&host, &guest));
        assert_sound(&*store).await;
    }
    assert_eq!(host.car.guests.len(), 1, "who has got out is not forgotten");
    assert_eq!(guest.stage, Stage::Completed { driver: driver("ann") });
}

pub(crate) async fn a_guest_holds_no_driver(store: Arc<dyn Store>) {
    settled(&store, &["ann", "bob"], shard(0)).await;
    let owner = Owner::of(&store, shard(0)).await;
    let (host, guest) = shared_car(&owner).await;
    assert_eq!(store.driver(driver("ann")).await.unwrap().unwrap().trip, Some(host.clone()));
    let loaded = store.load(shard(0)).await.unwrap();
    assert_eq!(loaded.trips, [(host.clone(), Some(shard(0))), (guest.clone(), None)]);
    // A driver of its own is not to be had while it shares, nor is the one of the host.
    let (_, arrives) = owner.step(&guest, Event::DriverArrived);
    for name in ["ann", "bob"] {
        let takes = but(&arrives, |write| write.driver = DriverChange::Take(driver(name)));
        owner.refuses(takes, WriteError::Stale).await;
        let frees = but(&arrives, |write| write.driver = DriverChange::Free(driver(name)));
        owner.refuses(frees, WriteError::Stale).await;
    }
    let other = would_share(&owner, 3).await;
    owner.refuses(owner.step(&other, assigned("ann")).1, WriteError::DriverTaken).await;
    owner.stepped(&guest, called_off(Party::Rider)).await;
    assert_sound(&*store).await;
}

pub(crate) async fn a_car_that_drives_on_is_active_until_the_last_guest_is_out(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(0)).await;
    let owner = Owner::of(&store, shard(0)).await;
    for (number, call_off) in [false, true].into_iter().enumerate() {
        let first = 10 * (number as u64 + 1);
        let (host, guest) = (would_share(&owner, first).await, would_share(&owner, first + 1).await);
        let host = owner.stepped(&host, assigned("ann")).await;
        let mut host = owner.stepped(&host, joins(&guest, &host)).await;
        let guest = owner.stepped(&guest, shares(&host)).await;
        host = owner.stepped(&host, did(&guest, GuestStep::PickedUp)).await;
        let ends = if call_off {
            vec![called_off(Party::Rider)]
        } else {
            vec![Event::DriverArrived, Event::PickedUp, Event::DroppedOff]
        };
        for event in ends {
            host = owner.stepped(&host, event).await;
        }
        assert_eq!(host.stage.name(), StageName::DrivingOn);
        assert_eq!(store.trip(host.id).await.unwrap(), Some(host.clone()));
        assert_eq!(store.driver(driver("ann")).await.unwrap().unwrap().trip, Some(host.clone()));
        assert!(store.shards_with_work().await.unwrap().contains(&shard(0)));
        let loaded = store.load(shard(0)).await.unwrap();
        assert!(loaded.trips.iter().any(|(trip, home)| *trip == host && *home == Some(shard(0))));
        let host = owner.stepped(&host, did(&guest, GuestStep::DroppedOff)).await;
        assert!(!host.stage.name().is_active());
        assert_eq!(matches!(host.stage, Stage::Cancelled { by: Party::Rider, .. }), call_off);
        assert_eq!(store.driver(driver("ann")).await.unwrap().unwrap().trip, None);
        assert_sound(&*store).await;
    }
}
