use geo::{EARTH_RADIUS_M, Point, distance};

use super::city::{Move, Question};
use super::contender::{Contender, WITHIN_M};
use super::*;

const SEED: u64 = 7;

fn point(lat: f64, lon: f64) -> Point {
    Point::new(lat, lon).unwrap()
}

fn away_m(car: &Move, from: Question) -> f64 {
    distance(point(car.lat, car.lon), point(from.lat, from.lon)).get()
}

/// How far the nearest cars are, by a scan of everything.
fn scan(cars: &[Move], from: Question, k: usize) -> Vec<f64> {
    let mut found: Vec<f64> = cars.iter().map(|car| away_m(car, from)).filter(|&away| away <= WITHIN_M).collect();
    found.sort_by(f64::total_cmp);
    found.truncate(k);
    found
}

/// Moves a city's cars about and holds a contender's answers against a scan. `error_m` is by how much its idea of a
/// distance may be off: then two cars as near as that may change places, and one at the edge may be in or out.
fn check(name: &str, mut city: StreetCity, error_m: f64, mut contender: impl Contender) {
    let mut out = Vec::new();
    for round in 0..40 {
        let work = city.work(3);
        contender.update_all(&work.moves);
        let now: Vec<Move> = city.moves().collect();
        for (question, k) in work.questions.into_iter().zip([1, 8, 32]) {
            contender.nearest(question.lat, question.lon, k, WITHIN_M, &mut out);
            let truth = scan(&now, question, k + 1);
            let edge = truth.iter().filter(|&&away| away > WITHIN_M - error_m).count();
            let most = truth.len().min(k);
            assert!(out.len() <= k && out.len() + edge >= most, "{name} round {round} k {k}: {out:?} {truth:?}");
            for (found, truth) in out.iter().zip(&truth) {
                let really = away_m(&now[found.id as usize], question);
                assert!((really - truth).abs() <= error_m, "{name} round {round}: {found:?} is {really}, not {truth}");
                assert!((found.away_m - really).abs() <= error_m, "{name} round {round}: {found:?} is {really} away");
            }
            let mut ids: Vec<u32> = out.iter().map(|found| found.id).collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), out.len(), "{name}: nobody is found twice");
        }
    }
}

/// A crowded city and one where 32 cars are not within reach.
const CITIES: [(u32, f64); 2] = [(2_000, 6.0), (300, 40.0)];

#[test]
fn everybody_in_this_process_answers_as_a_scan_does() {
    for (cars, km) in CITIES {
        let city = || StreetCity::new(cars, km, SEED);
        // Angles are rounded to parts of a turn, 4.7 mm each way at both ends.
        check("ours", city(), 0.02, Ours::new(city().moves()));
        check("tree", city(), 1e-3, OneTree::new(city().moves()));
        // Angles are cut to parts of a turn, 9.3 mm each way at both ends.
        check("grid", city(), 0.03, Grid::new(city().moves(), city().half_m()));
    }
}

#[test]
fn redis_answers_as_a_scan_does_where_it_is_installed() {
    let Ok(server) = RedisServer::start() else { return };
    // Redis keeps 26 bits of each angle (0.6 m) and takes the Earth for 0.03 % larger than geo does: 1.4 m at 5 km.
    const REDIS_EARTH_RADIUS_M: f64 = 6_372_797.560_856;
    let error_m = 1.0 + WITHIN_M * (REDIS_EARTH_RADIUS_M / EARTH_RADIUS_M - 1.0);
    for (cars, km) in CITIES {
        let city = || StreetCity::new(cars, km, SEED);
        check("redis", city(), error_m, Redis::new(&server, city().moves()).unwrap());
    }
}

#[test]
fn a_server_that_went_away_is_a_reason_and_no_figure() {
    let Ok(server) = RedisServer::start() else { return };
    let mut client = server.connect().unwrap();
    assert!(client.ask(&["NO-SUCH-COMMAND"]).unwrap_err().to_string().contains("refused"));
    let mut city = StreetCity::new(100, 2.0, SEED);
    let mut redis = Redis::new(&server, city.moves()).unwrap();
    client.add(&["SHUTDOWN", "NOSAVE"]);
    assert!(client.send().is_err(), "the server hangs up");
    let mut samples = Samples::default();
    assert!(redis.play(&city.work(1), 1, REDIS, &mut samples).is_err());
    assert_eq!(samples.median(REDIS, thing::UPDATE), None);
}

#[test]
fn the_same_seed_makes_the_same_work() {
    let work = |seed| {
        let mut city = StreetCity::new(500, 60.0, seed);
        let work = city.work(20);
        (work.moves, work.questions)
    };
    assert_eq!(work(3), work(3));
    assert_ne!(work(3), work(4));
}

#[test]
fn a_quick_run_measures_every_case() {
    let rows = run(&Settings { quick: true, seed: 1, ..Settings::default() }).unwrap();
    for case in ["update", "nearest k=1", "nearest k=8", "nearest k=32", "mixed", "memory", "two threads"] {
        assert!(rows.iter().any(|row| row.name.contains(case)), "there is a row about {case}");
    }
    for row in &rows {
        match &row.skipped {
            Some(reason) => assert!(!reason.is_empty() && row.ratio.is_none(), "{row:?}"),
            None => {
                let figures = [row.ours, row.peer, row.ratio].map(Option::unwrap_or_default);
                assert!(figures.iter().all(|figure| figure.is_finite() && *figure > 0.0), "{row:?}");
            }
        }
    }
    let others = [REDIS, "Valhalla"];
    let in_this_process = rows.iter().filter(|row| !others.iter().any(|other| row.peer_name.contains(other)));
    assert!(in_this_process.clone().count() >= 9);
    for row in in_this_process.filter(|row| !row.name.contains("two threads")) {
        assert_eq!(row.skipped, None, "{row:?}");
    }
}

#[test]
fn a_filter_picks_rows_and_a_wrong_one_says_what_there_is() {
    let quick =
        |filter: &str| run(&Settings { quick: true, seed: 1, filter: filter.to_owned(), ..Settings::default() });
    let rows = quick("k=32 vs grid").unwrap();
    assert_eq!(rows.len(), 1, "{rows:?}");
    let rows = quick("10k/20km two threads").unwrap();
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert!(quick("warp drive").unwrap_err().to_string().contains("--filter"));
}

#[test]
fn the_targets_are_those_of_a_large_city() {
    let aimed: Vec<String> = plans(100_000, KM, &Settings::default())
        .into_iter()
        .filter_map(|plan| Some(format!("{} vs {}: {}", plan.name, plan.peer, plan.target?.text())))
        .collect();
    assert_eq!(
        aimed,
        [
            "100k/20km update vs redis-server: ours at least 25x faster",
            "100k/20km update vs grid of 200 m: ours within 3x",
            "100k/20km update vs one rstar tree: ours at least 8x faster",
            "100k/20km nearest k=8 vs redis-server: ours at least 50x faster",
            "100k/20km nearest k=8 vs grid of 200 m: ours within 2x",
            "100k/20km memory per driver vs redis-server: ours at most 64",
        ]
    );
}

#[test]
fn without_valhalla_the_reason_says_what_to_install() {
    let missing = std::path::Path::new("/nowhere/python");
    assert!(valhalla::Valhalla::find(Some(missing)).unwrap_err().contains("pip install pyvalhalla"));
}
