//! What was changed about the policy while servers were at work, and by whom: kept for ever, for audits, and for the next
//! start.
//!
//! Lives here: what a store promises of it. Stays out: what a setting means, who may change it.
//! Touch with care: revisions have no gap, and one follows from the one before: of two who change the same revision one is
//! refused.

use std::collections::BTreeMap;

use dispatch::Timestamp;

use crate::{BoxFuture, StoreError};

/// One change of the policy.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyRevision {
    /// Its number, from 1.
    pub revision: u64,
    /// When it was made.
    pub at: Timestamp,
    /// By whom, 1 to 200 characters.
    pub by: String,
    /// Why, in the words of who made it; may be empty.
    pub reason: String,
    /// What it changed, by the names of the settings.
    pub diff: BTreeMap<String, PolicyDiff>,
    /// Everything that counts before the file of settings from now on, by name.
    pub overrides: BTreeMap<String, String>,
}

/// What a change does to one setting, as texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyDiff {
    /// What it was.
    pub from: String,
    /// What it is.
    pub to: String,
}

/// What every store knows of the policy. Every method fails as [`StoreError`] says.
pub trait Policies: Send + Sync {
    /// The latest change, if there was any.
    fn policy_latest(&self) -> BoxFuture<'_, Result<Option<PolicyRevision>, StoreError>>;

    /// Changes before this one (all, for none), the latest first, at most `limit`.
    fn policy_history(&self, before: Option<u64>, limit: u32)
    -> BoxFuture<'_, Result<Vec<PolicyRevision>, StoreError>>;

    /// Keeps a change, if it is the next: `false` when it is not, because somebody else was faster; nothing was changed
    /// then.
    fn policy_change(&self, next: PolicyRevision) -> BoxFuture<'_, Result<bool, StoreError>>;
}
