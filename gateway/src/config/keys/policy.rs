//! The settings of the policy: every number a decision depends on. The policy itself knows the ranges.

use dispatch::Method;
use geo::Resolution;

use super::Key;
use super::values::{file, meters, method, path, seconds, straight_line};

/// How often phones may be asked.
const CADENCE: &str = "seconds from 0.5 to 60, and less than policy.position_fresh_for";

/// Every setting of the policy.
pub(super) const POLICY: &[Key] = &[
    key!(
        "policy.version",
        "1 to 64 visible ASCII characters",
        |settings, text| {
            settings.city.policy.version = text.to_owned();
            Some(())
        },
        |settings| settings.city.policy.version.clone()
    ),
    policy_value!("policy.immediate_above", immediate_above, "a number from 0 to 1000"),
    policy_value!("policy.matching.work_max", matching.work_max, "a whole number from 10000 to 1000000000"),
    policy_seconds!("policy.forward.within", forward.within, "seconds from 0 to 1800"),
    policy_value!("policy.forward.penalty", forward.penalty, "a number from 0 to 3600"),
    policy_seconds!("policy.forward.hold_max", forward.hold_max, "seconds from 0 to 3600"),
    policy_value!("policy.explain.decisions_max", explain.decisions_max, "a whole number from 0 to 1000000"),
    policy_value!("policy.explain.candidates_max", explain.candidates_max, "a whole number from 0 to 256"),
    policy_value!("policy.explain.journal_permille", explain.journal_permille, "a whole number from 0 to 1000"),
    policy_value!("policy.weights.pickup", weights.pickup, "a number from 0 to 100"),
    policy_value!("policy.weights.waiting", weights.waiting, "a number from 0 to 100"),
    policy_value!("policy.weights.idle", weights.idle, "a number from 0 to 100"),
    policy_seconds!("policy.weights.idle_max", weights.idle_max, "seconds from 0 to 86400"),
    policy_value!("policy.weights.refusal", weights.refusal, "a number from 0 to 3600"),
    policy_value!("policy.weights.position_age", weights.position_age, "a number from 0 to 100"),
    policy_value!("policy.weights.doubt", weights.doubt, "a number from 0 to 3600"),
    policy_value!("policy.weights.ride", weights.ride, "a number from 0 to 100"),
    policy_value!("policy.weights.future", weights.future, "a number from 0 to 100"),
    key!(
        "policy.worth",
        "a file that hansom-sim learn has made, and only with policy.weights.future above 0",
        |settings, text| path(text).map(|path| settings.worth = Some(path)),
        |settings| file(settings.worth.as_ref())
    ),
    key!(
        "policy.method",
        "batched or nearest",
        |settings, text| method(text).map(|method| settings.city.policy.method = method),
        |settings| match settings.city.policy.method {
            Method::Batched => "batched".to_owned(),
            Method::Nearest => "nearest".to_owned(),
        }
    ),
    policy_seconds!("policy.match_every", match_every, "seconds from 0.05 to 60"),
    key!(
        "policy.pickup_within",
        "metres from 50 to 50000",
        |settings, text| meters(text).map(|value| settings.city.policy.pickup_within = value),
        |settings| settings.city.policy.pickup_within.get().to_string()
    ),
    key!(
        "policy.candidates_max",
        "a whole number from 1 to 256",
        |settings, text| text.parse().map(|value| settings.city.policy.candidates_max = value).ok(),
        |settings| settings.city.policy.candidates_max.to_string()
    ),
    key!(
        "policy.offers.waves",
        "1 to 16 whole numbers from 1 to 16, with commas between them",
        |settings, text| {
            let sizes: Result<Vec<usize>, _> = text.split(',').map(|size| size.trim().parse()).collect();
            sizes.map(|sizes| settings.city.policy.offers.waves = sizes).ok()
        },
        |settings| {
            let sizes: Vec<String> = settings.city.policy.offers.waves.iter().map(ToString::to_string).collect();
            sizes.join(",")
        }
    ),
    policy_seconds!("policy.offers.stagger", offers.stagger, "seconds from 0 to 60"),
    policy_meters!("policy.offers.radius", offers.radius, "metres from 50 to 50000"),
    policy_meters!("policy.offers.radius_growth", offers.radius_growth, "metres from 50 to 50000"),
    policy_value!("policy.offers.per_hour_max", offers.per_hour_max, "a whole number from 0 (no limit) to 1000"),
    policy_seconds!("policy.offers.reconnect_within", offers.reconnect_within, "seconds from 0 (not at all) to 60"),
    policy_value!("policy.offers.unanswered_max", offers.unanswered_max, "a whole number from 0 (never) to 1000"),
    policy_seconds!("policy.cancellation.free_for", cancellation.free_for, "seconds from 0 to 3600"),
    policy_seconds!("policy.cancellation.no_show_after", cancellation.no_show_after, "seconds from 0 to 3600"),
    policy_value!("policy.progress.on", progress.on, "true or false"),
    policy_seconds!("policy.progress.dark_after", progress.dark_after, "seconds from 1 to 7200"),
    policy_seconds!("policy.progress.stalled_after", progress.stalled_after, "seconds from 1 to 7200"),
    policy_seconds!("policy.progress.progress", progress.progress, "seconds from 1 to 7200"),
    policy_seconds!("policy.progress.retreat", progress.retreat, "seconds from 1 to 7200"),
    policy_seconds!("policy.progress.retreat_for", progress.retreat_for, "seconds from 1 to 7200"),
    policy_seconds!("policy.progress.near", progress.near, "seconds from 1 to 7200"),
    policy_seconds!("policy.progress.patience", progress.patience, "seconds from 1 to 7200"),
    policy_value!("policy.homeward.per_day_max", homeward.per_day_max, "a whole number from 0 to 100"),
    policy_seconds!("policy.homeward.lasts", homeward.lasts, "seconds from 60 to 86400"),
    policy_meters!("policy.homeward.near", homeward.near, "metres from 0 to 50000"),
    policy_value!("policy.homeward.progress", homeward.progress, "a number from 0 to 1"),
    policy_seconds!("policy.stops.each", stops.each, "seconds from 0 to 1800"),
    policy_value!("policy.stops.changes_max", stops.changes_max, "a whole number from 0 (never) to 1000"),
    policy_value!("policy.riders.active_max", riders.active_max, "a whole number from 0 (no limit) to 1000"),
    policy_value!("policy.riders.searching_max", riders.searching_max, "a whole number from 0 (no limit) to 1000"),
    policy_value!(
        "policy.riders.cancellations_max",
        riders.cancellations_max,
        "a whole number from 0 (no limit) to 1000"
    ),
    policy_seconds!("policy.wait_max", wait_max, "seconds from 30 to 86400"),
    policy_seconds!("policy.offer_lasts", offer_lasts, "seconds from 1 to 120"),
    policy_seconds!("policy.reservation_grace", reservation_grace, "seconds from 0.5 to 60"),
    policy_seconds!("policy.reply_within", reply_within, "seconds from 0.01 to 10"),
    policy_seconds!("policy.neighbours_within", neighbours_within, "seconds from 0.01 to 10"),
    policy_seconds!("policy.search_lasts", search_lasts, "seconds from 5 to 7200"),
    policy_seconds!("policy.pickup_lasts", pickup_lasts, "seconds from 60 to 86400"),
    policy_seconds!("policy.boarding_lasts", boarding_lasts, "seconds from 30 to 86400"),
    policy_seconds!("policy.ride_lasts", ride_lasts, "seconds from 60 to 604800"),
    policy_seconds!("policy.position_fresh_for", position_fresh_for, "seconds from 1 to 3600"),
    key!(
        "policy.speed_max_mps",
        "metres a second from 10 to 300",
        |settings, text| text.parse().map(|value| settings.city.policy.speed_max_mps = value).ok(),
        |settings| settings.city.policy.speed_max_mps.to_string()
    ),
    key!(
        "policy.plausibility_min",
        "a whole number from 0 to 100",
        |settings, text| text.parse().map(|value| settings.city.policy.plausibility_min = value).ok(),
        |settings| settings.city.policy.plausibility_min.to_string()
    ),
    key!(
        "policy.border_slack",
        "metres from 0 to 2000",
        |settings, text| meters(text).map(|value| settings.city.policy.border_slack = value),
        |settings| settings.city.policy.border_slack.get().to_string()
    ),
    policy_seconds!("policy.move_every", move_every, "seconds from 0 to 3600"),
    key!(
        "policy.detour",
        "road metres for each metre of air, from 1 to 5",
        |settings, text| straight_line(settings, Some(text), None),
        |settings| settings.city.policy.travel.straight_line().detour().to_string()
    ),
    key!(
        "policy.speed_mps",
        "metres a second from 0.1 to 60",
        |settings, text| straight_line(settings, None, Some(text)),
        |settings| settings.city.policy.travel.straight_line().speed_mps().to_string()
    ),
    policy_value!("policy.pooling.on", pooling.on, "true or false"),
    policy_value!("policy.pooling.seats", pooling.seats, "a whole number from 2 to 8"),
    policy_value!("policy.pooling.riders_max", pooling.riders_max, "a whole number from 2 to 12"),
    policy_seconds!("policy.pooling.wait_max", pooling.wait_max, "seconds from 10 to 7200"),
    policy_value!("policy.pooling.detour_factor", pooling.detour_factor, "a number from 1 to 5"),
    policy_seconds!("policy.pooling.detour_constant", pooling.detour_constant, "seconds from 0 to 7200"),
    policy_seconds!("policy.pooling.boarding", pooling.boarding, "seconds from 0 to 600"),
    policy_seconds!("policy.pooling.alighting", pooling.alighting, "seconds from 0 to 600"),
    policy_value!("policy.pooling.drive_weight", pooling.drive_weight, "a whole number from 1 to 1000"),
    policy_value!("policy.pooling.rider_weight", pooling.rider_weight, "a whole number from 0 to 1000"),
    policy_value!("policy.pooling.search_steps_max", pooling.search_steps_max, "a whole number from 1000 to 100000000"),
    policy_value!("policy.reposition.on", reposition.on, "true or false"),
    policy_seconds!("policy.reposition.every", reposition.every, "seconds from 10 to 3600"),
    key!(
        "policy.reposition.resolution",
        "an H3 resolution from 5 to 10",
        |settings, text| {
            settings.city.policy.reposition.resolution = Resolution::new(text.parse().ok()?).ok()?;
            Some(())
        },
        |settings| settings.city.policy.reposition.resolution.get().to_string()
    ),
    policy_seconds!("policy.cadence.off", cadence.off, CADENCE),
    policy_seconds!("policy.cadence.idle", cadence.idle, CADENCE),
    policy_seconds!("policy.cadence.near_demand", cadence.near_demand, CADENCE),
    policy_seconds!("policy.cadence.en_route", cadence.en_route, CADENCE),
    policy_seconds!("policy.cadence.on_trip", cadence.on_trip, CADENCE),
    policy_value!("policy.cadence.near_demand_above", cadence.near_demand_above, "a number from 0 to 1000"),
    policy_value!("policy.cadence.slowdown_max", cadence.slowdown_max, "a whole number from 1 (never slower) to 16"),
    policy_value!("policy.reposition.slot_min", reposition.slot_min, "minutes from 5 to 240, a whole part of a day"),
    key!(
        "policy.reposition.day_kinds",
        "alike, work_and_weekend or seven_days",
        |settings, text| text.parse().map(|kinds| settings.city.policy.reposition.day_kinds = kinds).ok(),
        |settings| settings.city.policy.reposition.day_kinds.name().to_owned()
    ),
    policy_value!("policy.reposition.days_remembered", reposition.days_remembered, "days from 1 to 365"),
    policy_value!("policy.reposition.recent_worth_days", reposition.recent_worth_days, "days from 0.01 to 100"),
    policy_seconds!("policy.reposition.recent_lasts", reposition.recent_lasts, "seconds from 60 to 86400"),
    policy_value!("policy.reposition.neighbours_share", reposition.neighbours_share, "a number from 0 to 1"),
    policy_value!("policy.reposition.cells_max", reposition.cells_max, "a whole number from 1 to 1000000"),
    policy_seconds!("policy.reposition.horizon", reposition.horizon, "seconds from 60 to 14400"),
    policy_seconds!("policy.reposition.drive_max", reposition.drive_max, "seconds from 30 to 7200"),
    policy_seconds!("policy.reposition.idle_for", reposition.idle_for, "seconds from 0 to 7200"),
    policy_seconds!("policy.reposition.rest", reposition.rest, "seconds from 0 to 14400"),
    policy_seconds!("policy.reposition.set_off_within", reposition.set_off_within, "seconds from 10 to 3600"),
    policy_seconds!("policy.reposition.stay", reposition.stay, "seconds from 0 to 14400"),
    policy_seconds!("policy.reposition.trip_worth", reposition.trip_worth, "seconds from 1 to 14400"),
    policy_seconds!("policy.reposition.gain_min", reposition.gain_min, "seconds from 0 to 7200"),
    policy_value!("policy.reposition.places_max", reposition.places_max, "a whole number from 1 to 1024"),
    policy_value!("policy.fares.currency", fares.currency, "three capital letters such as USD"),
    policy_value!(
        "policy.fares.economy",
        fares.economy,
        "base=, km=, minute=, minimum=, booking=, cancelling= in any order, each from 0 to 1000000000 minor units"
    ),
    policy_value!(
        "policy.fares.comfort",
        fares.comfort,
        "base=, km=, minute=, minimum=, booking=, cancelling= in any order, each from 0 to 1000000000 minor units"
    ),
    policy_value!(
        "policy.fares.xl",
        fares.xl,
        "base=, km=, minute=, minimum=, booking=, cancelling= in any order, each from 0 to 1000000000 minor units"
    ),
    policy_value!(
        "policy.fares.premium",
        fares.premium,
        "base=, km=, minute=, minimum=, booking=, cancelling= in any order, each from 0 to 1000000000 minor units"
    ),
    policy_value!("policy.fares.shared_discount", fares.shared_discount, "a whole number from 0 to 90, in percent"),
    policy_seconds!("policy.fares.quote_lasts", fares.quote_lasts, "seconds from 5 to 3600"),
    policy_meters!("policy.fares.quote_slack", fares.quote_slack, "metres from 0 to 1000"),
    policy_value!("policy.surge.max", surge.max, "a whole number from 100 (none) to 1000, in percent"),
    policy_value!("policy.surge.resolution", surge.resolution, "an H3 resolution from 5 to 10"),
    policy_seconds!("policy.surge.every", surge.every, "seconds from 10 to 3600"),
    policy_seconds!("policy.surge.window", surge.window, "seconds from 60 to 7200"),
    policy_value!("policy.surge.demand_min", surge.demand_min, "a number from 0.1 to 1000"),
    policy_value!("policy.surge.fall_margin", surge.fall_margin, "a whole number from 11 to 45, in percent"),
    policy_seconds!("policy.surge.hold", surge.hold, "seconds from 0 to 3600"),
    policy_value!("policy.surge.spread", surge.spread, "a whole number from 0 to 90, in percent"),
    policy_seconds!("policy.booking.ahead_min", booking.ahead_min, "seconds from 0 to 86400"),
    policy_seconds!("policy.booking.ahead_max", booking.ahead_max, "seconds from 60 to 31622400"),
    policy_seconds!(
        "policy.booking.lead_min",
        booking.lead_min,
        "seconds from 0 to 7200, at most policy.booking.lead_max"
    ),
    policy_seconds!("policy.booking.lead_max", booking.lead_max, "seconds from 60 to 21600"),
    policy_seconds!("policy.booking.margin", booking.margin, "seconds from 0 to 3600"),
    policy_seconds!("policy.booking.early_max", booking.early_max, "seconds from 0 to 3600"),
    policy_value!("policy.booking.per_rider", booking.per_rider, "a whole number from 1 to 1000"),
];
