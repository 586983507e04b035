use geo::{Meters, Resolution, StraightLine, Travel};

use super::*;
use crate::streets::Street;

const BEGINS: Timestamp = Timestamp::from_millis(1_528_390_800_000);

/// Thirty nodes on a line north, 200 m and a minute apart, both ways.
fn ground() -> Ground {
    let points = (0..30).map(|node| Point::new(40.70 + f64::from(node) * 0.0018, -74.0).unwrap()).collect();
    let both = |node: usize| [(node, node + 1), (node + 1, node)];
    let street = |(from, to)| Street { from, to, seconds: 60.0, meters: 200.0 };
    let streets = Streets::new(points, (0..29).flat_map(both).map(street).collect());
    let table = Arc::new(TimeTable::of(&streets, &mut |_| {}).unwrap());
    let nodes = NodeTimes::new(&streets, Arc::clone(&table), Meters::whole(2_000)).unwrap();
    Ground { ways: Ways::new(&streets), to_it: table.turned_round(), streets, table, nodes }
}

fn rules(ground: &Ground, forward_s: u64) -> Rules {
    let straight = StraightLine::new(1.0, 3.3).unwrap();
    let mut policy = Policy { match_every: Duration::from_secs(10), ..Policy::default() };
    policy.travel = Travel::by(Arc::new(ground.nodes.clone()), straight);
    policy.reposition.resolution = Resolution::new(9).unwrap();
    (policy.reposition.idle_for, policy.reposition.rest) = (Duration::ZERO, Duration::ZERO);
    policy.reposition.every = Duration::from_secs(60);
    policy.reposition.drive_max = Duration::from_secs(1_500);
    policy.reposition.trip_worth = Duration::from_secs(3_600);
    Rules { forward_ms: forward_s * 1_000, begins: BEGINS, warm_up_ms: 0, policy }
}

fn asks(at_s: u64, from: usize, to: usize) -> Wanted {
    Wanted { at_ms: at_s * 1_000, from, to, ride_ms: None }
}

fn played(rules: &Rules, ground: &Ground, wanted: &[Wanted], starts: &[(usize, u64)]) -> Played {
    let forecast = Forecast::new(&rules.policy.reposition, 0).unwrap();
    play(ground, rules, wanted, starts, forecast, &mut |_| {})
}

#[test]
fn a_rider_waits_for_the_round_and_the_way() {
    let ground = ground();
    let played = played(&rules(&ground, 0), &ground, &[asks(5, 3, 9)], &[(0, 0)]);
    assert_eq!((played.wanted, played.served), (1, 1));
    assert_eq!((played.wait_mean_s, played.pickup_drive_s), (185.0, 180.0), "to the round at 10 s, then three minutes");
}

#[test]
fn whom_no_car_reaches_in_five_minutes_is_lost() {
    let ground = ground();
    let played = played(&rules(&ground, 0), &ground, &[asks(5, 4, 9), asks(5, 14, 9)], &[(0, 0), (10, 0)]);
    assert_eq!((played.wanted, played.served), (2, 2), "each car is four minutes from one of them");
    let alone = self::played(&rules(&ground, 0), &ground, &[asks(5, 6, 9)], &[(0, 0)]);
    assert_eq!(alone.served, 0, "six minutes are too many");
}

#[test]
fn a_car_that_will_soon_be_free_is_had_before_it_is() {
    let ground = ground();
    // Free in 305 s at the rider's door: too late to begin with then, in time when it is asked now.
    let starts = [(5, 295_000)];
    assert_eq!(played(&rules(&ground, 0), &ground, &[asks(5, 5, 9)], &starts).served, 1);
    let later = [(5, 295_000), (20, 0)];
    let wanted = [asks(5, 6, 9)];
    assert_eq!(played(&rules(&ground, 0), &ground, &wanted, &later).served, 0, "a minute away when free");
    assert_eq!(played(&rules(&ground, 300), &ground, &[asks(5, 5, 9)], &later).served, 1);
}

#[test]
fn idle_cars_are_sent_to_where_riders_ask() {
    let ground = ground();
    // Riders at the north end, the car at the south end, 20 minutes away; one more rider an hour later.
    let mut wanted: Vec<Wanted> = (0..40).map(|number| asks(number * 60, 20, 22)).collect();
    wanted.push(asks(3_600, 20, 22));
    let on = rules(&ground, 0);
    let mut off = on.clone();
    off.policy.reposition.on = false;
    let (with, without) = (played(&on, &ground, &wanted, &[(0, 0)]), played(&off, &ground, &wanted, &[(0, 0)]));
    assert_eq!((without.served, without.suggestions), (0, 0));
    assert!(with.served > 0 && with.suggestions > 0 && with.reposition_s > 0.0, "{with:?}");
}

#[test]
fn the_same_is_played_the_same() {
    let ground = ground();
    let wanted: Vec<Wanted> = (0..60).map(|n| asks(n as u64 * 37, n * 7 % 30, (n * 11 + 3) % 30)).collect();
    let starts: Vec<(usize, u64)> = (0..6).map(|n| (n * 5, 0)).collect();
    let once = played(&rules(&ground, 60), &ground, &wanted, &starts);
    assert_eq!(once, played(&rules(&ground, 60), &ground, &wanted, &starts));
    assert!(once.served > 10, "{once:?}");
}
