//! How long the road takes, beside Valhalla's matrix and the `fast_paths` crate, on a made-up town.
//!
//! Lives here: the rows on roads. All sides get one OpenStreetMap extract and the same cars and pickups.
//! Stays out: whether our answers are right, which the tests of [`geo::roads`] say against Dijkstra.
//! Touch with care: a grid of streets is a hard case for hierarchies. `fast_paths` answers from junction to junction:
//! the snaps to the road, which are half of our cost, are charged to it as well.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use geo::Point;
use geo::roads::Roads;
use geo::roads::town::Town;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::bench::{Failure, Progress, Row, Samples, Settings, Target, cpu, turns};

use super::valhalla::{MatrixQuestion, Valhalla};

const OURS: &str = "ours";
const FAST_PATHS: &str = "fast_paths 1.0, 32 queries";
const VALHALLA: &str = "Valhalla";
const MATRIX: &str = "32 to 1";
const CARS: usize = 32;
/// Cars are up to this many blocks from the pickup, east or west and north or south: two kilometres.
const NEAR_BLOCKS: f64 = 20.0;

/// How large the town is and how long it is asked.
struct Scale {
    side: u32,
    rounds: usize,
    questions: usize,
}

fn scale(settings: &Settings) -> Scale {
    match settings.quick {
        true => Scale { side: 48, rounds: 3, questions: 20 },
        false => Scale { side: 224, rounds: 7, questions: 100 },
    }
}

fn town(settings: &Settings) -> Town {
    let side = scale(settings).side;
    Town { width: side, height: side, ..Town::default() }
}

/// The rows before they are measured: what, with whom, in which unit, hoping for what.
fn plans(settings: &Settings) -> Vec<(String, &'static str, &'static str, Option<Target>)> {
    let side = scale(settings).side;
    let junctions = f64::from(side * side) / 1_000.0;
    let row = |what, peer, unit, target: Target| {
        (format!("roads {junctions:.0}k {what}"), peer, unit, (!settings.quick).then_some(target))
    };
    let mut plans = vec![
        row(MATRIX, VALHALLA, "ms", Target::times_faster(100.0)),
        row(MATRIX, FAST_PATHS, "ms", Target::at_most(0.5)),
        row("import", VALHALLA, "s", Target::at_most(10.0)),
        row("file to first answer", VALHALLA, "s", Target::at_most(1.0)),
    ];
    plans.retain(|(name, peer, ..)| settings.wants(&format!("{name} vs {peer}")));
    plans
}

/// Whether a row on roads is asked for.
pub(super) fn wanted(settings: &Settings) -> bool {
    !plans(settings).is_empty()
}

/// How many steps of the progress bar this takes.
pub(super) fn steps(settings: &Settings) -> usize {
    scale(settings).rounds + 2
}

/// What one side needed, in the unit of each row.
#[derive(Default)]
struct Figures {
    matrix_ms: Option<f64>,
    import_s: Option<f64>,
    first_answer_s: Option<f64>,
}

/// Measures what is asked for.
pub(super) fn rows(settings: &Settings, progress: &Progress) -> Vec<Row> {
    let plans = plans(settings);
    let mut ours = Figures::default();
    let (mut fast_paths, mut valhalla) = (Figures::default(), Err("not measured".to_owned()));
    let mut version = String::new();
    let trouble = measure(settings, progress, &mut ours, &mut fast_paths).map(|(extract, questions)| {
        progress.next("roads: Valhalla builds its tiles");
        if plans.iter().any(|(_, peer, ..)| *peer == VALHALLA) {
            valhalla = ask_valhalla(settings.valhalla_python.as_deref(), &extract, &questions, &mut version);
        }
        progress.step();
    });
    let trouble = trouble.err().map(|failure| failure.to_string());
    let row = |(name, peer, unit, target): (String, &'static str, &'static str, Option<Target>)| {
        let other = if peer == FAST_PATHS { Ok(&fast_paths) } else { valhalla.as_ref() };
        let of = |figures: &Figures| match name.rsplit("k ").next() {
            Some("import") => figures.import_s,
            Some("file to first answer") => figures.first_answer_s,
            _ => figures.matrix_ms,
        };
        let peer_name = if peer == VALHALLA { format!("{peer}{version}") } else { peer.to_owned() };
        let row = Row::new(name.clone(), unit, of(&ours), (peer_name, other.ok().and_then(of)), target);
        match (&trouble, other) {
            (Some(trouble), _) => row.because(trouble.clone()),
            (None, Err(why)) => row.because(why.clone()),
            (None, Ok(_)) => row,
        }
    };
    plans.into_iter().map(row).collect()
}

/// A pickup and the cars around it.
struct Question {
    pickup: Point,
    cars: Vec<Point>,
}

/// Lets ours and `fast_paths` answer the same questions in turns. Hands back the extract and the questions.
fn measure(
    settings: &Settings,
    progress: &Progress,
    ours: &mut Figures,
    fast_paths: &mut Figures,
) -> Result<(Vec<u8>, Vec<Question>), Failure> {
    let Scale { rounds, questions, .. } = scale(settings);
    let town = town(settings);
    let extract = town.pbf();
    progress.next("roads: import");
    let began = Instant::now();
    let (roads, _) = Roads::import(extract.as_slice(), &mut |_| {})?;
    ours.import_s = Some(began.elapsed().as_secs_f64());
    let file = roads.write();
    let questions = ask(&town, settings.seed, questions);
    let began = Instant::now();
    let loaded = Roads::read(&file)?;
    black_box(loaded.drives_to(&questions[0].cars, questions[0].pickup));
    ours.first_answer_s = Some(began.elapsed().as_secs_f64());
    let mut peer = Peer::new(&roads);
    fast_paths.import_s = Some(peer.prepared_s);
    progress.step();
    let mut samples = Samples::default();
    for round in 0..rounds {
        progress.next("roads: 32 cars to a pickup");
        for turn in turns(round, 2) {
            let mut unanswered = 0;
            let (name, ns) = if turn == 0 {
                let mut work = || {
                    for Question { pickup, cars } in &questions {
                        unanswered += roads.drives_to(cars, *pickup).iter().filter(|drive| drive.is_err()).count();
                    }
                };
                (OURS, cpu::time(&mut work))
            } else {
                let mut work = || questions.iter().for_each(|question| unanswered += peer.ask(&roads, question));
                (FAST_PATHS, cpu::time(&mut work))
            };
            if unanswered > 0 {
                return Err(format!("{name} left {unanswered} drives of the town unanswered").into());
            }
            samples.note(name, MATRIX, ns / 1e6 / questions.len() as f64);
        }
        progress.step();
    }
    ours.matrix_ms = samples.median(OURS, MATRIX);
    fast_paths.matrix_ms = samples.median(FAST_PATHS, MATRIX);
    Ok((extract, questions))
}

/// Pickups all over the town, but for its rim, and cars around each.
fn ask(town: &Town, seed: u64, count: usize) -> Vec<Question> {
    let mut chance = Pcg64Mcg::seed_from_u64(seed);
    let (first, last) = (town.junction(0, 0), town.junction(town.width - 1, town.height - 1));
    let blocks = f64::from(town.width - 1);
    let place = |east: f64, north: f64| {
        let between = |from: f64, to: f64, share: f64| from + (to - from) * share / blocks;
        let (lat, lon) = (between(first.lat(), last.lat(), north), between(first.lon(), last.lon(), east));
        Point::new(lat, lon).expect("a place in the town")
    };
    let near = NEAR_BLOCKS.min(blocks / 2.0 - 1.0);
    let question = |_| {
        let (east, north) = (chance.random_range(near..blocks - near), chance.random_range(near..blocks - near));
        let mut car = |_| place(east + chance.random_range(-near..near), north + chance.random_range(-near..near));
        Question { cars: (0..CARS).map(&mut car).collect(), pickup: place(east, north) }
    };
    (0..count).map(question).collect()
}

/// The same junctions and streets in a `fast_paths` graph.
struct Peer {
    graph: fast_paths::FastGraph,
    calculator: fast_paths::PathCalculator,
    /// The junctions at the end of each street, driven forward and backward.
    ahead: Vec<[Option<u32>; 2]>,
    prepared_s: f64,
}

impl Peer {
    fn new(roads: &Roads) -> Peer {
        let began = Instant::now();
        let mut input = fast_paths::InputGraph::new();
        let mut ahead = vec![[None; 2]; roads.streets() as usize];
        for edge in roads.edges() {
            // A weight of nothing would not be an edge.
            input.add_edge(edge.from as usize, edge.to as usize, edge.ms.max(1) as usize);
            ahead[edge.street as usize][usize::from(!edge.forward)] = Some(edge.to);
        }
        input.freeze();
        let graph = fast_paths::prepare(&input);
        let calculator = fast_paths::create_calculator(&graph);
        Peer { graph, calculator, ahead, prepared_s: began.elapsed().as_secs_f64() }
    }

    /// The junction ahead of a point.
    fn junction(&self, roads: &Roads, point: Point) -> Option<usize> {
        let [forward, backward] = self.ahead[roads.snap(point).ok()?.street as usize];
        forward.or(backward).map(|junction| junction as usize)
    }

    /// Answers a question car by car. Tells how many drives have no answer.
    fn ask(&mut self, roads: &Roads, question: &Question) -> usize {
        let Some(pickup) = self.junction(roads, question.pickup) else { return question.cars.len() };
        let mut unanswered = 0;
        for car in &question.cars {
            let from = self.junction(roads, *car);
            let path = from.and_then(|from| self.calculator.calc_path(&self.graph, from, pickup));
            unanswered += usize::from(path.is_none());
        }
        unanswered
    }
}

/// What Valhalla needs for the same.
fn ask_valhalla(
    python: Option<&Path>,
    extract: &[u8],
    questions: &[Question],
    version: &mut String,
) -> Result<Figures, String> {
    let valhalla = Valhalla::find(python)?;
    let pair = |point: &Point| [point.lat(), point.lon()];
    let question = |question: &Question| MatrixQuestion {
        sources: question.cars.iter().map(pair).collect(),
        target: pair(&question.pickup),
    };
    let asked: Vec<MatrixQuestion> = questions.iter().map(question).collect();
    let answers = (|| -> Result<_, Failure> {
        let folder = tempfile::tempdir()?;
        let map = folder.path().join("town.osm.pbf");
        std::fs::write(&map, extract)?;
        valhalla.matrix(&map, &folder.path().join("tiles"), &asked)
    })();
    let answers = answers.map_err(|failure| failure.to_string())?;
    *version = format!(" {} matrix", answers.version);
    Ok(Figures {
        matrix_ms: crate::bench::median(&answers.matrix_ms),
        import_s: Some(answers.build_s),
        first_answer_s: Some(answers.load_s),
    })
}
