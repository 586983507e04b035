//! The names that fields may hold, for the document that apps are generated from: asked of the code that writes them.

use dispatch::{Availability, CancelReason, Class, FeeStage, Party, StageName};
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

use super::party;
use crate::Code;

fn one_of(names: impl IntoIterator<Item = &'static str>) -> Object {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).enum_values(Some(names)).build()
}

/// The states of a trip.
pub(crate) fn trip_states() -> Object {
    one_of(StageName::ALL.map(StageName::as_str))
}

/// Who can have done something.
pub(crate) fn parties() -> Object {
    one_of([Party::Rider, Party::Driver, Party::System].map(party))
}

/// Why a trip was called off.
pub(crate) fn cancel_reasons() -> Object {
    one_of(CancelReason::ALL.iter().map(|reason| reason.as_str()))
}

/// Why a rider can call a trip off.
pub(crate) fn rider_reasons() -> Object {
    one_of(CancelReason::ALL.iter().filter(|reason| reason.is_of(Party::Rider)).map(|reason| reason.as_str()))
}

/// What calling off costs.
pub(crate) fn fee_stages() -> Object {
    one_of(FeeStage::ALL.map(FeeStage::as_str))
}

/// How a driver can stand.
pub(crate) fn availabilities() -> Object {
    one_of(Availability::ALL.map(Availability::as_str))
}

/// Classes of vehicles.
pub(crate) fn classes() -> Object {
    one_of(Class::ALL.map(Class::as_str))
}

/// The same where nothing may be said, too.
pub(crate) fn maybe_classes() -> Object {
    let kinds = SchemaType::from_iter([Type::String, Type::Null]);
    let names = Class::ALL.map(|class| Some(class.as_str())).into_iter().chain([None]);
    ObjectBuilder::new().schema_type(kinds).enum_values(Some(names)).build()
}

/// What clients can switch on.
pub(crate) fn codes() -> Object {
    one_of(Code::ALL.map(Code::as_str))
}
