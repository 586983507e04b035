//! The inside of a zone, cut into horizontal bands of slices, so that asking "is this point inside" and drawing a
//! point from inside are both a search and a little arithmetic, for any shape with islands and holes.
//!
//! Through every corner runs a parallel; between two neighbouring parallels no edge begins or ends, so what lies
//! between them is a row of trapezoids: the slices.

use geo::{EARTH_RADIUS_M, Point};
use rand::Rng;

use crate::city::unit;

/// How many pieces of border the outlines of one city may be cut into. Manhattan takes 25,492; a file that asks for
/// a hundred times that wants memory, not zones.
pub(super) const PIECES_MAX: usize = 2_000_000;

/// The inside of some rings, by the even-odd rule.
#[derive(Clone, Debug)]
pub(super) struct Outline {
    /// The parallels through the corners, ascending.
    parallels: Vec<f64>,
    /// By band, and one past the last: the first of its slices.
    first_slice: Vec<usize>,
    slices: Vec<Slice>,
    /// By slice: the area of it and all before it, in square metres.
    area_until: Vec<f64>,
    /// Any point of the border.
    corner: Point,
}

/// A trapezoid between two parallels: its western and eastern longitude on the southern and the northern one.
#[derive(Clone, Copy, Debug)]
struct Slice {
    west: [f64; 2],
    east: [f64; 2],
}

/// Why there is no outline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotAnOutline {
    /// The rings enclose nothing.
    NoArea,
    /// The rings have so many edges side by side that they would need more pieces than are left.
    TooIntricate,
}

/// A stretch of border from south to north.
#[derive(Clone, Copy)]
struct Edge {
    south: Point,
    north: Point,
}

impl Edge {
    fn longitude_at(&self, latitude: f64) -> f64 {
        let share = (latitude - self.south.lat()) / (self.north.lat() - self.south.lat());
        self.south.lon() + (self.north.lon() - self.south.lon()) * share
    }
}

impl Outline {
    /// The inside of `rings`, each closed from its last point to its first. Takes what it needs from `pieces_left`.
    pub(super) fn new<'a>(
        rings: impl Iterator<Item = &'a [Point]>,
        pieces_left: &mut usize,
    ) -> Result<Outline, NotAnOutline> {
        let edges: Vec<Edge> = rings.flat_map(edges).collect();
        let corner = edges.first().ok_or(NotAnOutline::NoArea)?.south;
        let mut parallels: Vec<f64> = edges.iter().flat_map(|edge| [edge.south.lat(), edge.north.lat()]).collect();
        parallels.sort_by(f64::total_cmp);
        parallels.dedup();
        let spans: Vec<(usize, usize)> = edges
            .iter()
            .map(|edge| {
                let band_at = |latitude: f64| parallels.partition_point(|&parallel| parallel < latitude);
                (band_at(edge.south.lat()), band_at(edge.north.lat()))
            })
            .collect();
        // Counted before anything is built: a hostile file could ask for the square of its own size.
        let pieces = spans.iter().map(|(from, until)| until - from).sum();
        *pieces_left = pieces_left.checked_sub(pieces).ok_or(NotAnOutline::TooIntricate)?;
        let mut crossing = vec![Vec::new(); parallels.len().saturating_sub(1)];
        for (edge, (from, until)) in edges.iter().zip(spans) {
            crossing[from..until].iter_mut().for_each(|band| band.push(*edge));
        }
        let outline = Outline::from_bands(parallels, crossing, corner);
        if outline.area_m2() > 0.0 { Ok(outline) } else { Err(NotAnOutline::NoArea) }
    }

    fn from_bands(parallels: Vec<f64>, crossing: Vec<Vec<Edge>>, corner: Point) -> Outline {
        let metres_per_deg = EARTH_RADIUS_M.to_radians();
        let (mut first_slice, mut slices, mut area_until) = (vec![0], Vec::new(), Vec::new());
        let mut area = 0.0;
        for (band, mut edges) in crossing.into_iter().enumerate() {
            let (south, north) = (parallels[band], parallels[band + 1]);
            let middle = (south + north) / 2.0;
            edges.sort_by(|a, b| a.longitude_at(middle).total_cmp(&b.longitude_at(middle)));
            let height_m = (north - south) * metres_per_deg;
            let width_m = metres_per_deg * middle.to_radians().cos();
            for pair in edges.chunks_exact(2) {
                let slice = Slice {
                    west: [pair[0].longitude_at(south), pair[0].longitude_at(north)],
                    east: [pair[1].longitude_at(south), pair[1].longitude_at(north)],
                };
                area += (slice.width(0) + slice.width(1)) / 2.0 * width_m * height_m;
                slices.push(slice);
                area_until.push(area);
            }
            first_slice.push(slices.len());
        }
        Outline { parallels, first_slice, slices, area_until, corner }
    }

    pub(super) fn area_m2(&self) -> f64 {
        self.area_until.last().copied().unwrap_or(0.0)
    }

    /// Whether `point` lies inside or on the border.
    pub(super) fn contains(&self, point: Point) -> bool {
        let above = self.parallels.partition_point(|&parallel| parallel <= point.lat());
        let on_top = self.parallels.last() == Some(&point.lat());
        let Some(band) = above.checked_sub(if on_top { 2 } else { 1 }) else { return false };
        if band + 1 >= self.parallels.len() {
            return false;
        }
        let share = self.share_of_band(band, point.lat());
        self.slices[self.first_slice[band]..self.first_slice[band + 1]].iter().any(|slice| {
            let (west, east) = slice.at(share);
            (west..=east).contains(&point.lon())
        })
    }

    /// A point drawn evenly from the ground inside.
    pub(super) fn random_point(&self, rng: &mut impl Rng) -> Point {
        let wanted = unit(rng) * self.area_m2();
        let number = self.area_until.partition_point(|&area| area <= wanted).min(self.slices.len() - 1);
        let band = self.first_slice.partition_point(|&first| first <= number) - 1;
        let slice = &self.slices[number];
        let (south, north) = (self.parallels[band], self.parallels[band + 1]);
        let latitude = south + (north - south) * slice.share_below(1.0 - unit(rng));
        // Asked again from the rounded latitude, as `contains` will, so that the two never disagree.
        let (west, east) = slice.at(self.share_of_band(band, latitude));
        let longitude = (west + (east - west) * unit(rng)).min(east);
        // The corners were checked and this lies between them, so the fallback is never taken.
        Point::new(latitude, longitude).unwrap_or(self.corner)
    }

    fn share_of_band(&self, band: usize, latitude: f64) -> f64 {
        (latitude - self.parallels[band]) / (self.parallels[band + 1] - self.parallels[band])
    }
}

impl Slice {
    /// Width in degrees on the southern (0) or northern (1) side. Borders that cross by a rounding count as touching.
    fn width(&self, side: usize) -> f64 {
        (self.east[side] - self.west[side]).max(0.0)
    }

    /// Western and eastern longitude at `share` of the way north.
    fn at(&self, share: f64) -> (f64, f64) {
        let line = |ends: [f64; 2]| ends[0] + (ends[1] - ends[0]) * share;
        (line(self.west), line(self.east))
    }

    /// How far north to go to have the share `area` (above 0, up to 1) of the trapezoid's area behind.
    fn share_below(&self, area: f64) -> f64 {
        let (south, north) = (self.width(0), self.width(1));
        let root = (south * south + area * (north * north - south * south)).max(0.0).sqrt();
        if south + root > 0.0 { (area * (south + north) / (south + root)).min(1.0) } else { area }
    }
}

/// The edges of a ring that are not level, each from south to north.
fn edges(ring: &[Point]) -> impl Iterator<Item = Edge> + '_ {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).filter_map(|(&a, &b)| {
        if a.lat() < b.lat() {
            Some(Edge { south: a, north: b })
        } else if b.lat() < a.lat() {
            Some(Edge { south: b, north: a })
        } else {
            None
        }
    })
}
