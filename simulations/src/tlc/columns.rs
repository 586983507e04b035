//! Which column is which, whatever the year calls it, and what the text in it says.

use std::path::Path;

use super::{Field, Places, Skipped, TlcError};

/// What a trip needs, and the names under which the TLC has published it, in lower case. Spelling and capitals
/// changed over the years: `Trip_Pickup_DateTime` and `Start_Lon` (2009), ` pickup_datetime` with a leading space
/// (2010 to 2014), `tpep_pickup_datetime` (yellow since 2015), `lpep_pickup_datetime` and `Lpep_dropoff_datetime`
/// (green), `PULocationID` (since mid-2016). The last name of each is that of other publishers' excerpts.
struct Wanted {
    what: &'static str,
    names: &'static [&'static str],
}

const PICKUP_AT: Wanted = Wanted {
    what: "pickup time",
    names: &["tpep_pickup_datetime", "lpep_pickup_datetime", "pickup_datetime", "trip_pickup_datetime"],
};
const DROPOFF_AT: Wanted = Wanted {
    what: "drop-off time",
    names: &["tpep_dropoff_datetime", "lpep_dropoff_datetime", "dropoff_datetime", "trip_dropoff_datetime"],
};
const PICKUP_LAT: Wanted = Wanted { what: "pickup latitude", names: &["pickup_latitude", "start_lat"] };
const PICKUP_LON: Wanted = Wanted { what: "pickup longitude", names: &["pickup_longitude", "start_lon"] };
const DROPOFF_LAT: Wanted = Wanted { what: "drop-off latitude", names: &["dropoff_latitude", "end_lat"] };
const DROPOFF_LON: Wanted = Wanted { what: "drop-off longitude", names: &["dropoff_longitude", "end_lon"] };
const PICKUP_ZONE: Wanted = Wanted { what: "pickup zone", names: &["pulocationid", "pickup_location_id"] };
const DROPOFF_ZONE: Wanted = Wanted { what: "drop-off zone", names: &["dolocationid", "dropoff_location_id"] };

/// Where a trip's fields stand in a row. `T` is a place in the row, or what was found there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns<T> {
    pub(super) pickup_at: T,
    pub(super) dropoff_at: T,
    pub(super) places: Places<T>,
}

/// What a column is about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Contents {
    /// A moment.
    Time,
    /// Degrees or a zone.
    Number,
}

impl Columns<usize> {
    /// Finds the columns by their names. A file that has coordinates and zones is read by its coordinates.
    pub(super) fn find(names: &[String], path: &Path) -> Result<Columns<usize>, TlcError> {
        let position = |wanted: &Wanted| {
            let is_wanted = |name: &String| wanted.names.iter().any(|known| name.trim().eq_ignore_ascii_case(known));
            names.iter().position(is_wanted)
        };
        let find = |wanted: &Wanted| {
            position(wanted).ok_or_else(|| TlcError::NoColumn {
                path: path.to_path_buf(),
                missing: wanted.what,
                names: wanted.names,
                found: listed(names),
            })
        };
        let (pickup_at, dropoff_at) = (find(&PICKUP_AT)?, find(&DROPOFF_AT)?);
        let places = if position(&PICKUP_LAT).is_some() {
            Places::Coordinates {
                pickup: [find(&PICKUP_LAT)?, find(&PICKUP_LON)?],
                dropoff: [find(&DROPOFF_LAT)?, find(&DROPOFF_LON)?],
            }
        } else {
            Places::Zones { pickup: find(&PICKUP_ZONE)?, dropoff: find(&DROPOFF_ZONE)? }
        };
        Ok(Columns { pickup_at, dropoff_at, places })
    }
}

impl<T: Copy> Columns<T> {
    /// The same columns with something else in them: what `replace` makes of each and of the kind of its contents.
    pub(super) fn map<U>(self, mut replace: impl FnMut(T, Contents) -> U) -> Columns<U> {
        Columns {
            pickup_at: replace(self.pickup_at, Contents::Time),
            dropoff_at: replace(self.dropoff_at, Contents::Time),
            places: match self.places {
                Places::Coordinates { pickup, dropoff } => Places::Coordinates {
                    pickup: pickup.map(|column| replace(column, Contents::Number)),
                    dropoff: dropoff.map(|column| replace(column, Contents::Number)),
                },
                Places::Zones { pickup, dropoff } => Places::Zones {
                    pickup: replace(pickup, Contents::Number),
                    dropoff: replace(dropoff, Contents::Number),
                },
            },
        }
    }
}

/// The names for a message, with what a stranger's file may hold made printable and short.
fn listed(names: &[String]) -> String {
    let mut listed = names.iter().map(|name| name.escape_debug().to_string()).collect::<Vec<_>>().join(", ");
    if let Some((cut, _)) = listed.char_indices().nth(300) {
        listed.truncate(cut);
        listed.push_str(" ...");
    }
    if listed.is_empty() { "none".to_owned() } else { listed }
}

/// What a field of text says.
pub(super) fn field(text: &str, contents: Contents) -> Field {
    match contents {
        Contents::Time => time(text),
        Contents::Number => number(text),
    }
}

/// A number written as text.
fn number(text: &str) -> Field {
    let text = text.trim();
    if text.is_empty() {
        return Err(Skipped::Missing);
    }
    text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or(Skipped::Malformed)
}

/// A time written as text, in milliseconds since 1970-01-01 00:00 of the same clock: `2015-01-31 19:05:39` with a
/// blank or a `T` and perhaps a fraction, as the TLC writes it, or `01/31/2015 07:05:39 PM`, as the city's Open Data
/// portal does.
pub(super) fn time(text: &str) -> Field {
    let text = text.trim();
    if text.is_empty() {
        return Err(Skipped::Missing);
    }
    let of_portal = text.as_bytes().get(2) == Some(&b'/');
    let parsed = if of_portal { portal_time(text) } else { iso_time(text) };
    parsed.map(|ms| ms as f64).ok_or(Skipped::Malformed)
}

fn iso_time(text: &str) -> Option<i64> {
    let (date, clock) = text.split_once([' ', 'T'])?;
    Some(date_ms(date)? + clock_ms(clock)?)
}

fn portal_time(text: &str) -> Option<i64> {
    let mut parts = text.split_ascii_whitespace();
    let (date, clock, half) = (parts.next()?, parts.next()?, parts.next()?);
    let mut date = date.split('/');
    let (month, day, year) = (digits(date.next()?)?, digits(date.next()?)?, digits(date.next()?)?);
    let in_half = clock_ms(clock)?;
    let (hour, noon) = (in_half / 3_600_000, 12 * 3_600_000);
    let ends = parts.next().is_none() && date.next().is_none();
    if !(1..=12).contains(&hour) || !ends {
        return None;
    }
    let past_noon = match half {
        "AM" => 0,
        "PM" => noon,
        _ => return None,
    };
    Some(days_since_1970(year, month, day)? * 86_400_000 + in_half % noon + past_noon)
}

/// Midnight of a date written `2015-01-31`.
pub(super) fn date_ms(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (year, month, day) = (digits(parts.next()?)?, digits(parts.next()?)?, digits(parts.next()?)?);
    let days = days_since_1970(year, month, day)?;
    parts.next().is_none().then_some(days * 86_400_000)
}

/// Milliseconds since midnight of `19:05:39` or `19:05:39.123456`.
fn clock_ms(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = whole.split(':');
    let (hour, minute, second) = (digits(parts.next()?)?, digits(parts.next()?)?, digits(parts.next()?)?);
    if hour > 23 || minute > 59 || second > 59 || parts.next().is_some() || fraction.len() > 9 {
        return None;
    }
    // Three digits of the fraction, filled up with zeros.
    let ms = digits(fraction)? * 1000 / 10_i64.pow(fraction.len() as u32);
    Some(((hour * 60 + minute) * 60 + second) * 1000 + ms)
}

/// Up to nine digits and nothing else: no sign, no blank.
fn digits(text: &str) -> Option<i64> {
    let plain = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, or `None` when there is no such date.
///
/// H. Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in March, so that the leap day comes last.
fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) || !(1..=9999).contains(&year) {
        return None;
    }
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}
