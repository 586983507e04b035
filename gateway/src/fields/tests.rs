use super::*;

fn point(text: &str) -> Result<Point, Mistake> {
    Fields::read(text, "message")?.point()
}

fn named(mistake: &Mistake) -> (Code, &str, &str, &str) {
    let allowed = mistake.allowed.as_deref().unwrap_or_default();
    (mistake.code, mistake.field.as_deref().unwrap_or_default(), mistake.value.as_deref().unwrap_or_default(), allowed)
}

#[test]
fn a_point_is_two_numbers_of_degrees() {
    let read = point(r#"{"lat":40.75,"lon":-73.98}"#).unwrap();
    assert_eq!((read.lat(), read.lon()), (40.75, -73.98));
    assert_eq!(point(r#"{"lon":180,"lat":-9e1}"#).unwrap().lat(), -90.0);
}

#[test]
fn a_coordinate_that_is_no_place_on_earth_is_named_with_its_range() {
    for (text, value) in [
        (r#"{"lat":91,"lon":0}"#, "91"),
        (r#"{"lat":1e999,"lon":0}"#, "1e999"),
        (r#"{"lat":-1e999,"lon":0}"#, "-1e999"),
        (r#"{"lat":"NaN","lon":0}"#, "\"NaN\""),
        (r#"{"lat":"40.7","lon":0}"#, "\"40.7\""),
        (r#"{"lat":true,"lon":0}"#, "true"),
        (r#"{"lat":[40],"lon":0}"#, "[40]"),
        (r#"{"lat":{"deg":40},"lon":0}"#, r#"{"deg":40}"#),
    ] {
        let mistake = point(text).unwrap_err();
        assert_eq!(named(&mistake), (Code::BadValue, "lat", value, LAT), "{text}");
    }
    let mistake = point(r#"{"lat":0,"lon":-180.5}"#).unwrap_err();
    assert_eq!(named(&mistake), (Code::BadValue, "lon", "-180.5", LON));
}

#[test]
fn a_bare_nan_is_no_json_and_the_field_is_named() {
    for text in [r#"{"lat":NaN,"lon":0}"#, r#"{"lat":Infinity,"lon":0}"#, r#"{"lat":.5,"lon":0}"#, r#"{"lat":"#] {
        let mistake = point(text).unwrap_err();
        assert_eq!((mistake.code, mistake.field.as_deref()), (Code::MalformedJson, Some("lat")), "{text}");
    }
}

#[test]
fn what_is_no_object_is_refused() {
    for text in ["[1]", "7", "\"online\"", "null", "true"] {
        let mistake = point(text).unwrap_err();
        assert_eq!(named(&mistake), (Code::BadValue, "message", text, "a JSON object"));
    }
    for text in ["", "{", "{]", "online", "{\"lat\":1}x", "{} {}"] {
        assert_eq!(point(text).unwrap_err().code, Code::MalformedJson, "{text}");
    }
}

#[test]
fn a_missing_field_says_what_it_would_be() {
    let mistake = point(r#"{"lat":1}"#).unwrap_err();
    assert_eq!(named(&mistake), (Code::MissingField, "lon", "", LON));
    assert_eq!(point(r#"{"lat":1,"lon":null}"#).unwrap_err().code, Code::MissingField);
}

#[test]
fn nothing_may_be_there_twice() {
    let mistake = point(r#"{"lat":1,"lon":2,"l\u0061t":3}"#).unwrap_err();
    assert_eq!((mistake.code, mistake.field.as_deref()), (Code::RepeatedField, Some("lat")));
}

#[test]
fn what_is_not_taken_is_unknown() {
    let mut fields = Fields::read(r#"{"lat":1,"lon":2,"altitude":3}"#, "message").unwrap();
    fields.point().unwrap();
    let mistake = fields.done("lat, lon").unwrap_err();
    assert_eq!(named(&mistake), (Code::UnknownField, "altitude", "", "lat, lon"));
}

#[test]
fn a_flood_of_fields_is_refused() {
    let many: Vec<String> = (0..500).map(|nth| format!("\"f{nth}\":1")).collect();
    let mistake = Fields::read(&format!("{{{}}}", many.join(",")), "message").unwrap_err();
    assert_eq!(named(&mistake), (Code::UnknownField, "f16", "", "at most 16 fields"));
}

#[test]
fn a_field_of_a_place_is_named_with_its_path() {
    let place = |text: &str| Fields::read(text, "body").unwrap().place("pickup", "pickup.");
    assert!(place(r#"{"pickup":{"lat":1,"lon":2}}"#).is_ok());
    let mistake = place(r#"{"pickup":{"lat":1,"lon":1e400}}"#).unwrap_err();
    assert_eq!(named(&mistake), (Code::BadValue, "pickup.lon", "1e400", LON));
    let mistake = place(r#"{"pickup":{"lat":1,"lon":2,"name":"home"}}"#).unwrap_err();
    assert_eq!(mistake.field.as_deref(), Some("pickup.name"));
    let mistake = place(r#"{"pickup":[1,2]}"#).unwrap_err();
    assert_eq!(named(&mistake), (Code::BadValue, "pickup", "[1,2]", "a JSON object"));
}

#[test]
fn texts_are_read_with_their_escapes_and_bounded() {
    let mut fields = Fields::read(r#"{"app":"caf\u00e9"}"#, "message").unwrap();
    assert_eq!(fields.maybe_text("app", 64, "text").unwrap().as_deref(), Some("café"));
    let mut fields = Fields::read(r#"{"app":"toolong"}"#, "message").unwrap();
    assert_eq!(fields.maybe_text("app", 3, "3 bytes").unwrap_err().field.as_deref(), Some("app"));
}

#[test]
fn whole_numbers_are_whole() {
    let whole = |text: &str| Fields::read(text, "message").unwrap().whole("seq");
    assert_eq!(whole(r#"{"seq":18446744073709551615}"#).unwrap(), u64::MAX);
    for wrong in ["-1", "1.5", "1e99", "18446744073709551616", "\"7\""] {
        let mistake = whole(&format!("{{\"seq\":{wrong}}}")).unwrap_err();
        assert_eq!(named(&mistake), (Code::BadValue, "seq", wrong, WHOLE));
    }
}

#[test]
fn a_long_value_is_cut_before_it_is_sent_back() {
    let mistake = point(&format!("{{\"lat\":\"{}\",\"lon\":0}}", "x".repeat(3_000))).unwrap_err();
    assert!(mistake.value.unwrap().len() < 100);
}
