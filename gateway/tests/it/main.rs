//! The doors, over real sockets.
//!
//! Lives here: what a phone, a rider's app and an operator can do and what they are told, good and bad.
//! Stays out: who gets which ride; the city is only as busy as a door needs it.

#![expect(clippy::unwrap_used, reason = "in a test a panic is how to say no, also in what tests share")]

mod binary;
mod comfort;
mod commands;
mod driver;
mod events;
mod example;
mod frames;
mod http;
mod life;
mod limits;
mod modes;
mod ops;
#[path = "../../../persistence/tests/it/server.rs"]
#[expect(dead_code, reason = "a database that has the schema is for the tests of the store")]
mod postgres;
mod public_keys;
mod quotes;
#[path = "../../../persistence/tests/it/redis.rs"]
mod redis_server;
mod rerouting;
mod ride;
mod sessions;
mod signer;
mod street;
mod tls;
mod together;
mod tokens;
mod why;
