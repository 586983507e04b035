//! Points where things go wrong first.

use arbitrary::Arbitrary;
use geo::{Cell, Point, Resolution};

/// Seams, poles, pentagons, edges of the icosahedron, and New York.
const NASTY: [(f64, f64); 12] = [
    (40.75, -73.98),
    (0.0, 180.0),
    (0.0, 0.0),
    (90.0, 0.0),
    (-90.0, 0.0),
    (79.999, 10.0),
    (-89.999, 179.999),
    (64.7, 10.536_199),                          // a pentagon, in the Norwegian Sea
    (50.103_201_482_241_3, -143.478_490_015_02), // a pentagon, in the Gulf of Alaska
    (26.565_051_177_078, 0.0),                   // near an edge of the icosahedron
    (2.300_882_111_626, -5.245_390_296_777),     // a pentagon, off Africa
    (-64.700_000_127_9, -169.463_800_761_2),     // a pentagon, in the Southern Ocean
];

/// A place on Earth, or numbers that are none.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Place {
    /// Any two numbers at all.
    Bits(u64, u64),
    /// Evenly over all latitudes and longitudes.
    Anywhere(u32, u32),
    /// In steps of 1e-9 to 1e-2 degrees around a nasty place.
    Near {
        /// Which place.
        place: u8,
        /// How long a step is.
        step: u8,
        /// How many steps north.
        north: i8,
        /// How many steps east.
        east: i8,
    },
    /// Nanodegrees from a corner of the cell at a nasty place, or of one of its neighbours.
    Corner {
        /// Which place.
        place: u8,
        /// How fine the cell is.
        resolution: u8,
        /// Which of the cells around it, and itself.
        cell: u8,
        /// Which corner.
        corner: u8,
        /// How far north of it.
        north: i8,
        /// How far east of it.
        east: i8,
    },
}

impl Place {
    /// The point, if it is one.
    #[must_use]
    pub fn point(self) -> Option<Point> {
        match self {
            Place::Bits(lat, lon) => Point::new(f64::from_bits(lat), f64::from_bits(lon)).ok(),
            Place::Anywhere(lat, lon) => {
                let share = |number: u32| f64::from(number) / f64::from(u32::MAX);
                Point::new(share(lat) * 180.0 - 90.0, share(lon) * 360.0 - 180.0).ok()
            }
            Place::Near { place, step, north, east } => steps_from(nasty(place), step, north, east),
            Place::Corner { place, resolution, cell, corner, north, east } => {
                let (lat, lon) = nasty(place);
                let resolution = Resolution::new(resolution % 16).ok()?;
                let around = Cell::at(Point::new(lat, lon).ok()?, resolution).disk(1);
                let corners = around[usize::from(cell) % around.len()].outline();
                let corner = corners[usize::from(corner) % corners.len()];
                aside((corner.lat(), corner.lon()), f64::from(north) * 1e-9, f64::from(east) * 1e-9)
            }
        }
    }
}

/// A point so many steps from another; the number of the step tells how long it is, 1e-2 to 1e-9 degrees.
pub(crate) fn steps_from(from: (f64, f64), step: u8, north: i8, east: i8) -> Option<Point> {
    let degrees = 0.1_f64.powi(i32::from(step % 8) + 2);
    aside(from, f64::from(north) * degrees, f64::from(east) * degrees)
}

fn nasty(place: u8) -> (f64, f64) {
    NASTY[usize::from(place) % NASTY.len()]
}

/// A point aside of another: over the antimeridian it goes on, at a pole it stops.
fn aside((lat, lon): (f64, f64), north: f64, east: f64) -> Option<Point> {
    let lon = lon + east;
    let lon = if lon > 180.0 {
        lon - 360.0
    } else if lon < -180.0 {
        lon + 360.0
    } else {
        lon
    };
    Point::new((lat + north).clamp(-90.0, 90.0), lon).ok()
}
