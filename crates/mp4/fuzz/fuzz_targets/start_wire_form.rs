//! Reads any bytes as the wire form of a start.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mp4_fuzz::start_wire_form(data));
