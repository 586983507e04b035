//! PM3h: 1,890 requests from 17 to 20 h and 100 cars on the Manhattan graph, beside FleetPy.
//!
//! Lives here: which rows the case has and what is hoped of them.
//! Stays out: where the data is ([`super::data_file`]).

use crate::bench::{Row, Settings, Target};

/// The rows of this case that the settings want.
pub(super) fn rows(settings: &Settings) -> Vec<Row> {
    let why = super::data_file(settings, "manhattan_pnas_graph/pm3h_requests.csv")
        .map_or_else(|why| why, |_| "this case is not built yet".to_owned());
    let row = |(name, unit, peer, figure, target): (&str, &'static str, &str, f64, Target)| {
        settings
            .wants(&format!("{name} vs {peer}"))
            .then(|| Row::new(name, unit, None, (peer, Some(figure)), Some(target)).because(why.clone()))
    };
    [
        ("PM3h capacity 1 served", "%", "FleetPy", 51.7, Target::at_least(51.7)),
        ("PM3h capacity 4 served", "%", "FleetPy", 63.6, Target::at_least(63.6)),
    ]
    .into_iter()
    .filter_map(row)
    .collect()
}
