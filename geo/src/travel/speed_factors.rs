//! How fast the traffic is by the hour of the week, beside an empty road.

use std::str::FromStr;

use super::{WeekTime, between_hours};

/// Hours of a week.
const HOURS: usize = 168;
/// What a factor may be. Below a twentieth nothing moves; above five the free-flow times are wrong.
const ALLOWED: std::ops::RangeInclusive<f64> = 0.05..=5.0;

/// A factor for each hour of the week, from Monday 00:00: 1 is free flow, 0.5 is half as fast. Between two hours it
/// lies on a straight line from one to the next, Sunday's last to Monday's first.
#[derive(Clone, Debug, PartialEq)]
pub struct SpeedFactors(Vec<f64>);

/// Why numbers are not the factors of a week.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NotSpeedFactors {
    /// Too few or too many.
    #[error("speed factors are {0} numbers, allowed is 24 (a day) or 168 (a week from Monday)")]
    Count(usize),
    /// A number out of range.
    #[error("speed factor {place} is {value}, allowed is 0.05 to 5")]
    Factor {
        /// Which, from 0.
        place: usize,
        /// What was given.
        value: f64,
    },
    /// A word that is no number.
    #[error("speed factor {place} is {text:?}, allowed is a number from 0.05 to 5")]
    NotANumber {
        /// Which, from 0.
        place: usize,
        /// What was given, shortened.
        text: String,
    },
}

impl SpeedFactors {
    /// An empty road all week.
    #[must_use]
    pub fn free_flow() -> SpeedFactors {
        SpeedFactors(vec![1.0; HOURS])
    }

    /// Checks the factors of a week (168, from Monday 00:00), or of a day that all seven are like (24, from 00:00).
    ///
    /// # Errors
    /// [`NotSpeedFactors`] says how many there are, or which is out of range.
    pub fn new(factors: &[f64]) -> Result<SpeedFactors, NotSpeedFactors> {
        if !matches!(factors.len(), 24 | HOURS) {
            return Err(NotSpeedFactors::Count(factors.len()));
        }
        if let Some((place, &value)) = factors.iter().enumerate().find(|(_, factor)| !ALLOWED.contains(factor)) {
            return Err(NotSpeedFactors::Factor { place, value });
        }
        Ok(SpeedFactors(factors.iter().copied().cycle().take(HOURS).collect()))
    }

    /// The factor at this time.
    #[must_use]
    pub fn at(&self, at: WeekTime) -> f64 {
        between_hours(HOURS, at, |hour| self.0[hour])
    }
}

impl FromStr for SpeedFactors {
    type Err = NotSpeedFactors;

    /// Reads 24 or 168 numbers with white space or commas between them. What follows a `#` on a line is a comment.
    fn from_str(text: &str) -> Result<SpeedFactors, NotSpeedFactors> {
        let words = text.lines().flat_map(|line| {
            let said = line.split_once('#').map_or(line, |(said, _)| said);
            said.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty())
        });
        let number = |(place, word): (usize, &str)| {
            let not_a_number = |_| NotSpeedFactors::NotANumber { place, text: word.chars().take(40).collect() };
            word.parse::<f64>().map_err(not_a_number)
        };
        // One more than a week has is enough to know that there are too many.
        let factors = words.take(HOURS + 1).enumerate().map(number).collect::<Result<Vec<f64>, _>>()?;
        SpeedFactors::new(&factors)
    }
}
