//! What the cabs' GPS says: trips, and how long drives took.
//!
//! Lives here: reading the two files; travel times estimated from drives with a rider aboard ([`DriveTimes`]).
//! Stays out: the ground that is played on ([`super::ground`]).
//!
//! No road graph of the city is at hand. So a drive's time is estimated from pieces of real rides: any two fixes of one
//! ride are a drive with a known time. First by the distance as the crow flies, as a curve of medians; then, for each pair
//! of cells with enough such pieces, by the median of how much longer or shorter they took than the curve says: hills,
//! bridges and motorways are in it. One time for the whole day.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use flate2::read::GzDecoder;
use geo::{Cell, Point, Resolution, distance};

/// A cab's phone at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fix {
    pub(super) unix_s: u64,
    pub(super) cab: u32,
    pub(super) point: Point,
    pub(super) occupied: bool,
}

/// A ride that was really driven.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ride {
    pub(super) pickup_unix_s: u64,
    pub(super) cab: u32,
    pub(super) dropoff_unix_s: u64,
    pub(super) from: Point,
    pub(super) to: Point,
}

/// Reads `unix,cab,lat,lon,occupied`.
pub(super) fn fixes(path: &Path) -> Result<Vec<Fix>, String> {
    lines(path, |cells| match cells {
        [unix_s, cab, lat, lon, occupied] => Some(Fix {
            unix_s: unix_s.parse().ok()?,
            cab: cab.parse().ok()?,
            point: point(lat, lon)?,
            occupied: *occupied == "1",
        }),
        _ => None,
    })
}

/// Reads `pickup_unix,cab,dropoff_unix,o_lat,o_lon,d_lat,d_lon`, in the order of pickups.
pub(super) fn rides(path: &Path) -> Result<Vec<Ride>, String> {
    let mut rides = lines(path, |cells| match cells {
        [pickup, cab, dropoff, from_lat, from_lon, to_lat, to_lon] => {
            let (pickup_unix_s, dropoff_unix_s) = (pickup.parse().ok()?, dropoff.parse().ok()?);
            let (from, to) = (point(from_lat, from_lon)?, point(to_lat, to_lon)?);
            let cab = cab.parse().ok()?;
            (pickup_unix_s <= dropoff_unix_s).then_some(Ride { pickup_unix_s, cab, dropoff_unix_s, from, to })
        }
        _ => None,
    })?;
    rides.sort_by_key(|ride| (ride.pickup_unix_s, ride.cab));
    Ok(rides)
}

fn point(lat: &str, lon: &str) -> Option<Point> {
    Point::new(lat.parse().ok()?, lon.parse().ok()?).ok()
}

/// The lines of a packed file after its heads.
fn lines<T>(path: &Path, read: impl Fn(&[&str]) -> Option<T>) -> Result<Vec<T>, String> {
    let cannot = |why: std::io::Error| format!("cannot read {}: {why}", path.display());
    let mut text = String::new();
    GzDecoder::new(File::open(path).map_err(cannot)?).read_to_string(&mut text).map_err(cannot)?;
    let line = |(number, line): (usize, &str)| {
        let cells: Vec<&str> = line.split(',').collect();
        read(&cells).ok_or_else(|| format!("{} line {}: not as its heads say: {line:?}", path.display(), number + 1))
    };
    text.lines().enumerate().skip(1).map(line).collect()
}

/// Distances at which the curve is known, in metres. Shorter drives lie on the line of the first two: phones send every
/// minute, so among shorter pieces those that stood at a light are too many.
const KNOTS_M: [f64; 11] =
    [1_000.0, 1_500.0, 2_000.0, 3_000.0, 4_000.0, 6_000.0, 8_000.0, 11_000.0, 15_000.0, 20_000.0, 30_000.0];
/// A pair of cells with fewer pieces of rides says nothing of its own.
const PIECES_MIN: usize = 8;
/// A silence longer than this cuts a ride in two.
const SILENCE_MAX_S: u64 = 300;
/// Pieces shorter or longer than this are not taken.
const PIECE_S: std::ops::RangeInclusive<u64> = 90..=2_700;
/// A cell is at most so much slower or faster than the curve.
const RATIOS: std::ops::RangeInclusive<f64> = 0.4..=2.5;

/// How long drives take.
#[derive(Clone, Debug)]
pub(super) struct DriveTimes {
    resolution: Resolution,
    /// Seconds at each knot.
    curve_s: [f64; KNOTS_M.len()],
    /// How much longer than the curve says, by cell from and cell to.
    ratios: BTreeMap<(Cell, Cell), f64>,
}

impl DriveTimes {
    /// Learns from the rides in the traces. Cells are of resolution 8, about half a mile across.
    pub(super) fn learn(fixes: &[Fix]) -> Result<DriveTimes, String> {
        let resolution = Resolution::new(8).map_err(|why| why.to_string())?;
        let pieces = pieces(fixes);
        let mut curve_s = [0.0; KNOTS_M.len()];
        for (knot, &at_m) in KNOTS_M.iter().enumerate() {
            let near = |piece: &&Piece| (0.85 * at_m..1.15 * at_m).contains(&piece.meters);
            // Brought to the knot's own distance, as if at one speed.
            let mut seconds: Vec<f64> =
                pieces.iter().filter(near).map(|piece| piece.seconds * at_m / piece.meters).collect();
            let before = if knot == 0 { 0.0 } else { curve_s[knot - 1] };
            curve_s[knot] = median(&mut seconds).ok_or_else(|| format!("no ride of about {at_m} m"))?.max(before + 1.0);
        }
        let mut times = DriveTimes { resolution, curve_s, ratios: BTreeMap::new() };
        let mut of_pair: BTreeMap<(Cell, Cell), Vec<f64>> = BTreeMap::new();
        for piece in &pieces {
            let pair = (Cell::at(piece.from, resolution), Cell::at(piece.to, resolution));
            of_pair.entry(pair).or_default().push(piece.seconds / times.by_distance(piece.meters).max(1.0));
        }
        for (pair, mut ratios) in of_pair {
            if ratios.len() >= PIECES_MIN
                && pair.0 != pair.1
                && let Some(ratio) = median(&mut ratios)
            {
                times.ratios.insert(pair, ratio.clamp(*RATIOS.start(), *RATIOS.end()));
            }
        }
        Ok(times)
    }

    /// The same, but so much longer that all these rides together take as long as they really did. Medians leave out the
    /// rare long delay, and a real ride has its boarding and paying in it: so this errs on the side of slow.
    pub(super) fn calibrated(mut self, rides: &[Ride]) -> DriveTimes {
        let place = |point| (point, self.cell_at(point));
        let estimate = |ride: &Ride| self.drive(place(ride.from), place(ride.to)).0;
        let real: u64 = rides.iter().map(|ride| ride.dropoff_unix_s - ride.pickup_unix_s).sum();
        let estimated: f64 = rides.iter().map(estimate).sum();
        let factor = real as f64 / estimated.max(1.0);
        self.curve_s.iter_mut().for_each(|seconds| *seconds *= factor);
        self
    }

    /// How long a drive takes, in seconds, and how far it is as the crow flies, in metres.
    pub(super) fn drive(&self, from: (Point, Cell), to: (Point, Cell)) -> (f64, f64) {
        let meters = distance(from.0, to.0).get();
        let ratio = self.ratios.get(&(from.1, to.1)).copied().unwrap_or(1.0);
        (self.by_distance(meters) * ratio, meters)
    }

    /// The cell whose ratio a place takes.
    pub(super) fn cell_at(&self, point: Point) -> Cell {
        Cell::at(point, self.resolution)
    }

    fn by_distance(&self, meters: f64) -> f64 {
        let last = KNOTS_M.len() - 2;
        let high = KNOTS_M.iter().position(|&knot| meters < knot).unwrap_or(last + 1);
        let low = high.saturating_sub(1).min(last);
        let share = (meters - KNOTS_M[low]) / (KNOTS_M[low + 1] - KNOTS_M[low]);
        let seconds = self.curve_s[low] + share * (self.curve_s[low + 1] - self.curve_s[low]);
        // Where the line of the first two knots goes below 0, and at no distance at all: no time.
        if meters < 1.0 { 0.0 } else { seconds.max(0.0) }
    }
}

/// A part of a ride.
#[derive(Clone, Copy, Debug)]
struct Piece {
    from: Point,
    to: Point,
    seconds: f64,
    meters: f64,
}

/// Every two fixes of one ride that are neither too close in time nor too far apart.
fn pieces(fixes: &[Fix]) -> Vec<Piece> {
    let mut of_cab: BTreeMap<u32, Vec<Fix>> = BTreeMap::new();
    for fix in fixes {
        of_cab.entry(fix.cab).or_default().push(*fix);
    }
    let mut pieces = Vec::new();
    for fixes in of_cab.values_mut() {
        fixes.sort_by_key(|fix| fix.unix_s);
        let goes_on = |a: &Fix, b: &Fix| a.occupied && b.occupied && b.unix_s - a.unix_s <= SILENCE_MAX_S;
        for ride in fixes.chunk_by(goes_on).filter(|ride| ride[0].occupied) {
            for (place, from) in ride.iter().enumerate() {
                for to in &ride[place + 1..] {
                    if PIECE_S.contains(&(to.unix_s - from.unix_s)) {
                        let meters = distance(from.point, to.point).get();
                        let seconds = (to.unix_s - from.unix_s) as f64;
                        pieces.push(Piece { from: from.point, to: to.point, seconds, meters });
                    }
                }
            }
        }
    }
    pieces
}

fn median(values: &mut [f64]) -> Option<f64> {
    let middle = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(middle, f64::total_cmp).1)
}
