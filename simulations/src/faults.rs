//! `faults`: a small town on a very bad day, again and again, with every promise checked after every step.
//!
//! Lives here: [`Storm`], which runs town after town, and what is said when a promise is broken.
//! Stays out: what the people of the town do ([`town`]); what goes wrong between the parts of the city
//! ([`crate::world::Faults`]).
//! Touch with care: a seed that failed is played again by its number alone. A draw of chance that is moved or left
//! out changes every town.

mod person;
mod temper;
mod town;

use std::fmt;

use dispatch::invariants::Violation;
use serde::Serialize;

use crate::world::{FaultCounts, Faults, Planted};
use temper::Temper;
use town::Town;

/// So many steps a town lives through before the storm ends and everyone must find home. Short lives, because the end
/// is where what was stranded is found.
pub const STEPS_PER_TOWN: u64 = 40_000;

/// So many lines about those whom a broken promise concerns are shown.
const LINES_SHOWN: usize = 40;

/// So many hours a town lives that is lived by the hour, before it is looked at whether everyone finds home.
pub const HOURS_PER_TOWN: u64 = 120;

/// How long something is lived through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// In a storm, until the cores have taken so many steps.
    Steps(u64),
    /// In towns of different tempers, until so many hours have passed: most of them calm, with faults in the midst.
    Hours(u64),
}

impl Length {
    /// The part of it that one town lives after `lived` of it.
    fn of_one_town(self, lived: u64) -> Length {
        match self {
            Length::Steps(steps) => Length::Steps(STEPS_PER_TOWN.min(steps - lived)),
            Length::Hours(hours) => Length::Hours(HOURS_PER_TOWN.min(hours - lived)),
        }
    }

    /// How much it is, in its unit.
    #[must_use]
    pub fn whole(self) -> u64 {
        let (Length::Steps(whole) | Length::Hours(whole)) = self;
        whole
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Length::Steps(steps) => write!(f, "--steps {steps}"),
            Length::Hours(hours) => write!(f, "--hours {hours}"),
        }
    }
}

/// What is to be survived.
#[derive(Clone, Debug)]
pub struct Storm {
    /// What chance is made from: the town after it has the next number.
    pub seed: u64,
    /// How long it lasts at least, all towns together.
    pub length: Length,
    /// What goes wrong between the parts of the city.
    pub faults: Faults,
    /// A mistake that is to be found, if any.
    pub planted: Option<Planted>,
}

impl Storm {
    /// The storm of this seed, of so many steps and as bad as by default.
    #[must_use]
    pub fn new(seed: u64, steps: u64) -> Storm {
        Storm { seed, length: Length::Steps(steps), faults: Faults::default(), planted: None }
    }

    /// So many hours of this seed's towns.
    #[must_use]
    pub fn of_hours(seed: u64, hours: u64) -> Storm {
        Storm { length: Length::Hours(hours), ..Storm::new(seed, 0) }
    }
}

/// A storm that broke no promise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Survived {
    /// What chance was made from.
    pub seed: u64,
    /// How many steps the cores took.
    pub steps: u64,
    /// How many towns there were.
    pub towns: u64,
    /// The whole run in one number: the same seed gives the same, to the byte.
    pub trace: String,
    /// How many seconds passed in all towns.
    pub simulated_seconds: u64,
    /// How many trips were asked for.
    pub trips: u64,
    /// How many of them ended with the rider at the goal.
    pub completed: u64,
    /// How many of them were for later.
    pub booked: u64,
    /// How often riders changed the way.
    pub reroutes: u64,
    /// How many stops were made.
    pub stops: u64,
    /// How often drivers were shown an offer.
    pub offers: u64,
    /// How often a driver's home became another shard.
    pub moves: u64,
    /// What went wrong, and how often.
    pub faults: FaultCounts,
}

impl fmt::Display for Survived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Survived { seed, steps, towns, trips, completed, booked, reroutes, stops, .. } = self;
        let Survived { offers, moves, faults, .. } = self;
        writeln!(f, "seed {seed}: {steps} steps in {towns} towns, no promise broken, trace {}", self.trace)?;
        writeln!(f, "  simulated hours {:.1}", self.simulated_seconds as f64 / 3_600.0)?;
        writeln!(
            f,
            "  trips {trips} ({completed} completed, {booked} booked), changes of the way {reroutes}, stops made {stops}, \
             offers {offers}, drivers' moves {moves}"
        )?;
        let FaultCounts { lost, doubled, late, overtaken, busy, unknown, replies_lost, slow, unreadable, .. } = faults;
        writeln!(f, "  messages lost {lost}, doubled {doubled}, late {late}, overtaken {overtaken}")?;
        writeln!(
            f,
            "  writes unknown {unknown} (of which done, the reply lost: {replies_lost}), refused {busy}; \
             writes and rows slow {slow}, rows unreadable {unreadable}"
        )?;
        writeln!(
            f,
            "  shards let go {}, claimed behind their owner's back {}, owners frozen {}, nodes dead {}, connections cut {}",
            faults.step_downs, faults.usurped, faults.freezes, faults.crashes, faults.lines_cut
        )
    }
}

/// A promise was broken: how to see it again, and what led to it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub struct Broken {
    /// The town's seed.
    pub seed: u64,
    /// How much the town was to live through.
    pub length: Length,
    /// The step after which it was seen.
    pub step: u64,
    /// What was broken.
    pub violations: Vec<Violation>,
    /// The last steps of those whom it concerns.
    pub lines: Vec<String>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "a promise is broken: seed {}, step {}", self.seed, self.step)?;
        for violation in &self.violations {
            writeln!(f, "  {violation}")?;
        }
        writeln!(f, "the last steps of those whom it concerns (step, time, who <- what):")?;
        for line in &self.lines {
            writeln!(f, "  {line}")?;
        }
        write!(f, "to see it again: hansom-sim faults --seed {} {}", self.seed, self.length)
    }
}

/// Lives through a storm. `progress` is told how much of its length is over.
///
/// # Errors
/// [`Broken`] at the first promise that is.
pub fn run(storm: &Storm, progress: &mut dyn FnMut(u64)) -> Result<Survived, Box<Broken>> {
    let mut sum = Survived { seed: storm.seed, ..Survived::default() };
    let mut trace = 0xcbf2_9ce4_8422_2325_u64;
    let mut lived = 0;
    while lived < storm.length.whole() {
        let seed = storm.seed.wrapping_add(sum.towns);
        let length = storm.length.of_one_town(lived);
        let temper = match length {
            Length::Steps(_) => Temper::storm(seed),
            Length::Hours(_) => Temper::days(seed),
        };
        let mut town = Town::new(seed, temper, &storm.faults, storm.planted);
        let is_well = town.live(length, &mut |more| progress(lived + more));
        let witness = town.world().witness();
        let steps = witness.map_or(0, crate::world::Witness::steps);
        if !is_well {
            let violations: Vec<Violation> = witness.map(|seen| seen.broken().to_vec()).unwrap_or_default();
            let names: Vec<String> = violations.iter().flat_map(Violation::about).collect();
            let lines = witness.map(|seen| seen.last_of(&names, LINES_SHOWN)).unwrap_or_default();
            return Err(Box::new(Broken { seed, length, step: steps, violations, lines }));
        }
        trace = (trace ^ witness.map_or(0, crate::world::Witness::hash)).wrapping_mul(0x0100_0000_01b3);
        sum.towns += 1;
        sum.steps += steps;
        lived += match length {
            Length::Steps(_) => steps,
            Length::Hours(hours) => hours,
        };
        town.add_to(&mut sum);
    }
    sum.trace = format!("{trace:016x}");
    Ok(sum)
}

#[cfg(test)]
mod tests;
