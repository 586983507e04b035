//! Whatever a file of settings holds, it may be or is refused.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    gateway::fuzzing::settings(bytes);
});
