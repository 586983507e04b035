//! Changes of the policy as rows, and read back with suspicion.

use std::collections::BTreeMap;

use super::column::{Column, RawRow};
use super::records::{MOMENT, moment};
use crate::{PolicyDiff, PolicyRevision, StoreError};

const REVISION: Column = Column::new("policy_revision", "revision", "a whole number from 1");
const AT: Column = Column::new("policy_revision", "at", MOMENT);
const BY: Column = Column::new("policy_revision", "changed_by", "text");
const REASON: Column = Column::new("policy_revision", "reason", "text");
const DIFF: Column = Column::new("policy_revision", "diff", "JSON of settings, each with two texts");
const OVERRIDES: Column = Column::new("policy_revision", "overrides", "JSON of settings, each with a text");

/// Reads a change from all columns of its table.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(crate) fn read_policy_revision(row: &dyn RawRow) -> Result<PolicyRevision, StoreError> {
    let text = |column: Column| column.read(row, |stored: &str| Some(stored.to_owned()));
    Ok(PolicyRevision {
        revision: REVISION.read(row, |stored: i64| u64::try_from(stored).ok().filter(|number| *number >= 1))?,
        at: AT.read(row, moment)?,
        by: text(BY)?,
        reason: text(REASON)?,
        diff: DIFF.read(row, diff)?,
        overrides: OVERRIDES.read(row, |stored: &str| serde_json::from_str(stored).ok())?,
    })
}

fn diff(stored: &str) -> Option<BTreeMap<String, PolicyDiff>> {
    let stored: BTreeMap<String, [String; 2]> = serde_json::from_str(stored).ok()?;
    Some(stored.into_iter().map(|(name, [from, to])| (name, PolicyDiff { from, to })).collect())
}

/// The columns of what was changed, and of what counts from then on.
pub(crate) fn policy_columns(revision: &PolicyRevision) -> (String, String) {
    let diff: BTreeMap<&str, [&str; 2]> =
        revision.diff.iter().map(|(name, diff)| (name.as_str(), [diff.from.as_str(), diff.to.as_str()])).collect();
    let json = |written: serde_json::Result<String>| written.expect("texts are JSON");
    (json(serde_json::to_string(&diff)), json(serde_json::to_string(&revision.overrides)))
}
