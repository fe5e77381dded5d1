//! `start`: any boxes of the wire form.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mp4_fuzz::start_wire(data));
