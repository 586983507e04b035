//! Where one driver is, as far as the phone can be believed.
//!
//! Lives here: [`Track::take`]: which positions count, which are late, told twice, or farther away than a car can have
//! come; how plausible a driver is.
//! Stays out: whose position it is, and what follows from it.
//! Touch with care: a position that is not believed changes nothing that a match or a rider sees, however often it is
//! sent; one that is confirmed by where the car then goes is believed, or a phone that was wrong once would be lost.

use std::time::Duration;

use geo::{Fix, Meters, Point, is_within};

use crate::{CarPosition, Ping, Policy, Timestamp};

/// A position that was measured before the one that is known is late when both came within this time: then one has
/// overtaken the other. After a longer time it is the phone's clock that went back, and the newcomer counts.
const OVERTAKEN_WITHIN: Duration = Duration::from_secs(3);

/// What a phone's position may be off without being called implausible, beyond what it says itself. In streets
/// between towers 100 m is common; the rest is for two of them in opposite directions.
const DRIFT: f64 = 250.0;

/// So many positions in a row that agree with each other, but not with where the car was, are believed after all.
const AGREEING: u32 = 3;

/// What a jump costs, and what each position that is believed gives back, of [`PLAUSIBLE`].
const JUMP_COSTS: u8 = 25;
const HONESTY_GIVES: u8 = 1;

/// The plausibility of a driver whose positions were all such as a car can have.
pub const PLAUSIBLE: u8 = 100;

/// A position that is believed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Position {
    pub(crate) point: Point,
    pub(crate) heading: Option<f64>,
    pub(crate) accuracy: Option<Meters>,
    pub(crate) measured_at: Timestamp,
    pub(crate) received_at: Timestamp,
}

impl Position {
    /// As the index of drivers keeps it: its age counts from when the server heard of it, for a phone's clock may be
    /// wrong.
    pub(crate) fn fix(&self) -> Fix {
        let seen_ms = millis(self.received_at);
        Fix { point: self.point, seen_ms, heading: self.heading, accuracy: self.accuracy }
    }

    /// As a rider sees it.
    pub(crate) fn car(&self) -> CarPosition {
        CarPosition { point: self.point, at: self.received_at, heading: self.heading, accuracy: self.accuracy }
    }
}

/// A moment as the index of drivers counts it.
pub(crate) fn millis(at: Timestamp) -> i64 {
    i64::try_from(at.millis()).unwrap_or(i64::MAX)
}

/// What became of a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is where the driver is.
    Believed,
    /// A later one is known.
    Late,
    /// It is known already.
    Doubled,
    /// No car is that fast.
    Implausible,
}

/// Where one driver was last, and how far the phone is to be trusted.
#[derive(Clone, Debug)]
pub(crate) struct Track {
    last: Option<Position>,
    /// The last position that was not believed, and how many in a row agreed with it.
    doubted: Option<(Position, u32)>,
    plausibility: u8,
}

impl Default for Track {
    fn default() -> Track {
        Track { last: None, doubted: None, plausibility: PLAUSIBLE }
    }
}

impl Track {
    /// The position that is believed.
    pub(crate) fn position(&self) -> Option<Position> {
        self.last
    }

    /// [`PLAUSIBLE`] down to 0.
    pub(crate) fn plausibility(&self) -> u8 {
        self.plausibility
    }

    /// Takes a position in, or not.
    pub(crate) fn take(&mut self, now: Timestamp, policy: &Policy, ping: &Ping) -> Verdict {
        // Nothing was measured in the future: that is a clock that goes ahead.
        let measured_at = ping.measured_at.min(now);
        let new = Position {
            point: ping.point,
            heading: ping.heading,
            accuracy: ping.accuracy,
            measured_at,
            received_at: now,
        };
        let Some(held) = self.last else { return self.believe(new) };
        if now.since(held.received_at) < OVERTAKEN_WITHIN {
            if measured_at < held.measured_at {
                return Verdict::Late;
            }
            if measured_at == held.measured_at && ping.point == held.point {
                return Verdict::Doubled;
            }
        }
        if could_have_come(held, new, policy.speed_max_mps) {
            return self.believe(new);
        }
        let agreeing = match self.doubted {
            Some((doubted, count)) if could_have_come(doubted, new, policy.speed_max_mps) => count + 1,
            _ => 1,
        };
        if agreeing >= AGREEING {
            return self.believe(new);
        }
        if agreeing == 1 {
            self.plausibility = self.plausibility.saturating_sub(JUMP_COSTS);
        }
        self.doubted = Some((new, agreeing));
        Verdict::Implausible
    }

    fn believe(&mut self, new: Position) -> Verdict {
        self.last = Some(new);
        self.doubted = None;
        self.plausibility = (self.plausibility + HONESTY_GIVES).min(PLAUSIBLE);
        Verdict::Believed
    }
}

/// Whether a car can have come from one position to another in the time between them: by the phone's clock or by
/// ours, whichever leaves more, for either may be wrong.
fn could_have_come(from: Position, to: Position, speed_max_mps: f64) -> bool {
    let time = to.measured_at.since(from.measured_at).max(to.received_at.since(from.received_at));
    let unsure: f64 = [from, to].iter().filter_map(|position| position.accuracy).map(Meters::get).sum();
    is_within(from.point, to.point, time.as_secs_f64() * speed_max_mps + DRIFT + unsure)
}

#[cfg(test)]
mod tests;
