//! Cars and riders on numbered nodes: rounds of matching and of suggestions, all decided by the cores of `dispatch`.
//!
//! Lives here: cars that drive from node to node, who waits, what is counted.
//! Stays out: who gets whom ([`dispatch::plan`]), where idle cars wait ([`dispatch::suggest`]), what is expected
//! ([`dispatch::Forecast`]).

use std::sync::Arc;
use std::time::Duration;

use dispatch::{CarNow, Edge, Forecast, Policy, Problem, Timestamp, plan, suggest};
use geo::Point;

use crate::streets::{NodeTimes, Streets, TimeTable, Ways};

/// The longest wait from the request to the pickup; who was not picked up by then is lost.
const WAIT_MAX_MS: u64 = 300_000;

/// Someone who wants to ride, from node to node, in milliseconds since the begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) at_ms: u64,
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// How long the ride takes, where that is known; else as long as the fastest way.
    pub(crate) ride_ms: Option<u64>,
}

/// The ground that is played on.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) streets: Streets,
    pub(crate) ways: Ways,
    pub(crate) table: Arc<TimeTable>,
    /// The same turned round: the times to a place from everywhere.
    pub(crate) to_it: TimeTable,
    pub(crate) nodes: NodeTimes,
}

/// How the evening is played.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// Cars that will be free within this are matched like those that are.
    pub(crate) forward_ms: u64,
    /// The first moment, on the clock that the forecast was taught by.
    pub(crate) begins: Timestamp,
    /// Riders who ask before this are carried but not counted, in milliseconds since the begin.
    pub(crate) warm_up_ms: u64,
    pub(crate) policy: Policy,
}

/// What came of it, of riders who asked after the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Played {
    pub(crate) wanted: usize,
    pub(crate) served: usize,
    pub(crate) wait_mean_s: f64,
    /// Driving to pickups, a served rider, in seconds.
    pub(crate) pickup_drive_s: f64,
    /// Driving where nobody waits yet, a served rider, in seconds.
    pub(crate) reposition_s: f64,
    pub(crate) suggestions: usize,
}

impl Played {
    pub(crate) fn served_percent(&self) -> f64 {
        100.0 * self.served as f64 / self.wanted.max(1) as f64
    }
}

#[derive(Clone, Copy, Debug)]
struct Cab {
    /// Where it is or will next be able to turn, or where it will be free.
    node: usize,
    at_ms: u64,
    /// Whether `at_ms` is the end of a ride.
    busy: bool,
    idle_since_ms: u64,
    told_ms: Option<u64>,
    /// Where it was told to wait, and until when it counts there.
    goal: Option<(usize, u64)>,
}

struct Game<'a> {
    ground: &'a Ground,
    rules: &'a Rules,
    cabs: Vec<Cab>,
    waiting: Vec<Wanted>,
    forecast: Forecast,
    played: Played,
    waits_ms: u64,
    pickups_ms: u64,
    moves_ms: u64,
}

/// Plays an game. Cars start at nodes, each free at its moment. `tick` hears the time after each round.
pub(crate) fn play(
    ground: &Ground,
    rules: &Rules,
    wanted: &[Wanted],
    starts: &[(usize, u64)],
    forecast: Forecast,
    tick: &mut dyn FnMut(u64),
) -> Played {
    let cab = |&(node, at_ms): &(usize, u64)| Cab {
        node,
        at_ms,
        busy: at_ms > 0,
        idle_since_ms: at_ms,
        told_ms: None,
        goal: None,
    };
    let mut game = Game {
        ground,
        rules,
        cabs: starts.iter().map(cab).collect(),
        waiting: Vec::new(),
        forecast,
        played: Played::default(),
        waits_ms: 0,
        pickups_ms: 0,
        moves_ms: 0,
    };
    let end_ms = wanted.last().map_or(0, |last| last.at_ms) + WAIT_MAX_MS;
    let (round_ms, every_ms) = (millis(rules.policy.match_every), millis(rules.policy.reposition.every));
    let (mut now_ms, mut next, mut suggested_ms) = (0, 0, 0);
    while now_ms < end_ms {
        now_ms += round_ms;
        while let Some(&one) = wanted.get(next).filter(|wanted| wanted.at_ms <= now_ms) {
            game.asks(one);
            next += 1;
        }
        game.drive_until(now_ms);
        game.round(now_ms);
        if now_ms >= suggested_ms + every_ms {
            suggested_ms = now_ms;
            game.suggest(now_ms);
        }
        tick(now_ms);
    }
    let served = game.played.served.max(1) as f64 * 1_000.0;
    Played {
        wait_mean_s: game.waits_ms as f64 / served,
        pickup_drive_s: game.pickups_ms as f64 / served,
        reposition_s: game.moves_ms as f64 / served,
        ..game.played
    }
}

impl Game<'_> {
    fn moment(&self, ms: u64) -> Timestamp {
        self.rules.begins + Duration::from_millis(ms)
    }

    fn point(&self, node: usize) -> Point {
        self.ground.streets.points()[node]
    }

    fn asks(&mut self, wanted: Wanted) {
        self.waiting.push(wanted);
        self.forecast.observe(self.point(wanted.from), self.moment(wanted.at_ms));
        self.played.wanted += usize::from(wanted.at_ms >= self.rules.warm_up_ms);
    }

    /// Rides end, and cars that were told to go somewhere go on.
    fn drive_until(&mut self, now_ms: u64) {
        for cab in &mut self.cabs {
            if cab.busy && cab.at_ms <= now_ms {
                (cab.busy, cab.idle_since_ms, cab.told_ms) = (false, cab.at_ms, None);
            }
            if cab.busy || cab.at_ms >= now_ms {
                continue;
            }
            match cab.goal {
                Some((goal, _)) if goal != cab.node => {
                    let before_ms = cab.at_ms;
                    (cab.node, cab.at_ms) =
                        self.ground.ways.turn(&self.ground.to_it, (cab.node, cab.at_ms), goal, now_ms);
                    self.moves_ms += cab.at_ms - before_ms;
                    cab.idle_since_ms = cab.at_ms;
                }
                Some((_, until_ms)) if until_ms <= now_ms => cab.goal = None,
                _ => {}
            }
            cab.at_ms = cab.at_ms.max(now_ms);
        }
    }

    fn round(&mut self, now_ms: u64) {
        self.waiting.retain(|wanted| now_ms <= wanted.at_ms + WAIT_MAX_MS);
        let soon_ms = now_ms + self.rules.forward_ms;
        let free: Vec<usize> =
            (0..self.cabs.len()).filter(|&cab| !self.cabs[cab].busy || self.cabs[cab].at_ms <= soon_ms).collect();
        let riders = self.waiting.iter().map(|&wanted| self.edges(&free, wanted, now_ms)).collect();
        let planned = plan(&Problem { riders, drivers: free.len() }, self.rules.policy.method);
        let mut left = Vec::new();
        for (wanted, place) in std::mem::take(&mut self.waiting).into_iter().zip(planned.driver_of) {
            match place {
                Some(place) => self.carry(free[place], wanted),
                None => left.push(wanted),
            }
        }
        self.waiting = left;
    }

    /// The cars that could be there in time, soonest first.
    fn edges(&self, free: &[usize], wanted: Wanted, now_ms: u64) -> Vec<Edge> {
        let waited_ms = now_ms - wanted.at_ms;
        let most_ms = WAIT_MAX_MS - waited_ms;
        let mut edges: Vec<Edge> = Vec::new();
        for (driver, &cab) in free.iter().enumerate() {
            let Cab { node, at_ms, .. } = self.cabs[cab];
            let Some(way_ms) = self.ground.to_it.millis(wanted.from, node) else { continue };
            let cost = at_ms.saturating_sub(now_ms) + way_ms;
            if cost <= most_ms {
                edges.push(Edge { driver, cost });
            }
        }
        let soonest = |edge: &Edge| (edge.cost, edge.driver);
        let most = self.rules.policy.candidates_max;
        if edges.len() > most {
            edges.select_nth_unstable_by_key(most, soonest);
            edges.truncate(most);
        }
        edges.sort_unstable_by_key(soonest);
        // The same for all edges of a rider: it says who goes first where not all can be served, not who drives.
        let left_ms = ((WAIT_MAX_MS - waited_ms) as f64 * self.rules.policy.weights.waiting) as u64;
        edges.iter_mut().for_each(|edge| edge.cost += left_ms);
        edges
    }

    fn carry(&mut self, cab: usize, wanted: Wanted) {
        let Cab { node, at_ms, .. } = self.cabs[cab];
        let way = |from, to| self.ground.table.millis(from, to).unwrap_or(0);
        let drive_ms = way(node, wanted.from);
        let pickup_ms = at_ms + drive_ms;
        if wanted.at_ms >= self.rules.warm_up_ms {
            self.played.served += 1;
            self.waits_ms += pickup_ms - wanted.at_ms;
            self.pickups_ms += drive_ms;
        }
        let free_ms = pickup_ms + wanted.ride_ms.unwrap_or_else(|| way(wanted.from, wanted.to));
        self.cabs[cab] =
            Cab { node: wanted.to, at_ms: free_ms, busy: true, idle_since_ms: free_ms, told_ms: None, goal: None };
    }

    fn suggest(&mut self, now_ms: u64) {
        let now = self.moment(now_ms);
        self.forecast.watch(now);
        let state = |cab: &Cab| {
            let at = self.point(cab.node);
            match cab.goal {
                _ if cab.busy => CarNow::Busy { to: at, free_at: self.moment(cab.at_ms) },
                Some((goal, until_ms)) if until_ms > now_ms => CarNow::Told { to: self.point(goal) },
                _ => CarNow::Idle {
                    at,
                    since: self.moment(cab.idle_since_ms),
                    told: cab.told_ms.map(|told_ms| self.moment(told_ms)),
                },
            }
        };
        let cars: Vec<CarNow> = self.cabs.iter().map(state).collect();
        for suggestion in suggest(&cars, &self.forecast, &self.rules.policy, now) {
            let Some(goal) = self.ground.nodes.node_at(suggestion.to) else { continue };
            let until_ms = millis(suggestion.until.since(self.rules.begins));
            let cab = &mut self.cabs[suggestion.car];
            (cab.goal, cab.told_ms) = (Some((goal, until_ms)), Some(now_ms));
            self.played.suggestions += 1;
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
