//! `bench quality`: how well Hansom's own cores dispatch, on cases whose answers others have published or can run.
//!
//! Lives here: which cases there are, where their data is, what happens when it is not there.
//! Stays out: the cases themselves (a file each), how rows are made and shown ([`super`]).
//! Touch with care: a figure is made by the production cores of `dispatch`, never by a shortcut of the bench; a case
//! whose data or peer is absent is a row that says so, never a row that is left out.

mod cabs;
mod dense;
mod play;
mod pm3h;
mod protocol;
mod pyhailing;
mod thursday;

use std::path::{Path, PathBuf};

use super::{Failure, Row, Settings};

/// A case: what the settings want of it, measured or skipped with the reason.
type Case = fn(&Settings) -> Vec<Row>;

const CASES: [Case; 5] = [pyhailing::rows, dense::rows, pm3h::rows, thursday::rows, cabs::rows];

/// Plays what the settings ask for.
///
/// # Errors
/// When nothing is called what the filter says. A case that cannot be played is a row that says why.
pub fn run(settings: &Settings) -> Result<Vec<Row>, Failure> {
    let rows: Vec<Row> = CASES.iter().flat_map(|case| case(settings)).collect();
    if rows.is_empty() {
        let filter = &settings.filter;
        return Err(format!("no case contains {filter:?}: try --filter pyhailing, dense, PM3h, Thursday, cabs").into());
    }
    Ok(rows)
}

/// A file of the data folder: where the settings say it is, else beside the checkout.
///
/// # Errors
/// In words for the row that is skipped: where it was looked for, and how to say where it is.
fn data_file(settings: &Settings, name: &str) -> Result<PathBuf, String> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let file = settings.data.clone().unwrap_or_else(beside).join(name);
    if file.is_file() { Ok(file) } else { Err(format!("no data at {}: say where with --data", file.display())) }
}

#[cfg(test)]
mod tests;
