//! Whatever a phone says it has heard, it is a cursor or none.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    gateway::fuzzing::cursor(bytes);
});
