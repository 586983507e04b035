//! JSON objects, field by field, so that every mistake can be named.
//!
//! Lives here: reading one object into fields, taking fields out as what they must be, and the mistakes there are.
//! Stays out: which message has which fields; see [`crate::wire`].
//! Touch with care: a field is kept as its raw text until it is taken. That is why a number that fits no float
//! (`1e999`) is an error that names its field, and why nothing is copied for a ping.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::ops::RangeInclusive;

use dispatch::Timestamp;
use geo::Point;
use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::Code;

/// The most fields an object may have. No message has more than seven.
const FIELDS_MAX: usize = 16;

/// The longest piece of a wrong value that is sent back.
const SHOWN_MAX: usize = 80;

/// What is wrong with a message.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Mistake {
    pub(crate) code: Code,
    /// The field's path, such as `pickup.lat`.
    pub(crate) field: Option<String>,
    /// What it held, cut to a readable length.
    pub(crate) value: Option<String>,
    /// What it may hold.
    pub(crate) allowed: Option<Cow<'static, str>>,
    message: String,
}

impl Mistake {
    /// A field that holds what it may not.
    pub(crate) fn bad(field: impl Into<String>, value: &str, allowed: impl Into<Cow<'static, str>>) -> Mistake {
        let (field, allowed) = (field.into(), allowed.into());
        let value = shown(value);
        let message = format!("{field} is {value}, allowed is {allowed}");
        Mistake { code: Code::BadValue, field: Some(field), value: Some(value), allowed: Some(allowed), message }
    }

    /// A field that must be there.
    pub(crate) fn missing(field: impl Into<String>, allowed: impl Into<Cow<'static, str>>) -> Mistake {
        let (field, allowed) = (field.into(), allowed.into());
        let message = format!("{field} is missing, allowed is {allowed}");
        Mistake { code: Code::MissingField, field: Some(field), value: None, allowed: Some(allowed), message }
    }

    /// A message of an unknown type.
    pub(crate) fn unknown_type(value: &str, allowed: &'static str) -> Mistake {
        let value = shown(value);
        let message = format!("type is {value}, allowed is one of {allowed}");
        Mistake {
            code: Code::UnknownType,
            field: Some("type".to_owned()),
            value: Some(value),
            allowed: Some(Cow::Borrowed(allowed)),
            message,
        }
    }

    /// A message that is wrong as a whole.
    pub(crate) fn whole(code: Code, allowed: impl Into<Cow<'static, str>>) -> Mistake {
        let allowed = allowed.into();
        let message = format!("{}: allowed is {allowed}", code.as_str());
        Mistake { code, field: None, value: None, allowed: Some(allowed), message }
    }

    /// The same mistake, made inside a field or an element of a list.
    pub(crate) fn inside(mut self, path: &str) -> Mistake {
        let inner = self.field.take().filter(|inner| !inner.is_empty());
        let whole = inner.as_ref().map_or_else(|| path.to_owned(), |inner| format!("{path}.{inner}"));
        self.message = match inner {
            Some(inner) => self.message.replacen(&inner, &whole, 1),
            None => format!("{path}{}", self.message),
        };
        self.field = Some(whole);
        self
    }

    fn unknown(field: String, allowed: Cow<'static, str>) -> Mistake {
        let message = format!("{field} is not a field here, allowed is {allowed}");
        Mistake { code: Code::UnknownField, field: Some(field), value: None, allowed: Some(allowed), message }
    }

    fn repeated(field: String) -> Mistake {
        let message = format!("{field} is there twice, allowed is once");
        Mistake {
            code: Code::RepeatedField,
            field: Some(field),
            value: None,
            allowed: Some(Cow::Borrowed("once")),
            message,
        }
    }

    fn malformed(field: Option<String>, error: &serde_json::Error) -> Mistake {
        let message = match &field {
            Some(field) => format!("{field} is not JSON: {error}"),
            None => format!("not JSON: {error}"),
        };
        Mistake { code: Code::MalformedJson, field, value: None, allowed: Some(Cow::Borrowed("JSON text")), message }
    }
}

fn shown(value: &str) -> String {
    let mut cut: String = value.chars().take(SHOWN_MAX).collect();
    if cut.len() < value.len() {
        cut.push_str("...");
    }
    cut
}

/// The fields of one JSON object that were not taken yet.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    /// Where this object is: empty, or the name of its field and a dot.
    path: &'static str,
    entries: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Fields<'a> {
    /// Reads the object a message or a body is. `name` is what it is called when it is no object at all.
    pub(crate) fn read(text: &'a str, name: &'static str) -> Result<Fields<'a>, Mistake> {
        Fields::read_at(text, name, "")
    }

    fn read_at(text: &'a str, name: &'static str, path: &'static str) -> Result<Fields<'a>, Mistake> {
        let reading = RefCell::new(None);
        let mut json = serde_json::Deserializer::from_str(text);
        let read = json.deserialize_map(Object { reading: &reading }).and_then(|entries| json.end().map(|()| entries));
        let entries = read.map_err(|error| {
            if error.is_data() {
                Mistake::bad(name, text.trim(), "a JSON object")
            } else {
                Mistake::malformed(reading.take().map(|key: String| shown(&format!("{path}{key}"))), &error)
            }
        })?;
        if let Some((key, _)) = entries.get(FIELDS_MAX) {
            return Err(Mistake::unknown(shown(&format!("{path}{key}")), Cow::Borrowed("at most 16 fields")));
        }
        for (nth, (key, _)) in entries.iter().enumerate() {
            if entries[..nth].iter().any(|(before, _)| before == key) {
                return Err(Mistake::repeated(shown(&format!("{path}{key}"))));
            }
        }
        Ok(Fields { path, entries })
    }

    fn at(&self, name: &str) -> String {
        format!("{}{name}", self.path)
    }

    /// Takes a field's raw text. `null` is the same as not being there.
    fn take(&mut self, name: &str) -> Option<&'a str> {
        let found = self.entries.iter().position(|(key, _)| key == name)?;
        let raw = self.entries.swap_remove(found).1.get();
        (raw != "null").then_some(raw)
    }

    fn must(&mut self, name: &str, allowed: &'static str) -> Result<&'a str, Mistake> {
        self.take(name).ok_or_else(|| Mistake::missing(self.at(name), allowed))
    }

    /// The raw text of a field that must be there.
    pub(crate) fn raw(&mut self, name: &str, allowed: &'static str) -> Result<&'a str, Mistake> {
        self.must(name, allowed)
    }

    /// A text that must be there.
    pub(crate) fn text(&mut self, name: &str, allowed: &'static str) -> Result<Cow<'a, str>, Mistake> {
        let raw = self.must(name, allowed)?;
        unquoted(raw).ok_or_else(|| Mistake::bad(self.at(name), raw, allowed))
    }

    /// A text that may be there, of at most `length_max` bytes.
    pub(crate) fn maybe_text(
        &mut self,
        name: &str,
        length_max: usize,
        allowed: &'static str,
    ) -> Result<Option<Cow<'a, str>>, Mistake> {
        let Some(raw) = self.take(name) else { return Ok(None) };
        match unquoted(raw) {
            Some(text) if text.len() <= length_max => Ok(Some(text)),
            _ => Err(Mistake::bad(self.at(name), raw, allowed)),
        }
    }

    /// A text that must be there and name something.
    pub(crate) fn named<T: std::str::FromStr>(&mut self, name: &str, allowed: &'static str) -> Result<T, Mistake> {
        let text = self.text(name, allowed)?;
        text.parse().map_err(|_| Mistake::bad(self.at(name), &text, allowed))
    }

    /// A whole number that must be there.
    pub(crate) fn whole(&mut self, name: &str) -> Result<u64, Mistake> {
        let raw = self.must(name, WHOLE)?;
        whole(raw).ok_or_else(|| Mistake::bad(self.at(name), raw, WHOLE))
    }

    /// A whole number that may be there.
    pub(crate) fn maybe_whole(&mut self, name: &str) -> Result<Option<u64>, Mistake> {
        let Some(raw) = self.take(name) else { return Ok(None) };
        whole(raw).map(Some).ok_or_else(|| Mistake::bad(self.at(name), raw, WHOLE))
    }

    /// A moment that may be there, in milliseconds since 1970.
    pub(crate) fn maybe_moment(&mut self, name: &str) -> Result<Option<Timestamp>, Mistake> {
        let Some(raw) = self.take(name) else { return Ok(None) };
        let at = whole(raw).map(|millis| (millis, Timestamp::from_millis(millis)));
        let at = at.filter(|(millis, at)| at.millis() == *millis).map(|(_, at)| at);
        at.map(Some).ok_or_else(|| Mistake::bad(self.at(name), raw, MOMENT))
    }

    /// A whole number that may be there, within a range.
    pub(crate) fn maybe_small(
        &mut self,
        name: &str,
        range: RangeInclusive<u8>,
        allowed: &'static str,
    ) -> Result<Option<u8>, Mistake> {
        let Some(raw) = self.take(name) else { return Ok(None) };
        let number = whole(raw).and_then(|number| u8::try_from(number).ok()).filter(|number| range.contains(number));
        number.map(Some).ok_or_else(|| Mistake::bad(self.at(name), raw, allowed))
    }

    /// A small count that may be there.
    pub(crate) fn maybe_count(&mut self, name: &str, allowed: &'static str) -> Result<Option<u16>, Mistake> {
        let Some(raw) = self.take(name) else { return Ok(None) };
        let number = whole(raw).and_then(|number| u16::try_from(number).ok());
        number.map(Some).ok_or_else(|| Mistake::bad(self.at(name), raw, allowed))
    }

    /// A yes or no that may be there.
    pub(crate) fn maybe_flag(&mut self, name: &str) -> Result<Option<bool>, Mistake> {
        let Some(raw) = self.take(name) else { return Ok(None) };
        raw.parse().map(Some).map_err(|_| Mistake::bad(self.at(name), raw, "true or false"))
    }

    /// A text that may be there and names something.
    pub(crate) fn maybe_named<T: std::str::FromStr>(
        &mut self,
        name: &str,
        allowed: &'static str,
    ) -> Result<Option<T>, Mistake> {
        let Some(raw) = self.take(name) else { return Ok(None) };
        let text = unquoted(raw).ok_or_else(|| Mistake::bad(self.at(name), raw, allowed))?;
        text.parse().map(Some).map_err(|_| Mistake::bad(self.at(name), &text, allowed))
    }

    /// An object that may be there. `path` is its name with a dot.
    pub(crate) fn maybe_object(
        &mut self,
        name: &'static str,
        path: &'static str,
    ) -> Result<Option<Fields<'a>>, Mistake> {
        self.take(name).map(|raw| Fields::read_at(raw, name, path)).transpose()
    }

    /// A list that must be there and have 1 to `length_max` elements: the raw text of each.
    pub(crate) fn list(
        &mut self,
        name: &str,
        length_max: usize,
        allowed: &'static str,
    ) -> Result<Vec<&'a str>, Mistake> {
        match self.maybe_list(name, length_max, allowed)? {
            Some(elements) if !elements.is_empty() => Ok(elements),
            Some(_) => Err(Mistake::bad(self.at(name), "a list of 0", allowed)),
            None => Err(Mistake::missing(self.at(name), allowed)),
        }
    }

    /// A list that may be there and have at most `length_max` elements: the raw text of each.
    pub(crate) fn maybe_list(
        &mut self,
        name: &str,
        length_max: usize,
        allowed: &'static str,
    ) -> Result<Option<Vec<&'a str>>, Mistake> {
        let Some(raw) = self.take(name) else { return Ok(None) };
        let elements: Vec<&'a RawValue> =
            serde_json::from_str(raw).map_err(|_| Mistake::bad(self.at(name), raw, allowed))?;
        if elements.len() <= length_max {
            return Ok(Some(elements.into_iter().map(RawValue::get).collect()));
        }
        Err(Mistake::bad(self.at(name), &format!("a list of {}", elements.len()), allowed))
    }

    /// A number that may be there, from `least` to `most`.
    pub(crate) fn maybe_number(
        &mut self,
        name: &str,
        (least, most): (f64, f64),
        allowed: &'static str,
    ) -> Result<Option<f64>, Mistake> {
        let Some(raw) = self.take(name) else { return Ok(None) };
        match number(raw) {
            Some(value) if (least..=most).contains(&value) => Ok(Some(value)),
            _ => Err(Mistake::bad(self.at(name), raw, allowed)),
        }
    }

    /// The fields `lat` and `lon`, which must be there.
    pub(crate) fn point(&mut self) -> Result<Point, Mistake> {
        let (raw_lat, raw_lon) = (self.must("lat", LAT)?, self.must("lon", LON)?);
        let lat = number(raw_lat).ok_or_else(|| Mistake::bad(self.at("lat"), raw_lat, LAT))?;
        let lon = number(raw_lon).ok_or_else(|| Mistake::bad(self.at("lon"), raw_lon, LON))?;
        Point::new(lat, lon).map_err(|wrong| {
            let (raw, allowed) = if wrong.field == "lat" { (raw_lat, LAT) } else { (raw_lon, LON) };
            Mistake::bad(self.at(wrong.field), raw, allowed)
        })
    }

    /// An object that must be there and hold `lat`, `lon` and nothing else. `path` is its name with a dot.
    pub(crate) fn place(&mut self, name: &'static str, path: &'static str) -> Result<Point, Mistake> {
        let raw = self.must(name, "an object {lat, lon}")?;
        let mut place = Fields::read_at(raw, name, path)?;
        let point = place.point()?;
        place.done("lat, lon")?;
        Ok(point)
    }

    /// An object that may be there and hold `lat`, `lon` and nothing else. `path` is its name with a dot.
    pub(crate) fn maybe_place(&mut self, name: &'static str, path: &'static str) -> Result<Option<Point>, Mistake> {
        let Some(mut place) = self.maybe_object(name, path)? else { return Ok(None) };
        let point = place.point()?;
        place.done("lat, lon")?;
        Ok(Some(point))
    }

    /// Ends the reading: whatever was not taken is unknown.
    pub(crate) fn done(self, allowed: &'static str) -> Result<(), Mistake> {
        match self.entries.first() {
            None => Ok(()),
            Some((key, _)) => Err(Mistake::unknown(shown(&self.at(key)), Cow::Borrowed(allowed))),
        }
    }
}

const LAT: &str = "a number of degrees from -90 to 90";
const LON: &str = "a number of degrees from -180 to 180";
const MOMENT: &str = "milliseconds since 1970, from 0 to 281474976710655";
const WHOLE: &str = "a whole number from 0 to 18446744073709551615";

/// A JSON number as a float. A number too large for a float becomes infinite and fits no range.
fn number(raw: &str) -> Option<f64> {
    // A raw JSON value that starts like a number is one; Rust alone would also take `inf` and `nan`.
    raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()).then(|| raw.parse().ok())?
}

/// The whole number of a raw JSON value. JSON knows numbers only: `2.0` is as whole as `2`, and some libraries write it so.
fn whole(raw: &str) -> Option<u64> {
    // Above this not every whole number is a float.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let of_float = |float: f64| (float.fract() == 0.0 && (0.0..=EXACT_MAX).contains(&float)).then_some(float as u64);
    raw.parse().ok().or_else(|| number(raw).and_then(of_float))
}

/// The text inside a JSON string; `None` for any other value.
fn unquoted(raw: &str) -> Option<Cow<'_, str>> {
    let inside = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inside.contains('\\') { serde_json::from_str(raw).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(inside)) }
}

/// Reads an object into raw fields and remembers which one it was at when the text broke.
struct Object<'c> {
    reading: &'c RefCell<Option<String>>,
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut entries = Vec::with_capacity(8);
        while let Some(Key(key)) = map.next_key()? {
            match map.next_value() {
                Ok(value) => entries.push((key, value)),
                Err(broken) => {
                    self.reading.replace(Some(key.into_owned()));
                    return Err(broken);
                }
            }
        }
        Ok(entries)
    }
}

/// A field's name, borrowed from the text unless it is escaped there.
struct Key<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Key<'de>, D::Error> {
        struct Name;
        impl<'de> Visitor<'de> for Name {
            type Value = Key<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a field's name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(Name)
    }
}

#[cfg(test)]
mod tests;
