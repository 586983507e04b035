//! Events to somebody's HTTP server.
//!
//! Lives here: what is posted, what counts as taken, how often it is tried, and what happens then.
//! Stays out: in which order ([`super::window`]), how it is signed ([`super::signature`]).
//! Touch with care: a letter is buried before the cursor passes it. The other way round a crash would lose it.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actors::Clock;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use axum::http::{Request, Response, StatusCode};
use dispatch::TripId;
use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use http_body_util::{BodyExt, Full, Limited};
use persistence::{DeadLetter, LetterId, StoreError};
use tokio::time::timeout;
use tracing::{error, info, warn};

use super::backoff::Backoff;
use super::envelope::Envelope;
use super::outlet::{Line, Outlet, Trouble};
use super::signature::{HEADER, sign};
use super::window::Window;
use crate::auth::Secret;
use crate::config::{EventSettings, Webhook};
use crate::http::{Bytes, Client, ClientError as Error};
use crate::trace::TraceParent;

/// How much of an answer is read, so that the connection can be used again. Nobody looks at it.
const ANSWER_BYTES_MAX: usize = 64 * 1_024;

/// How much of a reason is kept.
const REASON_CHARS_MAX: usize = 200;

/// How often it is asked whether a dead letter is to be tried again.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How events are posted, to whomever.
#[derive(Clone, Debug)]
pub(super) struct Manner {
    pub(super) secrets: Vec<Secret>,
    pub(super) in_flight: usize,
    pub(super) timeout: Duration,
    pub(super) attempts: u32,
    pub(super) backoff: Backoff,
}

impl Manner {
    pub(super) fn of(settings: &EventSettings) -> Manner {
        Manner {
            secrets: settings.webhook_secret.iter().chain(&settings.webhook_secret_old).cloned().collect(),
            in_flight: settings.webhook_in_flight,
            timeout: settings.webhook_timeout,
            attempts: settings.webhook_attempts,
            backoff: Backoff { first: settings.webhook_retry_first, max: settings.webhook_retry_max },
        }
    }
}

/// One receiver.
pub(super) struct Receiver {
    pub(super) outlet: Arc<Outlet>,
    pub(super) url: String,
    pub(super) manner: Manner,
    pub(super) client: Client,
    /// For the moment a letter dies.
    pub(super) clock: Clock,
}

/// Why an attempt failed.
struct Failed {
    reason: String,
    /// The receiver wants nothing more from us.
    gone: bool,
    /// It says when to come back.
    retry_after: Option<Duration>,
}

impl Failed {
    fn because(reason: impl Into<String>) -> Failed {
        let reason: String = reason.into();
        Failed { reason: reason.chars().take(REASON_CHARS_MAX).collect(), gone: false, retry_after: None }
    }
}

impl Receiver {
    pub(super) fn new(outlet: Arc<Outlet>, to: &Webhook, manner: Manner, client: Client, clock: Clock) -> Receiver {
        Receiver { outlet, url: to.url.address().to_owned(), manner, client, clock }
    }

    /// Works until the server stops.
    pub(super) async fn run(self) {
        let again = self.try_again_what_is_due();
        tokio::pin!(again);
        let telling = self.tell();
        tokio::pin!(telling);
        tokio::select! {
            ended = &mut telling => {
                if let Err(trouble @ (Trouble::Store(_) | Trouble::Outside(_))) = ended {
                    error!(outlet = %self.outlet.name, error = &trouble as &dyn std::error::Error, "an outlet has ended");
                }
            }
            () = &mut again => {}
        }
    }

    /// Tells every line once it comes, some at the same time.
    async fn tell(&self) -> Result<(), Trouble> {
        let outlet = &self.outlet;
        let cursor = outlet.insist(|store| store.cursor(&outlet.name)).await?;
        outlet.reached(cursor);
        let mut lines = outlet.lines_after(cursor);
        let mut window: Window<TripId, Line> = Window::new(self.manner.in_flight);
        let mut flying = FuturesUnordered::new();
        let (mut more, mut stopping) = (true, false);
        while more || !flying.is_empty() {
            while !stopping && let Some((_, line)) = window.leave() {
                flying.push(self.deliver(line));
            }
            tokio::select! {
                line = lines.recv(), if more && window.has_room() => match line {
                    Some(line) => window.push(line.0, line.1.trip, line),
                    None => more = false,
                },
                Some(first) = flying.next(), if !flying.is_empty() => {
                    let mut cursor = None;
                    let mut next = Some(first);
                    // Whatever else has arrived by now shares the write.
                    while let Some(arrived) = next {
                        match arrived {
                            Ok(line) => cursor = window.arrived(line).or(cursor),
                            // The others may still arrive.
                            Err(_) => (more, stopping) = (false, true),
                        }
                        next = flying.next().now_or_never().flatten();
                    }
                    if let Some(line) = cursor
                        && self.advance(line).await.is_err()
                    {
                        (more, stopping) = (false, true);
                    }
                }
            }
        }
        Ok(())
    }

    /// Moves the cursor. If the store does not let it, the next line will; until then a crash repeats a little more.
    ///
    /// # Errors
    /// [`Trouble::Stopping`] when another process tells events by now.
    async fn advance(&self, line: u64) -> Result<(), Trouble> {
        self.outlet.reached(line);
        match self.outlet.advance(line).await {
            Ok(_) => Ok(()),
            Err(StoreError::NotHeld) => Err(Trouble::Stopping),
            Err(error) => {
                warn!(outlet = %self.outlet.name, error = &error as &dyn std::error::Error, "a cursor was not moved");
                Ok(())
            }
        }
    }

    /// Tells a line until it is taken or given up, and says which line that was.
    async fn deliver(&self, (line, entry): Line) -> Result<u64, Trouble> {
        let event = self.outlet.telling.tell(line, &entry);
        let mut attempts = 0;
        loop {
            attempts += 1;
            let failed = match self.attempt(&event, attempts).await {
                Ok(()) => {
                    self.outlet.is_up();
                    self.outlet.counted.delivered.inc();
                    return Ok(line);
                }
                Err(failed) => failed,
            };
            self.outlet.counted.failed.inc();
            self.outlet.counted.up.set(0);
            if attempts == 1 {
                warn!(outlet = %self.outlet.name, event = %event.id, reason = %failed.reason, "an event was not taken");
            }
            if failed.gone {
                // Nothing is lost by waiting; each event that was tried now would only be dead.
                attempts -= 1;
                self.outlet.pause(self.manner.backoff.wait(u32::MAX, &(&self.url, line))).await?;
                continue;
            }
            if attempts >= self.manner.attempts {
                self.bury(line, &event, attempts, failed.reason).await?;
                return Ok(line);
            }
            let wait = self.manner.backoff.wait(attempts, &(&self.url, line));
            let asked = failed.retry_after.unwrap_or_default().min(self.manner.backoff.max);
            self.outlet.pause(wait.max(asked)).await?;
        }
    }

    /// Gives an event up.
    async fn bury(&self, line: u64, event: &Envelope, attempts: u32, reason: String) -> Result<(), Trouble> {
        error!(outlet = %self.outlet.name, event = %event.id, attempts, reason, "an event is a dead letter");
        let id = LetterId { outlet: self.outlet.name.clone(), line };
        let letter = DeadLetter { id, event: event.id.clone(), attempts, reason, at: self.clock.now(), due: false };
        self.outlet.insist(|store| store.bury(letter.clone())).await?;
        self.outlet.counted.dead.inc();
        Ok(())
    }

    /// Posts an event once.
    async fn attempt(&self, event: &Envelope, attempt: u32) -> Result<(), Failed> {
        let request = self.request(event, attempt).map_err(|error| Failed::because(error.to_string()))?;
        let late = |_| Failed::because(format!("no answer within {} s", self.manner.timeout.as_secs_f64()));
        let response = timeout(self.manner.timeout, self.client.send(request)).await.map_err(late)?;
        let response = response.map_err(|error| Failed::because(whole_reason(&error)))?;
        let verdict = verdict(&response);
        // Read to its end, so that the connection is free; one that does not end is not waited for.
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect();
        let _ = timeout(self.manner.timeout, body).await;
        verdict
    }

    fn request(&self, event: &Envelope, attempt: u32) -> Result<Request<Full<Bytes>>, axum::http::Error> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Request::post(&self.url)
            .header(CONTENT_TYPE, "application/cloudevents+json; charset=utf-8")
            .header(USER_AGENT, concat!("hansom/", env!("CARGO_PKG_VERSION")))
            .header("hansom-event-id", &event.id)
            .header("hansom-attempt", attempt)
            .header("traceparent", TraceParent::of_event(&event.id).passed_on())
            .header(HEADER, sign(self.manner.secrets.iter(), now, event.json.as_bytes()))
            .body(Full::new(Bytes::copy_from_slice(event.json.as_bytes())))
    }

    /// Tries dead letters again when somebody has said so, each once. Never ends but with the server.
    async fn try_again_what_is_due(&self) {
        while self.outlet.pause(LOOK_EVERY).await.is_ok() {
            while let Ok(Some(letter)) = self.outlet.store.due_letter(&self.outlet.name).await {
                if self.try_again(letter).await.is_err() {
                    break;
                }
            }
        }
        // What is under way meanwhile is waited for by the other half.
        std::future::pending().await
    }

    async fn try_again(&self, letter: DeadLetter) -> Result<(), Trouble> {
        let found = self.outlet.store.read(letter.id.line - 1, 1).await?;
        let attempts = letter.attempts.saturating_add(1);
        let tried = match found.into_iter().find(|(line, _)| *line == letter.id.line) {
            Some((line, entry)) => self.attempt(&self.outlet.telling.tell(line, &entry), attempts).await,
            None => Err(Failed::because("its line is no longer in the journal")),
        };
        match tried {
            Ok(()) => {
                info!(outlet = %self.outlet.name, event = %letter.event, "a dead letter was taken after all");
                self.outlet.counted.delivered.inc();
                self.outlet.store.unbury(letter.id).await?;
            }
            Err(Failed { reason, .. }) => {
                self.outlet.counted.failed.inc();
                let again = DeadLetter { attempts, reason, at: self.clock.now(), due: false, ..letter };
                self.outlet.store.bury(again).await?;
            }
        }
        Ok(())
    }
}

/// Whether an answer says that the event was taken. A redirection does not: to follow one is to tell somebody whom nobody
/// has named.
fn verdict(response: &Response<Body>) -> Result<(), Failed> {
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let text = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = text.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
    Err(Failed { gone: status == StatusCode::GONE, retry_after, ..Failed::because(format!("answered {status}")) })
}

/// An error of the client's with its causes; the address, which may be a secret, is not in it.
fn whole_reason(error: &Error) -> String {
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        reason = format!("{reason}: {error}");
        cause = error.source();
    }
    reason
}
