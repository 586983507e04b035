//! Whatever a file of worth holds, it is refused or written as it was read.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    gateway::fuzzing::worth(bytes);
});
