//! Statements over many rows at once: one trip to SQLite's thread costs as much as twenty rows.
//!
//! Values are bound, never written into JSON or text for SQLite to parse: so a position comes back to the last bit.

use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Sqlite};

/// Few sizes, so that few statements are ever prepared. Room that is not used is bound to nothing, which is NULL.
const SIZES: [usize; 4] = [1, 8, 64, CHUNK];

/// The most rows a statement takes.
pub(super) const CHUNK: usize = 256;

/// A statement over many rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Statement {
    /// What comes before the rows.
    pub(super) head: &'static str,
    /// How many values a row has.
    pub(super) width: usize,
    /// What comes after the rows.
    pub(super) tail: &'static str,
}

impl Statement {
    /// The statement with room for at least `rows` rows. Those left empty are NULL in every column: the statement must
    /// ignore them.
    pub(super) fn over(self, rows: usize) -> Query<'static, Sqlite, SqliteArguments> {
        // Built from constants and question marks only.
        sqlx::query(AssertSqlSafe(self.text(rows)))
    }

    /// For how many rows there is room when there must be room for so many.
    pub(super) fn room(rows: usize) -> usize {
        SIZES.into_iter().find(|&size| size >= rows).unwrap_or(rows)
    }

    pub(super) fn text(self, rows: usize) -> String {
        let Statement { head, width, tail } = self;
        let size = Statement::room(rows);
        let row = format!("({})", vec!["?"; width].join(","));
        format!("{head} (VALUES {}) {tail}", vec![row; size].join(","))
    }
}
