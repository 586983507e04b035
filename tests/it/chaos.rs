//! A minute of chaos: everything under a city of real clients breaks, and the books agree.

use std::time::Duration;

use simulations::chaos::{Plan, Under, run};

use crate::server::binary;

/// Runs on threads of its own, as the command does.
fn survives(under: Under, seconds: u64) {
    let hansom = binary("hansom");
    let plan = Plan { seed: 20_261, lasts: Duration::from_secs(seconds), drivers: 80, under, hansom };
    let chaos = run(&plan, &mut |said| println!("{said}")).unwrap();
    println!("{}", chaos.text());
    assert!(chaos.holds(), "{:?}", chaos.report.violations);
    assert!(chaos.riders_hit > 0, "a city at rest cannot show anything");
    assert!(chaos.faults.len() >= 4, "most kinds of fault were made: {:?}", chaos.faults);
    assert!(chaos.report.sums.completed > 10, "trips went on to their end: {:?}", chaos.report.sums);
    let (asked, kept) = (chaos.report.sums.requested, chaos.report.journal.requested);
    assert_eq!(asked, kept, "each request became one trip, however often it was sent");
}

#[test]
fn a_city_on_postgres_loses_nothing_whatever_breaks_under_it() {
    survives(Under::Postgres, 40);
}

#[test]
fn a_city_on_sqlite_loses_nothing_whatever_breaks_under_it() {
    survives(Under::Sqlite, 25);
}
