//! How many connections each address has.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::Limits;
use crate::limiter::household;

/// Counts the connections of each address. No more are counted than there may be connections.
#[derive(Debug)]
pub(super) struct Crowd {
    most: u32,
    limits: Limits,
    here: Mutex<HashMap<u64, u32>>,
}

/// A place among the connections of an address, held for the life of one.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Arc<Crowd>,
    /// Whose it is; none for who is not counted.
    of: Option<u64>,
}

impl Crowd {
    pub(super) fn new(limits: &Limits) -> Arc<Crowd> {
        let most = u32::try_from(limits.connections_per_address).unwrap_or(u32::MAX);
        Arc::new(Crowd { most, limits: limits.clone(), here: Mutex::default() })
    }

    /// A place for one more, if the address has one.
    pub(super) fn enter(self: &Arc<Crowd>, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        // Behind a proxy there are many, and which of them is there is not known before it asks.
        let is_exempt = (self.limits.loopback_exempt && address.is_loopback())
            || self.limits.trusted_proxies.iter().any(|network| network.contains(address));
        let of = (!is_exempt).then(|| household(address));
        if let Some(of) = of {
            let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
            let count = here.entry(of).or_insert(0);
            if *count >= self.most {
                return None;
            }
            *count += 1;
        }
        Some(Place { crowd: Arc::clone(self), of })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(of) = self.of else { return };
        let mut here = self.crowd.here.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = here.get_mut(&of) {
            *count -= 1;
            if *count == 0 {
                here.remove(&of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_own_places_and_gives_them_back() {
        let limits = Limits {
            connections_per_address: 2,
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            ..Limits::default()
        };
        let crowd = Crowd::new(&limits);
        let enter = |address: &str| crowd.enter(address.parse().unwrap());
        let first = enter("192.0.2.1").unwrap();
        let _second = enter("192.0.2.1").unwrap();
        assert!(enter("192.0.2.1").is_none());
        assert!(enter("192.0.2.2").is_some(), "somebody else");
        drop(first);
        let _again = enter("::ffff:192.0.2.1").unwrap();
        assert!(enter("192.0.2.1").is_none());
        let many: Vec<_> = (0..10).map(|_| (enter("10.1.1.1").unwrap(), enter("127.0.0.1").unwrap())).collect();
        assert_eq!(crowd.here.lock().unwrap().len(), 1, "who is exempt and who has left is not counted");
        drop(many);
    }
}
