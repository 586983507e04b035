//! Mistakes planted between the cores and the store, so that a test can show that the net is fine enough for them.

/// A mistake that a careless hand could make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// A driver's row reads as free, whatever is in it: whoever was committed in doubt is let go.
    BlindRow,
    /// A write whose outcome nobody knows counts as done.
    HopefulWrite,
    /// A write counts as done as soon as it is handed to the store.
    EagerWrite,
    /// An app is not told that its offer is taken back.
    SilentWithdrawal,
}

impl Planted {
    /// All of them.
    pub const ALL: [Planted; 4] =
        [Planted::BlindRow, Planted::HopefulWrite, Planted::EagerWrite, Planted::SilentWithdrawal];
}
