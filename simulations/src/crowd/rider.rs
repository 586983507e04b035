//! A rider's app: asks over HTTP, watches over a WebSocket, may call off.

use std::sync::atomic::Ordering;
use std::time::Duration;

use dispatch::{RiderId, StageName, Timestamp, TripId};
use futures_util::StreamExt;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{Crowd, Phase, Socket, Who, read_stage, read_trip};
use crate::booking::wished;
use crate::company::would_share;
use crate::demand::Request;
use crate::people::Rider;

/// How long an app waits before it asks again with the same key.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(300);

/// Parts the chance of booking from all others of the same rider.
const WISH_CHANCE: u64 = 0x2545_f491_4f6c_dd1d;

struct App {
    crowd: Crowd,
    token: String,
    person: Rider,
    ended: bool,
}

pub(super) async fn live(crowd: Crowd, number: usize, request: Request, seed: u64) {
    let name = format!("rider-{}-{number}", crowd.0.scenario.seed);
    if RiderId::new(&name).is_err() {
        return;
    }
    let token = (crowd.0.mint)(Who::Rider, &name);
    let (now, habits) = (crowd.0.clock.now(), &crowd.0.scenario.habits);
    let wished = wished(&mut Pcg64Mcg::seed_from_u64(seed ^ WISH_CHANCE), habits, now);
    let person = Rider::new(seed, wished.unwrap_or(now), habits);
    let mut app = App { crowd, token, person, ended: false };
    app.crowd.ledger().asked();
    let shared = would_share(seed, app.crowd.0.scenario.habits.shares);
    let trip = app.ask(number, &request, wished, shared).await;
    app.crowd.ledger().answered();
    let Some(trip) = trip else { return };
    if let Some(wished) = wished {
        app.crowd.ledger().wished(trip, wished);
    }
    while !app.ended && app.phase() != Phase::Over {
        app.watch(trip).await;
        if !app.ended && app.phase() != Phase::Over {
            tokio::time::sleep(ASK_AGAIN_AFTER).await;
            app.look(trip).await;
        }
    }
}

impl App {
    fn phase(&self) -> Phase {
        *self.crowd.0.phase.borrow()
    }

    /// Asks until there is an answer, always with the same key: at most one trip comes of it.
    async fn ask(
        &mut self,
        number: usize,
        request: &Request,
        wished: Option<Timestamp>,
        shared: bool,
    ) -> Option<TripId> {
        let body = json!({
            "shared": shared,
            "pickup_at_ms": wished.map(Timestamp::millis),
            "pickup": {"lat": request.pickup.lat(), "lon": request.pickup.lon()},
            "dropoff": {"lat": request.dropoff.lat(), "lon": request.dropoff.lon()},
        });
        while self.phase() != Phase::Over {
            let asked = self.crowd.0.http.post(format!("{}/v1/trips", self.crowd.0.url));
            let key = format!("request-{number}");
            let asked = asked.bearer_auth(&self.token).header("Idempotency-Key", key).json(&body);
            if let Ok(answer) = asked.send().await {
                let status = answer.status();
                let text = answer.text().await.unwrap_or_default();
                match status {
                    StatusCode::CREATED | StatusCode::OK => return self.see(&text),
                    StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {}
                    _ => {
                        self.crowd.surprise("refused request", &text);
                        return None;
                    }
                }
            }
            tokio::time::sleep(ASK_AGAIN_AFTER).await;
        }
        None
    }

    async fn watch(&mut self, trip: TripId) {
        let dialled = self.crowd.dial(&format!("/v1/trips/{trip}/watch"), &self.token).await;
        let Some(mut socket) = dialled else { return };
        self.crowd.0.counts.watching.fetch_add(1, Ordering::Relaxed);
        self.listen(&mut socket, trip).await;
        self.crowd.0.counts.watching.fetch_sub(1, Ordering::Relaxed);
    }

    async fn listen(&mut self, socket: &mut Socket, trip: TripId) {
        let mut phase = self.crowd.0.phase.subscribe();
        loop {
            let clock = self.crowd.0.clock;
            // In an hour the rider looks at the screen once more.
            let idle = clock.now() + Duration::from_secs(3_600);
            let wake = self.person.next_at().filter(|_| self.phase() == Phase::Play).unwrap_or(idle);
            let sleep = tokio::time::sleep(clock.wall(wake.since(clock.now())));
            tokio::select! {
                frame = socket.next() => match frame {
                    Some(Ok(Message::Text(text))) => drop(self.see(text.as_str())),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => {}
                },
                () = sleep => self.turn(trip).await,
                changed = phase.changed() => if changed.is_err() { return },
            }
            if self.phase() == Phase::Over {
                let _ = tokio::time::timeout(Duration::from_secs(2), socket.close(None)).await;
                return;
            }
        }
    }

    async fn turn(&mut self, trip: TripId) {
        let now = self.crowd.0.clock.now();
        if self.phase() == Phase::Play && self.person.calls_off(now) {
            let url = format!("{}/v1/trips/{trip}", self.crowd.0.url);
            let answer = self.crowd.0.http.delete(url).bearer_auth(&self.token).send().await;
            if let Ok(answer) = answer
                && answer.status() == StatusCode::OK
            {
                let text = answer.text().await.unwrap_or_default();
                self.see(&text);
            }
        }
    }

    /// After a lost socket: the trip may have ended meanwhile.
    async fn look(&mut self, trip: TripId) {
        let url = format!("{}/v1/trips/{trip}", self.crowd.0.url);
        if let Ok(answer) = self.crowd.0.http.get(url).bearer_auth(&self.token).send().await
            && answer.status() == StatusCode::OK
        {
            let text = answer.text().await.unwrap_or_default();
            self.see(&text);
        }
    }

    /// Writes down what the server says of the trip.
    fn see(&mut self, text: &str) -> Option<TripId> {
        let Ok(value) = serde_json::from_str::<Value>(text) else {
            self.crowd.surprise("not JSON", text);
            return None;
        };
        if value["type"].as_str().is_some_and(|kind| kind != "trip") {
            return None; // "closing": the socket says the rest
        }
        let Some((news, version, since)) = read_trip(&value) else {
            self.crowd.surprise("not a trip", text);
            return None;
        };
        let mut ledger = self.crowd.ledger();
        for line in value["history"].as_array().into_iter().flatten() {
            if let Some((version, stage, at)) = read_line(line) {
                ledger.told(news.id, version, stage, at);
            }
        }
        ledger.told(news.id, version, news.stage, since);
        drop(ledger);
        self.ended = !news.stage.is_active();
        self.person.sees(self.crowd.0.clock.now(), news.stage);
        Some(news.id)
    }
}

fn read_line(line: &Value) -> Option<(u32, StageName, Timestamp)> {
    let version = u32::try_from(line.get("version")?.as_u64()?).ok()?;
    let at = Timestamp::from_millis(line.get("at_ms")?.as_u64()?);
    Some((version, read_stage(line.get("state")?)?, at))
}
