//! What a match costs: how much each factor weighs.

use std::fmt;
use std::time::Duration;

use super::BadPolicy;

/// How much each factor of a match weighs, all in one unit: a second of pickup time. A weight of 0 leaves the factor out.
///
/// As many riders as possible get a driver whatever the weights say; they decide who gets whom among such plans, and who
/// goes without when there are not enough drivers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// For each second until the car is at the pickup. What everything else is measured by.
    pub pickup: f64,
    /// Taken off for each second a rider has waited: when somebody must go without, it is the latest to come.
    pub waiting: f64,
    /// Taken off for each second a driver has waited for work, up to [`Weights::idle_max`]: of two drivers about as
    /// near, the one who has earned nothing for longer goes. An hour idle is worth 36 s of pickup by default.
    pub idle: f64,
    /// Beyond this a driver's wait adds nothing: fairness must not send cars across the town.
    pub idle_max: Duration,
    /// What an offer that is certain to be turned down costs, in seconds: a driver who accepts 90 of 100 offers costs a
    /// tenth of it. By default about what a refused offer takes from the rider: the driver's time to think.
    pub refusal: f64,
    /// For each second since the driver's last position: the car may be elsewhere by now.
    pub position_age: f64,
    /// What a driver of plausibility 0 costs, in seconds; one who is fully plausible costs nothing.
    pub doubt: f64,
    /// Taken off for each second the ride itself takes: with too few cars, long rides first.
    pub ride: f64,
    /// Taken off for each second by which the car is worth more where the ride ends than where it is now: see
    /// [`crate::Policy::worth`], without which this weighs nothing.
    pub future: f64,
}

impl Default for Weights {
    fn default() -> Weights {
        Weights {
            pickup: 1.0,
            waiting: 0.1,
            idle: 0.01,
            idle_max: Duration::from_secs(3_600),
            refusal: 12.0,
            position_age: 0.5,
            doubt: 30.0,
            ride: 0.0,
            future: 0.0,
        }
    }
}

/// No factor may outweigh the pickup more than a hundredfold: that would be a slip of the pen.
const WEIGHT_MAX: f64 = 100.0;
/// Certain refusal and utter doubt cost at most an hour.
const SECONDS_MAX: f64 = 3_600.0;

impl Weights {
    /// Only the pickup counts: the least total pickup time.
    pub const PICKUP_ONLY: Weights = Weights {
        pickup: 1.0,
        waiting: 0.0,
        idle: 0.0,
        idle_max: Duration::ZERO,
        refusal: 0.0,
        position_age: 0.0,
        doubt: 0.0,
        ride: 0.0,
        future: 0.0,
    };

    /// Every weight by name, as settings and reports write them.
    #[must_use]
    pub fn named(&self) -> [(&'static str, f64); 8] {
        [
            ("pickup", self.pickup),
            ("waiting", self.waiting),
            ("idle", self.idle),
            ("refusal", self.refusal),
            ("position_age", self.position_age),
            ("doubt", self.doubt),
            ("ride", self.ride),
            ("future", self.future),
        ]
    }

    /// Whether the ride and what comes after it count: then its time must be asked for.
    pub(crate) fn looks_ahead(&self) -> bool {
        self.ride > 0.0 || self.future > 0.0
    }

    pub(super) fn check(&self) -> Result<(), BadPolicy> {
        let share = |field, value: f64, most: f64, allowed| {
            if (0.0..=most).contains(&value) {
                Ok(())
            } else {
                Err(BadPolicy { field, value: value.to_string(), allowed })
            }
        };
        share("weights.pickup", self.pickup, WEIGHT_MAX, "0 to 100")?;
        share("weights.waiting", self.waiting, WEIGHT_MAX, "0 to 100")?;
        share("weights.idle", self.idle, WEIGHT_MAX, "0 to 100")?;
        share("weights.idle_max", self.idle_max.as_secs_f64(), 86_400.0, "0 s to 24 h")?;
        share("weights.refusal", self.refusal, SECONDS_MAX, "0 to 3600 s")?;
        share("weights.position_age", self.position_age, WEIGHT_MAX, "0 to 100")?;
        share("weights.doubt", self.doubt, SECONDS_MAX, "0 to 3600 s")?;
        share("weights.ride", self.ride, WEIGHT_MAX, "0 to 100")?;
        share("weights.future", self.future, WEIGHT_MAX, "0 to 100")
    }
}

impl fmt::Display for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        for (name, weight) in self.named() {
            write!(f, "{between}{name} {weight}")?;
            between = ", ";
        }
        Ok(())
    }
}
