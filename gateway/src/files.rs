//! Files: how many the process may have open, and reading a small one.
//!
//! Lives here: the soft limit, raised as far as the system lets us; a reading that ends.
//! Stays out: who uses them, and what is in them.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that a server has open beside its connections: store, logs, timers of its threads.
pub const FILES_BESIDE_CONNECTIONS: usize = 128;

/// How many files and sockets the process may have open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenFiles {
    /// As it was; `None` for as many as it likes.
    pub before: Option<u64>,
    /// As it is now.
    pub now: Option<u64>,
}

impl OpenFiles {
    /// Whether so many sockets fit, beside `others` that the process needs for its store, logs and threads.
    #[must_use]
    pub fn hold(&self, sockets: usize, others: usize) -> bool {
        self.now.is_none_or(|now| now >= (sockets + others) as u64)
    }
}

/// Raises the soft limit of open files (`ulimit -n`) to the hard one, which only the system's administrator raises.
///
/// # Errors
/// When the system refuses.
pub fn raise_open_files() -> io::Result<OpenFiles> {
    let limit = getrlimit(Resource::Nofile);
    let before = limit.current;
    if before != limit.maximum {
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    }
    Ok(OpenFiles { before, now: getrlimit(Resource::Nofile).current })
}

/// Reads a file that is not longer than `bytes_max`, whatever the system says of its length.
///
/// # Errors
/// When it cannot be read, or is longer.
pub(crate) fn read_small(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(io::Error::other(format!("it has more than {bytes_max} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_is_read_and_a_long_one_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, [7; 100]).unwrap();
        assert_eq!(read_small(&path, 100).unwrap(), [7; 100]);
        assert!(read_small(&path, 99).is_err());
        assert!(read_small(Path::new("/dev/zero"), 99).is_err(), "also one without an end");
    }

    #[test]
    fn the_soft_limit_ends_at_the_hard_one() {
        let files = raise_open_files().unwrap();
        assert_eq!(files.now, getrlimit(Resource::Nofile).maximum);
        assert_eq!(raise_open_files().unwrap(), OpenFiles { before: files.now, now: files.now });
    }

    #[test]
    fn sockets_fit_where_the_limit_leaves_room_for_the_rest() {
        let files = |now| OpenFiles { before: None, now };
        assert!(files(Some(1_064)).hold(1_000, 64));
        assert!(!files(Some(1_063)).hold(1_000, 64));
        assert!(files(None).hold(1_000_000, 64));
    }
}
