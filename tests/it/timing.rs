//! How long the way takes, and who says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dispatch::{Forward, OfferPolicy, Policy, StageName};
use expect_test::expect;
use geo::{Drive, Meters, NoDrive, Point, Travel, TravelTimes, WeekTime};

use crate::story::{check_with, watch_with};

/// A river flows 500 m north of where riders wait. From beyond it the way takes half an hour by day and ten minutes by
/// night, from this side a minute; from farther than 2 km nobody knows.
#[derive(Debug)]
struct River;

impl TravelTimes for River {
    fn name(&self) -> &'static str {
        "river"
    }

    fn drive(&self, from: Point, to: Point, at: WeekTime) -> Result<Drive, NoDrive> {
        let north_m = (from.lat() - to.lat()) * 111_194.9;
        let by_day = (6..22).contains(&(at.hour() % 24));
        let minutes = match north_m {
            ..500.0 => 1,
            ..2_000.0 if by_day => 30,
            ..2_000.0 => 10,
            _ => return Err(NoDrive::Outside { at: from }),
        };
        Ok(Drive { time: Duration::from_secs(minutes * 60), distance: Meters::whole(1_000) })
    }
}

/// Counts how often the river is asked.
#[derive(Debug, Default)]
struct Asked {
    one_way: AtomicUsize,
    many_to_one: AtomicUsize,
}

impl TravelTimes for Asked {
    fn name(&self) -> &'static str {
        River.name()
    }

    fn drive(&self, from: Point, to: Point, at: WeekTime) -> Result<Drive, NoDrive> {
        self.one_way.fetch_add(1, Ordering::Relaxed);
        River.drive(from, to, at)
    }

    fn drives_to(&self, from: &[Point], to: Point, at: WeekTime) -> Vec<Result<Drive, NoDrive>> {
        self.many_to_one.fetch_add(1, Ordering::Relaxed);
        River.drives_to(from, to, at)
    }
}

fn by_the_river() -> Policy {
    let policy = Policy::default();
    let travel = Travel::by(Arc::new(River), policy.travel.straight_line());
    // The whole city at once: what is tested here is the order.
    let offers = OfferPolicy { radius: policy.pickup_within, ..OfferPolicy::default() };
    Policy { travel, offers, ..policy }
}

#[test]
fn the_driver_who_is_there_sooner_is_asked_and_not_the_one_who_is_nearer() {
    check_with(
        by_the_river(),
        "
        0s  ann online 600m
        0s  bob online -900m
        0s  eve requests
        2s  time passes
        ",
        expect![[r#"
            0s ann is available
            0s bob is available
            0s eve's trip is searching
            2s offer eve to bob until 14s
        "#]],
    );
}

#[test]
fn a_driver_nobody_knows_the_way_of_is_matched_along_a_straight_line() {
    // A straight line of 4 km takes ann 17 minutes, the river says ten of bob: it is two in the morning.
    let story = "
        0s  ann online 4000m
        0s  bob online 600m
        0s  eve requests
        2s  time passes
        ";
    check_with(
        by_the_river(),
        story,
        expect![[r#"
            0s ann is available
            0s bob is available
            0s eve's trip is searching
            2s offer eve to bob until 14s
        "#]],
    );
    // The same moment, ten hours farther east: now it says half an hour.
    check_with(
        Policy { utc_offset_min: 600, ..by_the_river() },
        story,
        expect![[r#"
            0s ann is available
            0s bob is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
        "#]],
    );
}

#[test]
fn a_rider_is_told_how_long_and_by_whom() {
    let (told, _) = watch_with(
        by_the_river(),
        "
        0s   ann online 3000m
        0s   eve requests
        3s   ann accepts
        4s   ann moves 2500m
        34s  ann moves 1000m
        64s  ann moves 100m
        70s  ann arrives
        71s  time passes
        ",
    );
    let mut seen: Vec<String> = Vec::new();
    for view in told.iter().filter(|view| view.trip.stage.name() != StageName::Searching) {
        let eta = view.eta.map_or("no time".to_owned(), |eta| {
            let instead = eta.instead_of.map(|chosen| format!(" instead of {chosen}")).unwrap_or_default();
            format!("{} s by {}{instead}", eta.time.as_secs(), eta.by)
        });
        let line = format!("{}: {eta}", view.trip.stage.name());
        if seen.last() != Some(&line) {
            seen.push(line);
        }
    }
    expect![[r#"
        en_route: no time
        en_route: 762 s by straight_line instead of river
        en_route: 635 s by straight_line instead of river
        en_route: 600 s by river
        en_route: 60 s by river
        arrived: no time"#]]
    .assert_eq(&seen.join("\n"));
}

#[test]
fn a_provider_is_asked_once_for_a_rider_and_once_for_each_position_of_the_car() {
    let (asked, straight) = (Arc::new(Asked::default()), Policy::default().travel.straight_line());
    let travel = Travel::by(Arc::clone(&asked) as Arc<dyn TravelTimes>, straight);
    let (told, counts) = watch_with(
        // Whether a driver is about to be free is one more question, for whoever wants to know.
        Policy { travel, forward: Forward { within: Duration::ZERO, ..Forward::default() }, ..Policy::default() },
        "
        0s   ann online 100m
        0s   bob online 2100m
        0s   kim online 2200m
        0s   eve requests
        3s   ann accepts
        4s   ann moves 50m
        5s   ann arrives
        6s   ann picks up
        7s   ann moves -100m
        8s   ann drops off
        9s   time passes
        ",
    );
    assert_eq!(asked.many_to_one.load(Ordering::Relaxed), 1, "one rider, one question, three drivers");
    assert_eq!(counts.etas_fallback, 2, "of bob and kim the river knows nothing");
    let timed = told.iter().filter(|view| view.eta.is_some()).count();
    assert_eq!(timed, 4, "on the way, nearer, on board, farther");
    assert_eq!(asked.one_way.load(Ordering::Relaxed), timed + 1, "and once for the price of the ride");
}
