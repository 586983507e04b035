//! Someone who sees every step of a city and every word that people hear, and compares it with what was promised.
//!
//! Lives here: [`Witness`]: the promises checked as it happens, the hash of the whole run, the last steps in words.
//! Stays out: the promises themselves ([`dispatch::invariants`]).
//! Touch with care: what is written down here is what two runs of one seed are compared by; nothing in it may depend
//! on a hash map or on the machine.

use std::collections::VecDeque;
use std::fmt::{Debug, Write as _};

use dispatch::invariants::{Running, Violation};
use dispatch::{DriverChange, DriverId, LiveDriver, Notice, SessionId, Timestamp, Trip, Write};
use persistence::MemoryStore;

use super::Who;

/// How many steps are kept in words.
const LINES_MAX: usize = 20_000;
/// How much of a line is shown, in characters.
const LINE_SHOWN: usize = 400;

/// What one run has shown.
#[derive(Debug)]
pub struct Witness {
    promises: Running,
    journal_read: u64,
    steps: u64,
    hash: u64,
    lines: VecDeque<String>,
    broken: Vec<Violation>,
}

impl Default for Witness {
    fn default() -> Witness {
        let mut promises = Running::default();
        promises.listens_to_drivers();
        Witness {
            promises,
            journal_read: 0,
            steps: 0,
            hash: 0xcbf2_9ce4_8422_2325,
            lines: VecDeque::new(),
            broken: Vec::new(),
        }
    }
}

impl Witness {
    /// How many steps the cores have taken.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The whole run in one number (FNV-1a of its text): two runs of one seed have the same.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// The promises that were broken.
    #[must_use]
    pub fn broken(&self) -> &[Violation] {
        &self.broken
    }

    /// A promise that only whoever runs the city can check was broken.
    pub fn break_promise(&mut self, violation: Violation) {
        self.broken.push(violation);
    }

    /// The promises as they stand, for those that are checked from outside.
    pub fn promises(&mut self) -> &mut Running {
        &mut self.promises
    }

    /// The last steps in which any of these names occurs, oldest first; positions are left out.
    #[must_use]
    pub fn last_of(&self, names: &[String], most: usize) -> Vec<String> {
        let position = |line: &str| line.contains(" Pings([") || line.contains(" CarMoved(");
        let about = |line: &&String| !position(line) && names.iter().any(|name| mentions(line, name));
        let mut last: Vec<String> = self.lines.iter().rev().filter(about).take(most).map(|line| short(line)).collect();
        last.reverse();
        last
    }

    /// Writes something down that is no step of a core.
    pub(super) fn note(&mut self, at: Timestamp, what: &str, about: &dyn Debug) {
        let mut line = String::with_capacity(160);
        // Writing into a String cannot fail.
        let _ = write!(line, "{:>8} {:>11.3} {what} {about:?}", self.steps, at.millis() as f64 / 1_000.0);
        for byte in line.as_bytes() {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if self.lines.len() >= LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// A core takes a step.
    pub(super) fn step(&mut self, at: Timestamp, who: &Who, input: &dyn Debug) {
        self.steps += 1;
        self.note(at, "", &(who, input));
    }

    /// A driver's core has taken a step.
    pub(super) fn stepped(&mut self, live: &LiveDriver) {
        self.broken.extend(self.promises.acts(live.id(), live.generation(), live.home()));
    }

    /// Someone is told how a trip stands.
    pub(super) fn told(&mut self, trip: &Trip) {
        self.broken.extend(self.promises.told(trip));
    }

    /// A driver's app is told something.
    pub(super) fn noticed(&mut self, at: Timestamp, driver: &DriverId, session: SessionId, notice: &Notice) {
        self.note(at, "told", &(driver, session, notice));
        self.broken.extend(self.promises.noticed(driver, session, notice));
    }

    /// A session has ended.
    pub(super) fn hung_up(&mut self, at: Timestamp, driver: &DriverId, session: SessionId) {
        self.note(at, "hung up", &(driver, session));
        self.promises.hung_up(driver, session);
    }

    /// The store was asked to write this, and may have done so.
    pub(super) fn wrote(&mut self, store: &MemoryStore, write: &Write) {
        for (line, entry) in store.read_now(self.journal_read, 64) {
            self.journal_read = line;
            self.broken.extend(self.promises.journaled(&entry));
        }
        let driver = match write {
            Write::Trip(step) => {
                if let Some(row) = store.trip_now(step.after.id) {
                    self.broken.extend(self.promises.trip_row(&row));
                }
                match &step.driver {
                    DriverChange::Take(driver) | DriverChange::Free(driver) => Some(driver),
                    DriverChange::None => step.after.stage.committed_driver(),
                }
            }
            Write::Move { driver, .. } => Some(driver),
        };
        if let Some(driver) = driver {
            self.row(store, driver);
        }
    }

    /// A driver's row may have changed.
    pub(super) fn row(&mut self, store: &MemoryStore, driver: &DriverId) {
        if let Some(row) = store.driver_now(driver) {
            let trip = row.trip.map(|trip| trip.id);
            self.broken.extend(self.promises.driver_row(driver, trip, row.generation, row.home));
        }
    }
}

/// A line without what is the same in all lines of a trip, and cut to a readable length.
fn short(line: &str) -> String {
    let mut line = line.to_owned();
    for (from, to) in [
        ("pickup: Point {", "}, "),
        ("dropoff: Point {", "}, "),
        ("needs: Needs {", "}, "),
        ("rider: ", ", "),
        ("since: ", ", "),
        ("requested_at: ", ", "),
        ("order: Order {", "}, "),
    ] {
        while let Some(start) = line.find(from)
            && let Some(length) = line[start..].find(to)
        {
            line.replace_range(start..start + length + to.len(), "");
        }
    }
    line.chars().take(LINE_SHOWN).collect()
}

/// Whether a name occurs in a line, and not only as the beginning of a longer one.
fn mentions(line: &str, name: &str) -> bool {
    let ends = |(at, _): (usize, &str)| !line[at + name.len()..].starts_with(|next: char| next.is_ascii_alphanumeric());
    line.match_indices(name).any(ends)
}
