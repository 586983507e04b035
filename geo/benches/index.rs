//! What a move and a question cost the index of moving things.
//!
//! Lives here: our own figures, for whoever changes the index. How it compares with others: `hansom-sim bench geo`.
//! Stays out: whether the answers are right, which the tests say.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use geo::{Cell, Fix, Handle, Meters, NearIndex, Point, Resolution, Search, Tags};

/// A town of 20 by 20 km around a corner of New York.
const HALF_M: f64 = 10_000.0;

/// A stream of numbers that a seed decides, from -1 to below 1.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    fn pick(&mut self, count: usize) -> usize {
        ((self.roll() + 1.0) / 2.0 * count as f64) as usize
    }
}

fn place(north_m: f64, east_m: f64) -> Point {
    let (lat, lon) = (40.75 + north_m / 111_195.0, -73.98 + east_m / 84_200.0);
    Point::new(lat, lon).expect("the town is on Earth")
}

/// Cars that drive 30 m between two positions.
struct Cars {
    at: Vec<(f64, f64)>,
    dice: Dice,
}

impl Cars {
    fn new(cars: usize) -> Cars {
        let mut dice = Dice(7);
        let at = (0..cars).map(|_| (dice.roll() * HALF_M, dice.roll() * HALF_M)).collect();
        Cars { at, dice }
    }

    fn index(&self) -> (NearIndex<usize>, Vec<Handle>) {
        let mut index = NearIndex::new();
        let fix = |(north, east): &(f64, f64)| Fix::at(place(*north, *east), 0);
        let handles = self.at.iter().enumerate().map(|(car, at)| index.insert(car, Tags::NONE, fix(at))).collect();
        (index, handles)
    }

    fn some_moves(&mut self, count: usize) -> Vec<(usize, Fix)> {
        let a_move = |_| {
            let car = self.dice.pick(self.at.len());
            let turn = self.dice.roll() * std::f64::consts::PI;
            let (north, east) = self.at[car];
            let step = |from: f64, by: f64| (from + 30.0 * by).clamp(-HALF_M, HALF_M);
            self.at[car] = (step(north, turn.cos()), step(east, turn.sin()));
            (car, Fix::at(place(self.at[car].0, self.at[car].1), 1))
        };
        (0..count).map(a_move).collect()
    }

    fn somewhere(&mut self) -> Point {
        place(self.dice.roll() * HALF_M, self.dice.roll() * HALF_M)
    }
}

fn moving(criterion: &mut Criterion) {
    for count in [10_000, 100_000, 1_000_000] {
        let mut cars = Cars::new(count);
        let (mut index, handles) = cars.index();
        let mut group = criterion.benchmark_group(format!("{count} cars on 20 x 20 km"));
        group.throughput(Throughput::Elements(100));
        group.bench_function("100 moves, one by one", |bencher| {
            let step =
                |moves: Vec<(usize, Fix)>| moves.iter().for_each(|(car, fix)| index.update(&handles[*car], *fix));
            bencher.iter_batched(|| cars.some_moves(100), step, BatchSize::SmallInput);
        });
        group.bench_function("100 moves in a batch", |bencher| {
            let step =
                |moves: Vec<(usize, Fix)>| index.update_all(moves.iter().map(|(car, fix)| (&handles[*car], *fix)));
            bencher.iter_batched(|| cars.some_moves(100), step, BatchSize::SmallInput);
        });
        group.throughput(Throughput::Elements(1));
        let search = Search::within(Meters::whole(5_000));
        let places: Vec<Point> = (0..1_000).map(|_| cars.somewhere()).collect();
        for k in [1, 8, 32] {
            let mut places = places.iter().cycle();
            group.bench_function(format!("the nearest {k}"), |bencher| {
                bencher
                    .iter(|| black_box(index.nearest(*places.next().expect("a cycle has no end"), k, &search).len()));
            });
        }
        let mut places = places.iter().cycle();
        group.bench_function("the first 8 in order", |bencher| {
            let mut in_order = || index.in_order(*places.next().expect("a cycle has no end"), &search).take(8).count();
            bencher.iter(|| black_box(in_order()));
        });
    }
}

fn cells(criterion: &mut Criterion) {
    let point = place(12.0, 34.0);
    criterion.bench_function("H3's cell of a point", |bencher| {
        bencher.iter(|| black_box(Cell::at(black_box(point), Resolution::INDEX)));
    });
}

criterion_group!(benches, moving, cells);
criterion_main!(benches);
