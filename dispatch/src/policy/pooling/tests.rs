use super::*;

#[test]
fn the_defaults_are_allowed() {
    assert_eq!(PoolingPolicy::default().check(), Ok(()));
}

#[test]
fn a_number_out_of_range_is_named() {
    let refused = |change: fn(&mut PoolingPolicy)| {
        let mut policy = PoolingPolicy::default();
        change(&mut policy);
        policy.check().unwrap_err().to_string()
    };
    assert_eq!(refused(|p| p.seats = 1), "policy.pooling.seats is 1, allowed is 2 to 8");
    assert_eq!(refused(|p| p.riders_max = 13), "policy.pooling.riders_max is 13, allowed is 2 to 12");
    assert_eq!(
        refused(|p| p.wait_max = Duration::from_secs(5)),
        "policy.pooling.wait_max is 5 s, allowed is 10 s to 2 h"
    );
    assert_eq!(refused(|p| p.detour_factor = 0.9), "policy.pooling.detour_factor is 0.9, allowed is 1 to 5");
    assert_eq!(refused(|p| p.detour_factor = f64::NAN), "policy.pooling.detour_factor is NaN, allowed is 1 to 5");
    assert_eq!(refused(|p| p.drive_weight = 0), "policy.pooling.drive_weight is 0, allowed is 1 to 1000");
}

#[test]
fn the_longest_ride_is_the_more_generous_of_the_two_bounds() {
    let detour_constant = Duration::from_secs(100);
    let policy = PoolingPolicy { detour_factor: 1.5, detour_constant, ..PoolingPolicy::default() };
    assert_eq!(policy.longest_ride_ms(60_000), 160_000);
    assert_eq!(policy.longest_ride_ms(600_000), 900_000);
}

#[test]
fn a_promise_counts_from_the_request() {
    let policy = PoolingPolicy { detour_constant: Duration::ZERO, detour_factor: 2.0, ..PoolingPolicy::default() };
    let rider = policy.promise(1_000, 2, 7, 9, &|from: usize, to: usize| (from * 100 + to) as u64);
    let leg = Leg::ToCome { pickup: 7, pickup_by_ms: 301_000, dropoff: 9, ride_max_ms: 1_418 };
    assert_eq!(rider, Rider { seats: 2, leg });
}
