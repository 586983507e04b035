//! The figures of a load: what was asked of a server, and what it made of it, second by second.

use super::plot::{Plot, short};
use super::{Figure, picture, shell};
use crate::load::{Load, Second, Spread};

/// A load as one HTML file.
#[must_use]
pub fn load(load: &Load) -> String {
    let facts = [
        ("server", load.url.clone()),
        ("drivers on line", format!("{} of {}", load.on_line, load.drivers)),
        ("opened in", format!("{:.1} s", load.opening_s)),
        (
            "memory of a socket at rest",
            load.memory_per_socket.map_or_else(|| "not known".to_owned(), |bytes| format!("{:.1} KB", bytes / 1e3)),
        ),
        ("rides asked for", load.requested.to_string()),
        ("rides driven", load.rides.to_string()),
        ("errors", load.errors.values().sum::<u64>().to_string()),
    ];
    let facts: Vec<(String, String)> = facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let mut rows = load.rows();
    let head = if rows.is_empty() { Vec::new() } else { rows.remove(0) };
    rows.extend(load.errors.iter().map(|(kind, count)| vec![format!("error: {kind}"), count.to_string()]));
    let note = "CPU time is of the server's process for each position it read, what it did for riders and rides in it; \
                latencies are those of clients, on a machine that they share with the server if it is one of theirs.";
    let figures = figures(load).map(|figure| figure.html());
    shell(&title(load), &facts, (&head, &rows), note, &figures)
}

/// What a server under load made of positions, requests and accepted offers, as one SVG file.
#[must_use]
pub fn load_picture(load: &Load) -> String {
    let [positions, offers, accepts, ..] = &figures(load);
    picture(&title(load), &[positions, offers, accepts])
}

fn title(load: &Load) -> String {
    format!("{} drivers on {}", load.drivers, load.url)
}

fn figures(load: &Load) -> [Figure; 5] {
    let latency = |id, title, unit, of: fn(&Second) -> Option<Spread>| {
        let line = |quantile: fn(Spread) -> f64| {
            load.seconds.iter().filter_map(|second| Some((second.at_s, quantile(of(second)?)))).collect::<Vec<_>>()
        };
        let curves = [("half of them", line(|spread| spread.p50_ms)), ("99 of 100", line(|spread| spread.p99_ms))];
        figure(load, id, title, unit, &curves)
    };
    let line = |of: fn(&Second) -> Option<f64>| {
        load.seconds.iter().filter_map(|second| Some((second.at_s, of(second)?))).collect::<Vec<_>>()
    };
    let asked = line(|second| Some(second.asked));
    [
        figure(
            load,
            "positions",
            "Positions",
            "a second",
            &[("asked for", asked), ("read", line(|second| second.read))],
        ),
        latency("offers", "From a request to its offer", "milliseconds", |second| second.request_to_offer),
        latency("accepts", "From a yes to the trip that is kept", "milliseconds", |second| second.accept_to_trip),
        latency("receipts", "From a position to its receipt", "milliseconds", |second| second.ping_to_ack),
        figure(
            load,
            "cores",
            "CPU time",
            "cores",
            &[("server", line(|second| second.server_cores)), ("clients", line(|second| second.own_cores))],
        ),
    ]
}

type Line = Vec<(f64, f64)>;

/// Two lines over the seconds, and where each phase begins.
fn figure(load: &Load, id: &'static str, title: &'static str, unit: &str, curves: &[(&str, Line); 2]) -> Figure {
    let begin = load.parts.first().map_or(0.0, |part| part.from_s);
    let end = load.parts.last().map_or(1.0, |part| part.to_s) - begin;
    let most = curves.iter().flat_map(|(_, line)| line).map(|(_, value)| *value).fold(0.0, f64::max);
    let mut plot = Plot::new(title, (0.0, end), (0.0, most * 1.05));
    let marks = plot.marks();
    plot.axes("seconds", unit, &marks, short);
    for part in &load.parts {
        let at = part.from_s - begin;
        plot.guide((at, 0.0), (at, most * 1.05));
        let (x, y) = (plot.across(at) + 4.0, plot.up(most * 1.05) + 12.0);
        plot.text(x, y, "start", &part.name);
    }
    for (place, (_, line)) in curves.iter().enumerate() {
        let moved: Vec<(f64, f64)> = line.iter().map(|(at, value)| (at - begin, *value)).collect();
        if !moved.is_empty() {
            plot.curve(place, &moved);
        }
    }
    let names = curves.each_ref().map(|(name, _)| (*name).to_owned());
    plot.legend(&names);
    let seconds = curves.iter().flat_map(|(_, line)| line).map(|(at, _)| (at - begin).round() as i64);
    let seconds: std::collections::BTreeSet<i64> = seconds.collect();
    let row = |second: &i64| {
        let of = |line: &Line| {
            let found = line.iter().find(|(at, _)| (at - begin).round() as i64 == *second);
            found.map_or_else(|| "-".to_owned(), |(_, value)| format!("{value:.2}"))
        };
        std::iter::once(second.to_string()).chain(curves.iter().map(|(_, line)| of(line))).collect()
    };
    let rows = seconds.iter().map(row).collect();
    let worst = curves.each_ref().map(|(name, line)| {
        let most = line.iter().map(|(_, value)| *value).fold(0.0, f64::max);
        format!("{name}: at most {} {unit}", short(most))
    });
    let head = std::iter::once("Second".to_owned()).chain(names).collect();
    Figure { id, title, says: worst.join("; "), drawing: plot.done(), head, rows }
}
