use super::*;

fn near(found: f64, expected: f64, within: f64) {
    assert!((found - expected).abs() <= within, "{found} is not {expected}");
}

#[test]
fn quantiles_of_students_t_are_those_of_the_tables() {
    // Two-sided 95 % and 99 %, as printed in every table.
    for (degrees, at_95, at_99) in [
        (1, 12.706, 63.657),
        (2, 4.303, 9.925),
        (3, 3.182, 5.841),
        (4, 2.776, 4.604),
        (9, 2.262, 3.250),
        (10, 2.228, 3.169),
        (29, 2.045, 2.756),
        (30, 2.042, 2.750),
        (120, 1.980, 2.617),
    ] {
        near(student_quantile(0.95, degrees), at_95, 0.0005);
        near(student_quantile(0.99, degrees), at_99, 0.0005);
    }
}

#[test]
fn a_paired_test_is_that_of_the_textbook() {
    // Student's own sleep data (1908): hours of extra sleep of ten patients under two drugs.
    let a = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    let b = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
    let paired = Paired::of(&a, &b).unwrap();
    near(paired.difference, 1.58, 1e-12);
    let (low, high) = paired.interval.unwrap();
    near(low, 0.700_114_2, 1e-6);
    near(high, 2.459_885_8, 1e-6);
    near(paired.p.unwrap(), 0.002_832_89, 1e-7);
    assert!(paired.is_clear());
}

#[test]
fn one_pair_says_nothing_of_chance_and_equal_rows_differ_by_nothing() {
    let one = Paired::of(&[1.0], &[2.0]).unwrap();
    assert_eq!((one.difference, one.interval, one.p), (1.0, None, None));
    assert!(!one.is_clear());
    let same = Paired::of(&[1.0, 2.0, 5.0], &[1.0, 2.0, 5.0]).unwrap();
    assert_eq!((same.difference, same.interval, same.p), (0.0, Some((0.0, 0.0)), Some(1.0)));
    assert!(!same.is_clear());
    assert_eq!(Paired::of(&[], &[]), None);
}

#[test]
fn means_and_quantiles_are_those_of_hand_counts() {
    assert_eq!(mean(&[1.0, 2.0, 6.0]), Some(3.0));
    assert_eq!(deviation(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).map(|d| (d * 1e6).round()), Some(2_138_090.0));
    let sorted = [1.0, 2.0, 3.0, 4.0];
    let at = [0.0, 0.25, 0.26, 0.5, 0.95, 1.0].map(|share| quantile(&sorted, share).unwrap());
    assert_eq!(at, [1.0, 1.0, 2.0, 2.0, 4.0, 4.0]);
    assert_eq!((mean(&[]), deviation(&[1.0]), quantile(&[], 0.5)), (None, None, None));
}

#[test]
fn gini_is_zero_for_equals_and_counts_as_the_lorenz_curve_does() {
    near(gini(&[3.0, 3.0, 3.0]), 0.0, 1e-12);
    near(gini(&[0.0, 0.0, 0.0, 8.0]), 0.75, 1e-12);
    // Mean absolute difference over twice the mean: (|1-2|+|1-3|+|2-3|)*2/9 / (2*2).
    near(gini(&[3.0, 1.0, 2.0]), 8.0 / 9.0 / 4.0, 1e-12);
    assert_eq!((gini(&[]), gini(&[0.0, 0.0])), (0.0, 0.0));
}
