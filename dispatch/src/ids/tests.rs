use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn a_trip_name_carries_its_home_and_its_time(
        lat in -90.0..=90.0, lon in -180.0..=180.0, resolution in 0u8..=SHARD_RESOLUTION_MAX, millis in 0u64..1 << 48, chance: u64,
    ) {
        let home = ShardId::of(Point::new(lat, lon).unwrap(), Resolution::new(resolution).unwrap());
        let trip = TripId::new(Timestamp::from_millis(millis), home, chance);
        prop_assert_eq!(trip.home(), home);
        prop_assert_eq!(trip.requested_at().millis(), millis);
        prop_assert_eq!(trip.to_string().parse(), Ok(trip));
        let offer = OfferId { trip, epoch: Epoch(7), attempt: 3 };
        prop_assert_eq!(offer.to_string().parse(), Ok(offer));
    }

    #[test]
    fn no_text_makes_a_name_panic(text in ".{0,80}") {
        let _ = text.parse::<TripId>();
        let _ = text.parse::<OfferId>();
        let _ = DriverId::new(&text);
    }
}

#[test]
fn names_of_people_are_short_and_plain() {
    assert!(DriverId::new("auth0|5f7c8ec7c33c6c004bbafe82").is_ok());
    assert!(DriverId::new("").is_err());
    assert!(DriverId::new(&"a".repeat(65)).is_err());
    let refused = RiderId::new("eve\n").unwrap_err().to_string();
    assert_eq!(refused, r#"rider is "eve\n", allowed is 1 to 64 letters, digits or any of . _ : @ | -"#);
}

#[test]
fn a_uuid_of_another_kind_is_no_trip() {
    assert!("f47ac10b-58cc-4372-a567-0e02b2c3d479".parse::<TripId>().is_err());
    assert!("00000000-0000-0000-0000-000000000000".parse::<TripId>().is_err());
}
