//! The ground of one bucket: what is known of an H3 cell's real shape, measured once when the cell is first entered.
//!
//! Lives here: [`Ground`] (a quick "still inside?" that never says yes wrongly), reach and clearance of a cell.
//! Stays out: who is in the bucket.
//! Touch with care: everything here is a promise in one direction. `holds` may say no inside the cell, never yes
//! outside; a reach may be too long, never too short; a clearance too short, never too long.

use super::angles::Angles;
use crate::{Cell, EARTH_RADIUS_M, Point, distance};

/// Metres in a step of latitude.
const METRES_PER_STEP: f64 = std::f64::consts::TAU / 4_294_967_296.0 * EARTH_RADIUS_M;

/// Positions are rounded by up to 7 mm before they are tested, the corners of a cell by 10 more.
const ROUNDING_METRES: f64 = 0.05;

/// A cell inside whose borders a position surely lies, as six straight borders around the centre.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    centre: Angles,
    /// For each border: how fast one nears it per step of latitude, and of longitude, and how far it is, in metres.
    per_lat: [f32; 6],
    per_lon: [f32; 6],
    room: [f32; 6],
}

impl Ground {
    /// Measures a cell.
    ///
    /// Borders of H3 cells are great circles; in latitude and longitude they bend by at most `L^2 tan(lat) / 8R` over
    /// a length `L`. The straight borders here lie twice that inside, and half a hand's breadth. A cell that has more
    /// than six corners (it lies across an edge of H3's icosahedron), is large, or lies near a pole holds nothing:
    /// its visitors always take the long way through H3.
    pub(super) fn of(cell: Cell) -> Ground {
        let middle = cell.centre();
        let centre = Angles::of(middle);
        let mut ground = Ground { centre, per_lat: [0.0; 6], per_lon: [0.0; 6], room: [f32::INFINITY; 6] };
        let corners: Vec<(f64, f64)> = cell.outline().into_iter().map(|corner| metres_from(centre, corner)).collect();
        let widest = corners.iter().map(|(north, east)| north.hypot(*east)).fold(0.0, f64::max);
        if corners.len() > 6 || widest > WIDEST_METRES || middle.lat().abs() > STEEPEST_LATITUDE {
            ground.room = [f32::NEG_INFINITY; 6];
            return ground;
        }
        let shrink = middle.lat().to_radians().cos();
        let bend = (middle.lat().abs() + 1.0).to_radians().tan() / (4.0 * EARTH_RADIUS_M);
        for (place, &(north, east)) in corners.iter().enumerate() {
            let (north2, east2) = corners[(place + 1) % corners.len()];
            let (along_north, along_east) = (north2 - north, east2 - east);
            let length = along_north.hypot(along_east);
            // Square to the border; which of its two sides is the inner one, the sign tells.
            let (out_north, out_east) = (-along_east / length, along_north / length);
            let to_border = north * out_north + east * out_east;
            let side = if to_border < 0.0 { -1.0 } else { 1.0 };
            ground.per_lat[place] = (side * out_north * METRES_PER_STEP) as f32;
            ground.per_lon[place] = (side * out_east * METRES_PER_STEP * shrink) as f32;
            ground.room[place] = (side * to_border - bend * length * length - ROUNDING_METRES) as f32;
        }
        ground
    }

    /// Where the middle is.
    pub(super) fn centre(&self) -> Angles {
        self.centre
    }

    /// Whether a position surely lies in the cell.
    #[inline]
    pub(super) fn holds(&self, at: Angles) -> bool {
        let (lat, lon) = at.offset_from(self.centre);
        let mut inside = true;
        for border in 0..6 {
            inside &= self.per_lat[border] * lat + self.per_lon[border] * lon < self.room[border];
        }
        inside
    }
}

/// Offsets in a cell of up to this size are whole 32-bit numbers even as `f32`, and the bend stays small.
const WIDEST_METRES: f64 = 20_000.0;
/// Beyond it the bend of a border is no longer small.
const STEEPEST_LATITUDE: f64 = 80.0;

/// How far north and east a corner lies on the flat map around a centre, in metres.
fn metres_from(centre: Angles, corner: Point) -> (f64, f64) {
    let corner = Angles::of(corner);
    let north = f64::from(corner.lat.wrapping_sub(centre.lat)) * METRES_PER_STEP;
    let shrink = centre.point().lat().to_radians().cos();
    (north, f64::from(corner.lon.wrapping_sub(centre.lon)) * METRES_PER_STEP * shrink)
}

/// A part more than the farthest corner, for cells whose borders bulge across an edge of the icosahedron.
const BULGE: f64 = 1.01;

/// No point of the cell is farther from its centre than this, in metres. H3 draws borders as great circles, so the
/// farthest point of a cell is one of its corners.
pub(super) fn reach(cell: Cell) -> f64 {
    cell.reach().get() * BULGE + ROUNDING_METRES
}

/// No point outside the cell and its two rings of neighbours is nearer to the cell's centre than this, in metres.
///
/// The straight way from the centre to such a point leaves the two rings into a cell of the third. It is at least as
/// long as the way to that cell's nearest point, and that is no nearer than its centre less its reach.
pub(super) fn clearance(cell: Cell, third_ring: &[Cell]) -> f64 {
    let centre = cell.centre();
    let to_ring = |other: &Cell| distance(centre, other.centre()).get() - reach(*other);
    third_ring.iter().map(to_ring).fold(f64::INFINITY, f64::min)
}
