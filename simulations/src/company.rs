//! Riders who would share a car, and what came of it.
//!
//! Lives here: who would share, and the figures of shared rides, read from the journal.
//! Stays out: who rides with whom (`dispatch`'s), the books of what people were told ([`crate::ledger`]).

use std::collections::BTreeMap;
use std::time::Duration;

use dispatch::invariants::Entry;
use dispatch::{Event, GuestStep, Order, Timestamp, TripId};
use geo::Point;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::Serialize;

/// Keeps the chance that somebody would share apart from every other chance of that person.
const COMPANY_CHANCE: u64 = 0x00c0_3fa2;

/// Whether the rider of this seed would share a car.
#[must_use]
pub fn would_share(seed: u64, share: f64) -> bool {
    share > 0.0 && Pcg64Mcg::seed_from_u64(seed ^ COMPANY_CHANCE).random_bool(share.min(1.0))
}

/// What came of riders who would share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct SharedRides {
    /// How many rides of those who would share were completed.
    pub willing: u64,
    /// How many of these were shared: somebody else was promised the same car at the same time and got there.
    pub shared: u64,
    /// How much longer than the direct way a shared ride took, on average, in seconds.
    pub detour_s: f64,
    /// For how many hours cars were on trips, from "yes" to the last rider's end, whoever was in them.
    pub car_hours: f64,
    /// The same with the same seed in a city where nobody shares, and how many rides were completed there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alone: Option<Alone>,
}

/// The same city where nobody shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Alone {
    /// How many rides were completed.
    pub completed: u64,
    /// For how many hours cars were on trips.
    pub car_hours: f64,
}

/// A ride as the journal tells it.
#[derive(Debug, Default)]
struct Ride {
    order: Option<Order>,
    committed_at: Option<Timestamp>,
    picked_up_at: Option<Timestamp>,
    completed: bool,
    ride: Duration,
    shared: bool,
}

impl SharedRides {
    /// Reads the journal. `direct` says how long the direct way takes at a moment.
    #[must_use]
    pub fn of(journal: &[Entry], direct: impl Fn(Point, Point, Timestamp) -> Duration) -> SharedRides {
        let mut rides: BTreeMap<TripId, Ride> = BTreeMap::new();
        let mut found = SharedRides::default();
        let mut replayed: BTreeMap<TripId, dispatch::Trip> = BTreeMap::new();
        let mut busy = Duration::ZERO;
        for Entry { trip, event, at, .. } in journal {
            let before = replayed.remove(trip);
            let after = match &before {
                None => dispatch::Trip::begin(*trip, event, *at),
                Some(before) => before.apply(event, *at),
            };
            let Ok(after) = after else { continue };
            let ride = rides.entry(*trip).or_default();
            match event {
                Event::Requested { order, .. } => ride.order = Some(*order),
                Event::PickedUp => ride.picked_up_at = Some(*at),
                Event::DroppedOff => {
                    ride.completed = true;
                    ride.ride = ride.picked_up_at.map_or(Duration::ZERO, |from| at.since(from));
                }
                _ => {}
            }
            match (ride.committed_at, after.stage.committed_driver().is_some()) {
                (None, true) => ride.committed_at = Some(*at),
                (Some(since), false) => {
                    busy += at.since(since);
                    ride.committed_at = None;
                }
                _ => {}
            }
            if let Event::GuestDid { guest, step: GuestStep::DroppedOff } = event {
                for of in [trip, guest] {
                    rides.entry(*of).or_default().shared = true;
                }
            }
            replayed.insert(*trip, after);
        }
        let mut detours = Duration::ZERO;
        for ride in rides.values().filter(|ride| ride.completed) {
            let Some(order) = ride.order.filter(|order| order.shared) else { continue };
            found.willing += 1;
            if ride.shared {
                found.shared += 1;
                let alone = direct(order.pickup, order.dropoff, ride.picked_up_at.unwrap_or_default());
                detours += ride.ride.saturating_sub(alone);
            }
        }
        found.detour_s = detours.as_secs_f64() / (found.shared.max(1) as f64);
        found.car_hours = busy.as_secs_f64() / 3_600.0;
        found
    }

    /// In words.
    #[must_use]
    pub fn text(&self) -> String {
        let share = 100.0 * self.shared as f64 / self.willing.max(1) as f64;
        let mut text = format!(
            "{} of {} willing ({share:.1} %), detour {:.0} s, {:.0} car hours",
            self.shared, self.willing, self.detour_s, self.car_hours
        );
        if let Some(alone) = self.alone {
            let saved = 100.0 * (1.0 - self.car_hours / alone.car_hours.max(1e-9));
            text.push_str(&format!("; alone {:.0} for {} rides: {saved:.1} % saved", alone.car_hours, alone.completed));
        }
        text
    }
}
