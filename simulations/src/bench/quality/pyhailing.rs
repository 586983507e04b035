//! pyhailing: the dynamic ride-hailing environment of the 12th DIMACS challenge, with Hansom as its agent.
//!
//! Lives here: which configurations are played and what is hoped of them; learning before, playing, adding up.
//! Stays out: the environment, which is Python and runs as it was published, at the other end of a loopback socket with
//! a clock of its own.
//! Touch with care: values are learned, and the numbers of the policy were chosen, on days of chance made from the
//! published trip counts, never on the days that are scored.
//!
//! Who is asked: requests and vehicles are matched by [`dispatch::plan`], waiting vehicles are sent by
//! [`dispatch::reposition`], what a vehicle is worth where and when is a [`dispatch::ValueTable`].

mod agent;
mod bridge;
mod learn;
mod model;
mod nearest;
mod watch;
mod world;

use agent::{Agent, Answer, Epoch, Numbers};
use bridge::{Ended, Environment, Player};
use dispatch::ValueTable;
use learn::Pupil;
use model::Model;

use crate::bench::{Failure, Progress, Row, Settings, Target};

/// A configuration of the challenge.
#[derive(Clone, Copy, Debug)]
struct Configuration {
    name: &'static str,
    /// How many episodes the figures beside ours are the mean of.
    episodes: u32,
    /// What an agent of a hundred lines of Python with repositioning got on the same episodes.
    peer: f64,
    target: f64,
    /// How many days of chance are learned from, in steps at least this large, and a quarter of it at the end.
    days: u64,
    step: f64,
}

const CONFIGURATIONS: [Configuration; 3] = [
    Configuration { name: "SUI", episodes: 50, peer: 19_415.0, target: 20_500.0, days: 150, step: 0.015 },
    Configuration { name: "MUI", episodes: 20, peer: 179_078.0, target: 185_000.0, days: 12, step: 0.01 },
    Configuration { name: "LUI", episodes: 1, peer: 943_047.0, target: 943_048.0, days: 12, step: 0.01 },
];

const PEER: &str = "batch and repositioning";
/// The challenge allows no action to take longer, in seconds.
const ACTION_MAX_S: f64 = 10.0;
/// A larger fleet learns in the same city with a fleet of this size and its share of the requests: days of chance take
/// time, and what an hour is worth follows from requests for each vehicle.
const LEARNING_FLEET_MAX: usize = 100;
/// The days of one seed are so many seeds of chance from those of the next.
const DAY_SEEDS: u64 = 1_000_000;

/// The rows of this case that the settings want.
pub(super) fn rows(settings: &Settings) -> Vec<Row> {
    let wanted = |configuration: &Configuration| row_names(configuration).iter().any(|name| settings.wants(name));
    let wanted: Vec<Configuration> = CONFIGURATIONS.into_iter().filter(wanted).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let environment = Environment::find(settings.pyhailing_python.as_deref());
    let mut rows = Vec::new();
    for configuration in wanted {
        let played = match &environment {
            Ok(environment) => play(environment, configuration, settings).map_err(|failure| failure.to_string()),
            Err(why) => Err(why.clone()),
        };
        rows.extend(rows_of(&configuration, played, settings));
    }
    rows
}

fn row_names(configuration: &Configuration) -> [String; 3] {
    let name = configuration.name;
    [
        format!("pyhailing {name} reward vs {PEER}"),
        format!("pyhailing {name} served vs {PEER}"),
        format!("pyhailing {name} slowest action vs the limit"),
    ]
}

/// What the episodes gave, or why there were none, as rows.
fn rows_of(configuration: &Configuration, played: Result<Vec<Ended>, String>, settings: &Settings) -> Vec<Row> {
    let (ended, why) = match played {
        Ok(ended) => (ended, None),
        Err(why) => (Vec::new(), Some(why)),
    };
    let mean =
        |of: fn(&Ended) -> f64| (!ended.is_empty()).then(|| ended.iter().map(of).sum::<f64>() / ended.len() as f64);
    let slowest = ended.iter().map(|ended| ended.slowest_s).reduce(f64::max);
    let served = mean(|ended| 100.0 * f64::from(ended.served) / f64::from(ended.requests));
    // Figures of other days or fewer episodes are not what the target speaks of.
    let all = ended.len() == configuration.episodes as usize;
    let official =
        (all || ended.is_empty()) && settings.env_seed.is_none() && ended.iter().all(|ended| ended.untouched);
    let target = official.then_some(Target::at_least(configuration.target));
    let peer = official.then_some(configuration.peer);
    let name = configuration.name;
    let episodes = if ended.is_empty() { String::new() } else { which(configuration, &ended, settings.env_seed) };
    let limit = Target::at_most(ACTION_MAX_S);
    let rows = [
        Row::new(
            format!("pyhailing {name} reward{episodes}"),
            "reward",
            mean(|ended| ended.score),
            (PEER, peer),
            target,
        ),
        Row::new(format!("pyhailing {name} served{episodes}"), "%", served, (PEER, None), None),
        Row::new(
            format!("pyhailing {name} slowest action"),
            "s",
            slowest,
            ("the limit", Some(ACTION_MAX_S)),
            Some(limit),
        ),
    ];
    let wanted = rows.into_iter().zip(row_names(configuration)).filter(|(_, name)| settings.wants(name));
    wanted.map(|(row, _)| if let Some(why) = &why { row.because(why.clone()) } else { row }).collect()
}

/// Which episodes a figure is the mean of, and what is unusual about them.
fn which(configuration: &Configuration, ended: &[Ended], seed: Option<u32>) -> String {
    let seed = seed.map(|seed| format!(", seed {seed}")).unwrap_or_default();
    let changed = if ended.iter().all(|ended| ended.untouched) { "" } else { ", in a changed environment" };
    format!(", mean of {} of {} episodes{seed}{changed}", ended.len(), configuration.episodes)
}

/// Learns on days of chance, then plays the environment's episodes.
fn play(environment: &Environment, configuration: Configuration, settings: &Settings) -> Result<Vec<Ended>, Failure> {
    let name = configuration.name;
    let episodes = settings.episodes.unwrap_or(if settings.quick { 1 } else { configuration.episodes });
    let days = if settings.quick { configuration.days.div_ceil(10) } else { configuration.days };
    let progress = Progress::new(days as usize + episodes as usize);
    progress.next(&format!("pyhailing {name}: reading the environment"));
    let model = Model::read(&environment.model(name)?)?;
    let numbers = Numbers::for_fleet(model.vehicles);
    let smaller = model.with_fleet_of_at_most(LEARNING_FLEET_MAX);
    let mut pupil = Pupil::new(&smaller, &numbers);
    for day in 0..days {
        let step = if day > days * 3 / 4 { configuration.step / 4.0 } else { configuration.step };
        let played = pupil.play(&smaller, &numbers, settings.seed.wrapping_mul(DAY_SEEDS).wrapping_add(day), step);
        let (score, served) = (played.score, played.served);
        progress.next(&format!("pyhailing {name}: learning, {score:.0} and {served} served"));
        progress.step();
    }
    let mut hansom =
        Hansom { model: &model, numbers: &numbers, values: &pupil.values, agent: None, progress: &progress };
    environment.play(name, episodes, settings.env_seed, &mut hansom)
}

/// Hansom at the environment's socket.
struct Hansom<'a> {
    model: &'a Model,
    numbers: &'a Numbers,
    values: &'a ValueTable,
    agent: Option<Agent<'a>>,
    progress: &'a Progress,
}

impl Player for Hansom<'_> {
    fn reset(&mut self) {
        self.agent = Some(Agent::new(self.model, self.numbers, self.values));
    }

    fn decide(&mut self, epoch: &Epoch) -> Answer {
        let agent = || Agent::new(self.model, self.numbers, self.values);
        self.agent.get_or_insert_with(agent).decide(epoch)
    }

    fn ended(&mut self, ended: &Ended) {
        let Ended { episode, score, served, .. } = ended;
        tracing::info!(episode, score, served, "episode ended");
        self.progress.next(&format!("episode {episode}: {score:.0}, {served} served"));
        self.progress.step();
    }
}

#[cfg(test)]
mod tests;
