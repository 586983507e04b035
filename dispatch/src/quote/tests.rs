use std::time::Duration;

use geo::Point;

use super::*;
use crate::{Currency, Needs, Surge};

fn north(metres: f64) -> Point {
    Point::new(40.75 + metres / 111_195.0, -73.98).unwrap()
}

fn eve() -> RiderId {
    RiderId::new("eve").unwrap()
}

#[test]
fn a_quote_is_honoured_for_its_rider_places_and_needs_until_its_time() {
    let (policy, until) = (FarePolicy::default(), Timestamp::from_millis(120_000));
    let fare = Fare::new(1_250, Currency::default(), Surge::NONE).unwrap();
    let asked = Order::new(north(0.0), north(2_000.0));
    let quote = Quote { rider: eve(), order: Order { fare: Some(fare), ..asked }, until };
    let honours = |now: Timestamp, rider: &RiderId, asked: Order| quote.honours(now, &policy, rider, &asked);
    assert_eq!(honours(until, &eve(), asked), Ok(Some(fare)));
    let jitter = Order { pickup: north(49.0), dropoff: north(2_049.0), ..asked };
    assert_eq!(honours(until, &eve(), jitter), Ok(Some(fare)), "a phone's position is never twice the same");
    let late = until + Duration::from_millis(1);
    assert_eq!(honours(late, &eve(), asked), Err(NotHonoured::Expired(until)));
    let others = [
        (Order { pickup: north(51.0), ..asked }, Bound::Pickup),
        (Order { dropoff: north(1_949.0), ..asked }, Bound::Dropoff),
        (Order { needs: Needs::new(None, 5, false, false).unwrap(), ..asked }, Bound::Needs),
        (Order { pickup_at: Some(until), ..asked }, Bound::PickupAt),
        (Order { shared: true, ..asked }, Bound::Shared),
    ];
    for (other, what) in others {
        assert_eq!(honours(late, &eve(), other), Err(NotHonoured::Mismatch(what)));
    }
    assert_eq!(honours(until, &RiderId::new("joe").unwrap(), asked), Err(NotHonoured::Mismatch(Bound::Rider)));
}
