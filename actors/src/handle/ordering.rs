//! What a rider may order, and what it would cost.
//!
//! Lives here: requests and quotes, the limits of rides for later, and what a key that was used before means.
//! Stays out: prices (the shard's), how long a quote holds and how it is signed (the gateway's).
//! Touch with care: a request that is sent again is answered as the first one was, also when by now it could not be made
//! any more: the key is looked up before anything is refused.

use std::time::Duration;

use dispatch::{
    Estimate, Order, Refusal, RequestKey, Reroute, RiderId, ShardId, Timestamp, TripId, TripView,
    answer_reroute_of_ended,
};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{City, CityError, Requested, busy_or_refused};
use crate::letters::{Quote, Request, Wanted};

/// How long a shard may take to say what a ride would cost. It asks nobody, so more means that it is drowning.
const QUOTE_WITHIN: Duration = Duration::from_secs(2);

/// A rider's request for a ride.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTrip {
    /// Who asks.
    pub rider: RiderId,
    /// For what. An order without a fare is priced when it arrives.
    pub order: Order,
    /// The idempotency key, the rider's own.
    pub key: String,
}

impl City {
    /// Asks for a ride. Returns when the request is durable.
    ///
    /// # Errors
    /// [`CityError::KeyReused`] when the key was used for another request; [`CityError::PickupTime`] and
    /// [`CityError::TooManyBooked`] for a ride for later that cannot be had; [`CityError::Busy`] when it is worth asking
    /// again with the same key: at most one trip comes of it.
    pub async fn request_trip(&self, new: NewTrip) -> Result<Requested, CityError> {
        let NewTrip { rider, order, key } = new;
        let at = self.clock().now();
        let key = RequestKey { rider: rider.clone(), key };
        if let Err(why) = self.may_order(at, &rider, &order).await {
            return self.made_before(&key, &order).await?.ok_or(why);
        }
        let home = ShardId::of(order.pickup, self.shard_resolution());
        let chance = getrandom::u64().map_err(|_| CityError::come_back())?;
        let (reply, answer) = oneshot::channel();
        let request = Request { trip: TripId::new(at, home, chance), rider, order, at, key, reply };
        self.roomy_door(home).await?.addr.try_send(request).map_err(|_| CityError::come_back())?;
        match answer.await {
            Ok(Ok(view)) => Ok(Requested { view, replayed: false }),
            Ok(Err(Refusal::SameKey { trip })) => self.replayed(trip, &order).await,
            Ok(Err(why)) => Err(busy_or_refused(why)),
            Err(_) => Err(CityError::come_back()),
        }
    }

    /// What a ride would cost at this moment, and how soon a car could come.
    ///
    /// # Errors
    /// [`CityError::PickupTime`] for a moment for which no ride can be asked for; [`CityError::Busy`].
    pub async fn estimate(&self, order: Order) -> Result<Estimate, CityError> {
        self.check_pickup(self.clock().now(), &order)?;
        let home = ShardId::of(order.pickup, self.shard_resolution());
        let asked = self.roomy_door(home).await?.addr.send(Quote(order));
        let estimate = timeout(QUOTE_WITHIN, asked).await.ok().and_then(Result::ok);
        let outcome = if estimate.is_some() { "given" } else { "busy" };
        self.metrics().quotes.with_label_values(&[outcome]).inc();
        estimate.ok_or_else(CityError::come_back)
    }

    /// Changes the way of a trip. Returns when that is durable.
    ///
    /// # Errors
    /// [`Refusal::IllegalStep`] when it has ended; [`Refusal::SharedRide`], [`Refusal::TooManyChanges`],
    /// [`Refusal::TooManyStops`] and [`Refusal::Outdated`] when it may not be changed so; [`Refusal::UnknownTrip`] when
    /// nobody knows it.
    pub async fn reroute(&self, trip: TripId, wanted: Reroute) -> Result<TripView, CityError> {
        self.ask_of(trip, Wanted::Reroute(wanted), |trip| answer_reroute_of_ended(trip, &wanted)).await
    }

    /// The trip that a key was used for, if it was used: for whoever cannot ask for it any more.
    ///
    /// # Errors
    /// [`CityError::KeyReused`] when it was used for another order.
    pub async fn made_before(&self, key: &RequestKey, order: &Order) -> Result<Option<Requested>, CityError> {
        let made = self.0.shared.store.trip_by_key(key.clone()).await.map_err(CityError::Store)?;
        match made {
            Some(trip) => self.replayed(trip.id, order).await.map(Some),
            None => Ok(None),
        }
    }

    async fn replayed(&self, trip: TripId, order: &Order) -> Result<Requested, CityError> {
        let view = self.trip(trip).await?.ok_or_else(CityError::come_back)?;
        if order.repeats(&view.trip.requested_order()) {
            Ok(Requested { view, replayed: true })
        } else {
            Err(CityError::KeyReused { trip })
        }
    }

    async fn may_order(&self, now: Timestamp, rider: &RiderId, order: &Order) -> Result<(), CityError> {
        self.check_pickup(now, order)?;
        if order.pickup_at.is_none() {
            return Ok(());
        }
        // Two requests at the same moment may both pass: it is a limit against hoarding, not a promise.
        let limit = self.policy().booking.per_rider;
        let booked = self.0.shared.store.scheduled_trips(rider.clone()).await.map_err(CityError::Store)?;
        if booked < u64::from(limit) { Ok(()) } else { Err(CityError::TooManyBooked { limit }) }
    }

    fn check_pickup(&self, now: Timestamp, order: &Order) -> Result<(), CityError> {
        let booking = &self.policy().booking;
        order.pickup_at.map_or(Ok(()), |wished| booking.check_pickup(now, wished)).map_err(CityError::PickupTime)
    }
}
