//! What an import tells: how far it is, and what became of the extract.
//!
//! Lives here: plain counts.
//! Stays out: counting, which is done where things happen.

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many bytes of the extract were read.
    Read {
        /// From the beginning.
        bytes: u64,
    },
    /// So many junctions have their place in the hierarchy; the last ones take longest.
    Prepared {
        /// How many are done.
        junctions: u64,
        /// How many there are.
        of: u64,
    },
}

/// What became of an extract.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportReport {
    /// Bytes that were read.
    pub bytes: u64,
    /// Nodes in the extract, of whatever kind.
    pub nodes: u64,
    /// Ways in the extract, of whatever kind.
    pub ways: u64,
    /// Ways that a car may drive on.
    pub drivable_ways: u64,
    /// Drivable ways that are open in one direction only.
    pub one_way_ways: u64,
    /// Roads left out because the public may not drive there: private, no access, under a gate.
    pub closed_ways: u64,
    /// Nodes on drivable ways that no car gets past, such as bollards.
    pub barriers: u64,
    /// Times that a drivable way mentions a node that the extract does not have (common where it was cut off).
    pub missing_nodes: u64,
    /// Turn restrictions in the extract, of whatever kind.
    pub restrictions: u64,
    /// Turn restrictions that are obeyed.
    pub restrictions_used: u64,
    /// Skipped: they do not bind cars (`restriction:hgv`, `except=motorcar`, ...).
    pub restrictions_not_for_cars: u64,
    /// Skipped: they hold at certain hours or for certain weights only.
    pub restrictions_conditional: u64,
    /// Skipped: they lead over a way, not over one node.
    pub restrictions_via_way: u64,
    /// Skipped: a member is missing, or the way goes past the node both ways, so that the turn is not clear.
    pub restrictions_unclear: u64,
    /// Skipped: one of the ways is not drivable, or not in the extract, so that the turn cannot be made anyway.
    pub restrictions_elsewhere: u64,
    /// Streets that were dropped because one cannot both reach them and leave them again.
    pub dropped_streets: u64,
    /// How long the dropped streets are together, in metres.
    pub dropped_m: f64,
    /// Streets: pieces of way from one junction to the next.
    pub streets: u64,
    /// How long the streets are together, in metres.
    pub streets_m: f64,
    /// Streets that are open in one direction only.
    pub one_way_streets: u64,
    /// Junctions, among them copies that remember where a car came from for the sake of a turn restriction.
    pub junctions: u64,
    /// How many of the junctions are such copies.
    pub copies: u64,
    /// Shortcuts in the hierarchy.
    pub shortcuts: u64,
}
