//! Free cars around a place, for riders: see [`crate::nearby`].

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use geo::{Meters, Point, distance};
use serde::Serialize;
use utoipa::ToSchema;

use super::openapi::Refused;
use super::query::Query;
use super::rider::{counted, json};
use crate::app::{App, Inside};
use crate::fields::Mistake;
use crate::nearby::Shown;
use crate::problem::Problem;
use crate::wire::{Place, millis};

/// How many cars are blurred for one answer: the nearest cells are enough, and what is far is cut off.
const CONSIDERED_MAX: usize = 64;

#[derive(Serialize, ToSchema)]
struct Nearby {
    cars: Vec<Car>,
    /// Until when names and places of these cars stay as they are.
    refresh_after_ms: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CarNearby)]
struct Car {
    car: String,
    #[serde(flatten)]
    place: Place,
    age_ms: u64,
    /// The car is, most likely, within so many metres of it.
    uncertainty_m: u64,
}

/// Shows free cars.
#[utoipa::path(
    get, path = "/v1/nearby", operation_id = "nearby", tag = "riders",
    params(
        ("lat" = f64, Query, description = "Degrees", minimum = -90.0, maximum = 90.0),
        ("lng" = f64, Query, description = "Degrees", minimum = -180.0, maximum = 180.0),
    ),
    responses((status = 200, description = "Free cars, about where they are", body = Nearby), Refused),
)]
pub(super) async fn cars(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.rider_who_looks(&headers)?;
    let from = place(query.as_deref()).map_err(|mistake| counted(&app, mistake))?;
    let Inside { city, nearby, .. } = app.inside()?;
    let settings = &nearby.settings;
    let within = Meters::new(settings.radius.get() + settings.jitter.get()).unwrap_or(settings.radius);
    let found = city.cars_nearby(from, within, settings.cells(), CONSIDERED_MAX).await?;
    let now = city.clock().now();
    let mut shown: Vec<(f64, Shown)> = found
        .iter()
        .map(|car| nearby.show(now, car))
        .map(|shown| (distance(from, shown.point).get(), shown))
        .filter(|(away, _)| *away <= settings.radius.get())
        .collect();
    shown.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.car.cmp(&b.1.car)));
    shown.truncate(settings.cars_max);
    let uncertainty_m =
        (settings.jitter.get() + found.first().map_or(0.0, |car| car.cell.reach().get())).round() as u64;
    let car = |(_, shown): (f64, Shown)| Car {
        car: shown.car,
        place: shown.point.into(),
        age_ms: millis(shown.age),
        uncertainty_m,
    };
    let window = millis(settings.window).max(1);
    let refresh_after_ms = window - now.millis() % window;
    let mut answer = json(StatusCode::OK, &Nearby { cars: shown.into_iter().map(car).collect(), refresh_after_ms })?;
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(answer)
}

fn place(query: Option<&str>) -> Result<Point, Mistake> {
    const LAT: &str = "a number of degrees from -90 to 90";
    const LNG: &str = "a number of degrees from -180 to 180";
    let mut query = Query::read(query)?;
    let lat = query.number("lat", (-90.0, 90.0), LAT)?.ok_or_else(|| Mistake::missing("lat", LAT))?;
    let lng = query.number("lng", (-180.0, 180.0), LNG)?.ok_or_else(|| Mistake::missing("lng", LNG))?;
    query.done("lat, lng")?;
    Point::new(lat, lng).map_err(|_| Mistake::bad("lat", &lat.to_string(), LAT))
}
