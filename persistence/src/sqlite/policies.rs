//! Changes of the policy in SQLite.

use std::path::Path;
use std::sync::Arc;

use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::writer::Job;
use super::{SqliteStore, refused, schema};
use crate::rows::{self, moment_number, number};
use crate::{BoxFuture, Policies, PolicyRevision, StoreError};

pub(super) const BEFORE: &str = "SELECT revision, at, changed_by, reason, diff, overrides FROM policy_revision \
     WHERE revision < ? ORDER BY revision DESC LIMIT ?";

/// Only as the next of the latest.
const CHANGE: &str = "INSERT INTO policy_revision (revision, at, changed_by, reason, diff, overrides) \
     SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ?1 = (SELECT coalesce(max(revision), 0) + 1 FROM policy_revision)";

/// Keeps a change inside a transaction, if it is the next. Says how many rows were written.
pub(super) async fn change(connection: &mut SqliteConnection, next: PolicyRevision) -> Result<u64, sqlx::Error> {
    let (diff, overrides) = rows::policy_columns(&next);
    let query = sqlx::query(CHANGE)
        .bind(number(next.revision))
        .bind(moment_number(next.at))
        .bind(next.by)
        .bind(next.reason)
        .bind(diff)
        .bind(overrides);
    Ok(query.execute(connection).await?.rows_affected())
}

impl SqliteStore {
    /// The latest change of the policy in the store in `directory`. A server may be at work on the store, and goes on.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn stored_policy(directory: &Path) -> Result<Option<PolicyRevision>, StoreError> {
        let database = directory.join("hansom.sqlite");
        if !database.exists() {
            return Ok(None);
        }
        let failed = |why: sqlx::Error| refused(&database, Arc::new(why));
        let mut connection = schema::reading(&database).connect().await.map_err(failed)?;
        let question = sqlx::query(BEFORE).bind(i64::MAX).bind(1_i64);
        let row = question.fetch_optional(&mut connection).await.map_err(failed)?;
        connection.close().await.map_err(failed)?;
        row.as_ref().map(|row| rows::read_policy_revision(row)).transpose()
    }
}

impl Policies for SqliteStore {
    fn policy_latest(&self) -> BoxFuture<'_, Result<Option<PolicyRevision>, StoreError>> {
        Box::pin(async { Ok(self.policy_history(None, 1).await?.pop()) })
    }

    fn policy_history(
        &self,
        before: Option<u64>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<PolicyRevision>, StoreError>> {
        let question = sqlx::query(BEFORE).bind(number(before.unwrap_or(u64::MAX))).bind(i64::from(limit));
        Box::pin(async {
            self.reader.rows(question).await?.iter().map(|row| rows::read_policy_revision(row)).collect()
        })
    }

    fn policy_change(&self, next: PolicyRevision) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async { Ok(self.ask(move |reply| Job::Policy(next, reply)).await? == 1) })
    }
}
