//! The data directory: made when it is missing, held by one process at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use crate::StoreError;

/// Makes the directory if need be and takes its lock. Whoever holds the file holds the lock; the system takes it from a
/// process that is killed.
///
/// # Errors
/// [`StoreError::InUse`] when someone else holds it, [`StoreError::Unusable`] when the system refuses.
pub(super) fn take(directory: &Path) -> Result<File, StoreError> {
    let unusable =
        |cause: io::Error| StoreError::Unusable { path: directory.display().to_string(), cause: cause.into() };
    make(directory).map_err(unusable)?;
    // Never shortened and never deleted: a lock on a file that another process has replaced would hold nothing.
    let open = OpenOptions::new().write(true).create(true).truncate(false).open(directory.join("hansom.lock"));
    let lock = open.map_err(unusable)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: directory.display().to_string() }),
        Err(TryLockError::Error(cause)) => Err(unusable(cause)),
    }
}

/// Makes the directory and those above it so that they survive a power cut: a name lasts when the directory it stands
/// in is synced. SQLite does that for its files, nobody does it for theirs.
fn make(directory: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = directory.ancestors().take_while(|path| !path.exists()).collect();
    std::fs::create_dir_all(directory)?;
    for made in missing {
        sync_names_beside(made)?;
    }
    Ok(())
}

#[cfg(unix)]
fn sync_names_beside(path: &Path) -> io::Result<()> {
    let parent = match path.parent() {
        None => return Ok(()),
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
    };
    File::open(parent)?.sync_all()
}

/// Elsewhere directories cannot be opened and need no sync.
#[cfg(not(unix))]
fn sync_names_beside(_: &Path) -> io::Result<()> {
    Ok(())
}
