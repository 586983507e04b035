//! What a car offers and what a rider needs, as it is read and written.

use dispatch::{Class, Needs, SEATS_MAX, Vehicle};
use serde::Serialize;
use utoipa::ToSchema;

use super::names;
use crate::fields::{Fields, Mistake};

const SEATS: &str = "a whole number from 1 to 8";

/// The fields of either object: each may be left out.
struct Said {
    class: Option<Class>,
    seats: Option<u8>,
    wheelchair: bool,
    pets: bool,
}

impl Said {
    fn read(mut fields: Fields<'_>) -> Result<Said, Mistake> {
        let class = fields.maybe_named("class", Class::ALLOWED)?;
        let seats = fields.maybe_small("seats", 1..=SEATS_MAX, SEATS)?;
        let wheelchair = fields.maybe_flag("wheelchair")?.unwrap_or_default();
        let pets = fields.maybe_flag("pets")?.unwrap_or_default();
        fields.done("class, seats, wheelchair, pets")?;
        Ok(Said { class, seats, wheelchair, pets })
    }
}

/// Takes the field `vehicle`, what a driver drives: without it, and for whatever it leaves out, an economy car of four
/// seats.
///
/// # Errors
/// [`Mistake`] names the field by its path.
pub(super) fn vehicle(fields: &mut Fields<'_>) -> Result<Vehicle, Mistake> {
    let Some(object) = fields.maybe_object("vehicle", "vehicle.")? else { return Ok(Vehicle::default()) };
    let Said { class, seats, wheelchair, pets } = Said::read(object)?;
    let usual = Vehicle::default();
    let seats = seats.unwrap_or(usual.seats());
    Vehicle::new(class.unwrap_or(usual.class()), seats, wheelchair, pets)
        .map_err(|wrong| Mistake::bad("vehicle.seats", &wrong.0.to_string(), SEATS))
}

/// Takes the field `needs`, what a rider needs of the vehicle: without it, one seat in any.
///
/// # Errors
/// [`Mistake`] names the field by its path.
pub(super) fn needs(fields: &mut Fields<'_>) -> Result<Needs, Mistake> {
    let Some(object) = fields.maybe_object("needs", "needs.")? else { return Ok(Needs::default()) };
    let Said { class, seats, wheelchair, pets } = Said::read(object)?;
    let seats = seats.unwrap_or(Needs::default().seats());
    Needs::new(class, seats, wheelchair, pets).map_err(|wrong| Mistake::bad("needs.seats", &wrong.0.to_string(), SEATS))
}

/// What a rider needs, as offers and trips tell it.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = Needs)]
pub(crate) struct NeedsBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = names::classes, required = false)]
    class: Option<&'static str>,
    seats: u8,
    wheelchair: bool,
    pets: bool,
}

impl NeedsBody {
    /// `None` for who needs one seat in any vehicle: that is not told.
    pub(crate) fn of(needs: Needs) -> Option<NeedsBody> {
        (needs != Needs::default()).then(|| NeedsBody {
            class: needs.class().map(Class::as_str),
            seats: needs.seats(),
            wheelchair: needs.wheelchair(),
            pets: needs.pets(),
        })
    }
}
