//! The usual way: a Redis server with a geo set, over a socket.
//!
//! Lives here: GEOADD, GEOSEARCH, what the server pays for them.
//! Stays out: what it costs us to talk to it, which is not counted: the comparison is with the server alone.
//! Touch with care: a failure is kept until [`Redis::check`] is asked; figures are only good after it has said so.

use crate::bench::{Client, Failure, RedisServer, Reply, Samples};

use super::city::{Move, Question, Work};
use super::contender::{Contender, Found, WITHIN_M, thing};

/// How many moves are sent at once.
pub(super) const PIPELINE: usize = 100;
/// The first circle that is searched, in metres; each next one is twice as wide.
const FIRST_CIRCLE_M: f64 = 250.0;

/// A geo set in a server of our own.
pub(super) struct Redis<'a> {
    server: &'a RedisServer,
    client: Client,
    failure: Option<Failure>,
    /// What the set costs the server, in bytes a car, when it was filled.
    bytes_per_car: f64,
}

impl<'a> Redis<'a> {
    /// Fills an empty server.
    ///
    /// # Errors
    /// When the server does not do as it is told.
    pub(super) fn new(server: &'a RedisServer, cars: impl Iterator<Item = Move>) -> Result<Redis<'a>, Failure> {
        let mut client = server.connect()?;
        client.ask(&["FLUSHALL", "SYNC"])?;
        let before = used_memory(&mut client)?;
        let mut redis = Redis { server, client, failure: None, bytes_per_car: 0.0 };
        let mut count = 0_u32;
        for car in cars {
            redis.update(car.id, car.lat, car.lon);
            count += 1;
        }
        redis.flush();
        redis.check()?;
        redis.bytes_per_car = (used_memory(&mut redis.client)? - before) / f64::from(count.max(1));
        Ok(redis)
    }

    /// What went wrong since the last check.
    ///
    /// # Errors
    /// The first failure, if there was one.
    pub(super) fn check(&mut self) -> Result<(), Failure> {
        self.failure.take().map_or(Ok(()), Err)
    }

    fn flush(&mut self) -> Reply {
        match self.client.send() {
            Ok(reply) => reply,
            Err(failure) => {
                self.failure.get_or_insert(failure);
                Reply::Nothing
            }
        }
    }

    /// The nearest cars within a circle, by one GEOSEARCH.
    fn search(&mut self, lat: f64, lon: f64, k: usize, within_m: f64) -> Vec<Found> {
        let (lon, lat, within, k) = (degrees_text(lon), degrees_text(lat), within_m.to_string(), k.to_string());
        let circle = ["GEOSEARCH", "cars", "FROMLONLAT", &lon, &lat, "BYRADIUS", &within, "m"];
        self.client.add(&[&circle[..], &["ASC", "COUNT", &k, "WITHDIST"]].concat());
        let reply = self.flush();
        let car = |entry: &Reply| {
            let [id, away_m] = entry.parts() else { return None };
            Some(Found { id: id.text()?.parse().ok()?, away_m: away_m.text()?.parse().ok()? })
        };
        reply.parts().iter().filter_map(car).collect()
    }

    /// Does some work and answers how many nanoseconds of CPU time it cost the server.
    fn time(&mut self, work: impl FnOnce(&mut Redis<'a>)) -> Result<f64, Failure> {
        let before = self.server.cpu_ns()?;
        work(self);
        self.check()?;
        Ok(self.server.cpu_ns()? - before)
    }

    /// Lets the server do the work of a round, in nanoseconds of its CPU time: a move in a pipeline, a question for 8
    /// cars by growing circles, and, for the first `plain` questions, by one search of the whole circle.
    ///
    /// # Errors
    /// When the server fails.
    pub(super) fn play(
        &mut self,
        work: &Work,
        plain: usize,
        name: &'static str,
        samples: &mut Samples,
    ) -> Result<(), Failure> {
        let ns = self.time(|redis| {
            redis.update_all(&work.moves);
            redis.flush();
        })?;
        samples.note(name, thing::UPDATE, ns / work.moves.len() as f64);
        let mut out = Vec::new();
        let ns = self.time(|redis| {
            for &Question { lat, lon } in &work.questions {
                redis.nearest(lat, lon, 8, WITHIN_M, &mut out);
            }
        })?;
        samples.note(name, thing::NEAREST_8, ns / work.questions.len() as f64);
        let plain = &work.questions[..plain.min(work.questions.len())];
        let ns = self.time(|redis| {
            for &Question { lat, lon } in plain {
                redis.search(lat, lon, 8, WITHIN_M);
            }
        })?;
        samples.note(name, thing::NEAREST_8_PLAIN, ns / plain.len() as f64);
        samples.note(name, thing::BYTES, self.bytes_per_car);
        Ok(())
    }

    /// Moves and questions in turn, as the others do in `play_mixed`.
    ///
    /// # Errors
    /// When the server fails.
    pub(super) fn play_mixed(&mut self, work: &Work, name: &'static str, samples: &mut Samples) -> Result<(), Failure> {
        let mut out = Vec::new();
        let ns = self.time(|redis| super::contender::run_mixed(redis, work, &mut out))?;
        samples.note(name, thing::MIXED, ns / work.moves.len() as f64);
        Ok(())
    }
}

impl Contender for Redis<'_> {
    /// Collects moves and sends them a hundred at a time.
    fn update(&mut self, id: u32, lat: f64, lon: f64) {
        self.client.add(&["GEOADD", "cars", &degrees_text(lon), &degrees_text(lat), &id.to_string()]);
        if self.client.waiting() == PIPELINE {
            self.flush();
        }
    }

    /// Searches circles twice as wide each time, until one holds enough cars: those are then the nearest.
    fn nearest(&mut self, lat: f64, lon: f64, k: usize, within_m: f64, out: &mut Vec<Found>) {
        let mut circle_m = FIRST_CIRCLE_M.min(within_m);
        loop {
            *out = self.search(lat, lon, k, circle_m);
            if out.len() >= k || circle_m >= within_m || self.failure.is_some() {
                return;
            }
            circle_m = (circle_m * 2.0).min(within_m);
        }
    }
}

/// Degrees to a centimetre: more digits would only cost the server time.
fn degrees_text(degrees: f64) -> String {
    format!("{degrees:.7}")
}

/// How many bytes the server says it uses.
fn used_memory(client: &mut Client) -> Result<f64, Failure> {
    let reply = client.ask(&["INFO", "memory"])?;
    let text = reply.text().unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("used_memory:"));
    line.and_then(|bytes| bytes.trim().parse().ok()).ok_or_else(|| "redis-server does not say used_memory".into())
}
