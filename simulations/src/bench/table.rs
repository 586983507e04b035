//! Rows for people: aligned, with a last line that sums up.
//!
//! Lives here: the table and how numbers are written in it.
//! Stays out: JSON, which is the rows as they are.

use std::fmt::Write as _;

use super::{Of, Row, cpu};

const HEADS: [&str; 7] = ["case", "ours", "peer", "unit", "ratio", "target", ""];
/// Which columns hold numbers, and so end where the others begin.
const NUMBERS: [bool; 7] = [false, true, true, false, true, false, false];

/// The rows as a table.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut lines: Vec<[String; 7]> = vec![HEADS.map(str::to_owned)];
    lines.extend(rows.iter().map(cells));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 7] = std::array::from_fn(width);
    let mut text = String::new();
    for line in &lines {
        let mut written = String::new();
        for (column, cell) in line.iter().enumerate() {
            let wide = widths[column];
            // Writing into a String cannot fail.
            let _ = match NUMBERS[column] {
                true => write!(written, "{cell:>wide$}  "),
                false => write!(written, "{cell:<wide$}  "),
            };
        }
        text.push_str(written.trim_end());
        text.push('\n');
    }
    text.push_str(&summary(rows));
    text
}

fn cells(row: &Row) -> [String; 7] {
    let known = |figure: Option<f64>| figure.map_or_else(|| "-".to_owned(), figure_text);
    let verdict = match (row.holds, &row.skipped) {
        (Some(true), _) => "holds".to_owned(),
        (Some(false), _) => "MISSED".to_owned(),
        (None, Some(why)) => format!("skipped: {why}"),
        (None, None) => String::new(),
    };
    [
        format!("{} vs {}", row.name, row.peer_name),
        known(row.ours),
        known(row.peer),
        row.unit.to_owned(),
        ratio_text(row),
        row.target.map(|target| target.text()).unwrap_or_default(),
        verdict,
    ]
}

/// The ratio, with what it is of what.
fn ratio_text(row: &Row) -> String {
    let of = if row.ratio_of() == Of::OursByPeer { "ours/peer" } else { "peer/ours" };
    row.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{of} {:>6}", figure_text(ratio)))
}

/// Three digits that count, thousands set apart.
fn figure_text(figure: f64) -> String {
    match figure {
        small if small < 9.995 => format!("{small:.2}"),
        middling if middling < 99.95 => format!("{middling:.1}"),
        large => {
            let digits = format!("{large:.0}");
            let mut text = String::new();
            for (place, digit) in digits.chars().enumerate() {
                if place > 0 && (digits.len() - place) % 3 == 0 {
                    text.push(',');
                }
                text.push(digit);
            }
            text
        }
    }
}

fn summary(rows: &[Row]) -> String {
    let count = |wanted: fn(&Row) -> bool| rows.iter().filter(|row| wanted(row)).count();
    let hold = count(|row| row.holds == Some(true));
    let missed = count(|row| row.holds == Some(false));
    let mut text = format!("{} cases: {hold} of {} targets hold", rows.len(), hold + missed);
    if missed > 0 {
        text.push_str(&format!(", {missed} MISSED"));
    }
    let skipped = count(|row| row.skipped.is_some());
    if skipped > 0 {
        text.push_str(&format!(", {skipped} skipped"));
    }
    if let Some(load) = cpu::load_average() {
        text.push_str(&format!("; load average {load:.1}"));
    }
    if cfg!(debug_assertions) {
        text.push_str("; NOT a release build: the figures mean little");
    }
    text.push('\n');
    text
}
