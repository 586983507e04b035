//! What a store remembers.

use std::sync::Arc;
use std::time::Duration;

use dispatch::invariants::Entry;
use dispatch::{
    AMOUNT_MAX, CancelReason, Class, DriverChange, Event, Fare, FeeStage, Generation, GiveBackReason, Needs, Order,
    Party, SessionId, Stage, StageName, Stops, Surge, Timestamp, Trip, TripWrite, Write, WriteError,
};
use geo::Point;
use persistence::{DriverRow, Guarded, LoadedShard, Store};

use crate::street::{
    NOON, Owner, assert_sound, assigned, but, called_off, cancelled, corner, driver, given_back, journal, key, request,
    rider, settled, shard, trip_id,
};

pub(crate) async fn an_empty_store_knows_nothing(store: Arc<dyn Store>) {
    assert_eq!(store.trip(trip_id(shard(0), 1)).await.unwrap(), None);
    assert_eq!(store.driver(driver("ann")).await.unwrap(), None);
    assert_eq!(store.trip_by_key(key("eve", "1")).await.unwrap(), None);
    assert_eq!(store.load(shard(0)).await.unwrap(), LoadedShard::default());
    assert_eq!(store.shards_with_work().await.unwrap(), []);
    assert_eq!(store.all_trips().await.unwrap(), []);
    assert_eq!(store.all_drivers().await.unwrap(), []);
    assert_eq!(store.read(0, u32::MAX).await.unwrap(), []);
    assert_eq!(store.trips_by_stage().await.unwrap(), StageName::ALL.map(|stage| (stage, 0)));
}

pub(crate) async fn a_trip_comes_back_as_it_was_written(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(0)).await;
    let owner = Owner::of(&store, shard(0)).await;
    let mut trip = owner.requested().await;
    for event in [assigned("ann"), Event::DriverArrived, Event::PickedUp, Event::DroppedOff] {
        assert_eq!(store.trip(trip.id).await.unwrap().as_ref(), Some(&trip));
        trip = owner.stepped(&trip, event).await;
    }
    assert_eq!(trip.stage, Stage::Completed { driver: driver("ann") });
    assert_eq!((trip.requested_at, trip.since), (trip.id.requested_at(), trip.requested_at + Duration::from_secs(4)));
    assert_eq!(store.trip(trip.id).await.unwrap(), Some(trip));
}

/// In the row, through every step, and in the journal.
pub(crate) async fn an_order_comes_back_as_it_was_written(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(0)).await;
    let owner = Owner::of(&store, shard(0)).await;
    let plain = Order::new(corner(0), corner(1));
    let needs = [
        (None, 1, false, false),
        (None, 8, false, false),
        (None, 1, true, false),
        (None, 1, false, true),
        (Some(Class::Economy), 1, false, false),
        (Some(Class::Comfort), 2, true, false),
        (Some(Class::Xl), 6, false, true),
        (Some(Class::Premium), 8, true, true),
    ];
    let needs = needs.map(|(class, seats, wheelchair, pets)| Needs::new(class, seats, wheelchair, pets).unwrap());
    let fare = |minor, surge| Fare::new(minor, "EUR".parse().unwrap(), Surge::percent(surge).unwrap()).ok();
    let others = [
        Order { pickup_at: Some(Timestamp::from_millis(0)), ..plain },
        Order { pickup_at: Some(Timestamp::from_millis(u64::MAX)), ..plain },
        Order { shared: true, ..plain },
        Order { stops: Stops::new([corner(2)]).unwrap(), ..plain },
        Order { stops: Stops::new([corner(2), corner(0), corner(1)]).unwrap(), fare: fare(7, 100), ..plain },
        Order { fare: fare(0, 100), ..plain },
        Order { fare: fare(AMOUNT_MAX, 1_000), ..plain },
        Order { needs: needs[6], pickup_at: Some(NOON), shared: true, fare: fare(1_250, 130), ..plain },
    ];
    let orders = needs.map(|needs| Order { needs, ..plain }).into_iter().chain(others);
    for (number, order) in (2_000..).zip(orders) {
        let id = trip_id(shard(0), number);
        let event = Event::Requested { rider: rider("eve"), order };
        let after = Trip::begin(id, &event, id.requested_at()).unwrap();
        let write = TripWrite {
            event,
            at: id.requested_at(),
            after: after.clone(),
            driver: DriverChange::None,
            key: None,
            caps: None,
        };
        let event = write.event.clone();
        owner.write(Guarded { fence: owner.fence, write: Write::Trip(write) }).await.unwrap();
        assert_eq!(journal(&*store).await.pop().unwrap().event, event);
        assert_eq!(store.trip(id).await.unwrap(), Some(after.clone()));
        let after = match after.stage {
            Stage::Scheduled => owner.stepped(&after, Event::Activated).await,
            _ => after,
        };
        let driven = owner.stepped(&after, assigned("ann")).await;
        assert_eq!(driven.order, order);
        assert_eq!(store.load(shard(0)).await.unwrap().drivers[0].trip.as_ref(), Some(&driven));
        let ended = owner.stepped(&driven, cancelled()).await;
        assert_eq!(store.trip(id).await.unwrap(), Some(ended));
    }
}

/// From the request to the search it is active: a new owner loads it, its shard has work, and its rider is counted.
pub(crate) async fn a_trip_for_later_is_kept_until_its_time(store: Arc<dyn Store>) {
    let owner = Owner::of(&store, shard(0)).await;
    let order = Order { pickup_at: Some(NOON), ..Order::new(corner(0), corner(1)) };
    let mut booked = Vec::new();
    for number in 0..3 {
        let id = trip_id(shard(0), 3_000 + number);
        let event = Event::Requested { rider: rider("eve"), order };
        let after = Trip::begin(id, &event, id.requested_at()).unwrap();
        assert_eq!(after.stage, Stage::Scheduled);
        let write = TripWrite {
            event,
            at: id.requested_at(),
            after: after.clone(),
            driver: DriverChange::None,
            key: None,
            caps: None,
        };
        owner.write(Guarded { fence: owner.fence, write: Write::Trip(write) }).await.unwrap();
        booked.push(after);
    }
    assert_eq!(store.scheduled_trips(rider("eve")).await.unwrap(), 3);
    assert_eq!(store.scheduled_trips(rider("joe")).await.unwrap(), 0);
    assert_eq!(store.shards_with_work().await.unwrap(), [shard(0)]);
    let loaded = store.load(shard(0)).await.unwrap().trips;
    assert_eq!(loaded, booked.iter().map(|trip| (trip.clone(), None)).collect::<Vec<_>>());
    let searching = owner.stepped(&booked[0], Event::Activated).await;
    assert_eq!(searching.stage, Stage::Searching);
    owner.stepped(&booked[1], cancelled()).await;
    owner.stepped(&booked[2], Event::Expired).await;
    assert_eq!(store.scheduled_trips(rider("eve")).await.unwrap(), 0);
    assert_eq!(store.load(shard(0)).await.unwrap().trips, [(searching, None)]);
    assert_sound(&*store).await;
}

pub(crate) async fn every_event_comes_back_as_it_was_written(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(0)).await;
    let owner = Owner::of(&store, shard(0)).await;
    let by = called_off;
    let taken_back = Event::GivenBack { by: Party::System, reason: GiveBackReason::WentDark };
    let there = vec![assigned("ann"), Event::DriverArrived];
    let ride = [there.clone(), vec![Event::PickedUp, Event::DroppedOff]].concat();
    let histories = [
        ride,
        vec![assigned("ann"), given_back(), Event::Expired],
        [there.clone(), vec![given_back(), by(Party::Rider)]].concat(),
        [there.clone(), vec![Event::PickedUp, by(Party::System)]].concat(),
        vec![by(Party::System)],
        [there.clone(), vec![by(Party::Driver)]].concat(),
        vec![assigned("ann"), taken_back, by(Party::Rider)],
        [vec![other_way(2)], there.clone(), vec![Event::PickedUp, halt(1), other_way(1), halt(2), Event::DroppedOff]]
            .concat(),
    ];
    let mut expected = Vec::new();
    for events in histories {
        let (mut trip, write) = owner.request();
        let events = std::iter::once(None).chain(events.into_iter().map(Some));
        for event in events {
            let guarded = match event {
                None => write.clone(),
                Some(event) => {
                    let (after, guarded) = owner.step(&trip, event);
                    trip = after;
                    guarded
                }
            };
            let Write::Trip(TripWrite { event, at, after, .. }) = guarded.write.clone() else { unreachable!() };
            owner.write(guarded).await.unwrap();
            let (shard, epoch, seq) = (owner.fence.shard, owner.fence.epoch, expected.len() as u64 + 1);
            expected.push(Entry { shard, epoch, seq, trip: trip.id, version: after.version, event, at });
        }
        assert_eq!(store.trip(trip.id).await.unwrap(), Some(trip));
    }
    assert_eq!(journal(&*store).await, expected);
    assert_sound(&*store).await;
}

/// Another way, over so many stops.
fn other_way(stops: usize) -> Event {
    let stops = Stops::new([corner(2), corner(0)].into_iter().take(stops)).unwrap();
    Event::Rerouted { stops, dropoff: corner(2), fare: None }
}

fn halt(stop: u8) -> Event {
    Event::StopReached { stop }
}

pub(crate) async fn a_way_that_was_changed_keeps_what_was_asked_for(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(0)).await;
    let owner = Owner::of(&store, shard(0)).await;
    let mut trip = owner.requested().await;
    let asked = trip.order;
    for event in [other_way(2), assigned("ann"), Event::DriverArrived, Event::PickedUp, halt(1), other_way(2)] {
        trip = owner.stepped(&trip, event).await;
        let stored = store.trip(trip.id).await.unwrap().unwrap();
        assert_eq!(stored, trip);
        assert_eq!(stored.requested_order(), asked);
    }
    assert_eq!((trip.route.made, trip.route.changes, trip.order.stops.len()), (1, 2, 3));
    assert_eq!(store.load(shard(0)).await.unwrap().drivers[0].trip, Some(trip.clone()));
    assert_eq!(trip.apply(&other_way(2), trip.since).unwrap().route.changes, 3);
    owner.refuses(but(&owner.step(&trip, other_way(0)).1, |write| write.after.version += 1), WriteError::Stale).await;
    assert_sound(&*store).await;
}

pub(crate) async fn places_come_back_to_the_last_bit(store: Arc<dyn Store>) {
    let owner = Owner::of(&store, shard(0)).await;
    let third = 1.0 / 3.0;
    let places = [
        (0.0, 0.0),
        (-0.0, -0.0),
        (90.0, 180.0),
        (-90.0, -180.0),
        (89.999_999_999_999_99, -179.999_999_999_999_97),
        (third, -third),
        (40.0 + third, -74.0 + third / 7.0),
        (f64::MIN_POSITIVE, -f64::MIN_POSITIVE),
        (5e-324, -5e-324),
        (1e-10, 0.1 + 0.2),
    ];
    for (number, (lat, lon)) in (1_000..).zip(places) {
        let point = Point::new(lat, lon).unwrap();
        let event = Event::Requested { rider: rider("a.b_c:d@e|f-0"), order: Order::new(point, point) };
        let at = Timestamp::from_millis(u64::MAX);
        let after = Trip::begin(trip_id(shard(0), number), &event, at).unwrap();
        let write = TripWrite {
            event: event.clone(),
            at,
            after: after.clone(),
            driver: DriverChange::None,
            key: None,
            caps: None,
        };
        owner.write(Guarded { fence: owner.fence, write: Write::Trip(write) }).await.unwrap();
        // Adding zero makes -0 the 0 it is equal to: a store may keep either.
        let bits = |point: Point| ((point.lat() + 0.0).to_bits(), (point.lon() + 0.0).to_bits());
        let stored = store.trip(after.id).await.unwrap().unwrap();
        assert_eq!((bits(stored.order.pickup), bits(stored.order.dropoff)), (bits(point), bits(point)), "{point:?}");
        assert_eq!(stored, after);
        let line = journal(&*store).await.pop().unwrap();
        let Event::Requested { order, .. } = &line.event else { panic!("{line:?}") };
        assert_eq!((bits(order.pickup), bits(order.dropoff)), (bits(point), bits(point)), "{point:?}");
        assert_eq!((line.event, line.at), (event, at));
    }
}

pub(crate) async fn a_new_owner_loads_what_is_active(store: Arc<dyn Store>) {
    settled(&store, &["ann", "bob", "cid", "dan"], shard(0)).await;
    let (here, there) = (Owner::of(&store, shard(0)).await, Owner::of(&store, shard(1)).await);
    let searching = here.requested().await;
    // In another order than their names, so that the order in the answer is the store's.
    let with_cid = here.under_way("cid").await;
    let with_ann = here.under_way("ann").await;
    let arrived = here.stepped(&with_ann, Event::DriverArrived).await;
    let with_bob = here.under_way("bob").await;
    let ended = here.stepped(&with_bob, cancelled()).await;
    there.requested().await;
    let loaded = store.load(shard(0)).await.unwrap();
    let home = Some(shard(0));
    let mut trips = vec![(searching, None), (with_cid.clone(), home), (arrived.clone(), home)];
    trips.sort_by_key(|(trip, _)| trip.id);
    assert_eq!(loaded.trips, trips);
    let row = |name: &str, trip: Trip| DriverRow {
        id: driver(name),
        home,
        generation: Generation(1),
        session: SessionId(1),
        trip: Some(trip),
    };
    assert_eq!(loaded.drivers, [row("ann", arrived), row("cid", with_cid)]);
    assert_eq!(ended.stage.name(), StageName::Cancelled);
    // The next owner loads the same.
    store.claim(shard(0)).await.unwrap();
    assert_eq!(store.load(shard(0)).await.unwrap(), loaded);
}

pub(crate) async fn a_driver_from_another_shard_is_loaded_by_both(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(1)).await;
    let owner = Owner::of(&store, shard(0)).await;
    let trip = owner.under_way("ann").await;
    let here = store.load(shard(0)).await.unwrap();
    assert_eq!((here.trips, here.drivers), (vec![(trip.clone(), Some(shard(1)))], vec![]));
    let there = store.load(shard(1)).await.unwrap();
    assert_eq!(there.trips, []);
    assert_eq!(there.drivers, [store.driver(driver("ann")).await.unwrap().unwrap()]);
    assert_eq!(there.drivers[0].trip, Some(trip));
}

pub(crate) async fn shards_with_work_are_those_to_claim(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(2)).await;
    settled(&store, &["bob"], shard(1)).await;
    let (first, second) = (Owner::of(&store, shard(0)).await, Owner::of(&store, shard(1)).await);
    let trip = first.under_way("ann").await;
    let searching = second.requested().await;
    let sorted = |mut shards: Vec<_>| {
        shards.sort();
        shards
    };
    assert_eq!(store.shards_with_work().await.unwrap(), sorted(vec![shard(0), shard(1), shard(2)]));
    second.stepped(&searching, Event::Expired).await;
    assert_eq!(store.shards_with_work().await.unwrap(), sorted(vec![shard(0), shard(2)]));
    first.stepped(&trip, cancelled()).await;
    assert_eq!(store.shards_with_work().await.unwrap(), []);
}

pub(crate) async fn a_trip_is_known_after_its_end(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(0)).await;
    let owner = Owner::of(&store, shard(0)).await;
    let trip = owner.under_way("ann").await;
    let ended = owner.stepped(&trip, called_off(Party::Rider)).await;
    assert_eq!(
        ended.stage,
        Stage::Cancelled {
            by: Party::Rider,
            driver: Some(driver("ann")),
            reason: CancelReason::DriverTooFar,
            fee: FeeStage::Late,
        }
    );
    let expired = owner.requested().await;
    let expired = owner.stepped(&expired, Event::Expired).await;
    store.claim(shard(0)).await.unwrap();
    for trip in [ended, expired] {
        assert_eq!(store.trip(trip.id).await.unwrap(), Some(trip));
    }
    assert_eq!(store.driver(driver("ann")).await.unwrap().unwrap().trip, None);
    assert_eq!(store.load(shard(0)).await.unwrap(), LoadedShard::default());
}

pub(crate) async fn trips_are_counted_by_stage(store: Arc<dyn Store>) {
    settled(&store, &["ann", "bob"], shard(0)).await;
    let owner = Owner::of(&store, shard(0)).await;
    owner.requested().await;
    owner.requested().await;
    owner.under_way("ann").await;
    let trip = owner.under_way("bob").await;
    owner.stepped(&trip, cancelled()).await;
    let counts = |stage| match stage {
        StageName::Searching => 2,
        StageName::EnRoute | StageName::Cancelled => 1,
        _ => 0,
    };
    assert_eq!(store.trips_by_stage().await.unwrap(), StageName::ALL.map(|stage| (stage, counts(stage))));
}

pub(crate) async fn sessions_count_from_one(store: Arc<dyn Store>) {
    for number in 1..=3 {
        let row = store.open_session(driver("ann")).await.unwrap();
        let session = SessionId(number);
        let expected = DriverRow { id: driver("ann"), home: None, generation: Generation(0), session, trip: None };
        assert_eq!(row, expected);
        assert_eq!(store.driver(driver("ann")).await.unwrap(), Some(row));
    }
    assert_eq!(store.open_session(driver("bob")).await.unwrap().session, SessionId(1));
    assert_eq!(store.settle(driver("cid"), shard(0)).await.unwrap().session, SessionId(0));
}

pub(crate) async fn a_session_changes_nothing_else(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(1)).await;
    let owner = Owner::of(&store, shard(0)).await;
    owner.under_way("ann").await;
    let before = store.driver(driver("ann")).await.unwrap().unwrap();
    let after = store.open_session(driver("ann")).await.unwrap();
    assert_eq!(after, DriverRow { session: SessionId(2), ..before });
    assert_eq!(store.driver(driver("ann")).await.unwrap(), Some(after));
    assert_sound(&*store).await;
}

pub(crate) async fn settling_gives_a_home_once(store: Arc<dyn Store>) {
    let homes = [(0, 1), (0, 1), (1, 2), (0, 3), (0, 3)];
    for (home, generation) in homes {
        let row = store.settle(driver("ann"), shard(home)).await.unwrap();
        assert_eq!((row.home, row.generation), (Some(shard(home)), Generation(generation)));
        assert_eq!(store.driver(driver("ann")).await.unwrap(), Some(row));
    }
}

pub(crate) async fn settling_spares_a_committed_driver(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(0)).await;
    let owner = Owner::of(&store, shard(0)).await;
    let trip = owner.under_way("ann").await;
    let row = store.settle(driver("ann"), shard(1)).await.unwrap();
    assert_eq!((row.home, row.generation, &row.trip), (Some(shard(0)), Generation(1), &Some(trip.clone())));
    assert_eq!(store.driver(driver("ann")).await.unwrap(), Some(row));
    owner.stepped(&trip, given_back()).await;
    let row = store.settle(driver("ann"), shard(1)).await.unwrap();
    assert_eq!((row.home, row.generation), (Some(shard(1)), Generation(2)));
    assert_sound(&*store).await;
}

pub(crate) async fn the_journal_is_read_in_pages(store: Arc<dyn Store>) {
    let (here, there) = (Owner::of(&store, shard(0)).await, Owner::of(&store, shard(1)).await);
    for _ in 0..4 {
        here.requested().await;
        there.requested().await;
    }
    let all = store.read(0, u32::MAX).await.unwrap();
    assert_eq!(all.len(), 8);
    assert!(all.is_sorted_by(|(a, _), (b, _)| a < b), "lines in order");
    let (mut paged, mut after) = (Vec::new(), 0);
    loop {
        let page = store.read(after, 3).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        after = *last;
        paged.extend(page);
    }
    assert_eq!(paged, all);
    assert_eq!(store.read(after, 3).await.unwrap(), []);
    assert_eq!(store.read(u64::MAX, 3).await.unwrap(), []);
    assert_eq!(store.read(0, 0).await.unwrap(), []);
    // What comes later is found from where the reader was.
    here.requested().await;
    assert_eq!(store.read(after, 3).await.unwrap().len(), 1);
}

pub(crate) async fn rows_are_listed_in_order(store: Arc<dyn Store>) {
    let names = ["zoe", "Zoe", "ann", "a-1", "a_1", "a.1", "a|1", "a:1", "a@1", "0"];
    settled(&store, &names, shard(0)).await;
    let owners = [Owner::of(&store, shard(0)).await, Owner::of(&store, shard(1)).await];
    for number in [5, 3, 9, 1] {
        for owner in &owners {
            let (_, write) = request(owner.fence, trip_id(owner.fence.shard, 5_000 + number), "eve");
            owner.write(write).await.unwrap();
        }
    }
    let trips = store.all_trips().await.unwrap();
    assert_eq!(trips.len(), 8);
    assert!(trips.is_sorted_by(|a, b| a.id < b.id));
    assert!(trips.iter().all(|trip| trip.requested_at > NOON));
    let drivers = store.all_drivers().await.unwrap();
    assert_eq!(drivers.len(), names.len());
    assert!(drivers.is_sorted_by(|a, b| a.0 < b.0), "{drivers:?}");
}
