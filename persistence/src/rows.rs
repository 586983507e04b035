//! The domain as rows, whichever database keeps them.
//!
//! Lives here: what each column may hold and how it is read back with suspicion (`records`), the JSON of an event
//! (`payload`), the questions a write must pass (`known`), what a set of writes changes (`changes`).
//! Stays out: SQL, connections, transactions: each store has its own.
//! Touch with care: what is on disks already must stay readable.

mod changes;
mod column;
mod ending;
mod known;
mod order;
mod outbox;
mod payload;
mod policies;
mod records;
mod route;
mod sharing;

pub(crate) use changes::{Changes, Line, TripValues};
pub(crate) use column::{OtherType, RawRow, columns_by_name};
pub(crate) use known::{Known, Wanted};
pub(crate) use outbox::{read_cursor, read_letter};
pub(crate) use payload::payload;
pub(crate) use policies::{policy_columns, read_policy_revision};
pub(crate) use records::*;
