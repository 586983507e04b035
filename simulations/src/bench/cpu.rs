//! CPU time, ours and a child's: what work costs, however busy the machine is with other things.
//!
//! Lives here: the clock of the calling thread, the clock of another process, the load of the machine.
//! Stays out: wall time, for which `Instant` is enough.
//! Touch with care: reading a clock costs a few hundred nanoseconds, which [`Stopwatch`] takes off again.

use std::fs;

use rustix::time::{ClockId, clock_gettime};

use super::median;

/// How much CPU time the calling thread has had, in nanoseconds.
#[must_use]
pub fn thread_ns() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// Times short stretches of the calling thread's work in CPU time.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    /// What reading the clock twice costs by itself, in nanoseconds.
    reading_ns: f64,
}

impl Stopwatch {
    /// A stopwatch that has measured itself.
    #[must_use]
    pub fn new() -> Stopwatch {
        let empty: Vec<f64> = (0..1_001)
            .map(|_| {
                let began = thread_ns();
                thread_ns() - began
            })
            .collect();
        Stopwatch { reading_ns: median(&empty).unwrap_or(0.0) }
    }

    /// Does some work and answers how many nanoseconds of CPU time it took, never less than 0.
    pub fn time(&self, work: impl FnOnce()) -> f64 {
        let began = thread_ns();
        work();
        (thread_ns() - began - self.reading_ns).max(0.0)
    }
}

impl Default for Stopwatch {
    fn default() -> Stopwatch {
        Stopwatch::new()
    }
}

/// How much CPU time all threads of another process have had, in nanoseconds. `None` when it is gone, or on a system
/// that does not count it in `/proc`.
#[must_use]
pub fn process_ns(pid: u32) -> Option<f64> {
    let mut sum = 0.0;
    for task in fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let text = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        sum += text.split(' ').next()?.parse::<f64>().ok()?;
    }
    Some(sum)
}

/// How many threads wanted to run in the last minute, on average. `None` on a system that does not say.
#[must_use]
pub fn load_average() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}
