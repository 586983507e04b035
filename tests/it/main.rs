//! One binary of promises: stories in virtual time, end-to-end tests on real sockets, house rules.

mod killing;
mod offering;
mod promises;
mod recovering;
mod restarting;
mod riding;
mod server;
mod simulating;
mod story;
mod tidy;
