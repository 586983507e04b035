//! A row of Postgres's, as the stored form of the domain reads it. Queries cast what has another type there.

use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::rows::{OtherType, RawRow};

impl RawRow for PgRow {
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
