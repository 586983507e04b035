//! The riders of a load: they ask for rides at a rate, by HTTP.
//!
//! Lives here: requests, each with a key of its own and a rider who asks once.
//! Stays out: drivers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde_json::{Value, json};

use super::person::{MIDDLE, REACH};
use super::tally::Meetings;

/// So many requests are under way at the same time; more are not made, and counted.
const AT_ONCE: usize = 1_000;

/// How riders ask.
#[derive(Clone)]
pub(crate) struct Asks {
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    pub(crate) token: Arc<dyn Fn(&str) -> String + Send + Sync>,
    pub(crate) meetings: Arc<Meetings>,
    pub(crate) began: Instant,
    pub(crate) seed: u64,
    /// What riders' names begin with. A name of an earlier run would be a request of that run, sent again.
    pub(crate) name: String,
    /// Requests a second, in thousandths: changed while riders ask.
    pub(crate) rate: Arc<AtomicU32>,
}

impl Asks {
    /// Riders ask at the present rate, at random moments, for as long as this is awaited.
    pub(crate) async fn go_on(self) {
        let mut dice = Pcg64Mcg::seed_from_u64(self.seed ^ 0x71de);
        let room = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
        for number in 0_u64.. {
            let rate = f64::from(self.rate.load(Ordering::Relaxed)) / 1e3;
            if rate <= 0.0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
            let wait = -(1.0 - dice.random_range(0.0..1.0_f64)).ln() / rate;
            tokio::time::sleep(Duration::from_secs_f64(wait.min(1.0))).await;
            let mut place = || {
                let mut within = |middle: f64| middle + dice.random_range(-REACH..REACH);
                json!({"lat": within(MIDDLE.0), "lon": within(MIDDLE.1)})
            };
            let ride = json!({"pickup": place(), "dropoff": place()});
            let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
                self.meetings.failed("rider: a thousand others wait".to_owned());
                continue;
            };
            let asks = self.clone();
            tokio::spawn(async move {
                asks.ask(number, &ride).await;
                drop(permit);
            });
        }
    }

    async fn ask(&self, number: u64, ride: &Value) {
        let name = format!("{}-{number}", self.name);
        let at = self.began.elapsed();
        let asked = self.http.post(format!("{}/v1/trips", self.url)).bearer_auth((self.token)(&name));
        let answer = asked.header("Idempotency-Key", &name).json(ride).send().await;
        let (status, body) = match answer {
            Ok(answer) => (answer.status().as_u16(), answer.json::<Value>().await.unwrap_or_default()),
            Err(error) => {
                let kind = if error.is_timeout() { "no answer in time" } else { "no connection" };
                return self.meetings.failed(format!("rider: {kind}"));
            }
        };
        match body["id"].as_str() {
            Some(trip) if status == 201 => self.meetings.asked(trip.to_owned(), at, self.began.elapsed()),
            _ => self.meetings.failed(format!("rider: {status} {}", body["code"].as_str().unwrap_or("no code"))),
        }
    }
}
