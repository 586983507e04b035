//! A million steps of lost, late, doubled and overtaken messages, doubtful writes, dying nodes: no promise is broken.
//!
//! `STORM_SEED=7 cargo test -p tests --test it storm` lives through another storm; a night of it is
//! `hansom-sim faults --seed 7 --steps 1000000000`.

use simulations::faults::{Storm, Survived, run};

/// Enough for a million, in two halves on two cores.
const STEPS_PER_HALF: u64 = 600_000;

fn seed() -> u64 {
    std::env::var("STORM_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1)
}

fn half(seed: u64) -> Survived {
    println!("storm: seed {seed}, at least {STEPS_PER_HALF} steps");
    let survived = run(&Storm::new(seed, STEPS_PER_HALF), &mut |_| {}).unwrap_or_else(|broken| panic!("{broken}"));
    println!("{survived}");
    survived
}

#[test]
fn a_million_steps_of_faults_break_no_promise() {
    let first = seed();
    let (one, other) = std::thread::scope(|scope| {
        let other = scope.spawn(|| half(first.wrapping_add(1_000_000)));
        (half(first), other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    assert!(one.steps + other.steps >= 1_000_000);
    // A storm in which nothing happens proves nothing.
    let faults = one.faults;
    for (what, count) in [
        ("lost", faults.lost),
        ("doubled", faults.doubled),
        ("late", faults.late),
        ("busy", faults.busy),
        ("unknown", faults.unknown),
        ("slow", faults.slow),
        ("unreadable", faults.unreadable),
        ("step-downs", faults.step_downs),
        ("crashes", faults.crashes),
        ("cut lines", faults.lines_cut),
        ("freezes", faults.freezes),
        ("moves", one.moves),
        ("completed trips", one.completed),
    ] {
        assert!(count >= 20, "{what}: {count}");
    }
}
