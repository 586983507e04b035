//! A whole server: started, embedded, stopped.
//!
//! Lives here: [`serve`], what it may be given, and the order of start and stop.
//! Stays out: signals and flags (the binary), what the doors say.
//! Touch with care: the order of [`Server::stop`]. First nobody new comes in, then those who are inside are sent home,
//! then the city settles what it began, then events tell the rest of it, then the store is closed: so nothing that was acknowledged is lost.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use actors::{City, CityError, Clock, Recovery, Stores};
use persistence::{Policies, PostgresStore, Snapshots, SqliteStore, Store, StoreError};
use prometheus::Registry;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::{error, info, warn};

use crate::address::Peer;
use crate::app::{App, Inside, Phase};
use crate::auth::{Jwks, Keys, KeysError, Secret, SecretError, dev_secret};
use crate::config::{BadSetting, Layers, Mode, SecretFrom, Settings};
use crate::doors::router;
use crate::doorway::{Doorway, Tls};
use crate::drain::Drain;
use crate::events::{Events, EventsError};
use crate::headers::dress;
use crate::metrics::Metrics;
use crate::nearby::Nearby;
use crate::nodes::Beat;
use crate::policy::Rulebook;
use crate::tls::{self, Certificate, TlsError};
use crate::travel::{BadFile, travel, worth};

/// How long sockets may take to say farewell before the server stops without them.
const SOCKETS_LEAVE_WITHIN: Duration = Duration::from_secs(5);

/// How often a drain looks whether anybody is left.
const LOOKS_EVERY: Duration = Duration::from_millis(50);

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A setting is out of range. Correct it.
    #[error(transparent)]
    Setting(#[from] BadSetting),
    /// There is no secret to check tokens with. Make it readable, or give another one.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// There are no public keys to check tokens with. Correct the setting.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The certificate cannot be used. Correct the setting, or the files.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A file that a setting names cannot be used.
    #[error(transparent)]
    File(#[from] BadFile),
    /// The address cannot be listened at. Choose another, or stop who holds it.
    #[error("cannot listen at {address}")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The system has no random numbers to give.
    #[error("the system gives no random numbers")]
    Chance,
    /// The store cannot be opened.
    #[error("the store cannot be opened")]
    Store(#[source] StoreError),
    /// The city cannot be loaded.
    #[error("the city cannot be started")]
    City(#[source] CityError),
    /// What was changed about the policy cannot be read, or does not go with the settings. Correct them, or start with
    /// `stored_policy = ignore`.
    #[error(
        "the policy that was changed while a server was at work cannot be in force: correct the settings, or set stored_policy = ignore"
    )]
    Policy(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Events cannot be told.
    #[error(transparent)]
    Events(#[from] EventsError),
    /// The registry holds a server's metrics already: one server per registry.
    #[error("metrics cannot be registered")]
    Metrics(#[source] prometheus::Error),
}

/// What a server is given instead of making it itself.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// A clock, in the place of one that runs as [`Settings::time_scale`] says.
    pub clock: Option<Clock>,
    /// A store, in the place of the one that the settings name. Whoever gives it closes it.
    pub store: Option<Arc<dyn Store>>,
    /// A registry, in the place of a new one.
    pub registry: Option<Registry>,
    /// Where the settings came from, to say so of each; without it only what was changed since is told apart.
    pub layers: Option<Layers>,
}

/// A running server. Stop it with [`Server::stop`]: to drop it leaves it running until the runtime ends.
#[derive(Debug)]
pub struct Server {
    /// Where it listens, also when the port was chosen by the system.
    pub addr: SocketAddr,
    /// The city behind its doors.
    pub city: City,
    /// Everything it counts.
    pub registry: Registry,
    scheme: &'static str,
    app: Arc<App>,
    listening: JoinHandle<io::Result<()>>,
    sockets: Option<Sockets>,
    events: Events,
    beat: Beat,
    rules: Arc<Rulebook>,
    follows: JoinHandle<()>,
    own_store: Option<OwnStore>,
    chores: Vec<JoinHandle<()>>,
}

/// The store that the settings name.
#[derive(Clone, Debug)]
enum OwnStore {
    Sqlite(Arc<SqliteStore>),
    Postgres(Arc<PostgresStore>),
}

impl OwnStore {
    async fn open(settings: &Settings) -> Result<OwnStore, StoreError> {
        Ok(match &settings.postgres {
            Some(url) => OwnStore::Postgres(Arc::new(
                PostgresStore::open_with(url.address(), settings.postgres_async_standby).await?,
            )),
            None => OwnStore::Sqlite(Arc::new(SqliteStore::open(&settings.data_dir).await?)),
        })
    }

    fn store(&self) -> Arc<dyn Store> {
        match self {
            OwnStore::Sqlite(store) => Arc::clone(store) as Arc<dyn Store>,
            OwnStore::Postgres(store) => Arc::clone(store) as Arc<dyn Store>,
        }
    }

    async fn close(&self) -> Result<(), StoreError> {
        match self {
            OwnStore::Sqlite(store) => store.close().await,
            OwnStore::Postgres(store) => {
                store.close().await;
                Ok(())
            }
        }
    }
}

/// Knows when the last socket is gone: each holds a copy of the sender.
#[derive(Debug)]
struct Sockets {
    held: mpsc::Sender<()>,
    all_gone: mpsc::Receiver<()>,
}

/// Starts a server and returns once it is ready. Call it inside a multi-thread tokio runtime; the actors start threads
/// of their own. The address answers `/livez` and `/readyz` from the first moment.
///
/// # Errors
/// [`ServeError`] says what to correct; nothing is left running.
pub async fn serve(settings: Settings, given: Given) -> Result<Server, ServeError> {
    settings.check()?;
    let secret = secret(&settings)?;
    let registry = given.registry.unwrap_or_default();
    let metrics = Metrics::register(&registry).map_err(ServeError::Metrics)?;
    let jwks = Jwks::open(&settings.tokens, metrics.jwks.clone()).await?;
    let keys = Keys::with_public(&secret, &settings.tokens, jwks.clone())?;
    let certificate = tls::open(&settings.tls, &metrics)?;
    let tls = certificate.as_ref().map(Certificate::acceptor).transpose()?;
    let tls = tls.map(|acceptor| Tls { acceptor, within: settings.tls.handshake_within });
    let (listener, addr) = listen(settings.listen).await?;
    let nearby = Arc::new(Nearby::new(settings.nearby.clone()).ok_or(ServeError::Chance)?);
    let app = Arc::new(App::new(keys, settings.limits.clone(), metrics.clone()));
    let doorway = Doorway::new(listener, &settings.limits, tls, metrics);
    let closing = Arc::clone(&app);
    let doors = dress(router(Arc::clone(&app)), &settings).into_make_service_with_connect_info::<Peer>();
    let doors = axum::serve(doorway, doors);
    let listening = tokio::spawn(doors.with_graceful_shutdown(async move { closing.stopping().await }).into_future());
    let clock = given.clock.unwrap_or_else(|| Clock::scaled(Clock::real().now(), settings.time_scale));
    let from = (given.store, given.layers);
    match load(&settings, from, clock, &registry, app.recovery.clone(), addr).await {
        Ok(Loaded { city, store, own_store, events, beat, rules }) => {
            let (held, all_gone) = mpsc::channel(1);
            app.open(Inside { city: city.clone(), store, nearby, rules: Arc::clone(&rules) }, &held);
            info!(%addr, "the doors are open");
            let sockets = Some(Sockets { held, all_gone });
            let renewed = certificate.iter().map(Certificate::keep_fresh);
            let chores = jwks.iter().map(Jwks::keep_fresh).chain(renewed).collect();
            let scheme = if certificate.is_some() { "https" } else { "http" };
            let follows = Rulebook::keep_up(&rules);
            Ok(Server {
                scheme,
                addr,
                city,
                registry,
                app,
                listening,
                sockets,
                events,
                beat,
                rules,
                follows,
                own_store,
                chores,
            })
        }
        Err(why) => {
            app.phase.send_replace(Phase::Stopping);
            let _ = timeout(settings.limits.request_timeout, listening).await;
            Err(why)
        }
    }
}

/// The secret a server of these settings checks tokens with; made now if it is one for development.
///
/// # Errors
/// [`SecretError`] when it cannot be read or made.
pub fn secret(settings: &Settings) -> Result<Secret, SecretError> {
    let secret = match &settings.secret {
        SecretFrom::Dev => dev_secret(&settings.data_dir),
        SecretFrom::Given(secret) => Ok(secret.clone()),
        SecretFrom::File(path) => Secret::read(path),
    }?;
    if settings.mode == Mode::Production { secret.check_strength() } else { Ok(secret) }
}

/// Brings the schema of the database that the settings name up to date. SQLite's is brought up to date when it is opened.
///
/// # Errors
/// [`StoreError`] says what to correct.
pub async fn migrate(settings: &Settings) -> Result<(), StoreError> {
    match &settings.postgres {
        Some(url) => PostgresStore::migrate(url.address()).await,
        None => SqliteStore::open(&settings.data_dir).await?.close().await,
    }
}

/// What was changed about the policy while servers were at work, by the store that the settings name: the number of the latest
/// change and all that counts before the settings. A server may be at work.
///
/// # Errors
/// [`StoreError`] says what to correct.
pub async fn stored_policy(settings: &Settings) -> Result<Option<(u64, BTreeMap<String, String>)>, StoreError> {
    let latest = match &settings.postgres {
        Some(url) => {
            let store = PostgresStore::open_with(url.address(), settings.postgres_async_standby).await?;
            let latest = store.policy_latest().await;
            store.close().await;
            latest?
        }
        None => SqliteStore::stored_policy(&settings.data_dir).await?,
    };
    Ok(latest.map(|latest| (latest.revision, latest.overrides)))
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let wrong = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(wrong)?;
    let chosen = listener.local_addr().map_err(wrong)?;
    Ok((listener, chosen))
}

/// What is behind the doors.
struct Loaded {
    city: City,
    store: Arc<dyn Store>,
    own_store: Option<OwnStore>,
    events: Events,
    beat: Beat,
    rules: Arc<Rulebook>,
}

async fn load(
    settings: &Settings,
    (given, layers): (Option<Arc<dyn Store>>, Option<Layers>),
    clock: Clock,
    registry: &Registry,
    recovery: Recovery,
    addr: SocketAddr,
) -> Result<Loaded, ServeError> {
    let mut city = settings.city.clone();
    city.policy.worth = worth(settings)?;
    if settings.roads.is_some() {
        // A large graph takes a second, and the doors answer meanwhile.
        let settings = settings.clone();
        let read = tokio::task::spawn_blocking(move || travel(&settings)).await;
        city.policy.travel = read.expect("reading checked bytes does not panic, and nobody calls it off")?;
    }
    let (store, own_store) = match given {
        Some(store) => (store, None),
        None => {
            let own = OwnStore::open(settings).await.map_err(ServeError::Store)?;
            (own.store(), Some(own))
        }
    };
    let snapshots = settings.redis.as_ref().map(|redis| redis.snapshots(settings.redis_positions.clone()));
    let snapshots = snapshots.map(|snapshots| Arc::new(snapshots) as Arc<dyn Snapshots>);
    let stores = Stores { store: Arc::clone(&store), snapshots, recovery };
    let city = match City::start(city, stores, clock, registry).await {
        Ok(city) => city,
        Err(why) => {
            close(own_store).await;
            return Err(ServeError::City(why));
        }
    };
    let rules = match Rulebook::open(city.clone(), Arc::clone(&store), settings.clone(), layers).await {
        Ok(rules) => Arc::new(rules),
        Err(why) => {
            city.stop().await;
            close(own_store).await;
            return Err(ServeError::Policy(Box::new(why)));
        }
    };
    let beat = Beat::start(&store, addr).await;
    match Events::start(&settings.events, &store, city.clock(), registry) {
        Ok(events) => Ok(Loaded { city, store, own_store, events, beat, rules }),
        Err(why) => {
            beat.stop().await;
            city.stop().await;
            close(own_store).await;
            Err(why.into())
        }
    }
}

async fn close(own_store: Option<OwnStore>) {
    if let Some(store) = own_store
        && let Err(error) = store.close().await
    {
        error!(%error, "the store was not closed properly; it repairs itself at the next start");
    }
}

impl Server {
    /// Where clients go. An address that means "everywhere" is given as the one of this machine.
    #[must_use]
    pub fn url(&self) -> String {
        let ip = if self.addr.ip().is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { self.addr.ip() };
        format!("{}://{}", self.scheme, SocketAddr::new(ip, self.addr.port()))
    }

    /// The keys it checks tokens with, for whoever embeds it and needs tokens.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.app.keys
    }

    /// Takes the policy from settings that were read anew. Other settings count only after a restart.
    ///
    /// # Errors
    /// What is wrong with them: nothing was changed then.
    pub async fn reread(&self, layers: Layers) -> Result<usize, Box<dyn std::error::Error + Send + Sync>> {
        let made = self.rules.reread(self.city.clock().now(), layers).await?;
        Ok(made.diff.len())
    }

    /// Empties the server: nobody new comes in, and drivers without a trip are sent elsewhere one by one within the window.
    /// Returns when no driver's socket is left, or after the window.
    pub async fn drain(&self, window: Duration) {
        let drivers = &self.app.metrics.driver_sockets.open;
        if drivers.get() == 0 {
            return;
        }
        info!(drivers = drivers.get(), window_ms = crate::wire::millis(window), "the server is drained");
        self.app.drain(Drain::over(window));
        let ends = tokio::time::Instant::now() + window;
        while drivers.get() > 0 && tokio::time::Instant::now() < ends {
            tokio::time::sleep(LOOKS_EVERY.min(window)).await;
        }
    }

    /// Stops: `/readyz` says so, nobody new comes in, requests under way are answered, sockets are told to come again
    /// and closed, the city settles what it began, the store is closed.
    pub async fn stop(mut self) {
        self.app.phase.send_replace(Phase::Stopping);
        info!("stopping");
        // Half a second more than a request may take: each of them is answered or timed out by then.
        let patience = self.app.limits.request_timeout + Duration::from_millis(500);
        if timeout(patience, &mut self.listening).await.is_err() {
            warn!("some connections did not end in time");
            self.listening.abort();
        }
        if let Some(Sockets { held, mut all_gone }) = self.sockets.take() {
            drop(held);
            if timeout(SOCKETS_LEAVE_WITHIN, all_gone.recv()).await.is_err() {
                warn!("some sockets did not end in time");
            }
        }
        self.follows.abort();
        self.city.stop().await;
        // Nothing more is written: what is in the journal now is all there is to tell.
        self.events.stop().await;
        self.beat.stop().await;
        close(self.own_store.take()).await;
        for chore in &self.chores {
            chore.abort();
        }
        info!("stopped");
    }
}
