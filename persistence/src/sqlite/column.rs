//! One column of a row, read without trust: what cannot be read is named.

use std::fmt::Display;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Type};

use crate::StoreError;

/// How much of an unreadable value is shown.
const SHOWN_MAX: usize = 80;

/// A column, as queries name it and as a person looks for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// Its name in the result of a query.
    alias: &'static str,
    table: &'static str,
    column: &'static str,
    allowed: &'static str,
}

impl Column {
    pub(super) const fn new(table: &'static str, column: &'static str, allowed: &'static str) -> Column {
        Column { alias: column, table, column, allowed }
    }

    /// A column that queries give another name, because two tables have one of its own.
    pub(super) const fn alias(self, alias: &'static str) -> Column {
        Column { alias, ..self }
    }

    /// What this column holds, turned into what it stands for; `meaning` says `None` to a value that stands for nothing.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for such a value, for one of another type, and for NULL.
    pub(super) fn read<'r, S, T>(
        self,
        row: &'r SqliteRow,
        meaning: impl FnOnce(S) -> Option<T>,
    ) -> Result<T, StoreError>
    where
        S: sqlx::Decode<'r, Sqlite> + Type<Sqlite>,
    {
        self.read_optional(row, meaning)?.ok_or_else(|| self.corrupt("NULL"))
    }

    /// As [`Column::read`], for a column that may be NULL.
    ///
    /// # Errors
    /// As [`Column::read`], but for NULL.
    pub(super) fn read_optional<'r, S, T>(
        self,
        row: &'r SqliteRow,
        meaning: impl FnOnce(S) -> Option<T>,
    ) -> Result<Option<T>, StoreError>
    where
        S: sqlx::Decode<'r, Sqlite> + Type<Sqlite>,
    {
        let stored = row.try_get::<Option<S>, _>(self.alias).map_err(|_| self.corrupt(self.shown(row)))?;
        match stored.map(meaning) {
            None => Ok(None),
            Some(Some(value)) => Ok(Some(value)),
            Some(None) => Err(self.corrupt(self.shown(row))),
        }
    }

    /// The error that names this column and what it holds.
    pub(super) fn corrupt(self, value: impl Display) -> StoreError {
        let value = value.to_string().chars().take(SHOWN_MAX).collect();
        StoreError::Corrupt { table: self.table, column: self.column, value, allowed: self.allowed }
    }

    /// What the column holds as text, whatever its type.
    fn shown(self, row: &SqliteRow) -> String {
        match row.try_get_unchecked::<Option<String>, _>(self.alias) {
            Ok(Some(text)) => text,
            Ok(None) => "NULL".to_owned(),
            Err(_) => "bytes that are no text".to_owned(),
        }
    }
}
