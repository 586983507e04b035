//! What a provider of travel times answers: how long and how far, or why it cannot tell.

use std::time::Duration;

use crate::{Meters, Point};

/// A drive from one point to another: how long and how far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drive {
    /// How long it takes.
    pub time: Duration,
    /// How long the way is, along the road.
    pub distance: Meters,
}

/// Why a provider knows no drive between two points.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum NoDrive {
    /// One end lies outside what the provider knows: no road near it, or no zone.
    #[error("{}, {} lies outside the known ground", .at.lat(), .at.lon())]
    Outside {
        /// That end.
        at: Point,
    },
    /// Both ends are known, but no way leads from one to the other.
    #[error("no way leads from {}, {} to {}, {}", .from.lat(), .from.lon(), .to.lat(), .to.lon())]
    NoWay {
        /// Where it would begin.
        from: Point,
        /// Where it would end.
        to: Point,
    },
}
