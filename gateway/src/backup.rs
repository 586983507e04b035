//! Copies of the store in one file, and stores made of such copies: `hansom backup`, `hansom restore`.
//!
//! Lives here: which tool does it. SQLite's own statement for the embedded store, `pg_dump` and `pg_restore` for Postgres.
//! Stays out: when copies are made, and where they are kept.
//! Touch with care: a password never stands among the arguments of a process, where everyone on the machine can read it.

use std::path::Path;

use persistence::{PostgresStore, SqliteStore, StoreError};
use tokio::process::Command;

use crate::config::Settings;

/// Why there is no copy, or no store of a copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store says no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tool of Postgres cannot be started. Install the client programs of Postgres.
    #[error("{tool} cannot be started: install the client programs of Postgres (Debian: postgresql-client)")]
    NoTool {
        /// Which.
        tool: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// The tool of Postgres failed.
    #[error("{tool} failed: {said}")]
    Failed {
        /// Which.
        tool: &'static str,
        /// What it says.
        said: String,
    },
}

/// Writes everything that is committed to a file, while servers go on.
///
/// # Errors
/// [`BackupError`].
pub async fn backup(settings: &Settings, file: &Path) -> Result<(), BackupError> {
    match &settings.postgres {
        None => Ok(SqliteStore::backup(&settings.data_dir, file).await?),
        Some(url) => {
            let mut dump = tool("pg_dump", url.address());
            dump.args(["--format=custom", "--no-owner", "--no-privileges", "--file"]).arg(file);
            run("pg_dump", dump).await
        }
    }
}

/// Fills an empty store from such a file. No server may be at work on it.
///
/// # Errors
/// [`BackupError`].
pub async fn restore(settings: &Settings, file: &Path) -> Result<(), BackupError> {
    match &settings.postgres {
        None => Ok(SqliteStore::restore(&settings.data_dir, file).await?),
        Some(url) => {
            let mut restore = tool("pg_restore", url.address());
            // All of it or nothing: what is there already is an error.
            restore.args(["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]).arg(file);
            run("pg_restore", restore).await?;
            // Whatever is wrong with it is said now, and not by the server that was to serve from it.
            PostgresStore::open_with(url.address(), settings.postgres_async_standby).await?.close().await;
            Ok(())
        }
    }
}

fn tool(name: &'static str, address: &str) -> Command {
    let (address, password) = apart(address);
    let mut command = Command::new(name);
    command.arg(format!("--dbname={address}"));
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    command
}

async fn run(tool: &'static str, mut command: Command) -> Result<(), BackupError> {
    let told = command.output().await.map_err(|source| BackupError::NoTool { tool, source })?;
    if told.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&told.stderr);
    Err(BackupError::Failed { tool, said: said.trim().chars().take(500).collect() })
}

/// An address without its password, and the password.
fn apart(address: &str) -> (String, Option<String>) {
    let whole = || (address.to_owned(), None);
    let Some((scheme, rest)) = address.split_once("://") else { return whole() };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((user, _)) = authority.rsplit_once('@') else { return whole() };
    let Some((name, password)) = user.split_once(':') else { return whole() };
    (format!("{scheme}://{name}{}", &rest[user.len()..]), Some(plain(password)))
}

/// A part of an address without its escapes, as in `%40` for an at sign.
fn plain(escaped: &str) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(escaped.len()), escaped.as_bytes());
    while let [first, others @ ..] = rest {
        let escape = (*first == b'%').then(|| others.get(..2)).flatten();
        let code = escape.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &others[2..] } else { others };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_taken_out_of_an_address_and_nothing_else() {
        let cases = [
            (
                "postgres://me:se%40cret@host:5432/db?sslmode=require",
                "postgres://me@host:5432/db?sslmode=require",
                Some("se@cret"),
            ),
            ("postgres://me@host/db", "postgres://me@host/db", None),
            ("postgres:///db?host=/run/postgresql&user=me", "postgres:///db?host=/run/postgresql&user=me", None),
            ("postgresql://me:100%25:x@host", "postgresql://me@host", Some("100%:x")),
        ];
        for (address, without, password) in cases {
            assert_eq!(apart(address), (without.to_owned(), password.map(str::to_owned)));
        }
    }
}
