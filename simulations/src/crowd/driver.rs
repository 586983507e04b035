//! A driver's app: one WebSocket, opened again whenever it is lost.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use dispatch::invariants::Violation;
use dispatch::{Availability, DriverId, OfferId, StageName, Timestamp};
use futures_util::{SinkExt, StreamExt};
use geo::Point;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{Crowd, Phase, Socket, Who, read_trip};
use crate::people::{Driver, DriverAct, DriverNews, later};

/// How long an app waits before it dials again: some, and up to as much again by chance.
const REDIAL_AFTER_MS: u64 = 200;

struct App {
    crowd: Crowd,
    id: DriverId,
    person: Driver,
    rng: Pcg64Mcg,
    sequence: u64,
    next_ping: Timestamp,
    /// The offer on the screen.
    shown: Option<OfferId>,
}

pub(super) async fn live(crowd: Crowd, id: DriverId, person: Driver, after: Duration) {
    tokio::time::sleep(after).await;
    let every = crowd.0.scenario.habits.ping_every_ms.max(1);
    let mut rng = Pcg64Mcg::seed_from_u64(crowd.0.scenario.seed ^ after.as_nanos() as u64);
    let next_ping = later(crowd.0.clock.now(), rng.random_range(0..every));
    let mut app = App { crowd, id, person, rng, sequence: 0, next_ping, shown: None };
    while app.phase() != Phase::Over {
        if let Some(socket) = app.dial().await {
            app.crowd.0.counts.connected.fetch_add(1, Ordering::Relaxed);
            app.talk(socket).await;
            app.crowd.0.counts.connected.fetch_sub(1, Ordering::Relaxed);
        }
        if app.phase() != Phase::Over {
            app.crowd.0.counts.reconnects.fetch_add(1, Ordering::Relaxed);
            let wait = REDIAL_AFTER_MS + app.rng.random_range(0..REDIAL_AFTER_MS);
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
    }
    app.crowd.0.counts.followed.fetch_add(app.person.followed(), Ordering::Relaxed);
    *app.crowd.0.drives.lock().unwrap_or_else(PoisonError::into_inner) += app.person.drives();
}

impl App {
    fn phase(&self) -> Phase {
        *self.crowd.0.phase.borrow()
    }

    async fn dial(&self) -> Option<Socket> {
        let token = (self.crowd.0.mint)(Who::Driver, self.id.as_str());
        self.crowd.dial("/v1/driver", &token).await
    }

    async fn talk(&mut self, mut socket: Socket) {
        self.shown = None;
        let mut phase = self.crowd.0.phase.subscribe();
        loop {
            let clock = self.crowd.0.clock;
            let quiet = self.phase() != Phase::Play;
            let act_at = self.person.next_at().filter(|_| !quiet);
            let wake = act_at.map_or(self.next_ping, |at| at.min(self.next_ping));
            let sleep = tokio::time::sleep(clock.wall(wake.since(clock.now())));
            let going_on = tokio::select! {
                frame = socket.next() => match frame {
                    Some(Ok(Message::Text(text))) => { self.hear(text.as_str()); true }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => false,
                    Some(Ok(_)) => true,
                },
                () = sleep => self.turn(&mut socket, quiet).await,
                changed = phase.changed() => changed.is_ok(),
            };
            if self.phase() == Phase::Over {
                let _ = tokio::time::timeout(Duration::from_secs(2), socket.close(None)).await;
                return;
            }
            if !going_on {
                return;
            }
        }
    }

    /// Sends what is due. Returns whether the socket took it.
    async fn turn(&mut self, socket: &mut Socket, quiet: bool) -> bool {
        let now = self.crowd.0.clock.now();
        if self.next_ping <= now {
            self.next_ping = later(now, self.crowd.0.scenario.habits.ping_every_ms.max(1));
            if !self.ping(socket, now).await {
                return false;
            }
        }
        if quiet {
            return true;
        }
        let Some(act) = self.person.acts(now) else { return true };
        self.sequence += 1;
        let id = self.sequence;
        let (point, _) = self.person.position(now);
        let on_trip = |kind: &str, trip: dispatch::TripId| json!({"type": kind, "id": id, "trip": trip.to_string()});
        let on_offer = |kind: &str, offer: OfferId| json!({"type": kind, "id": id, "offer": offer.to_string()});
        let frame = match act {
            DriverAct::Online => json!({"type": "online", "id": id, "lat": point.lat(), "lon": point.lon()}),
            DriverAct::Accept(offer) => on_offer("accept", offer),
            DriverAct::Decline(offer) => on_offer("decline", offer),
            DriverAct::Arrived(trip) => on_trip("arrived", trip),
            DriverAct::PickedUp(trip) => on_trip("picked_up", trip),
            DriverAct::DroppedOff(trip) => on_trip("dropped_off", trip),
            DriverAct::GiveBack(trip) => on_trip("give_back", trip),
        };
        send(socket, &frame).await
    }

    async fn ping(&mut self, socket: &mut Socket, now: Timestamp) -> bool {
        self.sequence += 1;
        let (point, heading) = self.person.position(now);
        let mut frame = json!({"type": "ping", "seq": self.sequence, "lat": point.lat(), "lon": point.lon()});
        if let Some(heading) = heading {
            frame["heading"] = json!(heading);
        }
        self.crowd.0.counts.pings.fetch_add(1, Ordering::Relaxed);
        send(socket, &frame).await
    }

    fn hear(&mut self, text: &str) {
        let Ok(frame) = serde_json::from_str::<Value>(text) else {
            return self.crowd.surprise("not JSON", text);
        };
        let news = match frame["type"].as_str() {
            Some("standing") => self.standing(&frame),
            Some("offer") => self.offer(&frame),
            Some("withdrawn" | "declined") => {
                self.shown = None;
                frame["offer"].as_str().and_then(|offer| offer.parse().ok()).map(DriverNews::OfferGone)
            }
            Some("trip") => self.trip(&frame["trip"]),
            Some("suggestion") => self.suggestion(&frame["to"]),
            Some("refused") => Some(DriverNews::Refused),
            // Answered, and to begin when the rider in the car has got out.
            Some("promised") => {
                self.shown = None;
                return;
            }
            // The scenario says how often a phone speaks.
            Some("welcome" | "resumed" | "cadence" | "ack" | "superseded" | "closing") => return,
            Some("are_you_coming" | "taken_back" | "put_on_break") => return,
            _ => None,
        };
        match news {
            Some(news) => {
                let now = self.crowd.0.clock.now();
                self.person.hears(now, news, self.crowd.scene());
            }
            None => self.crowd.surprise("unexpected frame", text),
        }
    }

    fn standing(&mut self, frame: &Value) -> Option<DriverNews> {
        let name = frame["availability"].as_str()?;
        let availability = Availability::ALL.into_iter().find(|availability| availability.as_str() == name)?;
        let trip = match &frame["trip"] {
            Value::Null => None,
            trip => Some(read_trip(trip)?.0),
        };
        Some(DriverNews::Standing { availability, trip })
    }

    fn suggestion(&mut self, to: &Value) -> Option<DriverNews> {
        self.crowd.0.counts.suggestions.fetch_add(1, Ordering::Relaxed);
        let to = Point::new(to["lat"].as_f64()?, to["lon"].as_f64()?).ok()?;
        Some(DriverNews::Suggestion(to))
    }

    /// I5: at most one live offer is shown at a time.
    fn offer(&mut self, frame: &Value) -> Option<DriverNews> {
        let offer: OfferId = frame["offer"].as_str()?.parse().ok()?;
        self.crowd.0.counts.offers.fetch_add(1, Ordering::Relaxed);
        if let Some(shown) = self.shown.replace(offer)
            && shown != offer
        {
            let what = format!("I5: {} is shown {offer} while {shown} is open", self.id);
            self.crowd.ledger().broken(Violation::Illegal { trip: offer.trip, version: 0, what });
        }
        Some(DriverNews::Offer(offer))
    }

    /// I1: a driver is told of one active trip at a time.
    fn trip(&mut self, value: &Value) -> Option<DriverNews> {
        let (news, version, since) = read_trip(value)?;
        self.shown = None;
        let mut ledger = self.crowd.ledger();
        ledger.told(news.id, version, news.stage, since);
        if let Some(held) = self.person.trip()
            && held.id != news.id
            && news.stage == StageName::EnRoute
        {
            let (driver, first, second) = (self.id.clone(), held.id, news.id);
            ledger.broken(Violation::TwoTrips { driver, first, second });
        }
        drop(ledger);
        Some(DriverNews::Trip(news))
    }
}

async fn send(socket: &mut Socket, frame: &Value) -> bool {
    let sent = socket.send(Message::text(frame.to_string()));
    matches!(tokio::time::timeout(Duration::from_secs(10), sent).await, Ok(Ok(())))
}
