//! Reads any bytes as the head of a start index and one pack.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mp4_fuzz::start_index_packs(data));
