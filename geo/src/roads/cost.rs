//! What a way costs: time, and among equal times length.
//!
//! Lives here: one number for both, so that a search compares and adds them at once and its answer is one of a kind.
//! Stays out: where the costs come from.
//! Touch with care: the upper half is milliseconds (up to 49 days), the lower half centimetres (up to 42,949 km): no
//! shortest way on Earth is longer, so the lower half never runs over into the upper.

/// Milliseconds in the upper half, centimetres in the lower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cost(u64);

impl Cost {
    /// Nothing.
    pub(super) const ZERO: Cost = Cost(0);
    /// More than any way costs.
    pub(super) const MAX: Cost = Cost(u64::MAX);

    /// So many milliseconds and centimetres.
    pub(super) fn new(ms: u32, cm: u32) -> Cost {
        Cost(u64::from(ms) << 32 | u64::from(cm))
    }

    /// The time in milliseconds.
    pub(super) fn ms(self) -> u64 {
        self.0 >> 32
    }

    /// The length in centimetres.
    pub(super) fn cm(self) -> u64 {
        self.0 & 0xffff_ffff
    }

    /// What is left after a part that costs no more in either half.
    pub(super) fn minus(self, part: Cost) -> Cost {
        debug_assert!(part.ms() <= self.ms() && part.cm() <= self.cm(), "a part costs no more than the whole");
        Cost(self.0.saturating_sub(part.0))
    }

    /// Both one after the other.
    pub(super) fn plus(self, other: Cost) -> Cost {
        Cost(self.0.saturating_add(other.0))
    }
}
