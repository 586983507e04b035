//! How long the way takes: providers of travel times, and which of them answers.
//!
//! Lives here: what a provider is ([`TravelTimes`]), the choice of one with a straight line behind it ([`Travel`]),
//! the hour of the week ([`WeekTime`]), and the providers: a straight line, speeds by zone, the road graph's free-flow
//! times divided by a factor of the hour.
//! Stays out: who asks and what for; counting how often a provider failed; reading files.
//! Touch with care: a provider that fails is never silent. Every [`Estimate`] names who gave it, and if it is not the
//! one that was chosen, who could not and why.

mod by_road;
mod scaled;
mod speed_factors;
mod straight_line;
mod week_time;
mod zone_speeds;

use std::fmt;
use std::sync::Arc;

use crate::{Drive, NoDrive, Point};

pub use by_road::RoadTimes;
pub use scaled::{FreeFlow, Scaled};
pub use speed_factors::{NotSpeedFactors, SpeedFactors};
pub use straight_line::{NotATravelTime, StraightLine};
pub use week_time::{NotAWeekTime, WeekTime};
pub use zone_speeds::{NotZoneSpeeds, ZoneSpeeds};

/// Who knows how long the way takes at an hour of the week. Pure: the same question always gets the same answer.
pub trait TravelTimes: fmt::Debug + Send + Sync {
    /// What it is called where an answer names who gave it, such as `roads`.
    fn name(&self) -> &'static str;

    /// The drive that leaves `from` for `to` at this time.
    ///
    /// # Errors
    /// [`NoDrive`] when this provider cannot tell. Ask another one.
    fn drive(&self, from: Point, to: Point, at: WeekTime) -> Result<Drive, NoDrive>;

    /// The drives that leave each of `from` for `to` at this time, in their order. The same answers as one by one;
    /// a provider that is faster at many to one says so here.
    fn drives_to(&self, from: &[Point], to: Point, at: WeekTime) -> Vec<Result<Drive, NoDrive>> {
        from.iter().map(|&from| self.drive(from, to, at)).collect()
    }
}

/// A drive, and who says so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// How long and how far.
    pub drive: Drive,
    /// The name of the provider that answered.
    pub by: &'static str,
    /// The provider that was chosen and could not tell, and why; `None` when it answered itself.
    pub instead_of: Option<(&'static str, NoDrive)>,
}

/// The provider the caller chose, and the straight line that answers when it cannot.
#[derive(Clone, Debug)]
pub struct Travel {
    /// `None` when the straight line itself was chosen.
    chosen: Option<Arc<dyn TravelTimes>>,
    otherwise: StraightLine,
}

impl Travel {
    /// Straight lines for everything.
    #[must_use]
    pub fn straight(line: StraightLine) -> Travel {
        Travel { chosen: None, otherwise: line }
    }

    /// This provider, and where it fails a straight line.
    #[must_use]
    pub fn by(provider: Arc<dyn TravelTimes>, otherwise: StraightLine) -> Travel {
        Travel { chosen: Some(provider), otherwise }
    }

    /// The same choice with another straight line.
    #[must_use]
    pub fn or_straight(self, otherwise: StraightLine) -> Travel {
        Travel { otherwise, ..self }
    }

    /// The straight line: chosen, or behind the provider that is.
    #[must_use]
    pub fn straight_line(&self) -> StraightLine {
        self.otherwise
    }

    /// Whether straight lines were chosen: then there is nothing to fail.
    #[must_use]
    pub fn is_straight(&self) -> bool {
        self.chosen.is_none()
    }

    /// The name of the provider that was chosen.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.chosen.as_ref().map_or(self.otherwise.name(), |chosen| chosen.name())
    }

    /// How long the drive takes that leaves `from` for `to` at this time. Always an answer: where the chosen provider
    /// fails it is the straight line's, and says so.
    #[must_use]
    pub fn estimate(&self, from: Point, to: Point, at: WeekTime) -> Estimate {
        match &self.chosen {
            None => self.straight_estimate(from, to, None),
            Some(chosen) => self.settle(chosen.as_ref(), chosen.drive(from, to, at), from, to),
        }
    }

    /// As [`Travel::estimate`] from each of `from`, in their order: one question to the provider.
    #[must_use]
    pub fn estimates_to(&self, from: &[Point], to: Point, at: WeekTime) -> Vec<Estimate> {
        let Some(chosen) = &self.chosen else {
            return from.iter().map(|&from| self.straight_estimate(from, to, None)).collect();
        };
        let answers = if from.is_empty() { Vec::new() } else { chosen.drives_to(from, to, at) };
        debug_assert_eq!(answers.len(), from.len(), "{} answers each question", chosen.name());
        let mut answers = answers.into_iter();
        let settle = |&from: &Point| {
            let answer = answers.next().unwrap_or_else(|| chosen.drive(from, to, at));
            self.settle(chosen.as_ref(), answer, from, to)
        };
        from.iter().map(settle).collect()
    }

    fn settle(&self, by: &dyn TravelTimes, answer: Result<Drive, NoDrive>, from: Point, to: Point) -> Estimate {
        match answer {
            Ok(drive) => Estimate { drive, by: by.name(), instead_of: None },
            Err(why) => self.straight_estimate(from, to, Some((by.name(), why))),
        }
    }

    fn straight_estimate(&self, from: Point, to: Point, instead_of: Option<(&'static str, NoDrive)>) -> Estimate {
        Estimate { drive: self.otherwise.straight_drive(from, to), by: self.otherwise.name(), instead_of }
    }
}

impl PartialEq for Travel {
    /// The same provider object, or none on both sides, and equal straight lines.
    fn eq(&self, other: &Travel) -> bool {
        let same = match (&self.chosen, &other.chosen) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        };
        same && self.otherwise == other.otherwise
    }
}

/// A value known on the hour, at a time between two hours: on a straight line from one to the next. `hours` is how many
/// hours there are until the first comes again: 24 for a day, 168 for a week.
fn between_hours(hours: usize, at: WeekTime, value: impl Fn(usize) -> f64) -> f64 {
    let hour = at.hour();
    let share = f64::from(at.seconds() % 3_600) / 3_600.0;
    let (now, next) = (value(hour % hours), value((hour + 1) % hours));
    now + (next - now) * share
}

#[cfg(test)]
mod tests;
