use super::*;
use crate::world::Planted;

#[test]
fn the_same_seed_is_the_same_run_to_the_byte() {
    let run = |seed| run(&Storm::new(seed, 6_000), &mut |_| {}).unwrap();
    let first = run(7);
    assert_eq!(first, run(7));
    assert_ne!(first.trace, run(8).trace);
}

#[test]
fn mistakes_that_are_planted_are_found_and_said_with_the_way_to_see_them_again() {
    for planted in Planted::ALL {
        let storm = Storm { planted: Some(planted), ..Storm::new(3, 200_000) };
        let Err(broken) = run(&storm, &mut |_| {}) else { panic!("{planted:?} is not found") };
        // Its own seed and its own length show it again, at the same step.
        let again = Storm { planted: Some(planted), ..Storm::new(broken.seed, broken.storm_steps) };
        assert_eq!(run(&again, &mut |_| {}), Err(broken.clone()), "{planted:?}");
        let text = broken.to_string();
        let command = format!("hansom-sim faults --seed {} --steps {}", broken.seed, broken.storm_steps);
        assert!(text.ends_with(&command), "{text}");
        assert!(text.contains(&format!("step {}", broken.step)) && !broken.lines.is_empty(), "{text}");
    }
}
