//! The one connection that writes.
//!
//! Lives here: looking, deciding, writing, and once more from the start when rows have changed in between.
//! Stays out: what a decision is (`rows::known`), the guard (`save`).
//! Touch with care: after any error that is not a refusal the connection is dropped and what it was told to write is
//! unknown: the statement may still be on its way. Whoever claims the shard afterwards waits for it or fences it.

use std::collections::BTreeMap;
use std::time::Duration;

use dispatch::WriteError;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tracing::{error, warn};

use super::look::look;
use super::save::save;
use crate::rows::Changes;
use crate::{BATCH_MAX, Done, Fence, Guarded};

/// How long a batch may take, the way to the server and back included, before its outcome is called unknown.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often a chunk is decided anew when others change its rows. Each time somebody else has got on.
const ATTEMPTS_MAX: usize = 16;

type Outcome = Result<Done, WriteError>;

/// The writing side of a store.
#[derive(Debug)]
pub(super) struct Writer {
    options: PgConnectOptions,
    /// `None` at the start and after an error.
    connection: Option<PgConnection>,
}

/// Why a chunk was not written.
enum Failure {
    /// Rows have changed since they were looked at; nothing was written.
    Changed,
    /// The connection is lost, and with it the knowledge of what became of the chunk.
    Lost(sqlx::Error),
}

impl From<sqlx::Error> for Failure {
    /// Only an answer of the server's that undoes the statement says that nothing was written.
    fn from(failed: sqlx::Error) -> Failure {
        // The guard, a unique index, a deadlock, a serialization failure:
        // https://www.postgresql.org/docs/current/errcodes-appendix.html
        const UNDONE: [&str; 4] = ["HN001", "23505", "40P01", "40001"];
        let code = failed.as_database_error().and_then(|failed| failed.code());
        match code {
            Some(code) if UNDONE.contains(&code.as_ref()) => Failure::Changed,
            _ => Failure::Lost(failed),
        }
    }
}

impl Writer {
    pub(super) fn new(options: PgConnectOptions) -> Writer {
        Writer { options, connection: None }
    }

    /// Does the writes in order. Call it in a task of its own: it must not be dropped half-way.
    pub(super) async fn commit(&mut self, writes: &[Guarded]) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(writes.len());
        let done = tokio::time::timeout(PATIENCE, self.write(writes, &mut outcomes)).await;
        let failed = match done {
            Ok(Ok(())) => return outcomes,
            Ok(Err(failed)) => failed,
            Err(_) => sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()),
        };
        // Dropped, not closed: a server that does not answer would not answer that either.
        self.connection = None;
        let unknown = writes.len() - outcomes.len();
        error!(%failed, unknown, "the store failed in mid-commit: the outcome is unknown");
        outcomes.resize(writes.len(), Err(WriteError::Unknown));
        outcomes
    }

    async fn write(&mut self, writes: &[Guarded], outcomes: &mut Vec<Outcome>) -> Result<(), sqlx::Error> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(self.options.connect().await?),
        };
        let mut attempts = 0;
        while outcomes.len() < writes.len() {
            let rest = &writes[outcomes.len()..];
            match chunk(connection, &rest[..rest.len().min(BATCH_MAX)]).await {
                Ok(done) => {
                    outcomes.extend(done);
                    attempts = 0;
                }
                Err(Failure::Changed) if attempts < ATTEMPTS_MAX => attempts += 1,
                Err(Failure::Changed) => {
                    warn!(writes = rest.len(), "rows changed faster than they could be written: nothing was");
                    outcomes.resize(writes.len(), Err(WriteError::Busy));
                }
                Err(Failure::Lost(failed)) => return Err(failed),
            }
        }
        Ok(())
    }
}

/// Does as many of the writes as go into one statement, at least one.
async fn chunk(connection: &mut PgConnection, writes: &[Guarded]) -> Result<Vec<Outcome>, Failure> {
    let (mut known, seen) = look(connection, writes).await?;
    let mut changes = Changes::default();
    let mut fences = BTreeMap::new();
    let mut outcomes = Vec::with_capacity(writes.len());
    for guarded in writes {
        // Parts of a statement are done in no order: what must come after another write is left for the next.
        if changes.must_be_saved_before(&guarded.write) {
            break;
        }
        let outcome = known.decide(guarded, &mut changes);
        if outcome.is_ok() {
            fences.insert(guarded.fence.shard, guarded.fence);
        }
        outcomes.push(outcome);
    }
    if !changes.is_empty() {
        let fences: Vec<Fence> = fences.into_values().collect();
        save(connection, &changes, &seen, &fences).await?;
    }
    Ok(outcomes)
}
