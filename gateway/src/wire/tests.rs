use std::time::Duration;

use dispatch::{
    Availability, CancelReason, CarPosition, Class, Currency, Deed, DriverAsk, DriverId, Epoch, Eta, Fare, FarePolicy,
    FeeStage, GiveBackReason, Needs, Notice, Offer, OfferId, Order, Party, Refusal, RiderId, SessionId, ShardId, Stage,
    StageName, Stops, Suggested, Surge, Timestamp, Trip, TripId, TripView, Vehicle, Withdrawal,
};
use geo::{Point, Resolution};

use super::*;
use crate::Code;
use crate::fields::Mistake;

mod asyncapi;
mod needs;
mod route;

fn here() -> Point {
    Point::new(40.75, -73.98).unwrap()
}

fn there() -> Point {
    Point::new(40.76, -73.97).unwrap()
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn trip_id() -> TripId {
    TripId::new(at(1_000), ShardId::of(here(), Resolution::SHARD), 7)
}

fn offer_id() -> OfferId {
    OfferId { trip: trip_id(), epoch: Epoch(1), attempt: 2 }
}

fn trip(stage: Stage, version: u32) -> Trip {
    Trip {
        id: trip_id(),
        rider: RiderId::new("eve").unwrap(),
        order: Order::new(here(), there()),
        stage,
        route: dispatch::Route::default(),
        car: dispatch::SharedCar::default(),
        since: at(1_000 * u64::from(version)),
        requested_at: at(1_000),
        version,
    }
}

fn ann() -> DriverId {
    DriverId::new("ann").unwrap()
}

fn json(message: &impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(message).unwrap()
}

// ---- from drivers ------------------------------------------------------------------------------------------------

#[test]
fn every_message_of_a_driver_is_read() {
    let (trip, offer) = (trip_id(), offer_id());
    let deed = |kind: &str, deed| (format!(r#"{{"type":"{kind}","id":9,"trip":"{trip}"}}"#), deed);
    for (text, deed) in [
        deed("arrived", Deed::Arrived),
        deed("picked_up", Deed::PickedUp),
        deed("dropped_off", Deed::DroppedOff),
        deed("give_back", Deed::GaveBack(GiveBackReason::Other)),
    ] {
        assert_eq!(FromDriver::read(&text), Ok(FromDriver::Does { id: Some(9), trip, deed }));
    }
    for (text, message) in [
        (
            r#"{"type":"hello","app":"3.1","sent_at_ms":9}"#.to_owned(),
            FromDriver::Hello { id: None, app: Some("3.1".to_owned()), sent_at_ms: Some(9) },
        ),
        (
            r#"{"type":"online","id":1,"lat":40.75,"lon":-73.98}"#.to_owned(),
            FromDriver::Online { id: Some(1), point: here(), vehicle: Vehicle::default(), home: None },
        ),
        (
            r#"{"type":"online","lat":40.75,"lon":-73.98,"vehicle":{"class":"xl","seats":6,"wheelchair":true,"pets":true}}"#
                .to_owned(),
            FromDriver::Online {
                home: None,
                id: None,
                point: here(),
                vehicle: Vehicle::new(Class::Xl, 6, true, true).unwrap(),
            },
        ),
        (
            r#"{"type":"online","lat":40.75,"lon":-73.98,"vehicle":{"wheelchair":true,"class":null}}"#.to_owned(),
            FromDriver::Online {
                home: None,
                id: None,
                point: here(),
                vehicle: Vehicle::new(Class::Economy, 4, true, false).unwrap(),
            },
        ),
        (
            r#"{"type":"online","lat":40.75,"lon":-73.98,"home":{"lat":40.76,"lon":-73.97}}"#.to_owned(),
            FromDriver::Online { home: Some(there()), id: None, point: here(), vehicle: Vehicle::default() },
        ),
        (
            r#"{"type":"go_home","id":8,"home":{"lat":40.76,"lon":-73.97}}"#.to_owned(),
            FromDriver::GoHome { id: Some(8), home: Some(there()) },
        ),
        (r#"{"type":"go_home"}"#.to_owned(), FromDriver::GoHome { id: None, home: None }),
        (
            format!(r#"{{"type":"give_back","trip":"{trip}","reason":"rider_no_show"}}"#),
            FromDriver::Does { id: None, trip, deed: Deed::GaveBack(GiveBackReason::RiderNoShow) },
        ),
        (r#"{"type":"offline"}"#.to_owned(), FromDriver::Offline { id: None, on_break: false }),
        (r#"{"id":2,"type":"break"}"#.to_owned(), FromDriver::Offline { id: Some(2), on_break: true }),
        (
            r#"{"type":"ping","seq":3,"lat":40.75,"lon":-73.98,"at_ms":5,"heading":359.5,"accuracy_m":8}"#.to_owned(),
            FromDriver::Ping(Position {
                seq: 3,
                point: here(),
                at_ms: Some(5),
                heading: Some(359.5),
                accuracy: Some(geo::Meters::whole(8)),
            }),
        ),
        (
            r#"{"type":"pings","pings":[{"seq":1,"lat":40.75,"lon":-73.98,"at_ms":5},{"seq":2,"lat":40.76,"lon":-73.97}]}"#
                .to_owned(),
            FromDriver::Pings(vec![
                Position { seq: 1, point: here(), at_ms: Some(5), heading: None, accuracy: None },
                Position { seq: 2, point: there(), at_ms: None, heading: None, accuracy: None },
            ]),
        ),
        (r#"{"type":"ack","cursor":"3-7.12"}"#.to_owned(), FromDriver::Ack { cursor: "3-7.12".parse().unwrap() }),
        (
            format!(r#"{{"type":"accept","id":4,"offer":"{offer}"}}"#),
            FromDriver::Answer { id: Some(4), offer, yes: true },
        ),
        (format!(r#"{{"type":"decline","offer":"{offer}"}}"#), FromDriver::Answer { id: None, offer, yes: false }),
    ] {
        assert_eq!(FromDriver::read(&text), Ok(message), "{text}");
    }
}

#[test]
fn a_message_that_does_not_fit_is_named_field_by_field() {
    for (text, code, field) in [
        (r#"{"type":"teleport"}"#, Code::UnknownType, Some("type")),
        (r#"{"type":7}"#, Code::BadValue, Some("type")),
        (r#"{"lat":1}"#, Code::MissingField, Some("type")),
        (r#"{"type":"offline","until":5}"#, Code::UnknownField, Some("until")),
        (r#"{"type":"ping","id":1,"seq":1,"lat":0,"lon":0}"#, Code::UnknownField, Some("id")),
        (r#"{"type":"ping","lat":0,"lon":0}"#, Code::MissingField, Some("seq")),
        (r#"{"type":"ping","seq":1,"lat":0,"lon":0,"heading":361}"#, Code::BadValue, Some("heading")),
        (r#"{"type":"ping","seq":1,"lat":0,"lon":0,"accuracy_m":-1}"#, Code::BadValue, Some("accuracy_m")),
        (r#"{"type":"ping","seq":1,"lat":0,"lon":0,"heading":1e999}"#, Code::BadValue, Some("heading")),
        (r#"{"type":"ping","seq":1,"lat":0,"lon":0,"at_ms":-5}"#, Code::BadValue, Some("at_ms")),
        (r#"{"type":"pings","pings":[]}"#, Code::BadValue, Some("pings")),
        (r#"{"type":"pings","pings":7}"#, Code::BadValue, Some("pings")),
        (r#"{"type":"pings","pings":[7]}"#, Code::BadValue, Some("pings[0]")),
        (
            r#"{"type":"pings","pings":[{"seq":1,"lat":0,"lon":0},{"lat":0,"lon":0}]}"#,
            Code::MissingField,
            Some("pings[1].seq"),
        ),
        (r#"{"type":"pings","pings":[{"seq":1,"lat":91,"lon":0}]}"#, Code::BadValue, Some("pings[0].lat")),
        (r#"{"type":"ack","cursor":"12"}"#, Code::BadValue, Some("cursor")),
        (r#"{"type":"accept","offer":"7"}"#, Code::BadValue, Some("offer")),
        (r#"{"type":"go_home","home":{"lat":91,"lon":0}}"#, Code::BadValue, Some("home.lat")),
        (r#"{"type":"go_home","home":7}"#, Code::BadValue, Some("home")),
        (r#"{"type":"arrived"}"#, Code::MissingField, Some("trip")),
        (r#"{"type":"hello","id":"x"}"#, Code::BadValue, Some("id")),
        (r#"{"type":"hello""#, Code::MalformedJson, None),
        ("ping", Code::MalformedJson, None),
    ] {
        let Unreadable { mistake, .. } = FromDriver::read(text).unwrap_err();
        assert_eq!((mistake.code, mistake.field.as_deref()), (code, field), "{text}");
        assert!(mistake.allowed.is_some(), "{text}");
    }
}

#[test]
fn an_error_echoes_the_number_of_the_message() {
    let unreadable = FromDriver::read(r#"{"type":"arrived","id":12,"trip":"x"}"#).unwrap_err();
    let error = json(&ToDriver::error(unreadable));
    assert_eq!(error["re"], 12);
    assert_eq!(error["code"], "bad_value");
    assert_eq!(error["field"], "trip");
    assert_eq!(error["value"], "x");
    assert_eq!(error["allowed"], "a trip's id as the server gave it");
}

// ---- to drivers --------------------------------------------------------------------------------------------------

#[test]
fn an_offer_says_how_long_it_lasts_and_never_less_than_nothing() {
    let offer = Offer {
        id: offer_id(),
        order: Order::new(here(), there()),
        pickup_eta: Duration::from_millis(61_500),
        until: at(20_000),
        after: None,
    };
    let notice = Notice::Offer(offer);
    let told = json(&ToDriver::notice(&notice, at(8_000)).unwrap());
    assert_eq!(told["type"], "offer");
    assert_eq!(told["offer"], offer_id().to_string());
    assert_eq!(told["trip"], trip_id().to_string());
    assert_eq!(told["pickup"], serde_json::json!({"lat": 40.75, "lon": -73.98}));
    assert_eq!((&told["pickup_eta_ms"], &told["expires_in_ms"]), (&61_500.into(), &12_000.into()));
    assert_eq!(json(&ToDriver::notice(&notice, at(25_000)).unwrap())["expires_in_ms"], 0);
}

#[test]
fn a_suggestion_says_where_to_why_and_by_when() {
    let notice = Notice::Suggestion(Suggested {
        id: 1_764_000_000_000,
        to: there(),
        drive: Duration::from_millis(240_500),
        expected: 2.449,
        cars: 1,
        until: at(128_000),
    });
    let told = json(&ToDriver::notice(&notice, at(8_000)).unwrap());
    let expected = serde_json::json!({
        "type": "suggestion", "suggestion": 1_764_000_000_000_u64, "to": {"lat": 40.76, "lon": -73.97},
        "drive_ms": 240_500, "expected": 2.4, "cars": 1, "expires_in_ms": 120_000,
    });
    assert_eq!(told, expected);
    assert_eq!(json(&ToDriver::notice(&notice, at(200_000)).unwrap())["expires_in_ms"], 0);
}

#[test]
fn answers_carry_the_number_of_the_question() {
    let ask = DriverAsk { session: SessionId(1), number: Some(31) };
    let notices = [
        Notice::Standing {
            ask: Some(ask),
            availability: Availability::Available,
            trip: None,
            last_trip: false,
            homeward_until: None,
        },
        Notice::Promised { offer: offer_id(), ask },
        Notice::Declined { offer: offer_id(), ask },
        Notice::Trip { trip: trip(Stage::EnRoute { driver: ann() }, 2), ask: Some(ask) },
        Notice::Refused { ask, why: Refusal::OfferGone { offer: offer_id() } },
    ];
    for notice in &notices {
        assert_eq!(json(&ToDriver::notice(notice, at(0)).unwrap())["re"], 31, "{notice:?}");
    }
    let unasked = Notice::Standing {
        ask: None,
        availability: Availability::OnBreak,
        trip: None,
        last_trip: false,
        homeward_until: None,
    };
    let expected = serde_json::json!({"type": "standing", "availability": "on_break", "last_trip": false});
    assert_eq!(json(&ToDriver::notice(&unasked, at(0)).unwrap()), expected);
    let withdrawn = Notice::Withdrawn { offer: offer_id(), why: Withdrawal::TripEnded };
    assert_eq!(json(&ToDriver::notice(&withdrawn, at(0)).unwrap())["why"], "trip_ended");
    let trip = trip_id();
    let told = |notice| json(&ToDriver::notice(&notice, at(0)).unwrap());
    let asked = told(Notice::AreYouComing { trip, reason: GiveBackReason::WentDark });
    assert_eq!(asked, serde_json::json!({"type": "are_you_coming", "trip": trip.to_string(), "why": "went_dark"}));
    let taken = told(Notice::TakenBack { trip, reason: GiveBackReason::DroveAway });
    assert_eq!(taken, serde_json::json!({"type": "taken_back", "trip": trip.to_string(), "why": "drove_away"}));
    assert_eq!(
        told(Notice::PutOnBreak { unanswered: 3 }),
        serde_json::json!({"type": "put_on_break", "unanswered": 3})
    );
    let homeward_until = Some(at(60_000));
    let (ask, availability) = (None, Availability::Available);
    let home = told(Notice::Standing { ask, availability, trip: None, last_trip: false, homeward_until });
    assert_eq!(home["home_for_ms"], 60_000);
}

#[test]
fn a_refusal_says_what_stands_in_the_way() {
    let refused = |why| json(&ToDriver::refused(Some(1), &why));
    let told = refused(Refusal::IllegalStep { from: StageName::EnRoute, wanted: "picked_up" });
    assert_eq!((&told["code"], &told["state"]), (&"illegal_step".into(), &"en_route".into()));
    assert_eq!(told["message"], "a trip that is en_route cannot be picked_up");
    let told = refused(Refusal::Busy { retry_after: Duration::from_millis(250) });
    assert_eq!((&told["code"], &told["retry_after_ms"]), (&"busy".into(), &250.into()));
    let told = refused(Refusal::TooEarly { retry_after: Duration::from_secs(9) });
    assert_eq!((&told["code"], &told["retry_after_ms"]), (&"too_early".into(), &9_000.into()));
    let told = refused(Refusal::Capped { cap: dispatch::Cap::GoHome, retry_after: Duration::from_secs(1) });
    assert_eq!((&told["code"], &told["retry_after_ms"]), (&"go_home_used_up".into(), &1_000.into()));
    assert_eq!(refused(Refusal::NotYourTrip { trip: trip_id() })["trip"], trip_id().to_string());
}

// ---- trips -------------------------------------------------------------------------------------------------------

fn view(stage: Stage, version: u32, car: Option<CarPosition>) -> TripView {
    use StageName::{Arrived, EnRoute, InProgress, Searching};
    let steps = [Searching, EnRoute, Arrived, InProgress, stage.name()];
    let mut history: Vec<_> = (1..).zip(steps).map(|(step, name)| (step, name, at(1_000 * u64::from(step)))).collect();
    history.truncate(usize::try_from(version).unwrap());
    TripView {
        trip: trip(stage, version),
        car,
        eta: None,
        next_stop_eta: None,
        history,
        offers: 1,
        shared_with: 0,
        promise: None,
        promised: None,
    }
}

fn car(lat: f64) -> Option<CarPosition> {
    Some(CarPosition { point: Point::new(lat, -73.98).unwrap(), at: at(4_000), heading: None, accuracy: None })
}

fn told(told: &mut Told, view: &TripView) -> Vec<String> {
    let show = |news: News<'_>| {
        let news = json(&news);
        assert_eq!(news["type"], "trip");
        let car = news["car"]["lat"].as_f64().map_or(String::new(), |lat| format!(" car at {lat}"));
        format!("{} {}{car}", news["version"], news["state"].as_str().unwrap())
    };
    told.news(view, at(6_000), &FarePolicy::default()).into_iter().map(show).collect()
}

#[test]
fn a_watcher_hears_every_state_once_and_in_order_even_those_it_slept_through() {
    let mut so_far = Told::default();
    assert_eq!(told(&mut so_far, &view(Stage::Searching, 1, None)), ["1 searching"]);
    assert_eq!(told(&mut so_far, &view(Stage::Searching, 1, None)), [""; 0]);
    assert_eq!(told(&mut so_far, &view(Stage::Arrived { driver: ann() }, 3, None)), ["2 en_route", "3 arrived"]);
    let ended = view(Stage::Completed { driver: ann() }, 5, None);
    assert!(!so_far.has_ended(&ended));
    assert_eq!(told(&mut so_far, &ended), ["4 in_progress", "5 completed"]);
    assert!(so_far.has_ended(&ended));
    assert_eq!(told(&mut so_far, &ended), [""; 0]);
}

#[test]
fn a_late_watcher_begins_with_how_it_stands() {
    let mut so_far = Told::default();
    assert_eq!(told(&mut so_far, &view(Stage::Arrived { driver: ann() }, 3, None)), ["3 arrived"]);
}

#[test]
fn a_car_that_moves_is_told_and_one_that_stands_is_not() {
    let mut so_far = Told::default();
    let en_route = |car| view(Stage::EnRoute { driver: ann() }, 2, car);
    assert_eq!(told(&mut so_far, &en_route(None)), ["2 en_route"]);
    assert_eq!(told(&mut so_far, &en_route(car(40.7))), ["2 en_route car at 40.7"]);
    assert_eq!(told(&mut so_far, &en_route(car(40.7))), [""; 0]);
    assert_eq!(told(&mut so_far, &en_route(car(40.8))), ["2 en_route car at 40.8"]);
}

#[test]
fn a_trip_says_all_there_is_to_know() {
    let mut view = view(Stage::EnRoute { driver: ann() }, 2, car(40.7));
    view.eta = Some(Eta { time: Duration::from_secs(90), by: "zones", instead_of: None });
    let expected = serde_json::json!({
        "id": trip_id().to_string(), "state": "en_route", "version": 2, "rider": "eve", "driver": "ann",
        "pickup": {"lat": 40.75, "lon": -73.98}, "dropoff": {"lat": 40.76, "lon": -73.97},
        "requested_at_ms": 1000, "since_ms": 2000, "car": {"lat": 40.7, "lon": -73.98, "age_ms": 2000, "uncertainty_m": 48},
        "eta_ms": 90000, "eta_source": "zones", "offers": 1,
        "history": [{"version": 1, "state": "searching", "at_ms": 1000}, {"version": 2, "state": "en_route", "at_ms": 2000}],
    });
    assert_eq!(json(&TripBody::now(&view, at(6_000), &FarePolicy::default())), expected);
}

#[test]
fn a_rider_who_called_off_is_told_what_it_costs_by_stage_and_in_money() {
    let told = |fee, fare: Option<i64>| {
        let (by, reason) = (Party::Rider, CancelReason::ChangedMind);
        let mut view = view(Stage::Cancelled { by, driver: None, reason, fee }, 3, None);
        view.trip.order.fare = fare.map(|minor| Fare::new(minor, Currency::default(), Surge::NONE).unwrap());
        json(&TripBody::now(&view, at(6_000), &FarePolicy::default()))
    };
    // The economy tariff asks for 350 cents of whoever does not come, and for half of it before.
    for (fee, minor) in [(FeeStage::Free, 0), (FeeStage::Late, 175), (FeeStage::NoShow, 350)] {
        let told = told(fee, Some(1_250));
        assert_eq!(told["cancellation_fee_stage"], fee.as_str());
        assert_eq!(told["cancellation_fee"], serde_json::json!({"amount_minor": minor, "currency": "USD"}));
    }
    assert_eq!(told(FeeStage::NoShow, Some(99))["cancellation_fee"]["amount_minor"], 99, "never more than the ride");
    assert_eq!(told(FeeStage::NoShow, None).get("cancellation_fee"), None, "nothing was agreed");
    let rides = view(Stage::EnRoute { driver: ann() }, 2, None);
    assert_eq!(json(&TripBody::now(&rides, at(6_000), &FarePolicy::default())).get("cancellation_fee"), None);
}

#[test]
fn an_eta_says_who_it_is_from_and_whom_it_stands_in_for() {
    let mut view = view(Stage::EnRoute { driver: ann() }, 2, car(40.7));
    assert_eq!(
        json(&TripBody::now(&view, at(6_000), &FarePolicy::default())).get("eta_source"),
        None,
        "no time, and nobody who says it"
    );
    view.eta = Some(Eta { time: Duration::from_secs(61), by: "straight_line", instead_of: Some("roads") });
    let told = json(&TripBody::now(&view, at(6_000), &FarePolicy::default()));
    assert_eq!((&told["eta_ms"], &told["eta_source"]), (&61_000.into(), &"straight_line".into()));
    assert_eq!(told["eta_instead_of"], "roads");
}

#[test]
fn a_request_needs_two_places_and_may_say_more() {
    let read = NewTripBody::read(r#"{"pickup":{"lat":40.75,"lon":-73.98},"dropoff":{"lat":40.76,"lon":-73.97}}"#);
    assert_eq!(read, Ok(NewTripBody { order: Order::new(here(), there()), quote: None }));
    for (text, code, field) in [
        (
            r#"{"pickup":{"lat":0,"lon":0},"dropoff":{"lat":0,"lon":0},"pickup_at_ms":-1}"#,
            Code::BadValue,
            "pickup_at_ms",
        ),
        (
            r#"{"pickup":{"lat":0,"lon":0},"dropoff":{"lat":0,"lon":0},"pickup_at_ms":281474976710656}"#,
            Code::BadValue,
            "pickup_at_ms",
        ),
        (r#"{"pickup":{"lat":0,"lon":0},"dropoff":{"lat":0,"lon":0},"shared":1}"#, Code::BadValue, "shared"),
        (r#"{"pickup":{"lat":0,"lon":0}}"#, Code::MissingField, "dropoff"),
        (r#"{"pickup":{"lat":0},"dropoff":{"lat":0,"lon":0}}"#, Code::MissingField, "pickup.lon"),
        (r#"{"pickup":{"lat":0,"lon":0},"dropoff":{"lat":0,"lon":181}}"#, Code::BadValue, "dropoff.lon"),
        (r#"{"pickup":{"lat":0,"lon":0},"dropoff":{"lat":0,"lon":0},"price":1}"#, Code::UnknownField, "price"),
        (r#"{"pickup":{"lat":0,"lon":0},"dropoff":"home"}"#, Code::BadValue, "dropoff"),
    ] {
        let mistake = NewTripBody::read(text).unwrap_err();
        assert_eq!((mistake.code, mistake.field.as_deref()), (code, Some(field)), "{text}");
    }
}

#[test]
fn what_else_a_rider_asks_for_is_read_and_told_back() {
    let plain = Order::new(here(), there());
    let places = r#""pickup":{"lat":40.75,"lon":-73.98},"dropoff":{"lat":40.76,"lon":-73.97}"#;
    for (more, order) in [
        (r#"{"pickup_at_ms":9000}"#, Order { pickup_at: Some(at(9_000)), ..plain }),
        (r#"{"shared":true}"#, Order { shared: true, ..plain }),
    ] {
        let text = format!("{{{places},{}", &more[1..]);
        assert_eq!(NewTripBody::read(&text), Ok(NewTripBody { order, quote: None }));
        let mut told = view(Stage::Searching, 1, None);
        told.trip.order = order;
        let offer = Offer { id: offer_id(), order, pickup_eta: Duration::ZERO, until: at(20_000), after: None };
        let offer = Notice::Offer(offer);
        let told = [
            json(&DriverTrip::from(&told.trip)),
            json(&TripBody::now(&told, at(1), &FarePolicy::default())),
            json(&ToDriver::notice(&offer, at(1)).unwrap()),
        ];
        for told in told {
            for (field, value) in serde_json::from_str::<serde_json::Map<_, _>>(more).unwrap() {
                assert_eq!(told[&field], value, "{told}");
            }
            assert_eq!(told.get("fare"), None, "{told}");
        }
    }
    let fare = Fare::new(1_250, Currency::default(), Surge::percent(130).unwrap()).unwrap();
    let mut priced = trip(Stage::Searching, 1);
    priced.order.fare = Some(fare);
    let told = serde_json::json!({"amount_minor": 1250, "currency": "USD", "surge": 1.3});
    assert_eq!(json(&DriverTrip::from(&priced))["fare"], told);
}

// ---- vehicles and needs ------------------------------------------------------------------------------------------

#[test]
fn what_a_vehicle_cannot_be_is_named_with_what_it_can() {
    for (vehicle, code, field, value, allowed) in [
        (r#"{"class":"tank"}"#, Code::BadValue, "vehicle.class", Some("tank"), "economy, comfort, xl or premium"),
        (r#"{"class":7}"#, Code::BadValue, "vehicle.class", Some("7"), "economy, comfort, xl or premium"),
        (r#"{"seats":0}"#, Code::BadValue, "vehicle.seats", Some("0"), "a whole number from 1 to 8"),
        (r#"{"seats":9}"#, Code::BadValue, "vehicle.seats", Some("9"), "a whole number from 1 to 8"),
        (r#"{"seats":4.5}"#, Code::BadValue, "vehicle.seats", Some("4.5"), "a whole number from 1 to 8"),
        (r#"{"seats":"4"}"#, Code::BadValue, "vehicle.seats", Some("\"4\""), "a whole number from 1 to 8"),
        (r#"{"seats":-1}"#, Code::BadValue, "vehicle.seats", Some("-1"), "a whole number from 1 to 8"),
        (r#"{"seats":1e999}"#, Code::BadValue, "vehicle.seats", Some("1e999"), "a whole number from 1 to 8"),
        (r#"{"wheelchair":1}"#, Code::BadValue, "vehicle.wheelchair", Some("1"), "true or false"),
        (r#"{"pets":"true"}"#, Code::BadValue, "vehicle.pets", Some("\"true\""), "true or false"),
        (r#"{"wings":2}"#, Code::UnknownField, "vehicle.wings", None, "class, seats, wheelchair, pets"),
        (r#"{"seats":2,"seats":4}"#, Code::RepeatedField, "vehicle.seats", None, "once"),
        (r#""van""#, Code::BadValue, "vehicle", Some("\"van\""), "a JSON object"),
    ] {
        let text = format!(r#"{{"type":"online","id":3,"lat":1,"lon":2,"vehicle":{vehicle}}}"#);
        let Unreadable { re, mistake } = FromDriver::read(&text).unwrap_err();
        assert_eq!((re, mistake.code, mistake.field.as_deref()), (Some(3), code, Some(field)), "{text}");
        assert_eq!((mistake.value.as_deref(), mistake.allowed.as_deref()), (value, Some(allowed)), "{text}");
    }
}
