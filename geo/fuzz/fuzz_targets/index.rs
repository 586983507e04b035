//! Who is near, against a scan of everything.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: geo_fuzz::index::Input| geo_fuzz::index::run(input));
