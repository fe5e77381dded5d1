//! `FragmentWalk`, and a start index of what it gathers: any fragmented file.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mp4_fuzz::fragment_walk(data));
