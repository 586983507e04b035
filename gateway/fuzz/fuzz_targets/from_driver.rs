//! Whatever a driver's text frame holds, there is an answer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    gateway::fuzzing::from_driver(bytes);
});
