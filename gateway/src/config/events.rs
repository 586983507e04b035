//! Where events go: the settings of the way out, and how their texts are read.
//!
//! Touch with care: the addresses may have passwords in them, so they are never shown, not even when they are wrong.

use std::time::Duration;

use axum::http::Uri;
use persistence::OUTLET_BYTES_MAX;

use super::{HiddenAddress, RedisUrl};
use crate::auth::Secret;

/// Where one receiver of webhooks is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// What its cursor, its dead letters and its metrics are called: a receiver that moves keeps its name.
    pub name: String,
    /// Its address.
    pub url: HiddenAddress,
}

/// How exactly events say where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Places {
    /// Not at all.
    None,
    /// By an H3 cell of resolution 7, some 5 square kilometres: good for statistics, no one's address.
    Cell,
    /// To the last digit that the rider gave.
    Exact,
}

impl Places {
    /// The name in settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Places::None => "none",
            Places::Cell => "cell",
            Places::Exact => "exact",
        }
    }
}

/// Where events go and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSettings {
    /// What CloudEvents call their source: which city this is.
    pub source: String,
    /// How exactly events say where.
    pub places: Places,
    /// A Redis whose stream takes every event.
    pub redis: Option<RedisUrl>,
    /// The key of that stream.
    pub redis_stream: String,
    /// About how many entries the stream keeps; 0 for all.
    pub redis_length_max: u64,
    /// Receivers that are called for every event.
    pub webhooks: Vec<Webhook>,
    /// What webhooks are signed with.
    pub webhook_secret: Option<Secret>,
    /// What they were signed with before: while the secret is changed both are signed with.
    pub webhook_secret_old: Option<Secret>,
    /// How many events a receiver may be told at once. Those of one trip are always one after the other.
    pub webhook_in_flight: usize,
    /// How long a receiver may take to answer.
    pub webhook_timeout: Duration,
    /// How often an event is tried before it is a dead letter.
    pub webhook_attempts: u32,
    /// How long to wait after the first failure; each wait is twice as long as the one before.
    pub webhook_retry_first: Duration,
    /// The longest wait.
    pub webhook_retry_max: Duration,
    /// The addresses of Kafka's brokers.
    pub kafka: Option<String>,
    /// The topic that takes every event.
    pub kafka_topic: String,
    /// More of librdkafka's own settings, as in `sasl.username=me,sasl.password=secret`.
    pub kafka_options: Option<HiddenAddress>,
}

impl Default for EventSettings {
    fn default() -> EventSettings {
        EventSettings {
            source: "/hansom".to_owned(),
            places: Places::Cell,
            redis: None,
            redis_stream: "hansom:events".to_owned(),
            redis_length_max: 1_000_000,
            webhooks: Vec::new(),
            webhook_secret: None,
            webhook_secret_old: None,
            webhook_in_flight: 8,
            webhook_timeout: Duration::from_secs(10),
            webhook_attempts: 12,
            webhook_retry_first: Duration::from_secs(1),
            webhook_retry_max: Duration::from_secs(300),
            kafka: None,
            kafka_topic: "hansom.events".to_owned(),
            kafka_options: None,
        }
    }
}

/// How many receivers there may be.
const WEBHOOKS_MAX: usize = 8;

/// The names that other outlets have.
const TAKEN: [&str; 2] = ["redis", "kafka"];

pub(super) fn places(text: &str) -> Option<Places> {
    [Places::None, Places::Cell, Places::Exact].into_iter().find(|places| places.name() == text)
}

/// Reads `https://one/hook` or `billing=https://one/hook, app=https://two/hook`.
pub(super) fn webhooks(text: &str) -> Option<Vec<Webhook>> {
    let webhooks: Vec<Webhook> = text.split(',').map(|one| webhook(one.trim())).collect::<Option<_>>()?;
    let mut names: Vec<&str> = webhooks.iter().map(|webhook| webhook.name.as_str()).collect();
    names.sort_unstable();
    let distinct = names.windows(2).all(|pair| pair[0] != pair[1]);
    (distinct && webhooks.len() <= WEBHOOKS_MAX).then_some(webhooks)
}

fn webhook(text: &str) -> Option<Webhook> {
    let (name, url) = match text.split_once('=') {
        Some((name, url)) if !name.contains("://") => (name.trim(), url.trim()),
        _ => ("webhook", text),
    };
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    let is_name = (1..=OUTLET_BYTES_MAX).contains(&name.len()) && name.bytes().all(letter);
    let uri: Uri = url.parse().ok()?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty());
    // A password in the address would be sent to nobody: HTTP clients take it for a header that is not sent here.
    let is_plain = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    let fits = is_name && !TAKEN.contains(&name) && is_http && is_plain;
    fits.then(|| Webhook { name: name.to_owned(), url: HiddenAddress::new(url) })
}

/// Reads `key=value,key=value`.
pub(super) fn options(text: &str) -> Option<HiddenAddress> {
    let fits = text.split(',').all(|pair| pair.split_once('=').is_some_and(|(key, _)| !key.trim().is_empty()));
    fits.then(|| HiddenAddress::new(text))
}

pub(super) fn given(hidden: bool) -> String {
    if hidden { "(given)".to_owned() } else { "(none)".to_owned() }
}
