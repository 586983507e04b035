//! `bench geo`: who is near, beside a Redis server, a plain R-tree and the least that could be done; how long the road
//! takes, beside Valhalla.
//!
//! Lives here: which cases there are, what is hoped of them, the rounds.
//! Stays out: the work (`city`), the contenders (a file each), how rows are made and shown ([`super`]).
//! Touch with care: all contenders get the same work in the same round, and a test holds their answers against a scan
//! of everything. Ours and the two in this process are charged the CPU time of the thread, Redis that of the server.

mod city;
mod contender;
mod grid;
mod ours;
mod redis;
mod roads;
mod rtree;
mod threads;
mod valhalla;

use city::StreetCity;
use contender::{Found, play, play_mixed, run_mixed, thing};
use grid::Grid;
use ours::Ours;
use redis::Redis;
use rtree::OneTree;

use super::{Failure, Progress, RedisServer, Row, Samples, Settings, Target, turns};

/// How wide a city is unless a case says otherwise, in kilometres.
const KM: f64 = 20.0;
/// The case that the targets speak of: a large city's fleet.
const AIMED_AT: (u32, f64) = (100_000, KM);
/// From how many cars on an index is to be small for each: below, cells without cars weigh more than cars.
const SMALL_FROM_CARS: u32 = 100_000;
const SIZES: [(u32, f64); 6] =
    [(10_000, KM), (100_000, KM), (1_000_000, KM), (10_000, 60.0), (100_000, 60.0), (1_000_000, 60.0)];
const QUICK_SIZES: [(u32, f64); 1] = [(10_000, KM)];

const OURS: &str = "ours";
const GRID: &str = "grid of 200 m";
const TREE: &str = "one rstar tree";
const REDIS: &str = "redis-server";

/// A row before it is measured.
#[derive(Clone, Debug)]
struct Plan {
    name: String,
    thing: &'static str,
    peer: &'static str,
    /// What the peer does, where its name does not say.
    manner: &'static str,
    unit: &'static str,
    target: Option<Target>,
}

/// One size of city and what is asked about it.
#[derive(Debug)]
struct Case {
    cars: u32,
    km: f64,
    rows: Vec<Plan>,
}

/// Measures what the settings ask for.
///
/// # Errors
/// When nothing is called what the filter says. A peer that cannot run is a row that says so.
pub fn run(settings: &Settings) -> Result<Vec<Row>, Failure> {
    let sizes = if settings.quick { &QUICK_SIZES[..] } else { &SIZES[..] };
    let cases = sizes.iter().map(|&(cars, km)| Case { cars, km, rows: plans(cars, km, settings) });
    let cases: Vec<Case> = cases.filter(|case| !case.rows.is_empty()).collect();
    let threads = threads::wanted(settings);
    let by_road = roads::wanted(settings);
    if cases.is_empty() && !threads && !by_road {
        let filter = &settings.filter;
        return Err(
            format!("no case contains {filter:?}: try --filter k=8, redis, grid, rstar, 100k/20km, roads").into()
        );
    }
    let (rounds, _) = lasts(settings);
    let others = [(threads, threads::steps(settings)), (by_road, roads::steps(settings))];
    let others: usize = others.into_iter().filter(|(wanted, _)| *wanted).map(|(_, steps)| steps).sum();
    let progress = Progress::new(cases.len() * (rounds + 1) + others);
    let wants_redis = cases.iter().flat_map(|case| &case.rows).any(|plan| plan.peer == REDIS);
    let server = wants_redis.then(RedisServer::start).transpose().map_err(|failure| failure.to_string());
    let mut rows = Vec::new();
    for case in &cases {
        rows.extend(compare(case, settings, &server, &progress));
    }
    if threads {
        rows.push(threads::row(settings, &progress));
    }
    if by_road {
        rows.extend(roads::rows(settings, &progress));
    }
    Ok(rows)
}

/// How many rounds, and how many stretches of work in each.
fn lasts(settings: &Settings) -> (usize, usize) {
    if settings.quick { (3, 40) } else { (7, 600) }
}

/// `100k/20km`.
fn size_text(cars: u32, km: f64) -> String {
    let cars = if cars >= 1_000_000 { format!("{}M", cars / 1_000_000) } else { format!("{}k", cars / 1_000) };
    format!("{cars}/{km}km")
}

/// The rows of one size that are asked for.
fn plans(cars: u32, km: f64, settings: &Settings) -> Vec<Plan> {
    let size = size_text(cars, km);
    let aimed = |target: Target| ((cars, km) == AIMED_AT).then_some(target);
    let row = |what: &str, thing, (peer, manner), target| {
        let unit = if thing == thing::BYTES { "bytes" } else { "ns" };
        Plan { name: format!("{size} {what}"), thing, peer, manner, unit, target }
    };
    let (grid, tree) = ((GRID, ""), (TREE, ""));
    let growing = (REDIS, " GEOSEARCH, growing circle");
    let mut plans = vec![
        row("update", thing::UPDATE, (REDIS, " GEOADD, 100 a pipeline"), aimed(Target::times_faster(25.0))),
        row("update", thing::UPDATE, grid, aimed(Target::within_times(3.0))),
        row("update", thing::UPDATE, tree, aimed(Target::times_faster(8.0))),
        row("nearest k=8", thing::NEAREST_8, growing, aimed(Target::times_faster(50.0))),
        row("nearest k=8", thing::NEAREST_8_PLAIN, (REDIS, " GEOSEARCH, 5 km at once"), None),
        row("nearest k=8", thing::NEAREST_8, grid, aimed(Target::within_times(2.0))),
        row("nearest k=8", thing::NEAREST_8, tree, None),
    ];
    for (k, thing) in thing::NEAREST.into_iter().filter(|&(_, thing)| thing != thing::NEAREST_8) {
        plans.extend([grid, tree].map(|peer| row(&format!("nearest k={k}"), thing, peer, None)));
    }
    let mixed = (REDIS, " both, as above");
    plans.extend([mixed, grid, tree].map(|peer| row("mixed 100:1, per update", thing::MIXED, peer, None)));
    let small = (cars >= SMALL_FROM_CARS).then_some(Target::at_most(64.0));
    plans.push(row("memory per driver", thing::BYTES, (REDIS, " used_memory"), small));
    plans.retain(|plan| settings.wants(&format!("{} vs {}{}", plan.name, plan.peer, plan.manner)));
    plans
}

/// The server, if a row asks for one, or why there is none.
type Server = Result<Option<RedisServer>, String>;

/// Measures one size and fills its rows.
fn compare(case: &Case, settings: &Settings, server: &Server, progress: &Progress) -> Vec<Row> {
    let mut samples = Samples::default();
    let trouble = match Rivals::new(case, settings, server) {
        Ok(mut rivals) => rivals.play(case, settings, progress, &mut samples).err(),
        Err(failure) => Some(failure),
    };
    let trouble = trouble.map(|failure| failure.to_string()).or_else(|| server.as_ref().err().cloned());
    let version = server.as_ref().ok().and_then(Option::as_ref).map(RedisServer::version);
    case.rows.iter().map(|plan| fill(plan, &samples, version, trouble.as_deref())).collect()
}

fn fill(plan: &Plan, samples: &Samples, version: Option<&str>, trouble: Option<&str>) -> Row {
    // However it is asked, the question for 8 cars costs us the same.
    let ours = if plan.thing == thing::NEAREST_8_PLAIN { thing::NEAREST_8 } else { plan.thing };
    let (ours, peer) = (samples.median(OURS, ours), samples.median(plan.peer, plan.thing));
    let version = version.filter(|_| plan.peer == REDIS).map(|version| format!(" {version}")).unwrap_or_default();
    let peer_name = format!("{}{version}{}", plan.peer, plan.manner);
    let row = Row::new(plan.name.clone(), plan.unit, ours, (peer_name, peer), plan.target);
    match (row.ours, row.peer) {
        (Some(_), Some(_)) => row,
        _ => row.because(trouble.unwrap_or("not measured")),
    }
}

/// Everybody who plays in one case, with the same cars in the same places.
struct Rivals<'a> {
    city: StreetCity,
    ours: Ours,
    grid: Option<Grid>,
    tree: Option<OneTree>,
    redis: Option<Redis<'a>>,
}

impl<'a> Rivals<'a> {
    fn new(case: &Case, settings: &Settings, server: &'a Server) -> Result<Rivals<'a>, Failure> {
        let city = StreetCity::new(case.cars, case.km, settings.seed);
        let wanted = |peer| case.rows.iter().any(|plan| plan.peer == peer);
        let server = server.as_ref().ok().and_then(Option::as_ref).filter(|_| wanted(REDIS));
        Ok(Rivals {
            ours: Ours::new(city.moves()),
            grid: wanted(GRID).then(|| Grid::new(city.moves(), city.half_m())),
            tree: wanted(TREE).then(|| OneTree::new(city.moves())),
            redis: server.map(|server| Redis::new(server, city.moves())).transpose()?,
            city,
        })
    }

    /// Plays all rounds. When Redis fails it drops out, and the failure is handed back at the end.
    fn play(
        &mut self,
        case: &Case,
        settings: &Settings,
        progress: &Progress,
        samples: &mut Samples,
    ) -> Result<(), Failure> {
        let (rounds, stretches) = lasts(settings);
        let mut failed = None;
        progress.next(&format!("{} getting warm", size_text(case.cars, case.km)));
        self.warm_up(stretches.max(if settings.quick { 0 } else { 4_000.min(case.cars as usize / 50) }));
        progress.step();
        for round in 0..rounds {
            progress.next(&size_text(case.cars, case.km));
            if let Err(failure) = self.round(round, stretches, samples) {
                self.redis = None;
                failed.get_or_insert(failure);
            }
            progress.step();
        }
        samples.note(OURS, thing::BYTES, self.ours.heap_bytes() as f64 / f64::from(case.cars));
        failed.map_or(Ok(()), Err)
    }

    /// Lets memory find its size and buckets theirs, untimed.
    fn warm_up(&mut self, stretches: usize) {
        let (work, mut out) = (self.city.work(stretches), Vec::<Found>::new());
        run_mixed(&mut self.ours, &work, &mut out);
        if let Some(grid) = &mut self.grid {
            run_mixed(grid, &work, &mut out);
        }
        if let Some(tree) = &mut self.tree {
            run_mixed(tree, &work, &mut out);
        }
        if let Some(redis) = &mut self.redis {
            run_mixed(redis, &work, &mut out);
        }
    }

    fn round(&mut self, round: usize, stretches: usize, samples: &mut Samples) -> Result<(), Failure> {
        let (work, mixed) = (self.city.work(stretches), self.city.work(stretches));
        // One search of the whole circle visits every fifth car of a city: fewer of them where there are more cars.
        let plain = (1_000_000 / self.city.cars()).clamp(4, 100);
        for turn in turns(round, 4) {
            match turn {
                0 => {
                    play(&mut self.ours, &work, OURS, samples);
                    play_mixed(&mut self.ours, &mixed, OURS, samples);
                }
                1 => {
                    if let Some(grid) = &mut self.grid {
                        play(grid, &work, GRID, samples);
                        play_mixed(grid, &mixed, GRID, samples);
                    }
                }
                2 => {
                    if let Some(tree) = &mut self.tree {
                        play(tree, &work, TREE, samples);
                        play_mixed(tree, &mixed, TREE, samples);
                    }
                }
                _ => {
                    if let Some(redis) = &mut self.redis {
                        redis.play(&work, plain, REDIS, samples)?;
                        redis.play_mixed(&mixed, REDIS, samples)?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
