//! Who wants to ride from where to where, and when: requests drawn from a city's trip counts.
//!
//! Lives here: [`Demand`], a Poisson process with the city's rates, and how much of it a fleet can carry.
//! Stays out: who the riders are and what they do next; recorded trips ([`crate::tlc`]).
//! Touch with care: the order in which chance is asked. Moving one draw changes the trips of every seed, and with
//! them every comparison with an earlier run.

mod fleet;

#[cfg(test)]
mod tests;

use geo::{Point, distance};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;

pub use fleet::{BOARDING_S, MeanLeg, TARGET_UTILISATION, mean_leg, share_for_fleet};

use crate::city::{BIN_S, BINS_PER_DAY, City, DAY_S, Day, ZoneIndex, unit};

/// No rider asks to be driven less than this.
pub const TRIP_MIN_M: f64 = 100.0;
/// A demand ends after a year: nothing runs that long, and a scale near zero must not search forever.
const LONGEST_MS: f64 = 366.0 * 86_400_000.0;
/// Two points of zones that are wider than 200 m miss each other by [`TRIP_MIN_M`] far more often than not.
const DRAWS_MAX: usize = 100;

/// Someone wants to ride.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Request {
    /// When, in milliseconds since the start of the demand.
    pub at_ms: u64,
    /// Where the rider waits.
    pub pickup: Point,
    /// Where the rider wants to go.
    pub dropoff: Point,
}

/// Why a demand cannot be drawn.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum NotADemand {
    /// The start is not a time of day.
    #[error("start is {found} s after midnight, allowed is 0 to {}", DAY_S - 1)]
    Start {
        /// What was given.
        found: u32,
    },
    /// The scale is not a share.
    #[error("demand scale is {found}, allowed is a finite number above 0")]
    Scale {
        /// What was given.
        found: f64,
    },
}

/// Requests in the order of time, without end for practical purposes (it stops after a year).
///
/// Arrivals are a Poisson process whose rate is constant within each 15-minute bin of the data; at midnight the next
/// day that the data has begins. Each request draws its two zones in proportion to the bin's counts, then a point
/// evenly inside each. The same city, day, start, scale and seed give the same requests.
#[derive(Clone, Debug)]
pub struct Demand<'a> {
    city: &'a City,
    scale: f64,
    rng: Pcg64,
    day: Day,
    bin: usize,
    /// Since the start.
    now_ms: f64,
    /// Since the start.
    bin_ends_ms: f64,
    pairs: Pairs,
}

impl<'a> Demand<'a> {
    /// The demand of `city` from `start_tod_s` seconds after midnight of `day` on, with `scale` times the trips that
    /// the data has.
    ///
    /// # Errors
    /// [`NotADemand`] when `start_tod_s` is not within a day, or `scale` is not a finite number above 0.
    pub fn new(city: &'a City, day: Day, start_tod_s: u32, scale: f64, seed: u64) -> Result<Demand<'a>, NotADemand> {
        if start_tod_s >= DAY_S {
            return Err(NotADemand::Start { found: start_tod_s });
        }
        if !(scale.is_finite() && scale > 0.0) {
            return Err(NotADemand::Scale { found: scale });
        }
        let bin = (start_tod_s / BIN_S) as usize;
        Ok(Demand {
            city,
            scale,
            rng: Pcg64::seed_from_u64(seed),
            day,
            bin,
            now_ms: 0.0,
            bin_ends_ms: f64::from(BIN_S - start_tod_s % BIN_S) * 1000.0,
            pairs: Pairs::new(city, day, bin),
        })
    }

    /// Moves on to the moment at which `patience` more requests were to be expected. `None` past the end.
    fn advance(&mut self, mut patience: f64) -> Option<f64> {
        while self.now_ms < LONGEST_MS {
            let expected = self.pairs.total() as f64 / f64::from(self.city.days_counted(self.day)) * self.scale;
            let per_ms = expected / (f64::from(BIN_S) * 1000.0);
            let left = per_ms * (self.bin_ends_ms - self.now_ms);
            if patience < left {
                self.now_ms = (self.now_ms + patience / per_ms).min(self.bin_ends_ms);
                return Some(self.now_ms);
            }
            patience -= left;
            self.now_ms = self.bin_ends_ms;
            self.bin_ends_ms += f64::from(BIN_S) * 1000.0;
            self.bin += 1;
            if self.bin == BINS_PER_DAY {
                self.bin = 0;
                self.day = self.day.next();
            }
            self.pairs = Pairs::new(self.city, self.day, self.bin);
        }
        None
    }
}

impl Iterator for Demand<'_> {
    type Item = Request;

    fn next(&mut self) -> Option<Request> {
        // In a Poisson process the expected number of arrivals between two arrivals is exponential with mean 1,
        // however the rate changes on the way.
        let patience = -(1.0 - unit(&mut self.rng)).ln();
        let at_ms = self.advance(patience)? as u64;
        let (pickup_zone, dropoff_zone) = self.pairs.draw(self.city, &mut self.rng);
        let (pickup, dropoff) = points_apart(self.city, pickup_zone, dropoff_zone, &mut self.rng);
        Some(Request { at_ms, pickup, dropoff })
    }
}

/// A bin's counts, summed up so that a pair can be drawn by one search.
#[derive(Clone, Debug)]
struct Pairs {
    /// By pair: its count and all before it.
    until: Vec<u64>,
}

impl Pairs {
    fn new(city: &City, day: Day, bin: usize) -> Pairs {
        let sums = city.bin_counts(day, bin).iter().scan(0, |sum, &count| {
            *sum += u64::from(count);
            Some(*sum)
        });
        Pairs { until: sums.collect() }
    }

    fn total(&self) -> u64 {
        self.until.last().copied().unwrap_or(0)
    }

    fn draw(&self, city: &City, rng: &mut impl Rng) -> (ZoneIndex, ZoneIndex) {
        // A fair draw from 0 to total - 1, but for one part in 2^31 at the file format's largest total.
        let wanted = ((u128::from(rng.next_u64()) * u128::from(self.total())) >> 64) as u64;
        city.pair(self.until.partition_point(|&until| until <= wanted))
    }
}

/// A point in each of two zones, at least [`TRIP_MIN_M`] apart. Only where zones are so small that chance does not
/// find such points, the two that came closest to it.
pub(crate) fn points_apart(
    city: &City,
    pickup_zone: ZoneIndex,
    dropoff_zone: ZoneIndex,
    rng: &mut impl Rng,
) -> (Point, Point) {
    let mut draw = || {
        let points = (city.random_point(pickup_zone, rng), city.random_point(dropoff_zone, rng));
        (distance(points.0, points.1).get(), points)
    };
    let mut best = draw();
    for _ in 1..DRAWS_MAX {
        if best.0 >= TRIP_MIN_M {
            break;
        }
        let next = draw();
        if next.0 > best.0 {
            best = next;
        }
    }
    best.1
}
