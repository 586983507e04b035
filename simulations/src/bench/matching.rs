//! `bench matching`: who gets whom, beside scipy's sparse solver, a greedy and a dense Hungarian method.
//!
//! Lives here: which cases there are, what is hoped of them, the rounds.
//! Stays out: the solver ([`dispatch::Solver`]), the instances and the peers (a file each).
//! Touch with care: whoever claims to be exact must find as many pairs as we do at the same cost, or its row says so
//! instead of a time. Ours is charged for reading the problem, scipy only for solving it.

mod instance;
mod peers;
mod scipy;

use std::hint::black_box;

use dispatch::{Method, Plan, Problem, Solver};

use instance::{Crowd, Instance};
use peers::{Dense, greedy_by_edge};
use scipy::Scipy;

use super::{Failure, Progress, Row, Samples, Settings, Target, cpu, turns};

const SIZES: [usize; 4] = [100, 1_000, 3_000, 10_000];
const QUICK_SIZES: [usize; 2] = [100, 1_000];
/// The size that the targets speak of.
const AIMED_AT: usize = 10_000;
/// Up to this size the dense method is asked: its memory grows with the square, its time faster.
const DENSE_UP_TO: usize = 1_000;
/// One rider in so many is another one a moment later.
const EVERY: usize = 50;
/// What a rider without a driver counts when plans are weighed against each other, in hours.
const UNSERVED_H: f64 = 1.0;

const OURS: &str = "ours";
const SCIPY: &str = "scipy";
const GREEDY: &str = "greedy by edge";
const FIRST_COME: &str = "first come, first served";
const DENSE: &str = "pathfinding 4 kuhn_munkres";
const WARM: &str = "prices kept";

/// What a row measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Thing {
    /// The time for a plan.
    Time,
    /// Hours until a car is there, over all riders.
    Hours,
    /// The time for the next plan, with a few other riders.
    Again,
}

/// A row before it is measured.
struct Wanted {
    name: String,
    thing: Thing,
    peer: &'static str,
    target: Option<Target>,
}

struct Case {
    riders: usize,
    crowd: Crowd,
    rows: Vec<Wanted>,
}

/// Measures what the settings ask for.
///
/// # Errors
/// When nothing is called what the filter says. A peer that cannot run is a row that says so.
pub fn run(settings: &Settings) -> Result<Vec<Row>, Failure> {
    let sizes = if settings.quick { &QUICK_SIZES[..] } else { &SIZES[..] };
    let case = |riders: usize, crowd| Case { riders, crowd, rows: rows_of(riders, crowd, settings) };
    let cases = sizes.iter().flat_map(|&riders| Crowd::ALL.map(|crowd| case(riders, crowd)));
    let cases: Vec<Case> = cases.filter(|case| !case.rows.is_empty()).collect();
    if cases.is_empty() {
        let filter = &settings.filter;
        return Err(format!("no case contains {filter:?}: try --filter 10k, scarce, hot spot, scipy, greedy").into());
    }
    let progress = Progress::new(cases.len() * (rounds(settings) + 1));
    let mut rows = Vec::new();
    for case in &cases {
        progress.next(&format!("{} {}", size_text(case.riders), case.crowd.name()));
        rows.extend(compare(case, settings, &progress));
    }
    Ok(rows)
}

fn rounds(settings: &Settings) -> usize {
    if settings.quick { 2 } else { 5 }
}

fn size_text(riders: usize) -> String {
    if riders < 1_000 { riders.to_string() } else { format!("{}k", riders / 1_000) }
}

/// The rows of one case that are asked for.
fn rows_of(riders: usize, crowd: Crowd, settings: &Settings) -> Vec<Wanted> {
    let case = format!("{} {}", size_text(riders), crowd.name());
    let aimed = riders == AIMED_AT;
    let at_most = match crowd {
        Crowd::Balanced => Some(Target::at_most(50.0)),
        Crowd::Scarce => Some(Target::at_most(250.0)),
        Crowd::HotSpot | Crowd::Even => None,
    };
    let ten_times = (crowd != Crowd::Even).then_some(Target::times_faster(10.0));
    let row = |what: &str, thing, peer, target: Option<Target>| Wanted {
        name: format!("{case}{what}"),
        thing,
        peer,
        target: target.filter(|_| aimed),
    };
    let mut rows = vec![
        row("", Thing::Time, SCIPY, ten_times),
        row("", Thing::Time, GREEDY, at_most),
        row(" pickups", Thing::Hours, GREEDY, None),
        row(" pickups", Thing::Hours, FIRST_COME, None),
    ];
    if riders <= DENSE_UP_TO {
        rows.push(row("", Thing::Time, DENSE, None));
    }
    rows.push(row(&format!(", one in {EVERY} new"), Thing::Again, WARM, None));
    rows.retain(|row| settings.wants(&format!("{} vs {}", row.name, row.peer)));
    rows
}

/// Measures one case and fills its rows.
fn compare(case: &Case, settings: &Settings, progress: &Progress) -> Vec<Row> {
    let wanted = |peer| case.rows.iter().any(|row| row.peer == peer);
    let instance = Instance::new(case.riders, case.crowd, settings.seed);
    let scipy = match wanted(SCIPY) {
        true => Scipy::start(settings.scipy_python.as_deref(), &[&instance]),
        false => Err("not asked for".to_owned()),
    };
    let version = scipy.as_ref().map(|scipy| format!(" {}", scipy.version())).unwrap_or_default();
    let mut trouble = scipy.as_ref().err().cloned();
    let dense = wanted(DENSE).then(|| Dense::new(&instance.problem));
    let mut rivals = Rivals { instance, scipy: scipy.ok(), dense, solver: Solver::default() };
    progress.step();
    let mut samples = Samples::default();
    for round in 0..rounds(settings) {
        if let Err(failure) = rivals.round(round, &mut samples) {
            rivals.scipy = None;
            trouble.get_or_insert(failure.to_string());
        }
        progress.step();
    }
    let fill = |row: &Wanted| {
        let (unit, thing) = match row.thing {
            Thing::Time => ("ms", "time"),
            Thing::Hours => ("h", "hours"),
            Thing::Again => ("ms", "again"),
        };
        let peer_name = format!("{}{}", row.peer, if row.peer == SCIPY { &version } else { "" });
        let figures = (samples.median(OURS, thing), samples.median(row.peer, thing));
        let filled = Row::new(row.name.clone(), unit, figures.0, (peer_name, figures.1), row.target);
        match figures {
            (Some(_), Some(_)) => filled,
            _ => filled.because(trouble.as_deref().unwrap_or("not measured")),
        }
    };
    case.rows.iter().map(fill).collect()
}

/// Everybody who solves one instance.
struct Rivals {
    instance: Instance,
    scipy: Option<Scipy>,
    dense: Option<Dense>,
    /// One for all rounds, as a shard has it.
    solver: Solver,
}

impl Rivals {
    fn round(&mut self, round: usize, samples: &mut Samples) -> Result<(), Failure> {
        let problem = &self.instance.problem;
        // What is short is done often for one reading of the clock.
        let times = (10_000 / problem.riders.len()).clamp(1, 20);
        let mut solver = std::mem::take(&mut self.solver);
        let best = solver.solve(problem, None, u64::MAX);
        let mut failed = Ok(());
        for turn in turns(round, 4) {
            match turn {
                0 => note(OURS, times, samples, || solver.solve(problem, None, u64::MAX)),
                1 => note(GREEDY, times, samples, || greedy_by_edge(problem)),
                2 => {
                    if let Some(dense) = &self.dense {
                        let mut found = Plan::default();
                        note(DENSE, 1, samples, || {
                            found = dense.solve();
                            found.clone()
                        });
                        failed = failed.and(same(&best, problem, DENSE, found.matched(), found.cost(problem)));
                    }
                }
                _ => {
                    if let Some(scipy) = &mut self.scipy {
                        let solved = scipy.solve(0).and_then(|answer| {
                            same(&best, problem, SCIPY, answer.matched, answer.cost).map(|()| answer.ms)
                        });
                        failed = failed.and(solved.map(|ms| samples.note(SCIPY, "time", ms)));
                    }
                }
            }
        }
        let plans = [(OURS, best), (GREEDY, greedy_by_edge(problem)), (FIRST_COME, first_come(problem))];
        for (name, plan) in plans {
            samples.note(name, "hours", hours(problem, &plan));
        }
        self.solver = solver;
        failed.and(self.again(round, samples))
    }

    /// The next plan, with a few other riders: from nothing, and from the prices of this one.
    fn again(&mut self, round: usize, samples: &mut Samples) -> Result<(), Failure> {
        let mut solver = std::mem::take(&mut self.solver);
        solver.solve(&self.instance.problem, None, u64::MAX);
        let prices = solver.prices();
        let problem = self.instance.with_new_riders(EVERY);
        let mut found = [Plan::default(), Plan::default()];
        for turn in turns(round, 2) {
            let (name, warm) = [(OURS, None), (WARM, Some(&prices))][turn];
            let ns = cpu::time(|| found[turn] = solver.solve(&problem, warm, u64::MAX));
            samples.note(name, "again", ns / 1e6);
        }
        self.solver = solver;
        same(&found[0], &problem, WARM, found[1].matched(), found[1].cost(&problem))
    }
}

/// Times a solver.
fn note(name: &'static str, times: usize, samples: &mut Samples, mut solve: impl FnMut() -> Plan) {
    let ns = cpu::time(|| (0..times).for_each(|_| drop(black_box(solve()))));
    samples.note(name, "time", ns / 1e6 / times as f64);
}

/// That another exact solver found as good a plan.
fn same(best: &Plan, problem: &Problem, who: &str, matched: usize, cost: u64) -> Result<(), Failure> {
    let ours = (best.matched(), best.cost(problem));
    if ours == (matched, cost) {
        return Ok(());
    }
    Err(format!("{who} matched {matched} riders at {cost}, ours {} at {}", ours.0, ours.1).into())
}

fn first_come(problem: &Problem) -> Plan {
    dispatch::plan(problem, Method::Nearest)
}

/// How long riders wait for a car altogether; who gets none waits for [`UNSERVED_H`].
fn hours(problem: &Problem, plan: &Plan) -> f64 {
    let unserved = problem.riders.len() - plan.matched();
    plan.cost(problem) as f64 / 3.6e6 + unserved as f64 * UNSERVED_H
}

#[cfg(test)]
mod tests;
