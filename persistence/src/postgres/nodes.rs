//! The processes on one Postgres: beats, and the lease of whoever tells events. One statement for each answer and each
//! change.
//!
//! Touch with care: all times are of the server's clock, and none of them decides who is right: a cursor is moved by a
//! statement that locks the lease at the epoch it was taken under (see [`super::outbox`]).

use std::time::Duration;

use dispatch::Epoch;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::{PostgresStore, refused};
use crate::{BoxFuture, DEAD_AFTER, Node, Nodes, StoreError};

/// What the one who tells events holds.
pub(super) const EVENTS: &str = "events";

/// Who is long gone is forgotten on the way.
const BEAT: &str = "WITH gone AS (DELETE FROM node WHERE beaten_at < clock_timestamp() - interval '1 hour') \
     INSERT INTO node AS n (incarnation, name, beat, beaten_at) VALUES ($1, $2, 1, clock_timestamp()) \
     ON CONFLICT (incarnation) DO UPDATE SET beat = n.beat + 1, beaten_at = clock_timestamp()";

const LEAVE: &str = "DELETE FROM node WHERE incarnation = $1";

const NODES: &str = "SELECT incarnation, name, beat, \
        greatest(0, extract(epoch FROM clock_timestamp() - beaten_at) * 1000)::bigint AS silent_ms, \
        EXISTS (SELECT 1 FROM lease WHERE lease.name = $1 AND lease.holder = node.incarnation) AS tells \
     FROM node WHERE beaten_at >= clock_timestamp() - interval '1 hour' ORDER BY incarnation";

/// Changes nothing when it is held already.
const HELD: &str = "SELECT epoch FROM lease WHERE name = $1 AND holder = $2";

/// Of two who take it at once the second waits for the first, and finds it held.
const TAKE: &str = "INSERT INTO lease AS l (name, holder, epoch) VALUES ($1, $2, 1) \
     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, epoch = l.epoch + 1 \
     WHERE l.holder <> excluded.holder AND NOT EXISTS (SELECT 1 FROM node WHERE incarnation = l.holder \
        AND beaten_at > clock_timestamp() - make_interval(secs => $3)) \
     RETURNING epoch";

impl PostgresStore {
    async fn all_nodes(&self) -> Result<Vec<Node>, StoreError> {
        let found = self.reader.rows(sqlx::query(NODES).bind(EVENTS)).await?;
        found.iter().map(|row| self.node(row).map_err(refused)).collect()
    }

    fn node(&self, row: &PgRow) -> Result<Node, sqlx::Error> {
        let whole = |column: &str| row.try_get::<i64, _>(column).map(i64::cast_unsigned);
        Ok(Node {
            incarnation: whole("incarnation")?,
            name: row.try_get("name")?,
            beats: whole("beat")?,
            silent_for: Duration::from_millis(whole("silent_ms")?),
            tells_events: row.try_get("tells")?,
            is_me: whole("incarnation")? == self.incarnation.cast_unsigned(),
        })
    }

    async fn hold(&self) -> Result<Option<Epoch>, StoreError> {
        let held = sqlx::query(HELD).bind(EVENTS).bind(self.incarnation);
        let row = match self.reader.row(held).await? {
            Some(row) => Some(row),
            None => {
                let take = sqlx::query(TAKE).bind(EVENTS).bind(self.incarnation).bind(DEAD_AFTER.as_secs_f64());
                self.reader.row(take).await?
            }
        };
        let epoch = row.map(|row| row.try_get::<i64, _>("epoch")).transpose().map_err(refused)?;
        Ok(epoch.map(|epoch| Epoch(epoch.cast_unsigned())))
    }
}

impl Nodes for PostgresStore {
    fn beat(&self, name: &str) -> BoxFuture<'_, Result<(), StoreError>> {
        let name = name.to_owned();
        Box::pin(
            async move { self.reader.change(sqlx::query(BEAT).bind(self.incarnation).bind(name)).await.map(|_| ()) },
        )
    }

    fn leave(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { self.reader.change(sqlx::query(LEAVE).bind(self.incarnation)).await.map(|_| ()) })
    }

    fn nodes(&self) -> BoxFuture<'_, Result<Vec<Node>, StoreError>> {
        Box::pin(self.all_nodes())
    }

    fn hold_events(&self) -> BoxFuture<'_, Result<Option<Epoch>, StoreError>> {
        Box::pin(self.hold())
    }
}
