//! The settings of the policy, for whoever changes them while a server is at work.

use super::keys::{Key, keys};
use super::{BadSetting, Settings};

/// A setting of the policy.
pub(crate) type PolicyKey = Key;

/// What is counted by cells and time slots, or is laid out at the start: changed there it would have to be counted anew.
const AFTER_A_RESTART: [&str; 11] = [
    "policy.worth",
    "policy.cadence.slowdown_max",
    "policy.surge.resolution",
    "policy.reposition.resolution",
    "policy.reposition.slot_min",
    "policy.reposition.day_kinds",
    "policy.reposition.days_remembered",
    "policy.reposition.recent_worth_days",
    "policy.reposition.recent_lasts",
    "policy.reposition.neighbours_share",
    "policy.reposition.cells_max",
];

/// Every setting of the policy.
pub(crate) fn all() -> impl Iterator<Item = &'static PolicyKey> {
    keys().filter(|key| key.name.starts_with("policy."))
}

/// Whether a setting may be changed while a server is at work.
pub(crate) fn is_live(name: &str) -> bool {
    !AFTER_A_RESTART.contains(&name)
}

/// Says whether a setting may be changed while a server is at work.
///
/// # Errors
/// [`BadSetting`] when there is no such setting of the policy, or it counts only after a restart.
pub(crate) fn may_change(name: &str) -> Result<(), BadSetting> {
    if !all().any(|key| key.name == name) {
        let near = super::layers::near(name).map(|key| key.name.to_owned()).filter(|near| near.starts_with("policy."));
        return Err(BadSetting::Unknown { key: name.to_owned(), origin: None, near });
    }
    if is_live(name) {
        return Ok(());
    }
    let (key, value) = (name.to_owned(), "a change while a server is at work".to_owned());
    let allowed = "a change in the settings, and a restart".to_owned();
    Err(BadSetting::Value { key, value, origin: None, allowed })
}

/// Sets one of them.
///
/// # Errors
/// [`BadSetting`] when there is none of this name, or the text is no value of its kind.
pub(crate) fn set(settings: &mut Settings, name: &str, text: &str) -> Result<(), BadSetting> {
    let unknown = || BadSetting::Unknown { key: name.to_owned(), origin: None, near: None };
    let key = all().find(|key| key.name == name).ok_or_else(unknown)?;
    let value = || text.chars().take(80).collect::<String>();
    let refused =
        || BadSetting::Value { key: name.to_owned(), value: value(), origin: None, allowed: key.allowed.to_owned() };
    (key.set)(settings, text).ok_or_else(refused)
}
