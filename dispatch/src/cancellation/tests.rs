use std::time::Duration;

use geo::{Point, Resolution};

use super::*;
use crate::{DriverId, Event, Order, RiderId, ShardId, TripId};

fn at(second: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000) + Duration::from_secs(second)
}

/// A trip asked for at second 0, accepted at 10, whose driver arrived at 200.
fn trip(steps: usize) -> Trip {
    let here = Point::new(40.75, -73.98).unwrap();
    let asked = Event::Requested { rider: RiderId::new("eve").unwrap(), order: Order::new(here, here) };
    let id = TripId::new(at(0), ShardId::of(here, Resolution::SHARD), 1);
    let later = [
        (10, Event::Assigned { driver: DriverId::new("ann").unwrap() }),
        (200, Event::DriverArrived),
        (300, Event::PickedUp),
    ];
    let step = |trip: Trip, (second, event): &(u64, Event)| trip.apply(event, at(*second)).unwrap();
    later[..steps].iter().fold(Trip::begin(id, &asked, at(0)).unwrap(), step)
}

#[test]
fn a_rider_pays_for_a_car_that_is_well_on_its_way_and_for_one_that_waited() {
    let policy = Policy::default();
    let fee = |steps, second| fee_stage(&trip(steps), Party::Rider, CancelReason::ChangedMind, at(second), &policy);
    assert_eq!(fee(0, 299), FeeStage::Free);
    assert_eq!(fee(1, 129), FeeStage::Free);
    assert_eq!(fee(1, 130), FeeStage::Late);
    assert_eq!(fee(2, 201), FeeStage::Late);
    assert_eq!(fee(2, 380), FeeStage::NoShow);
}

#[test]
fn before_the_moment_wished_for_nobody_is_late() {
    let policy = Policy::default();
    let mut early = trip(2);
    early.order.pickup_at = Some(at(1_000));
    let fee = |second| fee_stage(&early, Party::Rider, CancelReason::ChangedMind, at(second), &policy);
    assert_eq!((fee(999), fee(1_179), fee(1_180)), (FeeStage::Late, FeeStage::Late, FeeStage::NoShow));
    assert_eq!(no_show_in(&early, at(500), &policy), Duration::from_secs(680));
}

#[test]
fn what_the_city_or_the_driver_calls_off_is_free_unless_the_rider_did_not_come() {
    let policy = Policy::default();
    let fee = |steps, by, reason| fee_stage(&trip(steps), by, reason, at(9_000), &policy);
    assert_eq!(fee(1, Party::System, CancelReason::PickupTooLate), FeeStage::Free);
    assert_eq!(fee(2, Party::System, CancelReason::Ops), FeeStage::Free);
    assert_eq!(fee(2, Party::System, CancelReason::RiderNoShow), FeeStage::NoShow);
    assert_eq!(fee(2, Party::Driver, CancelReason::RiderNoShow), FeeStage::NoShow);
    assert_eq!(fee(3, Party::System, CancelReason::RideTooLong), FeeStage::Free);
}

#[test]
fn a_reason_is_read_as_it_is_written_and_belongs_to_somebody() {
    for reason in CancelReason::ALL {
        assert_eq!(reason.as_str().parse(), Ok(*reason));
        assert!([Party::Rider, Party::Driver, Party::System].iter().any(|&party| reason.is_of(party)));
        assert_eq!(CancelReason::ALLOWED.contains(reason.as_str()), reason.is_of(Party::Rider), "{reason}");
    }
    for reason in GiveBackReason::ALL {
        assert_eq!(reason.as_str().parse(), Ok(*reason));
        assert_eq!(GiveBackReason::ALLOWED.contains(reason.as_str()), reason.is_of(Party::Driver), "{reason}");
    }
    assert_eq!("because".parse::<CancelReason>(), Err(NotACancelReason("because".to_owned())));
}
