//! Mean speeds from zone to zone by the hour, as taxi records give them.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::{TravelTimes, WeekTime, between_hours};
use crate::{Cell, Drive, Meters, NoDrive, Point, Resolution, distance};

/// What a speed may be, in millimetres a second: from far below walking to the 65.5 m/s that fit.
const SPEEDS_MM_S: RangeInclusive<u16> = 100..=u16::MAX;
/// What a detour may be, as for a straight line.
const DETOURS: RangeInclusive<f64> = 1.0..=5.0;

/// Travel times from the mean speeds between zones at the hour a drive leaves. A zone is a set of H3 cells; the way is
/// the great circle stretched by a detour factor. Between two hours a speed lies on a straight line from one to the
/// next.
#[derive(Clone, PartialEq)]
pub struct ZoneSpeeds {
    resolution: Resolution,
    /// The zone of each cell, cells ascending.
    cells: Vec<(Cell, u16)>,
    zones: u16,
    /// How many hours until the first comes again: 24 or 168.
    hours: usize,
    /// Millimetres a second by zone from, zone to, hour.
    speeds_mm_s: Vec<u16>,
    detour: f64,
}

/// Why cells and numbers are not the speeds between zones.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum NotZoneSpeeds {
    /// No zone has any ground.
    #[error("zone speeds have no cells, allowed is at least one")]
    NoCells,
    /// Cells of two sizes.
    #[error("cell {cell} is of resolution {}, allowed is that of the others, {}", .cell.resolution().get(), .others.get())]
    MixedResolutions {
        /// The one that differs from the first.
        cell: Cell,
        /// The resolution of the first.
        others: Resolution,
    },
    /// A cell in two zones.
    #[error("cell {cell} is in zones {one} and {other}, allowed is one zone")]
    TwoZones {
        /// Which cell.
        cell: Cell,
        /// One zone.
        one: u16,
        /// The other.
        other: u16,
    },
    /// A cell in a zone that there is no speed for.
    #[error("cell {cell} is in zone {zone}, allowed is a zone below {zones}")]
    NoSuchZone {
        /// Which cell.
        cell: Cell,
        /// Its zone.
        zone: u16,
        /// How many zones there are.
        zones: u16,
    },
    /// Too few or too many speeds.
    #[error("there are {found} speeds for {zones} zones, allowed is 24 or 168 for each pair of zones")]
    Count {
        /// How many were given.
        found: usize,
        /// How many zones there are.
        zones: u16,
    },
    /// A speed out of range.
    #[error("speed from zone {from} to zone {to} in hour {hour} is {mm_s} mm/s, allowed is 100 to 65535")]
    Speed {
        /// Zone from.
        from: usize,
        /// Zone to.
        to: usize,
        /// Hour.
        hour: usize,
        /// What was given.
        mm_s: u16,
    },
    /// A detour out of range.
    #[error("detour is {0}, allowed is 1 to 5")]
    Detour(f64),
}

impl ZoneSpeeds {
    /// `cells` says which zone, numbered from 0 to `zones` (not included), the ground of each cell belongs to; all are
    /// of one resolution, and a zone may have none. `speeds_mm_s` are mean speeds along the road in millimetres a
    /// second, by zone from, zone to and hour: 24 of a day for each pair, or 168 of a week from Monday 00:00.
    /// `detour` is road metres for each metre of air.
    ///
    /// # Errors
    /// [`NotZoneSpeeds`] names the first cell or number that is wrong, and what is allowed.
    pub fn new(
        cells: impl IntoIterator<Item = (Cell, u16)>,
        zones: u16,
        speeds_mm_s: Vec<u16>,
        detour: f64,
    ) -> Result<ZoneSpeeds, NotZoneSpeeds> {
        let cells = checked_cells(cells, zones)?;
        let Some(resolution) = cells.keys().next().map(|cell| cell.resolution()) else {
            return Err(NotZoneSpeeds::NoCells);
        };
        let pairs = usize::from(zones) * usize::from(zones);
        let found = speeds_mm_s.len();
        let hours = [24, 168].into_iter().find(|hours| pairs.checked_mul(*hours) == Some(found));
        let hours = hours.ok_or(NotZoneSpeeds::Count { found, zones })?;
        if let Some(place) = speeds_mm_s.iter().position(|speed| !SPEEDS_MM_S.contains(speed)) {
            let (pair, hour) = (place / hours, place % hours);
            let (from, to) = (pair / usize::from(zones), pair % usize::from(zones));
            return Err(NotZoneSpeeds::Speed { from, to, hour, mm_s: speeds_mm_s[place] });
        }
        if !DETOURS.contains(&detour) {
            return Err(NotZoneSpeeds::Detour(detour));
        }
        Ok(ZoneSpeeds { resolution, cells: cells.into_iter().collect(), zones, hours, speeds_mm_s, detour })
    }

    /// How many cells all zones have together.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.cells.len()
    }

    /// Road metres for each metre of air.
    #[must_use]
    pub fn detour(&self) -> f64 {
        self.detour
    }

    /// The zone whose ground `point` lies on, if any.
    #[must_use]
    pub fn zone_at(&self, point: Point) -> Option<u16> {
        let cell = Cell::at(point, self.resolution);
        self.cells.binary_search_by_key(&cell, |(cell, _)| *cell).ok().map(|place| self.cells[place].1)
    }

    /// The mean speed of drives that leave zone `from` for zone `to` at this time, in metres a second; `None` when there
    /// is no such zone.
    #[must_use]
    pub fn speed_mps(&self, from: u16, to: u16, at: WeekTime) -> Option<f64> {
        if from >= self.zones || to >= self.zones {
            return None;
        }
        let pair = (usize::from(from) * usize::from(self.zones) + usize::from(to)) * self.hours;
        Some(between_hours(self.hours, at, |hour| f64::from(self.speeds_mm_s[pair + hour])) / 1_000.0)
    }

    fn drive_into(&self, from: Point, to: Point, to_zone: u16, at: WeekTime) -> Result<Drive, NoDrive> {
        let outside = NoDrive::Outside { at: from };
        let from_zone = self.zone_at(from).ok_or(outside)?;
        // Every zone of a cell was checked to have speeds.
        let speed_mps = self.speed_mps(from_zone, to_zone, at).ok_or(outside)?;
        let length_m = distance(from, to).get() * self.detour;
        let distance = Meters::new(length_m).map_err(|_| outside)?;
        // Half the Earth, five times over, at 0.1 m/s is 1e12 ms: far inside u64, so the cast never saturates.
        Ok(Drive { time: Duration::from_millis((length_m / speed_mps * 1_000.0).round() as u64), distance })
    }
}

/// The zone of each cell, when no two contradict each other.
fn checked_cells(
    cells: impl IntoIterator<Item = (Cell, u16)>,
    zones: u16,
) -> Result<BTreeMap<Cell, u16>, NotZoneSpeeds> {
    let mut checked = BTreeMap::new();
    let mut resolution = None;
    for (cell, zone) in cells {
        let others = *resolution.get_or_insert(cell.resolution());
        if cell.resolution() != others {
            return Err(NotZoneSpeeds::MixedResolutions { cell, others });
        }
        if zone >= zones {
            return Err(NotZoneSpeeds::NoSuchZone { cell, zone, zones });
        }
        match checked.insert(cell, zone) {
            Some(before) if before != zone => {
                return Err(NotZoneSpeeds::TwoZones { cell, one: before, other: zone });
            }
            _ => {}
        }
    }
    Ok(checked)
}

impl TravelTimes for ZoneSpeeds {
    fn name(&self) -> &'static str {
        "zones"
    }

    fn drive(&self, from: Point, to: Point, at: WeekTime) -> Result<Drive, NoDrive> {
        let to_zone = self.zone_at(to).ok_or(NoDrive::Outside { at: to })?;
        self.drive_into(from, to, to_zone, at)
    }

    fn drives_to(&self, from: &[Point], to: Point, at: WeekTime) -> Vec<Result<Drive, NoDrive>> {
        let Some(to_zone) = self.zone_at(to) else { return vec![Err(NoDrive::Outside { at: to }); from.len()] };
        from.iter().map(|&from| self.drive_into(from, to, to_zone, at)).collect()
    }
}

impl fmt::Debug for ZoneSpeeds {
    /// How much there is, not all of it: a city has thousands of cells and a hundred thousand speeds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZoneSpeeds")
            .field("zones", &self.zones)
            .field("cells", &self.cells.len())
            .field("resolution", &self.resolution.get())
            .field("hours", &self.hours)
            .field("detour", &self.detour)
            .finish_non_exhaustive()
    }
}
