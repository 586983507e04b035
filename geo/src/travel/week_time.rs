//! The hour of the week: what traffic depends on.

/// Length of a week, in seconds.
const WEEK_S: u32 = 604_800;
/// 1970-01-01 was a Thursday: so much of its week was over, in seconds.
const EPOCH_IN_WEEK_S: i64 = 3 * 86_400;

/// A moment of any week, in seconds since Monday 00:00 by the city's own clocks: 0 to 604 799.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WeekTime(u32);

/// A number that is no moment of a week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("time of the week is {0} s, allowed is 0 to 604799")]
pub struct NotAWeekTime(pub u32);

impl WeekTime {
    /// Checks a number of seconds since Monday 00:00.
    ///
    /// # Errors
    /// [`NotAWeekTime`] when the week is over by then.
    pub const fn new(seconds: u32) -> Result<WeekTime, NotAWeekTime> {
        if seconds < WEEK_S { Ok(WeekTime(seconds)) } else { Err(NotAWeekTime(seconds)) }
    }

    /// What a city's clocks show at a moment in milliseconds since the Unix epoch, when they are `utc_offset_min`
    /// minutes ahead of UTC (negative: behind). Parts of a second are dropped.
    #[must_use]
    pub fn of(unix_ms: u64, utc_offset_min: i16) -> WeekTime {
        // At most 2^64 / 1000: far inside i64, also with the rest added.
        let seconds = (unix_ms / 1_000) as i64 + EPOCH_IN_WEEK_S + i64::from(utc_offset_min) * 60;
        WeekTime(seconds.rem_euclid(i64::from(WEEK_S)) as u32)
    }

    /// Seconds since Monday 00:00.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0
    }

    /// Whole hours since Monday 00:00: 0 to 167.
    #[must_use]
    pub const fn hour(self) -> usize {
        (self.0 / 3_600) as usize
    }
}
