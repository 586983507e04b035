//! The parts a day is cut into: which of them a moment falls into, by the city's own clocks.
//!
//! Lives here: slots of a day, kinds of days.
//! Stays out: what is counted in them ([`crate::Forecast`], [`crate::Values`]).

use std::str::FromStr;
use std::time::Duration;

use geo::WeekTime;

use crate::{BadPolicy, Timestamp};

/// Which days are thought to be alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayKinds {
    /// All of them.
    Alike,
    /// Monday to Friday, and the weekend.
    WorkAndWeekend,
    /// Each day of the week is a kind of its own.
    SevenDays,
}

/// A text that names no kinds of days.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("day_kinds is {0:?}, allowed is alike, work_and_weekend or seven_days")]
pub struct NotDayKinds(pub String);

impl FromStr for DayKinds {
    type Err = NotDayKinds;

    fn from_str(text: &str) -> Result<DayKinds, NotDayKinds> {
        let all = [DayKinds::Alike, DayKinds::WorkAndWeekend, DayKinds::SevenDays];
        all.into_iter().find(|kinds| kinds.name() == text).ok_or_else(|| NotDayKinds(text.to_owned()))
    }
}

impl DayKinds {
    /// As settings and files say it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            DayKinds::Alike => "alike",
            DayKinds::WorkAndWeekend => "work_and_weekend",
            DayKinds::SevenDays => "seven_days",
        }
    }

    fn count(self) -> usize {
        match self {
            DayKinds::Alike => 1,
            DayKinds::WorkAndWeekend => 2,
            DayKinds::SevenDays => 7,
        }
    }

    fn of(self, day: usize) -> usize {
        match self {
            DayKinds::Alike => 0,
            DayKinds::WorkAndWeekend => usize::from(day >= 5),
            DayKinds::SevenDays => day,
        }
    }
}

const MINUTES_A_DAY: u32 = 1_440;
const DAY_S: u32 = 86_400;
/// 1970-01-01 was a Thursday: so many slots of its week were over at midnight, in days.
const EPOCH_IN_WEEK_DAYS: i64 = 3;

/// The slots of all kinds of days, by number from 0: those of the first kind from midnight on, then the next kind's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    lasts_s: u32,
    kinds: DayKinds,
    utc_offset_min: i16,
}

impl Slots {
    /// Slots of so many minutes, which a day has a whole number of.
    ///
    /// # Errors
    /// [`BadPolicy`] when a day cannot be cut into such slots.
    pub fn new(lasts_min: u32, kinds: DayKinds, utc_offset_min: i16) -> Result<Slots, BadPolicy> {
        if !(5..=240).contains(&lasts_min) || !MINUTES_A_DAY.is_multiple_of(lasts_min) {
            let value = format!("{lasts_min} min");
            return Err(BadPolicy { field: "slot_min", value, allowed: "5 to 240 min, a whole part of a day" });
        }
        Ok(Slots { lasts_s: lasts_min * 60, kinds, utc_offset_min })
    }

    /// Which days are thought to be alike.
    #[must_use]
    pub fn kinds(&self) -> DayKinds {
        self.kinds
    }

    /// How long one lasts.
    #[must_use]
    pub fn lasts(&self) -> Duration {
        Duration::from_secs(u64::from(self.lasts_s))
    }

    /// How many there are, of all kinds of days together.
    #[must_use]
    pub fn count(&self) -> usize {
        self.of_a_day() * self.kinds.count()
    }

    /// How many one day has.
    #[must_use]
    pub fn of_a_day(&self) -> usize {
        (DAY_S / self.lasts_s) as usize
    }

    /// The slot that a moment falls into.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> usize {
        let seconds = WeekTime::of(at.millis(), self.utc_offset_min).seconds();
        let slot = (seconds % DAY_S / self.lasts_s) as usize;
        self.kinds.of((seconds / DAY_S) as usize) * self.of_a_day() + slot
    }

    /// How much of its slot is over at a moment: 0 up to, but not including, 1.
    #[must_use]
    pub fn share_over(&self, at: Timestamp) -> f64 {
        let seconds = WeekTime::of(at.millis(), self.utc_offset_min).seconds();
        let millis = f64::from(seconds % self.lasts_s) * 1_000.0 + (at.millis() % 1_000) as f64;
        millis / (f64::from(self.lasts_s) * 1_000.0)
    }

    /// The time from a moment to the end of its slot; never zero.
    #[must_use]
    pub fn left(&self, at: Timestamp) -> Duration {
        let seconds = WeekTime::of(at.millis(), self.utc_offset_min).seconds() % self.lasts_s;
        Duration::from_millis(u64::from(self.lasts_s - seconds) * 1_000 - at.millis() % 1_000)
    }

    /// The slots before and after one, on a day of the same kind.
    #[must_use]
    pub fn around(&self, slot: usize) -> [usize; 2] {
        let day = self.of_a_day();
        let (kind, slot) = (slot / day, slot % day);
        [(slot + day - 1) % day, (slot + 1) % day].map(|slot| kind * day + slot)
    }

    /// Numbers the slots of all time, so that it can be seen which came after which.
    #[must_use]
    pub(crate) fn running(&self, at: Timestamp) -> u64 {
        let offset_ms = i64::from(self.utc_offset_min) * 60_000 + EPOCH_IN_WEEK_DAYS * 86_400_000;
        // A timestamp fits 48 bits.
        let millis = (at.millis() as i64 + offset_ms).max(0) as u64;
        millis / (u64::from(self.lasts_s) * 1_000)
    }

    /// The slot of a running number.
    #[must_use]
    pub(crate) fn of_running(&self, running: u64) -> usize {
        let day = self.of_a_day() as u64;
        self.kinds.of((running / day % 7) as usize) * self.of_a_day() + (running % day) as usize
    }
}

#[cfg(test)]
mod tests;
