//! `compare`: two policies on the same days, pair by pair.
//!
//! Lives here: the files that say what is compared, the runs, the paired differences, what is said of them.
//! Stays out: the statistics ([`crate::statistics`]), the drawings ([`crate::html`]).
//! Touch with care: a pair is one seed: the same riders at the same places and times, the same drivers with the same
//! moods. Anything that gives the second policy another demand than the first makes the pairs worthless.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use dispatch::Policy;
use gateway::BadSetting;
use serde::Serialize;

use crate::city::{City, Day};
use crate::demand::NotADemand;
use crate::html::{self, Side};
use crate::measures::Measures;
use crate::report::Report;
use crate::statistics::Paired;
use crate::virtual_city::{Scenario, run_measured};

/// What a file says of the city: all of it may be left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CityOfFile {
    /// How many drivers work.
    pub drivers: Option<u32>,
    /// How many hours pass.
    pub hours: Option<f64>,
    /// The day of the week.
    pub day: Option<Day>,
    /// The time of day at the start, in seconds after midnight.
    pub start_tod_s: Option<u32>,
    /// How many times the data's demand is asked for.
    pub demand: Option<f64>,
}

/// One side of a comparison, as its file says.
#[derive(Clone, Debug)]
pub struct Variant {
    /// What it is called: its file's name.
    pub name: String,
    /// Its policy.
    pub policy: Policy,
    /// Its city.
    pub city: CityOfFile,
}

impl Variant {
    /// Reads a TOML file with `[policy]` in the words of the settings and, if it likes, `[city]`.
    ///
    /// # Errors
    /// [`BadSetting`] names the key, the value and what is allowed.
    pub fn read(path: &Path) -> Result<Variant, BadSetting> {
        let origin = path.display().to_string();
        let mut table = gateway::read_table(path)?;
        let city = match table.remove("city") {
            None => CityOfFile::default(),
            Some(toml::Value::Table(city)) => CityOfFile::read(&city, &origin)?,
            Some(other) => return Err(wrong("city", &other, &origin, "a table")),
        };
        let policy = gateway::policy_of_table(&table, &origin)?;
        let name = path.file_stem().map_or_else(|| origin.clone(), |name| name.to_string_lossy().into_owned());
        Ok(Variant { name, policy, city })
    }
}

fn wrong(key: &str, value: &toml::Value, origin: &str, allowed: &str) -> BadSetting {
    let (key, allowed) = (key.to_owned(), allowed.to_owned());
    let value = match value {
        toml::Value::String(text) => format!("{text:?}"),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) => number.to_string(),
        other => format!("of type {}", other.type_str()),
    };
    BadSetting::Value { key, value, origin: Some(origin.to_owned()), allowed }
}

impl CityOfFile {
    fn read(table: &toml::Table, origin: &str) -> Result<CityOfFile, BadSetting> {
        let mut city = CityOfFile::default();
        for (name, value) in table {
            let number = value.as_float().or(value.as_integer().map(|whole| whole as f64));
            let within = |least: f64, most: f64| number.filter(|number| (least..=most).contains(number));
            let (taken, allowed) = match name.as_str() {
                "drivers" => {
                    city.drivers = value.as_integer().and_then(|n| u32::try_from(n).ok());
                    city.drivers = city.drivers.filter(|drivers| (1..=100_000).contains(drivers));
                    (city.drivers.is_some(), "a whole number from 1 to 100000")
                }
                "hours" => {
                    city.hours = within(0.01, 168.0);
                    (city.hours.is_some(), "a number from 0.01 to 168")
                }
                "day" => {
                    city.day = value.as_str().and_then(|day| day.parse().ok());
                    (city.day.is_some(), "a day of the week the data has: monday to friday")
                }
                "start" => {
                    city.start_tod_s = value.as_str().and_then(time_of_day);
                    (city.start_tod_s.is_some(), "a time from 00:00 to 23:59")
                }
                "demand" => {
                    city.demand = within(0.0001, 100.0);
                    (city.demand.is_some(), "a number from 0.0001 to 100")
                }
                other => {
                    let near = (other == "driver").then(|| "city.drivers".to_owned());
                    return Err(BadSetting::Unknown {
                        key: format!("city.{other}"),
                        origin: Some(origin.to_owned()),
                        near,
                    });
                }
            };
            if !taken {
                return Err(wrong(&format!("city.{name}"), value, origin, allowed));
            }
        }
        Ok(city)
    }

    /// What both files say of the demand, which must be the same: only the number of drivers may differ.
    ///
    /// # Errors
    /// [`BadSetting::Value`] names the first key in which they contradict each other.
    pub fn shared(a: &CityOfFile, b: &CityOfFile, origin: &str) -> Result<CityOfFile, BadSetting> {
        fn same<T: PartialEq + Copy + std::fmt::Debug>(
            key: &str,
            (a, b): (Option<T>, Option<T>),
            origin: &str,
        ) -> Result<Option<T>, BadSetting> {
            match (a, b) {
                (Some(a), Some(b)) if a != b => Err(BadSetting::Value {
                    key: format!("city.{key}"),
                    value: format!("{b:?}"),
                    origin: Some(origin.to_owned()),
                    allowed: format!("{a:?}, as in the other file: both policies meet the same demand"),
                }),
                _ => Ok(a.or(b)),
            }
        }
        Ok(CityOfFile {
            drivers: a.drivers.or(b.drivers),
            hours: same("hours", (a.hours, b.hours), origin)?,
            day: same("day", (a.day, b.day), origin)?,
            start_tod_s: same("start", (a.start_tod_s, b.start_tod_s), origin)?,
            demand: same("demand", (a.demand, b.demand), origin)?,
        })
    }
}

/// A time of day such as 17:30, in seconds after midnight.
#[must_use]
pub fn time_of_day(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    match (hour.parse().ok()?, minute.parse().ok()?) {
        (hour @ 0..=23u32, minute @ 0..=59u32) => Some(hour * 3_600 + minute * 60),
        _ => None,
    }
}

/// A number that both policies are judged by.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What it is.
    pub name: &'static str,
    /// Its unit; empty for a plain number.
    pub unit: &'static str,
    /// Whether more of it is better.
    pub more_is_better: bool,
    /// The difference, pair by pair.
    #[serde(flatten)]
    pub paired: Paired,
    /// The first policy's value by seed.
    pub a: Vec<f64>,
    /// The second policy's.
    pub b: Vec<f64>,
}

/// Two policies on the same days.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// What the first is called.
    pub name_a: String,
    /// What the second is called.
    pub name_b: String,
    /// The seeds of the pairs.
    pub seeds: Vec<u64>,
    /// How many drivers work under each.
    pub drivers: (usize, usize),
    /// How many hours pass.
    pub hours: f64,
    /// How many times the data's demand was asked for.
    pub demand: f64,
    /// How the differences are judged.
    pub method: &'static str,
    /// The numbers they are judged by.
    pub rows: Vec<Row>,
    /// How many promises were broken in all runs. Anything but 0 is a bug.
    pub invariant_violations: usize,
    /// Whether the books of every run agree with its journal.
    pub books_agree: bool,
    /// All days of each side together.
    pub a: Measures,
    /// The same of the other.
    pub b: Measures,
}

/// How the differences are judged, in words.
const METHOD: &str = "paired t, 95 % interval, two-sided";

type Judge = (&'static str, &'static str, bool, fn(&Measures) -> f64);

/// The numbers that policies are judged by.
const JUDGES: [Judge; 10] = [
    ("match rate", "%", true, |run| run.match_rate() * 100.0),
    ("completed", "", true, |run| run.completed as f64),
    ("pickup wait, mean", "s", false, Measures::wait_mean_s),
    ("pickup wait, p95", "s", false, Measures::wait_p95_s),
    ("offers per match", "", false, Measures::offers_mean),
    ("idle time", "%", false, |run| run.idle_share() * 100.0),
    ("deadhead", "% of km", false, |run| run.deadhead_share() * 100.0),
    ("km with a rider", "km", true, |run| run.drivers.iter().map(|day| day.work.with_rider_m).sum::<f64>() / 1_000.0),
    ("earnings Gini", "", false, Measures::gini),
    ("requests without a driver", "", false, |run| run.cells.iter().map(|cell| cell.unserved).sum::<u64>() as f64),
];

/// Runs each scenario on each seed, as many at once as there are processors, and compares them pair by pair.
/// `progress` is told how many runs are done.
///
/// # Errors
/// [`NotADemand`] when the scenarios' demand cannot be drawn.
pub fn compare(
    city: &City,
    names: (String, String),
    scenarios: (&Scenario, &Scenario),
    seeds: &[u64],
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Comparison, NotADemand> {
    let jobs: Vec<Scenario> = seeds
        .iter()
        .flat_map(|&seed| [scenarios.0, scenarios.1].map(|scenario| Scenario { seed, ..scenario.clone() }))
        .collect();
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let found = Mutex::new(vec![None; jobs.len()]);
    let work = || {
        while let Some((place, job)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, jobs.get(at)?)))
        {
            let run = run_measured(city, job, None, &mut |_, _| {});
            found.lock().unwrap_or_else(std::sync::PoisonError::into_inner)[place] = Some(run);
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(jobs.len());
        (0..threads).for_each(|_| drop(scope.spawn(work)));
    });
    let found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let runs: Vec<(Report, Measures)> = found.into_iter().flatten().collect::<Result<_, _>>()?;
    let of = |side: usize| runs.iter().skip(side).step_by(2).map(|(_, measures)| measures.clone()).collect::<Vec<_>>();
    let (a, b) = (of(0), of(1));
    Ok(Comparison {
        name_a: names.0,
        name_b: names.1,
        seeds: seeds.to_vec(),
        drivers: (scenarios.0.drivers, scenarios.1.drivers),
        hours: scenarios.0.hours,
        demand: scenarios.0.demand,
        method: METHOD,
        rows: rows(&a, &b),
        invariant_violations: runs.iter().map(|(report, _)| report.invariant_violations).sum(),
        books_agree: runs.iter().all(|(report, _)| report.holds()),
        a: Measures::pooled(&a),
        b: Measures::pooled(&b),
    })
}

fn rows(a: &[Measures], b: &[Measures]) -> Vec<Row> {
    let row = |&(name, unit, more_is_better, judge): &Judge| {
        let (a, b): (Vec<f64>, Vec<f64>) = (a.iter().map(judge).collect(), b.iter().map(judge).collect());
        Some(Row { name, unit, more_is_better, paired: Paired::of(&a, &b)?, a, b })
    };
    JUDGES.iter().filter_map(row).collect()
}

impl Comparison {
    /// Whether every run can be believed.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.books_agree && self.invariant_violations == 0
    }

    fn cells(&self) -> Vec<Vec<String>> {
        let digits = |value: f64| if value.abs() >= 1_000.0 { format!("{value:.0}") } else { format!("{value:.2}") };
        let row = |row: &Row| {
            let Paired { mean_a, mean_b, difference, interval, p, .. } = row.paired;
            let verdict = match (row.paired.is_clear(), (difference > 0.0) == row.more_is_better) {
                (false, _) => "not clear",
                (true, true) => "better",
                (true, false) => "worse",
            };
            vec![
                if row.unit.is_empty() { row.name.to_owned() } else { format!("{} ({})", row.name, row.unit) },
                digits(mean_a),
                digits(mean_b),
                format!("{}{}", if difference > 0.0 { "+" } else { "" }, digits(difference)),
                interval.map_or("-".to_owned(), |(low, high)| format!("{} to {}", digits(low), digits(high))),
                p.map_or("-".to_owned(), |p| if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }),
                verdict.to_owned(),
            ]
        };
        self.rows.iter().map(row).collect()
    }

    fn head(&self) -> Vec<String> {
        let (a, b) = (self.name_a.clone(), self.name_b.clone());
        ["".to_owned(), a, b, "difference".to_owned(), "95 % interval".to_owned(), "p".to_owned(), "B is".to_owned()]
            .to_vec()
    }

    /// The comparison in words.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!(
            "A = {}, B = {}; {} pairs (seeds {} to {}), {} h, {} and {} drivers, demand x {:.4}; {}\n",
            self.name_a,
            self.name_b,
            self.seeds.len(),
            self.seeds.first().copied().unwrap_or(0),
            self.seeds.last().copied().unwrap_or(0),
            self.hours,
            self.drivers.0,
            self.drivers.1,
            self.demand,
            self.method,
        );
        let all: Vec<Vec<String>> = std::iter::once(self.head()).chain(self.cells()).collect();
        let wide = |place: usize| all.iter().map(|row| row[place].chars().count()).max().unwrap_or(0);
        let wides: Vec<usize> = (0..7).map(wide).collect();
        for row in &all {
            let _ = write!(text, "  {:<1$}", row[0], wides[0]);
            for (cell, wide) in row.iter().zip(&wides).skip(1) {
                let _ = write!(text, "  {cell:>wide$}");
            }
            text.push('\n');
        }
        let books = if self.books_agree { "agree" } else { "do not agree" };
        let _ = writeln!(text, "  journals {books}, broken promises {}", self.invariant_violations);
        text
    }

    /// The comparison as one HTML file.
    #[must_use]
    pub fn html(&self) -> String {
        let fact = |name: &str, value: String| (name.to_owned(), value);
        html::page(&html::Page {
            title: format!("{} and {}", self.name_a, self.name_b),
            facts: vec![
                fact("pairs", self.seeds.len().to_string()),
                fact("seeds", self.seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")),
                fact("hours", self.hours.to_string()),
                fact("drivers", format!("{} and {}", self.drivers.0, self.drivers.1)),
                fact("demand", format!("x {:.4}", self.demand)),
                fact("judged by", self.method.to_owned()),
                fact("broken promises", self.invariant_violations.to_string()),
            ],
            sides: vec![
                Side { name: self.name_a.clone(), measures: &self.a },
                Side { name: self.name_b.clone(), measures: &self.b },
            ],
            table: (self.head(), self.cells()),
            note: "Means over the seeds. The difference is B less A, pair by pair: both meet the same riders and drivers. \
                   It is clear when its interval does not hold zero: of twenty rows that differ by chance alone, one \
                   looks clear. The figures show all days together."
                .to_owned(),
        })
    }
}

/// One run as one HTML file.
#[must_use]
pub fn run_html(report: &Report, measures: &Measures, name: &str) -> String {
    let fact = |name: &str, value: String| (name.to_owned(), value);
    let digits = |value: f64, unit: &str| format!("{value:.2} {unit}").trim_end().to_owned();
    let rows = JUDGES.iter().map(|(name, unit, _, judge)| vec![(*name).to_owned(), digits(judge(measures), unit)]);
    html::page(&html::Page {
        title: format!("A run: {name}"),
        facts: vec![
            fact("seed", report.seed.to_string()),
            fact("hours", report.simulated_hours.to_string()),
            fact("drivers", report.drivers.to_string()),
            fact("demand", format!("x {:.4}", report.demand)),
            fact("requested", report.sums.requested.to_string()),
            fact("journal", if report.journal == report.sums { "agrees" } else { "does not agree" }.to_owned()),
            fact("broken promises", report.invariant_violations.to_string()),
        ],
        sides: vec![Side { name: name.to_owned(), measures }],
        table: (vec![String::new(), name.to_owned()], rows.collect()),
        note: "One day, one seed: chance is in every number.".to_owned(),
    })
}

#[cfg(test)]
mod tests;
