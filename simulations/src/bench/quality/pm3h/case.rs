//! The case as its files say it: who wants to ride when, where the cars start, how long the ways take.

use std::path::Path;

use crate::streets::{Streets, TimeTable};

/// The longest wait from the request to the pickup; who was not picked up by then is lost.
pub(crate) const WAIT_MAX_MS: u64 = 300_000;

/// Someone who wants to ride, from node to node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Milliseconds since 17:00.
    pub(crate) at_ms: u64,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

/// What both sides play.
#[derive(Clone, Debug)]
pub(crate) struct PlayCase {
    pub(crate) streets: Streets,
    pub(crate) table: TimeTable,
    pub(crate) wanted: Vec<Wanted>,
    pub(crate) starts: Vec<usize>,
}

impl PlayCase {
    /// Reads a folder with the graph, `pm3h_requests.csv` and `pm3h_vehicles.csv`.
    pub(crate) fn open(folder: &Path, done: &mut dyn FnMut(usize)) -> Result<PlayCase, String> {
        let streets = Streets::open(folder).map_err(|why| why.to_string())?;
        let nodes = streets.points().len();
        let wanted = lines(&folder.join("pm3h_requests.csv"), |cells| match cells {
            [_, at, from, to] => {
                let at_ms = (at.parse::<f64>().ok()? * 1_000.0).round();
                let at_ms = (0.0..86_400_000.0).contains(&at_ms).then_some(at_ms as u64)?;
                Some(Wanted { at_ms, from: node(from, nodes)?, to: node(to, nodes)? })
            }
            _ => None,
        })?;
        let starts = lines(&folder.join("pm3h_vehicles.csv"), |cells| match cells {
            [_, at] => node(at, nodes),
            _ => None,
        })?;
        if !wanted.is_sorted_by_key(|wanted| wanted.at_ms) {
            return Err("pm3h_requests.csv is not in the order of time".to_owned());
        }
        let table = TimeTable::of(&streets, done).map_err(|why| why.to_string())?;
        Ok(PlayCase { streets, table, wanted, starts })
    }

    /// The same case with the time of each request rounded down to a step.
    pub(crate) fn by_clock(&self, step_ms: u64) -> PlayCase {
        let mut same = self.clone();
        same.wanted.iter_mut().for_each(|wanted| wanted.at_ms -= wanted.at_ms % step_ms);
        same
    }
}

fn node(text: &str, nodes: usize) -> Option<usize> {
    text.parse().ok().filter(|&node| node < nodes)
}

/// The lines of a file after its heads.
fn lines<T>(path: &Path, read: impl Fn(&[&str]) -> Option<T>) -> Result<Vec<T>, String> {
    let text = std::fs::read_to_string(path).map_err(|why| format!("cannot read {}: {why}", path.display()))?;
    let line = |(number, line): (usize, &str)| {
        let cells: Vec<&str> = line.split(',').collect();
        read(&cells).ok_or_else(|| format!("{} line {}: not as its heads say: {line:?}", path.display(), number + 1))
    };
    text.lines().enumerate().skip(1).map(line).collect()
}
