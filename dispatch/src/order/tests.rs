use super::*;
use crate::{Currency, Surge};

fn order() -> Order {
    Order::new(Point::new(40.75, -73.98).unwrap(), Point::new(40.76, -73.97).unwrap())
}

fn fare(minor: i64) -> Option<Fare> {
    Some(Fare::new(minor, Currency::default(), Surge::NONE).unwrap())
}

#[test]
fn an_order_that_differs_in_anything_asked_for_is_another_one() {
    let first = Order { fare: fare(1_200), ..order() };
    assert!(first.repeats(&first));
    let others = [
        Order { pickup: first.dropoff, ..first },
        Order { dropoff: first.pickup, ..first },
        Order { needs: Needs::new(None, 1, true, false).unwrap(), ..first },
        Order { pickup_at: Some(Timestamp::from_millis(1)), ..first },
        Order { shared: true, ..first },
        Order { fare: fare(1_201), ..first },
    ];
    for other in others {
        assert!(!other.repeats(&first), "{other:?}");
    }
}

/// The price of a request without a quote is made when it arrives: sent again a minute later it may be another.
#[test]
fn an_order_without_a_fare_repeats_the_one_that_was_priced_for_it() {
    assert!(order().repeats(&Order { fare: fare(1_200), ..order() }));
    assert!(!Order { fare: fare(1_200), ..order() }.repeats(&order()), "a fare was quoted that the first did not have");
}
