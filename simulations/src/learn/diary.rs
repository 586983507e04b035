//! What drivers did with their time: the spans that a table is learned from.

use dispatch::{StageName, Timestamp};
use geo::Point;

/// A driver who waits is written down this often, in seconds: what waiting leads to is a matter of minutes.
const EVERY_S: u64 = 300;

/// A driver was free there, and the next time here: after a while of waiting, or after a trip.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Where and when it began.
    pub from: (Point, Timestamp),
    /// Where and when it was over.
    pub to: (Point, Timestamp),
    /// For how many seconds a rider was in the car.
    pub earned_s: f64,
}

impl Span {
    /// How long it lasted, in seconds.
    #[must_use]
    pub fn lasts_s(&self) -> f64 {
        self.to.1.since(self.from.1).as_secs_f64()
    }
}

/// What one driver does.
#[derive(Clone, Copy, Debug)]
enum Does {
    /// Waits, since the last line.
    Waits { from: (Point, Timestamp) },
    /// Is on a trip that was accepted there and then, with the rider in the car since then.
    Drives { from: (Point, Timestamp), boarded: Option<Timestamp> },
}

/// The spans of a fleet, drivers by number.
#[derive(Clone, Debug, Default)]
pub struct Diary {
    does: Vec<Option<Does>>,
    spans: Vec<Span>,
}

impl Diary {
    /// A driver's phone says where it is.
    pub fn is_at(&mut self, driver: usize, point: Point, now: Timestamp) {
        match self.of(driver) {
            None => self.does[driver] = Some(Does::Waits { from: (point, now) }),
            Some(Does::Waits { from }) if now.since(from.1).as_secs() >= EVERY_S => {
                self.write(driver, from, (point, now), 0.0);
            }
            Some(_) => {}
        }
    }

    /// A driver who is there hears how the trip stands.
    pub fn hears(&mut self, driver: usize, stage: StageName, point: Point, now: Timestamp) {
        match (self.of(driver), stage) {
            (Some(Does::Waits { from }), StageName::EnRoute) => {
                self.write(driver, from, (point, now), 0.0);
                self.does[driver] = Some(Does::Drives { from: (point, now), boarded: None });
            }
            (Some(Does::Drives { from, boarded: None }), StageName::InProgress) => {
                self.does[driver] = Some(Does::Drives { from, boarded: Some(now) });
            }
            (Some(Does::Drives { from, boarded }), ended) if !ended.is_active() || ended == StageName::Searching => {
                let earned_s = boarded.map_or(0.0, |boarded| now.since(boarded).as_secs_f64());
                self.write(driver, from, (point, now), earned_s);
            }
            _ => {}
        }
    }

    /// All of it, in the order in which it was over.
    #[must_use]
    pub fn into_spans(self) -> Vec<Span> {
        self.spans
    }

    fn of(&mut self, driver: usize) -> Option<Does> {
        if driver >= self.does.len() {
            self.does.resize(driver + 1, None);
        }
        self.does[driver]
    }

    /// Writes a span down; the driver waits from there on.
    fn write(&mut self, driver: usize, from: (Point, Timestamp), to: (Point, Timestamp), earned_s: f64) {
        if to.1 > from.1 {
            self.spans.push(Span { from, to, earned_s });
        }
        self.does[driver] = Some(Does::Waits { from: to });
    }
}
