//! A city of real clients: drivers over WebSockets, riders over HTTP, against any Hansom server.
//!
//! Lives here: the clients' side of the protocol, as app developers would write it from its documentation, around the
//! people of [`crate::people`].
//! Stays out: the server. A crowd knows a URL and how to get tokens.
//! Touch with care: clients come back. A lost socket is opened again, an unanswered request is sent again with the
//! same key; what they were told goes into the ledger and is never taken back.

mod driver;
mod rider;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actors::Clock;
use dispatch::{RiderLeg, StageName, StopKind, Timestamp};
use gateway::{Identity, Keys, Role};
use geo::Point;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use crate::city::City;
use crate::demand::{Demand, NotADemand};
use crate::ledger::Ledger;
use crate::people::{Drives, Scene, StopNews, TripNews, later};
use crate::virtual_city::Scenario;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Whether the people of a crowd may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Everybody does as they like.
    Play,
    /// Nobody begins or changes anything; everybody still listens.
    Listen,
    /// Everybody hangs up.
    Over,
}

/// How a client gets a token: for a driver or a rider of this name.
pub type Mint = Arc<dyn Fn(Who, &str) -> String + Send + Sync>;

/// How long tokens are good for.
const TOKEN_LASTS: Duration = Duration::from_secs(24 * 3_600);

/// Tokens from a server's own keys, as an identity provider would hand them out.
#[must_use]
pub fn mint(keys: Keys) -> Mint {
    Arc::new(move |who, name| {
        let role = match who {
            Who::Driver => Role::Driver,
            Who::Rider => Role::Rider,
        };
        let identity = Identity::new(role, name).ok();
        identity.and_then(|identity| keys.mint(&identity, TOKEN_LASTS).ok()).unwrap_or_default()
    })
}

/// What kind of person a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A driver.
    Driver,
    /// A rider.
    Rider,
}

/// Everything the clients of one crowd share.
#[derive(Clone)]
pub struct Crowd(Arc<Inner>);

struct Inner {
    city: City,
    scenario: Scenario,
    clock: Clock,
    start: Timestamp,
    url: String,
    mint: Mint,
    http: reqwest::Client,
    ledger: Mutex<Ledger>,
    counts: Counts,
    drives: Mutex<Drives>,
    phase: watch::Sender<Phase>,
}

/// What a crowd has done so far.
#[derive(Debug, Default)]
pub struct Counts {
    /// Positions sent.
    pub pings: AtomicU64,
    /// Offers seen by drivers.
    pub offers: AtomicU64,
    /// Suggestions shown to drivers.
    pub suggestions: AtomicU64,
    /// Suggestions that drivers followed; known when they have hung up.
    pub followed: AtomicU64,
    /// Sockets of drivers open now.
    pub connected: AtomicUsize,
    /// Sockets of riders open now.
    pub watching: AtomicUsize,
    /// Sockets that were lost and opened again.
    pub reconnects: AtomicU64,
    /// Frames and answers nobody expected.
    pub surprises: AtomicU64,
}

impl std::fmt::Debug for Crowd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Crowd").field("url", &self.0.url).field("counts", &self.0.counts).finish_non_exhaustive()
    }
}

impl Crowd {
    /// A crowd for one server. `clock` must run as fast as the server's.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(city: City, scenario: Scenario, clock: Clock, url: String, mint: Mint) -> Result<Crowd, reqwest::Error> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).no_proxy().build()?;
        Ok(Crowd(Arc::new(Inner {
            city,
            scenario,
            clock,
            start: clock.now(),
            url,
            mint,
            http,
            ledger: Mutex::default(),
            counts: Counts::default(),
            drives: Mutex::default(),
            phase: watch::Sender::new(Phase::Play),
        })))
    }

    /// What the crowd has done so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.0.counts
    }

    /// The drives of those who have hung up for good; `None` in a city without roads.
    #[must_use]
    pub fn drives(&self) -> Option<Drives> {
        self.0.city.roads().map(|_| *self.0.drives.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The books.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much time has passed in the city.
    #[must_use]
    pub fn passed(&self) -> Duration {
        self.0.clock.now().since(self.0.start)
    }

    /// Lets everybody live for as long as the scenario says, then hang up. `quiet` runs after nobody changes anything
    /// any more and before the sockets close; it should make the server tell what it still has to tell.
    ///
    /// # Errors
    /// [`NotADemand`] when the scenario's demand is not above 0.
    pub async fn live(&self, quiet: impl Future<Output = ()>) -> Result<(), NotADemand> {
        let mut people = JoinSet::new();
        let fleet = self.0.scenario.fleet(&self.0.city)?;
        // A fleet does not dial in all at once: a server takes some thousands of handshakes a second.
        let apart = Duration::from_secs(2).div_f64(fleet.len().max(1) as f64);
        for (place, (id, person)) in fleet.into_iter().enumerate() {
            let crowd = self.clone();
            let after = apart.mul_f64(place as f64);
            people.spawn(async move { driver::live(crowd, id, person, after).await });
        }
        self.ask_for_rides(&mut people).await?;
        self.0.phase.send_replace(Phase::Listen);
        while self.ledger().unanswered() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        quiet.await;
        // Riders read what the server still has to say, until it hangs up or has nothing more to say.
        let patience = Instant::now() + Duration::from_secs(10);
        while self.0.counts.watching.load(Ordering::Relaxed) > 0 && Instant::now() < patience {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.0.phase.send_replace(Phase::Over);
        while people.join_next().await.is_some() {}
        Ok(())
    }

    async fn ask_for_rides(&self, people: &mut JoinSet<()>) -> Result<(), NotADemand> {
        let scenario = &self.0.scenario;
        let demand = Demand::new(&self.0.city, scenario.day, scenario.start_tod_s, scenario.demand, scenario.seed)?;
        let mut rng = Pcg64Mcg::seed_from_u64(scenario.seed ^ 0x0071_de55);
        let end = self.0.start + scenario.lasts();
        for (number, request) in demand.enumerate() {
            let at = later(self.0.start, request.at_ms);
            self.sleep_until(at.min(end)).await;
            if at >= end {
                break;
            }
            // Riders who have got there hang up; their tasks are collected as we go.
            while people.try_join_next().is_some() {}
            let (crowd, seed) = (self.clone(), rng.random());
            people.spawn(async move { rider::live(crowd, number, request, seed).await });
        }
        Ok(())
    }

    async fn sleep_until(&self, at: Timestamp) {
        let clock = &self.0.clock;
        tokio::time::sleep(clock.wall(at.since(clock.now()))).await;
    }

    fn scene(&self) -> Scene<'_> {
        Scene {
            city: &self.0.city,
            start: self.0.start,
            start_tod_s: self.0.scenario.start_tod_s,
            habits: &self.0.scenario.habits,
        }
    }

    /// Opens a WebSocket with small buffers: a crowd has thousands of them.
    async fn dial(&self, path: &str, token: &str) -> Option<Socket> {
        let url = format!("{}{path}", self.0.url.replacen("http", "ws", 1));
        let mut request = url.into_client_request().ok()?;
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().ok()?);
        let small = WebSocketConfig::default().read_buffer_size(4_096).write_buffer_size(0);
        let dialled = connect_async_with_config(request, Some(small), true);
        let (socket, _) = tokio::time::timeout(Duration::from_secs(10), dialled).await.ok()?.ok()?;
        Some(socket)
    }

    fn surprise(&self, what: &str, frame: &str) {
        self.0.counts.surprises.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(what, frame, "a client is surprised");
    }
}

/// Reads a trip as the server writes it: its news, version and since when it stands so.
fn read_trip(value: &Value) -> Option<(TripNews, u32, Timestamp)> {
    let point = |key: &str| {
        let place = value.get(key)?;
        Point::new(place.get("lat")?.as_f64()?, place.get("lon")?.as_f64()?).ok()
    };
    let news = TripNews {
        id: value.get("id")?.as_str()?.parse().ok()?,
        stage: read_stage(value.get("state")?)?,
        pickup: point("pickup")?,
        dropoff: point("dropoff")?,
        stops: read_stops(value)?,
        pickup_at: value.get("pickup_at_ms").and_then(Value::as_u64).map(Timestamp::from_millis),
    };
    let version = u32::try_from(value.get("version")?.as_u64()?).ok()?;
    Some((news, version, Timestamp::from_millis(value.get("since_ms")?.as_u64()?)))
}

/// Reads what is to be done with a shared car; nothing when it is not shared.
fn read_stops(value: &Value) -> Option<Vec<StopNews>> {
    let stop = |stop: &Value| {
        let place = stop.get("place")?;
        let kind = [StopKind::Pickup, StopKind::Dropoff].into_iter().find(|kind| stop["kind"] == kind.as_str())?;
        Some(StopNews {
            trip: stop.get("trip")?.as_str()?.parse().ok()?,
            kind,
            place: Point::new(place.get("lat")?.as_f64()?, place.get("lon")?.as_f64()?).ok()?,
            arrived: stop["leg"] == RiderLeg::Arrived.as_str(),
        })
    };
    value.get("stops").and_then(Value::as_array).map_or(Some(Vec::new()), |stops| stops.iter().map(stop).collect())
}

fn read_stage(value: &Value) -> Option<StageName> {
    let name = value.as_str()?;
    StageName::ALL.into_iter().find(|stage| stage.as_str() == name)
}
