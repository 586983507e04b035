use std::sync::Arc;

use dispatch::{DriverId, Event, Order, RiderId, ShardId, Trip};
use geo::Point;

use super::*;

const START: Timestamp = Timestamp::from_millis(1_000_000_000_000);

fn after(seconds: u64) -> Timestamp {
    START + std::time::Duration::from_secs(seconds)
}

fn pickup() -> Point {
    Point::new(40.75, -73.98).unwrap()
}

/// A trip asked for at so many seconds, seen after each of these events, of which each came so many seconds later.
fn seen(gathered: &mut Gathered, asked: u64, offers: u32, events: &[(u64, Event)]) -> TripId {
    let home = ShardId::of(pickup(), Resolution::SHARD);
    let id = TripId::new(after(asked), home, asked);
    let rider = RiderId::new("eve").unwrap();
    let event = Event::Requested { rider, order: Order::new(pickup(), pickup()) };
    let mut trip = Trip::begin(id, &event, after(asked)).unwrap();
    let mut history = vec![(trip.version, trip.stage.name(), trip.since)];
    let mut show = |trip: &Trip, history: &[(u32, StageName, Timestamp)]| {
        let view = TripView {
            trip: trip.clone(),
            car: None,
            eta: None,
            next_stop_eta: None,
            history: history.to_vec(),
            offers,
            promised: None,
            promise: None,
            shared_with: 0,
        };
        gathered.sees(&view);
    };
    show(&trip, &history);
    for (later, event) in events {
        trip = trip.apply(event, after(asked + later)).unwrap();
        history.push((trip.version, trip.stage.name(), trip.since));
        show(&trip, &history);
    }
    id
}

#[test]
fn a_day_is_counted_as_a_person_would() {
    let ann = Arc::new(DriverId::new("ann").unwrap());
    let assigned = || Event::Assigned { driver: (*ann).clone() };
    let mut gathered = Gathered::default();
    let ridden = [(20, assigned()), (140, Event::DriverArrived), (200, Event::PickedUp), (800, Event::DroppedOff)];
    seen(&mut gathered, 10, 3, &ridden);
    seen(&mut gathered, 400, 0, &[(300, Event::Expired)]);
    let waited = [(20, assigned()), (60, Event::DriverArrived)];
    seen(&mut gathered, 3_000, 1, &waited);

    let work =
        Work { to_pickup_s: 160.0, waiting_s: 60.0, with_rider_s: 600.0, empty_m: 1_000.0, with_rider_m: 3_000.0 };
    let measures = gathered.measures(START, 61_200, 1.0, &[work, Work::default()]);
    assert_eq!((measures.requested, measures.matched, measures.completed), (3, 2, 1));
    assert_eq!(measures.waits_s, [60.0, 140.0]);
    assert_eq!(measures.day.len(), 12);
    let slot =
        |place: usize| (measures.day[place].begins_s, measures.day[place].requested, measures.day[place].matched);
    assert_eq!([slot(0), slot(1), slot(10)], [(61_200, 1, 1), (61_500, 1, 0), (64_200, 1, 1)]);
    assert_eq!(measures.offers_per_match[..3], [1, 0, 1]);
    assert_eq!(measures.cells.iter().map(|cell| (cell.requested, cell.unserved)).collect::<Vec<_>>(), [(3, 1)]);
    assert_eq!(
        measures.drivers.iter().map(|day| (day.idle_s, day.earned)).collect::<Vec<_>>(),
        [(2_780.0, 3.0), (3_600.0, 0.0)]
    );
    assert_eq!(measures.deadhead_share(), 0.25);
    assert_eq!(measures.offers_mean(), 2.0);
    assert_eq!(measures.gini(), 0.5);
    assert!((measures.idle_share() - 6_380.0 / 7_200.0).abs() < 1e-12);

    let twice = Measures::pooled(&[measures.clone(), measures.clone()]);
    assert_eq!(twice.waits_s, [60.0, 60.0, 140.0, 140.0]);
    assert_eq!((twice.requested, twice.drivers.len(), twice.cells[0].unserved), (6, 4, 2));
    assert_eq!(twice.match_rate(), measures.match_rate());
}

#[test]
fn fares_are_what_drivers_earn_where_there_are_any_and_count_once() {
    let mut gathered = Gathered::default();
    let first = seen(&mut gathered, 10, 1, &[]);
    let second = seen(&mut gathered, 20, 1, &[]);
    gathered.paid(0, first, 1_250);
    gathered.paid(0, first, 1_250);
    gathered.paid(0, second, 800);
    let measures = gathered.measures(START, 0, 1.0, &[Work::default(), Work::default()]);
    assert_eq!(measures.earned_by, "fares");
    assert_eq!(measures.drivers.iter().map(|day| day.earned).collect::<Vec<_>>(), [2_050.0, 0.0]);
}
