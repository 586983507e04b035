use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use dispatch::{
    Availability, CancelReason, Deed, DriverId, Needs, Notice, OfferId, Order, Party, Policy, RiderId, ShardId,
    StageName, Timestamp, TripId, Vehicle,
};
use geo::{Drive, NoDrive, Point, Travel, TravelTimes, WeekTime};
use persistence::Store;
use prometheus::Registry;

use super::*;
use crate::letters::Burst;

use moody::Moody;

mod moody;
mod resuming;

struct Scene {
    city: City,
    store: Arc<Moody>,
    registry: Registry,
}

async fn scene() -> Scene {
    scene_with(CitySettings::default()).await
}

async fn scene_with(settings: CitySettings) -> Scene {
    let (store, registry) = (Arc::new(Moody::default()), Registry::new());
    let policy = Policy { match_every: Duration::from_millis(50), ..settings.policy };
    let settings = CitySettings { policy, ..settings };
    let kept: Arc<dyn Store> = Arc::clone(&store) as Arc<dyn Store>;
    let city = City::start(settings, kept.into(), Clock::real(), &registry).await.unwrap();
    Scene { city, store, registry }
}

fn here() -> Point {
    Point::new(40.75, -73.98).unwrap()
}

impl Scene {
    async fn request(&self, key: &str) -> Result<Requested, CityError> {
        let rider = RiderId::new("eve").unwrap();
        let dropoff = Point::new(40.76, -73.97).unwrap();
        self.city.request_trip(NewTrip { rider, order: Order::new(here(), dropoff), key: key.to_owned() }).await
    }

    async fn driver(&self) -> DriverSession {
        let mut session = self.city.open_session(DriverId::new("ann").unwrap()).await.unwrap();
        session.online(here(), Vehicle::default(), None, Some(1)).await.unwrap();
        session
    }

    async fn won(&self, session: &mut DriverSession) -> TripId {
        let offer = offer(session).await;
        session.answer(offer, true, Some(2)).await.unwrap();
        trip(session, StageName::EnRoute).await;
        offer.trip
    }

    fn rebuilt(&self, what: &str) -> f64 {
        self.counter("actors_rebuilt_total", what)
    }

    fn counter(&self, name: &str, what: &str) -> f64 {
        let families = self.registry.gather();
        let Some(family) = families.iter().find(|family| family.name() == name) else { return 0.0 };
        let of = |metric: &&prometheus::proto::Metric| metric.get_label().iter().any(|label| label.value() == what);
        family.get_metric().iter().find(of).map_or(0.0, |metric| metric.get_counter().get_value())
    }

    async fn audit(self) {
        self.city.stop().await;
        let memory = &self.store.memory;
        let journal = memory.journal_now();
        let found = dispatch::invariants::audit(&journal, &memory.all_trips_now(), &memory.all_drivers_now());
        assert!(found.is_empty(), "{found:?}");
    }
}

/// Waits until something is so, without holding up those who make it so.
async fn until(mut so: impl FnMut() -> bool) {
    let wait = async {
        while !so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("it becomes so in time");
}

/// The next notice that is wanted; a city that stays silent fails the test.
async fn hear<T>(session: &mut DriverSession, wanted: impl Fn(&Notice) -> Option<T>) -> T {
    let listen = async {
        loop {
            let told = session.next().await.expect("the session lives");
            if let crate::News::Notice(notice) = told.news
                && let Some(found) = wanted(&notice)
            {
                return found;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), listen).await.expect("the notice comes in time")
}

async fn offer(session: &mut DriverSession) -> OfferId {
    hear(session, |notice| match notice {
        Notice::Offer(offer) => Some(offer.id),
        _ => None,
    })
    .await
}

async fn trip(session: &mut DriverSession, stage: StageName) {
    hear(session, |notice| match notice {
        Notice::Trip { trip, .. } if trip.stage.name() == stage => Some(()),
        _ => None,
    })
    .await;
}

async fn ended(session: &mut DriverSession) {
    let listen = async { while session.next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(20), listen).await.expect("the session ends in time");
}

/// Has no map.
#[derive(Debug)]
struct Lost;

impl TravelTimes for Lost {
    fn name(&self) -> &'static str {
        "lost"
    }

    fn drive(&self, from: Point, _: Point, _: WeekTime) -> Result<Drive, NoDrive> {
        Err(NoDrive::Outside { at: from })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_of_travel_times_that_fails_stops_no_match_and_is_counted() {
    let straight = Policy::default().travel.straight_line();
    let policy = Policy { travel: Travel::by(Arc::new(Lost), straight), ..Policy::default() };
    let scene = scene_with(CitySettings { policy, ..CitySettings::default() }).await;
    let mut ann = scene.driver().await;
    let asked = scene.request("one").await.unwrap().view.trip.id;
    assert_eq!(scene.won(&mut ann).await, asked);
    let counted = |of| scene.counter("actors_etas_fallback_total", of);
    until(|| {
        ann.ping(here(), scene.city.clock().now(), None, None);
        counted("match") >= 1.0 && counted("rider") >= 1.0
    })
    .await;
    let eta = scene.city.trip(asked).await.unwrap().unwrap().eta.unwrap();
    assert_eq!((eta.by, eta.instead_of), ("straight_line", Some("lost")));
    scene.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trip_whose_actor_panics_goes_on_from_its_row() {
    let scene = scene().await;
    let mut ann = scene.driver().await;
    let asked = scene.request("one").await.unwrap().view.trip.id;
    assert_eq!(scene.won(&mut ann).await, asked);

    let shard = scene.city.shard(asked.home()).await.unwrap();
    shard.send(Burst::Trip(asked)).await.unwrap();
    // Lost with the actor, as a message on a network is; the app says it again.
    loop {
        ann.does(asked, Deed::Arrived, Some(3)).await.unwrap();
        let heard = tokio::time::timeout(Duration::from_millis(200), trip(&mut ann, StageName::Arrived)).await;
        if heard.is_ok() {
            break;
        }
    }
    assert_eq!(scene.rebuilt("trip"), 1.0);
    ann.does(asked, Deed::PickedUp, Some(4)).await.unwrap();
    trip(&mut ann, StageName::InProgress).await;
    ann.does(asked, Deed::DroppedOff, Some(5)).await.unwrap();
    trip(&mut ann, StageName::Completed).await;
    scene.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trip_whose_actor_panics_is_rebuilt_although_nobody_writes_to_it() {
    let scene = scene().await;
    let asked = scene.request("one").await.unwrap().view.trip.id;
    let shard = scene.city.shard(asked.home()).await.unwrap();
    shard.send(Burst::Trip(asked)).await.unwrap();
    // The driver comes afterwards: only a trip that searches again can find her.
    until(|| scene.rebuilt("trip") == 1.0).await;
    let mut ann = scene.driver().await;
    assert_eq!(scene.won(&mut ann).await, asked);
    scene.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_whose_actor_panics_is_claimed_anew_and_everyone_goes_on() {
    let scene = scene().await;
    let mut ann = scene.driver().await;
    let asked = scene.request("one").await.unwrap().view.trip.id;
    assert_eq!(scene.won(&mut ann).await, asked);
    let shard = scene.city.shard(asked.home()).await.unwrap();
    shard.do_send(Burst::Shard);
    ended(&mut ann).await;
    until(|| scene.rebuilt("shard") == 1.0).await;
    let mut ann = scene.city.open_session(DriverId::new("ann").unwrap()).await.unwrap();
    ann.does(asked, Deed::Arrived, Some(3)).await.unwrap();
    trip(&mut ann, StageName::Arrived).await;
    assert_eq!(scene.city.trip(asked).await.unwrap().unwrap().trip.stage.name(), StageName::Arrived);
    scene.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_whose_trips_panic_again_and_again_is_claimed_anew() {
    let scene = scene().await;
    let asked = scene.request("one").await.unwrap().view.trip.id;
    for fall in 1..=3 {
        scene.city.shard(asked.home()).await.unwrap().send(Burst::Trip(asked)).await.unwrap();
        until(|| scene.rebuilt("trip") == f64::from(fall)).await;
        // Until it is there again, or the next panic would hit nobody.
        while scene.city.watch(asked).await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(scene.rebuilt("shard"), 0.0, "three panics in a minute may be chance");
    scene.city.shard(asked.home()).await.unwrap().send(Burst::Trip(asked)).await.unwrap();
    until(|| scene.rebuilt("shard") == 1.0).await;
    let mut ann = scene.driver().await;
    assert_eq!(scene.won(&mut ann).await, asked);
    scene.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_that_drowns_sheds_positions_and_refuses_requests() {
    let scene = scene_with(CitySettings { shard_mailbox: 16, ..CitySettings::default() }).await;
    let mut ann = scene.driver().await;
    hear(&mut ann, |notice| {
        matches!(notice, Notice::Standing { availability: Availability::Available, .. }).then_some(())
    })
    .await;
    let shard = scene.city.shard(ShardId::of(here(), scene.city.shard_resolution())).await.unwrap();
    let (enough, wait) = std::sync::mpsc::channel();
    shard.do_send(Burst::Stall(Arc::new(std::sync::Mutex::new(wait))));
    // Sixteen batches wait behind the stalled shard, the next ones are kept back, the latest position of each driver.
    until(|| {
        ann.ping(here(), scene.city.clock().now(), None, None);
        scene.counter("actors_mailbox_full_total", "shard") > 0.0
    })
    .await;
    assert!(matches!(scene.request("one").await, Err(CityError::Busy { .. })));
    enough.send(()).unwrap();
    loop {
        match scene.request("one").await {
            Ok(_) => break,
            Err(CityError::Busy { .. }) => tokio::task::yield_now().await,
            Err(other) => panic!("{other}"),
        }
    }
    scene.won(&mut ann).await;
    scene.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_that_is_said_twice_is_answered_twice() {
    let scene = scene().await;
    let mut ann = scene.driver().await;
    scene.request("one").await.unwrap();
    let offered = offer(&mut ann).await;
    for number in [2, 3] {
        ann.answer(offered, true, Some(number)).await.unwrap();
    }
    for number in [2, 3] {
        let answered = hear(&mut ann, |notice| match notice {
            Notice::Trip { ask, .. } => ask.and_then(|ask| ask.number),
            Notice::Refused { why, .. } => panic!("{why}"),
            _ => None,
        })
        .await;
        assert_eq!(answered, number);
    }
    scene.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn going_on_line_elsewhere_in_mid_trip_leaves_the_driver_heard() {
    let scene = scene().await;
    let mut ann = scene.driver().await;
    scene.request("one").await.unwrap();
    let asked = scene.won(&mut ann).await;
    ann.online(Point::new(41.2, -73.9).unwrap(), Vehicle::default(), None, Some(7)).await.unwrap();
    ann.does(asked, Deed::Arrived, Some(8)).await.unwrap();
    trip(&mut ann, StageName::Arrived).await;
    scene.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_whose_actor_panics_connects_again_and_is_on_the_same_trip() {
    let scene = scene().await;
    let mut ann = scene.driver().await;
    scene.request("one").await.unwrap();
    let asked = scene.won(&mut ann).await;

    let shard = scene.city.shard(asked.home()).await.unwrap();
    shard.send(Burst::Driver(ann.driver().clone())).await.unwrap();
    ended(&mut ann).await;
    drop(ann);
    let mut ann = scene.city.open_session(DriverId::new("ann").unwrap()).await.unwrap();
    let (availability, on) = hear(&mut ann, |notice| match notice {
        Notice::Standing { availability, trip, .. } => Some((*availability, trip.as_ref().map(|trip| trip.id))),
        _ => None,
    })
    .await;
    assert_eq!((availability, on), (Availability::EnRoute, Some(asked)));
    ann.does(asked, Deed::Arrived, Some(3)).await.unwrap();
    trip(&mut ann, StageName::Arrived).await;
    scene.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_outcome_is_unknown_makes_the_shard_step_down_and_reload() {
    let scene = scene().await;
    scene.store.tamper.falls.store(true, Ordering::SeqCst);
    // It was done, but nobody knows: the rider is told to come again, and the same key finds the same trip.
    assert!(matches!(scene.request("one").await, Err(CityError::Busy { .. })));
    let found = loop {
        match scene.request("one").await {
            Ok(found) => break found,
            Err(CityError::Busy { .. }) => tokio::task::yield_now().await,
            Err(other) => panic!("{other}"),
        }
    };
    assert!(found.replayed);
    assert_eq!(scene.rebuilt("shard"), 1.0);

    // Under the new owner the trip finds its driver; an acceptance whose outcome is unknown is known after the reload.
    let mut ann = scene.driver().await;
    let offered = offer(&mut ann).await;
    scene.store.tamper.falls.store(true, Ordering::SeqCst);
    ann.answer(offered, true, Some(2)).await.unwrap();
    ended(&mut ann).await;
    let mut again = scene.city.open_session(DriverId::new("ann").unwrap()).await.unwrap();
    let on = hear(&mut again, |notice| match notice {
        Notice::Standing { trip, .. } => Some(trip.as_ref().map(|trip| trip.id)),
        _ => None,
    })
    .await;
    assert_eq!(on, Some(found.view.trip.id));
    assert_eq!(scene.rebuilt("shard"), 2.0);
    scene.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sessions_of_one_driver_the_later_one_counts() {
    let scene = scene().await;
    let mut first = scene.driver().await;
    let mut second = scene.city.open_session(DriverId::new("ann").unwrap()).await.unwrap();
    assert!(second.id() > first.id());
    hear(&mut first, |notice| (*notice == Notice::Superseded).then_some(())).await;
    ended(&mut first).await;
    // What the old one still says does nothing, and its hanging up disturbs nobody.
    first.offline(false, Some(9)).await.unwrap();
    drop(first);
    scene.request("one").await.unwrap();
    scene.won(&mut second).await;
    scene.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_made_once_however_often_it_is_sent() {
    let scene = scene().await;
    let first = scene.request("one").await.unwrap();
    let again = scene.request("one").await.unwrap();
    assert!(again.replayed && !first.replayed);
    assert_eq!(first.view.trip.id, again.view.trip.id);
    let order = first.view.trip.order;
    let others = [
        Order { pickup: Point::new(40.8, -73.95).unwrap(), ..order },
        Order { needs: Needs::new(None, 1, true, false).unwrap(), ..order },
        Order { shared: true, ..order },
    ];
    for order in others {
        let other = NewTrip { rider: RiderId::new("eve").unwrap(), order, key: "one".to_owned() };
        let refused = scene.city.request_trip(other).await;
        assert!(matches!(refused, Err(CityError::KeyReused { trip }) if trip == first.view.trip.id));
    }
    let cancelled = scene.city.cancel(first.view.trip.id, Party::Rider, CancelReason::ChangedMind).await.unwrap();
    assert_eq!(cancelled.trip.stage.name(), StageName::Cancelled);
    let twice = scene.city.cancel(first.view.trip.id, Party::Rider, CancelReason::ChangedMind).await.unwrap();
    assert_eq!(twice.trip, cancelled.trip);
    scene.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_store_did_while_the_city_stops_is_still_told() {
    let scene = scene().await;
    let asked = scene.request("one").await.unwrap().view.trip.id;
    let mut watched = scene.city.watch(asked).await.unwrap().unwrap();
    watched.mark_unchanged();
    let (city, stopping) = (scene.city.clone(), scene.city.clone());
    let (cancelled, ()) = tokio::join!(city.cancel(asked, Party::Rider, CancelReason::ChangedMind), stopping.stop());
    if cancelled.is_ok() {
        assert_eq!(watched.borrow_and_update().trip.stage.name(), StageName::Cancelled);
    }
    assert!(matches!(scene.request("two").await, Err(CityError::Stopping)));
    scene.audit().await;
}

#[test]
fn a_scaled_clock_runs_as_fast_as_it_says() {
    let clock = Clock::scaled(Timestamp::from_millis(1_000), 50.0);
    assert!(clock.now() >= Timestamp::from_millis(1_000));
    assert_eq!(clock.wall(Duration::from_secs(50)), Duration::from_secs(1));
}
