//! Dense Manhattan evening: a full-volume Thursday from 17 to 20 h on the road graph, with rates of other days.
//!
//! Lives here: which rows the case has, what is hoped of them, and under which policy it is played.
//! Stays out: where the data is ([`super::data_file`]), how it is read and what other days taught (`case`), the evening
//! ([`super::play`]).
//! Touch with care: the forecast never sees a Thursday but the one that is played, as it goes by. The rules are those of
//! the published figures: 300 s to wait, then lost; no boarding time; what is asked in the first half hour is carried but
//! not counted; cars start where riders of the hour before went, each free within nine minutes.

pub(super) mod case;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dispatch::{Policy, Weights};
use geo::{StraightLine, Travel};

use super::play::{self, Ground, Played, Rules};
use crate::bench::{Progress, Row, Settings, Target};
use crate::city::City;

/// What is asked before this is carried but not counted.
const WARM_UP_MS: u64 = 1_800_000;
/// How much of the evening a quick run plays.
const QUICK_MS: u64 = 2_700_000;
const EVENING_MS: u64 = 3 * 3_600_000;
const BATCH: &str = "batch 10 s and rebalancing by the same day's counts";
const GREEDY: &str = "greedy";

/// One fleet: how many cars, and what the peers served and let wait with as many.
struct Fleet {
    cars: usize,
    batch: (f64, f64),
    greedy: (f64, f64),
    served_at_least: Option<f64>,
    wait_at_most_s: Option<f64>,
}

const FLEETS: [Fleet; 3] = [
    Fleet { cars: 5_500, batch: (91.49, 123.2), greedy: (88.66, 126.2), served_at_least: None, wait_at_most_s: None },
    Fleet {
        cars: 6_500,
        batch: (97.11, 112.6),
        greedy: (93.69, 116.2),
        served_at_least: Some(97.1),
        wait_at_most_s: None,
    },
    Fleet {
        cars: 8_000,
        batch: (99.82, 86.1),
        greedy: (97.33, 103.9),
        served_at_least: Some(99.8),
        wait_at_most_s: Some(86.0),
    },
];

/// The rows of this case that the settings want.
pub(super) fn rows(settings: &Settings) -> Vec<Row> {
    let wanted = |row: &Row| settings.wants(&format!("{} vs {}", row.name, row.peer_name));
    let fleets: Vec<&Fleet> = FLEETS.iter().filter(|fleet| rows_of(fleet, None).iter().any(wanted)).collect();
    if fleets.is_empty() {
        return Vec::new();
    }
    let played = super::data_file(settings, "manhattan_pnas_graph/manhattan_thursday_460k_sampled.npz")
        .and_then(|file| measure(settings, &file, &fleets));
    let rows: Vec<Row> = match played {
        Ok(played) => fleets.iter().zip(played).flat_map(|(fleet, played)| rows_of(fleet, Some(played))).collect(),
        Err(why) => {
            let skipped = |row: Row| row.because(why.clone());
            fleets.iter().flat_map(|fleet| rows_of(fleet, None)).map(skipped).collect()
        }
    };
    rows.into_iter().filter(wanted).collect()
}

fn rows_of(fleet: &Fleet, played: Option<Played>) -> Vec<Row> {
    let Fleet { cars, batch, greedy, served_at_least, wait_at_most_s } = fleet;
    let (served, wait) = (played.map(|played| played.served_percent()), played.map(|played| played.wait_mean_s));
    let served = |peer: &str, figure: f64, target| {
        Row::new(format!("dense {cars} cars served"), "%", served, (peer, Some(figure)), target)
    };
    let wait = |peer: &str, figure: f64, target| {
        Row::new(format!("dense {cars} cars mean wait"), "s", wait, (peer, Some(figure)), target)
    };
    vec![
        served(BATCH, batch.0, served_at_least.map(Target::at_least)),
        wait(BATCH, batch.1, wait_at_most_s.map(Target::at_most)),
        served(GREEDY, greedy.0, None),
        wait(GREEDY, greedy.1, None),
    ]
}

fn measure(settings: &Settings, file: &Path, fleets: &[&Fleet]) -> Result<Vec<Played>, String> {
    let progress = Progress::new(2 + fleets.len() * 36);
    progress.next("dense: the times of all ways");
    let ground = case::ground(file.parent().unwrap_or(Path::new(".")), &mut |_| {})?;
    let mut thursday = case::Thursday::open(file, ground.table.nodes())?;
    progress.step();
    progress.next("dense: what other days taught");
    let policy = policy(&ground)?;
    let city = City::manhattan().map_err(|why| why.to_string())?;
    let forecast = case::taught(&city, &policy, settings.seed)?;
    progress.step();
    if settings.quick {
        thursday.wanted.retain(|wanted| wanted.at_ms < QUICK_MS);
    }
    let rules = Rules { forward_ms: 30_000, begins: case::begins(), warm_up_ms: WARM_UP_MS, policy };
    let play = |fleet: &&Fleet| {
        progress.next(&format!("dense: {} cars", fleet.cars));
        let mut steps = 0;
        let mut tick = |now_ms: u64| {
            while steps < 36 && now_ms * 36 >= (steps + 1) * EVENING_MS {
                steps += 1;
                progress.step();
            }
        };
        let starts = thursday.starts(fleet.cars, settings.seed);
        play::play(&ground, &rules, &thursday.wanted, &starts, forecast.clone(), &mut tick)
    };
    Ok(fleets.iter().map(play).collect())
}

/// Production's policy with what suits a city as dense as this: suggestions every other minute, to wherever a trip is
/// likelier, far away and for a small gain too, since cars are seldom idle for long and can be had on the way.
fn policy(ground: &Ground) -> Result<Policy, String> {
    let straight = StraightLine::new(1.4, 5.5).map_err(|why| why.to_string())?;
    let mut policy = Policy {
        version: "dense-evening".to_owned(),
        match_every: Duration::from_secs(10),
        weights: Weights { waiting: 0.3, ..Weights::PICKUP_ONLY },
        travel: Travel::by(Arc::new(ground.nodes.clone()), straight),
        ..Policy::default()
    };
    let reposition = &mut policy.reposition;
    reposition.every = Duration::from_secs(120);
    reposition.horizon = Duration::from_secs(600);
    reposition.drive_max = Duration::from_secs(1_200);
    reposition.trip_worth = Duration::from_secs(3_600);
    reposition.gain_min = Duration::from_secs(10);
    reposition.places_max = 6;
    (reposition.idle_for, reposition.rest) = (Duration::ZERO, Duration::ZERO);
    reposition.stay = Duration::from_secs(60);
    policy.check().map_err(|why| why.to_string())?;
    Ok(policy)
}
