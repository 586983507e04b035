//! A row of SQLite's, as the stored form of the domain reads it.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::rows::{OtherType, RawRow};

impl RawRow for SqliteRow {
    fn whole(&self, column: &str) -> Result<Option<i64>, OtherType> {
        self.try_get(column).map_err(|_| OtherType)
    }

    fn real(&self, column: &str) -> Result<Option<f64>, OtherType> {
        self.try_get(column).map_err(|_| OtherType)
    }

    fn text(&self, column: &str) -> Result<Option<&str>, OtherType> {
        self.try_get(column).map_err(|_| OtherType)
    }

    fn shown(&self, column: &str) -> String {
        match self.try_get_unchecked::<Option<String>, _>(column) {
            Ok(Some(text)) => text,
            Ok(None) => "NULL".to_owned(),
            Err(_) => "bytes that are no text".to_owned(),
        }
    }
}
