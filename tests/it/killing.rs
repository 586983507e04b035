//! A city of real clients while its server is killed again and again: no acknowledged trip is lost, no driver is on two
//! trips.

use std::sync::atomic::Ordering;
use std::time::Duration;

use actors::Clock;
use dispatch::{Policy, StageName};
use geo::Resolution;
use simulations::city::{City, Day};
use simulations::crowd::{Crowd, mint};
use simulations::demand::share_for_fleet;
use simulations::people::Habits;
use simulations::virtual_city::Scenario;

use crate::server::Process;

const SPEED: f64 = 60.0;
const KILLS: usize = 4;
/// Between two kills, in real time: five minutes of the city.
const CALM: Duration = Duration::from_secs(5);

fn scenario(city: &City) -> Scenario {
    let start_tod_s = 17 * 3_600;
    let drivers = 80;
    Scenario {
        seed: 20_260,
        drivers,
        hours: (KILLS + 2) as f64 * CALM.as_secs_f64() * SPEED / 3_600.0,
        day: Day::Thursday,
        start_tod_s,
        demand: 2.0 * share_for_fleet(city, Day::Thursday, start_tod_s, drivers),
        habits: Habits { gives_back: 0.05, changes_mind: 0.05, ..Habits::default() },
        policy: Policy::default(),
        shard_resolution: Resolution::SHARD,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_city_loses_nothing_although_its_server_is_killed_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Process::start(folder.path(), SPEED);
    let city = City::manhattan().unwrap();
    let scenario = scenario(&city);
    println!("seed {}", scenario.seed);
    let clock = Clock::scaled(scenario.start(), SPEED);
    let crowd = Crowd::new(city, scenario, clock, server.url().to_owned(), mint(server.keys())).unwrap();

    let living = crowd.clone();
    let (quiet, stopped) = (tokio::sync::oneshot::channel(), tokio::sync::oneshot::channel());
    let (tell_quiet, is_quiet) = quiet;
    let (tell_stopped, is_stopped) = stopped;
    let lived = tokio::spawn(async move {
        let wait = async {
            let _ = tell_quiet.send(());
            let _ = is_stopped.await;
        };
        living.live(wait).await.unwrap();
    });
    for kill in 0..KILLS {
        tokio::time::sleep(CALM).await;
        let (riding, known) = {
            let ledger = crowd.ledger();
            (ledger.in_stage(StageName::InProgress), ledger.sums())
        };
        println!("kill {kill}: {known:?}, {riding} in a car, {} unanswered", crowd.ledger().unanswered());
        assert!(kill == 0 || riding > 0, "the kill hits a city at work, or this test could not fail");
        server.kill();
        server.start_again();
    }
    is_quiet.await.unwrap();
    assert!(server.stop().success(), "SIGTERM ends the server with exit code 0");
    tell_stopped.send(()).unwrap();
    lived.await.unwrap();

    let report = simulations::demo::compare(&crowd, folder.path()).await.unwrap();
    println!("{}", report.text());
    let counts = crowd.counts();
    assert_eq!(report.violations, [""; 0]);
    assert!(report.sums.balance());
    assert_eq!(
        report.journal.requested, report.sums.requested,
        "each request became one trip, however often it was sent"
    );
    assert!(report.sums.completed > 20, "trips went on to their end: {:?}", report.sums);
    assert!(counts.reconnects.load(Ordering::Relaxed) >= KILLS as u64 * 40, "the sockets were lost in every kill");
    assert_eq!(counts.surprises.load(Ordering::Relaxed), 0, "the server said nothing that its clients do not know");
}
