//! A city that rides: its zones, how many trips go from where to where and when, and how fast the streets are.
//!
//! Lives here: [`City`], decoded from a `.city` file; the days and bins of its tables; points and drives in it, along
//! roads when it was given some.
//! Stays out: drawing requests ([`crate::demand`]), recorded trips ([`crate::tlc`]), and who drives whom.
//! Touch with care: the constants below are part of the file format that `simulations/data/README.md` describes.

mod day;
mod file;
mod journey;
mod leg;
mod outline;
mod speeds;
mod zone;

#[cfg(test)]
pub(crate) mod small;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use geo::roads::Roads;
use geo::{Point, RoadTimes};
use rand::Rng;

pub use day::{Day, NotADay};
pub use file::CityFileError;
pub use journey::{Journey, RoadLeg, YARD_SPEED_MPS};
pub use leg::{Leg, MIN_SPEED_MPS};
pub use zone::{Bounds, Zone, ZoneIndex};

/// Bins of a day in the trip tables.
pub const BINS_PER_DAY: usize = 96;
/// Length of a bin, in seconds.
pub const BIN_S: u32 = 900;
/// Length of a day, in seconds. No day of the data has 23 or 25 hours.
pub const DAY_S: u32 = 86_400;
/// Speeds are known on the hour; between two hours they lie on a straight line, as in the source.
const HOURS_PER_DAY: usize = 24;

/// Manhattan as shipped with this crate; see `simulations/data/README.md` for where it comes from.
static MANHATTAN: &[u8] = include_bytes!("../data/manhattan.city");

/// A city's zones, demand and speeds. Immutable once decoded; a few megabytes, so share it rather than clone it.
#[derive(Clone, Debug)]
pub struct City {
    name: String,
    /// The direction of the avenues, degrees clockwise from north.
    axis_deg: f64,
    zones: Vec<Zone>,
    /// By day: how many days of the year the counts of that day are the sum of.
    days_counted: [u16; Day::ALL.len()],
    /// The year's trips by day, bin, pickup zone, drop-off zone.
    trips: Vec<u16>,
    /// The year's trips by day and bin.
    bin_totals: Vec<u64>,
    /// Millimetres per second by zone from, zone to, hour; never zero.
    speeds_mm_s: Vec<u16>,
    speeds_filled: usize,
    roads: Option<Arc<RoadTimes>>,
}

impl City {
    /// The Manhattan of 2018 that is built into this program.
    ///
    /// # Errors
    /// [`CityFileError`] if the program was built with a damaged file, which the tests of this module rule out.
    pub fn manhattan() -> Result<City, CityFileError> {
        City::read(MANHATTAN)
    }

    /// Decodes a `.city` file held in memory.
    ///
    /// # Errors
    /// [`CityFileError`] names the field that is wrong, what was found there and what is allowed.
    pub fn read(bytes: &[u8]) -> Result<City, CityFileError> {
        file::read(bytes)
    }

    /// Reads and decodes a `.city` file.
    ///
    /// # Errors
    /// [`CityFileError::Unreadable`] when the file cannot be read, otherwise as [`City::read`].
    pub fn open(path: impl AsRef<Path>) -> Result<City, CityFileError> {
        let path = path.as_ref();
        let bytes =
            std::fs::read(path).map_err(|source| CityFileError::Unreadable { path: path.to_path_buf(), source })?;
        City::read(&bytes)
    }

    /// The same city with these roads, which its cars drive along from now on.
    #[must_use]
    pub fn with_roads(self, roads: Arc<RoadTimes>) -> City {
        City { roads: Some(roads), ..self }
    }

    /// Its roads, if it was given some.
    #[must_use]
    pub fn roads(&self) -> Option<&Roads> {
        self.roads.as_deref().map(RoadTimes::free_flow)
    }

    /// The city's name, for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The direction of the avenues in degrees clockwise from north; streets cross them at right angles.
    #[must_use]
    pub fn axis_deg(&self) -> f64 {
        self.axis_deg
    }

    /// All zones, in ascending order of their TLC id.
    #[must_use]
    pub fn zones(&self) -> &[Zone] {
        &self.zones
    }

    /// The index of every zone.
    pub fn zone_indices(&self) -> impl ExactSizeIterator<Item = ZoneIndex> + use<> {
        (0..self.zones.len()).map(ZoneIndex::new)
    }

    /// The zone at `index`. An index belongs to the city that gave it.
    #[must_use]
    pub fn zone(&self, index: ZoneIndex) -> &Zone {
        &self.zones[index.get()]
    }

    /// The zone with this TLC id, if the city has it.
    #[must_use]
    pub fn zone_with_id(&self, id: u16) -> Option<ZoneIndex> {
        self.zones.binary_search_by_key(&id, Zone::id).ok().map(ZoneIndex::new)
    }

    /// The zone that `point` lies in. On a border, the one with the lower id.
    #[must_use]
    pub fn zone_at(&self, point: Point) -> Option<ZoneIndex> {
        self.zones.iter().position(|zone| zone.contains(point)).map(ZoneIndex::new)
    }

    /// The zone that `point` lies in, or else the one whose outline is nearest to it.
    #[must_use]
    pub fn nearest_zone(&self, point: Point) -> ZoneIndex {
        self.zone_at(point).unwrap_or_else(|| {
            let mut best = (f64::INFINITY, 0);
            for (index, zone) in self.zones.iter().enumerate() {
                if zone.bounds().distance_m(point) < best.0 {
                    let distance_m = zone.outline_distance_m(point);
                    if distance_m < best.0 {
                        best = (distance_m, index);
                    }
                }
            }
            ZoneIndex::new(best.1)
        })
    }

    /// The ground covered by all zones, in square kilometres.
    #[must_use]
    pub fn area_km2(&self) -> f64 {
        self.zones.iter().map(Zone::area_km2).sum()
    }

    /// How many days of the source's year the counts of `day` were taken from.
    #[must_use]
    pub fn days_counted(&self, day: Day) -> u16 {
        self.days_counted[day.index()]
    }

    /// Trips recorded over the whole year on `day`, all bins and zones together.
    #[must_use]
    pub fn trips_counted(&self, day: Day) -> u64 {
        (0..BINS_PER_DAY).map(|bin| self.bin_total(day, bin)).sum()
    }

    /// Trips expected on one `day` in 15-minute `bin` (0 to 95) from `pickup` to `dropoff`. 0 for a bin past the day.
    #[must_use]
    pub fn mean_trips(&self, day: Day, bin: usize, pickup: ZoneIndex, dropoff: ZoneIndex) -> f64 {
        let pair = pickup.get() * self.zones.len() + dropoff.get();
        let counted = self.bin_counts(day, bin).get(pair).copied().unwrap_or(0);
        f64::from(counted) / f64::from(self.days_counted(day))
    }

    /// Trips expected on one `day` between two times of that day, in seconds after midnight; parts of a bin count
    /// in proportion. Times past midnight are cut off; 0 when `to_tod_s` is not later than `from_tod_s`.
    #[must_use]
    pub fn trips_between(&self, day: Day, from_tod_s: u32, to_tod_s: u32) -> f64 {
        let to_tod_s = to_tod_s.min(DAY_S);
        let mut trips = 0.0;
        let mut at = from_tod_s;
        while at < to_tod_s {
            let bin = at / BIN_S;
            let until = ((bin + 1) * BIN_S).min(to_tod_s);
            trips += self.bin_total(day, bin as usize) as f64 * f64::from(until - at) / f64::from(BIN_S);
            at = until;
        }
        trips / f64::from(self.days_counted(day))
    }

    /// The mean speed of drives that leave `from` for `to` at `tod_s` seconds after midnight, in metres per second
    /// along the street grid. Times past midnight wrap around.
    ///
    /// A pair that the file has no speed for takes the speed of the way back, and if that is missing too, the mean
    /// over the city at that hour; [`City::speeds_filled`] counts them.
    #[must_use]
    pub fn speed(&self, from: ZoneIndex, to: ZoneIndex, tod_s: u32) -> f64 {
        let pair = (from.get() * self.zones.len() + to.get()) * HOURS_PER_DAY;
        let tod_s = tod_s % DAY_S;
        let hour = (tod_s / 3600) as usize;
        let share = f64::from(tod_s % 3600) / 3600.0;
        let now = f64::from(self.speeds_mm_s[pair + hour]);
        let next = f64::from(self.speeds_mm_s[pair + (hour + 1) % HOURS_PER_DAY]);
        (now + (next - now) * share) / 1000.0
    }

    /// What share of the speed of its fastest hour the traffic from `from` to `to` has at `tod_s` seconds after
    /// midnight: above 0 and at most 1. The fastest hour of a night is taken for an empty road.
    #[must_use]
    pub fn share_of_free_flow(&self, from: ZoneIndex, to: ZoneIndex, tod_s: u32) -> f64 {
        let pair = (from.get() * self.zones.len() + to.get()) * HOURS_PER_DAY;
        let fastest = self.speeds_mm_s[pair..pair + HOURS_PER_DAY].iter().fold(1, |most, &speed| speed.max(most));
        (self.speed(from, to, tod_s) * 1000.0 / f64::from(fastest)).min(1.0)
    }

    /// How many hourly speeds the file lacked and this city made up as [`City::speed`] says. 0 for Manhattan.
    #[must_use]
    pub fn speeds_filled(&self) -> usize {
        self.speeds_filled
    }

    /// A point drawn evenly from the ground inside `zone`.
    pub fn random_point(&self, zone: ZoneIndex, rng: &mut impl Rng) -> Point {
        self.zone(zone).random_point(rng)
    }

    /// The drive of a car that leaves `from` for `to` at `tod_s` seconds after midnight.
    ///
    /// In a city with roads it is the fastest way along them, one-ways and forbidden turns minded, slowed by
    /// [`City::share_of_free_flow`] between the nearest zones: hours differ as they do in the data, and no car is faster
    /// than on an empty road. Without roads, and where there is none within reach, it is [`City::leg`].
    #[must_use]
    pub fn drive(&self, from: Point, to: Point, tod_s: u32) -> Journey {
        let by_road = self.roads().and_then(|roads| {
            let share = self.share_of_free_flow(self.nearest_zone(from), self.nearest_zone(to), tod_s);
            RoadLeg::new(roads, from, to, share).ok()
        });
        by_road.map_or_else(|| Journey::Grid(self.leg(from, to, tod_s)), Journey::Road)
    }

    /// The drive from `from` to `to`, leaving at `tod_s` seconds after midnight: one stretch along the avenues, one
    /// along the streets, at the data's mean speed for the two zones (the nearest ones for points outside). Of the
    /// two ways around the corner it takes the one whose corner lies in the city, the avenue first if both do.
    #[must_use]
    pub fn leg(&self, from: Point, to: Point, tod_s: u32) -> Leg {
        let speed_mps = self.speed(self.nearest_zone(from), self.nearest_zone(to), tod_s);
        let avenue_first = Leg::new(from, to, self.axis_deg, speed_mps);
        if self.zone_at(avenue_first.corner()).is_some() {
            return avenue_first;
        }
        let street_first = Leg::new(from, to, self.axis_deg + 90.0, speed_mps);
        if self.zone_at(street_first.corner()).is_some() { street_first } else { avenue_first }
    }

    /// The pickup zone and the drop-off zone of the pair at this place in [`City::bin_counts`].
    pub(crate) fn pair(&self, pair: usize) -> (ZoneIndex, ZoneIndex) {
        (ZoneIndex::new(pair / self.zones.len()), ZoneIndex::new(pair % self.zones.len()))
    }

    /// The year's trips in one bin, by pickup zone and drop-off zone. Empty for a bin past the day.
    pub(crate) fn bin_counts(&self, day: Day, bin: usize) -> &[u16] {
        let pairs = self.zones.len() * self.zones.len();
        let first = (day.index() * BINS_PER_DAY + bin) * pairs;
        if bin < BINS_PER_DAY { &self.trips[first..first + pairs] } else { &[] }
    }

    /// The year's trips in one bin, all pairs together.
    pub(crate) fn bin_total(&self, day: Day, bin: usize) -> u64 {
        if bin < BINS_PER_DAY { self.bin_totals[day.index() * BINS_PER_DAY + bin] } else { 0 }
    }
}

/// A number drawn evenly from 0 (may come) to 1 (may not), with all 53 bits a double has. Written out here so that
/// a seed means the same trips whatever `rand` does to its own distributions.
pub(crate) fn unit(rng: &mut impl Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}
