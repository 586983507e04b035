//! Whatever a request says of its trace, it is one or ignored.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    gateway::fuzzing::traceparent(bytes);
});
