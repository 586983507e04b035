//! Every setting by name: how its text is read, how it is shown, what is allowed.

use std::fmt::Write;

use geo::Resolution;

use super::events;
use super::{BadSetting, DatabaseUrl, LogFormat, RedisUrl, SecretFrom, Settings};
use crate::auth::Secret;
use values::{file, log_format, meters, path, seconds};

#[macro_use]
mod kinds;
mod policy;
mod security;
mod values;

/// One setting, as flags, environment and file know it.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its name; a dot stands for a table of the file.
    pub(super) name: &'static str,
    /// What may be given.
    pub(super) allowed: &'static str,
    /// Takes a text; `None` when it is no value of this kind.
    pub(super) set: fn(&mut Settings, &str) -> Option<()>,
    /// Shows the value; never a secret.
    pub(super) show: fn(&Settings) -> String,
    /// Whether the value is in range.
    fits: fn(&Settings) -> bool,
}

impl Key {
    /// Its name.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// What may be given.
    pub(crate) fn allowed(&self) -> &'static str {
        self.allowed
    }

    /// The value in these settings; never a secret.
    pub(crate) fn show(&self, settings: &Settings) -> String {
        (self.show)(settings)
    }

    /// The variable of the environment that sets it.
    pub(super) fn variable(&self) -> String {
        format!("HANSOM_{}", self.name.to_ascii_uppercase().replace('.', "_"))
    }

    /// Whether its value must never be shown.
    pub(super) fn is_secret(&self) -> bool {
        matches!(
            self.name,
            "jwt_secret"
                | "postgres"
                | "redis"
                | "events.redis"
                | "events.webhooks"
                | "events.webhook_secret"
                | "events.webhook_secret_old"
                | "events.kafka_options"
        )
    }
}

/// Every setting that is not of the policy.
const SERVER: &[Key] = &[
    key!("data_dir", "a directory", |settings, text| path(text).map(|path| settings.data_dir = path), |settings| {
        settings.data_dir.display().to_string()
    }),
    key!(
        "postgres",
        "an address such as postgres://user:password@host/database; without it the store is SQLite in data_dir",
        |settings, text| DatabaseUrl::new(text).map(|url| settings.postgres = Some(url)),
        |settings| if settings.postgres.is_some() { "(given)".to_owned() } else { "(none)".to_owned() }
    ),
    key!(
        "postgres_async_standby",
        "refuse or allow: a standby that may lag behind forgets acknowledged steps when it is promoted",
        |settings, text| match text {
            "refuse" => {
                settings.postgres_async_standby = false;
                Some(())
            }
            "allow" => {
                settings.postgres_async_standby = true;
                Some(())
            }
            _ => None,
        },
        |settings| if settings.postgres_async_standby { "allow".to_owned() } else { "refuse".to_owned() }
    ),
    key!(
        "redis",
        "an address such as redis://user:password@host:6379/0; without it nothing softens a recovery",
        |settings, text| RedisUrl::new(text).map(|url| settings.redis = Some(url)),
        |settings| if settings.redis.is_some() { "(given)".to_owned() } else { "(none)".to_owned() }
    ),
    key!(
        "redis_positions",
        "a key such as hansom:positions, 1 to 200 letters; GEOSEARCH finds the drivers at work under it",
        |settings, text| { (1..=200).contains(&text.len()).then(|| settings.redis_positions = Some(text.to_owned())) },
        |settings| settings.redis_positions.clone().unwrap_or_else(|| "(none)".to_owned())
    ),
    key!(
        "listen",
        "an address and a port such as 127.0.0.1:7070; port 0 chooses one",
        |settings, text| text.parse().map(|address| settings.listen = address).ok(),
        |settings| settings.listen.to_string()
    ),
    key!(
        "log_format",
        "text or json",
        |settings, text| log_format(text).map(|format| settings.log_format = format),
        |settings| if settings.log_format == LogFormat::Json { "json".to_owned() } else { "text".to_owned() }
    ),
    key!(
        "log",
        "a filter such as info,gateway=debug",
        |settings, text| {
            settings.log = text.to_owned();
            Some(())
        },
        |settings| settings.log.clone()
    ),
    key!(
        "jwt_secret",
        "32 to 4096 bytes, and not together with jwt_secret_file",
        |settings, text| Secret::new(text.as_bytes()).map(|secret| settings.secret = SecretFrom::Given(secret)).ok(),
        |settings| if settings.secret == SecretFrom::Dev {
            "(made for development)".to_owned()
        } else {
            "(hidden)".to_owned()
        }
    ),
    key!(
        "jwt_secret_file",
        "a file of 32 to 4096 bytes, and not together with jwt_secret",
        |settings, text| path(text).map(|path| settings.secret = SecretFrom::File(path)),
        |settings| match &settings.secret {
            SecretFrom::File(path) => path.display().to_string(),
            SecretFrom::Dev | SecretFrom::Given(_) => "(none)".to_owned(),
        }
    ),
    key!(
        "time_scale",
        "a number from 1 to 1000, and only 1 unless tokens are for development",
        |settings, text| text.parse().map(|scale| settings.time_scale = scale).ok(),
        |settings| settings.time_scale.to_string(),
        |settings| (1.0..=1000.0).contains(&settings.time_scale)
    ),
    key!(
        "shard_resolution",
        "an H3 resolution from 3 to 7",
        |settings, text| {
            let resolution = Resolution::new(text.parse().ok()?).ok()?;
            settings.city.shard_resolution = resolution;
            Some(())
        },
        |settings| settings.city.shard_resolution.get().to_string(),
        |settings| (3..=7).contains(&settings.city.shard_resolution.get())
    ),
    key!(
        "stored_policy",
        "apply or ignore: what was changed by PATCH /v1/ops/policy, which counts before all settings",
        |settings, text| match text {
            "apply" => {
                settings.stored_policy = true;
                Some(())
            }
            "ignore" => {
                settings.stored_policy = false;
                Some(())
            }
            _ => None,
        },
        |settings| if settings.stored_policy { "apply".to_owned() } else { "ignore".to_owned() }
    ),
    seconds!("drain_window", drain_window, 0.0..=3600.0),
    whole!("nearby.cars_max", nearby.cars_max, 0..=50),
    key!(
        "nearby.radius",
        "metres from 100 to 20000",
        |settings, text| meters(text).map(|radius| settings.nearby.radius = radius),
        |settings| settings.nearby.radius.get().to_string(),
        |settings| (100.0..=20_000.0).contains(&settings.nearby.radius.get())
    ),
    whole!("nearby.resolution", nearby.resolution, 7..=10),
    key!(
        "nearby.jitter",
        "metres from 50 to 2000",
        |settings, text| meters(text).map(|jitter| settings.nearby.jitter = jitter),
        |settings| settings.nearby.jitter.get().to_string(),
        |settings| (50.0..=2_000.0).contains(&settings.nearby.jitter.get())
    ),
    seconds!("nearby.window", nearby.window, 10.0..=3600.0),
    whole!("door_threads", door_threads, 1..=256),
    whole!("arbiters", city.arbiters, 1..=256),
    key!(
        "city.roads",
        "a file that hansom-sim import has made",
        |settings, text| path(text).map(|path| settings.roads = Some(path)),
        |settings| file(settings.roads.as_ref())
    ),
    key!(
        "city.speed_factors",
        "a file of 24 or 168 numbers from 0.05 to 5, and only together with city.roads",
        |settings, text| path(text).map(|path| settings.speed_factors = Some(path)),
        |settings| file(settings.speed_factors.as_ref())
    ),
    key!(
        "city.utc_offset_min",
        "minutes that the city's clocks are ahead of UTC, from -720 to 840",
        |settings, text| text.parse().map(|minutes| settings.city.policy.utc_offset_min = minutes).ok(),
        |settings| settings.city.policy.utc_offset_min.to_string(),
        |settings| (-720..=840).contains(&settings.city.policy.utc_offset_min)
    ),
    text!("events.source", events.source, "a text of 1 to 200 visible ASCII characters", 200),
    key!(
        "events.places",
        "none, cell or exact",
        |settings, text| events::places(text).map(|places| settings.events.places = places),
        |settings| settings.events.places.name().to_owned()
    ),
    key!(
        "events.redis",
        "an address such as redis://:password@host:6379/0, rediss://... or redis+unix:///path",
        |settings, text| RedisUrl::new(text).map(|url| settings.events.redis = Some(url)),
        |settings| events::given(settings.events.redis.is_some())
    ),
    text!("events.redis_stream", events.redis_stream, "a key of 1 to 200 visible ASCII characters", 200),
    whole!("events.redis_length_max", events.redis_length_max, 0..=1_000_000_000_000),
    key!(
        "events.webhooks",
        "1 to 8 addresses such as billing=https://host/path, with commas between them and a name of its own for each",
        |settings, text| events::webhooks(text).map(|webhooks| settings.events.webhooks = webhooks),
        |settings| events::given(!settings.events.webhooks.is_empty())
    ),
    key!(
        "events.webhook_secret",
        "32 to 4096 bytes",
        |settings, text| Secret::new(text.as_bytes()).map(|secret| settings.events.webhook_secret = Some(secret)).ok(),
        |settings| events::given(settings.events.webhook_secret.is_some())
    ),
    key!(
        "events.webhook_secret_old",
        "32 to 4096 bytes",
        |settings, text| {
            Secret::new(text.as_bytes()).map(|secret| settings.events.webhook_secret_old = Some(secret)).ok()
        },
        |settings| events::given(settings.events.webhook_secret_old.is_some())
    ),
    whole!("events.webhook_in_flight", events.webhook_in_flight, 1..=256),
    seconds!("events.webhook_timeout", events.webhook_timeout, 0.1..=60.0),
    whole!("events.webhook_attempts", events.webhook_attempts, 1..=100),
    seconds!("events.webhook_retry_first", events.webhook_retry_first, 0.01..=60.0),
    seconds!("events.webhook_retry_max", events.webhook_retry_max, 0.01..=86_400.0),
    key!(
        "events.kafka",
        "brokers such as one:9092,two:9092, and only in a build with the feature kafka",
        |settings, text| (!text.is_empty()).then(|| settings.events.kafka = Some(text.to_owned())),
        |settings| settings.events.kafka.clone().unwrap_or_else(|| "(none)".to_owned())
    ),
    text!("events.kafka_topic", events.kafka_topic, "a topic of 1 to 249 visible ASCII characters", 249),
    key!(
        "events.kafka_options",
        "settings of librdkafka such as sasl.username=me,sasl.password=secret",
        |settings, text| events::options(text).map(|options| settings.events.kafka_options = Some(options)),
        |settings| events::given(settings.events.kafka_options.is_some())
    ),
];

/// Every setting there is.
pub(super) fn keys() -> impl Iterator<Item = &'static Key> {
    SERVER.iter().chain(security::SECURITY).chain(policy::POLICY)
}

/// Checks the range of every setting that has one here.
pub(super) fn check_ranges(settings: &Settings) -> Result<(), BadSetting> {
    for key in keys() {
        if !(key.fits)(settings) {
            return Err(BadSetting::Value {
                key: key.name.to_owned(),
                value: (key.show)(settings),
                origin: None,
                allowed: key.allowed.to_owned(),
            });
        }
    }
    Ok(())
}

/// A table of every setting: its name, its variable, its default and what is allowed.
#[must_use]
pub fn describe_keys() -> String {
    let defaults = Settings::default();
    let mut table = String::new();
    for key in keys() {
        // Writing to a String cannot fail.
        let _ = writeln!(
            table,
            "{:<32} {:<39} default {:<24} {}",
            key.name,
            key.variable(),
            (key.show)(&defaults),
            key.allowed
        );
    }
    table
}
