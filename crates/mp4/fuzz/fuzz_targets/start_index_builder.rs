//! Builds a start index from any bytes as a `moov`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mp4_fuzz::start_index_builder(data));
