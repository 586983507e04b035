//! One binary of promises: stories in virtual time, end-to-end tests on real sockets, house rules.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may panic, and prints what it takes to see it again"
)]

mod backing;
mod booking;
mod browser;
mod calling_off;
mod caps;
mod chaos;
mod coming;
mod comparing;
mod exploring;
mod forward;
mod hints;
mod importing;
mod killing;
mod loading;
mod model;
mod offering;
#[path = "../../persistence/tests/it/server.rs"]
#[expect(dead_code, reason = "a database that has the schema is for the tests of the store")]
mod postgres;
mod promises;
mod recovering;
#[path = "../../persistence/tests/it/redis.rs"]
mod redis_server;
mod rerouting;
mod restarting;
mod riding;
mod riding_along;
mod roaming;
mod server;
mod sharing;
mod simulating;
mod storm;
mod story;
mod tidy;
mod timing;
mod vehicles;
mod waves;
