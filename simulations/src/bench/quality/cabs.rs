//! Cabs of San Francisco, 2008-05-30: real GPS, trips derived from it, served by no more cars than really drove.
//!
//! Lives here: which rows the case has and what is hoped of them.
//! Stays out: where the data is ([`super::data_file`]), what the traces say (`traces`), the ground (`ground`), the day
//! ([`super::play`]).
//! Touch with care: the rule is that a rider asks at the moment at which the real cab picked up, and is picked up within
//! 300 s of it or lost. A ride lasts as long as the real one; drives without a rider are estimated from the traces. Cars
//! start where as many real cabs were first seen that day, and each is at work all day, as a cab with shifts of drivers is;
//! the 487 real ones were on the air for 17 h on average. The forecast has seen nothing when the day begins: there is no
//! other day in the data.

mod ground;
mod traces;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dispatch::{Forecast, Policy, Timestamp, Weights};
use geo::{StraightLine, Travel};

use super::play::{self, Played, Rules};
use crate::bench::{Progress, Row, Settings, Target};

use ground::DayOfCabs;

/// How many cabs had trips that day.
const REAL_CABS: usize = 487;
/// Thirty in a hundred fewer: what Vazifeh et al., Nature 557 (2018), found for New York, on-line.
const FEWER_CABS: usize = 341;
/// A fleet is large enough when it serves this share, in per cent.
const ENOUGH: f64 = 99.0;
/// San Francisco's clocks in May.
const UTC_OFFSET_MIN: i16 = -7 * 60;
/// How much of the day a quick run plays: three hours.
const QUICK_MS: u64 = 3 * 3_600_000;
const REAL: &str = "cabs that really drove";
const VAZIFEH: &str = "30 % fewer cabs (Vazifeh 2018)";

/// What was found.
#[derive(Clone, Copy, Debug)]
struct Found {
    /// The smallest fleet that served enough.
    least: Option<usize>,
    real: Played,
    fewer: Played,
}

/// The rows of this case that the settings want.
pub(super) fn rows(settings: &Settings) -> Vec<Row> {
    let wanted = |row: &Row| settings.wants(&format!("{} vs {}", row.name, row.peer_name));
    if !make_rows(None).iter().any(wanted) {
        return Vec::new();
    }
    let found = super::data_file(settings, "cabspotting/trips_2008-05-30.csv.gz")
        .and_then(|file| measure(settings, file.parent().unwrap_or(Path::new("."))));
    let rows: Vec<Row> = match found {
        Ok(found) => make_rows(Some(found)),
        Err(why) => make_rows(None).into_iter().map(|row| row.because(why.clone())).collect(),
    };
    rows.into_iter().filter(wanted).collect()
}

fn make_rows(found: Option<Found>) -> Vec<Row> {
    let (real, fewer) = (REAL_CABS as f64, FEWER_CABS as f64);
    let least = found.and_then(|found| found.least).map(|least| least as f64);
    let percent = |of: fn(&Found) -> Played| found.as_ref().map(|found| of(found).served_percent());
    let every = Some(100.0);
    vec![
        Row::new("cabs cars needed to serve 99 %", "cars", least, (REAL, Some(real)), Some(Target::at_most(real))),
        Row::new("cabs cars needed to serve 99 %", "cars", least, (VAZIFEH, Some(fewer)), None),
        Row::new("cabs 487 cars served", "%", percent(|found| found.real), (REAL, every), Some(Target::at_least(99.0))),
        Row::new("cabs 341 cars served", "%", percent(|found| found.fewer), (REAL, every), None),
    ]
}

fn measure(settings: &Settings, folder: &Path) -> Result<Found, String> {
    // The two fleets and nine halvings of the range of others.
    let progress = Progress::new(12);
    progress.next("cabs: times from the traces");
    let mut day = DayOfCabs::open(folder, &mut |_| {})?;
    if settings.quick {
        day.wanted.retain(|wanted| wanted.at_ms < QUICK_MS);
    }
    progress.step();
    let policy = policy(&day)?;
    let forecast = Forecast::new(&policy.reposition, UTC_OFFSET_MIN).map_err(|why| why.to_string())?;
    let begins = Timestamp::from_millis(day.begins_ms);
    let rules = Rules { forward_ms: 120_000, begins, warm_up_ms: 0, policy };
    let serve = |cars: usize| {
        progress.next(&format!("cabs: {cars} cars"));
        let starts = day.starts(cars, settings.seed);
        let played = play::play(&day.ground, &rules, &day.wanted, &starts, forecast.clone(), &mut |_| {});
        progress.step();
        played
    };
    let (real, fewer) = (serve(REAL_CABS), serve(FEWER_CABS));
    let enough = |played: &Played| played.served_percent() >= ENOUGH;
    let (mut least, mut too_few) = match (enough(&real), enough(&fewer)) {
        (false, _) => return Ok(Found { least: None, real, fewer }),
        (true, true) => (FEWER_CABS, 1),
        (true, false) => (REAL_CABS, FEWER_CABS),
    };
    while least - too_few > 1 {
        let middle = usize::midpoint(least, too_few);
        if enough(&serve(middle)) { least = middle } else { too_few = middle }
    }
    Ok(Found { least: Some(least), real, fewer })
}

/// Production's policy, with suggestions every minute, to wherever a trip is likelier, however far: what is lost here is
/// lost in quiet quarters that no car is near, while many are idle.
fn policy(day: &DayOfCabs) -> Result<Policy, String> {
    // The line only rules out what is too far: as fast as the motorway to the airport, so that cars find back from there.
    let straight = StraightLine::new(1.4, 16.0).map_err(|why| why.to_string())?;
    let mut policy = Policy {
        version: "cabs".to_owned(),
        match_every: Duration::from_secs(10),
        weights: Weights { waiting: 0.3, ..Weights::PICKUP_ONLY },
        travel: Travel::by(Arc::new(day.ground.nodes.clone()), straight),
        utc_offset_min: UTC_OFFSET_MIN,
        ..Policy::default()
    };
    let reposition = &mut policy.reposition;
    reposition.every = Duration::from_secs(60);
    reposition.horizon = Duration::from_secs(900);
    reposition.drive_max = Duration::from_secs(3_600);
    reposition.trip_worth = Duration::from_secs(14_400);
    reposition.gain_min = Duration::from_secs(10);
    reposition.places_max = 16;
    // The first day: what was seen hours ago is all that is known of a quiet quarter.
    reposition.recent_lasts = Duration::from_secs(4 * 3_600);
    (reposition.idle_for, reposition.rest) = (Duration::ZERO, Duration::ZERO);
    reposition.stay = Duration::from_secs(60);
    policy.check().map_err(|why| why.to_string())?;
    Ok(policy)
}

#[cfg(test)]
mod tests;
