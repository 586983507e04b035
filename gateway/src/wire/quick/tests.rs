use proptest::prelude::*;

use super::*;
use crate::wire::FromDriver;
use crate::wire::from_driver::read_at_length;

/// What is read in one go means the same at length; and the other way round no position is called wrong.
fn agree(text: &str) -> bool {
    let quick = position(text);
    if let Some(position) = quick {
        assert_eq!(read_at_length(text), Ok(FromDriver::Ping(position)), "{text}");
    }
    assert_eq!(FromDriver::read(text), read_at_length(text), "{text}");
    quick.is_some()
}

#[test]
fn positions_as_phones_write_them_are_read_in_one_go() {
    for text in [
        r#"{"type":"ping","seq":7,"lat":40.75,"lon":-73.98}"#,
        r#"{"type":"ping","seq":7,"lat":40.75,"lon":-73.98,"at_ms":1764000000000,"heading":90,"accuracy_m":8}"#,
        r#"{"type":"ping","lon":-180,"at_ms":0,"lat":-90.0,"seq":18446744073709551615}"#,
        r#"{"type":"ping","seq":0,"lat":-0.0,"lon":0,"heading":360.0,"accuracy_m":99999.9}"#,
    ] {
        assert!(agree(text), "{text}");
    }
}

#[test]
fn everything_else_is_read_at_length() {
    for text in [
        r#"{"type":"ping","seq":7,"lat":40.75,"lon":-73.98} "#,
        r#"{"type":"ping","seq":7,"lat":40.75,"lon":-73.98}}"#,
        r#"{"type":"ping","seq":7,"lat":40.75,"lon":-73.98,}"#,
        r#"{"type":"ping","seq":7,"lat":40.75,"lon":-73.98"#,
        r#"{"type":"ping","seq":7,"seq":7,"lat":40.75,"lon":-73.98}"#,
        r#"{"type":"ping","seq":07,"lat":40.75,"lon":-73.98}"#,
        r#"{"type":"ping","seq":7.0,"lat":40.75,"lon":-73.98}"#,
        r#"{"type":"ping","seq":7,"lat":91,"lon":-73.98}"#,
        r#"{"type":"ping","seq":7,"lat":4.075e1,"lon":-73.98}"#,
        r#"{"type":"ping","seq":7,"lat":.5,"lon":-73.98}"#,
        r#"{"type":"ping","seq":7,"lat":1.,"lon":-73.98}"#,
        r#"{"type":"ping","seq":7,"lat":inf,"lon":-73.98}"#,
        r#"{"type":"ping","seq":7,"lat":"40.75","lon":-73.98}"#,
        r#"{"type":"ping","seq":7,"lat":40.75,"lon":-73.98,"heading":361}"#,
        r#"{"type":"ping","seq":7,"lat":40.75,"lon":-73.98,"heading":null}"#,
        r#"{"type":"ping","seq":7,"lat":40.75,"lon":-73.98,"speed":3}"#,
        r#"{"type":"ping","lat":40.75,"lon":-73.98}"#,
        r#"{"type":"ping",}"#,
        r#"{"type":"ping"}"#,
        "",
    ] {
        assert!(!agree(text), "{text}");
    }
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "-?[0-9]{1,3}\\.[0-9]{1,7}",
        4 => "[0-9]{1,20}",
        1 => "-?[0-9]{1,3}[eE][+-]?[0-9]{1,3}",
        1 => "[-+.0-9eE]{0,6}",
        1 => prop::sample::select(vec!["null", "true", "\"a\"", "{}", "[1,2]", " 1", "1 ", "\"}\"", "NaN"])
            .prop_map(str::to_owned),
    ]
}

fn field() -> impl Strategy<Value = String> {
    let names = vec!["seq", "lat", "lon", "at_ms", "heading", "accuracy_m", "type", "extra", "l\\u0061t", ""];
    (prop::sample::select(names), value()).prop_map(|(name, value)| format!("\"{name}\":{value}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn whatever_is_sent_means_the_same_both_ways(
        good in any::<bool>(),
        fields in prop::collection::vec(field(), 0..7),
        end in prop::sample::select(vec!["}", "} ", "}}", "", ",}"]),
    ) {
        let core = if good { r#""seq":7,"lat":40.75,"lon":-73.98,"# } else { "" };
        let text = format!("{BEGINNING}{core}{}{end}", fields.join(","));
        agree(&text);
    }
}
