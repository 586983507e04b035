//! What a free car is worth by cell and time of day, as a text file.
//!
//! Lives here: the format, read and written.
//! Stays out: how the worth is learned (`hansom-sim learn`), what it does to a match (`dispatch`).
//! Touch with care: files outlive programs. What changes how a file is read needs a new number in its first line.
//!
//! The file: one thing a line, words with spaces between them; empty lines and those that begin with `#` say nothing.
//! ```text
//! hansom-worth 1
//! resolution 8
//! slot_min 30
//! day_kinds alike
//! 882a100d25fffff 12.5 -3 ...
//! ```
//! First the format and its version. Then how fine the H3 cells are, how many minutes a slot of the day lasts, and which
//! days are alike (`alike`, `work_and_weekend`, `seven_days`), in this order. Then a line for each cell: its name and its
//! worth at the beginning of each slot, from midnight by the city's clocks, for each kind of day; in between it is a
//! straight line. Worth is in seconds of pickup time before it is weighed by `policy.weights.future`; only differences
//! between cells count, and a cell without a line is worth 0.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use dispatch::{DayKinds, Slots, Values};
use geo::{Cell, Resolution};

/// The first line of a file that this version reads.
const FIRST_LINE: &str = "hansom-worth 1";
/// More cells than the largest city has at resolution 8.
const CELLS_MAX: usize = 100_000;
/// Nothing is worth more than a day.
const WORTH_MAX: f64 = 86_400.0;

/// A file that is not one, and where it ceases to be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {field} is {value}, allowed is {allowed}")]
pub struct BadWorth {
    /// Counted from 1; one more than there are when something is missing at the end.
    pub line: usize,
    /// What should stand there.
    pub field: &'static str,
    /// What does.
    pub value: String,
    /// What may.
    pub allowed: String,
}

/// The lines that say something, with their numbers.
struct Lines<'a> {
    lines: Vec<(usize, &'a str)>,
    next: usize,
    end: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Lines<'a> {
        let says = |(_, line): &(usize, &str)| !line.is_empty() && !line.starts_with('#');
        let lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim())).filter(says).collect();
        Lines { lines, next: 0, end: text.lines().count() + 1 }
    }

    fn next(&mut self) -> Option<(usize, &'a str)> {
        let line = self.lines.get(self.next).copied();
        self.next += 1;
        line
    }

    /// The value of a line that begins with this word.
    fn named<T>(
        &mut self,
        field: &'static str,
        allowed: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, BadWorth> {
        let (line, text) = self.next().unwrap_or((self.end, "missing"));
        let value = text.strip_prefix(field).map(str::trim).and_then(read);
        value.ok_or_else(|| bad(line, field, text, &format!("{field} and {allowed}")))
    }
}

fn bad(line: usize, field: &'static str, value: &str, allowed: &str) -> BadWorth {
    BadWorth { line, field, value: value.chars().take(80).collect(), allowed: allowed.to_owned() }
}

/// Reads such a file for a city whose clocks are so many minutes ahead of UTC.
///
/// # Errors
/// [`BadWorth`] names the first line that is wrong, and what it should be.
pub fn read_worth(text: &str, utc_offset_min: i16) -> Result<Values, BadWorth> {
    let mut lines = Lines::new(text);
    let (line, first) = lines.next().unwrap_or((lines.end, "missing"));
    if first != FIRST_LINE {
        return Err(bad(line, "the first line", first, FIRST_LINE));
    }
    let resolution = lines.named("resolution", "an H3 resolution from 5 to 10", |text| {
        let number: u8 = text.parse().ok()?;
        (5..=10).contains(&number).then(|| Resolution::new(number).ok()).flatten()
    })?;
    let slot_min: u32 = lines.named("slot_min", "minutes from 5 to 240, a whole part of a day", |text| {
        text.parse().ok().filter(|minutes| Slots::new(*minutes, DayKinds::Alike, 0).is_ok())
    })?;
    let kinds: DayKinds =
        lines.named("day_kinds", "alike, work_and_weekend or seven_days", |text| text.parse().ok())?;
    let slots = Slots::new(slot_min, kinds, utc_offset_min)
        .map_err(|why| bad(lines.end, "slot_min", &why.value, why.allowed))?;
    let mut values = Values::new(resolution, slots, CELLS_MAX);
    let mut seen = BTreeSet::new();
    while let Some((line, text)) = lines.next() {
        let mut words = text.split_whitespace();
        let name = words.next().unwrap_or_default();
        let cell: Option<Cell> = name.parse().ok().filter(|cell: &Cell| cell.resolution() == resolution);
        let allowed = "an H3 cell of the file's resolution, each once";
        let cell = cell.filter(|cell| seen.insert(*cell)).ok_or_else(|| bad(line, "cell", name, allowed))?;
        if seen.len() > CELLS_MAX {
            return Err(bad(line, "cell", name, "nothing more: a file has at most 100000 cells"));
        }
        read_row(&mut values, cell, line, words)?;
    }
    Ok(values)
}

fn read_row<'a>(
    values: &mut Values,
    cell: Cell,
    line: usize,
    words: impl Iterator<Item = &'a str>,
) -> Result<(), BadWorth> {
    let slots = values.slots().count();
    let mut count = 0;
    for (slot, word) in words.enumerate() {
        let worth = word.parse().ok().filter(|worth: &f64| (-WORTH_MAX..=WORTH_MAX).contains(worth));
        let worth = worth.ok_or_else(|| bad(line, "worth", word, "a number from -86400 to 86400"))?;
        if slot < slots {
            values.set(cell, slot, worth);
        }
        count += 1;
    }
    if count == slots {
        return Ok(());
    }
    Err(bad(line, "the count of worths", &count.to_string(), &format!("{slots}, one for each slot")))
}

/// Writes a table as such a file, to a tenth of a second.
#[must_use]
pub fn write_worth(values: &Values) -> String {
    let slots = values.slots();
    let mut text = format!(
        "{FIRST_LINE}\nresolution {}\nslot_min {}\nday_kinds {}\n",
        values.resolution().get(),
        slots.lasts().as_secs() / 60,
        slots.kinds().name()
    );
    for (cell, row) in values.rows() {
        // Writing into a String cannot fail.
        let _ = write!(text, "{cell}");
        for worth in row {
            let tenths = (f64::from(*worth).clamp(-WORTH_MAX, WORTH_MAX) * 10.0).round() / 10.0;
            let _ = write!(text, " {tenths}");
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests;
