//! A contraction hierarchy: the graph with its junctions in order of importance, and shortcuts over the less important.
//!
//! Every shortest way has a form that first only climbs to more important junctions and then only descends. So a search
//! from each end that only climbs meets at the top, after a few hundred junctions instead of tens of thousands.
//! (Geisberger, Sanders, Schultes, Delling: Contraction Hierarchies, 2008.)
//!
//! Lives here: the finished hierarchy, and taking a shortcut apart.
//! Stays out: making it (`contract`), searching it (`search`), storing it (`file`).
//! Touch with care: a junction's number is its rank. A link is kept at its lower end, so its halves are always
//! at a junction that is lower still, and taking it apart must come to an end.

use super::cost::Cost;
use super::turns::Arc;

/// Marks a link that is a direction of a street, not a shortcut.
pub(super) const ARC: u32 = 1 << 31;

/// One link of a junction to a more important one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// The more important end.
    pub(super) other: u32,
    /// The junction in the middle of a shortcut, or a direction of a street with [`ARC`] set.
    pub(super) via: u32,
    /// What it costs.
    pub(super) cost: Cost,
}

/// The links of every junction to more important ones, all in one direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Star {
    /// Where the links of each junction begin; one more at the end.
    pub(super) first: Vec<u32>,
    /// All links, by junction and then by the other end.
    pub(super) links: Vec<Link>,
}

impl Star {
    /// The links of a junction.
    pub(super) fn of(&self, junction: u32) -> &[Link] {
        let at = junction as usize;
        &self.links[self.first[at] as usize..self.first[at + 1] as usize]
    }

    /// The link from a junction to a more important one.
    pub(super) fn link(&self, lower: u32, higher: u32) -> Option<&Link> {
        self.of(lower).iter().find(|link| link.other == higher)
    }
}

/// The whole hierarchy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hierarchy {
    /// Links that lead up, to be driven from the lower end.
    pub(super) up: Star,
    /// Links that lead down, kept at the lower end, to be driven from the other.
    pub(super) down: Star,
}

impl Hierarchy {
    /// How many junctions it has.
    pub(super) fn junctions(&self) -> u32 {
        self.up.first.len().saturating_sub(1) as u32
    }

    /// How many of its links are shortcuts.
    pub(super) fn shortcuts(&self) -> usize {
        self.up.links.iter().chain(&self.down.links).filter(|link| link.via & ARC == 0).count()
    }

    /// The link from one junction to another, whichever is higher.
    pub(super) fn link(&self, from: u32, to: u32) -> Option<&Link> {
        if from < to { self.up.link(from, to) } else { self.down.link(to, from) }
    }

    /// The directions of streets, in order, that a walk over these junctions stands for.
    pub(super) fn arcs(&self, walk: &[u32]) -> Vec<Arc> {
        let mut arcs = Vec::new();
        let mut open: Vec<(u32, u32)> = walk.windows(2).map(|pair| (pair[0], pair[1])).rev().collect();
        while let Some((from, to)) = open.pop() {
            match self.link(from, to).map(|link| link.via) {
                Some(via) if via & ARC != 0 => arcs.push(via & !ARC),
                Some(middle) => open.extend([(middle, to), (from, middle)]),
                None => debug_assert!(false, "the halves of every shortcut were checked when it was made or read"),
            }
        }
        arcs
    }
}
