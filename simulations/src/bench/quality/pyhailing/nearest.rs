//! Which of some fixed points is nearest, by a grid of the few that can be.
//!
//! Lives here: the grid; its answers are those of a look at all points.
//! Stays out: what the points are.

use super::model::Xy;

/// How many squares the grid has each way.
const SQUARES: usize = 64;

/// Fixed points, and for each square of a grid those that may be nearest to a place in it.
#[derive(Clone, Debug)]
pub(super) struct Nearest {
    points: Vec<Xy>,
    least: Xy,
    square: Xy,
    candidates: Vec<Vec<u16>>,
}

fn away(a: Xy, b: Xy) -> f64 {
    let (x, y) = (a[0] - b[0], a[1] - b[1]);
    x * x + y * y
}

impl Nearest {
    /// At least one point.
    pub(super) fn new(points: Vec<Xy>) -> Nearest {
        let bound =
            |axis: usize, pick: fn(f64, f64) -> f64| points.iter().map(|point| point[axis]).reduce(pick).unwrap_or(0.0);
        let least = [0, 1].map(|axis| bound(axis, f64::min));
        let square = [0, 1].map(|axis| ((bound(axis, f64::max) - least[axis]) / SQUARES as f64).max(1e-9));
        let mut nearest = Nearest { points, least, square, candidates: Vec::with_capacity(SQUARES * SQUARES) };
        for number in 0..SQUARES * SQUARES {
            let (column, row) = ((number % SQUARES) as f64, (number / SQUARES) as f64);
            let middle = [least[0] + (column + 0.5) * square[0], least[1] + (row + 0.5) * square[1]];
            // A place in the square is at most half a diagonal from its middle.
            let half = (square[0].hypot(square[1])) / 2.0;
            let best = nearest.points.iter().map(|&point| away(point, middle).sqrt()).fold(f64::INFINITY, f64::min);
            let may = |&(_, &point): &(usize, &Xy)| away(point, middle).sqrt() <= best + 2.0 * half + 1e-9;
            let may = nearest.points.iter().enumerate().filter(may).map(|(number, _)| number as u16).collect();
            nearest.candidates.push(may);
        }
        nearest
    }

    /// The nearest point; of two as near the first.
    pub(super) fn zone_at(&self, at: Xy) -> usize {
        let place = [0, 1].map(|axis| (at[axis] - self.least[axis]) / self.square[axis]);
        let inside = place.iter().all(|place| (0.0..SQUARES as f64).contains(place));
        let nearer = |a: &usize, b: &usize| away(self.points[*a], at).total_cmp(&away(self.points[*b], at));
        if inside {
            let candidates = &self.candidates[place[1] as usize * SQUARES + place[0] as usize];
            candidates.iter().map(|&number| usize::from(number)).min_by(nearer).unwrap_or(0)
        } else {
            (0..self.points.len()).min_by(nearer).unwrap_or(0)
        }
    }
}
