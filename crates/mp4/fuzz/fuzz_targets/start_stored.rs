//! `start`: any head and pack.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mp4_fuzz::start_stored(data));
