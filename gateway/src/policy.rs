//! The policy in force: what the settings say, and what was changed since by whoever runs the city.
//!
//! Lives here: which of the two counts, what may be changed without a restart, one change at a time, and that every server
//! on the same store follows.
//! Stays out: what a number does (`dispatch`), how a shard comes to go by it (`actors`), HTTP.
//! Touch with care: a change is in the store before any shard goes by it. What was changed while servers were at work counts
//! before the file of settings, as with `ALTER SYSTEM` of Postgres and the dynamic settings of Kafka: a restart must not
//! take back what somebody did at night, and a file that every node has of its own cannot say what they agree on. A setting
//! that is given back (`null`) is the file's again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actors::City;
use dispatch::{Policy, Timestamp};
use persistence::{PolicyDiff, PolicyRevision, Store, StoreError};
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

use crate::config::{BadSetting, Layers, PolicyKey, Settings, policy_keys};

/// How soon a change that was made at another server on the same store is in force here.
const LOOKS_EVERY: Duration = Duration::from_secs(2);

/// Why a change is not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotChanged {
    /// A value is out of range, or there is no such setting.
    #[error(transparent)]
    Setting(#[from] BadSetting),
    /// Somebody else has changed it since the asker looked.
    #[error("the policy is in revision {0} by now")]
    Outdated(u64),
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is to be changed: texts by the names of settings; `None` gives a setting back to the file.
pub(crate) type Changes = BTreeMap<String, Option<String>>;

/// Who asks for a change, and what it is to rest on.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) by: String,
    pub(crate) reason: String,
    /// The revision it was made for; `None` for whichever there is.
    pub(crate) seen: Option<u64>,
    /// Whether everything else that was changed is given back.
    pub(crate) replace: bool,
    pub(crate) dry_run: bool,
}

/// A setting as it is.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) key: &'static PolicyKey,
    pub(crate) value: String,
    /// Who says so.
    pub(crate) origin: String,
}

/// What holds on this server.
#[derive(Clone, Debug)]
struct Held {
    settings: Settings,
    layers: Option<Layers>,
    revision: u64,
    overrides: BTreeMap<String, String>,
    /// Who changed a setting last, and in which revision.
    by: BTreeMap<String, (u64, String)>,
}

/// The office that changes the policy.
#[derive(Debug)]
pub(crate) struct Rulebook {
    city: City,
    store: Arc<dyn Store>,
    held: Mutex<Held>,
    /// One change at a time in this process.
    turn: tokio::sync::Mutex<()>,
}

impl Held {
    /// The settings with what was changed since.
    fn effective(&self, overrides: &BTreeMap<String, String>) -> Result<Settings, BadSetting> {
        let mut settings = self.settings.clone();
        for (name, text) in overrides {
            policy_keys::set(&mut settings, name, text)?;
        }
        settings.check()?;
        Ok(settings)
    }

    /// What is different between two sets of settings, by name.
    fn diff(&self, before: &Settings, after: &Settings) -> BTreeMap<String, PolicyDiff> {
        let changed = policy_keys::all().filter_map(|key| {
            let (from, to) = (key.show(before), key.show(after));
            (from != to).then(|| (key.name().to_owned(), PolicyDiff { from, to }))
        });
        changed.collect()
    }
}

/// The policy of these settings in this revision. What was loaded from files at the start stays as it was loaded.
fn policy(settings: &Settings, revision: u64, now: &Policy) -> Policy {
    let mut policy = settings.city.policy.clone();
    policy.travel = now.travel.clone().or_straight(policy.travel.straight_line());
    policy.worth = now.worth.clone();
    if revision > 0 {
        policy.version = version(&policy.version, revision);
    }
    policy
}

/// What a policy is called in decisions: as the settings call it, and the number of the change.
fn version(named: &str, revision: u64) -> String {
    let number = format!("+{revision}");
    // A policy's version has at most 64 characters, all of them ASCII.
    let room = 64_usize.saturating_sub(number.len());
    format!("{}{number}", &named[..named.len().min(room)])
}

impl Rulebook {
    /// Reads what was changed before this start, and puts it in force.
    ///
    /// # Errors
    /// [`NotChanged`] when the store cannot be read, or holds what does not go with the settings any more.
    pub(crate) async fn open(
        city: City,
        store: Arc<dyn Store>,
        settings: Settings,
        layers: Option<Layers>,
    ) -> Result<Rulebook, NotChanged> {
        let (revision, overrides, by) = (0, BTreeMap::new(), BTreeMap::new());
        let held = Mutex::new(Held { settings, layers, revision, overrides, by });
        let book = Rulebook { city, store, held, turn: tokio::sync::Mutex::new(()) };
        if book.held().settings.stored_policy {
            book.follow().await?;
        } else if let Some(latest) = book.store.policy_latest().await? {
            // The next change is made on top of the settings alone.
            warn!(revision = latest.revision, "what was changed about the policy is ignored, as stored_policy says");
            book.hold(Held { revision: latest.revision, ..book.held() });
        }
        Ok(book)
    }

    fn held(&self) -> Held {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hold(&self, held: Held) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = held;
    }

    /// The revision in force here; 0 for none.
    pub(crate) fn revision(&self) -> u64 {
        self.held().revision
    }

    /// Every setting of the policy, its value, and who says so.
    pub(crate) fn values(&self) -> Vec<Value> {
        let held = self.held();
        // What is in force was checked when it came to be.
        let settings = held.effective(&held.overrides).unwrap_or_else(|_| held.settings.clone());
        let origin = |name: &str| match (held.overrides.get(name), held.by.get(name)) {
            (Some(_), Some((revision, by))) => format!("revision {revision} by {by}"),
            (Some(_), None) => "an earlier revision".to_owned(),
            (None, _) => held.layers.as_ref().and_then(|layers| layers.origin(name)).unwrap_or_else(default_origin),
        };
        let shown = |key: &'static PolicyKey| Value { key, value: key.show(&settings), origin: origin(key.name()) };
        policy_keys::all().map(shown).collect()
    }

    /// Makes a change, or says what it would do.
    ///
    /// # Errors
    /// [`NotChanged`]: nothing was changed.
    pub(crate) async fn change(
        &self,
        now: Timestamp,
        asked: Asked,
        changes: &Changes,
    ) -> Result<PolicyRevision, NotChanged> {
        let _turn = self.turn.lock().await;
        self.follow().await?;
        let held = self.held();
        if asked.seen.is_some_and(|seen| seen != held.revision) {
            return Err(NotChanged::Outdated(held.revision));
        }
        let mut overrides = if asked.replace { BTreeMap::new() } else { held.overrides.clone() };
        for (name, text) in changes {
            policy_keys::may_change(name)?;
            match text {
                Some(text) => drop(overrides.insert(name.clone(), text.clone())),
                None => drop(overrides.remove(name)),
            }
        }
        let (before, after) = (held.effective(&held.overrides)?, held.effective(&overrides)?);
        let diff = held.diff(&before, &after);
        let revision = held.revision + 1;
        let Asked { by, reason, dry_run, .. } = asked;
        let next = PolicyRevision { revision, at: now, by, reason, diff, overrides };
        if dry_run || (next.diff.is_empty() && next.overrides == held.overrides) {
            return Ok(next);
        }
        self.keep(next, None).await
    }

    /// Writes a change, then puts it in force.
    async fn keep(&self, next: PolicyRevision, base: Option<(Settings, Layers)>) -> Result<PolicyRevision, NotChanged> {
        if !self.store.policy_change(next.clone()).await? {
            self.follow().await?;
            return Err(NotChanged::Outdated(self.revision()));
        }
        info!(revision = next.revision, by = next.by, changed = next.diff.len(), "the policy is changed");
        let mut held = self.held();
        if let Some((settings, layers)) = base {
            (held.settings, held.layers) = (settings, Some(layers));
        }
        self.put_in_force(held, &next)?;
        Ok(next)
    }

    fn put_in_force(&self, mut held: Held, latest: &PolicyRevision) -> Result<(), NotChanged> {
        let settings = held.effective(&latest.overrides)?;
        for name in latest.diff.keys() {
            held.by.insert(name.clone(), (latest.revision, latest.by.clone()));
        }
        (held.revision, held.overrides) = (latest.revision, latest.overrides.clone());
        let next = policy(&settings, latest.revision, &self.city.policy());
        if let Err(bad) = self.city.adopt(next) {
            let key = format!("policy.{}", bad.field);
            return Err(
                BadSetting::Value { key, value: bad.value, origin: None, allowed: bad.allowed.to_owned() }.into()
            );
        }
        self.hold(held);
        Ok(())
    }

    /// Puts in force what was changed elsewhere, or before this start.
    async fn follow(&self) -> Result<(), NotChanged> {
        match self.store.policy_latest().await? {
            Some(latest) if latest.revision > self.revision() => self.put_in_force(self.held(), &latest),
            _ => Ok(()),
        }
    }

    /// Follows what other servers on the same store change, until it is aborted.
    pub(crate) fn keep_up(book: &Arc<Rulebook>) -> JoinHandle<()> {
        let book = Arc::clone(book);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOKS_EVERY).await;
                // In turn with changes that are made here: otherwise what was read before one could be in force after it.
                let _turn = book.turn.lock().await;
                match book.follow().await {
                    Ok(()) | Err(NotChanged::Store(StoreError::Unavailable(_))) => {}
                    Err(why) => error!(%why, "a policy that was changed elsewhere cannot be followed here"),
                }
            }
        })
    }

    /// The files and variables were read anew: what they say of the policy is in force, but for what was changed since by
    /// hand. Written down like any other change.
    ///
    /// # Errors
    /// [`NotChanged`]: nothing was changed.
    pub(crate) async fn reread(&self, now: Timestamp, layers: Layers) -> Result<PolicyRevision, NotChanged> {
        let settings = layers.settings()?;
        let _turn = self.turn.lock().await;
        self.follow().await?;
        let held = self.held();
        let fresh = Held { settings: settings.clone(), layers: Some(layers.clone()), ..held.clone() };
        let (before, after) = (held.effective(&held.overrides)?, fresh.effective(&held.overrides)?);
        let mut diff = held.diff(&before, &after);
        // What needs a restart stays as it was.
        let mut kept = settings;
        for name in diff.keys().filter(|name| policy_keys::may_change(name).is_err()) {
            warn!(name, "a setting was changed that counts only after a restart");
            policy_keys::set(&mut kept, name, &diff[name].from)?;
        }
        diff.retain(|name, _| policy_keys::may_change(name).is_ok());
        let revision = held.revision + 1;
        let (by, reason) = ("settings".to_owned(), "read anew".to_owned());
        let next = PolicyRevision { revision, at: now, by, reason, diff, overrides: held.overrides.clone() };
        if next.diff.is_empty() {
            self.hold(Held { settings: kept, layers: Some(layers), ..held });
            return Ok(next);
        }
        self.keep(next, Some((kept, layers))).await
    }

    /// Changes before this one, the latest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn history(&self, before: Option<u64>, limit: u32) -> Result<Vec<PolicyRevision>, StoreError> {
        self.store.policy_history(before, limit).await
    }
}

fn default_origin() -> String {
    "default".to_owned()
}
