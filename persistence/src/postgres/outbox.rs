//! The way out of a store in Postgres: how far each outlet is, and what it would not take. One statement for each answer
//! and for each change.

use dispatch::Epoch;
use sqlx::Row;

use super::nodes::EVENTS;
use super::reader::Reader;
use super::{PostgresStore, refused};
use crate::rows::{self, moment_number, number};
use crate::{BoxFuture, DeadLetter, LetterId, Outbox, StoreError};

/// Every column of a dead letter, for [`rows::read_letter`].
macro_rules! letter_columns {
    () => {
        "SELECT outlet, line, event, attempts, reason, at, due FROM dead_letter "
    };
}

const CURSOR: &str = "SELECT line FROM event_cursor WHERE outlet = $1";

/// Only for whoever holds the right to tell events, in the epoch in which it was taken: the row stays locked until the
/// cursor is moved.
const ADVANCE: &str = "WITH held AS MATERIALIZED (\
        SELECT 1 FROM lease WHERE name = $3 AND epoch = $4 AND holder = $5 FOR SHARE) \
     INSERT INTO event_cursor AS known (outlet, line) SELECT $1, $2 FROM held \
     ON CONFLICT (outlet) DO UPDATE SET line = greatest(known.line, excluded.line) RETURNING line";

const BEHIND: &str = "SELECT count(*) AS lines FROM (SELECT 1 FROM trip_event WHERE line > $1 LIMIT $2) AS later";

const BURY: &str = "INSERT INTO dead_letter (outlet, line, event, attempts, reason, at, due) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (outlet, line) DO UPDATE SET event = excluded.event, \
     attempts = excluded.attempts, reason = excluded.reason, at = excluded.at, due = excluded.due";

const DEAD: &str = concat!(letter_columns!(), "WHERE (outlet, line) > ($1, $2) ORDER BY outlet, line LIMIT $3");

const REDELIVER: &str = "UPDATE dead_letter SET due = 1 WHERE $1::text IS NULL OR (outlet = $1 AND line = $2)";

const DUE: &str = concat!(letter_columns!(), "WHERE outlet = $1 AND due = 1 ORDER BY line LIMIT 1");

const UNBURY: &str = "DELETE FROM dead_letter WHERE outlet = $1 AND line = $2";

impl Reader {
    async fn cursor(&self, outlet: String) -> Result<u64, StoreError> {
        let row = self.row(sqlx::query(CURSOR).bind(outlet)).await?;
        row.map_or(Ok(0), |row| rows::read_cursor(&row))
    }

    async fn advance(&self, outlet: String, line: u64, held: Epoch, by: i64) -> Result<u64, StoreError> {
        let advance = sqlx::query(ADVANCE).bind(outlet).bind(number(line));
        let row = self.row(advance.bind(EVENTS).bind(number(held.0)).bind(by)).await?;
        row.map_or(Err(StoreError::NotHeld), |row| rows::read_cursor(&row))
    }

    async fn behind(&self, line: u64, at_most: u32) -> Result<u64, StoreError> {
        let row = self.row(sqlx::query(BEHIND).bind(number(line)).bind(i64::from(at_most))).await?;
        let lines = row.map(|row| row.try_get::<i64, _>("lines")).transpose().map_err(refused)?;
        Ok(lines.unwrap_or_default().cast_unsigned())
    }

    async fn bury(&self, letter: DeadLetter) -> Result<(), StoreError> {
        let question = sqlx::query(BURY)
            .bind(letter.id.outlet)
            .bind(number(letter.id.line))
            .bind(letter.event)
            .bind(i64::from(letter.attempts))
            .bind(letter.reason)
            .bind(moment_number(letter.at))
            .bind(i64::from(letter.due));
        self.change(question).await.map(|_| ())
    }

    async fn dead_letters(&self, after: Option<LetterId>, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        let LetterId { outlet, line } = after.unwrap_or(LetterId { outlet: String::new(), line: 0 });
        let question = sqlx::query(DEAD).bind(outlet).bind(number(line)).bind(i64::from(limit));
        self.rows(question).await?.iter().map(|row| rows::read_letter(row)).collect()
    }

    async fn redeliver(&self, which: Option<LetterId>) -> Result<u64, StoreError> {
        let (outlet, line) = which.map(|id| (id.outlet, number(id.line))).unzip();
        self.change(sqlx::query(REDELIVER).bind(outlet).bind(line)).await
    }

    async fn due_letter(&self, outlet: String) -> Result<Option<DeadLetter>, StoreError> {
        let row = self.row(sqlx::query(DUE).bind(outlet)).await?;
        row.as_ref().map(|row| rows::read_letter(row)).transpose()
    }

    async fn unbury(&self, id: LetterId) -> Result<(), StoreError> {
        self.change(sqlx::query(UNBURY).bind(id.outlet).bind(number(id.line))).await.map(|_| ())
    }
}

impl Outbox for PostgresStore {
    fn cursor(&self, outlet: &str) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.reader.cursor(outlet.to_owned()))
    }

    fn advance(&self, outlet: &str, line: u64, held: Epoch) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.reader.advance(outlet.to_owned(), line, held, self.incarnation))
    }

    fn behind(&self, line: u64, at_most: u32) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.reader.behind(line, at_most))
    }

    fn bury(&self, letter: DeadLetter) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.reader.bury(letter))
    }

    fn dead_letters(&self, after: Option<LetterId>, limit: u32) -> BoxFuture<'_, Result<Vec<DeadLetter>, StoreError>> {
        Box::pin(self.reader.dead_letters(after, limit))
    }

    fn redeliver(&self, which: Option<LetterId>) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.reader.redeliver(which))
    }

    fn due_letter(&self, outlet: &str) -> BoxFuture<'_, Result<Option<DeadLetter>, StoreError>> {
        Box::pin(self.reader.due_letter(outlet.to_owned()))
    }

    fn unbury(&self, id: LetterId) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.reader.unbury(id))
    }
}
