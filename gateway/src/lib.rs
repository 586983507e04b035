//! How do I get in: HTTP and WebSockets, tokens, limits, settings, start and stop.
//!
//! Lives here: the doors and everything between a socket and the city: [`serve`] starts a server, [`Settings`] says
//! how, [`Keys`] make and check tokens.
//! Stays out: matching rules, actors, stores.
//! Touch with care: what is said over the wire (`PROTOCOL.md`), and the order of [`Server::stop`].

mod address;
mod app;
mod around;
mod auth;
mod backup;
mod code;
mod config;
mod doctor;
mod doors;
mod doorway;
mod drain;
mod events;
mod fields;
mod files;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod headers;
mod http;
mod limiter;
mod logs;
mod metrics;
mod nearby;
mod nodes;
mod policy;
mod problem;
mod server;
mod socket;
mod tls;
mod trace;
mod travel;
mod websocket;
mod wire;
mod worth;

pub use auth::{BadToken, Identity, Keys, KeysError, Role, Secret, SecretError, TOKEN_BYTES_MAX, dev_secret};
pub use backup::{BackupError, backup, restore};
pub use code::Code;
pub use config::{
    BadSetting, DatabaseUrl, EventSettings, HiddenAddress, JwksFrom, Layers, Limits, LogFormat, Mode, Network,
    NotANetwork, Places, ProxiesWrite, RedisUrl, SecretFrom, Settings, Shown, TlsSettings, TokenAlgorithm,
    TokenSettings, Webhook, describe_keys, policy as policy_of_table, read_table,
};
pub use doctor::{Finding, Verdict, diagnose};
pub use doors::openapi::openapi;
pub use events::EventsError;
pub use files::{FILES_BESIDE_CONNECTIONS, OpenFiles, raise_open_files};
pub use http::ask as ask_over_http;
pub use logs::start as start_logs;
pub use nearby::NearbySettings;
pub use server::{Given, ServeError, Server, migrate, secret, serve, stored_policy};
pub use tls::TlsError;
pub use travel::BadFile;
pub use worth::{BadWorth, read_worth, write_worth};
