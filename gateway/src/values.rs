//! What a free car is worth where and when, as a file: written by a simulation that learned it, read at the start.
//!
//! Lives here: the text, line by line, and what may be wrong with it.
//! Stays out: what the numbers mean and how they are learned (`dispatch::Values`).
//!
//! The first lines name the form, the resolution, the slots and the days; then a line a cell: its H3 index and the worth
//! of each slot. Lines that begin with `#` are for people.

use std::fmt::Write as _;

use dispatch::{DayKinds, Slots, Values};
use geo::{Cell, Resolution};

const FORM: &str = "hansom-values 1";
/// More cells than a policy may count are no city.
const CELLS_MAX: usize = 1_000_000;

/// A text that holds no values. Make the file anew.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the values is {found:?}, wanted is {wanted}")]
pub struct BadValues {
    /// Which line, from 1.
    pub line: usize,
    /// What it says, or the part of it that is wrong.
    pub found: String,
    /// What should be there.
    pub wanted: &'static str,
}

/// The values as text. Reading it gives the same values, to a hundredth.
#[must_use]
pub fn write_values(values: &Values, utc_offset_min: i16) -> String {
    let slots = values.slots();
    let (resolution, minutes) = (values.resolution().get(), slots.lasts().as_secs() / 60);
    let mut text = format!("{FORM}\nresolution {resolution}\nslot_min {minutes}\n");
    // Writing into a String cannot fail.
    let _ = writeln!(text, "day_kinds {}\nutc_offset_min {utc_offset_min}", slots.kinds().name());
    for (cell, row) in values.rows() {
        let _ = write!(text, "{cell}");
        row.iter().for_each(|worth| _ = write!(text, " {worth:.2}"));
        text.push('\n');
    }
    text
}

/// Reads what [`write_values`] wrote.
///
/// # Errors
/// [`BadValues`] names the first line that is wrong.
pub fn read_values(text: &str) -> Result<Values, BadValues> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#') && !line.is_empty());
    let (line, form) = lines.next().unwrap_or((0, ""));
    if form != FORM {
        return Err(bad(line, form, "hansom-values 1"));
    }
    let resolution = head(&mut lines, "resolution", "resolution and a number from 0 to 15", |text| {
        Resolution::new(text.parse().ok()?).ok()
    })?;
    let minutes: u32 = head(&mut lines, "slot_min", "slot_min and a number", |text| text.parse().ok())?;
    let kinds: DayKinds =
        head(&mut lines, "day_kinds", "day_kinds and alike, work_and_weekend or seven_days", |text| text.parse().ok())?;
    let offset: i16 =
        head(&mut lines, "utc_offset_min", "utc_offset_min and minutes from -720 to 840", |text| text.parse().ok())?;
    let slots = Slots::new(minutes, kinds, offset).map_err(|why| bad(2, &why.value, why.allowed))?;
    let mut values = Values::new(resolution, slots, CELLS_MAX);
    for (line, row) in lines {
        let mut words = row.split(' ');
        let name = words.next().unwrap_or_default();
        let cell: Cell = name.parse().map_err(|_| bad(line, name, "an H3 cell"))?;
        let mut slot = 0;
        for word in words {
            let worth = word.parse().map_err(|_| bad(line, word, "a number"))?;
            if !values.set(cell, slot, worth) {
                return Err(bad(line, word, "a finite number for each slot, for a cell of the resolution"));
            }
            slot += 1;
        }
        if slot != slots.count() {
            return Err(bad(line, name, "a cell and a number for each slot"));
        }
    }
    Ok(values)
}

fn bad(line: usize, found: &str, wanted: &'static str) -> BadValues {
    BadValues { line: line + 1, found: found.to_owned(), wanted }
}

/// The next line, which begins with a name.
fn head<'a, T>(
    lines: &mut impl Iterator<Item = (usize, &'a str)>,
    name: &str,
    wanted: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, BadValues> {
    let (line, text) = lines.next().ok_or_else(|| bad(0, "", wanted))?;
    let value = text.strip_prefix(name).and_then(|rest| rest.strip_prefix(' ')).and_then(read);
    value.ok_or_else(|| bad(line, text, wanted))
}

#[cfg(test)]
mod tests;
