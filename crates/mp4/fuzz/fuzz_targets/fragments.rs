//! `Index::feed` and `plan::need`: any fragmented file.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mp4_fuzz::feed(data));
