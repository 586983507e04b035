//! Every setting by name: how its text is read, how it is shown, what is allowed.

use std::fmt::Write;

use dispatch::Method;
use geo::Resolution;

use super::events;
use super::{BadSetting, DatabaseUrl, LogFormat, RedisUrl, SecretFrom, Settings};
use crate::auth::Secret;
use values::{file, log_format, meters, method, path, seconds, straight_line};

#[macro_use]
mod kinds;
mod values;

/// One setting, as flags, environment and file know it.
pub(super) struct Key {
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

/// Every setting there is.
pub(super) const KEYS: &[Key] = &[
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
        "jwt_issuer",
        "a text of 1 to 200 bytes",
        |settings, text| {
            settings.jwt_issuer = text.to_owned();
            Some(())
        },
        |settings| settings.jwt_issuer.clone(),
        |settings| (1..=200).contains(&settings.jwt_issuer.len())
    ),
    key!(
        "time_scale",
        "a number from 1 to 1000, and only 1 unless tokens are for development",
        |settings, text| text.parse().map(|scale| settings.time_scale = scale).ok(),
        |settings| settings.time_scale.to_string(),
        |settings| (1.0..=1000.0).contains(&settings.time_scale)
    ),
    seconds!("ping_every", ping_every, 1.0..=60.0),
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
    whole!("limits.body_bytes", limits.body_bytes, 256..=1_048_576),
    whole!("limits.frame_bytes", limits.frame_bytes, 256..=65_536),
    whole!("limits.connections", limits.connections, 1..=1_000_000),
    seconds!("limits.request_timeout", limits.request_timeout, 0.1..=50.0),
    seconds!("limits.heartbeat_every", limits.heartbeat_every, 0.05..=50.0),
    seconds!("limits.idle_after", limits.idle_after, 0.1..=3600.0),
    seconds!("limits.write_within", limits.write_within, 0.1..=60.0),
    key!(
        "policy.version",
        "1 to 64 visible ASCII characters",
        |settings, text| {
            settings.city.policy.version = text.to_owned();
            Some(())
        },
        |settings| settings.city.policy.version.clone()
    ),
    policy_value!("policy.immediate_above", immediate_above, "a number from 0 to 1000"),
    policy_value!("policy.matching.work_max", matching.work_max, "a whole number from 10000 to 1000000000"),
    policy_seconds!("policy.forward.within", forward.within, "seconds from 0 to 1800"),
    policy_value!("policy.forward.penalty", forward.penalty, "a number from 0 to 3600"),
    policy_seconds!("policy.forward.hold_max", forward.hold_max, "seconds from 0 to 3600"),
    policy_value!("policy.explain.decisions_max", explain.decisions_max, "a whole number from 0 to 1000000"),
    policy_value!("policy.explain.candidates_max", explain.candidates_max, "a whole number from 0 to 256"),
    policy_value!("policy.explain.journal_permille", explain.journal_permille, "a whole number from 0 to 1000"),
    policy_value!("policy.weights.pickup", weights.pickup, "a number from 0 to 100"),
    policy_value!("policy.weights.waiting", weights.waiting, "a number from 0 to 100"),
    policy_value!("policy.weights.idle", weights.idle, "a number from 0 to 100"),
    policy_seconds!("policy.weights.idle_max", weights.idle_max, "seconds from 0 to 86400"),
    policy_value!("policy.weights.refusal", weights.refusal, "a number from 0 to 3600"),
    policy_value!("policy.weights.position_age", weights.position_age, "a number from 0 to 100"),
    policy_value!("policy.weights.doubt", weights.doubt, "a number from 0 to 3600"),
    policy_value!("policy.weights.ride", weights.ride, "a number from 0 to 100"),
    policy_value!("policy.weights.future", weights.future, "a number from 0 to 100"),
    key!(
        "policy.worth",
        "a file that hansom-sim learn has made, and only with policy.weights.future above 0",
        |settings, text| path(text).map(|path| settings.worth = Some(path)),
        |settings| file(settings.worth.as_ref())
    ),
    key!(
        "policy.method",
        "batched or nearest",
        |settings, text| method(text).map(|method| settings.city.policy.method = method),
        |settings| match settings.city.policy.method {
            Method::Batched => "batched".to_owned(),
            Method::Nearest => "nearest".to_owned(),
        }
    ),
    policy_seconds!("policy.match_every", match_every, "seconds from 0.05 to 60"),
    key!(
        "policy.pickup_within",
        "metres from 50 to 50000",
        |settings, text| meters(text).map(|value| settings.city.policy.pickup_within = value),
        |settings| settings.city.policy.pickup_within.get().to_string()
    ),
    key!(
        "policy.candidates_max",
        "a whole number from 1 to 256",
        |settings, text| text.parse().map(|value| settings.city.policy.candidates_max = value).ok(),
        |settings| settings.city.policy.candidates_max.to_string()
    ),
    key!(
        "policy.offers.waves",
        "1 to 16 whole numbers from 1 to 16, with commas between them",
        |settings, text| {
            let sizes: Result<Vec<usize>, _> = text.split(',').map(|size| size.trim().parse()).collect();
            sizes.map(|sizes| settings.city.policy.offers.waves = sizes).ok()
        },
        |settings| {
            let sizes: Vec<String> = settings.city.policy.offers.waves.iter().map(ToString::to_string).collect();
            sizes.join(",")
        }
    ),
    policy_seconds!("policy.offers.stagger", offers.stagger, "seconds from 0 to 60"),
    policy_meters!("policy.offers.radius", offers.radius, "metres from 50 to 50000"),
    policy_meters!("policy.offers.radius_growth", offers.radius_growth, "metres from 50 to 50000"),
    policy_value!("policy.offers.per_hour_max", offers.per_hour_max, "a whole number from 0 (no limit) to 1000"),
    policy_seconds!("policy.offers.reconnect_within", offers.reconnect_within, "seconds from 0 (not at all) to 60"),
    policy_value!("policy.offers.unanswered_max", offers.unanswered_max, "a whole number from 0 (never) to 1000"),
    policy_seconds!("policy.cancellation.free_for", cancellation.free_for, "seconds from 0 to 3600"),
    policy_seconds!("policy.cancellation.no_show_after", cancellation.no_show_after, "seconds from 0 to 3600"),
    policy_value!("policy.progress.on", progress.on, "true or false"),
    policy_seconds!("policy.progress.dark_after", progress.dark_after, "seconds from 1 to 7200"),
    policy_seconds!("policy.progress.stalled_after", progress.stalled_after, "seconds from 1 to 7200"),
    policy_seconds!("policy.progress.progress", progress.progress, "seconds from 1 to 7200"),
    policy_seconds!("policy.progress.retreat", progress.retreat, "seconds from 1 to 7200"),
    policy_seconds!("policy.progress.retreat_for", progress.retreat_for, "seconds from 1 to 7200"),
    policy_seconds!("policy.progress.near", progress.near, "seconds from 1 to 7200"),
    policy_seconds!("policy.progress.patience", progress.patience, "seconds from 1 to 7200"),
    policy_value!("policy.homeward.per_day_max", homeward.per_day_max, "a whole number from 0 to 100"),
    policy_seconds!("policy.homeward.lasts", homeward.lasts, "seconds from 60 to 86400"),
    policy_meters!("policy.homeward.near", homeward.near, "metres from 0 to 50000"),
    policy_value!("policy.homeward.progress", homeward.progress, "a number from 0 to 1"),
    policy_value!("policy.riders.active_max", riders.active_max, "a whole number from 0 (no limit) to 1000"),
    policy_value!("policy.riders.searching_max", riders.searching_max, "a whole number from 0 (no limit) to 1000"),
    policy_value!(
        "policy.riders.cancellations_max",
        riders.cancellations_max,
        "a whole number from 0 (no limit) to 1000"
    ),
    policy_seconds!("policy.wait_max", wait_max, "seconds from 30 to 86400"),
    policy_seconds!("policy.offer_lasts", offer_lasts, "seconds from 1 to 120"),
    policy_seconds!("policy.reservation_grace", reservation_grace, "seconds from 0.5 to 60"),
    policy_seconds!("policy.reply_within", reply_within, "seconds from 0.01 to 10"),
    policy_seconds!("policy.neighbours_within", neighbours_within, "seconds from 0.01 to 10"),
    policy_seconds!("policy.search_lasts", search_lasts, "seconds from 5 to 7200"),
    policy_seconds!("policy.pickup_lasts", pickup_lasts, "seconds from 60 to 86400"),
    policy_seconds!("policy.boarding_lasts", boarding_lasts, "seconds from 30 to 86400"),
    policy_seconds!("policy.ride_lasts", ride_lasts, "seconds from 60 to 604800"),
    policy_seconds!("policy.position_fresh_for", position_fresh_for, "seconds from 1 to 3600"),
    key!(
        "policy.speed_max_mps",
        "metres a second from 10 to 300",
        |settings, text| text.parse().map(|value| settings.city.policy.speed_max_mps = value).ok(),
        |settings| settings.city.policy.speed_max_mps.to_string()
    ),
    key!(
        "policy.plausibility_min",
        "a whole number from 0 to 100",
        |settings, text| text.parse().map(|value| settings.city.policy.plausibility_min = value).ok(),
        |settings| settings.city.policy.plausibility_min.to_string()
    ),
    key!(
        "policy.border_slack",
        "metres from 0 to 2000",
        |settings, text| meters(text).map(|value| settings.city.policy.border_slack = value),
        |settings| settings.city.policy.border_slack.get().to_string()
    ),
    policy_seconds!("policy.move_every", move_every, "seconds from 0 to 3600"),
    key!(
        "policy.detour",
        "road metres for each metre of air, from 1 to 5",
        |settings, text| straight_line(settings, Some(text), None),
        |settings| settings.city.policy.travel.straight_line().detour().to_string()
    ),
    key!(
        "policy.speed_mps",
        "metres a second from 0.1 to 60",
        |settings, text| straight_line(settings, None, Some(text)),
        |settings| settings.city.policy.travel.straight_line().speed_mps().to_string()
    ),
    policy_value!("policy.pooling.on", pooling.on, "true or false"),
    policy_value!("policy.pooling.seats", pooling.seats, "a whole number from 2 to 8"),
    policy_value!("policy.pooling.riders_max", pooling.riders_max, "a whole number from 2 to 12"),
    policy_seconds!("policy.pooling.wait_max", pooling.wait_max, "seconds from 10 to 7200"),
    policy_value!("policy.pooling.detour_factor", pooling.detour_factor, "a number from 1 to 5"),
    policy_seconds!("policy.pooling.detour_constant", pooling.detour_constant, "seconds from 0 to 7200"),
    policy_seconds!("policy.pooling.boarding", pooling.boarding, "seconds from 0 to 600"),
    policy_seconds!("policy.pooling.alighting", pooling.alighting, "seconds from 0 to 600"),
    policy_value!("policy.pooling.drive_weight", pooling.drive_weight, "a whole number from 1 to 1000"),
    policy_value!("policy.pooling.rider_weight", pooling.rider_weight, "a whole number from 0 to 1000"),
    policy_value!("policy.pooling.search_steps_max", pooling.search_steps_max, "a whole number from 1000 to 100000000"),
    policy_value!("policy.reposition.on", reposition.on, "true or false"),
    policy_seconds!("policy.reposition.every", reposition.every, "seconds from 10 to 3600"),
    key!(
        "policy.reposition.resolution",
        "an H3 resolution from 5 to 10",
        |settings, text| {
            settings.city.policy.reposition.resolution = Resolution::new(text.parse().ok()?).ok()?;
            Some(())
        },
        |settings| settings.city.policy.reposition.resolution.get().to_string()
    ),
    policy_value!("policy.reposition.slot_min", reposition.slot_min, "minutes from 5 to 240, a whole part of a day"),
    key!(
        "policy.reposition.day_kinds",
        "alike, work_and_weekend or seven_days",
        |settings, text| text.parse().map(|kinds| settings.city.policy.reposition.day_kinds = kinds).ok(),
        |settings| settings.city.policy.reposition.day_kinds.name().to_owned()
    ),
    policy_value!("policy.reposition.days_remembered", reposition.days_remembered, "days from 1 to 365"),
    policy_value!("policy.reposition.recent_worth_days", reposition.recent_worth_days, "days from 0.01 to 100"),
    policy_seconds!("policy.reposition.recent_lasts", reposition.recent_lasts, "seconds from 60 to 86400"),
    policy_value!("policy.reposition.neighbours_share", reposition.neighbours_share, "a number from 0 to 1"),
    policy_value!("policy.reposition.cells_max", reposition.cells_max, "a whole number from 1 to 1000000"),
    policy_seconds!("policy.reposition.horizon", reposition.horizon, "seconds from 60 to 14400"),
    policy_seconds!("policy.reposition.drive_max", reposition.drive_max, "seconds from 30 to 7200"),
    policy_seconds!("policy.reposition.idle_for", reposition.idle_for, "seconds from 0 to 7200"),
    policy_seconds!("policy.reposition.rest", reposition.rest, "seconds from 0 to 14400"),
    policy_seconds!("policy.reposition.set_off_within", reposition.set_off_within, "seconds from 10 to 3600"),
    policy_seconds!("policy.reposition.stay", reposition.stay, "seconds from 0 to 14400"),
    policy_seconds!("policy.reposition.trip_worth", reposition.trip_worth, "seconds from 1 to 14400"),
    policy_seconds!("policy.reposition.gain_min", reposition.gain_min, "seconds from 0 to 7200"),
    policy_value!("policy.reposition.places_max", reposition.places_max, "a whole number from 1 to 1024"),
    policy_value!("policy.fares.currency", fares.currency, "three capital letters such as USD"),
    policy_value!(
        "policy.fares.economy",
        fares.economy,
        "base=, km=, minute=, minimum=, booking=, cancelling= in any order, each from 0 to 1000000000 minor units"
    ),
    policy_value!(
        "policy.fares.comfort",
        fares.comfort,
        "base=, km=, minute=, minimum=, booking=, cancelling= in any order, each from 0 to 1000000000 minor units"
    ),
    policy_value!(
        "policy.fares.xl",
        fares.xl,
        "base=, km=, minute=, minimum=, booking=, cancelling= in any order, each from 0 to 1000000000 minor units"
    ),
    policy_value!(
        "policy.fares.premium",
        fares.premium,
        "base=, km=, minute=, minimum=, booking=, cancelling= in any order, each from 0 to 1000000000 minor units"
    ),
    policy_value!("policy.fares.shared_discount", fares.shared_discount, "a whole number from 0 to 90, in percent"),
    policy_seconds!("policy.fares.quote_lasts", fares.quote_lasts, "seconds from 5 to 3600"),
    policy_meters!("policy.fares.quote_slack", fares.quote_slack, "metres from 0 to 1000"),
    policy_value!("policy.surge.max", surge.max, "a whole number from 100 (none) to 1000, in percent"),
    policy_value!("policy.surge.resolution", surge.resolution, "an H3 resolution from 5 to 10"),
    policy_seconds!("policy.surge.every", surge.every, "seconds from 10 to 3600"),
    policy_seconds!("policy.surge.window", surge.window, "seconds from 60 to 7200"),
    policy_value!("policy.surge.demand_min", surge.demand_min, "a number from 0.1 to 1000"),
    policy_value!("policy.surge.fall_margin", surge.fall_margin, "a whole number from 11 to 45, in percent"),
    policy_seconds!("policy.surge.hold", surge.hold, "seconds from 0 to 3600"),
    policy_value!("policy.surge.spread", surge.spread, "a whole number from 0 to 90, in percent"),
    policy_seconds!("policy.booking.ahead_min", booking.ahead_min, "seconds from 0 to 86400"),
    policy_seconds!("policy.booking.ahead_max", booking.ahead_max, "seconds from 60 to 31622400"),
    policy_seconds!(
        "policy.booking.lead_min",
        booking.lead_min,
        "seconds from 0 to 7200, at most policy.booking.lead_max"
    ),
    policy_seconds!("policy.booking.lead_max", booking.lead_max, "seconds from 60 to 21600"),
    policy_seconds!("policy.booking.margin", booking.margin, "seconds from 0 to 3600"),
    policy_seconds!("policy.booking.early_max", booking.early_max, "seconds from 0 to 3600"),
    policy_value!("policy.booking.per_rider", booking.per_rider, "a whole number from 1 to 1000"),
];

/// Checks the range of every setting that has one here.
pub(super) fn check_ranges(settings: &Settings) -> Result<(), BadSetting> {
    for key in KEYS {
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
    for key in KEYS {
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
