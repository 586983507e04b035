//! What a store refuses.

use std::sync::Arc;
use std::time::Duration;

use dispatch::{Cap, DriverChange, Epoch, Event, Generation, Party, RiderCaps, Timestamp, Trip, Write, WriteError};
use persistence::{Done, Fence, Guarded, Store};

use crate::street::{
    Owner, assert_sound, assigned, but, called_off, cancelled, driver, given_back, key, later_relocation, relocation,
    settled, shard, with_key,
};

pub(crate) async fn epochs_count_from_one_for_each_shard_alone(store: Arc<dyn Store>) {
    for epoch in 1..=3 {
        assert_eq!(store.claim(shard(0)).await.unwrap(), Epoch(epoch));
    }
    assert_eq!(store.claim(shard(1)).await.unwrap(), Epoch(1));
    assert_eq!(store.claim(shard(0)).await.unwrap(), Epoch(4));
}

pub(crate) async fn a_later_owner_fences_the_earlier_ones(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(0)).await;
    let first = Owner::of(&store, shard(0)).await;
    let trip = first.requested().await;
    let second = Owner::of(&store, shard(0)).await;
    first.refuses(first.request().1, WriteError::Fenced).await;
    first.refuses(first.step(&trip, assigned("ann")).1, WriteError::Fenced).await;
    first.refuses(relocation(first.fence, "ann", shard(0), shard(1)), WriteError::Fenced).await;
    let trip = second.stepped(&trip, assigned("ann")).await;
    let third = Owner::of(&store, shard(0)).await;
    second.refuses(second.step(&trip, Event::DriverArrived).1, WriteError::Fenced).await;
    first.refuses(first.step(&trip, Event::DriverArrived).1, WriteError::Fenced).await;
    third.stepped(&trip, Event::DriverArrived).await;
    assert_sound(&*store).await;
}

pub(crate) async fn an_epoch_that_was_never_issued_gives_no_right(store: Arc<dyn Store>) {
    let nobody = Owner { store: Arc::clone(&store), fence: Fence { shard: shard(0), epoch: Epoch(1) } };
    nobody.refuses(nobody.request().1, WriteError::Fenced).await;
    let owner = Owner::of(&store, shard(0)).await;
    for epoch in [0, 2, i64::MAX.unsigned_abs(), u64::MAX] {
        let ahead = Owner { fence: Fence { epoch: Epoch(epoch), ..owner.fence }, ..owner.clone() };
        ahead.refuses(ahead.request().1, WriteError::Fenced).await;
    }
    owner.requested().await;
}

pub(crate) async fn a_fence_of_another_shard_gives_no_right(store: Arc<dyn Store>) {
    let (here, there) = (Owner::of(&store, shard(0)).await, Owner::of(&store, shard(1)).await);
    let (_, mut stolen) = here.request();
    stolen.fence = there.fence;
    there.refuses(stolen, WriteError::Fenced).await;
}

pub(crate) async fn a_step_follows_the_version_held(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(0)).await;
    let owner = Owner::of(&store, shard(0)).await;
    let (trip, first) = owner.request();
    for version in [0, 2, 3, u32::MAX] {
        owner.refuses(but(&first, |write| write.after.version = version), WriteError::Stale).await;
    }
    owner.write(first.clone()).await.unwrap();
    owner.refuses(first, WriteError::Stale).await;
    let (coming, second) = owner.step(&trip, assigned("ann"));
    for version in [0, 1, 3, u32::MAX] {
        owner.refuses(but(&second, |write| write.after.version = version), WriteError::Stale).await;
    }
    owner.write(second.clone()).await.unwrap();
    owner.refuses(second, WriteError::Stale).await;
    owner.refuses(owner.step(&trip, cancelled()).1, WriteError::Stale).await;
    let ended = owner.stepped(&coming, cancelled()).await;
    owner.refuses(owner.step(&coming, Event::DriverArrived).1, WriteError::Stale).await;
    assert_eq!(store.trip(trip.id).await.unwrap(), Some(ended));
}

pub(crate) async fn a_driver_is_taken_by_one_trip_at_a_time(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(0)).await;
    let (here, there) = (Owner::of(&store, shard(0)).await, Owner::of(&store, shard(1)).await);
    let (one, other, far) = (here.requested().await, here.requested().await, there.requested().await);
    let held = here.stepped(&one, assigned("ann")).await;
    here.refuses(here.step(&other, assigned("ann")).1, WriteError::DriverTaken).await;
    there.refuses(there.step(&far, assigned("ann")).1, WriteError::DriverTaken).await;
    here.stepped(&held, given_back()).await;
    there.stepped(&far, assigned("ann")).await;
    here.refuses(here.step(&other, assigned("ann")).1, WriteError::DriverTaken).await;
    assert_sound(&*store).await;
}

pub(crate) async fn a_driver_nobody_knows_is_not_taken(store: Arc<dyn Store>) {
    let owner = Owner::of(&store, shard(0)).await;
    let trip = owner.requested().await;
    owner.refuses(owner.step(&trip, assigned("nobody")).1, WriteError::DriverTaken).await;
    assert_eq!(store.driver(driver("nobody")).await.unwrap(), None);
}

pub(crate) async fn a_driver_without_a_home_can_be_taken(store: Arc<dyn Store>) {
    store.open_session(driver("ann")).await.unwrap();
    let owner = Owner::of(&store, shard(0)).await;
    let trip = owner.under_way("ann").await;
    assert_eq!(store.load(shard(0)).await.unwrap().trips, [(trip, None)]);
    assert_eq!(store.shards_with_work().await.unwrap(), [shard(0)]);
}

pub(crate) async fn only_the_trip_that_holds_a_driver_frees_it(store: Arc<dyn Store>) {
    settled(&store, &["ann", "bob"], shard(0)).await;
    let owner = Owner::of(&store, shard(0)).await;
    let (with_ann, with_bob) = (owner.under_way("ann").await, owner.under_way("bob").await);
    let (_, end) = owner.step(&with_ann, cancelled());
    for wrong in ["bob", "nobody"] {
        let wrong = but(&end, |write| write.driver = DriverChange::Free(driver(wrong)));
        owner.refuses(wrong, WriteError::Stale).await;
    }
    owner.write(end).await.unwrap();
    assert_eq!(store.driver(driver("ann")).await.unwrap().unwrap().trip, None);
    assert_eq!(store.driver(driver("bob")).await.unwrap().unwrap().trip, Some(with_bob));
    assert_sound(&*store).await;
}

/// The rows of trip and driver would disagree after such a step (I3), or a driver would be on two trips (I1).
pub(crate) async fn a_step_that_contradicts_the_rows_is_stale(store: Arc<dyn Store>) {
    settled(&store, &["ann", "bob"], shard(0)).await;
    let owner = Owner::of(&store, shard(0)).await;
    let (_, begin) = owner.request();
    owner.refuses(but(&begin, |write| write.driver = DriverChange::Take(driver("ann"))), WriteError::Stale).await;
    let trip = owner.requested().await;
    let (_, take) = owner.step(&trip, assigned("ann"));
    for wrong in [DriverChange::None, DriverChange::Take(driver("bob")), DriverChange::Free(driver("ann"))] {
        owner.refuses(but(&take, |write| write.driver = wrong), WriteError::Stale).await;
    }
    owner.write(take).await.unwrap();
    let coming = store.trip(trip.id).await.unwrap().unwrap();
    let other = owner.requested().await;
    let (_, steal) = owner.step(&other, assigned("ann"));
    owner.refuses(but(&steal, |write| write.driver = DriverChange::None), WriteError::Stale).await;
    let (_, arrive) = owner.step(&coming, Event::DriverArrived);
    for wrong in [DriverChange::Take(driver("ann")), DriverChange::Free(driver("ann"))] {
        owner.refuses(but(&arrive, |write| write.driver = wrong), WriteError::Stale).await;
    }
    let (_, end) = owner.step(&coming, given_back());
    for wrong in [DriverChange::None, DriverChange::Take(driver("bob"))] {
        owner.refuses(but(&end, |write| write.driver = wrong), WriteError::Stale).await;
    }
    assert_sound(&*store).await;
}

pub(crate) async fn a_known_key_names_its_trip(store: Arc<dyn Store>) {
    let (here, there) = (Owner::of(&store, shard(0)).await, Owner::of(&store, shard(1)).await);
    let eves = key("eve", "tap-1");
    let (trip, first) = here.request();
    here.write(with_key(&first, &eves)).await.unwrap();
    assert_eq!(store.trip_by_key(eves.clone()).await.unwrap(), Some(trip.clone()));
    for again in [first, here.request().1] {
        here.refuses(with_key(&again, &eves), WriteError::SameKey(trip.id)).await;
    }
    there.refuses(with_key(&there.request().1, &eves), WriteError::SameKey(trip.id)).await;
    let ended = here.stepped(&trip, Event::Expired).await;
    here.refuses(with_key(&here.request().1, &eves), WriteError::SameKey(trip.id)).await;
    assert_eq!(store.trip_by_key(eves).await.unwrap(), Some(ended));
}

pub(crate) async fn two_riders_may_use_the_same_key(store: Arc<dyn Store>) {
    let owner = Owner::of(&store, shard(0)).await;
    let (eves, first) = owner.request();
    let (johns, second) = owner.request();
    owner.write(with_key(&first, &key("eve", "1"))).await.unwrap();
    owner.write(with_key(&second, &key("john", "1"))).await.unwrap();
    assert_eq!(store.trip_by_key(key("eve", "1")).await.unwrap(), Some(eves));
    assert_eq!(store.trip_by_key(key("john", "1")).await.unwrap(), Some(johns));
    assert_eq!(store.trip_by_key(key("john", "2")).await.unwrap(), None);
}

pub(crate) async fn a_key_is_compared_to_the_last_byte(store: Arc<dyn Store>) {
    let owner = Owner::of(&store, shard(0)).await;
    let texts = ["", "a", "A", "a ", "a\0", "a\0b", "é", "e\u{301}", "1", "01", "1.0", "'; --", "{\"v\":1}"];
    let mut trips = Vec::new();
    for text in texts {
        let (trip, write) = owner.request();
        owner.write(with_key(&write, &key("eve", text))).await.unwrap();
        trips.push(trip);
    }
    for (text, trip) in texts.into_iter().zip(trips) {
        assert_eq!(store.trip_by_key(key("eve", text)).await.unwrap(), Some(trip), "{text:?}");
    }
}

pub(crate) async fn a_refused_request_does_not_use_its_key(store: Arc<dyn Store>) {
    let owner = Owner::of(&store, shard(0)).await;
    let (trip, first) = owner.request();
    let keyed = with_key(&first, &key("eve", "1"));
    owner.refuses(but(&keyed, |write| write.after.version = 7), WriteError::Stale).await;
    assert_eq!(store.trip_by_key(key("eve", "1")).await.unwrap(), None);
    owner.write(keyed).await.unwrap();
    assert_eq!(store.trip_by_key(key("eve", "1")).await.unwrap(), Some(trip));
}

/// A write that is wrong in every way hears of the first thing wrong with it, and after that is put right of the next.
pub(crate) async fn questions_about_a_step_are_asked_in_order(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(0)).await;
    let owner = Owner::of(&store, shard(0)).await;
    let (known, first) = owner.request();
    owner.write(with_key(&first, &key("eve", "used"))).await.unwrap();
    owner.under_way("ann").await;
    let trip = owner.requested().await;
    let (_, right) = owner.step(&trip, assigned("ann"));
    let stale = but(&right, |write| write.after.version = 9);
    let keyed = with_key(&stale, &key("eve", "used"));
    let mut fenced = keyed.clone();
    fenced.fence.epoch = Epoch(77);
    owner.refuses(fenced, WriteError::Fenced).await;
    owner.refuses(keyed, WriteError::SameKey(known.id)).await;
    owner.refuses(with_key(&right, &key("eve", "used")), WriteError::SameKey(known.id)).await;
    owner.refuses(stale, WriteError::Stale).await;
    owner.refuses(right, WriteError::DriverTaken).await;
}

pub(crate) async fn a_move_counts_the_homes(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(0)).await;
    let (here, there) = (Owner::of(&store, shard(0)).await, Owner::of(&store, shard(1)).await);
    let outcome = here.write(relocation(here.fence, "ann", shard(0), shard(1))).await;
    assert_eq!(outcome, Ok(Done::Moved { generation: Generation(2) }));
    let outcome = there.write(later_relocation(there.fence, "ann", (shard(1), 2), shard(2))).await;
    assert_eq!(outcome, Ok(Done::Moved { generation: Generation(3) }));
    let row = store.driver(driver("ann")).await.unwrap().unwrap();
    assert_eq!((row.home, row.generation, row.trip), (Some(shard(2)), Generation(3), None));
}

pub(crate) async fn a_move_leaves_the_home_it_names(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(0)).await;
    store.open_session(driver("homeless")).await.unwrap();
    let (here, there) = (Owner::of(&store, shard(0)).await, Owner::of(&store, shard(1)).await);
    there.refuses(relocation(there.fence, "ann", shard(1), shard(2)), WriteError::Stale).await;
    here.refuses(relocation(here.fence, "homeless", shard(0), shard(1)), WriteError::Stale).await;
    here.refuses(relocation(here.fence, "nobody", shard(0), shard(1)), WriteError::Stale).await;
    here.write(relocation(here.fence, "ann", shard(0), shard(1))).await.unwrap();
    here.refuses(relocation(here.fence, "ann", shard(0), shard(1)), WriteError::Stale).await;
}

pub(crate) async fn a_move_leaves_the_generation_it_names(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(0)).await;
    let (here, there) = (Owner::of(&store, shard(0)).await, Owner::of(&store, shard(1)).await);
    let first = relocation(here.fence, "ann", shard(0), shard(1));
    here.write(first.clone()).await.unwrap();
    there.write(later_relocation(there.fence, "ann", (shard(1), 2), shard(0))).await.unwrap();
    // At home where she was before, and not the same: a move that was asked for then does not move her now.
    here.refuses(first, WriteError::Stale).await;
    here.refuses(later_relocation(here.fence, "ann", (shard(0), 4), shard(1)), WriteError::Stale).await;
    here.write(later_relocation(here.fence, "ann", (shard(0), 3), shard(1))).await.unwrap();
}

pub(crate) async fn a_committed_driver_does_not_move(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(0)).await;
    let (here, there) = (Owner::of(&store, shard(0)).await, Owner::of(&store, shard(1)).await);
    let trip = here.under_way("ann").await;
    here.refuses(relocation(here.fence, "ann", shard(0), shard(1)), WriteError::DriverTaken).await;
    // The home is asked about before the trip.
    there.refuses(relocation(there.fence, "ann", shard(1), shard(2)), WriteError::Stale).await;
    here.stepped(&trip, cancelled()).await;
    here.write(relocation(here.fence, "ann", shard(0), shard(1))).await.unwrap();
}

pub(crate) async fn only_the_owner_of_the_old_home_moves_a_driver(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(0)).await;
    let (here, there) = (Owner::of(&store, shard(0)).await, Owner::of(&store, shard(1)).await);
    there.refuses(relocation(there.fence, "ann", shard(0), shard(1)), WriteError::Fenced).await;
    let later = Owner::of(&store, shard(0)).await;
    here.refuses(relocation(here.fence, "ann", shard(0), shard(1)), WriteError::Fenced).await;
    later.write(relocation(later.fence, "ann", shard(0), shard(1))).await.unwrap();
}

/// A request of eve's in this owner's shard, under caps.
fn capped(owner: &Owner, most: u32, cancellations_max: u32, since: Timestamp) -> (Trip, Guarded) {
    let (trip, write) = owner.request();
    let caps = RiderCaps { active_max: most, searching_max: 0, cancellations_max, since };
    (trip, but(&write, |write| write.caps = Some(caps)))
}

fn too_many(outcome: Result<Done, WriteError>) -> Option<Cap> {
    match outcome {
        Err(WriteError::Capped { cap, .. }) => Some(cap),
        Ok(_) => None,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn a_rider_has_no_more_trips_than_the_caps_say_in_all_shards_together(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(0)).await;
    let (here, there) = (Owner::of(&store, shard(0)).await, Owner::of(&store, shard(1)).await);
    let since = Timestamp::from_millis(0);
    let (first, write) = capped(&here, 2, 0, since);
    assert_eq!(too_many(here.write(write).await), None);
    // Two more, written together: there is room for one.
    let both = vec![capped(&there, 2, 0, since).1, capped(&here, 2, 0, since).1];
    let both: Vec<_> = store.commit(both).await.into_iter().map(too_many).collect();
    assert_eq!(both, [None, Some(Cap::ActiveTrips)]);
    let searching = |(trip, write): (Trip, Guarded)| {
        let caps = RiderCaps { active_max: 0, searching_max: 2, cancellations_max: 0, since };
        (trip, but(&write, |write| write.caps = Some(caps)))
    };
    assert_eq!(too_many(there.write(searching(there.request()).1).await), Some(Cap::SearchingTrips));
    // One that has a driver still counts as under way, but no longer as searching.
    let driven = here.stepped(&first, assigned("ann")).await;
    assert_eq!(too_many(there.write(capped(&there, 2, 0, since).1).await), Some(Cap::ActiveTrips));
    assert_eq!(too_many(there.write(searching(there.request()).1).await), None);
    // One that has ended makes room: three were under way.
    here.stepped(&driven, cancelled()).await;
    assert_eq!(too_many(here.write(capped(&here, 3, 0, since).1).await), None);
    assert_eq!(too_many(here.write(capped(&here, 3, 0, since).1).await), Some(Cap::ActiveTrips));
    assert_sound(&*store).await;
}

pub(crate) async fn a_rider_who_has_called_off_too_often_waits(store: Arc<dyn Store>) {
    let owner = Owner::of(&store, shard(0)).await;
    let mut called_off_at = Vec::new();
    for party in [Party::Rider, Party::System, Party::Rider] {
        let asked = owner.requested().await;
        let ended = owner.stepped(&asked, called_off(party)).await;
        called_off_at.push(ended.since);
    }
    let before = Timestamp::from_millis(called_off_at[0].millis() - 1);
    assert_eq!(too_many(owner.write(capped(&owner, 0, 3, before).1).await), None, "the system's do not count");
    let (_, write) = capped(&owner, 0, 2, before);
    let Err(WriteError::Capped { cap: Cap::Cancellations, retry_after }) = owner.write(write.clone()).await else {
        panic!("two of two were called off");
    };
    let Write::Trip(asked) = write.write else { panic!("a request is a step") };
    let free_at = called_off_at[0] + Duration::from_secs(3_600);
    assert_eq!(retry_after, free_at.since(asked.at), "the older one is forgotten then");
    // Of those that count since a later moment there is one.
    assert_eq!(too_many(owner.write(capped(&owner, 0, 2, called_off_at[0]).1).await), None);
    assert_sound(&*store).await;
}

pub(crate) async fn a_key_that_is_known_is_answered_before_the_caps_are_asked(store: Arc<dyn Store>) {
    let owner = Owner::of(&store, shard(0)).await;
    let (trip, write) = capped(&owner, 1, 0, Timestamp::from_millis(0));
    owner.write(with_key(&write, &key("eve", "1"))).await.unwrap();
    let (_, again) = capped(&owner, 1, 0, Timestamp::from_millis(0));
    assert_eq!(owner.write(with_key(&again, &key("eve", "1"))).await, Err(WriteError::SameKey(trip.id)));
}
