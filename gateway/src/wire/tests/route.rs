//! The way of a ride, as it is changed and as it is told.

use dispatch::Reroute;

use super::*;

#[test]
fn another_time_of_arrival_is_told_where_the_car_has_not_moved() {
    let mut so_far = Told::default();
    let in_minutes = |minutes: u64| {
        let eta = Eta { time: Duration::from_secs(60 * minutes), by: "roads", instead_of: None };
        TripView { eta: Some(eta), ..view(Stage::EnRoute { driver: ann() }, 2, car(40.7)) }
    };
    let mut heard = |minutes: u64| {
        let news =
            so_far.news(&in_minutes(minutes), at(6_000), &FarePolicy::default()).iter().map(json).collect::<Vec<_>>();
        news.iter().map(|news| news["eta_ms"].as_u64().unwrap()).collect::<Vec<u64>>()
    };
    assert_eq!(heard(3), [180_000]);
    assert_eq!(heard(3), [0; 0]);
    assert_eq!(heard(4), [240_000], "another rider is taken in first");
}

#[test]
fn a_way_over_stops_says_which_is_next() {
    let mut view = view(Stage::InProgress { driver: ann() }, 4, car(40.7));
    view.trip.order.stops = Stops::new([there(), here()]).unwrap();
    view.trip.route = dispatch::Route { made: 1, ..dispatch::Route::default() };
    view.next_stop_eta = Some(Eta { time: Duration::from_secs(30), by: "roads", instead_of: None });
    let told = json(&TripBody::now(&view, at(6_000), &FarePolicy::default()));
    let (here, there) =
        (serde_json::json!({"lat": 40.75, "lon": -73.98}), serde_json::json!({"lat": 40.76, "lon": -73.97}));
    let reached = |place: &serde_json::Value, reached: bool| {
        let mut stop = place.clone();
        stop["reached"] = reached.into();
        stop
    };
    assert_eq!(told["stops"], serde_json::json!([reached(&there, true), reached(&here, false)]));
    assert_eq!((&told["next_stop"], &told["next_stop_eta_ms"]), (&2.into(), &30_000.into()));
    let driver = json(&DriverTrip::from(&view.trip));
    let stop = |kind: &str, stop: Option<u8>, place: &serde_json::Value| {
        let mut body = serde_json::json!({"trip": trip_id().to_string(), "kind": kind, "leg": "aboard", "rider": "eve",
            "place": place, "seats": 1});
        if let Some(number) = stop {
            body["stop"] = number.into();
        }
        body
    };
    assert_eq!(driver["stops"], serde_json::json!([stop("stop", Some(2), &here), stop("dropoff", None, &there)]));
}

#[test]
fn a_change_of_the_way_names_what_is_wrong_with_it() {
    let read = |text: &str| read_reroute(text).map_err(|mistake| (mistake.code, mistake.field.unwrap_or_default()));
    let dropoff = r#""dropoff":{"lat":40.75,"lon":-73.98}"#;
    let whole = Reroute { dropoff: Some(here()), stops: Some(Stops::new([there()]).unwrap()), seen: None };
    assert_eq!(read(&format!(r#"{{{dropoff},"stops":[{{"lat":40.76,"lon":-73.97}}]}}"#)), Ok(whole));
    assert_eq!(read(r#"{"stops":[]}"#), Ok(Reroute { stops: Some(Stops::default()), ..Reroute::default() }));
    let wrong = [
        ("{}", Code::MissingField, "dropoff"),
        (r#"{"dropoff":{"lat":91,"lon":0}}"#, Code::BadValue, "dropoff.lat"),
        (r#"{"stops":[{"lat":0,"lon":0},{"lat":0,"lon":181}]}"#, Code::BadValue, "stops[1].lon"),
        (r#"{"stops":[{"lat":0,"lon":0,"name":"x"}]}"#, Code::UnknownField, "stops[0].name"),
        (r#"{"stops":[1,2,3,4]}"#, Code::BadValue, "stops"),
        (r#"{"stops":"x"}"#, Code::BadValue, "stops"),
        (r#"{"pickup":{"lat":0,"lon":0},"stops":[]}"#, Code::UnknownField, "pickup"),
    ];
    for (text, code, field) in wrong {
        assert_eq!(read(text), Err((code, field.to_owned())), "{text}");
    }
}

#[test]
fn a_driver_may_say_which_way_a_stop_is_of() {
    let trip = trip_id();
    let read = |more: &str| FromDriver::read(&format!(r#"{{"type":"stop_reached","id":9,"trip":"{trip}"{more}}}"#));
    for (more, rerouted) in [("", None), (r#","rerouted":0"#, Some(0)), (r#","rerouted":65535"#, Some(u16::MAX))] {
        let deed = Deed::StopReached { stop: 2, rerouted };
        assert_eq!(read(&format!(r#","stop":2{more}"#)), Ok(FromDriver::Does { id: Some(9), trip, deed }));
    }
    for (more, code, field) in [
        ("", Code::MissingField, "stop"),
        (r#","stop":4"#, Code::BadValue, "stop"),
        (r#","stop":1,"rerouted":-1"#, Code::BadValue, "rerouted"),
        (r#","stop":1,"rerouted":65536"#, Code::BadValue, "rerouted"),
        (r#","stop":1,"rerouted":"1""#, Code::BadValue, "rerouted"),
        (r#","stop":1,"version":3"#, Code::UnknownField, "version"),
    ] {
        let Mistake { code: said, field: named, .. } = read(more).unwrap_err().mistake;
        assert_eq!((said, named.as_deref()), (code, Some(field)), "{more}");
    }
    let refused = json(&ToDriver::refused(Some(9), &Refusal::Outdated { version: 7 }));
    assert_eq!(
        (&refused["type"], &refused["re"], &refused["code"]),
        (&"refused".into(), &9.into(), &"outdated".into())
    );
}
