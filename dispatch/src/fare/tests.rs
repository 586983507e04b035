use super::*;

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
