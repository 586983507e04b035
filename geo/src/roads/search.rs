//! Searching a hierarchy.
//!
//! Lives here: the cheapest way between two sets of ends, and from many starts to one end or back.
//! Stays out: points, streets, and what lies between an end and the next junction.
//! Touch with care: both searches only climb. What they find equals Dijkstra's answer on the whole graph (tests).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::cost::Cost;
use super::hierarchy::{Hierarchy, Star};

/// An end of a search: a junction, and what it costs to get there from the start (or on from there to the end).
pub(super) type End = (u32, Cost);

/// What is remembered of a junction during a search.
#[derive(Clone, Copy, Debug)]
struct Label {
    cost: Cost,
    turn: u32,
    /// The junction before, or the junction itself at an end.
    before: u32,
}

/// One climbing search. Kept between searches, so that nothing is allocated or cleared for the next one.
#[derive(Debug)]
struct Climb {
    labels: Vec<Label>,
    turn: u32,
    queue: BinaryHeap<Reverse<(Cost, u32)>>,
}

/// Room for searches of one hierarchy.
#[derive(Debug)]
pub(super) struct Scratch {
    forward: Climb,
    backward: Climb,
    open: Vec<u32>,
}

/// The cheapest way between two sets of ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meeting {
    pub(super) cost: Cost,
    /// The most important junction on the way.
    top: u32,
}

impl Climb {
    fn of(junctions: usize) -> Climb {
        let label = Label { cost: Cost::MAX, turn: 0, before: 0 };
        Climb { labels: vec![label; junctions], turn: 0, queue: BinaryHeap::new() }
    }

    fn begin(&mut self, ends: &[End]) {
        self.forget();
        for &(junction, cost) in ends {
            self.offer(junction, cost, junction);
        }
    }

    fn forget(&mut self) {
        if self.turn == u32::MAX {
            self.labels.iter_mut().for_each(|label| label.turn = 0);
            self.turn = 0;
        }
        self.turn += 1;
        self.queue.clear();
    }

    /// The cost of the best way found so far, [`Cost::MAX`] when there is none.
    fn cost(&self, junction: u32) -> Cost {
        let label = &self.labels[junction as usize];
        if label.turn == self.turn { label.cost } else { Cost::MAX }
    }

    fn is_known(&self, junction: u32) -> bool {
        self.labels[junction as usize].turn == self.turn
    }

    fn put(&mut self, junction: u32, cost: Cost, before: u32) {
        self.labels[junction as usize] = Label { cost, turn: self.turn, before };
    }

    fn offer(&mut self, junction: u32, cost: Cost, before: u32) {
        if cost < self.cost(junction) {
            self.put(junction, cost, before);
            self.queue.push(Reverse((cost, junction)));
        }
    }

    /// The least cost that is still in the queue.
    fn least(&self) -> Cost {
        self.queue.peek().map_or(Cost::MAX, |Reverse((cost, _))| *cost)
    }

    /// Settles the next junction and offers what lies above it. `against` are the links that lead the other way: a
    /// junction that is cheaper to reach from above is on no shortest way and need not be climbed from.
    fn step(&mut self, along: &Star, against: &Star) -> Option<End> {
        let Reverse((cost, junction)) = self.queue.pop()?;
        if cost > self.cost(junction) {
            return None;
        }
        let from_above = |link: &super::hierarchy::Link| self.cost(link.other).plus(link.cost) < cost;
        if !against.of(junction).iter().any(from_above) {
            for link in along.of(junction) {
                self.offer(link.other, cost.plus(link.cost), junction);
            }
        }
        Some((junction, cost))
    }

    /// The junctions from this one back to the end where the search began.
    fn trace(&self, from: u32) -> Vec<u32> {
        let mut walk = vec![from];
        let mut at = from;
        while self.labels[at as usize].before != at {
            at = self.labels[at as usize].before;
            walk.push(at);
        }
        walk
    }
}

impl Scratch {
    /// Room for searches of a hierarchy with so many junctions.
    pub(super) fn of(junctions: u32) -> Scratch {
        let junctions = junctions as usize;
        Scratch { forward: Climb::of(junctions), backward: Climb::of(junctions), open: Vec::new() }
    }

    /// The cheapest way from one of the starts to one of the ends.
    pub(super) fn between(&mut self, hierarchy: &Hierarchy, starts: &[End], ends: &[End]) -> Option<Meeting> {
        let Scratch { forward, backward, .. } = self;
        forward.begin(starts);
        backward.begin(ends);
        let mut best: Option<Meeting> = None;
        loop {
            let bound = best.map_or(Cost::MAX, |best| best.cost);
            let (ahead, behind) = (forward.least(), backward.least());
            if ahead.min(behind) >= bound {
                return best;
            }
            let (settled, other) = if ahead <= behind {
                (forward.step(&hierarchy.up, &hierarchy.down), &*backward)
            } else {
                (backward.step(&hierarchy.down, &hierarchy.up), &*forward)
            };
            let Some((top, cost)) = settled else { continue };
            let cost = cost.plus(other.cost(top));
            if cost < bound {
                best = Some(Meeting { cost, top });
            }
        }
    }

    /// The junctions of the way that [`Scratch::between`] just found.
    pub(super) fn walk(&self, meeting: Meeting) -> Vec<u32> {
        let mut walk = self.forward.trace(meeting.top);
        walk.reverse();
        walk.extend(self.backward.trace(meeting.top).into_iter().skip(1));
        walk
    }

    /// Prepares for [`Scratch::cost_from`]: ways to these ends.
    pub(super) fn aim_at(&mut self, hierarchy: &Hierarchy, ends: &[End]) {
        self.aim(&hierarchy.down, &hierarchy.up, ends);
    }

    /// The cheapest way from a junction to the ends aimed at.
    pub(super) fn cost_from(&mut self, hierarchy: &Hierarchy, start: u32) -> Option<Cost> {
        self.settle(&hierarchy.up, start)
    }

    /// Prepares for [`Scratch::cost_to`]: ways from these starts.
    pub(super) fn leave_from(&mut self, hierarchy: &Hierarchy, starts: &[End]) {
        self.aim(&hierarchy.up, &hierarchy.down, starts);
    }

    /// The cheapest way to a junction from the starts left from.
    pub(super) fn cost_to(&mut self, hierarchy: &Hierarchy, end: u32) -> Option<Cost> {
        self.settle(&hierarchy.down, end)
    }

    /// Climbs from the one side of a question with many on the other, as far as it goes.
    fn aim(&mut self, along: &Star, against: &Star, ends: &[End]) {
        self.backward.begin(ends);
        while !self.backward.queue.is_empty() {
            self.backward.step(along, against);
        }
        self.forward.forget();
    }

    /// The cost from a junction is what the climb found for it, or a link up and the cost from there, whichever is
    /// less. Costs from higher junctions are remembered, so that starts close to each other share nearly all of
    /// the work.
    fn settle(&mut self, along: &Star, start: u32) -> Option<Cost> {
        self.open.clear();
        self.open.push(start);
        while let Some(&junction) = self.open.last() {
            if self.forward.is_known(junction) {
                self.open.pop();
                continue;
            }
            let mut cost = self.backward.cost(junction);
            let waiting = self.open.len();
            for link in along.of(junction) {
                if self.forward.is_known(link.other) {
                    cost = cost.min(self.forward.cost(link.other).plus(link.cost));
                } else {
                    self.open.push(link.other);
                }
            }
            if self.open.len() == waiting {
                self.forward.put(junction, cost, junction);
                self.open.pop();
            }
        }
        Some(self.forward.cost(start)).filter(|cost| *cost < Cost::MAX)
    }
}
