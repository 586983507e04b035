use proptest::prelude::*;

use super::*;

/// 2026-11-23, a Monday, 00:00 UTC.
const MONDAY: u64 = 1_795_392_000_000;

fn at(hours: f64) -> Timestamp {
    Timestamp::from_millis(MONDAY + (hours * 3_600_000.0) as u64)
}

#[test]
fn a_moment_falls_into_the_slot_of_its_kind_of_day_by_the_citys_clocks() {
    let slots = Slots::new(15, DayKinds::WorkAndWeekend, 60).unwrap();
    assert_eq!(slots.count(), 192);
    assert_eq!(slots.at(at(0.0)), 4, "it is 1 o'clock there");
    assert_eq!(slots.at(at(24.0 + 6.3)), 29);
    assert_eq!(slots.at(at(4.0 * 24.0 + 23.5)), 96 + 2, "Saturday has begun");
    assert_eq!(Slots::new(60, DayKinds::Alike, 0).unwrap().at(at(5.0 * 24.0 + 7.0)), 7);
    assert_eq!(Slots::new(60, DayKinds::SevenDays, 0).unwrap().at(at(5.0 * 24.0 + 7.0)), 5 * 24 + 7);
}

#[test]
fn a_day_is_cut_into_whole_slots_or_refused() {
    for bad in [0, 4, 7, 25, 480] {
        let error = Slots::new(bad, DayKinds::Alike, 0).unwrap_err();
        assert!(error.to_string().contains(&bad.to_string()), "{error}");
    }
}

#[test]
fn the_slots_around_one_are_of_the_same_kind_of_day() {
    let slots = Slots::new(60, DayKinds::WorkAndWeekend, 0).unwrap();
    assert_eq!(slots.around(0), [23, 1]);
    assert_eq!(slots.around(24), [47, 25]);
}

proptest! {
    #[test]
    fn slots_follow_each_other_without_a_hole(ms in 0..4_000_000_000_000u64, kinds in 0..3usize, offset in -720..840i16) {
        let kinds = [DayKinds::Alike, DayKinds::WorkAndWeekend, DayKinds::SevenDays][kinds];
        let slots = Slots::new(15, kinds, offset).unwrap();
        let now = Timestamp::from_millis(ms);
        let next = now + slots.left(now);
        prop_assert!(slots.left(now) <= slots.lasts() && slots.left(now) > Duration::ZERO);
        prop_assert!((0.0..1.0).contains(&slots.share_over(now)));
        prop_assert_eq!(slots.running(next), slots.running(now) + 1);
        prop_assert_eq!(slots.of_running(slots.running(now)), slots.at(now));
        prop_assert_eq!(slots.of_running(slots.running(next)), slots.at(next));
    }
}
