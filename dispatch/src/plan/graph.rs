//! Edges as the solver reads them: one row after the other, in one piece of memory.
//!
//! Lives here: the compact form of a problem, built anew each time without allocating anew; the budget of work.
//! Stays out: which side of a problem are rows; who is matched with whom.
//! Touch with care: this is read millions of times a second; a larger [`Edge`] is a slower tick.

/// No row, no column.
pub(super) const NONE: u32 = u32::MAX;

/// One edge of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    pub(super) cost: i64,
    pub(super) column: u32,
}

/// Rows, and the columns they may be matched with.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// Where the edges of each row begin and, after the last row, where they end.
    start: Vec<usize>,
    edges: Vec<Edge>,
}

impl Graph {
    /// Forgets all rows and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.edges.clear();
        self.start.clear();
        self.start.push(0);
    }

    /// Makes room for so many edges.
    pub(super) fn reserve(&mut self, edges: usize) {
        self.edges.reserve(edges);
    }

    /// Adds a row.
    pub(super) fn push(&mut self, edges: impl Iterator<Item = Edge>) {
        self.edges.extend(edges);
        self.start.push(self.edges.len());
    }

    /// Adds a row for each of `wanted`, which are columns of `other`: the other way round, with rows of `other` as
    /// columns, numbered from `first` on. `place` is scratch memory, and only rows that `from` wants are read.
    pub(super) fn push_turned(
        &mut self,
        other: &Graph,
        wanted: &[u32],
        first: u32,
        place: &mut Vec<usize>,
        from: impl Fn(u32) -> bool,
    ) {
        let rows = || (0..other.rows()).filter(|&row| from(row));
        let columns = wanted.iter().max().map_or(0, |&column| column as usize + 1);
        place.clear();
        place.resize(columns, 0);
        for edge in rows().flat_map(|row| other.row(row)) {
            place[edge.column as usize] += 1;
        }
        for &column in wanted {
            let length = std::mem::replace(&mut place[column as usize], self.edges.len());
            self.edges.resize(self.edges.len() + length, Edge::default());
            self.start.push(self.edges.len());
        }
        for row in rows() {
            for edge in other.row(row) {
                let place = &mut place[edge.column as usize];
                self.edges[*place] = Edge { cost: edge.cost, column: first + row };
                *place += 1;
            }
        }
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> u32 {
        u32::try_from(self.start.len().saturating_sub(1)).unwrap_or(NONE)
    }

    /// The edges of a row, in any order: sorting them costs more than it saves.
    pub(super) fn row(&self, row: u32) -> &[Edge] {
        &self.edges[self.start[row as usize]..self.start[row as usize + 1]]
    }
}

/// How much may still be done, counted in edges read: the same on every machine, and no clock is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work {
    done: u64,
    max: u64,
}

impl Work {
    pub(super) fn new(max: u64) -> Work {
        Work { done: 0, max }
    }

    pub(super) fn spend(&mut self, edges: usize) {
        self.done += edges as u64;
    }

    /// The last step may have gone a row beyond the budget, and no further.
    pub(super) fn is_over(&self) -> bool {
        self.done >= self.max
    }

    pub(super) fn done(&self) -> u64 {
        self.done
    }
}
