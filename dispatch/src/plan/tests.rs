use pathfinding::kuhn_munkres::kuhn_munkres_min;
use pathfinding::matrix::Matrix;
use proptest::prelude::*;

use super::*;

fn any_problem(riders: usize, drivers: usize, cost: u64) -> impl Strategy<Value = Problem> {
    (0..=riders, 1..=drivers).prop_flat_map(move |(riders, drivers)| {
        let edge = (0..drivers, 0..cost).prop_map(|(driver, cost)| Edge { driver, cost });
        prop::collection::vec(prop::collection::vec(edge, 0..8), riders).prop_map(move |mut riders| {
            for edges in &mut riders {
                edges.sort_by_key(|edge| (edge.driver, edge.cost));
                edges.dedup_by_key(|edge| edge.driver);
            }
            Problem { riders, drivers }
        })
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
            costs[(rider, edge.driver)] = edge.cost as i64;
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
        let worth = |plan: &Plan| (plan.matched(), Reverse(plan.cost(&problem)));
        prop_assert!(worth(&nearest) <= worth(&batched));
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
    assert_eq!(plan(&Problem::default(), Method::Batched), Plan::default());
}
