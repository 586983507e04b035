//! The server under load, as its machine and its own counters see it.
//!
//! Lives here: CPU time and memory of its process, what it says at `/metrics`.
//! Stays out: starting it ([`crate::chaos`] has the process).

use std::fs;
use std::time::Duration;

use super::exposition::Exposition;
use crate::bench::cpu;

/// How long a server may take to say how it is. One that is drowned is read later.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where a server can be looked at.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    /// Its process, when it is one of this machine.
    pub(crate) pid: Option<u32>,
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
}

/// How a server was at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    /// CPU time of its process so far, in nanoseconds.
    pub(crate) cpu_ns: Option<f64>,
    /// Memory of its own that is in RAM, in bytes.
    pub(crate) memory: Option<f64>,
    pub(crate) said: Option<Exposition>,
}

impl Probe {
    pub(crate) async fn read(&self) -> Reading {
        let (cpu_ns, memory) = (self.pid.and_then(cpu::process_ns), self.pid.and_then(memory));
        let said =
            async { self.http.get(format!("{}/metrics", self.url)).timeout(PATIENCE).send().await?.text().await };
        let said = said.await.ok().map(|text| Exposition::read(&text));
        Reading { cpu_ns, memory, said }
    }
}

/// How much memory of its own a process has in RAM, in bytes: what it allocated, not the files it maps.
pub(crate) fn memory(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok()? * 1_024.0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_process_has_memory_of_its_own_while_it_lives() {
        // A system without /proc says nothing.
        if std::path::Path::new("/proc/self/status").exists() {
            assert!(super::memory(std::process::id()).unwrap() > 100_000.0);
        }
        assert_eq!(super::memory(u32::MAX), None);
    }
}
