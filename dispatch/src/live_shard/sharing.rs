//! Cars that take more riders, and riders who would share one: the shard brings them together.
//!
//! Lives here: which hosts are near a rider. Each host shows itself to the shard on whose ground its car is.
//! Stays out: whether the rider fits in, and what that costs. The host says so to the rider's trip: its record holds the
//! stops and the promises, and it knows where the car is; a copy of all that here would be one more thing to be wrong.
//! Touch with care: who is asked is a suggestion. A car that has gone costs a letter; one that is not asked is a chance
//! missed, and the rider asks again.

use std::collections::BTreeMap;

use geo::{Point, distance};

use super::{LiveShard, OVERHANG};
use crate::{Effect, Passing, Policy, Seeker, ShardInput, Sharing, Timestamp, TripId, TripInput};

/// How many cars a shard remembers; more than that drive through no shard. The ones heard of longest ago go first.
const CARS_MOST: usize = 4_096;
/// How many cars a shard asks for one rider, the nearest first.
const ASKED_MOST: usize = 16;
/// A rider who still waits asks again after so many rounds.
const AGAIN_AFTER_ROUNDS: u32 = 5;

/// The cars that take more riders.
#[derive(Debug, Default)]
pub(super) struct Sharers {
    cars: BTreeMap<TripId, (Point, Timestamp)>,
    /// When so many are known, those heard of too long ago are forgotten.
    tidy_at: usize,
}

impl Sharers {
    fn here(&mut self, now: Timestamp, policy: &Policy, host: TripId, point: Point, at: Timestamp) {
        self.cars.insert(host, (point, at));
        if self.cars.len() > self.tidy_at {
            self.cars.retain(|_, (_, at)| now.since(*at) <= policy.position_fresh_for);
            if self.cars.len() > CARS_MOST
                && let Some(oldest) =
                    self.cars.iter().min_by_key(|(trip, (_, at))| (*at, **trip)).map(|(&trip, _)| trip)
            {
                self.cars.remove(&oldest);
            }
            self.tidy_at = (2 * self.cars.len()).clamp(64, CARS_MOST);
        }
    }

    /// The nearest cars to a rider that were heard of lately.
    fn near(&self, now: Timestamp, policy: &Policy, seeker: &Seeker) -> Vec<TripId> {
        let fresh = |at: Timestamp| now.since(at) <= policy.position_fresh_for;
        let heard = self.cars.iter().filter(|(host, (_, at))| fresh(*at) && **host != seeker.trip);
        let mut near: Vec<(f64, TripId)> = heard
            .map(|(&host, &(point, _))| (distance(point, seeker.pickup).get(), host))
            .filter(|(away, _)| *away <= policy.pickup_within.get())
            .collect();
        near.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        near.truncate(ASKED_MOST);
        near.into_iter().map(|(_, host)| host).collect()
    }
}

impl LiveShard {
    /// What a shard is told about shared rides.
    pub(super) fn passing(&mut self, now: Timestamp, policy: &Policy, input: Passing, out: &mut Vec<Effect>) {
        match input {
            Passing::Here { host, point, at } => self.sharers.here(now, policy, host, point, at),
            Passing::Ask(seeker) => self.ask_sharers(now, policy, &seeker, out),
        }
    }

    /// A rider would share: the cars near him are asked, here and across the borders in reach.
    pub(super) fn look_for_company(&self, now: Timestamp, policy: &Policy, seeker: &Seeker, out: &mut Vec<Effect>) {
        let later = seeker.pickup_at.is_some_and(|at| at > now);
        if !(policy.pooling.on && seeker.shared) || later {
            return;
        }
        self.ask_sharers(now, policy, seeker, out);
        for neighbour in &self.neighbours {
            let reach = policy.pickup_within.get() + neighbour.reach.get() * OVERHANG;
            if distance(seeker.pickup, neighbour.centre).get() <= reach {
                let input = ShardInput::Passing(Passing::Ask(Box::new(seeker.clone())));
                out.push(Effect::ToShard { to: neighbour.id, input });
            }
        }
    }

    /// A round found nobody for a rider: from time to time the cars near him are asked again.
    pub(super) fn look_for_company_again(
        &self,
        now: Timestamp,
        policy: &Policy,
        place: (Timestamp, TripId),
        out: &mut Vec<Effect>,
    ) {
        if let Some(seeker) =
            self.waiting.get(&place).filter(|seeker| seeker.widened.is_multiple_of(AGAIN_AFTER_ROUNDS))
        {
            self.look_for_company(now, policy, seeker, out);
        }
    }

    fn ask_sharers(&self, now: Timestamp, policy: &Policy, seeker: &Seeker, out: &mut Vec<Effect>) {
        for host in self.sharers.near(now, policy, seeker) {
            let input = Sharing::WouldTake(Box::new(seeker.clone()));
            out.push(Effect::ToTrip { to: host, input: TripInput::Sharing(input) });
        }
    }
}
