//! How much each person and each address may ask for.
//!
//! Lives here: token buckets for requests, for looking at free cars and for sockets that are opened, and who is counted as one.
//! Stays out: what an answer to too much looks like (see [`crate::problem::Problem`]).
//! Touch with care: whoever asks chooses the keys of these tables, so they are hashed with a secret of the process and the
//! tables have an end. What is forgotten first is who has been quiet for longest, for whom it makes no difference.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::auth::Identity;
use crate::config::Limits;

/// How many are remembered by each table: 2 MB, and as many active ones as there are connections by default, ten times.
const REMEMBERED_MAX: usize = 100_000;

/// A bucket that fills at a steady rate up to its size, as the time when it will be full again (the generic cell rate
/// algorithm of ATM, ITU-T I.371): one number each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    /// The time that one thing costs.
    each_ns: u64,
    /// How far ahead of now the time of a full bucket may be, before the thing that is asked for.
    ahead_ns: u64,
}

impl Rate {
    /// `per_second` of something; who was quiet has what comes up in `burst`, but at least one.
    pub(crate) fn new(per_second: u32, burst: Duration) -> Rate {
        let each_ns = 1_000_000_000 / u64::from(per_second.max(1));
        let size = (u128::from(per_second) * burst.as_millis() / 1_000).max(1);
        let ahead_ns = u64::try_from((size - 1) * u128::from(each_ns)).unwrap_or(u64::MAX / 2);
        Rate { each_ns, ahead_ns }
    }

    /// Takes one thing from a bucket that will be full at `full_at`, or says how long to wait for it. Times are nanoseconds
    /// since some beginning.
    pub(crate) fn take(self, full_at: &mut u64, now: u64) -> Result<(), Duration> {
        let at = (*full_at).max(now);
        if at - now > self.ahead_ns {
            return Err(Duration::from_nanos(at - now - self.ahead_ns));
        }
        *full_at = at.saturating_add(self.each_ns);
        Ok(())
    }
}

/// One bucket for each key.
#[derive(Debug)]
struct Buckets {
    rate: Rate,
    remembered_max: usize,
    full_at: Mutex<HashMap<u64, u64>>,
}

impl Buckets {
    fn new(rate: Rate) -> Buckets {
        Buckets { rate, remembered_max: REMEMBERED_MAX, full_at: Mutex::default() }
    }

    fn take(&self, key: u64, now: u64) -> Result<(), Duration> {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= self.remembered_max && !full_at.contains_key(&key) {
            forget(&mut full_at, now);
        }
        self.rate.take(full_at.entry(key).or_insert(0), now)
    }
}

/// Forgets all whose buckets are full; if hardly any are, the quarter that will be full soonest.
fn forget(full_at: &mut HashMap<u64, u64>, now: u64) {
    let before = full_at.len();
    full_at.retain(|_, at| *at > now);
    if full_at.len() > before / 4 * 3 {
        let mut times: Vec<u64> = full_at.values().copied().collect();
        let nth = before / 4;
        let (_, &mut soonest, _) = times.select_nth_unstable(nth);
        full_at.retain(|_, at| *at > soonest);
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A request that is answered.
    Request,
    /// A request for the free cars around a place.
    Nearby,
    /// A socket that is opened.
    Socket,
}

/// What somebody asked for too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMuch {
    /// Which setting limits it.
    pub(crate) limit: &'static str,
    pub(crate) retry_after: Duration,
}

/// All the buckets of one server.
#[derive(Debug)]
pub(crate) struct Limiter {
    began: Instant,
    hasher: RandomState,
    loopback_exempt: bool,
    requests_per_identity: Buckets,
    requests_per_address: Buckets,
    nearby_per_identity: Buckets,
    sockets_per_identity: Buckets,
    sockets_per_address: Buckets,
}

impl Limiter {
    pub(crate) fn new(limits: &Limits) -> Limiter {
        let buckets = |rate| Buckets::new(Rate::new(rate, limits.burst));
        Limiter {
            began: Instant::now(),
            hasher: RandomState::new(),
            loopback_exempt: limits.loopback_exempt,
            requests_per_identity: buckets(limits.requests_per_identity),
            requests_per_address: buckets(limits.requests_per_address),
            nearby_per_identity: buckets(limits.nearby_per_identity),
            sockets_per_identity: buckets(limits.sockets_per_identity),
            sockets_per_address: buckets(limits.sockets_per_address),
        }
    }

    /// Counts something that somebody asks for.
    ///
    /// # Errors
    /// [`TooMuch`] when it is.
    pub(crate) fn identity(&self, who: &Identity, kind: Kind) -> Result<(), TooMuch> {
        let (buckets, limit) = match kind {
            Kind::Request => (&self.requests_per_identity, "limits.requests_per_identity"),
            Kind::Nearby => (&self.nearby_per_identity, "limits.nearby_per_identity"),
            Kind::Socket => (&self.sockets_per_identity, "limits.sockets_per_identity"),
        };
        self.take(buckets, limit, &(who.role().as_str(), who.name()))
    }

    /// Counts something that comes from an address.
    ///
    /// # Errors
    /// As [`Limiter::identity`].
    pub(crate) fn address(&self, address: IpAddr, kind: Kind) -> Result<(), TooMuch> {
        if self.loopback_exempt && address.to_canonical().is_loopback() {
            return Ok(());
        }
        let (buckets, limit) = match kind {
            Kind::Request | Kind::Nearby => (&self.requests_per_address, "limits.requests_per_address"),
            Kind::Socket => (&self.sockets_per_address, "limits.sockets_per_address"),
        };
        self.take(buckets, limit, &household(address))
    }

    fn take<K: Hash>(&self, buckets: &Buckets, limit: &'static str, key: &K) -> Result<(), TooMuch> {
        let now = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        buckets.take(self.hasher.hash_one(key), now).map_err(|retry_after| TooMuch { limit, retry_after })
    }
}

/// Who is counted as one: an address of IPv4; of IPv6 the first 64 bits, for whoever has one of those has them all. The
/// two are told apart by what no address of IPv6 that is in use begins with.
pub(crate) fn household(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(address) => u64::from(address.to_bits()),
        IpAddr::V6(address) => (address.to_bits() >> 64) as u64,
    }
}

#[cfg(test)]
mod tests;
