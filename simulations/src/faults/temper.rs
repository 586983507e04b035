//! What a town is like: how many people, how much of a hurry they are in, and how the weather comes and goes.
//!
//! Lives here: [`Temper`]: one for a storm of minutes, four for days in which most of the time nothing happens.
//! Stays out: what the people do ([`super::person`], [`super::town`]); what a fault is ([`crate::world::Faults`]).
//! Touch with care: which temper a seed has. Moving one changes the run of every seed that is lived by the hour.

use std::time::Duration;

use dispatch::{Method, OfferPolicy, Policy, PoolingPolicy, ProgressPolicy};

use crate::world::Faults;

/// A town's habits. Times are of virtual time.
#[derive(Clone, Debug)]
pub(super) struct Temper {
    /// How many drivers there are.
    pub(super) drivers: usize,
    /// How often phones send their position, in milliseconds.
    pub(super) ping_every_ms: u64,
    /// How fast cars are, in metres a second.
    pub(super) speed_mps: f64,
    /// The mean time between two requests, in milliseconds.
    pub(super) request_every_ms: f64,
    /// How long a rider's app waits for an answer before it asks again, with the same key, in milliseconds.
    pub(super) ask_again_ms: u64,
    /// How many times as long as in a storm people take between one deed and the next.
    pub(super) pace: u64,
    /// The same for those who rest.
    pub(super) rest: u64,
    /// How many of a hundred requests are for later.
    pub(super) booked: u32,
    /// The mean time between two faults at large, in milliseconds.
    pub(super) fault_every_ms: f64,
    /// When faults come in bursts: the mean time between two, and how long one lasts on average, in milliseconds. Within one
    /// it is as in a storm.
    pub(super) bursts: Option<(f64, f64)>,
    /// How much of what goes wrong between the parts of the city does so outside of bursts.
    pub(super) weather: f64,
    /// How many times as often nobody knows what became of a write: where there are few writes, few would be in doubt.
    pub(super) doubtful: f64,
    /// What decisions depend on.
    pub(super) policy: Policy,
    /// How long after the storm everyone must have found home: longer than every deadline of a trip together, and than
    /// the minute in which a driver compares memory with the row.
    pub(super) calm: Duration,
    /// How long cars stand at the end, so that nobody is looked at in the middle of a move.
    pub(super) parked: Duration,
}

const MINUTE_MS: f64 = 60_000.0;

/// The mean time between two faults at large in a storm, in milliseconds.
const STORM_FAULT_EVERY_MS: f64 = 6_000.0;

impl Temper {
    /// Minutes in which everything happens at once: deadlines so short that they are met often, more requests than the
    /// drivers can serve, so that trips expire, and cars so fast that borders are crossed often, but not implausibly so.
    pub(super) fn storm(seed: u64) -> Temper {
        let policy = Policy {
            search_lasts: Duration::from_secs(45),
            pickup_lasts: Duration::from_secs(300),
            boarding_lasts: Duration::from_secs(40),
            ride_lasts: Duration::from_secs(90),
            // In some towns a line that breaks is taken for a hang-up: what was said in its last moment is in doubt then.
            offers: OfferPolicy {
                reconnect_within: Duration::from_millis([0, 500, 5_000][(seed % 3) as usize]),
                ..OfferPolicy::default()
            },
            ..Temper::common(seed)
        };
        Temper {
            drivers: 24,
            ping_every_ms: 6_000,
            speed_mps: 40.0,
            request_every_ms: 4_500.0,
            ask_again_ms: 5_000,
            pace: 1,
            rest: 1,
            booked: 0,
            fault_every_ms: STORM_FAULT_EVERY_MS,
            bursts: None,
            weather: 1.0,
            doubtful: 1.0,
            policy,
            calm: Duration::from_secs(900),
            parked: Duration::from_secs(60),
        }
    }

    /// Days: deadlines as in service, minutes and hours between what people do, faults in the middle of it.
    pub(super) fn days(seed: u64) -> Temper {
        let ping_every_ms = 60_000;
        let quiet = Temper {
            drivers: 3,
            ping_every_ms,
            speed_mps: 9.0,
            request_every_ms: 25.0 * MINUTE_MS,
            ask_again_ms: 60_000,
            pace: 20,
            rest: 600,
            fault_every_ms: 20.0 * MINUTE_MS,
            doubtful: 10.0,
            policy: days_policy(seed, ping_every_ms),
            calm: Duration::from_secs(8 * 3_600),
            parked: Duration::from_secs(300),
            ..Temper::storm(seed)
        };
        match seed % 4 {
            // A village: always a few messages that do not arrive as they should.
            0 => quiet,
            // Nights that are quiet until a few minutes of storm.
            1 => Temper {
                drivers: 5,
                request_every_ms: 12.0 * MINUTE_MS,
                bursts: Some((90.0 * MINUTE_MS, 3.0 * MINUTE_MS)),
                weather: 0.1,
                fault_every_ms: 120.0 * MINUTE_MS,
                ..quiet
            },
            // A suburb whose people book for later, often enough for a city that dies meanwhile.
            2 => Temper { drivers: 6, request_every_ms: 20.0 * MINUTE_MS, booked: 50, ..quiet },
            // Long drives: up to half an hour between two deeds, and deadlines that are met now and then.
            _ => Temper { drivers: 4, pace: 60, fault_every_ms: 10.0 * MINUTE_MS, ..quiet },
        }
    }

    /// What goes wrong outside of bursts, or within one. Chance goes on from this seed.
    pub(super) fn faults(&self, faults: &Faults, burst: bool, seed: u64) -> Faults {
        let share = if burst { 1.0 } else { self.weather };
        Faults { seed, unknown: faults.unknown * self.doubtful, ..faults.clone() }.times(share)
    }

    /// The mean time between two faults at large now, in milliseconds.
    pub(super) fn fault_every_ms(&self, burst: bool) -> f64 {
        if burst { STORM_FAULT_EVERY_MS } else { self.fault_every_ms }
    }

    fn common(seed: u64) -> Policy {
        Policy {
            method: if seed.is_multiple_of(2) { Method::Batched } else { Method::Nearest },
            pooling: PoolingPolicy { on: seed % 4 >= 2, ..PoolingPolicy::default() },
            ..Policy::default()
        }
    }
}

/// Deadlines as in service, for phones that are heard of once a minute.
fn days_policy(seed: u64, ping_every_ms: u64) -> Policy {
    let pings = |many: u32| Duration::from_millis(ping_every_ms) * many;
    Policy {
        position_fresh_for: pings(4),
        pickup_lasts: Duration::from_secs(2_400),
        boarding_lasts: Duration::from_secs(900),
        ride_lasts: Duration::from_secs(7_200),
        progress: ProgressPolicy {
            dark_after: pings(5),
            stalled_after: pings(20),
            retreat_for: pings(5),
            patience: pings(2),
            ..ProgressPolicy::default()
        },
        ..Temper::common(seed)
    }
}
