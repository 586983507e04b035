//! One binary of promises: stories in virtual time, end-to-end tests on real sockets, house rules.

mod offering;
mod promises;
mod recovering;
mod riding;
mod story;
mod tidy;
