//! How much of a city's demand a fleet can carry.

use crate::city::{City, DAY_S, Day};

use super::Demand;

/// The share of its time that a car is to spend with or on the way to a rider. At 0.7 a free car is usually near;
/// towards 1 waiting times grow without bound.
pub const TARGET_UTILISATION: f64 = 0.7;
/// Seconds a car stands at the kerb for a rider to get in and out.
pub const BOARDING_S: f64 = 45.0;
/// Seconds that the way to a pickup takes beyond what evenly strewn cars would need: cars gather where riders get out,
/// not where they wait. Simulated fleets of 30 to 4,000 cars that stay put between riders came to 80 to 170 s.
const IMBALANCE_S: f64 = 100.0;
/// Enough for the mean of a leg to be within 1.5 % (standard error; legs vary by two thirds of their mean).
const LEGS_SAMPLED: usize = 2_000;

/// What rides are like in one hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanLeg {
    /// From pickup to drop-off, in seconds.
    pub duration_s: f64,
    /// From pickup to drop-off along the roads or the grid, in metres.
    pub distance_m: f64,
}

/// The mean ride requested in the hour from `tod_s` seconds after midnight of `day` on; times past midnight wrap
/// around. Taken from a sample of requests with a fixed seed, so the same question has the same answer.
#[must_use]
pub fn mean_leg(city: &City, day: Day, tod_s: u32) -> MeanLeg {
    let tod_s = tod_s % DAY_S;
    let trips = trips_per_hour(city, day, tod_s);
    // So many requests, on average, that the sample ends when the hour does.
    let scale = LEGS_SAMPLED as f64 / trips.max(1e-6);
    let requests = Demand::new(city, day, tod_s, scale, 0).into_iter().flatten().take(LEGS_SAMPLED);
    let (mut duration_s, mut distance_m, mut legs) = (0.0, 0.0, 0.0);
    for request in requests {
        let at_s = tod_s + (request.at_ms / 1000) as u32;
        let leg = city.drive(request.pickup, request.dropoff, at_s);
        duration_s += leg.duration_ms() as f64 / 1000.0;
        distance_m += leg.distance_m();
        legs += 1.0;
    }
    let legs = f64::max(legs, 1.0);
    MeanLeg { duration_s: duration_s / legs, distance_m: distance_m / legs }
}

/// The demand scale that keeps `cars` cars busy but not drowned in the hour from `tod_s` seconds after midnight of
/// `day` on: of each car's time [`TARGET_UTILISATION`] is spent on riders.
///
/// A request costs a car the way to the pickup, [`BOARDING_S`] at the kerb, and the leg:
/// `busy_s = pickup_s + BOARDING_S + leg_s`. By Little's law, requests per hour times `busy_s` is the mean number of
/// busy cars times an hour, so the fleet carries `TARGET_UTILISATION * cars * 3600 / busy_s` requests an hour, and
/// the scale is that divided by the data's own number for the hour.
///
/// `leg_s` is [`mean_leg`]. `pickup_s` is the way from the nearest free car at the same mean speed: with
/// `(1 - TARGET_UTILISATION) * cars` free cars strewn evenly over the city's area, the nearest one is on average
/// `sqrt(pi / (8 * free_per_m2))` metres away along a grid (a circle in that metric is a square of area `2 * r^2`, it
/// is empty with the chance `exp(-2 * free_per_m2 * r^2)`, and that summed over all `r` is the mean). Cars are not
/// strewn evenly, for which 100 s are added. A plain simulation then finds fleets from 30 to 4,000 cars busy for 0.65
/// to 0.71 of their time. Where demand climbs within the hour, ask again for the next one.
///
/// 0 when there are no cars or the data has no trips at that hour. Above 1 the fleet could carry more than the data
/// has.
#[must_use]
pub fn share_for_fleet(city: &City, day: Day, tod_s: u32, cars: usize) -> f64 {
    let tod_s = tod_s % DAY_S;
    let trips = trips_per_hour(city, day, tod_s);
    let leg = mean_leg(city, day, tod_s);
    if cars == 0 || trips <= 0.0 || leg.duration_s <= 0.0 {
        return 0.0;
    }
    let speed_mps = leg.distance_m / leg.duration_s;
    let free_per_m2 = (1.0 - TARGET_UTILISATION) * cars as f64 / (city.area_km2() * 1e6);
    let nearest_m = (std::f64::consts::PI / (8.0 * free_per_m2)).sqrt();
    let pickup_s = nearest_m / speed_mps + IMBALANCE_S;
    let busy_s = pickup_s + BOARDING_S + leg.duration_s;
    TARGET_UTILISATION * cars as f64 * 3600.0 / busy_s / trips
}

/// Trips in the hour from `tod_s` on, past midnight if need be.
fn trips_per_hour(city: &City, day: Day, tod_s: u32) -> f64 {
    let until = tod_s + 3600;
    city.trips_between(day, tod_s, until) + city.trips_between(day.next(), 0, until.saturating_sub(DAY_S))
}
