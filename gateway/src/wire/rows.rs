//! Rows of lists for ops.

use dispatch::{DriverSeen, Timestamp, TripView};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Place, millis, names};

/// A driver, as a list shows one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DriverRow)]
pub(crate) struct DriverRow<'a> {
    driver: &'a str,
    shard: String,
    #[schema(schema_with = names::availabilities)]
    availability: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trip: Option<String>,
    /// Since when the driver is at home in the shard.
    since_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position_age_ms: Option<u64>,
    plausibility: u8,
    /// Whether the next round may match the driver.
    matchable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = names::classes, required = false)]
    class: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seats: Option<u8>,
}

impl<'a> DriverRow<'a> {
    pub(crate) fn of(seen: &'a DriverSeen, now: Timestamp) -> DriverRow<'a> {
        DriverRow {
            driver: seen.driver.as_str(),
            shard: seen.shard.to_string(),
            availability: seen.availability.as_str(),
            trip: seen.trip.map(|trip| trip.to_string()),
            since_ms: seen.since.millis(),
            position: seen.position.map(|(point, _)| point.into()),
            position_age_ms: seen.position.map(|(_, at)| millis(now.since(at))),
            plausibility: seen.plausibility,
            matchable: seen.matchable,
            class: seen.vehicle.map(|vehicle| vehicle.class().as_str()),
            seats: seen.vehicle.map(|vehicle| vehicle.seats()),
        }
    }
}

/// A trip, as a list shows one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TripRow)]
pub(crate) struct TripRow<'a> {
    trip: String,
    shard: String,
    #[schema(schema_with = names::trip_states)]
    state: &'static str,
    version: u32,
    rider: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    driver: Option<&'a str>,
    requested_at_ms: u64,
    /// Since when it is in this state.
    since_ms: u64,
    /// How many drivers were asked since this server took it over.
    offers: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    eta_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
}

impl<'a> TripRow<'a> {
    pub(crate) fn of(view: &'a TripView) -> TripRow<'a> {
        let trip = &view.trip;
        TripRow {
            trip: trip.id.to_string(),
            shard: trip.id.home().to_string(),
            state: trip.stage.told_as().as_str(),
            version: trip.version,
            rider: trip.rider.as_str(),
            driver: trip.stage.driver().map(dispatch::DriverId::as_str),
            requested_at_ms: trip.requested_at.millis(),
            since_ms: trip.since.millis(),
            offers: view.offers,
            eta_ms: view.eta.map(|eta| millis(eta.time)),
            host: trip.stage.host().map(|host| host.to_string()),
        }
    }
}
