//! What a person sees while a demo runs: a table that changes in a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write as _};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use dispatch::StageName;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::crowd::Crowd;

/// How often a line is printed where nobody looks at a table.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// The screen of a demo.
#[derive(Debug)]
pub(super) struct Screen {
    lasts: Duration,
    live: bool,
    table: Option<Table>,
    last_line: Option<Instant>,
    pings: (Instant, u64),
}

#[derive(Debug)]
struct Table {
    /// Keeps the rows together on the screen.
    _rows: MultiProgress,
    time: ProgressBar,
    trips: ProgressBar,
    quality: ProgressBar,
    traffic: ProgressBar,
}

impl Table {
    fn new(lasts: Duration) -> Option<Table> {
        let bar = ProgressStyle::with_template("{elapsed_precise} [{bar:40}] {percent:>3}% of the city's time {msg}");
        let row = ProgressStyle::with_template("  {prefix:<9} {msg}").ok()?;
        let rows = MultiProgress::new();
        let line = |name: &'static str| rows.add(ProgressBar::no_length()).with_style(row.clone()).with_prefix(name);
        let time = rows.add(ProgressBar::new(lasts.as_secs())).with_style(bar.ok()?);
        let (trips, quality, traffic) = (line("trips"), line("match"), line("traffic"));
        Some(Table { _rows: rows, time, trips, quality, traffic })
    }
}

impl Screen {
    pub(super) fn new(lasts: Duration, live: bool) -> Screen {
        let terminal = live && std::io::stderr().is_terminal();
        let table = terminal.then(|| Table::new(lasts)).flatten();
        Screen { lasts, live, table, last_line: None, pings: (Instant::now(), 0) }
    }

    /// Says something once.
    pub(super) fn say(&self, what: &str) {
        if self.live {
            // Nobody reads standard error any more: then there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "{what}");
        }
    }

    /// Shows how the crowd is doing.
    pub(super) fn show(&mut self, crowd: &Crowd) {
        let due = self.last_line.is_none_or(|at| at.elapsed() >= LINE_EVERY);
        if !self.live || (self.table.is_none() && !due) {
            return;
        }
        let counts = crowd.counts();
        let pings = counts.pings.load(Ordering::Relaxed);
        let since = self.pings.0.elapsed().as_secs_f64().max(1e-3);
        let rate = (pings - self.pings.1) as f64 / since;
        self.pings = (Instant::now(), pings);
        let ledger = crowd.ledger();
        let stages = StageName::ALL.map(|stage| format!("{stage} {}", ledger.in_stage(stage))).join("  ");
        let wait = ledger.pickup_wait_s();
        let quality = format!(
            "rate {:.1} %  pickup wait p50 {:.0} s, p95 {:.0} s",
            ledger.match_rate() * 100.0,
            wait.p50,
            wait.p95
        );
        drop(ledger);
        let traffic = format!(
            "{} drivers on line  {rate:.0} pings/s  {} offers",
            counts.connected.load(Ordering::Relaxed),
            counts.offers.load(Ordering::Relaxed)
        );
        let passed = crowd.passed().min(self.lasts);
        match &self.table {
            Some(table) => {
                table.time.set_position(passed.as_secs());
                table.trips.set_message(stages);
                table.quality.set_message(quality);
                table.traffic.set_message(traffic);
            }
            None => {
                self.last_line = Some(Instant::now());
                let share = passed.as_secs_f64() / self.lasts.as_secs_f64().max(1.0) * 100.0;
                self.say(&format!("{share:>3.0} %  {stages}  |  {quality}  |  {traffic}"));
            }
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if let Some(table) = &self.table {
            for row in [&table.time, &table.trips, &table.quality, &table.traffic] {
                row.finish_and_clear();
            }
        }
    }
}
