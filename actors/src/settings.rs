//! What a city needs to know before it starts.

use dispatch::Policy;
use geo::Resolution;

/// The settings of the actors of one node. Checked by whoever reads them from a file or a flag.
#[derive(Clone, Debug)]
pub struct CitySettings {
    /// Every number of dispatching.
    pub policy: Policy,
    /// How large a shard is.
    pub shard_resolution: Resolution,
    /// How many threads carry shards. Shards are spread over them by their cell.
    pub arbiters: usize,
    /// How many letters and batches of positions wait for one shard before positions are kept back (the latest of each
    /// driver) and commands and requests are told to come again.
    pub shard_mailbox: usize,
    /// How many notices wait for one driver's socket before it is closed as too slow.
    pub notices_max: usize,
    /// How many writes wait for the store before trips are told to come back.
    pub writes_max: usize,
}

impl Default for CitySettings {
    fn default() -> CitySettings {
        CitySettings {
            policy: Policy::default(),
            shard_resolution: Resolution::SHARD,
            arbiters: std::thread::available_parallelism().map_or(1, |cores| cores.get().min(8)),
            shard_mailbox: 1_024,
            notices_max: 64,
            writes_max: 4_096,
        }
    }
}
