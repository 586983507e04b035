//! The way out of a store in SQLite: how far each outlet is, and what it would not take.

use dispatch::Epoch;
use sqlx::{Row, SqliteConnection};

use super::SqliteStore;
use super::reader::Reader;
use super::writer::Job;
use crate::rows::{self, moment_number, number};
use crate::{BoxFuture, DeadLetter, LetterId, Nodes, Outbox, StoreError};

/// Every column of a dead letter, for [`rows::read_letter`].
macro_rules! letter_columns {
    () => {
        "SELECT outlet, line, event, attempts, reason, at, due FROM dead_letter "
    };
}

pub(super) const CURSOR: &str = "SELECT line FROM event_cursor WHERE outlet = ?";

pub(super) const BEHIND: &str = "SELECT count(*) AS lines FROM (SELECT 1 FROM trip_event WHERE line > ? LIMIT ?)";

pub(super) const DEAD: &str = concat!(letter_columns!(), "WHERE (outlet, line) > (?, ?) ORDER BY outlet, line LIMIT ?");

pub(super) const DUE: &str = concat!(letter_columns!(), "WHERE outlet = ? AND due = 1 ORDER BY line LIMIT 1");

/// A change of what is kept of the way out.
pub(super) enum Change {
    Advance(String, u64),
    Bury(DeadLetter),
    Redeliver(Option<LetterId>),
    Unbury(LetterId),
}

/// Makes a change inside a transaction. Says how far the outlet is, or how many rows there were to change.
pub(super) async fn change(connection: &mut SqliteConnection, change: Change) -> Result<u64, sqlx::Error> {
    const ADVANCE: &str = "INSERT INTO event_cursor (outlet, line) VALUES (?, ?) \
         ON CONFLICT (outlet) DO UPDATE SET line = max(line, excluded.line) RETURNING line";
    const BURY: &str = "INSERT OR REPLACE INTO dead_letter (outlet, line, event, attempts, reason, at, due) \
         VALUES (?, ?, ?, ?, ?, ?, ?)";
    const REDELIVER: &str = "UPDATE dead_letter SET due = 1 WHERE outlet = ? AND line = ?";
    const REDELIVER_ALL: &str = "UPDATE dead_letter SET due = 1";
    const UNBURY: &str = "DELETE FROM dead_letter WHERE outlet = ? AND line = ?";
    let query = match change {
        Change::Advance(outlet, line) => {
            let row = sqlx::query(ADVANCE).bind(outlet).bind(number(line)).fetch_one(connection).await?;
            return Ok(row.try_get::<i64, _>("line")?.cast_unsigned());
        }
        Change::Bury(letter) => sqlx::query(BURY)
            .bind(letter.id.outlet)
            .bind(number(letter.id.line))
            .bind(letter.event)
            .bind(i64::from(letter.attempts))
            .bind(letter.reason)
            .bind(moment_number(letter.at))
            .bind(i64::from(letter.due)),
        Change::Redeliver(None) => sqlx::query(REDELIVER_ALL),
        Change::Redeliver(Some(id)) => sqlx::query(REDELIVER).bind(id.outlet).bind(number(id.line)),
        Change::Unbury(id) => sqlx::query(UNBURY).bind(id.outlet).bind(number(id.line)),
    };
    Ok(query.execute(connection).await?.rows_affected())
}

impl Reader {
    async fn cursor(&self, outlet: String) -> Result<u64, StoreError> {
        let row = self.row(sqlx::query(CURSOR).bind(outlet)).await?;
        row.map_or(Ok(0), |row| rows::read_cursor(&row))
    }

    async fn behind(&self, line: u64, at_most: u32) -> Result<u64, StoreError> {
        let row = self.row(sqlx::query(BEHIND).bind(number(line)).bind(i64::from(at_most))).await?;
        let lines = row.map(|row| row.try_get::<i64, _>("lines")).transpose().map_err(|failed| self.refused(failed))?;
        Ok(lines.unwrap_or_default().cast_unsigned())
    }

    async fn dead_letters(&self, after: Option<LetterId>, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        let LetterId { outlet, line } = after.unwrap_or(LetterId { outlet: String::new(), line: 0 });
        let question = sqlx::query(DEAD).bind(outlet).bind(number(line)).bind(i64::from(limit));
        self.rows(question).await?.iter().map(|row| rows::read_letter(row)).collect()
    }

    async fn due_letter(&self, outlet: String) -> Result<Option<DeadLetter>, StoreError> {
        let row = self.row(sqlx::query(DUE).bind(outlet)).await?;
        row.as_ref().map(|row| rows::read_letter(row)).transpose()
    }
}

impl SqliteStore {
    async fn change(&self, change: Change) -> Result<u64, StoreError> {
        self.ask(move |reply| Job::Outbox(change, reply)).await
    }
}

/// The directory's lock keeps every other process out.
impl Nodes for SqliteStore {}

impl Outbox for SqliteStore {
    fn cursor(&self, outlet: &str) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.reader.cursor(outlet.to_owned()))
    }

    fn advance(&self, outlet: &str, line: u64, _held: Epoch) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.change(Change::Advance(outlet.to_owned(), line)))
    }

    fn behind(&self, line: u64, at_most: u32) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.reader.behind(line, at_most))
    }

    fn bury(&self, letter: DeadLetter) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.change(Change::Bury(letter)).await.map(|_| ()) })
    }

    fn dead_letters(&self, after: Option<LetterId>, limit: u32) -> BoxFuture<'_, Result<Vec<DeadLetter>, StoreError>> {
        Box::pin(self.reader.dead_letters(after, limit))
    }

    fn redeliver(&self, which: Option<LetterId>) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.change(Change::Redeliver(which)))
    }

    fn due_letter(&self, outlet: &str) -> BoxFuture<'_, Result<Option<DeadLetter>, StoreError>> {
        Box::pin(self.reader.due_letter(outlet.to_owned()))
    }

    fn unbury(&self, id: LetterId) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.change(Change::Unbury(id)).await.map(|_| ()) })
    }
}
