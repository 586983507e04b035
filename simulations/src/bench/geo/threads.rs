//! Two shards on two threads, beside one on one.
//!
//! Lives here: one row. Shards share nothing, so nothing but the machine can hold them up.
//! Stays out: which thread gets which core; other work on the machine, which takes from the pair what it spares the
//! single one: only an otherwise idle machine with two free cores tells the truth.

use std::num::NonZero;
use std::sync::Barrier;
use std::time::Instant;

use crate::bench::{Progress, Row, Samples, Settings, Target, turns};

use super::city::{StreetCity, Work};
use super::contender::run_mixed;
use super::ours::Ours;
use super::{KM, size_text};

const PEER: &str = "one thread, one shard";
const ONE: &str = "one";
const TWO: &str = "two";
const RATE: &str = "rate";

/// How large the two shards are and how long they are worked.
struct Scale {
    cars: u32,
    rounds: usize,
    stretches: usize,
}

fn scale(settings: &Settings) -> Scale {
    match settings.quick {
        true => Scale { cars: 10_000, rounds: 3, stretches: 100 },
        false => Scale { cars: 100_000, rounds: 9, stretches: 5_000 },
    }
}

fn name(settings: &Settings) -> String {
    format!("{} two threads, a shard each (needs an idle machine)", size_text(scale(settings).cars, KM))
}

/// Whether this row is asked for.
pub(super) fn wanted(settings: &Settings) -> bool {
    settings.wants(&format!("{} vs {PEER}", name(settings)))
}

/// How many steps of the progress bar this takes.
pub(super) fn steps(settings: &Settings) -> usize {
    scale(settings).rounds
}

struct Shard {
    city: StreetCity,
    index: Ours,
}

/// Moves a second through two shards on two threads, and through one on one.
pub(super) fn row(settings: &Settings, progress: &Progress) -> Row {
    let Scale { cars, rounds, stretches } = scale(settings);
    let name = name(settings);
    let target = Some(Target::times_more(1.6));
    let row = |one, two| Row::new(name.clone(), "moves/s", two, (PEER, one), target);
    if std::thread::available_parallelism().map_or(1, NonZero::get) < 2 {
        return row(None, None).because("this machine gives us one core: run it where there are two");
    }
    let mut shards: [Shard; 2] = std::array::from_fn(|number| {
        let city = StreetCity::new(cars, KM, settings.seed + number as u64);
        Shard { index: Ours::new(city.moves()), city }
    });
    let mut samples = Samples::default();
    for round in 0..rounds {
        progress.next(&name);
        for turn in turns(round, 2) {
            let (contender, busy) = [(ONE, 1), (TWO, 2)][turn];
            samples.note(contender, RATE, rate(&mut shards[..busy], stretches));
        }
        progress.step();
    }
    row(samples.median(ONE, RATE), samples.median(TWO, RATE))
}

/// Works all shards at once, a thread each: moves a second, all together, until the last one is done.
fn rate(shards: &mut [Shard], stretches: usize) -> f64 {
    let works: Vec<Work> = shards.iter_mut().map(|shard| shard.city.work(stretches)).collect();
    let moves: usize = works.iter().map(|work| work.moves.len()).sum();
    let start = Barrier::new(shards.len());
    let seconds = std::thread::scope(|scope| {
        let threads: Vec<_> = shards
            .iter_mut()
            .zip(&works)
            .map(|(shard, work)| {
                let (start, mut out) = (&start, Vec::new());
                scope.spawn(move || {
                    start.wait();
                    let began = Instant::now();
                    run_mixed(&mut shard.index, work, &mut out);
                    began.elapsed().as_secs_f64()
                })
            })
            .collect();
        let took = threads.into_iter().map(|thread| thread.join().expect("a shard of the comparison does not panic"));
        took.fold(0.0, f64::max)
    });
    moves as f64 / seconds
}
