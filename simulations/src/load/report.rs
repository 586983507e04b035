//! What a load came to: for people, for programs, and as a page with drawings.
//!
//! Lives here: the figures and how they are made of what was counted and read.
//! Stays out: counting, reading.
//! Touch with care: the keys of [`Load`], which scripts read. What was not measured is null there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use super::exposition::Exposition;
use super::latencies::Spread;
use super::server::Reading;
use super::tally::{Riders, Tally};
use super::{Phase, Plan};

/// What a server counts that a load asks for.
const FRAMES_IN: &str = "gateway_frames_in_total{kind=\"driver\"}";
const TO_INDEX: &str = "actors_ping_to_index_seconds";

/// A whole run.
#[derive(Clone, Debug, Serialize)]
pub struct Load {
    /// Of whom.
    pub url: String,
    /// How many drivers were to be on line.
    pub drivers: usize,
    /// How many were, when all had had their time.
    pub on_line: usize,
    /// How long opening took, in seconds.
    pub opening_s: f64,
    /// From the beginning of a driver's handshake until it was on line.
    pub opening: Option<Spread>,
    /// Memory of the server's own for each socket at rest, in bytes: its process, without the system's buffers.
    pub memory_per_socket: Option<f64>,
    /// The same of this program.
    pub own_memory_per_socket: Option<f64>,
    /// One after the other.
    pub parts: Vec<Part>,
    /// Second by second.
    pub seconds: Vec<Second>,
    /// Rides that were asked for and became trips.
    pub requested: u64,
    /// Of those, how many no driver was asked for.
    pub unoffered: u64,
    /// Offers that drivers saw.
    pub offers: u64,
    /// Rides that drivers got.
    pub rides: u64,
    /// Sockets that were lost and opened again.
    pub reopened: u64,
    /// Handshakes that the server put off, saying when to come again.
    pub put_off: u64,
    /// What went wrong, by kind.
    pub errors: BTreeMap<String, u64>,
}

/// One phase.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// What it is called.
    pub name: String,
    /// When it began, in seconds of the run.
    pub from_s: f64,
    /// When it ended.
    pub to_s: f64,
    /// Positions a second that were asked for.
    pub asked: f64,
    /// Positions a second that went out.
    pub sent: f64,
    /// Positions a second that the server read.
    pub read: Option<f64>,
    /// Positions that were not sent because the server did not read the last ones.
    pub unsent: u64,
    /// Positions that were not sent because this program was late.
    pub late: u64,
    /// What it cost.
    pub cost: Cost,
    /// Positions by what became of them, as the server counts them.
    pub positions: BTreeMap<&'static str, f64>,
    /// From a position's frame to the index of its shard, in the server: a sample.
    pub ping_to_index: Option<Quantiles>,
    /// From a position to its receipt, as a phone sees it.
    pub ping_to_ack: Option<Spread>,
    /// From a rider's request to its answer.
    pub request_to_answer: Option<Spread>,
    /// From a rider's request to the first offer on a driver's phone.
    pub request_to_offer: Option<Spread>,
    /// From a driver's yes to the trip that is kept.
    pub accept_to_trip: Option<Spread>,
    /// From a report of a step to the trip that is kept.
    pub deed_to_trip: Option<Spread>,
    /// How late this program was.
    pub own_lateness: Option<Spread>,
}

/// Two quantiles of a histogram, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quantiles {
    /// The middle.
    pub p50_ms: f64,
    /// 99 of 100.
    pub p99_ms: f64,
}

/// What something cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Cost {
    /// CPU time of the server for each position it read, in microseconds; what else it did is in it.
    pub server_us_per_ping: Option<f64>,
    /// How many cores the server used.
    pub server_cores: Option<f64>,
    /// CPU time of this program for each position it sent, in microseconds.
    pub own_us_per_ping: Option<f64>,
    /// How many cores this program used.
    pub own_cores: Option<f64>,
    /// Memory of the server's own at the end, in bytes.
    pub server_memory: Option<f64>,
}

/// One second.
#[derive(Clone, Debug, Serialize)]
pub struct Second {
    /// When it began, in seconds of the run.
    pub at_s: f64,
    /// In which phase.
    pub phase: String,
    /// Positions a second that were asked for.
    pub asked: f64,
    /// Positions a second that the server read.
    pub read: Option<f64>,
    /// How many cores the server used.
    pub server_cores: Option<f64>,
    /// How many this program used.
    pub own_cores: Option<f64>,
    /// As in [`Part`].
    pub ping_to_ack: Option<Spread>,
    /// As in [`Part`].
    pub request_to_offer: Option<Spread>,
    /// As in [`Part`].
    pub accept_to_trip: Option<Spread>,
}

/// How clients and server were at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct At {
    pub(crate) at: Duration,
    pub(crate) pings: u64,
    pub(crate) unsent: u64,
    pub(crate) late: u64,
    pub(crate) own_cpu_ns: Option<f64>,
    pub(crate) own_memory: Option<f64>,
    pub(crate) server: Reading,
}

impl At {
    fn grown(&self, since: &At, series: &str) -> Option<f64> {
        self.server.said.as_ref()?.grown(since.server.said.as_ref()?, series)
    }

    fn seconds(&self, since: &At) -> f64 {
        self.at.saturating_sub(since.at).as_secs_f64().max(1e-9)
    }

    fn cost(&self, since: &At) -> Cost {
        let spent = |now: Option<f64>, then: Option<f64>| Some(now? - then?);
        let (server, own) = (spent(self.server.cpu_ns, since.server.cpu_ns), spent(self.own_cpu_ns, since.own_cpu_ns));
        let sent = self.pings.saturating_sub(since.pings) as f64;
        let read = self.grown(since, FRAMES_IN).unwrap_or(sent);
        let each = |ns: Option<f64>, count: f64| ns.filter(|_| count > 0.0).map(|ns| ns / count / 1e3);
        let cores = |ns: Option<f64>| ns.map(|ns| ns / 1e9 / self.seconds(since));
        Cost {
            server_us_per_ping: each(server, read),
            server_cores: cores(server),
            own_us_per_ping: each(own, sent),
            own_cores: cores(own),
            server_memory: self.server.memory,
        }
    }
}

impl Load {
    pub(crate) fn new(plan: &Plan, url: String) -> Load {
        Load {
            url,
            drivers: plan.drivers,
            on_line: 0,
            opening_s: 0.0,
            opening: None,
            memory_per_socket: None,
            own_memory_per_socket: None,
            parts: Vec::new(),
            seconds: Vec::new(),
            requested: 0,
            unoffered: 0,
            offers: 0,
            rides: 0,
            reopened: 0,
            put_off: 0,
            errors: BTreeMap::new(),
        }
    }

    /// Everybody who could be is on line, and rests.
    pub(crate) fn rests(&mut self, before: &At, open: &At, on_line: usize) {
        self.on_line = on_line;
        self.opening_s = open.at.saturating_sub(before.at).as_secs_f64();
        let each = |now: Option<f64>, then: Option<f64>| Some((now? - then?) / on_line.max(1) as f64);
        self.memory_per_socket = each(open.server.memory, before.server.memory);
        self.own_memory_per_socket = each(open.own_memory, before.own_memory);
    }

    /// A second has passed.
    pub(crate) fn second(&mut self, phase: &str, asked: f64, from: &At, to: &At) {
        let cost = to.cost(from);
        self.seconds.push(Second {
            at_s: from.at.as_secs_f64(),
            phase: phase.to_owned(),
            asked,
            read: to.grown(from, FRAMES_IN).map(|frames| frames / to.seconds(from)),
            server_cores: cost.server_cores,
            own_cores: cost.own_cores,
            ping_to_ack: None,
            request_to_offer: None,
            accept_to_trip: None,
        });
    }

    /// A phase is over.
    pub(crate) fn part(&mut self, phase: &Phase, asked: f64, from: &At, to: &At) {
        let of = |outcome: &str| to.grown(from, &format!("actors_pings_total{{outcome=\"{outcome}\"}}"));
        let outcomes = ["taken", "coalesced", "shed", "late", "doubled", "implausible", "stray"];
        let ms = |share: f64| {
            let both = (to.server.said.as_ref()?, from.server.said.as_ref()?);
            Exposition::quantile(both.0, both.1, TO_INDEX, share).map(|seconds| seconds * 1e3)
        };
        let seconds = to.seconds(from);
        self.parts.push(Part {
            name: phase.name.clone(),
            from_s: from.at.as_secs_f64(),
            to_s: to.at.as_secs_f64(),
            asked,
            sent: (to.pings - from.pings) as f64 / seconds,
            read: to.grown(from, FRAMES_IN).map(|frames| frames / seconds),
            unsent: to.unsent - from.unsent,
            late: to.late - from.late,
            cost: to.cost(from),
            positions: outcomes.into_iter().filter_map(|outcome| Some((outcome, of(outcome)?))).collect(),
            ping_to_index: ms(0.5).zip(ms(0.99)).map(|(p50_ms, p99_ms)| Quantiles { p50_ms, p99_ms }),
            ping_to_ack: None,
            request_to_answer: None,
            request_to_offer: None,
            accept_to_trip: None,
            deed_to_trip: None,
            own_lateness: None,
        });
    }

    /// All is over: what took how long is told to the phases and seconds in which it ended.
    pub(crate) fn finish(&mut self, tally: Tally, riders: Riders) {
        for part in &mut self.parts {
            let (from, to) = (part.from_s, part.to_s);
            part.ping_to_ack = tally.ping_to_ack.between(from, to);
            part.request_to_answer = riders.request_to_answer.between(from, to);
            part.request_to_offer = riders.request_to_offer.between(from, to);
            part.accept_to_trip = tally.accept_to_trip.between(from, to);
            part.deed_to_trip = tally.deed_to_trip.between(from, to);
            part.own_lateness = tally.lateness.between(from, to);
        }
        for second in &mut self.seconds {
            let (from, to) = (second.at_s, second.at_s + 1.0);
            second.ping_to_ack = tally.ping_to_ack.between(from, to);
            second.request_to_offer = riders.request_to_offer.between(from, to);
            second.accept_to_trip = tally.accept_to_trip.between(from, to);
        }
        self.opening = tally.opening.between(0.0, f64::MAX);
        (self.offers, self.rides, self.reopened) = (tally.offers, tally.rides, tally.reopened);
        (self.requested, self.unoffered, self.put_off) = (riders.requested, riders.unserved, tally.put_off);
        self.errors = tally.errors;
        for (kind, count) in riders.errors {
            *self.errors.entry(kind).or_default() += count;
        }
    }

    /// Whether everybody came on line and nothing went wrong that the server did not say when to try again for.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.on_line == self.drivers && self.errors.is_empty()
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!(
            "{} of {} drivers on line at {} after {:.1} s",
            self.on_line, self.drivers, self.url, self.opening_s
        );
        if let Some(opening) = &self.opening {
            let _ = write!(text, " (each {:.0} ms, 99 of 100 within {:.0} ms)", opening.p50_ms, opening.p99_ms);
        }
        let kilobytes =
            |bytes: Option<f64>| bytes.map_or_else(|| "?".to_owned(), |bytes| format!("{:.1} KB", bytes / 1e3));
        let _ = writeln!(
            text,
            "\nmemory of a socket at rest: {} in the server, {} here",
            kilobytes(self.memory_per_socket),
            kilobytes(self.own_memory_per_socket)
        );
        let rows = self.rows();
        let wide = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..rows.first().map_or(0, Vec::len)).map(wide).collect();
        for row in &rows {
            for (place, (cell, wide)) in row.iter().zip(&widths).enumerate() {
                let _ = if place == 0 { write!(text, "{cell:<wide$}") } else { write!(text, "  {cell:>wide$}") };
            }
            text.push('\n');
        }
        let _ = writeln!(
            text,
            "{} rides asked for, {} without any offer; {} offers, {} rides driven; {} sockets opened again, {} put off",
            self.requested, self.unoffered, self.offers, self.rides, self.reopened, self.put_off
        );
        if self.errors.is_empty() {
            text.push_str("no errors\n");
        }
        for (kind, count) in &self.errors {
            let _ = writeln!(text, "{count:>8} x {kind}");
        }
        text
    }

    /// The main numbers: a line for each thing, a column for each phase.
    pub(crate) fn rows(&self) -> Vec<Vec<String>> {
        let line = |name: &str, cell: &dyn Fn(&Part) -> String| {
            std::iter::once(name.to_owned()).chain(self.parts.iter().map(cell)).collect::<Vec<_>>()
        };
        let known = |figure: Option<f64>, digits: usize| {
            figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.digits$}"))
        };
        let spread = |spread: Option<Spread>| {
            spread.map_or_else(|| "-".to_owned(), |spread| format!("{:.1} / {:.1}", spread.p50_ms, spread.p99_ms))
        };
        let outcome = |part: &Part, outcome: &str| known(part.positions.get(outcome).copied(), 0);
        vec![
            line("phase", &|part| part.name.clone()),
            line("positions/s asked for", &|part| format!("{:.0}", part.asked)),
            line("positions/s sent", &|part| format!("{:.0}", part.sent)),
            line("frames/s read by the server", &|part| known(part.read, 0)),
            line("unsent: server did not read", &|part| part.unsent.to_string()),
            line("unsent: late here", &|part| part.late.to_string()),
            line("merged with a newer position", &|part| outcome(part, "coalesced")),
            line("shed", &|part| outcome(part, "shed")),
            line("server us/position", &|part| known(part.cost.server_us_per_ping, 2)),
            line("server cores", &|part| known(part.cost.server_cores, 2)),
            line("here us/position", &|part| known(part.cost.own_us_per_ping, 2)),
            line("here cores", &|part| known(part.cost.own_cores, 2)),
            line("position to index ms p50 / p99", &|part| {
                part.ping_to_index
                    .map_or_else(|| "-".to_owned(), |known| format!("{:.1} / {:.1}", known.p50_ms, known.p99_ms))
            }),
            line("position to receipt ms p50 / p99", &|part| spread(part.ping_to_ack)),
            line("request to answer ms p50 / p99", &|part| spread(part.request_to_answer)),
            line("request to offer ms p50 / p99", &|part| spread(part.request_to_offer)),
            line("accept to trip ms p50 / p99", &|part| spread(part.accept_to_trip)),
            line("report to trip ms p50 / p99", &|part| spread(part.deed_to_trip)),
            line("late here ms p50 / p99", &|part| spread(part.own_lateness)),
        ]
    }
}
