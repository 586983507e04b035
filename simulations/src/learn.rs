//! Learning what a free car is worth, from simulated days.
//!
//! Lives here: [`worth_of`]: a table made of what drivers did, by temporal differences on the state after the decision;
//! the days it is made of, and those on which it is tried.
//! Stays out: the table and its steps ([`dispatch::Values`]), the file ([`gateway::write_worth`]).
//! Touch with care: the days on which a table is tried have other seeds than those it was learned from.
//!
//! What is earned is the seconds of rides, less what the average car earns at that time of day in the same time: so a
//! place is worth what a car there will earn beyond the average, and the whole city together about nothing. What lies
//! farther ahead counts less, by 1/e for each [`HORIZON_S`]: it says little about the place.

mod diary;

use dispatch::{RepositionPolicy, Slots, Values};
use serde::Serialize;

use crate::city::City;
use crate::demand::NotADemand;
use crate::report::Report;
use crate::virtual_city::{Scenario, run, run_with_diary};

pub use diary::{Diary, Span};

/// How far ahead a place is judged by, in seconds. Most cars have a ride within the hour, and then are elsewhere.
const HORIZON_S: f64 = 3_600.0;
/// How often all that was seen is gone through, from the end of each day to its beginning, so that what a place led to is
/// known when it is its turn.
const SWEEPS: u32 = 20;
/// The first step towards what a span says, and the least.
const STEP: (f64, f64) = (0.5, 0.02);
/// Seeds of the days on which a table is tried, beyond those it was learned from.
const TRIED_FROM: u64 = 1_000_000;

/// How a table is learned and tried.
#[derive(Clone, Copy, Debug)]
pub struct Lessons {
    /// Days to learn from.
    pub days: u32,
    /// Days on which the table is tried, each once without and once with it.
    pub pairs: u32,
    /// How long a slot of the table is, in minutes.
    pub slots: Slots,
    /// What a second of worth weighs against a second of pickup time when the table is tried.
    pub future: f64,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Learned {
    /// Days learned from.
    pub days: u32,
    /// Spans of drivers' time they were made of.
    pub spans: usize,
    /// Cells with a worth.
    pub cells: usize,
    /// The days on which it was tried.
    pub tried: Vec<Pair>,
}

/// The same day without the table and with it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Pair {
    /// What chance was made from.
    pub seed: u64,
    /// Without.
    pub without: Figures,
    /// With.
    pub with: Figures,
}

/// How well a day was served.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Figures {
    /// The share of requests that a driver accepted.
    pub match_rate: f64,
    /// Riders dropped off.
    pub completed: u64,
    /// Half of those who were met waited at most this long, in seconds.
    pub wait_p50_s: f64,
    /// Nineteen of twenty waited at most this long, in seconds.
    pub wait_p95_s: f64,
}

impl From<&Report> for Figures {
    fn from(report: &Report) -> Figures {
        Figures {
            match_rate: report.match_rate,
            completed: report.sums.completed,
            wait_p50_s: report.pickup_wait_s.p50,
            wait_p95_s: report.pickup_wait_s.p95,
        }
    }
}

/// Plays the days to learn from, then those to try the table on. Answers the table and what came of it. `progress` is told
/// of each day that is over.
///
/// # Errors
/// [`NotADemand`] when the scenario has none.
pub fn learn(
    city: &City,
    scenario: &Scenario,
    lessons: &Lessons,
    progress: &mut dyn FnMut(&str),
) -> Result<(Values, Learned), NotADemand> {
    let day = |seed: u64, worth: Option<&std::sync::Arc<Values>>| {
        let mut day = Scenario { seed, ..scenario.clone() };
        day.policy.worth = worth.cloned();
        day.policy.weights.future = if worth.is_some() { lessons.future } else { 0.0 };
        day
    };
    let mut days = Vec::new();
    for number in 0..lessons.days {
        let (_, spans) = run_with_diary(city, &day(scenario.seed + u64::from(number), None))?;
        days.push(spans);
        progress(&format!("day {} of {} lived", number + 1, lessons.days));
    }
    let values = worth_of(&days, lessons.slots);
    let worth = std::sync::Arc::new(values.clone());
    let mut tried = Vec::new();
    for number in 0..lessons.pairs {
        let seed = scenario.seed + TRIED_FROM + u64::from(number);
        let without = run(city, &day(seed, None), None, &mut |_, _| {})?;
        let with = run(city, &day(seed, Some(&worth)), None, &mut |_, _| {})?;
        tried.push(Pair { seed, without: (&without).into(), with: (&with).into() });
        progress(&format!("pair {} of {} tried", number + 1, lessons.pairs));
    }
    let spans = days.iter().map(Vec::len).sum();
    let cells = values.rows().count();
    Ok((values, Learned { days: lessons.days, spans, cells, tried }))
}

/// The worth of each cell at each time of day, as far as these days of drivers tell.
#[must_use]
pub fn worth_of(days: &[Vec<Span>], slots: Slots) -> Values {
    let policy = RepositionPolicy::default();
    let mut values = Values::new(policy.resolution, slots, policy.cells_max);
    let pace = pace(days, slots);
    for sweep in 0..SWEEPS {
        let step = (STEP.0 / f64::from(sweep + 1)).max(STEP.1);
        for span in days.iter().flat_map(|day| day.iter().rev()) {
            let beyond = span.earned_s - pace[slots.at(span.from.1)] * span.lasts_s();
            // The table itself knows no horizon: what is lost of the future on the way is taken off what is earned.
            let lost = (1.0 - (-span.lasts_s() / HORIZON_S).exp()) * values.worth_at(span.to.0, span.to.1);
            values.learn(span.from, beyond - lost, span.to, step);
        }
    }
    values
}

/// What the average car earns a second, by slot.
fn pace(days: &[Vec<Span>], slots: Slots) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); slots.count()];
    for span in days.iter().flatten() {
        let (earned, lasted) = &mut sums[slots.at(span.from.1)];
        *earned += span.earned_s;
        *lasted += span.lasts_s();
    }
    sums.into_iter().map(|(earned, lasted)| if lasted > 0.0 { earned / lasted } else { 0.0 }).collect()
}

impl Learned {
    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text =
            format!("learned {} cells from {} days, {} spans of drivers' time\n", self.cells, self.days, self.spans);
        let mut line = |name: &str, unit: &str, of: &dyn Fn(&Figures) -> f64| {
            let differences: Vec<f64> = self.tried.iter().map(|pair| of(&pair.with) - of(&pair.without)).collect();
            let without = self.tried.iter().map(|pair| of(&pair.without)).sum::<f64>() / self.tried.len() as f64;
            let (mean, error) = mean_and_error(&differences);
            let error = error.map_or(String::new(), |error| format!(", standard error {error:.2}"));
            text.push_str(&format!("  {name:<14} without {without:.2} {unit}, with the table {mean:+.2}{error}\n"));
        };
        if !self.tried.is_empty() {
            line("match rate", "%", &|figures| figures.match_rate * 100.0);
            line("completed", "trips", &|figures| figures.completed as f64);
            line("wait, p50", "s", &|figures| figures.wait_p50_s);
            line("wait, p95", "s", &|figures| figures.wait_p95_s);
            text.push_str(&format!(
                "  over {} pairs of days of the same seed, none of them learned from\n",
                self.tried.len()
            ));
        }
        text
    }
}

/// The mean and, of two or more, its standard error.
fn mean_and_error(of: &[f64]) -> (f64, Option<f64>) {
    let count = of.len() as f64;
    let mean = of.iter().sum::<f64>() / count;
    let squares: f64 = of.iter().map(|one| (one - mean).powi(2)).sum();
    (mean, (of.len() > 1).then(|| (squares / (count - 1.0) / count).sqrt()))
}

#[cfg(test)]
mod tests;
