//! What a server says of itself at `/metrics`, in the text format of Prometheus.
//!
//! Lives here: the values by series, and what a histogram holds between two readings.
//! Stays out: how it is fetched.

use std::collections::BTreeMap;

/// All series of one reading, by name and labels as they are written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Exposition(BTreeMap<String, f64>);

impl Exposition {
    /// Reads the text; lines that are no samples are passed over.
    pub(crate) fn read(text: &str) -> Exposition {
        let sample = |line: &str| {
            let (series, value) = line.rsplit_once(' ')?;
            Some((series.to_owned(), value.parse().ok()?))
        };
        Exposition(text.lines().filter(|line| !line.starts_with('#')).filter_map(sample).collect())
    }

    /// A series by its name and labels, as in `gateway_frames_in_total{kind="driver"}`.
    pub(crate) fn value(&self, series: &str) -> Option<f64> {
        self.0.get(series).copied()
    }

    /// How much a series has grown since an earlier reading.
    pub(crate) fn grown(&self, since: &Exposition, series: &str) -> Option<f64> {
        Some(self.value(series)? - since.value(series).unwrap_or(0.0))
    }

    /// The value that so many of a histogram's observations since an earlier reading did not exceed, straight between the
    /// bounds of a bucket. `None` when there were none; the last bound when it is beyond it.
    pub(crate) fn quantile(&self, since: &Exposition, histogram: &str, share: f64) -> Option<f64> {
        let prefix = format!("{histogram}_bucket{{le=\"");
        let bound = |series: &str| series.strip_prefix(&prefix)?.strip_suffix("\"}")?.parse::<f64>().ok();
        let mut buckets: Vec<(f64, f64)> =
            self.0.keys().filter_map(|series| Some((bound(series)?, self.grown(since, series)?))).collect();
        buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
        let all = buckets.last().map(|(_, count)| *count).filter(|count| *count > 0.0)?;
        let (mut below, mut counted) = (0.0, 0.0);
        for (bound, count) in buckets {
            if count >= all * share && count > counted {
                let part = (all * share - counted) / (count - counted);
                return Some(if bound.is_finite() { below + (bound - below) * part } else { below });
            }
            (below, counted) = (bound, count);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_of_what_was_observed_in_between() {
        let before = "h_bucket{le=\"1\"} 50\nh_bucket{le=\"2\"} 50\nh_bucket{le=\"+Inf\"} 50\n";
        let after =
            "# HELP h how long\nh_bucket{le=\"1\"} 50\nh_bucket{le=\"2\"} 150\nh_bucket{le=\"+Inf\"} 150\nn 3\n";
        let (before, after) = (Exposition::read(before), Exposition::read(after));
        assert_eq!(after.quantile(&before, "h", 0.5), Some(1.5));
        assert_eq!(after.quantile(&after, "h", 0.5), None);
        assert_eq!(after.grown(&before, "n"), Some(3.0));
        assert_eq!(after.value("m"), None);
    }
}
