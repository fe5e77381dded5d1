//! `locate`: any file, in any pieces.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mp4_fuzz::locate(data));
