//! Where settings come from: flags before environment before file before default.

use std::collections::BTreeMap;
use std::path::Path;

use dispatch::Policy;
use serde::Serialize;
use toml::Value;

use super::keys::{Key, keys};
use super::{BadSetting, Settings};

/// A text for a setting, and where it was given.
#[derive(Clone, Debug)]
struct Given {
    text: String,
    origin: String,
    layer: Layer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    File,
    Environment,
    Flags,
}

/// A setting as it is, for people and scripts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Its name.
    pub name: &'static str,
    /// What it is; never a secret.
    pub value: String,
    /// Who says so: a file, a variable or a flag; nothing for what is as by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

/// Settings as they were given, layer over layer, before anything is checked.
#[derive(Clone, Default)]
pub struct Layers {
    given: BTreeMap<&'static str, Given>,
}

impl std::fmt::Debug for Layers {
    /// Shows which settings were given, not what: one of them is a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Layers").field("given", &self.given.keys()).finish()
    }
}

impl Layers {
    /// Nothing given yet: everything is as by default.
    #[must_use]
    pub fn new() -> Layers {
        Layers::default()
    }

    /// Lays a TOML file over what is there.
    ///
    /// # Errors
    /// [`BadSetting`] when it cannot be read, is not TOML, or names a setting that does not exist.
    pub fn file(&mut self, path: &Path) -> Result<(), BadSetting> {
        self.table(&read_table(path)?, &path.display().to_string())
    }

    /// Lays a table of settings over what is there. `name` is what an error says of where it came from.
    ///
    /// # Errors
    /// [`BadSetting`] when it names a setting that does not exist, or holds what none can be.
    pub fn table(&mut self, table: &toml::Table, name: &str) -> Result<(), BadSetting> {
        let mut flat = Vec::new();
        flatten("", table, &mut flat);
        for (key, value) in flat {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Integer(number) => number.to_string(),
                Value::Float(number) => number.to_string(),
                Value::Boolean(truth) => truth.to_string(),
                Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
                    let allowed = known(&key, name)?.allowed.to_owned();
                    let value = format!("of type {}", value.type_str());
                    return Err(BadSetting::Value { key, value, origin: Some(name.to_owned()), allowed });
                }
            };
            self.lay(Layer::File, &key, text, name.to_owned())?;
        }
        Ok(())
    }

    /// Lays the environment over what is there: every `HANSOM_...`.
    ///
    /// # Errors
    /// [`BadSetting::Unknown`] for a variable that sets nothing, unless it is one that Kubernetes makes for a service
    /// of our name (`HANSOM_SERVICE_HOST`, `HANSOM_PORT_7070_TCP`, ...).
    pub fn environment(&mut self, variables: impl IntoIterator<Item = (String, String)>) -> Result<(), BadSetting> {
        for (variable, text) in variables {
            let Some(rest) = variable.strip_prefix("HANSOM_") else { continue };
            match keys().find(|key| key.variable() == variable) {
                Some(key) => self.lay(Layer::Environment, key.name, text, variable)?,
                None if rest == "CONFIG" || is_of_kubernetes(rest, &text) => {}
                None => {
                    let near = near(&rest.to_ascii_lowercase()).map(Key::variable);
                    return Err(BadSetting::Unknown { key: variable, origin: Some("environment".to_owned()), near });
                }
            }
        }
        Ok(())
    }

    /// Lays a flag over what is there. `origin` is what an error says of where it came from.
    ///
    /// # Errors
    /// [`BadSetting::Unknown`] when there is no such setting.
    pub fn flag(&mut self, key: &str, text: String, origin: &str) -> Result<(), BadSetting> {
        self.lay(Layer::Flags, key, text, origin.to_owned())
    }

    fn lay(&mut self, layer: Layer, key: &str, text: String, origin: String) -> Result<(), BadSetting> {
        let key = known(key, &origin)?;
        // A secret and the file of a secret are two ways to say one thing: the later layer wins.
        let rival = match key.name {
            "jwt_secret" => Some("jwt_secret_file"),
            "jwt_secret_file" => Some("jwt_secret"),
            _ => None,
        };
        if let Some(rival) = rival.and_then(|rival| self.given.remove(rival))
            && rival.layer == layer
        {
            return Err(refused(key, &text, Some(origin)));
        }
        self.given.insert(key.name, Given { text, origin, layer });
        Ok(())
    }

    /// Reads and checks all of it.
    ///
    /// # Errors
    /// [`BadSetting::Value`] names the key, the value, where it came from and what is allowed.
    pub fn settings(&self) -> Result<Settings, BadSetting> {
        let mut settings = Settings::default();
        for key in keys() {
            if let Some(given) = self.given.get(key.name) {
                (key.set)(&mut settings, &given.text)
                    .ok_or_else(|| refused(key, &given.text, Some(given.origin.clone())))?;
            }
        }
        settings.check().map_err(|bad| self.with_origin(bad))?;
        Ok(settings)
    }

    /// Every setting as it is, and who says so.
    ///
    /// # Errors
    /// As [`Layers::settings`].
    pub fn shown(&self) -> Result<Vec<Shown>, BadSetting> {
        let settings = self.settings()?;
        let shown = |key: &Key| Shown {
            name: key.name,
            value: (key.show)(&settings),
            origin: self.given.get(key.name).map(|given| given.origin.clone()),
        };
        Ok(keys().map(shown).collect())
    }

    /// Where a setting was given; `None` for one that is as by default.
    #[must_use]
    pub fn origin(&self, name: &str) -> Option<String> {
        self.given.get(name).map(|given| given.origin.clone())
    }

    fn with_origin(&self, bad: BadSetting) -> BadSetting {
        match bad {
            BadSetting::Value { key, value, allowed, origin: None } => {
                let origin = self.given.get(key.as_str()).map(|given| given.origin.clone());
                BadSetting::Value { key, value, origin, allowed }
            }
            bad => bad,
        }
    }
}

/// Reads a TOML file.
///
/// # Errors
/// [`BadSetting::File`] when it cannot be read or is not TOML; with the line, but without what it says there: it may
/// hold a secret.
pub fn read_table(path: &Path) -> Result<toml::Table, BadSetting> {
    let wrong = |reason: String| BadSetting::File { path: path.display().to_string(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    toml::from_str(&text).map_err(|error| {
        let at = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        wrong(format!("line {at}: {}", error.message()))
    })
}

/// The policy that a table such as the file of settings gives: its `[policy]`, by the names, the ranges and the errors of
/// the settings. What it does not name is as by default. `name` is what an error says of where it came from.
///
/// # Errors
/// [`BadSetting`] names the key, the value and what is allowed; a key outside `[policy]` is none of a policy.
pub fn policy(table: &toml::Table, name: &str) -> Result<Policy, BadSetting> {
    if let Some(other) = table.keys().find(|key| *key != "policy") {
        return Err(BadSetting::Unknown { key: other.clone(), origin: Some(name.to_owned()), near: None });
    }
    let mut layers = Layers::new();
    layers.table(table, name)?;
    Ok(layers.settings()?.city.policy)
}

fn refused(key: &Key, text: &str, origin: Option<String>) -> BadSetting {
    let value = if key.is_secret() { "(hidden)".to_owned() } else { format!("{text:?}") };
    BadSetting::Value { key: key.name.to_owned(), value, origin, allowed: key.allowed.to_owned() }
}

fn known(name: &str, origin: &str) -> Result<&'static Key, BadSetting> {
    keys().find(|key| key.name == name).ok_or_else(|| BadSetting::Unknown {
        key: name.to_owned(),
        origin: Some(origin.to_owned()),
        near: near(name).map(|key| key.name.to_owned()),
    })
}

/// The setting that was probably meant.
pub(super) fn near(name: &str) -> Option<&'static Key> {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let apart = |key: &&Key| {
        let as_variable = key.name.replace('.', "_");
        edits(key.name, name).min(edits(&as_variable, name)).min(edits(&last(key.name), &last(name)))
    };
    keys().min_by_key(apart).filter(|key| apart(key) <= 3)
}

/// How many letters must be added, dropped or changed to make one word of the other (Levenshtein).
fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other_letter) in other.iter().enumerate() {
            let change = diagonal + usize::from(letter != *other_letter);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

fn is_of_kubernetes(rest: &str, text: &str) -> bool {
    let rest = format!("_{rest}");
    rest.contains("_SERVICE_HOST")
        || rest.contains("_SERVICE_PORT")
        || (rest.contains("_PORT") && text.contains("://"))
        || (rest.contains("_PORT_") && (rest.contains("_TCP") || rest.contains("_UDP")))
}

fn flatten<'t>(path: &str, table: &'t toml::Table, flat: &mut Vec<(String, &'t Value)>) {
    for (name, value) in table {
        let key = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match value {
            // An empty table sets nothing, but a table in the place of a setting is an error.
            Value::Table(inner) if !keys().any(|known| known.name == key) => flatten(&key, inner, flat),
            value => flat.push((key, value)),
        }
    }
}
