//! How fast roads are imported, loaded and asked, on a made-up town of 50,000 junctions.
//!
//! Lives here: figures, and plain Dijkstra beside them for scale.
//! Stays out: whether the answers are right, which the tests say.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use geo::Point;
use geo::roads::Roads;
use geo::roads::town::Town;

const SIDE: u32 = 224;
/// Blocks in two kilometres.
const NEAR: f64 = 20.0;

fn town() -> Town {
    Town { width: SIDE, height: SIDE, ..Town::default() }
}

/// A stream of numbers that a seed decides, from 0 to below 1.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn anywhere(&mut self) -> Point {
        let side = f64::from(SIDE - 1);
        place(self.roll() * side, self.roll() * side)
    }

    /// A pickup, and 32 cars around it within two kilometres.
    fn question(&mut self) -> (Point, Vec<Point>) {
        let side = f64::from(SIDE - 1) - 2.0 * NEAR;
        let (east, north) = (NEAR + self.roll() * side, NEAR + self.roll() * side);
        let cars = (0..32).map(|_| {
            let (away, turn) = (NEAR * self.roll().sqrt(), std::f64::consts::TAU * self.roll());
            place(east + away * turn.cos(), north + away * turn.sin())
        });
        let cars = cars.collect();
        (place(east, north), cars)
    }
}

fn place(east: f64, north: f64) -> Point {
    let town = town();
    let (from, to) = (town.junction(0, 0), town.junction(SIDE - 1, SIDE - 1));
    let share = |from: f64, to: f64, blocks: f64| from + (to - from) * blocks / f64::from(SIDE - 1);
    Point::new(share(from.lat(), to.lat(), north), share(from.lon(), to.lon(), east)).expect("inside the town")
}

/// Dijkstra's algorithm against the edges, until all are found.
struct Reversed {
    into: Vec<Vec<(u32, u32)>>,
    head: Vec<[u32; 2]>,
    best: Vec<(u32, u32)>,
    turn: u32,
}

impl Reversed {
    fn of(roads: &Roads) -> Reversed {
        let junctions = roads.junctions() as usize;
        let mut into = vec![Vec::new(); junctions];
        let mut head = vec![[0; 2]; roads.streets() as usize];
        for edge in roads.edges() {
            into[edge.to as usize].push((edge.from, edge.ms));
            head[edge.street as usize][usize::from(!edge.forward)] = edge.to;
        }
        Reversed { into, head, best: vec![(0, 0); junctions], turn: 0 }
    }

    /// Milliseconds from the junction ahead of each car to the junction at the pickup.
    fn ask(&mut self, roads: &Roads, to: Point, from: &[Point]) -> Vec<u32> {
        self.turn += 1;
        let turn = self.turn;
        let junction = |point| {
            let snap = roads.snap(point).expect("inside the town");
            let [forward, backward] = self.head[snap.street as usize];
            if forward > 0 { forward } else { backward }
        };
        let target = junction(to);
        let starts: Vec<u32> = from.iter().map(|&point| junction(point)).collect();
        let mut wanted: BTreeSet<u32> = starts.iter().copied().collect();
        let mut queue = BinaryHeap::from([Reverse((0u32, target))]);
        self.best[target as usize] = (turn, 0);
        while let Some(Reverse((ms, junction))) = queue.pop() {
            if ms > self.best[junction as usize].1 {
                continue;
            }
            if wanted.remove(&junction) && wanted.is_empty() {
                break;
            }
            for &(before, step) in &self.into[junction as usize] {
                let better = ms + step;
                let known = &mut self.best[before as usize];
                if known.0 != turn || better < known.1 {
                    *known = (turn, better);
                    queue.push(Reverse((better, before)));
                }
            }
        }
        starts.iter().map(|&start| self.best[start as usize].1).collect()
    }
}

fn making(criterion: &mut Criterion) {
    let pbf = town().pbf();
    let mut group = criterion.benchmark_group("roads of 50k junctions");
    group.sample_size(10);
    group.bench_function("import", |bencher| {
        bencher.iter(|| Roads::import(pbf.as_slice(), &mut |_| {}).expect("a town has roads"));
    });
    let (roads, report) = Roads::import(pbf.as_slice(), &mut |_| {}).expect("a town has roads");
    let file = roads.write();
    eprintln!("{} bytes of extract, {} bytes of roads, {report:?}", pbf.len(), file.len());
    group.bench_function("load and first answer", |bencher| {
        let (from, to) = (place(10.2, 10.4), place(200.3, 190.1));
        bencher.iter(|| Roads::read(&file).expect("just written").drive(from, to));
    });
    group.finish();
}

fn asking(criterion: &mut Criterion) {
    let (roads, _) = Roads::import(town().pbf().as_slice(), &mut |_| {}).expect("a town has roads");
    let mut reversed = Reversed::of(&roads);
    let mut dice = Dice(1);
    let questions: Vec<_> = (0..200).map(|_| dice.question()).collect();
    let pairs: Vec<_> = (0..2_000).map(|_| (dice.anywhere(), dice.anywhere())).collect();
    let mut next = (0..usize::MAX).cycle();
    let mut turn = move |of: usize| next.next().unwrap_or(0) % of;
    let mut group = criterion.benchmark_group("drives over 50k junctions");
    group.bench_function("snap", |bencher| {
        bencher.iter_batched(|| pairs[turn(pairs.len())].0, |point| roads.snap(point), BatchSize::SmallInput);
    });
    group.bench_function("near", |bencher| {
        let pair = |at: usize| (questions[at % 200].1[at / 200], questions[at % 200].0);
        bencher.iter_batched(|| pair(turn(6_400)), |(from, to)| roads.drive(from, to), BatchSize::SmallInput);
    });
    group.bench_function("far", |bencher| {
        bencher.iter_batched(|| pairs[turn(2_000)], |(from, to)| roads.drive(from, to), BatchSize::SmallInput);
    });
    group.bench_function("far with its course", |bencher| {
        bencher.iter_batched(|| pairs[turn(2_000)], |(from, to)| roads.route(from, to), BatchSize::SmallInput);
    });
    group.bench_function("32 to 1 within 2 km", |bencher| {
        bencher.iter(|| {
            let (to, from) = &questions[turn(200)];
            black_box(roads.drives_to(from, *to))
        });
    });
    group.bench_function("32 to 1 within 2 km, one by one", |bencher| {
        bencher.iter(|| {
            let (to, from) = &questions[turn(200)];
            from.iter().map(|&from| roads.drive(from, *to)).collect::<Vec<_>>()
        });
    });
    group.bench_function("32 to 1 within 2 km, Dijkstra backwards", |bencher| {
        bencher.iter(|| {
            let (to, from) = &questions[turn(200)];
            reversed.ask(&roads, *to, from)
        });
    });
    group.finish();
}

criterion_group!(benches, making, asking);
criterion_main!(benches);
