//! What if: cities of simulated people on the production cores.
//!
//! Lives here: the city's data and demand, simulated drivers and riders, virtual time, the demo on real sockets,
//! the books that everything is compared with; how fast the parts are beside others (`bench`).
//! Stays out: production clocks; how a trip is dispatched.
//! Touch with care: the same seed must give the same run, to the byte.

pub mod bench;
pub mod booking;
pub mod chaos;
pub mod city;
pub mod command;
pub mod company;
pub mod compare;
pub mod crowd;
pub mod demand;
pub mod demo;
mod explained;
pub mod faults;
pub mod html;
pub mod import;
pub mod learn;
pub mod ledger;
pub mod load;
pub mod measures;
pub mod people;
pub mod report;
pub mod statistics;
pub mod streets;
pub mod tlc;
pub mod virtual_city;
pub mod world;
