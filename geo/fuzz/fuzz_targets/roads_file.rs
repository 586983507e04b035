//! Whatever the bytes of a roads file are, there is an answer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| geo_fuzz::roads::read(bytes));
