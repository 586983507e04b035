//! Who does something next.
//!
//! Lives here: [`Turns`]: what people do, in the order of time; of one moment in the order in which it was planned.
//! Stays out: what they do.
//! Touch with care: a phone sends its position every few seconds, and there are thousands: positions stand in lines, each
//! in the order of time, and only what does not come at the end of a line is sorted in.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use dispatch::{Timestamp, TripId};

/// Who does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    /// The next rider asks.
    Ask,
    /// The phone in this seat sends its position.
    Ping(usize),
    /// The driver in this seat.
    Driver(usize),
    /// The rider of this trip.
    Rider(TripId),
}

/// Phones speak at one pace, or at two: then the slow ones stand in a line of their own.
const LINES: usize = 2;

type Key = (Timestamp, u64);

/// What people are going to do.
#[derive(Debug, Default)]
pub(super) struct Turns {
    due: BinaryHeap<Reverse<(Timestamp, u64, Turn)>>,
    /// Of positions: when, the number of the turn, the seat.
    lines: [VecDeque<(Key, usize)>; LINES],
    /// By seat: when the driver's turns are that have not come yet.
    drivers: Vec<Vec<Timestamp>>,
    planned: u64,
}

impl Turns {
    /// Somebody does something then.
    pub(super) fn plan(&mut self, at: Timestamp, turn: Turn) {
        if let Turn::Driver(seat) = turn {
            if self.drivers.len() <= seat {
                self.drivers.resize_with(seat + 1, Vec::new);
            }
            // Said again and again while nothing changes: once is enough.
            if self.drivers[seat].contains(&at) {
                return;
            }
            self.drivers[seat].push(at);
        }
        self.planned += 1;
        let key = (at, self.planned);
        if let Turn::Ping(seat) = turn
            && let Some(line) = self.lines.iter_mut().find(|line| line.back().is_none_or(|(last, _)| *last < key))
        {
            return line.push_back((key, seat));
        }
        self.due.push(Reverse((at, self.planned, turn)));
    }

    /// When the next turn is.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        let sorted = self.due.peek().map(|Reverse((at, _, _))| *at);
        self.lines.iter().filter_map(|line| line.front()).map(|((at, _), _)| *at).chain(sorted).min()
    }

    /// The next turn, when it has come.
    pub(super) fn take(&mut self) -> Option<Turn> {
        let sorted = self.due.peek().map(|Reverse((at, number, _))| (*at, *number));
        let fronts = self.lines.iter_mut().filter_map(|line| Some((line.front()?.0, line)));
        if let Some((key, line)) = fronts.min_by_key(|(key, _)| *key)
            && sorted.is_none_or(|sorted| key < sorted)
        {
            return line.pop_front().map(|(_, seat)| Turn::Ping(seat));
        }
        let Reverse((at, _, turn)) = self.due.pop()?;
        if let Turn::Driver(seat) = turn {
            self.drivers[seat].retain(|planned| *planned != at);
        }
        Some(turn)
    }
}

#[cfg(test)]
mod tests;
