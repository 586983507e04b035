//! One binary of promises: stories in virtual time, end-to-end tests on real sockets, house rules.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may panic, and prints what it takes to see it again"
)]

mod booking;
mod browser;
mod calling_off;
mod caps;
mod coming;
mod comparing;
mod exploring;
mod forward;
mod importing;
mod killing;
mod model;
mod offering;
mod promises;
mod recovering;
mod restarting;
mod riding;
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
