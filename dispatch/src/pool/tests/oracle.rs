//! Every order of stops there is, without bounds; and whether an order keeps every promise, worked out once more.

use std::collections::BTreeMap;

use super::super::{Car, Leg, NO_WAY_MS, Schedule, Stop, StopTimes};
use super::Times;
use crate::PoolingPolicy;

/// What an order costs, if it keeps every promise: drives it from its beginning to its end.
fn drive(car: &Car, order: &[Stop], policy: &PoolingPolicy, times: &Times) -> Result<(u64, Vec<u64>), String> {
    let ms = |duration: std::time::Duration| duration.as_millis() as u64;
    let (mut place, mut now, mut cost) = (car.place, car.at_ms, 0);
    let allowed = u32::from(car.seats.min(policy.seats));
    let mut aboard: BTreeMap<usize, u64> = BTreeMap::new();
    for (number, rider) in car.riders.iter().enumerate() {
        if let Leg::Aboard { dropoff_by_ms, .. } = rider.leg {
            aboard.insert(number, dropoff_by_ms);
        }
    }
    let mut moments = Vec::new();
    for &stop in order {
        let (Stop::Pickup(number) | Stop::Dropoff(number)) = stop;
        let to = match (stop, car.riders[number].leg) {
            (Stop::Pickup(_), Leg::ToCome { pickup, .. }) => pickup,
            (Stop::Pickup(_), Leg::Aboard { .. }) => return Err(format!("{number} is aboard")),
            (Stop::Dropoff(_), Leg::ToCome { dropoff, .. } | Leg::Aboard { dropoff, .. }) => dropoff,
        };
        let way = times.millis(place, to);
        if way >= NO_WAY_MS {
            return Err(format!("no way to {stop:?}"));
        }
        cost += u64::from(policy.drive_weight) * way;
        (place, now) = (to, now + way);
        moments.push(now);
        match (stop, car.riders[number].leg) {
            (Stop::Pickup(_), Leg::ToCome { pickup_by_ms, ride_max_ms, .. }) => {
                if now > pickup_by_ms {
                    return Err(format!("{number} is picked up late"));
                }
                now += ms(policy.boarding);
                aboard.insert(number, now.saturating_add(ride_max_ms));
                let seated: u32 = aboard.keys().map(|&rider| u32::from(car.riders[rider].seats)).sum();
                if seated > allowed {
                    return Err(format!("{seated} on {allowed} seats"));
                }
            }
            _ => {
                let by = aboard.remove(&number).ok_or(format!("{number} is not aboard"))?;
                if now > by {
                    return Err(format!("{number} is let out late"));
                }
                cost += u64::from(policy.rider_weight) * (now - car.at_ms);
                now += ms(policy.alighting);
            }
        }
    }
    if aboard.is_empty() { Ok((cost, moments)) } else { Err(format!("{aboard:?} stay aboard")) }
}

/// Checks that a schedule is whole, keeps every promise, and says what it costs and when the car is where.
pub(super) fn keeps_every_promise(
    car: &Car,
    schedule: &Schedule,
    policy: &PoolingPolicy,
    times: &Times,
) -> Result<(), String> {
    let order: Vec<Stop> = schedule.visits.iter().map(|visit| visit.stop).collect();
    let let_out = order.iter().filter(|stop| matches!(stop, Stop::Dropoff(_))).count();
    if let_out != car.riders.len() {
        return Err(format!("{let_out} of {} are let out", car.riders.len()));
    }
    let (cost, moments) = drive(car, &order, policy, times)?;
    let said: Vec<u64> = schedule.visits.iter().map(|visit| visit.at_ms).collect();
    if moments != said {
        return Err(format!("the car is there at {moments:?}, the schedule says {said:?}"));
    }
    if cost == schedule.cost { Ok(()) } else { Err(format!("costs {cost}, the schedule says {}", schedule.cost)) }
}

/// The cost of the cheapest order that keeps every promise, found by driving all of them.
pub(super) fn cheapest_of_all(car: &Car, policy: &PoolingPolicy, times: &Times) -> Option<u64> {
    let mut to_do = Vec::new();
    for (number, rider) in car.riders.iter().enumerate() {
        if matches!(rider.leg, Leg::ToCome { .. }) {
            to_do.push(Stop::Pickup(number));
        }
        to_do.push(Stop::Dropoff(number));
    }
    let mut best = None;
    every_order(&mut to_do, 0, &mut |order| {
        if let Ok((cost, _)) = drive(car, order, policy, times) {
            best = Some(best.map_or(cost, |best: u64| best.min(cost)));
        }
    });
    best
}

/// Calls for every order of the stops in which nobody is let out before being picked up.
fn every_order(stops: &mut [Stop], fixed: usize, call: &mut impl FnMut(&[Stop])) {
    if fixed == stops.len() {
        return call(stops);
    }
    for next in fixed..stops.len() {
        if let Stop::Dropoff(rider) = stops[next]
            && stops[fixed..].contains(&Stop::Pickup(rider))
        {
            continue;
        }
        stops.swap(fixed, next);
        every_order(stops, fixed + 1, call);
        stops.swap(fixed, next);
    }
}
