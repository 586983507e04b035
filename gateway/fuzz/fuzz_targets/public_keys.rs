//! Whatever a file or a set of keys holds, each that is taken can check something.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    gateway::fuzzing::public_keys(bytes);
});
