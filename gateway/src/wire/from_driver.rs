//! What a driver's app says.

use actors::Cursor;
use dispatch::{Deed, GiveBackReason, OfferId, Party, STOPS_MAX, TripId, Vehicle};
use geo::{Meters, Point};

use crate::fields::{Fields, Mistake};

/// A message of a driver's app. `id` is the app's own number for it; the answer carries it as `re`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FromDriver {
    /// Who speaks. Answered with a new `welcome`, from which a phone can set its clock.
    Hello { id: Option<u64>, app: Option<String>, sent_at_ms: Option<u64> },
    /// Wants work, from here, with this vehicle.
    Online { id: Option<u64>, point: Point, vehicle: Vehicle, home: Option<Point> },
    /// Wants only rides that lead home, or any again.
    GoHome { id: Option<u64>, home: Option<Point> },
    /// Wants no more work, for good or for a break.
    Offline { id: Option<u64>, on_break: bool },
    /// Is here.
    Ping(Position),
    /// Was here and there while nobody could be told, and is here now: the oldest first.
    Pings(Vec<Position>),
    /// Has heard everything up to here.
    Ack { cursor: Cursor },
    /// Says yes or no to an offer.
    Answer { id: Option<u64>, offer: OfferId, yes: bool },
    /// Reports a step of a trip.
    Does { id: Option<u64>, trip: TripId, deed: Deed },
}

/// A position, as a phone tells it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Position {
    /// The phone's own number for it, growing.
    pub(crate) seq: u64,
    pub(crate) point: Point,
    /// When it was measured, by the phone's idea of the city's clock.
    pub(crate) at_ms: Option<u64>,
    /// Degrees clockwise from north.
    pub(crate) heading: Option<f64>,
    pub(crate) accuracy: Option<Meters>,
}

/// The most positions in one message. At one every ten seconds they are a tunnel of a quarter of an hour.
pub(crate) const PINGS_MAX: usize = 100;

/// A message that could not be read, with the app's number for it when that much could.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Unreadable {
    pub(crate) re: Option<u64>,
    pub(crate) mistake: Mistake,
}

const TYPES: &str = "hello, online, go_home, offline, break, ping, pings, ack, accept, decline, arrived, picked_up, stop_reached, dropped_off, give_back";
const OFFER: &str = "an offer's id as the server gave it";
const TRIP: &str = "a trip's id as the server gave it";
const STOP: &str = "the number of a stop, 1 to 3";
const REROUTED: &str = "how often the trip that is meant was rerouted, 0 to 65535";
const CURSOR: &str = "a cursor as the server gave it";
const PINGS: &str = "a list of 1 to 100 positions, the oldest first";

impl FromDriver {
    /// Reads one text frame.
    ///
    /// # Errors
    /// [`Unreadable`] names the field, what it held and what it may hold.
    pub(crate) fn read(text: &str) -> Result<FromDriver, Unreadable> {
        // By far the most frequent message.
        match super::quick::position(text) {
            Some(position) => Ok(FromDriver::Ping(position)),
            None => read_at_length(text),
        }
    }
}

/// Reads one text frame field by field, so that every mistake can be named.
pub(super) fn read_at_length(text: &str) -> Result<FromDriver, Unreadable> {
    let mut fields = Fields::read(text, "message").map_err(|mistake| Unreadable { re: None, mistake })?;
    let kind = fields.text("type", TYPES).map_err(|mistake| Unreadable { re: None, mistake })?;
    // These have no number of their own.
    let unnumbered = match kind.as_ref() {
        "ping" => position(fields, PING_FIELDS).map(FromDriver::Ping),
        "pings" => pings(fields),
        "ack" => ack(fields),
        _ => {
            let id = fields.maybe_whole("id").map_err(|mistake| Unreadable { re: None, mistake })?;
            return command(&kind, id, fields).map_err(|mistake| Unreadable { re: id, mistake });
        }
    };
    unnumbered.map_err(|mistake| Unreadable { re: None, mistake })
}

/// The worst accuracy a phone may admit to, in metres: that of a mobile network that knows only its country's region.
pub(super) const ACCURACY_MAX_M: f64 = 100_000.0;

const POSITION_FIELDS: &str = "seq, lat, lon, at_ms, heading, accuracy_m";
const PING_FIELDS: &str = "type, seq, lat, lon, at_ms, heading, accuracy_m";

fn position(mut fields: Fields<'_>, allowed: &'static str) -> Result<Position, Mistake> {
    let seq = fields.whole("seq")?;
    let point = fields.point()?;
    let at_ms = fields.maybe_whole("at_ms")?;
    let heading = fields.maybe_number("heading", (0.0, 360.0), "a number of degrees clockwise from north, 0 to 360")?;
    let accuracy = fields.maybe_number("accuracy_m", (0.0, ACCURACY_MAX_M), "a number of metres, 0 to 100000")?;
    let accuracy = accuracy.and_then(|metres| Meters::new(metres).ok());
    fields.done(allowed)?;
    Ok(Position { seq, point, at_ms, heading, accuracy })
}

fn pings(mut fields: Fields<'_>) -> Result<FromDriver, Mistake> {
    let listed = fields.list("pings", PINGS_MAX, PINGS)?;
    fields.done("type, pings")?;
    let read = |(nth, text): (usize, &str)| {
        let inside = |mistake: Mistake| mistake.inside(&format!("pings[{nth}]"));
        let fields = Fields::read(text, "").map_err(inside)?;
        position(fields, POSITION_FIELDS).map_err(inside)
    };
    listed.into_iter().enumerate().map(read).collect::<Result<Vec<Position>, Mistake>>().map(FromDriver::Pings)
}

fn ack(mut fields: Fields<'_>) -> Result<FromDriver, Mistake> {
    let cursor = fields.named("cursor", CURSOR)?;
    fields.done("type, cursor")?;
    Ok(FromDriver::Ack { cursor })
}

fn command(kind: &str, id: Option<u64>, mut fields: Fields<'_>) -> Result<FromDriver, Mistake> {
    match kind {
        "hello" => {
            let app = fields.maybe_text("app", 64, "a text of at most 64 bytes")?.map(String::from);
            let sent_at_ms = fields.maybe_whole("sent_at_ms")?;
            fields.done("type, id, app, sent_at_ms")?;
            Ok(FromDriver::Hello { id, app, sent_at_ms })
        }
        "online" => {
            let point = fields.point()?;
            let vehicle = super::vehicle::vehicle(&mut fields)?;
            let home = fields.maybe_place("home", "home.")?;
            fields.done("type, id, lat, lon, vehicle, home")?;
            Ok(FromDriver::Online { id, point, vehicle, home })
        }
        "go_home" => {
            let home = fields.maybe_place("home", "home.")?;
            fields.done("type, id, home")?;
            Ok(FromDriver::GoHome { id, home })
        }
        "offline" | "break" => {
            fields.done("type, id")?;
            Ok(FromDriver::Offline { id, on_break: kind == "break" })
        }
        "accept" | "decline" => {
            let offer = fields.named("offer", OFFER)?;
            fields.done("type, id, offer")?;
            Ok(FromDriver::Answer { id, offer, yes: kind == "accept" })
        }
        "stop_reached" => {
            let trip = fields.named("trip", TRIP)?;
            let stop = fields.maybe_small("stop", 1..=STOPS_MAX as u8, STOP)?;
            let stop = stop.ok_or_else(|| Mistake::missing("stop", STOP))?;
            let rerouted = fields.maybe_count("rerouted", REROUTED)?;
            fields.done("type, id, trip, stop, rerouted")?;
            Ok(FromDriver::Does { id, trip, deed: Deed::StopReached { stop, rerouted } })
        }
        "give_back" => {
            let trip = fields.named("trip", TRIP)?;
            let reason = fields.maybe_named("reason", GiveBackReason::ALLOWED)?.unwrap_or(GiveBackReason::Other);
            if !reason.is_of(Party::Driver) {
                return Err(Mistake::bad("reason", reason.as_str(), GiveBackReason::ALLOWED));
            }
            fields.done("type, id, trip, reason")?;
            Ok(FromDriver::Does { id, trip, deed: Deed::GaveBack(reason) })
        }
        _ => match deed(kind) {
            Some(deed) => {
                let trip = fields.named("trip", TRIP)?;
                fields.done("type, id, trip")?;
                Ok(FromDriver::Does { id, trip, deed })
            }
            None => Err(Mistake::unknown_type(kind, TYPES)),
        },
    }
}

fn deed(kind: &str) -> Option<Deed> {
    match kind {
        "arrived" => Some(Deed::Arrived),
        "picked_up" => Some(Deed::PickedUp),
        "dropped_off" => Some(Deed::DroppedOff),
        _ => None,
    }
}
