//! One column of a row, read without trust: what cannot be read is named.

use std::fmt::Display;

use crate::StoreError;

/// How much of an unreadable value is shown.
const SHOWN_MAX: usize = 80;

/// A value that is not of the type it should be.
#[derive(Debug)]
pub(crate) struct OtherType;

/// A row of a query's result, whichever database it came from.
pub(crate) trait RawRow {
    /// A whole number, `None` for NULL.
    fn whole(&self, column: &str) -> Result<Option<i64>, OtherType>;

    /// A number, `None` for NULL.
    fn real(&self, column: &str) -> Result<Option<f64>, OtherType>;

    /// A text, `None` for NULL.
    fn text(&self, column: &str) -> Result<Option<&str>, OtherType>;

    /// What the column holds, for a person to read, whatever its type.
    fn shown(&self, column: &str) -> String;
}

/// How every row of sqlx's reads its columns: the three questions that are the same whichever database it came from.
macro_rules! columns_by_name {
    () => {
        fn whole(&self, column: &str) -> Result<Option<i64>, $crate::rows::OtherType> {
            self.try_get(column).map_err(|_| $crate::rows::OtherType)
        }

        fn real(&self, column: &str) -> Result<Option<f64>, $crate::rows::OtherType> {
            self.try_get(column).map_err(|_| $crate::rows::OtherType)
        }

        fn text(&self, column: &str) -> Result<Option<&str>, $crate::rows::OtherType> {
            self.try_get(column).map_err(|_| $crate::rows::OtherType)
        }
    };
}
pub(crate) use columns_by_name;

/// What a column can be read as.
pub(crate) trait Stored<'r>: Sized {
    /// The value, `None` for NULL.
    fn take(row: &'r dyn RawRow, column: &str) -> Result<Option<Self>, OtherType>;
}

impl<'r> Stored<'r> for i64 {
    fn take(row: &'r dyn RawRow, column: &str) -> Result<Option<i64>, OtherType> {
        row.whole(column)
    }
}

impl<'r> Stored<'r> for f64 {
    fn take(row: &'r dyn RawRow, column: &str) -> Result<Option<f64>, OtherType> {
        row.real(column)
    }
}

impl<'r> Stored<'r> for &'r str {
    fn take(row: &'r dyn RawRow, column: &str) -> Result<Option<&'r str>, OtherType> {
        row.text(column)
    }
}

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
    pub(super) fn read<'r, S: Stored<'r>, T>(
        self,
        row: &'r dyn RawRow,
        meaning: impl FnOnce(S) -> Option<T>,
    ) -> Result<T, StoreError> {
        self.read_optional(row, meaning)?.ok_or_else(|| self.corrupt("NULL"))
    }

    /// As [`Column::read`], for a column that may be NULL.
    ///
    /// # Errors
    /// As [`Column::read`], but for NULL.
    pub(super) fn read_optional<'r, S: Stored<'r>, T>(
        self,
        row: &'r dyn RawRow,
        meaning: impl FnOnce(S) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        let stored = S::take(row, self.alias).map_err(|OtherType| self.corrupt(row.shown(self.alias)))?;
        match stored.map(meaning) {
            None => Ok(None),
            Some(Some(value)) => Ok(Some(value)),
            Some(None) => Err(self.corrupt(row.shown(self.alias))),
        }
    }

    /// The error that names this column and what it holds.
    pub(super) fn corrupt(self, value: impl Display) -> StoreError {
        let value = value.to_string().chars().take(SHOWN_MAX).collect();
        StoreError::Corrupt { table: self.table, column: self.column, value, allowed: self.allowed }
    }
}
