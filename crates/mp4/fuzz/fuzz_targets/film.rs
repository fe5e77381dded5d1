//! `film`: any clip.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mp4_fuzz::write_film(data));
