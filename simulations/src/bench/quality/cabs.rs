//! Cabs of San Francisco, 2008-05-30: real GPS, trips derived from it, served by no more cars than really drove.
//!
//! Lives here: which rows the case has and what is hoped of them.
//! Stays out: where the data is ([`super::data_file`]).

use crate::bench::{Row, Settings, Target};

/// The rows of this case that the settings want.
pub(super) fn rows(settings: &Settings) -> Vec<Row> {
    let why = super::data_file(settings, "cabspotting/trips_2008-05-30.csv.gz")
        .map_or_else(|why| why, |_| "this case is not built yet".to_owned());
    let row = |(name, unit, peer, figure, target): (&str, &'static str, &str, f64, Target)| {
        settings
            .wants(&format!("{name} vs {peer}"))
            .then(|| Row::new(name, unit, None, (peer, Some(figure)), Some(target)).because(why.clone()))
    };
    [("cabs cars needed", "cars", "cabs that really drove", 487.0, Target::at_most(487.0))]
        .into_iter()
        .filter_map(row)
        .collect()
}
