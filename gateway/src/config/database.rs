//! Where a database is: an address with a password in it, which is never shown.

use std::fmt;

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
