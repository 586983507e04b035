//! How long the fastest way takes from each node to each other, all of them at once.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;

use super::Streets;

/// A pair without a way between them.
const NO_WAY: u16 = u16::MAX;
/// Times are kept in tenths of seconds: 16 bits reach an hour and 49 minutes, and no way of a city takes longer.
const TENTHS: f64 = 10.0;

/// Times of the fastest ways and their lengths, by node from and node to. Two bytes each: 67 MB for 4,091 nodes.
#[derive(Clone, PartialEq)]
pub struct TimeTable {
    nodes: usize,
    tenths: Vec<u16>,
    meters: Vec<u16>,
}

/// A way that does not fit the table.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "the fastest way from node {from} to node {to} takes {seconds} s along {meters} m, allowed is below 6553 s and 65 km"
)]
pub struct NotATimeTable {
    /// From where.
    pub from: usize,
    /// To where.
    pub to: usize,
    /// How long it takes.
    pub seconds: f64,
    /// How far it is.
    pub meters: f64,
}

impl TimeTable {
    /// Works out every way: a search from each node (Dijkstra). `done` hears after each how many are done.
    ///
    /// # Errors
    /// [`NotATimeTable`] when the streets are those of more than a city.
    pub fn of(streets: &Streets, done: &mut dyn FnMut(usize)) -> Result<TimeTable, NotATimeTable> {
        let nodes = streets.points().len();
        let mut leaving = vec![Vec::new(); nodes];
        for street in streets.streets() {
            leaving[street.from].push((street.to, street.seconds, street.meters));
        }
        let row = |from: usize, reached: &mut [(f64, f64)]| search(from, &leaving, reached);
        TimeTable::by_rows(nodes, row, done)
    }

    /// Fills a table row by row: `row` is given a node and writes seconds and metres from it to each, infinite seconds
    /// where there is no way.
    ///
    /// # Errors
    /// [`NotATimeTable`] when a way is longer than one of a city.
    pub fn by_rows(
        nodes: usize,
        mut row: impl FnMut(usize, &mut [(f64, f64)]),
        done: &mut dyn FnMut(usize),
    ) -> Result<TimeTable, NotATimeTable> {
        let mut table = TimeTable { nodes, tenths: Vec::new(), meters: Vec::new() };
        table.tenths.reserve_exact(nodes * nodes);
        table.meters.reserve_exact(nodes * nodes);
        let mut reached = vec![(f64::INFINITY, 0.0); nodes];
        for from in 0..nodes {
            row(from, &mut reached);
            for (to, &(seconds, meters)) in reached.iter().enumerate() {
                let (tenths, whole) = ((seconds * TENTHS).round(), f64::round(meters));
                if seconds == f64::INFINITY {
                    table.tenths.push(NO_WAY);
                    table.meters.push(0);
                } else if (0.0..f64::from(NO_WAY)).contains(&tenths) && (0.0..=f64::from(u16::MAX)).contains(&whole) {
                    table.tenths.push(tenths as u16);
                    table.meters.push(whole as u16);
                } else {
                    return Err(NotATimeTable { from, to, seconds, meters });
                }
            }
            done(from + 1);
        }
        Ok(table)
    }

    /// How many nodes there are.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// How long the fastest way takes, in milliseconds to the nearest tenth of a second; `None` when there is none.
    #[must_use]
    pub fn millis(&self, from: usize, to: usize) -> Option<u64> {
        let tenths = self.tenths[from * self.nodes + to];
        (tenths != NO_WAY).then(|| u64::from(tenths) * 100)
    }

    /// What a time of [`TimeTable::ways_to`] means.
    pub(super) fn millis_of(tenths: u16) -> Option<u64> {
        (tenths != NO_WAY).then(|| u64::from(tenths) * 100)
    }

    /// By node: the ways to it from each, with tenths of a second and metres.
    pub(super) fn ways_to(&self) -> Vec<[u16; 2]> {
        let mut ways = vec![[0; 2]; self.tenths.len()];
        // In squares, so that neither side is read or written across all of memory.
        const SIDE: usize = 64;
        for rows in (0..self.nodes).step_by(SIDE) {
            for columns in (0..self.nodes).step_by(SIDE) {
                for from in rows..(rows + SIDE).min(self.nodes) {
                    for to in columns..(columns + SIDE).min(self.nodes) {
                        let way = from * self.nodes + to;
                        ways[to * self.nodes + from] = [self.tenths[way], self.meters[way]];
                    }
                }
            }
        }
        ways
    }

    /// How long the fastest way is, in metres; 0 when there is none.
    #[must_use]
    pub fn meters(&self, from: usize, to: usize) -> u32 {
        u32::from(self.meters[from * self.nodes + to])
    }

    /// The same times with every way turned round: what was "to" is "from". One row then holds the times to a place from
    /// everywhere, side by side in memory.
    #[must_use]
    pub fn turned_round(&self) -> TimeTable {
        let turned = |table: &[u16]| {
            let mut turned = vec![0; table.len()];
            for from in 0..self.nodes {
                for to in 0..self.nodes {
                    turned[to * self.nodes + from] = table[from * self.nodes + to];
                }
            }
            turned
        };
        TimeTable { nodes: self.nodes, tenths: turned(&self.tenths), meters: turned(&self.meters) }
    }
}

/// Seconds and metres from one node to each.
fn search(from: usize, leaving: &[Vec<(usize, f64, f64)>], reached: &mut [(f64, f64)]) {
    reached.fill((f64::INFINITY, 0.0));
    reached[from] = (0.0, 0.0);
    // Seconds are above 0 and finite, so their bits are in their order.
    let mut frontier = BinaryHeap::from([Reverse((0.0_f64.to_bits(), from))]);
    while let Some(Reverse((bits, node))) = frontier.pop() {
        let (seconds, meters) = (f64::from_bits(bits), reached[node].1);
        if seconds > reached[node].0 {
            continue;
        }
        for &(next, more_seconds, more_meters) in &leaving[node] {
            let there = seconds + more_seconds;
            if there < reached[next].0 {
                reached[next] = (there, meters + more_meters);
                frontier.push(Reverse((there.to_bits(), next)));
            }
        }
    }
}

impl fmt::Debug for TimeTable {
    /// How much there is, not all of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeTable").field("nodes", &self.nodes).finish_non_exhaustive()
    }
}
