//! Whatever the bytes of an extract are, there is an answer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| geo_fuzz::roads::import(bytes));
