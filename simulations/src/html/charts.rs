//! The figures of a report, but for the map.

use std::fmt::Write as _;

use super::plot::{Plot, WIDTH, short};
use super::{Figure, Side, escaped};
use crate::statistics::quantile;

/// A curve over shares is drawn through so many points.
const CURVE_POINTS: usize = 200;

fn names(sides: &[Side<'_>]) -> Vec<String> {
    sides.iter().map(|side| side.name.clone()).collect()
}

fn head(first: &str, sides: &[Side<'_>]) -> Vec<String> {
    std::iter::once(first.to_owned()).chain(names(sides)).collect()
}

/// What each side says, in one sentence: `name: value; name: value`.
fn each(sides: &[Side<'_>], says: impl Fn(&Side<'_>) -> String) -> String {
    let one = |side: &Side<'_>| if sides.len() == 1 { says(side) } else { format!("{}: {}", side.name, says(side)) };
    sides.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// How long riders wait: for each time, the share that waited no longer.
pub(super) fn waits(sides: &[Side<'_>]) -> String {
    let most =
        |share: f64| sides.iter().filter_map(|side| quantile(&side.measures.waits_s, share)).fold(60.0, f64::max);
    let title = "Wait for the car";
    let mut plot = Plot::new(title, (0.0, (most(0.995) / 60.0).ceil()), (0.0, 1.0));
    let marks = plot.marks();
    plot.axes("minutes from the request to the car at the pickup", "share of riders", &marks, |y| {
        format!("{:.0} %", y * 100.0)
    });
    let last = most(0.995) / 60.0;
    for (place, side) in sides.iter().enumerate() {
        let at = |step: usize| {
            let share = step as f64 / CURVE_POINTS as f64;
            (quantile(&side.measures.waits_s, share).unwrap_or(0.0) / 60.0, share)
        };
        let points: Vec<(f64, f64)> = (0..=CURVE_POINTS).map(at).filter(|(minutes, _)| *minutes <= last).collect();
        plot.curve(place, &points);
    }
    plot.legend(&names(sides));
    let rows = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99].into_iter().map(|share| {
        let at = |side: &Side<'_>| format!("{:.0} s", quantile(&side.measures.waits_s, share).unwrap_or(0.0));
        std::iter::once(format!("{:.0} % wait at most", share * 100.0)).chain(sides.iter().map(at)).collect()
    });
    let says = each(sides, |side| {
        let median = quantile(&side.measures.waits_s, 0.5).unwrap_or(0.0);
        format!("half of {} riders wait at most {median:.0} s", side.measures.waits_s.len())
    });
    let (drawing, rows) = (plot.done(), rows.collect());
    Figure { id: "waits", title, says, drawing, head: head("Share of riders", sides), rows }.html()
}

fn clock(seconds: f64) -> String {
    let minutes = (seconds / 60.0) as u64;
    format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60)
}

/// The share of requests that a driver accepted, by the time of the request.
pub(super) fn match_rate(sides: &[Side<'_>]) -> String {
    let title = "Match rate over the day";
    let slots = sides.first().map_or(&[][..], |side| &side.measures.day);
    let hours = |seconds: u64| seconds as f64 / 3_600.0;
    let ends =
        (slots.first().map_or(0.0, |slot| hours(slot.begins_s)), slots.last().map_or(1.0, |s| hours(s.begins_s)));
    let rates = |side: &Side<'_>| -> Vec<(f64, f64)> {
        let some = side.measures.day.iter().filter(|slot| slot.requested > 0);
        some.map(|slot| (hours(slot.begins_s), slot.matched as f64 / slot.requested as f64)).collect()
    };
    let least = sides.iter().flat_map(rates).map(|(_, rate)| rate).fold(1.0, f64::min);
    let mut plot = Plot::new(title, ends, ((least * 10.0 - 1.0).floor().max(0.0) / 10.0, 1.0));
    let marks: Vec<(f64, String)> = plot.marks().into_iter().map(|(at, _)| (at, clock(at * 3_600.0))).collect();
    plot.axes("time of the request", "share of requests that a driver accepted", &marks, |y| {
        format!("{:.0} %", y * 100.0)
    });
    sides.iter().enumerate().for_each(|(place, side)| plot.curve(place, &rates(side)));
    plot.legend(&names(sides));
    let row = |(place, slot): (usize, &crate::measures::Slot)| {
        let at = |side: &Side<'_>| {
            let slot = side.measures.day.get(place).copied().unwrap_or_default();
            format!("{} of {}", slot.matched, slot.requested)
        };
        std::iter::once(clock(slot.begins_s as f64)).chain(sides.iter().map(at)).collect()
    };
    let rows = slots.iter().enumerate().map(row).collect();
    let says = each(sides, |side| format!("{} of requests are matched", percent(side.measures.match_rate())));
    Figure { id: "match-rate", title, says, drawing: plot.done(), head: head("From", sides), rows }.html()
}

/// Grouped bars of shares: one group for each label.
fn shares(
    title: &str,
    x_name: &str,
    y_name: &str,
    labels: &[String],
    sides: &[Side<'_>],
    groups: &[Vec<f64>],
) -> String {
    let most = groups.iter().flatten().copied().fold(0.05, f64::max);
    let mut plot = Plot::new(title, (0.0, labels.len() as f64), (0.0, (most * 20.0).ceil() / 20.0));
    let marks: Vec<(f64, String)> =
        labels.iter().enumerate().map(|(place, label)| (place as f64 + 0.5, label.clone())).collect();
    plot.axes(x_name, y_name, &marks, |y| format!("{:.0} %", y * 100.0));
    plot.bars(groups);
    plot.legend(&names(sides));
    plot.done()
}

fn rows_of(labels: &[String], groups: &[Vec<f64>]) -> Vec<Vec<String>> {
    let row = |(label, group): (&String, &Vec<f64>)| {
        std::iter::once(label.clone()).chain(group.iter().map(|share| percent(*share))).collect()
    };
    labels.iter().zip(groups).map(row).collect()
}

/// How much of their time drivers are without a trip: ten groups of drivers.
pub(super) fn idle(sides: &[Side<'_>]) -> String {
    let title = "Idle time of drivers";
    let labels: Vec<String> = (0..10).map(|tenth| format!("{}-{}", tenth * 10, tenth * 10 + 10)).collect();
    let group = |tenth: usize| -> Vec<f64> {
        let of = |side: &Side<'_>| {
            let drivers = &side.measures.drivers;
            let share = |day: &crate::measures::DriverDay| {
                let busy = day.work.to_pickup_s + day.work.waiting_s + day.work.with_rider_s;
                if busy + day.idle_s > 0.0 { day.idle_s / (busy + day.idle_s) } else { 0.0 }
            };
            let here = drivers.iter().filter(|day| ((share(day) * 10.0) as usize).min(9) == tenth).count();
            here as f64 / drivers.len().max(1) as f64
        };
        sides.iter().map(of).collect()
    };
    let groups: Vec<Vec<f64>> = (0..10).map(group).collect();
    let drawing = shares(title, "percent of the time without a trip", "share of drivers", &labels, sides, &groups);
    let says =
        each(sides, |side| format!("drivers are idle for {} of their time", percent(side.measures.idle_share())));
    let head = head("Idle, percent", sides);
    Figure { id: "idle", title, says, drawing, head, rows: rows_of(&labels, &groups) }.html()
}

/// A bar in parts, each with its class and its share of the whole.
fn bar(svg: &mut String, y: f64, name: &str, parts: &[(&str, f64)]) {
    let whole: f64 = parts.iter().map(|(_, part)| part).sum::<f64>().max(1e-9);
    let _ = write!(svg, "<text x=\"0\" y=\"{:.0}\">{}</text>", y - 5.0, escaped(name));
    let mut x = 0.0;
    for (class, part) in parts {
        let wide = part / whole * WIDTH;
        let _ = write!(svg, "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.0}\" width=\"{wide:.1}\" height=\"22\"/>");
        if wide > 46.0 {
            let (middle, text) = (x + wide / 2.0, format!("{:.0} %", part / whole * 100.0));
            let _ = write!(
                svg,
                "<text x=\"{middle:.1}\" y=\"{:.0}\" text-anchor=\"middle\" style=\"fill:#000\">{text}</text>",
                y + 16.0
            );
        }
        x += wide;
    }
}

/// The parts of the driven way, and of the drivers' time.
pub(super) fn driven(sides: &[Side<'_>]) -> String {
    let title = "Deadhead, and how time is spent";
    let mut parts = String::new();
    let (mut y, mut rows) = (58.0, Vec::new());
    for side in sides {
        let sum = |of: fn(&crate::measures::DriverDay) -> f64| side.measures.drivers.iter().map(of).sum::<f64>();
        let (empty, ridden) = (sum(|day| day.work.empty_m), sum(|day| day.work.with_rider_m));
        let times = [
            sum(|day| day.idle_s),
            sum(|day| day.work.to_pickup_s),
            sum(|day| day.work.waiting_s),
            sum(|day| day.work.with_rider_s),
        ];
        bar(&mut parts, y, &format!("{}: kilometres", side.name), &[("way", empty), ("ride", ridden)]);
        let [free, way, wait, ride] = times;
        let spent = [("free", free), ("way", way), ("wait", wait), ("ride", ride)];
        bar(&mut parts, y + 48.0, &format!("{}: hours", side.name), &spent);
        y += 104.0;
        let numbers = [empty / 1_000.0, ridden / 1_000.0].map(|km| format!("{km:.0} km"));
        rows.push(
            std::iter::once(side.name.clone())
                .chain(numbers)
                .chain(times.map(|seconds| format!("{:.1} h", seconds / 3_600.0)))
                .collect(),
        );
    }
    let keys =
        [("free", "no trip"), ("way", "empty, or to a pickup"), ("wait", "at the pickup"), ("ride", "with a rider")];
    for (place, (class, text)) in keys.iter().enumerate() {
        let x = place as f64 * 165.0;
        let _ = write!(
            parts,
            "<rect class=\"{class}\" x=\"{x}\" y=\"6\" width=\"14\" height=\"14\"/><text x=\"{}\" y=\"18\">{text}</text>",
            x + 20.0
        );
    }
    let drawing = format!(
        "<svg viewBox=\"0 0 {WIDTH} {:.0}\" role=\"img\" aria-label=\"{title}\"><title>{title}</title>{parts}</svg>",
        y - 28.0
    );
    let says =
        each(sides, |side| format!("{} of the way is driven without a rider", percent(side.measures.deadhead_share())));
    let head = ["", "empty", "with a rider", "no trip", "to pickups", "at pickups", "with a rider"];
    let head = head.into_iter().map(str::to_owned).collect();
    Figure { id: "deadhead", title, says, drawing, head, rows }.html()
}

/// How many offers a match took.
pub(super) fn offers(sides: &[Side<'_>]) -> String {
    let title = "Offers per match";
    let last = sides.iter().map(|side| side.measures.offers_per_match.len()).max().unwrap_or(0);
    let label = |offers: usize| if offers == last { format!("{offers}+") } else { offers.to_string() };
    let labels: Vec<String> = (1..=last).map(label).collect();
    let group = |place: usize| -> Vec<f64> {
        let of = |side: &Side<'_>| {
            let all: u64 = side.measures.offers_per_match.iter().sum();
            side.measures.offers_per_match.get(place).copied().unwrap_or(0) as f64 / all.max(1) as f64
        };
        sides.iter().map(of).collect()
    };
    let groups: Vec<Vec<f64>> = (0..last).map(group).collect();
    let drawing = shares(title, "offers made until a driver accepted", "share of matches", &labels, sides, &groups);
    let says = each(sides, |side| format!("{:.2} offers a match on average", side.measures.offers_mean()));
    let head = head("Offers", sides);
    Figure { id: "offers", title, says, drawing, head, rows: rows_of(&labels, &groups) }.html()
}

/// Who earns how much: the share of all earnings by the share of drivers, least first (Lorenz).
pub(super) fn earnings(sides: &[Side<'_>]) -> String {
    let title = "Earnings by driver";
    let lorenz = |side: &Side<'_>| -> Vec<(f64, f64)> {
        let mut earned: Vec<f64> = side.measures.drivers.iter().map(|driver| driver.earned).collect();
        earned.sort_by(f64::total_cmp);
        let sum = earned.iter().sum::<f64>().max(1e-9);
        let mut so_far = 0.0;
        let mut points = vec![(0.0, 0.0)];
        for (place, earned_here) in (1..).zip(&earned) {
            so_far += earned_here;
            points.push((f64::from(place) / earned.len() as f64, so_far / sum));
        }
        points
    };
    let mut plot = Plot::new(title, (0.0, 1.0), (0.0, 1.0));
    let marks: Vec<(f64, String)> =
        (0..=5).map(|fifth| (f64::from(fifth) / 5.0, format!("{} %", fifth * 20))).collect();
    plot.axes("drivers, those who earn least first", "share of all earnings", &marks, |y| {
        format!("{:.0} %", y * 100.0)
    });
    plot.guide((0.0, 0.0), (1.0, 1.0));
    for (place, side) in sides.iter().enumerate() {
        let all = lorenz(side);
        let every = (all.len() / CURVE_POINTS).max(1);
        let last = all.len() - 1;
        let points: Vec<(f64, f64)> = all
            .into_iter()
            .enumerate()
            .filter(|(at, _)| at % every == 0 || *at == last)
            .map(|(_, point)| point)
            .collect();
        plot.curve(place, &points);
    }
    plot.legend(&names(sides));
    let row = |tenth: usize| {
        let at = |side: &Side<'_>| {
            let points = lorenz(side);
            let place = (tenth * (points.len() - 1)).div_ceil(10);
            percent(points[place].1)
        };
        std::iter::once(format!("lowest {} %", tenth * 10)).chain(sides.iter().map(at)).collect()
    };
    let rows = (1..=10).map(row).collect();
    let says = each(sides, |side| format!("Gini {} of {}", short(side.measures.gini()), side.measures.earned_by));
    let head = head("Drivers", sides);
    Figure { id: "earnings", title, says, drawing: plot.done(), head, rows }.html()
}
