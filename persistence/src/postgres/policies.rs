//! Changes of the policy in Postgres.

use super::PostgresStore;
use crate::rows::{self, moment_number, number};
use crate::{BoxFuture, Policies, PolicyRevision, StoreError};

const BEFORE: &str = "SELECT revision, at, changed_by, reason, diff::text AS diff, overrides::text AS overrides \
     FROM policy_revision WHERE revision < $1 ORDER BY revision DESC LIMIT $2";

/// Only as the next of the latest. Of two at the same moment the key lets one through.
const CHANGE: &str = "INSERT INTO policy_revision (revision, at, changed_by, reason, diff, overrides) \
     SELECT $1, $2, $3, $4, $5::json, $6::json \
     WHERE $1 = (SELECT coalesce(max(revision), 0) + 1 FROM policy_revision) ON CONFLICT DO NOTHING";

impl Policies for PostgresStore {
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
        let (diff, overrides) = rows::policy_columns(&next);
        let question = sqlx::query(CHANGE)
            .bind(number(next.revision))
            .bind(moment_number(next.at))
            .bind(next.by)
            .bind(next.reason)
            .bind(diff)
            .bind(overrides);
        Box::pin(async { Ok(self.reader.change(question).await? == 1) })
    }
}
