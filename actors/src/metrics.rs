//! What the actors count. The registry is handed in, so that each test has its own.

use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    core::{Atomic, GenericCounter},
};

/// The counters and gauges of one node's actors.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    pub(crate) pings: IntCounterVec,
    pub(crate) transitions: IntCounterVec,
    pub(crate) refusals: IntCounterVec,
    pub(crate) offers: IntCounter,
    pub(crate) matches: IntCounter,
    pub(crate) rounds: IntCounter,
    pub(crate) rounds_cut_short: IntCounter,
    pub(crate) rounds_without_neighbours: IntCounter,
    pub(crate) etas_fallback: IntCounterVec,
    pub(crate) quotes: IntCounterVec,
    pub(crate) surge_cells: IntGaugeVec,
    pub(crate) suggestions: IntCounter,
    pub(crate) mailbox_full: IntCounterVec,
    pub(crate) rebuilt: IntCounterVec,
    pub(crate) sessions: IntGauge,
    pub(crate) drivers: IntGauge,
    pub(crate) trips: IntGauge,
    pub(crate) shards: IntGauge,
    pub(crate) commit_seconds: Histogram,
    pub(crate) ping_to_index_seconds: Histogram,
    pub(crate) snapshots: IntCounterVec,
    pub(crate) snapshots_healthy: IntGauge,
    pub(crate) recovering: IntGauge,
    pub(crate) slowdown: IntGauge,
}

impl Metrics {
    /// Registers everything.
    ///
    /// # Errors
    /// When the registry already holds a metric of one of these names: one city per registry.
    pub(crate) fn register(registry: &Registry) -> Result<Metrics, prometheus::Error> {
        let counter = |name: &str, help: &str| {
            let made = IntCounter::new(name, help)?;
            registry.register(Box::new(made.clone()))?;
            Ok::<_, prometheus::Error>(made)
        };
        let counters = |name: &str, help: &str, label: &str| {
            let made = IntCounterVec::new(Opts::new(name, help), &[label])?;
            registry.register(Box::new(made.clone()))?;
            Ok::<_, prometheus::Error>(made)
        };
        let gauge = |name: &str, help: &str| {
            let made = IntGauge::new(name, help)?;
            registry.register(Box::new(made.clone()))?;
            Ok::<_, prometheus::Error>(made)
        };
        let buckets = prometheus::exponential_buckets(0.000_25, 2.0, 15)?;
        let help = "Time from handing a write to the store to its acknowledgement";
        let commit_seconds = Histogram::with_opts(HistogramOpts::new("actors_commit_seconds", help).buckets(buckets))?;
        registry.register(Box::new(commit_seconds.clone()))?;
        let buckets = prometheus::exponential_buckets(0.000_25, 2.0, 15)?;
        let help =
            "Time from a position's arrival at the door to its shard's index, or to a newer one's there; one in 64";
        let opts = HistogramOpts::new("actors_ping_to_index_seconds", help).buckets(buckets);
        let ping_to_index_seconds = Histogram::with_opts(opts)?;
        registry.register(Box::new(ping_to_index_seconds.clone()))?;
        let opts = Opts::new("actors_surge_cells", "Cells in which rides cost more, by the surge");
        let surge_cells = IntGaugeVec::new(opts, &["surge"])?;
        registry.register(Box::new(surge_cells.clone()))?;
        Ok(Metrics {
            pings: counters("actors_pings_total", "Positions by what became of them", "outcome")?,
            transitions: counters("actors_transitions_total", "Durable steps of trips", "event")?,
            refusals: counters("actors_write_refusals_total", "Writes the store refused", "reason")?,
            offers: counter("actors_offers_total", "Offers shown to drivers")?,
            matches: counter("actors_matches_total", "Pairs proposed by matching rounds")?,
            rounds: counter("actors_rounds_total", "Matching rounds planned")?,
            rounds_cut_short: counter(
                "actors_rounds_cut_short_total",
                "Matching rounds whose plan is not the best there is: policy.matching.work_max ran out",
            )?,
            rounds_without_neighbours: counter(
                "actors_rounds_without_neighbours_total",
                "Matching rounds planned before every neighbour had answered",
            )?,
            etas_fallback: counters(
                "actors_etas_fallback_total",
                "Travel times that the chosen provider could not tell, to the pickup of a match or for a rider",
                "of",
            )?,
            quotes: counters("actors_quotes_total", "Prices asked for, by what became of it", "outcome")?,
            surge_cells,
            suggestions: counter("actors_suggestions_total", "Idle drivers told where they had better wait")?,
            mailbox_full: counters("actors_mailbox_full_total", "Messages that had to wait for room", "actor")?,
            rebuilt: counters("actors_rebuilt_total", "Actors rebuilt from rows", "actor")?,
            sessions: gauge("actors_driver_sessions", "Driver sessions attached")?,
            drivers: gauge("actors_drivers", "Driver actors in memory")?,
            trips: gauge("actors_trips", "Live trips in memory")?,
            shards: gauge("actors_shards", "Shards owned")?,
            commit_seconds,
            ping_to_index_seconds,
            snapshots: counters("actors_snapshots_total", "Snapshots of shards by what became of them", "outcome")?,
            snapshots_healthy: gauge(
                "actors_snapshots_healthy",
                "1 while snapshots are kept; 0 while Redis is away, slow, or not configured",
            )?,
            slowdown: gauge(
                "actors_slowdown",
                "How many times less often phones are asked for their position than the policy would like",
            )?,
            recovering: gauge("actors_shards_recovering", "Shards that are being claimed and loaded")?,
        })
    }
}

/// Adds what a counter of a core has grown by since it was last looked at.
pub(crate) fn grow<P: Atomic<T = u64>>(counter: &GenericCounter<P>, seen: &mut u64, now: u64) {
    counter.inc_by(now.saturating_sub(*seen));
    *seen = now;
}
