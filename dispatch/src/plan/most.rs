//! The most pairs there can be, whatever they cost, and which rows have to do without.
//!
//! Lives here: first come, first served; searches that raise the number of pairs one by one until no more can be had.
//! Stays out: costs, but for the first choice of each row.
//! Touch with care: a search that fails has seen rows and columns from which no further pair can ever come, whatever
//! later searches do (no path leads out of them). They are never read again, which makes all failures together one
//! reading of the graph; and in the end they are exactly where rows outnumber columns (the over-determined part of
//! Dulmage and Mendelsohn, Canadian J. Math. 10, 1958).

use super::graph::{Graph, NONE, Work};

/// A column that a failed search has seen.
const LOST: u32 = u32::MAX;

/// Who is with whom, from both sides, and the memory of the searches.
#[derive(Debug, Default)]
pub(super) struct Most {
    /// The column of each row, or [`NONE`].
    pub(super) of_row: Vec<u32>,
    /// The row of each column, or [`NONE`].
    pub(super) of_column: Vec<u32>,
    /// The last search that saw a column, from 1; or [`LOST`].
    seen_in: Vec<u32>,
    came_from: Vec<u32>,
    row_is_lost: Vec<bool>,
    /// Rows without a column.
    rest: Vec<u32>,
    /// The rows a search has reached, in that order.
    reached: Vec<u32>,
}

impl Most {
    /// One row after the other takes the cheapest column that is left.
    pub(super) fn first_come(&mut self, graph: &Graph, columns: usize) {
        let rows = graph.rows();
        refill(&mut self.of_row, rows as usize, NONE);
        refill(&mut self.of_column, columns, NONE);
        refill(&mut self.seen_in, columns, 0);
        refill(&mut self.came_from, columns, NONE);
        refill(&mut self.row_is_lost, rows as usize, false);
        self.rest.clear();
        for row in 0..rows {
            let free = graph.row(row).iter().filter(|edge| self.of_column[edge.column as usize] == NONE);
            match free.min() {
                Some(edge) => {
                    self.of_row[row as usize] = edge.column;
                    self.of_column[edge.column as usize] = row;
                }
                None => self.rest.push(row),
            }
        }
    }

    /// Finds columns for as many of the other rows as possible. Nobody who has one stays without. Returns whether
    /// it came to the end before its work was over; if not, there may be more pairs to be had.
    pub(super) fn complete(&mut self, graph: &Graph, work: &mut Work) -> bool {
        let rest = std::mem::take(&mut self.rest);
        let searches = (1..LOST).zip(&rest);
        let is_complete = searches.into_iter().all(|(round, &row)| self.search(graph, row, round, work));
        self.rest = rest;
        is_complete
    }

    /// Whether a row, in some plan with the most pairs, goes without a column: it is in the part where rows outnumber
    /// columns.
    pub(super) fn row_is_lost(&self, row: u32) -> bool {
        self.row_is_lost[row as usize]
    }

    /// Whether a column is in that part. Each of those has a row in every plan with the most pairs.
    pub(super) fn column_is_lost(&self, column: u32) -> bool {
        self.seen_in[column as usize] == LOST
    }

    /// Breadth first from a row to a free column. Returns false when the work was over before that was clear.
    fn search(&mut self, graph: &Graph, from: u32, round: u32, work: &mut Work) -> bool {
        self.reached.clear();
        self.reached.push(from);
        let mut read = 0;
        while let Some(&row) = self.reached.get(read) {
            if work.is_over() {
                return false;
            }
            read += 1;
            let edges = graph.row(row);
            work.spend(edges.len() + 1);
            for edge in edges {
                let column = edge.column as usize;
                if self.seen_in[column] == round || self.seen_in[column] == LOST {
                    continue;
                }
                self.seen_in[column] = round;
                self.came_from[column] = row;
                if self.of_column[column] == NONE {
                    self.hand_on(from, edge.column);
                    return true;
                }
                self.reached.push(self.of_column[column]);
            }
        }
        for &row in &self.reached {
            self.row_is_lost[row as usize] = true;
            if let Some(seen_in) = self.seen_in.get_mut(self.of_row[row as usize] as usize) {
                *seen_in = LOST;
            }
        }
        true
    }

    /// Each row of a path takes the next column, and the last one the free column at its end.
    fn hand_on(&mut self, from: u32, end: u32) {
        let mut column = end;
        loop {
            let row = self.came_from[column as usize];
            self.of_column[column as usize] = row;
            let before = std::mem::replace(&mut self.of_row[row as usize], column);
            if row == from {
                return;
            }
            column = before;
        }
    }
}

/// Sets a list to so many times the same, and keeps its memory.
pub(super) fn refill<T: Clone>(list: &mut Vec<T>, length: usize, value: T) {
    list.clear();
    list.resize(length, value);
}
