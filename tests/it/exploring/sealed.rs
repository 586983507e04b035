//! A value and its fingerprint, so that states of the whole city are compared by a few numbers.
//!
//! Cores are made to be run, not to be compared: they have no `Hash`, and some numbers in them are floats. Their `Debug`
//! text says all that is in them, in one order; its hash is taken once, when the value is made, not at every comparison.

use std::fmt::{self, Debug, Write};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// A value that does not change any more, with the hash of its text.
#[derive(Debug)]
pub(super) struct Sealed<T> {
    value: T,
    print: u64,
}

impl<T: Debug> Sealed<T> {
    pub(super) fn new(value: T) -> Arc<Sealed<T>> {
        let mut text = Text(DefaultHasher::new());
        write!(text, "{value:?}").unwrap();
        Arc::new(Sealed { value, print: text.0.finish() })
    }

    /// Without a fingerprint, where nobody compares.
    pub(super) fn blank(value: T) -> Arc<Sealed<T>> {
        Arc::new(Sealed { value, print: 0 })
    }
}

impl<T> Sealed<T> {
    pub(super) fn print(&self) -> u64 {
        self.print
    }
}

impl<T> Deref for Sealed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Hash for Sealed<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.print.hash(state);
    }
}

impl<T> PartialEq for Sealed<T> {
    fn eq(&self, other: &Sealed<T>) -> bool {
        self.print == other.print
    }
}

/// Hashes text instead of keeping it.
struct Text(DefaultHasher);

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}
