//! A million steps of lost, late, doubled and overtaken messages, doubtful writes, dying nodes; and thousands of hours of
//! towns in which most of the time all is well: no promise is broken.
//!
//! `STORM_SEED=7 cargo test -p tests --test it storm` lives through another storm; a night of it is
//! `hansom-sim faults --seed 7 --steps 1000000000`, or `--hours 1000000`.

use simulations::faults::{HOURS_PER_TOWN, Storm, Survived, run};

/// Enough for a million, in two halves on two cores.
const STEPS_PER_HALF: u64 = 600_000;

/// Three towns of each of the four tempers.
const HOURS_PER_HALF: u64 = 12 * HOURS_PER_TOWN;

fn seed() -> u64 {
    std::env::var("STORM_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1)
}

fn half(storm: &Storm) -> Survived {
    println!("storm: hansom-sim faults --seed {} {}", storm.seed, storm.length);
    let survived = run(storm, &mut |_| {}).unwrap_or_else(|broken| panic!("{broken}"));
    println!("{survived}");
    survived
}

/// Both halves of a storm, the second of other seeds.
fn halves(of: impl Fn(u64) -> Storm + Sync) -> (Survived, Survived) {
    let first = seed();
    std::thread::scope(|scope| {
        let other = scope.spawn(|| half(&of(first.wrapping_add(1_000_000))));
        (half(&of(first)), other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// A storm in which nothing happens proves nothing.
fn assert_everything_happened(survived: &Survived) {
    let faults = survived.faults;
    for (what, count) in [
        ("lost", faults.lost),
        ("doubled", faults.doubled),
        ("late", faults.late),
        ("overtaken", faults.overtaken),
        ("busy", faults.busy),
        ("unknown", faults.unknown),
        ("lost replies", faults.replies_lost),
        ("slow", faults.slow),
        ("unreadable", faults.unreadable),
        ("step-downs", faults.step_downs),
        ("usurped", faults.usurped),
        ("crashes", faults.crashes),
        ("cut lines", faults.lines_cut),
        ("freezes", faults.freezes),
        ("moves", survived.moves),
        ("completed trips", survived.completed),
        ("changes of the way", survived.reroutes),
        ("stops", survived.stops),
    ] {
        assert!(count >= 20, "{what}: {count}");
    }
}

#[test]
fn a_million_steps_of_faults_break_no_promise() {
    let (one, other) = halves(|seed| Storm::new(seed, STEPS_PER_HALF));
    assert!(one.steps + other.steps >= 1_000_000);
    assert_everything_happened(&one);
}

#[test]
fn thousands_of_hours_with_faults_in_their_midst_break_no_promise() {
    let (one, other) = halves(|seed| Storm::of_hours(seed, HOURS_PER_HALF));
    let hours = (one.simulated_seconds + other.simulated_seconds) / 3_600;
    println!("{hours} simulated hours");
    assert!(hours >= 2_000, "{hours}");
    assert!(one.booked >= 20, "{}", one.booked);
    assert_everything_happened(&one);
}
