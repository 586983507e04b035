//! What a car offers and what a rider needs, on the wire.

use super::*;

#[test]
fn what_a_rider_needs_is_read_and_told() {
    let read = |needs: &str| {
        let places = r#""pickup":{"lat":40.75,"lon":-73.98},"dropoff":{"lat":40.76,"lon":-73.97}"#;
        NewTripBody::read(&format!(r#"{{{places},"needs":{needs}}}"#)).map(|body| body.order.needs)
    };
    assert_eq!(read("{}"), Ok(Needs::default()));
    assert_eq!(read("null"), Ok(Needs::default()));
    let van = Needs::new(Some(Class::Xl), 6, true, false).unwrap();
    assert_eq!(read(r#"{"class":"xl","seats":6,"wheelchair":true}"#), Ok(van));
    assert_eq!(read(r#"{"pets":true}"#), Ok(Needs::new(None, 1, false, true).unwrap()));
    for (needs, field) in [
        (r#"{"seats":0}"#, "needs.seats"),
        (r#"{"class":"XL"}"#, "needs.class"),
        (r#"{"wheelchair":"no"}"#, "needs.wheelchair"),
        (r#"{"driver":"ann"}"#, "needs.driver"),
        ("[]", "needs"),
    ] {
        assert_eq!(read(needs).unwrap_err().field.as_deref(), Some(field), "{needs}");
    }

    let mut needy = trip(Stage::Searching, 1);
    needy.order.needs = van;
    let told = serde_json::json!({"class": "xl", "seats": 6, "wheelchair": true, "pets": false});
    assert_eq!(json(&DriverTrip::from(&needy))["needs"], told);
    let offer = Offer {
        id: offer_id(),
        order: Order { needs: van, ..Order::new(here(), there()) },
        pickup_eta: Duration::ZERO,
        until: at(20_000),
        after: None,
    };
    assert_eq!(json(&ToDriver::notice(&Notice::Offer(offer), at(1)).unwrap())["needs"], told);
    let plain = json(&DriverTrip::from(&trip(Stage::Searching, 1)));
    assert_eq!(plain.get("needs"), None, "one seat in any vehicle goes without saying");
}

/// The examples that apps are written from.
#[test]
fn the_protocol_shows_a_vehicle_and_needs_as_they_are_read() {
    let protocol = include_str!("../../../PROTOCOL.md");
    let from = |start: &str| &protocol[protocol.find(start).unwrap_or_else(|| panic!("{start}"))..];
    let online = from(r#"{"type":"online""#).split('`').next().unwrap();
    let vehicle = Vehicle::new(Class::Xl, 6, true, false).unwrap();
    assert_eq!(FromDriver::read(online), Ok(FromDriver::Online { id: Some(2), point: here(), vehicle, home: None }));
    let body = from(r#"{"pickup":{"lat":40.75,"lon":-73.98},"dropoff""#).lines().next().unwrap();
    let needs = Needs::new(Some(Class::Xl), 6, true, false).unwrap();
    assert_eq!(NewTripBody::read(body).map(|body| body.order.needs), Ok(needs));
    let usual = from(r#"{"class":"economy""#).split('`').next().unwrap();
    let said = FromDriver::read(&format!(r#"{{"type":"online","lat":40.75,"lon":-73.98,"vehicle":{usual}}}"#));
    assert_eq!(said, Ok(FromDriver::Online { id: None, point: here(), vehicle: Vehicle::default(), home: None }));
}
