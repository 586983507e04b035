//! Whatever a token holds, also one that is signed, it is somebody's or refused.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    gateway::fuzzing::token(bytes);
});
