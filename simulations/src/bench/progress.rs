//! How far a comparison is, for whoever watches.
//!
//! Lives here: one bar on standard error.
//! Stays out: results.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over the steps of a run; silent where standard error is no terminal. Gone when dropped.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar over so many steps.
    #[must_use]
    pub fn new(steps: usize) -> Progress {
        if !std::io::stderr().is_terminal() {
            return Progress(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(steps as u64);
        let style = ProgressStyle::with_template("{elapsed_precise} [{bar:40}] {percent:>3}% {msg} (eta {eta})");
        Progress(style.map_or(bar.clone(), |style| bar.with_style(style)))
    }

    /// Says what the next step is.
    pub fn next(&self, what: &str) {
        self.0.set_message(what.to_owned());
        self.0.tick();
    }

    /// A step is done.
    pub fn step(&self) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
