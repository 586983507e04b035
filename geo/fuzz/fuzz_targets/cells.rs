//! Cells of H3, against what is promised of them.

#![no_main]

libfuzzer_sys::fuzz_target!(|question: geo_fuzz::cells::Question| geo_fuzz::cells::run(&question));
