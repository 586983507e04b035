//! The secret that tokens are signed with: given, or made for development.

use std::fmt::{self, Write as _};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// The least a secret must hold: HS256 is as strong as its key, and RFC 7518 asks for 256 bits.
const BYTES_MIN: usize = 32;

/// Fewer different bytes than this are no chance: of 32 random hexadecimal digits not one in ten million has as few.
const DISTINCT_MIN: usize = 8;

/// The most that is read of a secret's file.
const BYTES_MAX: usize = 4_096;

/// What tokens are signed with. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<[u8]>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// Why there is no secret. Never holds the secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Too short or too long. Choose another one.
    #[error("the secret has {bytes} bytes, allowed are {BYTES_MIN} to {BYTES_MAX}")]
    Length {
        /// How many bytes it has.
        bytes: usize,
    },
    /// As long as it should be, but hardly a secret. Choose another one, by chance.
    #[error(
        "the secret has {distinct} different bytes, allowed in production are {DISTINCT_MIN} or more: openssl rand -hex 32"
    )]
    Weak {
        /// How many different bytes it has.
        distinct: usize,
    },
    /// The file cannot be read or made. Check the path and its rights.
    #[error("the secret's file {} cannot be used", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others could read the secret. Say `chmod 600`, or throw it away.
    #[error("the secret's file {} can be read by others (mode {mode:o}), allowed is 600", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// Its rights.
        mode: u32,
    },
}

impl Secret {
    /// Takes a secret, without the line end an editor leaves.
    ///
    /// # Errors
    /// [`SecretError::Length`] when it is shorter than 32 bytes.
    pub fn new(bytes: &[u8]) -> Result<Secret, SecretError> {
        let bytes = bytes.trim_ascii_end();
        if (BYTES_MIN..=BYTES_MAX).contains(&bytes.len()) {
            Ok(Secret(bytes.into()))
        } else {
            Err(SecretError::Length { bytes: bytes.len() })
        }
    }

    /// Reads a secret from a file.
    ///
    /// # Errors
    /// [`SecretError`] when the file cannot be read, or holds too little.
    pub fn read(path: &Path) -> Result<Secret, SecretError> {
        let wrong = |source| SecretError::File { path: path.to_owned(), source };
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(wrong)?;
        file.take(BYTES_MAX as u64 + 2).read_to_end(&mut bytes).map_err(wrong)?;
        Secret::new(&bytes)
    }

    /// Refuses what was hardly made by chance.
    ///
    /// # Errors
    /// [`SecretError::Weak`] when it is made of few letters.
    pub(crate) fn check_strength(self) -> Result<Secret, SecretError> {
        let mut bytes = self.0.to_vec();
        bytes.sort_unstable();
        bytes.dedup();
        if bytes.len() < DISTINCT_MIN { Err(SecretError::Weak { distinct: bytes.len() }) } else { Ok(self) }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The secret for development: made once for each data directory, readable by its owner only. Whoever asks first, the
/// server or the tool that mints tokens, makes it; all others read the same one.
///
/// # Errors
/// [`SecretError`] when it cannot be made or read, or when others could read it.
pub fn dev_secret(data_dir: &Path) -> Result<Secret, SecretError> {
    let path = data_dir.join("dev-secret");
    let wrong = |source| SecretError::File { path: path.clone(), source };
    if !path.try_exists().map_err(wrong)? {
        fs::create_dir_all(data_dir).map_err(wrong)?;
        make(&path).map_err(wrong)?;
    }
    let mode = fs::metadata(&path).map_err(wrong)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(SecretError::Open { path, mode });
    }
    Secret::read(&path)
}

/// Writes a new secret beside its place, then links it there: nobody ever reads half a secret, and of two who make one
/// at the same time the first wins.
fn make(path: &Path) -> io::Result<()> {
    let mut random = [0u8; 32];
    File::open("/dev/urandom")?.read_exact(&mut random)?;
    let mut text = String::with_capacity(65);
    for byte in random {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.push('\n');
    static MADE: AtomicU32 = AtomicU32::new(0);
    let nth = MADE.fetch_add(1, Ordering::Relaxed);
    let beside = path.with_extension(format!("{}.{nth}.new", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&beside, path);
    fs::remove_file(&beside)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
