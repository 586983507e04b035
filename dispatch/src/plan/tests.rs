use std::cmp::Reverse;

use pathfinding::kuhn_munkres::kuhn_munkres_min;
use pathfinding::matrix::Matrix;
use proptest::prelude::*;

use super::*;

/// Problems of up to so many riders and drivers: ties and free rides, a driver named twice by a rider, drivers whom
/// everybody wants, riders whom nobody can serve.
fn any_problem(riders: usize, drivers: usize, cost: u64) -> impl Strategy<Value = Problem> {
    (0..=riders, 1..=drivers).prop_flat_map(move |(riders, drivers)| {
        let wanted = prop_oneof![3 => 0..drivers, 1 => 0..drivers.min(3)];
        let cost = prop_oneof![8 => 0..cost, 1 => Just(0), 1 => Just(cost)];
        let edge = (wanted, cost).prop_map(|(driver, cost)| Edge { driver, cost });
        prop::collection::vec(prop::collection::vec(edge, 0..8), riders)
            .prop_map(move |riders| Problem { riders, drivers })
    })
}

/// The oracle for small problems: tries every plan.
fn best_of_all(problem: &Problem, rider: usize, taken: &mut Vec<bool>) -> (usize, u64) {
    let Some(edges) = problem.riders.get(rider) else { return (0, 0) };
    let mut best = best_of_all(problem, rider + 1, taken);
    for edge in edges {
        if !taken[edge.driver] {
            taken[edge.driver] = true;
            let (matched, cost) = best_of_all(problem, rider + 1, taken);
            taken[edge.driver] = false;
            if (matched + 1, Reverse(cost + edge.cost)) > (best.0, Reverse(best.1)) {
                best = (matched + 1, cost + edge.cost);
            }
        }
    }
    best
}

/// The oracle for larger ones: the dense Hungarian method of an independent library.
fn by_library(problem: &Problem) -> (usize, u64) {
    let dearest = problem.riders.iter().flatten().map(|edge| edge.cost).max().unwrap_or(0) as i64;
    let alone = (dearest + 1) * (problem.riders.len() as i64 + 1);
    let columns = problem.drivers + problem.riders.len();
    let mut costs = Matrix::new(problem.riders.len(), columns, alone);
    for (rider, edges) in problem.riders.iter().enumerate() {
        for edge in edges {
            let cost = &mut costs[(rider, edge.driver)];
            *cost = (*cost).min(edge.cost as i64);
        }
    }
    let (_, assigned) = kuhn_munkres_min(&costs);
    let real: Vec<i64> =
        assigned.iter().enumerate().map(|(rider, &driver)| costs[(rider, driver)]).filter(|&c| c < alone).collect();
    (real.len(), real.iter().sum::<i64>() as u64)
}

fn is_sound(problem: &Problem, plan: &Plan) -> bool {
    let mut taken = vec![false; problem.drivers];
    plan.driver_of.len() == problem.riders.len()
        && plan.driver_of.iter().zip(&problem.riders).all(|(driver, edges)| match driver {
            None => true,
            Some(driver) => {
                !std::mem::replace(&mut taken[*driver], true) && edges.iter().any(|edge| edge.driver == *driver)
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn batched_is_the_best_of_all_plans(problem in any_problem(6, 6, 20)) {
        let found = plan(&problem, Method::Batched);
        prop_assert!(is_sound(&problem, &found));
        prop_assert_eq!((found.matched(), found.cost(&problem)), best_of_all(&problem, 0, &mut vec![false; problem.drivers]));
    }

    #[test]
    fn nearest_is_sound_and_never_better(problem in any_problem(8, 8, 20)) {
        let nearest = plan(&problem, Method::Nearest);
        let batched = plan(&problem, Method::Batched);
        prop_assert!(is_sound(&problem, &nearest));
        prop_assert!(!nearest.is_exact && batched.is_exact);
        prop_assert!(worth(&problem, &nearest) <= worth(&problem, &batched));
    }
}

/// How good a plan is; more is better.
fn worth(problem: &Problem, plan: &Plan) -> (usize, Reverse<u64>) {
    (plan.matched(), Reverse(plan.cost(problem)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn ties_and_costs_of_thirty_years_change_nothing(cheap in any_problem(6, 6, 2), dear in any_problem(6, 6, COST_MAX)) {
        for problem in [cheap, dear] {
            let found = plan(&problem, Method::Batched);
            let (matched, cost) = best_of_all(&problem, 0, &mut vec![false; problem.drivers]);
            prop_assert!(is_sound(&problem, &found) && found.is_exact);
            prop_assert_eq!(worth(&problem, &found), (matched, Reverse(cost)));
        }
    }

    #[test]
    fn the_prices_of_another_tick_never_make_a_plan_worse(
        before in any_problem(12, 12, 30),
        changes in prop::collection::vec((0_usize..12, prop::collection::vec((0_usize..12, 0_u64..30), 0..6)), 0..4),
        noise in prop::collection::vec(0_u64..100, 0..12),
    ) {
        let mut solver = Solver::default();
        solver.solve(&before, None, u64::MAX);
        let mut prices = solver.prices();
        let mut after = before;
        for (rider, edges) in changes {
            let edge = |(driver, cost): (usize, u64)| Edge { driver: driver % after.drivers, cost };
            let edges = edges.into_iter().map(edge).collect();
            match after.riders.get_mut(rider) {
                Some(known) => *known = edges,
                None => after.riders.push(edges),
            }
        }
        let cold = plan(&after, Method::Batched);
        let warm = solver.solve(&after, Some(&prices), u64::MAX);
        prop_assert!(is_sound(&after, &warm) && warm.is_exact);
        prop_assert_eq!(worth(&after, &warm), worth(&after, &cold));
        // Nor do prices that nobody ever had.
        prices.drivers = noise.clone();
        prices.riders = noise.iter().map(|price| price * (u64::MAX / 100)).collect();
        let misled = solver.solve(&after, Some(&prices), u64::MAX);
        prop_assert!(is_sound(&after, &misled) && misled.is_exact);
        prop_assert_eq!(worth(&after, &misled), worth(&after, &cold));
    }

    #[test]
    fn a_plan_cut_short_is_sound_and_serves_no_fewer_than_first_come(problem in any_problem(30, 20, 50), work in 0_u64..600) {
        let full = plan(&problem, Method::Batched);
        let cut = Solver::default().solve(&problem, None, work);
        prop_assert!(is_sound(&problem, &cut));
        prop_assert!(cut.matched() >= plan(&problem, Method::Nearest).matched());
        prop_assert!(worth(&problem, &cut) <= worth(&problem, &full));
        if cut.is_exact {
            prop_assert_eq!(cut, full);
        }
    }

    #[test]
    fn a_solver_that_has_worked_before_plans_as_a_new_one(problems in prop::collection::vec(any_problem(15, 15, 40), 1..5)) {
        let mut solver = Solver::default();
        for problem in problems {
            prop_assert_eq!(solver.plan(&problem, Method::Batched, 100), Solver::default().plan(&problem, Method::Batched, 100));
            prop_assert_eq!(solver.solve(&problem, None, u64::MAX), plan(&problem, Method::Batched));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn batched_equals_an_independent_solver(problem in any_problem(60, 50, 1_000_000)) {
        prop_assume!(!problem.riders.is_empty());
        let found = plan(&problem, Method::Batched);
        prop_assert!(is_sound(&problem, &found));
        prop_assert_eq!((found.matched(), found.cost(&problem)), by_library(&problem));
    }

    #[test]
    fn where_one_side_is_scarce_it_still_equals_an_independent_solver(
        few_drivers in any_problem(60, 12, 1_000),
        few_riders in any_problem(12, 60, 1_000),
        dear in any_problem(40, 40, COST_MAX),
    ) {
        for problem in [few_drivers, few_riders, dear] {
            prop_assume!(!problem.riders.is_empty());
            let found = plan(&problem, Method::Batched);
            prop_assert!(is_sound(&problem, &found));
            prop_assert_eq!((found.matched(), found.cost(&problem)), by_library(&problem));
        }
    }
}

#[test]
fn batching_serves_the_rider_whom_first_come_leaves_behind() {
    let edge = |driver, cost| Edge { driver, cost };
    // Driver 0 is the first rider's nearest and the second rider's only one.
    let problem = Problem { riders: vec![vec![edge(0, 10), edge(1, 12)], vec![edge(0, 30)]], drivers: 2 };
    assert_eq!(plan(&problem, Method::Nearest).driver_of, [Some(0), None]);
    assert_eq!(plan(&problem, Method::Batched).driver_of, [Some(1), Some(0)]);
}

#[test]
fn an_empty_problem_has_an_empty_plan() {
    let nothing = plan(&Problem::default(), Method::Batched);
    assert_eq!(nothing, Plan { driver_of: Vec::new(), is_exact: true, work: 0 });
}

/// Rider `n` can have drivers `n` and `n + 1`, and so on in a row, until the last can have only the driver nobody wants.
fn chain(riders: usize, here: u64, next: u64) -> Problem {
    let edges = |rider| vec![Edge { driver: rider, cost: here }, Edge { driver: rider + 1, cost: next }];
    Problem { riders: (0..riders).map(edges).collect(), drivers: riders + 1 }
}

#[test]
fn no_cost_is_so_large_that_a_sum_overflows() {
    // Tests are built with checks for overflow. A newcomer who can only have the first driver moves everybody on.
    for (here, next) in [(0, u64::MAX), (u64::MAX, 0), (u64::MAX, u64::MAX), (0, COST_MAX)] {
        let mut problem = chain(3_000, here, next);
        problem.riders.push(vec![Edge { driver: 0, cost: u64::MAX }]);
        let mut solver = Solver::default();
        let found = solver.solve(&problem, None, u64::MAX);
        assert!(is_sound(&problem, &found) && found.is_exact);
        assert_eq!(found.matched(), 3_001);
        let dear = Prices { drivers: vec![u64::MAX; 3_001], riders: vec![u64::MAX; 3_001] };
        assert_eq!(solver.solve(&problem, Some(&dear), u64::MAX).matched(), 3_001);
    }
}

#[test]
fn an_edge_to_nobody_is_no_edge() {
    let problem = Problem { riders: vec![vec![Edge { driver: 7, cost: 1 }, Edge { driver: 0, cost: 2 }]], drivers: 1 };
    for method in [Method::Nearest, Method::Batched] {
        assert_eq!(plan(&problem, method).driver_of, [Some(0)]);
    }
}

#[test]
fn who_is_left_over_has_no_price() {
    let edge = |driver, cost| Edge { driver, cost };
    // Two riders for one driver here, two drivers for one rider there.
    let problem =
        Problem { riders: vec![vec![edge(0, 5)], vec![edge(0, 8)], vec![edge(1, 3), edge(2, 9)]], drivers: 3 };
    let mut solver = Solver::default();
    assert_eq!(solver.solve(&problem, None, u64::MAX).driver_of, [Some(0), None, Some(1)]);
    let prices = solver.prices();
    assert_eq!((prices.riders[1], prices.drivers[2]), (0, 0));
}

#[test]
fn with_no_work_allowed_a_plan_is_first_come_first_served() {
    // Everybody would rather have the next driver, and the newcomer wants the last one.
    let mut problem = chain(50, 3, 1);
    problem.riders.push(vec![Edge { driver: 50, cost: 0 }]);
    let cut = Solver::default().plan(&problem, Method::Batched, 0);
    assert_eq!(cut.driver_of, plan(&problem, Method::Nearest).driver_of);
    assert!(!cut.is_exact);
}
