//! How a trip was called off or given back, as it is stored: in the columns of the trip, and in the JSON of the event.
//!
//! Touch with care: what carries no reason and costs nothing is still written in version 1 of the payload, as it was
//! before there were reasons; a row or a line from then reads as `other` and free.

use dispatch::{CallOff, CancelReason, Event, FeeStage, GiveBackReason, Party, Stage};

use super::column::{Column, RawRow};
use super::payload::{PAYLOAD_VERSION, Payload};
use crate::StoreError;

const PARTIES: &str = "rider, driver or system when the stage is cancelled, or driving_on after that, NULL otherwise";
const REASONS: &str = "a reason of whoever cancelled, NULL otherwise";
const FEES: &str = "free, late or no_show when there is a reason, NULL otherwise";

const CANCELLED_BY: Column = Column::new("trip", "cancelled_by", PARTIES);
const CANCEL_REASON: Column = Column::new("trip", "cancel_reason", REASONS);
const CANCEL_FEE: Column = Column::new("trip", "cancel_fee", FEES);

/// The version of a cancellation with a reason or a fee, and of a trip given back with a reason or by the system.
const PAYLOAD_WITH_REASON: u32 = 2;

fn party_name(party: Party) -> &'static str {
    match party {
        Party::Rider => "rider",
        Party::Driver => "driver",
        Party::System => "system",
    }
}

fn party(stored: &str) -> Option<Party> {
    [Party::Rider, Party::Driver, Party::System].into_iter().find(|&party| party_name(party) == stored)
}

fn fee(stored: &str) -> Option<FeeStage> {
    FeeStage::ALL.into_iter().find(|fee| fee.as_str() == stored)
}

// ---- columns -----------------------------------------------------------------------------------------------------

/// Who called a trip off, why, and what it may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CalledOff {
    pub(super) by: Party,
    pub(super) reason: CancelReason,
    pub(super) fee: FeeStage,
}

impl CalledOff {
    fn of(stage: &Stage) -> Option<CalledOff> {
        match *stage {
            Stage::Cancelled { by, reason, fee, .. } => Some(CalledOff { by, reason, fee }),
            Stage::DrivingOn { off: Some(CallOff { by, reason, fee }), .. } => Some(CalledOff { by, reason, fee }),
            _ => None,
        }
    }

    /// The error of a row in another stage that says who called it off.
    pub(super) fn misplaced(self) -> StoreError {
        CANCELLED_BY.corrupt(party_name(self.by))
    }

    /// The error of a cancelled row that does not say by whom.
    pub(super) fn missing() -> StoreError {
        CANCELLED_BY.corrupt("NULL")
    }
}

/// The columns `cancelled_by`, `cancel_reason` and `cancel_fee`.
pub(super) fn called_off_columns(stage: &Stage) -> [Option<&'static str>; 3] {
    let called_off = CalledOff::of(stage);
    [
        called_off.map(|called_off| party_name(called_off.by)),
        called_off.map(|called_off| called_off.reason.as_str()),
        called_off.map(|called_off| called_off.fee.as_str()),
    ]
}

/// Reads the same three columns.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(super) fn read_called_off(row: &dyn RawRow) -> Result<Option<CalledOff>, StoreError> {
    let by = CANCELLED_BY.read_optional(row, party)?;
    let reason = CANCEL_REASON.read_optional(row, |stored: &str| stored.parse::<CancelReason>().ok())?;
    let fee = CANCEL_FEE.read_optional(row, fee)?;
    match (by, reason, fee) {
        (None, None, None) => Ok(None),
        (None, Some(reason), _) => Err(CANCEL_REASON.corrupt(reason)),
        (_, None, Some(fee)) => Err(CANCEL_FEE.corrupt(fee)),
        (Some(_), Some(_), None) => Err(CANCEL_FEE.corrupt("NULL")),
        // Called off before there were reasons.
        (Some(by), None, None) => Ok(Some(CalledOff { by, reason: CancelReason::Other, fee: FeeStage::Free })),
        (Some(by), Some(reason), Some(fee)) => Ok(Some(CalledOff { by, reason, fee })),
    }
}

// ---- events ------------------------------------------------------------------------------------------------------

impl Payload<'_> {
    /// Writes what an event that ends something says.
    pub(super) fn put_ending(&mut self, event: &Event) {
        match *event {
            Event::Cancelled { by, reason, fee } => {
                self.by = Some(party_name(by));
                if (reason, fee) != (CancelReason::Other, FeeStage::Free) {
                    (self.reason, self.fee) = (Some(reason.as_str()), Some(fee.as_str()));
                    self.v = PAYLOAD_WITH_REASON;
                }
            }
            Event::GivenBack { by, reason } if (by, reason) != (Party::Driver, GiveBackReason::Other) => {
                (self.by, self.reason) = (Some(party_name(by)), Some(reason.as_str()));
                self.v = PAYLOAD_WITH_REASON;
            }
            _ => {}
        }
    }

    /// The version of an event that ends something.
    fn version_of_ending(&self) -> u32 {
        if self.reason.is_some() { PAYLOAD_WITH_REASON } else { PAYLOAD_VERSION }
    }

    /// Reads a cancellation.
    pub(super) fn cancelled(&self) -> Option<Event> {
        let by = party(self.by?)?;
        match (self.v == self.version_of_ending(), self.reason, self.fee) {
            (true, None, None) => Some(Event::Cancelled { by, reason: CancelReason::Other, fee: FeeStage::Free }),
            (true, Some(reason), Some(stored)) => {
                Some(Event::Cancelled { by, reason: reason.parse().ok()?, fee: fee(stored)? })
            }
            _ => None,
        }
    }

    /// Reads that a trip was given back.
    pub(super) fn given_back(&self) -> Option<Event> {
        match (self.v == self.version_of_ending(), self.by, self.reason) {
            (true, None, None) => Some(Event::GivenBack { by: Party::Driver, reason: GiveBackReason::Other }),
            (true, Some(by), Some(reason)) => Some(Event::GivenBack { by: party(by)?, reason: reason.parse().ok()? }),
            _ => None,
        }
    }
}
