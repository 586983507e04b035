//! Where a car may drive, and how fast it does.
//!
//! Lives here: the meaning of the tags of OpenStreetMap for a private car that carries passengers.
//! Stays out: reading tags, geometry, turn restrictions.
//! Touch with care: the numbers in [`class`] are judgement. They decide every travel time.
//!
//! Where the numbers come from: limits are from the tags. What share of a limit a free-flowing car keeps up, lights and
//! turns included, and how fast streets without a limit are, is our own judgement, of the size that open routers
//! assume; it is not fitted to recorded trips. Hours differ by [`crate::SpeedFactors`], which can be.

use super::osm::Tags;

/// How fast a car goes along a way, in each direction that is open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Drivable {
    /// km/h in the order of the way's nodes.
    pub(super) forward_kmh: Option<f64>,
    /// km/h against the order of the way's nodes.
    pub(super) backward_kmh: Option<f64>,
}

/// Why a car may not drive on a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Barred {
    /// It is no road for cars: a building, a footpath, a ferry, a driveway.
    NotForCars,
    /// It is a road, but not for the public.
    NoAccess,
}

/// What a class of road is like.
#[derive(Clone, Copy, Debug)]
struct Class {
    /// Free-flow speed without a limit in the tags, km/h.
    usual_kmh: f64,
    /// The share of a limit that is kept up, stops included.
    share: f64,
    /// However high the limit, nobody is faster than this on average, km/h.
    most_kmh: f64,
}

/// No street is slower than walking.
const LEAST_KMH: f64 = 5.0;
/// On a street that is only for those who have to go there: slow enough that nobody takes it as a shortcut.
const DESTINATION_KMH: f64 = 15.0;
const KMH_PER_MPH: f64 = 1.609_344;
const KMH_PER_KNOT: f64 = 1.852;
/// Most specific first, as the tagging rules want it.
const ACCESS: [&str; 4] = ["motorcar", "motor_vehicle", "vehicle", "access"];

fn class(highway: &str) -> Option<Class> {
    let (usual_kmh, share, most_kmh) = match highway {
        "motorway" => (105.0, 0.95, 125.0),
        "motorway_link" => (50.0, 0.80, 80.0),
        "trunk" => (80.0, 0.90, 105.0),
        "trunk_link" => (45.0, 0.80, 70.0),
        "primary" => (45.0, 0.75, 80.0),
        "primary_link" => (35.0, 0.70, 60.0),
        "secondary" => (40.0, 0.70, 70.0),
        "secondary_link" => (30.0, 0.70, 50.0),
        "tertiary" => (35.0, 0.70, 60.0),
        "tertiary_link" => (25.0, 0.70, 40.0),
        "unclassified" => (30.0, 0.70, 50.0),
        "residential" | "road" => (25.0, 0.75, 30.0),
        "living_street" => (8.0, 0.80, 12.0),
        "service" => (12.0, 0.60, 20.0),
        _ => return None,
    };
    Some(Class { usual_kmh, share, most_kmh })
}

/// Whether and how fast a car may drive along a way with these tags.
pub(super) fn drivable(tags: Tags<'_>) -> Result<Drivable, Barred> {
    let class = tags.get("highway").and_then(class).ok_or(Barred::NotForCars)?;
    let inside_a_lot = ["driveway", "parking_aisle", "drive-through", "emergency_access", "slipway"];
    if tags.get("area") == Some("yes") || tags.get("service").is_some_and(|kind| inside_a_lot.contains(&kind)) {
        return Err(Barred::NotForCars);
    }
    let access = tags.first(&ACCESS);
    if access.is_some_and(is_closed) {
        return Err(Barred::NoAccess);
    }
    let most = if access == Some("destination") { DESTINATION_KMH } else { f64::INFINITY };
    let speed = |direction: &str| speed(class, tags.first(&[direction, "maxspeed"])).min(most);
    let (forward, backward) = directions(tags)?;
    Ok(Drivable {
        forward_kmh: forward.then(|| speed("maxspeed:forward")),
        backward_kmh: backward.then(|| speed("maxspeed:backward")),
    })
}

fn is_closed(access: &str) -> bool {
    let closed = ["no", "private", "agricultural", "forestry", "delivery", "emergency", "military", "permit"];
    closed.contains(&access)
}

/// Whether a way is open in the order of its nodes, and against it.
fn directions(tags: Tags<'_>) -> Result<(bool, bool), Barred> {
    match tags.first(&["oneway:motorcar", "oneway:motor_vehicle", "oneway:vehicle", "oneway"]) {
        Some("yes" | "true" | "1") => Ok((true, false)),
        Some("-1" | "reverse") => Ok((false, true)),
        // Changes with the hour: nobody can promise that it is open.
        Some("reversible") => Err(Barred::NoAccess),
        Some("no" | "false" | "0") => Ok((true, true)),
        _ => {
            let round = tags.get("junction").is_some_and(|kind| kind == "roundabout" || kind == "circular");
            let motorway = tags.get("highway").is_some_and(|class| class == "motorway" || class == "motorway_link");
            Ok((true, !round && !motorway))
        }
    }
}

fn speed(class: Class, limit: Option<&str>) -> f64 {
    match limit.and_then(limit_kmh) {
        Some(limit) => (limit * class.share).clamp(LEAST_KMH, class.most_kmh),
        None => class.usual_kmh,
    }
}

/// A limit in km/h; of several the lowest. `None` for what gives no number (`FR:urban`, `signals`) or no sane one.
fn limit_kmh(text: &str) -> Option<f64> {
    text.split([';', ',']).filter_map(|one| one_limit_kmh(one.trim())).reduce(f64::min)
}

fn one_limit_kmh(text: &str) -> Option<f64> {
    match text {
        "walk" => return Some(7.0),
        "none" => return Some(200.0),
        _ => {}
    }
    let digits = text.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(text.len());
    let value: f64 = text[..digits].parse().ok()?;
    let kmh = match text[digits..].trim() {
        "" | "km/h" | "kmh" | "kph" => value,
        "mph" => value * KMH_PER_MPH,
        "knots" => value * KMH_PER_KNOT,
        _ => return None,
    };
    (3.0..=200.0).contains(&kmh).then_some(kmh)
}

/// Whether a node stops every car: a bollard always, a gate when it is locked for the public.
pub(super) fn is_barrier(tags: Tags<'_>) -> bool {
    let Some(barrier) = tags.get("barrier") else { return false };
    let solid = ["bollard", "block", "jersey_barrier", "chain", "log", "debris", "wall", "fence", "cycle_barrier"];
    match tags.first(&ACCESS) {
        Some(access) => is_closed(access),
        None => solid.contains(&barrier),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Result<Drivable, Barred> {
        drivable(Tags::of(pairs))
    }

    fn both(kmh: f64) -> Result<Drivable, Barred> {
        Ok(Drivable { forward_kmh: Some(kmh), backward_kmh: Some(kmh) })
    }

    #[test]
    fn the_most_specific_access_decides() {
        assert_eq!(with(&[("building", "yes")]), Err(Barred::NotForCars));
        assert_eq!(with(&[("highway", "footway")]), Err(Barred::NotForCars));
        assert_eq!(with(&[("route", "ferry"), ("motor_vehicle", "yes")]), Err(Barred::NotForCars));
        assert_eq!(with(&[("highway", "service"), ("service", "parking_aisle")]), Err(Barred::NotForCars));
        assert_eq!(with(&[("highway", "service"), ("access", "private")]), Err(Barred::NoAccess));
        assert_eq!(
            with(&[("highway", "residential"), ("motor_vehicle", "no"), ("access", "yes")]),
            Err(Barred::NoAccess)
        );
        assert_eq!(with(&[("highway", "residential"), ("access", "no"), ("motorcar", "yes")]), both(25.0));
        assert_eq!(with(&[("highway", "residential"), ("access", "destination")]), both(DESTINATION_KMH));
    }

    #[test]
    fn one_ways_are_said_or_implied() {
        let open = |pairs: &[(&str, &str)]| {
            let way = with(pairs).unwrap();
            (way.forward_kmh.is_some(), way.backward_kmh.is_some())
        };
        assert_eq!(open(&[("highway", "primary")]), (true, true));
        assert_eq!(open(&[("highway", "primary"), ("oneway", "yes")]), (true, false));
        assert_eq!(open(&[("highway", "primary"), ("oneway", "-1")]), (false, true));
        assert_eq!(open(&[("highway", "primary"), ("oneway", "yes"), ("oneway:motor_vehicle", "no")]), (true, true));
        assert_eq!(open(&[("highway", "primary"), ("junction", "roundabout")]), (true, false));
        assert_eq!(open(&[("highway", "motorway")]), (true, false));
        assert_eq!(open(&[("highway", "motorway_link")]), (true, false));
        assert_eq!(open(&[("highway", "motorway_link"), ("oneway", "no")]), (true, true));
        assert_eq!(with(&[("highway", "primary"), ("oneway", "reversible")]), Err(Barred::NoAccess));
    }

    #[test]
    fn limits_have_units_and_odd_values() {
        for (text, kmh) in [
            ("50", Some(50.0)),
            ("50 km/h", Some(50.0)),
            ("25 mph", Some(25.0 * KMH_PER_MPH)),
            ("30mph", Some(30.0 * KMH_PER_MPH)),
            ("10 knots", Some(18.52)),
            ("walk", Some(7.0)),
            ("none", Some(200.0)),
            ("70;50", Some(50.0)),
            ("FR:urban", None),
            ("signals", None),
            ("", None),
            ("0", None),
            ("1e9", None),
            ("99999", None),
            ("-5", None),
            ("5\u{20ac}", None),
        ] {
            assert_eq!(limit_kmh(text), kmh, "{text}");
        }
        assert_eq!(with(&[("highway", "residential"), ("maxspeed", "RU:urban")]), both(25.0));
        assert_eq!(with(&[("highway", "residential"), ("maxspeed", "100")]), both(30.0));
        let way = with(&[("highway", "primary"), ("maxspeed", "40"), ("maxspeed:backward", "60")]).unwrap();
        assert_eq!((way.forward_kmh, way.backward_kmh), (Some(30.0), Some(45.0)));
    }

    #[test]
    fn bollards_stop_cars_and_open_gates_do_not() {
        let stops = |pairs: &[(&str, &str)]| is_barrier(Tags::of(pairs));
        assert!(stops(&[("barrier", "bollard")]));
        assert!(stops(&[("barrier", "gate"), ("access", "private")]));
        assert!(!stops(&[("barrier", "gate")]));
        assert!(!stops(&[("barrier", "bollard"), ("motor_vehicle", "yes")]));
        assert!(!stops(&[("highway", "crossing")]));
    }
}
