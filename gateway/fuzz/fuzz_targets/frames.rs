//! Whatever comes over a WebSocket, it is messages or a fault, however it is cut.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    gateway::fuzzing::frames(bytes);
});
