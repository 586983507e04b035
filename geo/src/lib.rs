//! Where things are and how far apart. Knows no one by name.
//!
//! Lives here: checked points, distances, H3 cells, the index of moving things, roads, travel times.
//! Stays out: drivers, trips, clocks, chance and I/O.
//! Touch with care: [`NearIndex::nearest`] promises to equal a full scan; `index.rs` says on which promises that rests.

mod cell;
mod distance;
mod drive;
mod index;
mod point;
pub mod roads;
mod travel;

pub use cell::{Cell, NotACell, NotAResolution, Resolution};
pub use distance::{EARTH_RADIUS_M, Meters, NotADistance, distance, heading, is_within};
pub use drive::{Drive, NoDrive};
pub use index::{Fix, Handle, InOrder, Near, NearIndex, Search, Tags};
pub use point::{NotAPoint, Point};
pub use travel::{
    Estimate, FreeFlow, NotATravelTime, NotAWeekTime, NotSpeedFactors, NotZoneSpeeds, RoadTimes, Scaled, SpeedFactors,
    StraightLine, Travel, TravelTimes, WeekTime, ZoneSpeeds,
};

#[cfg(test)]
mod tests;
