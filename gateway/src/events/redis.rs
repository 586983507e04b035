//! Events into a stream of Redis.
//!
//! Lives here: the connection, the script that appends, and whose stream it is.
//! Stays out: reading the journal ([`super::outlet`]), what an event looks like ([`super::envelope`]).
//! Touch with care: the stream is its own cursor. An entry's id is the line of the journal, Redis takes no id that is not
//! greater than the last, and remembers the last one even of a stream whose entries were trimmed. So a repeated write is
//! refused by Redis itself, and a Redis that has lost its newest entries, in a fail-over or a crash, is given them again.
//! The last id is asked and the entries are added in one script: a stream that was wiped in between must not begin in the
//! middle, because what is before its first entry could never be added any more.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError};
use tracing::warn;

use super::envelope::event_id;
use super::outlet::{Line, Outlet, Trouble, take};
use crate::config::{EventSettings, RedisUrl};

/// How long Redis may take for anything before the connection is given up.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// Adds entries to the stream `KEYS[1]` if its last id is `ARGV[1]`, keeping about `ARGV[2]` of them (0: all), and says
/// what the last id is then. The entries are triples: id, name of the event, event.
const APPEND: &str = "\
    local last = '0-0' \
    if redis.call('EXISTS', KEYS[1]) == 1 then \
        local info = redis.call('XINFO', 'STREAM', KEYS[1]) \
        for i = 1, #info, 2 do if info[i] == 'last-generated-id' then last = info[i + 1] end end \
    end \
    if last ~= ARGV[1] then return last end \
    for i = 3, #ARGV, 3 do \
        if ARGV[2] == '0' then \
            last = redis.call('XADD', KEYS[1], ARGV[i], 'id', ARGV[i + 1], 'event', ARGV[i + 2]) \
        else \
            last = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], ARGV[i], 'id', ARGV[i + 1], 'event', ARGV[i + 2]) \
        end \
    end \
    return last";

/// The newest entry: its id, then names and values by turns.
type Newest = Vec<(String, Vec<String>)>;

/// A stream that takes events.
pub(super) struct RedisStream {
    outlet: Arc<Outlet>,
    client: Client,
    key: String,
    length_max: u64,
}

impl RedisStream {
    /// Prepares to tell the stream; connects to nothing yet.
    ///
    /// # Errors
    /// When the address is none.
    pub(super) fn new(
        outlet: Arc<Outlet>,
        address: &RedisUrl,
        settings: &EventSettings,
    ) -> Result<RedisStream, RedisError> {
        let client = Client::open(address.address())?;
        Ok(RedisStream { outlet, client, key: settings.redis_stream.clone(), length_max: settings.redis_length_max })
    }

    /// Works until the server stops.
    pub(super) async fn run(self) {
        self.outlet.keep_at(|| Box::pin(self.tell())).await;
    }

    /// Connects and tells everything that is new, until the server stops or something goes wrong.
    async fn tell(&self) -> Result<(), Trouble> {
        let patience = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(ANSWERS_WITHIN))
            .set_response_timeout(Some(ANSWERS_WITHIN));
        let connecting = self.client.get_multiplexed_async_connection_with_config(&patience);
        let mut connection = connecting.await.map_err(outside)?;
        loop {
            let last = self.append(&mut connection, "", &[]).await?;
            let line = self.own_line(&mut connection, &last).await?;
            self.outlet.reached(line);
            self.outlet.is_up();
            if !self.append_from(&mut connection, line).await? {
                return Ok(());
            }
        }
    }

    /// Appends what comes after a line. False when there is no more, true when somebody else has moved the stream.
    async fn append_from(&self, connection: &mut MultiplexedConnection, mut line: u64) -> Result<bool, Trouble> {
        let mut lines = self.outlet.lines_after(line);
        while let Some(batch) = take(&mut lines).await {
            let Some((newest, _)) = batch.last() else { continue };
            let last = self.append(connection, &entry_id(line), &batch).await?;
            if last != entry_id(*newest) {
                warn!(outlet = %self.outlet.name, found = %last, "the stream has changed meanwhile");
                return Ok(true);
            }
            line = *newest;
            self.outlet.reached(line);
            self.outlet.counted.delivered.inc_by(batch.len() as u64);
        }
        Ok(false)
    }

    /// Runs the script: with no entries it only asks for the last id.
    async fn append(
        &self,
        connection: &mut MultiplexedConnection,
        after: &str,
        batch: &[Line],
    ) -> Result<String, Trouble> {
        let mut script = redis::cmd("EVAL");
        script.arg(APPEND).arg(1).arg(&self.key).arg(after).arg(self.length_max);
        for (line, entry) in batch {
            let told = self.outlet.telling.tell(*line, entry);
            script.arg(entry_id(*line)).arg(told.id).arg(told.json);
        }
        script.query_async(connection).await.map_err(outside)
    }

    /// The line that the stream ends with, which must be one of this journal.
    async fn own_line(&self, connection: &mut MultiplexedConnection, last: &str) -> Result<u64, Trouble> {
        let foreign = |found: &str| {
            let key = &self.key;
            Trouble::Outside(format!(
                "the stream {key} ends with {found}, which this journal did not write: name another"
            ))
        };
        let line = match last.split_once('-').map(|(line, rest)| (line.parse::<u64>(), rest)) {
            Some((Ok(line), "0")) => line,
            _ => return Err(foreign(last)),
        };
        if line == 0 {
            return Ok(0);
        }
        let mut ask = redis::cmd("XREVRANGE");
        ask.arg(&self.key).arg("+").arg("-").arg("COUNT").arg(1);
        let newest: Newest = ask.query_async(connection).await.map_err(outside)?;
        let here = self.outlet.insist(|store| store.read(line - 1, 1)).await?;
        let here = here.first().filter(|(found, _)| *found == line).ok_or_else(|| foreign(last))?;
        // A stream whose entries were all trimmed has none left to compare.
        let Some((_, fields)) = newest.first() else { return Ok(line) };
        let named = fields.chunks_exact(2).find(|pair| pair[0] == "id").map(|pair| pair[1].as_str());
        if named == Some(event_id(&here.1).as_str()) { Ok(line) } else { Err(foreign(named.unwrap_or(last))) }
    }
}

/// The id of a line's entry.
fn entry_id(line: u64) -> String {
    format!("{line}-0")
}

/// What Redis, or the way to it, says. Its errors name no password.
fn outside(error: RedisError) -> Trouble {
    Trouble::Outside(format!("redis: {error}"))
}
