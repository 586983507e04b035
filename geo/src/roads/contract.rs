//! Making a contraction hierarchy.
//!
//! Junctions are taken out of the graph one by one, the least important first. Where a shortest way led over the one
//! that goes, a shortcut takes its place. A limited search for another way that is no worse (a witness) tells whether
//! one is needed; giving up too early costs a needless shortcut, never a wrong answer.
//!
//! Lives here: the order, the shortcuts.
//! Stays out: what is done with them.
//! Touch with care: the order decides how fast every answer is, see [`Contraction::importance`].

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::cost::Cost;
use super::hierarchy::{ARC, Hierarchy, Link, Star};
use super::turns::Arc;

/// How many junctions a witness may take: when importance is estimated, and when shortcuts are made.
const SETTLED_ESTIMATE: usize = 40;
const SETTLED_CONTRACT: usize = 250;

/// An edge of the graph that shrinks.
#[derive(Clone, Copy, Debug)]
struct Edge {
    other: u32,
    via: u32,
    /// How many directions of streets it stands for.
    hops: u32,
    cost: Cost,
}

/// An edge of the graph as it comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Input {
    pub(super) tail: u32,
    pub(super) head: u32,
    pub(super) arc: Arc,
    pub(super) cost: Cost,
}

/// A hierarchy, and the rank that each junction of the input has in it.
#[derive(Debug)]
pub(super) struct Contracted {
    pub(super) hierarchy: Hierarchy,
    pub(super) rank: Vec<u32>,
}

struct Contraction {
    out: Vec<Vec<Edge>>,
    into: Vec<Vec<Edge>>,
    /// One more than the highest level among the neighbours that went before.
    level: Vec<u32>,
    witness: Witness,
}

/// A shortcut that is needed.
#[derive(Clone, Copy, Debug)]
struct Shortcut {
    tail: u32,
    head: u32,
    hops: u32,
    cost: Cost,
}

/// Builds the hierarchy over these junctions and edges. `progress` hears how many junctions are done.
pub(super) fn contract(junctions: u32, edges: &[Input], progress: &mut dyn FnMut(u64)) -> Contracted {
    let mut graph = Contraction::of(junctions as usize, edges);
    let mut queue: BinaryHeap<Reverse<(u64, u32)>> =
        (0..junctions).map(|junction| Reverse((graph.importance(junction), junction))).collect();
    let mut rank = vec![u32::MAX; junctions as usize];
    let mut order = Vec::with_capacity(junctions as usize);
    while let Some(Reverse((importance, junction))) = queue.pop() {
        if rank[junction as usize] != u32::MAX {
            continue;
        }
        // The importance may have grown since it was put in; then others come first.
        let now = graph.importance(junction);
        if now > importance && queue.peek().is_some_and(|Reverse((next, _))| now > *next) {
            queue.push(Reverse((now, junction)));
            continue;
        }
        rank[junction as usize] = order.len() as u32;
        order.push(junction);
        graph.take_out(junction);
        if order.len().is_multiple_of(256) {
            progress(order.len() as u64);
        }
    }
    progress(order.len() as u64);
    let hierarchy = Hierarchy { up: star(&graph.out, &order, &rank), down: star(&graph.into, &order, &rank) };
    Contracted { hierarchy, rank }
}

/// What is left of the edges of each junction when it went: those to the ones that went later.
fn star(edges: &[Vec<Edge>], order: &[u32], rank: &[u32]) -> Star {
    let mut star = Star { first: vec![0], links: Vec::new() };
    for &junction in order {
        let begin = star.links.len();
        star.links.extend(edges[junction as usize].iter().map(|edge| {
            let via = if edge.via & ARC == 0 { rank[edge.via as usize] } else { edge.via };
            Link { other: rank[edge.other as usize], via, cost: edge.cost }
        }));
        star.links[begin..].sort_unstable_by_key(|link| link.other);
        star.first.push(star.links.len() as u32);
    }
    star
}

/// Adds an edge, or makes the one between the same ends cheaper.
fn improve(edges: &mut Vec<Edge>, new: Edge) {
    match edges.iter_mut().find(|edge| edge.other == new.other) {
        Some(old) if old.cost <= new.cost => {}
        Some(old) => *old = new,
        None => edges.push(new),
    }
}

impl Contraction {
    fn of(junctions: usize, edges: &[Input]) -> Contraction {
        let mut graph = Contraction {
            out: vec![Vec::new(); junctions],
            into: vec![Vec::new(); junctions],
            level: vec![0; junctions],
            witness: Witness::of(junctions),
        };
        for &Input { tail, head, arc, cost } in edges.iter().filter(|edge| edge.tail != edge.head) {
            improve(&mut graph.out[tail as usize], Edge { other: head, via: arc | ARC, hops: 1, cost });
            improve(&mut graph.into[head as usize], Edge { other: tail, via: arc | ARC, hops: 1, cost });
        }
        graph
    }

    /// Low for a junction that is better taken out early: few shortcuts for the edges that go, over few streets, and no
    /// neighbours that are high up already, so that the hierarchy stays flat.
    fn importance(&mut self, junction: u32) -> u64 {
        let shortcuts = self.shortcuts(junction, SETTLED_ESTIMATE);
        let gone = self.out[junction as usize].iter().chain(&self.into[junction as usize]);
        let (edges, hops) = gone.fold((0u64, 0u64), |(edges, hops), edge| (edges + 1, hops + u64::from(edge.hops)));
        let new_hops: u64 = shortcuts.iter().map(|shortcut| u64::from(shortcut.hops)).sum();
        let ratio = |new: u64, old: u64| 1_000 * new / old.max(1);
        1_000 * u64::from(self.level[junction as usize])
            + 2 * ratio(shortcuts.len() as u64, edges)
            + ratio(new_hops, hops)
    }

    fn shortcuts(&mut self, junction: u32, settled: usize) -> Vec<Shortcut> {
        let exits = &self.out[junction as usize];
        let Some(farthest) = exits.iter().map(|exit| exit.cost).max() else { return Vec::new() };
        let mut shortcuts = Vec::new();
        for entry in &self.into[junction as usize] {
            let others = exits.iter().filter(|exit| exit.other != entry.other).count();
            if others == 0 {
                continue;
            }
            self.witness.search(&self.out, entry.other, junction, entry.cost.plus(farthest), settled);
            for exit in exits.iter().filter(|exit| exit.other != entry.other) {
                let cost = entry.cost.plus(exit.cost);
                if self.witness.cost(exit.other) > cost {
                    let hops = entry.hops.saturating_add(exit.hops);
                    shortcuts.push(Shortcut { tail: entry.other, head: exit.other, hops, cost });
                }
            }
        }
        shortcuts
    }

    fn take_out(&mut self, junction: u32) {
        let shortcuts = self.shortcuts(junction, SETTLED_CONTRACT);
        let level = self.level[junction as usize] + 1;
        for place in 0..self.out[junction as usize].len() {
            let other = self.out[junction as usize][place].other as usize;
            self.into[other].retain(|edge| edge.other != junction);
            self.level[other] = self.level[other].max(level);
        }
        for place in 0..self.into[junction as usize].len() {
            let other = self.into[junction as usize][place].other as usize;
            self.out[other].retain(|edge| edge.other != junction);
            self.level[other] = self.level[other].max(level);
        }
        for Shortcut { tail, head, hops, cost } in shortcuts {
            improve(&mut self.out[tail as usize], Edge { other: head, via: junction, hops, cost });
            improve(&mut self.into[head as usize], Edge { other: tail, via: junction, hops, cost });
        }
    }
}

/// A small search that leaves one junction out.
struct Witness {
    cost: Vec<Cost>,
    seen: Vec<u32>,
    turn: u32,
    queue: BinaryHeap<Reverse<(Cost, u32)>>,
}

impl Witness {
    fn of(junctions: usize) -> Witness {
        Witness { cost: vec![Cost::MAX; junctions], seen: vec![0; junctions], turn: 0, queue: BinaryHeap::new() }
    }

    /// The cost of a way to a junction that the last search found: an upper bound.
    fn cost(&self, junction: u32) -> Cost {
        if self.seen[junction as usize] == self.turn { self.cost[junction as usize] } else { Cost::MAX }
    }

    fn offer(&mut self, junction: u32, cost: Cost) {
        if cost < self.cost(junction) {
            self.cost[junction as usize] = cost;
            self.seen[junction as usize] = self.turn;
            self.queue.push(Reverse((cost, junction)));
        }
    }

    fn search(&mut self, out: &[Vec<Edge>], from: u32, without: u32, bound: Cost, settled: usize) {
        if self.turn == u32::MAX {
            self.seen.fill(0);
            self.turn = 0;
        }
        self.turn += 1;
        self.queue.clear();
        self.offer(from, Cost::ZERO);
        let mut left = settled;
        while let Some(Reverse((cost, junction))) = self.queue.pop() {
            if cost > bound || left == 0 {
                return;
            }
            if cost > self.cost(junction) {
                continue;
            }
            left -= 1;
            for edge in out[junction as usize].iter().filter(|edge| edge.other != without) {
                self.offer(edge.other, cost.plus(edge.cost));
            }
        }
    }
}
