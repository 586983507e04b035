//! A row of SQLite's, as the stored form of the domain reads it.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::rows::{RawRow, columns_by_name};

impl RawRow for SqliteRow {
    columns_by_name!();

    fn shown(&self, column: &str) -> String {
        match self.try_get_unchecked::<Option<String>, _>(column) {
            Ok(Some(text)) => text,
            Ok(None) => "NULL".to_owned(),
            Err(_) => "bytes that are no text".to_owned(),
        }
    }
}
