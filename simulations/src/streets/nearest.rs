//! Which node is nearest to a point: a flat grid, which for nodes that stay where they are is several times as fast as
//! a tree.
//!
//! Lives here: the grid and its search, ring by ring.
//! Stays out: what flat coordinates are ([`super::NodeTimes`] says), how far is too far.
//! Touch with care: a ring is left out only when nothing in it can be nearer than what was found.

/// Nodes in the squares of a grid.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    at: Vec<[f64; 2]>,
    least: [f64; 2],
    /// The side of a square.
    side: f64,
    wide: [usize; 2],
    /// Where the nodes of each square begin, row by row, and where the last ones end.
    begins: Vec<u32>,
    nodes: Vec<u32>,
}

impl Grid {
    /// A grid with about two nodes a square.
    pub(super) fn new(at: Vec<[f64; 2]>) -> Grid {
        let edge = |axis: usize, pick: fn(f64, f64) -> f64| at.iter().map(|at| at[axis]).reduce(pick).unwrap_or(0.0);
        let least = [edge(0, f64::min), edge(1, f64::min)];
        let size = [edge(0, f64::max) - least[0], edge(1, f64::max) - least[1]];
        let squares = (at.len() / 2).max(1) as f64;
        let side = (size[0] * size[1] / squares).sqrt().max(size[0].max(size[1]) / 10_000.0).max(1e-9);
        let wide = size.map(|size| (size / side) as usize + 1);
        let mut grid = Grid { at, least, side, wide, begins: vec![0; wide[0] * wide[1] + 1], nodes: Vec::new() };
        let squares: Vec<usize> = grid.at.iter().map(|&at| grid.square(grid.place(at))).collect();
        squares.iter().for_each(|&square| grid.begins[square + 1] += 1);
        for square in 1..grid.begins.len() {
            grid.begins[square] += grid.begins[square - 1];
        }
        let mut next = grid.begins.clone();
        grid.nodes = vec![0; grid.at.len()];
        for (node, square) in (0..).zip(squares) {
            grid.nodes[next[square] as usize] = node;
            next[square] += 1;
        }
        grid
    }

    /// The square of a point; of one outside, the nearest at the rim.
    fn place(&self, at: [f64; 2]) -> [usize; 2] {
        [0, 1].map(|axis| (((at[axis] - self.least[axis]) / self.side).max(0.0) as usize).min(self.wide[axis] - 1))
    }

    fn square(&self, [row, column]: [usize; 2]) -> usize {
        row * self.wide[1] + column
    }

    /// The node nearest to a point; of several, the lowest. `None` when there are none.
    pub(super) fn nearest(&self, at: [f64; 2]) -> Option<usize> {
        let middle = self.place(at);
        let mut best: Option<(f64, u32)> = None;
        for ring in 0..self.wide[0].max(self.wide[1]) {
            // Whatever lies in this ring is at least so far, wherever in its square the point is.
            let out = (ring as f64 - 1.0).max(0.0) * self.side;
            if best.is_some_and(|(nearest, _)| nearest < out * out) {
                break;
            }
            self.search(at, middle, ring, &mut best);
        }
        best.map(|(_, node)| node as usize)
    }

    /// Looks at the squares so many rows or columns away.
    fn search(&self, at: [f64; 2], middle: [usize; 2], ring: usize, best: &mut Option<(f64, u32)>) {
        let span = |axis: usize| middle[axis].saturating_sub(ring)..=(middle[axis] + ring).min(self.wide[axis] - 1);
        for row in span(0) {
            let is_edge = row.abs_diff(middle[0]) == ring;
            for column in span(1) {
                if !is_edge && column.abs_diff(middle[1]) != ring {
                    continue;
                }
                let square = self.square([row, column]);
                for &node in &self.nodes[self.begins[square] as usize..self.begins[square + 1] as usize] {
                    let there = self.at[node as usize];
                    let away = (there[0] - at[0]).powi(2) + (there[1] - at[1]).powi(2);
                    if best.is_none_or(|known| (away, node) < known) {
                        *best = Some((away, node));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
