use std::collections::BTreeSet;
use std::time::Duration;

use dispatch::{
    CancelReason, CarStop, Class, DriverId, Epoch, Fare, FeeStage, GiveBackReason, Guest, GuestStep, Needs, Party,
    Promise, RiderId, RiderLeg, ShardId, Surge,
};

use super::*;

const TEXT: &str = include_str!("../../../EVENTS.md");

fn trip(number: u64) -> TripId {
    let here = Point::new(40.75, -73.98).unwrap();
    TripId::new(Timestamp::from_millis(1_790_000_000_123), ShardId::of(here, Resolution::SHARD), number)
}

fn order() -> Order {
    let (here, there) = (Point::new(40.758, -73.9855).unwrap(), Point::new(40.7061, -74.0092).unwrap());
    Order {
        needs: Needs::new(Some(Class::Xl), 6, false, true).unwrap(),
        pickup_at: Some(Timestamp::from_millis(1_790_003_600_000)),
        shared: true,
        fare: Fare::new(1_250, "USD".parse().unwrap(), Surge::percent(130).unwrap()).ok(),
        ..Order::new(here, there)
    }
}

fn elsewhere(lat: f64) -> Point {
    Point::new(lat, -74.01).unwrap()
}

fn guest() -> Guest {
    Guest {
        trip: trip(2),
        rider: RiderId::new("joe").unwrap(),
        pickup: order().pickup,
        dropoff: order().dropoff,
        seats: 1,
        promise: Promise { pickup_by: Timestamp::from_millis(0), ride_max: Duration::from_secs(900) },
        leg: RiderLeg::Waiting,
        since: Timestamp::from_millis(0),
    }
}

/// One of every kind.
fn every_event() -> Vec<Event> {
    let driver = DriverId::new("ann").unwrap();
    let did = |step| Event::GuestDid { guest: trip(2), step };
    vec![
        Event::Requested { rider: RiderId::new("eve").unwrap(), order: order() },
        Event::Activated,
        Event::Assigned { driver: driver.clone() },
        Event::Shared { host: trip(3), driver },
        Event::GuestJoined { guest: Box::new(guest()), seats: 4, stops: Vec::<CarStop>::new() },
        did(GuestStep::Arrived),
        did(GuestStep::PickedUp),
        did(GuestStep::DroppedOff),
        did(GuestStep::Left),
        Event::DriverArrived,
        Event::PickedUp,
        Event::StopReached { stop: 1 },
        Event::Rerouted {
            stops: Stops::new([elsewhere(40.731)]).unwrap(),
            dropoff: elsewhere(40.722),
            fare: order().fare,
        },
        Event::DroppedOff,
        Event::GivenBack { by: Party::Driver, reason: GiveBackReason::TooFar },
        Event::Cancelled { by: Party::Rider, reason: CancelReason::DriverTooFar, fee: FeeStage::Late },
        Event::Expired,
    ]
}

fn entry(version: u32, event: Event) -> Entry {
    let (trip, seconds) = (trip(1), Duration::from_secs(u64::from(version)));
    Entry { shard: trip.home(), epoch: Epoch(3), seq: 40, trip, version, event, at: trip.requested_at() + seconds }
}

fn telling(places: Places) -> Telling {
    Telling { source: "/hansom".to_owned(), places }
}

fn told(places: Places) -> Vec<String> {
    let entries = (1..).zip(every_event()).map(|(version, event)| entry(version, event));
    (4_711..).zip(entries).map(|(line, entry)| telling(places).tell(line, &entry).json).collect()
}

/// Each kind has an example in the text, and no example says what is not so.
#[test]
fn every_example_in_the_text_is_what_leaves() {
    let examples: BTreeSet<&str> = TEXT.lines().filter(|line| line.starts_with("{\"specversion\"")).collect();
    let mut told = told(Places::Cell);
    told.push(telling(Places::Exact).tell(4_711, &entry(1, every_event().remove(0))).json);
    let told: BTreeSet<&str> = told.iter().map(String::as_str).collect();
    let missing: Vec<&str> = told.difference(&examples).copied().collect();
    assert!(missing.is_empty(), "EVENTS.md lacks\n{}", missing.join("\n"));
    assert_eq!(examples, told);
}

#[test]
fn every_event_is_told_as_cloud_events_ask() {
    let mut ids = BTreeSet::new();
    for (text, event) in told(Places::Cell).iter().zip(every_event()) {
        let told: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(told["specversion"], "1.0");
        assert_eq!(told["type"], format!("hansom.trip.{}.v1", event.name()));
        assert_eq!(
            (&told["subject"], &told["partitionkey"]),
            (&trip(1).to_string().into(), &trip(1).to_string().into())
        );
        let id = told["id"].as_str().unwrap();
        assert_eq!(id, format!("{}.{}", trip(1), told["data"]["version"]));
        assert!(ids.insert(id.to_owned()), "{id} is told twice");
        // Names of attributes are lower-case letters and digits.
        let names = told.as_object().unwrap().keys();
        assert!(names.flat_map(|name| name.chars()).all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
    }
}

/// Who asked is told once and where only as exactly as the settings allow; nobody else's name or place at all.
#[test]
fn no_more_of_people_is_told_than_needed() {
    let exact = ["40.758", "-73.9855", "40.7061", "-74.0092"];
    for (places, cells) in [(Places::None, 0), (Places::Cell, 4), (Places::Exact, 0)] {
        let told = told(places).join("\n");
        assert_eq!(told.matches("\"eve\"").count(), 1);
        assert!(!told.contains("joe"), "a guest's own trip says who it is");
        assert_eq!(told.matches("{\"cell\":\"87").count(), cells);
        for digits in exact {
            assert_eq!(told.matches(digits).count(), usize::from(places == Places::Exact), "{places:?} {digits}");
        }
    }
}

#[test]
fn moments_are_written_as_rfc_3339() {
    for (millis, text) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_782_399_999, "2000-02-28T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (1_709_251_199_000, "2024-02-29T23:59:59.000Z"),
        (1_790_000_000_123, "2026-09-21T14:13:20.123Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
    ] {
        assert_eq!(rfc3339(Timestamp::from_millis(millis)), text);
    }
}

#[test]
fn texts_of_sequences_are_in_the_order_of_lines() {
    let sequence = |line| {
        let told: serde_json::Value =
            serde_json::from_str(&telling(Places::None).tell(line, &entry(1, Event::Expired)).json).unwrap();
        told["sequence"].as_str().unwrap().to_owned()
    };
    let lines = [1, 9, 10, 4_711, 1 << 40, u64::MAX];
    assert!(lines.map(sequence).is_sorted());
}
