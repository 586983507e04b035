//! What every index in the comparison can do, and how it is timed.
//!
//! Lives here: the trait, one round of work on an index in this process.
//! Stays out: the indexes themselves (`ours`, `grid`, `rtree`, `redis`).
//! Touch with care: whatever a contender does between the raw numbers coming in and the answer going out is timed:
//! conversion and checks are part of the price.

use std::hint::black_box;

use crate::bench::{Samples, cpu};

use super::city::{MOVES_PER_QUESTION, Move, Work};

/// A car that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) id: u32,
    pub(super) away_m: f64,
}

/// An index of moving cars that are numbered from 0.
pub(super) trait Contender {
    /// Puts a car at a place in degrees, or moves it there.
    fn update(&mut self, id: u32, lat: f64, lon: f64);

    /// Replaces `out` by the `k` cars nearest to a place within so many metres, nearest first.
    fn nearest(&mut self, lat: f64, lon: f64, k: usize, within_m: f64, out: &mut Vec<Found>);

    /// Many moves, in order.
    fn update_all(&mut self, moves: &[Move]) {
        for &Move { id, lat, lon } in moves {
            self.update(id, lat, lon);
        }
    }
}

/// How far anybody looks for a car, in metres.
pub(super) const WITHIN_M: f64 = 5_000.0;

/// The names of what is measured.
pub(super) mod thing {
    pub(in super::super) const UPDATE: &str = "update";
    pub(in super::super) const NEAREST: [(usize, &str); 3] = [(1, "k=1"), (8, "k=8"), (32, "k=32")];
    pub(in super::super) const NEAREST_8: &str = "k=8";
    pub(in super::super) const NEAREST_8_PLAIN: &str = "k=8 plain";
    pub(in super::super) const MIXED: &str = "mixed";
    pub(in super::super) const BYTES: &str = "bytes";
}

/// Lets an index do the work of a round as Redis does it: all moves, in batches, then all questions, once for each
/// number of cars asked for; in nanoseconds of CPU time each. One reading of the clock for all of them: one for each
/// batch and each question would cost these as much again, for a system call empties caches.
pub(super) fn play(contender: &mut impl Contender, work: &Work, name: &'static str, samples: &mut Samples) {
    let mut out = Vec::with_capacity(64);
    let ns = cpu::time(|| work.moves.chunks(MOVES_PER_QUESTION).for_each(|moves| contender.update_all(moves)));
    samples.note(name, thing::UPDATE, ns / work.moves.len() as f64);
    for (k, thing) in thing::NEAREST {
        let ns = cpu::time(|| {
            for question in &work.questions {
                contender.nearest(question.lat, question.lon, k, WITHIN_M, &mut out);
                black_box(&out);
            }
        });
        samples.note(name, thing, ns / work.questions.len() as f64);
    }
}

/// Lets an index do the work of a round in one go, a question for 8 cars after every [`MOVES_PER_QUESTION`] moves:
/// nanoseconds of CPU time a move, the questions' share included.
pub(super) fn play_mixed(contender: &mut impl Contender, work: &Work, name: &'static str, samples: &mut Samples) {
    let mut out = Vec::with_capacity(64);
    let ns = cpu::time(|| run_mixed(contender, work, &mut out));
    samples.note(name, thing::MIXED, ns / work.moves.len() as f64);
}

/// Does the work of a round, untimed.
pub(super) fn run_mixed(contender: &mut impl Contender, work: &Work, out: &mut Vec<Found>) {
    debug_assert!(work.moves.len() <= work.questions.len() * MOVES_PER_QUESTION);
    for (moves, question) in work.stretches() {
        contender.update_all(moves);
        contender.nearest(question.lat, question.lon, 8, WITHIN_M, out);
        black_box(&*out);
    }
}
