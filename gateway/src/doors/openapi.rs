//! What is said over HTTP, as OpenAPI 3.1: gathered from the doors, served at `/openapi.json`.
//!
//! Lives here: what all doors have in common, and what clients send, as schemas.
//! Stays out: each door's own part, which stands above it; what is said over sockets (`asyncapi.json`).
//! Touch with care: bodies are read field by field ([`crate::fields`]), not into the types here. A test holds them to it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, HeaderBuilder, ObjectBuilder, OpenApi as Described, RefOr, Response, ResponseBuilder, Type, schema,
};
use utoipa::{IntoResponses, Modify, OpenApi, PartialSchema, ToSchema};

use crate::problem::Body9457;
use crate::wire::names;

/// The media type of errors.
pub(super) const PROBLEM: &str = "application/problem+json";

/// The document, as it is served.
pub(super) static OPENAPI: LazyLock<String> =
    LazyLock::new(|| Document::openapi().to_pretty_json().unwrap_or_default() + "\n");

/// What is said over HTTP, as OpenAPI 3.1 in JSON.
#[must_use]
pub fn openapi() -> &'static str {
    &OPENAPI
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Hansom",
        description = "Rides: quoted, requested, matched, watched. What is said over sockets is in /asyncapi.json, all of it in words at /docs.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    paths(
        super::quote::ask, super::rider::request, super::rider::show, super::rider::cancel, super::watch::open,
        super::events::open, super::driver::open, super::why::explain, super::why::why_not, super::ops::status,
        super::letters::list, super::letters::redeliver_all, super::letters::redeliver,
        super::reroute::change, super::nearby::cars, super::lists::drivers, super::lists::trips, super::lists::shards,
        super::drain::show, super::drain::begin, super::drain::call_off,
        super::policy::show, super::policy::patch, super::policy::put, super::policy::history,
        super::ops::alive, super::ops::ready, super::ops::metrics,
    ),
    components(schemas(Body9457)),
    tags(
        (name = "riders", description = "With a token of the role rider; ops may look, and call off in the city's name."),
        (name = "drivers", description = "With a token of the role driver."),
        (name = "ops", description = "With a token of the role ops."),
        (name = "health", description = "For anyone: probes and metrics."),
    ),
    modifiers(&InCommon),
)]
struct Document;

/// What every operation has.
struct InCommon;

impl Modify for InCommon {
    fn modify(&self, document: &mut Described) {
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("`hansom token` mints one; `sub` is the person, `role` is rider, driver or ops."));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(token.build()));
        document.security = Some(vec![SecurityRequirement::new("token", Vec::<String>::new())]);
        for operation in document.paths.paths.values_mut().flat_map(operations) {
            for parameter in operation.parameters.iter_mut().flatten() {
                parameter.schema = parameter.schema.take().map(never_null);
            }
            for response in operation.responses.responses.values_mut() {
                if let RefOr::T(response) = response {
                    let text = "The name of this request in the server's log: the client's own, if it sent one";
                    response.headers.insert("X-Request-Id".to_owned(), header(Type::String, text));
                }
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

/// A parameter may be left out, which is not to say `null`.
fn never_null(schema: RefOr<schema::Schema>) -> RefOr<schema::Schema> {
    let is_null = |one: &RefOr<schema::Schema>| matches!(one, RefOr::T(schema::Schema::Object(object)) if object.schema_type == schema::SchemaType::Type(Type::Null));
    match schema {
        RefOr::T(schema::Schema::Object(mut object)) => {
            if let schema::SchemaType::Array(kinds) = &mut object.schema_type {
                kinds.retain(|kind| *kind != Type::Null);
                if let [kind] = kinds.as_slice() {
                    object.schema_type = schema::SchemaType::Type(kind.clone());
                }
            }
            RefOr::T(schema::Schema::Object(object))
        }
        RefOr::T(schema::Schema::OneOf(one_of)) => {
            let mut kinds = one_of.items.into_iter().filter(|one| !is_null(one));
            kinds.next().unwrap_or_default()
        }
        other => other,
    }
}

fn header(kind: Type, text: &str) -> utoipa::openapi::Header {
    HeaderBuilder::new().schema(ObjectBuilder::new().schema_type(kind).build()).description(Some(text)).build()
}

/// What every door can answer instead of what was hoped for: an error by RFC 9457, whose `code` says which.
pub(super) struct Refused;

impl IntoResponses for Refused {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let text = "Another error: `code` says which, `retry_after_ms` whether and when to come again";
        let problem = schema::Ref::from_schema_name(Body9457::name());
        let response = ResponseBuilder::new()
            .description(text)
            .content(PROBLEM, ContentBuilder::new().schema(Some(problem)).build())
            .header("Retry-After", header(Type::Integer, "In how many seconds to come again"));
        BTreeMap::from([("default".to_owned(), response.build().into())])
    }
}

/// Where someone is or wants to go.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "says what clients send; fields are read one by one")]
pub(super) struct AskedPlace {
    #[schema(minimum = -90.0, maximum = 90.0)]
    lat: f64,
    #[schema(minimum = -180.0, maximum = 180.0)]
    lon: f64,
}

/// What the vehicle must have; who leaves something out does not mind.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "says what clients send; fields are read one by one")]
pub(super) struct AskedNeeds {
    #[schema(schema_with = names::maybe_classes, required = false)]
    class: Option<String>,
    #[schema(minimum = 1, maximum = 8)]
    seats: Option<u8>,
    wheelchair: Option<bool>,
    pets: Option<bool>,
}

/// A ride, to be priced.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "says what clients send; fields are read one by one")]
pub(super) struct Asked {
    pickup: AskedPlace,
    /// Where the ride halts on its way, in this order; nowhere in a ride that is shared.
    #[schema(max_items = 3)]
    stops: Option<Vec<AskedPlace>>,
    dropoff: AskedPlace,
    needs: Option<AskedNeeds>,
    /// When the rider wants to be picked up, 5 minutes to 30 days ahead; none: as soon as possible.
    #[schema(maximum = 281_474_976_710_655u64)]
    pickup_at_ms: Option<u64>,
    /// Whether others may ride along.
    shared: Option<bool>,
}

/// A ride, asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "says what clients send; fields are read one by one")]
pub(super) struct NewTrip {
    pickup: AskedPlace,
    /// Where the ride halts on its way, in this order; nowhere in a ride that is shared.
    #[schema(max_items = 3)]
    stops: Option<Vec<AskedPlace>>,
    dropoff: AskedPlace,
    needs: Option<AskedNeeds>,
    /// When the rider wants to be picked up, 5 minutes to 30 days ahead; none: as soon as possible.
    #[schema(maximum = 281_474_976_710_655u64)]
    pickup_at_ms: Option<u64>,
    /// Whether others may ride along.
    shared: Option<bool>,
    /// As `POST /v1/quotes` gave it: the ride costs what it says.
    #[schema(max_length = 1024)]
    quote: Option<String>,
}

/// Something that is told of a trip, one after another.
#[derive(ToSchema)]
#[expect(dead_code, reason = "says what a stream of events looks like; axum writes them")]
pub(super) struct TripEvent {
    /// `trip`, `end` or `closing`.
    event: Option<String>,
    /// Of `trip`: the trip's version.
    id: Option<String>,
    /// JSON: of `trip` the trip as it stands, of `closing` `retry_after_ms`.
    data: Option<String>,
    /// When to come again, in milliseconds.
    retry: Option<u64>,
}

/// The rest of the way, changed: one of the two at least.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "says what clients send; fields are read one by one")]
pub(super) struct AskedReroute {
    dropoff: Option<AskedPlace>,
    /// The stops that are still to be made, in this order.
    #[schema(max_items = 3)]
    stops: Option<Vec<AskedPlace>>,
}

/// How a server is drained.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "says what clients send; fields are read one by one")]
pub(super) struct AskedDrain {
    /// Over how long drivers are sent away; none: 30 s.
    #[schema(maximum = 3600000)]
    window_ms: Option<u64>,
}

/// A change of the policy.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "says what clients send; fields are read one by one")]
pub(super) struct AskedPolicy {
    /// Settings by name, each with a text, a number, or null: then it is the file's again.
    changes: BTreeMap<String, serde_json::Value>,
    /// Why, for the history.
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// Only say what would be changed.
    dry_run: Option<bool>,
}

/// Names a parameter may hold: a type for each list of `wire::names`.
macro_rules! named {
    ($($(#[$doc:meta])* $name:ident = $names:path;)+) => {
        $($(#[$doc])*
        pub(super) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<schema::Schema> {
                $names().into()
            }
        }

        impl ToSchema for $name {})+
    };
}

named! {
    /// Why a rider calls a trip off.
    CancelReasonName = names::rider_reasons;
    /// How a driver stands.
    AvailabilityName = names::availabilities;
    /// How a trip stands.
    StateName = names::trip_states;
}

#[cfg(test)]
mod tests;
