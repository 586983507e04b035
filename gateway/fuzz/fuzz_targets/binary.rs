//! Whatever a driver's binary frame holds, there is an answer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    gateway::fuzzing::binary(bytes);
});
