//! What goes into the index, what is asked of it, and what comes out.

use std::time::Duration;

use super::Slot;
use super::bucket::Member;
use crate::{Meters, Point};

/// Where a thing is, as it was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fix {
    /// Where.
    pub point: Point,
    /// When, in milliseconds on the caller's clock.
    pub seen_ms: i64,
    /// Degrees clockwise from north, if known. Kept to 0.01 degrees.
    pub heading: Option<f64>,
    /// How far off the position may be, if known. Kept to 0.1 m, up to 6,553 m.
    pub accuracy: Option<Meters>,
}

impl Fix {
    /// A position with nothing known but where and when.
    #[must_use]
    pub fn at(point: Point, seen_ms: i64) -> Fix {
        Fix { point, seen_ms, heading: None, accuracy: None }
    }
}

/// A set of up to 32 marks on a thing. What a mark means is the caller's business: a class of vehicle, a seat, a ramp
/// for wheelchairs, "may be had now".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tags(pub u32);

impl Tags {
    /// No mark at all.
    pub const NONE: Tags = Tags(0);

    /// The marks of both.
    #[must_use]
    pub const fn and(self, other: Tags) -> Tags {
        Tags(self.0 | other.0)
    }

    /// Whether every mark of `wanted` is here.
    #[must_use]
    pub const fn has_all(self, wanted: Tags) -> bool {
        self.0 & wanted.0 == wanted.0
    }

    /// Whether at least one mark of `wanted` is here.
    #[must_use]
    pub const fn has_any(self, wanted: Tags) -> bool {
        self.0 & wanted.0 != 0
    }
}

/// What is wanted of a thing that is near.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    /// How far away it may be, along a great circle.
    pub within: Meters,
    /// Marks it must have, all of them.
    pub all: Tags,
    /// Marks of which it must have one; [`Tags::NONE`] asks for none.
    pub any: Tags,
    /// Marks it must not have.
    pub none: Tags,
    /// The moment of the question, in milliseconds on the clock of [`Fix::seen_ms`].
    pub now_ms: i64,
    /// How old its position may be.
    pub age_max: Option<Duration>,
}

impl Search {
    /// Everything within a distance, whatever its marks and its age.
    #[must_use]
    pub fn within(within: Meters) -> Search {
        Search { within, all: Tags::NONE, any: Tags::NONE, none: Tags::NONE, now_ms: 0, age_max: None }
    }

    /// Only what was seen within `age` before `now_ms`. Answers tell their age as of `now_ms`.
    #[must_use]
    pub fn seen(mut self, now_ms: i64, age: Option<Duration>) -> Search {
        (self.now_ms, self.age_max) = (now_ms, age);
        self
    }

    #[inline]
    pub(super) fn wants(&self, tags: Tags) -> bool {
        tags.has_all(self.all) && !tags.has_any(self.none) && (self.any == Tags::NONE || tags.has_any(self.any))
    }

    /// Whether anything goes, whatever its marks.
    pub(super) fn wants_any_tags(&self) -> bool {
        self.all == Tags::NONE && self.any == Tags::NONE && self.none == Tags::NONE
    }

    /// The oldest moment at which a position may have been measured.
    pub(super) fn seen_since_ms(&self) -> i64 {
        let age = |age: Duration| self.now_ms.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
        self.age_max.map_or(i64::MIN, age)
    }
}

/// One answer to "who is near".
#[derive(Clone, Copy, Debug)]
pub struct Near<'a, K> {
    pub(super) slot: &'a Slot<K>,
    pub(super) member: Member,
    pub(super) metres: f64,
    pub(super) now_ms: i64,
}

impl<'a, K> Near<'a, K> {
    /// Who.
    #[must_use]
    pub fn key(&self) -> &'a K {
        &self.slot.key
    }

    /// Where, rounded to 2^-32 of a turn (at most 4.7 mm on each axis).
    #[must_use]
    pub fn point(&self) -> Point {
        self.member.at.point()
    }

    /// How far from the question to [`Near::point`], along a great circle.
    #[must_use]
    pub fn distance(&self) -> Meters {
        Meters::new(self.metres).expect("a distance between two places is finite and not negative")
    }

    /// How long before the moment of the question the position was measured; zero if it is newer.
    #[must_use]
    pub fn age(&self) -> Duration {
        Duration::from_millis(self.now_ms.saturating_sub(self.slot.seen_ms).max(0).unsigned_abs())
    }

    /// Degrees clockwise from north, if known.
    #[must_use]
    pub fn heading(&self) -> Option<f64> {
        self.slot.heading.degrees()
    }

    /// How far off the position may be, if known.
    #[must_use]
    pub fn accuracy(&self) -> Option<Meters> {
        self.slot.accuracy.metres()
    }

    /// The marks.
    #[must_use]
    pub fn tags(&self) -> Tags {
        self.member.who.tags
    }
}

impl<K: Ord> Near<'_, K> {
    /// Whether this is told before another: nearer, or as near and first by name.
    pub(super) fn is_before(&self, other: &Near<'_, K>) -> bool {
        self.metres < other.metres || (self.metres == other.metres && self.key() < other.key())
    }
}

/// A heading in two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Heading(u16);

impl Heading {
    pub(super) fn of(degrees: Option<f64>) -> Heading {
        let hundredths = |degrees: f64| (degrees.rem_euclid(360.0) * 100.0).round() as u16 % 36_000;
        Heading(degrees.filter(|degrees| degrees.is_finite()).map_or(u16::MAX, hundredths))
    }

    pub(super) fn degrees(self) -> Option<f64> {
        (self.0 != u16::MAX).then(|| f64::from(self.0) / 100.0)
    }
}

/// How far off a position may be, in two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accuracy(u16);

impl Accuracy {
    pub(super) fn of(metres: Option<Meters>) -> Accuracy {
        let tenths = |metres: Meters| (metres.get() * 10.0).round().min(f64::from(u16::MAX - 1)) as u16;
        Accuracy(metres.map_or(u16::MAX, tenths))
    }

    pub(super) fn metres(self) -> Option<Meters> {
        (self.0 != u16::MAX).then(|| Meters::new(f64::from(self.0) / 10.0).expect("a u16 is finite and not negative"))
    }
}
