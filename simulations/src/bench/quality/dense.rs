//! Dense Manhattan evening: a full-volume Thursday from 17 to 20 h on the road graph, with rates of other days.
//!
//! Lives here: which rows the case has and what is hoped of them.
//! Stays out: where the data is ([`super::data_file`]).

use crate::bench::{Row, Settings, Target};

/// The rows of this case that the settings want.
pub(super) fn rows(settings: &Settings) -> Vec<Row> {
    let why = super::data_file(settings, "manhattan_pnas_graph/manhattan_thursday_460k_sampled.npz")
        .map_or_else(|why| why, |_| "this case is not built yet".to_owned());
    let row = |(name, unit, peer, figure, target): (&str, &'static str, &str, f64, Target)| {
        settings
            .wants(&format!("{name} vs {peer}"))
            .then(|| Row::new(name, unit, None, (peer, Some(figure)), Some(target)).because(why.clone()))
    };
    [
        ("dense 6500 cars served", "%", "batch 10 s and rebalancing", 97.11, Target::at_least(97.1)),
        ("dense 8000 cars served", "%", "batch 10 s and rebalancing", 99.82, Target::at_least(99.8)),
        ("dense 8000 cars mean wait", "s", "batch 10 s and rebalancing", 86.1, Target::at_most(86.0)),
    ]
    .into_iter()
    .filter_map(row)
    .collect()
}
