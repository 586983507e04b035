//! Where databases and receivers are: addresses with passwords in them, which are never shown.

use std::fmt;

use persistence::RedisSnapshots;

/// An address with perhaps a password in it. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct HiddenAddress(String);

impl HiddenAddress {
    pub(super) fn new(text: &str) -> HiddenAddress {
        HiddenAddress(text.to_owned())
    }

    /// The address, for whoever connects.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for HiddenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("hidden")
    }
}

/// The address of a Postgres database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseUrl(HiddenAddress);

impl DatabaseUrl {
    /// Takes an address of Postgres; `None` for one of anything else.
    #[must_use]
    pub fn new(text: &str) -> Option<DatabaseUrl> {
        let is_postgres = text.starts_with("postgres://") || text.starts_with("postgresql://");
        is_postgres.then(|| DatabaseUrl(HiddenAddress::new(text)))
    }

    /// The address, for whoever connects.
    #[must_use]
    pub fn address(&self) -> &str {
        self.0.address()
    }
}

/// The address of a Redis server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisUrl(HiddenAddress);

impl RedisUrl {
    /// Takes an address of Redis; `None` for one of anything else.
    #[must_use]
    pub fn new(text: &str) -> Option<RedisUrl> {
        RedisSnapshots::new(text, None).ok().map(|_| RedisUrl(HiddenAddress::new(text)))
    }

    /// The address, for whoever connects.
    #[must_use]
    pub fn address(&self) -> &str {
        self.0.address()
    }

    /// The keeper of snapshots at this address; positions are shown under this key, if there is one.
    pub(crate) fn snapshots(&self, positions: Option<String>) -> RedisSnapshots {
        RedisSnapshots::new(self.address(), positions).expect("the address was checked when it was taken")
    }
}
