//! A Redis with streams in it.

use redis::aio::MultiplexedConnection;
use redis::{Client, FromRedisValue};

use super::until;
use crate::redis_server::Redis;

pub(crate) struct RedisServer(Redis);

/// An entry of a stream: its id, then names and values by turns.
pub(crate) type Entry = (String, Vec<String>);

impl RedisServer {
    pub(crate) fn start() -> RedisServer {
        RedisServer(Redis::start())
    }

    /// One that does not run yet.
    pub(crate) fn stopped() -> RedisServer {
        let server = RedisServer::start();
        server.signal("KILL");
        server
    }

    /// Runs it again, empty.
    pub(crate) async fn run(&mut self) {
        self.0.restart();
        until("redis-server answers", async || self.connect().await.is_some()).await;
    }

    pub(crate) fn url(&self) -> String {
        self.0.url()
    }

    /// Sends the server a signal: after KILL all it held is gone.
    pub(crate) fn signal(&self, name: &str) {
        self.0.signal(name);
    }

    async fn connect(&self) -> Option<MultiplexedConnection> {
        Client::open(self.url()).unwrap().get_multiplexed_async_connection().await.ok()
    }

    /// Says one command.
    pub(crate) async fn say<T: FromRedisValue>(&self, words: &[&str]) -> T {
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(*word);
        }
        command.query_async(&mut self.connect().await.unwrap()).await.unwrap()
    }

    /// A whole stream.
    pub(crate) async fn entries(&self, stream: &str) -> Vec<Entry> {
        self.say(&["XRANGE", stream, "-", "+"]).await
    }

    pub(crate) async fn length(&self, stream: &str) -> usize {
        self.say(&["XLEN", stream]).await
    }
}
