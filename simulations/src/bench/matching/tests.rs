use std::collections::BTreeSet;

use super::*;

fn quick(filter: &str) -> Settings {
    Settings { quick: true, filter: filter.to_owned(), seed: 1, ..Settings::default() }
}

#[test]
fn the_same_seed_makes_the_same_rush_hour() {
    let problem = |seed| Instance::new(200, Crowd::Scarce, seed).problem;
    assert_eq!(problem(7), problem(7));
    assert_ne!(problem(7), problem(8));
}

#[test]
fn a_crowd_is_what_its_name_says() {
    for crowd in Crowd::ALL {
        let Problem { riders, drivers } = Instance::new(300, crowd, 1).problem;
        let expected = match crowd {
            Crowd::Balanced | Crowd::HotSpot => 360,
            Crowd::Scarce => 150,
            Crowd::Even => 300,
        };
        assert_eq!((riders.len(), drivers), (300, expected), "{crowd:?}");
        assert!(riders.iter().all(|edges| edges.len() <= 32));
        let distinct =
            |edges: &Vec<dispatch::Edge>| edges.iter().map(|edge| edge.driver).collect::<BTreeSet<_>>().len();
        assert!(riders.iter().all(|edges| distinct(edges) == edges.len()));
    }
    // Half of the riders of a hot spot share few drivers.
    let hot = Instance::new(1_000, Crowd::HotSpot, 1).problem;
    let wanted: BTreeSet<usize> = hot.riders.iter().step_by(2).flatten().map(|edge| edge.driver).collect();
    assert!(wanted.len() < 150, "{}", wanted.len());
}

#[test]
fn a_peer_that_finds_another_answer_is_not_timed() {
    let problem = Instance::new(50, Crowd::Balanced, 1).problem;
    let best = Solver::default().solve(&problem, None, u64::MAX);
    assert!(same(&best, &problem, SCIPY, best.matched(), best.cost(&problem)).is_ok());
    let failure = same(&best, &problem, SCIPY, best.matched() - 1, 1).unwrap_err().to_string();
    assert!(failure.starts_with("scipy matched"), "{failure}");
}

#[test]
fn the_dense_peer_and_ours_agree_and_greedy_is_no_better() {
    for crowd in Crowd::ALL {
        let problem = Instance::new(120, crowd, 3).problem;
        let best = Solver::default().solve(&problem, None, u64::MAX);
        let dense = Dense::new(&problem).solve();
        assert_eq!((dense.matched(), dense.cost(&problem)), (best.matched(), best.cost(&problem)), "{crowd:?}");
        assert!(greedy_by_edge(&problem).matched() <= best.matched());
    }
}

#[test]
fn without_scipy_its_rows_say_what_to_do_and_the_others_are_measured() {
    let settings = Settings { scipy_python: Some("/no/such/python".into()), ..quick("100 balanced") };
    let rows = run(&settings).unwrap();
    let (skipped, measured): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| row.peer_name.starts_with(SCIPY));
    assert_eq!(skipped.len(), 1);
    let why = skipped[0].skipped.as_deref().unwrap();
    assert!(why.contains("/no/such/python") && why.contains("--scipy-python"), "{why}");
    assert!(skipped[0].ours.is_some());
    assert_eq!(measured.len(), 5);
    for row in measured {
        assert!(row.ours.is_some() && row.peer.is_some() && row.skipped.is_none(), "{row:?}");
    }
}

#[test]
fn a_filter_that_nothing_fits_says_what_there_is() {
    assert!(run(&quick("nonsense")).unwrap_err().to_string().contains("scarce"));
}
