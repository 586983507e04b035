//! Copies of a store in one file, taken while a server works on it, and a store made of such a copy.
//!
//! Touch with care: a copy has its name only when all of it is on the disk.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use sqlx::{ConnectOptions, Connection};

use super::{SqliteStore, refused, schema};
use crate::StoreError;

fn unusable(path: &Path, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Unusable { path: path.display().to_string(), cause: cause.into() }
}

impl SqliteStore {
    /// Writes all that is committed in the store in `directory` to a new file, as of one moment. A server may be at work on
    /// the store, and goes on.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when there is no store, or a file of that name already; see [`StoreError`] for the rest.
    pub async fn backup(directory: &Path, file: &Path) -> Result<(), StoreError> {
        let database = directory.join("hansom.sqlite");
        if !database.exists() {
            return Err(unusable(directory, "there is no store in it"));
        }
        if file.exists() {
            return Err(unusable(file, "a file of that name is there already"));
        }
        let part = file.with_extension("part");
        // What an earlier attempt left is worth nothing.
        let _ = std::fs::remove_file(&part);
        let failed = |why: sqlx::Error| refused(&database, Arc::new(why));
        let mut connection = schema::reading(&database).connect().await.map_err(failed)?;
        let copied = sqlx::query("VACUUM INTO ?").bind(part.display().to_string()).execute(&mut connection).await;
        copied.map_err(failed)?;
        connection.close().await.map_err(failed)?;
        let kept = File::open(&part).and_then(|copy| copy.sync_all()).and_then(|()| std::fs::rename(&part, file));
        kept.map_err(|why| unusable(file, why))
    }

    /// Makes a store of such a file in a directory that has none.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when there is a store already, or the file cannot be read; [`StoreError::Damaged`] when it is
    /// no copy of a store, [`StoreError::Newer`] when a newer version made it.
    pub async fn restore(directory: &Path, file: &Path) -> Result<(), StoreError> {
        let database = directory.join("hansom.sqlite");
        if database.exists() {
            return Err(unusable(directory, "there is a store in it already"));
        }
        let copied = std::fs::create_dir_all(directory)
            .and_then(|()| std::fs::copy(file, &database))
            .and_then(|_| File::open(&database)?.sync_all());
        copied.map_err(|why| unusable(file, why))?;
        // Opened once: whatever is wrong with it is said now, and not by the server that was to serve from it.
        let opened = async { SqliteStore::open(directory).await?.close().await };
        if let Err(why) = opened.await {
            let _ = std::fs::remove_file(&database);
            return Err(why);
        }
        Ok(())
    }
}
