//! Whom each rider's trip may ask after a round: the driver of the plan, and spare ones.

use crate::{Candidate, Plan, Problem, Proposal};

/// The drivers proposed to each rider, the planned one first. A rider who wants more than one gets, cheapest first,
/// those of its candidates whom the plan gave to nobody; riders choose in the order of their requests, and no driver
/// is proposed twice. A rider without a planned driver gets nobody: all its candidates are then someone else's.
pub(super) fn proposals(
    problem: &Problem,
    plan: &Plan,
    choices: &[Vec<Candidate>],
    wanted: &[usize],
) -> Vec<Vec<Proposal>> {
    let mut taken = vec![false; problem.drivers];
    for &driver in plan.driver_of.iter().flatten() {
        taken[driver] = true;
    }
    let mut of_rider = |(rider, driver): (usize, &Option<usize>)| {
        let Some(driver) = driver else { return Vec::new() };
        let edges = &problem.riders[rider];
        let Some(first) = edges.iter().position(|edge| edge.driver == *driver) else { return Vec::new() };
        let mut places: Vec<usize> = (0..edges.len()).filter(|&place| !taken[edges[place].driver]).collect();
        places.sort_by_key(|&place| (edges[place].cost, edges[place].driver));
        places.truncate(wanted[rider].saturating_sub(1));
        for &place in &places {
            taken[edges[place].driver] = true;
        }
        std::iter::once(first).chain(places).map(|place| proposal(&choices[rider][place])).collect()
    };
    plan.driver_of.iter().enumerate().map(&mut of_rider).collect()
}

fn proposal(candidate: &Candidate) -> Proposal {
    let Candidate { driver, home, pickup_eta, busy_for, .. } = candidate.clone();
    Proposal { driver, home, pickup_eta: pickup_eta.time, busy_for: busy_for.unwrap_or_default() }
}
