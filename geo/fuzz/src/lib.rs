//! What the fuzz targets do, apart from the fuzzer.
//!
//! Lives here: inputs that are likely to be nasty, and what must hold for each. A target calls one function.
//! Stays out: the index's oracle, which is the one of `geo`'s own tests.
//! Touch with care: a target that only finds fewer panics looks like one that finds none.

#![forbid(unsafe_code)]

pub mod cells;
pub mod index;
pub mod places;
pub mod roads;

// The oracle names these as its own crate's, whichever that is.
use geo::{Cell, Fix, Handle, Near, NearIndex, Point, Resolution, Search, Tags, distance};

#[path = "../../src/index/tests/oracle.rs"]
mod oracle;
