//! Whatever a quote holds, also one that is signed, it comes back as it left or not at all.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    gateway::fuzzing::quote(bytes);
});
