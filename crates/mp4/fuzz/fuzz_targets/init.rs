//! `init`: segments of any `moov`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mp4_fuzz::write_init(data));
