//! Shared rides: which of the two sides, host or guest, an input is for.

use super::{Asker, LiveTrip, Way};
use crate::{DriverId, Effect, Policy, RiderLeg, Sharing, Stage, Timestamp, Trip};

impl LiveTrip {
    /// Decides what an input about a shared ride does.
    pub(super) fn shared(&mut self, now: Timestamp, policy: &Policy, input: Sharing, out: &mut Vec<Effect>) {
        match input {
            Sharing::Takes { by, vehicle } => {
                if self.trip.stage.committed_driver() == Some(&by) {
                    self.company.vehicle = vehicle;
                }
            }
            Sharing::WouldTake(seeker) => self.would_take(now, policy, &seeker, out),
            Sharing::Quoted { host, added_cost } => self.quoted(now, policy, host, added_cost),
            Sharing::Join { seeker, rider } => self.join(now, policy, &seeker, rider, out),
            Sharing::HostSays(says) => self.host_says(now, policy, *says, out),
            Sharing::GuestSays { guest, with_you } => self.guest_says(now, guest, with_you, out),
            Sharing::Did { guest, by, home, deed, ask } => {
                self.guest_did(now, guest, deed, Asker::Driver { driver: by, home, ask }, out);
            }
            Sharing::Rides { host, car, eta } if self.trip.stage.host() == Some(host) => {
                if self.car.is_none_or(|held| held.at <= car.at) {
                    self.car = Some(car);
                    let goal = match self.trip.stage {
                        Stage::Shared { leg: RiderLeg::Waiting | RiderLeg::Arrived, .. } => self.trip.order.pickup,
                        _ => self.trip.order.dropoff,
                    };
                    self.way = eta.map(|eta| Way::straight(car, goal, eta));
                    out.push(Effect::Publish(self.view()));
                }
            }
            Sharing::Rides { .. } => {}
        }
    }

    /// A step is durable: what follows for those who share the car.
    pub(super) fn shared_stepped(&mut self, now: Timestamp, before: &Trip, out: &mut Vec<Effect>) {
        let was = before.stage.host();
        if was.is_some() || self.trip.stage.host().is_some() {
            self.guest_stepped(now, was, out);
        } else if !before.car.guests.is_empty() || !self.trip.car.guests.is_empty() {
            self.host_stepped(now, before, out);
        }
    }

    /// With how many others the rider shares a car.
    pub(super) fn shared_with(&self) -> u8 {
        match self.trip.stage.host() {
            Some(_) => self.company.with,
            None => u8::try_from(self.trip.car.open().count()).unwrap_or(u8::MAX),
        }
    }

    /// Notes a stage for whoever asks for the story: what a guest does is no stage of the host.
    pub(super) fn remember_stage(&mut self) {
        let stage = self.trip.stage.told_as();
        if self.history.last().is_none_or(|(_, last, _)| *last != stage) {
            self.history.push((self.trip.version, stage, self.trip.since));
        }
    }

    /// When memory is new: the other side is asked what it holds.
    pub(super) fn compare_soon(&mut self) {
        if self.trip.stage.host().is_some() || self.trip.car.has_open() {
            self.company.compare_at = Some(Timestamp::default());
        }
    }

    /// Whether this driver may speak for the trip. Of a shared ride only the host's driver hears, through the host.
    pub(super) fn is_driven_by(&self, driver: &DriverId) -> bool {
        self.trip.stage.host().is_none() && self.trip.stage.driver() == Some(driver)
    }
}
