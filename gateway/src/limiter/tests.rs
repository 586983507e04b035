use super::*;

const SECOND: u64 = 1_000_000_000;

fn buckets(per_second: u32, burst_s: u64) -> Buckets {
    Buckets::new(Rate::new(per_second, Duration::from_secs(burst_s)))
}

#[test]
fn who_was_quiet_has_a_burst_and_then_the_rate() {
    let buckets = buckets(2, 3);
    let now = 100 * SECOND;
    for _ in 0..6 {
        assert_eq!(buckets.take(1, now), Ok(()));
    }
    assert_eq!(buckets.take(1, now), Err(Duration::from_millis(500)));
    assert_eq!(buckets.take(2, now), Ok(()), "somebody else");
    assert_eq!(buckets.take(1, now + SECOND / 2), Ok(()));
    assert_eq!(buckets.take(1, now + SECOND / 2), Err(Duration::from_millis(500)));
    let later = now + 1_000 * SECOND;
    assert_eq!((0..100).filter(|_| buckets.take(1, later).is_ok()).count(), 6, "a bucket has an end");
}

#[test]
fn however_slow_the_rate_one_thing_is_always_possible() {
    let rate = Rate::new(1, Duration::from_millis(1));
    let mut full_at = 0;
    assert_eq!(rate.take(&mut full_at, 5 * SECOND), Ok(()));
    assert_eq!(rate.take(&mut full_at, 5 * SECOND), Err(Duration::from_secs(1)));
    assert_eq!(rate.take(&mut full_at, 6 * SECOND), Ok(()));
}

#[test]
fn a_table_has_an_end_and_forgets_who_was_quiet_for_longest() {
    let buckets = Buckets { remembered_max: 100, ..buckets(1, 10) };
    let remembered = || buckets.full_at.lock().unwrap().len();
    // Ten who have asked for all they may, and then strangers, each only once.
    for key in 0..10 {
        while buckets.take(key, SECOND).is_ok() {}
    }
    for stranger in 1_000..100_000 {
        buckets.take(stranger, SECOND).unwrap();
        assert!(remembered() <= 100, "{}", remembered());
    }
    for key in 0..10 {
        assert!(buckets.take(key, SECOND).is_err(), "{key} was forgotten, and may ask anew");
    }
    // All are quiet: all are forgotten, and it makes no difference.
    buckets.take(7, 1_000 * SECOND).unwrap();
    for stranger in 0..200 {
        buckets.take(stranger + 1_000_000, 1_000 * SECOND).unwrap();
    }
    assert!(remembered() <= 100);
}

#[test]
fn addresses_of_one_household_are_counted_together() {
    let of = |text: &str| household(text.parse().unwrap());
    assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
    assert_eq!(of("10.0.0.1"), of("::ffff:10.0.0.1"));
    assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
    assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
}

#[test]
fn this_machine_is_exempt_when_the_settings_say_so() {
    let here = "127.0.0.1".parse().unwrap();
    for exempt in [true, false] {
        let limits = Limits {
            requests_per_address: 1,
            burst: Duration::from_secs(1),
            loopback_exempt: exempt,
            ..Limits::default()
        };
        let limiter = Limiter::new(&limits);
        limiter.address(here, Kind::Request).unwrap();
        assert_eq!(limiter.address(here, Kind::Request).is_ok(), exempt);
        let far = "192.0.2.1".parse().unwrap();
        limiter.address(far, Kind::Request).unwrap();
        assert_eq!(limiter.address(far, Kind::Request).unwrap_err().limit, "limits.requests_per_address");
    }
}
