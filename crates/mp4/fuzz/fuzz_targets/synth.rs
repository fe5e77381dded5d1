//! Repeats any bytes as a clip.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mp4_fuzz::repeat_clip(data));
