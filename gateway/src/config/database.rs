//! Where databases are: addresses with passwords in them, which are never shown.

use std::fmt;

use persistence::RedisSnapshots;

/// The address of a Postgres database.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Takes an address of Postgres; `None` for one of anything else.
    #[must_use]
    pub fn new(text: &str) -> Option<DatabaseUrl> {
        let is_postgres = text.starts_with("postgres://") || text.starts_with("postgresql://");
        is_postgres.then(|| DatabaseUrl(text.to_owned()))
    }

    /// The address, for whoever connects.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(hidden)")
    }
}

/// The address of a Redis server.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl(String);

impl RedisUrl {
    /// Takes an address of Redis; `None` for one of anything else.
    #[must_use]
    pub fn new(text: &str) -> Option<RedisUrl> {
        RedisSnapshots::new(text, None).ok().map(|_| RedisUrl(text.to_owned()))
    }

    /// The keeper of snapshots at this address; positions are shown under this key, if there is one.
    pub(crate) fn snapshots(&self, positions: Option<String>) -> RedisSnapshots {
        RedisSnapshots::new(&self.0, positions).expect("the address was checked when it was taken")
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisUrl(hidden)")
    }
}
