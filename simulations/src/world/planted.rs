//! Mistakes planted between the cores and the store, so that a test can show that the net is fine enough for them.

use dispatch::{Deed, DriverInput};

use super::World;

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
    /// A driver's row reads with the way that was asked for at first.
    FirstWay,
    /// What an app says of a stop does not say which way it is of.
    NamelessStop,
}

impl Planted {
    /// All of them.
    pub const ALL: [Planted; 6] = [
        Planted::BlindRow,
        Planted::HopefulWrite,
        Planted::EagerWrite,
        Planted::SilentWithdrawal,
        Planted::FirstWay,
        Planted::NamelessStop,
    ];
}

impl World {
    /// What an app says, as the city hears it; the witness hears it as it was said.
    pub(super) fn reported(&mut self, mut input: DriverInput) -> DriverInput {
        if let DriverInput::Does { trip, deed: Deed::StopReached { stop, rerouted }, .. } = &mut input {
            if let Some(witness) = &mut self.witness {
                witness.promises().halts(*trip, *stop, *rerouted);
            }
            rerouted.take_if(|_| self.planted == Some(Planted::NamelessStop));
        }
        input
    }
}
