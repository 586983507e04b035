//! A position in one go: the most frequent message, as nearly every phone writes it.
//!
//! Lives here: reading a text that is a good position written without blanks, escapes or exponents.
//! Stays out: everything else, and every mistake: what is not read here is read the long way (see [`super::from_driver`]).
//! Touch with care: what is taken here must mean the same there; a test compares the two over texts made by chance.

use geo::{Meters, Point};

use super::from_driver::{ACCURACY_MAX_M, Position};

const BEGINNING: &str = r#"{"type":"ping","#;

/// What a position may say.
#[derive(Default)]
struct Said<'a> {
    seq: Option<&'a str>,
    lat: Option<&'a str>,
    lon: Option<&'a str>,
    at_ms: Option<&'a str>,
    heading: Option<&'a str>,
    accuracy_m: Option<&'a str>,
}

/// The position that a text is, if that is seen at once.
pub(super) fn position(text: &str) -> Option<Position> {
    let mut said = Said::default();
    let mut rest = text.strip_prefix(BEGINNING)?;
    loop {
        // Names and numbers are short: a search that has to be prepared would take longer than looking at each byte.
        let quoted = rest.strip_prefix('"')?;
        let end = quoted.bytes().position(|byte| byte == b'"')?;
        let (name, after) = (&quoted[..end], quoted[end + 1..].strip_prefix(':')?);
        let place = match name {
            "seq" => &mut said.seq,
            "lat" => &mut said.lat,
            "lon" => &mut said.lon,
            "at_ms" => &mut said.at_ms,
            "heading" => &mut said.heading,
            "accuracy_m" => &mut said.accuracy_m,
            _ => return None,
        };
        let length = after.bytes().position(|byte| byte == b',' || byte == b'}')?;
        if place.replace(&after[..length]).is_some() {
            return None;
        }
        match after.as_bytes()[length] {
            b',' => rest = &after[length + 1..],
            _ if after.len() == length + 1 => break,
            _ => return None,
        }
    }
    let seq = whole(said.seq?)?;
    let point = Point::new(number(said.lat?)?, number(said.lon?)?).ok()?;
    let at_ms = maybe(said.at_ms, whole)?;
    let heading = maybe(said.heading, number)?;
    let accuracy = maybe(said.accuracy_m, number)?;
    let fair = heading.is_none_or(|heading| (0.0..=360.0).contains(&heading))
        && accuracy.is_none_or(|accuracy| (0.0..=ACCURACY_MAX_M).contains(&accuracy));
    let accuracy = accuracy.and_then(|metres| Meters::new(metres).ok());
    fair.then_some(Position { seq, point, at_ms, heading, accuracy })
}

/// Reads what may be missing: `None` when it is there and cannot be read.
fn maybe<T>(said: Option<&str>, read: fn(&str) -> Option<T>) -> Option<Option<T>> {
    said.map_or(Some(None), |said| read(said).map(Some))
}

/// Whether these are digits as JSON begins a number with: no needless zero.
fn is_digits(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    plain && !text.is_empty() && (text.len() == 1 || !text.starts_with('0'))
}

fn whole(text: &str) -> Option<u64> {
    is_digits(text).then(|| text.parse().ok())?
}

fn number(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let fair = match unsigned.split_once('.') {
        None => is_digits(unsigned),
        Some((whole, parts)) => {
            is_digits(whole) && !parts.is_empty() && parts.bytes().all(|byte| byte.is_ascii_digit())
        }
    };
    fair.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests;
