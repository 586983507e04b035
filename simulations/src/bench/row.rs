//! One comparison, and what it was hoped to show.
//!
//! Lives here: rows, targets, ratios.
//! Stays out: how the figures came about, how they are printed for people ([`super::table`]).

use serde::Serialize;

/// Which figures a target speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Of {
    /// How many times the peer's figure is ours: for costs, how many times faster we are.
    #[serde(rename = "peer/ours")]
    PeerByOurs,
    /// How many times our figure is the peer's.
    #[serde(rename = "ours/peer")]
    OursByPeer,
    /// Our figure alone, in the row's unit.
    #[serde(rename = "ours")]
    Ours,
}

/// On which side of the value the figure is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Op {
    /// As large or larger.
    #[serde(rename = ">=")]
    AtLeast,
    /// As small or smaller.
    #[serde(rename = "<=")]
    AtMost,
}

/// What a comparison is hoped to show.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Target {
    /// Of which figures.
    pub of: Of,
    /// On which side.
    pub op: Op,
    /// Of what value.
    pub value: f64,
}

impl Target {
    /// Ours costs at most one `value`-th of the peer.
    #[must_use]
    pub const fn times_faster(value: f64) -> Target {
        Target { of: Of::PeerByOurs, op: Op::AtLeast, value }
    }

    /// Ours costs at most `value` times the peer.
    #[must_use]
    pub const fn within_times(value: f64) -> Target {
        Target { of: Of::OursByPeer, op: Op::AtMost, value }
    }

    /// Ours does at least `value` times as much as the peer.
    #[must_use]
    pub const fn times_more(value: f64) -> Target {
        Target { of: Of::OursByPeer, op: Op::AtLeast, value }
    }

    /// Ours is at most `value`, in the row's unit, whatever the peer's.
    #[must_use]
    pub const fn at_most(value: f64) -> Target {
        Target { of: Of::Ours, op: Op::AtMost, value }
    }

    /// Ours is at least `value`, in the row's unit, whatever the peer's.
    #[must_use]
    pub const fn at_least(value: f64) -> Target {
        Target { of: Of::Ours, op: Op::AtLeast, value }
    }

    /// The target in words.
    #[must_use]
    pub fn text(&self) -> String {
        let value = self.value;
        match (self.of, self.op) {
            (Of::PeerByOurs, Op::AtLeast) => format!("ours at least {value}x faster"),
            (Of::PeerByOurs, Op::AtMost) => format!("ours at most {value}x faster"),
            (Of::OursByPeer, Op::AtMost) => format!("ours within {value}x"),
            (Of::OursByPeer, Op::AtLeast) => format!("ours at least {value}x as much"),
            (Of::Ours, Op::AtMost) => format!("ours at most {value}"),
            (Of::Ours, Op::AtLeast) => format!("ours at least {value}"),
        }
    }
}

/// One comparison: one line of the table, one object in JSON. What is not known is null there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What was done.
    pub name: String,
    /// Our figure, in `unit`.
    pub ours: Option<f64>,
    /// The peer's figure, in `unit`.
    pub peer: Option<f64>,
    /// Who the peer is, with its version where it has one.
    pub peer_name: String,
    /// What both figures count.
    pub unit: &'static str,
    /// As the target says: ours by peer's where it speaks of that; everywhere else, and without a target, the peer's
    /// by ours.
    pub ratio: Option<f64>,
    /// What was hoped for.
    pub target: Option<Target>,
    /// Whether it came true; null without a target, and when a figure it needs is missing.
    pub holds: Option<bool>,
    /// Why a figure is missing, and what to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

impl Row {
    /// A row with its ratio and verdict worked out. A figure that is no number above 0 counts as missing.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        unit: &'static str,
        ours: Option<f64>,
        (peer_name, peer): (impl Into<String>, Option<f64>),
        target: Option<Target>,
    ) -> Row {
        let sound = |figure: Option<f64>| figure.filter(|value| value.is_finite() && *value > 0.0);
        let (ours, peer) = (sound(ours), sound(peer));
        let of = target.map_or(Of::PeerByOurs, |target| target.of);
        let ratio = ours.zip(peer).map(|(ours, peer)| if of == Of::OursByPeer { ours / peer } else { peer / ours });
        let holds = target.and_then(|target| {
            let figure = if of == Of::Ours { ours } else { ratio };
            figure.map(|figure| match target.op {
                Op::AtLeast => figure >= target.value,
                Op::AtMost => figure <= target.value,
            })
        });
        let (name, peer_name) = (name.into(), peer_name.into());
        Row { name, ours, peer, peer_name, unit, ratio, target, holds, skipped: None }
    }

    /// Which way round the ratio is: [`Of::OursByPeer`] or [`Of::PeerByOurs`].
    #[must_use]
    pub fn ratio_of(&self) -> Of {
        match self.target {
            Some(Target { of: Of::OursByPeer, .. }) => Of::OursByPeer,
            _ => Of::PeerByOurs,
        }
    }

    /// The same row, saying why a figure is missing.
    #[must_use]
    pub fn because(self, skipped: impl Into<String>) -> Row {
        Row { skipped: Some(skipped.into()), ..self }
    }
}
