//! A row of Postgres's, as the stored form of the domain reads it. Queries cast what has another type there.

use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::rows::{OtherType, RawRow, columns_by_name};

impl RawRow for PgRow {
    columns_by_name!();

    fn shown(&self, column: &str) -> String {
        if let Ok(whole) = self.whole(column) {
            return whole.map_or("NULL".to_owned(), |whole| whole.to_string());
        }
        if let Ok(real) = self.real(column) {
            return real.map_or("NULL".to_owned(), |real| real.to_string());
        }
        match self.text(column) {
            Ok(Some(text)) => text.to_owned(),
            Ok(None) => "NULL".to_owned(),
            Err(OtherType) => "a value of another type".to_owned(),
        }
    }
}
