use super::*;
use crate::FeeStage;

#[test]
fn a_currency_is_three_capital_letters() {
    assert_eq!("EUR".parse::<Currency>().unwrap().as_str(), "EUR");
    for text in ["", "eur", "EU", "EURO", "E R", "EÜ", "€", "123"] {
        assert_eq!(text.parse::<Currency>(), Err(NotACurrency), "{text}");
    }
}

#[test]
fn an_amount_and_a_surge_have_limits() {
    let fare = |minor| Fare::new(minor, Currency::default(), Surge::NONE);
    assert_eq!(fare(-1), Err(BadAmount(-1)));
    assert_eq!(fare(AMOUNT_MAX + 1), Err(BadAmount(AMOUNT_MAX + 1)));
    assert_eq!((fare(0).unwrap().minor(), fare(AMOUNT_MAX).unwrap().minor()), (0, AMOUNT_MAX));
    assert_eq!([99, 100, 1_000, 1_001].map(Surge::percent), [None, Some(Surge::NONE), Some(Surge::MAX), None]);
    assert_eq!(Surge::percent(105).unwrap().to_string(), "1.05");
}

// ---- tariffs -----------------------------------------------------------------------------------------------------

use std::time::Duration;

use geo::{Drive, Meters};
use proptest::prelude::*;

fn drive(metres: f64, millis: u64) -> Drive {
    Drive { time: Duration::from_millis(millis), distance: Meters::new(metres).unwrap() }
}

fn tariff(text: &str) -> Tariff {
    text.parse().unwrap()
}

#[test]
fn a_price_is_base_and_way_and_time_times_surge() {
    let usual = tariff("base=255 km=110 minute=35 minimum=700");
    // 2.55 + 10 * 1.10 + 20 * 0.35
    assert_eq!(usual.price(drive(10_000.0, 1_200_000), Surge::NONE, 0), 2_055);
    assert_eq!(usual.price(drive(10_000.0, 1_200_000), Surge::percent(150).unwrap(), 0), 3_083, "3082.5, halves up");
    assert_eq!(usual.price(drive(10_000.0, 1_200_000), Surge::NONE, 25), 1_541, "1541.25");
    assert_eq!(usual.price(drive(100.0, 30_000), Surge::percent(200).unwrap(), 0), 700, "the minimum");
    let with_fee = Tariff { booking: 99, ..usual };
    assert_eq!(with_fee.price(drive(10_000.0, 1_200_000), Surge::percent(150).unwrap(), 0), 3_083 + 99);
    assert_eq!(tariff("km=1").price(drive(499.9, 0), Surge::NONE, 0), 0, "0.499");
    assert_eq!(tariff("km=1").price(drive(500.0, 0), Surge::NONE, 0), 1, "0.5");
}

#[test]
fn a_tariff_reads_what_it_shows() {
    let usual = crate::FarePolicy::default().premium;
    assert_eq!(usual.to_string().parse(), Ok(usual));
    for text in ["", "base", "base=", "base=-1", "base=1.5", "base=1 base=2", "fee=1", "km=1000000001", "base=1,km=2"] {
        assert_eq!(text.parse::<Tariff>(), Err(NotATariff), "{text}");
    }
}

#[test]
fn calling_off_costs_by_how_far_the_driver_has_come() {
    let usual = tariff("base=255 cancelling=501");
    assert_eq!(usual.cancellation_fee(FeeStage::Free, 2_000), 0);
    assert_eq!(usual.cancellation_fee(FeeStage::Late, 2_000), 250);
    assert_eq!(usual.cancellation_fee(FeeStage::NoShow, 2_000), 501);
    assert_eq!(usual.cancellation_fee(FeeStage::NoShow, 300), 300, "never more than the ride");
}

fn any_tariff() -> impl Strategy<Value = Tariff> {
    let price = || prop_oneof![0..=5_000_i64, 0..=PRICE_MAX, Just(PRICE_MAX)];
    (price(), price(), price(), price(), price(), price()).prop_map(
        |(base, km, minute, minimum, booking, cancelling)| Tariff { base, km, minute, minimum, booking, cancelling },
    )
}

fn any_drive() -> impl Strategy<Value = (f64, u64)> {
    (prop_oneof![0.0..50_000.0, 0.0..5e7_f64], prop_oneof![0..7_200_000_u64, 0..=u64::MAX])
}

fn any_surge() -> impl Strategy<Value = Surge> {
    (100..=1_000_u16).prop_map(|percent| Surge::percent(percent).unwrap())
}

proptest! {
    #[test]
    fn farther_longer_and_scarcer_never_cost_less(
        tariff in any_tariff(),
        (one, other) in (any_drive(), any_drive()),
        (calm, busy) in (any_surge(), any_surge()),
        discount in 0..=100_u8,
    ) {
        let price = |(metres, millis), surge| tariff.price(drive(metres, millis), surge, discount);
        let less = (one.0.min(other.0), one.1.min(other.1));
        let more = (one.0.max(other.0), one.1.max(other.1));
        prop_assert!(price(less, calm.min(busy)) <= price((more.0, less.1), calm.min(busy)));
        prop_assert!(price((more.0, less.1), calm.min(busy)) <= price(more, calm.min(busy)));
        prop_assert!(price(more, calm.min(busy)) <= price(more, calm.max(busy)));
        let bounds = (tariff.minimum + tariff.booking).min(AMOUNT_MAX)..=AMOUNT_MAX;
        prop_assert!(bounds.contains(&price(less, calm)), "{}", price(less, calm));
        prop_assert!(tariff.price(drive(more.0, more.1), busy, discount) <= tariff.price(drive(more.0, more.1), busy, 0));
    }

    /// The exact sum, in rational numbers that do not overflow for everyday prices.
    #[test]
    fn one_rounding_is_all_there_is(
        (base, km, minute) in (0..10_000_i64, 0..1_000_i64, 0..1_000_i64),
        (metres, millis) in (0..100_000_u32, 0..10_000_000_u64),
        surge in any_surge(),
    ) {
        let tariff = Tariff { base, km, minute, minimum: 0, booking: 0, cancelling: 0 };
        let price = tariff.price(drive(f64::from(metres), millis), surge, 0);
        let parts = [(base, 1), (km * i64::from(metres), 1_000), (minute * millis as i64, 60_000)];
        let exact: i64 = parts.iter().map(|(part, of)| part * (60_000 / of)).sum();
        let exact = exact * i64::from(surge.get());
        prop_assert!((price * 6_000_000 - exact).abs() * 2 <= 6_000_000, "{price} for {exact}/6000000");
    }
}
