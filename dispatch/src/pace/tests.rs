use std::time::Duration;

use geo::{Point, Resolution};

use super::*;
use crate::{
    CadencePolicy, DriverId, Epoch, Event, Offer, OfferId, Order, Policy, RiderId, ShardId, Timestamp, Trip, TripId,
    Withdrawal,
};

fn searching() -> Trip {
    let here = Point::new(40.75, -73.98).unwrap();
    let id = TripId::new(Timestamp::from_millis(1), ShardId::of(here, Resolution::SHARD), 1);
    let asked = Event::Requested { rider: RiderId::new("eve").unwrap(), order: Order::new(here, here) };
    Trip::begin(id, &asked, Timestamp::from_millis(1)).unwrap()
}

fn offer(after: Option<TripId>) -> Notice {
    let trip = searching();
    let id = OfferId { trip: trip.id, epoch: Epoch(1), attempt: 1 };
    let until = Timestamp::from_millis(9);
    Notice::Offer(Offer { id, order: trip.order, pickup_eta: Duration::from_secs(60), until, after })
}

fn standing(availability: Availability, last_trip: bool) -> Notice {
    Notice::Standing { ask: None, availability, trip: None, last_trip, homeward_until: None }
}

/// The pace after each of these.
fn paces(notices: &[Notice]) -> Vec<Pace> {
    let mut heard = Heard::default();
    let pace = |notice| {
        heard.hear(notice);
        heard.pace()
    };
    notices.iter().map(pace).collect()
}

/// A ride, step by step.
fn ride() -> Vec<Trip> {
    let events = [
        Event::Assigned { driver: DriverId::new("ann").unwrap() },
        Event::DriverArrived,
        Event::PickedUp,
        Event::DroppedOff,
    ];
    let mut trip = searching();
    let step = |event: &Event| {
        trip = trip.apply(event, Timestamp::from_millis(2)).unwrap();
        trip.clone()
    };
    events.iter().map(step).collect()
}

fn ridden() -> Vec<Notice> {
    ride().into_iter().map(|trip| Notice::Trip { trip, ask: None }).collect()
}

#[test]
fn a_phone_is_followed_as_closely_as_somebody_looks_at_it() {
    let withdrawn = Notice::Withdrawn {
        offer: OfferId { trip: searching().id, epoch: Epoch(1), attempt: 1 },
        why: Withdrawal::Expired,
    };
    let day = [
        standing(Availability::Offline, false),
        standing(Availability::Available, false),
        Notice::Demand { near: true },
        Notice::Demand { near: false },
        offer(None),
        withdrawn,
    ];
    let expected = [Pace::Off, Pace::Idle, Pace::NearDemand, Pace::Idle, Pace::NearDemand, Pace::Idle];
    assert_eq!(paces(&day), expected);
    let mut ride = ridden();
    ride.insert(0, standing(Availability::Available, false));
    assert_eq!(paces(&ride), [Pace::Idle, Pace::EnRoute, Pace::EnRoute, Pace::OnTrip, Pace::Idle]);
}

#[test]
fn the_last_trip_ends_off_line() {
    let mut ride = ridden();
    ride.insert(1, standing(Availability::EnRoute, true));
    assert_eq!(paces(&ride).last(), Some(&Pace::Off));
}

#[test]
fn an_offer_during_a_ride_does_not_change_how_closely_it_is_followed() {
    let mut ride = ridden();
    ride.truncate(3);
    ride.push(offer(Some(searching().id)));
    assert_eq!(paces(&ride).last(), Some(&Pace::OnTrip));
}

#[test]
fn a_city_that_slows_down_never_loses_sight_of_a_driver() {
    let (cadence, fresh) = (CadencePolicy::default(), Policy::default().position_fresh_for);
    assert_eq!(cadence.every(Pace::OnTrip, 1, fresh), Duration::from_secs(2));
    assert_eq!(cadence.every(Pace::OnTrip, 4, fresh), Duration::from_secs(8));
    assert_eq!(cadence.every(Pace::OnTrip, 100, fresh), Duration::from_secs(8), "no slower than the policy says");
    assert_eq!(cadence.every(Pace::Idle, 4, fresh), fresh / 2);
    assert_eq!(cadence.every(Pace::Off, 4, fresh), Duration::from_secs(20), "never faster than when all is well");
}

#[test]
fn a_cadence_that_would_lose_drivers_is_refused() {
    let mut policy = Policy::default();
    policy.cadence.idle = policy.position_fresh_for;
    assert_eq!(policy.check().unwrap_err().field, "cadence.idle");
    policy.cadence = CadencePolicy { slowdown_max: 0, ..CadencePolicy::default() };
    assert_eq!(policy.check().unwrap_err().field, "cadence.slowdown_max");
}
