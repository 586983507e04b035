//! Writes that go to the store together.

use std::collections::BTreeSet;
use std::sync::Arc;

use dispatch::{Epoch, Event, Generation, SessionId, Trip, WriteError};
use persistence::{Done, Guarded, Store};

use crate::street::{
    Owner, assert_sound, assigned, but, driver, everything, given_back, journal, key, later_relocation, relocation,
    settled, shard, with_key,
};

fn journaled(seq: u64) -> Result<Done, WriteError> {
    Ok(Done::Journaled { seq })
}

async fn trip_of(store: &dyn Store, name: &str) -> Option<Trip> {
    store.driver(driver(name)).await.unwrap().unwrap().trip
}

pub(crate) async fn nothing_asked_is_nothing_done(store: Arc<dyn Store>) {
    let before = everything(&*store).await;
    assert_eq!(store.commit(vec![]).await, []);
    assert_eq!(everything(&*store).await, before);
}

pub(crate) async fn a_refused_write_does_not_disturb_its_neighbours(store: Arc<dyn Store>) {
    settled(&store, &["ann", "bob"], shard(0)).await;
    let owner = Owner::of(&store, shard(0)).await;
    let (one, other) = (owner.requested().await, owner.requested().await);
    let (ours, take) = owner.step(&one, assigned("ann"));
    let (_, too_late) = owner.step(&other, assigned("ann"));
    let stale = but(&take, |write| write.after.version = 8);
    let (asked, keyed) = owner.request();
    let mut fenced = owner.request().1;
    fenced.fence.epoch = Epoch(2);
    let writes = vec![
        stale,
        take,
        with_key(&too_late, &key("eve", "1")),
        fenced,
        relocation(owner.fence, "ann", shard(0), shard(1)),
        with_key(&keyed, &key("eve", "1")),
        relocation(owner.fence, "bob", shard(0), shard(1)),
    ];
    let outcomes = store.commit(writes).await;
    let expected = [
        Err(WriteError::Stale),
        journaled(3),
        Err(WriteError::DriverTaken),
        Err(WriteError::Fenced),
        Err(WriteError::DriverTaken),
        journaled(4),
        Ok(Done::Moved { generation: Generation(2) }),
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(trip_of(&*store, "ann").await, Some(ours));
    assert_eq!(store.trip(other.id).await.unwrap(), Some(other));
    assert_eq!(store.trip_by_key(key("eve", "1")).await.unwrap(), Some(asked));
    assert_sound(&*store).await;
}

pub(crate) async fn steps_of_one_batch_build_on_each_other(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(0)).await;
    let owner = Owner::of(&store, shard(0)).await;
    let (mut trip, first) = owner.request();
    let mut writes = vec![first];
    for event in [assigned("ann"), Event::DriverArrived, Event::PickedUp, Event::DroppedOff] {
        let (after, write) = owner.step(&trip, event);
        trip = after;
        writes.push(write);
    }
    // The same ride again, and a step that would have been right before.
    writes.push(writes[1].clone());
    writes.push(writes[3].clone());
    let outcomes = store.commit(writes).await;
    assert_eq!(outcomes[..5], [1, 2, 3, 4, 5].map(journaled));
    assert_eq!(outcomes[5..], [Err(WriteError::Stale), Err(WriteError::Stale)]);
    assert_eq!(store.trip(trip.id).await.unwrap(), Some(trip));
    assert_eq!(trip_of(&*store, "ann").await, None);
    assert_sound(&*store).await;
}

pub(crate) async fn a_key_used_twice_in_a_batch_is_used_once(store: Arc<dyn Store>) {
    let owner = Owner::of(&store, shard(0)).await;
    let ((first, write), (second, again)) = (owner.request(), owner.request());
    let eves = key("eve", "1");
    let outcomes = store.commit(vec![with_key(&write, &eves), with_key(&again, &eves)]).await;
    assert_eq!(outcomes, [journaled(1), Err(WriteError::SameKey(first.id))]);
    assert_eq!(store.trip(second.id).await.unwrap(), None);
}

pub(crate) async fn a_driver_passes_from_trip_to_trip_in_one_batch(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(0)).await;
    let owner = Owner::of(&store, shard(0)).await;
    let (first, second, third) = (owner.requested().await, owner.requested().await, owner.requested().await);
    // Whichever of the trips comes first in the store, it is both given and taken.
    for (giver, taker) in [(&first, &second), (&third, &first), (&second, &third)] {
        let giver = store.trip(giver.id).await.unwrap().unwrap();
        let giver = owner.stepped(&giver, assigned("ann")).await;
        let taker = store.trip(taker.id).await.unwrap().unwrap();
        let (_, gives) = owner.step(&giver, given_back());
        let (taken, takes) = owner.step(&taker, assigned("ann"));
        let outcomes = store.commit(vec![takes.clone(), gives, takes]).await;
        assert!(matches!(outcomes[..], [Err(WriteError::DriverTaken), Ok(_), Ok(_)]), "{outcomes:?}");
        assert_eq!(trip_of(&*store, "ann").await, Some(taken.clone()));
        owner.stepped(&taken, given_back()).await;
    }
    assert_sound(&*store).await;
}

pub(crate) async fn a_trip_passes_from_driver_to_driver_in_one_batch(store: Arc<dyn Store>) {
    settled(&store, &["ann", "bob", "zoe"], shard(0)).await;
    let owner = Owner::of(&store, shard(0)).await;
    let mut trip = owner.under_way("bob").await;
    let mut driving = "bob";
    for next in ["zoe", "ann", "bob"] {
        let (searching, gives) = owner.step(&trip, given_back());
        let (taken, takes) = owner.step(&searching, assigned(next));
        let outcomes = store.commit(vec![gives, takes]).await;
        assert!(matches!(outcomes[..], [Ok(_), Ok(_)]), "{outcomes:?}");
        assert_eq!(trip_of(&*store, driving).await, None);
        assert_eq!(trip_of(&*store, next).await, Some(taken.clone()));
        (trip, driving) = (taken, next);
    }
    assert_sound(&*store).await;
}

pub(crate) async fn two_trips_swap_drivers_in_one_batch(store: Arc<dyn Store>) {
    settled(&store, &["ann", "bob"], shard(0)).await;
    let owner = Owner::of(&store, shard(0)).await;
    let (one, other) = (owner.under_way("ann").await, owner.under_way("bob").await);
    let (one, gives_ann) = owner.step(&one, given_back());
    let (other, gives_bob) = owner.step(&other, given_back());
    let (one, takes_bob) = owner.step(&one, assigned("bob"));
    let (other, takes_ann) = owner.step(&other, assigned("ann"));
    let outcomes = store.commit(vec![gives_ann, gives_bob, takes_bob, takes_ann]).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(trip_of(&*store, "ann").await, Some(other));
    assert_eq!(trip_of(&*store, "bob").await, Some(one));
    assert_sound(&*store).await;
}

pub(crate) async fn a_driver_moves_and_is_taken_in_one_batch(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(0)).await;
    let (here, there) = (Owner::of(&store, shard(0)).await, Owner::of(&store, shard(1)).await);
    let trip = there.requested().await;
    let (coming, take) = there.step(&trip, assigned("ann"));
    let (searching, give) = there.step(&coming, given_back());
    let writes = vec![
        relocation(here.fence, "ann", shard(0), shard(1)),
        take,
        later_relocation(there.fence, "ann", (shard(1), 2), shard(0)),
        give,
        later_relocation(there.fence, "ann", (shard(1), 2), shard(0)),
    ];
    let moved = |homes| Ok(Done::Moved { generation: Generation(homes) });
    let expected = [moved(2), journaled(2), Err(WriteError::DriverTaken), journaled(3), moved(3)];
    assert_eq!(store.commit(writes).await, expected);
    assert_eq!(store.driver(driver("ann")).await.unwrap().unwrap().home, Some(shard(0)));
    assert_eq!(store.trip(trip.id).await.unwrap(), Some(searching));
    assert_sound(&*store).await;
}

pub(crate) async fn numbers_of_a_shard_have_no_gap(store: Arc<dyn Store>) {
    let (here, there) = (Owner::of(&store, shard(0)).await, Owner::of(&store, shard(1)).await);
    let stale = |owner: &Owner| but(&owner.request().1, |write| write.after.version = 5);
    let batch = vec![here.request().1, stale(&here), there.request().1, here.request().1, stale(&there)];
    let stale_outcome = Err(WriteError::Stale);
    let expected = [journaled(1), stale_outcome.clone(), journaled(1), journaled(2), stale_outcome];
    assert_eq!(store.commit(batch).await, expected);
    assert_eq!(here.write(here.request().1).await, journaled(3));
    assert_eq!(there.write(there.request().1).await, journaled(2));
    let again = Owner::of(&store, shard(0)).await;
    assert_eq!(here.write(here.request().1).await, Err(WriteError::Fenced));
    assert_eq!(again.write(again.request().1).await, journaled(1));
    assert_eq!(there.write(there.request().1).await, journaled(3));
    let lines: Vec<_> = journal(&*store).await.iter().map(|line| (line.shard, line.epoch.0, line.seq)).collect();
    let (a, b) = (shard(0), shard(1));
    assert_eq!(lines, [(a, 1, 1), (b, 1, 1), (a, 1, 2), (a, 1, 3), (b, 1, 2), (a, 2, 1), (b, 1, 3)]);
    assert_sound(&*store).await;
}

/// More than any store handles in one go inside, with refusals throughout, and steps that follow from far before.
pub(crate) async fn a_batch_may_be_large(store: Arc<dyn Store>) {
    let names: Vec<String> = (0..300).map(|number| format!("driver-{number}")).collect();
    for name in &names {
        store.settle(driver(name), shard(0)).await.unwrap();
    }
    let owner = Owner::of(&store, shard(0)).await;
    let (mut writes, mut expected, mut seq) = (Vec::new(), Vec::new(), 0);
    let mut expect = |write: Guarded, outcome: Result<(), WriteError>| {
        writes.push(write);
        seq += u64::from(outcome.is_ok());
        expected.push(outcome.map(|()| Done::Journaled { seq }));
    };
    let mut trips = Vec::new();
    for name in &names {
        let (trip, write) = owner.request();
        let write = with_key(&write, &key("eve", name));
        expect(write.clone(), Ok(()));
        expect(write, Err(WriteError::SameKey(trip.id)));
        trips.push(trip);
    }
    for (name, trip) in names.iter().zip(&trips) {
        let (_, write) = owner.step(trip, assigned(name));
        expect(write.clone(), Ok(()));
        expect(write, Err(WriteError::Stale));
    }
    assert_eq!(store.commit(writes).await, expected);
    assert_eq!(store.load(shard(0)).await.unwrap().drivers.len(), names.len());
    assert_sound(&*store).await;
}

pub(crate) async fn of_many_who_want_a_driver_one_wins(store: Arc<dyn Store>) {
    settled(&store, &["ann"], shard(0)).await;
    let owner = Owner::of(&store, shard(0)).await;
    let mut takers = Vec::new();
    for _ in 0..16 {
        let trip = owner.requested().await;
        let (owner, (_, take)) = (owner.clone(), owner.step(&trip, assigned("ann")));
        takers.push(tokio::spawn(async move { owner.write(take).await }));
    }
    let mut winners = 0;
    for taker in takers {
        match taker.await.unwrap() {
            Ok(_) => winners += 1,
            Err(refused) => assert_eq!(refused, WriteError::DriverTaken),
        }
    }
    assert_eq!(winners, 1);
    assert_sound(&*store).await;
}

/// A city that comes back at once: everyone's apps, some of them twice, and drivers who settle meanwhile.
pub(crate) async fn of_many_who_connect_each_gets_a_session(store: Arc<dyn Store>) {
    let names: Vec<String> = (0..150).map(|number| format!("driver-{number}")).collect();
    let owner = Owner::of(&store, shard(0)).await;
    store.settle(driver("driver-7"), shard(0)).await.unwrap();
    let trip = owner.under_way("driver-7").await;
    let (mut connecting, mut settling) = (Vec::new(), Vec::new());
    for turn in 0..3 {
        for name in names.iter().cycle().skip(turn * 50).take(150) {
            let (connects, settles, id) = (Arc::clone(&store), Arc::clone(&store), driver(name));
            let home = shard(turn % 2);
            connecting.push((
                name,
                tokio::spawn({
                    let id = id.clone();
                    async move { connects.open_session(id).await.unwrap() }
                }),
            ));
            settling.push(tokio::spawn(async move { (home, settles.settle(id, home).await.unwrap()) }));
        }
    }
    let mut sessions: BTreeSet<(&String, u64)> = BTreeSet::new();
    for (name, connected) in connecting {
        let row = connected.await.unwrap();
        assert_eq!(row.id, driver(name));
        assert!(sessions.insert((name, row.session.0)), "{name} has session {:?} twice", row.session);
    }
    assert!(sessions.iter().all(|(_, session)| (1..=3).contains(session)), "{sessions:?}");
    for settled in settling {
        let (home, row) = settled.await.unwrap();
        if row.id == driver("driver-7") {
            assert_eq!((row.home, row.trip), (Some(shard(0)), Some(trip.clone())), "a committed driver keeps its home");
        } else {
            assert_eq!(row.home, Some(home));
        }
    }
    for name in &names {
        let row = store.driver(driver(name)).await.unwrap().unwrap();
        assert_eq!(row.session, SessionId(3));
        assert!((1..=3).contains(&row.generation.0), "{row:?}");
    }
    assert_sound(&*store).await;
}

pub(crate) async fn of_many_who_claim_a_shard_each_gets_an_epoch(store: Arc<dyn Store>) {
    let mut claims = Vec::new();
    for _ in 0..16 {
        let store = Arc::clone(&store);
        claims.push(tokio::spawn(async move { Owner::of(&store, shard(0)).await }));
    }
    let mut owners = Vec::new();
    for claim in claims {
        owners.push(claim.await.unwrap());
    }
    let epochs: BTreeSet<u64> = owners.iter().map(|owner| owner.fence.epoch.0).collect();
    assert_eq!(epochs, (1..=16).collect());
    for owner in owners {
        let expected = if owner.fence.epoch == Epoch(16) { journaled(1) } else { Err(WriteError::Fenced) };
        assert_eq!(owner.write(owner.request().1).await, expected);
    }
}
