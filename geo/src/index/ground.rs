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

/// A piece of a cell inside which a position surely lies in it: three strips of land that cross over its centre, each
/// between two opposite borders. Fills one line of a processor's cache.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct Ground {
    centre: Angles,
    /// How many metres across each strip a step of latitude goes, and a step of longitude.
    per_lat: [f32; 3],
    per_lon: [f32; 3],
    /// Where each strip begins and ends, in metres from the centre.
    low: [f32; 3],
    high: [f32; 3],
}

/// A border of a cell on a flat map around its centre: the side where `north * n + east * e < room` is inside. Metres.
#[derive(Clone, Copy)]
struct Border {
    north: f64,
    east: f64,
    room: f64,
}

impl Ground {
    /// Measures a cell.
    ///
    /// Borders of H3 cells are great circles; in latitude and longitude they bend by at most `L^2 tan(lat) / 8R` over
    /// a length `L`. The straight borders here lie twice that inside, and half a hand's breadth. A cell that has not
    /// six corners (a pentagon, or one across an edge of H3's icosahedron), is large, or lies near a pole holds
    /// nothing: its visitors always take the long way through H3.
    pub(super) fn of(cell: Cell) -> Ground {
        let middle = cell.centre();
        let centre = Angles::of(middle);
        let corners: Vec<(f64, f64)> = cell.outline().into_iter().map(|corner| metres_from(centre, corner)).collect();
        let widest = corners.iter().map(|(north, east)| north.hypot(*east)).fold(0.0, f64::max);
        let nothing = Ground { centre, per_lat: [0.0; 3], per_lon: [0.0; 3], low: [0.0; 3], high: [0.0; 3] };
        if corners.len() != 6 || widest > WIDEST_METRES || middle.lat().abs() > STEEPEST_LATITUDE {
            return nothing;
        }
        let bend = (middle.lat().abs() + 1.0).to_radians().tan() / (4.0 * EARTH_RADIUS_M);
        let borders: [Border; 6] =
            std::array::from_fn(|place| Border::between(corners[place], corners[(place + 1) % 6], bend));
        strips_inside(&borders).map_or(nothing, |strips| {
            let shrink = middle.lat().to_radians().cos();
            Ground {
                centre,
                per_lat: strips.map(|strip| (strip.north * METRES_PER_STEP) as f32),
                per_lon: strips.map(|strip| (strip.east * METRES_PER_STEP * shrink) as f32),
                low: strips.map(|strip| strip.low as f32),
                high: strips.map(|strip| strip.high as f32),
            }
        })
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
        for strip in 0..3 {
            let across = self.per_lat[strip] * lat + self.per_lon[strip] * lon;
            inside &= self.low[strip] < across && across < self.high[strip];
        }
        inside
    }
}

impl Border {
    /// The border from one corner to the next, moved inwards by what it may bend and be rounded.
    fn between((north, east): (f64, f64), (north2, east2): (f64, f64), bend: f64) -> Border {
        let length = (north2 - north).hypot(east2 - east);
        let (across_north, across_east) = ((east - east2) / length, (north2 - north) / length);
        let to_border = north * across_north + east * across_east;
        // Which of its two sides is the inner one, the sign tells.
        let side = if to_border < 0.0 { -1.0 } else { 1.0 };
        let room = side * to_border - bend * length * length - ROUNDING_METRES;
        Border { north: side * across_north, east: side * across_east, room }
    }
}

/// A strip of land: `low < north * n + east * e < high`, in metres.
#[derive(Clone, Copy)]
struct Strip {
    north: f64,
    east: f64,
    low: f64,
    high: f64,
}

/// Three strips that have only ground inside all six borders in common. Opposite borders of a cell are nearly but not
/// quite parallel, so the strips are narrowed until the corners of what they have in common lie inside every border;
/// that piece is convex, and so is the cell, so all of it then does. `None` if two percent do not suffice.
fn strips_inside(borders: &[Border; 6]) -> Option<[Strip; 3]> {
    (0..40).map(|step| 1.0 - 0.000_5 * f64::from(step)).find_map(|share| {
        let strips: [Strip; 3] = std::array::from_fn(|place| {
            let (one, other) = (borders[place], borders[place + 3]);
            let (north, east) = ((one.north - other.north) / 2.0, (one.east - other.east) / 2.0);
            let length = north.hypot(east);
            Strip { north: north / length, east: east / length, low: -other.room * share, high: one.room * share }
        });
        let inside = |(north, east): (f64, f64)| {
            borders.iter().all(|border| border.north * north + border.east * east <= border.room)
        };
        corners_of(&strips).into_iter().all(inside).then_some(strips)
    })
}

/// All crossings of the borders of strips that lie inside the third: the corners of what they have in common.
fn corners_of(strips: &[Strip; 3]) -> Vec<(f64, f64)> {
    let mut corners = Vec::with_capacity(6);
    for (one, other, third) in [(0, 1, 2), (1, 2, 0), (2, 0, 1)].map(|(a, b, c)| (strips[a], strips[b], strips[c])) {
        let turn = one.north * other.east - one.east * other.north;
        for (a, b) in [(one.low, other.low), (one.low, other.high), (one.high, other.low), (one.high, other.high)] {
            let (north, east) = ((a * other.east - b * one.east) / turn, (b * one.north - a * other.north) / turn);
            let across = third.north * north + third.east * east;
            if (third.low - ROUNDING_METRES..=third.high + ROUNDING_METRES).contains(&across) {
                corners.push((north, east));
            }
        }
    }
    corners
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
