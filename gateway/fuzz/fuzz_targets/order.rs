//! Whatever the body of a request holds, there is an answer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    gateway::fuzzing::order(bytes);
});
