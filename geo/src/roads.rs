//! The roads of a city: how long a drive takes, how far it is, and where it leads along.
//!
//! An extract of OpenStreetMap goes in once ([`Roads::import`]); what comes out is kept as bytes ([`Roads::write`],
//! [`Roads::read`]) and answers in microseconds. Travel times are those of free-flowing traffic.
//!
//! Lives here: the network, and questions from point to point. Each step has a module of its own: `pbf`, `wire` and
//! `osm` read, `rules` say where cars drive, `streets`, `turns` and `component` make the graph, `contract` prepares it,
//! `search` answers, `snap` finds the street beside a point, `file` stores, [`town`] makes up places to try it on.
//! Stays out: files, clocks, threads, traffic.
//! Touch with care: answers equal those of Dijkstra's algorithm on the same graph, to the millisecond and to the
//! centimetre.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

mod component;
mod contract;
mod cost;
mod file;
mod hierarchy;
mod import;
mod osm;
mod pbf;
mod report;
mod route;
mod rules;
mod search;
mod shape;
mod snap;
mod streets;
pub mod town;
mod turns;
mod wire;

pub use file::RoadsFileError;
pub use pbf::ImportError;
pub use report::{ImportReport, Progress};
pub use route::{Route, Waypoint};
pub use snap::Snap;

use crate::{Drive, Meters, NoDrive, Point};
use cost::Cost;
use hierarchy::Hierarchy;
use route::Course;
use search::{End, Scratch};
use shape::{Place, length_m, step_m};
use snap::Segments;
use turns::Arc;

/// The streets and the graph over them. A direction of a street is twice its number, plus one against its line.
#[derive(Debug, Default)]
struct Network {
    /// Where the line of each street begins among the places; one more at the end.
    first_place: Vec<u32>,
    places: Vec<Place>,
    /// The length of each street in centimetres.
    cm: Vec<u32>,
    /// The time along each street forward and backward in milliseconds; 0 where that is not allowed.
    ms: Vec<[u32; 2]>,
    /// The junction that each direction leads to.
    heads: Vec<u32>,
    /// Where the tails of each direction begin in their list; one more at the end.
    first_tail: Vec<u32>,
    /// The junctions that each direction may be entered from: one, and its copies for the sake of turn restrictions.
    tails: Vec<u32>,
    hierarchy: Hierarchy,
}

impl Network {
    fn line(&self, street: u32) -> &[Place] {
        let street = street as usize;
        &self.places[self.first_place[street] as usize..self.first_place[street + 1] as usize]
    }

    /// The time along a direction in milliseconds; 0 if it is closed.
    fn ms_of(&self, arc: Arc) -> u32 {
        self.ms[arc as usize / 2][arc as usize % 2]
    }

    fn cost_of(&self, arc: Arc) -> Cost {
        Cost::new(self.ms_of(arc), self.cm[arc as usize / 2])
    }

    fn tails_of(&self, arc: Arc) -> &[u32] {
        let arc = arc as usize;
        &self.tails[self.first_tail[arc] as usize..self.first_tail[arc + 1] as usize]
    }

    /// The directions in which one can be at a place, and what leads up to it in each.
    fn stands(&self, at: &Snap) -> impl Iterator<Item = Stand> + use<> {
        let stand = |direction: u32| {
            let arc = 2 * at.street + direction;
            let share = if direction == 0 { at.fraction } else { 1.0 - at.fraction };
            let part = |whole: u32| (f64::from(whole) * share).round() as u32;
            let (ms, cm) = (self.ms_of(arc), self.cm[at.street as usize]);
            let (done_ms, done_cm) = (part(ms).min(ms), part(cm).min(cm));
            let (done, rest) = (Cost::new(done_ms, done_cm), Cost::new(ms - done_ms, cm - done_cm));
            (ms > 0).then_some(Stand { arc, share, done, rest })
        };
        [stand(0), stand(1)].into_iter().flatten()
    }

    fn starts(&self, at: &Snap) -> Vec<End> {
        self.stands(at).map(|stand| (self.heads[stand.arc as usize], stand.rest)).collect()
    }

    fn ends(&self, at: &Snap) -> Vec<End> {
        let tails = |stand: Stand| self.tails_of(stand.arc).iter().map(move |&tail| (tail, stand.done));
        self.stands(at).flat_map(tails).collect()
    }

    /// The drive that stays on one street, if its end lies ahead of its start.
    fn direct(&self, from: &Snap, to: &Snap) -> Option<(Stand, Stand, Cost)> {
        let pairs = self.stands(from).flat_map(|start| self.stands(to).map(move |end| (start, end)));
        let ahead = pairs.filter(|(start, end)| start.arc == end.arc && start.share <= end.share);
        ahead.map(|(start, end)| (start, end, end.done.minus(start.done))).min_by_key(|(.., cost)| *cost)
    }
}

/// A place on a street, seen in one direction of driving.
#[derive(Clone, Copy, Debug)]
struct Stand {
    arc: Arc,
    /// How much of the direction lies behind.
    share: f64,
    /// What it costs to get here from the beginning of the street.
    done: Cost,
    /// What it costs to get from here to its end.
    rest: Cost,
}

/// A direction of a street from one junction to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// Which street.
    pub street: u32,
    /// Whether it is driven along its line, and not against it.
    pub forward: bool,
    /// The junction it begins at, from 0 to one less than [`Roads::junctions`].
    pub from: u32,
    /// The junction it ends at.
    pub to: u32,
    /// How long it takes in milliseconds.
    pub ms: u32,
    /// How long it is in metres.
    pub m: f64,
}

/// The roads of a city, ready to answer. Shared freely between threads.
#[derive(Debug)]
pub struct Roads {
    network: Network,
    segments: Segments,
    reach: Meters,
    /// Room for searches that nobody uses at the moment.
    idle: Mutex<Vec<Scratch>>,
}

impl Roads {
    /// How far from a road a point may be, unless [`Roads::with_reach`] says otherwise.
    pub const REACH: Meters = Meters::whole(500);

    fn of(network: Network) -> Roads {
        let streets = network.ms.len() as u32;
        let segments = Segments::of((0..streets).map(|street| network.line(street)));
        Roads { network, segments, reach: Roads::REACH, idle: Mutex::new(Vec::new()) }
    }

    /// The same roads for points that may be this far from a road. Farther ones are [`NoDrive::Outside`].
    #[must_use]
    pub fn with_reach(self, reach: Meters) -> Roads {
        Roads { reach, ..self }
    }

    /// How many streets there are: pieces of road from one junction to the next.
    #[must_use]
    pub fn streets(&self) -> u32 {
        self.network.ms.len() as u32
    }

    /// How many junctions the graph has, copies for turn restrictions included.
    #[must_use]
    pub fn junctions(&self) -> u32 {
        self.network.hierarchy.junctions()
    }

    /// The line of a street, two points or more; empty for a number that no street has.
    #[must_use]
    pub fn line(&self, street: u32) -> Vec<Point> {
        if street >= self.streets() {
            return Vec::new();
        }
        self.network.line(street).iter().map(|place| place.point()).collect()
    }

    /// The graph: each open direction of each street from each junction that it may be entered from. A restricted turn
    /// is one that no two edges make.
    pub fn edges(&self) -> impl Iterator<Item = Edge> + '_ {
        let network = &self.network;
        let arcs = (0..2 * self.streets()).filter(|&arc| network.ms_of(arc) > 0);
        arcs.flat_map(move |arc| {
            let (street, forward, to) = (arc / 2, arc % 2 == 0, network.heads[arc as usize]);
            let (ms, m) = (network.ms_of(arc), f64::from(network.cm[street as usize]) / 100.0);
            network.tails_of(arc).iter().map(move |&from| Edge { street, forward, from, to, ms, m })
        })
    }

    /// The nearest point of a road, however many streets are near.
    ///
    /// # Errors
    /// [`NoDrive::Outside`] when no road is within reach.
    pub fn snap(&self, point: Point) -> Result<Snap, NoDrive> {
        let snap = self.segments.snap(point, |street| self.network.cm[street as usize]);
        snap.filter(|snap| snap.distance <= self.reach).ok_or(NoDrive::Outside { at: point })
    }

    /// The fastest drive in free-flowing traffic, of equally fast ones the shortest. From road to road: the way between
    /// a point and the road beside it is not counted.
    ///
    /// # Errors
    /// [`NoDrive::Outside`] names the end that is too far from any road; [`NoDrive::NoWay`] does not happen on
    /// roads that were imported, which all hang together.
    pub fn drive(&self, from: Point, to: Point) -> Result<Drive, NoDrive> {
        let (start, end) = (self.snap(from)?, self.snap(to)?);
        let (starts, ends) = (self.network.starts(&start), self.network.ends(&end));
        let met = self.with_scratch(|scratch| scratch.between(&self.network.hierarchy, &starts, &ends));
        let direct = self.network.direct(&start, &end).map(|(.., cost)| cost);
        met.map(|met| met.cost).into_iter().chain(direct).min().map(drive_of).ok_or(NoDrive::NoWay { from, to })
    }

    /// The drives from many points to one, in the order of `from`; each as [`Roads::drive`] would answer.
    /// Much faster than one by one when the points are close to each other.
    #[must_use]
    pub fn drives_to(&self, from: &[Point], to: Point) -> Vec<Result<Drive, NoDrive>> {
        let end = match self.snap(to) {
            Ok(end) => end,
            // The same answer as one by one, where the start is looked at first.
            Err(outside) => return from.iter().map(|&from| self.snap(from).and(Err(outside))).collect(),
        };
        let network = &self.network;
        self.with_scratch(|scratch| {
            scratch.aim_at(&network.hierarchy, &network.ends(&end));
            let mut drive = |from: Point| {
                let start = self.snap(from)?;
                let over = network.stands(&start).filter_map(|stand| {
                    let on = scratch.cost_from(&network.hierarchy, network.heads[stand.arc as usize])?;
                    Some(stand.rest.plus(on))
                });
                let direct = network.direct(&start, &end).map(|(.., cost)| cost);
                over.chain(direct).min().map(drive_of).ok_or(NoDrive::NoWay { from, to })
            };
            from.iter().map(|&from| drive(from)).collect()
        })
    }

    /// The drives from one point to many, in the order of `to`; each as [`Roads::drive`] would answer.
    #[must_use]
    pub fn drives_from(&self, from: Point, to: &[Point]) -> Vec<Result<Drive, NoDrive>> {
        let start = match self.snap(from) {
            Ok(start) => start,
            Err(outside) => return vec![Err(outside); to.len()],
        };
        let network = &self.network;
        self.with_scratch(|scratch| {
            scratch.leave_from(&network.hierarchy, &network.starts(&start));
            let mut drive = |to: Point| {
                let end = self.snap(to)?;
                let over = network.ends(&end).into_iter().filter_map(|(tail, done)| {
                    let before = scratch.cost_to(&network.hierarchy, tail)?;
                    Some(before.plus(done))
                });
                let direct = network.direct(&start, &end).map(|(.., cost)| cost);
                over.chain(direct).min().map(drive_of).ok_or(NoDrive::NoWay { from, to })
            };
            to.iter().map(|&to| drive(to)).collect()
        })
    }

    /// The drive that [`Roads::drive`] answers with, and its course.
    ///
    /// # Errors
    /// As [`Roads::drive`].
    pub fn route(&self, from: Point, to: Point) -> Result<Route, NoDrive> {
        let (start, end) = (self.snap(from)?, self.snap(to)?);
        let network = &self.network;
        let met = self.with_scratch(|scratch| {
            let met = scratch.between(&network.hierarchy, &network.starts(&start), &network.ends(&end))?;
            Some((met.cost, scratch.walk(met)))
        });
        let direct = network.direct(&start, &end);
        let (cost, stretches) = match (met, direct) {
            (Some((cost, walk)), direct) if direct.is_none_or(|(.., direct)| cost < direct) => {
                (cost, network.stretches(&start, &walk, &end))
            }
            (_, Some((ahead, behind, cost))) => (cost, vec![Stretch::between(ahead, behind)]),
            (_, None) => return Err(NoDrive::NoWay { from, to }),
        };
        let mut course = Course::default();
        course.add(start.point, 0, 0.0);
        let mut so_far = Cost::ZERO;
        for stretch in &stretches {
            network.follow(stretch, so_far, &mut course);
            so_far = so_far.plus(stretch.cost);
        }
        debug_assert_eq!(so_far, cost, "a route costs what its stretches cost");
        course.add(end.point, cost.ms(), cost.cm() as f64 / 100.0);
        Ok(Route::new(drive_of(cost), course.done()))
    }

    /// Lends room for a search. As many are kept as were ever needed at once.
    fn with_scratch<T>(&self, search: impl FnOnce(&mut Scratch) -> T) -> T {
        // A search that panicked did not give its room back, so what is in the list is whole.
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let lent = idle().pop();
        let mut scratch = lent.unwrap_or_else(|| Scratch::of(self.network.hierarchy.junctions()));
        let answer = search(&mut scratch);
        idle().push(scratch);
        answer
    }
}

fn drive_of(cost: Cost) -> Drive {
    let distance = Meters::new(cost.cm() as f64 / 100.0).expect("a number of centimetres is finite and not negative");
    Drive { time: Duration::from_millis(cost.ms()), distance }
}

/// A part of a direction of a street that a route leads along.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    arc: Arc,
    from_share: f64,
    to_share: f64,
    cost: Cost,
}

impl Stretch {
    fn between(start: Stand, end: Stand) -> Stretch {
        let cost = end.done.minus(start.done);
        Stretch { arc: start.arc, from_share: start.share, to_share: end.share, cost }
    }
}

impl Network {
    /// What a walk over junctions leads along, from where the start is to where the end is.
    fn stretches(&self, start: &Snap, walk: &[u32], end: &Snap) -> Vec<Stretch> {
        let leads_on = |stand: &Stand| walk.first() == Some(&self.heads[stand.arc as usize]);
        let leads_in = |stand: &Stand| walk.last().is_some_and(|last| self.tails_of(stand.arc).contains(last));
        let first = self.stands(start).filter(leads_on).min_by_key(|stand| stand.rest);
        let last = self.stands(end).filter(leads_in).min_by_key(|stand| stand.done);
        let first =
            first.map(|stand| Stretch { arc: stand.arc, from_share: stand.share, to_share: 1.0, cost: stand.rest });
        let last =
            last.map(|stand| Stretch { arc: stand.arc, from_share: 0.0, to_share: stand.share, cost: stand.done });
        let whole = |arc| Stretch { arc, from_share: 0.0, to_share: 1.0, cost: self.cost_of(arc) };
        let between = self.hierarchy.arcs(walk).into_iter().map(whole);
        first.into_iter().chain(between).chain(last).collect()
    }

    /// Adds the points of a stretch to a course, but not the one it begins at.
    fn follow(&self, stretch: &Stretch, so_far: Cost, course: &mut Course) {
        let mut line = self.line(stretch.arc / 2).to_vec();
        if stretch.arc % 2 == 1 {
            line.reverse();
        }
        let length = length_m(&line);
        let (begin, end) = (stretch.from_share * length, stretch.to_share * length);
        let (ms, m) = (stretch.cost.ms() as f64, stretch.cost.cm() as f64 / 100.0);
        let mut along = 0.0;
        for pair in line.windows(2) {
            along += step_m(pair[0], pair[1]);
            if along <= begin || along >= end {
                continue;
            }
            let share = (along - begin) / (end - begin);
            let at_ms = so_far.ms() + (ms * share).round() as u64;
            course.add(pair[1].point(), at_ms, so_far.cm() as f64 / 100.0 + m * share);
        }
        if stretch.to_share >= 1.0 {
            let after = so_far.plus(stretch.cost);
            course.add(line[line.len() - 1].point(), after.ms(), after.cm() as f64 / 100.0);
        }
    }
}

#[cfg(test)]
mod tests;
