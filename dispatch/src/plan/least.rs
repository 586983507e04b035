//! The least cost at which every row gets a column, where it is known that every row can get one.
//!
//! Lives here: prices, bids, and the searches for shortest augmenting paths.
//! Stays out: whether every row can get a column ([`super::most`]); names.
//! Touch with care: everything rests on three promises that hold between any two steps. A row is worth at most what
//! it would pay for any of its columns (cost and price); a row with a column pays exactly what it is worth; a column
//! that nobody took since it was put on offer is free of charge, unless prices were brought along. When each row has
//! a column and each free column costs nothing, the plan is the cheapest (complementary slackness).
//!
//! After Jonker and Volgenant (Computing 38, 1987): cheapest columns first, bids of the rows that got none, then
//! Dijkstra on reduced costs that ends at the first free column. Sums of money stay below `2^60`: with `R` rows and
//! costs up to `C` no row is ever worth more than `4 (R + 1) C`. For as long as a row has no column there is a path
//! to a free one along which costs are added and taken away at most once a row, so it is worth at most `R C` more
//! than that column costs, which is at most [`Least::dearest`]; whoever a search settles is worth at most `R C` more
//! than the row it began with. A length adds one cost and one price to that. [`super::solver`] sees to
//! `(R + 1) C <= 2^57`.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::graph::{Graph, NONE, Work};
use super::most::refill;

/// How often, on average, a row without a column may outbid another before it has to search. More bids leave fewer
/// searches; beyond two passes each bid saves less than it costs.
const PASSES: usize = 1;
const BIDS_A_ROW: usize = 8;

/// A column during a search. One cache line holds two.
#[derive(Clone, Copy, Debug)]
struct Column {
    /// How far it is from where the search began.
    length: i64,
    /// Who has it.
    row: u32,
    /// From which row, or column, the search came.
    came_from: u32,
    /// The last search that saw it, and the last that knew its length for certain.
    seen_in: u32,
    settled_in: u32,
}

/// The matching as it grows, and the memory of the searches.
#[derive(Debug, Default)]
pub(super) struct Least {
    /// What it costs to have a column, because of the others who want it. By themselves, since this is what every
    /// step reads.
    prices: Vec<i64>,
    columns: Vec<Column>,
    /// The column of each row, or [`NONE`].
    pub(super) of_row: Vec<u32>,
    /// What each row pays, or for a row without a column, would pay.
    worth: Vec<i64>,
    /// No price goes beyond this in bids.
    dearest: i64,
    free: Vec<u32>,
    outbid: Vec<u32>,
    settled: Vec<u32>,
    frontier: BinaryHeap<Reverse<(i64, u32)>>,
    searches: u32,
    turned: Graph,
    place: Vec<usize>,
}

impl Least {
    /// Begins with columns at these prices, none of which may be above `dearest`.
    pub(super) fn start(&mut self, rows: u32, prices: impl Iterator<Item = i64>, dearest: i64) {
        let column = Column { length: 0, row: NONE, came_from: NONE, seen_in: 0, settled_in: 0 };
        self.prices.clear();
        self.prices.extend(prices);
        refill(&mut self.columns, self.prices.len(), column);
        refill(&mut self.of_row, rows as usize, NONE);
        refill(&mut self.worth, rows as usize, 0);
        self.dearest = dearest;
        self.searches = 0;
    }

    /// How many columns there are.
    pub(super) fn columns(&self) -> u32 {
        u32::try_from(self.columns.len()).unwrap_or(NONE)
    }

    /// What a column costs.
    pub(super) fn price(&self, column: u32) -> i64 {
        self.prices[column as usize]
    }

    /// Who has a column, or [`NONE`].
    pub(super) fn row_of(&self, column: u32) -> u32 {
        self.columns[column as usize].row
    }

    /// Gives a column to a row, and answers who had it.
    pub(super) fn give(&mut self, row: u32, column: u32) -> u32 {
        self.of_row[row as usize] = column;
        std::mem::replace(&mut self.columns[column as usize].row, row)
    }

    /// Finds the cheapest plan. Returns false when the work was over before: some rows may have no column then, and
    /// some of the others not the right one.
    pub(super) fn solve(&mut self, graph: &Graph, work: &mut Work) -> bool {
        self.choose(graph);
        for _ in 0..PASSES {
            self.bid(graph, work);
        }
        let free = std::mem::take(&mut self.free);
        let is_full = free.iter().all(|&row| self.search(graph, row, work));
        self.free = free;
        is_full && self.lower(graph, work)
    }

    /// Each row takes what is cheapest for it, if nobody has it yet.
    fn choose(&mut self, graph: &Graph) {
        self.free.clear();
        for row in 0..graph.rows() {
            let total = |edge: &super::graph::Edge| (edge.cost + self.price(edge.column), edge.column);
            let Some((total, column)) = graph.row(row).iter().map(total).min() else { continue };
            self.worth[row as usize] = total;
            if self.row_of(column) == NONE {
                self.give(row, column);
            } else {
                self.free.push(row);
            }
        }
    }

    /// Lets each row without a column take the one that is cheapest for it from whoever has it, at a price that makes
    /// it as dear as the second best. Who is outbid bids at once; after a tie, in the next pass.
    fn bid(&mut self, graph: &Graph, work: &mut Work) {
        let rows = std::mem::take(&mut self.free);
        self.outbid.clear();
        let mut bids_left = rows.len() * BIDS_A_ROW;
        for &row in &rows {
            let mut row = row;
            while row != NONE {
                work.spend(graph.row(row).len() + 1);
                let bids = self.two_best(graph, row).filter(|_| bids_left > 0 && !work.is_over());
                let Some((first, second)) = bids else {
                    self.outbid.push(row);
                    break;
                };
                bids_left -= 1;
                // A row without a column is worth less than `dearest`, so only a tie raises nothing.
                let raise = second.0.min(self.dearest) - first.0;
                let take = if raise == 0 && self.row_of(first.1) != NONE { second.1 } else { first.1 };
                self.prices[take as usize] += raise;
                self.worth[row as usize] = first.0 + raise;
                let other = self.give(row, take);
                if let Some(column) = self.of_row.get_mut(other as usize) {
                    *column = NONE;
                    if raise == 0 {
                        self.outbid.push(other);
                        break;
                    }
                }
                row = other;
            }
        }
        self.free = rows;
        std::mem::swap(&mut self.free, &mut self.outbid);
    }

    /// What is cheapest for a row, and what is second: each the cost with the price, and the column.
    fn two_best(&self, graph: &Graph, row: u32) -> Option<((i64, u32), (i64, u32))> {
        let (mut first, mut second) = ((i64::MAX, NONE), (i64::MAX, NONE));
        for edge in graph.row(row) {
            let total = edge.cost + self.price(edge.column);
            if total < first.0 {
                second = first;
                first = (total, edge.column);
            } else if total < second.0 {
                second = (total, edge.column);
            }
        }
        (second.1 != NONE).then_some((first, second))
    }

    /// Finds the shortest way from a row without a column to a free column, and hands columns on along it. Returns
    /// false when the work was over before; nothing has changed then.
    fn search(&mut self, graph: &Graph, from: u32, work: &mut Work) -> bool {
        self.begin();
        let (mut best, mut end) = (i64::MAX, NONE);
        // What is to be added to a cost and a price: how far the row is, less what it is worth.
        let (mut row, mut base) = (from, 0);
        loop {
            if work.is_over() {
                return false;
            }
            work.spend(graph.row(row).len() + 1);
            for edge in graph.row(row) {
                // Prices are never below 0: most edges end here without a look at theirs.
                let least = base + edge.cost;
                if least >= best {
                    continue;
                }
                let length = least + self.price(edge.column);
                if length < best && self.reach(edge.column, length, row) {
                    if self.row_of(edge.column) == NONE {
                        (best, end) = (length, edge.column);
                    } else {
                        self.frontier.push(Reverse((length, edge.column)));
                    }
                }
            }
            let Some((length, column)) = self.settle_next(best) else { break };
            row = self.row_of(column);
            base = length - self.worth[row as usize];
        }
        if end == NONE {
            debug_assert!(false, "row {from} cannot get a column");
            return false;
        }
        for &name in &self.settled {
            let column = &self.columns[name as usize];
            let slack = best - column.length;
            self.prices[name as usize] += slack;
            self.worth[column.row as usize] += slack;
        }
        self.worth[from as usize] = best;
        let mut column = end;
        loop {
            let row = self.columns[column as usize].came_from;
            let before = self.of_row[row as usize];
            self.give(row, column);
            if row == from {
                return true;
            }
            column = before;
        }
    }

    fn begin(&mut self) {
        self.searches += 1;
        self.frontier.clear();
        self.settled.clear();
    }

    /// Notes a way to a column if it is the shortest so far.
    fn reach(&mut self, column: u32, length: i64, from: u32) -> bool {
        let round = self.searches;
        let column = &mut self.columns[column as usize];
        if column.settled_in == round || (column.seen_in == round && length >= column.length) {
            return false;
        }
        column.seen_in = round;
        column.length = length;
        column.came_from = from;
        true
    }

    /// The nearest column of the frontier, if it is nearer than `best`.
    fn settle_next(&mut self, best: i64) -> Option<(i64, u32)> {
        while let Some(Reverse((length, column))) = self.frontier.pop() {
            if length >= best {
                return None;
            }
            let state = &mut self.columns[column as usize];
            if state.settled_in != self.searches && length == state.length {
                state.settled_in = self.searches;
                self.settled.push(column);
                return Some((length, column));
            }
        }
        None
    }

    /// When every row has a column: brings the price of each free column down to nothing, which prices brought along
    /// may make necessary. Returns false when the work was over before.
    fn lower(&mut self, graph: &Graph, work: &mut Work) -> bool {
        let all = 0..self.columns();
        let is_dear = |&column: &u32| self.row_of(column) == NONE && self.price(column) > 0;
        let dear: Vec<u32> = all.clone().filter(is_dear).collect();
        if dear.is_empty() {
            return true;
        }
        let mut turned = std::mem::take(&mut self.turned);
        turned.clear();
        turned.push_turned(graph, &all.collect::<Vec<u32>>(), 0, &mut self.place, |_| true);
        let is_done = dear.into_iter().all(|column| self.cheapen(&turned, column, work));
        self.turned = turned;
        is_done
    }

    /// Brings the price of one free column down: others follow as far as their rows would change over, until one of
    /// them costs nothing and is let go, or this one does.
    fn cheapen(&mut self, turned: &Graph, from: u32, work: &mut Work) -> bool {
        self.begin();
        let (mut best, mut end) = (self.price(from), from);
        let (mut walked, mut column) = (0, from);
        self.reach(from, 0, NONE);
        self.columns[from as usize].settled_in = self.searches;
        self.settled.push(from);
        loop {
            if work.is_over() {
                return false;
            }
            work.spend(turned.row(column).len() + 1);
            let base = walked + self.price(column);
            for edge in turned.row(column) {
                let row = edge.column;
                let length = base + edge.cost - self.worth[row as usize];
                let other = self.of_row[row as usize];
                if length < best && self.reach(other, length, column) {
                    if length + self.price(other) < best {
                        (best, end) = (length + self.price(other), other);
                    }
                    self.frontier.push(Reverse((length, other)));
                }
            }
            let Some(next) = self.settle_next(best) else { break };
            (walked, column) = next;
        }
        for &name in &self.settled {
            let column = &self.columns[name as usize];
            let slack = best - column.length;
            self.prices[name as usize] -= slack;
            if let Some(worth) = self.worth.get_mut(column.row as usize) {
                *worth -= slack;
            }
        }
        let mut row = std::mem::replace(&mut self.columns[end as usize].row, NONE);
        while end != from {
            let to = self.columns[end as usize].came_from;
            row = self.give(row, to);
            end = to;
        }
        true
    }
}
