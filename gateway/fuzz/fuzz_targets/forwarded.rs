//! Whatever a stranger says of whom it asks for, it asks for itself.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    gateway::fuzzing::forwarded(bytes);
});
