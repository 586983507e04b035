//! A trip, as its people see it, and what is new about it.

use dispatch::{
    CallOff, CarPosition, Eta, FarePolicy, Order, Party, RiderId, StageName, Timestamp, Trip, TripId, TripView,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::order::{FeeBody, OrderBody};
use super::route::{HaltBody, changes, halts};
use super::sharing::{PromiseBody, StopBody, stops};
use super::vehicle::NeedsBody;
use super::{Place, as_text, millis, names};
use crate::auth::QUOTE_BYTES_MAX;
use crate::fields::{Fields, Mistake};

/// The body of a request for a trip.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NewTripBody {
    pub(crate) order: Order,
    /// As the rider was given it.
    pub(crate) quote: Option<String>,
}

impl NewTripBody {
    /// Reads a body.
    ///
    /// # Errors
    /// [`Mistake`] names the field by its path.
    pub(crate) fn read(text: &str) -> Result<NewTripBody, Mistake> {
        let mut fields = Fields::read(text, "body")?;
        let order = super::order::order(&mut fields)?;
        let quote = fields.maybe_text("quote", QUOTE_BYTES_MAX, "a quote as POST /v1/quotes gave it")?;
        fields.done("pickup, stops, dropoff, needs, pickup_at_ms, shared, quote")?;
        Ok(NewTripBody { order, quote: quote.map(Into::into) })
    }

    /// Reads the body of a question for the price: a request without a quote.
    ///
    /// # Errors
    /// As [`NewTripBody::read`].
    pub(crate) fn read_order(text: &str) -> Result<Order, Mistake> {
        let mut fields = Fields::read(text, "body")?;
        let order = super::order::order(&mut fields)?;
        fields.done("pickup, stops, dropoff, needs, pickup_at_ms, shared")?;
        Ok(order)
    }
}

/// A trip, as its driver sees it.
#[derive(Debug, Serialize)]
pub(crate) struct DriverTrip<'a> {
    #[serde(serialize_with = "as_text")]
    id: TripId,
    state: &'static str,
    version: u32,
    #[serde(serialize_with = "as_text")]
    rider: &'a RiderId,
    pickup: Place,
    dropoff: Place,
    #[serde(skip_serializing_if = "Option::is_none")]
    needs: Option<NeedsBody>,
    #[serde(flatten)]
    more: OrderBody,
    /// While others share the car: what is to be done for whom, first things first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stops: Vec<StopBody<'a>>,
    /// How often the rider has changed the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    rerouted: Option<u16>,
    since_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled_by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancellation_fee_stage: Option<&'static str>,
}

impl<'a> From<&'a Trip> for DriverTrip<'a> {
    fn from(trip: &'a Trip) -> DriverTrip<'a> {
        let off = trip.stage.called_off();
        DriverTrip {
            id: trip.id,
            state: trip.stage.name().as_str(),
            version: trip.version,
            rider: &trip.rider,
            pickup: trip.order.pickup.into(),
            dropoff: trip.order.dropoff.into(),
            needs: NeedsBody::of(trip.order.needs),
            more: OrderBody::of(&trip.order),
            stops: stops(trip),
            rerouted: changes(trip),
            since_ms: trip.since.millis(),
            cancelled_by: off.map(|off| party(off.by)),
            cancel_reason: off.map(|off| off.reason.as_str()),
            cancellation_fee_stage: off.map(|off| off.fee.as_str()),
        }
    }
}

/// A trip, as its rider and ops see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Trip)]
pub(crate) struct TripBody<'a> {
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    id: TripId,
    #[schema(schema_with = names::trip_states)]
    state: &'static str,
    /// Grows by one with each step.
    version: u32,
    rider: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    driver: Option<&'a str>,
    pickup: Place,
    /// Where the ride halts on its way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    stops: Vec<HaltBody>,
    dropoff: Place,
    #[serde(skip_serializing_if = "Option::is_none")]
    needs: Option<NeedsBody>,
    #[serde(flatten)]
    more: OrderBody,
    /// How often the way was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    rerouted: Option<u16>,
    /// The number of the stop that comes next, from 1, during the ride.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_stop: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_stop_eta_ms: Option<u64>,
    requested_at_ms: u64,
    /// When it came to this state.
    since_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = names::parties, required = false)]
    cancelled_by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = names::cancel_reasons, required = false)]
    cancel_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = names::fee_stages, required = false)]
    cancellation_fee_stage: Option<&'static str>,
    /// What that comes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancellation_fee: Option<FeeBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    car: Option<Car>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eta_ms: Option<u64>,
    /// Who says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    eta_source: Option<&'static str>,
    /// Who was to say so, and could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    eta_instead_of: Option<&'static str>,
    /// The driver who will come when the rider in the car has got out.
    #[serde(skip_serializing_if = "Option::is_none")]
    promised_by: Option<&'a str>,
    /// With how many others the car is shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    shared_with: Option<u8>,
    /// What was promised to a rider who joined another one's car.
    #[serde(skip_serializing_if = "Option::is_none")]
    promise: Option<PromiseBody>,
    /// How many drivers were asked.
    offers: u32,
    history: Vec<Step>,
}

/// Where the car is.
#[derive(Debug, Serialize, ToSchema)]
struct Car {
    lat: f64,
    lon: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    heading: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accuracy_m: Option<f64>,
    age_ms: u64,
    /// The car is within so many metres of it by now.
    uncertainty_m: u64,
}

/// How far a car may have got since it was heard of, in metres a second: 50 km/h, what cities allow.
const DRIFT_MPS: f64 = 14.0;

/// What is thought of a phone that does not say how exact it is: GPS between houses, in metres.
const ACCURACY_USUAL_M: f64 = 20.0;

impl Car {
    fn of(car: CarPosition, now: Timestamp) -> Car {
        let (age, accuracy) = (now.since(car.at), car.accuracy.map(geo::Meters::get));
        let uncertainty = accuracy.unwrap_or(ACCURACY_USUAL_M) + DRIFT_MPS * age.as_secs_f64();
        Car {
            lat: car.point.lat(),
            lon: car.point.lon(),
            heading: car.heading,
            accuracy_m: accuracy,
            age_ms: millis(age),
            uncertainty_m: uncertainty.round() as u64,
        }
    }
}

/// A state a trip has been through.
#[derive(Debug, Serialize, ToSchema)]
struct Step {
    version: u32,
    #[schema(schema_with = names::trip_states)]
    state: &'static str,
    at_ms: u64,
}

impl<'a> TripBody<'a> {
    /// The trip as it stands at `now`, with a cancellation at these prices.
    pub(crate) fn now(view: &'a TripView, now: Timestamp, fares: &FarePolicy) -> TripBody<'a> {
        let trip = &view.trip;
        let off: Option<CallOff> = trip.stage.called_off();
        let car = view.car.map(|car| Car::of(car, now));
        TripBody {
            driver: trip.stage.driver().map(dispatch::DriverId::as_str),
            cancelled_by: off.map(|off| party(off.by)),
            cancel_reason: off.map(|off| off.reason.as_str()),
            cancellation_fee_stage: off.map(|off| off.fee.as_str()),
            cancellation_fee: FeeBody::of(trip, fares),
            car,
            eta_ms: view.eta.map(|eta| millis(eta.time)),
            eta_source: view.eta.map(|eta| eta.by),
            next_stop: trip.next_stop().filter(|_| trip.stage.told_as() == StageName::InProgress),
            next_stop_eta_ms: view.next_stop_eta.map(|eta| millis(eta.time)),
            eta_instead_of: view.eta.and_then(|eta| eta.instead_of),
            promised_by: view.promised.as_ref().map(dispatch::DriverId::as_str),
            shared_with: Some(view.shared_with).filter(|with| *with > 0),
            promise: view.promise.map(PromiseBody::from),
            ..TripBody::at(view, (trip.version, trip.stage.told_as(), trip.since))
        }
    }

    /// The trip as it stood at an earlier step: what the history knows of it.
    fn at(view: &'a TripView, (version, state, since): (u32, StageName, Timestamp)) -> TripBody<'a> {
        let trip = &view.trip;
        let until = view.history.iter().filter(|(step, ..)| *step <= version);
        TripBody {
            id: trip.id,
            state: state.as_str(),
            version,
            rider: trip.rider.as_str(),
            driver: None,
            pickup: trip.order.pickup.into(),
            stops: halts(trip),
            dropoff: trip.order.dropoff.into(),
            needs: NeedsBody::of(trip.order.needs),
            more: OrderBody::of(&trip.order),
            rerouted: changes(trip),
            next_stop: None,
            next_stop_eta_ms: None,
            requested_at_ms: trip.requested_at.millis(),
            since_ms: since.millis(),
            cancelled_by: None,
            cancel_reason: None,
            cancellation_fee_stage: None,
            cancellation_fee: None,
            car: None,
            eta_ms: None,
            eta_source: None,
            eta_instead_of: None,
            promised_by: None,
            shared_with: None,
            promise: None,
            offers: view.offers,
            history: until
                .map(|(version, state, at)| Step { version: *version, state: state.as_str(), at_ms: at.millis() })
                .collect(),
        }
    }
}

/// Who did something.
pub(crate) fn party(by: Party) -> &'static str {
    match by {
        Party::Rider => "rider",
        Party::Driver => "driver",
        Party::System => "system",
    }
}

/// What a rider's socket is told.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum News<'a> {
    /// The trip as it stands, or as it stood one step before.
    Trip(TripBody<'a>),
}

/// What a watcher of a trip was told already.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told {
    version: Option<u32>,
    car: Option<CarPosition>,
    eta: Option<Eta>,
}

impl Told {
    /// What must be said now that the trip looks like this: every state after the last one told, once and in order,
    /// also those that nobody looked at in time; and the car where it is now.
    pub(crate) fn news<'a>(&mut self, view: &'a TripView, now: Timestamp, fares: &FarePolicy) -> Vec<News<'a>> {
        let trip = &view.trip;
        let missed = view
            .history
            .iter()
            .filter(|(version, ..)| self.version.is_some_and(|told| told < *version) && *version < trip.version);
        let mut news: Vec<News<'a>> = missed.map(|step| News::Trip(TripBody::at(view, *step))).collect();
        let newer = self.version.is_none_or(|told| told < trip.version);
        // The time may change where the car has not moved: another rider is to be taken in first.
        let other = view.car != self.car || view.eta != self.eta;
        let moved = self.version == Some(trip.version) && view.car.is_some() && other;
        if newer || moved {
            news.push(News::Trip(TripBody::now(view, now, fares)));
            self.version = Some(trip.version);
            (self.car, self.eta) = (view.car, view.eta);
        }
        news
    }

    /// Whether the end of the trip was told.
    pub(crate) fn has_ended(&self, view: &TripView) -> bool {
        self.version == Some(view.trip.version) && !view.trip.stage.told_as().is_active()
    }
}
