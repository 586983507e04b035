//! The days the data has: business days of one year, told apart by their weekday.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A weekday that the data has trips for. The source left out weekends and holidays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    /// The quietest of the five.
    Monday,
    /// A day like Wednesday.
    Tuesday,
    /// A day like Tuesday.
    Wednesday,
    /// The day most studies of this data take.
    Thursday,
    /// The busiest of the five, and late into the night.
    Friday,
}

/// What was asked for is no day of the data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("day is {found:?}, allowed are monday, tuesday, wednesday, thursday and friday")]
pub struct NotADay {
    /// What was given.
    pub found: String,
}

impl Day {
    /// All days, in the order of the week.
    pub const ALL: [Day; 5] = [Day::Monday, Day::Tuesday, Day::Wednesday, Day::Thursday, Day::Friday];

    /// 0 for Monday to 4 for Friday.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The next day that the data has: Friday is followed by Monday.
    #[must_use]
    pub const fn next(self) -> Day {
        match self {
            Day::Monday => Day::Tuesday,
            Day::Tuesday => Day::Wednesday,
            Day::Wednesday => Day::Thursday,
            Day::Thursday => Day::Friday,
            Day::Friday => Day::Monday,
        }
    }

    /// The day's name in lower case, as [`Day::from_str`] reads it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Day::Monday => "monday",
            Day::Tuesday => "tuesday",
            Day::Wednesday => "wednesday",
            Day::Thursday => "thursday",
            Day::Friday => "friday",
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Day, NotADay> {
        Day::ALL
            .into_iter()
            .find(|day| day.name().eq_ignore_ascii_case(text.trim()))
            .ok_or_else(|| NotADay { found: text.to_owned() })
    }
}
