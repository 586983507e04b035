//! Settings: what there is to set, from where, and what is allowed.
//!
//! Lives here: [`Settings`] with its defaults and [`Settings::check`], the keys by which flags, environment and file
//! name them, and the order in which those count.
//! Stays out: what a setting does.
//! Touch with care: a wrong setting stops the start and names the key, the value, where it came from and the range.
//! Nothing is ever corrected in silence.

mod database;
mod events;
mod keys;
mod layers;
mod limits;
mod network;
pub(crate) mod policy_keys;
mod safety;
mod tokens;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use actors::CitySettings;
use dispatch::Policy;
use geo::Resolution;

use crate::auth::Secret;
use crate::nearby::NearbySettings;

pub use database::{DatabaseUrl, HiddenAddress, RedisUrl};
pub use events::{EventSettings, Places, Webhook};
pub use keys::describe_keys;
pub use layers::{Layers, Shown, policy, read_table};
pub use limits::{Limits, ProxiesWrite};
pub use network::{Network, NotANetwork};
pub(crate) use policy_keys::PolicyKey;
pub use safety::{Mode, TlsSettings};
pub use tokens::{JwksFrom, TokenAlgorithm, TokenSettings};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// Where the secret that tokens are signed with comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretFrom {
    /// Development: made by the server itself, kept in the data directory.
    Dev,
    /// Given as it is.
    Given(Secret),
    /// In a file.
    File(PathBuf),
}

/// Everything the server can be told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether it is for people.
    pub mode: Mode,
    /// Where the embedded store lives.
    pub data_dir: PathBuf,
    /// A Postgres database, in the place of the embedded store.
    pub postgres: Option<DatabaseUrl>,
    /// Whether a standby of that database may lag behind.
    pub postgres_async_standby: bool,
    /// The Redis server that keeps snapshots; without one a recovery is colder.
    pub redis: Option<RedisUrl>,
    /// The key in Redis under which drivers' positions are shown to others, if they are.
    pub redis_positions: Option<String>,
    /// Where the doors are. Port 0 chooses a free one.
    pub listen: SocketAddr,
    /// Threads of the doors, in the binary: half of the cores, at least one. The actors have threads of their own, and idle
    /// threads that wake each other for every position cost more than they carry.
    pub door_threads: usize,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which log lines there are, as in `info,gateway=debug`.
    pub log: String,
    /// What tokens are signed with.
    pub secret: SecretFrom,
    /// Whose tokens are taken.
    pub tokens: TokenSettings,
    /// How many times as fast as life the city's clock runs. Development only.
    pub time_scale: f64,
    /// How connections are encrypted.
    pub tls: TlsSettings,
    /// The origins whose pages may ask, `*` for any.
    pub cors_origins: Vec<String>,
    /// How much and how long.
    pub limits: Limits,
    /// The road graph that travel times come from, a file that `hansom-sim import` makes; none for straight lines only.
    pub roads: Option<PathBuf>,
    /// How fast the traffic on those roads is by the hour: a text of 24 or 168 factors, 1 for free flow.
    pub speed_factors: Option<PathBuf>,
    /// What a free car is worth by cell and time of day, a file that `hansom-sim learn` makes; without it everywhere the
    /// same.
    pub worth: Option<PathBuf>,
    /// Whether what was changed about the policy while servers were at work counts.
    pub stored_policy: bool,
    /// When told to stop: within how long drivers without a trip are sent elsewhere one by one. Real time.
    pub drain_window: Duration,
    /// How free cars are shown to riders.
    pub nearby: NearbySettings,
    /// Where events go.
    pub events: EventSettings,
    /// Shards, threads and every number of dispatching.
    pub city: CitySettings,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            mode: Mode::default(),
            data_dir: PathBuf::from("./data"),
            postgres: None,
            postgres_async_standby: false,
            redis: None,
            redis_positions: None,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7070)),
            door_threads: std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1)),
            log_format: LogFormat::Text,
            log: "info".to_owned(),
            secret: SecretFrom::Dev,
            tokens: TokenSettings::default(),
            time_scale: 1.0,
            tls: TlsSettings::default(),
            cors_origins: Vec::new(),
            limits: Limits::default(),
            roads: None,
            speed_factors: None,
            worth: None,
            stored_policy: true,
            drain_window: Duration::from_secs(5),
            nearby: NearbySettings::default(),
            events: EventSettings::default(),
            city: CitySettings { policy: Policy::default(), shard_resolution: Resolution::SHARD, ..Default::default() },
        }
    }
}

/// A setting that cannot be. Stop, and let a person correct it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSetting {
    /// The value is out of range, or no value of this kind at all.
    #[error("setting {key} is {value}{}, allowed is {allowed}", from_where(.origin))]
    Value {
        /// Which setting.
        key: String,
        /// What was given; never a secret.
        value: String,
        /// Where it was given, when that is known.
        origin: Option<String>,
        /// What may be given.
        allowed: String,
    },
    /// There is no such setting.
    #[error("setting {key} is unknown{}{}", from_where(.origin), did_you_mean(.near))]
    Unknown {
        /// What was given.
        key: String,
        /// Where it was given.
        origin: Option<String>,
        /// The setting that was perhaps meant.
        near: Option<String>,
    },
    /// The settings file cannot be read.
    #[error("settings file {path}: {reason}")]
    File {
        /// Which file.
        path: String,
        /// Why not.
        reason: String,
    },
}

fn from_where(origin: &Option<String>) -> String {
    origin.as_ref().map(|origin| format!(" (from {origin})")).unwrap_or_default()
}

fn did_you_mean(near: &Option<String>) -> String {
    match near {
        Some(near) => format!(", did you mean {near}? `hansom settings` lists all"),
        None => "; `hansom settings` lists all".to_owned(),
    }
}

impl Settings {
    /// Checks every number once, at the border.
    ///
    /// # Errors
    /// [`BadSetting::Value`] names the first setting that is out of range.
    pub fn check(&self) -> Result<(), BadSetting> {
        keys::check_ranges(self)?;
        self.city.policy.check().map_err(|bad| BadSetting::Value {
            key: format!("policy.{}", bad.field),
            value: bad.value,
            origin: None,
            allowed: bad.allowed.to_owned(),
        })?;
        let refuse = |key: &str, value: String, allowed: &str| {
            Err(BadSetting::Value { key: key.to_owned(), value, origin: None, allowed: allowed.to_owned() })
        };
        if self.time_scale != 1.0 && self.secret != SecretFrom::Dev {
            return refuse("time_scale", self.time_scale.to_string(), "1, unless tokens are for development");
        }
        if let (Some(path), None) = (&self.speed_factors, &self.roads) {
            return refuse("city.speed_factors", path.display().to_string(), "only together with city.roads");
        }
        if let Some(path) = self.worth.as_ref().filter(|_| self.city.policy.weights.future == 0.0) {
            return refuse("policy.worth", path.display().to_string(), "only with policy.weights.future above 0");
        }
        if !self.events.webhooks.is_empty() && self.events.webhook_secret.is_none() {
            return refuse("events.webhooks", "(hidden)".to_owned(), "only together with events.webhook_secret");
        }
        if self.events.webhook_retry_max < self.events.webhook_retry_first {
            let value = format!("{} s", self.events.webhook_retry_max.as_secs_f64());
            return refuse("events.webhook_retry_max", value, "at least events.webhook_retry_first");
        }
        if let Some(brokers) = self.events.kafka.as_ref().filter(|_| !cfg!(feature = "kafka")) {
            return refuse("events.kafka", brokers.clone(), "only in a build with the feature kafka");
        }
        if self.limits.idle_after < self.limits.heartbeat_every * 2 {
            let value = format!("{} s", self.limits.idle_after.as_secs_f64());
            return refuse("limits.idle_after", value, "at least two times limits.heartbeat_every");
        }
        safety::check(self)?;
        crate::logs::check(&self.log)
            .or_else(|()| refuse("log", self.log.clone(), "a filter such as info,gateway=debug"))
    }
}

#[cfg(test)]
mod tests;
