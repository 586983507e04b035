//! pyhailing: the dynamic ride-hailing environment of the 12th DIMACS challenge, with Hansom as its agent.
//!
//! Lives here: which rows the case has and what is hoped of them.
//! Stays out: the environment, which is Python and runs as it was published.

use crate::bench::{Row, Settings, Target};

/// The rows of this case that the settings want.
pub(super) fn rows(settings: &Settings) -> Vec<Row> {
    let python = settings.pyhailing_python.clone().unwrap_or_else(|| "python3".into());
    let why = format!("{} has no pyhailing", python.display());
    let row = |(name, peer, figure, target): (&str, &str, f64, f64)| {
        settings.wants(&format!("{name} vs {peer}")).then(|| {
            let target = Some(Target::at_least(target));
            Row::new(name, "reward", None, (peer, Some(figure)), target).because(why.clone())
        })
    };
    let peer = "batch and repositioning";
    [
        ("pyhailing SUI", peer, 19_415.0, 20_500.0),
        ("pyhailing MUI", peer, 179_078.0, 185_000.0),
        ("pyhailing LUI", peer, 943_047.0, 943_048.0),
    ]
    .into_iter()
    .filter_map(row)
    .collect()
}
