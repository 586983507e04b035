//! What is kept of the journal's way out, read back with suspicion.

use super::column::{Column, RawRow};
use super::records::{MOMENT, moment};
use crate::{DeadLetter, LetterId, StoreError};

const LINE: &str = "a whole number from 1";

const CURSOR_LINE: Column = Column::new("event_cursor", "line", "a whole number from 0");
const OUTLET: Column = Column::new("dead_letter", "outlet", "a name");
const LETTER_LINE: Column = Column::new("dead_letter", "line", LINE);
const EVENT: Column = Column::new("dead_letter", "event", "text");
const ATTEMPTS: Column = Column::new("dead_letter", "attempts", "1 to 4294967295");
const REASON: Column = Column::new("dead_letter", "reason", "text");
const AT: Column = Column::new("dead_letter", "at", MOMENT);
const DUE: Column = Column::new("dead_letter", "due", "0 or 1");

/// Reads how far an outlet is.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(crate) fn read_cursor(row: &dyn RawRow) -> Result<u64, StoreError> {
    CURSOR_LINE.read(row, |stored: i64| u64::try_from(stored).ok())
}

/// Reads a dead letter from all columns of its table.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(crate) fn read_letter(row: &dyn RawRow) -> Result<DeadLetter, StoreError> {
    let text = |column: Column| column.read(row, |stored: &str| Some(stored.to_owned()));
    let line = LETTER_LINE.read(row, |stored: i64| u64::try_from(stored).ok().filter(|line| *line >= 1))?;
    Ok(DeadLetter {
        id: LetterId { outlet: text(OUTLET)?, line },
        event: text(EVENT)?,
        attempts: ATTEMPTS.read(row, |stored: i64| u32::try_from(stored).ok().filter(|attempts| *attempts >= 1))?,
        reason: text(REASON)?,
        at: AT.read(row, moment)?,
        due: DUE.read(row, |stored: i64| [false, true].get(usize::try_from(stored).ok()?).copied())?,
    })
}
