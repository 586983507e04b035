//! Dijkstra's algorithm on the plain graph, and the comparison with it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::roads::cost::Cost;
use crate::roads::{Roads, Snap, drive_of};
use crate::{Drive, NoDrive, Point, distance};

/// The graph without its hierarchy.
pub(super) struct Oracle<'a> {
    roads: &'a Roads,
    out: Vec<Vec<(u32, Cost)>>,
}

/// A stream of numbers that a seed decides.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(limit)) as u32
    }

    /// A point on or beside some street.
    pub(super) fn point(&mut self, roads: &Roads) -> Point {
        let line = roads.line(self.below(roads.streets()));
        let at = line[self.below(line.len() as u32) as usize];
        let aside = |dice: &mut Dice| (f64::from(dice.below(2_000)) - 1_000.0) * 1e-6;
        let (north, east) = (aside(self), aside(self));
        let lon = (at.lon() + east + 180.0).rem_euclid(360.0) - 180.0;
        Point::new((at.lat() + north).clamp(-90.0, 90.0), lon).unwrap()
    }
}

impl<'a> Oracle<'a> {
    pub(super) fn of(roads: &'a Roads) -> Oracle<'a> {
        let mut out = vec![Vec::new(); roads.junctions() as usize];
        for edge in roads.edges() {
            out[edge.from as usize].push((edge.to, Cost::new(edge.ms, (edge.m * 100.0).round() as u32)));
        }
        Oracle { roads, out }
    }

    fn costs(&self, from: &Snap) -> Vec<Cost> {
        let mut costs = vec![Cost::MAX; self.out.len()];
        let mut queue = BinaryHeap::new();
        for (junction, cost) in self.roads.network.starts(from) {
            queue.push(Reverse((cost, junction)));
        }
        while let Some(Reverse((cost, junction))) = queue.pop() {
            if cost < costs[junction as usize] {
                costs[junction as usize] = cost;
                for &(next, step) in &self.out[junction as usize] {
                    queue.push(Reverse((cost.plus(step), next)));
                }
            }
        }
        costs
    }

    pub(super) fn drives(&self, from: Point, to: &[Point]) -> Vec<Result<Drive, NoDrive>> {
        let start = match self.roads.snap(from) {
            Ok(start) => start,
            Err(outside) => return vec![Err(outside); to.len()],
        };
        let costs = self.costs(&start);
        let drive = |to: Point| {
            let end = self.roads.snap(to)?;
            let over = self.roads.network.ends(&end).into_iter().map(|(tail, done)| costs[tail as usize].plus(done));
            let direct = self.roads.network.direct(&start, &end).map(|(.., cost)| cost);
            let best = over.chain(direct).min().filter(|cost| *cost < Cost::MAX);
            best.map(drive_of).ok_or(NoDrive::NoWay { from, to })
        };
        to.iter().map(|&to| drive(to)).collect()
    }

    /// Asks for drives in every way there is, and compares.
    pub(super) fn check(&self, seed: u64, rounds: usize) {
        let mut dice = Dice(seed);
        for _ in 0..rounds {
            let from = dice.point(self.roads);
            let to: Vec<Point> = (0..12).map(|_| dice.point(self.roads)).collect();
            let expected = self.drives(from, &to);
            assert_eq!(self.roads.drives_from(from, &to), expected, "seed {seed}: from {from:?}");
            for (&to, expected) in to.iter().zip(&expected) {
                assert_eq!(self.roads.drive(from, to), *expected, "seed {seed}: {from:?} to {to:?}");
                check_route(self.roads, from, to, *expected);
            }
            let back: Vec<_> = to.iter().map(|&to| self.drives(to, &[from])[0]).collect();
            assert_eq!(self.roads.drives_to(&to, from), back, "seed {seed}: to {from:?}");
        }
    }
}

/// A route is the drive, its line is unbroken, and nobody on it goes faster than the road or backwards in time.
fn check_route(roads: &Roads, from: Point, to: Point, expected: Result<Drive, NoDrive>) {
    let route = match roads.route(from, to) {
        Ok(route) => route,
        Err(why) => return assert_eq!(Err(why), expected),
    };
    let drive = route.drive();
    assert_eq!(Ok(drive), expected);
    let (line, total_ms) = (route.line(), drive.time.as_millis() as u64);
    let (first, last) = (line[0], line[line.len() - 1]);
    assert_eq!((first.ms, first.m, first.point), (0, 0.0, roads.snap(from).unwrap().point));
    assert!(distance(last.point, roads.snap(to).unwrap().point).get() < 0.02);
    if line.len() > 1 {
        assert_eq!(last.point, roads.snap(to).unwrap().point);
        assert_eq!((last.ms, last.m), (total_ms, drive.distance.get()));
    }
    for pair in line.windows(2) {
        assert!(pair[0].ms <= pair[1].ms && pair[0].m <= pair[1].m && pair[0].point != pair[1].point, "{pair:?}");
        let air = distance(pair[0].point, pair[1].point).get();
        let road = pair[1].m - pair[0].m;
        assert!((air - road).abs() < 0.05 + 0.001 * air, "{pair:?}: {air} m of air, {road} m of road");
    }
    // What takes less than half a millisecond takes no time at all.
    assert!(distance(route.at(0).0, first.point).get() < 0.05, "{line:?}");
    assert_eq!(route.at(u64::MAX).0, last.point);
    for part in 0..=8 {
        let (_, heading) = route.at(total_ms * part / 8);
        assert!((0.0..360.0).contains(&heading), "{heading}");
    }
}
