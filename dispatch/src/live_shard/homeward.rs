//! Drivers on the way home: which rides lead there.

use super::LiveShard;
use crate::driver::leads_home;
use crate::{DriverId, Policy, Seeker, Standing};

impl LiveShard {
    /// A driver stands otherwise: remembers where he wants to get to, if that matters now.
    pub(super) fn heads(&mut self, driver: &DriverId, standing: Standing) {
        let home = match standing {
            Standing::Free(free) | Standing::Finishing { free, .. } => free.homeward,
            _ => None,
        };
        match home {
            Some(home) => drop(self.homeward.insert(driver.clone(), home)),
            None => drop(self.homeward.remove(driver)),
        }
    }

    /// Whether a ride is one that this driver wants: any, but for those on the way home. Where a driver is who is still
    /// to drop somebody off does not count: he will be where that ride ends.
    pub(super) fn leads_home(&self, policy: &Policy, seeker: &Seeker, driver: &DriverId) -> bool {
        let Some(home) = self.homeward.get(driver) else { return true };
        let spot = self.spots.get(driver).filter(|spot| matches!(spot.standing, Standing::Free(_)));
        let here = spot.and_then(|spot| spot.track.position()).map_or(seeker.pickup, |position| position.point);
        leads_home(here, seeker.pickup, seeker.dropoff, *home, &policy.homeward)
    }
}
