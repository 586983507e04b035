//! Every number a decision depends on, in one place.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use geo::{Drive, Meters, Point, StraightLine, Travel, WeekTime};

use crate::{Eta, Timestamp, Values};

mod booking;
mod cadence;
mod cancellation;
mod explaining;
mod fares;
mod forward;
mod homeward;
mod matching;
mod offers;
mod pooling;
mod progress;
mod reposition;
mod riders;
mod stops;
mod surge;
mod weights;

pub use booking::{BadPickupTime, BookingPolicy};
pub use cadence::CadencePolicy;
pub use cancellation::CancellationPolicy;
pub use explaining::Explaining;
pub use fares::FarePolicy;
pub use forward::Forward;
pub use homeward::HomewardPolicy;
pub use matching::Matching;
pub use offers::{OfferPolicy, WAVE_MAX};
pub use pooling::PoolingPolicy;
pub use progress::ProgressPolicy;
pub use reposition::RepositionPolicy;
pub use riders::RiderPolicy;
pub use stops::StopPolicy;
pub use surge::SurgePolicy;
pub use weights::Weights;

/// How waiting riders are paired with free drivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Each request at once, in the order of arrival, with the driver who is there soonest. The baseline.
    Nearest,
    /// All waiting requests together each [`Policy::match_every`]: as many as possible, then the least total pickup
    /// time. Exact.
    Batched,
}

/// Every number a decision depends on, with its unit and its reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// What this policy is called where a decision says which one it was made under: 1 to 64 visible characters.
    pub version: String,
    /// How waiting riders are paired with free drivers.
    pub method: Method,
    /// With so many free drivers for each waiting rider nobody waits for the matching window: supply is plentiful, and a
    /// better plan would not come of waiting. 0 is never.
    pub immediate_above: f64,
    /// What a match costs, factor by factor.
    pub weights: Weights,
    /// How much is remembered of why it was decided so.
    pub explain: Explaining,
    /// When a driver who is about to drop a rider off is a candidate for the next one.
    pub forward: Forward,
    /// How much a matching round may do.
    pub matching: Matching,
    /// The matching window. Two seconds gather a few requests of a busy cell and are not felt by a rider who waits
    /// minutes for a car (`DiDi` batches every 2 s; windows of 30 s and more lost trips in our own runs).
    pub match_every: Duration,
    /// How far away, along a great circle, a driver may be from a pickup. At city speed 5 km are about 15 minutes.
    pub pickup_within: Meters,
    /// How long after the request a car may be at the pickup at the latest: a driver who would be there later is not
    /// proposed. An hour by default: bounds of cities differ too much for a promise nobody made.
    pub wait_max: Duration,
    /// How many drivers are considered for one rider. Beyond 32 the exact plan did not change in our measurements.
    pub candidates_max: usize,
    /// How drivers are asked: in waves.
    pub offers: OfferPolicy,
    /// When calling off is free, and who is a no-show.
    pub cancellation: CancellationPolicy,
    /// When a driver who accepted counts as not coming.
    pub progress: ProgressPolicy,
    /// Rides for a driver who wants to get home.
    pub homeward: HomewardPolicy,
    /// How much one rider may ask for.
    pub riders: RiderPolicy,
    /// How long a driver may think. Long enough to glance at a phone at a red light.
    pub offer_lasts: Duration,
    /// How much longer than the offer a reservation lives, so that an answer given in the last moment still finds it.
    pub reservation_grace: Duration,
    /// How long a driver's actor may take to answer a reservation before the next candidate is tried. A hop between
    /// nodes takes about a millisecond, so 250 ms means that the other side is in trouble.
    pub reply_within: Duration,
    /// How long neighbouring shards may take to name their candidates before a round is planned without them.
    pub neighbours_within: Duration,
    /// How long a rider's request stays alive without a driver who said yes.
    pub search_lasts: Duration,
    /// How long a driver who accepted may take to reach the pickup before the trip is cancelled by the system.
    pub pickup_lasts: Duration,
    /// How long a driver waits at the pickup before the trip is cancelled by the system.
    pub boarding_lasts: Duration,
    /// The longest ride: a trip still in progress after it is closed by the system.
    pub ride_lasts: Duration,
    /// A driver who has not sent a position for this long is not matched.
    pub position_fresh_for: Duration,
    /// No car is faster than this, in metres a second: a position that would need it is not believed, and who would have
    /// to be as fast to come in time is no candidate.
    pub speed_max_mps: f64,
    /// A driver less plausible than this is not matched, of 100: each jump costs 25, each believed position gives 1.
    pub plausibility_min: u8,
    /// How far beyond the border of its home a free driver must be before it moves, so that border-huggers stay put.
    pub border_slack: Meters,
    /// The least time between two moves of one driver.
    pub move_every: Duration,
    /// How long it takes to get somewhere: who is asked, and the straight line behind it.
    pub travel: Travel,
    /// How many minutes the city's clocks are ahead of UTC (negative: behind). Traffic depends on the hour by these
    /// clocks; where they change in summer, set it anew.
    pub utc_offset_min: i16,
    /// Rides that are shared.
    pub pooling: PoolingPolicy,
    /// How often phones say where they are.
    pub cadence: CadencePolicy,
    /// Where demand is expected, and where idle drivers are sent.
    pub reposition: RepositionPolicy,
    /// What rides cost.
    pub fares: FarePolicy,
    /// How prices follow demand.
    pub surge: SurgePolicy,
    /// Rides for later.
    pub booking: BookingPolicy,
    /// Rides that halt on their way, and riders who change it.
    pub stops: StopPolicy,
    /// What a free car is worth by cell and time of day, for [`Weights::future`]; without it everywhere the same.
    pub worth: Option<Arc<Values>>,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            version: "1".to_owned(),
            method: Method::Batched,
            immediate_above: 4.0,
            weights: Weights::default(),
            explain: Explaining::default(),
            forward: Forward::default(),
            matching: Matching::default(),
            match_every: Duration::from_secs(2),
            pickup_within: Meters::whole(5_000),
            wait_max: Duration::from_secs(3_600),
            candidates_max: 32,
            offers: OfferPolicy::default(),
            cancellation: CancellationPolicy::default(),
            progress: ProgressPolicy::default(),
            homeward: HomewardPolicy::default(),
            riders: RiderPolicy::default(),
            offer_lasts: Duration::from_secs(12),
            reservation_grace: Duration::from_secs(4),
            reply_within: Duration::from_millis(250),
            neighbours_within: Duration::from_millis(100),
            search_lasts: Duration::from_secs(300),
            pickup_lasts: Duration::from_secs(3_600),
            boarding_lasts: Duration::from_secs(900),
            ride_lasts: Duration::from_secs(6 * 3_600),
            position_fresh_for: Duration::from_secs(30),
            // 250 km/h: no taxi, but a car on an unlimited road with a headwind of bad positions.
            speed_max_mps: 70.0,
            plausibility_min: 30,
            border_slack: Meters::whole(200),
            move_every: Duration::from_secs(10),
            // Manhattan's mean taxi speed on a working day is about 5 m/s; 4/pi is the mean detour of a grid.
            travel: Travel::straight(StraightLine::new(1.27, 5.0).expect("both are in range")),
            utc_offset_min: 0,
            pooling: PoolingPolicy::default(),
            cadence: CadencePolicy::default(),
            reposition: RepositionPolicy::default(),
            fares: FarePolicy::default(),
            surge: SurgePolicy::default(),
            booking: BookingPolicy::default(),
            stops: StopPolicy::default(),
            worth: None,
        }
    }
}

/// From Baker Island, which nobody lives on, to Kiritimati.
const UTC_OFFSETS_MIN: RangeInclusive<i16> = -720..=840;

/// A number in a policy that would make the city misbehave.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("policy.{field} is {value}, allowed is {allowed}")]
pub struct BadPolicy {
    /// The field of [`Policy`].
    pub field: &'static str,
    /// What was given.
    pub value: String,
    /// The range that is allowed.
    pub allowed: &'static str,
}

impl Policy {
    /// Checks every number once, at the border.
    ///
    /// # Errors
    /// [`BadPolicy`] names the first field that is out of range.
    pub fn check(&self) -> Result<(), BadPolicy> {
        let seconds = |field, value: Duration, least: f64, most: f64, allowed| {
            if (least..=most).contains(&value.as_secs_f64()) {
                Ok(())
            } else {
                Err(BadPolicy { field, value: format!("{} s", value.as_secs_f64()), allowed })
            }
        };
        seconds("match_every", self.match_every, 0.05, 60.0, "0.05 to 60 s")?;
        seconds("wait_max", self.wait_max, 30.0, 86_400.0, "30 s to 24 h")?;
        seconds("offer_lasts", self.offer_lasts, 1.0, 120.0, "1 to 120 s")?;
        seconds("reservation_grace", self.reservation_grace, 0.5, 60.0, "0.5 to 60 s")?;
        seconds("reply_within", self.reply_within, 0.01, 10.0, "0.01 to 10 s")?;
        seconds("neighbours_within", self.neighbours_within, 0.01, 10.0, "0.01 to 10 s")?;
        seconds("search_lasts", self.search_lasts, 5.0, 7_200.0, "5 s to 2 h")?;
        seconds("pickup_lasts", self.pickup_lasts, 60.0, 86_400.0, "1 min to 24 h")?;
        seconds("boarding_lasts", self.boarding_lasts, 30.0, 86_400.0, "30 s to 24 h")?;
        seconds("ride_lasts", self.ride_lasts, 60.0, 604_800.0, "1 min to 7 days")?;
        seconds("position_fresh_for", self.position_fresh_for, 1.0, 3_600.0, "1 s to 1 h")?;
        seconds("move_every", self.move_every, 0.0, 3_600.0, "0 s to 1 h")?;
        let meters = |field, value: Meters, least: f64, most: f64, allowed| {
            if (least..=most).contains(&value.get()) {
                Ok(())
            } else {
                Err(BadPolicy { field, value: format!("{} m", value.get()), allowed })
            }
        };
        meters("pickup_within", self.pickup_within, 50.0, 50_000.0, "50 m to 50 km")?;
        meters("border_slack", self.border_slack, 0.0, 2_000.0, "0 to 2 km")?;
        if !(1..=64).contains(&self.version.len()) || !self.version.bytes().all(|byte| byte.is_ascii_graphic()) {
            let value = self.version.clone();
            return Err(BadPolicy { field: "version", value, allowed: "1 to 64 visible ASCII characters" });
        }
        if !(0.0..=1_000.0).contains(&self.immediate_above) {
            let value = self.immediate_above.to_string();
            return Err(BadPolicy { field: "immediate_above", value, allowed: "0 to 1000" });
        }
        self.weights.check()?;
        self.explain.check()?;
        self.forward.check()?;
        self.matching.check()?;
        if !(1..=256).contains(&self.candidates_max) {
            let value = self.candidates_max.to_string();
            return Err(BadPolicy { field: "candidates_max", value, allowed: "1 to 256" });
        }
        if !(10.0..=300.0).contains(&self.speed_max_mps) {
            let value = format!("{} m/s", self.speed_max_mps);
            return Err(BadPolicy { field: "speed_max_mps", value, allowed: "10 to 300 m/s" });
        }
        if self.plausibility_min > crate::PLAUSIBLE {
            let value = self.plausibility_min.to_string();
            return Err(BadPolicy { field: "plausibility_min", value, allowed: "0 to 100" });
        }
        if !UTC_OFFSETS_MIN.contains(&self.utc_offset_min) {
            let value = format!("{} min", self.utc_offset_min);
            return Err(BadPolicy { field: "utc_offset_min", value, allowed: "-720 to 840 min" });
        }
        self.pooling.check()?;
        self.cadence.check(self.position_fresh_for)?;
        self.reposition.check()?;
        self.cancellation.check()?;
        self.progress.check()?;
        self.homeward.check()?;
        self.riders.check()?;
        self.fares.check()?;
        self.surge.check()?;
        self.booking.check()?;
        self.stops.check()?;
        self.offers.check()
    }

    /// How far from the pickup a search looks that was widened so many times.
    #[must_use]
    pub fn search_radius(&self, widened: u32) -> Meters {
        let far = self.offers.radius(widened);
        if far.get() < self.pickup_within.get() { far } else { self.pickup_within }
    }

    /// How far away, along a great circle, a car can be that is there in this time: no car is faster than
    /// [`Policy::speed_max_mps`].
    #[must_use]
    pub fn reach_in(&self, time: Duration) -> Meters {
        Meters::new(time.as_secs_f64() * self.speed_max_mps).unwrap_or(Meters::ZERO)
    }

    /// How long a car takes that leaves `from` for `to` at this moment.
    #[must_use]
    pub fn eta(&self, from: Point, to: Point, at: Timestamp) -> Eta {
        self.travel.estimate(from, to, self.week_time(at)).into()
    }

    /// The same from each of `from`, in their order: one question to the provider of travel times.
    #[must_use]
    pub fn etas_to(&self, from: &[Point], to: Point, at: Timestamp) -> Vec<Eta> {
        self.travel.estimates_to(from, to, self.week_time(at)).into_iter().map(Eta::from).collect()
    }

    /// The drive that leaves `from` for `to` at this moment.
    #[must_use]
    pub fn drive(&self, from: Point, to: Point, at: Timestamp) -> Drive {
        self.travel.estimate(from, to, self.week_time(at)).drive
    }

    /// The drive that leaves `from` at this moment and leads over these places, in their order. How long the car halts
    /// there is not in it.
    #[must_use]
    pub fn ride(&self, from: Point, over: &[Point], to: Point, at: Timestamp) -> Drive {
        let mut whole = Drive { time: Duration::ZERO, distance: Meters::ZERO };
        let mut here = from;
        for there in over.iter().chain([&to]) {
            let leg = self.drive(here, *there, at + whole.time);
            whole.time += leg.time;
            whole.distance = Meters::new(whole.distance.get() + leg.distance.get()).unwrap_or(whole.distance);
            here = *there;
        }
        whole
    }

    /// What the city's clocks show.
    fn week_time(&self, at: Timestamp) -> WeekTime {
        WeekTime::of(at.millis(), self.utc_offset_min)
    }
}
