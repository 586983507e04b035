//! The evening as its files say it, and what other days taught.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dispatch::{Forecast, Policy, Timestamp};
use geo::Meters;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::bench::quality::play::{Ground, Wanted};
use crate::city::{City, Day};
use crate::demand::Demand;
use crate::streets::{NodeTimes, Npz, Streets, TimeTable, Ways};

/// The evening begins, in seconds after midnight.
const BEGIN_TOD_S: u32 = 17 * 3_600;
/// How long it lasts.
const LASTS_MS: u64 = 3 * 3_600_000;
/// The hour before it: where riders of that hour went is where cars are at the begin.
const BEFORE_MS: u64 = 3_600_000;
/// Cell centres at the shore lie a bit away from the streets.
const SNAP_MAX: Meters = Meters::whole(3_000);
/// 2018-06-07, a Thursday, 00:00.
pub(crate) const THURSDAY_MS: u64 = 1_528_329_600_000;
const DAY_MS: u64 = 86_400_000;

pub(crate) fn ground(folder: &Path, done: &mut dyn FnMut(usize)) -> Result<Ground, String> {
    let streets = Streets::open(folder).map_err(|why| why.to_string())?;
    let table = Arc::new(TimeTable::of(&streets, done).map_err(|why| why.to_string())?);
    let nodes = NodeTimes::new(&streets, Arc::clone(&table), SNAP_MAX).map_err(|why| why.to_string())?;
    let (ways, to_it) = (Ways::new(&streets), table.turned_round());
    Ok(Ground { streets, ways, table, to_it, nodes })
}

/// The evening's requests in the order of time, and the nodes where riders of the hour before went.
#[derive(Debug)]
pub(crate) struct Thursday {
    pub(crate) wanted: Vec<Wanted>,
    pub(crate) left_at: Vec<usize>,
}

impl Thursday {
    pub(crate) fn open(file: &Path, nodes: usize) -> Result<Thursday, String> {
        let begin_ms = u64::from(BEGIN_TOD_S) * 1_000;
        let (mut wanted, mut left_at) = (Vec::new(), Vec::new());
        for ride in whole_day(file, nodes)? {
            if ride.at_ms + BEFORE_MS >= begin_ms && ride.at_ms < begin_ms {
                left_at.push(ride.to);
            } else if ride.at_ms >= begin_ms && ride.at_ms < begin_ms + LASTS_MS && ride.from != ride.to {
                wanted.push(Wanted { at_ms: ride.at_ms - begin_ms, ..ride });
            }
        }
        wanted.sort_by_key(|wanted| wanted.at_ms);
        Ok(Thursday { wanted, left_at })
    }

    /// Where cars are at the begin, and when each is free: drawn from where riders went, within nine minutes.
    pub(crate) fn starts(&self, cars: usize, seed: u64) -> Vec<(usize, u64)> {
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        let count = self.left_at.len();
        (0..cars).map(|_| (self.left_at[rng.random_range(0..count)], rng.random_range(0..540_000))).collect()
    }
}

/// The requests of the whole day as the file has them, in milliseconds since midnight: in no order, and some of them
/// lead nowhere.
pub(crate) fn whole_day(file: &Path, nodes: usize) -> Result<Vec<Wanted>, String> {
    let npz = Npz::open(file).map_err(|why| why.to_string())?;
    let array = |name| npz.numbers(name).map_err(|why| why.to_string());
    let (tod, from, to) = (array("tod")?, array("o")?, array("d")?);
    if tod.len() != from.len() || tod.len() != to.len() {
        return Err(format!("{}: tod, o and d are not of one length", file.display()));
    }
    let node = |value: f64| {
        let fits = value >= 0.0 && value < nodes as f64;
        fits.then_some(value as usize).ok_or_else(|| format!("{}: node {value} of {nodes}", file.display()))
    };
    let ride = |((&tod_s, &from), &to): ((&f64, &f64), &f64)| {
        Ok(Wanted { at_ms: (tod_s * 1_000.0) as u64, from: node(from)?, to: node(to)?, ride_ms: None })
    };
    tod.iter().zip(&from).zip(&to).map(ride).collect()
}

/// The evening's first moment, on the clock of the forecast.
pub(crate) fn begins() -> Timestamp {
    Timestamp::from_millis(THURSDAY_MS + u64::from(BEGIN_TOD_S) * 1_000)
}

/// A forecast that has watched the evenings of the working days before, Friday to Wednesday, and no Thursday: each drawn
/// from that weekday's own counts, and learned request by request, as in production.
pub(crate) fn taught(city: &City, policy: &Policy, seed: u64) -> Result<Forecast, String> {
    let mut forecast = Forecast::new(&policy.reposition, 0).map_err(|why| why.to_string())?;
    let days = [(Day::Friday, 6), (Day::Monday, 3), (Day::Tuesday, 2), (Day::Wednesday, 1)];
    for (day, days_before) in days {
        // Half an hour before and after, so that the first and the last slot are whole.
        let begin_tod_s = BEGIN_TOD_S - 1_800;
        let begin = Timestamp::from_millis(THURSDAY_MS - days_before * DAY_MS + u64::from(begin_tod_s) * 1_000);
        let demand = Demand::new(city, day, begin_tod_s, 1.0, seed ^ days_before).map_err(|why| why.to_string())?;
        forecast.watch(begin);
        let lasts_ms = LASTS_MS + 3_600_000;
        for request in demand.take_while(|request| request.at_ms < lasts_ms) {
            forecast.observe(request.pickup, begin + Duration::from_millis(request.at_ms));
        }
        forecast.watch(begin + Duration::from_millis(lasts_ms));
    }
    Ok(forecast)
}
