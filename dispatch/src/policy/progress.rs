//! When a driver who accepted counts as not coming, so that the rider gets another.

use std::time::Duration;

use super::BadPolicy;

/// How a car on its way to a pickup is watched. First the driver is asked whether he is coming; if nothing has changed
/// after [`ProgressPolicy::patience`], the trip is taken back and its search goes on without him.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProgressPolicy {
    /// Whether cars on their way are watched at all.
    pub on: bool,
    /// A car has gone dark when no position came for this long. Phones send every few seconds, and at least once a
    /// minute is what others ask of theirs.
    pub dark_after: Duration,
    /// A car has stalled when its time to the pickup has not become less for this long: a long red light, a ferry gate,
    /// a short stop for fuel are over sooner.
    pub stalled_after: Duration,
    /// By how much the time to the pickup must become less to count as progress.
    pub progress: Duration,
    /// A car drives away when its time to the pickup is longer by this than it was at best. A way round a block or over
    /// a bridge costs less.
    pub retreat: Duration,
    /// For how long it must be so before it counts: one wrong position is no driving away.
    pub retreat_for: Duration,
    /// A car this near is as good as there and is not stalled: it looks for the door, or for the rider.
    pub near: Duration,
    /// How long a driver who was asked whether he is coming has to show it.
    pub patience: Duration,
}

impl Default for ProgressPolicy {
    fn default() -> ProgressPolicy {
        ProgressPolicy {
            on: true,
            dark_after: Duration::from_secs(60),
            stalled_after: Duration::from_secs(240),
            progress: Duration::from_secs(10),
            retreat: Duration::from_secs(150),
            retreat_for: Duration::from_secs(30),
            near: Duration::from_secs(60),
            patience: Duration::from_secs(60),
        }
    }
}

impl ProgressPolicy {
    /// Checks every number once, at the border.
    pub(super) fn check(&self) -> Result<(), BadPolicy> {
        let numbers = [
            ("progress.dark_after", self.dark_after),
            ("progress.stalled_after", self.stalled_after),
            ("progress.progress", self.progress),
            ("progress.retreat", self.retreat),
            ("progress.retreat_for", self.retreat_for),
            ("progress.near", self.near),
            ("progress.patience", self.patience),
        ];
        for (field, value) in numbers {
            if !(1.0..=7_200.0).contains(&value.as_secs_f64()) {
                return Err(BadPolicy { field, value: format!("{} s", value.as_secs_f64()), allowed: "1 s to 2 h" });
            }
        }
        Ok(())
    }
}
