use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use serde_json::json;

use super::agent::{Job, Pending, Vehicle};
use super::model::{Xy, km};
use super::nearest::Nearest;
use super::watch::Watch;
use super::world::World;
use super::*;

/// A town of four zones in a row, two kilometres apart, with a lot each; everybody wants from the first to the second.
fn town(vehicles: usize, requests: usize) -> Model {
    let centres = [0.0, 2.0, 4.0, 6.0];
    let zone = |x: f64| json!({ "centre": [x, 0.0], "triangles": [[x, 0.0, x + 0.1, 0.0, x, 0.1]], "areas": [1.0] });
    let cells = 96 * 16;
    let published = json!({
        "vehicles": vehicles, "requests": requests, "start_s": 10_800.0, "first_demand_slot": 8, "lasts_s": 86_400.0,
        "max_wait_s": 300.0, "epoch_max_s": 60.0, "fixed": 10.75, "per_km": 4.02, "cost_per_km": 0.53,
        "speed_min": 0.000_447, "speed_max": 0.026_8,
        "zones": centres.map(zone),
        "lots": centres.map(|x| [x, 0.0, 1.0]),
        "speed_mean": vec![0.008; cells], "speed_sd": vec![0.001; cells],
        "trips": {
            "day": vec![0; 96], "slot": (0..96).collect::<Vec<u32>>(), "from": vec![0; 96], "to": vec![1; 96],
            "count": vec![10; 96],
        },
    });
    Model::read(published.to_string().as_bytes()).unwrap()
}

fn play_days(model: &Model, values: &ValueTable, days: u64) -> f64 {
    let numbers = Numbers::for_fleet(model.vehicles);
    (0..days).map(|day| learn::play(model, &numbers, values, 9_000 + day, false).0.score).sum::<f64>() / days as f64
}

#[test]
fn the_nearest_zone_is_that_of_a_look_at_all_of_them() {
    let mut chance = Pcg64::seed_from_u64(1);
    let mut point = || -> Xy { [chance.random_range(-3.0..9.0), chance.random_range(-2.0..20.0)] };
    let points: Vec<Xy> = (0..61).map(|_| point()).collect();
    let nearest = Nearest::new(points.clone());
    for _ in 0..20_000 {
        let at = point();
        let away = |point: Xy| (point[0] - at[0]).powi(2) + (point[1] - at[1]).powi(2);
        let scan = (0..points.len()).min_by(|&a, &b| away(points[a]).total_cmp(&away(points[b]))).unwrap();
        assert_eq!(nearest.zone_at(at), scan);
    }
}

#[test]
fn what_is_no_model_is_refused() {
    assert!(Model::read(b"{}").unwrap_err().contains("no model"));
    assert!(Model::read(b"no json").is_err());
}

#[test]
fn a_drive_is_expected_to_take_longer_than_at_the_mean_speed() {
    let model = town(1, 1);
    let (from, to) = (([0.0, 0.0], 0), ([4.0, 0.0], 2));
    let (nominal, expected) = (model.nominal_s(from, to, 0.0), model.expected_s(from, to, 0.0));
    assert!((nominal - 500.0).abs() < 1.0, "{nominal}");
    assert!(expected > nominal + 5.0 && expected < nominal * 1.1, "{expected}");
    let mut chance = Pcg64::seed_from_u64(1);
    let mean = (0..20_000).map(|_| model.drawn_s(from.0, to.0, 0.0, &mut chance)).sum::<f64>() / 20_000.0;
    assert!((mean / expected - 1.0).abs() < 0.01, "{mean} was drawn, {expected} expected");
}

#[test]
fn learning_where_requests_come_from_earns_more() {
    let model = town(2, 60);
    let mut pupil = Pupil::new(&model, &Numbers::for_fleet(model.vehicles));
    let before = play_days(&model, &agent::value_table(&model), 10);
    (0..30).for_each(|day| _ = pupil.play(&model, &Numbers::for_fleet(model.vehicles), day, 0.015));
    let after = play_days(&model, &pupil.values, 10);
    assert!(after > before * 1.05, "{before} a day before, {after} after");
    let zones = model.zones.len();
    let [near, far] = [0, 3].map(|zone| pupil.values.worth(zones + zone, 10.0));
    assert!(near > far, "waiting where requests come from is worth {near}, far away {far}");
}

#[test]
fn the_same_seed_plays_the_same_day() {
    let model = town(2, 60);
    let values = agent::value_table(&model);
    let day = |seed| learn::play(&model, &Numbers::for_fleet(model.vehicles), &values, seed, false).0.score;
    assert!((day(3) - day(3)).abs() < 1e-9);
    assert!((day(3) - day(4)).abs() > 1e-9);
}

/// Whatever the agent decides must be allowed where it is decided: what is not is silently dropped there.
#[test]
fn nothing_that_is_decided_breaks_a_rule_of_the_environment() {
    let model = town(3, 400);
    let values = agent::value_table(&model);
    let numbers = Numbers::for_fleet(model.vehicles);
    let mut world = World::new(&model, Pcg64::seed_from_u64(5));
    let mut agent = Agent::new(&model, &numbers, &values);
    let mut dropped = 0;
    while !world.is_over() {
        let epoch = world.epoch();
        let answer = agent.decide(&epoch);
        let served = world.served;
        let mut vehicles: Vec<usize> = answer.assign.iter().map(|&(_, vehicle)| vehicle).collect();
        vehicles.extend(answer.reposition.iter().map(|&(vehicle, _)| vehicle));
        let told = vehicles.len();
        vehicles.sort_unstable();
        vehicles.dedup();
        assert_eq!(vehicles.len(), told, "a vehicle is told one thing: {answer:?}");
        for (vehicle, shown) in epoch.vehicles.iter().enumerate() {
            let must = shown.jobs[0] == Job::Null;
            assert!(!must || vehicles.contains(&vehicle), "vehicle {vehicle} is told what to do next: {epoch:?}");
        }
        for &(vehicle, _) in &answer.reposition {
            let free = matches!(epoch.vehicles[vehicle].jobs[0], Job::Idle | Job::Reposition | Job::Null);
            assert!(free, "vehicle {vehicle} carries a rider and is sent away");
        }
        world.step(&answer);
        dropped += answer.assign.len() - (world.served - served);
    }
    assert!(world.served > 100);
    assert!(dropped * 30 <= world.served, "{dropped} decisions were dropped, {} were not", world.served);
}

#[test]
fn the_vehicles_of_a_day_are_paid_and_charged_as_the_environment_does() {
    let model = town(1, 1);
    let mut world = World::new(&model, Pcg64::seed_from_u64(2));
    let start = world.epoch().vehicles[0].at;
    while world.epoch().requests.is_empty() && !world.is_over() {
        world.step(&Answer::default());
    }
    let request = world.epoch().requests[0];
    let way = km(start, request.from);
    let ride = km(request.from, request.to);
    if model.nominal_s((start, model.zone_at(start)), (request.from, 0), request.release) <= 300.0 {
        world.step(&Answer { assign: vec![(request.id, 0)], reposition: vec![] });
        (0..60).for_each(|_| {
            if world.epoch().vehicles[0].jobs[0] != Job::Null {
                world.step(&Answer::default())
            }
        });
        let due = 10.75 + 4.02 * ride - 0.53 * (way + ride);
        assert!((world.score - due).abs() < 1e-6, "{} is not {due}", world.score);
    } else {
        world.step(&Answer { assign: vec![(request.id, 0)], reposition: vec![] });
        assert!(world.score.abs() < 1e-9, "too far: dropped, and not punished");
    }
}

#[test]
fn a_python_without_the_package_is_a_reason() {
    let missing = std::path::Path::new("/nowhere/python");
    assert!(Environment::find(Some(missing)).unwrap_err().contains("--pyhailing-python"));
}

#[test]
fn when_a_vehicle_is_free_again_stays_known_over_a_day_of_early_looks() {
    let model = town(1, 1);
    let mut chance = Pcg64::seed_from_u64(3);
    let mut watch = Watch::new(1);
    let (mut begins, mut from) = (0.0, [0.0, 0.0]);
    let shown = |time: f64, vehicle: Vehicle| Epoch { time, requests: Vec::new(), vehicles: vec![vehicle] };
    for leg in 0..120 {
        let job = if leg % 2 == 0 { Job::Setup } else { Job::Process };
        let to = [chance.random_range(0.0..6.0), chance.random_range(-1.0..1.0)];
        let lasts = km(from, to) / chance.random_range(0.004..0.012);
        // Three looks within a tenth of the leg: an error of when it began would be told on ten times as large.
        for part in [0.01, 0.05, 0.1] {
            let at = [0, 1].map(|axis| from[axis] + part * (to[axis] - from[axis]));
            let vehicle = Vehicle { at, jobs: [job, Job::Null, Job::Null], ends: [[from, to], [at, at], [at, at]] };
            watch.see(&model, &shown(begins + part * lasts, vehicle));
        }
        let off = watch.ends_in(0, begins + 0.1 * lasts) - 0.9 * lasts;
        assert!(off.abs() < 1e-3, "leg {leg} ends {off} s from when it is thought to");
        (begins, from) = (begins + lasts, to);
    }
}

#[test]
fn the_price_of_time_is_learned_by_the_hour_and_is_nothing_when_vehicles_wait_anyway() {
    let (idle, busy) = (town(3, 6), town(3, 400));
    let price = |model: &Model| {
        let numbers = Numbers::for_fleet(model.vehicles);
        let mut pupil = Pupil::new(model, &numbers);
        (0..12).for_each(|day| _ = pupil.play(model, &numbers, day, 0.015));
        [6.0, 12.0, 18.0].map(|hour| pupil.price_at(hour * 3_600.0)).iter().sum::<f64>() / 3.0 * 3_600.0
    };
    let (idle, busy) = (price(&idle), price(&busy));
    assert!(idle < 3.0, "an hour is worth {idle} where vehicles wait");
    assert!(busy > 20.0, "an hour is worth {busy} where all are busy");
}

#[test]
fn a_request_is_promised_to_a_busy_vehicle_only_when_it_would_give_up_before_it_is_free() {
    let model = town(1, 1);
    let numbers = Numbers::for_fleet(model.vehicles);
    let values = agent::value_table(&model);
    // One kilometre to go at eight metres a second: free in 125 s.
    let vehicle = |at: f64| Vehicle {
        at: [at, 0.0],
        jobs: [Job::Process, Job::Null, Job::Null],
        ends: [[[0.0, 0.0], [4.0, 0.0]], [[at, 0.0]; 2], [[at, 0.0]; 2]],
    };
    let decided = |waited_s: f64| {
        let mut agent = Agent::new(&model, &numbers, &values);
        let request = Pending { id: 7, release: 10_000.0 - waited_s, from: [4.0, 0.0], to: [6.0, 0.0] };
        agent.decide(&Epoch { time: 9_900.0, requests: Vec::new(), vehicles: vec![vehicle(2.2)] });
        agent.decide(&Epoch { time: 10_000.0, requests: vec![request], vehicles: vec![vehicle(3.0)] }).assign
    };
    assert_eq!(decided(0.0), vec![], "it can wait until the vehicle is free");
    assert_eq!(decided(200.0), vec![(7, 0)], "it gives up in 100 s");
}

#[test]
fn figures_of_other_episodes_or_of_another_environment_say_so_and_have_no_target() {
    let configuration = Configuration { episodes: 2, ..CONFIGURATIONS[0] };
    let ended = |untouched| Ended { episode: 0, score: 1.0, served: 1, requests: 2, slowest_s: 0.1, untouched };
    let reward = |ended: Vec<Ended>, env_seed| {
        let settings = Settings { env_seed, ..Settings::default() };
        rows_of(&configuration, Ok(ended), &settings).swap_remove(0)
    };
    let official = reward(vec![ended(true); 2], None);
    assert!(official.name.ends_with("mean of 2 of 2 episodes") && official.target.is_some(), "{official:?}");
    for (row, says) in [
        (reward(vec![ended(true)], None), "mean of 1 of 2 episodes"),
        (reward(vec![ended(true); 2], Some(9)), "mean of 2 of 2 episodes, seed 9"),
        (reward(vec![ended(true), ended(false)], None), "mean of 2 of 2 episodes, in a changed environment"),
    ] {
        assert!(row.name.ends_with(says) && row.target.is_none(), "{row:?}");
    }
}
