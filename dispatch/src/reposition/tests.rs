use geo::{Cell, Point, Resolution, StraightLine, Travel};
use proptest::prelude::*;

use super::*;
use crate::{Forecast, Policy, RepositionPolicy, Timestamp};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The most that any choice of seats is worth, by trying them all.
fn best_by_trying(problem: &RepositionProblem, driver: usize, taken: &mut Vec<Vec<bool>>) -> f64 {
    let Some(idle) = problem.idle.get(driver) else { return 0.0 };
    let mut best = best_by_trying(problem, driver + 1, taken);
    let here = idle.at.map(|place| (place, 0.0));
    let effort = |way: &Way| (way.drive + problem.gain_min).as_secs_f64();
    let ways = idle.ways.iter().filter(|way| way.drive <= problem.drive_max && idle.at != Some(way.place));
    for (place, effort) in here.into_iter().chain(ways.map(|way| (way.place, effort(way)))) {
        for seat in 0..taken[place].len() {
            if !taken[place][seat] {
                taken[place][seat] = true;
                let gain = problem.seats[place][seat] - effort;
                best = best.max(gain + best_by_trying(problem, driver + 1, taken));
                taken[place][seat] = false;
            }
        }
    }
    best
}

/// What the moves are worth, with every driver who stays on the best seat that is left at its place.
fn worth_of(problem: &RepositionProblem, moves: &[Move]) -> f64 {
    let mut sum = 0.0;
    let mut came = vec![0; problem.seats.len()];
    for one in moves {
        came[one.way.place] += 1;
        sum -= (one.way.drive + problem.gain_min).as_secs_f64();
    }
    for (driver, idle) in problem.idle.iter().enumerate() {
        if let Some(here) = idle.at
            && moves.iter().all(|one| one.driver != driver)
        {
            came[here] += 1;
        }
    }
    sum + problem.seats.iter().zip(came).map(|(worths, came)| worths.iter().take(came).sum::<f64>()).sum::<f64>()
}

fn any_problem(drivers: usize, places: usize) -> impl Strategy<Value = RepositionProblem> {
    let way = (0..places, 0..1_500u64).prop_map(|(place, drive)| Way { place, drive: seconds(drive) });
    let idle = (prop::option::of(0..places), prop::collection::vec(way, 0..4));
    let idle = idle.prop_map(|(at, ways)| Idle { at, ways });
    let seats = prop::collection::vec((1..1_000u32).prop_map(f64::from), 0..3).prop_map(|mut worths| {
        worths.sort_by(|a, b| b.total_cmp(a));
        worths
    });
    (prop::collection::vec(idle, 0..=drivers), prop::collection::vec(seats, places), 0..200u64).prop_map(
        |(idle, seats, gain_min)| RepositionProblem {
            idle,
            seats,
            drive_max: seconds(900),
            gain_min: seconds(gain_min),
        },
    )
}

/// Places on a line a minute apart, everybody allowed everywhere.
fn on_a_line(at: &[usize], seats: Vec<Vec<f64>>, gain_min: u64) -> RepositionProblem {
    let ways = |from: usize| {
        let to = |place: usize| Way { place, drive: seconds(60 * place.abs_diff(from) as u64) };
        (0..seats.len()).filter(|&place| place != from).map(to).collect()
    };
    let idle = at.iter().map(|&at| Idle { at: Some(at), ways: ways(at) }).collect();
    RepositionProblem { idle, seats, drive_max: seconds(3_600), gain_min: seconds(gain_min) }
}

#[test]
fn the_next_car_of_a_place_is_worth_less_than_the_one_before() {
    let worth = worth_of_next(2.0, 0, seconds(1_000), 4);
    // 1 - P(0), 1 - P(0) - P(1), ... of a Poisson process with mean 2.
    for (worth, expected) in worth.iter().zip([864.7, 594.0, 323.3, 142.9]) {
        assert!((worth - expected).abs() < 0.1, "{worth} is not {expected}");
    }
    assert_eq!(worth.len(), 4);
    assert_eq!(worth_of_next(2.0, 2, seconds(1_000), 4)[..2], worth[2..], "two cars are there already");
    assert!(
        worth_of_next(0.0, 0, seconds(1_000), 9).is_empty() && worth_of_next(f64::NAN, 0, seconds(9), 9).is_empty()
    );
    let many = worth_of_next(5_000.0, 4_900, seconds(1_000), 300);
    assert!(many[0] > 900.0 && many[299] < 100.0, "a stadium is emptied: {} to {}", many[0], many[299]);
}

#[test]
fn two_drivers_are_not_sent_to_one_gap() {
    let problem = on_a_line(&[0, 1], vec![vec![], vec![], vec![600.0]], 60);
    let moves = reposition(&problem);
    assert_eq!(moves.len(), 1);
    assert_eq!((moves[0].driver, moves[0].way.place), (1, 2), "the nearer one goes");
}

#[test]
fn a_driver_who_is_needed_where_it_is_stays_and_another_one_goes() {
    // One place wants two cars and has one; the other car is farther than the first, who could go instead.
    let problem = on_a_line(&[1, 3], vec![vec![], vec![300.0, 250.0], vec![], vec![]], 30);
    let moves: Vec<(usize, usize)> = reposition(&problem).iter().map(|one| (one.driver, one.way.place)).collect();
    assert_eq!(moves, [(1, 1)]);
}

#[test]
fn nobody_drives_for_less_than_the_threshold() {
    let seats = |worth: f64| vec![vec![100.0], vec![worth]];
    assert!(reposition(&on_a_line(&[0], seats(219.0), 60)).is_empty(), "100 here, 219 - 60 - 60 there");
    assert_eq!(reposition(&on_a_line(&[0], seats(221.0), 60)).len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_moves_are_worth_as_much_as_the_best_of_all_choices(problem in any_problem(5, 4)) {
        let mut taken: Vec<Vec<bool>> = problem.seats.iter().map(|worths| vec![false; worths.len()]).collect();
        let (best, ours) = (best_by_trying(&problem, 0, &mut taken), worth_of(&problem, &reposition(&problem)));
        prop_assert!((best - ours).abs() < 0.01, "{ours}, and {best} can be had");
    }

    #[test]
    fn every_move_is_allowed_and_no_gap_gets_two_cars(problem in any_problem(12, 6)) {
        let moves = reposition(&problem);
        let mut came = vec![0; problem.seats.len()];
        let mut told = std::collections::BTreeSet::new();
        for one in &moves {
            let idle = &problem.idle[one.driver];
            prop_assert!(told.insert(one.driver), "a driver is told once");
            prop_assert!(idle.ways.contains(&one.way) && idle.at != Some(one.way.place));
            prop_assert!(one.way.drive <= problem.drive_max);
            prop_assert!(one.worth > (one.way.drive + problem.gain_min).as_secs_f64(), "worth its drive");
            came[one.way.place] += 1;
        }
        for (place, (came, worths)) in came.iter().zip(&problem.seats).enumerate() {
            prop_assert!(*came <= worths.len(), "place {place} wanted {}, {came} come", worths.len());
        }
        prop_assert_eq!(&moves, &reposition(&problem), "the same problem, the same moves");
    }

    #[test]
    fn a_city_that_did_as_it_was_told_is_told_nothing_more(
        at in prop::collection::vec(0..6usize, 1..8),
        seats in prop::collection::vec(prop::collection::vec(1..2_000u32, 0..4), 6),
        gain_min in 0..100u64,
    ) {
        let seats: Vec<Vec<f64>> = seats.into_iter().map(|mut worths| {
            worths.sort_unstable_by(|a, b| b.cmp(a));
            worths.into_iter().map(f64::from).collect()
        }).collect();
        let mut at = at;
        for one in reposition(&on_a_line(&at, seats.clone(), gain_min)) {
            at[one.driver] = one.way.place;
        }
        let again = reposition(&on_a_line(&at, seats, gain_min));
        // Without a threshold two plans may be worth the same, and either be chosen.
        prop_assert!(gain_min == 0 || again.is_empty(), "{again:?}");
    }
}

/// 2026-11-23, a Monday, 08:00 UTC.
const NOW: Timestamp = Timestamp::from_millis(1_795_420_800_000);

/// A corner of the city where a request came every minute of the last two hours, and one kilometres north of it.
fn town() -> (Forecast, Policy, Point, Point) {
    let policy = Policy {
        travel: Travel::straight(StraightLine::new(1.0, 10.0).unwrap()),
        reposition: RepositionPolicy { horizon: seconds(120), neighbours_share: 0.0, ..RepositionPolicy::default() },
        ..Policy::default()
    };
    let mut forecast = Forecast::new(&policy.reposition, 0).unwrap();
    let busy = Cell::at(Point::new(40.75, -73.98).unwrap(), Resolution::new(8).unwrap()).centre();
    (0..120).for_each(|minute| forecast.observe(busy, NOW - seconds(7_200) + seconds(60 * minute)));
    forecast.watch(NOW);
    (forecast, policy, busy, Point::new(40.77, -73.98).unwrap())
}

fn idle(at: Point) -> CarNow {
    CarNow::Idle { at, since: NOW - seconds(600), told: None }
}

#[test]
fn an_idle_driver_is_told_where_requests_are_expected() {
    let (forecast, policy, busy, away) = town();
    let suggestions = suggest(&[idle(away)], &forecast, &policy, NOW);
    assert_eq!(suggestions.len(), 1);
    let one = &suggestions[0];
    assert_eq!((one.car, one.cell), (0, forecast.cell_at(busy)));
    assert!(one.drive > seconds(200) && one.drive < seconds(300), "2 to 3 km at 10 m/s: {:?}", one.drive);
    assert_eq!(one.until, NOW + one.drive + policy.reposition.stay);
    assert!((one.why.expected - 2.0).abs() < 0.3 && one.why.supply == 0 && one.why.chance > 0.8, "{:?}", one.why);
    assert!(one.why.chance_here < 0.01);
}

#[test]
fn cars_on_their_way_count_so_that_no_gap_gets_two() {
    let (forecast, policy, busy, away) = town();
    let told = CarNow::Told { to: busy };
    let soon = CarNow::Busy { to: busy, free_at: NOW + seconds(60) };
    let late = CarNow::Busy { to: busy, free_at: NOW + seconds(3_600) };
    let sent = |others: &[CarNow]| {
        let cars: Vec<CarNow> = others.iter().copied().chain([idle(away)]).collect();
        suggest(&cars, &forecast, &policy, NOW).len()
    };
    assert_eq!(sent(&[late; 9]), 1, "they come too late to matter");
    assert_eq!(sent(&[told, soon, told, soon]), 0, "two requests are expected, four cars will be there");
    assert_eq!(sent(&[idle(busy), idle(busy), idle(busy)]), 0, "and idle ones who stay count as well");
}

#[test]
fn many_idle_drivers_are_sent_in_the_number_that_is_wanted() {
    let (forecast, policy, _, away) = town();
    let sent = suggest(&[idle(away); 40], &forecast, &policy, NOW).len();
    assert!((1..=4).contains(&sent), "two requests are expected, {sent} cars are sent");
}

#[test]
fn who_just_became_idle_or_was_just_told_is_left_alone() {
    let (forecast, policy, _, at) = town();
    let new = CarNow::Idle { at, since: NOW - seconds(30), told: None };
    let told = CarNow::Idle { at, since: NOW - seconds(600), told: Some(NOW - seconds(300)) };
    assert!(suggest(&[new, told], &forecast, &policy, NOW).is_empty());
    let off = Policy { reposition: RepositionPolicy { on: false, ..policy.reposition.clone() }, ..policy };
    assert!(suggest(&[idle(at)], &forecast, &off, NOW).is_empty());
}

#[test]
fn nobody_is_sent_farther_than_the_longest_drive() {
    let (forecast, mut policy, _, away) = town();
    policy.reposition.drive_max = seconds(200);
    assert!(suggest(&[idle(away)], &forecast, &policy, NOW).is_empty(), "220 s are too far");
}
