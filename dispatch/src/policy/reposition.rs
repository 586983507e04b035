//! The numbers of the demand forecast and of suggestions to idle drivers.
//!
//! Lives here: `policy.reposition.*`, ranges and reasons.
//! Stays out: what is done with them ([`crate::Forecast`], [`crate::reposition`]).

use std::time::Duration;

use geo::Resolution;

use crate::{BadPolicy, DayKinds};

/// Every number that a forecast and a suggestion depend on.
#[derive(Clone, Debug, PartialEq)]
pub struct RepositionPolicy {
    /// Whether idle drivers get suggestions. The forecast learns all the same.
    pub on: bool,
    /// How often suggestions are worked out. In our runs on Manhattan every 2 to 5 minutes did alike.
    pub every: Duration,
    /// Which cells demand is counted in. Resolution 8 is 0.74 km2, an edge of 530 m: five minutes' walk, two by car.
    pub resolution: Resolution,
    /// How long a part of the day is, in minutes. A quarter of an hour follows a rush hour and still sees requests.
    pub slot_min: u32,
    /// Which days are thought to be alike.
    pub day_kinds: DayKinds,
    /// How many days of a kind are remembered, as a mean age: the next day of its kind counts for so much less.
    pub days_remembered: f64,
    /// How many days of history the last half hour is worth. Without history it is all there is.
    pub recent_worth_days: f64,
    /// How fast the last half hour is forgotten: a request counts for 1/e after this.
    pub recent_lasts: Duration,
    /// How much of a cell's rate comes from the cells around it, 0 to 1: a thin cell says little alone.
    pub neighbours_share: f64,
    /// The most cells that are counted; a quiet one makes room, else a new one is not counted.
    pub cells_max: usize,
    /// How far ahead demand is compared with supply. About as long as the drive there and a wait.
    pub horizon: Duration,
    /// The longest drive that is suggested.
    pub drive_max: Duration,
    /// How long a driver must be idle before it is sent anywhere.
    pub idle_for: Duration,
    /// The least time between two suggestions to one driver.
    pub rest: Duration,
    /// How soon a driver must set off. Who has come no nearer by then does not listen: the suggestion is over, and the gap
    /// is open for another.
    pub set_off_within: Duration,
    /// How long a suggestion holds after the driver could be there. So long it counts as a car of that cell.
    pub stay: Duration,
    /// What the chance of a trip is worth, as a drive: a car goes this far for a trip it is sure of, half as far for
    /// one that comes every second time.
    pub trip_worth: Duration,
    /// What a move must be better by than staying, so that nobody is sent for next to nothing, or round in circles.
    pub gain_min: Duration,
    /// How many cells are considered for one driver.
    pub places_max: usize,
}

impl Default for RepositionPolicy {
    fn default() -> RepositionPolicy {
        RepositionPolicy {
            on: true,
            every: Duration::from_secs(180),
            resolution: Resolution::new(8).expect("8 is a resolution"),
            slot_min: 15,
            day_kinds: DayKinds::WorkAndWeekend,
            days_remembered: 10.0,
            recent_worth_days: 1.0,
            recent_lasts: Duration::from_secs(1_800),
            neighbours_share: 0.3,
            cells_max: 10_000,
            horizon: Duration::from_secs(900),
            drive_max: Duration::from_secs(900),
            idle_for: Duration::from_secs(60),
            rest: Duration::from_secs(600),
            set_off_within: Duration::from_secs(120),
            stay: Duration::from_secs(600),
            trip_worth: Duration::from_secs(900),
            gain_min: Duration::from_secs(60),
            places_max: 16,
        }
    }
}

impl RepositionPolicy {
    /// Checks every number once, at the border.
    ///
    /// # Errors
    /// [`BadPolicy`] names the first field that is out of range.
    pub fn check(&self) -> Result<(), BadPolicy> {
        let seconds = |field, value: Duration, least: f64, most: f64, allowed| {
            let value = value.as_secs_f64();
            in_range(field, value, least, most, "s", allowed)
        };
        seconds("reposition.every", self.every, 10.0, 3_600.0, "10 s to 1 h")?;
        seconds("reposition.recent_lasts", self.recent_lasts, 60.0, 86_400.0, "1 min to 24 h")?;
        seconds("reposition.horizon", self.horizon, 60.0, 14_400.0, "1 min to 4 h")?;
        seconds("reposition.drive_max", self.drive_max, 30.0, 7_200.0, "30 s to 2 h")?;
        seconds("reposition.idle_for", self.idle_for, 0.0, 7_200.0, "0 s to 2 h")?;
        seconds("reposition.rest", self.rest, 0.0, 14_400.0, "0 s to 4 h")?;
        seconds("reposition.set_off_within", self.set_off_within, 10.0, 3_600.0, "10 s to 1 h")?;
        seconds("reposition.stay", self.stay, 0.0, 14_400.0, "0 s to 4 h")?;
        seconds("reposition.trip_worth", self.trip_worth, 1.0, 14_400.0, "1 s to 4 h")?;
        seconds("reposition.gain_min", self.gain_min, 0.0, 7_200.0, "0 s to 2 h")?;
        let (days, recent) = (self.days_remembered, self.recent_worth_days);
        in_range("reposition.days_remembered", days, 1.0, 365.0, "days", "1 to 365 days")?;
        in_range("reposition.recent_worth_days", recent, 0.01, 100.0, "days", "0.01 to 100 days")?;
        in_range("reposition.neighbours_share", self.neighbours_share, 0.0, 1.0, "", "0 to 1")?;
        in_range("reposition.cells_max", self.cells_max as f64, 1.0, 1_000_000.0, "", "1 to 1000000")?;
        in_range("reposition.places_max", self.places_max as f64, 1.0, 1_024.0, "", "1 to 1024")?;
        in_range("reposition.resolution", f64::from(self.resolution.get()), 5.0, 10.0, "", "5 to 10")?;
        crate::Slots::new(self.slot_min, self.day_kinds, 0)
            .map(|_| ())
            .map_err(|bad| BadPolicy { field: "reposition.slot_min", ..bad })
    }
}

fn in_range(
    field: &'static str,
    value: f64,
    least: f64,
    most: f64,
    unit: &str,
    allowed: &'static str,
) -> Result<(), BadPolicy> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(BadPolicy { field, value: format!("{value} {unit}").trim_end().to_owned(), allowed })
    }
}
