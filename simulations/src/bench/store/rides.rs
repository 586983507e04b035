//! Riders who take one ride after the other, each step of it legal.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dispatch::{
    DriverChange, DriverId, Event, Order, RequestKey, RiderId, ShardId, Timestamp, Trip, TripId, TripWrite, Write,
};
use geo::{Point, Resolution};
use persistence::{Fence, Guarded, Store};

use super::Wrong;

/// How far apart the places of two crowds are, in degrees: each in a shard of its own.
const APART: f64 = 0.5;

/// A rider, always with the same driver.
pub(super) struct Rider {
    place: usize,
    fence: Fence,
    at: Point,
    driver: DriverId,
    rider: RiderId,
    left: VecDeque<Guarded>,
}

/// A crowd in a place of its own, whose shard is claimed and whose drivers have settled there.
pub(super) async fn riders(store: &Arc<dyn Store>, place: usize, count: usize) -> Result<Vec<Rider>, Wrong> {
    let at = Point::new(40.758_123 + APART * place as f64, -73.985_456)?;
    let shard = ShardId::of(at, Resolution::SHARD);
    let fence = Fence { shard, epoch: store.claim(shard).await? };
    let mut riders = Vec::with_capacity(count);
    for number in 0..count {
        let driver = DriverId::new(&format!("driver-{place}-{number}"))?;
        store.settle(driver.clone(), shard).await?;
        let rider = RiderId::new(&format!("rider-{place}-{number}"))?;
        riders.push(Rider { place, fence, at, driver, rider, left: VecDeque::new() });
    }
    Ok(riders)
}

impl Rider {
    /// Which crowd's.
    pub(super) fn place(&self) -> usize {
        self.place
    }

    /// The next step of this ride, or the first of the next one.
    pub(super) fn next_step(&mut self) -> Result<Guarded, Wrong> {
        if self.left.is_empty() {
            self.left = self.ride()?.into();
        }
        self.left.pop_front().ok_or_else(|| "a ride has steps".into())
    }

    /// Asked for with a key, driven and completed.
    fn ride(&self) -> Result<Vec<Guarded>, Wrong> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let at = Timestamp::from_millis(1_790_000_000_000 + number);
        let event = Event::Requested { rider: self.rider.clone(), order: Order::new(self.at, self.at) };
        let mut trip = Trip::begin(TripId::new(at, self.fence.shard, number), &event, at)?;
        let key = RequestKey { rider: self.rider.clone(), key: number.to_string() };
        let mut steps = vec![self.step(event, &trip, DriverChange::None, Some(key))];
        let driver = self.driver.clone();
        for (event, change) in [
            (Event::Assigned { driver: driver.clone() }, DriverChange::Take(driver.clone())),
            (Event::DriverArrived, DriverChange::None),
            (Event::PickedUp, DriverChange::None),
            (Event::DroppedOff, DriverChange::Free(driver)),
        ] {
            trip = trip.apply(&event, at)?;
            steps.push(self.step(event, &trip, change, None));
        }
        Ok(steps)
    }

    fn step(&self, event: Event, after: &Trip, driver: DriverChange, key: Option<RequestKey>) -> Guarded {
        let write = TripWrite { event, at: after.since, after: after.clone(), driver, key, caps: None };
        Guarded { fence: self.fence, write: Write::Trip(write) }
    }
}
