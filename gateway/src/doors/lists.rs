//! Lists for ops: drivers, trips and shards of this server, a page at a time.
//!
//! Stays out: how shards are asked and what one that does not answer means ([`actors::Listed`]).

use std::sync::Arc;
use std::time::Duration;

use actors::{Listed, TripFilter};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use dispatch::{Availability, DriverFilter, DriverId, RiderId, ShardId, StageName, TripId};
use geo::{Cell, Resolution};
use serde::Serialize;
use utoipa::ToSchema;

use super::openapi::{AvailabilityName, Refused, StateName};
use super::ops::{Shard, ops_only};
use super::page::{Page, ROWS};
use super::query::Query;
use super::rider::{counted, json};
use crate::app::App;
use crate::fields::Mistake;
use crate::problem::Problem;
use crate::wire::{DriverRow, TripRow};

const CELL: &str = "an H3 cell such as 872a100d6ffffff";
const MILLIS: &str = "milliseconds as a whole number, at most those of a year";

/// Nobody stands still for longer: a larger number is a slip of the pen.
const MILLIS_MAX: u64 = 365 * 24 * 3_600_000;
const NAME: &str = "a name of 1 to 64 letters, digits or any of . _ : @ | -";

/// How a page ends.
#[derive(Serialize, ToSchema)]
struct PageEnd {
    /// The last one here, when there are more: what comes after it is asked for with `?after=`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// Shards whose part is missing: they did not answer in time, or have too much to do to be asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    silent: Vec<String>,
}

#[derive(Serialize, ToSchema)]
struct DriversPage<'a> {
    drivers: Vec<DriverRow<'a>>,
    #[serde(flatten)]
    end: PageEnd,
}

#[derive(Serialize, ToSchema)]
struct TripsPage<'a> {
    trips: Vec<TripRow<'a>>,
    #[serde(flatten)]
    end: PageEnd,
}

#[derive(Serialize, ToSchema)]
struct ShardsPage {
    shards: Vec<Shard>,
    #[serde(flatten)]
    end: PageEnd,
}

fn end<T>(listed: &Listed<T>, name: impl Fn(&T) -> String) -> PageEnd {
    let next = listed.rows.last().filter(|_| listed.more).map(name);
    PageEnd { next, silent: listed.silent.iter().map(ShardId::to_string).collect() }
}

/// What every list can be asked.
struct Asked<T> {
    page: Page<T>,
    shard: Option<ShardId>,
    cell: Option<Cell>,
    stale_for: Option<Duration>,
}

impl<T> Asked<T> {
    fn read<'a>(
        query: &mut Query<'a>,
        resolution: Resolution,
        after: impl FnOnce(&mut Query<'a>) -> Result<Option<T>, Mistake>,
    ) -> Result<Asked<T>, Mistake> {
        const SHARD: &str = "the cell of a shard, as /v1/ops/shards lists them";
        let shard: Option<Cell> = query.maybe("shard", SHARD)?;
        if let Some(other) = shard.filter(|cell| cell.resolution() != resolution) {
            return Err(Mistake::bad("shard", &other.to_string(), SHARD));
        }
        Ok(Asked {
            page: Page::take(query, ROWS, after)?,
            shard: shard.map(ShardId),
            cell: query.maybe("cell", CELL)?,
            stale_for: query.number("stale_ms", (0, MILLIS_MAX), MILLIS)?.map(Duration::from_millis),
        })
    }
}

/// A name in a query.
fn name<T>(
    query: &mut Query<'_>,
    field: &'static str,
    read: impl Fn(&str) -> Result<T, dispatch::NotAnId>,
) -> Result<Option<T>, Mistake> {
    let text: Option<String> = query.maybe(field, NAME)?;
    text.map(|text| read(&text).map_err(|wrong| Mistake::bad(field, &wrong.value, NAME))).transpose()
}

/// One of a few words in a query.
fn word<T: Copy>(
    query: &mut Query<'_>,
    (field, allowed): (&'static str, &'static str),
    all: &[T],
    as_str: impl Fn(T) -> &'static str,
) -> Result<Option<T>, Mistake> {
    let Some(text) = query.maybe::<String>(field, allowed)? else { return Ok(None) };
    let known = all.iter().copied().find(|one| as_str(*one) == text);
    known.map(Some).ok_or_else(|| Mistake::bad(field, &text, allowed))
}

const AVAILABILITY: &str = "offline, on_break, available, reserved, offered, en_route, arrived or on_trip";

fn drivers_asked(query: Option<&str>, resolution: Resolution) -> Result<(Option<ShardId>, DriverFilter), Mistake> {
    let mut query = Query::read(query)?;
    let after = |query: &mut Query<'_>| name(query, "after", DriverId::new);
    let Asked { page, shard, cell, stale_for } = Asked::read(&mut query, resolution, after)?;
    let stands = ("availability", AVAILABILITY);
    let availability = word(&mut query, stands, &Availability::ALL, Availability::as_str)?;
    query.done("limit, after, shard, availability, cell, stale_ms")?;
    Ok((shard, DriverFilter { after: page.after, availability, cell, stale_for, most: page.rows as usize }))
}

/// The drivers at home on this server, by name.
#[utoipa::path(
    get, path = "/v1/ops/drivers", operation_id = "drivers", tag = "ops",
    params(
        ("limit" = Option<u32>, Query, description = "How many at most; none: 100", minimum = 1, maximum = 500),
        ("after" = Option<String>, Query, description = "The `next` of the page before", min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._:@|-]+$"),
        ("shard" = Option<String>, Query, description = "Only of this shard", pattern = "^8[0-9a-f]{14}$"),
        ("cell" = Option<String>, Query, description = "Only in this H3 cell, of any size", pattern = "^8[0-9a-f]{14}$"),
        ("stale_ms" = Option<u64>, Query, description = "Only who has sent no position for so long", maximum = 31_536_000_000u64),
        ("availability" = inline(Option<AvailabilityName>), Query, description = "Only who stands so"),
    ),
    responses((status = 200, description = "A page of them, by name", body = DriversPage<'static>), Refused),
)]
pub(super) async fn drivers(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    ops_only(&app, &headers)?;
    let city = &app.inside()?.city;
    let asked = drivers_asked(query.as_deref(), city.shard_resolution());
    let (shard, filter) = asked.map_err(|mistake| counted(&app, mistake))?;
    let listed = city.drivers(shard, filter).await?;
    let now = city.clock().now();
    let drivers = listed.rows.iter().map(|seen| DriverRow::of(seen, now)).collect();
    json(StatusCode::OK, &DriversPage { drivers, end: end(&listed, |seen| seen.driver.to_string()) })
}

const STATES: &str =
    "scheduled, searching, en_route, arrived, in_progress, driving_on, completed, cancelled or expired";

fn trips_asked(query: Option<&str>, resolution: Resolution) -> Result<(Option<ShardId>, TripFilter), Mistake> {
    let mut query = Query::read(query)?;
    let after = |query: &mut Query<'_>| query.maybe::<TripId>("after", "a trip's id");
    let Asked { page, shard, cell, stale_for } = Asked::read(&mut query, resolution, after)?;
    let state = word(&mut query, ("state", STATES), &StageName::ALL, StageName::as_str)?;
    let (rider, driver) = (name(&mut query, "rider", RiderId::new)?, name(&mut query, "driver", DriverId::new)?);
    query.done("limit, after, shard, state, cell, stale_ms, rider, driver")?;
    Ok((shard, TripFilter { after: page.after, state, cell, stale_for, rider, driver, most: page.rows as usize }))
}

/// The live trips of this server, in the order in which they were requested.
#[utoipa::path(
    get, path = "/v1/ops/trips", operation_id = "trips", tag = "ops",
    params(
        ("limit" = Option<u32>, Query, description = "How many at most; none: 100", minimum = 1, maximum = 500),
        ("after" = Option<String>, Query, description = "The `next` of the page before", pattern = "^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"),
        ("shard" = Option<String>, Query, description = "Only of this shard", pattern = "^8[0-9a-f]{14}$"),
        ("cell" = Option<String>, Query, description = "Only in this H3 cell, of any size", pattern = "^8[0-9a-f]{14}$"),
        ("stale_ms" = Option<u64>, Query, description = "Only what has been in its state for so long", maximum = 31_536_000_000u64),
        ("state" = inline(Option<StateName>), Query, description = "Only in this state"),
        ("rider" = Option<String>, Query, description = "Only this rider's", min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._:@|-]+$"),
        ("driver" = Option<String>, Query, description = "Only this driver's", min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._:@|-]+$"),
    ),
    responses((status = 200, description = "A page of live trips, as they were requested", body = TripsPage<'static>), Refused),
)]
pub(super) async fn trips(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    ops_only(&app, &headers)?;
    let city = &app.inside()?.city;
    let asked = trips_asked(query.as_deref(), city.shard_resolution());
    let (shard, filter) = asked.map_err(|mistake| counted(&app, mistake))?;
    let listed = city.trips(shard, filter).await?;
    let trips = listed.rows.iter().map(|view| TripRow::of(view)).collect();
    json(StatusCode::OK, &TripsPage { trips, end: end(&listed, |view| view.trip.id.to_string()) })
}

/// The shards of this server, by cell.
#[utoipa::path(
    get, path = "/v1/ops/shards", operation_id = "shards", tag = "ops",
    params(
        ("limit" = Option<u32>, Query, description = "How many at most; none: 100", minimum = 1, maximum = 500),
        ("after" = Option<String>, Query, description = "The `next` of the page before", pattern = "^8[0-9a-f]{14}$"),
    ),
    responses((status = 200, description = "A page of them, by cell", body = ShardsPage), Refused),
)]
pub(super) async fn shards(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    ops_only(&app, &headers)?;
    let city = &app.inside()?.city;
    let page = Page::<Cell>::read(query.as_deref(), ROWS, |query| query.maybe("after", CELL));
    let page = page.map_err(|mistake| counted(&app, mistake))?;
    let listed = city.shards(page.after.map(ShardId), page.rows as usize).await?;
    let shards = listed.rows.iter().map(Shard::from).collect();
    json(StatusCode::OK, &ShardsPage { shards, end: end(&listed, |status| status.shard.to_string()) })
}
